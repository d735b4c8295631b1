"""Search against an f64 NumPy reference, on tables chosen to break it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
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


KINDS = (
    random,
    narrow,
    duplicated,
    near_ties,
    identical,
    outlier,
    denormal,
    huge,
    mixed_lengths,
)
SHAPES = (
    *((1, 1, 1), (63, 7, 63), (64, 2, 5), (65, 50, 10), (1000, 300, 10), (700, 129, 700)),
    # Large enough for batches to go through the 8-bit shadow.
    *((4100, 1, 3), (4200, 50, 10), (5000, 129, 100), (4096, 301, 1)),
)


def bound(d: int) -> float:
    """Twice Higham's bound on an f64 dot product of unit vectors, with their rounding."""
    return 2 * (d + 8) * 2.0**-53


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "d", "k"), SHAPES)
def test_equals_numpy(kind, n: int, d: int, k: int) -> None:
    rng = np.random.default_rng([n, d, KINDS.index(kind)])
    vectors = kind(rng, n, d)
    table = EmbeddingTable.from_arrays([str(i) for i in range(n)], vectors)
    for batch in (1, 9):
        queries = rng.standard_normal((batch, d)) * 10.0 ** rng.integers(-30, 30)
        queries[0] = vectors[0]
        exclude = rng.integers(-1, n, (batch, 2))
        rows, scores = table.search(queries, k, exclude=exclude)
        wide = vectors.astype(np.float64)
        unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)
        want = (queries / np.linalg.norm(queries, axis=1, keepdims=True)) @ unit.T
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


SCRIPT = """
import sys, numpy as np
from embarith import _core, solvers
from embarith.table import EmbeddingTable
rng = np.random.default_rng(1)
vectors = rng.standard_normal((5000, 67)).astype(np.float32)
vectors[1000:1100] = vectors[0]
table = EmbeddingTable.from_arrays([str(i) for i in range(5000)], vectors)
a, b, c = rng.integers(0, 5000, (3, 500))
gold = rng.integers(0, 5000, (500, 1))
digest = __import__("hashlib").sha256()
for method in solvers.QUESTION_METHODS:
    found = solvers.solve(table, a, b, c, gold, method=method, k=7)
    for part in (found.fair.indices, found.fair.scores, found.restricted.indices,
                 found.rank_fair.above, found.rank_fair.tied, found.rank_fair.right,
                 found.rank_restricted.above):
        digest.update(np.ascontiguousarray(part).tobytes())
for similarity in ("cosine", "spearman"):
    found = solvers.solve(table, a, b, c, gold, similarity=similarity, k=7)
    digest.update(found.fair.scores.tobytes() + found.rank_fair.tied.tobytes())
    for n in (1, 3, 500):
        rows, scores = table.search(vectors[:n] + 1, 9, similarity=similarity)
        digest.update(rows.tobytes() + scores.tobytes())
relation = np.arange(500) // 10
found = solvers.solve_pairs(table, relation, a, gold, k=7)
digest.update(found.fair.scores.tobytes() + found.rank_fair.above.tobytes())
print(_core.isa(), _core.threads(), digest.hexdigest())
"""


def run(**environment: str) -> tuple[str, str, str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    isa, threads, digest = done.stdout.split()
    return isa, threads, digest


def test_same_bits_for_every_instruction_set_and_number_of_threads() -> None:
    best = run()
    runs = [run(EMBARITH_ISA="portable", EMBARITH_THREADS="1"), run(EMBARITH_THREADS="5")]
    assert runs[0][:2] == ("portable", "1")
    assert runs[1][1] == "5"
    flags = Path("/proc/cpuinfo").read_text().split() if Path("/proc/cpuinfo").exists() else []
    for name, flag in (("avxvnni", "avx_vnni"), ("avx2", "avx2")):
        if flag in flags:
            runs.append(run(EMBARITH_ISA=name, EMBARITH_THREADS="3"))
    assert {digest for _, _, digest in runs} == {best[2]}


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"EMBARITH_ISA": "avx3"}, "the choices are avx512, avxvnni, avx2, portable"),
        ({"EMBARITH_THREADS": "many"}, 'EMBARITH_THREADS=\\"many\\"; expected an integer'),
    ],
)
def test_settings_without_meaning_are_refused(environment: dict[str, str], message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert json.loads(f'"{message}"') in done.stderr


def test_ctrl_c_stops_a_search() -> None:
    script = """
import _thread, threading, time, numpy as np
from embarith.table import EmbeddingTable
vectors = np.random.default_rng(0).standard_normal((60_000, 64)).astype(np.float32)
table = EmbeddingTable.from_arrays([str(i) for i in range(60_000)], vectors)
table.searcher
threading.Timer(0.3, _thread.interrupt_main).start()
try:
    table.search(np.tile(vectors[:2000], (100, 1)), 10)
except KeyboardInterrupt:
    print("stopped")
print(table.search(vectors[:1], 1)[0][0, 0])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["stopped", "0"]


def test_ranks_equal_scipy_with_many_ties() -> None:
    import scipy.stats

    rng = np.random.default_rng(4)
    for d in (1, 2, 3, 50, 257):
        x = rng.integers(-3, 4, (40, d)).astype(np.float64)
        y = np.round(rng.standard_normal((40, d)), 1)
        doubled = 2 * scipy.stats.rankdata(x, axis=1) - (d + 1)
        np.testing.assert_array_equal(_core.centered_ranks(x), doubled)
        if d >= 50:  # shorter rows may be constant
            want = [scipy.stats.spearmanr(p, q).statistic for p, q in zip(x, y, strict=True)]
            np.testing.assert_allclose(_core.spearman(x, y), want, atol=1e-14)
