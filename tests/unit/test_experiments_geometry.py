"""How words lie in a table: constructed tables, plain loops, coverage, answers given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats

from embarith.draws import generator
from embarith.errors import OptionError
from embarith.experiments.analogy import analogy
from embarith.experiments.geometry import answers_given, geometry
from embarith.questions import load
from embarith.result import GeometryResult, from_json, to_json
from embarith.table import EmbeddingTable


def table(vectors: np.ndarray, prefix: str = "w") -> EmbeddingTable:
    labels = [f"{prefix}{row}" for row in range(len(vectors))]
    return EmbeddingTable.from_arrays(labels, vectors.astype(np.float32))


def gaussian(rows: int, dimensions: int, seed: int = 0) -> np.ndarray:
    return generator(seed, "test").standard_normal((rows, dimensions))


@pytest.fixture(scope="module")
def google(glove_table: EmbeddingTable) -> GeometryResult:
    return geometry(glove_table, load("google").words, name="google")


def test_figures_equal_plain_loops() -> None:
    space = table(gaussian(40, 5) + 0.5)
    x = space.vectors.astype(np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    result = geometry(space, k=3, draws=0, random_tables=0)
    for shape in (result.unit, result.centered):
        cosines = x @ x.T
        counts = np.zeros(40, int)
        for row in range(40):
            order = [other for other in np.argsort(-cosines[row]) if other != row]
            counts[order[:3]] += 1
        assert shape.mean_cosine.value == pytest.approx(
            np.mean([x[i] @ x[j] for i in range(40) for j in range(i)]), abs=1e-7
        )
        assert shape.mean_length.value == pytest.approx(np.linalg.norm(x.mean(0)), abs=1e-7)
        spectrum = np.linalg.svd(x - x.mean(0), compute_uv=False) ** 2
        assert shape.first_component.value == pytest.approx(spectrum[0] / spectrum.sum(), abs=1e-6)
        assert shape.skewness.value == pytest.approx(scipy.stats.skew(counts), abs=1e-8)
        assert shape.antihubs.value == pytest.approx(np.mean(counts == 0))
        assert [hub.count for hub in shape.hubs] == sorted(counts, reverse=True)[:10]
        assert all(counts[int(hub.word[1:])] == hub.count for hub in shape.hubs)
        assert shape.skewness.ci is shape.skewness.null is shape.skewness.p is None
        x = x - x.mean(axis=0)
        x /= np.linalg.norm(x, axis=1, keepdims=True)
    norms = np.linalg.norm(space.vectors.astype(np.float64), axis=1)
    assert result.norms.variation.value == pytest.approx(norms.std() / norms.mean(), rel=1e-6)
    assert (result.norms.min, result.norms.max) == pytest.approx((norms.min(), norms.max()))


def test_an_isotropic_table_is_within_its_null() -> None:
    result = geometry(table(gaussian(300, 30)), draws=0, random_tables=39)
    for shape in (result.unit, result.centered):
        for name in ("mean_cosine", "mean_length", "first_component", "skewness"):
            one = getattr(shape, name)
            assert 0.025 < one.p < 0.975, name
            assert abs(one.value - one.null) < 3 * np.ptp(one.null_ci), name


def test_a_cone_is_seen_and_centring_takes_it_away() -> None:
    cone = gaussian(300, 30)
    cone[:, 0] += 8
    result = geometry(table(cone))
    # |mean|² of unit vectors about (8, noise of variance 1 in 30 directions).
    assert result.unit.mean_cosine.value == pytest.approx(64 / 94, abs=0.03)
    low, high = result.unit.mean_cosine.ci
    assert low < result.unit.mean_cosine.value < high
    assert result.unit.mean_cosine.p == pytest.approx(1 / 21)
    assert abs(result.centered.mean_cosine.value) < 0.02
    low, high = result.unit.mean_length.ci
    assert low < result.unit.mean_length.value < high


def test_a_hub_is_seen_by_name() -> None:
    # Points about a sphere, each nearest to the one in the middle of their side.
    ring = gaussian(200, 50)
    ring /= np.linalg.norm(ring, axis=1, keepdims=True)
    ring[:, 0] += 1.0
    ring[0] = np.eye(50)[0]
    result = geometry(table(ring), random_tables=5)
    assert result.unit.hubs[0].word == "w0"
    assert result.unit.hubs[0].count > 190
    assert result.unit.skewness.value > 5 > result.unit.skewness.null_ci[1]


def test_intervals_hold_what_other_words_give() -> None:
    whole = gaussian(4000, 20)
    whole[:, 0] += 2
    of_all = geometry(table(whole), draws=0, random_tables=0).unit.mean_cosine.value
    held = 0
    for number in range(20):
        part = table(whole[number * 200 :][:200])
        low, high = geometry(part, draws=200, random_tables=0).unit.mean_cosine.ci
        held += low <= of_all <= high
    assert held >= 16


def test_a_set_of_a_real_table(google: GeometryResult) -> None:
    assert (google.words.name, google.words.size, google.case) == ("google", 905, "lower")
    assert google.coverage.share == 1
    assert 0.1 < google.unit.mean_cosine.value < 0.3
    assert google.unit.skewness.ci[0] > google.unit.skewness.null_ci[1]
    assert from_json(to_json(google)) == google


def test_missing_words_are_named_and_spellings_counted_once(glove_table: EmbeddingTable) -> None:
    words = ["king", "King", "qqqqz", *load("google").words[:30]]
    result = geometry(glove_table, words, draws=0, random_tables=0)
    assert result.coverage.missing == {"qqqqz": 1}
    lowered = {word.lower() for word in words} - {"qqqqz"}
    assert result.words.size == len(lowered)


def test_same_seed_same_bytes() -> None:
    space = table(gaussian(50, 8))
    first, second = (geometry(space, seed=3, draws=50, random_tables=3) for _ in range(2))
    assert to_json(replace(second, run=first.run)) == to_json(first)
    other = geometry(space, seed=4, draws=50, random_tables=3)
    assert other.unit.mean_cosine.null != first.unit.mean_cosine.null
    assert other.unit.mean_cosine.value == first.unit.mean_cosine.value


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"words": ["w0", "w1"]}, "has 2 of the words, and 10 neighbours a word need more than 10"),
        ({"words": ["x"]}, "has none of the 1 words"),
        ({"k": 0}, "k must be at least 1"),
        ({"draws": -1}, "draws must be at least 0"),
        ({"case": "lowr"}, "did you mean 'lower'"),
    ],
)
def test_what_has_no_meaning_is_refused(options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        geometry(table(gaussian(30, 4)), **options)


def test_answers_given_show_who_answers(shared, glove_table: EmbeddingTable) -> None:
    asked = load("google").select(np.arange(0, 19544, 40))
    result = analogy(glove_table, asked, vocab="questions", draws=20)
    given = answers_given(result)
    frame = result.to_frame().to_pylist()
    first = [row["answers"][0] for row in frame]
    assert given.fair.questions == given.right.questions == len(frame)
    assert given.fair.distinct == len(set(first))
    assert first.count(given.fair.most_frequent) / len(first) == given.fair.most_frequent_share
    assert given.restricted.distinct != given.fair.distinct
    shares = np.unique(first, return_counts=True)[1] / len(first)
    assert given.fair.effective == pytest.approx(np.exp(scipy.stats.entropy(shares)))
    # Inputs are no restricted answers, whatever their case.
    right = [row["answers"][0] == row["gold"][0].lower() for row in frame if row["landed"] == "d"]
    assert all(right)
    forbidden = [
        next(a for a in row["answers"] if a not in {row[p].lower() for p in "abc"}) for row in frame
    ]
    assert given.restricted.distinct == len(set(forbidden))
