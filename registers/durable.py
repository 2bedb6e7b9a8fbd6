"""Writing that outlives a power cut."""

from __future__ import annotations

import os
from pathlib import Path


def write_through(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
