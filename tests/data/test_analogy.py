"""Whole reports on real vectors and real questions."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from embarith import questions
from embarith.experiments.analogy import analogy
from embarith.questions import AnalogySet
from embarith.result import AnalogyResult, from_json, json_schema, to_json
from embarith.table import EmbeddingTable
from samples import one

# Small where the number of draws is not what is tested.
quick = partial(analogy, draws=100, null_draws=99, control_draws=2)


@pytest.fixture(scope="module")
def whole(words: EmbeddingTable, google: AnalogySet) -> AnalogyResult:
    """All of Google, the answers alone."""
    return analogy(words, google, draws=300, null_draws=99, control_draws=0, baselines=False)


@pytest.fixture(scope="module")
def report(words: EmbeddingTable, some: AnalogySet) -> AnalogyResult:
    return quick(words, some)


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
    assert second.comparison.to == first.encoder.name == "glove-6b-50d (30,000 × 50)"
    # The same space on shared words: nothing differs, in any draw.
    assert second.comparison.fair_top1.value == 0.0
    assert second.comparison.restricted_top1.ci is None
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
