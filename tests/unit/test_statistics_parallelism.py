"""Concordance and consistency against scikit-learn and against spaces where both are known."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from embarith.draws import generator
from embarith.statistics import parallelism
from embarith.statistics.parallelism import _separation, _shuffles


def test_shuffles_leave_no_pair_together_and_are_permutations():
    orders = _shuffles(np.eye(7, dtype=bool), 200, generator(0, "test"))
    assert (np.sort(orders, axis=1) == np.arange(7)).all()
    assert (orders != np.arange(7)).all()
    assert len({tuple(order) for order in orders.tolist()}) > 100


def test_all_derangements_are_about_as_likely():
    orders = _shuffles(np.eye(4, dtype=bool), 9000, generator(0, "test"))
    counts = np.unique(orders, axis=0, return_counts=True)[1]
    assert len(counts) == 9
    assert abs(counts / 1000 - 1).max() < 0.25


def test_no_start_gets_an_end_of_its_own_where_words_repeat():
    # As cities in states: 12 starts share 4 ends, and start 0 stands with two of them.
    start = np.array([0, 0, *range(1, 11)])
    end = np.array([0, 1, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3])
    true = np.zeros((12, 12), bool)
    for i, j in np.ndindex(12, 12):
        true[i, j] = any((start[i] == start[k]) & (end[j] == end[k]) for k in range(12))
    orders = _shuffles(true, 100, generator(0, "test"))
    assert (np.sort(orders, axis=1) == np.arange(12)).all()
    assert not true[np.arange(12), orders].any()
    random = np.random.default_rng(0)
    words = random.standard_normal((2, 12, 6))
    seen = []

    def spy(known, count, random):
        seen.append(known)
        return _shuffles(known, count, random)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules[parallelism.__module__], "_shuffles", spy)
        assert parallelism(words[0][start], words[1][end], 5, random) is not None
    assert (seen[0] == true).all()


# Pairs as SemEval's relations have them: words in several pairs, chains and pairs turned round.
SHARING = [
    *((f"a{i}", f"b{i}") for i in range(24)),
    *((f"a{i}", f"b{i + 12}") for i in range(6)),
    *((f"b{i}", f"a{i}") for i in range(8, 12)),
    *((f"b{i}", f"c{i}") for i in range(12, 18)),
]
DISTINCT = [(f"a{i}", f"b{i}") for i in range(40)]


@pytest.mark.parametrize("similar", [False, True])
@pytest.mark.parametrize("pairs", [DISTINCT, SHARING])
def test_vectors_without_parallel_offsets_score_their_null(pairs, similar):
    # Random words, and words that share a part with their partners: near each other, no more.
    random = np.random.default_rng(4)
    found = []
    for _ in range(40):
        vectors = {word: random.standard_normal(30) for pair in pairs for word in pair}
        if similar:
            for a, b in pairs:
                shared = random.standard_normal(30)
                vectors[a] = vectors[a] + shared
                vectors[b] = vectors[b] + shared
        starts, ends = (np.array([vectors[pair[side]] for pair in pairs]) for side in (0, 1))
        found.append(parallelism(starts, ends, 20, random))
    over = np.array(found)[:, [0, 2]] - np.array(found)[:, [1, 3]]
    error = over.std(axis=0, ddof=1) / np.sqrt(len(over))
    assert (abs(over.mean(axis=0)) < 4 * error).all()
    # Counting every couple, similar pairs would be about .02 above it.
    assert abs(over.mean(axis=0)[1]) < 0.004


def test_pairs_that_mostly_share_an_end_have_no_shuffle():
    random = np.random.default_rng(0)
    starts, ends = random.standard_normal((5, 3)), random.standard_normal((5, 3))
    ends[1:4] = ends[0]
    assert parallelism(starts, ends, 5, random) is None


def test_three_pairs_have_no_couple_apart():
    starts, ends = np.random.default_rng(0).standard_normal((2, 3, 4))
    assert parallelism(starts, ends, 5, np.random.default_rng(0)) is None


def test_separation_is_the_area_under_the_roc():
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    above, below = random.integers(0, 9, 40) / 9, random.integers(-2, 7, 55) / 9
    expected = metrics.roc_auc_score([1] * 40 + [0] * 55, np.concatenate([above, below]))
    assert _separation(above, below) == pytest.approx(expected, abs=1e-15)
    # Cosines that differ by the order of a sum are one.
    noise = 1e-15 * random.standard_normal(40)
    assert _separation(above + noise, below) == pytest.approx(expected, abs=1e-15)


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
