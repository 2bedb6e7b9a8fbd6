"""HTTP: a thin edge over casework, and the server-rendered start pages."""
