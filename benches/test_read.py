"""Reading 400,000 word vectors, beside gensim, polars and pyarrow, and reopening a table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pyarrow as pa
import pyarrow.csv
import pytest
from gensim.models import KeyedVectors
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from embarith import EmbeddingTable
from embarith.readers import read, write
from measuring import measure

Saved = Callable[[str], Path]


# Labels, as a list or in columns, and their vectors.
Read = tuple[Any, NDArray[np.float32]]


def read_by_embarith(path: Path, _: int) -> Read:
    found = read(path)
    return found.labels, found.vectors


def read_by_gensim(path: Path, _: int, *, binary: bool) -> Read:
    form = {"binary": True} if binary else {"binary": False, "no_header": True}
    found = KeyedVectors.load_word2vec_format(path, **form)
    return found.index_to_key, found.vectors


def read_by_polars(path: Path, dimensions: int) -> Read:
    columns = {"label": polars.String} | dict.fromkeys(map(str, range(dimensions)), polars.Float32)
    found = polars.read_csv(path, separator=" ", has_header=False, quote_char=None, schema=columns)
    return found["label"], found.drop("label").to_numpy(order="c")


def read_by_pyarrow(path: Path, dimensions: int) -> Read:
    columns = {"label": pa.string()} | dict.fromkeys(map(str, range(dimensions)), pa.float32())
    found = pyarrow.csv.read_csv(
        path,
        pyarrow.csv.ReadOptions(column_names=list(columns)),
        pyarrow.csv.ParseOptions(delimiter=" ", quote_char=False),
        pyarrow.csv.ConvertOptions(column_types=columns),
    )
    values = [found[name].to_numpy() for name in list(columns)[1:]]
    return found["label"], np.column_stack(values)


# gensim leaves a file open when it reads text without header.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("form", "table", "peer"),
    [
        ("word2vec-binary", "glove-300", "embarith"),
        ("word2vec-binary", "glove-300", "gensim"),
        ("glove", "glove-50", "embarith"),
        ("glove", "glove-50", "gensim"),
        ("glove", "glove-50", "polars"),
        ("glove", "glove-50", "pyarrow"),
    ],
)
def test_read(benchmark: BenchmarkFixture, saved: Saved, form: str, table: str, peer: str) -> None:
    original = EmbeddingTable.open(saved(table))
    path = saved(table).with_suffix(f".{form}")
    if not path.exists():
        write(original, path, form)
    load: dict[str, Callable[[Path, int], Read]] = {
        "embarith": read_by_embarith,
        "gensim": partial(read_by_gensim, binary=form == "word2vec-binary"),
        "polars": read_by_polars,
        "pyarrow": read_by_pyarrow,
    }
    group = f"read {form}, {len(original):,} × {original.dimensions}"
    # The call before the first round leaves the file in the page cache.
    found = measure(
        benchmark, lambda: load[peer](path, original.dimensions), group=group, peer=peer, rounds=5
    )
    assert np.asarray(found[0], dtype=object).tolist() == original.index_to_key
    assert np.array_equal(found[1], original.vectors)


@pytest.mark.parametrize("rows", [400, 4_000, 40_000, 400_000])
def test_reopen(benchmark: BenchmarkFixture, saved: Saved, tmp_path: Path, rows: int) -> None:
    whole = EmbeddingTable.open(saved("glove-50"))
    whole.select(np.arange(rows)).save(tmp_path / "part.arrow")
    peer = "embarith" if rows == len(whole) else f"embarith, {rows:,} rows"
    group = "reopen a table with its shadow, × 50"
    table = measure(
        benchmark, lambda: read(tmp_path / "part.arrow"), group=group, peer=peer, rounds=15
    )
    assert np.array_equal(table.vectors, whole.vectors[:rows])
