"""The nouns of this package: a set of analogy questions, and a set of multiple-choice ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class AnalogySet:
    """Questions ``a : b :: c : ?`` by relation, each with one or more right answers.

    Held in columns, because published sets have up to 98,000 questions.

    Parameters
    ----------
    name : str
        Published name, or the file's name for a user's own set.
    source : str
        Citation or origin of the questions.
    relations : tuple of str
        Relation names in file order.
    relation : ndarray of int64, shape (n,)
        Index into `relations` of every question.
    a, b, c : tuple of str, length n
        The three inputs of every question.
    gold : tuple of tuple of str, length n
        The right answers of every question, the source's first answer first.
    categories : tuple of str, optional
        Category of every relation (`semantic`, `syntactic`, ...), or empty without categories.
    ratings : ndarray of float64, shape (n,), optional
        Rating of the second pair where the source has one (extended SemEval), else None.
    first_from : ndarray of int64, shape (n,), optional
        Relation that every first pair was taken from, where the source says so.

    Examples
    --------
    >>> import numpy as np
    >>> capitals = AnalogySet(
    ...     name="capitals", source="doctest", relations=("capital",), relation=np.array([0]),
    ...     a=("Paris",), b=("France",), c=("Rome",), gold=(("Italy",),))
    >>> len(capitals)
    1
    >>> capitals.first_pair.tolist(), capitals.second_pair.tolist()
    ([0], [1])
    """

    name: str
    source: str
    relations: tuple[str, ...]
    relation: NDArray[np.int64]
    a: tuple[str, ...]
    b: tuple[str, ...]
    c: tuple[str, ...]
    gold: tuple[tuple[str, ...], ...]
    categories: tuple[str, ...] = ()
    ratings: NDArray[np.float64] | None = field(default=None)
    first_from: NDArray[np.int64] | None = field(default=None)

    def __post_init__(self) -> None:
        n = len(self.a)
        if not (len(self.b) == len(self.c) == len(self.gold) == len(self.relation) == n):
            raise ValueError("a, b, c, gold and relation must have one entry a question")
        if self.categories and len(self.categories) != len(self.relations):
            raise ValueError("categories must have one entry a relation")

    def __len__(self) -> int:
        return len(self.a)

    @cached_property
    def sha256(self) -> str:
        """Hash of the questions themselves, whatever file they came from."""
        rows = zip(self.relation.tolist(), self.a, self.b, self.c, self.gold, strict=True)
        digest = hashlib.sha256(json.dumps(self.relations, ensure_ascii=False).encode())
        for row in rows:
            digest.update(json.dumps(row, ensure_ascii=False).encode())
        if self.ratings is not None:
            digest.update(self.ratings.astype("<f8").tobytes())
        return digest.hexdigest()

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Every word of the set once (inputs and right answers), in order of appearance."""
        seen: dict[str, None] = {}
        for a, b, c, gold in zip(self.a, self.b, self.c, self.gold, strict=True):
            for word in (a, b, c, *gold):
                seen.setdefault(word)
        return tuple(seen)

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        ids: dict[tuple[str, str], int] = {}
        first = [ids.setdefault(pair, len(ids)) for pair in zip(self.a, self.b, strict=True)]
        second = [
            ids.setdefault((c, gold[0]), len(ids))
            for c, gold in zip(self.c, self.gold, strict=True)
        ]
        return np.array(first, np.int64), np.array(second, np.int64)

    @property
    def first_pair(self) -> NDArray[np.int64]:
        """Number of every question's (a, b) among the distinct pairs of the set, shape (n,)."""
        return self._pairs[0]

    @property
    def second_pair(self) -> NDArray[np.int64]:
        """Number of every question's (c, first right answer) among them, shape (n,)."""
        return self._pairs[1]

    @cached_property
    def first_relation(self) -> NDArray[np.int64]:
        """Relation that every question's (a, b) is a pair of, −1 for none, shape (n,).

        Where the source does not say, a first pair is one of the question's relation if it also
        stands in second place there, or serves no other relation: what serves several (an anchor)
        need not show any of them.
        """
        if self.first_from is not None:
            return self.first_from
        count = len(self.relations)
        used = self.first_pair * count + self.relation
        relations = np.bincount(np.unique(used) // count)
        own = np.isin(used, self.second_pair * count + self.relation)
        return np.where(own | (relations[self.first_pair] == 1), self.relation, -1)

    def select(self, questions: NDArray[np.int64] | NDArray[np.bool_]) -> AnalogySet:
        """Return the set with these questions alone; relations and their indices stay as they are.

        Parameters
        ----------
        questions : ndarray of int64 or bool
            Question numbers in the wanted order, or a mask of shape (n,).
        """
        rows = np.arange(len(self))[questions]
        return replace(
            self,
            relation=self.relation[rows],
            a=tuple(self.a[i] for i in rows),
            b=tuple(self.b[i] for i in rows),
            c=tuple(self.c[i] for i in rows),
            gold=tuple(self.gold[i] for i in rows),
            ratings=None if self.ratings is None else self.ratings[rows],
            first_from=None if self.first_from is None else self.first_from[rows],
        )

    def map_words(self, change: Callable[[str], str]) -> AnalogySet:
        """Return the set with every word put through `change` (lower-casing, say)."""
        return replace(
            self,
            a=tuple(map(change, self.a)),
            b=tuple(map(change, self.b)),
            c=tuple(map(change, self.c)),
            gold=tuple(tuple(map(change, gold)) for gold in self.gold),
        )


@dataclass(frozen=True)
class ChoiceSet:
    """Multiple-choice analogies: which of these pairs is related as the stem is.

    Parameters
    ----------
    name : str
        Published name (`sat`, `u2`, ...).
    source : str
        Citation or origin.
    stems : tuple of (str, str)
        The given pair of every question.
    choices : tuple of tuple of (str, str)
        The pairs to choose from.
    answers : tuple of int
        Index of the right choice.
    groups : tuple of str
        The group that the source puts every question in (`prefix`).
    """

    name: str
    source: str
    stems: tuple[tuple[str, str], ...]
    choices: tuple[tuple[tuple[str, str], ...], ...]
    answers: tuple[int, ...]
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.stems)

    @cached_property
    def sha256(self) -> str:
        """Hash of the questions themselves, whatever file they came from."""
        digest = hashlib.sha256()
        for row in zip(self.stems, self.choices, self.answers, self.groups, strict=True):
            digest.update(json.dumps(row, ensure_ascii=False).encode())
        return digest.hexdigest()

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Every word of the set once, in order of appearance."""
        pairs = zip(self.stems, self.choices, strict=True)
        return tuple(
            dict.fromkeys(
                word for stem, choices in pairs for pair in (stem, *choices) for word in pair
            )
        )
