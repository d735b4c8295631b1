"""Published files of torch: what they hold as tensors, read by torch's weights-only loader.

That loader builds tensors and containers and refuses every other name in a file. The published
heads of SIMAT are whole ``torch.nn.Linear`` modules; that one class is allowed beside, and of it
only weight and bias are looked at.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embarith.checks import as_matrix, find_faults
from embarith.encoders.heads import Heads, Linear
from embarith.errors import DataError, FormatError, TableError
from embarith.files import sha256_of
from embarith.labels import as_labels
from embarith.provenance import Provenance
from embarith.table import EmbeddingTable


def read_heads(path: str | Path) -> Heads:
    """Read heads that were saved as ``{"img_head": Linear, "txt_head": Linear}``.

    A temperature in the name of the file, as in ``head_clip_t=0.1.pt``, is kept.

    Raises
    ------
    DataError, FormatError
        There is no such file; it holds something else, or names what may not be loaded.
    """
    path = Path(path)
    held = _load(path)
    heads = held if isinstance(held, dict) else {}
    sides = [heads.get(f"{side}_head") for side in ("img", "txt")]
    parts = [[getattr(one, part, None) for part in ("weight", "bias")] for one in sides]
    if any(part is None for one in parts for part in one):
        raise FormatError(f"{path}: holds no img_head and txt_head with weight and bias")
    arrays = [[_array(path, part) for part in one] for one in parts]
    named = re.search(r"t=(\d+(?:\.\d+)?)", path.stem)
    provenance = Provenance(
        encoder=path.stem, source="torch file, weights-only loader", sha256=sha256_of(path)
    )
    try:
        img, txt = (Linear(*(part.astype(np.float32) for part in one)) for one in arrays)
        return Heads(img, txt, provenance, float(named[1]) if named else None)
    except FormatError as fault:
        raise FormatError(f"{path}: {fault}") from None


def read_word_table(path: str | Path, encoder: str | None = None) -> EmbeddingTable:
    """Read vectors that were saved as a dictionary, or as pairs of a word and a tensor.

    Parameters
    ----------
    path : path
    encoder : str, optional
        Of which model they are, which the file does not say; its name by default.

    Raises
    ------
    DataError, FormatError
        As `read_heads`; or no table may hold a row, which is named.
    """
    path = Path(path)
    held = _load(path)
    pairs = list(held.items()) if isinstance(held, dict) else held
    if not isinstance(pairs, list) or not pairs:
        raise FormatError(f"{path}: holds {type(held).__name__}; expected words and their vectors")
    labels, vectors = [], []
    for pair in pairs:
        if not (isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[0], str)):
            raise FormatError(f"{path}: an entry is no pair of a word and a vector")
        labels.append(pair[0])
        vectors.append(_array(path, pair[1]))
    shapes = {vector.shape for vector in vectors}
    if len(shapes) != 1 or vectors[0].ndim != 1:
        raise FormatError(f"{path}: vectors of shapes {', '.join(map(str, sorted(shapes)))}")
    provenance = Provenance(
        encoder=encoder or path.stem,
        source="torch file, weights-only loader",
        sha256=sha256_of(path),
    )
    with np.errstate(over="ignore"):  # what becomes infinite is refused as such
        matrix = np.stack(vectors).astype(np.float32)
    try:
        names, matrix = as_labels(labels), as_matrix(matrix)
    except TableError as fault:
        raise FormatError(f"{path}: {fault}") from None
    faults = find_faults(names, matrix, np.linalg.norm(matrix.astype(np.float64), axis=1))
    if faults:
        row, told = next(iter(faults.items()))
        count = f" ({len(faults)} such rows)" if len(faults) > 1 else ""
        raise FormatError(
            f"{path}: row {row} (label {labels[row]!r}): {told}{count}; save the file "
            "without such rows"
        )
    return EmbeddingTable.from_arrays(names, matrix, provenance=provenance)


def read_matrix(path: str | Path) -> NDArray[np.float32]:
    """Read one tensor of two dimensions, such as the published similarities.

    Raises
    ------
    DataError, FormatError
        As `read_heads`.
    """
    path = Path(path)
    matrix = _array(path, _load(path))
    if matrix.ndim != 2:
        raise FormatError(f"{path}: a tensor of shape {matrix.shape}; expected a matrix")
    return matrix.astype(np.float32)


def _array(path: Path, tensor: Any) -> NDArray[Any]:
    import torch

    if not isinstance(tensor, torch.Tensor):
        raise FormatError(f"{path}: holds {type(tensor).__name__} where a tensor is expected")
    # NumPy has no bfloat16.
    plain = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
    array: NDArray[Any] = plain.detach().numpy()
    return array


def _load(path: Path) -> Any:
    if not path.is_file():
        raise DataError(f"{str(path)!r} is no file")
    try:
        import torch
    except ImportError:
        raise DataError(
            f"{path}: files of torch are read with torch: pip install 'embarith[export]'"
        ) from None
    try:
        with torch.serialization.safe_globals([torch.nn.Linear]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, MemoryError):
        raise
    except Exception as fault:  # of many kinds, as files can be odd in many ways
        refused = re.search(r"GLOBAL (\S+)", str(fault))
        named = f"it names {refused[1]}, which is not loaded" if refused else "no file of torch"
        raise FormatError(f"{path}: {named}; tensors and torch.nn.Linear alone are read") from None
