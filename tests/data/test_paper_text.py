"""A run of the paper on words alone: what photographs decide is left out, and the rest is there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from embarith import questions
from embarith.cli import main
from embarith.paper.config import Config, Space
from embarith.paper.pictures import Pictures
from embarith.paper.spaces import Opened
from embarith.paper.store import Store, load
from embarith.paper.study import Study, named_questions
from embarith.report import markdown
from embarith.report import paper as report
from embarith.result.paper import Manifest
from embarith.table import EmbeddingTable

CONFIG = """
collection = "no such folder"
experiments = ["offset", "angles", "island", "additivity", "extraction", "plane"]
draws = 20

[[spaces]]
name = "GloVe"
side = "text"
table = "glove.arrow"
"""


@pytest.fixture
def config(shared, glove_table, tmp_path):
    words = questions.load("semeval", data_dir=shared).words
    known = [word for word in (*words, *named_questions().words) if word in glove_table]
    glove_table.select(list(dict.fromkeys(known))).save(tmp_path / "glove.arrow")
    file = tmp_path / "paper.toml"
    file.write_text(CONFIG)
    return file


def test_words_alone_want_neither_photographs_nor_unasked_sets(config, monkeypatch):
    def refuse(*_args, **_options):
        raise AssertionError("the similarity sets are not asked")

    monkeypatch.setattr(questions, "load_similarity", refuse)
    out = config.parent / "out"
    outcome = CliRunner().invoke(main, ["paper", str(config), "-o", str(out)])
    assert outcome.exit_code == 0, outcome.output
    parts = {part.name: part.skipped for part in load(out).manifest.parts}
    assert [name for name, skipped in parts.items() if not skipped] == [
        "named/GloVe",
        "island-extended/GloVe",
    ]
    for name in ("offset", "angles", "island", "extraction", "plane"):
        assert "paper.toml:2: 'no such folder' is not there" in parts[name]
    assert "no space has trained vectors of photographs" in parts["additivity"]
    report = (out / "report.md").read_text()
    for title in ("Table 4. Three questions", "Accuracy and islands by size", "Left out"):
        assert title in report
    assert "The chosen questions" not in report


def test_the_gap_of_two_sides_of_an_encoder(glove_table, tmp_path):
    def opened(name, side, rows, weights=None):
        table = glove_table.select(np.arange(*rows))
        # A name says nothing of the weights.
        called = f"here called {name!r}: no random weights"
        origin = replace(table.provenance, encoder=name, random_weights=weights, steps=(called,))
        space = Space(name=name, side=side, encoder="E", random_weights=weights)
        return Opened(space, EmbeddingTable(table.labels, table.vectors, origin))

    spaces = [
        opened("Photos", "image", (40,)),
        opened("Words", "text", (20, 60)),
        opened("Drawn photos", "image", (30,), weights=1),
        opened("Drawn words", "text", (30,), weights=1),
        opened("Other words", "text", (30,), weights=2),
    ]
    config = Config(spaces=tuple(one.space for one in spaces), experiments=("gap",), draws=20)
    study = Study(
        config=config,
        store=Store(tmp_path, "1", print),
        task=questions.load("semeval"),
        pictures=Pictures(),
        rated=[],
        cells={},
        captioned=None,
        spaces=spaces,
        progress=None,
    )
    study.measure()
    study.store.finish(
        Manifest(spaces=(), selection=None, unpictured=(), parts=tuple(study.store.parts), seed=0)
    )
    done = load(tmp_path)
    assert list(done.results) == ["gap/Photos/Words", "gap/Drawn photos/Drawn words"]
    (trained,), (drawn,) = done.results.values()
    assert (trained.first.rows, trained.second.rows, trained.matched.labels) == (20, 20, 20)
    assert trained.distance.ci is not None
    assert trained.distance.p is not None
    assert (trained.random_weights, drawn.random_weights) == (False, True)
    text = markdown.render(report.document(done))
    assert "Gap between photographs and words" in text
    assert "random weights: this says nothing of the trained encoder" in text


def test_a_space_of_photographs_wants_its_collection(config, tmp_path):
    config.write_text(CONFIG.replace('side = "text"', 'side = "image"'))
    outcome = CliRunner().invoke(main, ["paper", str(config), "-o", str(tmp_path / "out")])
    assert outcome.exit_code == 1
    assert "paper.toml:2: 'no such folder' is not there" in outcome.stderr
