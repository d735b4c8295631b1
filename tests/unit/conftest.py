"""A real HTTP server on loopback that misbehaves in every way we know, and an empty cache."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from embarith.data import CATALOGUE, catalogue, fetching, finding


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
    monkeypatch.setattr(fetching, "TIMEOUT", 1.0)
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


@pytest.fixture
def left(root):
    """Return what lies in the cache besides locks, which are empty."""

    def left() -> list[str]:
        files = [file for file in root.rglob("*") if file.is_file()]
        assert all(not file.stat().st_size for file in files if file.suffix == ".lock")
        return sorted(str(file.relative_to(root)) for file in files if file.suffix != ".lock")

    return left
