"""A whole run of the paper on real words and photographs, few of each."""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ET
from itertools import islice

import numpy as np
import pytest
from click.testing import CliRunner

from embarith.cli import main
from embarith.paper.store import load
from embarith.paper.study import named_questions
from embarith.photos import read_collection
from embarith.questions import load as load_questions
from embarith.questions import picturable

# Photographs a word: enough for a mean, few enough for a test.
FEW = 3

CONFIG = """
collection = "photos"
photographs = {few}
cells = "cells.csv"
draws = 50
control_draws = 19

[[spaces]]
name = "Lite2"
side = "image"
encoder = "{lite2}"

[[spaces]]
name = "GloVe"
side = "text"
table = "glove.arrow"

[[spaces]]
name = "CLIP text"
side = "text"
table = "clip_text/simat_words.npz"
"""


@pytest.fixture(scope="module")
def study(shared, glove_table, lite2, tmp_path_factory):
    """Return a folder with a config, a collection of a few photographs a word, and GloVe's head."""
    folder = tmp_path_factory.mktemp("paper")
    words = read_collection(shared / "photos").words
    asked = picturable(load_questions("semeval", data_dir=shared), words)[0].words
    home = folder / "photos"
    home.mkdir()
    (home / "collection.toml").write_text(f"images = {json.dumps(str(shared / 'photos'))}\n")
    with (home / "words.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("word", "rank", "image", "kind"))
        for word in asked:
            rows.writerows((word, rank, words[word][rank], "class") for rank in range(FEW))
    head = np.arange(3_000)
    known = [word for word in (*asked, *named_questions().words) if word in glove_table]
    rest = glove_table.rows(known)
    glove_table.select(np.union1d(head, rest)).save(folder / "glove.arrow")
    with (shared / "mini_simat" / "triplets.csv").open() as file:
        (folder / "cells.csv").write_text("".join(islice(file, 60)))
    (folder / "paper.toml").write_text(CONFIG.format(few=FEW, lite2=lite2))
    return folder


def _run(study, *more):
    arguments = ["paper", str(study / "paper.toml"), "-o", str(study / "out"), *more]
    return CliRunner().invoke(main, arguments)


@pytest.fixture(scope="module")
def done(study):
    outcome = _run(study)
    assert outcome.exit_code == 0, outcome.output
    return study / "out"


def test_every_table_stands_in_the_report(done):
    page = (done / "report.html").read_text()
    for title in (
        *(f"Table {number}" for number in range(1, 7)),
        "Simpler questions (paper",
        "Which word y is nearest to, inputs allowed (among all words)",
        "Other means of the scores (standard protocol",
        "Figure 6",
        "Islands",
        "How words lie",
        "Additivity",
        "Photographs a word",
        "Rated pairs",
        "Methods",
    ):
        assert title in page, title
    for name in ("Lite2", "GloVe", "CLIP text"):
        assert name in page
    assert not re.search(r'(src|href)="(?!data:|#)', page), "the page loads something"
    text = (done / "report.md").read_text()
    assert "published: ResNet-50 | .040 (2)" in text
    assert "fewer than 3 photographs: hour, seconds" in text
    assert "CLIP text covers only" in text
    assert re.search(r"Chance among \d+ candidates: .*\(Lite2, GloVe\)\.", text)


def test_files_for_papers_and_machines(done):
    tables = (done / "tables.tex").read_text()
    assert tables.count(r"\toprule") == tables.count(r"\bottomrule") > 8
    lines = [json.loads(line) for line in (done / "results.jsonl").read_text().splitlines()]
    kinds = {line["schema"] for line in lines}
    for kind in ("analogy", "island", "geometry", "extraction", "plane", "semeval", "similarity"):
        assert f"embarith.{kind}/1" in kinds
    questions = [json.loads(line) for line in (done / "questions.jsonl").read_text().splitlines()]
    mine = [one for one in questions if one["part"] == "offset" and one["space"] == "Lite2"]
    assert len(mine) == 50
    for file in (done / "figures").glob("*.svg"):
        ET.parse(file)
    assert (done / "figures" / "plane-1.png").read_bytes().startswith(b"\x89PNG")
    with (done / "picturable.tsv").open() as file:
        assert len(file.readlines()) == 50


def test_a_space_without_the_words_is_left_out_with_its_reason(done):
    manifest = load(done).manifest
    reasons = {part.name: part.skipped for part in manifest.parts if part.skipped}
    assert "words are missing" in reasons["extended-anchor/CLIP text"]
    assert "Lite2" not in "".join(name for name in reasons if name.startswith("offset"))
    planes = [part.name for part in manifest.parts if part.name.startswith("plane/Lite2/")]
    assert len(planes) == 3
    assert not set(planes) & set(reasons)


def test_a_second_run_computes_nothing_and_gives_the_same_bytes(study, done):
    before = {path: path.read_bytes() for path in done.rglob("*") if path.is_file()}
    outcome = _run(study)
    assert outcome.exit_code == 0
    told = [line for line in outcome.stderr.splitlines() if "left out" not in line]
    measured = [line for line in told if re.match(r"(offset|standard|island|geometry)", line)]
    skipped = {part.name for part in load(done).manifest.parts if part.skipped}
    assert set(measured) <= skipped
    after = {path: path.read_bytes() for path in done.rglob("*") if path.is_file()}
    assert {path for path in before if before[path] != after.get(path)} == set()


def test_a_changed_option_computes_what_depends_on_it(study, done):
    config = study / "paper.toml"
    kept = config.read_text()
    config.write_text(kept.replace("control_draws = 19", "control_draws = 9"))
    try:
        outcome = _run(study)
    finally:
        config.write_text(kept)
    assert outcome.exit_code == 0
    told = set(outcome.stderr.splitlines())
    assert {"offset", "offset-raw", "offset-centred"} <= told
    assert not any(line.startswith(("island/Lite2", "geometry/GloVe")) for line in told)


def test_wrong_inputs_are_named(study, tmp_path):
    config = study / "paper.toml"
    text = config.read_text()
    for change, message in (
        (
            ("photographs = 3", "photographs = 40"),
            ":3: photographs = 40: no word of photos has as many; the most is 3, of ",
        ),
        (
            ('collection = "photos"', 'collection = "photo"'),
            f":2: 'photo' is not there, looked for as {str(study / 'photo')!r} and ",
        ),
        (('table = "glove.arrow"', 'table = "glove.arow"'), ":13: 'glove.arow' is not there"),
        (('table = "glove.arrow"', 'table = "glove.arow"'), "did you mean 'glove.arrow'?"),
        (("control_draws", "control_draw"), ":6: unknown key 'control_draw'"),
    ):
        other = study / "other.toml"
        other.write_text(text.replace(*change))
        outcome = CliRunner().invoke(main, ["paper", str(other), "-o", str(tmp_path / "out")])
        assert outcome.exit_code == 1, change
        assert message in outcome.stderr
        assert not (tmp_path / "out").exists()


def test_photographs_that_no_question_can_be_made_of(study, tmp_path):
    words = read_collection(study / "photos").words
    pictured = ("apple", "pig", "shirt")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "collection.toml").write_text(
        (study / "photos" / "collection.toml").read_text()
    )
    with (tmp_path / "photos" / "words.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("word", "rank", "image"))
        rows.writerows((word, rank, words[word][rank]) for word in pictured for rank in range(FEW))
    text = (study / "paper.toml").read_text().replace("glove.arrow", str(study / "glove.arrow"))
    text = text.replace("draws = 50", 'draws = 50\nexperiments = ["offset", "semeval"]')
    (tmp_path / "paper.toml").write_text(text)
    out = tmp_path / "out"
    outcome = CliRunner().invoke(main, ["paper", str(tmp_path / "paper.toml"), "-o", str(out)])
    assert outcome.exit_code == 0, outcome.output
    found = load(out)
    assert found.manifest.spaces[0].rows == 3
    parts = {part.name: part.skipped for part in found.manifest.parts}
    assert "paper.toml:3: no question of semeval" in parts["offset"]
    assert "may leave some" in (out / "report.md").read_text()
    assert not parts["semeval/GloVe"]
    assert not (out / "picturable.tsv").exists()


def test_a_folder_that_cannot_be_made_is_named(study):
    for folder in ("/proc/out", str(study / "paper.toml" / "out"), "/proc"):
        outcome = CliRunner().invoke(main, ["paper", str(study / "paper.toml"), "-o", folder])
        assert outcome.exit_code == 1
        assert f"nothing can be written into the folder {folder!r}" in outcome.stderr
