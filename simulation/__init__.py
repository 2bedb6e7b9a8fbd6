"""A made-up county with planted wrongdoing, for the demo and for tests. All it writes says that it is simulated."""

from __future__ import annotations

from simulation.run import SimulationSummary, simulate

__all__ = ["SimulationSummary", "simulate"]
