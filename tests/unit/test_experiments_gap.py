"""The modality gap: constructed gaps, scikit-learn's classifier, plain loops, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest
from sklearn.linear_model import Ridge

from embarith.draws import generator
from embarith.errors import OptionError
from embarith.experiments.gap import _permuted_distances, _resample, modality_gap
from embarith.provenance import Provenance
from embarith.result import from_json, to_json
from embarith.statistics import bootstrap_weights, separability, unit
from embarith.table import EmbeddingTable


def table(vectors: np.ndarray, prefix: str = "w", encoder: str = "made") -> EmbeddingTable:
    labels = [f"{prefix}{row}" for row in range(len(vectors))]
    return EmbeddingTable.from_arrays(
        labels, vectors.astype(np.float32), provenance=Provenance(encoder=encoder)
    )


def gaussian(rows: int, dimensions: int, seed: int = 0) -> np.ndarray:
    return generator(seed, "test").standard_normal((rows, dimensions))


def test_separability_is_that_of_a_ridge_refitted_without_each_fold() -> None:
    x = gaussian(40, 6)
    x[:20, 0] += 2
    sides = np.repeat([1.0, -1.0], 20)
    fold = np.tile(np.arange(20) % 5, 2)
    scaled = (x - x.mean(axis=0)) / np.sqrt(np.mean((x - x.mean(axis=0)) ** 2))
    expected = np.empty(40)
    for number in range(5):
        held = fold == number
        model = Ridge(alpha=1.0).fit(scaled[~held], sides[~held])
        expected[held] = np.sign(model.predict(scaled[held])) == sides[held]
    assert 0.6 < expected.mean() < 1
    np.testing.assert_array_equal(separability(x, sides[:, None], fold)[:, 0], expected)
    # Neither lengths nor a shift nor a turn matters.
    turn = np.linalg.qr(gaussian(6, 6, 1))[0]
    again = separability(1e-3 * x @ turn + 5, sides[:, None], fold)[:, 0]
    np.testing.assert_array_equal(again, expected)


def test_figures_equal_plain_loops() -> None:
    first, second = table(gaussian(12, 5) + 1), table(gaussian(14, 5, 1) - 0.5)
    x, y = (unit(one.vectors.astype(np.float64)) for one in (first, second))
    result = modality_gap(first, second, space="made", draws=0, null_draws=0)
    within = np.mean([x[i] @ x[j] for i in range(12) for j in range(i)])
    assert result.within_first.value == pytest.approx(within, abs=1e-8)
    within = np.mean([y[i] @ y[j] for i in range(14) for j in range(i)])
    assert result.within_second.value == pytest.approx(within, abs=1e-8)
    assert result.across.value == pytest.approx(np.mean(x @ y.T), abs=1e-8)
    gap = np.linalg.norm(x.mean(axis=0) - y.mean(axis=0))
    assert result.distance.value == pytest.approx(gap, abs=1e-8)
    assert result.matched is not None
    assert result.matched.labels == 12
    assert result.matched.matched.value == pytest.approx(np.mean([x[i] @ y[i] for i in range(12)]))
    assert result.distance.ci is result.distance.null is result.separability.ci is None


def test_a_known_gap_is_measured_and_told_apart() -> None:
    """Unit vectors at a right angle to a common axis, then leaned towards either end of it."""
    spread = unit(gaussian(400, 20))
    spread = np.column_stack([np.zeros(400), spread])
    lean = 0.6
    vectors = spread * np.sqrt(1 - lean**2)
    vectors[:200, 0], vectors[200:, 0] = lean, -lean
    result = modality_gap(table(vectors[:200]), table(vectors[200:], "v"), space="made")
    # The means of 200 vectors also lie apart by chance, at a right angle to the gap.
    apart = np.sqrt((2 * lean) ** 2 + 2 / 200 * (1 - lean**2))
    assert result.distance.value == pytest.approx(apart, abs=0.003)
    assert result.distance.ci[0] < apart < result.distance.ci[1]
    assert result.distance.p == 0.001
    assert result.distance.null < 0.2
    assert result.separability.value == 1
    assert result.within_first.value == pytest.approx(lean**2, abs=0.02)
    assert result.across.value == pytest.approx(-(lean**2), abs=0.02)
    assert result.matched is None


def test_without_a_gap_all_is_within_the_null() -> None:
    vectors = gaussian(300, 20)
    result = modality_gap(table(vectors[:180]), table(vectors[180:], "v"), space="made")
    for one in (result.distance, result.separability):
        assert 0.025 < one.p < 0.975
        assert one.null_ci[0] <= one.value <= one.null_ci[1]
    assert result.separability.null == pytest.approx(0.5, abs=0.02)
    assert result.separated == 120


def test_the_labels_of_one_modality_find_those_of_the_other() -> None:
    meaning = gaussian(60, 20)
    first, second = table(meaning + 3), table((meaning + gaussian(60, 20, 1) - 3)[::-1])
    second = EmbeddingTable.from_arrays(first.index_to_key[::-1], second.vectors)
    matched = modality_gap(first, second, space="made").matched
    assert matched is not None
    assert matched.matched.p == 0.001
    assert matched.matched.ci[0] > matched.matched.null_ci[1]


def captioned(photographs: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Photographs, and five captions of each that are all but alike."""
    said = gaussian(photographs, 6, seed) + 0.5
    captions = np.repeat(said, 5, axis=0) + 0.1 * gaussian(5 * photographs, 6, seed + 1000)
    return said + gaussian(photographs, 6, seed + 2000) - 0.7, captions


def test_captions_of_one_photograph_are_no_independent_sample() -> None:
    """Intervals by photographs are as wide as the figures of new samples vary."""
    units = np.arange(60), np.repeat(np.arange(60), 5)
    values, by_unit, by_row = [], [], []
    for seed in range(60):
        first, second = map(table, captioned(60, seed))
        for drawn, widths in ((units, by_unit), (None, by_row)):
            found = modality_gap(
                first, second, space="made", units=drawn, draws=200 * (seed < 8), null_draws=0
            )
            if seed < 8:
                widths.append(
                    [np.subtract(*one.ci[::-1]) for one in (found.distance, found.within_second)]
                )
        values.append([found.distance.value, found.within_second.value])
        assert found.units is None
    wanted = 2 * 1.96 * np.std(values, axis=0, ddof=1)
    assert np.mean(by_unit, axis=0) == pytest.approx(wanted, rel=0.3)
    assert np.mean(by_row, axis=0)[1] < 0.65 * wanted[1]


def test_without_a_gap_p_is_uniform_where_captions_are_all_but_alike() -> None:
    """The rate of small p, whether photographs and their captions have to do with each other."""
    units = np.arange(40), np.repeat(np.arange(40), 5)
    for alike in (0.0, 0.7):
        by_unit, by_row = [], []
        for seed in range(200):
            said = gaussian(40, 6, seed)
            captions = np.repeat(said, 5, axis=0) + 0.1 * gaussian(200, 6, seed + 1000)
            own = alike * said + np.sqrt(1 - alike**2) * gaussian(40, 6, seed + 2000)
            x, y = unit(own + 0.5), unit(captions + 0.5)
            for drawn, found in ((units, by_unit), (None, by_row)):
                far = _permuted_distances(x, y, drawn, 199, generator(seed, "null"))
                distance = np.linalg.norm(x.mean(axis=0) - y.mean(axis=0))
                found.append((1 + np.count_nonzero(far >= distance)) / 200)
        assert kstest(by_unit, "uniform").pvalue > 0.01
        assert kstest(by_row, "uniform").pvalue < 1e-6


def test_no_plane_tells_captions_by_those_of_the_same_photograph() -> None:
    """Without a gap half are told right, and p is no smaller than chance has it."""
    units = np.arange(30), np.repeat(np.arange(30), 5)
    told, small = [], []
    for seed in range(100):
        said = gaussian(30, 20, seed)
        captions = np.repeat(said, 5, axis=0) + 0.1 * gaussian(150, 20, seed + 1000)
        first, second = table(gaussian(30, 20, seed + 2000)), table(captions, "v")
        found = modality_gap(first, second, space="made", units=units, draws=0, null_draws=99)
        assert found.separated == 30
        told.append(found.separability.value)
        small.append(found.separability.p)
    assert np.mean(told) == pytest.approx(0.5, abs=0.03)
    assert 0.01 < np.mean(np.array(small) <= 0.1) < 0.2


def test_draws_of_units_centre_on_the_figure() -> None:
    """Without couples of copies, which are nearer to each other, resampling has no bias."""
    first, second = map(table, captioned(40))
    units = np.arange(40) + 7, np.repeat(np.arange(40), 5) + 7
    x, y = (unit(one.vectors.astype(np.float64)) for one in (first, second))
    found = modality_gap(first, second, space="made", units=units, draws=0, null_draws=0)
    drawn = _resample(x, y, (units[0] - 7, units[1] - 7), 20_000, 0)
    values = [found.within_first, found.within_second, found.across, found.distance]
    error = drawn.std(axis=0) / np.sqrt(len(drawn))
    for one, mean, sd, much in zip(
        values, drawn.mean(axis=0), error, drawn.std(axis=0), strict=True
    ):
        assert abs(one.value - mean) < max(5 * sd, 0.1 * much)
    # Plain loops over the couples of one draw.
    weights = next(bootstrap_weights(40, 1, generator(0, "rows", "units")))[0]
    drawn_rows = [(u, i) for u in range(40) for i in range(int(weights[u]))]
    couples = [
        y[5 * u + k] @ y[5 * v + m]
        for u, i in drawn_rows
        for v, j in drawn_rows
        for k in range(5)
        for m in range(5)
        if (u != v or i == j) and (u, k) != (v, m)
    ]
    assert drawn[0, 1] == pytest.approx(np.mean(couples))
    across = [
        x[u] @ y[5 * v + m]
        for u, i in drawn_rows
        for v, j in drawn_rows
        for m in range(5)
        if u != v or i == j
    ]
    assert drawn[0, 2] == pytest.approx(np.mean(across))
    result = modality_gap(first, second, space="made", units=units, draws=20, null_draws=0)
    assert result.units == 40
    assert from_json(to_json(result)) == result
    few = np.arange(40) // 10, np.arange(200) // 50
    with pytest.raises(OptionError, match=r"4 units have rows of both modalities; .* needs 10"):
        modality_gap(first, second, space="made", units=few)
    with pytest.raises(OptionError, match="40 and 40 units for 40 and 200 rows; give one a row"):
        modality_gap(first, second, space="made", units=(units[0], units[0]))


def test_random_weights_are_flagged_and_results_read_back() -> None:
    drawn = Provenance("clip", random_weights=0)
    first = EmbeddingTable.from_arrays(
        [f"w{row}" for row in range(10)], gaussian(10, 4).astype(np.float32), provenance=drawn
    )
    second = table(gaussian(10, 4, 1))
    result = modality_gap(first, second, space="made", draws=20, null_draws=19)
    assert result.random_weights
    assert from_json(to_json(result)) == result
    again = modality_gap(first, second, space="made", draws=20, null_draws=19)
    assert to_json(replace(again, run=result.run)) == to_json(result)
    called = table(gaussian(10, 4), encoder="no (random weights 0)")
    assert not modality_gap(second, called, space="made", draws=0, null_draws=0).random_weights


@pytest.mark.parametrize(
    ("second", "space", "message"),
    [
        (table(gaussian(10, 5)), "made", "made has 4 dimensions and made 5: they share no space"),
        (table(gaussian(10, 4)), " ", "space: name the space that both tables share"),
        (table(gaussian(9, 4)), "made", "made has 9 rows; a gap needs 10 of each modality"),
    ],
)
def test_what_has_no_gap_is_refused(second, space, message) -> None:
    with pytest.raises(OptionError, match=message):
        modality_gap(table(gaussian(10, 4)), second, space=space)
