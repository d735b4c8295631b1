"""Asking: the method itself, the baselines beside it, and the control with random pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from embarith import solvers, statistics
from embarith.experiments.analogy.asked import Asked
from embarith.progress import Progress
from embarith.questions import random_pairs
from embarith.table import EmbeddingTable, Similarity

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Questions of the control that are asked in one request, which holds them all in memory.
QUESTIONS_TOGETHER = 1 << 18
# Columns of what a question earns: credit at 1 and 5, reciprocal rank, by fair and restricted rank.
FAIR_TOP1, FAIR_TOP5, FAIR_MRR, RESTRICTED_TOP1, RESTRICTED_TOP5, RESTRICTED_MRR = range(6)


@dataclass(frozen=True)
class Search:
    """How to search: the options of `embarith.solvers.solve` that a whole report shares."""

    method: str
    raw: bool
    similarity: Similarity
    topn: int
    epsilon: float
    seed: int

    @property
    def by_pair(self) -> bool:
        """Whether the method asks pairs, not questions."""
        return self.method in solvers.PAIR_METHODS

    def solve(
        self, table: EmbeddingTable, asked: Asked, progress: Progress | None
    ) -> solvers.Solutions:
        """Answer every question, with the ranks of the right answers."""
        if self.by_pair:
            return solvers.solve_pairs(
                table,
                asked.relation,
                asked.c,
                asked.gold,
                method=cast("Literal['3cosavg', 'lrcos']", self.method),
                k=self.topn,
                raw=self.raw,
                similarity=self.similarity,
                exclude=asked.exclude,
                names=asked.questions.relations,
                seed=self.seed,
                progress=partial(progress, "questions") if progress else None,
            )
        return solvers.solve(
            table,
            asked.a,
            asked.b,
            asked.c,
            asked.gold,
            method=self.method,
            k=self.topn,
            raw=self.raw,
            similarity=self.similarity,
            exclude=asked.exclude,
            epsilon=self.epsilon,
            progress=partial(progress, "questions") if progress else None,
        )

    def credits(self, table: EmbeddingTable, asked: Asked) -> Floats:
        """Return the credits of the method itself, shape (n, 6)."""
        if self.by_pair:
            solved = self.solve(table, asked, None)
            return six_credits(solved.rank_fair, solved.rank_restricted)
        return self._rank(table, asked, (asked.a, asked.b, asked.c), asked.gold)

    def only_c(self, table: EmbeddingTable, asked: Asked) -> Floats:
        """Return the credits of searching for c alone, shape (n, 6)."""
        inputs = asked.a, asked.b, asked.c
        return self._rank(table, asked, inputs, asked.gold, method="only-c")

    def baselines(
        self, table: EmbeddingTable, asked: Asked, progress: Progress | None
    ) -> dict[str, Floats]:
        """Return the credits of every baseline that the questions have; `reversed` is the last."""
        found = {"only-c": self.only_c(table, asked)}
        if self.by_pair:
            return found
        inputs = asked.a, asked.b, asked.c
        steps = len(solvers.BASELINES) + 1
        for name in solvers.BASELINES[1:]:
            _report(progress, "baselines", len(found), steps)
            found[name] = self._rank(table, asked, inputs, asked.gold, method=name)
        _report(progress, "baselines", len(found), steps)
        found["reversed"] = self._rank(
            table,
            asked,
            (asked.b, asked.a, asked.d),
            asked.variants[asked.c],
            exclude=asked.inputs(asked.b, asked.a, asked.d),
        )
        _report(progress, "baselines", steps, steps)
        return found

    def control(
        self, table: EmbeddingTable, asked: Asked, draws: int, progress: Progress | None
    ) -> Floats:
        """Return the mean credits of every draw of random second pairs, shape (draws, 6).

        Reciprocal ranks beyond the fifth place are cut off: no figure uses them, and ranking no
        further saves most of the work.
        """
        answerable = asked.questions.select(asked.numbers)
        means = np.empty((draws, 6))
        # Asked together, draws share what their words have in common: nearly everything.
        together = max(1, QUESTIONS_TOGETHER // len(asked))
        for first in range(0, draws, together):
            drawn = range(first, min(first + together, draws))
            other = np.concatenate([random_pairs(answerable, draw, self.seed) for draw in drawn])
            a, b = np.tile(asked.a, len(drawn)), np.tile(asked.b, len(drawn))
            c, gold = asked.c[other], asked.gold[other]
            earned = self._rank(
                table,
                asked,
                (a, b, c),
                gold,
                exclude=asked.inputs(a, b, c),
                limit=5,
                progress=partial(_report_draws, progress, drawn, draws),
            )
            means[drawn] = earned.reshape(len(drawn), len(asked), 6).mean(axis=1)
        _report(progress, "random pairs", draws, draws)
        return means

    def _rank(
        self,
        table: EmbeddingTable,
        asked: Asked,
        inputs: tuple[Ints, Ints, Ints],
        gold: Ints,
        *,
        method: str = "",
        exclude: Ints | None = None,
        limit: int | None = None,
        progress: solvers.Progress | None = None,
    ) -> Floats:
        return six_credits(
            *solvers.rank_gold(
                table,
                *inputs,
                gold,
                method=method or self.method,
                raw=self.raw,
                similarity=self.similarity,
                exclude=asked.exclude if exclude is None else exclude,
                epsilon=self.epsilon,
                limit=limit,
                progress=progress,
            )
        )


def six_credits(fair: solvers.Ranks, restricted: solvers.Ranks) -> Floats:
    """Return credit at 1, at 5 and reciprocal rank, fair then restricted, shape (n, 6)."""
    columns = []
    for ranks in (fair, restricted):
        columns += [statistics.credit(ranks.above, ranks.tied, ranks.right, k) for k in (1, 5)]
        columns.append(statistics.reciprocal_rank(ranks.above, ranks.tied, ranks.right))
    return np.stack(columns, axis=1)


def _report(progress: Progress | None, stage: str, done: int, total: int) -> None:
    if progress:
        progress(stage, done, total)


def _report_draws(
    progress: Progress | None, drawn: range, draws: int, done: int, total: int
) -> None:
    _report(progress, "random pairs", drawn.start + len(drawn) * done // total, draws)
