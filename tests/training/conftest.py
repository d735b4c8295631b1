"""Small parts of real text: two files of the Brown corpus, tagged, and Australian news."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def brown(shared: Path) -> dict[str, bytes]:
    """Three tagged texts."""
    with zipfile.ZipFile(shared / "text" / "brown.zip") as archive:
        return {name: archive.read(f"brown/{name}") for name in ("ca01", "cf02", "cr09")}


@pytest.fixture(scope="session")
def news(shared: Path) -> bytes:
    """The first megabyte and a half of rural news, so that blocks are read over their ends."""
    with zipfile.ZipFile(shared / "text" / "abc.zip") as archive:
        return archive.read("abc/rural.txt")[:1_500_000].rpartition(b"\n")[0]
