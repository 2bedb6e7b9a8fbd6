"""A triage model as plain files: JSON for words and numbers, one NumPy array per head, nothing that can run code.

    model.json        decision, labels and intercepts of the heads
    vocabulary.json   n-grams and words, each with its count of messages
    <head>.npy        weights as 16-bit floats: features of the whole and of its opening x labels

A folder of them carries SHA256SUMS, in the format of ``sha256sum``. The shipped base is trusted as the package
is; a champion comes from a signed bundle (`ml.bundle`), whose files are handed to `from_files` after the check.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.errors import BundleRefused
from ml.triage.features import Features
from ml.triage.heads import Decision, Head
from ml.triage.vocabulary import Vocabulary

HEADS: Final = ("key", "nature", "field", "topic", "class", "urgency")
SUMS: Final = "SHA256SUMS"
FORMAT: Final = 2


def to_files(vocabulary: Vocabulary, heads: Mapping[str, Head], decision: Decision) -> dict[str, bytes]:
    """Return the files of a model by name; the same model always gives the same bytes."""
    described = {
        "format": FORMAT,
        "decision": vars(decision),
        "heads": describe_heads(heads),
    }
    return {
        "model.json": json.dumps(described, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n",
        "vocabulary.json": vocabulary.to_json(),
        **{f"{name}.npy": weights_to_bytes(head.weights) for name, head in heads.items()},
    }


def from_files(files: Mapping[str, bytes]) -> tuple[Vocabulary, dict[str, Head], Decision]:
    """Read what `to_files` wrote.

    Raises:
        BundleRefused: a file is missing, cannot be read, or does not fit the others.
    """
    try:
        described = json.loads(files["model.json"])
        if described["format"] != FORMAT:
            raise BundleRefused(
                f"triage model: format {described['format']}, this version reads {FORMAT}; train again"
            )
        vocabulary = Vocabulary.from_json(files["vocabulary.json"])
        heads = {name: read_head(described["heads"][name], files[f"{name}.npy"]) for name in HEADS}
        decision = Decision(**described["decision"])
    except KeyError as error:
        raise BundleRefused(
            f"triage model: {error.args[0]} is missing; restore the folder or train again"
        ) from error
    except (ValueError, TypeError, EOFError) as error:
        raise BundleRefused(
            f"triage model: a file cannot be read ({error}); restore it or train again"
        ) from error
    features = 2 * len(Features(vocabulary).names)
    for name, head in heads.items():
        _check_shape(name, head.weights, (features, len(head.labels)))
    return vocabulary, heads, decision


def describe_heads(heads: Mapping[str, Head]) -> dict[str, object]:
    """Return labels and intercepts of heads, for JSON; the weights are files of their own (`weights_to_bytes`)."""
    return {
        name: {"labels": head.labels, "intercepts": head.intercepts.tolist()} for name, head in heads.items()
    }


def read_head(described: Mapping[str, Any], weights: bytes) -> Head:
    """Read one head of `describe_heads` with its `weights_to_bytes`; whether they fit together is not checked."""
    return Head(
        labels=tuple(described["labels"]),
        weights=weights_from_bytes(weights),
        intercepts=np.array(described["intercepts"], dtype=np.float64),
    )


def weights_to_bytes(weights: NDArray[np.float32]) -> bytes:
    """Return the content of a .npy file of 16-bit floats."""
    buffer = io.BytesIO()
    np.save(buffer, weights.astype(np.float16), allow_pickle=False)
    return buffer.getvalue()


def weights_from_bytes(content: bytes) -> NDArray[np.float32]:
    """Read what `weights_to_bytes` wrote; ValueError and EOFError say that it is something else."""
    weights: NDArray[np.float32] = np.load(io.BytesIO(content), allow_pickle=False).astype(np.float32)
    return weights


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files and their SHA256SUMS into ``folder``, which may exist."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    sums = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items())
    )
    (folder / SUMS).write_text(sums, encoding="utf-8")


def read_folder(folder: Path) -> dict[str, bytes]:
    """Return the files of ``folder`` that its SHA256SUMS lists, each checked.

    Raises:
        BundleRefused: SHA256SUMS or a listed file is missing, or a file was changed.
    """
    files: dict[str, bytes] = {}
    try:
        for line in (folder / SUMS).read_text(encoding="utf-8").splitlines():
            expected, name = line.split("  ", 1)
            files[name] = (folder / Path(name).name).read_bytes()
            if hashlib.sha256(files[name]).hexdigest() != expected:
                raise BundleRefused(
                    f"triage model {folder.name}/{name} was changed; restore it or train again"
                )
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise BundleRefused(
            f"triage model {folder.name}/{missing} is missing; restore it or train again"
        ) from error
    except ValueError as error:
        raise BundleRefused(f"triage model {folder.name}/{SUMS} cannot be read; train again") from error
    return files


def _check_shape(name: str, weights: NDArray[np.float32], expected: tuple[int, int]) -> None:
    if weights.shape != expected:
        raise BundleRefused(
            f"triage model: {name}.npy has shape {weights.shape}, its features and labels ask for {expected}"
        )
