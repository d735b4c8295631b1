"""The analogy experiment's signature, which type checkers see in two forms."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest

from embarith import analogy
from embarith.errors import DataError
from embarith.experiments.analogy.run import Settings
from embarith.table import EmbeddingTable


def test_both_signatures_offer_every_option() -> None:
    options = [
        one.name
        for one in inspect.signature(analogy).parameters.values()
        if one.kind is one.KEYWORD_ONLY
    ]
    assert options == list(Settings.__annotations__)
    hints = get_type_hints(analogy)
    assert {name: hints[name] for name in options} == get_type_hints(Settings)


def test_a_folder_of_data_is_looked_in_first(tmp_path: Path) -> None:
    table = EmbeddingTable.from_arrays(["x", "y"], np.eye(2, dtype=np.float32))
    (tmp_path / "analogy" / "google").mkdir(parents=True)
    (tmp_path / "analogy" / "google" / "questions-words.txt").write_text(": cut\n")
    with pytest.raises(DataError, match=str(tmp_path)):
        analogy(table, "google", data_dir=tmp_path)
