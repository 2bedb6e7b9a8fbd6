"""One file per change of schema, in order."""
