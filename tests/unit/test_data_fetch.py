"""Downloads from a server that cuts, stalls, lies and refuses; a cache shared and interrupted."""

from __future__ import annotations

import gzip
import hashlib
import multiprocessing.pool
import os
import resource
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from embarith.data import catalogue, fetch, locate
from embarith.data.catalogue import read_sums
from embarith.errors import DataError


def test_what_is_fetched_is_what_is_published(server, google, root, shared, left):
    counts = []
    path = fetch("google", progress=lambda *count: counts.append(count))
    assert path == root / google.path
    assert path.read_bytes() == (shared / google.path).read_bytes()
    size = path.stat().st_size
    assert counts[-1] == ("fetch google", size, size)
    assert left() == ["SHA256SUMS", google.path]
    assert locate("google") == path
    assert fetch("google") == path
    assert len(server.seen) == 1


@pytest.mark.parametrize("fault", ["cut", "stall"])
def test_a_broken_download_is_continued(server, google, shared, fault):
    server.plan["/questions-words.txt"] = [fault, fault]
    path = fetch("google")
    assert path.read_bytes() == (shared / google.path).read_bytes()
    # A busy machine may let a whole answer stall too.
    first, *more = [status for *_, status in server.seen]
    assert first == 200
    assert len(more) >= 2
    assert set(more) == {206}
    starts = [int(wanted[len("bytes=") : -1]) for _, wanted, _ in server.seen[1:]]
    assert 0 < starts[0] < starts[1]


@pytest.mark.parametrize("plan", [["cut", "no range"], ["no etag", ""]])
def test_a_server_that_cannot_continue_starts_anew(server, google, shared, plan):
    server.plan["/questions-words.txt"] = plan
    assert fetch("google").read_bytes() == (shared / google.path).read_bytes()
    assert [status for *_, status in server.seen] == [200, 200]


def test_a_file_that_changes_between_two_parts_is_read_anew(server, google, shared):
    whole = server.bodies["/questions-words.txt"]
    server.bodies["/questions-words.txt"] = b"x" * len(whole)
    server.plan["/questions-words.txt"] = ["cut"]

    def change(*_):
        server.bodies["/questions-words.txt"], server.etag = whole, '"2"'

    assert fetch("google", progress=change).read_bytes() == whole


def test_passing_refusals_and_redirects(server, google, shared):
    server.bodies["/elsewhere"] = server.bodies["/questions-words.txt"]
    server.plan["/questions-words.txt"] = ["503", "429", "redirect"]
    assert fetch("google").read_bytes() == (shared / google.path).read_bytes()


FAULTS = {
    "404": (["404"], "the server answers 404", 1),
    "403": (["403"], "the server answers 403", 1),
    "500": (["500"] * 9, "the server answers 500, 5 times in a row", 5),
    "cut": (["cut"] * 9, r"the connection was lost after \d+ kB, 5 times in a row", 5),
    "stall": (["stall"] * 9, r"the connection was lost after \d+ kB, 5 times in a row", 5),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_say_the_address_and_how_to_help_oneself(server, google, root, fault, left):
    server.plan["/questions-words.txt"], text, requests = FAULTS[fault]
    with pytest.raises(DataError, match=text) as caught:
        fetch("google")
    assert google.url in str(caught.value)
    assert f"by hand at {google.path!r}" in str(caught.value)
    assert str(root) in str(caught.value)
    assert len(server.seen) == requests
    assert left() == []
    # The cache is as usable as before.
    server.plan.clear()
    assert fetch("google").exists()


def test_no_network(server, google, left):
    server.shutdown()
    server.server_close()
    with pytest.raises(DataError, match="no connection to the server"):
        fetch("google")
    assert left() == []


@pytest.mark.parametrize("change", [b"", b": only a part\n", None])
def test_wrong_bytes_are_refused(server, google, left, change):
    body = server.bodies["/questions-words.txt"]
    flipped = body[:99] + bytes([body[99] ^ 1]) + body[100:]
    server.bodies["/questions-words.txt"] = flipped if change is None else change
    with pytest.raises(DataError, match="not the published file"):
        fetch("google")
    assert left() == []


def test_the_publishers_checksum_counts(server, offer, left):
    body = gzip.compress(b"1 1\na 1\n")
    checksum = hashlib.md5(body, usedforsecurity=False).hexdigest()
    entry = offer("word2vec-google-news", checksum=f"md5:{checksum}")
    address = f"/{Path(entry.url).name}"
    server.bodies[address] = gzip.compress(b"1 1\nb 1\n")
    with pytest.raises(DataError, match="damaged or not the published file"):
        fetch(entry.name)
    assert left() == []
    server.bodies[address] = body
    assert fetch(entry.name).read_bytes() == b"1 1\na 1\n"


# -- the cache ----------------------------------------------------------------------------------


def test_a_damaged_file_in_the_cache_is_named_and_mended(google, root, shared):
    path = fetch("google")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(
        DataError, match=r"cache's copy is damaged or incomplete.*embarith data fetch google"
    ):
        locate("google")
    assert fetch("google").read_bytes() == (shared / google.path).read_bytes()


def test_a_cache_that_cannot_be_written(google, tmp_path):
    (tmp_path / "cache").write_text("a file where the cache should be")
    with pytest.raises(DataError, match=r"cannot store 'google' in the cache.*XDG_CACHE_HOME"):
        fetch("google")


def test_a_disk_that_takes_no_more(google, left):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(DataError, match=r"cannot store 'google' .*File too large"):
            fetch("google")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert left() == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_cache_still_serves_what_it_holds(google, root):
    path = fetch("google")
    root.chmod(0o500)
    try:
        assert fetch("google") == path == locate("google")
        with pytest.raises(DataError, match="Permission denied"):
            fetch("msr")
    finally:
        root.chmod(0o700)


def test_what_cannot_be_downloaded_says_where_to_get_it(server):
    with pytest.raises(DataError, match=r"semeval2012task2/download by hand at 'semeval2012t2'"):
        fetch("semeval")
    with pytest.raises(DataError, match="did you mean 'glove-6b-50d'"):
        fetch("glove-6b-50")


SCRIPT = textwrap.dedent("""
    import sys
    from dataclasses import replace
    from embarith.data import CATALOGUE, catalogue, fetching
    name, url = sys.argv[1:]
    catalogue.CATALOGUE = {name: replace(CATALOGUE[name], url=url)}
    fetching.PAUSE = 0.001
    print(fetching.fetch(name))
""")


def start(entry) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, entry.name, entry.url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_kill_9_leaves_a_usable_cache(server, google, root, shared, left):
    server.plan["/questions-words.txt"] = ["trickle"]
    with start(google) as process:
        assert server.chunks.wait(60)
        process.send_signal(signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
    assert not (root / google.path).exists()
    with pytest.raises(DataError, match="not on this machine"):
        locate("google")
    assert fetch("google").read_bytes() == (shared / google.path).read_bytes()
    assert left() == ["SHA256SUMS", google.path]


def test_processes_that_fetch_the_same_share_one_download(server, google, root, shared, left):
    processes = [start(google) for _ in range(3)]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    assert {out.strip() for out, _ in outputs} == {str(root / google.path)}
    assert len(server.seen) == 1
    assert (root / google.path).read_bytes() == (shared / google.path).read_bytes()
    assert left() == ["SHA256SUMS", google.path]


def test_threads_that_fetch_different_sets_keep_all_hashes(server, root, offer, shared):
    entries = {}
    for name in ("google", "msr", "wordsim353", "simlex999"):
        entry = offer(name)
        server.bodies[f"/{Path(entry.url).name}"] = (shared / entry.path).read_bytes()
        entries[name] = entry
    catalogue.CATALOGUE.update(entries)
    with multiprocessing.pool.ThreadPool(4) as pool:
        paths = pool.map(fetch, entries)
    assert paths == [root / entry.path for entry in entries.values()]
    sums = read_sums((root / "SHA256SUMS").read_text(encoding="utf-8"))
    assert sums == {p: d for entry in entries.values() for p, d in entry.sha256.items()}
