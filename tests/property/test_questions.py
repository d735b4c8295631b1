"""A user's questions come back as they were written, in every layout that can hold them."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embarith.errors import FormatError
from embarith.questions import load

# What a label may hold: no control characters or line ends, no space at its ends.
word = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=6)
label = word | word.map(lambda one: f"{one} {one}")
rows = st.lists(st.tuples(label, label, label, label, label), min_size=1, max_size=6)
# Not what would be taken for another layout or a header.
plain = rows.filter(lambda r: r[0][0][0] not in ":{" and r[0][1].lower() != "b")


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    path = tmp_path_factory.mktemp("questions") / "own"

    def read_text(text: str):
        path.write_bytes(text.encode())
        return load(path)

    return read_text


def columns(questions):
    names = [questions.relations[i] for i in questions.relation]
    golds = [gold for (gold,) in questions.gold]
    return list(zip(questions.a, questions.b, questions.c, golds, names, strict=True))


@given(rows)
@settings(deadline=None, max_examples=40)
def test_json_lines(read, written):
    keys = ("a", "b", "c", "d", "relation")
    text = "\n".join(json.dumps(dict(zip(keys, row, strict=True))) for row in written)
    assert columns(read(text)) == written


@given(plain)
@settings(deadline=None, max_examples=40)
def test_tab_separated(read, written):
    assert columns(read("\n".join("\t".join(row) for row in written))) == written


@given(plain)
@settings(deadline=None, max_examples=40)
def test_comma_separated(read, written):
    out = io.StringIO()
    csv.writer(out).writerows(written)
    assert columns(read(out.getvalue())) == written


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
@settings(deadline=None, max_examples=40)
def test_any_text_is_read_or_refused_with_its_place(read, text):
    try:
        found = f"own: {len(read(text).a)}"
    except FormatError as error:
        found = str(error)
    assert "own:" in found
    assert found != "own: 0"
