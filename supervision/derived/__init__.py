"""Derived relations: what a graph or a count over many rows says, computed once a run and read by SQL like a register."""
