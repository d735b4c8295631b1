"""`read`: any format into a table, found from content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import get_args

import numpy as np

from embarith.errors import OptionError, TableError
from embarith.files import sha256_of
from embarith.provenance import Provenance
from embarith.readers.arrays import read_npy, read_npz, read_safetensors
from embarith.readers.columns import KINDS as COLUMN_KINDS
from embarith.readers.columns import read_columns
from embarith.readers.retrieval import read_retrieval
from embarith.readers.sniff import sniff
from embarith.readers.source import Errors, Found, OnBad, Request
from embarith.readers.words import read_words
from embarith.table import EmbeddingTable

_READERS: dict[str, Callable[[Request], Found]] = {
    "npy": read_npy,
    "npz": read_npz,
    "safetensors": read_safetensors,
    "retrieval": read_retrieval,
}
_COMPRESSED = {".gz", ".bz2", ".xz", ".zip"}


def read(
    path: str | Path,
    *,
    labels: str | Path | None = None,
    limit: int | None = None,
    on_bad: OnBad = "raise",
    errors: Errors = "strict",
) -> EmbeddingTable:
    r"""Read an embedding table of any format known; content decides, not the name.

    Read are own tables (memory-mapped), word2vec .bin and .txt, GloVe text and fastText .vec
    (these four also under gzip, bzip2, xz or zip), NumPy .npy with a label file and .npz,
    safetensors, parquet, Arrow, and clip-retrieval folders. No pickle is ever loaded.

    Parameters
    ----------
    path : str or Path
        A file, or a clip-retrieval folder.
    labels : str or Path, optional
        For .npy the file of its labels: text with one a line, or parquet or Arrow with a text
        column. For parquet, Arrow and clip-retrieval the name of the label column.
    limit : int, optional
        Read the first so many rows only.
    on_bad : {"raise", "drop"}
        Refuse, or leave out and count, rows that no table may hold (see
        `EmbeddingTable.from_arrays`) and rows of the wrong length or with a bad number.
    errors : {"strict", "replace", "ignore"}
        What to do about labels that are not UTF-8, as in `bytes.decode`.

    Returns
    -------
    EmbeddingTable
        Its provenance names the file's stem as encoder, the format, and the SHA-256 of the file
        (of several files: of their hashes in hexadecimal, a line each); with `limit` the rest of
        the file is not read and its hash stays empty.

    Raises
    ------
    FormatError
        The file is not what it claims to be; names line or byte.
    TableError
        Labels or vectors that no table may hold; names label and row.
    OptionError
        An option without meaning for the format.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "small.txt"
    >>> _ = path.write_text("north 0.0 1.5\neast 2.5 0.0\n")
    >>> table = read(path)
    >>> table.index_to_key, table.provenance.source
    (['north', 'east'], 'glove')
    >>> folder.cleanup()
    """
    _check("on_bad", on_bad, get_args(OnBad))
    _check("errors", errors, get_args(Errors))
    if limit is not None and limit < 1:
        raise OptionError(f"limit={limit}; the number of rows to read is at least 1")
    request = Request(Path(path), labels, limit, on_bad, errors)
    kind = sniff(request.path)
    if kind == "table":
        return _own_table(request)
    with ThreadPoolExecutor(max_workers=1) as pool:
        # Hashing the file runs beside its parsing, as neither holds the GIL.
        whole = limit is None and kind != "retrieval"
        stop = Event()
        first = pool.submit(sha256_of, request.path, stop) if whole else None
        try:
            found = _found(request, kind)
            digests = [first.result()] if first else []
        finally:
            stop.set()  # or the pool would wait for the hash of a file that has faults
    if limit is None:
        digests += [sha256_of(file) for file in found.files[len(digests) :]]
    provenance = Provenance(
        encoder=_stem(request.path),
        source=found.source,
        sha256=_joint(digests),
        dropped=found.dropped,
        steps=found.steps + (() if limit is None else (f"read the first {limit} rows",)),
    )
    try:
        return EmbeddingTable.from_arrays(
            found.labels, found.vectors, provenance=provenance, on_bad=on_bad
        )
    except TableError as error:
        raise TableError(f"{request.path}: {error}") from None


def _found(request: Request, kind: str) -> Found:
    if kind in COLUMN_KINDS:
        return read_columns(request, kind)
    if kind in _READERS:
        return _READERS[kind](request)
    return read_words(request, kind)


def _own_table(request: Request) -> EmbeddingTable:
    request.no_labels("a table of embarith")
    table = EmbeddingTable.open(request.path)
    if request.limit is None or request.limit >= len(table):
        return table
    return table.select(np.arange(request.limit))


def _check(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise OptionError(f"{name}={value!r}; use one of {', '.join(map(repr, choices))}")


def _stem(path: Path) -> str:
    inner = path.with_suffix("") if path.suffix in _COMPRESSED else path
    return inner.stem


def _joint(digests: list[str]) -> str:
    if len(digests) < 2:
        return "".join(digests)
    return hashlib.sha256("".join(f"{digest}\n" for digest in digests).encode()).hexdigest()
