"""Downloads against a real HTTP server on loopback that misbehaves in every way we know."""

from __future__ import annotations

import gzip
import hashlib
import io
import multiprocessing.pool
import os
import resource
import signal
import subprocess
import sys
import tarfile
import textwrap
import threading
import time
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from embarith.data import CATALOGUE, catalogue, fetch, fetching, finding, locate
from embarith.data.catalogue import read_sums
from embarith.errors import DataError


class Server(ThreadingHTTPServer):
    """Serves `bodies`; `plan[path]` holds what goes wrong, request after request, then nothing."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: dict[str, bytes] = {}
        self.plan: dict[str, list[str]] = {}
        self.seen: list[tuple[str, str | None, int]] = []
        self.etag = '"1"'
        self.chunks = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def handle_error(self, *_):
        """Clients that go away are part of the game."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_):
        pass

    def do_GET(self):
        plan = self.server.plan.get(self.path, [])
        what = plan.pop(0) if plan else ""
        status, body, start = 200, self.server.bodies.get(self.path, b""), 0
        if what == "redirect":
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if what.isdigit() or self.path not in self.server.bodies:
            status, body = int(what or 404), b"<html>sorry</html>"
        wanted = self.headers.get("Range")
        fresh = self.headers.get("If-Range") == self.server.etag and what != "no range"
        if wanted and status == 200 and fresh:
            status, start = 206, int(wanted.removeprefix("bytes=").removesuffix("-"))
        self.server.seen.append((self.path, wanted, status))
        body = body[start:]
        self.send_response(status)
        if what != "no etag":
            self.send_header("ETag", self.server.etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if what == "stall":
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            time.sleep(1.0)
            return
        if what in ("cut", "no etag"):
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.close_connection = True
            return
        if what == "trickle":
            # One piece, then nothing more until the client goes away.
            self.wfile.write(body[:1000])
            self.wfile.flush()
            self.server.chunks.set()
            time.sleep(3.0)
            return
        self.wfile.write(body)


@pytest.fixture
def server(monkeypatch, tmp_path):
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("EMBARITH_DATA", raising=False)
    monkeypatch.setattr(fetching, "PAUSE", 0.001)
    monkeypatch.setattr(fetching, "TIMEOUT", 0.25)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def root(tmp_path) -> Path:
    return tmp_path / "cache" / "embarith"


@pytest.fixture
def offer(server, monkeypatch):
    """Put an entry with changed fields into the catalogue, its address on the server."""

    def offer(name, **changes):
        entry = replace(CATALOGUE[name], package=None, **changes)
        entry = replace(entry, url=server.url(changes.get("url", f"/{Path(entry.url).name}")))
        everything = {**CATALOGUE, name: entry}
        monkeypatch.setattr(catalogue, "CATALOGUE", everything)
        monkeypatch.setattr(finding, "CATALOGUE", everything)
        return entry

    return offer


@pytest.fixture
def google(server, offer, shared):
    """Google's questions, as they are published, on the server."""
    entry = offer("google")
    server.bodies["/questions-words.txt"] = (shared / entry.path).read_bytes()
    return entry


def left(root: Path) -> list[str]:
    """Return what lies in the cache besides locks, which are empty."""
    files = [file for file in root.rglob("*") if file.is_file()]
    assert all(not file.stat().st_size for file in files if file.suffix == ".lock")
    return sorted(str(file.relative_to(root)) for file in files if file.suffix != ".lock")


def test_what_is_fetched_is_what_is_published(server, google, root, shared):
    counts = []
    path = fetch("google", progress=lambda *count: counts.append(count))
    assert path == root / google.path
    assert path.read_bytes() == (shared / google.path).read_bytes()
    size = path.stat().st_size
    assert counts[-1] == ("fetch google", size, size)
    assert left(root) == ["SHA256SUMS", google.path]
    assert locate("google") == path
    assert fetch("google") == path
    assert len(server.seen) == 1


@pytest.mark.parametrize("fault", ["cut", "stall"])
def test_a_broken_download_is_continued(server, google, shared, fault):
    server.plan["/questions-words.txt"] = [fault, fault]
    path = fetch("google")
    assert path.read_bytes() == (shared / google.path).read_bytes()
    assert [status for *_, status in server.seen] == [200, 206, 206]
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
def test_faults_say_the_address_and_how_to_help_oneself(server, google, root, fault):
    server.plan["/questions-words.txt"], text, requests = FAULTS[fault]
    with pytest.raises(DataError, match=text) as caught:
        fetch("google")
    assert google.url in str(caught.value)
    assert f"by hand at {google.path!r}" in str(caught.value)
    assert str(root) in str(caught.value)
    assert len(server.seen) == requests
    assert left(root) == []
    # The cache is as usable as before.
    server.plan.clear()
    assert fetch("google").exists()


def test_no_network(server, google, root):
    server.shutdown()
    server.server_close()
    with pytest.raises(DataError, match="no connection to the server"):
        fetch("google")
    assert left(root) == []


@pytest.mark.parametrize("change", [b"", b": only a part\n", None])
def test_wrong_bytes_are_refused(server, google, root, change):
    body = server.bodies["/questions-words.txt"]
    flipped = body[:99] + bytes([body[99] ^ 1]) + body[100:]
    server.bodies["/questions-words.txt"] = flipped if change is None else change
    with pytest.raises(DataError, match="not the published file"):
        fetch("google")
    assert left(root) == []


def test_the_publishers_checksum_counts(server, offer, root):
    body = gzip.compress(b"1 1\na 1\n")
    checksum = hashlib.md5(body, usedforsecurity=False).hexdigest()
    entry = offer("word2vec-google-news", checksum=f"md5:{checksum}")
    address = f"/{Path(entry.url).name}"
    server.bodies[address] = gzip.compress(b"1 1\nb 1\n")
    with pytest.raises(DataError, match="damaged or not the published file"):
        fetch(entry.name)
    assert left(root) == []
    server.bodies[address] = body
    assert fetch(entry.name).read_bytes() == b"1 1\na 1\n"


# -- archives -----------------------------------------------------------------------------------


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(members: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, target in (links or {}).items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_a_folder_out_of_an_archive(server, offer, root, shared):
    entry = offer("bats")
    members = {
        path.replace("analogy/bats", "BATS_3.0"): (shared / path).read_bytes()
        for path in entry.sha256
    }
    server.bodies["/BATS_3.0.zip"] = zipped(members | {"BATS_3.0/": b"", "__MACOSX/x": b"junk"})
    path = fetch("bats")
    assert path == root / "analogy/bats"
    assert set(left(root)) == {"SHA256SUMS", *entry.sha256}
    assert read_sums((root / "SHA256SUMS").read_text(encoding="utf-8")) == entry.sha256
    assert locate("bats") == path
    # Half a set is not a set, and fetching mends it.
    (path / "1_Inflectional_morphology" / "I01 [noun - plural_reg].txt").unlink()
    with pytest.raises(
        DataError, match=r"cache's copy is damaged or incomplete.*embarith data fetch bats"
    ):
        locate("bats")
    assert fetch("bats") == path == locate("bats")


def test_an_archive_that_lacks_a_file(server, offer, root, shared):
    entry = offer("bats")
    some = list(entry.sha256)[:-1]
    server.bodies["/BATS_3.0.zip"] = zipped(
        {path.replace("analogy/bats", "BATS_3.0"): (shared / path).read_bytes() for path in some}
    )
    with pytest.raises(DataError, match=r"the archive lacks 'analogy/bats/4_"):
        fetch("bats")
    assert left(root) == []


VECTORS = b"the 0.1 0.2\nof 0.3 0.4\n"


def test_one_archive_brings_all_its_tables_and_their_hashes(server, offer, root):
    names = [f"glove.6B.{d}d.txt" for d in (50, 100, 200, 300)]
    server.bodies["/glove.6B.zip"] = zipped(dict.fromkeys(names, VECTORS))
    offer("glove-6b-50d")
    assert fetch("glove-6b-50d").read_bytes() == VECTORS
    assert locate("glove-6b-300d") == root / "vectors/glove.6B/glove.6B.300d.txt"
    sums = read_sums((root / "SHA256SUMS").read_text(encoding="utf-8"))
    assert sums == {f"vectors/glove.6B/{n}": hashlib.sha256(VECTORS).hexdigest() for n in names}


def test_a_later_download_has_to_be_the_same(server, offer, root):
    server.bodies["/glove.6B.zip"] = zipped({"glove.6B.50d.txt": VECTORS})
    offer("glove-6b-50d")
    fetch("glove-6b-50d").unlink()
    server.bodies["/glove.6B.zip"] = zipped({"glove.6B.50d.txt": VECTORS * 2})
    with pytest.raises(DataError, match=r"changed since it was first downloaded.*SHA256SUMS"):
        fetch("glove-6b-50d")
    assert left(root) == ["SHA256SUMS"]
    (root / "SHA256SUMS").unlink()
    assert fetch("glove-6b-50d").read_bytes() == VECTORS * 2


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "a/../../../out.txt", "..\\out.txt"])
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_members_that_point_outside_are_refused(server, offer, root, name, pack):
    server.bodies["/glove.6B.zip"] = pack({"glove.6B.50d.txt": VECTORS, name: b"gotcha"})
    offer("glove-6b-50d")
    with pytest.raises(DataError, match="names a place outside its folder"):
        fetch("glove-6b-50d")
    assert left(root) == []
    assert not list(root.parents[1].rglob("out.txt"))


def test_links_in_archives_are_left_out(server, offer, root, tmp_path):
    links = {"escape": str(tmp_path), "glove.6B.100d.txt": "/etc/passwd"}
    members = {"glove.6B.50d.txt": VECTORS, "escape/out.txt": b"gotcha"}
    server.bodies["/glove.6B.zip"] = tarred(members, links)
    offer("glove-6b-50d")
    fetch("glove-6b-50d")
    assert not (tmp_path / "out.txt").exists()
    assert left(root) == [
        "SHA256SUMS",
        "vectors/glove.6B/escape/out.txt",
        "vectors/glove.6B/glove.6B.50d.txt",
    ]


def broken_zip() -> bytes:
    body = bytearray(zipped({"glove.6B.50d.txt": os.urandom(5000)}))
    body[2000] ^= 255
    return bytes(body)


BROKEN = {
    "html": b"<html>Moved</html>",
    "empty": b"",
    "cut zip": zipped({"glove.6B.50d.txt": os.urandom(5000)})[:3000],
    "damaged zip": broken_zip(),
    "cut tar": tarred({"glove.6B.50d.txt": os.urandom(5000)})[:3000],
    "cut gzip": gzip.compress(os.urandom(5000))[:3000],
    "twice": zipped({"glove.6B.50d.txt": b"file", "glove.6B.50d.txt/x": b"and folder"}),
    "nothing": zipped({}),
    "other": zipped({"readme.txt": b"moved"}),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_archives(server, offer, root, fault):
    server.bodies["/glove.6B.zip"] = BROKEN[fault]
    entry = offer("glove-6b-50d")
    with pytest.raises(DataError, match="the archive") as caught:
        fetch("glove-6b-50d")
    assert entry.url in str(caught.value)
    assert left(root) == []


def test_no_room_for_what_an_archive_claims_to_hold(server, offer, root, monkeypatch):
    server.bodies["/glove.6B.zip"] = zipped({"glove.6B.50d.txt": bytes(10_000_000)})
    offer("glove-6b-50d")
    usage = type("usage", (), {"free": 1_000_000})
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=r"needs 10.0 MB, but only 1.0 MB are free.*XDG_CACHE_HOME"):
        fetch("glove-6b-50d")
    assert left(root) == []


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


def test_a_disk_that_takes_no_more(google, root):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(DataError, match=r"cannot store 'google' .*File too large"):
            fetch("google")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert left(root) == []


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


def test_kill_9_leaves_a_usable_cache(server, google, root, shared):
    server.plan["/questions-words.txt"] = ["trickle"]
    with start(google) as process:
        assert server.chunks.wait(60)
        process.send_signal(signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
    assert not (root / google.path).exists()
    with pytest.raises(DataError, match="not on this machine"):
        locate("google")
    assert fetch("google").read_bytes() == (shared / google.path).read_bytes()
    assert left(root) == ["SHA256SUMS", google.path]


def test_processes_that_fetch_the_same_share_one_download(server, google, root, shared):
    processes = [start(google) for _ in range(3)]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    assert {out.strip() for out, _ in outputs} == {str(root / google.path)}
    assert len(server.seen) == 1
    assert (root / google.path).read_bytes() == (shared / google.path).read_bytes()
    assert left(root) == ["SHA256SUMS", google.path]


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
