"""What a report does with options, edges and odd sets, on real vectors."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from embarith import questions
from embarith.cli import main
from embarith.cli._shared import write_details
from embarith.errors import OptionError
from embarith.experiments.analogy import analogy
from embarith.provenance import Provenance
from embarith.questions import AnalogySet
from embarith.result import from_json, to_json
from embarith.table import EmbeddingTable
from samples import one

# Small where the number of draws is not what is tested.
quick = partial(analogy, draws=100, null_draws=99, control_draws=2)


# -- options and edges -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "3cosad"}, "did you mean '3cosadd'"),
        ({"similarity": "cosin"}, "did you mean 'cosine'"),
        ({"vocab": "top:x"}, "vocab 'top:x': give one of all, questions, top:N"),
        ({"vocab": "top:5001"}, "has only 5,000 rows"),
        ({"case": "uper"}, "give one of exact, lower, fold"),
        ({"topn": 0}, "topn must be at least 1, not 0"),
        ({"draws": 0}, "draws must be at least 1, not 0"),
        ({"epsilon": 0.001}, "for method 3cosmul alone"),
        ({"epsilon": 0.0, "method": "3cosmul"}, "epsilon=0.0: a positive number"),
        ({"control_draws": -1}, "control_draws must be at least 0"),
    ],
)
def test_options_without_meaning_are_refused(small, some, options, message) -> None:
    with pytest.raises(OptionError, match=message):
        analogy(small, some, **options)


def test_top_n_needs_the_order_of_frequency(small: EmbeddingTable, some: AnalogySet) -> None:
    unordered = EmbeddingTable.from_arrays(
        small.labels, np.array(small.vectors), provenance=Provenance(encoder="mine")
    )
    with pytest.raises(OptionError, match="mine are not known to go by word frequency"):
        analogy(unordered, some, vocab="top:100")
    assert quick(small, some, vocab="top:4000", control_draws=0).vocab.size == 4_000


def test_a_set_without_an_answerable_question_is_refused(small: EmbeddingTable) -> None:
    with pytest.raises(OptionError, match=r"none of the 1 questions of one: 1 words are missing, "):
        analogy(small, one("man", "king", "woman", "queeeen"))
    with pytest.raises(OptionError, match="no questions"):
        analogy(small, one("man", "king", "woman", "queen").select(np.array([], np.int64)))


def test_one_question(small: EmbeddingTable) -> None:
    result = quick(small, one("man", "king", "woman", "queen"))
    assert result.questions.answered == 1
    assert result.scores.restricted.top1.value == 1.0
    assert result.scores.restricted.top1.ci is None
    assert result.control is None
    assert "all questions share one first pair" in result.notes[0]
    assert result.companions.auc is None
    assert result.null.p == 1.0
    assert result.relations[0].parallelism is None
    assert from_json(to_json(result)) == result


def test_a_right_answer_among_the_inputs_is_never_found_restricted(small) -> None:
    result = quick(small, one("man", "woman", "king", "king"))
    assert result.scores.restricted.top5.value == 0.0
    assert result.to_frame()["rank_restricted"].to_pylist() == [None]
    assert result.vocabulary_curve[-1].top1 == 0.0


GERMAN = """\
berlin deutschland paris frankreich
berlin deutschland london england
könig königin mann frau
bruder schwester sohn tochter
berlin germany paris france
"""


def test_questions_of_another_language_have_their_warning(small, tmp_path) -> None:
    small.save(tmp_path / "english.arrow")
    asked = tmp_path / "german.tsv"
    lines = [line.replace(" ", "\t") for line in GERMAN.splitlines()]

    def run(*more: str, questions: int = len(lines)):
        asked.write_text("\n".join(lines[-questions:]) + "\n")
        arguments = ["analogy", str(tmp_path / "english.arrow"), "--questions", str(asked)]
        return CliRunner().invoke(main, [*arguments, *more])

    said = "covers only 20.0 % of german (1 of 5): 10 words are missing, 'deutschland', "
    assert said in run("--json").stderr
    assert said in " ".join(run().stdout.split())
    # Half of a set is enough.
    assert "covers only" not in run("--json", questions=2).stderr
    lines.pop()
    nothing = run()
    assert nothing.exit_code == 1
    assert "can answer none of the 4 questions of german: 10 words are missing" in nothing.stderr
    assert "is it a table of their language?" in nothing.stderr


def test_missing_words_are_counted_once_a_question(small: EmbeddingTable) -> None:
    asked = AnalogySet(
        "some",
        "",
        ("x", "y"),
        np.array([0, 0, 1]),
        ("man", "zzz", "zzz"),
        ("king", "zzz", "queen"),
        ("woman", "king", "man"),
        (("qqq", "queen"), ("queen",), ("qqq", "rrr")),
    )
    result = quick(small, asked, control_draws=0)
    assert result.questions.answered == 1
    assert result.coverage.missing == {"zzz": 2, "qqq": 1, "rrr": 1}
    assert [row.answered for row in result.relations] == [1, 0]
    assert result.relations[1].scores is None
    assert result.macro.restricted.top1.value == 1.0


def test_duplicate_questions_count_twice(small: EmbeddingTable) -> None:
    twice = one("man", "king", "woman", "queen").select(np.array([0, 0]))
    assert quick(small, twice).scores.restricted.top1.count == 2.0


def cased(labels: list[str], source: EmbeddingTable) -> EmbeddingTable:
    rows = source.rows([label.lower() for label in labels])
    vectors = np.array(source.vectors[rows])
    # Variants are near each other, not the same.
    vectors[:, 0] += np.arange(len(rows), dtype=np.float32) / 1000
    return EmbeddingTable.from_arrays(
        pa.array(labels), vectors, provenance=Provenance(encoder="cased")
    )


def test_case(small: EmbeddingTable) -> None:
    labels = ["Man", "King", "Woman", "Queen", "queen", "woman", "QUEEN", "Paris"]
    table = cased(labels, small)
    lower = one("man", "king", "woman", "queen")
    with pytest.raises(OptionError, match="missing, 'king'"):
        analogy(table, lower)
    result = quick(table, lower, case="fold")
    assert result.case == "fold"
    assert result.scores.restricted.top1.value == 1.0
    # Two variants of woman are inputs; only the queens, right in any case, and Paris are left.
    assert result.scores.restricted.top5.value == 1.0
    frame = result.to_frame().to_pylist()[0]
    assert frame["a"] == "man"
    assert result.chance.fair.top1 == pytest.approx(3 / 8)
    # Without man, king and the two women four words are left, three of them right.
    assert result.chance.restricted.top1 == pytest.approx(3 / 4)
    upper = one("Man", "King", "Woman", "Queen")
    assert quick(table, upper).case == "exact"
    assert quick(small, upper).case == "lower"


# -- methods that ask pairs ----------------------------------------------------------------------


def test_3cosavg_asks_every_pair_once_and_says_so(words, google: AnalogySet) -> None:
    family = google.select(google.relation == google.relations.index("family"))
    result = quick(words, family, method="3cosavg")
    assert result.asked_by == "pair"
    assert result.questions.asked == 23
    assert result.questions.answered + result.questions.dropped == 23
    assert result.angle is None
    assert result.baselines.only_b is None
    rows = result.to_frame().to_pylist()
    assert {row["a"] for row in rows} == {None}
    unit = words.vectors.astype(float)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    c, d = (words.rows([row["c"] for row in rows]), words.rows([row["gold"][0] for row in rows]))
    steps = unit[d] - unit[c]
    right = 0
    for i in range(len(rows)):
        y = unit[c[i]] + np.delete(steps, i, axis=0).mean(axis=0)
        scores = unit @ y
        scores[c[i]] = -np.inf
        right += scores.argmax() == d[i]
    assert result.scores.restricted.top1.count == right


def test_small_relations_are_left_out_of_pair_methods(small, google: AnalogySet) -> None:
    family = google.select(google.relation == google.relations.index("family"))
    both = family.select(np.arange(len(family)))
    extra = one("big", "bigger", "small", "smaller")
    joined = AnalogySet(
        "joined",
        "",
        ("family", "size"),
        np.concatenate([np.zeros(len(both), np.int64), [1]]),
        both.a + extra.a,
        both.b + extra.b,
        both.c + extra.c,
        both.gold + extra.gold,
    )
    result = quick(small, joined, method="3cosavg")
    assert result.coverage.left_out == 2
    assert result.relations[1].answered == 0
    with pytest.raises(OptionError, match="fewer than 5 pairs"):
        analogy(small, extra, method="3cosavg")


# -- what a result says of itself -----------------------------------------------------------------


def test_the_hash_is_of_the_questions_as_given(words, small, some: AnalogySet) -> None:
    capitals = EmbeddingTable.from_arrays(
        ["Paris", *small.index_to_key[1:]], np.array(small.vectors)
    )
    options = {"baselines": False, "control_draws": 0}
    lowered, exact = (quick(table, some, **options) for table in (small, capitals))
    by_pair = quick(small, some, method="3cosavg", **options)
    assert (lowered.case, exact.case, by_pair.asked_by) == ("lower", "exact", "pair")
    hashes = {one.questions.sha256 for one in (lowered, exact, by_pair)}
    assert hashes == {some.sha256}


def test_epsilon_and_draws_are_recorded(small: EmbeddingTable, some: AnalogySet) -> None:
    options = {"baselines": False, "control_draws": 0}
    plain = quick(small, some, **options)
    assert (plain.epsilon, plain.draws) == (None, 100)
    usual, other = (
        quick(small, some, method="3cosmul", epsilon=epsilon, **options) for epsilon in (None, 0.5)
    )
    assert (usual.epsilon, other.epsilon) == (0.001, 0.5)
    assert usual.scores != other.scores
    unit = small.vectors.astype(float)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    right = 0
    for row in other.to_frame().to_pylist():
        a, b, c, d = (
            (1 + unit @ unit[small.rows([w])[0]]) / 2
            for w in (row["a"], row["b"], row["c"], row["gold"][0])
        )
        right += (b * c / (a + 0.5)).argmax() == d.argmax()
    assert other.scores.fair.top1.count == right


def test_lrcos_names_the_library_it_used(small, google: AnalogySet) -> None:
    pytest.importorskip("sklearn")
    family = google.select(google.relation == google.relations.index("family"))
    used = quick(small, family, method="lrcos", baselines=False).run.versions
    assert "scikit-learn" in used
    assert "scikit-learn" not in quick(small, family, baselines=False).run.versions


def test_the_anchor_has_no_control_and_says_why(words: EmbeddingTable, shared: Path) -> None:
    anchor = questions.load("semeval", extended="anchor")
    result = quick(words, anchor, vocab="questions", baselines=False)
    assert result.control is None
    assert "all questions share one first pair" in result.notes[0]


def test_a_constant_row_has_no_rank_correlation(small: EmbeddingTable, tmp_path: Path) -> None:
    vectors = np.array(small.vectors)
    vectors[small.rows(["queen"])] = 1.0
    table = EmbeddingTable.from_arrays(small.labels, vectors)
    result = quick(table, one("man", "king", "woman", "queen"))
    assert result.rho.unit.mean == 0.0
    assert from_json(to_json(result)) == result
    write_details(
        [
            quick(
                table, one("man", "king", "woman", "queen"), method="pairdistance", topn=len(table)
            )
        ],
        tmp_path / "one.jsonl",
    )
    row = json.loads((tmp_path / "one.jsonl").read_text(), parse_constant=pytest.fail)
    assert row["scores"][-1] is None
    assert row["answers"][-1] == "woman"
