"""The island hypothesis against brute force: every vocabulary there is."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from embarith.experiments.analogy import analogy
from embarith.experiments.island import island
from embarith.questions import AnalogySet, load
from embarith.report import render
from embarith.result import from_json, to_json
from embarith.table import EmbeddingTable

WORDS = [f"w{i}" for i in range(12)]


@pytest.fixture
def table() -> EmbeddingTable:
    vectors = np.random.default_rng(5).normal(size=(12, 3)).astype(np.float32)
    return EmbeddingTable.from_arrays(WORDS, vectors)


@pytest.fixture
def questions() -> AnalogySet:
    # The second has a word in two parts, the last a right answer that is an input.
    rows = [(0, 1, 2, 3), (0, 1, 0, 4), (5, 6, 7, 8), (9, 3, 10, 11), (2, 8, 8, 1), (4, 5, 6, 5)]
    a, b, c, d = (tuple(WORDS[i] for i in column) for column in zip(*rows, strict=True))
    return AnalogySet(
        name="made",
        source="test",
        relations=("all",),
        relation=np.zeros(len(rows), np.int64),
        a=a,
        b=b,
        c=c,
        gold=tuple((word,) for word in d),
    )


def _everything(x, questions, size):
    """Return the mean shares over all vocabularies of a size, a question at a time."""
    shares = []
    for a, b, c, (d,) in zip(questions.a, questions.b, questions.c, questions.gold, strict=True):
        rows = {name: WORDS.index(word) for name, word in zip("abcd", (a, b, c, d), strict=True)}
        y = x[rows["b"]] - x[rows["a"]] + x[rows["c"]]
        fixed = sorted(set(rows.values()))
        counts = dict.fromkeys(("d", "c", "b", "a", "other", "top5", "top5_only_c"), 0)
        others = [row for row in range(len(x)) if row not in fixed]
        drawn = list(combinations(others, size - len(fixed)))
        for kept in drawn:
            vocabulary = np.array([*fixed, *kept])
            ranked = vocabulary[np.argsort(-(x[vocabulary] @ y))]
            by_c = vocabulary[np.argsort(-(x[vocabulary] @ x[rows["c"]]))]
            part = next((name for name in "dcba" if rows[name] == ranked[0]), "other")
            counts[part] += 1
            counts["top5"] += rows["d"] in ranked[:5]
            counts["top5_only_c"] += rows["d"] in by_c[:5]
        shares.append({name: count / len(drawn) for name, count in counts.items()})
    return {name: np.mean([one[name] for one in shares]) for name in shares[0]}


def test_curve_is_the_mean_over_all_vocabularies(table, questions):
    found = island(table, questions, draws=50)
    x = table.vectors.astype(np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    assert [point.size for point in found.curve] == [10, 12]
    for point in found.curve:
        expected = _everything(x, questions, point.size)
        for part in ("a", "b", "c", "d", "other"):
            assert getattr(point.landed, part) == pytest.approx(expected[part], abs=1e-9), part
        assert point.top5 == pytest.approx(expected["top5"], abs=1e-9)
        assert point.top5_only_c == pytest.approx(expected["top5_only_c"], abs=1e-9)


def test_lengths_and_distances(table, questions):
    found = island(table, questions, draws=50)
    x = table.vectors.astype(np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    rows = {
        name: [WORDS.index(word) for word in getattr(questions, name)] for name in ("a", "b", "c")
    }
    offset = np.linalg.norm(x[rows["b"]] - x[rows["a"]], axis=1)
    apart = np.linalg.norm(x[:, None] - x[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest = apart.min(axis=1)[rows["c"]]
    assert found.offset.mean == pytest.approx(offset.mean())
    assert found.nearest.mean == pytest.approx(nearest.mean())
    assert found.shorter.value == pytest.approx((offset < nearest).mean())
    pairs = {
        pair
        for a, b, c, (d,) in zip(questions.a, questions.b, questions.c, questions.gold, strict=True)
        for pair in ((a, b), (c, d))
    }
    near = apart.argmin(axis=1)
    mutual = [near[WORDS.index(a)] == WORDS.index(b) for a, b in pairs]
    back = [near[WORDS.index(b)] == WORDS.index(a) for a, b in pairs]
    assert found.mutual.value == pytest.approx(np.mean(np.logical_and(mutual, back)))


def test_whole_vocabulary_agrees_with_the_analogy_experiment(glove_table, shared):
    table = glove_table.select(np.arange(20_000))
    asked = load("semeval", data_dir=shared).extended("relation")
    asked = asked.select(np.arange(0, len(asked), 20))
    found = island(table, asked, draws=50)
    known = analogy(table, asked, draws=50, null_draws=9, control_draws=0)
    assert found.landed == known.landed
    assert found.top5.value == known.scores.fair.top5.value
    assert found.top5_only_c.value == known.baselines.only_c.fair.top5.value
    assert found.gain.value == pytest.approx(found.top5.value - found.top5_only_c.value)


def test_report_and_json(table, questions):
    found = island(table, questions, draws=50)
    assert from_json(to_json(found)) == found
    assert "nearest word to y is b or c" in render([found], "md")
    assert "landed_other" in render([found], "csv").splitlines()[0]
