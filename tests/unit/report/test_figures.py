"""Figures: the same bytes for the same result, all that is measured on them, and nothing else."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from embarith import result
from embarith.errors import OptionError
from embarith.result import Result
from samples import ODD, figure

pytest.importorskip("matplotlib", reason="figures need the extra report")
from matplotlib.text import Text

from embarith.report import figures


@pytest.fixture
def photographed(plane: result.PlaneResult) -> result.PlaneResult:
    """Two photographs a word, the first of each with a thumbnail."""
    image = pytest.importorskip("PIL.Image")
    data = io.BytesIO()
    image.fromarray(np.full((60, 90, 3), 120, np.uint8)).save(data, "JPEG")
    thumbnail = base64.b64encode(data.getvalue()).decode()
    shown = tuple(
        result.PlanePhotograph(word.word, f"{i}.jpg", word.x + 0.1 * i, word.y, 0.3, some)
        for word in plane.words
        for i, some in enumerate((thumbnail, ""))
    )
    return replace(plane, fitted_on="photographs", photographs=shown, thumbnail_side=90)


KINDS = ("plane", "photographed", "extraction", "analogy", "heads", "simat")


def texts(path: Path) -> str:
    """The texts of an SVG, which matplotlib leaves as comments beside their outlines."""
    parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
    tree = ET.parse(path, parser)
    found = [node.text for node in tree.iter(ET.Comment)]
    return unescape("|".join(text.strip() for text in found if text))


@pytest.mark.parametrize("ending", [".svg", ".png"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_result_gives_the_same_bytes_again(
    kind: str, ending: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    one: Result = request.getfixturevalue(kind)
    for name in ("first", "second"):
        figures.save(figures.draw(one), tmp_path / f"{name}{ending}")
    written = (tmp_path / f"first{ending}").read_bytes()
    assert written == (tmp_path / f"second{ending}").read_bytes()
    assert b"Matplotlib" not in written
    assert b"dc:date" not in written


def test_another_process_gives_the_same_bytes(plane: result.PlaneResult, tmp_path: Path) -> None:
    plane.save(tmp_path / "plane.json")
    figures.save(figures.draw(plane), tmp_path / "here.svg")
    code = (
        "import sys; from embarith.report import figures; from embarith.result import from_json; "
        "figures.save(figures.draw(from_json(open(sys.argv[1]).read())), sys.argv[2])"
    )
    there = tmp_path / "there.svg"
    subprocess.run([sys.executable, "-c", code, tmp_path / "plane.json", there], check=True)
    assert there.read_bytes() == (tmp_path / "here.svg").read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_to_be_seen_is_said(kind: str, request: pytest.FixtureRequest) -> None:
    drawn = figures.draw(request.getfixturevalue(kind))
    said = drawn.get_label()
    assert said.endswith(".")
    page = figures.html(drawn)
    assert page.startswith('<img alt="')
    assert "data:image/svg+xml;base64," in page
    data = page.split("base64,")[1].split('"')[0]
    assert said.split(",")[0] in base64.b64decode(data).decode()


def test_alternative_texts_are_escaped(plane: result.PlaneResult) -> None:
    odd = replace(plane, words=(replace(plane.words[0], word='<"&'), *plane.words[1:]))
    assert "&lt;&quot;&amp;" in figures.html(figures.draw(odd))


def test_a_plane_names_words_axes_and_true_distances(
    photographed: result.PlaneResult, tmp_path: Path
) -> None:
    drawn = figures.draw(photographed)
    figures.save(drawn, tmp_path / "plane.svg")
    said = texts(tmp_path / "plane.svg")
    for needed in (
        *("a: man", "b: king", "c: woman", "d: queen", "y: b − a + c"),
        *("71.4 % of variance", "23.1 %", "in the plane", "in all dimensions", "d, y"),
    ):
        assert needed in said, needed
    assert (tmp_path / "plane.svg").read_text().count("<image") == 4
    axes = drawn.axes[0]
    assert axes.get_aspect() == 1.0
    assert "31.5° to d; c alone is at 53.1°" in drawn.get_label()
    beside = {tuple(line.get_xdata()) for line in drawn.axes[1].lines}
    assert (0.262, 0.541) in beside


def test_words_are_never_read_as_formulas(plane: result.PlaneResult, tmp_path: Path) -> None:
    odd = replace(plane.words[1], word=r"$\frac{")
    drawn = figures.draw(replace(plane, words=(plane.words[0], odd, *plane.words[2:])))
    figures.save(drawn, tmp_path / "odd.svg")
    assert r"b: $\frac{" in texts(tmp_path / "odd.svg")


def test_a_pair_has_its_distance_in_the_title(photographed: result.PlaneResult) -> None:
    pair = replace(
        photographed,
        question="man:king",
        words=photographed.words[:2],
        photographs=photographed.photographs[:4],
        offset=None,
        distances=photographed.distances[:1],
    )
    drawn = figures.draw(pair)
    assert len(drawn.axes) == 1
    title = drawn.axes[0].get_title(loc="left")
    assert ".968 in all dimensions, .940 in the plane" in title


def test_curves_have_their_bands_counts_baseline_and_chance(
    extraction: result.ExtractionResult, tmp_path: Path
) -> None:
    drawn = figures.draw(extraction)
    figures.save(drawn, tmp_path / "curves.svg")
    said = texts(tmp_path / "curves.svg")
    for needed in (
        *("mean", "medoid", "c alone", "chance", "degrees", "photographs a word"),
        *("top-1, fair", "top-5, restricted", "share of questions", "all"),
    ):
        assert needed in said, needed
    assert len(drawn.axes) == 6
    angle = drawn.axes[2]
    assert angle.get_xscale() == "log"
    assert len(angle.collections) == 2
    assert {line.get_ydata()[0] for line in angle.lines} == {76.4, 69.4}
    assert "from .061 with 1 photograph a word" in drawn.get_label()
    two = replace(
        extraction,
        tables={**extraction.tables, "other": extraction.tables["features <1>"]},
        series=(*extraction.series, *(replace(one, name="other") for one in extraction.series)),
    )
    assert len(figures.draw(two).axes) == 12


def test_vocabulary_curves_of_several_tables_are_told_apart(
    analogy: result.AnalogyResult, tmp_path: Path
) -> None:
    other = replace(analogy, encoder=replace(analogy.encoder, rows=30_000))
    elsewhere = replace(analogy, questions=replace(analogy.questions, name="msr"))
    drawn = figures.draw(analogy, other, elsewhere)
    figures.save(drawn, tmp_path / "curve.svg")
    said = texts(tmp_path / "curve.svg")
    for needed in ("google, 400,000 × 50, top-1", "30,000 × 50, top-5", "msr", "100,000"):
        assert needed in said, needed
    assert drawn.axes[0].get_xscale() == "log"


def test_a_forest_holds_scores_against_null_baseline_and_chance(
    analogy: result.AnalogyResult,
    by_pair: result.AnalogyResult,
    semeval: result.SemEvalResult,
    choice: result.ChoiceResult,
    tmp_path: Path,
) -> None:
    drawn = figures.forest([analogy, semeval, choice])
    figures.save(drawn, tmp_path / "forest.svg")
    said = texts(tmp_path / "forest.svg")
    for needed in (
        *("glove_50%&d on google", "top-1, restricted", "MaxDiff, covered pairs", "PairDistance"),
        *("c alone", "permutation null", "chance", "share of questions right"),
    ):
        assert needed in said, needed
    ends = {tuple(line.get_xdata()) for line in drawn.axes[0].lines}
    for one in (analogy.scores.restricted.top1, choice.pair_distance):
        assert one.ci in ends
        assert (one.value,) in ends
    assert analogy.null.ci in ends
    assert (analogy.chance.restricted.top1,) in ends
    both = figures.forest([analogy, by_pair]).get_label()
    assert "glove_50%&d, 3cosadd: top-1" in both
    assert "glove_50%&d, lrcos: top-1" in both
    bare = replace(semeval, all=replace(semeval.all, maxdiff=None, chance=None))
    bare = replace(bare, covered=replace(bare.covered, maxdiff=figure(0.3), chance=None))
    assert "covered pairs .300" in figures.forest([bare]).get_label()


def test_what_cannot_be_drawn_or_written_is_refused(
    plane: result.PlaneResult, answer: result.Answer, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match=r"no figure of embarith\.answer/1"):
        figures.draw(answer)
    with pytest.raises(OptionError, match="no figure of nothing"):
        figures.draw()
    with pytest.raises(OptionError, match=r"embarith\.answer/1 has no scores"):
        figures.forest([answer])
    with pytest.raises(OptionError, match="no results"):
        figures.forest([])
    with pytest.raises(OptionError, match=r"ends in \.svg or \.png"):
        figures.save(figures.draw(plane), tmp_path / "plane.pdf")
    assert not list(tmp_path.iterdir())


def test_matplotlib_is_asked_for_where_it_is_absent(
    plane: result.PlaneResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(OptionError, match=r"embarith\[report\]"):
        figures.draw(plane)


def test_temperatures_are_drawn_with_what_can_be_told(
    heads: result.HeadsResult, tmp_path: Path
) -> None:
    drawn = figures.draw(heads)
    figures.save(drawn, tmp_path / "heads.svg")
    for text in ("τ", "0.01", "0.3", "SIMAT score on test", "mean recall on validation"):
        assert text in texts(tmp_path / "heads.svg")
    assert "can be told on the test from τ = 0.01 and not from τ = 0.3" in str(drawn.get_label())
    score, recall = drawn.axes
    assert score.get_lines()[0].get_ydata().tolist() == [16.375, 22.125, 20.625]
    assert recall.get_lines()[0].get_ydata().tolist() == [55.625] * 3
    # To be seen on the mean, over which they lie.
    assert {line.get_markeredgecolor() for line in score.get_lines()[1:]} == {"white"}


def test_scores_by_lambda_have_their_bands_and_baselines(
    simat: result.SimatResult, tmp_path: Path
) -> None:
    drawn = figures.draw(simat)
    (axes,) = drawn.axes
    x = [point.lam for point in simat.curve]
    whole, subject, of_object = axes.lines[:3]
    for line, field in ((whole, "all"), (subject, "subject"), (of_object, "object")):
        found = [getattr(point.scores.test, field) for point in simat.curve]
        assert line.get_xdata().tolist() == x
        assert line.get_ydata().tolist() == [one.value for one in found]
    band = axes.collections[0].get_paths()[0].vertices
    for point in simat.curve:
        assert point.scores.test.all is not None
        for end in point.scores.test.all.ci or ():
            assert (point.lam, end) in set(map(tuple, band.tolist()))
    levels = {line.get_ydata()[0] for line in axes.lines[3:]}
    baselines = simat.baselines
    for one in (baselines.random, baselines.unchanged, baselines.text_alone):
        assert one.all is not None
        assert one.all.value in levels
    assert 100.0 not in levels
    figures.save(drawn, tmp_path / "curve.svg")
    said = texts(tmp_path / "curve.svg")
    for needed in ("all (n = 66)", "object (n = 30)", "text alone 16.0", "ceiling 100.0 ↑"):
        assert needed in said, needed
    assert "relation" not in said
    assert "40.5 at 1" in drawn.get_label()
    with pytest.raises(OptionError, match="one λ makes no curve"):
        figures.draw(replace(simat, curve=simat.curve[:1]))


def test_names_of_baselines_stand_apart(simat: result.SimatResult) -> None:
    near = replace(simat.baselines, text_alone=simat.baselines.unchanged)
    drawn = figures.draw(replace(simat, baselines=near))
    drawn.draw_without_rendering()
    # Without the lines that lead to them.
    boxes = [Text.get_window_extent(text) for text in drawn.axes[0].texts]
    assert len(boxes) == 5
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_word_pairs_have_their_success_counts_and_margins(
    simat: result.SimatResult, tmp_path: Path
) -> None:
    drawn = figures.word_pairs(simat, "subject")
    axes, _ = drawn.axes
    # By queries: cat 36, dog 24, and the odd one 12; behind a gap all.
    cells = axes.collections[0].get_array().filled(np.nan)
    whole = simat.scores.subject
    assert whole is not None
    np.testing.assert_allclose(
        cells,
        [
            [np.nan, 50, 75, np.nan, 60],
            [25, np.nan, np.nan, np.nan, 25],
            [np.nan] * 5,
            [np.nan] * 5,
            [25, 50, 75, np.nan, whole.value],
        ],
    )
    assert [text.get_text() for text in axes.get_xticklabels()] == ["cat", "dog", ODD, "all"]
    # Dog to cat, and both of its margins.
    assert sum(patch.get_hatch() is not None for patch in axes.patches) == 3
    figures.save(drawn, tmp_path / "pairs.svg")
    said = texts(tmp_path / "pairs.svg").split("|")
    for needed in ("50", "20", "75", "12", "4", "54", "36", ODD):
        assert needed in said, needed
    assert "from 25 with cat to 75" in drawn.get_label()
    with pytest.raises(OptionError, match="no test query of mini changes a relation"):
        figures.word_pairs(simat, "relation")


def test_of_many_words_those_in_most_queries_are_shown(simat: result.SimatResult) -> None:
    many = tuple(
        result.SimatPair("object", f"w{i:02}", f"w{i + 1:02}", 10 + i, 0.5, 0.05) for i in range(20)
    )
    drawn = figures.word_pairs(replace(simat, pairs=many), "object")
    names = [text.get_text() for text in drawn.axes[0].get_yticklabels()]
    assert names == [*(f"w{i:02}" for i in range(19, 4, -1)), "w20", "all"]
    assert "the 16 most asked of 21 words" in drawn.axes[0].get_title(loc="left")
    figure = drawn.axes[0].collections[0].get_array()
    assert figure[-1, -1] == pytest.approx(50)


def test_text_encoders_are_drawn_with_their_names(
    text_encoders: result.TextEncodersResult, tmp_path: Path
) -> None:
    drawn = figures.draw(text_encoders)
    figures.save(drawn, tmp_path / "encoders.svg")
    found = texts(tmp_path / "encoders.svg")
    for text in ("τ", "0.01", "ridge", "text frozen", "both trained", "random (control)"):
        assert text in found
    assert "minilm 22.1 with the text frozen at 0.1" in str(drawn.get_label())
    frozen, both = drawn.axes
    assert frozen.get_lines()[0].get_ydata().tolist() == [16.375, 22.125, 20.625]
    assert frozen.get_lines()[1].get_ydata().tolist() == [26.5]
    assert len(both.get_lines()) == 2


def test_one_temperature_stands_at_its_tick(text_encoders: result.TextEncodersResult) -> None:
    def only(study: result.HeadsResult) -> result.HeadsResult:
        return replace(study, best=0.1, points=study.points[1:2])

    alone = replace(
        text_encoders,
        encoders=tuple(
            replace(one, frozen=only(one.frozen), both=only(one.both))
            for one in text_encoders.encoders
        ),
    )
    drawn = figures.draw(alone)
    assert "τ = 0.1 is the only one tried" in str(drawn.get_label())
    for axes in drawn.axes:
        low, high = axes.get_xlim()
        assert low <= 0.1 / 2
        assert high >= 0.1 * 2
        across = [
            axes.transAxes.inverted().transform(axes.transData.transform((x, 0)))[0]
            for x in (
                0.1,
                *(line.get_xdata()[0] for line in axes.get_lines() if line.get_xdata()[0] < 0.2),
            )
        ]
        assert np.ptp(across) < 0.05
    score, _ = figures.draw(only(text_encoders.encoders[0].both)).axes
    # The interval, of which a band would have no width.
    assert score.collections[-1].get_segments()[0][:, 1].tolist() == [20.125, 25.125]


def test_points_lie_nearer_to_their_temperature_than_to_the_next(
    text_encoders: result.TextEncodersResult,
) -> None:
    def near(study: result.HeadsResult) -> result.HeadsResult:
        first, second, _ = study.points
        return replace(study, best=0.1, points=(replace(first, temperature=0.098), second))

    close = replace(
        text_encoders,
        encoders=tuple(
            replace(one, frozen=near(one.frozen), both=near(one.both))
            for one in text_encoders.encoders
        ),
    )
    lines = figures.draw(close).axes[1].get_lines()
    low, high = zip(*(line.get_xdata() for line in lines), strict=True)
    assert max(low) < min(high)
