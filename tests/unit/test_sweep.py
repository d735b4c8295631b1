"""The sweep of λ: what rounding makes of equal candidates stays equal, however large λ is."""

from __future__ import annotations

import numpy as np
import pytest

from embarith.statistics import unit
from embarith.sweep import sweep


@pytest.mark.parametrize("lam", [0.0, 1.0, 1000.0, 1e6])
def test_equal_candidates_are_tied_at_any_lambda(lam: float) -> None:
    random = np.random.default_rng(0)
    candidates = unit(random.normal(size=(40, 300)))
    # Copies, each off by what a sum in another order may be off by.
    copies = candidates + 2e-14 * unit(random.normal(size=candidates.shape))
    points, words = (unit(random.normal(size=(8, 300))) for _ in range(2))
    found = sweep(
        np.concatenate([candidates, copies]),
        points,
        words,
        point=np.arange(8),
        value=np.arange(8),
        target=(np.arange(8) + 1) % 8,
        own=np.full(8, -1),
        lams=np.array([lam]),
    )
    tied = {(query, at): rows.tolist() for query, at, rows in found.tied}
    for query, row in enumerate(found.rows[:, 0, 0].tolist()):
        assert row < 40
        assert tied[query, 0] == [row, row + 40]


def test_what_lambda_parts_is_not_tied() -> None:
    east, north = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    near = unit(np.array([[1.0, 1.0], [1.0, 1.0 + 1e-9]]))
    found = sweep(
        near,
        east,
        np.concatenate([east, north]),
        point=np.array([0]),
        value=np.array([0]),
        target=np.array([1]),
        own=np.array([-1]),
        lams=np.array([1000.0]),
    )
    assert found.rows.tolist() == [[[1]]]
    assert found.tied == []
