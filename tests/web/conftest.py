"""A collection of the real photographs to write verdicts into, its page, and a real browser."""

from __future__ import annotations

import csv
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

WORDS = ("apple", "banana", "car", "dog", "horse")


@pytest.fixture
def collection(shared: Path, tmp_path: Path) -> Path:
    """Five words of the real photographs, eight each, with what was searched for."""
    home = tmp_path / "fruit & <more>"
    home.mkdir()
    with (shared / "photos" / "words.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["word"] in WORDS]
    rows = [row for row in rows if int(row["rank"]) < 8]
    with (home / "words.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["word", "rank", "image", "query"])
        for row in rows:
            sense = "apple fruit" if row["word"] == "apple" else ""
            writer.writerow([row["word"], row["rank"], row["image"], sense])
    for folder in {Path(row["image"]).parts[0] for row in rows}:
        (home / folder).symlink_to(shared / "photos" / folder)
    return home


@dataclass
class Server:
    """`embarith images review` in a process of its own."""

    process: subprocess.Popen[str]
    url: str
    first_line: str

    @property
    def port(self) -> str:
        return self.url.rstrip("/").rpartition(":")[2]

    def stop(self, how: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """End it and return its exit code and what it said since."""
        self.process.send_signal(how)
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said


Start = Callable[..., Server]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a review; what still runs at the end of the test is killed."""
    running: list[subprocess.Popen[str]] = []

    def run(home: Path, *options: str, reviewer: str = "anna", port: str = "0") -> Server:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "embarith", "images", "review", str(home)),
                *("--no-browser", "--reviewer", reviewer, "--port", port, *options),
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        stderr: IO[str] = process.stderr  # type: ignore[assignment]
        line = stderr.readline()
        found = re.search(r"http://\S+", line)
        assert found, line + stderr.read()
        return Server(process, found[0], line)

    yield run
    for process in running:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A real Chromium that can reach nothing but loopback."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright absent: pip install 'embarith[test]'"
    )
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if program is None:
        pytest.skip("Chromium absent: apt-get install chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=program,
            headless=True,
            args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page of its own; every request has to stay on this machine, and no script may fail."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    asked: list[str] = []
    faults: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda fault: faults.append(str(fault)))
    yield opened
    context.close()
    assert asked
    assert [url for url in asked if not url.startswith("http://127.0.0.1:")] == []
    assert faults == []
