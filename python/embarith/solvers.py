"""Analogy methods under their published names.

A question a : b :: c : ? is put to every row of a table; a smaller vocabulary is made with
`EmbeddingTable.select` first. With unit vectors unless `raw`:

================  ===========================================================================
method            score of a row x
================  ===========================================================================
`3cosadd`         cos(x, b − a + c) (Mikolov, Yih, Zweig 2013)
`3cosmul`         s(x, b)·s(x, c) / (s(x, a) + ε), s = (1 + cos)/2 (Levy, Goldberg 2014)
`pairdistance`    cos(b − a, x − c); −∞ at x = c
`3cosavg`         cos(x, c + mean offset of the relation's other pairs) (Drozd et al. 2016)
`lrcos`           P(x in the target class)·cos(x, c) (Drozd et al. 2016)
`only-c`          cos(x, c), and so on: the baselines of Linzen (2016)
`only-b`          cos(x, b)
`ignore-a`        cos(x, b + c)
`add-opposite`    cos(x, c − (b − a))
================  ===========================================================================

`3cosavg` and `lrcos` are asked once a pair (`solve_pairs`), the others once a question (`solve`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from embarith import _core
from embarith.checks import as_count, as_integers, as_rows
from embarith.draws import generator
from embarith.errors import OptionError, nearest
from embarith.table import EmbeddingTable, Similarity, padded

Rows = NDArray[np.int64]
Progress = Callable[[int, int], None]

# Coefficients of a, b and c.
LINEAR: dict[str, tuple[float, float, float]] = {
    "3cosadd": (-1.0, 1.0, 1.0),
    "only-c": (0.0, 0.0, 1.0),
    "only-b": (0.0, 1.0, 0.0),
    "ignore-a": (0.0, 1.0, 1.0),
    "add-opposite": (1.0, -1.0, 1.0),
}
BASELINES = ("only-c", "only-b", "ignore-a", "add-opposite")
QUESTION_METHODS = ("3cosadd", "3cosmul", "pairdistance", *BASELINES)
PAIR_METHODS = ("3cosavg", "lrcos")
MIN_PAIRS = 5


@dataclass(frozen=True, slots=True)
class Answers:
    """Best rows of every question.

    Parameters
    ----------
    indices : ndarray of int64, shape (n, k)
        Row numbers, best first, equal scores by the lower row; −1 where candidates run out.
    scores : ndarray of float64, shape (n, k)
        Their scores; NaN where candidates run out.
    """

    indices: Rows
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranks:
    """Place of every question's best right answer among the candidates.

    Parameters
    ----------
    above : ndarray of int64, shape (n,)
        Candidates that score strictly higher; −1 where no right answer is a candidate.
    tied : ndarray of int64, shape (n,)
        Candidates with the same score, the right answer counted.
    right : ndarray of int64, shape (n,)
        How many of those are right answers.
    """

    above: Rows
    tied: Rows
    right: Rows


@dataclass(frozen=True, slots=True)
class Solutions:
    """Answers and ranks with the inputs as candidates (`fair`) and without (`restricted`)."""

    fair: Answers
    restricted: Answers
    rank_fair: Ranks
    rank_restricted: Ranks


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What every search is asked for beside its questions."""

    gold: Rows
    exclude: Rows
    k: int
    limit: int | None
    similarity: Similarity
    progress: Progress | None


def solve(
    table: EmbeddingTable,
    a: Rows,
    b: Rows,
    c: Rows,
    gold: Rows,
    *,
    method: str = "3cosadd",
    k: int = 10,
    raw: bool = False,
    similarity: Similarity = "cosine",
    exclude: Rows | None = None,
    epsilon: float = 1e-3,
    progress: Progress | None = None,
) -> Solutions:
    """Answer questions a : b :: c : ? over all rows of a table, exactly.

    Parameters
    ----------
    table : EmbeddingTable
        Its rows are the candidates.
    a, b, c : ndarray of int64, shape (n,)
        Row numbers of the inputs. No −1, `table.rows`' word for a label that there is not.
    gold : ndarray of int64, shape (n, g)
        Row numbers of the right answers, padded with −1 after the first; g = 0 ranks none.
    method : str
        One of `QUESTION_METHODS`.
    k : int
        Answers to keep, n × k of them; 0 ranks the right answers alone.
    raw : bool
        Form offsets from the vectors as they are instead of unit vectors.
    similarity : {"cosine", "spearman"}
        Spearman's correlation across dimensions compares ranked rows with the ranked sum.
    exclude : ndarray of int64, shape (n, m), optional
        Rows that restricted answers leave out, padded with −1; the inputs by default.
    epsilon : float
        ε of 3CosMul.
    progress : callable, optional
        Called now and then with (done, total).

    Returns
    -------
    Solutions

    Raises
    ------
    OptionError
        An unknown method, or a method that has no meaning with `similarity`; rows that the table
        has not, arrays whose shapes do not fit together, or no integers.
    TableError
        A row that was damaged since the table was checked.
    MemoryError
        More answers than there is room for.
    """
    inputs = _as_inputs(table, a, b, c)
    excluded = inputs if exclude is None else exclude
    wanted = _as_wanted(table, len(inputs), gold, excluded, k, None, similarity, progress)
    return _ask(table, inputs, wanted, method, raw, epsilon)


def rank_gold(
    table: EmbeddingTable,
    a: Rows,
    b: Rows,
    c: Rows,
    gold: Rows,
    *,
    method: str = "3cosadd",
    raw: bool = False,
    similarity: Similarity = "cosine",
    exclude: Rows | None = None,
    epsilon: float = 1e-3,
    limit: int | None = None,
    progress: Progress | None = None,
) -> tuple[Ranks, Ranks]:
    """Rank the right answers as `solve` does, without keeping answers.

    With `limit`, an answer that `limit` candidates or more beat is reported with `above = limit`
    and `tied = right = 1`: enough for accuracy at `limit` and much faster.

    Returns
    -------
    fair, restricted : Ranks
    """
    inputs = _as_inputs(table, a, b, c)
    excluded = inputs if exclude is None else exclude
    wanted = _as_wanted(table, len(inputs), gold, excluded, 0, limit, similarity, progress)
    solved = _ask(table, inputs, wanted, method, raw, epsilon)
    return solved.rank_fair, solved.rank_restricted


def solve_pairs(
    table: EmbeddingTable,
    relation: Rows,
    source: Rows,
    gold: Rows,
    *,
    method: Literal["3cosavg", "lrcos"] = "3cosavg",
    k: int = 10,
    raw: bool = False,
    similarity: Similarity = "cosine",
    exclude: Rows | None = None,
    names: Sequence[str] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Solutions:
    """Ask every pair of a relation once, from the relation's other pairs.

    Parameters
    ----------
    table : EmbeddingTable
        Its rows are the candidates.
    relation : ndarray of int64, shape (n,)
        Relation of every pair, numbered from 0; each needs at least `MIN_PAIRS` pairs.
    source : ndarray of int64, shape (n,)
        Row number of c, the only input.
    gold : ndarray of int64, shape (n, g)
        Row numbers of the right answers, the pair's own first, padded with −1 after it.
    method : {"3cosavg", "lrcos"}
        `3cosavg` adds the mean offset of the other pairs to c. `lrcos` fits a logistic regression
        (C = 1, balanced) on the other pairs: positives their targets, negatives their sources and
        as many other words sampled with `seed`; it needs scikit-learn.
    names : sequence of str, optional
        Name of every relation, by its number, which is its name by default. Errors name it, and
        `lrcos` samples by it, so that other relations of a set change no answer.
    k, raw, similarity, exclude, progress
        As in `solve`; excluded by default is c alone.

    Returns
    -------
    Solutions

    Raises
    ------
    OptionError
        A relation of too few pairs or without a name, an unknown method, or `lrcos` with Spearman
        similarity; rows that the table has not, arrays whose shapes do not fit together, or no
        integers.
    """
    if method not in PAIR_METHODS:
        raise OptionError(f"method {method!r} is none of {', '.join(PAIR_METHODS)}")
    if method == "lrcos" and similarity != "cosine":
        raise OptionError("lrcos multiplies a probability with a cosine; it has no spearman form")
    source = as_rows("source", source, (None,), len(table))
    relation = as_integers("relation", relation)
    if relation.shape != source.shape or (relation < 0).any():
        raise OptionError(
            f"relation has shape {relation.shape}, numbers from {relation.min(initial=0)} on; "
            f"expected {source.shape}, from 0 on"
        )
    excluded = source[:, None] if exclude is None else exclude
    wanted = _as_wanted(table, len(source), gold, excluded, k, None, similarity, progress)
    gold = wanted.gold
    if not gold.shape[1]:
        raise OptionError(
            f"gold has shape {gold.shape}; {method} learns from every pair's own answer"
        )
    sizes = np.bincount(relation)
    called = [str(number) for number in range(len(sizes))] if names is None else list(names)
    if len(called) < len(sizes):
        raise OptionError(f"{len(called)} names of relations that are numbered to {len(sizes) - 1}")
    for name, size in zip(called, sizes.tolist(), strict=False):
        if 0 < size < MIN_PAIRS:
            raise OptionError(
                f"{method} needs relations of at least {MIN_PAIRS} pairs, and {name!r} has {size}"
            )
    vectors = _formed(table, raw)
    starts, ends = vectors(source), vectors(gold[:, 0])
    if method == "3cosavg":
        steps = ends - starts
        totals = np.zeros((len(sizes), table.dimensions))
        np.add.at(totals, relation, steps)
        others = (totals[relation] - steps) / (sizes[relation] - 1)[:, None]
        return _search_sums(table, starts + others, wanted)
    planes, biases = _target_planes(table, relation, called, source, gold, vectors, seed)
    atoms = np.concatenate([planes, starts])
    count = len(source)
    places = np.stack([np.arange(count), np.arange(count) + count], axis=1)
    weights = np.stack([biases, np.ones(count)], axis=1)
    return _run(table, "logistic", atoms, places, weights, wanted, raw=raw)


def offsets(
    table: EmbeddingTable,
    a: Rows,
    b: Rows,
    c: Rows,
    *,
    raw: bool = False,
    method: str = "3cosadd",
) -> NDArray[np.float64]:
    """Return y = x_b − x_a + x_c of every question, in float64.

    Parameters
    ----------
    table : EmbeddingTable
    a, b, c : ndarray of int64, shape (n,)
        Row numbers.
    raw : bool
        From the vectors as they are; from unit vectors by default.
    method : str
        One of `LINEAR`: a baseline for other signs.

    Returns
    -------
    ndarray of float64, shape (n, d)
        Not scaled to unit length.

    Raises
    ------
    OptionError
        As `solve`.
    """
    if method not in LINEAR:
        raise OptionError(
            f"method {method!r} is none of {', '.join(LINEAR)}{nearest(method, LINEAR)}"
        )
    inputs = _as_inputs(table, a, b, c)
    vectors = _formed(table, raw)
    total = np.zeros((len(inputs), table.dimensions))
    for rows, coefficient in zip(inputs.T, LINEAR[method], strict=True):
        if coefficient:
            total += coefficient * vectors(rows)
    return total


def _as_inputs(table: EmbeddingTable, a: Rows, b: Rows, c: Rows) -> Rows:
    """Return the rows of questions' inputs, shape (n, 3)."""
    first = as_rows("a", a, (None,), len(table))
    others = [as_rows(name, rows, first.shape, len(table)) for name, rows in (("b", b), ("c", c))]
    return np.stack([first, *others], axis=1)


def _as_wanted(
    table: EmbeddingTable,
    questions: int,
    gold: Rows,
    exclude: Rows,
    k: int,
    limit: int | None,
    similarity: Similarity,
    progress: Progress | None,
) -> _Wanted:
    shape = (questions, None)
    right = as_rows("gold", gold, shape, len(table), least=-1)
    as_rows("gold", right[:, :1], shape, len(table))
    barred = as_rows("exclude", exclude, shape, len(table), least=-1)
    if limit is not None:
        limit = as_count("limit", limit, 0)
    return _Wanted(right, barred, as_count("k", k, 0), limit, similarity, progress)


def _formed(table: EmbeddingTable, raw: bool) -> Callable[[Rows], NDArray[np.float64]]:
    """Return the function from row numbers to float64 vectors, raw or of unit length."""

    def vectors(rows: Rows) -> NDArray[np.float64]:
        table.check_rows(rows)
        wide: NDArray[np.float64] = table.vectors[rows].astype(np.float64)
        return wide if raw else wide / table.norms[rows][:, None]

    return vectors


def _ask(
    table: EmbeddingTable, inputs: Rows, wanted: _Wanted, method: str, raw: bool, epsilon: float
) -> Solutions:
    if method not in QUESTION_METHODS:
        raise OptionError(
            f"method {method!r} is none of {', '.join(QUESTION_METHODS)}"
            + nearest(method, QUESTION_METHODS)
        )
    if method == "3cosmul":
        space = table.ranked() if wanted.similarity == "spearman" else table
        rows, places = _distinct(inputs[:, [1, 2, 0]])
        return _run(space, "cosmul", rows, places, np.ones(places.shape), wanted, epsilon=epsilon)
    if method == "pairdistance":
        if wanted.similarity == "spearman":
            raise OptionError("pairdistance is a cosine between offsets; it has no spearman form")
        return _in_parts(table, inputs, wanted, partial(_pair_distance, table, raw=raw))
    if wanted.similarity == "spearman":

        def ask(part: Rows, of_part: _Wanted) -> Solutions:
            a, b, c = part.T
            sums = offsets(table, a, b, c, raw=raw, method=method)
            return _search_sums(table, sums, of_part)

        return _in_parts(table, inputs, wanted, ask)
    used = [i for i, coefficient in enumerate(LINEAR[method]) if coefficient]
    rows, places = _distinct(inputs[:, used])
    weights = np.broadcast_to(np.array(LINEAR[method])[used], places.shape)
    if not raw:
        weights = weights / table.norms[inputs[:, used]]
    return _run(table, "offset", rows, places, weights, wanted)


def _pair_distance(table: EmbeddingTable, inputs: Rows, wanted: _Wanted, raw: bool) -> Solutions:
    vectors = _formed(table, raw)
    pairs, which = np.unique(inputs[:, :2], axis=0, return_inverse=True)
    words, place = np.unique(inputs[:, 2], return_inverse=True)
    differences = vectors(pairs[:, 1]) - vectors(pairs[:, 0])
    atoms = np.concatenate([differences, vectors(words)])
    places = np.stack([which.reshape(-1), place + len(pairs)], axis=1)
    return _run(table, "pairdistance", atoms, places, np.ones(places.shape), wanted, raw=raw)


# Values of the vectors that are made of questions at a time.
_FORMED = 1 << 20


def _in_parts(
    table: EmbeddingTable,
    inputs: Rows,
    wanted: _Wanted,
    ask: Callable[[Rows, _Wanted], Solutions],
) -> Solutions:
    """Ask some questions at a time, so that vectors made of them take little memory."""
    size = max(256, _FORMED // table.dimensions)
    if len(inputs) <= size:
        return ask(inputs, wanted)
    whole: list[NDArray[Any]] = []
    for start in range(0, len(inputs), size):
        part = slice(start, start + size)
        progress = wanted.progress and partial(_onwards, wanted.progress, start, len(inputs))
        gold, exclude = wanted.gold[part], wanted.exclude[part]
        of_part = replace(wanted, gold=gold, exclude=exclude, progress=progress)
        solved = _arrays(ask(inputs[part], of_part))
        whole = whole or [np.empty((len(inputs), *one.shape[1:]), one.dtype) for one in solved]
        for filled, one in zip(whole, solved, strict=True):
            filled[part] = one
    fair, restricted, ranks, others = whole[:2], whole[2:4], whole[4:7], whole[7:]
    return Solutions(Answers(*fair), Answers(*restricted), Ranks(*ranks), Ranks(*others))


def _onwards(progress: Progress, start: int, total: int, done: int, _: int) -> None:
    progress(start + done, total)


def _arrays(solved: Solutions) -> list[NDArray[Any]]:
    parts = (solved.fair, solved.restricted, solved.rank_fair, solved.rank_restricted)
    return [getattr(part, field.name) for part in parts for field in fields(part)]


def _distinct(rows: Rows) -> tuple[Rows, Rows]:
    """Return the distinct ones of `rows`, and where each of `rows` is among them."""
    distinct, places = np.unique(rows, return_inverse=True)
    return distinct, places.reshape(rows.shape)


def _search_sums(table: EmbeddingTable, sums: NDArray[np.float64], wanted: _Wanted) -> Solutions:
    """Search for ready-made sums, one a question."""
    if wanted.similarity == "spearman":
        table, sums = table.ranked(), _core.centered_ranks(sums).astype(np.float64)
    distinct, places = np.unique(sums, axis=0, return_inverse=True)
    distinct, places = np.ascontiguousarray(distinct), places.reshape(-1, 1)
    return _run(table, "offset", distinct, places, np.ones(places.shape), wanted)


def _run(
    table: EmbeddingTable,
    method: Literal["offset", "cosmul", "pairdistance", "logistic"],
    atoms: Rows | NDArray[np.float64],
    places: Rows,
    weights: NDArray[np.float64],
    wanted: _Wanted,
    *,
    raw: bool = False,
    epsilon: float = 1e-3,
) -> Solutions:
    if not 0 < epsilon < np.inf:
        raise OptionError(f"epsilon must be positive, not {epsilon}")
    with table.naming_damage():
        fair, restricted, rank_fair, rank_restricted = table.searcher.solve(
            method,
            atoms,
            np.ascontiguousarray(places, dtype=np.int64),
            np.ascontiguousarray(weights, dtype=np.float64),
            exclude=wanted.exclude,
            gold=wanted.gold,
            k=min(wanted.k, len(table)),
            limit=wanted.limit,
            raw=raw,
            epsilon=epsilon,
            progress=wanted.progress,
        )
    return Solutions(
        Answers(*padded(*fair, wanted.k)),
        Answers(*padded(*restricted, wanted.k)),
        Ranks(*rank_fair),
        Ranks(*rank_restricted),
    )


def _target_planes(
    table: EmbeddingTable,
    relation: Rows,
    called: Sequence[str],
    source: Rows,
    gold: Rows,
    vectors: Callable[[Rows], NDArray[np.float64]],
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit, for every pair, the class of its relation's targets on the other pairs."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise OptionError("lrcos needs scikit-learn: pip install 'embarith[words]'") from None
    planes = np.empty((len(source), table.dimensions))
    biases = np.empty(len(source))
    # All are looked at before any is fitted.
    for pair, positives, negatives in list(_classes(table, relation, called, source, gold, seed)):
        classes = np.repeat([1, 0], [len(positives), len(negatives)])
        model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000)
        model.fit(vectors(np.concatenate([positives, negatives])), classes)
        planes[pair], biases[pair] = model.coef_[0], model.intercept_[0]
    return planes, biases


def _classes(
    table: EmbeddingTable,
    relation: Rows,
    called: Sequence[str],
    source: Rows,
    gold: Rows,
    seed: int,
) -> Iterator[tuple[int, Rows, Rows]]:
    """Yield every pair with the rows that are in the class of its relation's targets, or not."""
    for number in np.unique(relation):
        members = np.flatnonzero(relation == number)
        involved = np.union1d(source[members], gold[members])
        pool = np.setdiff1d(np.arange(len(table)), involved)
        draw = generator(seed, "lrcos", called[number])
        sampled = draw.choice(pool, size=min(len(members) - 1, len(pool)), replace=False)
        for pair in members.tolist():
            others = members[members != pair]
            targets = gold[others]
            positives = np.unique(targets[targets >= 0])
            # A word that is both source and target of the relation counts as a target.
            negatives = np.setdiff1d(np.concatenate([source[others], sampled]), positives)
            if not len(positives) or not len(negatives):
                word = table.labels[int(source[pair])].as_py()
                raise OptionError(
                    f"lrcos: the other pairs of {called[number]!r} leave {word!r} no right "
                    "answers, or nothing else, to learn from"
                )
            yield pair, positives, negatives
