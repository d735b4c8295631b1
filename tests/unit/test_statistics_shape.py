"""Figures of a set of vectors against SciPy, scikit-learn and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from sklearn.decomposition import PCA

from embarith.draws import generator
from embarith.statistics import (
    bootstrap_weights,
    component_shares,
    mean_cosines,
    occurrences,
    skewness,
    unit,
)


@pytest.fixture
def x() -> np.ndarray:
    return unit(generator(0, "x").standard_normal((60, 7)) + 0.4)


def test_mean_cosine_is_that_of_all_couples(x):
    cosines = (x @ x.T)[np.triu_indices(60, 1)]
    assert mean_cosines(x, np.ones((1, 60)))[0] == pytest.approx(cosines.mean(), abs=1e-14)


def test_mean_cosine_of_a_bootstrap_leaves_out_a_row_with_itself(x):
    weights = generator(1, "w").integers(0, 4, (3, 60)).astype(float)
    for mean, drawn in zip(mean_cosines(x, weights), weights, strict=True):
        couples = np.outer(drawn, drawn)
        np.fill_diagonal(couples, 0)
        assert mean == pytest.approx((couples * (x @ x.T)).sum() / couples.sum(), abs=1e-13)
    assert np.isnan(mean_cosines(x, np.eye(60)[:1]))


@pytest.mark.parametrize("rows", [5, 60])
def test_component_shares_are_those_of_scikit_learn(x, rows):
    found = component_shares(x[:rows], 3)
    expected = PCA(n_components=3).fit(x[:rows]).explained_variance_ratio_
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    assert component_shares(x[:rows], 100).sum() == pytest.approx(1)
    assert component_shares(x[:1].repeat(4, axis=0), 2).tolist() == [0, 0]


def test_skewness_is_that_of_scipy_also_of_drawn_values():
    values = generator(0, "values").gamma(1.0, size=200)
    plain = skewness(values, np.ones((1, 200)))[0]
    assert plain == pytest.approx(scipy.stats.skew(values), rel=1e-12)
    weights = next(bootstrap_weights(200, 4, generator(0, "drawn")))
    for found, drawn in zip(skewness(values, weights), weights, strict=True):
        again = np.repeat(values, drawn.astype(int))
        assert found == pytest.approx(scipy.stats.skew(again), rel=1e-10)
    assert skewness(np.full(5, 7.3), np.ones((1, 5))).tolist() == [0]


def test_occurrences_count_lists():
    assert occurrences(np.array([[1, 2], [0, -1], [1, 0]]), 4).tolist() == [2, 2, 1, 0]


def test_weights_are_the_same_however_they_are_cut():
    count = 1_500_000
    blocks = list(bootstrap_weights(count, 3, generator(0, "blocks")))
    assert [len(block) for block in blocks] == [2, 1]
    drawn = generator(0, "blocks").integers(0, count, (3, count))
    for weights, row in zip(np.concatenate(blocks), drawn, strict=True):
        np.testing.assert_array_equal(weights, np.bincount(row, minlength=count))
