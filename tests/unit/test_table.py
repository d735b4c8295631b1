"""EmbeddingTable: what it refuses, keeps, saves and shares."""

from __future__ import annotations

import copy
import hashlib
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pytest
from gensim.models import KeyedVectors

from embarith import statistics
from embarith.errors import FormatError, MissingLabelError, OptionError, TableError
from embarith.provenance import Provenance
from embarith.table import EmbeddingTable


@pytest.fixture(scope="module")
def words(glove_table: EmbeddingTable) -> EmbeddingTable:
    return glove_table.select(np.arange(5000))


@pytest.fixture
def saved(words: EmbeddingTable, tmp_path: Path) -> Path:
    path = tmp_path / "words.arrow"
    words.save(path)
    return path


def small(**changes: object) -> tuple[list[str], np.ndarray]:
    labels = ["a", "b", "c"]
    vectors = np.array([[1, 0], [0, 1], [1, 1]], dtype=np.float32)
    for place, value in changes.items():
        row = int(place[-1])
        if place.startswith("label"):
            labels[row] = str(value)
        else:
            vectors[row] = value
    return labels, vectors


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vector1": [0, np.nan]}, r"row 1 \(label 'b'\): value nan in dimension 1 is not finite"),
        ({"vector2": [np.inf, 0]}, r"row 2 \(label 'c'\): value inf in dimension 0"),
        ({"vector0": [0, 0]}, r"row 0 \(label 'a'\): the vector is zero"),
        ({"label1": ""}, r"row 1 \(label ''\): the label is empty"),
        ({"label2": "a"}, r"row 2 \(label 'a'\): the label stands already in row 0"),
    ],
)
def test_bad_rows_are_named_or_dropped(change: dict[str, object], message: str) -> None:
    with pytest.raises(TableError, match=message):
        EmbeddingTable.from_arrays(*small(**change))
    table = EmbeddingTable.from_arrays(*small(**change), on_bad="drop")
    assert (len(table), table.provenance.dropped) == (2, 1)


NO_TEXT = pa.StringArray.from_buffers(
    2, pa.py_buffer(np.array([0, 1, 2], np.int32)), pa.py_buffer(b"a\xff")
)
UNALIGNED = np.frombuffer(b"\0" * 9, np.float32, 2, offset=1).reshape(1, 2)


@pytest.mark.parametrize(
    ("labels", "vectors", "message"),
    [
        (["a"], np.ones((2, 2), np.float32), "1 labels for 2 rows"),
        (["a"], np.ones((1, 0), np.float32), r"shape \(1, 0\)"),
        ([], np.ones((0, 3), np.float32), r"shape \(0, 3\)"),
        (["a"], np.ones(3, np.float32), r"shape \(3,\)"),
        (["a", "b"], [[1.0, 2.0], [1.0]], "ragged"),
        (["a"], np.ones((1, 2)), r"float64 with strides \(16, 8\)"),
        (["a", "b"], np.ones((2, 2), np.float32, order="F"), r"float32 with strides \(4, 8\)"),
        (["a", 3], np.ones((2, 2), np.float32), "row 1: label 3 is int, not str"),
        (NO_TEXT, np.ones((2, 2), np.float32), "labels are no Unicode text"),
        (["a"], UNALIGNED, r"unaligned float32 with strides \(8, 4\)"),
    ],
)
def test_unsuitable_arrays_are_refused(labels: list, vectors: object, message: str) -> None:
    with pytest.raises(TableError, match=message):
        EmbeddingTable.from_arrays(labels, vectors)


def test_a_row_that_is_left_out_takes_no_label() -> None:
    vectors = np.float32([[np.nan, 1], [1, 0], [0, 1], [2, 2]])
    table = EmbeddingTable.from_arrays(["a", "a", "b", "a"], vectors, on_bad="drop")
    assert table.index_to_key == ["a", "b"]
    np.testing.assert_array_equal(table["a"], [1, 0])
    assert table.provenance.dropped == 2


def test_labels_may_come_one_by_one() -> None:
    labels, vectors = small()
    assert EmbeddingTable.from_arrays((one for one in labels), vectors).index_to_key == labels


def test_tables_of_other_labels_have_other_hashes() -> None:
    vectors = np.eye(2, dtype=np.float32)
    pairs = [["a\nb", "c"], ["a", "b\nc"], ["a\n", "b"], ["a", "\nb"], ["a", "b"], ["a", "b,1"]]
    hashes = [EmbeddingTable.from_arrays(labels, vectors).sha256 for labels in pairs]
    assert len(set(hashes)) == len(pairs)
    # As tables were always hashed: size, labels a line each, values.
    assert hashes[4] == hashlib.sha256(b"2 2\na\nb\n" + vectors.tobytes()).hexdigest()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda table: pickle.loads(pickle.dumps(table))])
def test_a_searched_table_can_be_copied(words: EmbeddingTable, copied: Any) -> None:
    table = words.select(np.arange(100))
    want = table.most_similar("of", topn=5)
    again = copied(table)
    assert again.sha256 == table.sha256
    assert again.most_similar("of", topn=5) == want


def test_float16_is_widened_once() -> None:
    labels, vectors = small()
    table = EmbeddingTable.from_arrays(labels, vectors.astype(np.float16))
    assert table.vectors.dtype == np.float32
    np.testing.assert_array_equal(table.vectors, vectors)


def test_float32_is_shared_and_read_only() -> None:
    labels, vectors = small()
    table = EmbeddingTable.from_arrays(labels, vectors)
    assert np.shares_memory(table.vectors, vectors)
    with pytest.raises(ValueError, match="read-only"):
        table.vectors[0, 0] = 5


def test_reopening_gives_the_same_table(words: EmbeddingTable, saved: Path) -> None:
    again = EmbeddingTable.open(saved)
    assert again.index_to_key == words.index_to_key
    np.testing.assert_array_equal(again.vectors, words.vectors)
    assert again.provenance == words.provenance
    fresh = EmbeddingTable.from_arrays(words.labels, np.array(words.vectors))
    assert again.sha256 == words.sha256 == fresh.sha256


def test_others_read_the_file_without_us(words: EmbeddingTable, saved: Path) -> None:
    with pa.ipc.open_file(saved) as reader:
        arrow = reader.read_all()
    assert arrow.column("label").to_pylist() == words.index_to_key
    frame = pl.read_ipc(saved)
    np.testing.assert_array_equal(frame["vector"].to_numpy(), words.vectors)
    found = duckdb.sql("select label, vector[1] from arrow where label = 'king'").fetchall()
    assert found == [("king", words["king"][0])]


def test_unmarked_files_are_checked(tmp_path: Path) -> None:
    labels, vectors = small(label2="a")
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), 2)
    batch = pa.record_batch([pa.array(labels), column], names=["label", "vector"])
    with pa.ipc.new_file(tmp_path / "theirs.arrow", batch.schema) as writer:
        writer.write_batch(batch)
    with pytest.raises(TableError, match="stands already in row 0"):
        EmbeddingTable.open(tmp_path / "theirs.arrow")


def test_damaged_files_are_refused(saved: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.arrow"
    cut.write_bytes(saved.read_bytes()[:100_000])
    with pytest.raises(FormatError, match=r"cut\.arrow: not a whole Arrow IPC file"):
        EmbeddingTable.open(cut)
    with pytest.raises(FileNotFoundError):
        EmbeddingTable.open(tmp_path / "absent.arrow")


def test_a_failed_save_leaves_the_old_file(
    words: EmbeddingTable, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {file.name: file.read_bytes() for file in saved.parent.iterdir()}

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        words.save(saved)
    assert {file.name: file.read_bytes() for file in saved.parent.iterdir()} == before


def test_missing_labels_suggest_the_nearest(words: EmbeddingTable) -> None:
    with pytest.raises(MissingLabelError, match=r"'King' is not in .*; did you mean 'king'"):
        words["King"]
    with pytest.raises(MissingLabelError, match="did you mean 'government'"):
        words.similarity("goverment", "king")
    assert "King" not in words
    assert words.rows(["king", "nonesuch"]).tolist() == [words.key_to_index["king"], -1]


def test_labels_are_found_by_their_exact_text(words: EmbeddingTable) -> None:
    odd = ["é", "e\u0301", "", " king", "\ud800", "😀" * 50]
    table = EmbeddingTable.from_arrays([*odd[:2], "king", "😀" * 50], np.eye(4, dtype=np.float32))
    assert table.rows(odd).tolist() == [0, 1, -1, -1, -1, 3]
    assert [label in table for label in ("king", "\ud800", 3, None)] == [True, False, False, False]
    part = table.select(np.array([1, 2]))
    assert part.rows(["é", "e\u0301", "king"]).tolist() == [-1, 0, 1]
    head = words.select(np.arange(2))
    assert head.rows(words.index_to_key).tolist() == [0, 1, *[-1] * (len(words) - 2)]


def test_answers_as_gensim_does(words: EmbeddingTable) -> None:
    theirs = KeyedVectors(words.dimensions)
    theirs.add_vectors(words.index_to_key, words.vectors)
    for positive, negative in ((["king", "woman"], ["man"]), (["paris", "italy"], ["france"])):
        ours = words.most_similar(positive, negative, topn=10)
        expected = theirs.most_similar(positive=positive, negative=negative, topn=10)
        assert [label for label, _ in ours] == [label for label, _ in expected]
        np.testing.assert_allclose([s for _, s in ours], [s for _, s in expected], atol=1e-6)
    assert words.similarity("king", "queen") == pytest.approx(theirs.similarity("king", "queen"))


def test_a_word_given_as_its_vector_is_no_answer(words: EmbeddingTable) -> None:
    by_label = words.most_similar("king", topn=5)
    assert words.most_similar(words["king"], topn=5) == by_label
    assert words.most_similar([("king", 2.0)], topn=5) == by_label


def test_selecting_and_intersecting(words: EmbeddingTable) -> None:
    chosen = words.select(["queen", "king"])
    assert chosen.index_to_key == ["queen", "king"]
    np.testing.assert_array_equal(chosen["king"], words["king"])
    other = words.select(["man", "king", "queen"])
    one, two = EmbeddingTable.intersection(chosen, other)
    assert one.index_to_key == two.index_to_key == ["queen", "king"]
    with pytest.raises(TableError, match="share no label"):
        EmbeddingTable.intersection(chosen, words.select(["man"]))
    with pytest.raises(TableError, match="twice"):
        words.select(np.array([3, 3]))
    assert words.select(np.array([2, 0], np.uint8)).index_to_key == [
        words.index_to_key[2],
        words.index_to_key[0],
    ]
    for keep in (np.arange(5000) < 3, np.array([0.0, 1.7]), np.ma.array([0, 1], mask=[0, 1])):
        with pytest.raises(OptionError, match=f"keep is .*{keep.dtype}; expected row numbers"):
            words.select(keep)


def test_normalizing_and_centring(words: EmbeddingTable) -> None:
    wide = words.vectors.astype(np.float64)
    unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    np.testing.assert_allclose(words.normalized().vectors, unit, atol=1e-7)
    shifted = unit - unit[:100].mean(axis=0)
    shifted /= np.linalg.norm(shifted, axis=1, keepdims=True)
    centred = words.centered(on=words.index_to_key[:100])
    np.testing.assert_allclose(centred.vectors, shifted, atol=1e-6)
    assert centred.provenance.steps[-1] == "centered on 100 named rows"
    assert centred.provenance.normalized


def test_rotating_keeps_lengths_and_cosines_and_changes_the_basis(words: EmbeddingTable) -> None:
    words = words.select(np.arange(500))
    turned = words.rotated(3)
    before, after = (table.vectors.astype(np.float64) for table in (words, turned))
    np.testing.assert_allclose(after @ after.T, before @ before.T, atol=2e-5)
    np.testing.assert_allclose(turned.norms, words.norms, rtol=1e-6)
    angles = [statistics.angles(x[:-1], x[1:]) for x in (before, after)]
    np.testing.assert_allclose(*angles, atol=1e-4)
    rho = [statistics.spearman(x[:-1], x[1:]) for x in (before, after)]
    assert np.abs(rho[0] - rho[1]).max() > 0.1
    assert turned.provenance.steps[-1] == "rotated by seed 3"
    assert turned.provenance.normalized == words.provenance.normalized
    np.testing.assert_array_equal(turned.vectors, words.rotated(3).vectors)
    assert not np.allclose(turned.vectors, words.rotated(4).vectors)


def test_rotations_are_orthogonal_matrices_of_both_signs() -> None:
    axes = EmbeddingTable.from_arrays(list("abcdef"), np.eye(6, dtype=np.float32))
    turns = [axes.rotated(seed).vectors.astype(np.float64) for seed in range(20)]
    for turn in turns:
        np.testing.assert_allclose(turn @ turn.T, np.eye(6), atol=1e-6)
    assert {round(np.linalg.det(turn)) for turn in turns} == {-1, 1}
    with pytest.raises(OptionError, match="seed"):
        axes.rotated(-1)


@pytest.mark.parametrize(
    ("queries", "options", "message"),
    [
        (np.ones((1, 3)), {"k": 1}, r"shape \(1, 3\); expected \(n, 2\)"),
        (np.ones((1, 2)), {"k": 0}, "k must be at least 1"),
        (np.zeros((1, 2)), {"k": 1}, "query 0 is zero"),
        (np.ones((1, 2)), {"k": 1, "similarity": "dot"}, "'cosine' or 'spearman'"),
        (np.ones((1, 2)), {"k": 1, "exclude": np.zeros((2, 1), np.int64)}, "exclude has shape"),
        (np.ones((1, 2)), {"k": 1, "exclude": np.zeros((1, 3), bool)}, "exclude is bool"),
        (np.ones((1, 2)), {"k": 1, "exclude": np.zeros((1, 3))}, "exclude is float64"),
        (np.ones((1, 2)), {"k": 1, "exclude": [[3]]}, r"exclude, question 0: row 3 .* -1..2"),
        (np.ones((1, 2)), {"k": 1, "exclude": [[-2]]}, r"exclude, question 0: row -2"),
        (np.ones((1, 2)), {"k": 1, "exclude": np.array([[2**64 - 1]])}, "exclude, question 0"),
        (np.ones((1, 2)), {"k": 2.0}, "k must be an integer, not 2.0"),
        (np.ones((1, 2)), {"k": "3"}, "k must be an integer, not '3'"),
        (np.ones((1, 2)), {"k": None}, "k must be an integer"),
        (np.ones((1, 2)), {"k": 2**63}, "k must be .*below"),
        (np.array([["1", "2"]]), {"k": 1}, "queries are <U1; expected float32 or float64"),
        (np.ones((1, 2), complex), {"k": 1}, "queries are complex128"),
        (np.ones((1, 2), bool), {"k": 1}, "queries are bool"),
        (np.ma.array([[1.0, 2.0]], mask=[[0, 1]]), {"k": 1}, "queries are masked float64"),
    ],
)
def test_searches_without_meaning_are_refused(
    queries: np.ndarray, options: dict, message: str
) -> None:
    table = EmbeddingTable.from_arrays(*small(), provenance=Provenance(encoder="small"))
    with pytest.raises(OptionError, match=message):
        table.search(queries, **options)


@pytest.mark.parametrize("similarity", ["cosine", "spearman"])
@pytest.mark.parametrize("flaw", [[np.nan, 1.0, 2.0], [1.0, -np.inf, 2.0], [0.0, 0.0, 0.0]])
def test_queries_without_direction_are_refused(similarity: str, flaw: list[float]) -> None:
    table = EmbeddingTable.from_arrays(["a", "b"], np.float32([[1, 2, 3], [3, 1, 2]]))
    with pytest.raises(OptionError, match="query 1 is zero, constant or not finite"):
        table.search(np.array([[1.0, 2.0, 3.0], flaw]), 1, similarity=similarity)


@pytest.mark.parametrize("length", [1e200, 1e-170])
def test_queries_beyond_the_range_of_squares_are_refused(length: float) -> None:
    table = EmbeddingTable.from_arrays(["a", "b"], np.float32([[1, 2, 3], [3, 1, 2]]))
    with pytest.raises(OptionError, match=f"query 1 has size {length:.0e}".replace("+", "")):
        table.search(np.array([[1.0, 0.0, 0.0], [length, 0.0, 0.0]]), 1)
    found, scores = table.search(np.array([[3e90, 1e90, 2e90], [3e-90, 1e-90, 2e-90]]), 1)
    assert found.tolist() == [[1], [1]]
    np.testing.assert_allclose(scores, 1.0, rtol=1e-15)


def test_more_answers_than_rows_are_padded_where_there_is_room() -> None:
    table = EmbeddingTable.from_arrays(*small())
    found, scores = table.search(np.ones((1, 2), np.float32), 5)
    assert (found[0, 3:] == -1).all()
    assert np.isnan(scores[0, 3:]).all()
    assert len(table.most_similar("a", topn=2**62)) == 2
    for k in (2**45, 2**62):
        with pytest.raises(MemoryError, match=f"k = {k}"):
            table.search(np.ones((1, 2)), k)


def test_answers_without_room_are_a_memory_error() -> None:
    script = """
import resource
from pathlib import Path
import numpy as np
from embarith.table import EmbeddingTable
vectors = np.random.default_rng(0).standard_normal((4000, 4)).astype(np.float32)
table = EmbeddingTable.from_arrays([str(row) for row in range(4000)], vectors)
table.search(vectors[:1], 4000)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (300 << 20), resource.RLIM_INFINITY))
try:
    table.search(np.tile(vectors, (10, 1)), 4000)  # 2.4 GB
except MemoryError as error:
    print(error)
"""
    if not Path("/proc/self/statm").exists():
        pytest.skip("the system does not tell the size of a process")
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("no memory for")


def test_labels_of_an_arrow_array_are_strings() -> None:
    vectors = np.eye(2, dtype=np.float32)
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        table = EmbeddingTable.from_arrays(pa.array(["a", "b"], kind), vectors)
        assert table.index_to_key == ["a", "b"]
    with pytest.raises(TableError, match="labels are int64, not strings"):
        EmbeddingTable.from_arrays(pa.array([1, 2]), vectors)
