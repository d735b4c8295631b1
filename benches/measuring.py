"""How a measurement is taken."""

from __future__ import annotations

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
    """Time `work`, after a first call, and keep what the summary tells of it.

    The rounds follow each other at once: on a machine that others share, whatever lies idle for a
    moment loses its caches, and its memory too, and the round after that measures their return.

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
    benchmark.pedantic(work, rounds=rounds)
    return result
