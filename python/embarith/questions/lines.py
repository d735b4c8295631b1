"""Text files line by line, with faults that name the file and line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from embarith.errors import DataError, FormatError


def numbered(path: Path) -> Iterator[tuple[int, str]]:
    r"""Yield (line number from 1, line without its end) of every line that is not blank.

    Parameters
    ----------
    path : Path
        A UTF-8 file, with or without a byte order mark; lines end in ``\n`` or ``\r\n``.

    Raises
    ------
    DataError
        If the file cannot be read.
    FormatError
        If a line is no UTF-8; names the line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    for number, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            line = raw.decode().removesuffix("\r")
        except UnicodeDecodeError as error:
            raise FormatError(
                f"{path}:{number}: byte {raw[error.start]:#04x} is no UTF-8; save the file as UTF-8"
            ) from error
        if "\0" in line:
            raise FormatError(f"{path}:{number}: a NUL byte: this is no text file")
        if line.strip():
            yield number, line


def first(path: Path) -> str:
    """Return the first line that is not blank, or raise `FormatError` where there is none."""
    for _, line in numbered(path):
        return line
    raise FormatError(f"{path}: empty: no questions in it")
