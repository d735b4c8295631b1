"""Search against an f64 NumPy reference, on tables chosen to break it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from allpairspy import AllPairs

import searching
from embarith import _core
from embarith.table import EmbeddingTable


@pytest.fixture(scope="module", autouse=True)
def glove_matrix(glove_table: EmbeddingTable, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("glove") / "glove.npy"
    np.save(path, glove_table.vectors)
    os.environ["GLOVE_MATRIX"] = str(path)


FACTORS = {
    "kind": list(searching.KINDS),
    "n": [1, 2, 63, 64, 65, 1000, 4096, 5000, 20_011, 50_023],
    "d": [1, 2, 4, 5, 50, 67, 128, 300, 513, 4096],
    "k": [1, 5, 10, 100, "n"],
    "batch": [1, 7, 8, 65, 300],
    "threads": [1, 3, 8],
    "isa": ["portable", "avx2", "avxvnni", "avx512"],
}


def can_be(case: list[object]) -> bool:
    """Whether a case, or the beginning of one, can be computed here in seconds."""
    named = dict(zip(FACTORS, case, strict=False))
    n, d, k, batch = (named.get(name, 1) for name in ("n", "d", "k", "batch"))
    answers = n if k == "n" else min(k, n)
    if n * d > 4_000_000 or n * batch > 2_000_000 or answers * batch > 200_000:
        return False
    return "isa" not in named or has(named["isa"])


def has(isa: str) -> bool:
    if isa == "portable" or not Path("/proc/cpuinfo").exists():
        return isa == "portable"
    flags = Path("/proc/cpuinfo").read_text().split()
    return {"avxvnni": "avx_vnni", "avx512": "avx512_vnni"}.get(isa, isa) in flags


def test_every_pair_of_conditions_equals_numpy(shared: Path) -> None:
    groups = defaultdict(list)
    for case in AllPairs(list(FACTORS.values()), filter_func=can_be):
        named = dict(zip(FACTORS, case, strict=True))
        if named["k"] == "n":
            named["k"] = named["n"]
        groups[named.pop("isa"), named.pop("threads")].append(named)
    assert sum(map(len, groups.values())) >= 100
    for (isa, threads), cases in groups.items():
        settings = {"EMBARITH_ISA": isa, "EMBARITH_THREADS": str(threads)}
        done = subprocess.run(
            [sys.executable, searching.__file__],
            input="\n".join(map(json.dumps, cases)),
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.stdout.split(), done.stderr) == ([isa, str(threads)], "")


@pytest.mark.parametrize("kind", ["random", "glove"])
def test_the_largest_table_equals_numpy(shared: Path, kind: str) -> None:
    searching.check(kind, 400_000, 300, k=10, batch=9)


@pytest.mark.parametrize("kind", searching.KINDS)
@pytest.mark.parametrize(
    ("n", "d", "k"),
    [
        *((1, 1, 1), (63, 7, 63), (64, 2, 5), (65, 50, 10), (1000, 300, 10), (700, 129, 700)),
        # Large enough for batches to go through the 8-bit shadow.
        *((4100, 1, 3), (4200, 50, 10), (5000, 129, 100), (4096, 301, 1)),
    ],
)
def test_equals_numpy(shared: Path, kind: str, n: int, d: int, k: int) -> None:
    for batch in (1, 9):
        searching.check(kind, n, d, k, batch)


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
for method in ("3cosavg", "lrcos"):
    found = solvers.solve_pairs(table, relation, a, gold, method=method, k=7)
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


LONG = {
    "ranking": "_core.centered_ranks(vectors)",
    "correlating": "_core.spearman(wide, wide)",
    "making a shadow": "_core.Searcher(vectors).search(wide[:64], 1, none)",
    "all answers of a query": "table.search(vectors[:1], len(table))",
    "saving": "table.save('table.arrow')",
    "hashing": "table._hashed()",
    "reading": "embarith.read('words.bin')",
}


@pytest.mark.parametrize("work", LONG.values(), ids=LONG)
def test_ctrl_c_stops_long_work(work: str, tmp_path: Path) -> None:
    # Python raises after work that cannot be stopped, too, only later. Whatever else the machine
    # does, one of many tries should end well before the work would have.
    script = f"""
import signal, time, numpy as np
import embarith
from embarith import _core
from embarith.table import EmbeddingTable
signal.signal(signal.SIGALRM, signal.default_int_handler)
vectors = np.random.default_rng(0).standard_normal((200_000, 100)).astype(np.float32)
wide, none = vectors[:40_000].astype(np.float64), np.empty((64, 0), np.int64)
table = EmbeddingTable.from_arrays([str(row) for row in range(len(vectors))], vectors)
table.searcher
if "words" in {work!r}:
    with open("words.bin", "wb") as file:
        file.write(b"200000 100\\n")
        file.writelines(b"%d " % row + vector.tobytes() for row, vector in enumerate(vectors))

def took(stop):
    start = time.perf_counter()
    signal.setitimer(signal.ITIMER_REAL, stop)
    try:
        {work}
    except KeyboardInterrupt:
        assert stop
    signal.setitimer(signal.ITIMER_REAL, 0)
    return time.perf_counter() - start

whole = min(took(0) for _ in range(3))
early = any(took(whole / 5) < 0.75 * whole for _ in range(30))
print("stopped" if early else whole, table.search(vectors[5:6], 1)[0][0, 0])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout == "stopped 5\n"


MANY = {
    "answers": ("table.search(queries, 100)", 20_000 * 100 * 16),
    "rank correlation": ("table.search(queries, 100, similarity='spearman')", 20_000 * 100 * 16),
    "3cosmul": ("solvers.solve(table, *words, gold, method='3cosmul')", 20_000 * (20 * 16 + 48)),
    "3cosadd of few words": ("solvers.solve(table, *(words % 500), gold)", 20_000 * (20 * 16 + 48)),
    "pairdistance": (
        "solvers.solve(table, *words, gold, method='pairdistance')",
        20_000 * (20 * 16 + 48),
    ),
    "3cosadd by rank correlation": (
        "solvers.solve(table, *words, gold, similarity='spearman')",
        20_000 * (20 * 16 + 48),
    ),
    "ranks": ("solvers.rank_gold(table, *words, gold)", 20_000 * 48),
}


@pytest.mark.parametrize(("work", "results"), MANY.values(), ids=MANY)
def test_many_questions_take_little_memory_beside_their_answers(work: str, results: int) -> None:
    script = f"""
import numpy as np
from pathlib import Path
from embarith import solvers
from embarith.table import EmbeddingTable

def size(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(key)).split()[1])

rng = np.random.default_rng(0)
vectors = rng.standard_normal((20_000, 300)).astype(np.float32)
table = EmbeddingTable.from_arrays([str(row) for row in range(len(vectors))], vectors)
queries = rng.standard_normal((20_000, 300)).astype(np.float32)
words = rng.integers(0, len(table), (3, 20_000))
gold = rng.integers(0, len(table), (20_000, 1))
table.search(queries[:100], 1)
table.search(queries[:100], 1, similarity="spearman")
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before = size("VmRSS")
found = {work}
print(size("VmHWM") - before)
"""
    if not os.access("/proc/self/clear_refs", os.W_OK):
        pytest.skip("the system does not measure the size of a process anew")
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert int(done.stdout) - results < 64 << 20


def test_a_forked_process_gets_threads_of_its_own() -> None:
    script = """
import multiprocessing, numpy as np
from embarith.table import EmbeddingTable
vectors = np.random.default_rng(0).standard_normal((5000, 16)).astype(np.float32)
table = EmbeddingTable.from_arrays([str(i) for i in range(5000)], vectors)

def ask(row):
    return int(table.search(vectors[row : row + 1], 1)[0][0, 0])

ask(0)
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(ask, [3, 4]))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[3, 4]"


@pytest.mark.parametrize("k", [10, 3000])
@pytest.mark.parametrize("rows", [20_000, 4_000])
def test_memory_beside_table_and_results_is_bounded_whatever_the_batch(k: int, rows: int) -> None:
    """The larger table is searched by its shadow, the smaller one without."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("the system does not tell the peak of a process's memory")
    script = f"""
from pathlib import Path
import numpy as np
from embarith.table import EmbeddingTable

def peak():
    status = Path("/proc/self/status").read_text().split("VmHWM:")[1]
    return int(status.split()[0]) * 1024

rng = np.random.default_rng(0)
vectors = rng.standard_normal(({rows}, 32)).astype(np.float32)
table = EmbeddingTable.from_arrays([str(i) for i in range({rows})], vectors)
queries = rng.standard_normal(({60_000 if k == 10 else 1_000}, 32))
table.search(queries[:100], {k})
Path("/proc/self/clear_refs").write_text("5")
before = peak()
found, scores = table.search(queries, {k})
print(peak() - before, found.nbytes + scores.nbytes)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    grown, results = map(int, done.stdout.split())
    assert grown < results + (64 << 20)


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
