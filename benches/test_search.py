"""The nearest rows to single queries and to batches, beside four other programs."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from embarith import EmbeddingTable
from measuring import measure
from peers import PEERS, Worker

Saved = Callable[[str], Path]

OURS = ("embarith", "embarith avxvnni", "embarith avx2")
TABLES = ("random-300", "glove-300", "glove-50")
ROUNDS = {1: 50, 64: 15, 1024: 5}


@lru_cache(maxsize=1)
def opened(path: Path) -> tuple[EmbeddingTable, NDArray[np.float32]]:
    """The table with its shadow, and for the peers a copy of its unit rows."""
    table = EmbeddingTable.open(path)
    return table, np.array(table.vectors)


def near(table: EmbeddingTable, count: int) -> NDArray[np.float32]:
    """Unit vectors some way from rows, as sums of words are."""
    random = np.random.default_rng(count)
    rows = random.integers(0, len(table), count)
    steps = 0.5 * random.standard_normal((count, table.dimensions)) / table.dimensions**0.5
    asked = table.vectors[rows] + steps
    unit = asked / np.linalg.norm(asked, axis=1, keepdims=True)
    return np.ascontiguousarray(unit, dtype=np.float32)


def described(table: str, count: int) -> str:
    kind, dimensions = table.split("-")
    return f"{kind} 400k × {dimensions}, {count:,} {'query' if count == 1 else 'queries'}"


# A thousand queries would take usearch half a minute a round.
@pytest.mark.parametrize(
    ("count", "peer"),
    [
        (count, peer)
        for count in ROUNDS
        for peer in (*OURS, *PEERS)
        if (count, peer) != (1024, "usearch")
    ],
)
@pytest.mark.parametrize("table", TABLES)
def test_search(
    benchmark: BenchmarkFixture, saved: Saved, tmp_path: Path, table: str, count: int, peer: str
) -> None:
    ours, unit = opened(saved(table))
    asked = near(ours, count)
    exact = ours.search(asked, 10)[0]
    how = {"group": f"{described(table, count)}, k = 10", "peer": peer, "rounds": ROUNDS[count]}
    if peer == "embarith":
        measure(benchmark, lambda: ours.search(asked, 10), **how)
    elif peer in OURS:
        np.save(tmp_path / "asked.npy", asked)
        try:
            worker = Worker(saved(table), tmp_path / "asked.npy", isa=peer.split()[1], k=10)
        except RuntimeError as error:
            pytest.skip(f"{peer}: {error}")
        measure(benchmark, worker.search, **how)
        assert np.array_equal(worker.close(), exact)
    else:
        search = PEERS[peer](unit)
        found = measure(benchmark, lambda: search(asked, 10), **how)
        # They round to float32 and may change places of rows that are all but level.
        assert (found == exact).mean() > 0.998


@pytest.mark.parametrize("k", [10, 100])
def test_k(benchmark: BenchmarkFixture, saved: Saved, k: int) -> None:
    ours, _ = opened(saved("random-300"))
    asked = near(ours, 64)
    group = "k = 100 beside k = 10, random 400k × 300, 64 queries"
    peer = "embarith" if k == 100 else "embarith, k = 10"
    measure(benchmark, lambda: ours.search(asked, k), group=group, peer=peer, rounds=15)


@pytest.mark.parametrize(
    "peer", ["embarith", "embarith, cosine", "scipy, ranking both", "numpy, table ranked before"]
)
def test_spearman_search(benchmark: BenchmarkFixture, saved: Saved, peer: str) -> None:
    ours, unit = opened(saved("random-300"))
    asked = near(ours, 64)
    similarity = "cosine" if peer.endswith("cosine") else "spearman"

    def ranked(values: NDArray[np.float32]) -> NDArray[np.float64]:
        ranks = scipy.stats.rankdata(values, axis=1)
        ranks -= ranks.mean(axis=1, keepdims=True)
        return ranks / np.linalg.norm(ranks, axis=1, keepdims=True)

    table = ranked(unit).astype(np.float32).T if peer == "numpy, table ranked before" else None

    def peers_search() -> NDArray[np.int64]:
        scores = ranked(asked) @ (ranked(unit).T if table is None else table)
        top = np.argpartition(scores, -10, axis=1)[:, -10:]
        order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1)
        return np.take_along_axis(top, order, axis=1)

    group = "the same search by Spearman, random 400k × 300, 64 queries, k = 10"
    if not peer.startswith("embarith"):
        rounds = 1 if table is None else 3
        found = measure(benchmark, peers_search, group=group, peer=peer, rounds=rounds)
        assert (found == ours.search(asked, 10, similarity="spearman")[0]).mean() > 0.998
    else:
        search = lambda: ours.search(asked, 10, similarity=similarity)  # noqa: E731
        measure(benchmark, search, group=group, peer=peer, rounds=15)


@pytest.mark.parametrize("rows", [25_000, 50_000, 100_000, 200_000, 400_000, 800_000])
def test_growth(benchmark: BenchmarkFixture, rows: int, tmp_path: Path) -> None:
    """Seconds a row: the time is divided by the rows, so that linear growth is a level column."""
    vectors = np.random.default_rng(0).standard_normal((rows, 300), np.float32)
    EmbeddingTable.from_arrays(np.arange(rows).astype(str), vectors).save(tmp_path / "table.arrow")
    table = EmbeddingTable.open(tmp_path / "table.arrow")
    asked = near(table, 64)
    measure(
        benchmark,
        lambda: table.search(asked, 10),
        group="growth: time a row, random × 300, 64 queries, k = 10",
        peer="embarith" if rows == 400_000 else f"embarith, {rows:,} rows",
        rounds=15,
        items=rows,
    )
