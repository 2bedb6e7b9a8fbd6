"""Complaint triage: what a message is about, how likely it is a key matter (关键事项), and which words say so."""

from ml.triage.model import TriageModel, TriageResult

__all__ = ["TriageModel", "TriageResult"]
