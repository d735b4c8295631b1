"""SemEval-2012 Task 2: 79 relations, and how well pairs of words show them."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from embarith.errors import DataError, FormatError, OptionError, nearest
from embarith.questions.lines import numbered
from embarith.questions.model import AnalogySet

SOURCE = (
    "Jurgens, Mohammad, Turney, Holyoak (2012), SemEval-2012 Task 2: Measuring Degrees of "
    "Relational Similarity"
)
Pair = tuple[str, str]
Reading = Literal["anchor", "chain", "relation"]
READINGS: tuple[Reading, ...] = ("anchor", "chain", "relation")

_PACKAGE = "SemEval-2012-Complete-Data-Package"
_GOLD = "SemEval-2012-Gold-Ratings"
_PARADIGMS = "subcategories-paradigms.txt"
_NAMES = "subcategories-list.txt"
# Pairs are told apart by what a word may hold, not by commas: the published list also has full
# stops and spaces between them ("shy. right:bad", "satiation flee:escape") and "bulwark: flimsy".
_PARADIGM = re.compile(r"([\w'-]+): ?([\w'-]+)")


@dataclass(frozen=True)
class Relation:
    """One of the 79 relations.

    Parameters
    ----------
    id : str
        Number of the class and letter of the relation in it (``1a`` to ``10f``).
    category : str
        Class, such as ``CLASS-INCLUSION``.
    name : str
        Name in its class, such as ``Taxonomic``; may hold colons.
    split : {"training", "test"}
        Part of the task: 10 relations were for training, 69 for the test.
    paradigms : tuple of (str, str)
        The pairs that show what the relation is, 3 to 5.
    pairs : tuple of (str, str)
        The rated pairs, in the order of the gold file: best rated first.
    ratings : ndarray of float64, shape (n,)
        Gold rating of every pair: % of times chosen as most illustrative − % as least, −100 to 100.
    questions : ndarray of int64, shape (q, 4)
        MaxDiff questions: which of these four pairs is the most illustrative, which the least?
        Indices into `pairs`.
    answers : ndarray of int64, shape (m, 3)
        The Turkers' answers: question, and the positions (0 to 3) of the pairs chosen as least and
        as most illustrative, −1 where none was chosen.
    """

    id: str
    category: str
    name: str
    split: Literal["training", "test"]
    paradigms: tuple[Pair, ...]
    pairs: tuple[Pair, ...]
    ratings: NDArray[np.float64]
    questions: NDArray[np.int64]
    answers: NDArray[np.int64]

    @cached_property
    def votes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many Turkers chose each pair of each question as least and as most: 2 × (q, 4)."""
        counts = np.zeros((2, len(self.questions), 4), np.int64)
        for counted, column in zip(counts, (1, 2), strict=True):
            chosen = self.answers[self.answers[:, column] >= 0]
            np.add.at(counted, (chosen[:, 0], chosen[:, column]), 1)
        return counts[0], counts[1]


@dataclass(frozen=True)
class SemEval:
    """The whole task: its relations in natural order, 1a, 1b, ... 10f.

    Parameters
    ----------
    relations : tuple of Relation
    source : str
        Citation.
    """

    relations: tuple[Relation, ...]
    source: str = SOURCE
    name: str = "semeval"

    @cached_property
    def sha256(self) -> str:
        """Hash of everything that a score depends on, whatever the files looked like."""
        digest = hashlib.sha256()
        for relation in self.relations:
            row = (relation.id, relation.split, relation.paradigms, relation.pairs)
            digest.update(json.dumps(row, ensure_ascii=False).encode())
            for array in (relation.ratings, relation.questions, relation.answers):
                digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Every word of the rated and paradigm pairs once, in order of appearance."""
        return tuple(
            dict.fromkeys(
                word
                for relation in self.relations
                for pair in (*relation.paradigms, *relation.pairs)
                for word in pair
            )
        )

    def extended(self, reading: str = "anchor") -> AnalogySet:
        """Return analogy questions made of all rated pairs (the extended set).

        The pairs are taken in one list: relations in natural order 1a, 1b, ... 10f, and in a
        relation as the gold file has them, best rated first; weapon:spear is the first of 3,218.

        Parameters
        ----------
        reading : {"anchor", "chain", "relation"}
            ``anchor``: the first pair of the list against every other, 3,217 questions, of which
            3,177 compare pairs of different relations. ``chain``: consecutive pairs of the list,
            3,217, of which 78 cross relations. ``relation``: the first pair of each relation
            against its others, 3,139.

        Returns
        -------
        AnalogySet
            A question belongs to the relation of its second pair, and carries its rating.

        Raises
        ------
        OptionError
            If `reading` is none of these.
        """
        if reading not in READINGS:
            raise OptionError(
                f"reading {reading!r} of the extended set: give one of {', '.join(READINGS)}"
                + nearest(reading, READINGS)
            )
        listed = [(i, pair) for i, rel in enumerate(self.relations) for pair in rel.pairs]
        ratings = np.concatenate([relation.ratings for relation in self.relations])
        relation = np.array([i for i, _ in listed], np.int64)
        rows = np.arange(1, len(listed))
        if reading == "anchor":
            first = np.zeros(len(rows), np.int64)
        elif reading == "chain":
            first = rows - 1
        else:
            starts = np.flatnonzero(np.diff(relation, prepend=-1))
            rows = np.setdiff1d(np.arange(len(listed)), starts)
            first = starts[relation[rows]]
        pairs = [pair for _, pair in listed]
        return AnalogySet(
            name=f"semeval-{reading}",
            source=self.source,
            relations=tuple(f"{rel.id} {rel.name}" for rel in self.relations),
            relation=relation[rows],
            a=tuple(pairs[i][0] for i in first),
            b=tuple(pairs[i][1] for i in first),
            c=tuple(pairs[i][0] for i in rows),
            gold=tuple((pairs[i][1],) for i in rows),
            categories=tuple(rel.category for rel in self.relations),
            ratings=ratings[rows],
            first_from=relation[first],
        )


def is_semeval(path: Path) -> bool:
    """Whether `path` is the folder that holds the two published packages."""
    return (path / _PACKAGE).is_dir() or (path / _GOLD).is_dir()


def read(path: Path) -> SemEval:
    """Read the published packages.

    Parameters
    ----------
    path : Path
        The folder that holds ``SemEval-2012-Complete-Data-Package`` (relations, paradigm pairs,
        MaxDiff questions, Turkers' answers) and ``SemEval-2012-Gold-Ratings``, unpacked.

    Raises
    ------
    DataError
        If one of the packages or a file of them is absent.
    FormatError
        If a line is not what it should be; names the file and line.
    """
    package, gold = path / _PACKAGE, path / _GOLD
    for folder in (package, gold):
        if not folder.is_dir():
            raise DataError(
                f"{path}: no {folder.name} in it; unpack both packages of the task here"
            )
    paradigms = _paradigms(package)
    relations = []
    for key, (category, name) in _names(package):
        if key not in paradigms:
            raise FormatError(f"{package / _PARADIGMS}: no paradigm pairs of relation {key}")
        training = (gold / "Training" / f"GoldRatings-{key}.txt").exists()
        part = "Training" if training else "Testing"
        pairs, ratings = _gold(gold / part / f"GoldRatings-{key}.txt")
        questions, answers = _maxdiff(package / part, key, pairs)
        relations.append(
            Relation(
                id=key,
                category=category,
                name=name,
                split="training" if training else "test",
                paradigms=paradigms[key],
                pairs=pairs,
                ratings=ratings,
                questions=questions,
                answers=answers,
            )
        )
    return SemEval(tuple(relations))


def _paradigms(package: Path) -> dict[str, tuple[Pair, ...]]:
    path = package / _PARADIGMS
    names = dict(_names(package))
    found: dict[str, tuple[Pair, ...]] = {}
    for number, line in numbered(path):
        fields = line.strip().split(", ", 3)
        key = "".join(fields[:2])
        # A relation's name may hold colons and commas itself, so it is taken off whole first.
        name = names.get(key, ("", ""))[1]
        listed = fields[-1].removeprefix(name)
        if not name or listed == fields[-1] or _PARADIGM.sub("", listed).strip(",. "):
            raise FormatError(
                f"{path}:{number}: expected number, letter, CLASS, name, pairs a:b, "
                f"but found {line!r}"
            )
        found[key] = tuple((a, b) for a, b in _PARADIGM.findall(listed))
    return found


def _names(package: Path) -> list[tuple[str, tuple[str, str]]]:
    """Return (id, (class, name)) of every relation, in natural order."""
    path = package / _NAMES
    found = []
    for number, line in numbered(path):
        fields = line.strip().split(", ", 3)
        if len(fields) != 4 or not fields[0].isdigit():
            raise FormatError(
                f"{path}:{number}: expected number, letter, CLASS, name, but found {line!r}"
            )
        found.append((fields[0] + fields[1], (fields[2], fields[3])))
    return sorted(found, key=lambda entry: (int(entry[0][:-1]), entry[0][-1]))


def _gold(path: Path) -> tuple[tuple[Pair, ...], NDArray[np.float64]]:
    pairs, ratings = [], []
    for number, line in numbered(path):
        if line.startswith("#"):
            continue
        rating, _, quoted = line.strip().partition(" ")
        try:
            ratings.append(float(rating))
            pairs.append(_pair(quoted))
        except ValueError:
            raise FormatError(
                f'{path}:{number}: expected a rating and a pair, 50.0 "a:b", but found {line!r}'
            ) from None
    if len(set(pairs)) != len(pairs) or not pairs:
        raise FormatError(f"{path}: {len(pairs)} rated pairs, of which {len(set(pairs))} distinct")
    return tuple(pairs), np.array(ratings)


def _pair(quoted: str) -> Pair:
    match = re.fullmatch(r'"([^":]+):([^":]+)"', quoted.strip())
    if match is None:
        raise ValueError(quoted)
    return match[1], match[2]


def _maxdiff(
    folder: Path, key: str, pairs: tuple[Pair, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    row = {f'"{a}:{b}"': i for i, (a, b) in enumerate(pairs)}
    path = folder / "Phase2Questions" / f"Phase2Questions-{key}.txt"
    asked: dict[tuple[str, ...], int] = {}
    for number, line in numbered(path):
        question = tuple(line.strip().split(","))
        if len(question) != 4 or question in asked or not all(pair in row for pair in question):
            raise FormatError(f"{path}:{number}: expected four rated pairs, but found {line!r}")
        asked[question] = len(asked)
    path = folder / "Phase2Answers" / f"Phase2Answers-{key}.txt"
    answers = []
    for number, line in numbered(path):
        if line.startswith("#"):
            continue
        fields = line.split("\t")
        question, chosen = tuple(fields[:4]), fields[4:6]
        # Some Turkers left one choice or both empty ("").
        choices = (*question, '""')
        if question not in asked or len(chosen) != 2 or not all(c in choices for c in chosen):
            raise FormatError(
                f"{path}:{number}: expected four pairs of a question, the least and the most "
                f"illustrative of them, but found {line!r}"
            )
        least, most = (question.index(c) if c != choices[4] else -1 for c in chosen)
        answers.append((asked[question], least, most))
    questions = np.array([[row[pair] for pair in question] for question in asked], np.int64)
    return questions, np.array(answers, np.int64)
