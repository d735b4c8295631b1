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
from embarith.files import replacing
from embarith.provenance import Provenance

# Schema metadata key; a file that carries it was checked and hashed when it was written.
MARK = b"embarith"
_FORMAT = 1


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
    """

    labels: pa.StringArray
    vectors: NDArray[np.float32]
    provenance: Provenance
    sha256: str | None


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
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, FileNotFoundError | IsADirectoryError | PermissionError):
            raise
        raise FormatError(f"{path}: not a whole Arrow IPC file ({error})") from None
    if batch is None or {"label", "vector"} - set(batch.schema.names):
        raise FormatError(
            f"{path}: an embedding table is one record batch with the columns 'label' and "
            f"'vector'; found {batches} batches with {reader.schema.names}"
        )
    kind = batch.schema.field("vector").type
    if not (pa.types.is_fixed_size_list(kind) and kind.value_type == pa.float32()):
        raise FormatError(
            f"{path}: column 'vector' is {kind}; expected a fixed-size list of float32"
        )
    column = batch.column("vector")
    if column.null_count:
        raise FormatError(f"{path}: column 'vector' has {column.null_count} missing rows")
    values = column.flatten().to_numpy(zero_copy_only=True)
    mark = json.loads((reader.schema.metadata or {}).get(MARK, b"{}"))
    return Stored(
        batch.column("label"),
        values.reshape(batch.num_rows, kind.list_size),
        Provenance.from_stored(mark.get("provenance", {}), encoder=Path(path).stem),
        mark["sha256"] if mark.get("format") == _FORMAT else None,
    )


def store(
    path: str | Path,
    labels: pa.StringArray,
    vectors: NDArray[np.float32],
    provenance: Provenance,
    sha256: str,
) -> None:
    """Write a table's parts, checked before, so that the file appears whole or not at all."""
    mark = {"format": _FORMAT, "provenance": asdict(provenance), "sha256": sha256}
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    schema = pa.schema(
        [pa.field("label", pa.string()), pa.field("vector", column.type)],
        metadata={MARK: json.dumps(mark, ensure_ascii=False).encode()},
    )
    batch = pa.record_batch([labels, column], schema=schema)
    with replacing(path) as temporary, pa.ipc.new_file(temporary, schema) as writer:
        writer.write_batch(batch)
