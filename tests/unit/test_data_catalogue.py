"""The catalogue: every entry is whole, and its hashes are those of the real files."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

from embarith.data import CATALOGUE, locate
from embarith.data.catalogue import SHA256, read_sums
from embarith.errors import DataError
from embarith.files import sha256_of


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)
def test_entry_is_whole(entry):
    assert entry.kind in {"questions", "vectors", "similarity"}
    assert all((entry.title, entry.page, entry.licence, entry.citation, entry.path))
    assert entry.page.startswith("https://")
    assert not entry.url or entry.url.startswith("https://")
    assert entry.size > 0
    assert not entry.checksum or re.fullmatch(r"(md5|sha256):[0-9a-f]+", entry.checksum)
    assert not Path(entry.path).is_absolute()
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in entry.sha256.values())


def test_hashes_are_those_of_the_shared_list(shared):
    known = read_sums((shared / "SHA256SUMS").read_text(encoding="utf-8"))
    ours = {path: digest for entry in CATALOGUE.values() for path, digest in entry.sha256.items()}
    assert ours == {path: known[path] for path in ours}
    # Everything that questions are made of is pinned.
    pinned = {path for path in known if path.startswith("analogy/") and path.endswith(".txt")}
    assert pinned <= ours.keys()
    assert sum("GoldRatings-" in path for path in ours) == 79
    assert sum("Phase2Answers" in path for path in ours) == 79


@pytest.mark.parametrize("name", [n for n, e in CATALOGUE.items() if e.pinned])
def test_sizes_and_places_of_the_real_files(shared, name):
    entry = CATALOGUE[name]
    assert locate(name, data_dir=shared) == shared / entry.path
    assert entry.size == sum((shared / path).stat().st_size for path in entry.sha256)


@pytest.mark.parametrize("name", [n for n, e in CATALOGUE.items() if e.package])
def test_packages_carry_what_the_catalogue_says(name):
    package = CATALOGUE[name].package
    try:
        files = metadata.files(package.install)
    except metadata.PackageNotFoundError:
        pytest.skip(f"package absent: pip install {package.install}")
    assert files is not None
    for part in filter(None, (package.path, package.labels)):
        (file,) = [f.locate() for f in files if str(f) == f"{package.module}/{part}"]
        assert sha256_of(Path(file)) == SHA256[f"{package.module}/{part}"]
        assert CATALOGUE[name].sha256.get(CATALOGUE[name].path, "") in {
            "",
            SHA256[f"{package.module}/{part}"],
        }


def test_unknown_names_suggest_the_nearest(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="did you mean 'google'"):
        locate("gogle")
    (tmp_path / "vectors.txt").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"did you mean 'vectors[.]txt'"):
        locate("vecters.txt")


@pytest.mark.parametrize("name", ["", "~king/vectors", "a\0b", "../../nowhere", "google/", "\n"])
def test_odd_names_are_refused_in_words(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="neither a file nor a name of the catalogue"):
        locate(name)
