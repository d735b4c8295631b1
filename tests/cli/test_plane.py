"""``embarith plane``: what it draws, saves and refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from embarith.cli import main
from embarith.result import PlaneResult, from_json
from embarith.table import EmbeddingTable


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["plane", *map(str, words)])


@pytest.fixture
def words(tmp_path: Path) -> Path:
    vectors = np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32)
    table = EmbeddingTable.from_arrays(["man", "king", "woman", "queen"], vectors)
    table.save(tmp_path / "words.arrow")
    return tmp_path / "words.arrow"


@pytest.fixture
def photos(tmp_path: Path) -> tuple[Path, Path]:
    """A collection of two words and the vectors of its photographs."""
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(1)
    folder = tmp_path / "photos"
    folder.mkdir()
    rows = ["word,rank,image"]
    for number in range(6):
        image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8)).save(folder / f"{number}.jpg")
        rows.append(f"{'dog' if number % 2 else 'cat'},{number},{number}.jpg")
    (folder / "words.csv").write_text("\n".join(rows))
    vectors = rng.normal(size=(6, 8)).astype(np.float32)
    table = EmbeddingTable.from_arrays([f"{number}.jpg" for number in range(6)], vectors)
    table.save(tmp_path / "photos.arrow")
    return tmp_path / "photos.arrow", folder


def test_words_are_printed_and_drawn(words: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    done = run("man:king::woman:queen", words, "-o", tmp_path / "plane.svg")
    assert done.exit_code == 0, done.stderr
    assert "queen, y" in done.stdout
    assert (tmp_path / "plane.svg").read_text().startswith("<?xml")
    done = run("man:king::woman:?", words, "--json")
    found = from_json(done.stdout)
    assert isinstance(found, PlaneResult)
    assert found.question == "man:king::woman:?"


def test_photographs_are_kept_in_the_result(photos: tuple[Path, Path], tmp_path: Path) -> None:
    table, folder = photos
    options = ("--photographs", table, "--collection", folder)
    done = run("dog:cat", *options, "-o", tmp_path / "plane.json")
    assert done.exit_code == 0, done.stderr
    found = from_json((tmp_path / "plane.json").read_text())
    assert isinstance(found, PlaneResult)
    assert [one.word for one in found.photographs] == ["dog"] * 3 + ["cat"] * 3
    assert all(one.thumbnail for one in found.photographs)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("man:king", "words.arrow"), 1, "lies on a line"),
        (("man king", "words.arrow"), 1, "neither a pair a:b nor a question"),
        (("man:king::woman:quean", "words.arrow"), 1, "did you mean 'queen'"),
        (("dog:cat", "--collection", "."), 2, "go together"),
        (("a:b", "words.arrow", "--photographs", "x", "--collection", "."), 2, "place of TABLE"),
        (("man:king::woman:?", "words.arrow", "-o", "plane.pdf"), 2, "ends in .svg, .png or .json"),
    ],
)
def test_faults_are_named(
    words: tuple[str, ...],
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    EmbeddingTable.from_arrays(
        ["man", "king", "woman", "queen"], np.eye(4, 8, dtype=np.float32)
    ).save(tmp_path / "words.arrow")
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    assert done.exit_code == code
    assert message in done.stderr
