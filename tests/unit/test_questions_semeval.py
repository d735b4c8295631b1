"""Damaged copies of the SemEval packages: each fault names the file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from embarith.errors import DataError, FormatError
from embarith.questions import load

PACKAGE = "SemEval-2012-Complete-Data-Package"
GOLD = "SemEval-2012-Gold-Ratings"


@pytest.fixture
def copy(shared, tmp_path):
    """The packages with one file opened for damage; the others are links."""

    def damage(file: str, change):
        source, target = shared / "semeval2012t2", tmp_path / "semeval"
        target.mkdir()
        for part in Path(file).parts:
            for sibling in source.iterdir():
                if sibling.name != part:
                    (target / sibling.name).symlink_to(sibling)
            source, target = source / part, target / part
            if source.is_dir():
                target.mkdir()
        changed = change(source.read_text())
        if changed is not None:
            target.write_text(changed)
        return tmp_path / "semeval"

    return damage


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (f"{GOLD}/Training/GoldRatings-1a.txt", '50.0 "weapon', 'high "weapon', "1a.txt:12: "),
        (f"{GOLD}/Training/GoldRatings-1a.txt", '"bird:robin"', '"bird robin"', "1a.txt:13: "),
        (f"{GOLD}/Testing/GoldRatings-10f.txt", "\n", "\n#", "10f.txt: 0 rated pairs"),
        (f"{PACKAGE}/subcategories-list.txt", "2, a, PART", "2, PART", "list.txt:6: "),
        (f"{PACKAGE}/subcategories-paradigms.txt", "flower:tulip", "flower", "paradigms.txt:1: "),
        (f"{PACKAGE}/subcategories-paradigms.txt", "1, a,", "12, a,", "paradigms.txt:1: "),
        (
            f"{PACKAGE}/Training/Phase2Questions/Phase2Questions-1a.txt",
            '"pet:dog"', '"pet:cat"', "1a.txt:1: expected four rated pairs",
        ),
        (
            f"{PACKAGE}/Training/Phase2Answers/Phase2Answers-1a.txt",
            '"tree:oak"\t"oak:tree"\t"Y', '"tree:oak"\t"tree:elm"\t"Y',
            "1a.txt:2: expected four pairs",
        ),
    ],
)  # fmt: skip
def test_faults_name_file_and_line(copy, file, old, new, message):
    def change(text):
        assert old in text
        return text.replace(old, new)

    with pytest.raises(FormatError, match=message):
        load(copy(file, change))


def test_a_missing_relation(copy):
    folder = copy(f"{PACKAGE}/subcategories-paradigms.txt", lambda text: text.split("\n", 1)[1])
    with pytest.raises(FormatError, match="no paradigm pairs of relation 1a"):
        load(folder)


def test_a_missing_file(copy):
    folder = copy(f"{GOLD}/Testing/GoldRatings-1b.txt", lambda _: None)
    with pytest.raises(DataError, match=r"GoldRatings-1b.txt: cannot be read: No such file"):
        load(folder)
