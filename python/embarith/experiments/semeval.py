"""SemEval-2012 Task 2 as its organisers scored it: MaxDiff accuracy and Spearman's rho."""

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
from embarith.questions import SemEval
from embarith.questions.semeval import Relation
from embarith.result import (
    Figure,
    Published,
    QuestionsInfo,
    SemEvalFigures,
    SemEvalRelation,
    SemEvalResult,
    SemEvalScores,
    rounded,
)
from embarith.statistics import cosines, mean_interval, spearman, unit
from embarith.table import EmbeddingTable

Floats = NDArray[np.float64]

# Means over the 69 test relations.
PUBLISHED = {
    name: Published(maxdiff, rho, "Mikolov, Yih and Zweig 2013, tables 4 and 5")
    for name, maxdiff, rho in (
        ("RNN-80", 0.389, 0.211),
        ("RNN-320", 0.408, 0.259),
        ("RNN-640", 0.416, 0.270),
        ("RNN-1600", 0.418, 0.275),
        ("LSA-640", 0.364, 0.149),
    )
}


def semeval(
    table: EmbeddingTable,
    questions: SemEval | str | Path = "semeval",
    *,
    case: str = "exact",
    draws: int = 1000,
    seed: int = 0,
    data_dir: Path | None = None,
    progress: Progress | None = None,
) -> SemEvalResult:
    """Rate the pairs of every relation and compare the ratings with the gold ones.

    A pair c:d is rated by the mean of cos(b − a + c, d) over the relation's paradigm pairs a:b,
    on unit vectors (Mikolov, Yih, Zweig 2013); paradigm pairs with a missing word are left out of
    the mean. A pair that cannot be rated is rated 0 in `all`, as the reference does, and left out
    in `covered`, together with the MaxDiff questions it stands in.

    Parameters
    ----------
    table : EmbeddingTable
    questions : SemEval, str or Path
        The task, or where to find it.
    case : {"exact", "lower", "fold"}
        How words are looked up; a table without capitals gets them lower-cased.
    draws : int
        Bootstrap draws over relations for the intervals; 0 for none.
    seed : int
    data_dir : Path, optional
        Folder of data to look in first.
    progress : callable, optional
        Called as progress("relations", done, total).

    Returns
    -------
    SemEvalResult

    Raises
    ------
    OptionError
        If `questions` is another set, or the table can rate no pair.
    """
    started = time.perf_counter()
    task = (
        questions
        if isinstance(questions, SemEval)
        else question_sets.load(questions, data_dir=data_dir)
    )
    if not isinstance(task, SemEval):
        raise OptionError(f"{task.name} has no rated pairs; ask it with the analogy experiment")
    used = settle_case([table], case)
    rows = find_rows(table, task.words, used)
    row_of = dict(zip(task.words, rows.tolist(), strict=True))
    records = []
    for number, relation in enumerate(task.relations):
        scores = pair_scores(table, relation, row_of)
        alone = np.where(np.isnan(scores), np.nan, nearness(table, relation, row_of))
        records.append(_record(relation, scores, alone, row_of))
        if progress:
            progress("relations", number + 1, len(task.relations))
    if all(record.rho_covered is None for record in records):
        raise OptionError(
            f"{table.provenance.encoder} can rate no pairs of {task.name}: of its {len(rows):,} "
            f"words it has {np.count_nonzero(rows >= 0):,}"
        )
    pairs = [pair for relation in task.relations for pair in relation.pairs]
    lost = [missing for pair in pairs if (missing := [word for word in pair if row_of[word] < 0])]
    result = SemEvalResult(
        encoder=encoder_info(table),
        questions=QuestionsInfo(
            name=task.name,
            source=task.source,
            sha256=task.sha256,
            asked=len(pairs),
            answered=len(pairs) - len(lost),
            dropped=len(lost),
            pairs=len(set(pairs)),
        ),
        coverage=coverage(len(pairs), lost),
        case=used,
        all=_summary(records, "all", draws, seed),
        covered=_summary(records, "covered", draws, seed),
        relations=tuple(records),
        published=PUBLISHED,
        draws=draws,
        seed=seed,
        run=describe_run(started, {}),
    )
    return rounded(result)


def pair_scores(table: EmbeddingTable, relation: Relation, row_of: dict[str, int]) -> Floats:
    """Rate the pairs of a relation: mean over its paradigm pairs a:b of cos(b − a + c, d).

    Parameters
    ----------
    table : EmbeddingTable
    relation : Relation
    row_of : dict of str to int
        Row of every word of the relation, −1 where the table lacks it.

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where a word of the pair is missing, or all paradigm pairs have a missing word.
    """
    a, b = _complete(relation.paradigms, row_of)[1]
    known, (c, d) = _complete(relation.pairs, row_of)
    scores = np.full(len(relation.pairs), np.nan)
    if len(a) and len(c):
        x = table.vectors
        offset = unit(x[b].astype(np.float64)) - unit(x[a].astype(np.float64))
        y = (offset[:, None] + unit(x[c].astype(np.float64))).reshape(-1, table.dimensions)
        target = np.tile(unit(x[d].astype(np.float64)), (len(a), 1))
        scores[known] = cosines(y, target).reshape(len(a), len(c)).mean(axis=0)
    return scores


def nearness(table: EmbeddingTable, relation: Relation, row_of: dict[str, int]) -> Floats:
    """Rate the pairs of a relation by cos(c, d), as if the relation were any: NaN as above."""
    known, (c, d) = _complete(relation.pairs, row_of)
    scores = np.full(len(relation.pairs), np.nan)
    x = table.vectors
    scores[known] = cosines(x[c].astype(np.float64), x[d].astype(np.float64))
    return scores


def maxdiff(relation: Relation, scores: Floats) -> Floats:
    """Answer the MaxDiff questions with the highest and the lowest score, and mark them.

    As the official scripts do (`scale_to_maxdiff.pl`, `score_maxdiff.pl`): among equal scores the
    pair that the question names first is picked, and a pick is right if no other pair of the
    question had more of the Turkers' votes.

    Parameters
    ----------
    relation : Relation
    scores : ndarray of float64, shape (n,)
        Rating of every pair of the relation.

    Returns
    -------
    ndarray of float64, shape (q,)
        0, 0.5 or 1: share of the two picks of every question that are right.
    """
    asked = scores[relation.questions]
    right = np.zeros(len(asked))
    for votes, pick in zip(
        relation.votes, (asked.argmin(axis=1), asked.argmax(axis=1)), strict=True
    ):
        right += votes[np.arange(len(asked)), pick] == votes.max(axis=1)
    return right / 2


def chance(relation: Relation) -> Floats:
    """MaxDiff accuracy that random picks are expected to have: 1/4 and more, as votes are tied.

    Returns
    -------
    ndarray of float64, shape (q,)
    """
    shares = [votes == votes.max(axis=1, keepdims=True) for votes in relation.votes]
    expected: Floats = np.mean(shares, axis=(0, 2))
    return expected


def _complete(
    pairs: Sequence[tuple[str, str]], row_of: dict[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which pairs have both their words, and the rows of these words, shape (2, m)."""
    rows = np.array([[row_of[word] for word in pair] for pair in pairs], np.int64)
    known = np.flatnonzero((rows >= 0).all(axis=1))
    return known, rows[known].T


def _record(
    relation: Relation, scores: Floats, alone: Floats, row_of: dict[str, int]
) -> SemEvalRelation:
    rated = ~np.isnan(scores)
    answerable = rated[relation.questions].all(axis=1)
    filled, filled_alone = (np.where(rated, one, 0.0) for one in (scores, alone))
    right, right_alone = maxdiff(relation, filled), maxdiff(relation, filled_alone)
    lucky = chance(relation)

    def covered(values: Floats) -> float | None:
        return float(values[answerable].mean()) if answerable.any() else None

    return SemEvalRelation(
        id=relation.id,
        name=relation.name,
        category=relation.category,
        split=relation.split,
        pairs=len(relation.pairs),
        covered=len(_complete(relation.pairs, row_of)[0]),
        paradigms=len(relation.paradigms),
        paradigms_covered=len(_complete(relation.paradigms, row_of)[0]),
        questions=len(relation.questions),
        questions_covered=int(answerable.sum()),
        chance_all=float(lucky.mean()),
        chance_covered=covered(lucky),
        maxdiff_all=float(right.mean()),
        maxdiff_covered=covered(right),
        rho_all=_rho(filled, relation.ratings),
        rho_covered=_rho(scores[rated], relation.ratings[rated]),
        maxdiff_only_c_all=float(right_alone.mean()),
        maxdiff_only_c_covered=covered(right_alone),
        rho_only_c_all=_rho(filled_alone, relation.ratings),
        rho_only_c_covered=_rho(alone[rated], relation.ratings[rated]),
    )


def _rho(scores: Floats, ratings: Floats) -> float | None:
    if len(scores) < 2 or np.ptp(scores) == 0 or np.ptp(ratings) == 0:
        return None
    return float(spearman(scores[None], ratings[None])[0])


def _summary(records: Sequence[SemEvalRelation], kind: str, draws: int, seed: int) -> SemEvalScores:
    test = [record for record in records if record.split == "test"]
    headline = _figures(test, kind, draws, seed)
    categories = dict.fromkeys(record.category for record in test)
    return SemEvalScores(
        maxdiff=headline.maxdiff,
        rho=headline.rho,
        maxdiff_only_c=headline.maxdiff_only_c,
        rho_only_c=headline.rho_only_c,
        chance=headline.chance,
        training=_figures([r for r in records if r.split == "training"], kind, draws, seed),
        categories={
            name: _figures([r for r in test if r.category == name], kind, draws, seed)
            for name in categories
        },
    )


def _figures(
    records: Sequence[SemEvalRelation], kind: str, draws: int, seed: int
) -> SemEvalFigures:
    def known(name: str) -> list[float]:
        values = [getattr(record, f"{name}_{kind}") for record in records]
        if kind == "all":
            # Equal scores order nothing; leaving such a relation out would reward missing words.
            return [value or 0.0 for value in values]
        return [value for value in values if value is not None]

    chances = known("chance")
    return SemEvalFigures(
        maxdiff_relations=len(known("maxdiff")),
        rho_relations=len(known("rho")),
        maxdiff=_mean(known("maxdiff"), draws, seed),
        rho=_mean(known("rho"), draws, seed),
        maxdiff_only_c=_mean(known("maxdiff_only_c"), draws, seed),
        rho_only_c=_mean(known("rho_only_c"), draws, seed),
        chance=float(np.mean(chances)) if chances else None,
    )


def _mean(values: Sequence[float], draws: int, seed: int) -> Figure | None:
    if not values:
        return None
    sample = np.array(values)
    return Figure(
        count=float(sample.sum()),
        value=float(sample.mean()),
        ci=mean_interval(
            sample, np.arange(len(sample)), draws=draws, random=generator(seed, "relations")
        ),
    )
