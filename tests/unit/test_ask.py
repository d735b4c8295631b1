"""Single questions: reading expressions, and answers against NumPy on real vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.stats import rankdata

from embarith import errors
from embarith.experiments.ask import ask, parse
from embarith.report import render
from embarith.table import EmbeddingTable


@pytest.fixture(scope="module")
def glove(glove_files: tuple[Path, Path]) -> EmbeddingTable:
    vectors = np.ascontiguousarray(np.load(glove_files[0], mmap_mode="r")[:60_000])
    labels = pq.read_table(glove_files[1])["index"].slice(0, 60_000).combine_chunks()
    return EmbeddingTable.from_arrays(labels, vectors)


def brute_force(
    table: EmbeddingTable, terms: list[tuple[float, str]], raw: bool
) -> tuple[list[str], np.ndarray]:
    """Every label of the table by falling cosine with the weighted sum, in NumPy."""
    every = table.vectors.astype(np.float64)
    unit = every / np.linalg.norm(every, axis=1, keepdims=True)
    rows = every if raw else unit
    point = sum(weight * rows[table.index_to_key.index(label)] for weight, label in terms)
    cosines = unit @ (point / np.linalg.norm(point))
    order = np.argsort(-cosines, kind="stable")
    return [table.index_to_key[row] for row in order], cosines[order]


@pytest.mark.parametrize(
    ("expression", "terms"),
    [
        ("king", [(1, "king")]),
        ("-king + 'new york'", [(-1, "king"), (1, "new york")]),
        ("king-man+woman", [(1, "king"), (-1, "man"), (1, "woman")]),
        ("king − man – boy", [(1, "king"), (-1, "man"), (-1, "boy")]),
        ('"mother-in-law" + o\'clock', [(1, "mother-in-law"), (1, "o'clock")]),
        ("0.5*king - .25 * queen", [(0.5, "king"), (-0.25, "queen")]),
        ("2008 - 2007 + 1990", [(1, "2008"), (-1, "2007"), (1, "1990")]),
        ("c++ + '+'", None),
        ("man:king::woman:?", [(1, "king"), (-1, "man"), (1, "woman")]),
        (" 'a:b' : x :: \"new york\" : ? ", [(1, "x"), (-1, "a:b"), (1, "new york")]),
        ("κόσμος + 東京", [(1, "κόσμος"), (1, "東京")]),
    ],
)
def test_expressions_are_read(expression: str, terms: list[tuple[float, str]] | None) -> None:
    if terms is None:
        with pytest.raises(errors.OptionError):
            parse(expression)
    else:
        assert [(term.weight, term.label) for term in parse(expression)] == terms


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "the question is empty"),
        (" ", "the question is empty"),
        ("king -", "ends where a label"),
        ("new york - usa", "no [+] or - before 'york'.*quotes"),
        ("king + - man", "two signs"),
        ("king * 2", "cannot read"),
        ("man:king::woman", "no analogy of the form"),
        ("man:king::woman:queen", "no analogy of the form"),
    ],
)
def test_unreadable_expressions_are_refused(expression: str, message: str) -> None:
    with pytest.raises(errors.OptionError, match=message):
        parse(expression)


@pytest.mark.parametrize("raw", [False, True], ids=["unit", "raw"])
@pytest.mark.parametrize(
    ("expression", "terms"),
    [
        ("king - man + woman", [(1.0, "king"), (-1.0, "man"), (1.0, "woman")]),
        ("paris:france::rome:?", [(1.0, "france"), (-1.0, "paris"), (1.0, "rome")]),
        ("0.3*summer + 2*snow", [(0.3, "summer"), (2.0, "snow")]),
    ],
)
def test_answers_equal_brute_force(
    glove: EmbeddingTable, expression: str, terms: list[tuple[float, str]], raw: bool
) -> None:
    answer = ask(glove, expression, topn=7, raw=raw)
    labels, cosines = brute_force(glove, terms, raw)
    found = [one.label for one in answer.candidates]
    assert found == labels[: len(found)]
    np.testing.assert_allclose(
        [one.score for one in answer.candidates], cosines[: len(found)], atol=1e-7, rtol=0
    )
    inputs = {label for _, label in terms}
    assert [one.is_input for one in answer.candidates] == [label in inputs for label in found]
    assert len(answer.answers) == 7
    assert not answer.candidates[-1].is_input


def test_parts_sum_to_the_score_and_follow_their_formula(glove: EmbeddingTable) -> None:
    answer = ask(glove, "king - man + woman", topn=5)
    unit = {}
    for label in ("king", "man", "woman"):
        vector = glove[label].astype(np.float64)
        unit[label] = vector / np.linalg.norm(vector)
    length = np.linalg.norm(unit["king"] - unit["man"] + unit["woman"])
    for one in answer.candidates:
        assert sum(one.parts) == pytest.approx(one.score, abs=1e-8)
        vector = glove[one.label].astype(np.float64)
        vector /= np.linalg.norm(vector)
        expected = [unit["king"] @ vector, -unit["man"] @ vector, unit["woman"] @ vector]
        np.testing.assert_allclose(one.parts, np.array(expected) / length, atol=1e-8)


def test_the_nearest_word_of_all_may_be_an_input(glove: EmbeddingTable) -> None:
    answer = ask(glove, "king - man + woman", topn=1)
    assert answer.nearest.label == "king"
    assert answer.nearest.is_input
    assert [one.label for one in answer.answers] == ["queen"]
    assert answer.answers[0].score == pytest.approx(0.852, abs=5e-4)


def test_why_ranks_every_answer_by_each_added_word_alone(glove: EmbeddingTable) -> None:
    answer = ask(glove, "king - man + woman", topn=4, why=True)
    inputs = {"king", "man", "woman"}
    for column, label in ((0, "king"), (2, "woman")):
        alone = brute_force(glove, [(1.0, label)], raw=False)[0]
        others = [one for one in alone if one not in inputs]
        for one in answer.answers:
            assert one.ranks_alone[column] == others.index(one.label) + 1
    for one in answer.candidates:
        assert one.ranks_alone[1] is None
        assert not one.is_input or one.ranks_alone == (None, None, None)


def spearman(table: EmbeddingTable, terms: list[tuple[float, str]]) -> tuple[list[str], np.ndarray]:
    """Every label of the table by falling rank correlation with the weighted sum, in SciPy."""
    every = table.vectors.astype(np.float64)
    unit = every / np.linalg.norm(every, axis=1, keepdims=True)
    point = sum(weight * unit[table.index_to_key.index(label)] for weight, label in terms)
    rho = np.corrcoef(rankdata(np.vstack([point, every]), axis=1))[0, 1:]
    order = np.argsort(-rho, kind="stable")
    return [table.index_to_key[row] for row in order], rho[order]


def test_spearman_answers_and_ranks_alone_equal_scipy(glove: EmbeddingTable) -> None:
    table = glove.select(np.arange(1200))
    terms = [(1.0, "son"), (-1.0, "man"), (0.5, "woman")]
    answer = ask(table, "son - man + 0.5*woman", topn=6, similarity="spearman", why=True)
    labels, rho = spearman(table, terms)
    found = [one.label for one in answer.candidates]
    assert found == labels[: len(found)]
    np.testing.assert_allclose([one.score for one in answer.candidates], rho[: len(found)])
    inputs = {label for _, label in terms}
    for column in (0, 2):
        alone = [one for one in spearman(table, [(1.0, terms[column][1])])[0] if one not in inputs]
        for one in answer.answers:
            assert one.ranks_alone[column] == alone.index(one.label) + 1
    # Ranks of a sum are no sum: nothing may look like what a word adds.
    assert {one.parts for one in answer.candidates} == {()}
    assert answer.similarity == "spearman"
    text = " ".join(render([answer], "terminal").split())
    assert "cosine" not in text
    assert "does not split" in text
    assert "son alone woman alone" in text
    assert "part_" not in render([answer], "csv")


def test_a_hyphen_that_may_belong_to_a_label_is_refused(glove: EmbeddingTable) -> None:
    assert "co-founder" in glove
    with pytest.raises(errors.OptionError, match=r"'co-founder' is a label.*quote it"):
        ask(glove, "co-founder - man")
    quoted = ask(glove, "'co-founder' - man", topn=1)
    assert [term.label for term in quoted.terms] == ["co-founder", "man"]
    assert ask(glove, "king-man", topn=1).terms == ask(glove, "king - man", topn=1).terms


def test_missing_words_suggest_the_nearest(glove: EmbeddingTable) -> None:
    with pytest.raises(errors.MissingLabelError, match=r"'King' is not in.*did you mean 'king'"):
        ask(glove, "King - man")


def test_sums_without_direction_are_refused(glove: EmbeddingTable) -> None:
    with pytest.raises(errors.OptionError, match="zero vector"):
        ask(glove, "king - king")


def test_topn_beyond_the_table_gives_all_there_is() -> None:
    vectors = np.eye(3, dtype=np.float32) + np.float32(0.1)
    table = EmbeddingTable.from_arrays(["x", "y", "z"], vectors)
    assert {one.label for one in ask(table, "x + y", topn=10).candidates} == {"x", "y", "z"}
    with pytest.raises(errors.OptionError, match="topn"):
        ask(table, "x", topn=0)
