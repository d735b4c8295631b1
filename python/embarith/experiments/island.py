"""The island hypothesis: an offset too short to leave the neighbourhood of c answers with it."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from embarith import solvers, statistics
from embarith.draws import generator
from embarith.experiments.analogy import summary
from embarith.experiments.analogy.asked import (
    Asked,
    candidates,
    describe_questions,
    describe_vocabulary,
    prepare,
)
from embarith.experiments.analogy.geometry import unit_rows
from embarith.experiments.common import encoder_info, settle_case
from embarith.machine import describe_run
from embarith.progress import Progress
from embarith.questions import AnalogySet
from embarith.result import Figure, IslandPoint, IslandResult, Landed, rounded
from embarith.table import EmbeddingTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_PARTS = ("d", "c", "b", "a")
# Pairs of candidates whose mean distance stands for that of all.
_PAIRS = 20_000


def island(
    table: EmbeddingTable,
    questions: AnalogySet,
    *,
    vocab: str = "all",
    case: str = "exact",
    draws: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> IslandResult:
    """Measure the island hypothesis of work 000 (section 7.1.2).

    It says that the words of a pair lie on an island of their own, so that b − a is small against
    the distances to other words, y = b − a + c stays near c, and that this fades in larger
    vocabularies. So: how long offsets are beside the distance of c from its nearest other word,
    how often y is nearest to b or c, how often d would be among the first five by its nearness to
    c alone, and how all of that depends on the number of candidates.

    Parameters
    ----------
    table : EmbeddingTable
    questions : AnalogySet
        Of several right answers the first that the table has is d.
    vocab : str, default ``all``
        Candidates: ``all``, ``questions``, or ``top:N``.
    case : {"exact", "lower", "fold"}
    draws : int
        Of the crossed bootstrap over word pairs.
    seed : int
    progress : callable, optional
        Called as ``progress(stage, done, total)``.

    Raises
    ------
    OptionError
        An option without meaning, or a set of which no question can be answered.
    """
    started = time.perf_counter()
    settled = settle_case([table], case)
    asked_set = questions.map_words(str.lower) if settled == "lower" else questions
    rows = candidates(table, vocab, asked_set, settled)
    part = table if len(rows) == len(table) else table.select(rows)
    asked = prepare(part, asked_set, settled)
    inputs = asked.a, asked.b, asked.c
    ranks = _ranks(part, asked, progress)
    alone = solvers.rank_gold(part, *inputs, asked.d[:, None], method="only-c")[0]
    x = {name: unit_rows(part, getattr(asked, name)) for name in ("a", "b")}
    offset = np.linalg.norm(x["b"] - x["a"], axis=1)
    nearest = _distance(_nearest(part, asked.c)[1])
    curve = _curve(part, asked, ranks, alone)
    whole = curve[-1][1]
    values = {
        "shorter": offset < nearest - statistics.EQUAL,
        "inputs": whole["b"] + whole["c"],
        "top5": whole["top5"],
        "top5_only_c": whole["top5_only_c"],
        "gain": whole["top5"] - whole["top5_only_c"],
    }
    columns = np.stack([value.astype(np.float64) for value in values.values()], axis=1)
    boot = statistics.crossed_bootstrap(
        columns, asked.first_pair, asked.second_pair, asked.relation, draws=draws, seed=seed
    )
    figures = {name: summary.figure(columns[:, i], boot.micro[i]) for i, name in enumerate(values)}
    result = IslandResult(
        encoder=encoder_info(table),
        questions=describe_questions(asked, questions.sha256),
        coverage=asked.coverage,
        vocab=describe_vocabulary(vocab, part),
        case=settled,
        offset=summary.spread(offset),
        nearest=summary.spread(nearest),
        between=_between(part, seed),
        shorter=figures["shorter"],
        mutual=_mutual(part, asked, draws, seed),
        landed=_landed(whole),
        inputs=figures["inputs"],
        top5=figures["top5"],
        top5_only_c=figures["top5_only_c"],
        gain=figures["gain"],
        curve=tuple(
            IslandPoint(
                size=size,
                landed=_landed(shares),
                top5=float(shares["top5"].mean()),
                top5_only_c=float(shares["top5_only_c"].mean()),
            )
            for size, shares in curve
        ),
        draws=draws,
        seed=seed,
        run=describe_run(started, {}),
    )
    return rounded(result)


def _ranks(
    table: EmbeddingTable, asked: Asked, progress: Progress | None
) -> dict[str, solvers.Ranks]:
    """Rank each of a, b, c and d by its nearness to y, inputs allowed."""
    ranks = {}
    for done, name in enumerate(_PARTS, 1):
        target = getattr(asked, name)[:, None]
        ranks[name] = solvers.rank_gold(table, asked.a, asked.b, asked.c, target)[0]
        if progress:
            progress("ranks", done, len(_PARTS))
    return ranks


def _nearest(table: EmbeddingTable, rows: Ints) -> tuple[Ints, Floats]:
    """Return the nearest other row of every row, and the cosine to it."""
    unique, back = np.unique(rows, return_inverse=True)
    found, scores = table.search(unit_rows(table, unique), 1, exclude=unique[:, None])
    return found[back, 0], scores[back, 0]


def _distance(cosines: Floats) -> Floats:
    """Return the Euclidean distance of unit vectors."""
    distance: Floats = np.sqrt(np.maximum(2.0 - 2.0 * cosines, 0.0))
    return distance


def _mutual(table: EmbeddingTable, asked: Asked, draws: int, seed: int) -> Figure:
    """Share of the distinct pairs (a, b) and (c, d) of which each is nearest to the other."""
    firsts = np.stack([np.concatenate([asked.a, asked.c]), np.concatenate([asked.b, asked.d])])
    one, other = np.unique(firsts, axis=1)
    close = (_nearest(table, one)[0] == other) & (_nearest(table, other)[0] == one)
    values = close.astype(np.float64)
    bounds = statistics.mean_interval(
        values, np.arange(len(values)), draws=draws, random=generator(seed, "mutual")
    )
    return Figure(float(values.sum()), float(values.mean()), bounds)


def _between(table: EmbeddingTable, seed: int) -> float:
    random = generator(seed, "distances")
    one = random.integers(0, len(table), _PAIRS)
    other = (one + random.integers(1, len(table), _PAIRS)) % len(table)
    cosines = statistics.cosines(unit_rows(table, one), unit_rows(table, other))
    return float(_distance(cosines).mean())


def _curve(
    table: EmbeddingTable, asked: Asked, ranks: dict[str, solvers.Ranks], alone: solvers.Ranks
) -> list[tuple[int, dict[str, Floats]]]:
    """Give what to expect of every question on random vocabularies that hold a, b, c and d.

    Which of the four is nearest to y does not depend on the vocabulary; whether another word is
    nearer does, and how many of those are kept is hypergeometric.
    """
    number, size = np.arange(len(asked)), len(table)
    columns = np.stack([getattr(asked, name) for name in _PARTS])
    # A word that plays two parts is kept once, under the name that comes first.
    again = np.stack([(columns[:i] == columns[i]).any(axis=0) for i in range(len(_PARTS))])
    above, tied = (
        np.stack([getattr(ranks[name], field) for name in _PARTS]) for field in ("above", "tied")
    )
    place = np.where(again, size, above)
    best = place.argmin(axis=0)  # of equals the one that comes first, as where they landed
    to_c = np.stack(
        [
            statistics.cosines(unit_rows(table, asked.c), unit_rows(table, column))
            for column in columns
        ]
    )
    nearer_to_c = ((to_c > to_c[0] + statistics.EQUAL) & ~again).sum(axis=0)
    kept = (~again).sum(axis=0)
    # (outsiders before the word, outsiders as near, how many of the four stand before it, k)
    asked_for = {
        "reached": (above[best, number], tied[best, number], place == place[best, number], 0, 1),
        "top5": (above[0], tied[0], place == place[0], (place < place[0]).sum(axis=0), 5),
        "top5_only_c": (
            alone.above,
            alone.tied,
            (np.abs(to_c - to_c[0]) <= statistics.EQUAL) & ~again,
            nearer_to_c,
            5,
        ),
    }
    points = []
    for v in (*(s for s in summary.SIZES if len(_PARTS) < s < size), size):
        found = {
            name: _kept_credit(
                before - ahead, equal - (alike.sum(axis=0) - 1), k - ahead, size, v, kept
            )
            for name, (before, equal, alike, ahead, k) in asked_for.items()
        }
        reached = found.pop("reached")
        for i, name in enumerate(_PARTS):
            found[name] = np.where(best == i, reached, 0.0)
        points.append((v, found))
    return points


def _kept_credit(
    above: Ints, tied: Ints, places: Ints | int, size: int, drawn: int, kept: Ints
) -> Floats:
    """Give the chance that fewer than `places` of the outsiders before a word are drawn.

    Parameters
    ----------
    above, tied : ndarray of int64, shape (n,)
        Outsiders before the word, and those as near plus itself.
    places : int or ndarray of int64, shape (n,)
    size, drawn : int
        Words in all, and of the vocabulary drawn.
    kept : ndarray of int64, shape (n,)
        Words that are in every vocabulary.
    """
    credit = np.zeros(len(above))
    wanted = np.broadcast_to(places, above.shape)
    for count, k in sorted(set(zip(kept.tolist(), wanted.tolist(), strict=True))):
        mine = (kept == count) & (wanted == k)
        if k > 0:
            credit[mine] = statistics.vocabulary_credit(
                above[mine],
                tied[mine],
                np.ones(np.count_nonzero(mine), np.int64),
                others=max(size - count, 0),
                drawn=max(drawn - count, 0),
                k=k,
            )
    return credit


def _landed(shares: dict[str, Floats]) -> Landed:
    four = {name: float(shares[name].mean()) for name in _PARTS}
    return Landed(**four, other=max(0.0, 1.0 - sum(four.values())))
