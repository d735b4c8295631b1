"""word2vec .bin and .txt, GloVe text and fastText .vec, plain or compressed."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from embarith import _core
from embarith.errors import FormatError
from embarith.readers.sniff import HEAD, sniff_head
from embarith.readers.source import Found, Request

KINDS = ("words", "gzip", "bzip2", "xz", "zip")

_BLOCK = 1 << 24
_OPENERS: dict[str, Callable[..., IO[bytes]]] = {
    "gzip": cast("Callable[..., IO[bytes]]", gzip.open),
    "bzip2": cast("Callable[..., IO[bytes]]", bz2.open),
    "xz": cast("Callable[..., IO[bytes]]", lzma.open),
}
_DAMAGE = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    NotImplementedError,  # an unknown compression
    RuntimeError,  # a password
)


def read_words(request: Request, kind: str) -> Found:
    """Read a file of word vectors with the parser of the core."""
    request.no_labels("a word-vector file")
    drop_bad = request.on_bad == "drop"
    try:
        if kind == "words":
            found = _core.read_words(
                str(request.path), limit=request.limit, errors=request.errors, drop_bad=drop_bad
            )
        else:
            found = _core.parse_words(
                _decompress(request.path, kind, request.limit),
                limit=request.limit,
                errors=request.errors,
                drop_bad=drop_bad,
            )
    except FormatError as error:
        raise FormatError(f"{request.path}: {error}") from None
    layout, offsets, text, vectors, dropped = found
    labels = pa.StringArray.from_buffers(len(vectors), pa.py_buffer(offsets), pa.py_buffer(text))
    source = layout if kind == "words" else f"{layout}, {kind}"
    return Found(labels, vectors, source, (request.path,), dropped)


def _decompress(path: Path, kind: str, limit: int | None) -> bytes:
    """Return the content, or as much of a text as holds `limit` rows and a header."""
    blocks = []
    lines = 0
    with _opened(path, kind) as stream:
        head = stream.read(HEAD)
        inner = sniff_head(head, path)
        if inner != "words":
            raise FormatError(f"{kind} around {inner}; decompress the file first")
        blocks.append(head)
        while block := stream.read(_BLOCK):
            blocks.append(block)
            lines += block.count(b"\n")
            # Zero bytes mean the binary layout, whose newlines end no rows.
            if limit is not None and lines > limit + 1 and b"\0" not in block:
                break
    return b"".join(blocks)


@contextmanager
def _opened(path: Path, kind: str) -> Iterator[IO[bytes]]:
    try:
        if kind == "zip":
            with zipfile.ZipFile(path) as archive, archive.open(_only_member(archive)) as stream:
                yield stream
        else:
            with _OPENERS[kind](path, "rb") as stream:
                yield stream
    except _DAMAGE as error:
        raise FormatError(f"damaged {kind} data, it may be cut ({error})") from None


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir() and not member.filename.startswith("__MACOSX/")
    ]
    if len(members) != 1:
        names = ", ".join(member.filename for member in members) or "nothing"
        raise FormatError(f"the zip file holds {names}; extract the one you want and read that")
    return members[0]
