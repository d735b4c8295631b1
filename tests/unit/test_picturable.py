"""The question set that photographs can be asked, from the real task and the real collection."""

from __future__ import annotations

import json
from collections import Counter
from itertools import combinations

import pytest
from click.testing import CliRunner

from embarith.cli import main
from embarith.errors import OptionError
from embarith.photos import read_collection
from embarith.questions import load, picturable, write


@pytest.fixture(scope="module")
def task(shared):
    return load("semeval", data_dir=shared)


@pytest.fixture(scope="module")
def words(shared):
    return read_collection(shared / "photos").words


def test_counts_of_the_shared_collection(task, words):
    chosen, found = picturable(task, words)
    assert (found.rated, found.pictured, found.relations) == (3218, 135, 41)
    assert (found.not_above_zero, found.sharing) == (67, 42)
    assert (found.couples, found.apart, found.apart_of) == (136, 53, 10)
    assert (len(chosen), found.questions, found.pairs) == (50, 50, 32)


def test_rules_hold_for_every_question(task, words):
    asked, _ = picturable(task, words, per_relation=12, per_pair=6)
    ratings = {
        f"{relation.id} {relation.name}": {
            (a.lower(), b.lower()): rating
            for (a, b), rating in zip(relation.pairs, relation.ratings, strict=True)
        }
        for relation in task.relations
    }
    pairs, rows = Counter(), []
    for a, b, c, (d,), number, rating in zip(
        asked.a, asked.b, asked.c, asked.gold, asked.relation, asked.ratings, strict=True
    ):
        four = (a, b, c, d)
        rated = ratings[asked.relations[number]]
        assert rated[a, b] > 0
        assert rated[c, d] > 0
        assert rating == rated[c, d]
        assert len(set(four)) == 4
        assert all(len(words[word]) >= 30 for word in four)
        assert not any(set(words[x]) & set(words[y]) for x, y in combinations(four, 2))
        pairs.update([(a, b), (c, d)])
        rows.append(four)
    assert len(set(rows)) == len(rows)
    assert max(Counter(asked.relation.tolist()).values()) == 12
    assert max(pairs.values()) <= 6
    assert asked.first_relation.tolist() == asked.relation.tolist()


def test_better_rated_pair_comes_first_until_couples_are_asked_again(task, words):
    every, _ = picturable(task, words, size=1000, per_relation=1000, per_pair=1000)
    rows = list(zip(every.a, every.b, every.c, [gold[0] for gold in every.gold], strict=True))
    assert len(rows) == 2 * 53
    assert all((c, d, a, b) in set(rows) for a, b, c, d in rows)
    few, _ = picturable(task, words, size=20)
    assert len({frozenset([(a, b), (c, d)]) for a, b, c, d in _rows(few)}) == 20


def test_written_questions_are_read_again(task, words, tmp_path):
    asked, _ = picturable(task, words)
    write(asked, tmp_path / "picturable-50.tsv")
    back = load(tmp_path / "picturable-50.tsv")
    assert _rows(back) == _rows(asked)
    assert [back.relations[i] for i in back.relation] == [
        asked.relations[i] for i in asked.relation
    ]


def test_nothing_to_ask_is_said(task):
    with pytest.raises(OptionError, match="3,218 rated pairs 0 have 30 photographs a word"):
        picturable(task, {"dog": ["a.jpg"]})


def test_the_command_writes_them_and_counts(shared, tmp_path):
    file = tmp_path / "chosen.tsv"
    arguments = ["images", "questions", str(shared / "photos"), "-o", str(file)]
    outcome = CliRunner().invoke(main, arguments)
    assert outcome.exit_code == 0, outcome.stderr
    assert "136  couples of a relation" in outcome.stdout
    assert len(file.read_text().splitlines()) == 50
    counts = json.loads(CliRunner().invoke(main, [*arguments, "--json"]).stdout)
    assert (counts["apart"], counts["pairs"]) == (53, 32)


def _rows(asked):
    return list(zip(asked.a, asked.b, asked.c, [gold[0] for gold in asked.gold], strict=True))
