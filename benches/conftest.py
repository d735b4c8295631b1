"""Tables to measure on, and what the machine can do at most."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from embarith import EmbeddingTable, _core, data

ROWS, DIMENSIONS = 400_000, 300


def pytest_benchmark_update_machine_info(
    config: pytest.Config, machine_info: dict[str, Any]
) -> None:
    import threadpoolctl

    machine_info["isa"], machine_info["threads"] = _core.isa(), _core.threads()
    machine_info["blas"] = [
        {
            name: pool.get(name)
            for name in ("internal_api", "version", "architecture", "num_threads")
        }
        for pool in threadpoolctl.threadpool_info()
    ]
    machine_info["ceilings"] = _ceilings(Path(str(config.rootpath)))


def _ceilings(root: Path) -> dict[str, float]:
    """Compile and run the program that measures what the machine can do at most."""
    program = root / "target" / "ceilings"
    program.parent.mkdir(exist_ok=True)
    source = root / "benches" / "ceilings.rs"
    subprocess.run(
        ["rustc", "--edition", "2024", "-O", str(source), "-o", str(program)], check=True
    )
    printed = subprocess.run(
        [program, str(_core.threads())], check=True, capture_output=True, text=True
    )
    return json.loads(printed.stdout)


@pytest.fixture(scope="session")
def glove() -> EmbeddingTable:
    return data.open_table("glove-6b-50d")


def _features(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Widen real vectors: tanh of 300 fixed random sums, which keeps who is near whom."""
    sums = np.random.default_rng(0).standard_normal((vectors.shape[1], DIMENSIONS))
    return np.tanh(vectors @ (sums / np.sqrt(vectors.shape[1])).astype(np.float32))


@pytest.fixture(scope="session")
def saved(glove: EmbeddingTable, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Paths of tables of unit rows, each saved with its shadow when it is first asked for."""
    folder = tmp_path_factory.mktemp("tables")

    def path_of(name: str) -> Path:
        path = folder / f"{name}.arrow"
        if not path.exists():
            if name == "glove-50":
                table = glove
            elif name == "glove-300":
                table = EmbeddingTable.from_arrays(glove.labels, _features(glove.vectors))
            else:
                random = np.random.default_rng(1).standard_normal((ROWS, DIMENSIONS), np.float32)
                table = EmbeddingTable.from_arrays(glove.labels, random)
            table.normalized().save(path)
        return path

    return path_of
