"""Pages of SIMAT: figures where they belong, examples in pictures, and nothing that runs."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from html import unescape

import pytest

from embarith import result
from embarith.errors import OptionError
from embarith.report import document, html, render
from samples import ODD

pytest.importorskip("matplotlib", reason="figures need the extra report")


def test_a_page_has_figures_and_examples(simat: result.SimatResult) -> None:
    page = render([simat], "html")
    assert page.count("data:image/svg+xml;base64,") == 3
    assert page.count("<article") == 4
    assert page.count("✓ right") == 4
    assert page.count("✗ wrong") == 8
    assert "4 of 66 queries, drawn with seed 0, up to 2 of every field and outcome" in page
    assert "data:image/jpeg" not in page
    assert "drawn with seed" not in render([simat], "md")
    assert "](figures/" not in render([simat], "md")


def test_photographs_are_shown_wherever_they_are_named(simat: result.SimatResult) -> None:
    small = {"7.jpg": "QUJD", "1.jpg": "REVG", "unused.jpg": "R0hJ"}
    page = render([replace(simat, thumbnails=small)], "html")
    assert page.count("base64,QUJD") == 2
    assert page.count("base64,REVG") == 4
    assert "R0hJ" not in page


def test_words_names_and_thumbnails_are_escaped(simat: result.SimatResult) -> None:
    odd = replace(simat, thumbnails={"7.jpg": f'"><script>{ODD}'})
    page = render([odd], "html")
    assert re.findall(r"<script[^>]*>", page) == ["<script>"]
    assert "<img src=x" not in page
    assert unescape(page).count(f"<h4>cat → {ODD}</h4>") == 1
    kinds = re.findall(r'data-kinds="([^"]*)"', page)
    assert len(kinds) == 4


def test_score_and_recall_by_temperature_are_on_the_page(heads: result.HeadsResult) -> None:
    assert "data:image/svg+xml;base64," in render([heads], "html")


def test_figures_ask_for_matplotlib_and_notebooks_do_without(
    simat: result.SimatResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(OptionError, match=r"embarith\[report\]"):
        render([simat], "html")
    assert "image/svg" not in html.fragment(document([simat]))
    one = replace(simat, curve=simat.curve[:1])
    assert "Score against λ" not in render([one], "terminal")


def test_a_transformed_photograph_is_shown_with_its_answers() -> None:
    answers = (result.Retrieved("7.jpg", 0.9, True), result.Retrieved("8.jpg", 0.8, False))
    found = result.TransformResult(
        images="lite2",
        texts="minilm",
        heads="",
        image="7.jpg",
        value="cat",
        target=ODD,
        lam=1.0,
        retrieved=answers,
        thumbnails={"8.jpg": "QUJD"},
    )
    page = render([found], "html")
    assert page.count("<article") == 1
    assert page.count("base64,QUJD") == 1
    assert "<script>" not in page
    assert "<select>" not in page
    assert "<article" not in render([replace(found, thumbnails={})], "html")
