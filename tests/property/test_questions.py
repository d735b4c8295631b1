"""A user's questions come back as they were written, in every layout that can hold them."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from embarith.errors import FormatError
from embarith.questions import load

# What a label may hold: no control characters or line ends, no space at its ends.
label = (
    st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8)
    .flatmap(lambda word: st.sampled_from([word, f"{word} {word}"]))
    .filter(lambda word: word == word.strip())
)
rows = st.lists(st.tuples(label, label, label, label, label), min_size=1, max_size=6)


def read(text: str):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "own"
        path.write_bytes(text.encode())
        return load(path)


def columns(questions):
    names = [questions.relations[i] for i in questions.relation]
    golds = [gold for (gold,) in questions.gold]
    return list(zip(questions.a, questions.b, questions.c, golds, names, strict=True))


@given(rows)
@settings(deadline=None)
def test_json_lines(written):
    keys = ("a", "b", "c", "d", "relation")
    text = "\n".join(json.dumps(dict(zip(keys, row, strict=True))) for row in written)
    assert columns(read(text)) == written


@given(
    rows.filter(lambda r: r[0][0][0] not in ":{" and [w.lower() for w in r[0]][:2] != ["a", "b"])
)
@settings(deadline=None)
def test_tab_separated(written):
    assert columns(read("\n".join("\t".join(row) for row in written))) == written


@given(
    rows.filter(lambda r: r[0][0][0] not in ":{" and [w.lower() for w in r[0]][:2] != ["a", "b"])
)
@settings(deadline=None)
def test_comma_separated(written):
    out = io.StringIO()
    csv.writer(out).writerows(written)
    assert columns(read(out.getvalue())) == written


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
@settings(deadline=None)
def test_any_text_is_read_or_refused_with_its_place(text):
    try:
        found = f"own: {len(read(text).a)}"
    except FormatError as error:
        found = str(error)
    assert "own:" in found
    assert found != "own: 0"
