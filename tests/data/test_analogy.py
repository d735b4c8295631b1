"""Whole reports on real vectors and real questions."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import spearmanr

from embarith import questions
from embarith.cli._shared import write_details
from embarith.errors import OptionError
from embarith.experiments.analogy import analogy
from embarith.provenance import Provenance
from embarith.questions import AnalogySet
from embarith.result import AnalogyResult, from_json, json_schema, to_json
from embarith.table import EmbeddingTable

# Small where the number of draws is not what is tested.
quick = partial(analogy, draws=100, null_draws=99, control_draws=2)


@pytest.fixture(scope="module")
def words(glove_table: EmbeddingTable) -> EmbeddingTable:
    """The 30,000 most frequent words."""
    return glove_table.select(np.arange(30_000))


@pytest.fixture(scope="module")
def google(shared) -> AnalogySet:
    found = questions.load("google")
    assert isinstance(found, AnalogySet)
    return found


@pytest.fixture(scope="module")
def some(google: AnalogySet) -> AnalogySet:
    """Every fortieth question: all relations, 489 questions."""
    return google.select(np.arange(0, len(google), 40))


@pytest.fixture(scope="module")
def whole(words: EmbeddingTable, google: AnalogySet) -> AnalogyResult:
    """All of Google, the answers alone."""
    return analogy(words, google, draws=300, null_draws=99, control_draws=0, baselines=False)


@pytest.fixture(scope="module")
def report(words: EmbeddingTable, some: AnalogySet) -> AnalogyResult:
    return quick(words, some)


@pytest.fixture(scope="module")
def small(words: EmbeddingTable) -> EmbeddingTable:
    return words.select(np.arange(5_000))


def one(a: str, b: str, c: str, *gold: str) -> AnalogySet:
    return AnalogySet("one", "", ("r",), np.array([0]), (a,), (b,), (c,), (gold,))


# -- the whole set, against published figures and gensim ------------------------------------------


def test_google_on_glove(whole: AnalogyResult) -> None:
    assert whole.questions.asked == 19_544
    assert whole.questions.answered == 14_877
    assert whole.case == "lower"
    assert round(whole.scores.restricted.top1.value, 3) == 0.497
    assert whole.missing_as_wrong.restricted.top1.value == pytest.approx(
        whole.scores.restricted.top1.count / 19_544, abs=1e-8
    )


def test_pairs_are_far_less_certain_than_questions(whole: AnalogyResult) -> None:
    # 14,877 questions come from 494 pairs: about +- .03 by pairs, +- .008 by questions.
    low, high = whole.scores.restricted.top1.ci
    assert 0.024 < (high - low) / 2 < 0.038
    assert sum(row.pairs for row in whole.relations) == 494


def test_relations_are_gensim_s(
    report: AnalogyResult, words: EmbeddingTable, some: AnalogySet, tmp_path: Path
) -> None:
    gensim = pytest.importorskip("gensim.models")
    vectors = gensim.KeyedVectors(50)
    vectors.add_vectors(words.index_to_key, np.array(words.vectors))
    lines = []
    for i, relation in enumerate(some.relations):
        lines.append(f": {relation}")
        lines.extend(
            f"{some.a[q]} {some.b[q]} {some.c[q]} {some.gold[q][0]}"
            for q in np.flatnonzero(some.relation == i)
        )
    (tmp_path / "some.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        score, sections = vectors.evaluate_word_analogies(
            str(tmp_path / "some.txt"), restrict_vocab=30_000, case_insensitive=True
        )
    assert score == pytest.approx(report.scores.restricted.top1.value, abs=1e-9)
    theirs = {section["section"]: section for section in sections[:-1]}
    for row in report.relations:
        section = theirs[row.name]
        assert row.answered == len(section["correct"]) + len(section["incorrect"])
        ours = row.scores.restricted.top1.count if row.scores else 0
        assert ours == len(section["correct"])


def test_gensim_answers_a_vector_with_its_own_word(words: EmbeddingTable) -> None:
    # The word whose vector was asked for comes back at 1.0; here identity excludes, so that the
    # fair figures say how often an input is nearest and the restricted ones never hold one.
    gensim = pytest.importorskip("gensim.models")
    vectors = gensim.KeyedVectors(50)
    vectors.add_vectors(words.index_to_key[:1000], np.array(words.vectors[:1000]))
    assert vectors.most_similar(positive=[vectors["king"]], topn=1)[0][0] == "king"
    result = quick(words, one("man", "man", "king", "queen"))
    assert result.landed.c == 1.0
    assert result.scores.fair.top1.value == 0.0


# -- every part of a report -------------------------------------------------------------------


def test_details_are_the_figures(report: AnalogyResult, some: AnalogySet) -> None:
    frame = report.to_frame()
    assert frame.column_names == [
        *("relation", "a", "b", "c", "gold", "answers", "scores", "rank_fair"),
        *("rank_restricted", "landed", "angle_raw", "angle_unit", "rho_raw", "rho_unit"),
    ]
    assert len(frame) == report.questions.answered
    rows = frame.to_pylist()
    assert report.scores.fair.top1.count == sum(row["rank_fair"] == 1 for row in rows)
    assert report.scores.restricted.top5.count == sum(
        (row["rank_restricted"] or 99) <= 5 for row in rows
    )
    assert report.scores.fair.mrr.value == pytest.approx(
        np.mean([1 / row["rank_fair"] for row in rows]), abs=1e-8
    )
    for row in rows:
        top = row["answers"][0]
        part = next((p for p in "cba" if row[p] == top), "other")
        assert row["landed"] == ("d" if top in row["gold"] else part)
    for part in ("a", "b", "c", "d", "other"):
        share = np.mean([row["landed"] == part for row in rows])
        assert getattr(report.landed, part) == pytest.approx(share, abs=1e-9)


def test_geometry_is_numpy_s(report: AnalogyResult, words: EmbeddingTable) -> None:
    for row in report.to_frame().slice(0, 25).to_pylist():
        found = words[[row["a"], row["b"], row["c"], row["gold"][0]]]
        a, b, c, d = found.astype(float)
        units = [v / np.linalg.norm(v) for v in (a, b, c, d)]
        for kind, (p, q, r, s) in (("raw", (a, b, c, d)), ("unit", units)):
            y = q - p + r
            cosine = y @ s / np.linalg.norm(y) / np.linalg.norm(s)
            assert row[f"angle_{kind}"] == pytest.approx(np.degrees(np.arccos(cosine)), abs=1e-9)
            rho = spearmanr(y, s).statistic
            assert row[f"rho_{kind}"] == pytest.approx(rho, abs=1e-9)


def test_c_alone_stands_beside_angle_and_rho(report: AnalogyResult, words: EmbeddingTable) -> None:
    rows = report.to_frame().to_pylist()
    c, d = (words[[row["c"] for row in rows]], words[[row["gold"][0] for row in rows]])
    rho = [spearmanr(x, y).statistic for x, y in zip(c, d, strict=True)]
    assert report.companions.rho_only_c.mean == pytest.approx(np.mean(rho), abs=1e-8)
    relations = np.array([row["relation"] for row in rows])
    for row in report.relations:
        mine = np.array(rho)[relations == row.name]
        if len(mine):
            assert row.rho_only_c_mean == pytest.approx(mine.mean(), abs=1e-8)


def test_baselines_and_control_are_numpy_s(report: AnalogyResult, words, some) -> None:
    rows = report.to_frame().to_pylist()
    unit = words.vectors.astype(float)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    a, b, c = (unit[words.rows([row[p] for row in rows])] for p in "abc")
    gold = words.rows([row["gold"][0] for row in rows])
    inputs = np.stack([words.rows([row[p] for row in rows]) for p in "abc"], axis=1)
    for name, y in (
        ("only_c", c),
        ("only_b", b),
        ("ignore_a", b + c),
        ("add_opposite", c - (b - a)),
    ):
        scores = y @ unit.T
        ours = getattr(report.baselines, name)
        assert ours.fair.top1.count == (scores.argmax(axis=1) == gold).sum()
        np.put_along_axis(scores, inputs, -np.inf, axis=1)
        assert ours.restricted.top1.count == (scores.argmax(axis=1) == gold).sum()
    reverse = a - b + unit[gold]
    scores = reverse @ unit.T
    assert (
        report.baselines.reversed.fair.top1.count == (scores.argmax(axis=1) == inputs[:, 2]).sum()
    )
    y = b - a + c
    y /= np.linalg.norm(y, axis=1, keepdims=True)
    helps = (y * unit[gold]).sum(axis=1) > (c * unit[gold]).sum(axis=1)
    assert report.baselines.helps.count == helps.sum()
    answered = [row["c"] for row in rows]
    asked = some.map_words(str.lower)
    numbers = np.flatnonzero(
        [
            all(word in words for word in (x, y_, z, g[0]))
            for x, y_, z, g in zip(asked.a, asked.b, asked.c, asked.gold, strict=True)
        ]
    )
    kept = asked.select(numbers)
    assert list(kept.c) == answered
    found = []
    for draw in range(2):
        other = questions.random_pairs(kept, draw, 0)
        scores = (b - a + c[other]) @ unit.T
        found.append((scores.argmax(axis=1) == gold[other]).mean())
    assert report.control.fair_top1.value == pytest.approx(np.mean(found), abs=1e-9)


def test_paper_protocol_is_the_question_vocabulary(report, words, some) -> None:
    among = quick(words, some, vocab="questions", baselines=False, control_draws=0)
    assert among.paper is None
    assert report.paper.vocab == among.vocab
    assert report.paper.scores.fair.top1.value == among.scores.fair.top1.value
    assert report.paper.scores.restricted == among.scores.restricted
    size = among.vocab.size
    assert among.chance.fair.top1 == among.chance.k_of_v.top1 == pytest.approx(1 / size, abs=1e-9)
    assert among.chance.restricted.top5 == pytest.approx(5 / (size - 3), abs=1e-9)
    alone = quick(words, some, vocab="questions", control_draws=0).baselines.only_c
    assert report.paper.only_c.fair.top1.value == alone.fair.top1.value
    assert report.paper.only_c.restricted == alone.restricted


def test_relation_rows_add_up(report: AnalogyResult) -> None:
    answered = [row for row in report.relations if row.answered]
    count = sum(row.scores.restricted.top1.count for row in answered)
    assert count == report.scores.restricted.top1.count
    assert report.macro.restricted.top1.value == pytest.approx(
        np.mean([row.scores.restricted.top1.value for row in answered]), abs=1e-8
    )
    assert sum(row.asked for row in report.relations) == report.questions.asked
    for row in answered:
        assert row.null.p <= row.p_holm
    alone = sum(row.only_c.restricted.top1.count for row in answered)
    assert alone == report.baselines.only_c.restricted.top1.count


def test_vocabulary_curve_ends_at_the_score(report: AnalogyResult) -> None:
    last = report.vocabulary_curve[-1]
    assert last.size == report.vocab.size
    assert last.top1 == report.scores.restricted.top1.value
    assert last.top5 == report.scores.restricted.top5.value
    shares = [point.top1 for point in report.vocabulary_curve]
    assert shares == sorted(shares, reverse=True)


def test_vocabulary_curve_is_the_mean_over_vocabularies(report, words: EmbeddingTable) -> None:
    size = 1_000
    expected = next(p.top1 for p in report.vocabulary_curve if p.size == size)
    unit = words.vectors.astype(float)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    random = np.random.default_rng(0)
    found = []
    for row in report.to_frame().to_pylist():
        a, b, c, d = words.rows([row["a"], row["b"], row["c"], row["gold"][0]])
        scores = unit @ (unit[b] - unit[a] + unit[c])
        own = np.unique([a, b, c, d])
        others = np.delete(scores, own)
        for _ in range(10):
            drawn = random.integers(0, len(others), size - len(own))
            found.append(d not in (a, b, c) and others[drawn].max() < scores[d])
    # 372 questions of 10 vocabularies each, drawn with replacement, which changes little.
    assert np.mean(found) == pytest.approx(expected, abs=0.015)


def test_the_json_line_fits_its_schema_and_reads_back(report: AnalogyResult) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    line = to_json(report)
    jsonschema.validate(json.loads(line), json_schema("embarith.analogy/1"))
    assert from_json(line) == report
    assert "answers" not in json.loads(line)
    with pytest.raises(ValueError, match="read from JSON"):
        from_json(line).to_frame()
    assert "restricted" in report._repr_html_()


def test_the_same_seed_gives_the_same_bytes(report, words, some) -> None:
    same = replace(quick(words, some), run=report.run)
    assert to_json(same) == to_json(report)
    other = replace(quick(words, some, seed=1), run=report.run)
    assert to_json(other) != to_json(report)
    assert other.scores.fair.top1.value == report.scores.fair.top1.value


def test_row_order_changes_no_score(small: EmbeddingTable, some: AnalogySet) -> None:
    # Every third right answer has a twin that no score can tell from it, before or behind it.
    gold = [one[0].lower() for one in some.gold]
    twins = [word for word in dict.fromkeys(gold[::3]) if word in small]
    labels = [*small.index_to_key, *(f"{word}'" for word in twins)]
    vectors = np.concatenate([small.vectors, small[twins]])
    tied = EmbeddingTable.from_arrays(labels, vectors, provenance=small.provenance)
    shuffled = tied.select(np.random.default_rng(0).permutation(len(tied)))
    first, second = (quick(t, some, control_draws=0) for t in (tied, shuffled))
    ranks = np.array(first.to_frame()["rank_fair"].to_pylist())
    assert (ranks % 1 == 0.5).sum() > 20
    assert first.scores == second.scores
    assert first.baselines == second.baselines
    assert first.paper.scores == second.paper.scores
    assert first.vocabulary_curve == second.vocabulary_curve


# -- several tables ------------------------------------------------------------------------------


def test_tables_are_compared_on_what_they_share(words: EmbeddingTable, some: AnalogySet) -> None:
    part = words.select(np.arange(200, 20_000))
    first, second = quick([words, part.normalized()], some, control_draws=0)
    assert first.vocab == second.vocab
    assert first.vocab.size == 19_800
    assert first.questions == second.questions
    assert first.encoder.rows == 30_000
    assert first.comparison is None
    assert second.comparison.to == "glove-6b-50d"
    # The same space on shared words: nothing differs, in any draw.
    assert second.comparison.fair_top1.value == 0.0
    assert second.comparison.restricted_top1.ci == (0.0, 0.0)
    assert second.comparison.auc.value == pytest.approx(0.0, abs=1e-6)


def test_the_difference_in_auc_is_paired(words: EmbeddingTable, some: AnalogySet) -> None:
    noisy = np.array(words.vectors) + np.random.default_rng(0).normal(0, 0.5, (1, 50))
    other = EmbeddingTable.from_arrays(words.labels, noisy.astype(np.float32))
    first, second = quick([words, other], some, control_draws=0, baselines=False)
    difference = second.comparison.auc
    expected = second.companions.auc - first.companions.auc
    assert difference.value == pytest.approx(expected, abs=1e-8)
    low, high = difference.ci
    assert low <= difference.value <= high
    unpaired = second.companions.auc_ci[1] - second.companions.auc_ci[0]
    assert high - low < unpaired


# -- extended SemEval ----------------------------------------------------------------------------


def test_extended_semeval_shows_that_the_offset_seldom_helps(
    glove_table: EmbeddingTable, shared: Path
) -> None:
    found = {}
    for reading in ("anchor", "chain"):
        found[reading] = analogy(
            glove_table,
            questions.load("semeval", extended=reading),
            draws=50,
            null_draws=49,
            control_draws=0,
            vocab="questions",
        )
        assert found[reading].questions.asked == 3_217
    # Counted with NumPy: y is nearer to d than c is in 24 % of the chain, in 8 % of the anchor's.
    assert found["chain"].baselines.helps.value == pytest.approx(0.238, abs=5e-4)
    assert found["anchor"].baselines.helps.value == pytest.approx(0.077, abs=5e-4)
    anchor = found["anchor"]
    assert set(anchor.by_rating) == {"positive", "not positive"}
    total = sum(rated.scores.fair.top5.count for rated in anchor.by_rating.values())
    assert total == pytest.approx(anchor.scores.fair.top5.count, abs=1e-6)
    total = sum(rated.only_c.fair.top5.count for rated in anchor.by_rating.values())
    assert total == pytest.approx(anchor.baselines.only_c.fair.top5.count, abs=1e-6)
    assert sum(rated.answered for rated in anchor.by_rating.values()) == anchor.questions.answered
    low, high = anchor.scores.fair.top5.ci
    assert 0 < high - low < 0.1
    # Each relation has the pairs of its own alone; the anchor is one of the first's.
    assert max(row.pairs for row in anchor.relations) <= 45
    assert anchor.relations[3].parallelism is not None


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
