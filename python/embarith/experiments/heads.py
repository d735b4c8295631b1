"""Heads trained at several temperatures, scored on SIMAT (Couairon et al. 2022, section 5)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embarith import statistics
from embarith.draws import generator
from embarith.encoders.heads import Heads
from embarith.errors import OptionError
from embarith.experiments.common import encoder_info
from embarith.experiments.simat import (
    LAMS,
    asked_queries,
    find_space,
    heads_info,
    pick,
    search,
    set_info,
    test_scores,
)
from embarith.machine import describe_run
from embarith.progress import Progress
from embarith.questions.simat import Simat
from embarith.result import (
    HeadsPoint,
    HeadsResult,
    HeadsTrained,
    QuestionsInfo,
    SimatFigure,
    rounded,
)
from embarith.table import EmbeddingTable
from embarith.training.heads import Settings, provenance, train
from embarith.training.pairs import DEPTHS, Pairs, ahead, local_pairs, pair

Floats = NDArray[np.float64]

TEMPERATURES = (0.005, 0.01, 0.03, 0.1, 0.3, 1.0)


def temperature_study(
    images: EmbeddingTable,
    texts: EmbeddingTable,
    captions: Mapping[str, Sequence[str]],
    task: Simat,
    folder: Path,
    *,
    temperatures: Sequence[float] = TEMPERATURES,
    seeds: int = 3,
    settings: Settings | None = None,
    lams: Sequence[float] = LAMS,
    draws: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> HeadsResult:
    """Train contrastive heads at every temperature and seed, and score them on a SIMAT set.

    The set's photographs are held out. The validation photographs are the same for every seed.

    Parameters
    ----------
    images, texts : EmbeddingTable
        Vectors of all photographs, and of the captions and the set's words.
    captions : mapping of str to sequence of str
    task : Simat
    folder : path
        Where heads are written, ``heads-TEMPERATURE-SEED.safetensors``; those that are there and
        were made of the same vectors with the same settings are not trained again.
    temperatures : sequence of float
    seeds : int
        How many, from `seed` on.
    settings : Settings, optional
        All but temperature and seed.
    lams : sequence of float
    draws : int
        Behind the intervals; 0 for none.
    seed : int
    progress : callable, optional
        Called as progress("heads", done, total).

    Raises
    ------
    OptionError
        As `pair`, `train` and `simat`; heads in the folder that were made otherwise.
    """
    started = time.perf_counter()
    base = settings or Settings()
    if base.method != "contrastive":
        raise OptionError(f"method {base.method!r} has no temperature")
    taus = sorted(set(temperatures))
    if not taus or seeds < 1:
        raise OptionError("give at least one temperature and one seed")
    asked, lam = asked_queries(texts, task, lams)
    pairs = pair(images, texts, captions, hold_out={*task.images, *task.regions}, seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    trained: dict[float, list[HeadsTrained]] = {}
    success, found = [], []
    for number, tau in enumerate(taus):
        mine: list[Floats] = []
        recalls: list[Floats] = []
        for one in range(seed, seed + seeds):
            if progress:
                progress("heads", number * seeds + one - seed, len(taus) * seeds)
            heads = _fitted(pairs, replace(base, temperature=tau, seed=one), folder)
            right = search(find_space(images, texts, asked, heads), asked, lam, task.right).success
            place = pick(right, asked, ~asked.is_test)
            mine.append(right[:, place])
            first = _first(pairs, heads)
            recalls.append(_by_photograph(pairs, first))
            trained.setdefault(tau, []).append(
                _trained(heads, one, asked, right, place, lam, first)
            )
        success.append(np.mean(mine, axis=0))
        found.append(np.mean(recalls, axis=0))
    dev = [float(np.mean([one.dev for one in trained[tau]])) for tau in taus]
    best = int(np.argmax(dev))
    columns = np.stack(success, axis=1)
    tests = test_scores(asked, columns, draws, seed)
    less = test_scores(asked, columns - columns[:, [best]], draws, seed)
    result = HeadsResult(
        images=encoder_info(images),
        texts=encoder_info(texts),
        pairs=pairs.describe(),
        pairs_sha256=pairs.sha256,
        freeze_text=base.freeze_text,
        questions=QuestionsInfo(
            name=task.name,
            source=task.source,
            sha256=task.sha256,
            asked=len(task),
            answered=len(asked),
            dropped=len(task) - len(asked),
            pairs=len(set(zip(task.value, task.target, task.field.tolist(), strict=True))),
        ),
        data=set_info(task),
        lams=tuple(lam.tolist()),
        best=taus[best],
        points=tuple(
            HeadsPoint(
                temperature=tau,
                dev=dev[i],
                test=tests[i],
                difference=less[i],
                recall=_recall(found[i], draws, seed),
                trained=tuple(trained[tau]),
            )
            for i, tau in enumerate(taus)
        ),
        draws=draws,
        seed=seed,
        run=describe_run(started, {}),
    )
    return rounded(result)


def _fitted(pairs: Pairs, settings: Settings, folder: Path) -> Heads:
    path = folder / f"heads-{settings.temperature:g}-{settings.seed}.safetensors"
    if path.is_file():
        heads = Heads.read(path)
        made = provenance(pairs, settings, "")
        told = heads.provenance
        if (told.sha256, told.steps[:2]) != (made.sha256, made.steps[:2]):
            raise OptionError(
                f"{path}: heads of other vectors or settings ({'; '.join(told.steps[:2])}); name "
                "another folder"
            )
        return heads
    checkpoint = path.with_name(f"{path.name}.checkpoint")
    heads = train(pairs, settings, checkpoint=checkpoint).heads
    heads.save(path)
    checkpoint.unlink(missing_ok=True)
    return heads


def _first(pairs: Pairs, heads: Heads) -> tuple[Floats, Floats]:
    """Return whether each query finds a right answer among the first k, both ways."""
    photographs, texts, local = local_pairs(pairs.validation)
    ours = heads.apply("visual", pairs.photographs[photographs])
    theirs = heads.apply("text", pairs.texts[texts])
    depths = np.array(DEPTHS)
    return (
        (ahead(ours, theirs, local)[:, None] < depths).astype(np.float64),
        (ahead(theirs, ours, local[:, ::-1])[:, None] < depths).astype(np.float64),
    )


def _by_photograph(pairs: Pairs, first: tuple[Floats, Floats]) -> Floats:
    """Return what each validation photograph adds to both recalls, and to their queries."""
    _, _, local = local_pairs(pairs.validation)
    captions, photographs = (side.mean(axis=1) for side in first)
    total, count = np.zeros((2, len(captions)))
    # A caption of several photographs counts with each.
    np.add.at(total, local[:, 0], photographs[local[:, 1]])
    np.add.at(count, local[:, 0], 1.0)
    return np.stack([captions, np.ones(len(captions)), total, count], axis=1)


def _recall(parts: Floats, draws: int, seed: int) -> SimatFigure:
    def value(sums: Floats) -> Floats:
        mean: Floats = 50 * (sums[..., 0] / sums[..., 1] + sums[..., 2] / sums[..., 3])
        return mean

    whole = float(value(parts.sum(axis=0)))
    if not draws:
        return SimatFigure(len(parts), whole)
    weights = generator(seed, "heads", "recall").exponential(size=(draws, len(parts)))
    low, high = statistics.interval(value(weights @ parts)).tolist()
    return SimatFigure(len(parts), whole, (low, high))


def _trained(
    heads: Heads,
    seed: int,
    task: Simat,
    success: Floats,
    place: int,
    lam: Floats,
    first: tuple[Floats, Floats],
) -> HeadsTrained:
    info = heads_info(heads)
    assert info is not None
    every = 100 * np.average(success, axis=0, weights=task.weights)
    dev, test = (
        100 * float(np.average(success[mask, place], weights=task.weights[mask]))
        for mask in (~task.is_test, task.is_test)
    )
    best = int(np.argmax(every))
    captions, photographs = (tuple((100 * side.mean(axis=0)).tolist()) for side in first)
    return HeadsTrained(
        heads=info,
        seed=seed,
        lam=float(lam[place]),
        dev=dev,
        test=test,
        best=float(every[best]),
        best_lam=float(lam[best]),
        captions=captions,
        photographs=photographs,
    )
