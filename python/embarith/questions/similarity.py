"""Pairs of words rated by people for how alike or how related they are."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embarith.errors import FormatError
from embarith.questions.lines import numbered

SOURCES = {
    "wordsim353": "Finkelstein, Gabrilovich, Matias, Rivlin, Solan, Wolfman, Ruppin (2002), "
    "Placing Search in Context: The Concept Revisited",
    "simlex999": "Hill, Reichart, Korhonen (2015), SimLex-999: Evaluating Semantic Models with "
    "(Genuine) Similarity Estimation",
}


@dataclass(frozen=True)
class SimilaritySet:
    """Pairs of words and how people rated them.

    Parameters
    ----------
    name : str
        Published name, or the file's name for a user's own set.
    source : str
        Citation or origin.
    pairs : tuple of (str, str)
    ratings : ndarray of float64, shape (n,)
        The more alike, the higher; on any scale.
    """

    name: str
    source: str
    pairs: tuple[tuple[str, str], ...]
    ratings: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.pairs)

    @cached_property
    def sha256(self) -> str:
        """Hash of the rated pairs themselves, whatever file they came from."""
        digest = hashlib.sha256()
        for pair, rating in zip(self.pairs, self.ratings.tolist(), strict=True):
            digest.update(json.dumps([*pair, rating], ensure_ascii=False).encode())
        return digest.hexdigest()

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Every word of the set once, in order of appearance."""
        return tuple(dict.fromkeys(word for pair in self.pairs for word in pair))


def read(path: Path) -> SimilaritySet:
    """Read rated pairs: two words and a number a line.

    Parameters
    ----------
    path : Path
        Separated by tabs, by commas, or by spaces, as the first line is; lines that begin with
        ``#`` are remarks, and a first line whose third field is no number is a header.

    Raises
    ------
    FormatError
        A line with other than three fields, an empty word, or a rating that is no finite number;
        names the line.
    """
    pairs: list[tuple[str, str]] = []
    ratings: list[float] = []
    separator, header = "", False
    for number, line in numbered(path):
        if line.lstrip().startswith("#"):
            continue
        separator = separator or next((sign for sign in "\t," if sign in line), " ")
        fields = _fields(line, separator)
        if len(fields) != 3:
            raise FormatError(
                f"{path}:{number}: expected two words and a rating, but found {len(fields)} "
                f"fields: {line!r}"
            )
        first, second, rating = fields
        try:
            value = float(rating)
        except ValueError:
            if pairs or header:
                raise FormatError(f"{path}:{number}: rating {rating!r} is no number") from None
            header = True
            continue
        if not isfinite(value):
            raise FormatError(f"{path}:{number}: rating {rating!r} is not finite")
        if not (first and second):
            raise FormatError(f"{path}:{number}: an empty word")
        pairs.append((first, second))
        ratings.append(value)
    if not pairs:
        raise FormatError(f"{path}: no rated pairs in it")
    return SimilaritySet(
        name=path.stem,
        source=SOURCES.get(path.stem, path.name),
        pairs=tuple(pairs),
        ratings=np.array(ratings),
    )


def _fields(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.split()
    if separator == ",":
        return [field.strip() for field in next(csv.reader([line], skipinitialspace=True))]
    return [field.strip() for field in line.split("\t")]
