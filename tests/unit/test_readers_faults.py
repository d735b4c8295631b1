"""What a reader refuses, and that the message names the place and the way out."""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import safetensors.numpy

from embarith.errors import EmbarithError, FormatError, OptionError, TableError
from embarith.readers import from_gensim, read, write
from embarith.table import EmbeddingTable

MATRIX = np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float32)
TABLE = EmbeddingTable.from_arrays(["a", "b", "c"], MATRIX)


def refusal(path: Path, kind: type[EmbarithError] = FormatError, **options: Any) -> str:
    with pytest.raises(kind) as refused:
        read(path, **options)
    message = str(refused.value)
    assert message.startswith(str(path.parent)), "names the file"
    return message.replace(f"{path.parent}/", "").removeprefix(f"{path.name}: ")


def made(tmp_path: Path, content: bytes | str) -> Path:
    path = tmp_path / "words"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def run_lines(message: str, path: Path) -> dict[str, Any]:
    """Run the lines that a refusal gives for converting a file."""
    scope: dict[str, Any] = {}
    lines = [line.strip() for line in message.splitlines()[1:]]
    assert len(lines) == 2
    exec("\n".join(lines).replace(repr(path.name), repr(str(path))), scope)
    return scope


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        (b"\0\1\2\3", "neither text nor word2vec binary: zero bytes and no header line"),
        (
            "3 2\na 1 2\nb 3 4\n",
            "line 1: the header says 3 rows of 2 numbers, but the file holds 2",
        ),
        ("2 3\na 1 2\nb 3 4\n", "line 2: 2 numbers, expected 3 (the header on line 1)"),
        ("a 1 2\nb 3\nc 5 6\n", "line 2: 1 numbers, expected 2 (as on most of the first lines)"),
        ("a 1 2\nb 3 4 5\nc 5 6\n", "line 2: 3 numbers, expected 2"),
        ("a 1 2\nb 3 4\nc 5", "the file ends here, it may be cut"),
        ("a 1 2\nb 3 o\nc 5 6\n", 'line 2, number 2: "o" is not a number'),
        (b"a 1 2\nb\xff 3 4\n", 'line 2, byte 6: the label "b\ufffd" is not UTF-8'),
        ("0 2\n", 'line 1: the header "0 2" must hold two positive sizes'),
        (b"2 2\nlong_label " + bytes(8) + b"b " + bytes(3), "byte 23: the file ends within row 1"),
        (b"9 2\na " + bytes(8), "line 1: the header says 9 rows of 2 numbers, at least 85 bytes"),
        (b"1 2\na " + bytes(9), "byte 14: 1 bytes follow the 1 rows of 2 numbers"),
        (b"\x80\x04\x95", "a pickle, which could run any code and is never loaded"),
        (b"\x89HDF\r\n\x1a\n", "HDF5; write its label and vector columns as parquet"),
        (b"\xba\x16\x4f\x2f", "a fastText model"),
        ("version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"PAR1 cut", "damaged parquet data, it may be cut"),
        (b"ARROW1\0\0cut", "a damaged Arrow file, it may be cut"),
        (b"\xff\xff\xff\xff\x10\0\0\0", "damaged arrow-stream data, it may be cut"),
        (b"PK\x03\x04cut", "a damaged zip file, it may be cut"),
        (gzip.compress(b"a 1 2\nb 3 4\n" * 9, mtime=0)[:-9], "damaged gzip data, it may be cut"),
        (b"BZh9 cut", "damaged bzip2 data, it may be cut"),
        (b"\xfd7zXZ\x00cut", "damaged xz data, it may be cut"),
        (gzip.compress(b"\x93NUMPY", mtime=0), "gzip around npy; decompress the file first"),
        (gzip.compress(b"\x80\x04", mtime=0), "a pickle"),
        (b"\x10\0\0\0\0\0\0\0{notjson         ", "damaged safetensors data"),
    ],
)
def test_contents(tmp_path: Path, content: bytes | str, message: str) -> None:
    assert message in refusal(made(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a 1 2\nb nan 4\n", "row 1 (label 'b')"),
        ("a 1 2\nb 1e39 4\n", "row 1 (label 'b')"),
        ("a 0 0\nb 3 4\n", "row 0 (label 'a')"),
        ("a 1 2\na 3 4\n", "row 1 (label 'a')"),
        (" 1.5 2\nb 3 4\n", "row 0 (label '')"),
    ],
)
def test_rows_that_no_table_may_hold(tmp_path: Path, content: str, message: str) -> None:
    path = made(tmp_path, content)
    assert message in refusal(path, TableError)
    assert read(path, on_bad="drop").provenance.dropped == 1


def test_bad_lines_are_dropped_and_counted(tmp_path: Path) -> None:
    path = made(tmp_path, "5 2\na 1 2\nb 1\nc x 3\nd 0 0\ne 5 6\n")
    table = read(path, on_bad="drop")
    assert table.index_to_key == ["a", "e"]
    assert table.vectors.tolist() == [[1, 2], [5, 6]]
    assert table.provenance.dropped == 3


@pytest.mark.parametrize("errors", ["replace", "ignore"])
def test_broken_utf8_as_python_decodes_it(tmp_path: Path, errors: Any) -> None:
    broken = [b"caf\xe9", b"\xed\xa0\x80x", b"\xf0\x9f\x98y", b"z\xc0\xaf"]
    path = made(tmp_path, b"".join(label + b" 1 2\n" for label in broken))
    expected = [label.decode("utf-8", errors) for label in broken]
    assert read(path, errors=errors).index_to_key == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 0}, "limit=0; the number of rows to read is at least 1"),
        ({"on_bad": "skip"}, "on_bad='skip'; use one of 'raise', 'drop'"),
        ({"errors": "surrogateescape"}, "errors='surrogateescape'; use one of 'strict'"),
        ({"labels": "x.txt"}, "a word-vector file holds its labels itself; leave labels= out"),
    ],
)
def test_options(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=re.escape(message)):
        read(made(tmp_path, "a 1 2\n"), **options)


def test_absent_files_and_other_folders(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "absent")
    with pytest.raises(FormatError, match="a folder, but no clip-retrieval one"):
        read(tmp_path)


def test_a_limit_leaves_later_faults_unread(tmp_path: Path) -> None:
    path = made(tmp_path, "a 1 2\nb 3 4\nc broken\n")
    assert read(path, limit=2).index_to_key == ["a", "b"]
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert read(path, limit=2).index_to_key == ["a", "b"]


def test_npy(tmp_path: Path) -> None:
    path = tmp_path / "m.npy"
    np.save(path, MATRIX)
    assert "vectors without labels, and there is no m.labels.txt" in refusal(path, OptionError)
    labels = tmp_path / "m.txt"
    labels.write_text("a\nb\n", encoding="utf-8")
    assert refusal(path, labels=labels) == "m.txt: 2 labels for the 3 rows of m.npy"
    labels.write_bytes(b"a\nb\xff\nc\n")
    assert "m.txt, line 2, byte 3: the label is not UTF-8" in refusal(path, labels=labels)
    assert read(path, labels=labels, errors="replace").index_to_key == ["a", "b\ufffd", "c"]
    labels.write_bytes(b"\xef\xbb\xbfa\r\nb\r\nc\r\n")
    assert read(path, labels=labels).index_to_key == ["a", "b", "c"]
    np.save(path, MATRIX.astype(np.int64))
    assert "an array of int64 and shape (3, 2)" in refusal(path, labels=labels)
    np.save(path, MATRIX[0])
    assert "an array of float32 and shape (2,)" in refusal(path, labels=labels)
    np.save(path, MATRIX)
    path.write_bytes(path.read_bytes()[:-5])
    assert "damaged NumPy data, it may be cut" in refusal(path, labels=labels)


def test_object_arrays_are_refused_with_lines_that_convert(tmp_path: Path) -> None:
    path, labels = tmp_path / "m.npy", tmp_path / "m.txt"
    np.save(path, np.array([*MATRIX, None], dtype=object)[:3], allow_pickle=True)
    labels.write_text("a\nb\nc\n", encoding="utf-8")
    message = refusal(path, labels=labels)
    assert "an array of Python objects" in message
    run_lines(message, path)
    assert read(path, labels=labels).vectors.tolist() == MATRIX.tolist()

    path = tmp_path / "m.npz"
    np.savez(path, labels=np.array(["a", "b", "c"], dtype=object), vectors=MATRIX)
    message = refusal(path)
    assert "array 'labels': an array of Python objects" in message
    run_lines(message, path)["a"].close()
    assert read(path).index_to_key == ["a", "b", "c"]


def test_npz(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    np.savez(path, words=["a"], vectors=MATRIX)
    assert refusal(path) == "no array 'labels'; it holds words, vectors"
    np.savez(path, labels=["a", "b"], vectors=MATRIX)
    assert refusal(path) == "2 labels for 3 vectors"
    np.savez(path, labels=[1, 2, 3], vectors=MATRIX)
    assert "array 'labels': int64 of shape (3,); expected strings" in refusal(path)
    np.savez(path, labels=np.array([b"a", b"b\xff", b"c"]), vectors=MATRIX)
    assert "array 'labels', row 1: b'b\\xff' is not UTF-8" in refusal(path)
    assert read(path, errors="ignore").index_to_key == ["a", "b", "c"]


def test_zip_of_several_members(tmp_path: Path) -> None:
    path = tmp_path / "glove.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("glove.50d.txt", "a 1 2\n")
        archive.writestr("glove.100d.txt", "a 1 2 3\n")
    assert "the zip file holds glove.50d.txt, glove.100d.txt; extract" in refusal(path)


def test_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"

    def saved(labels: str | None, **tensors: np.ndarray) -> Path:
        metadata = None if labels is None else {"labels": labels}
        safetensors.numpy.save_file(tensors, path, metadata=metadata)
        return path

    assert "no labels; a table's safetensors file holds" in refusal(saved(None, v=MATRIX))
    assert "the metadata key 'labels' is no JSON" in refusal(saved("a,b,c", v=MATRIX))
    assert "is not a JSON list of strings" in refusal(saved("[1, 2, 3]", v=MATRIX))
    assert refusal(saved('["a"]', v=MATRIX)) == "1 labels for the 3 rows of 'v'"
    both = json.dumps(["a", "b", "c"])
    message = refusal(saved(both, v=MATRIX, w=MATRIX))
    assert "expected one matrix, or one called 'vectors'; the tensors are" in message
    assert "an array of int8" in refusal(saved(both, v=MATRIX.astype(np.int8)))


def test_columns(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    names = ["a", "b", "c"]

    def saved(**columns: Any) -> Path:
        pq.write_table(pa.table(columns), path)
        return path

    lists = pa.array(MATRIX.tolist(), pa.list_(pa.float32()))
    assert "no text column" in refusal(saved(v=lists))
    two = saved(x=names, y=names, v=lists)
    assert "several text columns (x, y); say which" in refusal(two)
    assert read(two, labels="y").index_to_key == names
    message = refusal(two, OptionError, labels="z")
    assert message == "no column 'z'; the columns are x, y, v"
    assert "column 'v' is list<" in refusal(two, labels="v")
    assert "several list columns (v, w)" in refusal(saved(x=names, v=lists, w=lists))
    ragged = saved(x=names, v=pa.array([[1, 2], [3], [5, 6]], pa.list_(pa.float32())))
    assert "row 1 (label 'b'): 1 numbers, expected 2" in refusal(ragged).removeprefix("t.parquet, ")
    assert read(ragged, on_bad="drop").index_to_key == ["a", "c"]
    assert read(ragged, on_bad="drop").provenance.dropped == 1
    missing = saved(x=names, v=pa.array([[1, 2], None, [5, 6]], pa.list_(pa.float32(), 2)))
    assert "row 1 (label 'b'): no vector, expected 2" in refusal(missing)
    assert read(missing, on_bad="drop").vectors.tolist() == [[1, 2], [5, 6]]
    hole = saved(x=names, v=pa.array([[1, 2], [3, None], [5, 6]], pa.list_(pa.float32())))
    assert "row 1 (label 'b')" in refusal(hole, TableError)
    assert "found n (int64)" in refusal(saved(x=names, n=[1, 2, 3], u=[0.5, 1, 2]))
    assert "found nothing" in refusal(saved(x=names))
    nameless = saved(x=["a", None, "c"], v=lists)
    assert "row 1 (label '')" in refusal(nameless, TableError)
    raw = pa.StringArray.from_buffers(
        3, pa.py_buffer(np.array([0, 1, 3, 4], np.int32)), pa.py_buffer(b"ab\xffc")
    )
    with pa.ipc.new_file(path, pa.schema({"x": pa.string(), "v": lists.type})) as writer:
        writer.write(pa.record_batch({"x": raw, "v": lists}))
    assert "column 'x', row 1: the label 'b\ufffd' is not UTF-8" in refusal(path)
    assert read(path, errors="ignore").index_to_key == names


def test_retrieval_folders(tmp_path: Path) -> None:
    folder = tmp_path / "emb"
    (folder / "img_emb").mkdir(parents=True)
    (folder / "metadata").mkdir()
    assert refusal(folder) == "no parts in img_emb/ and metadata/"
    np.save(folder / "img_emb" / "img_emb_0.npy", MATRIX)
    assert refusal(folder) == "part 0 is not both in img_emb/ and in metadata/"
    metadata = folder / "metadata" / "metadata_0.parquet"
    pl.DataFrame({"image_path": ["a", "b"]}).write_parquet(metadata)
    assert "img_emb_0.npy: 3 rows, but emb/metadata/metadata_0.parquet has 2" in refusal(folder)
    pl.DataFrame({"url": ["a", "b", "c"]}).write_parquet(metadata)
    assert "no column 'image_path'; the columns are url" in refusal(folder, OptionError)
    assert read(folder, labels="url").index_to_key == ["a", "b", "c"]
    np.save(folder / "img_emb" / "img_emb_1.npy", MATRIX[:, :1].copy())
    pl.DataFrame({"url": ["d", "e", "f"]}).write_parquet(folder / "metadata" / "metadata_1.parquet")
    assert "1 dimensions, but the parts before have 2" in refusal(folder, labels="url")


@pytest.mark.parametrize(
    ("label", "forms"),
    [
        ("new york", ["word2vec-binary"]),
        ("windows 95", ["word2vec-binary", "word2vec-text", "fasttext", "glove"]),
        ("to infinity", ["glove"]),
        ("two\nlines", ["glove", "npy"]),
        (" lead", ["glove"]),
        ("zero\0", ["npz"]),
    ],
)
def test_labels_that_would_not_come_back(tmp_path: Path, label: str, forms: list[str]) -> None:
    table = EmbeddingTable.from_arrays(["fine", label], MATRIX[:2].copy())
    for form in forms:
        with pytest.raises(FormatError, match=re.escape(f"row 1 (label {label!r}) could not be")):
            write(table, tmp_path / "t", form)
        assert list(tmp_path.iterdir()) == [], "nothing is left behind"
    for form in ["arrow", "parquet", "safetensors"]:
        write(table, tmp_path / "t", form)
        assert read(tmp_path / "t").index_to_key == ["fine", label]
        (tmp_path / "t").unlink()


def test_formats_that_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="'glov' is not written; did you mean 'glove'"):
        write(TABLE, tmp_path / "t", "glov")
    with pytest.raises(OptionError, match="the name does not say which format to write"):
        write(TABLE, tmp_path / "t.xyz")


def test_objects_without_vectors() -> None:
    with pytest.raises(TableError, match="dict has no index_to_key and vectors"):
        from_gensim({"a": [1, 2]})


def test_locked_archives(tmp_path: Path) -> None:
    path = tmp_path / "locked.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("words.txt", "a 1 2\nb 3 4\n")
    content = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flag that says: encrypted
        content[content.index(mark) + at] |= 1
    path.write_bytes(content)
    assert "password required" in refusal(path)


def test_labels_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "labels.npz"
    np.savez(path, labels=np.array(["a", "\ud800"]), vectors=np.eye(2, dtype=np.float32))
    assert "row 1: label '\\ud800' is no Unicode text" in refusal(path, TableError)


def test_a_matrix_whose_header_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "cut.npy"
    header = b"{'descr': '<f4'"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    (tmp_path / "cut.labels.txt").write_text("a\n")
    assert "damaged NumPy data" in refusal(path)
