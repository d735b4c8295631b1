"""Two factors without interaction: constructed cells, refitted least squares, real photographs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from embarith.draws import generator
from embarith.errors import DataError, FormatError, OptionError
from embarith.experiments.additivity import additivity
from embarith.questions.cells import read_cells
from embarith.result import from_json, to_json
from embarith.statistics import additive_model, components, errors, one_way_model, unit
from embarith.table import EmbeddingTable


def gaussian(*shape: int, seed: int = 0) -> np.ndarray:
    return generator(seed, "test").standard_normal(shape)


def grid(
    interaction: float, noise: float = 0.0, photographs: int = 3, rows: int = 6, columns: int = 7
) -> tuple[EmbeddingTable, dict[str, list[tuple[str, str]]]]:
    """Photographs of cells about a far centre, so that unit vectors add up as the vectors do."""
    d = 12
    row, column = gaussian(rows, d, seed=1), gaussian(columns, d, seed=2)
    own, jitter = gaussian(rows, columns, d, seed=3), gaussian(rows, columns, photographs, d)
    labels, vectors, cells = [], [], {}
    for i in range(rows):
        for j in range(columns):
            for n in range(photographs):
                label = f"{i}/{j}/{n}.jpg"
                labels.append(label)
                x = row[i] + column[j] + interaction * own[i, j] + noise * jitter[i, j, n]
                vectors.append(1000 * np.eye(d)[0] + x)
                cells[label] = [(f"row {i}", f"column {j}")]
    return EmbeddingTable.from_arrays(labels, np.array(vectors, np.float32)), cells


def dummies(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    one, other = np.eye(first.max() + 1)[first], np.eye(second.max() + 1)[second]
    return np.hstack([np.ones((len(first), 1)), one, other])


@pytest.fixture
def holes() -> tuple[np.ndarray, np.ndarray]:
    """An unbalanced design of two parts, with cells that nothing else links."""
    filled = [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
        (1, 2),
        (2, 2),
        (3, 3),
        (3, 4),
        (4, 3),
        (4, 4),
        (2, 0),
    ]
    filled += [(5, 4)]
    first, second = np.array(filled).T
    return first, second


def test_errors_equal_least_squares_refitted_without_each_cell(holes) -> None:
    first, second = holes
    cells = gaussian(len(first), 4)
    design = dummies(first, second)
    model = additive_model(first, second)
    found = errors(cells[:, None], model)
    assert model.rank == np.linalg.matrix_rank(design) == 6 + 5 - 2
    assert components(first, second)[0] == 2
    fitted = design @ np.linalg.lstsq(design, cells, rcond=None)[0]
    np.testing.assert_allclose(found.fitted[:, 0], ((cells - fitted) ** 2).sum(axis=1), atol=1e-12)
    for cell in range(len(cells)):
        rest = np.arange(len(cells)) != cell
        known = np.linalg.matrix_rank(design[rest]) == np.linalg.matrix_rank(design)
        assert model.held_out[cell] == known
        if known:
            effects = np.linalg.lstsq(design[rest], cells[rest], rcond=None)[0]
            error = ((cells[cell] - design[cell] @ effects) ** 2).sum()
            assert found.predicted[cell, 0] == pytest.approx(error)
            guess = ((cells[cell] - cells[rest].mean(axis=0)) ** 2).sum()
            assert found.guessed[cell, 0] == pytest.approx(guess)
        else:
            assert np.isnan(found.predicted[cell, 0])
    assert not model.held_out[-1]
    assert model.held_out.sum() == len(cells) - 1


def test_a_square_of_cells_is_predicted_by_b_minus_a_plus_c() -> None:
    first, second = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    a, b, c, d = cells = gaussian(4, 5)
    predicted = errors(cells[:, None], additive_model(first, second)).predicted[:, 0]
    assert predicted[3] == pytest.approx(((b - a + c - d) ** 2).sum())
    alone = errors(cells[:, None], one_way_model(first)).predicted[:, 0]
    assert alone[3] == pytest.approx(((c - d) ** 2).sum())


def test_cells_that_add_up_are_explained_and_predicted() -> None:
    table, cells = grid(interaction=0.0)
    result = additivity(table, cells, factors=("subject", "object"))
    for one in (result.both.explained, result.both.adjusted, result.both.predicted):
        assert one.value == pytest.approx(1, abs=1e-4)
        assert one.p == 0.001
        assert one.null < 0.4
    assert (result.cells, result.levels, result.components) == (42, (6, 7), 1)
    assert (result.predicted_cells, result.photographs.size) == (42, 126)
    assert result.first_alone.explained.value + result.second_alone.explained.value == (
        pytest.approx(1, abs=1e-3)
    )
    assert result.both.predicted.value > result.second_alone.predicted.value
    assert result.noise == pytest.approx(0, abs=1e-6)


def test_cells_of_their_own_are_within_the_null() -> None:
    table, cells = grid(interaction=100.0)
    fit = additivity(table, cells).both
    assert fit.adjusted.value == pytest.approx(0, abs=0.15)
    assert fit.predicted.value < 0
    assert fit.explained.p > 0.02
    assert fit.explained.null_ci[0] < fit.explained.value < fit.explained.null_ci[1] + 0.05


def test_interaction_takes_its_share() -> None:
    table, cells = grid(interaction=1.0, rows=20, columns=20)
    fit = additivity(table, cells, null_draws=0).both
    # Three parts of equal variance, two of which add up.
    assert fit.adjusted.value == pytest.approx(2 / 3, abs=0.06)
    assert fit.adjusted.ci[0] < fit.adjusted.value < fit.adjusted.ci[1]
    assert fit.predicted.value == pytest.approx(2 / 3, abs=0.1)
    assert fit.explained.null is fit.explained.p is None


def test_noise_is_what_photographs_alone_make() -> None:
    table, cells = grid(interaction=0.0, noise=1.0, photographs=4, rows=20, columns=20)
    result = additivity(table, cells, draws=0, null_draws=0)
    # Variance 1 of a photograph, a quarter of its mean; two parts of variance 1 add up.
    assert result.noise == pytest.approx(0.25 / 2.25, abs=0.02)
    assert result.both.adjusted.value == pytest.approx(1 - result.noise, abs=0.02)
    single = {label: cell for label, cell in cells.items() if label.endswith("/0.jpg")}
    assert additivity(table, single, draws=0, null_draws=0).noise is None


def test_figures_are_those_of_mean_unit_vectors() -> None:
    table, cells = grid(interaction=0.5, noise=2.0, photographs=2, rows=3, columns=4)
    del cells["0/0/0.jpg"], cells["0/0/1.jpg"], cells["2/1/0.jpg"]
    cells["absent.jpg"] = [("row 0", "column 1")]
    result = additivity(table, cells, draws=0, null_draws=0)
    x = unit(table.vectors.astype(np.float64))
    of = {}
    for row, label in enumerate(table.index_to_key):
        if label in cells:
            of.setdefault(cells[label][0], []).append(x[row])
    filled = sorted(of)
    means = np.array([np.mean(of[cell], axis=0) for cell in filled])
    first, second = (np.array([int(cell[side].split()[1]) for cell in filled]) for side in (0, 1))
    design = dummies(first, second)
    residual = means - design @ np.linalg.lstsq(design, means, rcond=None)[0]
    spread = ((means - means.mean(axis=0)) ** 2).sum()
    explained = 1 - (residual**2).sum() / spread
    assert result.both.explained.value == pytest.approx(explained, abs=1e-8)
    adjusted = 1 - (1 - explained) * 10 / (11 - 6)
    assert result.both.adjusted.value == pytest.approx(adjusted, abs=1e-8)
    assert result.coverage.missing == {"absent.jpg": 1}
    assert result.both.explained.ci is None


def test_photographs_of_several_cells_are_left_out_and_counted() -> None:
    table, cells = grid(interaction=0.5, rows=3, columns=4)
    label = "0/0/0.jpg"
    without = {one: cell for one, cell in cells.items() if one != label}
    cells[label].append(("row 2", "column 3"))
    found = additivity(table, cells, draws=20, null_draws=9)
    alone = additivity(table, without, draws=20, null_draws=9)
    assert found.both == alone.both
    assert found.coverage.left_out == 1
    assert found.coverage.share == pytest.approx(35 / 36)


def test_a_design_without_freedom_has_no_figures_that_it_cannot_have() -> None:
    table, cells = grid(interaction=0.0, rows=3, columns=3)
    chain = {c for (c,) in cells.values() if int(c[1][-1]) - int(c[0][-1]) in (0, 1)}
    result = additivity(table, {label: cell for label, cell in cells.items() if cell[0] in chain})
    assert (result.cells, result.predicted_cells) == (5, 0)
    assert result.both.explained.value == pytest.approx(1)
    assert result.both.adjusted is result.both.predicted is None
    assert from_json(to_json(result)) == result


def test_same_seed_same_bytes_and_few_levels_have_no_interval() -> None:
    table, cells = grid(interaction=1.0, rows=4)
    first, second = (additivity(table, cells, null_draws=19) for _ in range(2))
    assert to_json(replace(second, run=first.run)) == to_json(first)
    assert first.both.predicted.ci is None
    wide, cells = grid(interaction=1.0, rows=5)
    low, high = additivity(wide, cells, null_draws=0).both.predicted.ci
    assert low < high


def test_what_has_nothing_to_explain_is_refused() -> None:
    table, cells = grid(interaction=0.0)
    one_row = {label: cell for label, cell in cells.items() if cell[0][0] == "row 0"}
    with pytest.raises(OptionError, match=r"21 of the 21 .* of one cell, of 1 row and 7 column"):
        additivity(table, one_row)
    with pytest.raises(OptionError, match="0 of the 1 photographs"):
        additivity(table, {"x": [("a", "b")]})
    same = EmbeddingTable.from_arrays(list("abcd"), np.ones((4, 3), np.float32))
    square = {label: [(str(n // 2), str(n % 2))] for n, label in enumerate("abcd")}
    with pytest.raises(OptionError, match="the same mean vector"):
        additivity(same, square)


def test_cells_are_read_from_triplets(shared: Path, tmp_path: Path) -> None:
    cells = read_cells(shared / "mini_simat" / "triplets.csv")
    assert (len(cells), len(set(cells.values()))) == (744, 81)
    assert cells["flickr8k/0db43aea7657.jpg"] == (("dog", "grass"),)
    several = tmp_path / "several.csv"
    several.write_text("image,subj,obj\na,dog,grass\nb,man,water\na,dog,ball\na,dog,grass\n")
    assert read_cells(several) == {
        "a": (("dog", "grass"), ("dog", "ball")),
        "b": (("man", "water"),),
    }
    for text, message in (
        ("image,subj\n", r"no column 'obj'; expected image, subj, obj"),
        ("image,subj,obj\n", "no images"),
        ("image,subj,obj\na,b,\n", ":2: an empty entry"),
    ):
        (tmp_path / "t.csv").write_text(text)
        with pytest.raises(FormatError, match=message):
            read_cells(tmp_path / "t.csv")
    with pytest.raises(DataError, match="is no file"):
        read_cells(tmp_path / "absent.csv")
