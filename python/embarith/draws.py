"""Random numbers, all fixed by one seed, each purpose with numbers of its own."""

from __future__ import annotations

import numpy as np


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """Random numbers of their own for every purpose, so that no option shifts another's draws.

    Parameters
    ----------
    seed : int
        The user's seed, not negative.
    *purpose : str or int
        What the numbers are for, and which draw.

    Examples
    --------
    >>> bool(generator(0, "a").random() == generator(0, "a").random())
    True
    """
    return np.random.default_rng(_seeds(seed, purpose))


def key(seed: int, *purpose: str | int) -> tuple[int, int]:
    """Key of the counter-based generator of the Rust core, told apart as by `generator`.

    `numpy.random.Philox` takes the same key from the same seeds.

    Examples
    --------
    >>> key(0, "a") == key(0, "a"), key(0, "a") == key(0, "b")
    (True, False)
    """
    first, second = _seeds(seed, purpose).generate_state(2, np.uint64).tolist()
    return first, second


def _seeds(seed: int, purpose: tuple[str | int, ...]) -> np.random.SeedSequence:
    words = [int.from_bytes(p.encode()) if isinstance(p, str) else p for p in purpose]
    return np.random.SeedSequence([seed, *words])
