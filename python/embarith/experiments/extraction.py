"""How many photographs a word are enough, and how they are best made one vector."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from embarith import solvers, statistics
from embarith.checks import as_count
from embarith.draws import generator
from embarith.errors import OptionError
from embarith.experiments.analogy.asked import Asked, describe_vocabulary, prepare
from embarith.experiments.analogy.geometry import unit_rows
from embarith.experiments.analogy.search import (
    FAIR_TOP1,
    FAIR_TOP5,
    RESTRICTED_TOP1,
    RESTRICTED_TOP5,
    Search,
)
from embarith.experiments.analogy.summary import chance
from embarith.experiments.common import Case, encoder_info
from embarith.machine import describe_run
from embarith.photos import POOLS, Pool, medoid, pool
from embarith.progress import Progress
from embarith.questions import AnalogySet
from embarith.result import (
    Drawn,
    ExtractionPoint,
    ExtractionResult,
    ExtractionSeries,
    Interval,
    QuestionsInfo,
    rounded,
)
from embarith.table import EmbeddingTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COUNTS = (1, 2, 3, 5, 8, 12, 20, 30)
_MEASURES = (statistics.angles, statistics.spearman)


def extraction(
    photographs: Mapping[str, EmbeddingTable],
    words: Mapping[str, Sequence[str]],
    questions: AnalogySet,
    *,
    counts: Sequence[int] = COUNTS,
    pools: Sequence[Pool] = POOLS,
    draws: int = 20,
    seed: int = 0,
    progress: Progress | None = None,
) -> ExtractionResult:
    """Answer questions from n photographs a word, pooled in several ways, from several tables.

    For every draw, n photographs of each word are drawn with replacement and pooled; 3CosAdd on
    unit vectors then answers the questions among their own words. A draw takes the same
    photographs for every table and pooling, and those of a smaller n are the first of a larger
    one's, so that curves differ by what is varied alone. Beside the draws stands what every
    photograph once scores, which is what `embarith.experiments.analogy` measures on the table
    that `embarith.photos.pool` makes.

    Parameters
    ----------
    photographs : mapping of str to EmbeddingTable
        Tables whose labels are the names of images, by what the result is to call them.
    words : mapping of str to sequence of str
        The images of every word. Those that any of the tables lacks are passed over; words left
        with fewer than the largest of `counts` are left out, and questions with them.
    questions : AnalogySet
    counts : sequence of int
        Photographs a word to draw.
    pools : sequence of {"mean", "mean-unit", "medoid"}
        As `embarith.photos.pool` has them.
    draws : int
        Draws for every number of photographs; intervals are theirs, and say nothing about other
        words or questions.
    seed : int
    progress : callable, optional
        Called as progress("photographs", done, total).

    Returns
    -------
    ExtractionResult

    Raises
    ------
    OptionError
        No tables, counts or pools, an unknown pool, or no answerable question.
    TableError
        A word whose drawn photographs cancel out.
    """
    started = time.perf_counter()
    draws = as_count("draws", draws, 1)
    counts = [as_count("counts", count, 1) for count in counts]
    if not photographs or not counts or not pools:
        raise OptionError("give at least one table of photographs, one of counts and one of pools")
    used: Case = "lower" if all(word == word.lower() for word in words) else "exact"
    asked_set = questions.map_words(str.lower) if used == "lower" else questions
    kept = _kept(list(photographs.values()), words, asked_set, max(counts))
    drawn = _draw(kept, max(counts), draws, seed)
    search = Search("3cosadd", raw=False, similarity="cosine", topn=0, epsilon=0.0, seed=seed)
    series: list[ExtractionSeries] = []
    total = len(photographs) * len(pools)
    for name, table in photographs.items():
        stacks = _Stacks(table, kept)
        for method in pools:
            if progress:
                progress("photographs", len(series), total)
            whole = pool(table, kept, method)
            asked = prepare(whole, asked_set, used)
            points = []
            for count in counts:
                tables = [
                    EmbeddingTable.from_arrays(list(kept), rows)
                    for rows in stacks.pooled(drawn, count, method)
                ]
                points.append(_point(count, _figures(tables, asked, search)))
            every = _point(min(map(len, kept.values())), _figures([whole], asked, search))
            series.append(ExtractionSeries(name, method, tuple(points), every))
    if progress:
        progress("photographs", total, total)
    sizes = [len(images) for images in kept.values()]
    result = ExtractionResult(
        tables={name: encoder_info(table) for name, table in photographs.items()},
        questions=QuestionsInfo(
            name=questions.name,
            source=questions.source,
            sha256=questions.sha256,
            asked=len(questions),
            answered=len(asked),
            dropped=len(questions) - len(asked),
            pairs=len(np.unique(np.concatenate([asked.first_pair, asked.second_pair]))),
        ),
        coverage=asked.coverage,
        vocab=describe_vocabulary("questions", whole),
        case=used,
        chance=chance(asked, len(whole)),
        words=len(kept),
        photographs=len({image for images in kept.values() for image in images}),
        least=min(sizes),
        most=max(sizes),
        series=tuple(series),
        draws=draws,
        seed=seed,
        run=describe_run(started, {}),
    )
    return rounded(result)


def _kept(
    tables: Sequence[EmbeddingTable],
    words: Mapping[str, Sequence[str]],
    questions: AnalogySet,
    least: int,
) -> dict[str, list[str]]:
    """Return the photographs that all tables have of the questions' words, where they suffice."""
    wanted = set(questions.words)
    found = {
        word: [image for image in images if all(image in table for table in tables)]
        for word, images in words.items()
        if word in wanted
    }
    kept = {word: images for word, images in found.items() if len(images) >= least}
    if not kept:
        raise OptionError(
            f"no word of {questions.name} has {least} photographs in every table; give smaller "
            "counts"
        )
    return kept


def _draw(kept: Mapping[str, Sequence[str]], most: int, draws: int, seed: int) -> list[Ints]:
    """Draw places among the photographs of every word, shape (draws, most) each."""
    return [
        np.stack(
            [
                generator(seed, "photographs", word, draw).integers(0, len(images), most)
                for draw in range(draws)
            ]
        )
        for word, images in kept.items()
    ]


class _Stacks:
    """The vectors of every word's photographs, and what is made of them for many draws."""

    def __init__(self, table: EmbeddingTable, kept: Mapping[str, Sequence[str]]) -> None:
        rows = [table.rows(list(images)) for images in kept.values()]
        table.check_rows(np.concatenate(rows))
        self._raw = [table.vectors[some].astype(np.float64) for some in rows]

    @cached_property
    def _unit(self) -> list[Floats]:
        return [statistics.unit(vectors) for vectors in self._raw]

    @cached_property
    def _cosines(self) -> list[Floats]:
        return [vectors @ vectors.T for vectors in self._unit]

    def pooled(self, drawn: Sequence[Ints], count: int, method: Pool) -> NDArray[np.float32]:
        """Return one vector a draw and word, shape (draws, words, dimensions)."""
        vectors = self._unit if method == "mean-unit" else self._raw
        pooled = np.empty((len(drawn[0]), len(drawn), vectors[0].shape[1]), np.float32)
        for word, places in enumerate(drawn):
            chosen = places[:, :count]
            if method == "medoid":
                cosines = self._cosines[word][chosen[:, :, None], chosen[:, None, :]]
                best = np.take_along_axis(chosen, medoid(cosines)[:, None], axis=1)[:, 0]
                pooled[:, word] = vectors[word][best]
            else:
                times = (chosen[:, :, None] == np.arange(len(vectors[word]))).sum(axis=1)
                pooled[:, word] = times / count @ vectors[word]
        return pooled


def _figures(tables: Sequence[EmbeddingTable], asked: Asked, search: Search) -> Floats:
    """Return every table's mean figures over the questions, in the order of `ExtractionPoint`."""
    found = np.array([search.credits(table, asked).mean(axis=0) for table in tables])
    only_c = np.array([search.only_c(table, asked).mean(axis=0) for table in tables])
    # Of all tables at once, because a call on the few questions of one costs more than its sums.
    y = np.concatenate([solvers.offsets(table, asked.a, asked.b, asked.c) for table in tables])
    c, d = (
        np.concatenate([unit_rows(table, rows) for table in tables]) for rows in (asked.c, asked.d)
    )
    measured = [measure(x, d) for measure in _MEASURES for x in (y, c)]
    return np.column_stack(
        [
            found[:, [FAIR_TOP1, FAIR_TOP5, RESTRICTED_TOP1, RESTRICTED_TOP5]],
            only_c[:, [RESTRICTED_TOP1, RESTRICTED_TOP5]],
            *(column.reshape(len(tables), -1).mean(axis=1) for column in measured),
        ]
    )


def _point(photographs: int, found: Floats) -> ExtractionPoint:
    """Sum up the figures of every draw, shape (draws, figures); one draw has no interval."""
    return ExtractionPoint(
        photographs,
        *(Drawn(float(column.mean()), _interval(column)) for column in found.T),
    )


def _interval(draws: Floats) -> Interval | None:
    if len(draws) == 1:
        return None
    low, high = statistics.interval(draws).tolist()
    return low, high
