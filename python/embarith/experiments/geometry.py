"""How the words of a table lie in their space: anisotropy, lengths, hubs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from embarith.checks import as_count
from embarith.draws import generator
from embarith.errors import OptionError
from embarith.experiments.analogy.asked import describe_vocabulary
from embarith.experiments.common import (
    Case,
    against,
    coverage,
    encoder_info,
    find_rows,
    percentiles,
    settle_case,
)
from embarith.machine import describe_run
from embarith.progress import Progress
from embarith.result import (
    AnalogyResult,
    AnswersGiven,
    Coverage,
    GeometryResult,
    Given,
    Hub,
    Interval,
    Measured,
    Norms,
    Shape,
    rounded,
)
from embarith.statistics import (
    FEWEST,
    bootstrap_weights,
    component_shares,
    mean_cosines,
    occurrences,
    skewness,
    unit,
)
from embarith.table import EmbeddingTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_NAMES = ("mean_cosine", "mean_length", "first_component", "first_ten", "skewness", "antihubs")

# Words and components that a result names.
_HUBS = 10
_COMPONENTS = 10


def geometry(
    table: EmbeddingTable,
    words: Sequence[str] | None = None,
    *,
    name: str | None = None,
    k: int = 10,
    case: str = "exact",
    draws: int = 1000,
    random_tables: int = 20,
    seed: int = 0,
    progress: Progress | None = None,
) -> GeometryResult:
    """Measure how the words of a set lie in a table, beside random tables of the same shape.

    Anisotropy is the mean cosine between distinct words, with the length of the mean unit vector
    and the shares of variance of the first principal components. Hubness is the skewness of N_k,
    in how many other words' lists of k nearest a word stands (Radovanović, Nanopoulos, Ivanović
    2010). All of unit vectors, and again after centring (Mu and Viswanath 2018).

    Parameters
    ----------
    table : EmbeddingTable
    words : sequence of str, optional
        The set; all rows by default. Neighbours are looked for among its words alone, which takes
        time that grows with the square of their number.
    name : str, optional
        What the result calls the set.
    k : int
        Neighbours a word.
    case : {"exact", "lower", "fold"}
        How words are looked up; a table without capitals gets them lower-cased.
    draws : int
        Bootstrap draws over the words; 0 for no intervals.
    random_tables : int
        Isotropic Gaussian tables of as many rows and dimensions, measured alike; 0 for no null.
    seed : int
    progress : callable, optional
        Called as progress("random tables", done, total).

    Returns
    -------
    GeometryResult

    Raises
    ------
    OptionError
        If the table has k or fewer of the words, or a count makes no sense.
    TableError
        If a word lies at the mean, so that centring leaves it no direction.
    """
    started = time.perf_counter()
    k, draws = as_count("k", k, 1), as_count("draws", draws, 0)
    random_tables = as_count("random_tables", random_tables, 0)
    used = settle_case([table], case)
    chosen, covered = _choose(table, words, used)
    if len(chosen) <= k:
        raise OptionError(
            f"{table.provenance.encoder} has {len(chosen):,} of the words, and {k} neighbours a "
            f"word need more than {k}; give more words or a smaller k"
        )
    spaces = _both(chosen, k)
    samples = _resample(chosen.norms, spaces, draws, generator(seed, "words"))
    norms, *shapes = np.split(samples, [2, 5], axis=1)
    null: list[list[Floats]] = [[], []]
    for number in range(random_tables):
        if progress:
            progress("random tables", number, random_tables)
        random = generator(seed, "isotropic", number)
        drawn = _both(_isotropic(len(chosen), chosen.dimensions, random), k)
        for figures, space in zip(null, drawn, strict=True):
            figures.append(_figures(space))
    if progress:
        progress("random tables", random_tables, random_tables)
    called = name or ("all" if words is None else "words")
    result = GeometryResult(
        encoder=encoder_info(table),
        words=describe_vocabulary(called, chosen),
        coverage=covered,
        case=used,
        k=k,
        norms=_norms(chosen.norms, norms),
        unit=_shape(chosen, spaces[0], shapes[0], null[0]),
        centered=_shape(chosen, spaces[1], shapes[1], null[1]),
        draws=draws,
        random_tables=random_tables,
        seed=seed,
        run=describe_run(started, {}),
    )
    return rounded(result)


def answers_given(result: AnalogyResult) -> AnswersGiven:
    """Count the words that were answered to a set of questions, beside the right ones.

    Where few words answer most questions, hubs do: a space that answers with its hubs has a
    small effective number of answers, exp(−Σ p log p), beside that of the right ones.

    Parameters
    ----------
    result : AnalogyResult
        One that holds its single questions, as `analogy` returns it.

    Returns
    -------
    AnswersGiven
        The nearest word with a, b and c allowed and forbidden; of several right answers the first.
    """
    same = str if result.case == "exact" else str.casefold
    fair, restricted, right = [], [], []
    for row in result.to_frame().to_pylist():
        inputs = {same(row[part]) for part in "abc" if row[part] is not None}
        answers = [same(word) for word in row["answers"]]
        fair += answers[:1]
        restricted += [word for word in answers if word not in inputs][:1]
        right.append(same(row["gold"][0]))
    return AnswersGiven(*map(_given, (fair, restricted, right)))


def _given(answers: Sequence[str]) -> Given:
    counts = Counter(answers)
    shares = np.array(list(counts.values())) / len(answers)
    word, most = counts.most_common(1)[0]
    return Given(
        questions=len(answers),
        distinct=len(counts),
        effective=float(np.exp(-(shares * np.log(shares)).sum())),
        most_frequent=word,
        most_frequent_share=most / len(answers),
    )


def _choose(
    table: EmbeddingTable, words: Sequence[str] | None, case: Case
) -> tuple[EmbeddingTable, Coverage]:
    if words is None:
        return table, coverage(len(table), [])
    asked = list(dict.fromkeys(words))
    rows = find_rows(table, asked, case)
    if not (rows >= 0).any():
        raise OptionError(f"{table.provenance.encoder} has none of the {len(asked):,} words")
    lost = [[word] for word, row in zip(asked, rows.tolist(), strict=True) if row < 0]
    # Several spellings may be one row.
    once = np.array(list(dict.fromkeys(rows[rows >= 0].tolist())), np.int64)
    return table.select(once), coverage(len(asked), lost)


def _isotropic(rows: int, dimensions: int, random: np.random.Generator) -> EmbeddingTable:
    vectors = random.standard_normal((rows, dimensions)).astype(np.float32)
    return EmbeddingTable.from_arrays([str(row) for row in range(rows)], vectors)


@dataclass(frozen=True)
class _Space:
    """Unit vectors of the words, shape (n, d), and N_k of each."""

    x: Floats
    occurrences: Floats


def _both(table: EmbeddingTable, k: int) -> tuple[_Space, _Space]:
    """Return the table as it is and centred."""
    return _space(table, k), _space(table.centered(), k)


def _space(table: EmbeddingTable, k: int) -> _Space:
    own = np.arange(len(table))[:, None]
    neighbours, _ = table.search(table.vectors, k, exclude=own)
    counts = occurrences(neighbours, len(table)).astype(np.float64)
    return _Space(unit(table.vectors.astype(np.float64)), counts)


def _figures(space: _Space) -> Floats:
    """Return the figures that `_NAMES` names."""
    ones = np.ones((1, len(space.x)))
    shares = component_shares(space.x, _COMPONENTS)
    return np.array(
        [
            mean_cosines(space.x, ones)[0],
            np.linalg.norm(space.x.mean(axis=0)),
            shares[0],
            shares.sum(),
            skewness(space.occurrences, ones)[0],
            np.mean(space.occurrences == 0),
        ]
    )


def _resample(
    norms: Floats, spaces: Sequence[_Space], draws: int, random: np.random.Generator
) -> Floats:
    """Draw the words again: mean and variation of lengths, then three figures a space.

    Returns
    -------
    ndarray of float64, shape (draws, 2 + 3 per space)
        Mean cosine, skewness and share of anti-hubs; a word is drawn with its N_k as it is.
    """
    count = len(norms)
    rows = [np.empty((0, 2 + 3 * len(spaces)))]
    if count < FEWEST:
        return rows[0]
    apart = norms - norms.mean()
    for weights in bootstrap_weights(count, draws, random):
        first, second = (weights @ np.stack([apart, apart**2], axis=1) / count).T
        mean = norms.mean() + first
        columns = [mean, np.sqrt(np.clip(second - first**2, 0.0, None)) / mean]
        for space in spaces:
            columns += [
                mean_cosines(space.x, weights),
                skewness(space.occurrences, weights),
                weights @ (space.occurrences == 0) / count,
            ]
        rows.append(np.stack(columns, axis=1))
    return np.concatenate(rows)


def _norms(norms: Floats, samples: Floats) -> Norms:
    mean, variation = map(percentiles, samples.T)
    return Norms(
        min=float(norms.min()),
        mean=Measured(float(norms.mean()), mean),
        max=float(norms.max()),
        variation=Measured(float(norms.std() / norms.mean()), variation),
    )


def _shape(table: EmbeddingTable, space: _Space, samples: Floats, null: Sequence[Floats]) -> Shape:
    cosine, skew, antihubs = map(percentiles, samples.T)
    # Components of resampled words would lie apart from those of the words: some are drawn twice.
    intervals = (cosine, _lengths(cosine, len(table)), None, None, skew, antihubs)
    drawn = np.array(null).reshape(-1, len(intervals)).T
    measured = map(against, _figures(space).tolist(), intervals, drawn)
    order = np.lexsort((np.arange(len(table)), -space.occurrences))[:_HUBS]
    words = table.labels.take(pa.array(order)).to_pylist()
    counts = space.occurrences[order].astype(int).tolist()
    return Shape(**dict(zip(_NAMES, measured, strict=True)), hubs=tuple(map(Hub, words, counts)))


def _lengths(cosines: Interval | None, count: int) -> Interval | None:
    # |mean|² = (1 + (n − 1) · mean cosine) / n. Through it, because the mean of words of which
    # some were drawn twice is longer than that of as many words.
    if cosines is None:
        return None
    low, high = (max(0.0, (1 + (count - 1) * one) / count) ** 0.5 for one in cosines)
    return low, high
