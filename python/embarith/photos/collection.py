"""Collections: a folder of photographs, and a list of which word each belongs to."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from embarith.errors import DataError, FormatError

WORDS = "words.csv"
_COLUMNS = ("word", "rank", "image")


@dataclass(frozen=True)
class Collection:
    """Photographs of words.

    Parameters
    ----------
    folder : Path
        That images are named within.
    words : mapping of str to tuple of str
        The images of every word, best first.
    """

    folder: Path
    words: Mapping[str, tuple[str, ...]]

    @property
    def images(self) -> list[str]:
        """Every image once, in the order of the words."""
        return list(dict.fromkeys(image for images in self.words.values() for image in images))


def read_collection(folder: str | Path) -> Collection:
    """Read the collection in a folder.

    Parameters
    ----------
    folder : path
        Holds `words.csv` (columns `word`, `rank`, `image`) and the images that it names.

    Raises
    ------
    DataError
        There is no such file.
    FormatError
        It lacks a column, or a line of it is not as it should be.
    """
    folder = Path(folder)
    if not (folder / WORDS).is_file():
        raise DataError(f"{str(folder)!r} holds no {WORDS}, the list of words and their images")
    return Collection(folder, read_words(folder / WORDS))


def read_words(path: str | Path) -> dict[str, tuple[str, ...]]:
    """Read the list of a collection: word to images, by rank.

    Raises
    ------
    DataError
        There is no such file.
    FormatError
        It lacks a column, or a line of it is not as it should be; names the line.
    """
    path = Path(path)
    ranked: dict[str, dict[int, str]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            absent = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
            if absent:
                raise FormatError(
                    f"{path}: no column {absent[0]!r}; expected {', '.join(_COLUMNS)}"
                )
            for row in rows:
                word, rank, image = (row[name] for name in _COLUMNS)
                if not word or not image or not (rank or "").isdecimal():
                    raise FormatError(
                        f"{path}:{rows.line_num}: word {word!r}, rank {rank!r}, image {image!r}; "
                        "expected a word, an integer and the name of a file"
                    )
                if Path(image).is_absolute() or ".." in Path(image).parts:
                    raise FormatError(f"{path}:{rows.line_num}: image {image!r} leaves the folder")
                if ranked.setdefault(word, {}).setdefault(int(rank), image) != image:
                    raise FormatError(
                        f"{path}:{rows.line_num}: word {word!r} has two images of rank {rank}"
                    )
    except FileNotFoundError:
        raise DataError(f"{str(path)!r} is no file") from None
    except (UnicodeDecodeError, csv.Error) as fault:
        raise FormatError(f"{path}: {fault}") from None
    if not ranked:
        raise FormatError(f"{path}: no words")
    return {word: tuple(images[rank] for rank in sorted(images)) for word, images in ranked.items()}


def without_shared(words: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Remove the images that stand under two or more words from all of them.

    A photograph that two words share is in both of their means and draws them together, which no
    encoder has to do with.
    """
    counts = Counter(image for images in words.values() for image in set(images))
    return {
        word: tuple(image for image in images if counts[image] == 1)
        for word, images in words.items()
    }
