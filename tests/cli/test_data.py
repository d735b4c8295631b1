"""`embarith data`: what is listed, where it is found, and consent before a download."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import click
import numpy as np
import pytest
from click.testing import CliRunner

from embarith.cli import _shared, main
from embarith.cli.data import data
from embarith.data import CATALOGUE, catalogue, finding
from embarith.errors import DataError, OptionError
from embarith.table import EmbeddingTable


def run(*args: str, **options):
    return CliRunner().invoke(data, args, catch_exceptions=False, **options)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def alone(monkeypatch, tmp_path, shared):
    """A machine with an empty cache, no data folder, and Google's questions on a server."""
    served = partial(Quiet, directory=shared / "analogy" / "google")
    server = ThreadingHTTPServer(("127.0.0.1", 0), served)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("EMBARITH_DATA", raising=False)
    url = f"http://127.0.0.1:{server.server_address[1]}/questions-words.txt"
    entry = replace(CATALOGUE["google"], url=url, package=None)
    everything = {**CATALOGUE, "google": entry}
    monkeypatch.setattr(catalogue, "CATALOGUE", everything)
    monkeypatch.setattr(finding, "CATALOGUE", everything)
    yield tmp_path / "embarith" / entry.path
    server.shutdown()
    thread.join()
    server.server_close()


def test_list_shows_every_name_and_where_it_was_found(shared):
    lines = run("list", "--data", str(shared)).stdout.splitlines()
    rows = {line.split()[0]: line for line in lines if line.split()}
    assert rows.keys() >= CATALOGUE.keys()
    assert all(word in rows["google"] for word in ("604 kB", "Apache-2.0", " pinned", "--data"))
    assert all(word in rows["fasttext-crawl"] for word in ("1.52 GB", "CC BY-SA", "unpinned", "-"))


def test_list_for_machines(shared):
    entries = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert [entry["name"] for entry in entries] == list(CATALOGUE)
    google = entries[0]
    assert google["sha256"] == CATALOGUE["google"].sha256
    assert google["pinned"] is True
    assert google["found"] == str(shared / google["path"])
    assert google["place"] == "EMBARITH_DATA"
    assert not any(entry["pinned"] for entry in entries if entry["kind"] == "vectors")


def test_list_survives_a_damaged_file(tmp_path):
    (tmp_path / "analogy" / "google").mkdir(parents=True)
    (tmp_path / "analogy" / "google" / "questions-words.txt").write_text(": cut\n")
    outcome = run("list", "--data", str(tmp_path))
    assert "see below" in outcome.stdout
    assert "is not the published file of 'google'" in outcome.stderr
    with pytest.raises(DataError, match="give its path instead of the name"):
        run("path", "google", "--data", str(tmp_path))


def test_path(shared):
    expected = str(shared / "analogy" / "google" / "questions-words.txt")
    assert run("path", "google").stdout == expected + "\n"
    answer = json.loads(run("path", "google", "--json", "--data", str(shared)).stdout)
    assert answer == {"name": "google", "path": expected}
    with pytest.raises(DataError, match="did you mean 'semeval'"):
        run("path", "semevl")


def test_fetch_of_what_is_here_downloads_nothing(shared):
    outcome = run("fetch", "google")
    assert outcome.stdout == str(shared / "analogy" / "google" / "questions-words.txt") + "\n"
    assert "here already (EMBARITH_DATA)" in outcome.stderr


def test_fetch_needs_consent_where_nobody_can_be_may_ask(alone):
    with pytest.raises(OptionError, match="--yes"):
        run("fetch", "google")
    assert not alone.exists()
    outcome = run("fetch", "google", "--yes")
    assert outcome.stdout == f"{alone}\n"
    assert "604 kB, licence: Apache-2.0" in outcome.stderr
    assert "http://127.0.0.1" in outcome.stderr
    assert run("path", "google").stdout == f"{alone}\n"
    assert "(cache)" in run("fetch", "google").stderr


def test_fetch_asks_on_a_terminal(alone, monkeypatch):
    monkeypatch.setattr(_shared, "may_ask", lambda: True)
    refused = CliRunner().invoke(main, ["data", "fetch", "google"], input="n\n")
    assert refused.exit_code == 1
    assert not alone.exists()
    assert "Download it?" in refused.stderr
    assert "'google' was not downloaded; you may put the files of http://127" in refused.stderr
    stopped = CliRunner().invoke(main, ["data", "fetch", "google"], input="")
    assert stopped.exit_code == 130
    agreed = run("fetch", "google", input="y\n")
    assert agreed.stdout.endswith(f"{alone}\n")
    assert alone.exists()


def ask_questions(table, *args, **options):
    command = ["analogy", str(table), "--vocab", "questions", "--random-pairs", "0", *args]
    return CliRunner().invoke(main, command, **options)


@pytest.fixture
def countries(tmp_path):
    """A table that can be asked 18 of Google's questions."""
    words = ["athens", "greece", "baghdad", "iraq", "bangkok", "thailand", "beijing", "china"]
    vectors = np.random.default_rng(0).normal(size=(len(words), 4)).astype(np.float32)
    path = tmp_path / "countries.arrow"
    EmbeddingTable.from_arrays(words, vectors).save(path)
    return path


def test_absent_questions_are_offered_as_tables_are(alone, countries, monkeypatch):
    nobody = ask_questions(countries)
    assert nobody.exit_code == 1
    assert "Download it with `embarith data fetch google`" in nobody.stderr
    monkeypatch.setattr(_shared, "may_ask", lambda: True)
    refused = ask_questions(countries, input="n\n")
    assert refused.exit_code == 1
    assert "604 kB, licence: Apache-2.0" in refused.stderr
    assert "by hand at 'analogy/google/questions-words.txt' in a data folder" in refused.stderr
    assert not alone.exists()
    agreed = ask_questions(countries, input="y\n")
    assert agreed.exit_code == 0, agreed.stderr
    assert "18 answered" in agreed.stdout
    assert alone.exists()


def test_yes_downloads_absent_questions_where_nobody_can_be_asked(alone, countries):
    outcome = ask_questions(countries, "--yes")
    assert outcome.exit_code == 0, outcome.stderr
    assert "604 kB, licence: Apache-2.0" in outcome.stderr
    assert "Download it?" not in outcome.stderr
    assert alone.exists()


def test_what_has_no_address_is_not_offered(alone, countries):
    outcome = CliRunner().invoke(main, ["semeval", str(countries), "--yes"])
    assert outcome.exit_code == 1
    assert "There is no direct download: put the files of https://" in outcome.stderr


def test_fetch_of_unknown_names_and_of_what_has_no_address(alone):
    with pytest.raises(DataError, match="did you mean 'google'"):
        run("fetch", "gogle")
    with pytest.raises(DataError, match="has no direct download: put the files of https://"):
        run("fetch", "semeval", "--yes")


def test_names_are_completed():
    command = data.commands["path"]
    offered = command.params[0].shell_complete(click.Context(command), "glove-6b")
    assert [item.value for item in offered] == [f"glove-6b-{d}d" for d in (50, 100, 200, 300)]
