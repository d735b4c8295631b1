"""The page for judging photographs, by keyboard in a real Chromium, on real photographs."""

from __future__ import annotations

import http.client
import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from embarith.photos import dropped, read_collection, read_words

Start = Callable[..., Any]


def entries(home: Path, reviewer: str = "anna") -> list[dict[str, Any]]:
    """The lines of a reviewer's file."""
    lines = (home / "reviews" / f"{reviewer}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def said(home: Path, reviewer: str = "anna") -> list[str]:
    return [one["verdict"] for one in entries(home, reviewer)]


def visit(page: Any, url: str) -> None:
    page.goto(url)
    page.wait_for_selector("body[data-ready]")


def press(page: Any, keys: str) -> None:
    """Press keys 40 ms apart; `>` and `<` are the arrows."""
    for key in keys:
        page.keyboard.press({">": "ArrowRight", "<": "ArrowLeft"}.get(key, key))
        page.wait_for_timeout(40)


def until_saved(page: Any) -> None:
    for _ in range(200):
        if page.inner_text("#saved") == "All saved":
            return
        page.wait_for_timeout(50)
    raise AssertionError(page.inner_text("#saved"))


def test_ten_keys_in_a_row_are_ten_verdicts(collection: Path, start: Start, page: Any) -> None:
    visit(page, start(collection).url)
    press(page, "kkdkknkkkkk")
    until_saved(page)
    words = read_words(collection / "words.csv")
    judged = [(word, image) for word in ("apple", "banana") for image in words[word][:5]]
    assert [(one["word"], one["image"]) for one in entries(collection)] == judged
    assert said(collection) == ["drop" if at == 2 else "keep" for at in range(10)]


def test_it_goes_on_where_one_stopped(collection: Path, start: Start, page: Any) -> None:
    server = start(collection)
    visit(page, server.url)
    assert page.inner_text("h1") == "apple"
    assert page.inner_text("#sense") == "searched for as “apple fruit”"
    assert "fruit & <more>" in page.inner_text("header")
    press(page, "kkdkkkkk")
    assert page.inner_text("#words-done") == "1 of 5"
    press(page, "n")
    assert page.inner_text("h1") == "banana"
    press(page, "kd")
    until_saved(page)
    page.close()
    code, last = server.stop()
    assert code == 0
    assert last == (
        "10 of 40 photographs judged, 2 of them dropped; 1 of 5 words done. "
        f"Kept in {collection / 'reviews' / 'anna.jsonl'}.\n"
    )


def test_reopened_it_shows_what_was_judged(collection: Path, start: Start, page: Any) -> None:
    server = start(collection)
    visit(page, server.url)
    press(page, "n" + "kd")
    until_saved(page)
    server.stop()
    visit(page, start(collection).url)
    assert page.inner_text("h1") == "banana"
    assert page.inner_text("#place") == "3 of 8"
    assert page.inner_text("#photos-done") == "2 of 40"
    names = [box.get_attribute("aria-label") for box in page.query_selector_all("[role=option]")]
    assert names[:3] == [
        "Photograph 1 of 8, kept.",
        "Photograph 2 of 8, dropped.",
        "Photograph 3 of 8, not judged.",
    ]
    assert len(names) == 8


def test_killed_in_between_nothing_is_lost(collection: Path, start: Start, page: Any) -> None:
    server = start(collection)
    visit(page, server.url)
    press(page, "kk")
    until_saved(page)
    server.stop(signal.SIGKILL)
    # What is given now waits in the page, which says so, until the server is back.
    press(page, "dkku")
    page.wait_for_selector("#trouble:not([hidden])")
    assert "not saved: the server does not answer" in page.inner_text("#trouble")
    assert page.inner_text("#saved") == "4 not yet saved"
    assert said(collection) == ["keep", "keep"]
    start(collection, port=server.port)
    until_saved(page)
    assert page.is_hidden("#trouble")
    assert said(collection) == ["keep", "keep", "drop", "keep", "keep", "undo"]
    press(page, "d")
    until_saved(page)
    visit(page, server.url)
    marks = [box.get_attribute("class") for box in page.query_selector_all("[role=option]")]
    assert [mark.replace("photo", "").strip() for mark in marks[:6]] == [
        *("keep", "keep", "drop", "keep", "drop", "now")
    ]


def test_undo_goes_back_to_what_it_takes_back(collection: Path, start: Start, page: Any) -> None:
    visit(page, start(collection).url)
    press(page, "u")
    assert page.inner_text("#said") == "No verdict to take back."
    press(page, "kd" + "n" + "kk" + "<" + "d")
    press(page, "u")
    assert page.inner_text("#verdict") == "kept"
    press(page, "uu")
    assert page.inner_text("h1") == "banana"
    assert page.inner_text("#place") == "1 of 8"
    press(page, "u")
    assert page.inner_text("h1") == "apple"
    assert page.inner_text("#place") == "2 of 8"
    assert page.inner_text("#verdict") == "not judged"
    assert page.inner_text("#photos-done") == "1 of 40"
    until_saved(page)
    assert said(collection) == ["keep", "drop", "keep", "keep", "drop", *["undo"] * 4]
    assert dropped(collection) == frozenset()


def test_two_reviewers(collection: Path, start: Start, page: Any) -> None:
    for reviewer, keys in (("anna", "kdkkkkkk"), ("ben", "ddkkkkkk")):
        server = start(collection, reviewer=reviewer)
        visit(page, server.url)
        press(page, keys)
        until_saved(page)
        assert reviewer in page.inner_text("header")
        server.stop()
    images = read_words(collection / "words.csv")["apple"]
    assert dropped(collection) == {("apple", images[0]), ("apple", images[1])}
    assert read_collection(collection).words["apple"] == images[2:]


def test_two_windows_of_one_review(collection: Path, start: Start, page: Any) -> None:
    server = start(collection)
    visit(page, server.url)
    other = page.context.new_page()
    visit(other, server.url)
    press(page, "kk")
    until_saved(page)
    press(other, "d")
    until_saved(other)
    assert other.inner_text("#photos-done") == "2 of 40"
    assert other.inner_text("#said").startswith("Another window has given verdicts too")
    press(other, "u")
    until_saved(other)
    assert said(collection) == ["keep", "keep", "drop", "undo"]
    assert [box.get_attribute("class") for box in other.query_selector_all("[role=option]")][
        :2
    ] == ["photo keep now", "photo keep"]


def test_it_can_be_used_without_a_pointer_or_eyes(
    collection: Path, start: Start, page: Any
) -> None:
    visit(page, start(collection).url)
    listbox = page.get_by_role("listbox", name="Photographs of apple")
    assert listbox.evaluate("box => box === document.activeElement")
    press(page, ">")
    assert listbox.get_by_role("option", selected=True).get_attribute("aria-label") == (
        "Photograph 2 of 8, not judged."
    )
    assert listbox.get_attribute("aria-activedescendant") == "photo-1"
    press(page, "k")
    assert page.get_by_role("status").inner_text() == ("2 kept. Photograph 3 of 8, not judged.")
    for name in ("K Keep", "D Drop", "U Undo", "Previous photograph", "N Next word"):
        assert page.get_by_role("button", name=name).is_visible()
    page.get_by_role("button", name="D Drop").focus()
    page.keyboard.press("Enter")
    until_saved(page)
    assert said(collection) == ["keep", "drop"]
    page.get_by_role("checkbox", name="Letter keys").uncheck()
    press(page, "k>")
    until_saved(page)
    assert said(collection) == ["keep", "drop"]
    assert page.inner_text("#place") == "5 of 8"
    page.get_by_role("combobox", name="Go to").select_option(index=4)
    assert page.inner_text("h1") == "horse"
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert not page.is_checked("#keys")


def test_letters_held_down_judge_once(collection: Path, start: Start, page: Any) -> None:
    visit(page, start(collection).url)
    for _ in range(5):
        page.keyboard.down("k")
    page.keyboard.up("k")
    until_saved(page)
    assert said(collection) == ["keep"]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(collection: Path, start: Start, page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    visit(page, start(collection).url)
    press(page, "k<")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (luminance(ground) < 0.1) == (scheme == "dark")
    found = page.evaluate(
        """() => ['h1', '#sense', '#place', '#verdict', '#photos-done', '#keep', '#keep kbd',
            '#drop kbd', '.facts', '#saved', 'kbd'].map((name) => {
          const element = document.querySelector(name);
          let behind = element;
          while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') {
            behind = behind.parentElement;
          }
          return [name, getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];
        })"""
    )
    for name, colour, behind in found:
        low, high = sorted((luminance(colour), luminance(behind)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (name, colour, behind)


def test_outliers_come_first_with_a_table(
    collection: Path, start: Start, page: Any, tmp_path: Path
) -> None:
    import numpy as np

    from embarith.table import EmbeddingTable

    images = read_words(collection / "words.csv")["apple"]
    vectors = np.tile(np.array([[1, 0]], np.float32), (8, 1))
    vectors[5] = [0, 1]
    EmbeddingTable.from_arrays(images, vectors).save(tmp_path / "photos.arrow")
    visit(page, start(collection, "--table", str(tmp_path / "photos.arrow")).url)
    assert page.inner_text("#image") == images[5]
    assert page.inner_text("#likeness") == "mean cosine to the others 0.000"


def test_questions_are_shown(collection: Path, start: Start, page: Any, tmp_path: Path) -> None:
    questions = tmp_path / "mine.tsv"
    questions.write_text("fruit\tapple\tfurniture\tchair\tclass\n")
    visit(page, start(collection, "--questions", str(questions)).url)
    assert page.inner_text("#questions") == "fruit : apple :: furniture : chair"
    assert page.inner_text("#questions b") == "apple"
    press(page, "n")
    assert page.inner_text("#questions") == ""


def test_what_cannot_be_shown_says_so(collection: Path, start: Start, page: Any) -> None:
    with (collection / "words.csv").open("a") as file:
        file.write("apple,8,absent.jpg,\napple,9,words.csv,\n")
    visit(page, start(collection).url)
    page.keyboard.press("End")
    page.wait_for_selector("#view.lost")
    assert len(page.query_selector_all(".photo.lost")) == 2
    press(page, "d")
    until_saved(page)
    assert entries(collection)[0]["image"] == "words.csv"


def ask(
    server: Any, method: str, path: str, **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", int(server.port), timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = named.pop("body", "").encode()
    try:
        connection.request(method, path, body, named)
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()


def test_only_this_machine_is_served(collection: Path, start: Start) -> None:
    server = start(collection)
    status, headers, page = ask(server, "GET", "/")
    assert status == 200
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert b"fruit &amp; &lt;more&gt;" in page
    assert re.findall(rb"https?://", page) == []
    for host in ("example.org", "example.org:80", "127.0.0.1.example.org", ""):
        assert ask(server, "GET", "/", host=host)[0] == 400
        assert ask(server, "GET", "/state", host=host)[0] == 400
    assert ask(server, "GET", "/", host=f"localhost:{server.port}")[0] == 200


def test_photographs_are_served_by_number_alone(collection: Path, start: Start) -> None:
    server = start(collection)
    state = json.loads(ask(server, "GET", "/state")[2])
    run = state["run"]
    one = state["words"][0]["photos"][1]
    status, headers, body = ask(server, "GET", f"/photo/{run}/{one['number']}")
    assert (status, headers["content-type"]) == (200, "image/jpeg")
    assert body == (collection / one["image"]).read_bytes()
    for path in (
        f"/photo/{run}/40",
        f"/photo/{run}/-1",
        f"/photo/{run}/..%2fwords.csv",
        f"/photo/{run}/../words.csv",
        "/photo/00000000/0",
        "/words.csv",
        "/static/../review.py",
        "/static/..%2freview.py",
        f"/{one['image']}",
    ):
        assert ask(server, "GET", path)[0] == 404, path


def test_what_changes_takes_the_token_of_this_run(collection: Path, start: Start) -> None:
    server = start(collection)
    state = json.loads(ask(server, "GET", "/state")[2])
    image = state["words"][0]["photos"][0]["image"]
    verdict = json.dumps({"word": "apple", "image": image, "verdict": "drop"})
    for token in ({}, {"x_embarith_token": "guessed"}):
        assert ask(server, "POST", "/verdict", body=verdict, **token)[0] == 403
        assert ask(server, "POST", "/undo", body='{"standing":1}', **token)[0] == 403
    assert entries(collection) == []
    token = {"x_embarith_token": state["token"]}
    assert ask(server, "POST", "/verdict", body=verdict, host="evil.example", **token)[0] == 400
    for body in ("", "[]", "{}", verdict.replace("drop", "burn"), verdict.replace("apple", "car")):
        assert ask(server, "POST", "/verdict", body=body, **token)[0] == 400, body
    assert entries(collection) == []
    assert ask(server, "POST", "/verdict", body=verdict, **token)[2] == b'{"standing":1}'
    # Come again because the answer was lost, neither counts twice.
    assert ask(server, "POST", "/verdict", body=verdict, **token)[2] == b'{"standing":1}'
    for _ in range(2):
        assert ask(server, "POST", "/undo", body='{"standing":1}', **token)[2] == b'{"standing":0}'
    assert said(collection) == ["drop", "undo"]


def test_terminated_it_ends_with_a_summary_too(collection: Path, start: Start) -> None:
    code, last = start(collection).stop(signal.SIGTERM)
    assert code == 143
    assert last.startswith("0 of 40 photographs judged")
