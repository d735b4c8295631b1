"""Intervals and nulls against enumeration, closed forms and SciPy."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from embarith import _core, statistics
from embarith.draws import generator, key


def crossed(pairs: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All ordered couples of pairs, right or wrong by a pair effect on either side."""
    random = np.random.default_rng(seed)
    first, second = np.nonzero(~np.eye(pairs, dtype=bool))
    effect = random.standard_normal(pairs)
    noise = random.standard_normal(len(first))
    return first, second, (effect[first] + effect[second] + noise > 0).astype(np.float64)


def stream(*counter: int, seed: int, purpose: str) -> np.random.Philox:
    """NumPy's Philox where the core draws: the same algorithm, key and counter."""
    words = np.array(key(seed, purpose), np.uint64)  # which would be rounded as a plain tuple
    return np.random.Philox(key=words, counter=[0, *counter, 0])


def weights(units: int, draw: int, seed: int) -> np.ndarray:
    random = np.random.Generator(stream(draw, 0, seed=seed, purpose="bootstrap"))
    return -np.log1p(-random.random(units))


def permuted(n: int, places: int, draw: int, relation: int, seed: int) -> list[int]:
    """First places of a random permutation, by Fisher and Yates."""
    order = list(range(n))
    words = stream(draw, relation, seed=seed, purpose="permutation").random_raw(places)
    for i, word in enumerate(words.tolist()):
        j = i + (word * (n - i) >> 64)
        order[i], order[j] = order[j], order[i]
    return order[:places]


def test_interval_is_the_dyadic_robust_one():
    # Fafchamps and Gubert (2007): residuals of questions that share a pair are correlated.
    first, second, right = crossed(60, 1)
    residual = right - right.mean()
    by_pair = np.bincount(first, residual, 60) + np.bincount(second, residual, 60)
    variance = (by_pair**2).sum() - (residual**2).sum()  # couples counted in both pairs
    mirrored = {
        (a, b): r for a, b, r in zip(first.tolist(), second.tolist(), residual, strict=True)
    }
    variance -= sum(r * mirrored[b, a] for (a, b), r in mirrored.items())
    expected = 2 * 1.96 * np.sqrt(variance) / len(right)
    boot = statistics.crossed_bootstrap(
        right[:, None], first, second, np.zeros(len(right), np.int64), draws=2000, seed=0
    )
    width = boot.micro[0, 1] - boot.micro[0, 0]
    assert width == pytest.approx(expected, rel=0.12)
    by_question = 2 * 1.96 * right.std() / np.sqrt(len(right))
    assert width > 3 * by_question


def test_weights_belong_to_pairs_wherever_they_stand():
    # The draws by hand: one exponential weight a pair, product over the question's two places;
    # relations in their true proportions, the two of fewer than five pairs as one stratum.
    first = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9])
    second = np.array([1, 2, 3, 4, 5, 0, 7, 6, 9, 8, 0])
    relation = np.array([0, 0, 0, 0, 0, 0, 1, 1, 3, 3, 3])
    right = np.array([1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0], np.float64)
    boot = statistics.crossed_bootstrap(right[:, None], first, second, relation, draws=50, seed=5)
    micro, macro, rows = [], [], []
    own, pooled = relation == 0, relation > 0
    sizes = np.array([6, 2, 0, 3])[relation]
    for draw in range(50):
        w = weights(10, draw, seed=5)
        weight = np.array([w[f] * w[s] for f, s in zip(first, second, strict=True)])
        large = np.average(right[own], weights=weight[own])
        small = np.average(right[pooled], weights=weight[pooled])
        even = np.average(right[pooled], weights=(weight / sizes)[pooled])
        micro.append(6 / 11 * large + 5 / 11 * small)
        macro.append(1 / 3 * large + 2 / 3 * even)
        rows.append(large)
    for found, expected in (
        (boot.micro[0], micro),
        (boot.macro[0], macro),
        (boot.relations[0, 0], rows),
    ):
        assert np.allclose(found, np.percentile(expected, [2.5, 97.5]), rtol=0, atol=1e-12)
    assert np.isnan(boot.relations[1:]).all()


def test_relations_of_one_question_each_keep_the_spread_between_them():
    random = np.random.default_rng(3)
    right = (random.random(400) < 0.4).astype(np.float64)
    pairs = np.arange(800).reshape(2, 400)
    one_each = statistics.crossed_bootstrap(
        right[:, None], *pairs, np.arange(400), draws=500, seed=0
    )
    all_in_one = statistics.crossed_bootstrap(
        right[:, None], *pairs, np.zeros(400, np.int64), draws=500, seed=0
    )
    assert np.allclose(one_each.micro, all_in_one.micro, rtol=0, atol=1e-12)
    assert np.allclose(one_each.macro, all_in_one.micro, rtol=0, atol=1e-12)
    assert one_each.micro[0, 1] - one_each.micro[0, 0] > 0.05


def test_relations_are_the_design():
    # Nothing varies within the two relations, so nothing is uncertain between them.
    first, second, _ = crossed(8, 1)
    two = np.concatenate([first, first + 8]), np.concatenate([second, second + 8])
    relation = np.repeat([0, 1], len(first))
    boot = statistics.crossed_bootstrap(
        relation[:, None].astype(np.float64), *two, relation, draws=100, seed=0
    )
    assert np.allclose(boot.micro, 0.5, rtol=0, atol=1e-12)


def test_too_few_pairs_have_no_interval():
    boot = statistics.crossed_bootstrap(
        np.ones((1, 1)), np.array([0]), np.array([1]), np.array([0]), draws=10, seed=0
    )
    assert np.isnan(boot.micro).all()
    assert np.isnan(boot.macro).all()
    assert np.isnan(boot.relations).all()


def test_sums_of_the_core_are_numpy_s():
    # More units than a block of Philox has words, more questions and draws than are held at once.
    random = np.random.default_rng(11)
    values = random.standard_normal((300, 7))
    first, second = random.integers(0, 41, (2, 300))
    relation = random.integers(0, 4, 300)
    drawn = _core.weighted_sums(
        values, first, second, relation, draws=70, key=key(2, "bootstrap"), progress=None
    )
    w = np.array([weights(int(max(first.max(), second.max())) + 1, d, seed=2) for d in range(70)])
    product = w[:, first] * w[:, second]
    for r in range(4):
        expected = product[:, relation == r] @ values[relation == r]
        assert np.allclose(drawn[:, r], expected, rtol=1e-13, atol=1e-12)


def test_draws_do_not_depend_on_their_number():
    first, second, right = crossed(20, 3)
    few, many = (
        _core.weighted_sums(
            right[:, None],
            *np.stack([first, second]),
            np.zeros(len(right), np.int64),
            draws=draws,
            key=key(1, "bootstrap"),
            progress=None,
        )
        for draws in (33, 100)
    )
    assert (few == many[:33]).all()
    answers = np.arange(30)
    few, many = (
        statistics.permutation_null(
            answers, answers[:, None], answers // 15, draws=draws, seed=1
        ).null
        for draws in (17, 40)
    )
    assert (few == many[:, :17]).all()


def test_seeds_change_the_draws():
    first, second, right = crossed(20, 3)
    relation = np.zeros(len(right), np.int64)
    one, same, other = (
        statistics.crossed_bootstrap(right[:, None], first, second, relation, draws=64, seed=seed)
        for seed in (1, 1, 2)
    )
    assert (one.micro == same.micro).all()
    assert (one.micro != other.micro).all()
    answers = np.arange(30)
    one, same, other = (
        statistics.permutation_null(answers, answers[:, None], relation[:30], draws=99, seed=seed)
        for seed in (1, 1, 2)
    )
    assert (one.null == same.null).all()
    assert (one.null != other.null).any()


def test_threads_and_instruction_sets_change_no_bit():
    script = """
import hashlib
import numpy as np
from embarith import statistics
random = np.random.default_rng(0)
first, second = np.nonzero(~np.eye(40, dtype=bool))
relation = (first // 14).astype(np.int64)
values = random.random((len(first), 11))
boot = statistics.crossed_bootstrap(values, first, second, relation, draws=100, seed=0)
answers = random.integers(-1, 40, len(first))
null = statistics.permutation_null(answers, second[:, None], relation, draws=99, seed=0)
parts = (boot.micro, boot.macro, boot.relations, null.null)
print(hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest())
"""
    printed = set()
    for setting in (
        {"EMBARITH_THREADS": "1"},
        {"EMBARITH_THREADS": "2"},
        {"EMBARITH_THREADS": "5"},
        {"EMBARITH_ISA": "portable"},
    ):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | setting,
            check=True,
            capture_output=True,
            text=True,
        )
        printed.add(done.stdout)
    assert len(printed) == 1


def test_progress_and_an_error_in_it_reach_the_caller():
    # Enough work for the first report, which comes after 50 ms.
    first, second, right = crossed(150, 3)
    relation = np.zeros(len(right), np.int64)
    seen = []

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        statistics.crossed_bootstrap(
            np.repeat(right[:, None], 30, axis=1),
            first,
            second,
            relation,
            draws=100_000,
            seed=0,
            progress=stop,
        )
    assert len(seen) == 1
    assert 0 <= seen[0][0] < seen[0][1] == 100_000


def test_the_core_refuses_what_does_not_fit():
    numbers, values = np.arange(3), np.ones((3, 1))
    rest = {"draws": 2, "key": (0, 0)}
    for arguments, message in (
        ((values[:2], numbers, numbers, numbers), "do not fit"),
        ((values, numbers[:2], numbers, numbers), "do not fit"),
        ((values[:, :0], numbers, numbers, numbers), "do not fit"),
        ((values, numbers - 1, numbers, numbers), "-1 does not count from 0"),
        ((values, numbers, numbers, numbers - 1), "-1 does not count from 0"),
    ):
        with pytest.raises(ValueError, match=message):
            _core.weighted_sums(*arguments, **rest, progress=None)
    with pytest.raises(ValueError, match="do not fit"):
        _core.permuted_hits(numbers[:2], numbers[:, None], numbers, **rest)
    with pytest.raises(ValueError, match="-1 does not count from 0"):
        _core.permuted_hits(numbers, numbers[:, None], numbers - 1, **rest)


def test_a_pair_that_all_questions_share_cancels():
    random = np.random.default_rng(4)
    right = (random.random(500) < 0.3).astype(np.float64)
    second = np.arange(1, 501)
    shared = statistics.crossed_bootstrap(
        right[:, None], np.zeros(500, np.int64), second, np.zeros(500, np.int64), draws=2000, seed=0
    )
    expected = 2 * 1.96 * right.std() / np.sqrt(500)
    assert shared.micro[0, 1] - shared.micro[0, 0] == pytest.approx(expected, rel=0.1)


def test_values_that_are_all_alike_have_no_interval():
    first, second, right = crossed(15, 6)
    values = np.stack([right - right, right], axis=1)
    relation = (np.arange(len(right)) >= len(right) // 2).astype(np.int64)
    values[relation == 1, 1] = 1.0
    boot = statistics.crossed_bootstrap(values, first, second, relation, draws=100, seed=0)
    assert np.isnan(boot.micro).tolist() == [[True, True], [False, False]]
    assert np.isnan(boot.macro).tolist() == [[True, True], [False, False]]
    assert np.isnan(boot.relations[..., 0]).tolist() == [[True, False], [True, True]]


def test_permutation_null_is_the_mean_over_all_permutations():
    answers = np.array([1, 1, 2, 3, 9])
    gold = np.array([[1, -1], [2, 1], [3, -1], [3, -1], [4, 9]])
    counts = [sum(answers[i] in gold[p[i]] for i in range(5)) for p in permutations(range(5))]
    null = statistics.permutation_null(answers, gold, np.zeros(5, np.int64), draws=20_000, seed=0)
    assert null.observed.tolist() == [4]
    for count in range(6):
        share = np.mean(np.array(counts) == count)
        assert np.mean(null.null[0] == count) == pytest.approx(share, abs=0.015)
    assert null.p() == pytest.approx(np.mean(np.array(counts) >= 4), abs=0.01)


def test_permutations_are_those_of_numpy_s_philox():
    random = np.random.default_rng(12)
    relation = np.sort(random.integers(0, 3, 60))
    gold = random.integers(0, 12, (60, 2))
    gold[::3, 1] = -1
    answers = random.integers(-1, 15, 60)
    null = statistics.permutation_null(answers, gold, relation, draws=20, seed=4)
    for r in range(3):
        mine = gold[relation == r]
        live = [a for a in answers[relation == r].tolist() if a >= 0 and a in mine]
        for draw in range(20):
            places = permuted(len(mine), len(live), draw, r, seed=4)
            hits = sum(a in mine[place] for a, place in zip(live, places, strict=True))
            assert null.null[r, draw] == hits


def test_permutation_null_stays_within_relations():
    # Two relations of one question each: nothing can be permuted.
    null = statistics.permutation_null(
        np.array([5, 6]), np.array([[5], [6]]), np.array([0, 1]), draws=99, seed=0
    )
    assert null.null.min() == null.null.max() == 1
    assert null.p() == null.p(0) == 1.0


def test_p_can_be_no_smaller_than_one_over_the_draws():
    answers = np.arange(30)
    null = statistics.permutation_null(
        answers, answers[:, None], np.zeros(30, np.int64), draws=99, seed=0
    )
    assert null.p() == 0.01


def test_an_unanswered_question_matches_no_padding():
    null = statistics.permutation_null(
        np.array([-1, 2]), np.array([[1, -1], [2, -1]]), np.zeros(2, np.int64), draws=9, seed=0
    )
    assert null.observed.tolist() == [1]
    assert null.null.max() == 1


def test_holm_is_the_closed_testing_procedure():
    # The adjusted p of a hypothesis is the largest over all intersections that hold it, each
    # tested by Bonferroni.
    p = np.random.default_rng(8).random(7) ** 3
    expected = []
    for i in range(7):
        others = [j for j in range(7) if j != i]
        worst = 0.0
        for mask in range(64):
            subset = [i] + [j for bit, j in enumerate(others) if mask >> bit & 1]
            worst = max(worst, min(1.0, len(subset) * min(p[subset])))
        expected.append(worst)
    assert np.allclose(statistics.holm(p), expected, rtol=0, atol=1e-15)


def test_auc_is_mann_whitney_s_statistic():
    random = np.random.default_rng(9)
    pool = statistics.unit(random.standard_normal((12, 5)))
    pool[7] = pool[3]  # a tie
    queries = statistics.unit(random.standard_normal((10, 5)))
    own = random.integers(0, 12, 10)
    own[0] = 3
    right = np.stack([own, (own + 1) % 12, np.full(10, -1)], axis=1)
    expected = []
    for query, mine, gold in zip(queries, own, right, strict=True):
        others = [j for j in range(12) if j not in gold]
        u = stats.mannwhitneyu([query @ pool[mine]], [query @ pool[j] for j in others]).statistic
        expected.append(u / len(others))
    assert np.allclose(statistics.auc(queries, own, right, pool), expected, rtol=0, atol=1e-12)


def test_auc_of_a_single_answer_is_undefined():
    pool = np.eye(2)[:1]
    assert np.isnan(statistics.auc(pool, np.array([0]), np.array([[0]]), pool)).all()


def test_purposes_have_draws_of_their_own():
    a = generator(0, "bootstrap").random(5)
    assert (a != generator(0, "permutation").random(5)).all()
    assert (a != generator(1, "bootstrap").random(5)).all()
    assert (a == generator(0, "bootstrap").random(5)).all()
    keys = {key(0, "bootstrap"), key(0, "permutation"), key(1, "bootstrap")}
    assert len(keys) == 3


def test_mean_interval_is_scipy_s_bootstrap_of_whole_units():
    random = np.random.default_rng(5)
    values, unit = random.random(60), np.repeat(np.arange(20), 3)
    low, high = statistics.mean_interval(values, unit, draws=4000, random=generator(0, "test"))
    expected = stats.bootstrap(
        (values.reshape(20, 3).mean(axis=1),), np.mean, method="percentile", rng=1
    ).confidence_interval
    assert (low, high) == pytest.approx(tuple(expected), abs=0.01)


def test_mean_interval_needs_draws_and_five_units():
    values, random = np.array([0.0, 1.0, 1.0, 0.0, 1.0]), generator(0, "test")
    assert statistics.mean_interval(values, np.arange(5), draws=9, random=random) is not None
    assert statistics.mean_interval(values, np.arange(5), draws=0, random=random) is None
    four = np.array([0, 1, 2, 3, 3])
    assert statistics.mean_interval(values, four, draws=9, random=random) is None
