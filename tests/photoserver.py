"""A server on loopback that answers as Openverse and Wikimedia Commons document, and misbehaves."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from embarith.photos import client
from embarith.photos.sources import Commons, Openverse


class Server(ThreadingHTTPServer):
    """Serves `bodies`; `plan[path]` holds what goes wrong, request after request, then nothing.

    `openverse` and `commons` hold the results of every term, as `found` and `page` make them.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: dict[str, bytes] = {}
        self.openverse: dict[str, list[dict[str, Any]]] = {}
        self.commons: dict[str, list[dict[str, Any]]] = {}
        self.plan: dict[str, list[str]] = {}
        self.seen: list[tuple[str, float]] = []
        self.agents: set[str] = set()
        # Wikimedia may answer what was asked for in parts.
        self.split = False
        self.delay = 0.0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def handle_error(self, *_: object) -> None:
        """Clients that go away are part of the game."""

    def asked(self, start: str) -> list[str]:
        return [path for path, _ in self.seen if path.startswith(start)]

    def serve(self, name: str, body: bytes) -> str:
        """Serve a file and return its address."""
        self.bodies[f"/files/{name}"] = body
        return self.url(f"/files/{name}")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        server, parts = self.server, urlsplit(self.path)
        server.seen.append((self.path, time.monotonic()))
        server.agents.add(self.headers["User-Agent"])
        time.sleep(server.delay)
        plan = server.plan.get(parts.path, [])
        what = plan.pop(0) if plan else ""
        if what.startswith("to "):
            self.answer(302, b"", Location=what.removeprefix("to "))
        elif what.startswith("429"):
            wait = what.removeprefix("429 ")
            detail = json.dumps({"detail": "Request was throttled."}).encode()
            self.answer(429, detail, "application/json", **{"Retry-After": wait})
        elif what.isdigit():
            self.answer(int(what), b"<html>sorry</html>")
        elif parts.path == "/v1/images/":
            self.search(openverse(server, parse_qs(parts.query)))
        elif parts.path == "/w/api.php":
            self.search(commons(server, parse_qs(parts.query)))
        elif parts.path in server.bodies:
            self.file(server.bodies[parts.path], what)
        else:
            self.answer(404, b"<html>none</html>")

    def search(self, found: tuple[int, dict[str, Any]]) -> None:
        self.answer(found[0], json.dumps(found[1]).encode(), "application/json")

    def file(self, body: bytes, what: str) -> None:
        if what == "cut":
            # Says how much there is, and sends less.
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif what == "endless":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for _ in range(10_000):
                self.wfile.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        elif what.startswith("drip"):
            # Says nothing of a length, so that whatever came before the end looks whole.
            headers = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
            self.wfile.write(headers if what == "drip headers" else headers + b"\r\n")
            self.close_connection = True
            for _ in range(300):
                self.wfile.write(b"x")
                time.sleep(0.05)
        else:
            self.answer(200, body)

    def answer(self, status: int, body: bytes, kind: str = "image/jpeg", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def openverse(server: Server, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
    """Answer a search of GET /v1/images/."""
    page, size = int(query["page"][0]), int(query["page_size"][0])
    if size > 20:
        return 401, {"detail": "Ensure this value is less than or equal to 20."}
    assert query["license"] == ["by,by-sa,cc0,pdm"]
    assert query["excluded_source"] == ["wikimedia"]
    results = server.openverse.get(query["q"][0], [])
    return 200, {
        "result_count": len(results),
        "page_count": -(-len(results) // size),
        "page_size": size,
        "page": page,
        "results": results[(page - 1) * size : page * size],
    }


def commons(server: Server, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
    """Answer action=query with generator=search and prop=imageinfo."""
    asked = {name: values[0] for name, values in query.items()}
    assert (asked["action"], asked["generator"], asked["prop"]) == ("query", "search", "imageinfo")
    assert (asked["gsrnamespace"], asked["formatversion"]) == ("6", "2")
    offset, limit = int(asked["gsroffset"]), int(asked["gsrlimit"])
    term = asked["gsrsearch"].removeprefix("filetype:bitmap ")
    results = server.commons.get(term, [])
    part = results[offset : offset + limit]
    if not part:
        return 200, {"batchcomplete": True}
    pages = [{**one, "index": offset + place} for place, one in enumerate(part, 1)]
    answer: dict[str, Any] = {"batchcomplete": True}
    if server.split and len(pages) > 1:
        half = len(pages) // 2
        second = "iicontinue" in asked
        for place, one in enumerate(pages):
            if (place < half) == second:
                del one["imageinfo"]
        if not second:
            answer = {"continue": {"iicontinue": "Half.jpg|1", "continue": "||"}}
    if "batchcomplete" in answer and offset + limit < len(results):
        answer["continue"] = {"gsroffset": offset + limit, "continue": "gsroffset||"}
    # Pages come in the order of their ids, not of the search.
    answer["query"] = {"pages": sorted(pages, key=lambda one: one["pageid"])}
    return 200, answer


def found(url: str, **changes: Any) -> dict[str, Any]:
    """Return a result of Openverse."""
    return {
        "id": "4bc43a04-ef46-4544-a0c1-63c63f56e276",
        "title": "A photograph",
        "indexed_on": "2022-08-27T17:39:48Z",
        "foreign_landing_url": "https://photos.example/1",
        "url": url,
        "creator": "Ada",
        "creator_url": "https://photos.example/ada",
        "license": "by",
        "license_version": "2.0",
        "license_url": "https://creativecommons.org/licenses/by/2.0/",
        "provider": "flickr",
        "source": "flickr",
        "category": None,
        "filesize": None,
        "filetype": None,
        "tags": [],
        "attribution": "words",
        "fields_matched": ["title"],
        "mature": False,
        "height": 768,
        "width": 1024,
    } | changes


def page(url: str, number: int, *, mime: str = "image/jpeg", **facts: str) -> dict[str, Any]:
    """Return a page of Wikimedia Commons with what is known of its file."""
    facts = {
        "Artist": '<a href="//commons.wikimedia.org/wiki/User:Bo" title="x">Bo &amp; Co</a>',
        "LicenseShortName": "CC BY-SA 4.0",
        "LicenseUrl": "https://creativecommons.org/licenses/by-sa/4.0",
    } | facts
    return {
        "pageid": 1000 - number,
        "ns": 6,
        "title": f"File:Picture {number}.jpg",
        "imagerepository": "local",
        "imageinfo": [
            {
                "size": 1,
                "width": 4000,
                "height": 3000,
                "thumburl": url,
                "thumbwidth": 960,
                "thumbheight": 720,
                "url": f"{url}/original",
                "descriptionurl": f"https://commons.wikimedia.org/wiki/File:Picture_{number}.jpg",
                "descriptionshorturl": "https://commons.wikimedia.org/w/index.php?curid=1",
                "mime": mime,
                "extmetadata": {
                    name: {"value": value, "source": "commons-desc-page", "hidden": ""}
                    for name, value in facts.items()
                },
            }
        ],
    }


@contextmanager
def running() -> Iterator[Server]:
    """Serve on a free port of loopback."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def replace_both(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a server stand for Openverse and Wikimedia Commons, and be asked without pause."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(Openverse, "url", server.url("/v1/images/"))
    monkeypatch.setattr(Commons, "url", server.url("/w/api.php"))
    monkeypatch.setattr(client, "PAUSE", 0.0)
    monkeypatch.setattr(client, "BACKOFF", 0.001)
    monkeypatch.setattr(client, "TIMEOUT", 5.0)


def offer(server: Server, term: str, photographs: Sequence[bytes], first: int = 0) -> None:
    """Offer photographs under a term, in turn as results of the two sources."""
    for number, body in enumerate(photographs, first):
        url = server.serve(f"{term.replace(' ', '-')}-{number}", body)
        if number % 2:
            server.commons.setdefault(term, []).append(page(url, number))
        else:
            server.openverse.setdefault(term, []).append(found(url, title=f"{term} {number}"))
