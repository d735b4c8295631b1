"""What a stored result is held against."""

from __future__ import annotations

from pathlib import Path

import pytest

from embarith import machine

PACKAGE = Path(machine.__file__).parent


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        (PACKAGE / "experiments" / "plane.py", True),
        (PACKAGE / "statistics" / "parallelism.py", True),
        (PACKAGE / "training" / "heads.py", True),
        (next(PACKAGE.glob("_core*.so")), True),
        (PACKAGE / "training" / "word2vec.py", False),
        (PACKAGE / "report" / "paper" / "offset.py", False),
        (PACKAGE / "cli" / "paper.py", False),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else str(value),
)
def test_code_that_computes_counts_and_code_that_shows_does_not(monkeypatch, file, counts):
    assert file.is_file()
    before, sha256_of = machine.code(), machine.sha256_of
    monkeypatch.setattr(
        machine, "sha256_of", lambda path: "another" if path == file else sha256_of(path)
    )
    assert (machine.code() != before) == counts
