"""Labels: files of them, and strings that may be broken UTF-8."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from embarith.errors import FormatError
from embarith.readers.source import Errors


def read_label_file(path: Path, *, errors: Errors) -> pa.StringArray:
    """Read labels from text (one a line) or from a parquet or Arrow file with one text column.

    Raises
    ------
    FormatError
        Broken UTF-8, with its line; or a file with several text columns and none of a usual name.
    """
    from embarith.readers import columns
    from embarith.readers.sniff import sniff

    kind = sniff(path)
    if kind in columns.KINDS:
        table = columns.load(path, kind, limit=None)
        name = columns.label_column(table.schema, None, str(path))
        return columns.strings(table.column(name), errors, f"{path}, column {name!r}")
    return pa.array(_lines(path, errors), pa.string())


def _lines(path: Path, errors: Errors) -> list[str]:
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormatError(
            f"{path}, line {line}, byte {error.start}: the label is not UTF-8; read with "
            'errors="replace" or "ignore"'
        ) from None
    lines = text.split("\n")
    if lines[-1] == "":
        del lines[-1]
    return [line.removesuffix("\r") for line in lines]
