"""The server of photographs as both sources, and photographs that are no copies of each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import photoserver
from embarith.photos import read_collection


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[photoserver.Server]:
    with photoserver.running() as server:
        photoserver.replace_both(server, monkeypatch)
        yield server


@pytest.fixture(scope="session")
def photographs(shared: Path) -> Callable[[int, int], list[bytes]]:
    """Return some of the real photographs, of which none is a copy of another."""
    collection = read_collection(shared / "photos")
    images = [image for image in collection.images if image.startswith("flickr8k/")]

    def some(first: int, count: int) -> list[bytes]:
        return [(collection.folder / image).read_bytes() for image in images[first : first + count]]

    return some
