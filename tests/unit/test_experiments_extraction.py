"""Fewer photographs against loops done here, and all of them against the analogy experiment."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from scipy import stats

import embarith
from embarith.draws import generator
from embarith.errors import OptionError
from embarith.experiments.extraction import extraction
from embarith.photos import medoid, pool
from embarith.questions import AnalogySet
from embarith.result import from_json, to_json
from embarith.table import EmbeddingTable

DIMENSIONS, PHOTOGRAPHS = 12, 7
NAMES = [f"{kind}{number}" for number in range(6) for kind in "xy"]
IMAGES = {word: [f"{word}/{i}.jpg" for i in range(PHOTOGRAPHS)] for word in NAMES}


def photographs(seed: int) -> EmbeddingTable:
    """Photographs of pairs that differ by one offset, more or less."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(6, 1, DIMENSIONS))
    offset = 2 * rng.normal(size=DIMENSIONS)
    centres = np.concatenate([base, base + offset], axis=1).reshape(12, 1, DIMENSIONS)
    noise = 1.5 * rng.normal(size=(12, PHOTOGRAPHS, DIMENSIONS))
    lengths = rng.uniform(0.5, 3, (12, PHOTOGRAPHS, 1))
    vectors = ((centres + noise) * lengths).reshape(-1, DIMENSIONS).astype(np.float32)
    return EmbeddingTable.from_arrays([name for some in IMAGES.values() for name in some], vectors)


@pytest.fixture(scope="module")
def table() -> EmbeddingTable:
    return photographs(0)


@pytest.fixture(scope="module")
def questions() -> AnalogySet:
    """Every pair against every other, and one question that no photograph answers."""
    asked = [(i, j) for i in range(6) for j in range(6) if i != j]
    return AnalogySet(
        name="pairs",
        source="",
        relations=("r",),
        relation=np.zeros(len(asked) + 1, np.int64),
        a=(*(f"x{i}" for i, _ in asked), "x0"),
        b=(*(f"y{i}" for i, _ in asked), "y0"),
        c=(*(f"x{j}" for _, j in asked), "sloth"),
        gold=(*((f"y{j}",) for _, j in asked), ("y1",)),
    )


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def by_hand(vectors: np.ndarray, method: str) -> np.ndarray:
    if method == "mean":
        return vectors.mean(axis=0)
    if method == "mean-unit":
        return unit(vectors).mean(axis=0)
    cosines = unit(vectors) @ unit(vectors).T
    sums = [sum(row[j] for j in range(len(row)) if j != i) for i, row in enumerate(cosines)]
    return vectors[next(i for i, one in enumerate(sums) if one >= max(sums) - 1e-9)]


def figures(pooled: dict[str, np.ndarray], questions: AnalogySet) -> dict[str, float]:
    """Score without ties, over the questions whose words there are."""
    names = list(pooled)
    rows = {name: unit(vector) for name, vector in pooled.items()}
    found: dict[str, list[float]] = {}
    for a, b, c, (d,) in zip(questions.a, questions.b, questions.c, questions.gold, strict=True):
        if not {a, b, c, d} <= set(names):
            continue
        y = rows[b] - rows[a] + rows[c]
        values = {"angle": np.degrees(np.arccos(unit(y) @ rows[d]))}
        values["angle_only_c"] = np.degrees(np.arccos(rows[c] @ rows[d]))
        values["rho"] = stats.spearmanr(y, rows[d]).statistic
        values["rho_only_c"] = stats.spearmanr(rows[c], rows[d]).statistic
        for k in (1, 5):
            for name, point, barred in (
                ("fair", y, set()),
                ("restricted", y, {a, b, c}),
                ("only_c", rows[c], {a, b, c}),
            ):
                order = sorted(
                    (one for one in names if one not in barred), key=lambda one: -rows[one] @ point
                )
                values[f"{name}_top{k}"] = float(d in order[:k])
        for name, value in values.items():
            found.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


@pytest.mark.parametrize("method", ["mean", "mean-unit", "medoid"])
def test_every_draw_equals_a_loop_over_words_and_questions(table, questions, method):
    counts, draws = (1, 3, 6), 4
    result = extraction(
        {"one": table}, IMAGES, questions, counts=counts, pools=[method], draws=draws, seed=5
    )
    (series,) = result.series
    assert [point.photographs for point in series.points] == list(counts)
    drawn = {
        (word, draw): generator(5, "photographs", word, draw).integers(0, PHOTOGRAPHS, max(counts))
        for word in NAMES
        for draw in range(draws)
    }
    for point in series.points:
        expected = []
        for draw in range(draws):
            pooled = {}
            for word in NAMES:
                chosen = drawn[word, draw][: point.photographs]
                vectors = table[IMAGES[word]].astype(np.float64)[chosen]
                pooled[word] = by_hand(vectors, method).astype(np.float32).astype(np.float64)
            expected.append(figures(pooled, questions))
        for field in fields(point):
            if field.name == "photographs":
                continue
            values = [one[field.name] for one in expected]
            found = getattr(point, field.name)
            assert found.mean == pytest.approx(np.mean(values), abs=1e-6), field.name
            assert found.ci == pytest.approx(np.percentile(values, [2.5, 97.5]), abs=1e-6)


@pytest.mark.parametrize("method", ["mean", "mean-unit", "medoid"])
def test_every_photograph_once_scores_what_analogy_measures(table, questions, method):
    result = extraction({"one": table}, IMAGES, questions, counts=(2,), pools=[method], draws=2)
    every = result.series[0].every
    pooled = pool(table, IMAGES, method)
    measured = embarith.analogy(
        pooled, questions, vocab="questions", draws=1, null_draws=1, control_draws=0
    )
    assert every.photographs == PHOTOGRAPHS
    assert every.fair_top1.mean == measured.scores.fair.top1.value
    assert every.fair_top5.mean == measured.scores.fair.top5.value
    assert every.restricted_top1.mean == measured.scores.restricted.top1.value
    assert every.restricted_top5.mean == measured.scores.restricted.top5.value
    assert every.only_c_top1.mean == measured.baselines.only_c.restricted.top1.value
    assert every.angle.mean == pytest.approx(measured.angle.unit.mean)
    assert every.rho.mean == pytest.approx(measured.rho.unit.mean)
    assert every.angle_only_c.mean == pytest.approx(measured.companions.angle_only_c.mean)
    assert every.angle.ci is None
    assert result.chance == measured.chance
    assert result.vocab == measured.vocab
    assert (result.questions, result.coverage) == (measured.questions, measured.coverage)


def test_a_seed_gives_the_same_and_tables_and_poolings_share_their_draws(table, questions):
    two = {"one": table, "other": photographs(1)}
    result = extraction(two, IMAGES, questions, counts=(1, 4), draws=3, seed=2)
    again = extraction(two, IMAGES, questions, counts=(1, 4), draws=3, seed=2)
    assert to_json(result).split('"run"')[0] == to_json(again).split('"run"')[0]
    assert from_json(to_json(result)) == result
    names = [(one.name, one.pool) for one in result.series]
    assert names == [(name, how) for name in two for how in ("mean", "mean-unit", "medoid")]
    # One photograph is its own mean and medoid.
    firsts = {one.points[0] for one in result.series if one.pool != "mean-unit"}
    assert len(firsts) == 2
    alone = extraction({"other": two["other"]}, IMAGES, questions, counts=(1,), draws=3, seed=2)
    assert alone.series[0].points[0] == result.series[3].points[0]


def test_words_with_too_few_photographs_are_left_out_with_their_questions(table, questions):
    fewer = {**IMAGES, "x3": IMAGES["x3"][:4], "y5": [*IMAGES["y5"][:5], "gone.jpg"]}
    result = extraction({"one": table}, fewer, questions, counts=(6,), pools=["mean"], draws=1)
    assert result.words == 10
    assert set(result.coverage.missing) == {"x3", "y5", "sloth"}
    assert result.questions.answered == 4 * 3
    assert result.series[0].points[0].angle.ci is None
    with pytest.raises(OptionError, match="no word of pairs has 8 photographs"):
        extraction({"one": table}, IMAGES, questions, counts=(8,))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"counts": ()}, "at least one"),
        ({"pools": ()}, "at least one"),
        ({"counts": (0,)}, "counts must be at least 1"),
        ({"draws": 0}, "draws must be at least 1"),
        ({"pools": ("median",)}, "pool 'median'"),
    ],
)
def test_options_without_meaning_are_refused(table, questions, options, message):
    with pytest.raises(OptionError, match=message):
        extraction({"one": table}, IMAGES, questions, **{"counts": (2,), **options})


def test_medoids_of_many_sets_and_the_first_of_equals():
    vectors = unit(np.random.default_rng(0).normal(size=(3, 5, 4)))
    cosines = vectors @ vectors.transpose(0, 2, 1)
    assert medoid(cosines).tolist() == [int(medoid(one)) for one in cosines]
    assert medoid(np.array([[1.0, 0.3], [0.3, 1.0 - 1e-16]])) == 0
    same = np.full((3, 3), 0.7)
    same[2, 0] = same[0, 2] = 0.7 + 1e-15
    assert medoid(same) == 0
