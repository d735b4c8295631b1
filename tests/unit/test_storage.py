"""Tables as files: damage is noticed and never crashes, and so is a shadow of another table."""

from __future__ import annotations

import json
import os
import shutil
import time
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pytest

import embarith
from embarith import solvers
from embarith.errors import EmbarithError, FormatError, TableError
from embarith.experiments.ask import ask
from embarith.readers import write
from embarith.table import EmbeddingTable


@pytest.fixture(scope="module")
def words(glove_table: EmbeddingTable) -> EmbeddingTable:
    return glove_table.select(np.arange(5000))


@pytest.fixture(scope="module")
def queries(words: EmbeddingTable) -> np.ndarray:
    return words.vectors[::500] + words.vectors[1::500]


def use(path: Path) -> None:
    """Do with a table what a report does with it."""
    table = embarith.read(path)
    assert len(table.index_to_key) == len(table)
    table.search(np.ones((1, table.dimensions)), 3)
    table.verify()


def test_no_flipped_bit_crashes_or_goes_unnoticed(words: EmbeddingTable, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole.arrow", tmp_path / "broken.arrow"
    words.select(np.arange(200)).save(whole)
    content = whole.read_bytes()
    rng = np.random.default_rng(0)
    head, tail = rng.integers(0, 4000, 150), len(content) - rng.integers(1, 1500, 100)
    for place in [*head, *tail, *rng.integers(0, len(content), 50)]:
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.integers(8)
        broken.write_bytes(damaged)
        try:
            use(broken)
        except EmbarithError:
            continue
        # Only padding, names and provenance may change unseen.
        assert embarith.read(broken).index_to_key == embarith.read(whole).index_to_key
        assert np.array_equal(embarith.read(broken).vectors, embarith.read(whole).vectors)


def marked(path: Path, mark: bytes, labels: pa.Array, vectors: pa.Array) -> Path:
    schema = pa.schema(
        [("label", labels.type), ("vector", vectors.type)], metadata={b"embarith": mark}
    )
    with pa.ipc.new_file(path, schema) as writer:
        writer.write_batch(pa.record_batch([labels, vectors], schema=schema))
    return path


LABELS = pa.array(["a", "b"])
VECTORS = pa.FixedSizeListArray.from_arrays(pa.array(np.ones(4, np.float32)), 2)
HOLES = pa.FixedSizeListArray.from_arrays(pa.array([1.0, None, 1.0, 1.0], pa.float32()), 2)
MARK = json.dumps({"format": 1, "provenance": {}, "sha256": "00" * 32}).encode()


@pytest.mark.parametrize(
    ("mark", "labels", "vectors", "message"),
    [
        (b"", LABELS, VECTORS, "damaged"),
        (b"\xff\xff", LABELS, VECTORS, "damaged"),
        (b"[]", LABELS, VECTORS, "damaged"),
        (b'{"format": 1}', LABELS, VECTORS, "damaged"),
        (b'{"format": 1, "provenance": null, "sha256": ""}', LABELS, VECTORS, "damaged"),
        (b'{"format": 1, "provenance": {"steps": 5}, "sha256": ""}', LABELS, VECTORS, "damaged"),
        (b'{"format": 1, "sha256": 5}', LABELS, VECTORS, "damaged"),
        (MARK, pa.array([1, 2]), VECTORS, "column 'label' is int64; expected string"),
        (MARK, pa.array(["a", None]), VECTORS, "1 missing values"),
        (MARK, LABELS, HOLES, "1 missing values"),
        (MARK, LABELS[:0], VECTORS[:0], "0 rows"),
    ],
)
def test_a_mark_that_lies_is_refused(
    tmp_path: Path, mark: bytes, labels: pa.Array, vectors: pa.Array, message: str
) -> None:
    path = marked(tmp_path / "lies.arrow", mark, labels, vectors)
    with pytest.raises(FormatError, match=message):
        EmbeddingTable.open(path)


def test_content_that_does_not_match_its_hash_is_not_passed_on(tmp_path: Path) -> None:
    path = marked(tmp_path / "other.arrow", MARK, LABELS, VECTORS)
    table = EmbeddingTable.open(path)
    with pytest.raises(TableError, match="does not match its hash"):
        table.verify()
    for name in ("copy.arrow", "copy.npz"):
        with pytest.raises(TableError, match="does not match its hash"):
            write(table, tmp_path / name)


def test_a_row_without_direction_is_named_at_the_first_search(tmp_path: Path) -> None:
    values = pa.array(np.array([1, 1, np.nan, 1], np.float32))
    vectors = pa.FixedSizeListArray.from_arrays(values, 2)
    table = EmbeddingTable.open(marked(tmp_path / "nan.arrow", MARK, LABELS, vectors))
    with pytest.raises(
        TableError, match=r"nan\.arrow is damaged.*row 1 \(label 'b'\) is zero or not"
    ):
        table.most_similar("a")


# -- shadows -------------------------------------------------------------------------------------


def test_a_saved_table_answers_from_its_shadow(
    words: EmbeddingTable, queries: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "words.arrow"
    words.save(path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["words.arrow", "words.arrow.shadow"]
    table = EmbeddingTable.open(path)
    assert np.array_equal(table.norms, words.norms)
    want = words.select(np.arange(5000)[::-1]).search(queries, 5)  # rows turned: no shadow of ours
    for batch in (queries, queries[:1]):
        rows, scores = table.search(batch, 5)
        assert np.array_equal(rows, 4999 - want[0][: len(batch)])
        assert np.array_equal(scores, want[1][: len(batch)])


def test_a_table_too_small_for_a_shadow_takes_an_old_one_away(
    words: EmbeddingTable, tmp_path: Path
) -> None:
    path = tmp_path / "words.arrow"
    words.save(path)
    words.select(np.arange(100)).save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["words.arrow"]


@pytest.mark.parametrize("fault", ["stale", "damaged", "cut", "empty"])
def test_a_shadow_that_does_not_fit_is_noticed_and_not_used(
    words: EmbeddingTable, queries: np.ndarray, tmp_path: Path, fault: str
) -> None:
    path, shadow = tmp_path / "words.arrow", tmp_path / "words.arrow.shadow"
    words.save(path)
    content = bytearray(shadow.read_bytes())
    if fault == "stale":
        order = np.roll(np.arange(5000), 1)
        words.select(order).save(tmp_path / "other.arrow")
        shutil.move(tmp_path / "other.arrow.shadow", shadow)
    elif fault == "damaged":
        content[len(content) // 2] ^= 1
        shadow.write_bytes(content)
    else:
        shadow.write_bytes(content[: 0 if fault == "empty" else 5000])
    table = EmbeddingTable.open(path)
    with pytest.warns(UserWarning, match=r"words\.arrow\.shadow: .*`save`, or .* writes it anew"):
        found = table.search(queries, 5)
    assert np.array_equal(found[0], words.search(queries, 5)[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table.save(path)
        assert np.array_equal(EmbeddingTable.open(path).search(queries, 5)[0], found[0])


DAMAGED = r"table\.arrow is damaged; make it again from its source: "


@pytest.mark.parametrize("value", ["double", 1e30, np.inf, np.nan])
@pytest.mark.parametrize("shadowed", [True, False])
def test_a_damaged_row_is_an_error_with_a_shadow_and_without(
    tmp_path: Path, value: object, shadowed: bool
) -> None:
    vectors = np.random.default_rng(0).standard_normal((5000, 8), np.float32)
    path = tmp_path / "table.arrow"
    EmbeddingTable.from_arrays([f"w{row}" for row in range(5000)], vectors).save(path)
    content = bytearray(path.read_bytes())
    at = content.index(vectors[77].tobytes())
    damage = 2 * vectors[77, 0] if value == "double" else np.float32(value)
    content[at : at + 4] = damage.tobytes()
    path.write_bytes(content)
    if not shadowed:
        Path(f"{path}.shadow").unlink()
    named = DAMAGED + (
        r"row 77 \(label 'w77'\)" if shadowed or not np.isfinite(damage) else "a row"
    )
    near, rows = vectors[77:78].astype(np.float64), np.array([77])
    far, right = np.array([70]), np.array([[3]])
    for use in (
        lambda table: table.search(near, 3),
        lambda table: table.search(np.tile(near, (20, 1)), 3),
        lambda table: table.search(near, 3, similarity="spearman"),
        lambda table: table.ranked(),
        lambda table: solvers.solve(table, far, far, far, right),
        lambda table: solvers.rank_gold(table, far, far, far, right),
        lambda table: solvers.offsets(table, far, rows, far),
        lambda table: ask(table, "w77"),
    ):
        with pytest.raises(TableError, match=named):
            use(EmbeddingTable.open(path))


def test_what_a_shadow_needs_no_look_at_does_no_harm(tmp_path: Path) -> None:
    """The answers are those of the table as it was saved."""
    vectors = np.random.default_rng(0).standard_normal((5000, 8), np.float32)
    path = tmp_path / "table.arrow"
    whole = EmbeddingTable.from_arrays([f"w{row}" for row in range(5000)], vectors)
    whole.save(path)
    content = bytearray(path.read_bytes())
    at = content.index(vectors[77].tobytes())
    content[at : at + 4] = np.float32(np.nan).tobytes()
    path.write_bytes(content)
    queries = -vectors[77:78].astype(np.float64)
    found, scores = EmbeddingTable.open(path).search(queries, 3)
    want = queries / np.linalg.norm(queries) @ whole.normalized().vectors.astype(np.float64).T
    np.testing.assert_array_equal(found[0], np.argsort(-want[0])[:3])
    np.testing.assert_allclose(scores[0], np.sort(want[0])[:-4:-1], atol=1e-6)


@pytest.mark.parametrize("reason", ["no regular file", "No space left on device"])
def test_a_table_whose_shadow_cannot_be_written_is_saved(
    words: EmbeddingTable,
    queries: np.ndarray,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reason: str,
) -> None:
    path = tmp_path / "words.arrow"
    if reason == "no regular file":
        Path(f"{path}.shadow").mkdir()
    else:
        words.select(np.arange(4999)).save(path)  # whose shadow must not stay

        def full(target: Path) -> None:
            raise OSError(28, reason, str(target))

        monkeypatch.setattr("embarith.table.replacing", full)
    with pytest.warns(UserWarning, match=rf"words\.arrow\.shadow could not be written .*{reason}"):
        words.save(path)
    assert not Path(f"{path}.shadow").is_file()
    found = EmbeddingTable.open(path).search(queries, 5)
    assert np.array_equal(found[0], words.search(queries, 5)[0])


def test_a_column_whose_name_is_damaged_is_refused(words: EmbeddingTable, tmp_path: Path) -> None:
    path = tmp_path / "words.arrow"
    words.select(np.arange(20)).save(path)
    path.write_bytes(path.read_bytes().replace(b"label", b"\xffabel"))
    with pytest.raises(FormatError, match=r"words\.arrow"):
        EmbeddingTable.open(path)


def test_what_killed_saves_left_is_removed_an_hour_later(tmp_path: Path) -> None:
    table = EmbeddingTable.from_arrays(["a"], np.ones((1, 2), np.float32))
    abandoned, running, others, theirs = (
        tmp_path / name
        for name in (
            ".t.arrow.abandon1",
            ".t.arrow.running1",
            ".x.arrow.abandon1",
            ".t.arrow.their_s",
        )
    )
    for folder, name in (
        (abandoned, "t.arrow"),
        (running, "t.arrow"),
        (others, "x.arrow"),
        (theirs, "letter"),
    ):
        folder.mkdir()
        (folder / name).write_text("half")
        old = time.time() - 4000
        os.utime(folder / name, (old, old))
        if folder != running:
            os.utime(folder, (old, old))
    table.save(tmp_path / "t.arrow")
    left = {file.name for file in tmp_path.iterdir()}
    assert left == {"t.arrow", running.name, others.name, theirs.name}
