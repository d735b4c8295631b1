"""What a reader is asked for, and what it hands back before the table is checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from embarith.errors import FormatError, OptionError

OnBad = Literal["raise", "drop"]
Errors = Literal["strict", "replace", "ignore"]


@dataclass(frozen=True)
class Request:
    """One call of `read`: the path and its options."""

    path: Path
    labels: str | Path | None
    limit: int | None
    on_bad: OnBad
    errors: Errors

    def no_labels(self, holder: str) -> None:
        """Refuse `labels=` for a format that holds its own."""
        if self.labels is not None:
            raise OptionError(f"{self.path}: {holder} holds its labels itself; leave labels= out")


@dataclass(frozen=True)
class Found:
    """Labels and vectors as they lie in the source, and how they were got."""

    labels: Sequence[str] | pa.StringArray
    vectors: NDArray[Any]
    source: str
    files: tuple[Path, ...]
    dropped: int = 0
    steps: tuple[str, ...] = ()


def as_float32(vectors: NDArray[Any], where: str) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return a C-contiguous matrix of float32 or float16 and the steps that it took.

    Raises
    ------
    FormatError
        The array is not a matrix of floats.
    """
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise FormatError(
            f"{where}: an array of {vectors.dtype} and shape {vectors.shape}; expected a matrix "
            "(rows, dimensions) of float16, float32 or float64"
        )
    if vectors.dtype.itemsize <= 4:
        native = vectors.dtype.newbyteorder("=")
        return np.ascontiguousarray(vectors, dtype=native), ()
    with np.errstate(over="ignore"):  # the table refuses the infinities, naming label and row
        return np.ascontiguousarray(vectors, dtype=np.float32), (rounded(vectors.dtype),)


def rounded(dtype: object) -> str:
    """Return the step that provenance records when values lose precision."""
    return f"rounded from {dtype} to float32"
