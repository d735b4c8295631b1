"""parquet and Arrow: a text column of labels, and vectors in a list column or numeric columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
from numpy.typing import NDArray

from embarith.errors import FormatError, OptionError, nearest
from embarith.readers.source import Errors, Found, Request, rounded

KINDS = ("parquet", "arrow", "arrow-stream")

_LABEL_NAMES = ("label", "labels", "word", "words", "token", "key", "index", "__index_level_0__")
_VECTOR_NAMES = ("vector", "vectors", "embedding", "embeddings")


def read_columns(request: Request, kind: str) -> Found:
    """Read a table whose labels are one text column; `labels=` names it when there are several."""
    where = str(request.path)
    table = load(request.path, kind, limit=request.limit)
    wanted = None if request.labels is None else str(request.labels)
    name = label_column(table.schema, wanted, where)
    labels = strings(table.column(name), request.errors, f"{where}, column {name!r}")
    lists = [field.name for field in table.schema if _is_list(field.type)]
    if lists:
        column = table.column(_choose(lists, _VECTOR_NAMES, "list", where))
        keep = _rows_of_one_length(column, labels, request)
        if keep is not None:
            column, labels = column.filter(keep), labels.filter(keep)
        dropped = 0 if keep is None else len(keep) - len(labels)
        vectors, steps = _matrix_of_lists(column, where)
    else:
        dropped = 0
        vectors, steps = _matrix_of_columns(table.drop_columns([name]), where)
    source = "parquet" if kind == "parquet" else "arrow"
    return Found(labels, vectors, source, (request.path,), dropped, steps)


def load(path: Path, kind: str, *, limit: int | None) -> pa.Table:
    """Load the first `limit` rows of a parquet or Arrow file.

    Raises
    ------
    FormatError
        The file is damaged.
    """
    import pyarrow.parquet as pq

    try:
        if kind == "parquet":
            file = pq.ParquetFile(path)
            batches = file.iter_batches(min(limit or 65_536, 65_536))
            return _gather(batches, file.schema_arrow, limit)
        mapped = pa.memory_map(str(path))
        if kind == "arrow-stream":
            stream = pa.ipc.open_stream(mapped)
            return _gather(stream, stream.schema, limit)
        reader = pa.ipc.open_file(mapped)
        batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
        return _gather(batches, reader.schema, limit)
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: damaged {kind} data, it may be cut ({error})") from None


def _gather(batches: Any, schema: pa.Schema, limit: int | None) -> pa.Table:
    taken: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        taken.append(batch)
        rows += batch.num_rows
        if limit is not None and rows >= limit:
            break
    return pa.Table.from_batches(taken, schema).slice(0, limit)


def label_column(schema: pa.Schema, wanted: str | None, where: str) -> str:
    """Return the name of the label column: the one asked for, the only text one, or a usual name.

    Raises
    ------
    OptionError
        There is no column of the name asked for.
    FormatError
        No text column, or several of unusual names.
    """
    if wanted is not None:
        if wanted not in schema.names:
            raise OptionError(
                f"{where}: no column {wanted!r}{nearest(wanted, schema.names)}; the columns are "
                + ", ".join(schema.names)
            )
        if not _is_text(schema.field(wanted).type):
            raise FormatError(
                f"{where}: column {wanted!r} is {schema.field(wanted).type}, not text"
            )
        return wanted
    return _choose(
        [field.name for field in schema if _is_text(field.type)], _LABEL_NAMES, "text", where
    )


def strings(column: pa.ChunkedArray, errors: Errors, where: str) -> pa.StringArray:
    """Return a text column as one array of valid UTF-8; missing labels become empty ones.

    Raises
    ------
    FormatError
        A label is broken UTF-8 and `errors` is `strict`; names the row.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    raw = column.cast(pa.large_binary()).combine_chunks().fill_null(b"")
    text = (
        raw.cast(pa.string(), safe=False)
        if raw.nbytes < 2**31
        else raw.cast(pa.large_string(), safe=False)
    )
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        text = pa.array(
            [_decode(label, row, errors, where) for row, label in enumerate(raw.to_pylist())],
            pa.string(),
        )
    return text


def _decode(label: bytes, row: int, errors: Errors, where: str) -> str:
    try:
        return label.decode("utf-8", errors)
    except UnicodeDecodeError:
        raise FormatError(
            f"{where}, row {row}: the label {label.decode('utf-8', 'replace')!r} is not UTF-8; "
            'read with errors="replace" or "ignore"'
        ) from None


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _is_list(kind: pa.DataType) -> bool:
    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(test(kind) for test in lists) and bool(pa.types.is_floating(kind.value_type))


def _choose(names: list[str], usual: tuple[str, ...], what: str, where: str) -> str:
    if len(names) == 1:
        return names[0]
    known = [name for name in usual if name in names]
    if known:
        return known[0]
    if not names:
        raise FormatError(f"{where}: no {what} column; a table has one text column of labels")
    hint = (
        "say which holds the labels with labels=COLUMN"
        if what == "text"
        else (f"call one of them {usual[0]!r}")
    )
    raise FormatError(f"{where}: several {what} columns ({', '.join(names)}); {hint}")


def _rows_of_one_length(
    column: pa.ChunkedArray, labels: pa.StringArray, request: Request
) -> pa.BooleanArray | None:
    """Return which rows have the most common length, `None` for all of them."""
    lengths = pc.list_value_length(column).combine_chunks().fill_null(-1)
    present = lengths.filter(pc.greater_equal(lengths, 0))
    expected = pc.mode(present)[0]["mode"].as_py() if len(present) else -1
    keep = pc.equal(lengths, expected)
    bad = np.flatnonzero(~keep.to_numpy(zero_copy_only=False))
    if not len(bad) and expected >= 0:
        return None
    row = int(bad[0]) if len(bad) else 0
    if request.on_bad == "drop" and expected >= 0:
        return keep
    found = lengths[row].as_py()
    raise FormatError(
        f"{request.path}, row {row} (label {labels[row].as_py()!r}): "
        + ("no vector" if found < 0 else f"{found} numbers")
        + (f", expected {expected} (as in most rows)" if expected >= 0 else "")
    )


def _matrix_of_lists(column: pa.ChunkedArray, where: str) -> tuple[NDArray[Any], tuple[str, ...]]:
    kind = column.type.value_type.to_pandas_dtype()
    blocks = [
        chunk.flatten().to_numpy(zero_copy_only=False).reshape(len(chunk), -1)
        for chunk in column.chunks
        if len(chunk)
    ]
    if not blocks:
        raise FormatError(f"{where}: the file holds no rows")
    if len(blocks) == 1 and blocks[0].dtype.itemsize <= 4:
        return blocks[0], ()
    with np.errstate(over="ignore"):
        out = np.concatenate(blocks, dtype=np.float32, casting="same_kind")
    return out, (rounded(np.dtype(kind)),) if np.dtype(kind).itemsize > 4 else ()


def _matrix_of_columns(
    columns: pa.Table, where: str
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    others = [
        f"{field.name} ({field.type})"
        for field in columns.schema
        if not pa.types.is_floating(field.type)
    ]
    if others or not columns.num_columns:
        raise FormatError(
            f"{where}: beside the labels a table has one list column or float columns alone; "
            f"found {', '.join(others) or 'nothing'}"
        )
    if not columns.num_rows:
        raise FormatError(f"{where}: the file holds no rows")
    out = np.empty((columns.num_rows, columns.num_columns), dtype=np.float32)
    with np.errstate(over="ignore"):
        for number, column in enumerate(columns.columns):
            out[:, number] = column.to_numpy()
    wide = any(field.type == pa.float64() for field in columns.schema)
    return out, (rounded("float64"),) if wide else ()
