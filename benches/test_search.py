"""Search, questions and rank correlation beside their peers, answers checked equal first."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from gensim.models import KeyedVectors

from embarith import _core, data, questions, solvers
from embarith.table import EmbeddingTable


@pytest.fixture(scope="module")
def glove() -> EmbeddingTable:
    return data.open_table("glove-6b-50d")


@pytest.fixture(scope="module")
def unit(glove: EmbeddingTable) -> np.ndarray:
    return np.ascontiguousarray(glove.normalized().vectors)


@pytest.fixture(scope="module")
def google(glove: EmbeddingTable) -> tuple[np.ndarray, ...]:
    """Row numbers of Google's questions: a, b, c and the right answer."""
    asked = questions.load("google").map_words(str.lower)
    return tuple(glove.rows(w) for w in (asked.a, asked.b, asked.c, [g[0] for g in asked.gold]))


def numpy_search(unit: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    """Blocks of 64 queries, whose scores still fit memory that NumPy finds again at once."""
    found = []
    for start in range(0, len(queries), 64):
        scores = queries[start : start + 64].astype(np.float32) @ unit.T
        top = np.argpartition(scores, -k, axis=1)[:, -k:]
        order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1)
        found.append(np.take_along_axis(top, order, axis=1))
    return np.concatenate(found)


@pytest.mark.parametrize("count", [1, 64, 1024])
@pytest.mark.parametrize("peer", ["embarith", "numpy"])
def test_search(benchmark, glove: EmbeddingTable, unit: np.ndarray, count: int, peer: str) -> None:
    benchmark.group = f"400,000 × 50, k = 10, {count} queries"
    rng = np.random.default_rng(0)
    queries = unit[rng.integers(0, len(unit), count)] + 0.05 * rng.standard_normal((count, 50))
    work = {
        "embarith": lambda: glove.search(queries, 10)[0],
        "numpy": lambda: numpy_search(unit, queries, 10),
    }
    assert (work["embarith"]() == work["numpy"]()).mean() > 0.999
    benchmark.pedantic(work[peer], rounds=5)


def test_google_fair_and_restricted(benchmark, glove: EmbeddingTable, google) -> None:
    benchmark.group = "Google, seconds a question on 400,000 × 50"
    a, b, c, d = google
    benchmark.extra_info["questions"] = len(a)
    found = benchmark.pedantic(
        lambda: solvers.solve(glove, a, b, c, d[:, None], k=10), rounds=3, warmup_rounds=1
    )
    assert (found.restricted.indices[:, 0] == d).mean() == pytest.approx(0.4622, abs=1e-4)


def test_google_gensim_restricted_alone(benchmark, glove: EmbeddingTable, google) -> None:
    """gensim on 150 seeded questions, the first ten of its answers checked against ours."""
    benchmark.group = "Google, seconds a question on 400,000 × 50"
    theirs = KeyedVectors(glove.dimensions)
    theirs.add_vectors(glove.index_to_key, glove.vectors)
    theirs.fill_norms()
    chosen = np.random.default_rng(0).choice(len(google[0]), 150, replace=False)
    a, b, c, d = (column[chosen] for column in google)
    key = glove.index_to_key

    def ask() -> list[list[str]]:
        return [
            [w for w, _ in theirs.most_similar([key[j], key[k]], [key[i]], topn=10)]
            for i, j, k in zip(a, b, c, strict=True)
        ]

    benchmark.extra_info["questions"] = 150
    answers = benchmark.pedantic(ask, rounds=3, warmup_rounds=1)
    ours = solvers.solve(glove, a, b, c, d[:, None], k=10).restricted.indices
    same = [
        key[row] == word
        for rows, words in zip(ours, answers, strict=True)
        for row, word in zip(rows, words, strict=True)
    ]
    assert np.mean(same) > 0.999


@pytest.mark.parametrize("peer", ["embarith", "scipy"])
def test_spearman(benchmark, peer: str) -> None:
    benchmark.group = "Spearman, 3,217 pairs × 300 with ties"
    rng = np.random.default_rng(0)
    x, y = np.round(rng.standard_normal((2, 3217, 300)), 2)

    def scipy_rows() -> np.ndarray:
        p, q = (scipy.stats.rankdata(v, axis=1) for v in (x, y))
        p -= p.mean(axis=1, keepdims=True)
        q -= q.mean(axis=1, keepdims=True)
        return (p * q).sum(axis=1) / np.sqrt((p**2).sum(axis=1) * (q**2).sum(axis=1))

    work = {"embarith": lambda: _core.spearman(x, y), "scipy": scipy_rows}
    np.testing.assert_allclose(work["embarith"](), work["scipy"](), atol=1e-13)
    benchmark.pedantic(work[peer], rounds=5, warmup_rounds=1)
