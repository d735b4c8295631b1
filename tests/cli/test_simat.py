"""`embarith simat` and `embarith transform` on small files: what they print, write and refuse."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from embarith.cli import main
from embarith.cli.simat import simat
from embarith.encoders.heads import Heads, Linear
from embarith.experiments.heads import TEMPERATURES
from embarith.experiments.simat import LAMS
from embarith.questions import simat as sets
from embarith.result import SimatResult, Split, TextEncodersResult, TransformResult, from_json
from embarith.table import EmbeddingTable
from embarith.training.heads import Settings
from simat_sets import publish, shared_space


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A published set, its tables and heads."""
    task = sets.read(publish(tmp_path / "set"))
    images, texts = shared_space(task)
    images.save(tmp_path / "images.arrow")
    texts.save(tmp_path / "texts.arrow")
    head = Linear(np.eye(12, dtype=np.float32), np.zeros(12, np.float32))
    Heads(head, head).save(tmp_path / "heads.safetensors")
    return tmp_path


def _score(folder: Path, *more: object) -> Result:
    tables = (folder / "images.arrow", folder / "texts.arrow")
    return run("simat", "score", *tables, "--data", folder / "set", "--draws", 20, *more)


def test_score_prints_people_a_table_and_machines_a_record(folder: Path) -> None:
    people = _score(folder, "--lambda", "0:1:0.5")
    assert people.exit_code == 0, people.stderr
    assert "target caption as query" in people.stdout
    machines = _score(folder, "--lambda", "0:1:0.5", "--split", "all", "--json")
    found = from_json(machines.stdout)
    assert isinstance(found, SimatResult)
    assert [point.lam for point in found.curve] == [0, 0.5, 1]
    assert found.split == "all"
    default = from_json(_score(folder, "--json").stdout)
    assert isinstance(default, SimatResult)
    assert [point.lam for point in default.curve] == [round(0.2 * i, 1) for i in range(26)]
    headed = from_json(_score(folder, "--heads", folder / "heads.safetensors", "--json").stdout)
    assert isinstance(headed, SimatResult)
    assert headed.scores == default.scores == headed.baselines.no_heads


def test_score_takes_a_matrix_or_a_judge(folder: Path) -> None:
    task = sets.read(folder / "set")
    np.save(folder / "oscar.npy", np.where(task.right, 0.9, 0.1).astype(np.float32))
    judged = from_json(_score(folder, "--matrix", folder / "oscar.npy", "--json").stdout)
    plain = from_json(_score(folder, "--json").stdout)
    assert isinstance(judged, SimatResult)
    assert isinstance(plain, SimatResult)
    assert judged.scores == plain.scores
    assert judged.judge.threshold == 0.5
    itself = _score(folder, "--judge", folder / "images.arrow", folder / "texts.arrow")
    assert itself.exit_code == 1
    assert "would judge itself" in itself.stderr
    np.save(folder / "small.npy", np.ones((3, 4), np.float32))
    small = _score(folder, "--matrix", folder / "small.npy")
    assert "small.npy: a matrix of shape (3, 4)" in small.stderr


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--lambda", "a"), 2, "expected 1, 0,0.5,1 or FIRST:LAST:STEP"),
        (("--lambda", "0:1:0.3"), 2, "FIRST:LAST:STEP"),
        (("--lambda", "0:1:0"), 2, "FIRST:LAST:STEP"),
        (("--lambda", ""), 2, "FIRST:LAST:STEP"),
        (("--lambda", "5:0:0.2"), 2, "FIRST:LAST:STEP"),
        (("--lambda", "nan"), 2, "'nan'; expected finite numbers that rise"),
        (("--lambda", "1,0"), 2, "'1,0'; expected finite numbers that rise"),
        (("--split", "train"), 2, "train"),
        (("--template", "a {}"), 2, "only for an encoder as TEXTS"),
        (("--data", "nowhere"), 2, "nowhere"),
    ],
)
def test_faults_of_score(folder: Path, words: tuple[str, ...], code: int, message: str) -> None:
    outcome = _score(folder, *words)
    assert outcome.exit_code == code, outcome.stderr
    assert message in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_choices_and_defaults_are_those_of_the_library() -> None:
    heads = Settings()
    options = {
        command: {one.name: one for one in simat.commands[command].params}
        for command in ("score", "study", "encoders")
    }
    assert set(options["score"]["split"].type.choices) == set(get_args(Split))
    for command, of in options.items():
        lams = of["lams"]
        assert lams.type.convert(lams.default, lams, None) == LAMS
        if command != "score":
            assert of["temperatures"].default == TEMPERATURES
            assert of["batch_size"].default == heads.batch_size


def test_build_prints_counts_and_chance(tmp_path: Path) -> None:
    where = ("on grass", "on snow", "on a bed")
    lines = [f"{i}.jpg,A {'dog' if i % 2 else 'cat'} runs {where[i % 3]}" for i in range(60)]
    (tmp_path / "captions.csv").write_text("\n".join(["image,caption", *lines]))
    done = run("simat", "build", tmp_path / "captions.csv", "-o", tmp_path / "own")
    assert done.exit_code == 0, done.stderr
    assert "60 captions of 60 photographs: 6 different triples, 6 kept" in done.stdout
    assert "random retrieval scores" in done.stdout
    assert len(sets.read(tmp_path / "own").images) == 60
    again = run("simat", "build", tmp_path / "captions.csv", "-o", tmp_path / "own")
    assert "name a new folder" in again.stderr
    absent = run("simat", "build", tmp_path, "-o", tmp_path / "other")
    assert absent.exit_code == 1
    assert "captions of '0.jpg', which is not there (60 of 60" in absent.stderr


def test_prepare_makes_a_set_of_the_crops(tmp_path: Path) -> None:
    published = publish(tmp_path / "SIMAT" / "simat_db", photographs=12)
    task = sets.read(published)
    rows = [
        f"{region}\t7\t{i},{2 * i},{i + 10},{2 * i + 5}" for i, region in enumerate(task.images)
    ]
    (published / "retrieval_db.tsv").write_text("\n".join(["region_id\timage_id\tbbox", *rows]))
    (tmp_path / "vg").mkdir()
    words = ("simat", "prepare", "--visual-genome", tmp_path / "vg", "--data", tmp_path / "SIMAT")
    early = run(*words, "-o", tmp_path / "out")
    assert "no photograph 7.jpg" in early.stderr
    assert not (tmp_path / "out").exists()
    Image.new("RGB", (100, 80)).save(tmp_path / "vg" / "7.jpg")
    for cut in (12, 0):
        done = run(*words, "-o", tmp_path / "out")
        assert done.exit_code == 0, done.stderr
        assert f"12 regions, {cut} cut out now" in done.stderr
    own = sets.read(tmp_path / "out")
    assert own.regions == task.images
    assert (own.is_test == task.is_test).all()
    for image in own.images:
        with Image.open(tmp_path / "out" / image) as crop:
            assert crop.size == (10, 5)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (
            [("cat", [1.0, 2.0]), ("dog", [3.0, float("nan")]), ("man", [0.0, 0.0])],
            "row 1 (label 'dog'): value nan in dimension 1 is not finite (2 such rows); save the f",
        ),
        ([("cat", [0.0, 0.0])], "row 0 (label 'cat'): the vector is zero and has no direction; s"),
        ([("cat", [1.0]), ("cat", [2.0])], "row 1 (label 'cat'): the label stands already in row"),
        ([("cat", [1e300])], "row 0 (label 'cat'): value inf in dimension 0 is not finite; save"),
        ([("cat", [])], "vectors have shape (1, 0)"),
    ],
)
def test_import_names_the_file_and_row_at_fault(
    tmp_path: Path, pairs: list[tuple[str, list[float]]], message: str
) -> None:
    torch = pytest.importorskip("torch")
    torch.save(
        [(word, torch.tensor(values, dtype=torch.float64)) for word, values in pairs],
        tmp_path / "words.pt",
    )
    refused = run("simat", "import", tmp_path / "words.pt", tmp_path / "words.arrow")
    assert refused.exit_code == 1
    assert f"{tmp_path / 'words.pt'}: {message}" in refused.stderr
    assert "on_bad" not in refused.stderr
    assert not (tmp_path / "words.arrow").exists()


def test_score_writes_a_page(folder: Path) -> None:
    pytest.importorskip("matplotlib", reason="figures need the extra report")
    page = folder / "page.html"
    lams = ("--lambda", "0:1:0.5", "--json")
    named = _score(folder, *lams, "--html", page)
    assert named.exit_code == 0, named.stderr
    assert str(page) in named.stderr
    bare = page.read_text()
    assert bare.count("data:image/svg+xml") == 4
    assert "data:image/jpeg" not in bare
    photographs = _photographs(folder)
    shown = _score(folder, *lams, "--html", page, "--photographs", photographs)
    found = from_json(shown.stdout)
    assert isinstance(found, SimatResult)
    assert not found.thumbnails
    tiles = sum(1 + len(one.retrieved) for one in found.examples)
    assert page.read_text().count("data:image/jpeg;base64,") == tiles
    before = page.read_bytes()
    (photographs / found.examples[0].image).write_text("no photograph")
    damaged = _score(folder, *lams, "--html", page, "--photographs", photographs)
    assert damaged.exit_code == 1
    assert f"{found.examples[0].image}: " in damaged.stderr
    assert replace(from_json(damaged.stdout), run=found.run) == found
    (photographs / found.examples[0].image).unlink()
    lost = _score(folder, *lams, "--html", page, "--photographs", photographs)
    assert lost.exit_code == 1
    assert f"{found.examples[0].image}: no such photograph (1 of the 40 of set" in lost.stderr
    assert page.read_bytes() == before


def _photographs(folder: Path) -> Path:
    photographs = folder / "photographs"
    photographs.mkdir()
    for image in sets.read(folder / "set").images:
        Image.new("RGB", (30, 20)).save(photographs / image, "PNG")
    return photographs


def test_transform_prints_and_shows(folder: Path) -> None:
    task = sets.read(folder / "set")
    photographs = _photographs(folder)
    tables = ("--images", folder / "images.arrow", "--texts", folder / "texts.arrow")
    words = ("transform", task.images[0], "cat", "dog", *tables, "--topn", 3)
    page = folder / "answers.html"
    done = run(*words, "--html", page, "--photographs", photographs, "--json")
    assert done.exit_code == 0, done.stderr
    found = from_json(done.stdout)
    assert isinstance(found, TransformResult)
    assert not found.thumbnails
    text = page.read_text()
    others = [one for one in found.retrieved if not one.is_input]
    assert text.count("data:image/jpeg;base64,") == 1 + len(others)
    unmoved = run(*words, "--html", page, "--photographs", photographs, "--lambda", 0, "--json")
    nearest = from_json(unmoved.stdout)
    assert isinstance(nearest, TransformResult)
    assert nearest.retrieved[0].is_input
    assert page.read_text().count("data:image/jpeg;base64,") == 1 + 3
    assert "http" not in text
    assert "cat → dog" in run(*words).stdout
    far = run(*words, "--lambda", "1e300")
    assert far.exit_code == 1
    assert "λ 1e+300: give one or more finite numbers" in far.stderr
    assert "rising, from -1,000,000 to 1,000,000" in far.stderr
    assert json.loads(done.stdout)["schema"] == "embarith.transform/1"
    out = EmbeddingTable.open(folder / "images.arrow")
    labels = [f"../{label}" for label in out.index_to_key]
    EmbeddingTable.from_arrays(labels, out.vectors).save(folder / "out.arrow")
    page.unlink()
    led = run(
        *("transform", labels[0], "cat", "dog", "--images", folder / "out.arrow", *tables[2:]),
        *("--html", page, "--photographs", photographs),
    )
    assert led.exit_code == 1
    assert f"'{labels[0]}' leads out of {photographs}" in led.stderr
    assert not page.exists()
    lost = run("transform", task.images[0], "cat", "dgo", *tables)
    assert lost.exit_code == 1
    assert "did you mean 'dog'" in lost.stderr


def test_encoders_trains_both_ways_and_compares(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    task = sets.read(folder / "set")
    texts = folder / "texts.arrow"
    _captioned(folder)
    (tmp_path / "texts.txt").write_text("\n".join(task.texts))
    words = sorted({word for text in task.texts for word in re.findall(r"\w+", text.lower())})
    known = EmbeddingTable.from_arrays(words, np.eye(len(words), dtype=np.float32))
    known.save(tmp_path / "words.arrow")
    bags = ("table", "bag", tmp_path / "words.arrow", tmp_path / "texts.txt")
    done = run(*bags, "-o", tmp_path / "bags.arrow", "--random", 5)
    assert done.exit_code == 0, done.stderr
    assert f"{len(task.texts)} texts × 5 dimensions; 0 of" in done.stderr
    command = ("simat", "encoders", tmp_path / "photographs.arrow")
    options = ("--captions", tmp_path / "captions.csv", "--data", folder / "set")
    options = (*options, "-o", tmp_path / "out", "--temperature", 1, "--seeds", 1, "--draws", 0)
    named = (f"sums={texts}", f"bags={tmp_path / 'bags.arrow'}")
    made = run(*command, *named, *options, "--batch-size", 32, "--json")
    assert made.exit_code == 0, made.stderr
    found = from_json(made.stdout)
    assert isinstance(found, TextEncodersResult)
    assert [one.is_control for one in found.encoders] == [False, True]
    kept = sorted(str(path.relative_to(tmp_path / "out")) for path in tmp_path.glob("out/**/*.*"))
    assert kept == [
        f"{name}/{file}"
        for name in ("bags", "sums")
        for file in (
            "both/heads-1-0.safetensors",
            "frozen/heads-1-0.safetensors",
            "ridge.safetensors",
        )
    ]
    for wrong, code, message in (
        ((f"{texts}",), 2, "expected NAME=TEXTS"),
        ((named[0], named[0]), 2, "sums: the name of"),
        (named[:1], 1, "two text encoders or more"),
        (named, 1, "name another folder"),
    ):
        failed = run(*command, *wrong, *options)
        assert failed.exit_code == code, failed.stderr
        assert message in failed.stderr


def _captioned(folder: Path) -> None:
    """Write 60 more photographs beside those of the set, and a caption of each."""
    task = sets.read(folder / "set")
    images = EmbeddingTable.open(folder / "images.arrow")
    more = np.random.default_rng(0).normal(size=(60, images.dimensions)).astype(np.float32)
    photographs = EmbeddingTable.from_arrays([f"{n}.jpg" for n in range(60)], more)
    EmbeddingTable.concat(images, photographs).save(folder / "photographs.arrow")
    lines = [f"{n}.jpg,{task.captions[n % 18]}" for n in range(60)]
    (folder / "captions.csv").write_text("\n".join(["image,caption", *lines]))


def test_an_interrupted_study_says_what_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from embarith.experiments import heads as studies
    from embarith.training.heads import train

    _captioned(folder)
    last: list[int] = []

    def stopped(pairs: object, settings: Settings, **more: object) -> object:
        if settings.seed == last[-1]:
            raise KeyboardInterrupt
        return train(pairs, settings, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(studies, "train", stopped)
    words = ("simat", "study", folder / "photographs.arrow", folder / "texts.arrow")
    words = (*words, "--captions", folder / "captions.csv", "--data", folder / "set")
    words = (*words, "-o", folder / "out", "--temperature", 1, "--seeds", 2, "--draws", 0)
    kept = f"what was trained is kept in {folder / 'out'}; the same command goes on from there"
    for seed, said in ((0, "no file was written"), (1, kept)):
        last.append(seed)
        done = run(*words)
        assert done.exit_code == 130
        assert f"Interrupted: {said}." in done.stderr


def test_a_page_replaces_pages_alone(folder: Path) -> None:
    task = sets.read(folder / "set")
    tables = ("--images", folder / "images.arrow", "--texts", folder / "texts.arrow")
    words = ("transform", task.images[0], "cat", "dog", *tables, "--html")
    before = (folder / "texts.arrow").read_bytes()
    for command in (words, ("images", "check", folder, "--attribution")):
        refused = run(*command, folder / "texts.arrow")
        assert refused.exit_code == 1
        assert refused.stdout == ""
        assert f"{folder / 'texts.arrow'} is there and no HTML page" in refused.stderr
    assert (folder / "texts.arrow").read_bytes() == before
    page = folder / "page.html"
    for there in (b"", b"\xef\xbb\xbf\n <HTML>", b"<!DOCTYPE html>"):
        page.write_bytes(there)
        assert run(*words, page).exit_code == 0
        assert page.read_text().startswith("<!doctype html>")
    assert run(*words, page).exit_code == 0
