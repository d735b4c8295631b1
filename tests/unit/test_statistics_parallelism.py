"""Concordance and consistency against scikit-learn and against spaces where both are known."""

from __future__ import annotations

import numpy as np
import pytest

from embarith.draws import generator
from embarith.statistics import parallelism
from embarith.statistics.parallelism import _separation, _shuffles


def test_shuffles_leave_no_pair_together_and_are_permutations():
    orders = _shuffles(7, 200, generator(0, "test"))
    assert (np.sort(orders, axis=1) == np.arange(7)).all()
    assert (orders != np.arange(7)).all()
    assert len({tuple(order) for order in orders.tolist()}) > 100


def test_separation_is_the_area_under_the_roc():
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    above, below = random.integers(0, 9, 40) / 9, random.integers(-2, 7, 55) / 9
    expected = metrics.roc_auc_score([1] * 40 + [0] * 55, np.concatenate([above, below]))
    assert _separation(above, below) == pytest.approx(expected, abs=1e-15)


def test_concordance_is_the_mean_pairwise_cosine():
    pairwise = pytest.importorskip("sklearn.metrics.pairwise")
    random = np.random.default_rng(1)
    starts, ends = random.standard_normal((9, 6)), random.standard_normal((9, 6))
    table = pairwise.cosine_similarity(ends - starts)
    expected = table[np.triu_indices(9, 1)].mean()
    found = parallelism(starts, ends, 50, generator(0, "test"))
    assert found[0] == pytest.approx(expected, abs=1e-14)


def test_two_regions_are_concordant_but_not_consistent():
    # Fournier, Dupoux and Dunbar's point: ends far from starts make every pairing parallel.
    random = np.random.default_rng(2)
    starts = random.standard_normal((40, 20))
    ends = random.standard_normal((40, 20)) + 20.0
    concordance, concordance_null, consistency, consistency_null = parallelism(
        starts, ends, 50, generator(0, "test")
    )
    assert concordance > 0.9
    assert concordance_null == pytest.approx(concordance, abs=0.01)
    assert consistency == pytest.approx(0.5, abs=0.1)
    assert consistency_null == pytest.approx(0.5, abs=0.05)


def test_true_parallelism_is_both():
    random = np.random.default_rng(3)
    starts = random.standard_normal((40, 20)) * 3
    ends = starts + 1.0 + 0.1 * random.standard_normal((40, 20))
    concordance, concordance_null, consistency, _ = parallelism(
        starts, ends, 50, generator(0, "test")
    )
    assert concordance > 0.9
    assert concordance_null < 0.5
    assert consistency > 0.95
