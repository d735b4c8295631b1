"""`write`: a table in the formats of others."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embarith.errors import FormatError, OptionError, nearest
from embarith.files import replacing
from embarith.table import EmbeddingTable

_BLOCK = 8192
_COMPRESSED = (".gz", ".bz2", ".xz", ".zip")
_SUFFIXES = {
    ".arrow": "arrow",
    ".bin": "word2vec-binary",
    ".npy": "npy",
    ".npz": "npz",
    ".parquet": "parquet",
    ".safetensors": "safetensors",
    ".txt": "word2vec-text",
    ".vec": "fasttext",
}
# A label that ends in a space and a number would be read as a row with a number too many.
_UNREADABLE_AS_TEXT = (
    r"\n|^[ \t]|[ \t]$|[ \t][+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|(?i:nan|inf|infinity))$"
)
_UNREADABLE_AS_BINARY = r" |^\n"


def write(table: EmbeddingTable, path: str | Path, format: str | None = None) -> None:  # noqa: A002
    """Write a table in any format that `read` knows, but for clip-retrieval folders.

    The file appears whole or not at all. Only `arrow` keeps the provenance.

    Parameters
    ----------
    table : EmbeddingTable
    path : str or Path
        The file. Word formats are compressed if its name ends in .gz, .bz2, .xz or .zip.
    format : str, optional
        One of `FORMATS`: `arrow` (an own table), `word2vec-binary`, `word2vec-text`, `fasttext`
        (the same as .vec), `glove` (no header), `npy` (labels one a line in the file
        `NAME.labels.txt` beside it), `npz`, `parquet` or `safetensors`. By default what the name
        says: .arrow, .bin, .txt (word2vec-text), .vec, .npy, .npz, .parquet, .safetensors.

    Raises
    ------
    OptionError
        An unknown format.
    FormatError
        A label that the format cannot hold, such as one with a space in word2vec binary.
    TableError
        The table is itself a file that was damaged since it was saved.

    Examples
    --------
    >>> import tempfile
    >>> table = EmbeddingTable.from_arrays(["east"], np.array([[0.1, 0]], dtype=np.float32))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(table, Path(folder) / "one.vec")
    ...     print((Path(folder) / "one.vec").read_text())
    1 2
    east 0.1 0
    """
    target = Path(path)
    name = _format_of(target) if format is None else format
    if name not in _WRITERS:
        raise OptionError(
            f"format {name!r} is not written{nearest(name, FORMATS)}; use one of "
            + ", ".join(FORMATS)
        )
    if name != "arrow":  # which verifies by itself
        table.verify()
    _WRITERS[name](table, target)


def _format_of(path: Path) -> str:
    inner = Path(path.stem) if path.suffix in _COMPRESSED else path
    if inner.suffix not in _SUFFIXES:
        raise OptionError(
            f"{path}: the name does not say which format to write; use one of "
            f"{', '.join(_SUFFIXES)}, or give format={'|'.join(FORMATS)}"
        )
    return _SUFFIXES[inner.suffix]


def _write_text(table: EmbeddingTable, path: Path) -> None:
    header = f"{len(table)} {table.dimensions}\n".encode()
    _write_words(table, path, _UNREADABLE_AS_TEXT, header, _text_rows)


def _write_glove(table: EmbeddingTable, path: Path) -> None:
    _write_words(table, path, _UNREADABLE_AS_TEXT, b"", _text_rows)


def _write_binary(table: EmbeddingTable, path: Path) -> None:
    header = f"{len(table)} {table.dimensions}\n".encode()
    _write_words(table, path, _UNREADABLE_AS_BINARY, header, _binary_rows)


def _write_words(
    table: EmbeddingTable,
    path: Path,
    unreadable: str,
    header: bytes,
    rows: Callable[[EmbeddingTable, int], Any],
) -> None:
    _refuse(table, path, unreadable)
    with replacing(path) as temporary, _compressing(temporary, path) as file:
        file.write(header)
        for start in range(0, len(table), _BLOCK):
            file.write(rows(table, start))


def _text_rows(table: EmbeddingTable, start: int) -> Any:
    """Return a block of lines; Arrow writes the shortest digits that give the float32 back."""
    vectors = table.vectors[start : start + _BLOCK]
    columns = [pa.array(np.ascontiguousarray(column)).cast(pa.string()) for column in vectors.T]
    columns[-1] = pc.binary_join_element_wise(columns[-1], "\n", "")
    labels = table.labels.slice(start, _BLOCK).cast(pa.string())
    lines = pc.binary_join_element_wise(labels, *columns, " ")
    return lines.buffers()[2]


def _binary_rows(table: EmbeddingTable, start: int) -> bytes:
    vectors = table.vectors[start : start + _BLOCK].astype("<f4", copy=False)
    labels = table.labels.slice(start, _BLOCK).to_pylist()
    return b"".join(
        b"%b %b\n" % (label.encode(), vector.tobytes())
        for label, vector in zip(labels, vectors, strict=True)
    )


def _write_npy(table: EmbeddingTable, path: Path) -> None:
    _refuse(table, path, r"\n|\r$")
    labels = path.with_suffix(".labels.txt")
    header = np.lib.format.header_data_from_array_1_0(table.vectors)
    with replacing(path) as temporary:
        with temporary.open("wb") as file:
            # `np.save` would not say why a disk took only a part.
            np.lib.format.write_array_header_1_0(file, header)
            file.write(table.vectors.data)
        with replacing(labels) as temporary_labels:
            keys = "".join(f"{key}\n" for key in table.index_to_key)
            temporary_labels.write_bytes(keys.encode())


def _write_npz(table: EmbeddingTable, path: Path) -> None:
    _refuse(table, path, "\0$")  # NumPy takes zeros at the end of a string for padding
    labels = np.array(table.index_to_key, dtype=np.str_)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, labels=labels, vectors=table.vectors)


def _write_safetensors(table: EmbeddingTable, path: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    metadata = {"labels": json.dumps(table.index_to_key, ensure_ascii=False)}
    with replacing(path) as temporary:
        try:
            save_file({"vectors": np.asarray(table.vectors)}, temporary, metadata=metadata)
        except SafetensorError as error:
            raise OSError(str(error)) from None  # which is to name the file


def _write_parquet(table: EmbeddingTable, path: Path) -> None:
    import pyarrow.parquet as pq

    flat = pa.array(table.vectors.reshape(-1))
    vectors = pa.FixedSizeListArray.from_arrays(flat, table.dimensions)
    columns = pa.table({"label": table.labels, "vector": vectors})
    with replacing(path) as temporary:
        # Dictionaries of nearly unique floats cost time and space.
        pq.write_table(columns, temporary, use_dictionary=False)


_WRITERS: dict[str, Callable[[EmbeddingTable, Path], None]] = {
    "arrow": EmbeddingTable.save,
    "word2vec-binary": _write_binary,
    "word2vec-text": _write_text,
    "fasttext": _write_text,
    "glove": _write_glove,
    "npy": _write_npy,
    "npz": _write_npz,
    "parquet": _write_parquet,
    "safetensors": _write_safetensors,
}
FORMATS = tuple(_WRITERS)


def _refuse(table: EmbeddingTable, path: Path, unreadable: str) -> None:
    rows = pc.match_substring_regex(table.labels, unreadable).to_numpy(zero_copy_only=False)
    if rows.any():
        row = int(rows.argmax())
        raise FormatError(
            f"{path}: row {row} (label {table.labels[row].as_py()!r}) could not be read back from "
            "this format; rename the label, or write arrow, parquet or safetensors"
        )


@contextmanager
def _compressing(file: Path, path: Path) -> Iterator[IO[bytes]]:
    if path.suffix == ".zip":
        with (
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open(path.stem, "w", force_zip64=True) as member,
        ):
            yield member
        return
    openers: dict[str, Callable[..., Any]] = {
        ".gz": gzip.open,
        ".bz2": bz2.open,
        ".xz": lzma.open,
    }
    with cast("IO[bytes]", openers.get(path.suffix, open)(file, "wb")) as stream:
        yield stream
