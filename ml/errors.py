"""What can go wrong between a model and what it is given; every message says what to do next."""

from __future__ import annotations

from collections.abc import Iterable


class ModelError(Exception):
    """Base of the errors of `ml`."""


class BundleRefused(ModelError):
    """A bundle is missing, incomplete, changed after signing, or not signed by this installation."""


class FeatureMismatch(ModelError):
    """The columns or the feature definitions differ from those that the model was trained on.

    Attributes:
        missing: columns that the model needs and did not get.
        unexpected: columns that it got and does not know.
    """

    def __init__(self, message: str, *, missing: Iterable[str] = (), unexpected: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.missing = tuple(missing)
        self.unexpected = tuple(unexpected)

    @classmethod
    def of_columns(cls, *, expected: Iterable[str], given: Iterable[str]) -> FeatureMismatch:
        """The error for `given` columns where `expected` ones, in this order, were wanted."""
        expected, given = list(expected), list(given)
        missing = [name for name in expected if name not in set(given)]
        unexpected = [name for name in given if name not in set(expected)]
        parts = []
        if missing:
            parts.append(f"missing {_named(missing)}")
        if unexpected:
            parts.append(f"unexpected {_named(unexpected)}")
        if not parts:
            parts.append("a column appears twice")
        message = (
            f"columns differ from those of training: {'; '.join(parts)}; train again on this feature set"
        )
        return cls(message, missing=missing, unexpected=unexpected)


def _named(names: list[str], *, most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(repr(name) for name in names[:most]) + more
