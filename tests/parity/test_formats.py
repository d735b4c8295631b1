"""Each format against the library that owns it, on real vectors, both ways."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import json
import lzma
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
import safetensors
import safetensors.numpy
from gensim.models import KeyedVectors
from gensim.models.fasttext import load_facebook_vectors
from gensim.test.utils import datapath

from embarith.errors import FormatError
from embarith.readers import FORMATS, from_gensim, read, write
from embarith.table import EmbeddingTable

ROWS = 2500
# gensim leaves a file open when it reads text without header.
LEFT_OPEN = pytest.mark.filterwarnings(
    "ignore:.*unclosed file", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module")
def glove(glove_files: tuple[Path, Path]) -> EmbeddingTable:
    vectors, labels = glove_files
    return read(vectors, labels=labels, limit=ROWS)


@pytest.fixture(scope="module")
def clip(shared: Path) -> EmbeddingTable:
    return read(shared / "clip_text" / "lvis_a_name.npz")


def assert_same(table: EmbeddingTable, labels: list[str], vectors: np.ndarray) -> None:
    assert table.index_to_key == labels
    assert table.vectors.dtype == np.float32
    assert table.vectors.flags.c_contiguous
    np.testing.assert_array_equal(table.vectors.view(np.uint32), vectors.view(np.uint32))


def keyed(table: EmbeddingTable) -> KeyedVectors:
    made = KeyedVectors(table.dimensions)
    made.add_vectors(table.index_to_key, table.vectors)
    return made


def test_glove_package_is_its_matrix_and_labels(
    glove: EmbeddingTable, glove_files: tuple[Path, Path]
) -> None:
    matrix = np.load(glove_files[0], mmap_mode="r")
    assert matrix.flags.f_contiguous
    labels = pl.read_parquet(glove_files[1])["index"].to_list()
    assert_same(glove, labels[:ROWS], np.ascontiguousarray(matrix[:ROWS]))


def test_clip_table_is_float16_widened(clip: EmbeddingTable, shared: Path) -> None:
    path = shared / "clip_text" / "lvis_a_name.npz"
    arrays = np.load(path)
    assert arrays["vectors"].dtype == np.float16
    assert_same(clip, arrays["labels"].tolist(), arrays["vectors"].astype(np.float32))
    assert clip.provenance.encoder == "lvis_a_name"
    assert clip.provenance.source == "npz"
    assert clip.provenance.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert not clip.provenance.frequency_order


@pytest.mark.parametrize(
    ("options", "source"),
    [
        ({"binary": True}, "word2vec-binary"),
        ({"binary": False}, "word2vec-text"),
        ({"binary": False, "write_header": False}, "glove"),
    ],
)
def test_gensim_writes_and_we_read(
    glove: EmbeddingTable, tmp_path: Path, options: dict[str, bool], source: str
) -> None:
    path = tmp_path / "any.name"
    keyed(glove).save_word2vec_format(path, **options)
    table = read(path)
    assert_same(table, glove.index_to_key, glove.vectors)
    assert table.provenance.source == source
    part = read(path, limit=100)
    assert_same(part, glove.index_to_key[:100], glove.vectors[:100])
    assert part.provenance.sha256 == ""


# gensim leaves a file open when it reads text without header.
@pytest.mark.filterwarnings(
    "ignore:.*unclosed file", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("word2vec-binary", {"binary": True}),
        ("word2vec-text", {"binary": False}),
        ("fasttext", {"binary": False}),
        ("glove", {"binary": False, "no_header": True}),
    ],
)
def test_we_write_and_gensim_reads(
    glove: EmbeddingTable, tmp_path: Path, form: str, options: dict[str, bool]
) -> None:
    path = tmp_path / "any.name"
    write(glove, path, form)
    theirs = KeyedVectors.load_word2vec_format(path, **options)
    assert_same(glove, theirs.index_to_key, theirs.vectors)


@pytest.mark.filterwarnings(
    "ignore:.*unclosed file", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("euclidean_vectors.bin", {"binary": True}),
        ("poincare_vectors.bin", {"binary": True}),
        ("crime-and-punishment.vec", {}),
        ("lee_fasttext.vec", {}),
        ("pang_lee_polarity_fasttext.vec", {"unicode_errors": "replace"}),
        ("toy-model.vec", {}),
        ("test_glove.txt", {"no_header": True}),
    ],
)
def test_files_in_gensims_wheel(name: str, options: dict[str, bool]) -> None:
    theirs = KeyedVectors.load_word2vec_format(datapath(name), **options)
    table = read(datapath(name), errors=options.get("unicode_errors", "strict"))
    assert_same(table, theirs.index_to_key, theirs.vectors)


def test_gensims_file_whose_header_lies_is_refused_by_both() -> None:
    with pytest.raises(EOFError, match="count incorrect"):
        KeyedVectors.load_word2vec_format(datapath("pretrained.vec"))
    with pytest.raises(FormatError, match="line 1: the header says"):
        read(datapath("pretrained.vec"))


def test_word2vec_c_ends_rows_with_a_newline_and_gensim_does_not(
    glove: EmbeddingTable, tmp_path: Path
) -> None:
    write(glove, tmp_path / "ours.bin")
    keyed(glove).save_word2vec_format(tmp_path / "theirs.bin", binary=True)
    ours, theirs = ((tmp_path / name).read_bytes() for name in ("ours.bin", "theirs.bin"))
    assert len(ours) == len(theirs) + len(glove)
    assert_same(read(tmp_path / "ours.bin"), glove.index_to_key, glove.vectors)


def test_keyed_vectors_in_memory_are_shared(glove: EmbeddingTable) -> None:
    theirs = keyed(glove)
    table = from_gensim(theirs)
    assert_same(table, theirs.index_to_key, theirs.vectors)
    assert np.shares_memory(table.vectors, theirs.vectors)
    assert not table.vectors.flags.writeable
    assert theirs.vectors.flags.writeable


def test_pickled_models_are_refused_with_lines_that_convert(tmp_path: Path) -> None:
    for name in ("word2vec_pre_kv_py3", "ft_kv_3.6.0.model.gz", "model-from-gensim-3.8.0.w2v"):
        with pytest.raises(FormatError, match="a pickle, which could run any code"):
            read(datapath(name))
    path = tmp_path / "words.kv"
    theirs = KeyedVectors(2)
    theirs.add_vectors(["east", "north"], [[1, 0], [0, 1]])
    theirs.save(str(path))
    with pytest.raises(FormatError) as refused:
        read(path)
    exec("\n".join(line.strip() for line in str(refused.value).splitlines()[1:]), {})
    assert_same(read(f"{path}.w2v.bin"), theirs.index_to_key, theirs.vectors)


def test_fasttext_models_are_refused_with_lines_that_convert(tmp_path: Path) -> None:
    path = tmp_path / "crime.bin"
    path.write_bytes(Path(datapath("crime-and-punishment.bin")).read_bytes())
    with pytest.raises(FormatError, match="a fastText model") as refused:
        read(path)
    exec("\n".join(line.strip() for line in str(refused.value).splitlines()[1:]), {})
    theirs = load_facebook_vectors(path)
    assert_same(read(f"{path}.vec"), theirs.index_to_key, theirs.vectors)


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_written_is_read(glove: EmbeddingTable, tmp_path: Path, form: str) -> None:
    path = tmp_path / "table"
    write(glove, path, form)
    labels = tmp_path / "table.labels.txt" if form == "npy" else None
    table = read(path, labels=labels)
    assert_same(table, glove.index_to_key, glove.vectors)
    assert table.sha256 == glove.sha256
    part = read(path, labels=labels, limit=7)
    assert_same(part, glove.index_to_key[:7], glove.vectors[:7])
    assert sorted(item.name for item in tmp_path.iterdir()) == sorted(
        {"table", *([labels.name] if labels else [])}
    )


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["<f4", ">f4", "f2", "f8"])
def test_numpy_npy(clip: EmbeddingTable, tmp_path: Path, order: str, kind: str) -> None:
    matrix = np.array(clip.vectors, dtype=kind, order=order)
    np.save(tmp_path / "m.npy", matrix)
    (tmp_path / "m.txt").write_text("\n".join(clip.index_to_key), encoding="utf-8")
    table = read(tmp_path / "m.npy", labels=tmp_path / "m.txt")
    assert_same(table, clip.index_to_key, matrix.astype(np.float32, order="C"))
    steps = ("rounded from float64 to float32",) if kind == "f8" else ()
    assert table.provenance.steps == steps


def test_numpy_reads_what_we_write(clip: EmbeddingTable, tmp_path: Path) -> None:
    write(clip, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert_same(clip, arrays["labels"].tolist(), arrays["vectors"])
    write(clip, tmp_path / "b.npy")
    labels = (tmp_path / "b.labels.txt").read_text(encoding="utf-8").splitlines()
    assert_same(clip, labels, np.load(tmp_path / "b.npy", allow_pickle=False))


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64()])
@pytest.mark.parametrize("shape", ["list", "large_list", "fixed", "columns"])
@pytest.mark.parametrize("form", ["parquet", "file", "stream"])
def test_pyarrow_writes_and_we_read(
    glove: EmbeddingTable, tmp_path: Path, kind: pa.DataType, shape: str, form: str
) -> None:
    rows = glove.vectors[:300].astype(np.float16)  # values that every type holds exactly
    labels = pa.array(glove.index_to_key[:300])
    if shape == "columns":
        columns = {f"x{n}": pa.array(column.copy()).cast(kind) for n, column in enumerate(rows.T)}
    else:
        types = {
            "list": pa.list_(kind),
            "large_list": pa.large_list(kind),
            "fixed": pa.list_(kind, 50),
        }
        lists = pa.array(list(rows.astype(kind.to_pandas_dtype())), types[shape])
        columns = {"numbers": lists}
    table = pa.table({"w": labels, **columns})
    path = tmp_path / "t"
    if form == "parquet":
        pq.write_table(table, path, row_group_size=77)
    else:
        new = pa.ipc.new_file if form == "file" else pa.ipc.new_stream
        with new(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=64)
    assert_same(read(path), glove.index_to_key[:300], rows.astype(np.float32))
    assert_same(read(path, limit=100), glove.index_to_key[:100], rows[:100].astype(np.float32))


@pytest.mark.parametrize("form", ["parquet", "ipc", "ipc_stream"])
def test_polars_writes_and_we_read(glove: EmbeddingTable, tmp_path: Path, form: str) -> None:
    frame = pl.DataFrame({"rank": range(ROWS), "label": glove.index_to_key, "v": glove.vectors})
    assert frame.schema["v"] == pl.Array(pl.Float32, 50)
    frame = frame.with_columns(pl.lit("text").alias("note"), pl.col("v").cast(pl.List(pl.Float64)))
    getattr(frame, f"write_{form}")(tmp_path / "t", compression="zstd")
    table = read(tmp_path / "t", labels="label")
    assert_same(table, glove.index_to_key, glove.vectors)
    assert table.provenance.steps == ("rounded from float64 to float32",)


@pytest.mark.parametrize(("form", "reader"), [("parquet", pl.read_parquet), ("arrow", pl.read_ipc)])
def test_polars_reads_what_we_write(clip: EmbeddingTable, tmp_path: Path, form, reader) -> None:
    write(clip, tmp_path / "t", form)
    frame = reader(tmp_path / "t")
    assert_same(clip, frame["label"].to_list(), frame["vector"].to_numpy())


def test_pyarrow_reads_what_we_write(clip: EmbeddingTable, tmp_path: Path) -> None:
    write(clip, tmp_path / "t.parquet")
    table = pq.read_table(tmp_path / "t.parquet")
    vectors = table["vector"].combine_chunks().flatten().to_numpy().reshape(len(clip), -1)
    assert_same(clip, table["label"].to_pylist(), vectors)


def test_safetensors_both_ways(clip: EmbeddingTable, tmp_path: Path) -> None:
    write(clip, tmp_path / "ours.safetensors")
    with safetensors.safe_open(tmp_path / "ours.safetensors", framework="numpy") as file:
        labels = json.loads(file.metadata()["labels"])
        assert_same(clip, labels, file.get_tensor("vectors"))
    metadata = {"labels": json.dumps(clip.index_to_key), "other": "kept by others"}
    halves = {"embeddings": clip.vectors.astype(np.float16), "scale": np.ones(1, np.float32)}
    safetensors.numpy.save_file(halves, tmp_path / "theirs", metadata=metadata)
    assert_same(read(tmp_path / "theirs"), clip.index_to_key, clip.vectors)


def test_clip_retrieval_folder(clip: EmbeddingTable, tmp_path: Path) -> None:
    # Parts as clip-retrieval numbers them: part 10 comes after part 2, whatever their names.
    (tmp_path / "img_emb").mkdir()
    (tmp_path / "metadata").mkdir()
    for part, rows in zip((0, 2, 10), np.array_split(np.arange(len(clip)), 3), strict=True):
        vectors = clip.vectors[rows].astype(np.float16)
        np.save(tmp_path / "img_emb" / f"img_emb_{part}.npy", vectors)
        names = [clip.index_to_key[row] for row in rows]
        metadata = pl.DataFrame({"image_path": names, "caption": [f"a {name}" for name in names]})
        metadata.write_parquet(tmp_path / "metadata" / f"metadata_{part}.parquet")
    table = read(tmp_path)
    assert_same(table, clip.index_to_key, clip.vectors)
    assert table.provenance.source == "clip-retrieval img_emb"
    captions = read(tmp_path, labels="caption", limit=1000)
    assert_same(captions, [f"a {key}" for key in clip.index_to_key[:1000]], clip.vectors[:1000])


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zip"])
@pytest.mark.parametrize("form", ["word2vec-binary", "word2vec-text", "glove"])
def test_compressed_words(glove: EmbeddingTable, tmp_path: Path, suffix: str, form: str) -> None:
    plain = tmp_path / "glove.2500.txt"
    write(glove, plain, form)
    data = plain.read_bytes()
    theirs = tmp_path / "no.name"
    if suffix == "zip":
        with zipfile.ZipFile(theirs, "w") as archive:
            archive.writestr("folder/glove.txt", data)
    else:
        module = {"gz": gzip, "bz2": bz2, "xz": lzma}[suffix]
        theirs.write_bytes(module.compress(data))
    assert_same(read(theirs), glove.index_to_key, glove.vectors)
    assert_same(read(theirs, limit=9), glove.index_to_key[:9], glove.vectors[:9])
    ours = tmp_path / f"glove.2500.txt.{suffix}"
    write(glove, ours, form)
    table = read(ours)
    assert_same(table, glove.index_to_key, glove.vectors)
    assert table.provenance.encoder == "glove.2500"
    kind = {"gz": "gzip", "bz2": "bzip2"}.get(suffix, suffix)
    assert table.provenance.source == f"{form}, {kind}"
