"""Casework: complaints, warnings, tasks and outcomes, their state machines, who may see them, and the audit log."""
