"""Archives: what is taken out of them, and what hostile or broken ones cannot do."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import zipfile

import pytest

from embarith.data import fetch, fetching, locate
from embarith.data.catalogue import read_sums
from embarith.errors import DataError


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


def test_a_folder_out_of_an_archive(server, offer, root, shared, left):
    entry = offer("bats")
    members = {
        path.replace("analogy/bats", "BATS_3.0"): (shared / path).read_bytes()
        for path in entry.sha256
    }
    server.bodies["/BATS_3.0.zip"] = zipped(members | {"BATS_3.0/": b"", "__MACOSX/x": b"junk"})
    path = fetch("bats")
    assert path == root / "analogy/bats"
    assert set(left()) == {"SHA256SUMS", *entry.sha256}
    assert read_sums((root / "SHA256SUMS").read_text(encoding="utf-8")) == entry.sha256
    assert locate("bats") == path
    # Half a set is not a set, and fetching mends it.
    (path / "1_Inflectional_morphology" / "I01 [noun - plural_reg].txt").unlink()
    with pytest.raises(
        DataError, match=r"cache's copy is damaged or incomplete.*embarith data fetch bats"
    ):
        locate("bats")
    assert fetch("bats") == path == locate("bats")


def test_an_archive_that_lacks_a_file(server, offer, left, shared):
    entry = offer("bats")
    some = list(entry.sha256)[:-1]
    server.bodies["/BATS_3.0.zip"] = zipped(
        {path.replace("analogy/bats", "BATS_3.0"): (shared / path).read_bytes() for path in some}
    )
    with pytest.raises(DataError, match=r"the archive lacks 'analogy/bats/4_"):
        fetch("bats")
    assert left() == []


VECTORS = b"the 0.1 0.2\nof 0.3 0.4\n"


def test_one_archive_brings_all_its_tables_and_their_hashes(server, offer, root):
    names = [f"glove.6B.{d}d.txt" for d in (50, 100, 200, 300)]
    server.bodies["/glove.6B.zip"] = zipped(dict.fromkeys(names, VECTORS))
    offer("glove-6b-50d")
    assert fetch("glove-6b-50d").read_bytes() == VECTORS
    assert locate("glove-6b-300d") == root / "vectors/glove.6B/glove.6B.300d.txt"
    sums = read_sums((root / "SHA256SUMS").read_text(encoding="utf-8"))
    assert sums == {f"vectors/glove.6B/{n}": hashlib.sha256(VECTORS).hexdigest() for n in names}


def test_a_later_download_has_to_be_the_same(server, offer, root, left):
    server.bodies["/glove.6B.zip"] = zipped({"glove.6B.50d.txt": VECTORS})
    offer("glove-6b-50d")
    fetch("glove-6b-50d").unlink()
    server.bodies["/glove.6B.zip"] = zipped({"glove.6B.50d.txt": VECTORS * 2})
    with pytest.raises(DataError, match=r"changed since it was first downloaded.*SHA256SUMS"):
        fetch("glove-6b-50d")
    assert left() == ["SHA256SUMS"]
    (root / "SHA256SUMS").unlink()
    assert fetch("glove-6b-50d").read_bytes() == VECTORS * 2


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "a/../../../out.txt", "..\\out.txt"])
def test_members_that_point_outside_are_refused(server, offer, root, name, left):
    offer("glove-6b-50d")
    for pack in (zipped, tarred):
        server.bodies["/glove.6B.zip"] = pack({"glove.6B.50d.txt": VECTORS, name: b"gotcha"})
        with pytest.raises(DataError, match="names a place outside its folder"):
            fetch("glove-6b-50d")
        assert left() == []
    assert not list(root.parents[1].rglob("out.txt"))


def test_links_in_archives_are_left_out(server, offer, left, tmp_path):
    links = {"escape": str(tmp_path), "glove.6B.100d.txt": "/etc/passwd"}
    members = {"glove.6B.50d.txt": VECTORS, "escape/out.txt": b"gotcha"}
    server.bodies["/glove.6B.zip"] = tarred(members, links)
    offer("glove-6b-50d")
    fetch("glove-6b-50d")
    assert not (tmp_path / "out.txt").exists()
    assert left() == [
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
def test_broken_archives(server, offer, left, fault):
    server.bodies["/glove.6B.zip"] = BROKEN[fault]
    entry = offer("glove-6b-50d")
    with pytest.raises(DataError, match="the archive") as caught:
        fetch("glove-6b-50d")
    assert entry.url in str(caught.value)
    assert left() == []


def test_no_room_for_what_an_archive_claims_to_hold(server, offer, left, monkeypatch):
    server.bodies["/glove.6B.zip"] = zipped({"glove.6B.50d.txt": bytes(10_000_000)})
    offer("glove-6b-50d")
    usage = type("usage", (), {"free": 1_000_000})
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=r"needs 10.0 MB, but only 1.0 MB are free.*XDG_CACHE_HOME"):
        fetch("glove-6b-50d")
    assert left() == []
