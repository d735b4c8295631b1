"""`embarith train heads` on small files: what it prints, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from embarith.cli import main
from embarith.encoders.heads import Heads
from embarith.questions import simat as sets
from embarith.table import EmbeddingTable
from simat_sets import publish, shared_space


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A published set and its tables, with 80 more photographs of a caption each."""
    task = sets.read(publish(tmp_path / "set"))
    images, texts = shared_space(task)
    random = np.random.default_rng(1)
    words = random.integers(0, len(task.captions), 80)
    vectors = texts[[task.captions[i] for i in words]] + 0.1 * random.normal(size=(80, 12))
    more = EmbeddingTable.from_arrays([f"{i}.jpg" for i in range(80)], vectors.astype(np.float32))
    EmbeddingTable.concat(images, more).save(tmp_path / "images.arrow")
    texts.save(tmp_path / "texts.arrow")
    lines = [f"{i}.jpg,{task.captions[words[i]]}" for i in range(80)]
    lines += [f"{image},{task.captions[0]}" for image in task.images]
    (tmp_path / "captions.csv").write_text("\n".join(["image,caption", *lines]))
    return tmp_path


def train(folder: Path, *more: object, out: str = "heads.safetensors") -> Result:
    options = [f"--{name}={folder / name}.arrow" for name in ("images", "texts")]
    options += [f"--captions={folder / 'captions.csv'}", f"--output={folder / out}"]
    return CliRunner().invoke(main, ["train", "heads", *options, *map(str, more)])


@pytest.mark.parametrize("method", ["ridge", "cca", "contrastive"])
def test_heads_are_written_and_scored(folder: Path, method: str) -> None:
    done = train(folder, "--method", method, "--data", folder / "set")
    assert done.exit_code == 0, done.stderr
    assert "40 held out" in done.stderr
    assert "SIMAT dev" in done.stderr
    heads = Heads.read(folder / "heads.safetensors")
    assert heads.temperature == (0.1 if method == "contrastive" else None)
    assert not list(folder.glob("*.checkpoint"))
    assert done.stdout == ""
    # Heads may be replaced.
    assert train(folder, "--method", "ridge").exit_code == 0


def test_machines_get_a_line_a_step(folder: Path) -> None:
    done = train(folder, "--epochs", 2, "--data", folder / "set", "--json")
    *steps, last = map(json.loads, done.stdout.splitlines())
    assert [step["at"] for step in steps] == [1, 2]
    assert {*steps[0]} == {"at", "recall", "training_loss", "loss", "simat", "lam"}
    assert len(steps[0]["recall"]["captions"]) == 3
    assert last["sha256"] == Heads.read(folder / "heads.safetensors").sha256


def test_photographs_are_left_out_by_a_file(folder: Path) -> None:
    (folder / "out.txt").write_text("".join(f"{i}.jpg\n" for i in range(30)))
    done = train(folder, "--method", "ridge", "--hold-out", folder / "out.txt")
    assert "30 held out" in done.stderr


def test_what_has_no_effect_or_no_meaning_is_refused(folder: Path) -> None:
    useless = train(folder, "--method", "ridge", "--temperature", 0.3)
    assert useless.exit_code == 2
    assert "--temperature: only of contrastive training, not of ridge" in useless.stderr
    table = train(folder, "--method", "ridge", out="images.arrow")
    assert table.exit_code == 1
    assert "no safetensors file of heads" in table.stderr
    nowhere = train(folder, "--method", "ridge", out="absent/heads.safetensors")
    assert "its folder does not exist" in nowhere.stderr
    with (folder / "captions.csv").open("a") as file:
        file.write("\nabsent.jpg,A cat.\n")
    lost = train(folder, "--method", "ridge")
    assert lost.exit_code == 1
    assert "captions without photographs" in lost.stderr
    assert "'absent.jpg'" in lost.stderr


def test_an_interruption_says_what_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from embarith.training.contrastive import _Run

    whole = _Run.epoch

    def stop(at: int) -> None:
        def epoch(run: _Run, number: int) -> float:
            if number == at:
                raise KeyboardInterrupt
            return whole(run, number)

        monkeypatch.setattr(_Run, "epoch", epoch)

    stop(1)
    first = train(folder, "--epochs", 3)
    assert first.exit_code == 130
    assert "Interrupted: no file was written." in first.stderr
    stop(3)
    third = train(folder, "--epochs", 3)
    assert third.exit_code == 130
    kept = f"{folder / 'heads.safetensors.checkpoint'}; the same command goes on from there."
    assert f"Interrupted: the best heads so far are kept in {kept}" in third.stderr
    monkeypatch.setattr(_Run, "epoch", whole)
    assert train(folder, "--epochs", 3).exit_code == 0
