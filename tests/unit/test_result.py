"""Records: what JSON keeps, refuses and rounds."""

from __future__ import annotations

import json

import msgspec
import pytest

from embarith import result
from embarith.result import from_json, json_schema, kinds, rounded, to_json

KINDS = tuple(kinds())


@pytest.fixture
def answer() -> result.Answer:
    return result.Answer(
        encoder="glove",
        rows=3,
        sha256="ab" * 32,
        terms=(result.Term(1.0, "Zürich"),),
        raw=False,
        candidates=(result.Candidate("Bern", 0.1 + 0.2, False, (1 / 3,), (None,)),),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_published_schemas_are_sound(kind: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json_schema(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == kind


def test_a_line_is_utf_8_with_the_schema_first_and_reads_back(answer: result.Answer) -> None:
    line = to_json(answer)
    assert "\n" not in line
    assert "Zürich" in line
    assert next(iter(json.loads(line))) == "schema"
    assert from_json(line) == answer
    assert from_json(line.encode()) == answer


def test_a_saved_file_is_the_line(answer: result.Answer, tmp_path) -> None:
    answer.save(tmp_path / "one.json")
    assert (tmp_path / "one.json").read_text(encoding="utf-8") == to_json(answer) + "\n"


def test_an_unknown_schema_is_named() -> None:
    with pytest.raises(ValueError, match=r"'embarith.analogy/9' is none of ours: embarith.analogy"):
        from_json('{"schema": "embarith.analogy/9"}')


def test_a_field_that_does_not_fit_is_named(answer: result.Answer) -> None:
    line = to_json(answer).replace('"rows":3', '"rows":"three"')
    with pytest.raises(msgspec.ValidationError, match=r"\$\.rows"):
        from_json(line)


def test_rounding_keeps_nine_digits_and_drops_what_cancels(answer: result.Answer) -> None:
    candidate = result.Candidate("x", 0.123456789123, True, (-1e-17, 1234.56789012345), (7,))
    noisy = result.Answer(
        encoder="e", rows=1, sha256="", terms=(), raw=True, candidates=(candidate,)
    )
    kept = rounded(noisy).candidates[0]
    assert kept.score == 0.123456789
    assert str(kept.parts[0]) == "0.0"
    assert kept.parts[1] == 1234.56789
    assert kept.ranks_alone == (7,)
    assert rounded(answer).candidates[0].score == 0.3


def test_a_notebook_shows_the_report(answer: result.Answer) -> None:
    assert "Zürich" in answer._repr_html_()
