"""Scores: anomaly, risk and complaint triage, with their reasons and their bundles of plain files."""
