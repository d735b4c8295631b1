"""Collections: their lists, where their photographs are, and what is found wrong with them."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from embarith.cli import main
from embarith.errors import DataError, EmbarithError, FormatError, OptionError
from embarith.photos import (
    Journal,
    Photograph,
    import_collection,
    read_collection,
    read_photographs,
    without_shared,
)
from embarith.photos.attribution import attribution
from embarith.photos.checking import check
from embarith.photos.collection import Member, write_lists

HEAD = "image,source,width,height,sha256,licence\n"
SUM = "0" * 64


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["images", *map(str, words)])


@pytest.fixture
def small(shared: Path, tmp_path: Path) -> Path:
    """Six photographs of three words, one of them of two."""
    collection, home = read_collection(shared / "photos"), tmp_path / "small"
    records = read_photographs(shared / "photos")
    images = [image for image in collection.images if image.startswith("flickr8k/")][:6]
    (home / "flickr8k").mkdir(parents=True)
    for image in images:
        shutil.copyfile(collection.folder / image, home / image)
    words = {"dog": images[:3], "cat": images[3:], "pet": images[2:3]}
    members = [
        Member(word, rank, image, "class")
        for word, several in words.items()
        for rank, image in enumerate(several)
    ]
    write_lists(home, members, [records[image] for image in images])
    return home


# -- lists ---------------------------------------------------------------------------------------


def test_the_shared_photographs_are_a_collection(shared: Path) -> None:
    collection, records = read_collection(shared / "photos"), read_photographs(shared / "photos")
    assert (collection.home, collection.folder) == (shared / "photos", shared / "photos")
    assert (len(collection.words), len(records)) == (432, 7_641)
    assert set(collection.images) == set(records)
    assert records["flickr8k/767401b7f789.jpg"].original_path == "images/1000268201_693b08cb0e.jpg"


def test_what_is_written_is_read(tmp_path: Path) -> None:
    odd = Photograph("é.jpg", "s", 1, 2, SUM, "CC BY", 'a "b", c\nd', "=1+1", "u", "v", "w", "x")
    write_lists(tmp_path, [Member("ice, cream", 0, "é.jpg", "k", "q")], [odd])
    assert read_photographs(tmp_path) == {"é.jpg": odd}
    assert read_collection(tmp_path).words == {"ice, cream": ("é.jpg",)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,source\n", r"images.csv: no column 'width'"),
        (HEAD + f",s,1,2,{SUM},l\n", r"images.csv:2: image ''"),
        (HEAD + f"a.jpg,s,1,2,{SUM},l\nb.jpg,s,0,2,{SUM},l\n", r"images.csv:3: .*width '0'"),
        (HEAD + f"a.jpg,s,1,x,{SUM},l\n", r"images.csv:2: .*height 'x'"),
        (HEAD + "a.jpg,s,1,2,abc,l\n", r"images.csv:2: sha256 'abc'"),
        (HEAD + "a.jpg,s,1\n", r"images.csv:2: .*height ''"),
        (HEAD + f"../a.jpg,s,1,2,{SUM},l\n", r"images.csv:2: .*leaves the folder"),
        (HEAD + f"/a.jpg,s,1,2,{SUM},l\n", r"images.csv:2: .*leaves the folder"),
        (HEAD + f"a.jpg,s,1,2,{SUM},l\n" * 2, r"images.csv:3: .*stands there twice"),
    ],
)
def test_faults_of_images_are_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "images.csv").write_text(text)
    with pytest.raises(FormatError, match=message):
        read_photographs(tmp_path)


def test_images_csv_may_be_absent(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"images.csv' is no file"):
        read_photographs(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("images = 1\n", "expected one line"),
        ("", "expected one line"),
        ('images = "."\nmore = 1\n', "expected one line"),
        ("images = [\n", "collection.toml: "),
        ('images = "nowhere"\n', "which is no folder"),
    ],
)
def test_faults_of_the_settings_are_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text("word,rank,image\na,0,a.jpg\n")
    (tmp_path / "collection.toml").write_text(text)
    with pytest.raises(EmbarithError, match=message):
        read_collection(tmp_path)


def test_images_may_lie_elsewhere(small: Path) -> None:
    (small / "lists").mkdir()
    shutil.move(small / "words.csv", small / "lists")
    (small / "lists" / "collection.toml").write_text('images = ".."\n')
    collection = read_collection(small / "lists")
    assert (collection.home, collection.folder) == (small / "lists", small / "lists" / "..")
    assert all((collection.folder / image).is_file() for image in collection.images)


def test_without_shared() -> None:
    words = {"a": ["1", "2", "2"], "b": ["3", "1"], "c": ("4",), "d": ("3",)}
    assert without_shared(words) == {"a": ("2", "2"), "b": (), "c": ("4",), "d": ()}
    assert without_shared({"a": ["1", "2"]}) == {"a": ("1", "2")}


# -- import --------------------------------------------------------------------------------------


def test_an_import_leaves_the_source_alone(shared: Path, tmp_path: Path) -> None:
    home = tmp_path / "mine"
    outcome = run("import", shared / "photos", "-o", home)
    assert outcome.exit_code == 0, outcome.stderr
    assert "432 words, 7,641 photographs" in outcome.stderr
    for name in ("words.csv", "images.csv"):
        assert (home / name).read_bytes() == (shared / "photos" / name).read_bytes()
    assert sorted(file.name for file in home.iterdir()) == [
        "collection.toml",
        "images.csv",
        "words.csv",
    ]
    assert read_collection(home).folder == (shared / "photos").resolve()


def test_an_import_of_an_import_points_to_the_photographs(small: Path, tmp_path: Path) -> None:
    source = small.rename(tmp_path / 'a "b" \\ é')
    first = import_collection(source, tmp_path / "first")
    second = import_collection(tmp_path / "first", tmp_path / "second")
    assert first.folder == second.folder == source.resolve()
    assert not check(tmp_path / "second").missing
    with pytest.raises(OptionError, match="holds a collection; name another folder"):
        import_collection(source, tmp_path / "first")
    with pytest.raises(OptionError, match="holds a collection"):
        import_collection(source, source)


def test_a_read_only_source_can_be_imported(small: Path, tmp_path: Path) -> None:
    for place in (small / "words.csv", small / "images.csv", small / "flickr8k", small):
        place.chmod(0o555)
    try:
        import_collection(small, tmp_path / "mine")
        assert run("check", tmp_path / "mine").exit_code == 0
    finally:
        for place in (small, small / "flickr8k"):
            place.chmod(0o755)


def test_an_import_of_a_damaged_list_makes_nothing(small: Path, tmp_path: Path) -> None:
    (small / "images.csv").write_text("image\n")
    outcome = run("import", small, "-o", tmp_path / "mine")
    assert (outcome.exit_code, (tmp_path / "mine").exists()) == (1, False)
    assert "no column 'source'" in outcome.stderr


# -- check ---------------------------------------------------------------------------------------


def test_what_is_wrong_is_found(small: Path) -> None:
    images = read_collection(small).images
    whole = check(small, per_word=3)
    assert (whole.words, whole.photographs, whole.files) == (3, 6, 6)
    assert whole.short == {"pet": 1}
    assert whole.shared == {images[2]: ("dog", "pet")}
    assert whole.licences == {"research/education only; Flickr owners": 6}
    assert len(whole.same) + len(whole.near) == 0
    assert run("check", small).exit_code == 0
    (small / images[0]).unlink()
    (small / images[1]).write_bytes((small / images[1]).read_bytes()[:-1] + b"\0")
    shutil.copyfile(small / images[4], small / images[3])
    (small / "more.PNG").write_bytes(b"x")
    (small / ".thumbs").mkdir()
    (small / ".thumbs" / "a.jpg").write_bytes(b"x")
    rows = (small / "images.csv").read_text().splitlines(keepends=True)
    rows[-1] = rows[-1].replace(",224,224,", ",224,225,")
    (small / "images.csv").write_text("".join([*rows[:3], *rows[4:]]))
    checked = check(small)
    assert checked.missing == (images[0],)
    assert checked.damaged == {
        images[1]: "sha256 differs",
        images[3]: "sha256 differs",
        images[5]: "224 × 224 pixels, listed as 224 × 225",
    }
    assert checked.unrecorded == (images[2],)
    assert checked.same == ((images[3], images[4]),)
    assert checked.unlisted == ("more.PNG",)
    assert checked.files == 5
    outcome = run("check", small)
    assert outcome.exit_code == 1
    assert outcome.stderr == (f"Error: 1 photographs of {small} are missing, 3 damaged\n")
    assert "and" not in outcome.stdout.replace("and owners", "")
    facts = json.loads(run("check", small, "--json").stdout)
    assert facts["missing"] == [images[0]]
    assert facts["damaged"][images[1]] == "sha256 differs"


def test_a_pipe_is_no_photograph_to_wait_for(small: Path) -> None:
    collection = read_collection(small)
    image = collection.images[0]
    (collection.folder / image).unlink()
    os.mkfifo(collection.folder / image)
    assert check(small).damaged[image] == "no regular file"


def test_a_file_that_cannot_be_decoded_is_damaged_without_a_record_too(small: Path) -> None:
    (small / "images.csv").unlink()
    image = read_collection(small).images[0]
    (small / image).write_bytes((small / image).read_bytes()[:999])
    checked = check(small)
    assert set(checked.damaged) == {image}
    assert "truncated" in checked.damaged[image]
    assert len(checked.unrecorded) == 6
    assert run("check", small).exit_code == 1


def test_long_findings_are_cut_for_people(small: Path) -> None:
    for number in range(20):
        (small / f"[red]{number:02}.jpg").write_bytes(b"x")
    outcome = run("check", small)
    assert "[red]07.jpg" in outcome.stdout
    assert "[red]08.jpg" not in outcome.stdout
    assert "and 12 more (--json lists them)" in outcome.stdout


# -- attribution ---------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.tags: set[str] = set()
        self.parts: list[str] = []
        self.feed(text)
        self.text = "".join(self.parts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            if name == "href" and not str(value).startswith("#"):
                self.links.append(str(value))
            if name in ("src", "srcset", "action"):
                self.loads.append(str(value))

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def test_the_page_names_makers_and_loads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = '"><script>alert(1)</script>'
    records = [
        Photograph(
            *("a.jpg", "openverse", 1, 2, SUM, "CC BY 2.0", "Red & green", "Ada"),
            *("https://l.example/by", "https://p.example/?a=1&b=2"),
        ),
        Photograph("b.jpg", evil, 1, 2, SUM, evil, evil, evil, f"javascript:{evil}", "data:x"),
        Photograph("c.jpg", "set", 1, 2, SUM, "", original_path="dir/c.jpg"),
    ]
    words = {"apple": ["a.jpg", "b.jpg"], evil: ["c.jpg", "d.jpg"]}
    members = [
        Member(word, rank, image, "search")
        for word, images in words.items()
        for rank, image in enumerate(images)
    ]
    write_lists(tmp_path, members, records)
    page = Page(attribution(tmp_path, evil))
    assert page.links == [
        "https://l.example/by",
        "https://p.example/?a=1&b=2",
        "https://l.example/by",
    ]
    assert not page.loads
    assert not page.tags & {"script", "img", "iframe", "link", "object"}
    shown = " ".join(page.text.split())
    assert "Red & green by Ada, CC BY 2.0" in shown
    assert "dir/c.jpg, no licence stated" in shown
    assert "d.jpg origin not recorded" in shown
    assert evil in shown


def test_the_page_of_the_shared_photographs(shared: Path, tmp_path: Path) -> None:
    import_collection(shared / "photos", tmp_path / "mine")
    page = Page(attribution(tmp_path / "mine"))
    collection = read_collection(shared / "photos")
    listed = re.findall(r"· (\S+)", page.text)
    assert listed == [image for images in collection.words.values() for image in images]


def test_libraries_that_lack_are_named(
    small: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    block: Callable[[str], None] = lambda name: monkeypatch.setitem(  # noqa: E731
        __import__("sys").modules, name, None
    )
    block("jinja2")
    with pytest.raises(DataError, match=r"pip install 'embarith\[images\]'"):
        attribution(small)
    block("imagehash")
    with pytest.raises(DataError, match=r"pip install 'embarith\[images\]'"):
        check(small)


def test_an_imported_collection_keeps_the_verdicts(small: Path, tmp_path: Path) -> None:
    image = read_collection(small).words["dog"][0]
    with Journal(small, "anna") as journal:
        journal.judge("dog", image, "drop")
    assert len(read_collection(small).words["dog"]) == 2
    found = import_collection(small, tmp_path / "mine")
    assert found.words == read_collection(small).words
    assert image not in found.words["dog"]
