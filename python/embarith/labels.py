"""Labels of a table's rows: an Arrow array of strings, its bytes, and which row a label names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from embarith import _core
from embarith.errors import TableError


def as_labels(labels: Any) -> pa.StringArray:
    """Return labels as one Arrow string array; refuse what is not text."""
    if isinstance(labels, pa.ChunkedArray):
        labels = labels.combine_chunks()
    if isinstance(labels, pa.Array):
        kind = labels.type.value_type if pa.types.is_dictionary(labels.type) else labels.type
        if kind not in (pa.string(), pa.large_string(), pa.string_view()):
            raise TableError(f"labels are {labels.type}, not strings")
        try:
            text = labels.cast(pa.string())
            text.validate(full=True)
        except pa.ArrowInvalid as error:
            raise TableError(f"labels are no Unicode text: {error}") from None
        return text
    labels = list(labels)  # which may be given one by one, and once only
    for row, label in enumerate(labels):
        if not isinstance(label, str):
            raise TableError(f"row {row}: label {label!r} is {type(label).__name__}, not str")
    try:
        return pa.array(labels, pa.string())
    except UnicodeEncodeError as error:
        row = labels.index(error.object)
        raise TableError(f"row {row}: label {error.object!r} is no Unicode text") from None


def index_of(labels: pa.StringArray) -> _core.LabelIndex:
    """Return which row a label names; of equal labels the first counts."""
    return _core.LabelIndex(*_buffers(labels))


def label_bytes(labels: pa.StringArray) -> bytes:
    """Return the labels as UTF-8, one a line end, for hashing; other labels give other bytes."""
    keys = labels.to_pylist()
    text = "\n".join([*keys, ""])
    if text.count("\n") > len(keys):  # lines alone would not tell where such labels end
        text += ",".join(str(len(key)) for key in keys)
    return text.encode()


def _buffers(labels: pa.StringArray) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Return the offsets and the bytes of labels, as views of Arrow's memory."""
    _, offsets, text = labels.buffers()
    ends = np.frombuffer(offsets, np.int32)[labels.offset : labels.offset + len(labels) + 1]
    return ends, np.frombuffer(text or b"", np.uint8)
