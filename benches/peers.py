"""Other programs that search, each at its best settings, and embarith as a lesser CPU runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embarith import _core

Search = Callable[[NDArray[np.float32], int], NDArray[np.int64]]

THREADS = _core.threads()


def numpy_search(unit: NDArray[np.float32]) -> Search:
    """Blocks of 64 queries, whose scores still lie in the cache when the best are picked."""

    def search(queries: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        found = []
        for start in range(0, len(queries), 64):
            scores = queries[start : start + 64] @ unit.T
            top = np.argpartition(scores, -k, axis=1)[:, -k:]
            order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1)
            found.append(np.take_along_axis(top, order, axis=1))
        return np.concatenate(found)

    return search


def torch_search(unit: NDArray[np.float32]) -> Search:
    import torch

    torch.set_num_threads(THREADS)
    rows = torch.from_numpy(unit).T

    def search(queries: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        with torch.inference_mode():
            blocks = torch.from_numpy(queries).split(64)
            return torch.cat([torch.topk(block @ rows, k).indices for block in blocks]).numpy()

    return search


def faiss_search(unit: NDArray[np.float32]) -> Search:
    import faiss

    faiss.omp_set_num_threads(THREADS)
    index = faiss.IndexFlatIP(unit.shape[1])
    index.add(unit)
    return lambda queries, k: index.search(queries, k)[1]


def usearch_search(unit: NDArray[np.float32]) -> Search:
    from usearch.index import MetricKind, search

    def find(queries: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        found = search(unit, queries, k, MetricKind.IP, exact=True, threads=THREADS)
        return found.keys.reshape(len(queries), k).astype(np.int64)

    return find


PEERS = {
    "numpy": numpy_search,
    "torch": torch_search,
    "faiss": faiss_search,
    "usearch": usearch_search,
}


class Worker:
    """embarith in a process of its own, because an instruction set is chosen once a process.

    It holds a saved table and the queries; `search` is one line there and one line back, some
    fifty microseconds.
    """

    def __init__(self, table: Path, queries: Path, isa: str, k: int) -> None:
        self.found = queries.with_name("found.npy")
        command = [__file__, *map(str, (table, queries, self.found, k))]
        self.process = subprocess.Popen(
            [sys.executable, *command],
            env={**os.environ, "EMBARITH_ISA": isa, "EMBARITH_REQUIRE_ISA": isa},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.search()

    def search(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("search\n")
        self.process.stdin.flush()
        if not self.process.stdout.readline():
            self.process.communicate()
            raise RuntimeError("it has ended; what it says stands above")

    def close(self) -> NDArray[np.int64]:
        """End the process and return the rows that it found."""
        self.process.communicate()
        return np.load(self.found)


def _serve(table: str, queries: str, found: str, k: str) -> None:
    from embarith import EmbeddingTable

    opened, asked = EmbeddingTable.open(table), np.load(queries)
    rows = None
    for _ in sys.stdin:
        rows, _ = opened.search(asked, int(k))
        print("found", flush=True)
    np.save(found, rows)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
