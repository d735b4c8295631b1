"""The page of a SIMAT score in a real Chromium: filters, photographs, nothing loaded or run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import samples
from embarith.experiments.thumbnails import illustrated
from embarith.photos import read_collection
from embarith.report import render
from samples import ODD

pytest.importorskip("matplotlib", reason="figures need the extra report")


@pytest.fixture
def page(chromium: Any, shared: Path, tmp_path: Path) -> Iterator[Any]:
    """The page of hostile words, opened from its file; it may ask for nothing else."""
    made = samples.simat()
    names = {name for one in made.examples for name in (one.image, *one.retrieved)}
    photographs = read_collection(shared / "photos").images[: len(names)]
    for name, photograph in zip(sorted(names), photographs, strict=True):
        shutil.copy(shared / "photos" / photograph, tmp_path / name)
    file = tmp_path / "page.html"
    file.write_text(render([illustrated(made, tmp_path)], "html"), encoding="utf-8")
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    asked: list[str] = []
    faults: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda fault: faults.append(str(fault)))
    opened.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    opened.goto(file.as_uri())
    yield opened
    context.close()
    assert [url for url in asked if not url.startswith("data:image/")] == [file.as_uri()]
    assert faults == []


def shown(page: Any) -> list[str]:
    return page.locator("article:visible h4").all_inner_texts()


def test_examples_are_filtered_by_field_word_and_outcome(page: Any) -> None:
    every = [f"cat → {ODD}", "cat → dog", "dog → cat", "bench → bed"]
    box = page.locator(".gallery")
    count = box.locator("output")
    assert shown(page) == every
    assert count.inner_text() == "4 of 4"
    field, word, outcome = (box.get_by_label(name) for name in ("field", "word", "outcome"))
    words = word.locator("option").all_inner_texts()
    assert words == ["all", *sorted(["bed", "bench", "cat", "dog", ODD])]
    field.select_option("subject")
    assert shown(page) == every[:3]
    word.select_option("dog")
    assert shown(page) == every[1:3]
    outcome.select_option("right")
    assert shown(page) == []
    assert count.inner_text() == "0 of 4"
    word.select_option(ODD)
    assert shown(page) == every[:1]
    for control in (field, word, outcome):
        control.select_option("")
    assert shown(page) == every


def test_photographs_and_their_outcomes_are_seen(page: Any) -> None:
    images = page.locator("article img")
    assert images.count() == 16
    assert images.evaluate_all("all => all.every(one => one.complete && one.naturalWidth > 40)")
    first = page.locator("article").first.locator("figcaption").all_inner_texts()
    assert first[0] == "photograph\n7.jpg"
    assert first[1] == "✓ right .900\n1.jpg"
    assert first[2] == '✗ wrong .800\n"><img src=x onerror=alert(2)>.jpg'
    assert page.locator("script").count() == 1
    figures = page.locator("figure > .wide > img[src^='data:image/svg']")
    assert figures.count() == 3
    assert figures.evaluate_all("all => all.every(one => one.naturalWidth > 400)")
    assert all(figures.nth(at).get_attribute("alt") for at in range(3))


def test_the_listing_beside_is_filtered_by_itself(page: Any) -> None:
    page.locator("summary").click()
    listing = page.locator("details")
    listing.get_by_label("Filter lines").fill("DOG cat")
    assert listing.locator("tbody tr:visible").count() == 2
    assert listing.locator("output").inner_text() == "2 of 4"
    assert len(shown(page)) == 4


def test_a_narrow_page_scrolls_what_is_wide_by_itself(page: Any) -> None:
    page.set_viewport_size({"width": 420, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 420
    # Of a figure that is drawn smaller nobody can read the letters.
    widths = page.locator("figure .wide img").evaluate_all("all => all.map(one => one.width)")
    assert min(widths) == 570
    for label in page.locator(".filters label").all():
        control = label.locator("select")
        assert abs(label.bounding_box()["y"] - control.bounding_box()["y"]) < 20
