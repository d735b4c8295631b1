"""Tables as Arrow IPC files: written whole, opened by a memory map."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc
from numpy.typing import NDArray

from embarith.errors import FormatError
from embarith.files import PieceFile, replacing
from embarith.provenance import Provenance

# Schema metadata key; a file that carries it was checked and hashed when it was written.
MARK = b"embarith"
_FORMAT = 1
_INPUTS = "input_sha256"


@dataclass(frozen=True, slots=True)
class Stored:
    """What a table's file holds.

    Parameters
    ----------
    labels : StringArray, length n
    vectors : ndarray of float32, shape (n, d)
        A view of the memory map.
    provenance : Provenance
    sha256 : str or None
        Hash of the content; None for a file that others wrote, which is to be checked.
    lengths : int or None
        CRC-32 of the rows' lengths, which are read at the first search anyway.
    """

    labels: pa.StringArray
    vectors: NDArray[np.float32]
    provenance: Provenance
    sha256: str | None
    lengths: int | None


def load(path: str | Path) -> Stored:
    """Memory-map a file of one record batch with columns `label` and `vector`.

    Raises
    ------
    FormatError
        The file is something else.
    """
    try:
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
        batches = reader.num_record_batches
        batch = reader.get_batch(0) if batches == 1 else None
        names = reader.schema.names
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        if isinstance(error, FileNotFoundError | IsADirectoryError | PermissionError):
            raise
        raise FormatError(f"{path}: not a whole Arrow IPC file ({error})") from None
    if batch is None or {"label", "vector"} - set(names):
        raise FormatError(
            f"{path}: an embedding table is one record batch with the columns 'label' and "
            f"'vector'; found {batches} batches with {names}"
        )
    try:
        # The structure alone: contents would take time that grows with the file.
        batch.validate()
        mark = json.loads((reader.schema.metadata or {}).get(MARK, b"{}"))
        provenance = Provenance.from_stored(mark.get("provenance", {}), encoder=Path(path).stem)
        sha256 = mark["sha256"] if mark.get("format") == _FORMAT else None
        if sha256 is not None and len(bytes.fromhex(sha256)) != 32:
            raise ValueError(f"sha256 {sha256!r}")
    except (pa.ArrowInvalid, ValueError, TypeError, AttributeError, KeyError) as error:
        raise FormatError(f"{path}: damaged; make it again from its source ({error})") from None
    labels, column = batch.column("label"), batch.column("vector")
    kind = column.type
    if not (pa.types.is_fixed_size_list(kind) and kind.value_type == pa.float32()):
        raise FormatError(
            f"{path}: column 'vector' is {kind}; expected a fixed-size list of float32"
        )
    if sha256 is not None and labels.type != pa.string():
        raise FormatError(f"{path}: column 'label' is {labels.type}; expected string")
    missing = labels.null_count + column.null_count + column.values.null_count
    if missing or not batch.num_rows or not kind.list_size:
        raise FormatError(
            f"{path}: {batch.num_rows} rows × {kind.list_size} dimensions, {missing} missing "
            "values; a table needs at least one of each, and all of their values"
        )
    vectors = column.flatten().to_numpy(zero_copy_only=True)
    vectors = vectors.reshape(batch.num_rows, kind.list_size)
    return Stored(labels, vectors, provenance, sha256, mark.get("lengths"))


@dataclass(frozen=True, slots=True)
class MadeOf:
    """What rows were computed from, so that nothing is computed twice.

    Parameters
    ----------
    encoder : str
        Hash of all that decides a vector besides its input.
    inputs : StringArray, length n
        Hash of every row's input.
    """

    encoder: str
    inputs: pa.StringArray


def is_table(path: str | Path) -> bool:
    """Return whether a file is a table that was saved by embarith."""
    try:
        metadata = pa.ipc.open_file(pa.memory_map(str(path))).schema.metadata
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError):
        return False
    return MARK in (metadata or {})


def load_made_of(path: str | Path) -> MadeOf | None:
    """Return what the rows of a table's file were computed from, where it tells."""
    try:
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
        made_by = json.loads((reader.schema.metadata or {}).get(MARK, b"{}"))["made_by"]
        return MadeOf(str(made_by), reader.get_batch(0).column(_INPUTS))
    except (pa.ArrowInvalid, OSError, ValueError, KeyError):
        return None


def store(path: str | Path, parts: Stored, made_of: MadeOf | None = None) -> None:
    """Write a table's parts, checked before, so that the file appears whole or not at all."""
    mark = {
        "format": _FORMAT,
        "provenance": asdict(parts.provenance),
        "sha256": parts.sha256,
        "lengths": parts.lengths,
    }
    flat = pa.array(parts.vectors.reshape(-1))
    column = pa.FixedSizeListArray.from_arrays(flat, parts.vectors.shape[1])
    columns = {"label": parts.labels, "vector": column}
    if made_of is not None:
        mark["made_by"] = made_of.encoder
        columns[_INPUTS] = made_of.inputs
    schema = pa.schema(
        [pa.field(name, values.type) for name, values in columns.items()],
        metadata={MARK: json.dumps(mark, ensure_ascii=False).encode()},
    )
    batch = pa.record_batch(list(columns.values()), schema=schema)
    with (
        replacing(path) as temporary,
        PieceFile(temporary) as file,
        pa.ipc.new_file(file, schema) as writer,
    ):
        writer.write_batch(batch)


def shadow_of(path: str | Path) -> Path:
    """Return the file beside a table's that keeps what makes search fast, made of the table."""
    return Path(f"{path}.shadow")
