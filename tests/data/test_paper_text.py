"""A run of the paper on words alone: what photographs decide is left out, and the rest is there."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from embarith import questions
from embarith.cli import main
from embarith.paper.run import named_questions
from embarith.paper.store import load

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


def test_a_space_of_photographs_wants_its_collection(config, tmp_path):
    config.write_text(CONFIG.replace('side = "text"', 'side = "image"'))
    outcome = CliRunner().invoke(main, ["paper", str(config), "-o", str(tmp_path / "out")])
    assert outcome.exit_code == 1
    assert "paper.toml:2: 'no such folder' is not there" in outcome.stderr
