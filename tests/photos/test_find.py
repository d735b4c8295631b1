"""Photographs found through both APIs, whatever their servers and files do."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from email.utils import formatdate
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import photoserver
from embarith.cli import main
from embarith.encoders.image import MAX_PIXELS
from embarith.errors import DataError, FormatError, OptionError
from embarith.photos import client, finding, read_collection, read_photographs
from embarith.photos.checking import Checked, check
from embarith.photos.finding import find, read_terms
from photoserver import Server, found, offer, page

Some = Callable[[int, int], list[bytes]]


def lists(home: Path) -> tuple[bytes, bytes]:
    return (home / "words.csv").read_bytes(), (home / "images.csv").read_bytes()


def files(home: Path) -> list[str]:
    return sorted(
        str(file.relative_to(home)) for file in home.rglob("*") if file.name != "found.jsonl"
    )


def faults(checked: Checked) -> int:
    return len(checked.missing) + len(checked.damaged) + len(checked.unlisted)


def recoded(data: bytes, scale: float = 0.5, quality: int = 60) -> bytes:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    image = image.resize((round(image.width * scale), round(image.height * scale)))
    return encoded(image, quality=quality)


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def test_both_sources_in_turn_become_a_collection(
    server: Server, photographs: Some, tmp_path: Path
) -> None:
    server.split = True
    bodies = photographs(0, 70)
    offer(server, "dog", bodies)
    progress = []
    made = find(
        {"dog": "dog"},
        tmp_path / "a" / "b",
        per_word=55,
        contact="me@example.org",
        progress=lambda *at: progress.append(at),
    )
    home = tmp_path / "a" / "b"
    collection, records = read_collection(home), read_photographs(home)
    # 35 of Openverse: a page of 20, then the other 15 after the first page of Commons, also 35.
    sums = [hashlib.sha256(bodies[at]).hexdigest() for at in (*range(0, 40, 2), *range(1, 70, 2))]
    assert [records[image].sha256 for image in collection.words["dog"]] == sums
    assert all(
        hashlib.sha256((home / image).read_bytes()).hexdigest() == record.sha256
        for image, record in records.items()
    )
    first, last = (records[collection.words["dog"][at]] for at in (0, -1))
    assert (first.source, first.title, first.creator) == ("openverse", "dog 0", "Ada")
    assert (first.licence, first.licence_url) == (
        "CC BY 2.0",
        "https://creativecommons.org/licenses/by/2.0/",
    )
    assert (first.page, first.url) == ("https://photos.example/1", server.url("/files/dog-0"))
    assert (last.source, last.title, last.creator) == ("commons", "Picture 69", "Bo & Co")
    assert (last.licence, last.width, last.height) == ("CC BY-SA 4.0", 224, 224)
    assert last.page == "https://commons.wikimedia.org/wiki/File:Picture_69.jpg"
    assert (home / "words.csv").read_text().splitlines()[:2] == [
        "word,rank,image,kind,query",
        f"dog,0,{first.image},search,dog",
    ]
    assert made.words == (finding.FoundWord("dog", "dog", 55, 55, {}, more=True),)
    # One page of Openverse and one of Commons in two parts; not a photograph more than was wanted.
    assert (made.searched, made.fetched, len(server.asked("/files"))) == (2, 55, 55)
    assert len(server.asked("/v1")) == 1
    assert len(server.asked("/w")) == 2
    assert progress[-1] == ("photographs", 55, 55)
    (agent,) = server.agents
    assert agent.startswith("embarith/")
    assert "(me@example.org)" in agent
    checked = check(home, per_word=55)
    assert faults(checked) == 0
    assert not checked.short


def test_a_finished_run_asks_for_nothing_again(
    server: Server, photographs: Some, tmp_path: Path
) -> None:
    offer(server, "cat", photographs(0, 12))
    find({"cat": "cat"}, tmp_path, per_word=5)
    before, asked = lists(tmp_path), len(server.seen)
    again = find({"cat": "cat"}, tmp_path, per_word=5)
    assert (again.searched, again.fetched, len(server.seen)) == (0, 0, asked)
    assert lists(tmp_path) == before
    # More photographs are those, and more.
    more = find({"cat": "cat"}, tmp_path, per_word=8)
    assert (more.searched, more.fetched) == (1, 3)
    five = before[0].decode().splitlines()
    assert (tmp_path / "words.csv").read_text().splitlines()[:6] == five


def test_a_word_is_searched_by_its_sense(server: Server, photographs: Some, tmp_path: Path) -> None:
    offer(server, "apple fruit", photographs(0, 3))
    (tmp_path / "words.txt").write_text("apple\tapple fruit\r\n\nice_cream\n")
    assert read_terms(tmp_path / "words.txt") == {"apple": "apple fruit", "ice_cream": "ice cream"}
    words = ["images", "find", str(tmp_path / "words.txt"), "-o", str(tmp_path / "out")]
    outcome = CliRunner().invoke(main, [*words, "--per-word", "3"])
    assert outcome.exit_code == 0, outcome.stderr
    rows = (tmp_path / "out" / "words.csv").read_text().splitlines()
    assert [
        row.split(",")[0] + row.rpartition(",")[1] + row.rpartition(",")[2] for row in rows
    ] == [
        "word,query",
        *["apple,apple fruit"] * 3,
    ]
    assert "there is no more" in outcome.stdout
    assert "3 photographs; 1 of 2 words have 3; 3 fetched now" in outcome.stderr
    outcome = CliRunner().invoke(main, [*words, "--per-word", "3", "--json"])
    assert [json.loads(line) for line in outcome.stdout.splitlines()] == [
        {
            "word": "apple",
            "term": "apple fruit",
            "photographs": 3,
            "results": 3,
            "left_out": {},
            "more": True,
        },
        {
            "word": "ice_cream",
            "term": "ice cream",
            "photographs": 0,
            "results": 0,
            "left_out": {},
            "more": False,
        },
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no words"),
        ("a\nb\na\n", r"words.txt:3: word 'a' stands there twice"),
        ("a\tb\tc\n", r"words.txt:1: .*expected a word"),
        ("a\t\n", r"words.txt:1: .*expected a word"),
        ("\tb\n", r"words.txt:1: .*expected a word"),
    ],
)
def test_faults_of_a_list_of_words_are_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text(text)
    with pytest.raises(FormatError, match=message):
        read_terms(tmp_path / "words.txt")


# -- what is left out ----------------------------------------------------------------------------


def test_what_is_no_open_photograph_is_left_out_and_counted(
    server: Server, photographs: Some, tmp_path: Path
) -> None:
    good = photographs(0, 5)
    small = encoded(Image.open(io.BytesIO(good[0])).resize((63, 200)))
    bomb = encoded(Image.new("1", (MAX_PIXELS // 10_000 + 1, 10_000)), "PNG")
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n"
    serve = server.serve
    server.openverse["x"] = [
        found(serve("nc", good[1]), license="by-nc"),
        found("javascript:alert(1)"),
        found("file:///etc/passwd"),
        found(server.url("/files/none")),
        found(serve("page", b"<html>not here</html>")),
        found(serve("empty", b"")),
        found(serve("half", good[1][: len(good[1]) // 2])),
        found(serve("small", small), width=1024, height=768),
        found(serve("bomb", bomb)),
        found(serve("eps", postscript)),
        found(serve("gif", encoded(Image.new("RGB", (99, 99)), "GIF"))),
        found(serve("good", good[2]), license="cc0", license_version="1.0", creator=None),
        found(server.url("/files/good")),
        found("http://[bad/"),
    ]
    server.commons["x"] = [
        page(serve("fal", good[3]), 1, LicenseShortName="FAL"),
        page(serve("nd", good[3]), 2, LicenseShortName="CC BY-ND 4.0"),
        page(serve("svg", good[3]), 3, mime="image/svg+xml"),
        page(serve("pd", good[4]), 4, LicenseShortName="Public domain", LicenseUrl=""),
    ]
    made = find({"x": "x"}, tmp_path, per_word=9)
    assert dict(made.words[0].left_out) == {
        "licence not open": 3,
        "no address": 3,
        "not to be had": 1,
        "no photograph": 5,
        "damaged": 2,
        "too small": 1,
    }
    records = read_photographs(tmp_path)
    assert [(one.licence, one.creator) for one in records.values()] == [
        ("CC0 1.0", ""),
        ("Public domain", "Bo & Co"),
    ]
    # One result came twice, and is counted and fetched once.
    assert made.words[0].results == 18
    assert len(server.asked("/files/good")) == 1
    assert not server.asked("/files/nc")
    assert sum(made.words[0].left_out.values()) + 2 + 1 == made.words[0].results
    journal = (tmp_path / "found.jsonl").read_text()
    for said in ("178,956,970 pixels", "63 × 200 pixels", "the server answers 404", "%!PS"):
        assert said in journal
    assert not check(tmp_path).unlisted


def test_copies_are_taken_once_also_across_words(
    server: Server, photographs: Some, tmp_path: Path
) -> None:
    one, two, three, four = photographs(0, 4)
    serve = server.serve
    server.openverse["cup"] = [found(serve("a", one)), found(serve("b", recoded(one)))]
    server.openverse["mug"] = [
        found(server.url("/files/a")),
        found(serve("c", one)),
        found(serve("d", recoded(one, 2, 90))),
        found(serve("e", two)),
        found(serve("f", three)),
        found(serve("g", four)),
    ]
    made = find({"cup": "cup", "mug": "mug"}, tmp_path, per_word=3)
    assert [one.photographs for one in made.words] == [1, 3]
    assert [dict(one.left_out) for one in made.words] == [
        {"copy": 1},
        {"copy of another word's": 3},
    ]
    # The same address is fetched once for all words, and copies do not stay.
    assert sorted(server.asked("/files")) == [f"/files/{name}" for name in "abcdefg"]
    assert len(files(tmp_path)) == 3 + 4
    asked = len(server.seen)
    find({"cup": "cup", "mug": "mug"}, tmp_path, per_word=3)
    assert len(server.seen) == asked
    # In another order the first word takes what it finds.
    find({"mug": "mug", "cup": "cup"}, tmp_path, per_word=3)
    checked = check(tmp_path, per_word=3)
    assert not checked.missing
    assert set(read_collection(tmp_path).words) == {"mug"}
    # What was fetched for more is kept, for when it is wanted again.
    assert len(checked.unlisted) == 1
    assert len(server.seen) == asked


def test_a_copy_that_is_one_no_more_is_fetched_again(
    server: Server, photographs: Some, tmp_path: Path
) -> None:
    one, two = photographs(0, 2)
    first, second = server.serve("a", one), server.serve("b", recoded(one))
    server.openverse["cup"] = [found(first)]
    server.openverse["mug"] = [found(second), found(server.serve("c", two))]
    find({"cup": "cup", "mug": "mug"}, tmp_path)
    assert len(list((tmp_path / "photos").iterdir())) == 2
    find({"mug": "mug", "cup": "cup"}, tmp_path)
    assert next(iter(read_photographs(tmp_path).values())).url == second
    assert server.asked("/files/b") == ["/files/b"] * 2
    assert faults(check(tmp_path)) == 0


def test_hostile_texts_and_names_stay_texts(
    server: Server, photographs: Some, tmp_path: Path
) -> None:
    names = ["..%2F..%2Fevil.php", "a" * 900 + ".exe"]
    titles = [
        '=cmd|"/c calc"!A1,"\n\r\x00 \u202egnp.exe <script>alert(1)</script>' + "x" * 5000,
        "\ud800",
    ]
    server.openverse["x"] = [
        found(
            server.serve(name, body),
            title=title,
            creator='<img src=x onerror="alert(2)">',
            license_url="javascript:alert(3)",
            foreign_landing_url="data:text/html,<script>alert(4)</script>",
        )
        for name, title, body in zip(names, titles, photographs(0, 2), strict=True)
    ]
    server.commons["x"] = [
        page(
            server.serve("c", photographs(2, 1)[0]),
            1,
            Artist="<style>a{}</style>&lt;script&gt;alert(5)&lt;/script&gt; <b>Bo</b>",
        )
    ]
    find({"x": "x"}, tmp_path, per_word=3)
    assert all(
        name in ("words.csv", "images.csv", "photos") or finding._NAME.fullmatch(Path(name).name)
        for name in files(tmp_path)
    )
    records = list(read_photographs(tmp_path).values())
    assert records[0].title.startswith('=cmd|"/c calc"!A1," gnp.exe <script>alert(1)</script>xx')
    assert (len(records[0].title), records[1].title) == (300, "")
    assert (records[0].licence_url, records[0].page) == ("", "")
    assert records[2].creator == "<script>alert(5)</script> Bo"
    outcome = CliRunner().invoke(
        main, ["images", "check", str(tmp_path), "--attribution", str(tmp_path / "by.html")]
    )
    assert outcome.exit_code == 0
    html = (tmp_path / "by.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert "<img" not in html
    assert "javascript:" not in html
    assert "&lt;script&gt;alert(1)" in html


# -- what servers do -----------------------------------------------------------------------------


def test_what_fails_in_passing_is_asked_again(
    server: Server, photographs: Some, tmp_path: Path
) -> None:
    offer(server, "x", photographs(0, 6))
    server.plan = {
        "/v1/images/": ["429 0", "503"],
        "/w/api.php": ["500"],
        "/files/x-0": ["cut", "cut"],
        "/files/x-1": ["503", "429 0", "cut"],
        "/files/x-2": ["408"],
    }
    made = find({"x": "x"}, tmp_path, per_word=6)
    assert (made.words[0].photographs, dict(made.words[0].left_out)) == (6, {})
    assert len(server.asked("/files/x-0")) == 3
    assert len(server.asked("/files/x-1")) == 4
    assert not check(tmp_path, per_word=6).damaged


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_host_gets_the_wait_it_asks_for_from_all_threads(
    server: Server,
    photographs: Some,
    tmp_path: Path,
    form: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offer(server, "x", photographs(0, 8))
    waits = {"seconds": "1", "date": formatdate(time.time() + 2.5, usegmt=True)}
    server.plan = {"/v1/images/": [f"429 {waits[form]}"]}
    find({"x": "x"}, tmp_path, per_word=4)
    times = [at for path, at in server.seen]
    assert times[1] - times[0] >= 1.0
    # Downloads on four threads keep the distance to one host.
    monkeypatch.setattr(client, "PAUSE", 0.1)
    find({"x": "x"}, tmp_path, per_word=8)
    files = [at for path, at in server.seen if path.startswith("/files")][-4:]
    assert all(later - earlier > 0.08 for earlier, later in pairwise(files))


def test_a_search_that_is_closed_for_today_keeps_what_was_found(
    server: Server, photographs: Some, tmp_path: Path
) -> None:
    terms = {"one": "one", "two": "two", "three": "three"}
    for number, term in enumerate(terms):
        offer(server, term, photographs(6 * number, 6))
    whole = tmp_path / "whole"
    find(terms, whole, per_word=6)
    part = tmp_path / "part"
    server.plan = {"/w/api.php": ["", "429 40000"]}
    with pytest.raises(
        DataError,
        match=r"searching commons for 'two': the server answers 429 \(Request was throttled.\) and "
        r"asks to wait 11.1 h. What was found is kept",
    ):
        find(terms, part, per_word=6)
    counts = {word: len(images) for word, images in read_collection(part).words.items()}
    assert counts == {"one": 6}
    assert not check(part).missing
    find(terms, part, per_word=6)
    assert lists(part) == lists(whole)
    assert files(part) == files(whole)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("404", "searching openverse for 'x': the server answers 404"),
        ("500", "the server answers 500, 5 times in a row"),
        ("to http://127.0.0.1:1/", "no connection, or it was lost, 5 times in a row"),
    ],
)
def test_a_search_without_answer_is_an_error(
    server: Server, tmp_path: Path, answer: str, message: str
) -> None:
    server.plan = {"/v1/images/": [answer] * 9}
    with pytest.raises(DataError, match=message):
        find({"x": "x"}, tmp_path, per_word=6)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"results": 1}', b"[" * 100_000])
def test_an_answer_that_is_not_as_documented(server: Server, tmp_path: Path, body: bytes) -> None:
    server.plan = {"/v1/images/": [f"to {server.serve('odd', body)}"]}
    with pytest.raises(DataError, match=r"no JSON|not answer as its documentation says"):
        find({"x": "x"}, tmp_path)


def test_an_error_of_commons_is_told(server: Server, tmp_path: Path) -> None:
    body = b'{"error": {"code": "ratelimited", "info": "You have exceeded your rate limit."}}'
    server.plan = {"/w/api.php": [f"to {server.serve('odd', body)}"]}
    with pytest.raises(DataError, match="refuses the search for 'x': You have exceeded"):
        find({"x": "x"}, tmp_path)


def test_redirects_to_other_hosts_and_in_circles(
    server: Server, photographs: Some, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_BYTES", 1 << 20)
    with photoserver.running() as other:
        good = photographs(0, 1)[0]
        target = other.serve("elsewhere", good)
        server.openverse["x"] = [found(server.url(f"/files/{name}")) for name in "abcd"]
        server.plan = {
            "/files/a": [f"to {target}"],
            "/files/b": [f"to {server.url('/files/b')}"] * 20,
            "/files/c": ["to file:///etc/passwd"],
            "/files/d": ["endless"],
        }
        server.bodies["/files/d"] = b""
        made = find({"x": "x"}, tmp_path, per_word=4)
    assert made.words[0].photographs == 1
    (record,) = read_photographs(tmp_path).values()
    assert record.sha256 == hashlib.sha256(good).hexdigest()
    assert record.url == server.url("/files/a")
    journal = (tmp_path / "found.jsonl").read_text()
    for said in ("too many redirects", "the address is none", "larger than 1 MiB"):
        assert said in journal


def test_no_stranger_leads_into_the_local_network(
    server: Server, photographs: Some, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with photoserver.running() as inner:
        secret = inner.serve("secret", photographs(0, 1)[0]).replace("127.0.0.1", "localhost")
        server.openverse["x"] = [found(secret), found(server.url("/files/a"))]
        server.plan = {"/files/a": [f"to {secret}"]}
        made = find({"x": "x"}, tmp_path, per_word=2)
        assert dict(made.words[0].left_out) == {"not to be had": 2}
        assert inner.seen == []
    journal = (tmp_path / "found.jsonl").read_text()
    assert journal.count("localhost is no public address, but 127.0.0.1") == 2


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("::ffff:93.184.216.34", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.20.0.1", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("::1", False),
        ("fd00::1", False),
        ("fe80::1%eth0", False),
        ("::ffff:192.168.0.1", False),
    ],
)
def test_what_is_a_public_address(address: str, public: bool) -> None:
    class Connected:
        closed = False

        def getpeername(self) -> tuple[str, int]:
            return address, 443

        def close(self) -> None:
            self.closed = True

    connected = Connected()
    if public:
        assert client._public(connected, "x.example", ()) is connected
    else:
        assert client._public(connected, "x.example", {"x.example"}) is connected
        with pytest.raises(client.LostError, match=r"x\.example is no public address"):
            client._public(connected, "x.example", {"y.example"})
    assert connected.closed != public


@pytest.mark.parametrize("what", ["drip", "drip headers"])
def test_a_host_that_sends_byte_after_byte_is_left_in_time(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(client, "LONGEST", 0.6)
    server.openverse["x"] = [found(server.serve("a", b""))]
    server.plan = {"/files/a": [what]}
    started = time.monotonic()
    made = find({"x": "x"}, tmp_path, per_word=1)
    assert time.monotonic() - started < 6
    assert dict(made.words[0].left_out) == {"not to be had this time": 1}
    assert len(server.asked("/files/a")) == 1


def test_what_could_not_be_had_this_time_is_asked_for_by_the_next_run(
    server: Server, photographs: Some, tmp_path: Path
) -> None:
    offer(server, "x", photographs(0, 3))
    server.plan = {"/files/x-0": ["503"] * client.ATTEMPTS}
    made = find({"x": "x"}, tmp_path, per_word=3)
    assert dict(made.words[0].left_out) == {"not to be had this time": 1}
    made = find({"x": "x"}, tmp_path, per_word=3)
    assert made.words[0].photographs == 3


def test_a_host_that_asks_for_a_long_wait_is_left_alone(
    server: Server, photographs: Some, tmp_path: Path
) -> None:
    with photoserver.running() as other:
        bodies = photographs(0, 24)
        addresses = [other.serve(f"far-{number}", body) for number, body in enumerate(bodies[:20])]
        server.openverse["x"] = [found(address) for address in addresses]
        offer(server, "x", bodies[20:])
        other.plan = {"/files/far-0": ["429 5000"]}
        made = find({"x": "x"}, tmp_path, per_word=4)
    # Those of the other three threads may have been on their way.
    assert made.words[0].photographs == 4
    assert len(other.seen) <= 4


def test_a_photograph_that_was_removed_is_fetched_again(
    server: Server, photographs: Some, tmp_path: Path
) -> None:
    offer(server, "x", photographs(0, 3))
    find({"x": "x"}, tmp_path, per_word=3)
    before = lists(tmp_path)
    (tmp_path / read_collection(tmp_path).images[1]).unlink()
    assert find({"x": "x"}, tmp_path, per_word=3).fetched == 1
    assert lists(tmp_path) == before
    assert not check(tmp_path).missing


# -- runs that end early -------------------------------------------------------------------------


RUN = textwrap.dedent(
    """
    import sys
    from embarith.cli import main
    from embarith.photos import client
    from embarith.photos.sources import Commons, Openverse
    address, words, home = sys.argv[1:]
    Openverse.url, Commons.url = address + "/v1/images/", address + "/w/api.php"
    client.PAUSE = client.BACKOFF = 0.0
    main(["images", "find", words, "-o", home, "--per-word", "7"], prog_name="embarith")
    """
)


def started(server: Server, words: Path, home: Path) -> subprocess.Popen[str]:
    settings = os.environ | {"NO_PROXY": "127.0.0.1"}
    return subprocess.Popen(
        [sys.executable, "-c", RUN, server.url(""), str(words), str(home)],
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_killed_runs_end_in_the_lists_of_a_whole_one(
    server: Server, photographs: Some, tmp_path: Path
) -> None:
    terms = [f"word{number}" for number in range(3)]
    for number, term in enumerate(terms):
        bodies = photographs(8 * number, 9)
        # A copy of the word before, one of its own, and something else.
        offer(server, term, [*bodies[:3], recoded(bodies[1]), b"none", *bodies[3:]])
    words = tmp_path / "words.txt"
    words.write_text("\n".join(terms))
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    first = started(server, words, whole)
    assert "21 photographs" in first.communicate()[1]
    assert first.returncode == 0
    server.delay = 0.01
    runs, signals = 0, [signal.SIGKILL, signal.SIGINT, signal.SIGTERM]
    while True:
        done = killed / "found.jsonl"
        lines = done.read_text().splitlines() if done.exists() else []
        known = [json.loads(line) for line in lines if line.endswith("}")]
        finished = {one["url"] for one in known if one["event"] == "fetched"}
        server.seen.clear()
        process = started(server, words, killed)
        while process.poll() is None and len(server.seen) < 9:
            time.sleep(0.002)
        if process.poll() is None:
            process.send_signal(signals[runs % 3])
        _, errors = process.communicate()
        # What was fetched is not fetched again.
        assert not finished & {server.url(path) for path in server.asked("/files")}
        if (killed / "words.csv").exists():
            checked = check(killed)
            assert len(checked.missing) + len(checked.damaged) + len(checked.unrecorded) == 0
        if process.returncode == 0:
            break
        if signals[runs % 3] == signal.SIGINT:
            assert process.returncode == 130
            assert "the same command goes on from there" in errors
        runs += 1
    assert runs >= 3
    assert lists(killed) == lists(whole)
    assert files(killed) == files(whole)


def test_a_torn_last_line_is_forgotten_and_a_damaged_one_named(
    server: Server, photographs: Some, tmp_path: Path
) -> None:
    offer(server, "x", photographs(0, 4))
    find({"x": "x"}, tmp_path, per_word=4)
    before, journal = lists(tmp_path), tmp_path / "found.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-20])
    server.seen.clear()
    assert find({"x": "x"}, tmp_path, per_word=4).fetched == 1
    assert lists(tmp_path) == before
    assert sorted(journal.read_bytes().splitlines()) == sorted(whole.splitlines())
    journal.write_bytes(whole.replace(b'"event"', b'"evt"', 1))
    with pytest.raises(FormatError, match=r"found.jsonl:1: damaged"):
        find({"x": "x"}, tmp_path, per_word=4)


def test_a_folder_has_one_owner(server: Server, photographs: Some, tmp_path: Path) -> None:
    offer(server, "x", photographs(0, 4))
    with finding._open_journal(tmp_path), pytest.raises(OptionError, match="another process"):
        find({"x": "x"}, tmp_path)
    find({"x": "x"}, tmp_path, per_word=4)
    with pytest.raises(OptionError, match="holds photographs of 'x' and 0 more"):
        find({"y": "y"}, tmp_path)
    (tmp_path / "found.jsonl").unlink()
    with pytest.raises(OptionError, match="a collection that was not found here"):
        find({"x": "x"}, tmp_path)


def test_a_full_disk_leaves_no_half_photograph(
    server: Server, photographs: Some, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(server, "x", photographs(0, 4))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(finding.os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            find({"x": "x"}, tmp_path, per_word=4)
    assert find({"x": "x"}, tmp_path, per_word=4).words[0].photographs == 4


def test_the_words_of_questions(server: Server, photographs: Some, tmp_path: Path) -> None:
    words = ["king", "man", "queen", "new_york"]
    for number, word in enumerate(words):
        offer(server, word.replace("_", " "), photographs(number, 1))
    (tmp_path / "own.tsv").write_text("\t".join(words) + "\n")
    outcome = CliRunner().invoke(
        main,
        ["images", "find", "--questions", str(tmp_path / "own.tsv"), "-o", str(tmp_path / "out")],
    )
    assert outcome.exit_code == 0, outcome.stderr
    assert set(read_collection(tmp_path / "out").words) == set(words)


def test_no_more_results_are_looked_at_than_promised(
    server: Server, photographs: Some, tmp_path: Path
) -> None:
    offer(server, "x", [b"none"] * 60)
    made = find({"x": "x"}, tmp_path, per_word=2)
    assert made.words[0] == finding.FoundWord("x", "x", 0, 20, {"no photograph": 20}, more=True)
    assert not (tmp_path / "words.csv").exists()
    (tmp_path / "w").write_text("x")
    words = ["images", "find", str(tmp_path / "w"), "-o", str(tmp_path), "--per-word", "2"]
    outcome = CliRunner().invoke(main, words)
    assert "20 no photograph, more was not looked at" in outcome.stdout
    assert (outcome.exit_code, outcome.stderr.splitlines()[-1]) == (
        1,
        "Error: no photographs were found of 1 words",
    )


def test_usage(tmp_path: Path) -> None:
    def run(*words: str) -> str:
        outcome = CliRunner().invoke(main, ["images", "find", *words, "-o", str(tmp_path / "o")])
        assert outcome.exit_code == 2
        return outcome.stderr

    (tmp_path / "w").write_text("a")
    assert "give either WORDS or --questions" in run()
    assert "give either WORDS or --questions" in run(str(tmp_path / "w"), "--questions", "google")
    assert "expected printable ASCII" in run(str(tmp_path / "w"), "--contact", "a\r\nX: b")


# -- copies --------------------------------------------------------------------------------------


def test_copies_are_near_and_strangers_are_not(photographs: Some) -> None:
    from embarith.encoders.image import decode
    from embarith.photos.copies import Seen, fingerprint, near_pairs

    bodies = photographs(100, 150)
    prints = [fingerprint(decode(body, "one")) for body in bodies]
    assert list(near_pairs(prints)) == []
    seen = Seen(prints)
    for place, body in enumerate(bodies[:40]):
        for copy in (recoded(body), recoded(body, 1, 30), recoded(body, 2, 90)):
            assert seen.near(fingerprint(decode(copy, "copy"))) == place
    assert seen.near(fingerprint(decode(photographs(300, 1)[0], "stranger"))) is None
    # One grey is like another, and like nothing else.
    grey = [fingerprint(np.full((99, 99, 3), level, np.uint8)) for level in (40, 200)]
    assert [pair[:2] for pair in near_pairs(grey)] == [(0, 1)]
