"""Every format prints every kind of result, escapes what it is given and loses nothing."""

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
from embarith.result import Result
from samples import figure, relation, scores

FORMATS = ("terminal", "md", "latex", "csv", "html")


@pytest.mark.parametrize("name", [*FORMATS, "json"])
@pytest.mark.parametrize(
    ("kind", "figures"),
    [
        ("analogy", (0.123, 0.497, 0.177)),
        ("by_pair", (0.123, 0.497, 0.21, 0.32, 0.223)),
        ("semeval", (0.42, 0.28, 0.31, 0.07)),
        ("similarity", (0.503, 0.507, 0.411)),
        ("choice", (0.35, 0.248, 0.344, 0.222)),
        ("answer", (0.886, 0.852)),
        ("gap", (1.303, 0.987, 0.12, 0.497, 0.775, 0.842)),
        ("additivity", (0.565, 0.356, 0.042, 0.282, 0.021, 0.147, 0.077, 0.447)),
        ("geometry", (0.167, 0.156, 0.417, 0.0321, 1.278, 0.571)),
        ("plane", (0.541, 0.262, 0.968)),
        ("extraction", (0.061, 0.183, 0.084, 0.145)),
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
        *("add_opposite", "reversed", "control", "permuted", "chance", "k_of_v"),
        *("paper", "paper_only_c", "paper_chance", "vocabulary_curve", "vocabulary_curve"),
        *("relation", "relation_only_c", "relation", "relation_only_c"),
    ]
    assert float(lines[0]["restricted_top1"]) == 1 / 3
    assert float(lines[0]["restricted_top1_low"]) == 1 / 3 - 0.01
    assert [float(lines[9][name]) for name in ("restricted_top1", "p")] == [0.002, 0.001]
    assert lines[12]["candidates"] == "905"
    assert lines[17]["relation"] == "gram1_a#b"
    assert float(lines[17]["p_holm"]) == 0.008
    assert lines[18]["relation"] == "gram1_a#b"
    assert float(lines[18]["restricted_top1"]) == 0.4 / 3


def test_csv_has_what_the_terminal_prints_beside_the_scores(
    analogy: result.AnalogyResult,
) -> None:
    gain = result.Comparison("other", figure(0.021), figure(0.022), figure(0.023))
    one = replace(analogy, comparison=gain)
    lines = {line["row"]: line for line in csv.DictReader(io.StringIO(render([one], "csv")))}
    total = {name: float(value) for name, value in lines["total"].items() if "_" in name and value}
    assert total["landed_c"] == 0.5
    assert total["angle_raw_mean"] == 38.5
    assert total["rho_mean"] == 0.622
    assert total["angle_random_d_mean"] == 80.5
    assert lines["total"]["helps"] == "0.24"
    assert [lines["total"][name] for name in ("auc", "auc_low", "auc_high")] == [
        *("0.973", "0.961", "0.982")
    ]
    assert float(lines["chance"]["fair_top5"]) == analogy.chance.fair.top5
    assert float(lines["chance"]["restricted_top1"]) == analogy.chance.restricted.top1
    assert float(lines["k_of_v"]["fair_top1"]) == analogy.chance.k_of_v.top1
    assert lines["less other"]["auc"] == "0.023"
    row = analogy.relations[-1]
    assert row.parallelism is not None
    assert float(lines["relation"]["concordance"]) == row.parallelism.concordance
    assert float(lines["relation"]["consistency_null"]) == row.parallelism.consistency_null


def test_csv_leaves_out_the_baselines_that_questions_by_pair_lack(
    by_pair: result.AnalogyResult,
) -> None:
    lines = list(csv.DictReader(io.StringIO(render([by_pair], "csv"))))
    assert [line["row"] for line in lines] == [
        *("total", "macro", "dropped_counted_wrong", "only_c", "permuted", "chance", "k_of_v"),
        *("rating positive", "rating positive only_c", "rating not positive"),
        *("paper", "paper_only_c", "paper_chance", "vocabulary_curve", "vocabulary_curve"),
        *("relation", "relation"),
    ]
    assert float(lines[7]["restricted_top1"]) == 0.32
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


def test_results_survive_json(
    analogy: result.AnalogyResult,
    by_pair: result.AnalogyResult,
    semeval: result.SemEvalResult,
    similarity: result.SimilarityResult,
    choice: result.ChoiceResult,
    answer: result.Answer,
) -> None:
    one: Result
    for one in (analogy, by_pair, semeval, similarity, choice, answer):
        line = result.to_json(one)
        assert "\n" not in line
        assert result.from_json(line) == one
        assert json.loads(line)["schema"].startswith("embarith.")
