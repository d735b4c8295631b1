"""Reports: every format says the same, escapes what it is given and misleads nobody."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from embarith import errors, result
from embarith.report import document, render, terminal
from embarith.result import Figure, Result

FORMATS = ("terminal", "md", "latex", "csv", "html")


def figure(value: float) -> Figure:
    return Figure(round(value * 1000, 3), value, (value - 0.01, value + 0.02))


def accuracy(value: float) -> result.Accuracy:
    return result.Accuracy(figure(value), figure(value + 0.1), figure(value + 0.05))


def scores(fair: float, restricted: float) -> result.Scores:
    return result.Scores(accuracy(fair), accuracy(restricted))


def spread(low: float, mean: float, high: float) -> result.Spread:
    return result.Spread(low, high, mean)


def chance(size: int) -> result.Chance:
    odds = result.Odds(1 / size, 5 / size)
    return result.Chance(odds, result.Odds(1 / (size - 3), 5 / (size - 3)), odds)


def relation(name: str, value: float) -> result.RelationRow:
    return result.RelationRow(
        name=name,
        category="syntactic",
        asked=60,
        answered=50,
        pairs=8,
        scores=scores(value / 4, value),
        only_c=scores(0.0, value / 3),
        null=result.Null(0.02, (0.0, 0.04), 0.004, 999),
        p_holm=0.008,
        angle_mean=41.25,
        angle_only_c_mean=45.5,
        rho_mean=0.55,
        rho_only_c_mean=0.45,
        auc=0.93,
        helps=0.31,
        parallelism=result.Parallelism(0.30, 0.02, 0.91, 0.5),
    )


@pytest.fixture
def analogy() -> result.AnalogyResult:
    labels = result.VocabularyInfo("all", 400_000, "ef" * 32)
    own = result.VocabularyInfo("questions", 905, "0a" * 32)
    return result.AnalogyResult(
        encoder=result.EncoderInfo("glove_50%&d", 400_000, 50, "ab12" * 16, {}),
        questions=result.QuestionsInfo("google", "", "cd" * 32, 1200, 1000, 200, 77),
        coverage=result.Coverage(1000 / 1200, {"rhein|land": 150, "<b>": 50}),
        vocab=labels,
        method="3cosadd",
        raw=False,
        similarity="cosine",
        epsilon=None,
        case="lower",
        asked_by="question",
        scores=scores(0.123, 0.497),
        macro=scores(0.111, 0.456),
        missing_as_wrong=scores(0.1025, 0.414),
        chance=chance(400_000),
        paper=result.Protocol(
            own, scores(0.2, 0.6), scores(0.2, 0.6), scores(0.01, 0.177), chance(905)
        ),
        landed=result.Landed(0.01, 0.33, 0.5, 0.123, 0.037),
        baselines=result.Baselines(
            *(scores(one / 100, one / 50) for one in (1, 2, 3, 4, 5)), figure(0.24)
        ),
        null=result.Null(0.002, (0.001, 0.004), 0.001, 999),
        control=result.Control(20, *map(figure, (0.011, 0.021, 0.031, 0.041))),
        angle=result.RawUnit(spread(10, 38.5, 100), spread(11, 41.5, 99)),
        rho=result.RawUnit(spread(-0.2, 0.611, 0.9), spread(-0.3, 0.622, 0.9)),
        companions=result.Companions(
            pearson=spread(-0.1, 0.633, 0.9),
            rho_rotated=spread(-0.2, 0.644, 0.8),
            rho_rotated_questions=1000,
            rho_random_d=spread(-0.5, 0.155, 0.5),
            angle_random_d=spread(60, 80.5, 120),
            angle_only_c=spread(20, 45.5, 88),
            rho_only_c=spread(-0.1, 0.515, 0.9),
            auc=0.973,
            auc_ci=(0.961, 0.982),
        ),
        vocabulary_curve=(
            result.VocabularyPoint(1000, 0.995, 1.0),
            result.VocabularyPoint(400_000, 0.497, 0.597),
        ),
        by_rating=None,
        relations=(relation("gram1_a#b", 0.4), relation("gram2-opposite", 0.6)),
        comparison=None,
        notes=(),
        draws=1000,
        seed=7,
        run=result.Run(1.5, "avx2", 2, {}, {}),
    )


@pytest.fixture
def semeval() -> result.SemEvalResult:
    four = [figure(value) for value in (0.41, 0.27, 0.31, 0.07)]
    figures = result.SemEvalFigures(10, 10, *four, 0.26)
    both = result.SemEvalScores(
        figure(0.42), figure(0.28), *four[2:], 0.27, figures, {"class inclusion": figures}
    )
    row = result.SemEvalRelation(
        id="1a",
        name="Taxonomic",
        category="class inclusion",
        split="test",
        pairs=40,
        covered=38,
        paradigms=3,
        paradigms_covered=3,
        questions=30,
        questions_covered=28,
        maxdiff_all=0.4,
        maxdiff_covered=None,
        rho_all=0.3,
        rho_covered=None,
        maxdiff_only_c_all=0.33,
        maxdiff_only_c_covered=None,
        rho_only_c_all=0.11,
        rho_only_c_covered=None,
        chance_all=0.26,
        chance_covered=None,
    )
    return result.SemEvalResult(
        encoder=result.EncoderInfo("glove", 400_000, 50, "ab" * 32, {}),
        questions=result.QuestionsInfo("semeval", "", "cd" * 32, 3218, 3200, 18, 3078),
        coverage=result.Coverage(3200 / 3218, {"run-on": 1}),
        all=both,
        covered=both,
        relations=(row,),
        published={"RNN-1600": result.Published(0.418, 0.275)},
        case="lower",
        draws=1000,
        seed=0,
        run=result.Run(1.5, "avx2", 2, {}, {}),
    )


@pytest.fixture
def answer() -> result.Answer:
    terms = (result.Term(1.0, "king"), result.Term(-1.0, "man"), result.Term(0.5, "new york"))
    none = (None, None, None)
    return result.Answer(
        encoder="glove",
        rows=400_000,
        sha256="ab" * 32,
        terms=terms,
        raw=False,
        candidates=(
            result.Candidate("king", 0.886, True, (1.0, -0.5, 0.386), none),
            result.Candidate("queen", 0.852, False, (0.7, -0.4, 0.552), (2, None, 1118)),
        ),
    )


@pytest.fixture
def choice() -> result.ChoiceResult:
    return result.ChoiceResult(
        encoder=result.EncoderInfo("glove", 400_000, 50, "ab" * 32, {}),
        questions=result.QuestionsInfo("sat", "", "cd" * 32, 337, 331, 6, 337),
        coverage=result.Coverage(331 / 337, {"abash": 6}),
        case="lower",
        pair_distance=figure(0.35),
        offset=figure(0.248),
        only_c=figure(0.222),
        pair_distance_missing_as_wrong=0.344,
        offset_missing_as_wrong=0.243,
        only_c_missing_as_wrong=0.218,
        chance=0.2,
        groups={
            "tiny": result.ChoiceGroup(2, 0, None, None, None, None),
            "large": result.ChoiceGroup(163, 163, 0.4, 0.3, 0.25, 0.2),
        },
        draws=1000,
        seed=0,
        run=result.Run(1.5, "avx2", 2, {}, {}),
    )


@pytest.fixture
def by_pair(analogy: result.AnalogyResult) -> result.AnalogyResult:
    """3CosAvg and LRCos have c alone for input: no other baseline, no control, no y."""
    return replace(
        analogy,
        method="lrcos",
        asked_by="pair",
        baselines=result.Baselines(scores(0.21, 0.22), None, None, None, None, None),
        control=None,
        angle=None,
        rho=None,
        companions=None,
        by_rating={
            "positive": result.Rated(500, scores(0.31, 0.32), scores(0.21, 0.223)),
            "not positive": result.Rated(500, scores(0.01, 0.02), None),
        },
        relations=(replace(relation("empty", 0.0), answered=0, scores=None, only_c=None),) * 2,
    )


@pytest.mark.parametrize("name", [*FORMATS, "json"])
@pytest.mark.parametrize(
    ("kind", "figures"),
    [
        ("analogy", (0.123, 0.497, 0.177)),
        ("by_pair", (0.123, 0.497, 0.21, 0.32, 0.223)),
        ("semeval", (0.42, 0.28, 0.31, 0.07)),
        ("choice", (0.35, 0.248, 0.344, 0.222)),
        ("answer", (0.886, 0.852)),
    ],
)
def test_every_kind_of_result_prints_its_figures_in_every_format(
    kind: str, figures: tuple[float, ...], name: str, request: pytest.FixtureRequest
) -> None:
    one: Result = request.getfixturevalue(kind)
    text = result.to_json(one) if name == "json" else render([one], name)
    for value in figures:
        shown = str(value) if name in ("csv", "json") else f"{value:.3f}".removeprefix("0")
        assert shown in text


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_prints_both_ways_of_scoring(analogy: result.AnalogyResult, name: str) -> None:
    text = render([analogy], name)
    fair, restricted = ("0.123", "0.497") if name == "csv" else (".123", ".497")
    assert fair in text
    assert restricted in text
    for inputs in ("fair", "restricted"):
        assert inputs in text


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


def test_terminal_fits_100_columns_and_keeps_to_plain_text(
    analogy: result.AnalogyResult, semeval: result.SemEvalResult, answer: result.Answer
) -> None:
    text = render([analogy, analogy, semeval, answer], "terminal")
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_tables_too_wide_for_the_terminal_are_split_and_lose_nothing(
    analogy: result.AnalogyResult, answer: result.Answer, width: int
) -> None:
    long = relation("gram6-nationality-adjective-of-some-land", 0.4)
    file = io.StringIO()
    one = replace(analogy, relations=(long, *analogy.relations))
    terminal.show(document([one, answer]), Console(file=file, width=width, color_system=None))
    lines = [line.rstrip() for line in file.getvalue().splitlines()]
    assert max(map(len, lines)) <= width
    broken = next(line.split()[0] for line in lines if line.startswith("gram6-"))
    assert broken.endswith("-") or broken == long.name
    relations = lines[lines.index("Relations") :]
    for title in ("n", "95", "helps", "AUC", "OCS", "PCS"):
        assert any(title in line.split() for line in relations)
    rows = [line for line in lines if re.match(r" *1  queen", line)]
    assert rows
    assert all(cell in " ".join(rows) for cell in (".852", ".700", "−.400", ".552", "1,118"))


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


def test_no_color_is_respected(
    analogy: result.AnalogyResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    def colours() -> list[str]:
        file = io.StringIO()
        terminal.show(document([analogy]), Console(file=file, width=100, force_terminal=True))
        return re.findall(r"\x1b\[[\d;]*3\dm", file.getvalue())

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert colours()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colours()


def test_csv_has_a_line_a_row_of_scores_unrounded(analogy: result.AnalogyResult) -> None:
    exact = replace(analogy, scores=scores(0.1, 1 / 3))
    lines = list(csv.DictReader(io.StringIO(render([exact], "csv"))))
    assert [line["row"] for line in lines] == [
        *("total", "macro", "dropped_counted_wrong", "only_c", "only_b", "ignore_a"),
        *("add_opposite", "reversed", "control", "permuted", "paper", "paper_only_c"),
        *("relation", "relation_only_c", "relation", "relation_only_c"),
    ]
    assert float(lines[0]["restricted_top1"]) == 1 / 3
    assert float(lines[0]["restricted_top1_low"]) == 1 / 3 - 0.01
    assert [float(lines[9][name]) for name in ("restricted_top1", "p")] == [0.002, 0.001]
    assert lines[10]["candidates"] == "905"
    assert lines[12]["relation"] == "gram1_a#b"
    assert float(lines[12]["p_holm"]) == 0.008
    assert lines[13]["relation"] == "gram1_a#b"
    assert float(lines[13]["restricted_top1"]) == 0.4 / 3


def test_csv_leaves_out_the_baselines_that_questions_by_pair_lack(
    by_pair: result.AnalogyResult,
) -> None:
    lines = list(csv.DictReader(io.StringIO(render([by_pair], "csv"))))
    assert [line["row"] for line in lines] == [
        *("total", "macro", "dropped_counted_wrong", "only_c", "permuted"),
        *("rating positive", "rating positive only_c", "rating not positive"),
        *("paper", "paper_only_c", "relation", "relation"),
    ]
    assert float(lines[5]["restricted_top1"]) == 0.32
    assert lines[-1]["restricted_top1"] == ""


def test_csv_has_the_headline_of_semeval_with_its_intervals(semeval: result.SemEvalResult) -> None:
    other = replace(semeval.covered, maxdiff=figure(0.45), rho=None)
    text = render([replace(semeval, covered=other)], "csv")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["row"] for line in lines] == ["total", "training", "category", "relation"]
    total = lines[0]
    for name, one in (
        ("maxdiff_all", semeval.all.maxdiff),
        ("rho_all", semeval.all.rho),
        ("maxdiff_covered", other.maxdiff),
    ):
        assert one is not None
        assert one.ci is not None
        found = tuple(float(total[f"{name}{end}"]) for end in ("", "_low", "_high"))
        assert found == (one.value, *one.ci)
    assert total["rho_covered"] == ""
    assert lines[2]["category"] == "class inclusion"
    assert float(lines[3]["rho_all"]) == 0.3


def test_csv_of_choices_has_totals_and_groups(choice: result.ChoiceResult) -> None:
    lines = list(csv.DictReader(io.StringIO(render([choice], "csv"))))
    assert [line["row"] for line in lines] == ["total", "missing_counted_wrong", "group", "group"]
    assert float(lines[0]["offset_high"]) == 0.248 + 0.02
    assert float(lines[1]["offset"]) == 0.243
    assert lines[2]["offset"] == ""
    assert lines[3]["answered"] == "163"


def test_csv_refuses_results_of_several_kinds(
    analogy: result.AnalogyResult, semeval: result.SemEvalResult
) -> None:
    with pytest.raises(errors.OptionError, match="one kind"):
        render([analogy, semeval], "csv")


def test_unknown_format_suggests_the_nearest(analogy: result.AnalogyResult) -> None:
    with pytest.raises(errors.OptionError, match="did you mean 'latex'"):
        render([analogy], "latx")


def test_markdown_tables_are_whole_and_escaped(analogy: result.AnalogyResult) -> None:
    text = render([analogy], "md")
    blocks = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert len(blocks) == 5
    for block in blocks:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1, block
    assert r"rhein\|land (150), \<b\> (50)" in text


def test_html_is_well_formed_and_loads_nothing(
    analogy: result.AnalogyResult, semeval: result.SemEvalResult, answer: result.Answer
) -> None:
    text = render([analogy, analogy, semeval, answer], "html")
    open_tags: list[str] = []

    class Check(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in ("script", "link", "img", "iframe")
            assert not {"src", "href"} & {name for name, _ in attrs}
            if tag != "meta":
                open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    Check(convert_charrefs=True).feed(text)
    assert not open_tags
    assert "url(" not in text
    assert "@import" not in text
    assert "&lt;b&gt; (50)" in text


def test_latex_escapes_labels(analogy: result.AnalogyResult) -> None:
    text = render([analogy], "latex")
    assert r"glove\_50\%\&d" in text
    assert r"gram1\_a\#b" in text
    assert text.isascii()


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on this machine")
def test_latex_compiles(
    analogy: result.AnalogyResult,
    semeval: result.SemEvalResult,
    answer: result.Answer,
    tmp_path: Path,
) -> None:
    many = replace(analogy, relations=analogy.relations * 40)
    body = render([analogy, many, semeval, answer], "latex")
    page = tmp_path / "page.tex"
    page.write_text(
        "\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage{booktabs,longtable}\n"
        f"\\begin{{document}}\n{body}\\end{{document}}\n"
    )
    done = subprocess.run(
        ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", page.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]


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
    partly = replace(other, questions=replace(other.questions, answered=900), comparison=None)
    assert "Not comparable: the tables answered" in render([analogy, partly], "terminal")


def test_relations_without_an_answered_question_show_no_figures(
    analogy: result.AnalogyResult,
) -> None:
    empty = replace(relation("empty-one", 0.0), answered=0, scores=None, only_c=None)
    text = render([replace(analogy, relations=(*analogy.relations, empty))], "terminal")
    line = next(line for line in text.splitlines() if line.startswith("empty-one"))
    assert line.split() == ["empty-one", "0/60", *["–"] * 10]


def test_semeval_shows_both_treatments_of_missing_words(semeval: result.SemEvalResult) -> None:
    covered = replace(semeval.covered, maxdiff=figure(0.45), rho=figure(0.3))
    text = render([replace(semeval, covered=covered)], "terminal")
    table = text.split("mean over relations\n")[1]
    groups, titles, _, headline = table.lstrip().splitlines()[:4]
    assert groups.split() == ["all", "pairs", "covered", "pairs"]
    assert titles.split() == ["MaxDiff", "ρ", "MaxDiff", "ρ"]
    assert headline.split()[-4:] == [".420", ".280", ".450", ".300"]
    assert "published: RNN-1600" in text
    assert "38/40" in text


def test_answer_says_when_the_nearest_word_is_an_input(answer: result.Answer) -> None:
    text = " ".join(render([answer], "terminal").split())
    assert "king − man + 0.5·new york in glove" in text
    assert "The nearest word of all is 'king', an input" in text
    assert "'queen' ranks 2 by 'king' and 1,118 by 'new york' alone" in text
    own = replace(answer, candidates=answer.candidates[1:])
    assert "'queen', no input" in render([own], "terminal")


def test_results_survive_json(
    analogy: result.AnalogyResult,
    by_pair: result.AnalogyResult,
    semeval: result.SemEvalResult,
    choice: result.ChoiceResult,
    answer: result.Answer,
) -> None:
    one: Result
    for one in (analogy, by_pair, semeval, choice, answer):
        line = result.to_json(one)
        assert "\n" not in line
        assert result.from_json(line) == one
        assert json.loads(line)["schema"].startswith("embarith.")


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
