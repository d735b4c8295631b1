"""What reports say, so that a figure misleads nobody."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from embarith import result
from embarith.report import render
from samples import figure, relation, scores


@pytest.mark.parametrize("name", ["terminal", "md", "latex", "html"])
def test_reports_never_leave_out_what_qualifies_a_score(
    analogy: result.AnalogyResult, name: str
) -> None:
    one = replace(analogy, notes=("No control was drawn here.",))
    text = " ".join(render([one], name).split())
    for needed in (
        "No control was drawn here.",
        "1,200 asked",
        "200 dropped",
        "400,000",
        "905",
        "p = .001",
        "20 draws",
        ".487",  # lower end of the headline's interval
        "24.0",  # share of questions in which the offset helps
        "AUC",
        "ranks tables",
        "only c",
        "reversed",
        "41.5",
        ".644",
        ".515",  # rho of c alone
        "k / |V|" if name != "md" else r"k / \|V\|",
    ):
        assert needed in text.replace(r"\%", "%").replace("--", "–"), needed


def test_reports_on_pairs_do_not_speak_of_inputs_that_there_are_not(
    by_pair: result.AnalogyResult,
) -> None:
    learnt = replace(by_pair, relations=(relation("one", 0.4), relation("two", 0.6)))
    text = render([learnt], "terminal")
    assert re.search(r"^LRCos +\.123", text, re.MULTILINE)
    assert "b − a + c" not in text
    assert "a, b and c" not in text
    assert not re.search(r"^[ab] +\d", text, re.MULTILINE)
    for absent in ("helps", "angle", "AUC", "control", "y and d"):
        assert absent not in text, absent
    assert re.search(r"^one .* \.008 +\.280 +\.410$", text, re.MULTILINE)


def test_several_tables_are_compared_and_doubts_are_said(analogy: result.AnalogyResult) -> None:
    other = replace(
        analogy,
        encoder=replace(analogy.encoder, name="other"),
        comparison=result.Comparison("glove_50%&d", figure(0.031), figure(-0.042), figure(0.017)),
    )
    text = render([analogy, other], "terminal")
    assert text.startswith("Tables compared on google")
    assert "+.031" in text
    assert "−.042" in text
    assert "+.017" in text
    assert "paired bootstrap" in text
    assert "Not comparable" not in text
    elsewhere = replace(other, vocab=replace(other.vocab, size=10, sha256="99"), comparison=None)
    assert "Not comparable: the candidates differ" in render([analogy, elsewhere], "terminal")
    # As many questions, but others.
    lost = result.Coverage(analogy.coverage.share, {"another": 1})
    partly = replace(other, coverage=lost, comparison=None)
    assert "Not comparable: the tables answered" in render([analogy, partly], "terminal")


def test_relations_without_an_answered_question_show_no_figures(
    analogy: result.AnalogyResult,
) -> None:
    empty = replace(relation("empty-one", 0.0), answered=0, scores=None, only_c=None)
    text = render([replace(analogy, relations=(*analogy.relations, empty))], "terminal")
    line = next(line for line in text.splitlines() if line.startswith("empty-one"))
    assert line.split() == ["empty-one", "0/60", *["–"] * 9]


def test_semeval_shows_both_treatments_of_missing_words(semeval: result.SemEvalResult) -> None:
    covered = replace(semeval.covered, maxdiff=figure(0.45), rho=figure(0.3))
    text = render([replace(semeval, covered=covered)], "terminal")
    table = text.split("mean over relations\n")[1]
    groups, titles, _, headline = table.lstrip().splitlines()[:4]
    assert groups.split() == ["all", "pairs", "covered", "pairs"]
    assert titles.split() == ["MaxDiff", "ρ", "MaxDiff", "ρ"]
    assert headline.split()[-4:] == [".420", ".280", ".450", ".300"]
    assert "published: RNN-1600" in text
    assert "Published: Somebody 2013, table 4." in text
    assert "38/40" in text


def test_answer_says_when_the_nearest_word_is_an_input(answer: result.Answer) -> None:
    text = " ".join(render([answer], "terminal").split())
    assert "king − man + 0.5·new york in glove" in text
    assert "The nearest word of all is 'king', an input" in text
    assert "'queen' ranks 2 by 'king' and 1,118 by 'new york' alone" in text
    own = replace(answer, candidates=answer.candidates[1:])
    assert "'queen', no input" in render([own], "terminal")


def test_choice_groups_too_small_to_mean_anything_are_counted_not_shown(
    choice: result.ChoiceResult,
) -> None:
    text = render([choice], "terminal")
    assert "large (163)" in text
    assert "tiny" not in text
    assert "1 group of fewer than 10 answered questions not shown" in text
    assert ".200" in text
    assert "abash (6) (questions lost)" in text


def test_a_baseline_that_does_as_well_is_named(analogy: result.AnalogyResult) -> None:
    assert "simpler question" not in render([analogy], "terminal")
    assert analogy.baselines is not None
    strong = replace(
        analogy,
        baselines=replace(analogy.baselines, only_c=scores(0.1, 0.5), reversed=scores(1, 1)),
    )
    text = " ".join(render([strong], "terminal").split())
    assert "a simpler question does as well or better: only c." in text


def test_relations_too_many_for_the_null_draws_are_said_to_be(
    analogy: result.AnalogyResult,
) -> None:
    assert "cannot be below" not in render([analogy], "terminal")
    many = replace(analogy, relations=analogy.relations * 40)
    assert "p cannot be below .080 here, 80 relations over 1,000" in render([many], "terminal")


def test_why_there_is_no_control_is_said(analogy: result.AnalogyResult) -> None:
    without = replace(analogy, control=None, notes=("No control: one pair.",))
    assert render([without], "terminal").count("No control: one pair.") == 1


def test_epsilon_is_part_of_the_method(analogy: result.AnalogyResult) -> None:
    mul = replace(analogy, method="3cosmul", epsilon=1e-5)
    assert "3CosMul (ε = 1e-05) on unit vectors" in render([mul], "terminal")
    other = replace(mul, epsilon=1e-3)
    assert "Measured in different ways" in render([mul, other], "terminal")


def test_geometry_stands_beside_random_tables_and_says_what_is_missing(
    geometry: result.GeometryResult,
) -> None:
    text = render([geometry], "terminal")
    for needed in (
        "google: 900 rows",
        "word0, word1",
        "99.4 % of the set",
        "20 random tables",
        "a|b_<c>",
        "12.0 % of it",
    ):
        assert needed in text
    line = next(line for line in text.splitlines() if line.startswith("mean cosine"))
    assert line.split()[-4:] == [".167", ".012", ".001", ".012"]
    other = replace(geometry, words=replace(geometry.words, sha256="99"))
    assert "Not comparable: the tables were measured on different words" in render(
        [geometry, other], "terminal"
    )
    assert "Not comparable" not in render([geometry, geometry], "terminal")
    without = replace(geometry.unit.skewness, null=None, null_ci=None, p=None)
    shape = replace(geometry.unit, skewness=without)
    text = render([replace(geometry, unit=shape)], "terminal")
    line = next(line for line in text.splitlines() if line.startswith("skewness"))
    assert line.split()[-3] == "–"


def test_a_gap_of_random_weights_says_so(gap: result.GapResult) -> None:
    text = render([gap], "terminal")
    assert text.startswith("Gap between words and photographs in CLIP: random weights")
    assert "says nothing of the trained encoder" in text
    assert "mean cosine of 75 matched labels" in text
    trained = render([replace(gap, random_weights=False, matched=None)], "terminal")
    assert "random weights:" not in trained
    assert "matched" not in trained


def test_additivity_shows_single_factors_and_noise(additivity: result.AdditivityResult) -> None:
    text = " ".join(render([additivity], "terminal").split())
    for needed in (
        "mean + subject + object",
        "subject alone",
        "81 of 7 × 21",
        "2 parts that share neither",
        "78 can be predicted",
        "62.4 % of the variance between cells",
        "999 draws",
    ):
        assert needed in text
    assert "photographs they hold alone" not in render([replace(additivity, noise=None)], "md")


def test_similarity_shows_both_treatments_and_compares_tables(
    similarity: result.SimilarityResult,
) -> None:
    text = " ".join(render([similarity], "terminal").split())
    assert "covered pairs (340) .503 .507" in text
    assert "all pairs (353): missing at 0 .411 –" in text
    assert "OPEC (2) (pairs lost)" in text
    assert "p = 0.001 (999 permutations)" in text
    first = replace(similarity, shared=replace(similarity.shared, to=None, difference=None))
    both = " ".join(render([first, similarity], "terminal").split())
    assert "wordsim353 compared" in both
    assert "+.025" in both
    assert "the 331 pairs that all tables of the call cover; differences are to other" in both


@pytest.mark.parametrize("name", ["terminal", "md", "latex", "html", "csv"])
def test_heads_by_temperature_are_printed_with_intervals(
    heads: result.HeadsResult, name: str
) -> None:
    text = " ".join(render([heads], name).split()).replace("--", "–")
    shown = ("22.125", "16.375") if name == "csv" else ("22.12", "20.12–25.12", "16.38")
    gap = ("0.3125", "0.1875") if name == "csv" else (".312", ".188", ".438")
    for needed in (*shown, *gap, "lite2", "0.01", "55.62", "31.5"):
        assert needed in text, needed
    if name != "csv":
        assert "can be told on the test from τ = 0.01 and not from τ = 0.3" in text
        assert "chosen on the queries it is given on" in text
    alone = replace(heads, points=heads.points[1:2])
    assert "can be told" not in render([alone], name)
    if name == "md":
        assert "τ = 0.1 is the only one tried." in render([alone], name)
        assert "tried, and perhaps" not in render([heads], name)
        for kept, end in (
            (heads.points[1:], "lowest tried, and perhaps too high."),
            (heads.points[:2], "highest tried, and perhaps too low."),
        ):
            assert f"τ = 0.1 is the {end}" in render([replace(heads, points=kept)], name)
    assert "highest tried" not in text
    lams = tuple(sorted({one.lam for point in heads.points for one in point.trained}))
    if name == "md":
        edge = render([replace(heads, lams=(0.0, *lams))], name)
        assert f"At λ = {lams[-1]:g}, the highest tried" in edge


@pytest.mark.parametrize("name", ["terminal", "md", "latex", "html", "csv"])
def test_text_encoders_are_compared(text_encoders: result.TextEncodersResult, name: str) -> None:
    text = " ".join(render([text_encoders], name).split()).replace("--", "–")
    scores = ("26.5", "22.125", "4.5") if name == "csv" else ("26.50", "22.12", "+4.50", "zebra")
    for needed in (*scores, "minilm", "0.3"):
        assert needed in text, needed
    if name in ("terminal", "md"):
        assert "random (control)" in text
        assert (
            "Text frozen: the best τ is 0.1 or 0.3, and 0.1 or 0.3 is the best or cannot be told "
            "from it with every text encoder"
        ) in text
        assert (
            "Of 3 differences between a trained text encoder and a control of as many dimensions 1 "
            "can be told to be the trained one's gain, 1 its loss, and 1 cannot be told"
        ) in text


def test_text_encoders_that_share_no_temperature(
    text_encoders: result.TextEncodersResult,
) -> None:
    first, control = text_encoders.encoders
    points = control.both.points
    apart = result.SimatFigure(6592, -3.0, (-4.0, -2.0))
    both = replace(
        control.both, points=(points[0], replace(points[1], difference=apart), points[2])
    )
    first_points = first.both.points
    mine = replace(
        first.both, points=(*first_points[:2], replace(first_points[2], difference=apart))
    )
    split = replace(
        text_encoders,
        encoders=(replace(first, both=mine), replace(control, both=both)),
    )
    text = " ".join(render([split], "terminal").split())
    assert "Both trained: the best" not in text
    assert "both trained: the best τ is 0.1 or 0.3, and every τ can be told to be worse" in text
    alone = replace(
        text_encoders, encoders=(first, replace(control, frozen=first.frozen, both=first.both))
    )
    text = " ".join(render([alone], "terminal").split())
    assert "Text frozen: the best τ is 0.1; both trained: the best τ is 0.1." in text
    assert "tried, and perhaps" not in text


def test_a_best_temperature_at_an_end_of_those_tried_is_remarked(
    text_encoders: result.TextEncodersResult,
) -> None:
    text = " ".join(render([text_encoders], "md").split())
    edge = "τ = 0.3 is the highest tried, and perhaps too low: "
    assert f"{edge}random (text frozen), random (both trained)." in text
    assert "lowest tried" not in text


def test_one_temperature_is_not_the_best(text_encoders: result.TextEncodersResult) -> None:
    def only(study: result.HeadsResult) -> result.HeadsResult:
        return replace(study, best=0.1, points=study.points[1:2])

    alone = replace(
        text_encoders,
        encoders=tuple(
            replace(one, frozen=only(one.frozen), both=only(one.both))
            for one in text_encoders.encoders
        ),
    )
    text = " ".join(render([alone], "md").split())
    assert "the best τ" not in text
    assert "at the τ that was tried" in text
    assert "τ = 0.1 is the only one tried." in text


@pytest.mark.parametrize("kind", ["simat", "heads", "text_encoders"])
def test_without_draws_no_intervals_are_spoken_of(
    kind: str, request: pytest.FixtureRequest
) -> None:
    pytest.importorskip("matplotlib", reason="figures need the extra report")
    one = request.getfixturevalue(kind)
    assert "95 %" in render([one], "md")
    for name in ("md", "html"):
        assert "95 %" not in render([replace(one, draws=0)], name)


def test_bars_stand_beside_the_first_line_of_their_row(simat: result.SimatResult) -> None:
    bar = render([simat], "html").split(".embarith td.bar {")[1].split("}")[0]
    assert "vertical-align" not in bar
