"""`embarith images review` apart from its page: agreement, and what is refused."""

from __future__ import annotations

import csv
import json
import socket
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from sklearn.metrics import cohen_kappa_score

from embarith.cli import main
from embarith.photos import Journal


@pytest.fixture
def home(tmp_path: Path) -> Path:
    rows = [(f"w{word}", rank, f"{word}-{rank}.jpg") for word in range(12) for rank in range(10)]
    with (tmp_path / "words.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("word", "rank", "image"), *rows])
    return tmp_path


def review(home: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["images", "review", str(home), *options])


def judge(home: Path, reviewer: str, drops: np.ndarray, words: int = 12) -> None:
    with Journal(home, reviewer) as journal:
        for word in range(words):
            for rank in range(10):
                verdict = "drop" if drops[word, rank] else "keep"
                journal.judge(f"w{word}", f"{word}-{rank}.jpg", verdict)


def test_agreement_of_each_two(home: Path) -> None:
    random = np.random.default_rng(0)
    anna = random.random((12, 10)) < 0.2
    ben = np.where(random.random((12, 10)) < 0.1, ~anna, anna)
    judge(home, "anna", anna)
    judge(home, "ben", ben)
    judge(home, "cleo", ben, words=3)
    done = review(home, "--agreement", "--json")
    assert done.exit_code == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["reviewers"] for one in found] == [
        ["anna", "ben"],
        ["anna", "cleo"],
        ["ben", "cleo"],
    ]
    first = found[0]
    assert first["words"] == 12
    assert np.sum(first["counts"]) == 120
    assert first["counts"][1][0] == np.sum(anna & ~ben)
    assert first["raw"]["value"] == np.mean(anna == ben)
    kappa = cohen_kappa_score(anna.ravel(), ben.ravel())
    assert first["kappa"]["value"] == pytest.approx(kappa, abs=1e-12)
    assert first["kappa"]["ci"][0] < kappa < first["kappa"]["ci"][1]
    assert found[1]["raw"]["ci"] is None
    assert found[2]["raw"]["value"] == 1
    assert review(home, "--agreement", "--json").stdout == done.stdout
    shown = review(home, "--agreement")
    assert f"{first['ac1']['value']:.3f} [" in shown.stdout
    assert "Kappa collapses" in shown.stderr


def test_agreement_takes_two(home: Path) -> None:
    judge(home, "anna", np.zeros((12, 10)))
    done = review(home, "--agreement")
    assert done.exit_code == 1
    assert "no two reviewers have judged the same photographs (anna has given" in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--agreement", "--reviewer", "anna"), "--reviewer: not with --agreement"),
        (("--json",), "--json: only with --agreement"),
        (("--port", "70000"), "70000"),
    ],
)
def test_options_without_effect_are_refused(
    home: Path, options: tuple[str, ...], message: str
) -> None:
    done = review(home, *options)
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_port_in_use_is_one_line(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = review(home, "--port", port, "--no-browser")
    assert done.exit_code == 1
    assert done.stderr == (
        f"Error: port {port} cannot be had (Address already in use); name another with --port, "
        "or 0 for any\n"
    )
    assert not (home / "reviews").exists()


def test_other_faults_are_one_line(home: Path, tmp_path: Path) -> None:
    for options, message in (
        (("--reviewer", "a/b"), "reviewer 'a/b': the name is that of a file"),
        (("--table", "glove-6b-50d"), "holds no two photographs of a word of this collection"),
    ):
        done = review(home, "--no-browser", "--port", "0", *options)
        assert (done.exit_code, done.stderr.count("\n")) == (1, 1), done.stderr
        assert message in done.stderr
    done = review(tmp_path / "absent")
    assert done.exit_code == 1
    assert "absent' holds no words.csv" in done.stderr
    home.chmod(0o555)
    try:
        done = review(home, "--no-browser", "--port", "0")
    finally:
        home.chmod(0o755)
    assert done.exit_code == 1
    assert "is read-only, and verdicts are kept in it: `embarith images import`" in done.stderr
