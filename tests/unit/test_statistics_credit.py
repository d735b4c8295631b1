"""Credit under ties and on smaller vocabularies against enumeration and SciPy."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from embarith import statistics


def one(above: int, tied: int = 1, right: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.array([above]), np.array([tied]), np.array([right])


@pytest.mark.parametrize("k", [1, 2, 3, 5])
@pytest.mark.parametrize(
    ("above", "tied", "right"),
    [(0, 1, 1), (0, 3, 1), (1, 2, 1), (2, 4, 1), (4, 1, 1), (0, 3, 2), (0, 2, 2), (3, 5, 3)],
)
def test_credit_is_the_mean_over_all_orders_of_the_ties(above, tied, right, k):
    first = [min(order[:right]) for order in permutations(range(tied))]
    ranks = above + 1 + np.array(first)
    ours = one(above, tied, right)
    assert statistics.credit(*ours, k)[0] == pytest.approx(np.mean(ranks <= k))
    assert statistics.reciprocal_rank(*ours)[0] == pytest.approx(np.mean(1 / ranks))


def test_an_excluded_answer_is_worth_nothing():
    assert statistics.credit(*one(-1), 10)[0] == 0
    assert statistics.reciprocal_rank(*one(-1))[0] == 0
    assert statistics.vocabulary_credit(*one(-1), others=9, drawn=3, k=5)[0] == 0


@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("drawn", range(7))
@pytest.mark.parametrize(("above", "tied"), [(0, 1), (2, 1), (6, 1), (1, 3), (0, 7), (4, 2)])
def test_vocabulary_credit_is_the_mean_over_all_vocabularies(above, tied, drawn, k):
    others = 6
    if above + tied - 1 > others:
        pytest.skip("more candidates than there are")
    found = []
    for kept in combinations(range(others), drawn):
        # Candidates 0 .. above - 1 are better, the next tied - 1 equal.
        better = sum(i < above for i in kept)
        equal = sum(above <= i < above + tied - 1 for i in kept)
        found.append(np.mean([better + place < k for place in range(equal + 1)]))
    ours = statistics.vocabulary_credit(*one(above, tied), others=others, drawn=drawn, k=k)[0]
    assert ours == pytest.approx(np.mean(found), abs=1e-12)


@settings(deadline=None)
@given(st.data())
def test_vocabulary_credit_is_scipy_s_hypergeometric(data):
    others = data.draw(st.integers(1, 5000))
    drawn = data.draw(st.integers(0, others))
    above = np.array(data.draw(st.lists(st.integers(0, others), min_size=1, max_size=5)))
    k = data.draw(st.sampled_from([1, 5, 10]))
    ours = statistics.vocabulary_credit(
        above, np.ones_like(above), np.ones_like(above), others, drawn, k
    )
    assert np.allclose(ours, stats.hypergeom.cdf(k - 1, others, above, drawn), rtol=0, atol=1e-9)


def test_the_whole_vocabulary_gives_the_credit_itself():
    random = np.random.default_rng(0)
    above, tied = random.integers(0, 20, 100), random.integers(1, 5, 100)
    ranks = above, tied, random.integers(1, tied + 1)
    for k in (1, 5):
        whole = statistics.vocabulary_credit(*ranks, others=400_000, drawn=400_000, k=k)
        assert np.allclose(whole, statistics.credit(*ranks, k), rtol=0, atol=1e-12)


def test_a_right_answer_that_was_excluded_counts_nothing():
    unfound = statistics.vocabulary_credit(*one(-1, 0, 0), others=5, drawn=3, k=1)
    assert unfound.tolist() == [0.0]


def test_a_sample_larger_than_the_candidates_is_refused():
    with pytest.raises(ValueError, match="between 0 and others = 5"):
        statistics.vocabulary_credit(*one(0), others=5, drawn=6, k=1)
