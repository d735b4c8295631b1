"""Folders that clip-retrieval writes: `img_emb/*.npy` and `metadata/*.parquet`, part by part."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from embarith.errors import FormatError
from embarith.readers import columns
from embarith.readers.arrays import load_npy
from embarith.readers.source import Found, Request, as_float32

_DEFAULT_LABELS = {"img_emb": "image_path", "text_emb": "caption"}


def read_retrieval(request: Request) -> Found:
    """Read the image embeddings of a folder, or its text embeddings if there are no images.

    Labels are the metadata column `image_path` (`caption` for texts), or the one that `labels=`
    names.
    """
    folder = request.path
    kind = "img_emb" if (folder / "img_emb").is_dir() else "text_emb"
    wanted = str(request.labels or _DEFAULT_LABELS[kind])
    matrices, metadata = _parts(folder / kind, "npy"), _parts(folder / "metadata", "parquet")
    if matrices.keys() != metadata.keys():
        lone = sorted(matrices.keys() ^ metadata.keys())[0]
        raise FormatError(f"{folder}: part {lone} is not both in {kind}/ and in metadata/")
    if not matrices:
        raise FormatError(f"{folder}: no parts in {kind}/ and metadata/")
    blocks: list[NDArray[Any]] = []
    labels: list[pa.Array] = []
    steps: tuple[str, ...] = ()
    files: list[Path] = []
    rows = 0
    for part in sorted(matrices):
        if request.limit is not None and rows >= request.limit:
            break
        block = load_npy(matrices[part])
        names = _labels(metadata[part], wanted, request)
        if len(block) != len(names):
            raise FormatError(
                f"{matrices[part]}: {len(block)} rows, but {metadata[part]} has {len(names)}"
            )
        block, steps = as_float32(block, str(matrices[part]))
        if blocks and blocks[0].shape[1] != block.shape[1]:
            raise FormatError(
                f"{matrices[part]}: {block.shape[1]} dimensions, but the parts before have "
                f"{blocks[0].shape[1]}"
            )
        blocks.append(block)
        labels.append(names)
        files += [matrices[part], metadata[part]]
        rows += len(block)
    return Found(
        pa.concat_arrays(labels)[: request.limit],
        np.concatenate(blocks)[: request.limit],
        f"clip-retrieval {kind}",
        tuple(files),
        steps=steps,
    )


def _parts(folder: Path, suffix: str) -> dict[int, Path]:
    """Return the files by the number at the end of their names, as clip-retrieval pairs them."""
    parts: dict[int, Path] = {}
    for path in folder.glob(f"*.{suffix}"):
        number = re.search(r"(\d+)$", path.stem)
        if number is None:
            raise FormatError(f"{path}: the name of a part ends in its number")
        if int(number[1]) in parts:
            raise FormatError(f"{path}: part {int(number[1])} is there twice")
        parts[int(number[1])] = path
    return parts


def _labels(path: Path, wanted: str, request: Request) -> pa.StringArray:
    table = columns.load(path, "parquet", limit=None)
    name = columns.label_column(table.schema, wanted, str(path))
    return columns.strings(table.column(name), request.errors, f"{path}, column {name!r}")
