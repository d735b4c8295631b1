"""SIMAT as a part of the paper: a small set, few captions, encoders with their real weights."""

from __future__ import annotations

import csv
import json
import shutil
from itertools import islice

import pytest
from click.testing import CliRunner

from embarith.cli import main
from embarith.paper.store import load
from embarith.photos import read_captions, read_collection
from embarith.questions import load as load_questions
from embarith.questions import picturable, simat
from embarith.result import SimatResult
from simat_sets import rows_of, write_rows

CONFIG = """
collection = "photos"
photographs = 2
experiments = ["plane"{more}]
draws = 50
{simat}
[[spaces]]
name = "Lite2"
side = "image"
encoder = "{lite2}"

[[spaces]]
name = "MiniLM"
side = "text"
encoder = "{minilm}"
"""
SIMAT = '[simat]\nimages = "Lite2"\ntexts = "MiniLM"\ndata = "set"\ncaptions = "captions.csv"\n'


@pytest.fixture(scope="module")
def study(shared, tmp_path_factory):
    """Return a folder with a collection, a set of 60 photographs, and captions of 120."""
    folder = tmp_path_factory.mktemp("paper-simat")
    words = read_collection(shared / "photos").words
    asked = picturable(load_questions("semeval", data_dir=shared), words)[0].words
    (folder / "photos").mkdir()
    images = f"images = {json.dumps(str(shared / 'photos'))}\n"
    (folder / "photos" / "collection.toml").write_text(images)
    with (folder / "photos" / "words.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("word", "rank", "image", "kind"))
        rows.writerows((word, i, words[word][i], "class") for word in asked for i in range(2))
    _cut(shared / "mini_simat", folder / "set", 60)
    task = simat.read(folder / "set")
    captions = read_captions(shared / "photos")
    others = islice((image for image in captions if image not in task.images), 100)
    kept = (*task.images[:20], *others)
    lines = [{"image": image, "caption": said} for image in kept for said in captions[image]]
    write_rows(folder / "captions.csv", lines)
    return folder


def _cut(source, target, photographs):
    """Write a set of the first photographs, with the queries that these can answer."""
    target.mkdir()
    shutil.copy(source / "captions.txt", target)
    triplets = rows_of(source / "triplets.csv")[:photographs]
    write_rows(target / "triplets.csv", triplets)
    there = {row["image"] for row in triplets}
    carried = {row["caption_id"] for row in triplets}
    asked = rows_of(source / "transfos.csv")
    kept = [row for row in asked if row["image"] in there and row["target_ids"] in carried]
    names = [name for name in asked[0] if name != "norm2"]
    write_rows(target / "transfos.csv", [{name: row[name] for name in names} for row in kept])


@pytest.fixture(scope="module")
def run(study, lite2, minilm):
    """Return a function that runs the paper into one folder and returns what it told."""

    def told(simat="", experiment=', "simat"'):
        config = study / "paper.toml"
        config.write_text(CONFIG.format(more=experiment, simat=simat, lite2=lite2, minilm=minilm))
        outcome = CliRunner().invoke(main, ["paper", str(config), "-o", str(study / "out")])
        assert outcome.exit_code == 0, outcome.output
        return outcome.stderr.splitlines()

    return told


def test_the_part_and_what_it_leaves_alone(run, study):
    out = study / "out"
    assert "simat" not in run()
    alone = {part.name: part.file for part in load(out).manifest.parts}
    assert alone
    assert not any(name.startswith("simat") for name in alone)
    assert "(SIMAT)" not in (out / "report.html").read_text()

    told = run(SIMAT)
    assert "simat" in told
    # Vectors besides those of the words change no other part.
    assert not any(line.startswith("plane") for line in told)
    done = load(out)
    assert alone.items() < {part.name: part.file for part in done.manifest.parts}.items()
    (result,) = done.results["simat"]
    assert isinstance(result, SimatResult)
    assert (result.images.name, result.texts.name) == ("Lite2", "MiniLM")
    assert result.data.photographs == 60
    assert result.heads is not None
    assert "20 held out" in result.heads.steps[0]
    assert set(result.thumbnails) >= {one.image for one in result.examples}

    page, text = (out / "report.html").read_text(), (out / "report.md").read_text()
    for shown in ("Text-driven transformation (SIMAT)", "ridge heads", "Score against λ"):
        assert shown in page
        assert shown in text
    assert "Examples at λ" in page
    for name in ("simat-score", "simat-subject", "simat-object"):
        assert (out / "figures" / f"{name}.svg").is_file()
        assert (out / "figures" / f"{name}.png").is_file()
    assert (out / "simat.csv").read_text().startswith("images,texts")

    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert "simat" not in run(SIMAT)
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert "simat" in run(SIMAT + 'method = "cca"\n')


def test_temperatures(run, study):
    pytest.importorskip("torch")
    assert "simat-temperatures" in run(SIMAT + "temperatures = [0.1, 1]\n")
    assert "Temperature of the heads" in (study / "out" / "report.html").read_text()
    assert (study / "out" / "figures" / "temperatures.svg").is_file()


def test_a_part_without_its_inputs_says_what_is_absent(run, study):
    for change, reason in (
        (("captions.csv", "caption.csv"), "did you mean 'captions.csv'?"),
        (('"set"', '"sets"'), "did you mean 'set'?"),
    ):
        run(SIMAT.replace(*change))
        parts = {part.name: part for part in load(study / "out").manifest.parts}
        assert reason in parts["simat"].skipped
    lines = (study / "captions.csv").read_text() + "lost.jpg,A dog .\n"
    (study / "more.csv").write_text(lines)
    run(SIMAT.replace("captions.csv", "more.csv"))
    parts = {part.name: part for part in load(study / "out").manifest.parts}
    assert "lost.jpg: no such photograph; 1 of set and more.csv" in parts["simat"].skipped
    assert "lost.jpg" in (study / "out" / "report.md").read_text()
