"""Analogy questions that photographs can be asked: four distinct words with enough of them each."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from embarith.errors import OptionError
from embarith.files import replacing
from embarith.questions.model import AnalogySet
from embarith.questions.semeval import Pair, SemEval
from embarith.result.paper import Selection


@dataclass(frozen=True)
class _Couple:
    relation: int
    first: Pair
    second: Pair
    rating: float

    @property
    def turned(self) -> _Couple:
        return _Couple(self.relation, self.second, self.first, self.rating)


def picturable(
    task: SemEval,
    words: Mapping[str, Sequence[str]],
    *,
    photographs: int = 30,
    size: int = 50,
    per_relation: int = 12,
    per_pair: int = 6,
) -> tuple[AnalogySet, Selection]:
    """Choose questions of SemEval-2012 Task 2 whose words a collection has photographs of.

    A question crosses two pairs of one relation, both rated above 0, of four distinct words no
    two of which share a photograph: a shared one would stand on both sides of the equation. The
    better rated pair comes first. Questions are taken one at a time, always from the relation
    that has given fewest, there the one whose pairs stand in fewest questions, then the one whose
    lesser rating is higher, then the first in the order of the source; no relation gives more
    than `per_relation`, no pair stands in more than `per_pair`. Where these are fewer than `size`
    the same couples are asked the other way round, under the same limits.

    Parameters
    ----------
    task : SemEval
    words : mapping of str to sequence of str
        The photographs of every word of a collection.
    photographs : int
        That a word must have.
    size : int
        Questions wanted; fewer are returned where the limits leave fewer.
    per_relation, per_pair : int
        Without such limits half of the questions come from one relation, and their scores would
        be those of a few pairs.

    Returns
    -------
    AnalogySet
        Words in lower case; every first pair belongs to the relation of the second.
    Selection
        How many were left at every step.

    Raises
    ------
    OptionError
        If no question can be asked.
    """
    rated = sum(len(relation.pairs) for relation in task.relations)
    images = {word: frozenset(found) for word, found in words.items() if len(found) >= photographs}
    pictured = [
        (number, (a, b), float(rating))
        for number, relation in enumerate(task.relations)
        for (a, b), rating in zip(_lowered(relation.pairs), relation.ratings, strict=True)
        if a in images and b in images
    ]
    couples = [
        _Couple(number, *((one, other) if first >= second else (other, one)), min(first, second))
        for (number, one, first), (same, other, second) in combinations(pictured, 2)
        if number == same and first > 0 and second > 0 and len({*one, *other}) == 4
    ]
    apart = [
        couple
        for couple in couples
        if not any(
            images[one] & images[other]
            for one, other in combinations((*couple.first, *couple.second), 2)
        )
    ]
    chosen: list[_Couple] = []
    for offered in (apart, [couple.turned for couple in apart]):
        _choose(chosen, offered, size, per_relation, per_pair)
    if not chosen:
        raise OptionError(
            f"no question of {task.name} can be asked: of {rated:,} "
            f"rated pairs {len(pictured)} have {photographs} photographs a word, and no two of "
            "one relation are rated above 0, of four distinct words, and share no photograph"
        )
    chosen.sort(key=lambda couple: couple.relation)
    ratings = {(number, pair): rating for number, pair, rating in pictured}
    kept = sorted({couple.relation for couple in chosen})
    questions = AnalogySet(
        name=f"picturable-{len(chosen)}",
        source=task.source,
        relations=tuple(f"{task.relations[one].id} {task.relations[one].name}" for one in kept),
        relation=np.array([kept.index(couple.relation) for couple in chosen], np.int64),
        a=tuple(couple.first[0] for couple in chosen),
        b=tuple(couple.first[1] for couple in chosen),
        c=tuple(couple.second[0] for couple in chosen),
        gold=tuple((couple.second[1],) for couple in chosen),
        categories=tuple(task.relations[one].category for one in kept),
        ratings=np.array([ratings[couple.relation, couple.second] for couple in chosen]),
        first_from=np.array([kept.index(couple.relation) for couple in chosen], np.int64),
    )
    return questions, Selection(
        name=questions.name,
        questions=len(questions),
        rated=rated,
        pictured=len(pictured),
        relations=len({number for number, _, _ in pictured}),
        not_above_zero=sum(rating <= 0 for _, _, rating in pictured),
        sharing=sum(bool(images[a] & images[b]) for _, (a, b), _ in pictured),
        couples=len(couples),
        apart=len(apart),
        apart_of=len({couple.relation for couple in apart}),
        pairs=len({pair for couple in chosen for pair in (couple.first, couple.second)}),
        photographs=photographs,
    )


def write(questions: AnalogySet, path: str | Path) -> None:
    """Write questions as tab-separated ``a b c d relation``, which `embarith.questions` reads.

    Only the first right answer of a question is written.
    """
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter="\t", lineterminator="\n")
        for a, b, c, gold, relation in zip(
            questions.a, questions.b, questions.c, questions.gold, questions.relation, strict=True
        ):
            rows.writerow((a, b, c, gold[0], questions.relations[relation]))


def _lowered(pairs: Sequence[Pair]) -> list[Pair]:
    return [(a.lower(), b.lower()) for a, b in pairs]


def _choose(
    chosen: list[_Couple],
    offered: Sequence[_Couple],
    size: int,
    per_relation: int,
    per_pair: int,
) -> None:
    relations = Counter(couple.relation for couple in chosen)
    pairs = Counter(pair for couple in chosen for pair in (couple.first, couple.second))
    left = list(offered)
    while left and len(chosen) < size:
        left = [
            one
            for one in left
            if relations[one.relation] < per_relation
            and max(pairs[one.first], pairs[one.second]) < per_pair
        ]
        best = min(
            left,
            key=lambda one: (
                relations[one.relation],
                pairs[one.first] + pairs[one.second],
                -one.rating,
            ),
            default=None,
        )
        if best is None:
            return
        left.remove(best)
        chosen.append(best)
        relations[best.relation] += 1
        pairs.update((best.first, best.second))
