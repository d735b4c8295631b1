"""How a measurement is taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pytest_benchmark.fixture import BenchmarkFixture


def measure(
    benchmark: BenchmarkFixture,
    work: Callable[[], Any],
    *,
    group: str,
    peer: str,
    rounds: int,
    items: int = 1,
) -> Any:
    """Time `work`, each round after a rest, and keep what the summary tells of it.

    A processor that several machines share slows down under a long load, whoever loads it: without
    the rest, whoever comes last is measured on a slower machine.

    Parameters
    ----------
    group : str
        What is compared; its ratios are taken to the row `embarith`.
    peer : str
        Who does it.
    items : int
        Divides the time, where peers do different amounts of the same work.
    """
    benchmark.group = group
    benchmark.extra_info.update(peer=peer, items=items)
    result = work()
    benchmark.pedantic(work, setup=lambda: time.sleep(0.3), rounds=rounds)
    return result
