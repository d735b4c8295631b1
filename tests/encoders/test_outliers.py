"""Photographs of something else among those of a word: found by real vectors, and left out."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from embarith import load_encoder
from embarith.cli import main
from embarith.encoders.encoding import Photographs, encode
from embarith.photos import Journal, likeness, read_words
from embarith.table import EmbeddingTable
from embarith.web.review import outliers_first

WORDS = ("apple", "banana", "carrot", "chair", "rooster")


@pytest.fixture(scope="module")
def words(shared: Path) -> dict[str, list[str]]:
    """Ten photographs a word, among which stand two telephones."""
    found = read_words(shared / "photos" / "words.csv")
    planted = found["phone"][:2]
    return {word: [*found[word][:6], *planted, *found[word][6:10]] for word in WORDS}


@pytest.fixture(scope="module")
def table(shared: Path, lite2: Path, words: dict[str, list[str]]) -> EmbeddingTable:
    images = list(dict.fromkeys(image for found in words.values() for image in found))
    inputs = Photographs(images, [shared / "photos" / image for image in images])
    return encode(load_encoder(lite2, device="cpu"), inputs).table


def test_telephones_among_apples_come_first(
    table: EmbeddingTable, words: dict[str, list[str]]
) -> None:
    ordered = outliers_first(words, likeness(table, words))
    for word, images in words.items():
        assert set(ordered[word][:2]) == set(images[6:8]), word
        assert sorted(ordered[word]) == sorted(images)


def test_likeness_is_the_mean_cosine_to_the_others(
    table: EmbeddingTable, words: dict[str, list[str]]
) -> None:
    found = likeness(table, {"apple": [*words["apple"], "absent.jpg"], "one": words["apple"][:1]})
    assert set(found) == {("apple", image) for image in words["apple"]}
    for (_, image), value in found.items():
        others = [other for other in words["apple"] if other != image]
        cosines = [table.similarity(image, other) for other in others]
        assert value == pytest.approx(sum(cosines) / len(cosines), abs=1e-12)
    assert outliers_first({"a": ["x", "y"]}, {("a", "y"): 0.9}) == {"a": ("y", "x")}


def test_what_is_dropped_is_not_encoded_and_not_pooled(
    shared: Path, lite2: Path, words: dict[str, list[str]], tmp_path: Path
) -> None:
    home = tmp_path / "photos"
    home.mkdir()
    for folder in (shared / "photos").iterdir():
        if folder.is_dir():
            (home / folder.name).symlink_to(folder)
    apples, (phone, other) = words["apple"][:3], words["apple"][6:8]
    with (home / "words.csv").open("w", newline="") as file:
        rows = [("apple", rank, image) for rank, image in enumerate([*apples, phone, other])]
        csv.writer(file).writerows([("word", "rank", "image"), *rows])
    with Journal(home, "anna") as journal:
        journal.judge("apple", phone, "drop")
    vectors = tmp_path / "vectors"
    call = ["encode", str(lite2), "--collection", str(home), "-o", str(vectors), "--json"]
    done = CliRunner().invoke(main, [*call, "--device", "cpu"])
    assert done.exit_code == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["dropped"] for one in events if one["event"] == "reviewed"] == [1]
    table = EmbeddingTable.open(vectors / "photos.arrow")
    assert table.index_to_key == [*apples, other]
    with Journal(home, "ben") as journal:
        journal.judge("apple", other, "drop")
    pooled = tmp_path / "pooled.arrow"
    call = ["table", "pool", str(vectors / "photos.arrow"), str(home / "words.csv"), "-o"]
    done = CliRunner().invoke(main, [*call, str(pooled)])
    assert done.exit_code == 0, done.stderr
    mean = table.select(apples).vectors.astype("f8").mean(axis=0)
    assert EmbeddingTable.open(pooled)["apple"] == pytest.approx(mean, abs=1e-6)
    assert "mean of 3 photographs" in done.stderr
