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
    words = [int.from_bytes(p.encode()) if isinstance(p, str) else p for p in purpose]
    return np.random.default_rng([seed, *words])
