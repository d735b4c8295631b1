"""Find a format from content; the name of a file says nothing."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc

from embarith.errors import FormatError
from embarith.storage import MARK

HEAD = 64

_MAGIC = {
    b"\x93NUMPY": "npy",
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"\xff\xff\xff\xff": "arrow-stream",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\xba\x16\x4f\x2f": "fasttext-model",
    b"\x89HDF\r\n": "hdf5",
    b"version https://git-lfs": "git-lfs",
}
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"ccopy_reg\n", b"(dp", b"(lp")

_REFUSED = {
    "fasttext-model": (
        "a fastText model, whose vectors are made from subwords; write its words as .vec:\n"
        "    from gensim.models.fasttext import load_facebook_vectors\n"
        "    load_facebook_vectors({path!r}).save_word2vec_format({target!r})"
    ),
    "hdf5": "HDF5; write its label and vector columns as parquet, or its arrays as .npz",
    "git-lfs": "a Git LFS pointer, not the data; fetch it with: git lfs pull",
    "pickle": (
        "a pickle, which could run any code and is never loaded; if you trust it, convert it:\n"
        "    from gensim.utils import SaveLoad; model = SaveLoad.load({path!r})\n"
        "    getattr(model, 'wv', model).save_word2vec_format({target!r}, binary=True)"
    ),
}


def sniff(path: Path) -> str:
    """Return the name of the format of a file or folder.

    Returns
    -------
    str
        `table`, `npy`, `npz`, `parquet`, `arrow`, `arrow-stream`, `safetensors`, `retrieval`,
        `gzip`, `bzip2`, `xz`, `zip`, or `words` for everything else.

    Raises
    ------
    FormatError
        The content is of a kind that is not read, and how to convert it.
    FileNotFoundError
        There is nothing at `path`.
    """
    if path.is_dir():
        return _sniff_folder(path)
    with path.open("rb") as file:
        head = file.read(HEAD)
    kind = sniff_head(head, path)
    if kind == "words" and _is_safetensors(head, path.stat().st_size):
        return "safetensors"
    if kind == "arrow":
        return _sniff_arrow(path)
    if head.startswith(b"PK\x03\x04"):
        return _sniff_zip(path)
    return kind


def sniff_head(head: bytes, path: Path) -> str:
    """Return the format by its first bytes alone, `words` if they are no magic number.

    Raises
    ------
    FormatError
        A kind that is not read, such as a pickle.
    """
    kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "words")
    if head.startswith(_PICKLES):
        kind = "pickle"
    if kind in _REFUSED:
        suffix = ".vec" if kind == "fasttext-model" else ".w2v.bin"
        refusal = _REFUSED[kind].format(path=str(path), target=str(path) + suffix)
        raise FormatError(f"{path}: {refusal}")
    return kind


def _is_safetensors(head: bytes, size: int) -> bool:
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8


def _sniff_folder(path: Path) -> str:
    if (path / "metadata").is_dir() and any(
        (path / name).is_dir() for name in ("img_emb", "text_emb")
    ):
        return "retrieval"
    raise FormatError(
        f"{path}: a folder, but no clip-retrieval one (img_emb/*.npy and metadata/*.parquet); "
        "name the file"
    )


def _sniff_arrow(path: Path) -> str:
    try:
        with pa.OSFile(str(path)) as file:
            metadata = pa.ipc.open_file(file).schema.metadata or {}
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        raise FormatError(f"{path}: a damaged Arrow file, it may be cut ({error})") from None
    return "table" if MARK in metadata else "arrow"


def _sniff_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise FormatError(f"{path}: a damaged zip file, it may be cut ({error})") from None
    return "npz" if any(name.endswith(".npy") for name in names) else "zip"
