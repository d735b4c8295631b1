"""What an embedding table may hold: the checks that labels and vectors pass once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from embarith.errors import TableError


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
    if vectors.dtype != np.float32 or not vectors.flags.c_contiguous:
        raise TableError(
            f"vectors are {vectors.dtype} with strides {vectors.strides}; expected C-contiguous "
            "float32 (or float16): np.ascontiguousarray(vectors, dtype=np.float32) makes a copy"
        )
    matrix: NDArray[np.float32] = vectors
    return matrix


def as_labels(labels: Any) -> pa.StringArray:
    """Return labels as one Arrow string array; refuse what is not text."""
    if isinstance(labels, pa.ChunkedArray):
        labels = labels.combine_chunks()
    if isinstance(labels, pa.Array):
        return labels.cast(pa.string())
    for row, label in enumerate(labels):
        if not isinstance(label, str):
            raise TableError(f"row {row}: label {label!r} is {type(label).__name__}, not str")
    try:
        return pa.array(list(labels), pa.string())
    except UnicodeEncodeError as error:
        row = list(labels).index(error.object)
        raise TableError(f"row {row}: label {error.object!r} is no Unicode text") from None


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
    if pc.count_distinct(labels).as_py() != len(labels) - labels.null_count:
        first: dict[str, int] = {}
        for place, label in enumerate(labels.to_pylist()):
            if first.setdefault(label, place) != place:
                faults.setdefault(place, f"the label stands already in row {first[label]}")
    return dict(sorted(faults.items()))
