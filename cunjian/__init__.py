"""Command line, settings, and the pipeline that strings the stages together."""

__version__ = "0.1.0"
