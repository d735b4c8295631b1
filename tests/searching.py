"""Tables that are hard to search, and the check of a search of them against float64 NumPy.

Run as a program, it checks the cases that stand on its standard input, one in JSON a line, with
the instruction set and the threads that the environment names. `GLOVE_MATRIX` names an .npy file.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embarith import _core
from embarith.table import EmbeddingTable

Floats = NDArray[np.float32]


def random(rng: np.random.Generator, n: int, d: int) -> Floats:
    return rng.standard_normal((n, d)).astype(np.float32)


def narrow(rng: np.random.Generator, n: int, d: int) -> Floats:
    """Mean cosine about .99."""
    return (random(rng, n, d) * 0.1 + 1).astype(np.float32)


def duplicated(rng: np.random.Generator, n: int, d: int) -> Floats:
    return np.repeat(random(rng, -(-n // 7), d), 7, axis=0)[:n]


def near_ties(rng: np.random.Generator, n: int, d: int) -> Floats:
    """One row, its values moved by single units in the last place."""
    row = random(rng, 1, d)
    up = np.nextafter(row, np.float32(np.inf))
    return np.where(rng.random((n, d)) < 0.5, row, up).astype(np.float32)


def identical(rng: np.random.Generator, n: int, d: int) -> Floats:
    return np.repeat(random(rng, 1, d), n, axis=0)


def outlier(rng: np.random.Generator, n: int, d: int) -> Floats:
    vectors = random(rng, n, d)
    vectors[:, d // 2] *= 1000
    return vectors


def denormal(rng: np.random.Generator, n: int, d: int) -> Floats:
    return (random(rng, n, d).astype(np.float64) * 1e-40).astype(np.float32) + np.float32(1e-44)


def huge(rng: np.random.Generator, n: int, d: int) -> Floats:
    return np.clip(random(rng, n, d), -3, 3) * np.float32(1e38)


def mixed_lengths(rng: np.random.Generator, n: int, d: int) -> Floats:
    return random(rng, n, d) * (10.0 ** rng.uniform(-12, 12, (n, 1))).astype(np.float32)


def glove(_rng: np.random.Generator, n: int, d: int) -> Floats:
    """Real words; beyond 50 dimensions, beside each word the ones that follow it."""
    return _widened(np.load(os.environ["GLOVE_MATRIX"], mmap_mode="r"), n, d)


def clip_text(_rng: np.random.Generator, n: int, d: int) -> Floats:
    """Real text embeddings, of mean cosine .8, repeated where there are too few."""
    path = Path(os.environ["EMBARITH_DATA"]) / "clip_text" / "lvis_a_name.npz"
    return _widened(np.load(path)["vectors"].astype(np.float32), n, d)


def _widened(vectors: Floats, n: int, d: int) -> Floats:
    rows = vectors[: n + d]
    parts = [np.roll(rows, -step, axis=0) for step in range(-(-d // vectors.shape[1]))]
    wide = np.concatenate(parts, axis=1)[:, :d]
    return np.ascontiguousarray(np.resize(wide, (n, d)))


KINDS = {
    kind.__name__: kind
    for kind in (
        random,
        narrow,
        duplicated,
        near_ties,
        identical,
        outlier,
        denormal,
        huge,
        mixed_lengths,
        glove,
        clip_text,
    )
}
# Rows of the reference held in float64 at a time.
_BLOCK = 20_000


def bound(d: int) -> float:
    """Twice Higham's bound on an f64 dot product of unit vectors, with their rounding."""
    return 2 * (d + 8) * 2.0**-53


def cosines(queries: NDArray[np.float64], vectors: Floats) -> NDArray[np.float64]:
    unit = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    out = np.empty((len(queries), len(vectors)))
    for start in range(0, len(vectors), _BLOCK):
        rows = vectors[start : start + _BLOCK].astype(np.float64)
        out[:, start : start + _BLOCK] = unit @ (rows / np.linalg.norm(rows, axis=1)[:, None]).T
    return out


def check(kind: str, n: int, d: int, k: int, batch: int) -> None:
    """Search a table of a kind with and without exclusions; every index and score is right."""
    rng = np.random.default_rng([n, d, list(KINDS).index(kind)])
    vectors = KINDS[kind](rng, n, d)
    table = EmbeddingTable.from_arrays([str(i) for i in range(n)], vectors)
    queries = rng.standard_normal((batch, d)) * 10.0 ** rng.integers(-30, 30)
    queries[0] = vectors[0]
    exclude = rng.integers(-1, n, (batch, 2))
    rows, scores = table.search(queries, k, exclude=exclude)
    want = cosines(queries, vectors)
    for i in range(batch):
        out = exclude[i][exclude[i] >= 0]
        left = n - len(np.unique(out))
        found, given = rows[i][: min(k, left)], scores[i][: min(k, left)]
        assert (rows[i][left:] == -1).all()
        assert np.isnan(scores[i][left:]).all()
        assert len(set(found.tolist())) == len(found)
        assert not set(found.tolist()) & set(out.tolist())
        np.testing.assert_allclose(given, want[i][found], atol=bound(d), rtol=0)
        best = -np.sort(-np.delete(want[i], out))[: len(found)]
        np.testing.assert_allclose(given, best, atol=bound(d), rtol=0)
        # Best first, equal scores by the lower row: equal rows have equal scores.
        steps = np.diff(given)
        assert (steps <= 0).all()
        assert (np.diff(found)[steps == 0] > 0).all()
        same = np.flatnonzero((vectors[found] == vectors[found[:1]]).all(axis=1))
        assert len(set(given[same].tolist())) <= 1


if __name__ == "__main__":
    for line in sys.stdin:
        case = json.loads(line)
        try:
            check(**case)
        except AssertionError as error:
            sys.exit(f"{case} on {_core.isa()} with {_core.threads()} threads: {error}")
    sys.stdout.write(f"{_core.isa()} {_core.threads()}\n")
