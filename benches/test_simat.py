"""A sweep of λ over the 12,895 queries of a SIMAT set, beside a search for every λ."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from embarith import EmbeddingTable
from embarith.experiments.simat import LAMS, simat
from embarith.questions import simat as sets
from embarith.sweep import sweep
from measuring import measure

DIMENSIONS = 512
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

Floats = NDArray[np.float64]


@lru_cache
def asked() -> tuple[sets.Simat, EmbeddingTable, EmbeddingTable]:
    """The set, and photographs that are the sums of their words and noise."""
    folder = Path(os.environ.get("EMBARITH_TEST_DATA", SHARED)) / "mini_simat"
    if not folder.is_dir():
        pytest.skip(f"real data absent: {folder} (set EMBARITH_TEST_DATA)")
    task = sets.read(folder)
    random = np.random.default_rng(0)
    words = dict(
        zip(task.words, random.standard_normal((len(task.words), DIMENSIONS)), strict=True)
    )
    triple_of = dict(task.carried.tolist())
    photographs = random.standard_normal((len(task.images), DIMENSIONS))
    for row, triple in triple_of.items():
        photographs[row] += sum(words.get(word, 0) for word in task.triples[triple])
    return (
        task,
        EmbeddingTable.from_arrays(task.images, photographs.astype(np.float32)),
        EmbeddingTable.from_arrays(task.words, np.stack(list(words.values())).astype(np.float32)),
    )


def unit(table: EmbeddingTable) -> Floats:
    wide = table.vectors.astype(np.float64)
    return wide / np.linalg.norm(wide, axis=1, keepdims=True)


@pytest.mark.parametrize(
    "peer", ["embarith", "embarith, one λ", "a search for every λ", "numpy, for every λ"]
)
def test_sweep(benchmark: BenchmarkFixture, peer: str) -> None:
    group = "26 λ of 12,895 SIMAT queries over 744 photographs of 512 dimensions"
    task, images, texts = asked()
    photographs, words = unit(images), unit(texts)
    value, target = (texts.rows(side) for side in (task.value, task.target))
    own = task.photograph
    steps = words[target] - words[value]

    def swept(lams: Floats) -> NDArray[np.int64]:
        return sweep(
            photographs,
            photographs,
            words,
            point=own,
            value=value,
            target=target,
            own=own,
            lams=lams,
            k=5,
        ).rows

    def search() -> NDArray[np.int64]:
        found = [
            images.search(photographs[own] + lam * steps, 5, exclude=own[:, None])[0]
            for lam in LAMS
        ]
        return np.stack(found, axis=1)

    def multiply() -> NDArray[np.int64]:
        found = []
        for lam in LAMS:
            scores = (photographs[own] + lam * steps) @ photographs.T
            scores[np.arange(len(own)), own] = -np.inf
            top = np.argpartition(scores, -5, axis=1)[:, -5:]
            order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
            found.append(np.take_along_axis(top, order, axis=1))
        return np.stack(found, axis=1)

    lams = np.array(LAMS)
    if peer == "embarith":
        work = lambda: swept(lams)  # noqa: E731
    elif peer == "embarith, one λ":
        work = lambda: swept(lams[5:6])  # noqa: E731
    else:
        work = search if "search" in peer else multiply
    found = measure(benchmark, work, group=group, peer=peer, rounds=3)
    if peer != "embarith, one λ":
        assert (found == swept(lams)).mean() > 0.9999


@pytest.mark.parametrize("peer", ["embarith", "embarith, one λ"])
def test_score(benchmark: BenchmarkFixture, peer: str) -> None:
    group = "The SIMAT score with baselines and intervals: 26 λ beside one"
    task, images, texts = asked()
    lams = LAMS if peer == "embarith" else (1.0,)
    work = lambda: simat(images, texts, task, lams=lams)  # noqa: E731
    measure(benchmark, work, group=group, peer=peer, rounds=3)
