"""The command line in odd surroundings: full disks, closed streams, signals, settings, devices."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from embarith.table import EmbeddingTable

RUN = [sys.executable, "-m", "embarith"]


@pytest.fixture
def small(glove_table: EmbeddingTable, tmp_path: Path) -> Path:
    path = tmp_path / "small.arrow"
    glove_table.select(np.arange(200)).save(path)
    return path


def run(*args: object, **extra: object) -> subprocess.CompletedProcess[str]:
    words = [*RUN, *map(str, args)]
    return subprocess.run(words, capture_output=True, text=True, check=False, **extra)


def shell(line: str, small: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which `$e` is the program and `$t` a table."""
    settings = {**os.environ, "e": " ".join(RUN), "t": str(small)}
    return subprocess.run(
        ["bash", "-c", line], env=settings, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("command", ["ask $t of", "data list", "--version", "--help"])
def test_a_full_disk_is_one_line(small: Path, command: str) -> None:
    done = shell(f"$e {command} > /dev/full", small)
    assert (done.returncode, done.stderr) == (1, "Error: cannot write: No space left on device\n")


@pytest.mark.parametrize(
    "name", ["big.txt", "big.arrow", "big.npy", "big.npz", "big.parquet", "big.safetensors"]
)
def test_a_file_that_does_not_fit_is_not_left_behind(small: Path, name: str) -> None:
    done = shell(f"cd {small.parent} && ulimit -f 8 && $e table convert $t {name}", small)
    assert done.returncode == 1
    assert re.fullmatch(rf"Error: {name}: .*File too large.*\n", done.stderr)
    assert [file.name for file in small.parent.iterdir()] == [small.name]


def test_closed_streams_do_no_harm(small: Path) -> None:
    done = shell("$e ask $t of <&-", small)
    assert done.returncode == 0
    assert "and" in done.stdout
    assert shell("$e ask $t of >&-", small).stderr == ""


def test_terminated_work_leaves_nothing_behind(tmp_path: Path) -> None:
    code = (
        "import os, signal, time\n"
        "from embarith import cli, files\n"
        "from embarith.cli import table\n"
        "def slow(opened, target, format):\n"
        "    with files.replacing(target):\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        time.sleep(60)\n"
        "import embarith.readers; embarith.readers.write = slow\n"
        "cli.main(['table', 'convert', 'glove-6b-50d', 'new.txt', '--limit', '10'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    assert done.returncode == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("EMBARITH_THREADS", "0", "expected an integer from 1 to 1024"),
        ("EMBARITH_THREADS", "99999999", "expected an integer from 1 to 1024"),
        ("EMBARITH_THREADS", "many", "expected an integer from 1 to 1024"),
        (
            "EMBARITH_ISA",
            "AVX2",
            "EMBARITH_ISA=AVX2: no such instruction set; the choices are avx512",
        ),
        (
            "EMBARITH_REQUIRE_ISA",
            "neon",
            "EMBARITH_REQUIRE_ISA=neon: no such instruction set; the choices are",
        ),
    ],
)
def test_settings_without_meaning_are_one_line(
    small: Path, name: str, value: str, message: str
) -> None:
    done = run("ask", small, "of", env={**os.environ, name: value})
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_pipes_and_devices_are_not_replaced(small: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    done = run("table", "convert", small, pipe, "--format", "glove")
    assert done.returncode == 1
    assert f"{pipe}: no regular file" in done.stderr
    assert pipe.is_fifo()


def test_a_link_stays_a_link(small: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    link, kept = tmp_path / "link.txt", tmp_path / "kept" / "words.txt"
    kept.write_text("old")
    link.symlink_to(kept)
    assert run("table", "convert", small, link).returncode == 0
    assert link.is_symlink()
    assert kept.read_text().startswith("200 50\n")


def test_an_empty_name_is_no_default_table() -> None:
    done = run("table", "info", "")
    assert done.returncode == 1
    assert "the name of the table is empty" in done.stderr


def test_advice_is_spelled_as_options_and_can_be_followed(tmp_path: Path) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"a 1 2\na 3 4\n")
    done = run("table", "info", bad)
    assert "--on-bad drop leaves such rows out (an option of `embarith table conv" in done.stderr
    bad.write_bytes(b"a 1 2\n\xff 3 4\nb 5 6\n")
    done = run("ask", bad, "b")
    assert "--errors replace" in done.stderr
    assert "(an option of `embarith table convert`, which makes a table" in done.stderr
    made = tmp_path / "made.arrow"
    assert "an option of" not in run("table", "convert", bad, made).stderr
    assert run("table", "convert", bad, made, "--errors", "replace").returncode == 0
    assert run("ask", made, "b").returncode == 0
    (tmp_path / "questions.txt").write_text(": family\nBOY GIRL BROTHER SISTER\n")
    done = run("analogy", made, "--questions", tmp_path / "questions.txt", "--case", "exact")
    assert "--case lower or fold asks in other cases" in done.stderr


def test_python_in_advice_stays_python(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", labels=np.array(["a"], object), vectors=np.ones((1, 2)))
    assert "labels=np.array(a['labels'], str)" in run("ask", tmp_path / "a.npz", "a").stderr


def test_a_warning_is_one_line(glove_table: EmbeddingTable, tmp_path: Path) -> None:
    path = tmp_path / "words.arrow"
    glove_table.select(np.arange(5000)).save(path)
    shadow = Path(f"{path}.shadow")
    shadow.write_bytes(shadow.read_bytes()[:5000])
    done = run("ask", path, "of")
    assert (done.returncode, len(done.stderr.splitlines())) == (0, 1)
    assert done.stderr.startswith(f"Warning: {shadow}: cut short")
    again = run("table", "convert", path, path)  # as the warning advises
    assert again.returncode == 0
    assert run("ask", path, "of").stderr == ""


def test_a_failed_save_names_its_target(small: Path, tmp_path: Path) -> None:
    target = tmp_path / "such" / "new.arrow"
    done = run("table", "convert", small, target)
    assert done.stderr == f"Error: {target}: No such file or directory\n"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_damaged_word_is_named(tmp_path: Path, value: float) -> None:
    vectors = np.random.default_rng(0).standard_normal((10, 4)).astype(np.float32)
    path = tmp_path / "hurt.arrow"
    EmbeddingTable.from_arrays([f"w{row}" for row in range(10)], vectors).save(path)
    damage = np.float32(value).tobytes() + vectors[3].tobytes()[4:]
    path.write_bytes(path.read_bytes().replace(vectors[3].tobytes(), damage))
    done = run("ask", path, "w3")
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {path} is damaged; make it again from its source: ")
    assert "row 3 (label 'w3')" in done.stderr
    assert len(done.stderr.splitlines()) == 1
