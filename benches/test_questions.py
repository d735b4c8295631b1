"""Google's 19,544 questions: methods, ranks and controls, beside gensim and vectorised NumPy."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from embarith import EmbeddingTable, questions, solvers
from embarith.questions.control import random_pairs
from measuring import measure

Saved = Callable[[str], Path]
Ints = NDArray[np.int64]

DRAWS = 20
ASKED_OF_PEERS = 150

pytestmark = pytest.mark.parametrize("table", ["glove-50", "glove-300"])


@lru_cache(maxsize=1)
def opened(path: Path) -> tuple[EmbeddingTable, tuple[Ints, Ints, Ints, Ints]]:
    """A table, and the rows of a, b, c and the right answer of every question."""
    table, asked = EmbeddingTable.open(path), google()
    parts = (asked.a, asked.b, asked.c, [answers[0] for answers in asked.gold])
    a, b, c, d = (table.rows(words) for words in parts)
    return table, (a, b, c, d)


@lru_cache
def google() -> questions.AnalogySet:
    return questions.load("google").map_words(str.lower)


def some(asked: tuple[Ints, ...]) -> tuple[Ints, ...]:
    """Seeded questions for peers that would take hours over all."""
    chosen = np.random.default_rng(0).choice(len(asked[0]), ASKED_OF_PEERS, replace=False)
    return tuple(rows[chosen] for rows in asked)


@pytest.mark.parametrize("peer", ["embarith", "gensim, restricted alone"])
def test_google(benchmark: BenchmarkFixture, saved: Saved, table: str, peer: str) -> None:
    group = f"Google fair and restricted, {table}, time a question"
    ours, asked = opened(saved(table))
    if peer == "embarith":
        a, b, c, d = asked
        solve = lambda: solvers.solve(ours, a, b, c, d[:, None], k=10)  # noqa: E731
        measure(benchmark, solve, group=group, peer=peer, rounds=3, items=len(a))
        return
    a, b, c, d = some(asked)
    theirs = KeyedVectors(ours.dimensions)
    theirs.add_vectors(ours.index_to_key, ours.vectors)
    theirs.fill_norms()
    key = ours.index_to_key

    def evaluate() -> list[list[str]]:
        """Answer as `evaluate_word_analogies` does: one call a question."""
        return [
            [w for w, _ in theirs.most_similar([key[j], key[k]], [key[i]], topn=10)]
            for i, j, k in zip(a, b, c, strict=True)
        ]

    found = measure(benchmark, evaluate, group=group, peer=peer, rounds=3, items=ASKED_OF_PEERS)
    exact = solvers.solve(ours, a, b, c, d[:, None], k=10).restricted.indices
    assert np.mean([[key[row] for row in rows] for rows in exact] == np.array(found)) > 0.998


@pytest.mark.parametrize("peer", ["embarith", "numpy"])
def test_3cosmul(benchmark: BenchmarkFixture, saved: Saved, table: str, peer: str) -> None:
    group = f"3CosMul, {table}, time a question"
    ours, asked = opened(saved(table))
    if peer == "embarith":
        a, b, c, d = asked
        solve = lambda: solvers.solve(ours, a, b, c, d[:, None], k=10, method="3cosmul")  # noqa: E731
        measure(benchmark, solve, group=group, peer=peer, rounds=3, items=len(a))
        return
    a, b, c, d = some(asked)
    unit = np.array(ours.vectors)

    def multiply() -> Ints:
        found = []
        for start in range(0, len(a), 64):
            part = slice(start, start + 64)
            near_a, near_b, near_c = ((1 + unit[rows[part]] @ unit.T) / 2 for rows in (a, b, c))
            scores = near_b * near_c / (near_a + np.float32(1e-3))
            top = np.argpartition(scores, -10, axis=1)[:, -10:]
            order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1)
            found.append(np.take_along_axis(top, order, axis=1))
        return np.concatenate(found)

    found = measure(benchmark, multiply, group=group, peer=peer, rounds=3, items=ASKED_OF_PEERS)
    exact = solvers.solve(ours, a, b, c, d[:, None], k=10, method="3cosmul").fair.indices
    assert (found == exact).mean() > 0.995


@pytest.mark.parametrize(
    "peer", ["embarith", "embarith, top 10", "embarith, 20 random second pairs"]
)
def test_ranks(benchmark: BenchmarkFixture, saved: Saved, table: str, peer: str) -> None:
    group = f"Google's exact ranks beside its top 10 and a draw of the control, {table}"
    ours, (a, b, c, d) = opened(saved(table))
    gold = d[:, None]
    items = 1
    if peer == "embarith":
        work = lambda: solvers.rank_gold(ours, a, b, c, gold)  # noqa: E731
    elif peer.endswith("10"):
        work = lambda: solvers.solve(ours, a, b, c, np.empty((len(a), 0), np.int64), k=10)  # noqa: E731
    else:
        items = DRAWS
        other = np.concatenate([random_pairs(google(), draw, 0) for draw in range(DRAWS)])
        first, second = np.tile(a, DRAWS), np.tile(b, DRAWS)
        work = lambda: solvers.rank_gold(ours, first, second, c[other], gold[other], limit=5)  # noqa: E731

    measure(benchmark, work, group=group, peer=peer, rounds=3, items=items)
