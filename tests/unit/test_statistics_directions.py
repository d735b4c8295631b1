"""Angles and correlations across dimensions against SciPy and whole rotations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from embarith import statistics


@pytest.fixture
def vectors() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(7)
    return random.standard_normal((40, 51)), random.standard_normal((40, 51))


def test_angles_are_the_arc_cosine_in_degrees(vectors):
    x, y = vectors
    cosine = [
        float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for a, b in zip(x, y, strict=True)
    ]
    assert np.allclose(statistics.angles(x, y), np.degrees(np.arccos(cosine)), rtol=0, atol=1e-11)
    assert np.allclose(statistics.cosines(x, y), cosine, rtol=0, atol=1e-14)


def test_small_angles_keep_their_digits():
    # The arc cosine of the cosine of these two is 0 or 1.2e-6 degrees, never 1e-8 radians.
    x, y = np.array([[1.0, 0.0]]), np.array([[1.0, 1e-8]])
    assert statistics.angles(x, y)[0] == pytest.approx(np.degrees(1e-8), rel=1e-9)
    assert statistics.angles(x, x)[0] == 0.0
    assert statistics.angles(x, -x)[0] == 180.0


def test_zero_rows_are_neutral():
    zero, one = np.zeros((1, 3)), np.ones((1, 3))
    assert statistics.cosines(zero, one)[0] == 0.0
    assert statistics.pearson(one, np.array([[1.0, 2.0, 3.0]]))[0] == 0.0
    assert statistics.spearman(one, np.array([[1.0, 2.0, 3.0]]))[0] == 0.0
    assert statistics.spearman(np.array([[1.0, 2.0, 3.0]]), zero)[0] == 0.0


def test_pearson_and_spearman_are_scipy_s(vectors):
    x, y = vectors
    x[:, 5] = x[:, 9]  # ties
    expected = [stats.pearsonr(a, b).statistic for a, b in zip(x, y, strict=True)]
    assert np.allclose(statistics.pearson(x, y), expected, rtol=0, atol=1e-12)
    expected = [stats.spearmanr(a, b).statistic for a, b in zip(x, y, strict=True)]
    assert np.allclose(statistics.spearman(x, y), expected, rtol=0, atol=1e-12)


def test_spearman_without_ties_is_the_published_shortcut():
    random = np.random.default_rng(3)
    x = np.array([random.permutation(50) for _ in range(20)], np.float64)
    y = np.array([random.permutation(50) for _ in range(20)], np.float64)
    shortcut = 1 - 6 * ((x - y) ** 2).sum(axis=1) / (50 * (50**2 - 1))
    assert np.allclose(statistics.spearman(x, y), shortcut, rtol=0, atol=1e-12)


def test_rotated_spearman_is_the_mean_over_whole_rotations():
    random = np.random.default_rng(11)
    d, r = 30, 0.6
    x = np.zeros(d)
    x[0] = 1.0
    y = r * x
    y[1] = np.sqrt(1 - r * r)
    whole = []
    for _ in range(1500):
        q = np.linalg.qr(random.standard_normal((d, d)))[0]
        whole.append(stats.spearmanr(q @ x, q @ y).statistic)
    ours = statistics.rotated_spearman(np.full(300, r), d, 20, random)
    error = np.hypot(np.std(whole) / np.sqrt(1500), np.std(ours) / np.sqrt(300))
    assert abs(np.mean(whole) - ours.mean()) < 4 * error


@pytest.mark.parametrize("r", [-0.5, 0.2, 0.65, 0.9])
def test_rotated_spearman_tends_to_the_normal_law(r):
    ours = statistics.rotated_spearman(np.full(50, r), 1000, 20, np.random.default_rng(1)).mean()
    assert ours == pytest.approx(6 / np.pi * np.arcsin(r / 2), abs=0.006)
