"""Verdicts on disk: what is kept whatever ends the process, and what is refused."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from embarith.errors import DataError, FormatError, OptionError
from embarith.photos import (
    Journal,
    dropped,
    pool,
    read_collection,
    read_reviews,
    read_words,
    without_dropped,
)
from embarith.photos.review import read_review, review_path
from embarith.table import EmbeddingTable

LIST = "word,rank,image\napple,0,a.jpg\napple,1,phone.jpg\npear,0,b.jpg\npear,1,a.jpg\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "words.csv").write_text(LIST)
    return tmp_path


def lines(home: Path, reviewer: str = "anna") -> list[dict[str, str]]:
    return [json.loads(line) for line in review_path(home, reviewer).read_text().splitlines()]


def test_verdicts_are_read_back(home: Path) -> None:
    with Journal(home, "anna") as journal:
        journal.judge("apple", "a.jpg", "keep")
        journal.judge("apple", "phone.jpg", "keep")
        journal.judge("apple", "phone.jpg", "drop")
        journal.judge("apple", "phone.jpg", "drop")
        given = dict(journal.verdicts)
    assert given == {("apple", "a.jpg"): "keep", ("apple", "phone.jpg"): "drop"}
    assert [one["verdict"] for one in lines(home)] == ["keep", "keep", "drop"]
    with Journal(home, "anna") as journal:
        assert journal.verdicts == given
        journal.undo()
        assert journal.verdicts["apple", "phone.jpg"] == "keep"
        journal.undo()
        assert journal.verdicts == {("apple", "a.jpg"): "keep"}
        journal.judge("pear", "b.jpg", "drop")
    assert [one["verdict"] for one in lines(home)] == [
        "keep",
        "keep",
        "drop",
        "undo",
        "undo",
        "drop",
    ]
    [review] = read_reviews(home)
    assert review.reviewer == "anna"
    assert review.verdicts == {("apple", "a.jpg"): "keep", ("pear", "b.jpg"): "drop"}


def test_undo_without_a_verdict_is_none(home: Path) -> None:
    with Journal(home, "anna") as journal:
        journal.undo()
    assert lines(home) == []


def test_a_last_line_cut_anywhere_is_passed_over_and_removed(home: Path) -> None:
    with Journal(home, "anna") as journal:
        journal.judge("apple", "a.jpg", "keep")
        size = journal.path.stat().st_size
        journal.judge("äpfel", "ü\n.jpg", "drop")
    path = review_path(home, "anna")
    whole = path.read_bytes()
    assert read_review(path).verdicts["äpfel", "ü\n.jpg"] == "drop"
    for cut in range(size, len(whole)):
        for tail in (b"", b"\0" * 7, b"\0\n"):
            path.write_bytes(whole[:cut] + tail)
            assert read_review(path).verdicts == {("apple", "a.jpg"): "keep"}, cut
        with Journal(home, "anna") as journal:
            journal.judge("pear", "b.jpg", "drop")
        assert path.read_bytes()[:size] == whole[:size]
        assert [one["verdict"] for one in lines(home)] == ["keep", "drop"]


WRONG = {
    '{"word":"a"\n{"word":"a","image":"b","verdict":"keep","time":""}\n': ":1: no line of JSON",
    '{"word":"a","image":"b","verdict":"maybe","time":""}\n': ":1: Invalid enum value 'maybe'",
    '{"word":"a","image":"b","verdict":"undo","time":""}\n': ":1: takes back a verdict on 'b'",
    '{"word":"a","verdict":"keep","time":""}\n': ":1: Object missing required field `image`",
    "\n\n": ":1: no line of JSON",
}


@pytest.mark.parametrize(("content", "message"), WRONG.items())
def test_other_faults_are_named(home: Path, content: str, message: str) -> None:
    path = review_path(home, "anna")
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(FormatError) as fault:
        read_collection(home)
    assert str(fault.value).startswith(f"{path}{message}")
    with pytest.raises(FormatError):
        Journal(home, "anna")
    assert path.read_text() == content


def test_a_verdict_that_does_not_fit_leaves_the_file_as_it_was(home: Path) -> None:
    with Journal(home, "anna") as journal:
        journal.judge("apple", "a.jpg", "keep")
        before = journal.path.read_bytes()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, hard))
        try:
            with pytest.raises(OSError, match="File too large") as fault:
                journal.judge("apple", "phone.jpg", "drop")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert fault.value.filename == str(journal.path)
        assert journal.path.read_bytes() == before
        assert ("apple", "phone.jpg") not in journal.verdicts
        journal.judge("apple", "phone.jpg", "drop")
    assert len(lines(home)) == 2


def test_two_processes_of_one_reviewer_refuse_each_other(home: Path) -> None:
    with Journal(home, "anna"), Journal(home, "ben"), pytest.raises(OptionError, match="'anna'"):
        Journal(home, "anna")
    with Journal(home, "anna"):
        pass


def test_killed_in_the_act_nothing_acknowledged_is_lost(home: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from embarith.photos import Journal\n"
        "with Journal(Path(sys.argv[1]), 'anna') as journal:\n"
        "    for number in range(10**6):\n"
        "        journal.judge('apple', f'{number}.jpg', 'keep')\n"
        "        print(number, flush=True)\n"
    )
    for round_ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", code, home], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            said = -1
            for line in process.stdout:
                said = int(line)
                if said == 40 + 7 * round_:
                    process.kill()
        [review] = read_reviews(home)
        assert [("apple", f"{number}.jpg") in review.verdicts for number in range(said + 1)]
        assert len(review.standing) >= said + 1


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", ".hidden", "a b", "-x", "a\0"])
def test_names_that_are_no_files_are_refused(home: Path, name: str) -> None:
    with pytest.raises(OptionError, match="reviewer"):
        Journal(home, name)


def test_a_read_only_collection_is_told_of(home: Path) -> None:
    home.chmod(0o555)
    try:
        with pytest.raises(DataError, match="`embarith images import` makes a collection of your"):
            Journal(home, "anna")
        assert not (home / "reviews").exists()
    finally:
        home.chmod(0o755)


def test_what_anybody_drops_is_left_out(home: Path) -> None:
    assert dropped(home) == frozenset()
    assert read_collection(home).words == read_words(home / "words.csv")
    with Journal(home, "anna") as journal:
        journal.judge("apple", "a.jpg", "drop")
        journal.judge("apple", "phone.jpg", "keep")
        journal.judge("apple", "a.jpg", "keep")
    with Journal(home, "ben") as journal:
        journal.judge("apple", "phone.jpg", "drop")
        journal.judge("pear", "a.jpg", "drop")
        journal.judge("pear", "b.jpg", "drop")
    assert dropped(home) == {("apple", "phone.jpg"), ("pear", "a.jpg"), ("pear", "b.jpg")}
    found = read_collection(home)
    assert found.words == {"apple": ("a.jpg",), "pear": ()}
    assert found.images == ["a.jpg"]
    table = EmbeddingTable.from_arrays(["a.jpg", "b.jpg"], np.eye(2, dtype=np.float32))
    assert pool(table, found.words).index_to_key == ["apple"]
    assert without_dropped({"plum": ["a.jpg"]}, home) == {"plum": ("a.jpg",)}


def test_lines_are_on_disk_before_they_count(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    with Journal(home, "anna") as journal:
        synced.clear()
        journal.judge("apple", "a.jpg", "keep")
        assert synced == [journal.path.stat().st_size]
