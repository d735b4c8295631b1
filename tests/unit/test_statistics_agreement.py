"""Agreement of two raters against scikit-learn, published figures and a plain bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from embarith.statistics import agreement, cohen_kappa, gwet_ac1, raw_agreement


# Gwet, Handbook of Inter-Rater Reliability: 100 pregnancies in three categories by two readers of
# the records. Gwet 2002, Kappa Statistic is not Satisfactory: 125 subjects, nearly all positive.
# Feinstein and Cicchetti 1990: the paradox, raw agreement .85 twice.
@pytest.mark.parametrize(
    ("counts", "raw", "kappa", "ac1"),
    [
        ([[13, 0, 0], [0, 20, 7], [0, 4, 56]], 0.89, 0.79641, 0.84933),
        ([[118, 5], [2, 0]], 0.944, -0.02339, 0.94078),
        ([[40, 9], [6, 45]], 0.85, 0.69952, 0.70075),
        ([[80, 10], [5, 5]], 0.85, 0.31818, 0.808),
    ],
)
def test_published_tables(counts: list[list[int]], raw: float, kappa: float, ac1: float) -> None:
    table = np.array(counts)
    assert raw_agreement(table) == pytest.approx(raw, abs=5e-6)
    assert cohen_kappa(table) == pytest.approx(kappa, abs=5e-6)
    assert gwet_ac1(table) == pytest.approx(ac1, abs=5e-6)


categories = st.integers(0, 2)


@given(st.lists(st.tuples(categories, categories), min_size=1, max_size=60))
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs).T
    counts = np.zeros((3, 3), np.int64)
    np.add.at(counts, (first, second), 1)
    ours = float(cohen_kappa(counts))
    if len(set(first) | set(second)) == 1:
        assert np.isnan(ours)
    else:
        assert ours == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)


@given(st.lists(st.tuples(categories, categories), min_size=1, max_size=60))
def test_ac1_is_gwets_formula(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs).T
    counts = np.zeros((3, 3), np.int64)
    np.add.at(counts, (first, second), 1)
    shares = [np.mean([*(first == k), *(second == k)]) for k in range(3)]
    chance = sum(share * (1 - share) for share in shares) / 2
    expected = (np.mean(first == second) - chance) / (1 - chance)
    assert float(gwet_ac1(counts)) == pytest.approx(expected, abs=1e-12)


def made_up(words: int, dropped: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Verdicts of two people on ten photographs a word, alike within a word."""
    random = np.random.default_rng(seed)
    hard = np.repeat(random.beta(dropped, 1 - dropped, words), 10)
    first, second = (random.random((2, len(hard))) < hard).astype(np.int64)
    return first, second, np.repeat(np.arange(words), 10)


def test_intervals_are_those_of_drawing_words() -> None:
    first, second, unit = made_up(60, 0.3)
    found = agreement(
        first, second, unit, categories=2, draws=2000, random=np.random.default_rng(1)
    )
    random = np.random.default_rng(2)
    kappas, raws = [], []
    for _ in range(2000):
        rows = np.concatenate([np.flatnonzero(unit == u) for u in random.integers(0, 60, 60)])
        raws.append(np.mean(first[rows] == second[rows]))
        table = np.histogram2d(first[rows], second[rows], bins=2)[0].astype(np.int64)
        kappas.append(float(cohen_kappa(table)))
    for coefficient, draws in ((found.raw, raws), (found.kappa, kappas)):
        assert coefficient.ci == pytest.approx(np.percentile(draws, [2.5, 97.5]), abs=0.02)
        assert coefficient.ci is not None
        assert coefficient.value is not None
        assert coefficient.ci[0] < coefficient.value < coefficient.ci[1]


def test_kappa_collapses_where_ac1_does_not() -> None:
    first = np.zeros(300, np.int64)
    second = first.copy()
    first[:6], second[6:12] = 1, 1
    unit = np.repeat(np.arange(30), 10)
    found = agreement(first, second, unit, categories=2, draws=500, random=np.random.default_rng(0))
    assert found.raw.value == 0.96
    assert found.kappa.value is not None
    assert found.ac1.value is not None
    assert found.kappa.value < 0
    assert found.ac1.value > 0.95
    assert found.counts == ((288, 6), (6, 0))


def test_nothing_is_claimed_of_too_little() -> None:
    kept = np.zeros(40, np.int64)
    unit = np.repeat(np.arange(4), 10)
    options = {"categories": 2, "draws": 200, "random": np.random.default_rng(0)}
    found = agreement(kept, kept, unit, **options)
    assert (found.raw.value, found.raw.ci) == (1.0, None)
    assert (found.kappa.value, found.kappa.ci) == (None, None)
    assert found.ac1.value == 1.0
    # One word of many was dropped from: a third of the draws hold none of it.
    one = np.zeros(200, np.int64)
    one[0] = 1
    found = agreement(one, one, np.repeat(np.arange(20), 10), **options)
    assert (found.kappa.value, found.kappa.ci) == (1.0, None)
    assert (found.ac1.value, found.ac1.ci) == (1.0, None)
    empty = np.zeros(0, np.int64)
    assert agreement(empty, empty, empty, **options).raw.value is None
