"""Verdicts of people on photographs: one file a reviewer, to which lines are only ever added.

`reviews/NAME.jsonl` in the folder of a collection holds a JSON object a line: `word`, `image`,
`verdict` (`keep`, `drop`, or `undo`, which takes back the last verdict that still stands) and
`time` (UTC). A line is on disk before its verdict counts as given, so that whatever ends the
process, at most a line that nobody was told of is cut short; it is passed over, and removed by the
next session.
"""

from __future__ import annotations

import csv
import errno
import fcntl
import os
import re
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Literal, Self, get_args

import msgspec
import numpy as np

from embarith.errors import DataError, FormatError, OptionError
from embarith.table import EmbeddingTable

Verdict = Literal["keep", "drop"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Pair = tuple[str, str]

REVIEWS = "reviews"

_NAME = re.compile(r"\w[\w.@+-]*")


class Entry(msgspec.Struct, frozen=True):
    """A line of a reviewer's file.

    Parameters
    ----------
    word, image : str
        What was judged: a photograph may belong to several words.
    verdict : {"keep", "drop", "undo"}
        `undo` takes back the last verdict that stands, which has to be on this word and image.
    time : str
        When, in UTC.
    """

    word: str
    image: str
    verdict: Literal["keep", "drop", "undo"]
    time: str


@dataclass(frozen=True)
class Review:
    """What a reviewer's file says.

    Parameters
    ----------
    path : Path
    standing : tuple of Entry
        The verdicts that were not taken back, in the order in which they were given.
    size : int
        Bytes of the file up to the end of its last whole line.
    """

    path: Path
    standing: tuple[Entry, ...]
    size: int

    @property
    def reviewer(self) -> str:
        """Name of the reviewer."""
        return self.path.stem

    @property
    def verdicts(self) -> dict[Pair, Verdict]:
        """The last verdict on every word and image that was judged."""
        return latest(self.standing)


def latest(standing: Sequence[Entry]) -> dict[Pair, Verdict]:
    """Return the last verdict on every word and image."""
    return {(one.word, one.image): one.verdict for one in standing if one.verdict != "undo"}


def review_path(home: Path, reviewer: str) -> Path:
    """Return the file of a reviewer of the collection in `home`.

    Raises
    ------
    OptionError
        The name cannot be that of a file on every system.

    Examples
    --------
    >>> review_path(Path("photos"), "anna").as_posix()
    'photos/reviews/anna.jsonl'
    """
    if not _NAME.fullmatch(reviewer):
        raise OptionError(
            f"reviewer {reviewer!r}: the name is that of a file; take letters, digits and . _ - @ +"
        )
    return home / REVIEWS / f"{reviewer}.jsonl"


def read_review(path: Path) -> Review:
    """Read the file of a reviewer; a last line that was cut short is passed over.

    Raises
    ------
    FormatError
        A line is not as it should be; names it.
    """
    content = path.read_bytes()
    size = 0
    standing: list[Entry] = []
    lines = content.splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        try:
            entry = msgspec.json.decode(line, type=Entry)
        except msgspec.ValidationError as fault:
            raise FormatError(f"{path}:{number}: {fault}") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            if number == len(lines):
                break
            raise FormatError(f"{path}:{number}: no line of JSON ({fault})") from None
        if not line.endswith(b"\n"):
            break
        if entry.verdict != "undo":
            standing.append(entry)
        elif standing and (standing[-1].word, standing[-1].image) == (entry.word, entry.image):
            standing.pop()
        else:
            raise FormatError(
                f"{path}:{number}: takes back a verdict on {entry.image!r} as {entry.word!r}, "
                "which is not the last one that stands"
            )
        size += len(line)
    return Review(path, tuple(standing), size)


def read_reviews(home: Path) -> list[Review]:
    """Read the files of all reviewers of the collection in `home`, by name.

    Raises
    ------
    FormatError
        A line of one is not as it should be.
    """
    return [read_review(path) for path in sorted((home / REVIEWS).glob("*.jsonl"))]


def dropped(home: Path) -> frozenset[Pair]:
    """Return each (word, image) that the last verdict of any reviewer drops.

    Raises
    ------
    FormatError
        A line of a reviewer's file is not as it should be.
    """
    return frozenset(
        pair
        for review in read_reviews(home)
        for pair, verdict in review.verdicts.items()
        if verdict == "drop"
    )


def without_dropped(words: Mapping[str, Sequence[str]], home: Path) -> dict[str, tuple[str, ...]]:
    """Return the images of every word without those that a reviewer dropped.

    A word that loses all of them stays, without images, so that it is counted as left out.

    Raises
    ------
    FormatError
        A line of a reviewer's file is not as it should be.
    """
    gone = dropped(home)
    return {
        word: tuple(image for image in images if (word, image) not in gone)
        for word, images in words.items()
    }


class Journal:
    """A reviewer's file while verdicts are added to it; no other process can add any meanwhile.

    `standing` holds the lines that were not taken back, in the order in which they were given, and
    `verdicts` the last verdict on every word and image.

    Parameters
    ----------
    home : Path
        Folder of the collection.
    reviewer : str

    Raises
    ------
    OptionError
        The name cannot be that of a file, or another process has the file open.
    DataError
        The folder cannot be written to.
    FormatError
        A line of the file is not as it should be.
    """

    def __init__(self, home: Path, reviewer: str) -> None:
        self.path = review_path(home, reviewer)
        self._file = _open(self.path, home)
        try:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OptionError(
                    f"{self.path}: another process is reviewing as {reviewer!r}; end it, or give "
                    "another --reviewer"
                ) from None
            found = read_review(self.path)
            self._file.truncate(found.size)
        except BaseException:
            self._file.close()
            raise
        self._size = found.size
        self.standing = list(found.standing)
        self.verdicts = found.verdicts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def judge(self, word: str, image: str, verdict: Verdict) -> None:
        """Add a verdict; one that stands already is not added again.

        Raises
        ------
        OSError
            It could not be written; the file is as it was.
        """
        if self.verdicts.get((word, image)) != verdict:
            entry = Entry(word, image, verdict, _now())
            self._add(entry)
            self.standing.append(entry)
            self.verdicts[word, image] = verdict

    def undo(self) -> None:
        """Take back the last verdict that stands, if there is one.

        Raises
        ------
        OSError
            It could not be written; the file is as it was.
        """
        if self.standing:
            last = self.standing[-1]
            self._add(Entry(last.word, last.image, "undo", _now()))
            self.standing.pop()
            self.verdicts = latest(self.standing)

    def _add(self, entry: Entry) -> None:
        line = msgspec.json.encode(entry) + b"\n"
        try:
            rest = line
            while rest:
                rest = rest[self._file.write(rest) :]
            os.fsync(self._file.fileno())
        except OSError as fault:
            # A line that nobody is told of must not be found later.
            with suppress(OSError):
                self._file.truncate(self._size)
            fault.filename = str(self.path)
            raise
        self._size += len(line)


def _open(path: Path, home: Path) -> FileIO:
    try:
        # The modes bind a superuser too, whom the system would let write.
        if not stat.S_IMODE(home.stat().st_mode) & 0o222:
            raise PermissionError
        path.parent.mkdir(exist_ok=True)
        file = path.open("ab", buffering=0)
        for folder in (path.parent, home):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except OSError as fault:
        if fault.errno not in (None, errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        raise DataError(
            f"{home} is read-only, and verdicts are kept in it: `embarith images import` makes a "
            "collection of your own of it, to review"
        ) from None
    return file


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def read_queries(words: Path) -> dict[str, str]:
    """Return what was searched for to find each word's photographs, where the list says so.

    Parameters
    ----------
    words : Path
        A `words.csv`; the column `query` may be absent.
    """
    with words.open(encoding="utf-8-sig", newline="") as file:
        return {row["word"]: row["query"] for row in csv.DictReader(file) if row.get("query")}


def likeness(photographs: EmbeddingTable, words: Mapping[str, Sequence[str]]) -> dict[Pair, float]:
    """Give the mean cosine of every photograph to the others of its word; outliers have the lowest.

    Parameters
    ----------
    photographs : EmbeddingTable
        Labels are the names of images.
    words : mapping of str to sequence of str
        The images of every word.

    Returns
    -------
    dict of (str, str) to float
        By word and image; without images that the table lacks, and without words of one image.

    Examples
    --------
    >>> vectors = np.array([[1, 0], [0, 1], [2, 0]], dtype=np.float32)
    >>> photographs = EmbeddingTable.from_arrays(["a.jpg", "phone.jpg", "b.jpg"], vectors)
    >>> likeness(photographs, {"apple": ["a.jpg", "phone.jpg", "b.jpg"]})
    {('apple', 'a.jpg'): 0.5, ('apple', 'phone.jpg'): 0.0, ('apple', 'b.jpg'): 0.5}
    """
    found: dict[Pair, float] = {}
    for word, images in words.items():
        rows = photographs.rows(list(images))
        inside = rows >= 0
        if np.count_nonzero(inside) < 2:
            continue
        vectors = photographs.vectors[rows[inside]].astype(np.float64)
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        cosines = unit @ unit.T
        np.fill_diagonal(cosines, 0.0)
        means = cosines.sum(axis=1) / (len(unit) - 1)
        named = (image for image, known in zip(images, inside, strict=True) if known)
        found |= {(word, image): mean for image, mean in zip(named, means.tolist(), strict=True)}
    return found
