"""Supervision models: one YAML file each, and the runner that turns them into findings with four verdicts."""
