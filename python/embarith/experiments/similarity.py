"""Word similarity: whether cosines order pairs of words as people do."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from embarith import questions as question_sets
from embarith.checks import as_count
from embarith.errors import OptionError
from embarith.experiments.common import coverage, encoder_info, find_rows, settle_case
from embarith.machine import describe_run
from embarith.questions import SimilaritySet
from embarith.result import (
    Correlation,
    Null,
    QuestionsInfo,
    SharedPairs,
    SimilarityResult,
    SimilarityScores,
    rounded,
)
from embarith.statistics import (
    EQUAL,
    correlation_bootstrap,
    cosines,
    interval,
    pearson,
    permuted_spearman,
    spearman,
)
from embarith.table import EmbeddingTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Words behind an interval, as for other means.
_FEWEST = 5


@overload
def similarity(
    table: EmbeddingTable,
    pairs: SimilaritySet | str | Path = ...,
    *,
    case: str = ...,
    draws: int = ...,
    null_draws: int = ...,
    seed: int = ...,
    data_dir: Path | None = ...,
) -> SimilarityResult: ...
@overload
def similarity(
    table: Sequence[EmbeddingTable],
    pairs: SimilaritySet | str | Path = ...,
    *,
    case: str = ...,
    draws: int = ...,
    null_draws: int = ...,
    seed: int = ...,
    data_dir: Path | None = ...,
) -> tuple[SimilarityResult, ...]: ...
def similarity(
    table: EmbeddingTable | Sequence[EmbeddingTable],
    pairs: SimilaritySet | str | Path = "wordsim353",
    *,
    case: str = "exact",
    draws: int = 1000,
    null_draws: int = 999,
    seed: int = 0,
    data_dir: Path | None = None,
) -> SimilarityResult | tuple[SimilarityResult, ...]:
    """Correlate the cosines of word pairs with human ratings.

    Spearman's rho over the pairs whose words the table has (`covered`), and over all pairs with a
    missing word's at cosine 0 (`all`), Pearson's r beside it. Intervals resample words, which
    stand in several pairs.

    Parameters
    ----------
    table : EmbeddingTable or sequence of EmbeddingTable
        Several tables are compared with the first on the pairs that all of them cover.
    pairs : SimilaritySet, str or Path
        Rated pairs, or what `embarith.questions.load_similarity` takes.
    case : {"exact", "lower", "fold"}
        How words are looked up; a table without capitals gets them lower-cased.
    draws : int
        Bootstrap draws for the intervals; 0 for none.
    null_draws : int
        Permutations of the ratings, at least 1.
    seed : int
    data_dir : Path, optional
        Folder of data to look in first.

    Returns
    -------
    SimilarityResult, or tuple of them for a sequence of tables

    Raises
    ------
    OptionError
        A table that covers no two pairs, or an option without meaning.
    """
    started = time.perf_counter()
    draws, null_draws = as_count("draws", draws, 0), as_count("null_draws", null_draws, 1)
    asked = (
        pairs
        if isinstance(pairs, SimilaritySet)
        else question_sets.load_similarity(pairs, data_dir=data_dir)
    )
    tables = [table] if isinstance(table, EmbeddingTable) else list(table)
    scored = [_score(one, asked, case) for one in tables]
    for one in scored:
        if np.count_nonzero(one.covered) < 2:
            raise OptionError(
                f"{one.table.provenance.encoder} covers {np.count_nonzero(one.covered)} of the "
                f"{len(asked)} pairs of {asked.name}: nothing to correlate"
            )
    shared = _compare(scored, asked, draws, seed) if len(scored) > 1 else [None]
    results = []
    for one, together in zip(scored, shared, strict=True):
        result = _summary(one, asked, draws, null_draws, seed, together)
        results.append(rounded(replace(result, run=describe_run(started, {}))))
    return results[0] if isinstance(table, EmbeddingTable) else tuple(results)


@dataclass(frozen=True)
class _Scored:
    """A table's cosines of all pairs, 0 where a word is missing, and which pairs it covers."""

    table: EmbeddingTable
    case: str
    cosines: Floats
    covered: NDArray[np.bool_]
    lost: list[list[str]]


def _score(table: EmbeddingTable, asked: SimilaritySet, case: str) -> _Scored:
    used = settle_case([table], case)
    rows = find_rows(table, asked.words, used)
    row_of = dict(zip(asked.words, rows.tolist(), strict=True))
    first, second = np.array([[row_of[word] for word in pair] for pair in asked.pairs]).T
    covered = (first >= 0) & (second >= 0)
    scores = np.zeros(len(asked))
    x = table.vectors
    scores[covered] = cosines(
        x[first[covered]].astype(np.float64), x[second[covered]].astype(np.float64)
    )
    lost = [gone for pair in asked.pairs if (gone := [word for word in pair if row_of[word] < 0])]
    return _Scored(table, used, scores, covered, lost)


def _words(asked: SimilaritySet) -> tuple[Ints, Ints]:
    """Return the numbers of the two words of every pair; variants of case are one word."""
    numbers: dict[str, int] = {}
    found = [
        [numbers.setdefault(word.casefold(), len(numbers)) for word in pair] for pair in asked.pairs
    ]
    first, second = np.array(found, np.int64).T
    return first, second


def _scores(
    one: _Scored, asked: SimilaritySet, mask: NDArray[np.bool_], draws: int, seed: int
) -> SimilarityScores:
    x, y = one.cosines[mask], asked.ratings[mask]
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return SimilarityScores(None, None)
    first, second = (words[mask] for words in _words(asked))
    values = float(spearman(x[None], y[None])[0]), float(pearson(x[None], y[None])[0])
    bounds: list[tuple[float, float] | None] = [None, None]
    if draws and len(np.union1d(first, second)) >= _FEWEST:
        boot = correlation_bootstrap(x[None], y, first, second, draws=draws, seed=seed)[:, 0]
        bounds = [_bounds(column) for column in boot.T]
    return SimilarityScores(*map(Correlation, values, bounds))


def _bounds(drawn: Floats) -> tuple[float, float]:
    low, high = interval(drawn[~np.isnan(drawn)]).tolist()
    return low, high


def _compare(
    scored: Sequence[_Scored], asked: SimilaritySet, draws: int, seed: int
) -> list[SharedPairs | None]:
    mask = np.all([one.covered for one in scored], axis=0)
    found = [_scores(one, asked, mask, draws, seed).rho for one in scored]
    first, second = (words[mask] for words in _words(asked))
    boot = None
    if draws and len(np.union1d(first, second)) >= _FEWEST:
        x = np.stack([one.cosines[mask] for one in scored])
        boot = correlation_bootstrap(x, asked.ratings[mask], first, second, draws=draws, seed=seed)
    name = scored[0].table.provenance.encoder
    records: list[SharedPairs | None] = []
    for number, (rho, base) in enumerate(zip(found, [found[0]] * len(found), strict=True)):
        shared = SharedPairs(int(mask.sum()), rho)
        if number and rho is not None and base is not None:
            bounds = None if boot is None else _bounds(boot[:, number, 0] - boot[:, 0, 0])
            difference = Correlation(rho.value - base.value, bounds)
            shared = replace(shared, to=name, difference=difference)
        records.append(shared)
    return records


def _summary(
    one: _Scored,
    asked: SimilaritySet,
    draws: int,
    null_draws: int,
    seed: int,
    shared: SharedPairs | None,
) -> SimilarityResult:
    covered = _scores(one, asked, one.covered, draws, seed)
    null = None
    if covered.rho is not None:
        drawn = permuted_spearman(
            one.cosines[one.covered], asked.ratings[one.covered], draws=null_draws, seed=seed
        )
        # A permutation that orders alike sums alike but for the last digits.
        above = int(np.count_nonzero(drawn >= covered.rho.value - EQUAL))
        null = Null(
            mean=float(drawn.mean()),
            ci=_bounds(drawn),
            p=(1 + above) / (null_draws + 1),
            draws=null_draws,
        )
    return SimilarityResult(
        encoder=encoder_info(one.table),
        questions=QuestionsInfo(
            name=asked.name,
            source=asked.source,
            sha256=asked.sha256,
            asked=len(asked),
            answered=len(asked) - len(one.lost),
            dropped=len(one.lost),
            pairs=len(set(asked.pairs)),
        ),
        coverage=coverage(len(asked), one.lost),
        case=one.case,
        covered=covered,
        all=_scores(one, asked, np.ones(len(asked), bool), draws, seed),
        null=null,
        shared=shared,
        draws=draws,
        seed=seed,
        run=describe_run(time.perf_counter(), {}),
    )
