"""What an embedding table may hold: the checks that labels and vectors pass once."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from embarith.errors import OptionError, TableError
from embarith.labels import index_of

# Queries looked at together.
_BLOCK = 4096


def as_matrix(vectors: Any) -> NDArray[np.float32]:
    """Return a contiguous float32 matrix as it is, float16 widened; refuse anything else."""
    if not isinstance(vectors, np.ndarray):
        try:
            vectors = np.asarray(vectors)
        except ValueError as error:
            raise TableError(f"vectors are ragged: {error}") from None
    if vectors.ndim != 2 or 0 in vectors.shape:
        raise TableError(f"vectors have shape {vectors.shape}; expected (n, d), both at least 1")
    if vectors.dtype == np.float16:
        vectors = vectors.astype(np.float32, order="C")
    if vectors.dtype != np.float32 or not (vectors.flags.c_contiguous and vectors.flags.aligned):
        odd = "" if vectors.flags.aligned else "unaligned "
        raise TableError(
            f"vectors are {odd}{vectors.dtype} with strides {vectors.strides}; expected "
            "C-contiguous float32 (or float16): "
            "np.array(vectors, dtype=np.float32, order='C') makes a copy"
        )
    matrix: NDArray[np.float32] = vectors
    return matrix


def as_queries(queries: Any, dimensions: int) -> NDArray[np.float32] | NDArray[np.float64]:
    """Return queries as a contiguous matrix of floats; refuse what is no matrix of real numbers."""
    given = np.asarray(queries)
    if given.dtype.kind not in "fiu" or np.ma.is_masked(queries):
        masked = "masked " if np.ma.is_masked(queries) else ""
        raise OptionError(f"queries are {masked}{given.dtype}; expected float32 or float64")
    if given.ndim != 2 or given.shape[1] != dimensions:
        raise OptionError(f"queries have shape {given.shape}; expected (n, {dimensions})")
    narrow = given.dtype.kind == "f" and given.dtype.itemsize <= 4
    return np.require(given, np.float32 if narrow else np.float64, ["C", "ALIGNED"])


def check_directions(queries: NDArray[Any], ranked: bool) -> None:
    """Refuse queries that are zero, not finite or, where their ranks count, constant.

    Raises
    ------
    OptionError
        Names the first of them.
    """
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK]
        level = block == block[:, :1] if ranked else block == 0
        flawed = np.flatnonzero(~np.isfinite(block).all(axis=1) | level.all(axis=1))
        if len(flawed):
            raise OptionError(
                f"query {start + flawed[0]} is zero, constant or not finite: no direction"
            )


def as_integers(name: str, rows: Any) -> NDArray[np.int64]:
    """Return row numbers as a contiguous int64 array; refuse masks, floats and the like."""
    given = np.asarray(rows)
    if (given.size and given.dtype.kind not in "iu") or np.ma.is_masked(rows):
        masked = "masked " if np.ma.is_masked(rows) else ""
        raise OptionError(f"{name} is {masked}{given.dtype}; expected row numbers, as int64")
    if given.dtype == np.uint64:  # of which the largest would turn into −1
        given = np.minimum(given, np.uint64(2**63 - 1))
    return np.require(given, np.int64, ["C", "ALIGNED"])


def as_rows(
    name: str, rows: Any, shape: tuple[int | None, ...], below: int, *, least: int = 0
) -> NDArray[np.int64]:
    """Return row numbers as a contiguous int64 array, checked.

    Parameters
    ----------
    name : str
        The argument, for messages.
    rows : array_like of integers
    shape : tuple
        What is expected, None where any length will do.
    below, least : int
        Numbers lie in ``range(least, below)``: from −1 on where that pads.

    Raises
    ------
    OptionError
        Another dtype, such as a mask, another shape, or a number out of range.
    """
    given = as_integers(name, rows)
    if given.ndim != len(shape) or any(
        want not in (None, have) for want, have in zip(shape, given.shape, strict=True)
    ):
        wanted = ", ".join("m" if want is None else str(want) for want in shape)
        comma = "," if len(shape) == 1 else ""
        raise OptionError(f"{name} has shape {given.shape}; expected ({wanted}{comma})")
    if given.size and not (given.min() >= least and given.max() < below):
        at = tuple(np.argwhere((given < least) | (given >= below))[0].tolist())
        lacking = "; −1 says that the table lacks a label" if given[at] == -1 else ""
        raise OptionError(
            f"{name}, question {at[0]}: row {given[at]} is none of {least}..{below - 1}{lacking}"
        )
    return given


def as_count(name: str, value: Any, least: int) -> int:
    """Return an integer of at least `least` that 64 bits hold; refuse anything else."""
    try:
        count = operator.index(value)
    except TypeError:
        raise OptionError(f"{name} must be an integer, not {value!r}") from None
    if not least <= count < 2**63:
        raise OptionError(f"{name} must be at least {least} and below 2**63, not {count}")
    return count


def find_faults(
    labels: pa.StringArray, vectors: NDArray[np.float32], norms: NDArray[np.float64]
) -> dict[int, str]:
    """Map bad rows to what is wrong with them, in row order.

    Parameters
    ----------
    labels : StringArray, length n
    vectors : ndarray of float32, shape (n, d)
    norms : ndarray of float64, shape (n,)
        Lengths of the rows, not finite exactly where a value of the row is not.
    """
    faults: dict[int, str] = {}
    for row in np.flatnonzero(~np.isfinite(norms)):
        column = int(np.flatnonzero(~np.isfinite(vectors[row]))[0])
        faults[int(row)] = f"value {vectors[row, column]} in dimension {column} is not finite"
    for row in np.flatnonzero(norms == 0):
        faults[int(row)] = "the vector is zero and has no direction"
    empty = pc.equal(pc.utf8_length(labels), 0).fill_null(True)
    for row in np.flatnonzero(empty.to_numpy(zero_copy_only=False)):
        faults[int(row)] = "the label is empty"
    if len(index_of(labels)) != len(labels):
        first: dict[str, int] = {}
        for place, label in enumerate(labels.to_pylist()):
            # A row that is left out takes no label.
            if place not in faults and first.setdefault(label, place) != place:
                faults[place] = f"the label stands already in row {first[label]}"
    return dict(sorted(faults.items()))
