"""Multiple choice: pick the pair of words that is related as the stem is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embarith import questions as question_sets
from embarith.draws import generator
from embarith.errors import OptionError
from embarith.experiments.common import (
    coverage,
    encoder_info,
    find_rows,
    settle_case,
)
from embarith.machine import describe_run
from embarith.progress import Progress
from embarith.questions import ChoiceSet
from embarith.result import ChoiceGroup, ChoiceResult, Figure, QuestionsInfo, rounded
from embarith.statistics import EQUAL, cosines, mean_interval, unit
from embarith.table import EmbeddingTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def choice(
    table: EmbeddingTable,
    choices: ChoiceSet | str | Path = "sat",
    *,
    case: str = "exact",
    draws: int = 1000,
    seed: int = 0,
    data_dir: Path | None = None,
    progress: Progress | None = None,
) -> ChoiceResult:
    """Answer multiple-choice analogies with the choice c:d that scores highest.

    Against the stem a:b by PairDistance, cos(b − a, d − c), and by cos(b − a + c, d), both on
    unit vectors; beside them by cos(c, d), which does not look at the stem. Among equal scores
    each is picked with the same probability, so that the order of the choices is worth nothing.

    Parameters
    ----------
    table : EmbeddingTable
    choices : ChoiceSet, str or Path
        The questions, or where to find them.
    case : {"exact", "lower", "fold"}
        How words are looked up; a table without capitals gets them lower-cased.
    draws : int
        Bootstrap draws for the intervals; 0 for none. Questions that share a pair (as stem or as
        right choice) are drawn together, because they are no independent sample.
    seed : int
    data_dir : Path, optional
        Folder of data to look in first.
    progress : callable, optional
        Called as progress("questions", done, total).

    Returns
    -------
    ChoiceResult
        Figures of the answerable questions, those whose words are all in the table, and beside
        them the same with the others counted as wrong.

    Raises
    ------
    OptionError
        If `choices` is another set, or no question is answerable.
    """
    started = time.perf_counter()
    asked = (
        choices
        if isinstance(choices, ChoiceSet)
        else question_sets.load(choices, data_dir=data_dir)
    )
    if not isinstance(asked, ChoiceSet):
        raise OptionError(f"{asked.name} has no multiple-choice questions")
    listed = list(zip(asked.stems, asked.choices, asked.answers, strict=True))
    words = list(
        dict.fromkeys(w for stem, pairs, _ in listed for pair in (stem, *pairs) for w in pair)
    )
    used = settle_case([table], case)
    rows = find_rows(table, words, used)
    row_of = dict(zip(words, rows.tolist(), strict=True))
    marks, answered, lost = [], [], []
    for number, (stem, pairs, answer) in enumerate(listed):
        found = np.array([[row_of[word] for word in pair] for pair in (stem, *pairs)], np.int64)
        if (found < 0).any():
            lost.append([w for pair in (stem, *pairs) for w in pair if row_of[w] < 0])
        else:
            marks.append(_credit(table, found, answer))
            answered.append(number)
        if progress:
            progress("questions", number + 1, len(listed))
    if not answered:
        raise OptionError(
            f"{table.provenance.encoder} lacks words of every question of {asked.name}"
        )
    right = np.array(marks)
    clusters = _clusters([listed[i] for i in answered])
    pair_distance, offset, only_c = (
        Figure(
            count=float(column.sum()),
            value=float(column.mean()),
            ci=mean_interval(column, clusters, draws=draws, random=generator(seed, "choices")),
        )
        for column in right.T
    )
    result = ChoiceResult(
        encoder=encoder_info(table),
        questions=QuestionsInfo(
            name=asked.name,
            source=asked.source,
            sha256=asked.sha256,
            asked=len(listed),
            answered=len(answered),
            dropped=len(lost),
            pairs=len({pair for stem, pairs, _ in listed for pair in (stem, *pairs)}),
        ),
        coverage=coverage(len(listed), lost),
        case=used,
        pair_distance=pair_distance,
        offset=offset,
        only_c=only_c,
        pair_distance_missing_as_wrong=pair_distance.count / len(listed),
        offset_missing_as_wrong=offset.count / len(listed),
        only_c_missing_as_wrong=only_c.count / len(listed),
        chance=float(np.mean([1 / len(listed[i][1]) for i in answered])),
        groups=_groups(asked, right, np.array(answered)),
        draws=draws,
        seed=seed,
        run=describe_run(started, {}),
    )
    return rounded(result)


def _credit(table: EmbeddingTable, rows: Ints, answer: int) -> list[float]:
    """Return the expected credit of a question by PairDistance, by the offset, and by c alone.

    Parameters
    ----------
    table : EmbeddingTable
    rows : ndarray of int64, shape (1 + k, 2)
        Rows of the stem and of the k choices.
    answer : int
        Index of the right choice.
    """
    x = unit(table.vectors[rows.ravel()].astype(np.float64)).reshape(*rows.shape, -1)
    a, b, c, d = x[0, 0], x[0, 1], x[1:, 0], x[1:, 1]
    # A choice may be listed twice; then either is right.
    right = (rows[1:] == rows[1 + answer]).all(axis=1)
    results = []
    pair_distance = cosines(np.broadcast_to(b - a, c.shape), d - c)
    for scores in (pair_distance, cosines(b - a + c, d), cosines(c, d)):
        best = scores >= scores.max() - EQUAL
        results.append(float((best & right).sum() / best.sum()))
    return results


def _clusters(listed: Sequence[tuple[tuple[str, str], tuple[tuple[str, str], ...], int]]) -> Ints:
    """Return the number of every question's group, of those linked by a shared stem or answer."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ids: dict[tuple[str, str], int] = {}
    ends = [
        (ids.setdefault(stem, len(ids)), ids.setdefault(pairs[answer], len(ids)))
        for stem, pairs, answer in listed
    ]
    stem_id, right_id = np.array(ends).T
    links = coo_array((np.ones(len(ends)), (stem_id, right_id)), shape=(len(ids), len(ids)))
    cluster = connected_components(links, directed=False)[1][stem_id]
    numbers: Ints = np.unique(cluster, return_inverse=True)[1].astype(np.int64)
    return numbers


def _groups(asked: ChoiceSet, right: Floats, answered: Ints) -> dict[str, ChoiceGroup]:
    groups = {}
    names = np.array(asked.groups)
    chances = np.array([1 / len(pairs) for pairs in asked.choices])
    for name in dict.fromkeys(asked.groups):
        inside = names == name
        marks = right[inside[answered]]
        pair_distance, offset, only_c = marks.mean(axis=0).tolist() if len(marks) else [None] * 3
        groups[name] = ChoiceGroup(
            asked=int(inside.sum()),
            answered=len(marks),
            pair_distance=pair_distance,
            offset=offset,
            only_c=only_c,
            chance=float(chances[answered][inside[answered]].mean()) if len(marks) else None,
        )
    return groups
