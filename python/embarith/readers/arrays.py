"""NumPy .npy with a label file, .npz, and safetensors with labels in the metadata."""

from __future__ import annotations

import json
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embarith.errors import FormatError, OptionError
from embarith.readers.labels import read_label_file
from embarith.readers.source import Found, Request, as_float32

_DAMAGE = (
    ValueError,
    EOFError,
    OSError,
    tokenize.TokenError,  # a header that is no Python literal
    zlib.error,
    zipfile.BadZipFile,
    NotImplementedError,  # an unknown compression
    RuntimeError,  # a password
)


def read_npy(request: Request) -> Found:
    """Read a matrix from .npy, C or Fortran order, and its labels from a file beside it."""
    path = request.path
    beside = path.with_suffix(".labels.txt")
    if request.labels is None and not beside.is_file():
        raise OptionError(
            f"{path}: a .npy file holds vectors without labels, and there is no {beside.name} "
            "beside it; give labels=FILE, a text file with one label a line or a parquet file "
            "with a text column"
        )
    matrix = load_npy(path)
    label_file = Path(request.labels or beside)
    labels = read_label_file(label_file, errors=request.errors)
    if matrix.ndim == 2 and len(labels) != len(matrix):
        raise FormatError(
            f"{label_file}: {len(labels)} labels for the {len(matrix)} rows of {path}"
        )
    vectors, steps = as_float32(matrix[: request.limit] if matrix.ndim else matrix, str(path))
    return Found(labels[: len(vectors)], vectors, "npy", (path, label_file), steps=steps)


def read_npz(request: Request) -> Found:
    """Read the arrays `labels` and `vectors` of an .npz file."""
    request.no_labels("an .npz file")
    path = request.path
    with _load_npz(path) as arrays:
        missing = {"labels", "vectors"} - set(arrays.files)
        if missing:
            raise FormatError(
                f"{path}: no array {' and '.join(map(repr, sorted(missing)))}; it holds "
                f"{', '.join(arrays.files) or 'nothing'}"
            )
        labels, matrix = (_member(arrays, path, name) for name in ("labels", "vectors"))
    if labels.ndim != 1 or labels.dtype.kind not in "US":
        raise FormatError(
            f"{path}, array 'labels': {labels.dtype} of shape {labels.shape}; expected strings, "
            "shape (n,)"
        )
    if labels.dtype.kind == "S":
        labels = _decode(labels, request)
    if matrix.ndim == 2 and len(labels) != len(matrix):
        raise FormatError(f"{path}: {len(labels)} labels for {len(matrix)} vectors")
    vectors, steps = as_float32(
        matrix[: request.limit] if matrix.ndim else matrix, f"{path}, array 'vectors'"
    )
    return Found(labels[: len(vectors)].tolist(), vectors, "npz", (path,), steps=steps)


def read_safetensors(request: Request) -> Found:
    """Read the one matrix of a safetensors file; its metadata key `labels` is a JSON list."""
    from safetensors import SafetensorError, safe_open

    request.no_labels("a safetensors file")
    path = request.path
    try:
        with safe_open(path, framework="numpy") as file:
            labels = _labels_of(file.metadata() or {}, path)
            name = _matrix_name({key: file.get_slice(key) for key in file.keys()}, path)  # noqa: SIM118
            matrix = file.get_slice(name)[: request.limit]
            rows = file.get_slice(name).get_shape()[0]
    except SafetensorError as error:
        raise FormatError(f"{path}: damaged safetensors data, it may be cut ({error})") from None
    except (TypeError, AttributeError) as error:
        raise FormatError(
            f"{path}: its tensor type has no NumPy equal ({error}); store float32 or float16"
        ) from None
    if len(labels) != rows:
        raise FormatError(f"{path}: {len(labels)} labels for the {rows} rows of {name!r}")
    vectors, steps = as_float32(matrix, f"{path}, tensor {name!r}")
    return Found(labels[: len(vectors)], vectors, "safetensors", (path,), steps=steps)


def load_npy(path: Path) -> NDArray[Any]:
    """Map an .npy file.

    Raises
    ------
    FormatError
        The file is damaged or holds Python objects.
    """
    try:
        with np.errstate(over="ignore"):  # of a shape that is refused right after
            matrix: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except _DAMAGE as error:
        raise _refusal(error, path, str(path)) from None
    return matrix


def _load_npz(path: Path) -> Any:
    try:
        return np.load(path, allow_pickle=False)
    except _DAMAGE as error:
        raise _refusal(error, path, str(path)) from None


def _member(arrays: Any, path: Path, name: str) -> NDArray[Any]:
    try:
        member: NDArray[Any] = arrays[name]
    except _DAMAGE as error:
        raise _refusal(error, path, f"{path}, array {name!r}") from None
    return member


def _refusal(error: Exception, path: Path, where: str) -> FormatError:
    if not any(sign in str(error) for sign in ("allow_pickle", "Python objects")):
        return FormatError(f"{where}: damaged NumPy data, it may be cut ({error})")
    load = f"np.load({str(path)!r}, allow_pickle=True)"
    if path.suffix == ".npz" or "array" in where.removeprefix(str(path)):
        arrays = "labels=np.array(a['labels'], str), vectors=np.stack(a['vectors'])"
        save = f"np.savez({str(path)!r}, {arrays})"
    else:
        save = f"np.save({str(path)!r}, np.stack(a).astype(np.float32))"
    return FormatError(
        f"{where}: an array of Python objects, which NumPy keeps as a pickle that could run any "
        f"code and is never loaded; if you trust it, convert it:\n"
        f"    import numpy as np; a = {load}\n"
        f"    {save}"
    )


def _decode(labels: NDArray[np.bytes_], request: Request) -> NDArray[np.str_]:
    try:
        return np.char.decode(labels, "utf-8", request.errors)
    except UnicodeDecodeError as error:
        row = labels.tolist().index(error.object)
        raise FormatError(
            f"{request.path}, array 'labels', row {row}: {error.object!r} is not UTF-8; read with "
            'errors="replace" or "ignore"'
        ) from None


def _labels_of(metadata: dict[str, str], path: Path) -> list[str]:
    if "labels" not in metadata:
        raise FormatError(
            f"{path}: no labels; a table's safetensors file holds them as a JSON list in the "
            "metadata key 'labels'"
        )
    try:
        labels = json.loads(metadata["labels"])
    except (json.JSONDecodeError, RecursionError) as error:
        raise FormatError(f"{path}: the metadata key 'labels' is no JSON: {error}") from None
    if not (isinstance(labels, list) and all(isinstance(label, str) for label in labels)):
        raise FormatError(f"{path}: the metadata key 'labels' is not a JSON list of strings")
    return labels


def _matrix_name(tensors: dict[str, Any], path: Path) -> str:
    shapes = {name: tensor.get_shape() for name, tensor in tensors.items()}
    matrices = [name for name, shape in shapes.items() if len(shape) == 2]
    if len(matrices) == 1:
        return matrices[0]
    if "vectors" in matrices:
        return "vectors"
    raise FormatError(
        f"{path}: expected one matrix, or one called 'vectors'; the tensors are "
        + (", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "none")
    )
