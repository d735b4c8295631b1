"""What is wrong with a collection: photographs missing, damaged, double or nowhere listed."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from embarith.encoders.image import decode
from embarith.encoders.onnx import ahead
from embarith.errors import FormatError
from embarith.files import read_regular
from embarith.photos.collection import IMAGES, Photograph, read_collection, read_photographs
from embarith.photos.copies import fingerprint, near_pairs
from embarith.progress import Progress

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})


@dataclass(frozen=True)
class Near:
    """Two photographs that show the same picture.

    Parameters
    ----------
    first, second : str
    bits : int
        In which their perceptual hashes of 256 bits differ.
    """

    first: str
    second: str
    bits: int


@dataclass(frozen=True)
class Checked:
    """A collection, looked through.

    Parameters
    ----------
    home, folder : str
        Where the lists and the photographs lie.
    words : int
    photographs : int
        That the lists name.
    files : int
        Of those that are there.
    per_word : int
        Photographs that a word should have.
    short : mapping of str to int
        Words that have fewer.
    licences : mapping of str to int
        Photographs under each, most first.
    unrecorded : tuple of str
        Photographs of words that `images.csv` does not list.
    missing : tuple of str
        Photographs that are not there.
    damaged : mapping of str to str
        Photographs that are not what they were, and why.
    shared : mapping of str to tuple of str
        Photographs of several words.
    same : tuple of tuple of str
        Files of the same content under several names.
    near : tuple of Near
        Other pairs that show the same picture.
    unlisted : tuple of str
        Photographs in the folder that no list names.
    """

    home: str
    folder: str
    words: int
    photographs: int
    files: int
    per_word: int
    short: Mapping[str, int]
    licences: Mapping[str, int]
    unrecorded: tuple[str, ...]
    missing: tuple[str, ...]
    damaged: Mapping[str, str]
    shared: Mapping[str, tuple[str, ...]]
    same: tuple[tuple[str, ...], ...]
    near: tuple[Near, ...]
    unlisted: tuple[str, ...]


def check(home: str | Path, *, per_word: int = 30, progress: Progress | None = None) -> Checked:
    """Read, hash and decode all photographs of a collection.

    Parameters
    ----------
    home : path
        Where its lists lie.
    per_word : int
    progress : callable, optional
        Called as `progress(stage, done, total)` in photographs.

    Raises
    ------
    DataError, FormatError
        The lists cannot be read.
    """
    found = read_collection(home)
    records = read_photographs(home) if (found.home / IMAGES).is_file() else {}
    images = list(dict.fromkeys([*found.images, *records]))
    looked: dict[str, _Looked] = {}
    for image, one in zip(
        images, ahead(lambda image: _look(found.folder / image), images, 64), strict=True
    ):
        looked[image] = one
        if progress:
            progress("checking", len(looked), len(images))
    words = defaultdict(list)
    for word, members in found.words.items():
        for image in members:
            words[image].append(word)
    sums = defaultdict(list)
    for image, one in looked.items():
        if one.sha256:
            sums[one.sha256].append(image)
    readable = [image for image, one in looked.items() if one.fingerprint]
    pairs = near_pairs([looked[image].fingerprint for image in readable])
    licences = Counter(record.licence or "none stated" for record in records.values())
    return Checked(
        home=str(found.home),
        folder=str(found.folder),
        words=len(found.words),
        photographs=len(images),
        files=sum(bool(one.sha256) for one in looked.values()),
        per_word=per_word,
        short={
            word: len(members) for word, members in found.words.items() if len(members) < per_word
        },
        licences=dict(licences.most_common()),
        unrecorded=tuple(image for image in found.images if image not in records),
        missing=tuple(image for image, one in looked.items() if not (one.sha256 or one.fault)),
        damaged={
            image: fault
            for image, one in looked.items()
            if (one.sha256 or one.fault) and (fault := _fault(one, records.get(image)))
        },
        shared={image: tuple(several) for image, several in words.items() if len(several) > 1},
        same=tuple(tuple(several) for several in sums.values() if len(several) > 1),
        near=tuple(
            Near(readable[first], readable[second], bits)
            for first, second, bits in pairs
            if looked[readable[first]].sha256 != looked[readable[second]].sha256
        ),
        unlisted=_unlisted(found.folder, set(images)),
    )


@dataclass(frozen=True)
class _Looked:
    sha256: str = ""
    size: tuple[int, int] = (0, 0)
    fingerprint: str = ""
    fault: str = ""


def _look(path: Path) -> _Looked:
    try:
        data = read_regular(path)
    except (FileNotFoundError, NotADirectoryError):
        return _Looked()
    except OSError as fault:
        return _Looked(fault=fault.strerror or str(fault))
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        photograph = decode(data, "the file")
    except FormatError as fault:
        return _Looked(sha256, fault=str(fault))
    height, width = photograph.shape[:2]
    return _Looked(sha256, (width, height), fingerprint(photograph))


def _fault(looked: _Looked, record: Photograph | None) -> str:
    if record and looked.sha256 and looked.sha256 != record.sha256:
        return "sha256 differs"
    if looked.fault:
        return looked.fault
    if record and looked.size != (record.width, record.height):
        found, listed = (
            f"{one[0]} × {one[1]}" for one in (looked.size, (record.width, record.height))
        )
        return f"{found} pixels, listed as {listed}"
    return ""


def _unlisted(folder: Path, images: set[str]) -> tuple[str, ...]:
    names = (
        file.relative_to(folder)
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES and file.is_file()
    )
    return tuple(
        sorted(
            str(name)
            for name in names
            if name.as_posix() not in images and not any(part[0] == "." for part in name.parts)
        )
    )
