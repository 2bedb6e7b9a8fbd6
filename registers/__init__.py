"""Registers: the catalogue, import with a quality gate, the versioned lake, and the engine that reads it."""
