"""Rank correlation of many pairs of vectors, beside SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from embarith import _core
from measuring import measure


@pytest.mark.parametrize("peer", ["embarith", "scipy"])
def test_spearman(benchmark: BenchmarkFixture, peer: str) -> None:
    x, y = np.round(np.random.default_rng(0).standard_normal((2, 3217, 300)), 2)

    def vectorised() -> NDArray[np.float64]:
        """What `scipy.stats.spearmanr` does to a pair, done to all pairs at once."""
        p, q = (scipy.stats.rankdata(values, axis=1) for values in (x, y))
        p -= p.mean(axis=1, keepdims=True)
        q -= q.mean(axis=1, keepdims=True)
        return (p * q).sum(axis=1) / np.sqrt((p**2).sum(axis=1) * (q**2).sum(axis=1))

    work = {"embarith": lambda: _core.spearman(x, y), "scipy": vectorised}[peer]
    group = "Spearman's rho of 3,217 pairs × 300, with ties"
    found = measure(benchmark, work, group=group, peer=peer, rounds=7)
    np.testing.assert_allclose(found, _core.spearman(x, y), atol=1e-13)
