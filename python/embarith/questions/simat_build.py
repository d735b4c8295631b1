"""A SIMAT set of one's own: what to change in photographs that have captions."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from embarith.errors import OptionError
from embarith.questions.simat import Simat, is_test
from embarith.questions.triples import FIELDS, Triple, describe, differ, triples

WORD, TRIPLE = 10, 3
"""Photographs that a word or relation needs to be asked for, and a triple to be carried."""

EACH = 5
"""Queries that change one field of a photograph, at most."""

_Carriers = dict[Triple, frozenset[str]]


@dataclass(frozen=True)
class Built:
    """A set and what was left at every step of making it.

    Parameters
    ----------
    task : Simat
    captions, photographs : int
        Of the collection.
    read : int
        Different triples in the captions.
    kept : int
        Those of them that enough photographs carry.
    possible : int
        Changes that a photograph with the target answers, before those of one photograph and
        field are cut to `EACH`.
    """

    task: Simat
    captions: int
    photographs: int
    read: int
    kept: int
    possible: int


def build(
    captions: Mapping[str, Sequence[str]], *, name: str, source: str = "", seed: int = 0
) -> Built:
    """Make a set of photographs and their captions.

    Triples come from the captions by the rule of `embarith.questions.triples`; a photograph
    carries those of all its captions. Kept are triples that `TRIPLE` photographs carry, of words
    and relations that stand in `WORD` photographs' kept triples. A query changes one field of a
    triple so that another photograph carries the result and this one does not, and so that the
    change shows (`triples.differ`). Of the queries that change one field of one photograph the
    `EACH` first by sha256 of seed, photograph, value and target are asked. All photographs that
    carry a kept triple are one gallery; a query is of the test by sha256 of its photograph.

    Parameters
    ----------
    captions : mapping of str to sequence of str
        The captions of every photograph.
    name, source : str
    seed : int

    Raises
    ------
    OptionError
        No query can be asked.

    Examples
    --------
    >>> captions = {f"{i}.jpg": [f"A {'dog' if i % 2 else 'cat'} runs on grass"] for i in range(40)}
    >>> made = build(captions, name="pets")
    >>> made.task, made.kept
    (<Simat 'pets': 40 queries, 40 photographs>, 2)
    """
    found: defaultdict[Triple, set[str]] = defaultdict(set)
    for image, texts in captions.items():
        for text in texts:
            for triple in triples(text):
                found[triple].add(image)
    carriers = _kept({triple: frozenset(images) for triple, images in found.items()})
    asked, possible = _queries(carriers, list(captions), seed)
    if not asked:
        raise OptionError(
            f"{name}: no query can be asked of {len(captions):,} photographs: their captions give "
            f"{len(found):,} different triples, of which {len(carriers):,} are carried by {TRIPLE} "
            f"photographs or more, with words that stand in {WORD} or more"
        )
    shown = set().union(*carriers.values())
    images = tuple(image for image in captions if image in shown)
    number = {image: place for place, image in enumerate(images)}
    carries = {image: sorted(t for t in carriers if image in carriers[t]) for image in images}
    # In the order in which `read` meets them.
    kept = list(dict.fromkeys(triple for image in images for triple in carries[image]))
    place_of = {triple: place for place, triple in enumerate(kept)}
    counts = Counter(triple[field] for _, field, triple, _ in asked)
    goals = np.array([place_of[goal] for *_, goal in asked], np.int64)
    values = tuple(triple[field] for _, field, triple, _ in asked)
    task = Simat(
        name=name,
        source=source,
        images=images,
        regions=(),
        triples=tuple(kept),
        carried=np.array(
            sorted((number[image], place_of[one]) for one in kept for image in carriers[one]),
            np.int64,
        ),
        captions=tuple(map(describe, kept)),
        photograph=np.array([number[image] for image, *_ in asked], np.int64),
        field=np.array([field for _, field, *_ in asked], np.int64),
        value=values,
        target=tuple(goal[field] for _, field, _, goal in asked),
        goal=goals,
        caption=goals,
        norm2=np.array([counts[value] for value in values], np.int64),
        is_test=np.array([is_test(image, seed) for image, *_ in asked]),
        split=f"half of the photographs by sha256, seed {seed}",
    )
    total = sum(len(texts) for texts in captions.values())
    return Built(task, total, len(captions), len(found), len(carriers), possible)


def _kept(carriers: _Carriers) -> _Carriers:
    """Return triples with enough photographs, of words with enough photographs among these."""
    while True:
        shown: list[defaultdict[str, set[str]]] = [defaultdict(set) for _ in FIELDS]
        for triple, images in carriers.items():
            for where, word in zip(shown, triple, strict=True):
                where[word] |= images
        left = {
            triple: images
            for triple, images in carriers.items()
            if len(images) >= TRIPLE
            and all(len(shown[field][word]) >= WORD for field, word in enumerate(triple))
        }
        if len(left) == len(carriers):
            return left
        carriers = left


_Query = tuple[str, int, Triple, Triple]


def _queries(carriers: _Carriers, order: Sequence[str], seed: int) -> tuple[list[_Query], int]:
    """Return photograph, field, triple and goal of the queries, and how many there might be."""
    carries: defaultdict[str, list[Triple]] = defaultdict(list)
    alike: defaultdict[tuple[int, Triple], list[Triple]] = defaultdict(list)
    for triple in sorted(carriers):
        for image in carriers[triple]:
            carries[image].append(triple)
        for field, name in enumerate(FIELDS):
            alike[field, triple._replace(**{name: ""})].append(triple)
    asked: list[_Query] = []
    possible = 0
    for image in order:
        for field, name in enumerate(FIELDS):
            offered = [
                (image, field, triple, goal)
                for triple in carries[image]
                for goal in alike[field, triple._replace(**{name: ""})]
                if goal not in carries[image] and differ(field, triple[field], goal[field])
            ]
            # One query a change of words: several goals of one change are one point to search from.
            distinct: dict[tuple[str, str], _Query] = {}
            for one in sorted(offered, key=lambda one: _order(seed, *one)):
                distinct.setdefault((one[2][field], one[3][field]), one)
            possible += len(distinct)
            asked += list(distinct.values())[:EACH]
    return asked, possible


def _order(seed: int, image: str, field: int, triple: Triple, goal: Triple) -> bytes:
    text = " ".join((str(seed), image, triple[field], goal[field], *goal))
    return hashlib.sha256(text.encode()).digest()
