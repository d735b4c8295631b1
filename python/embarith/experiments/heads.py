"""Heads trained at several temperatures, scored on SIMAT (Couairon et al. 2022, section 5)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embarith import statistics
from embarith.checks import as_count
from embarith.draws import generator
from embarith.encoders.card import Tower
from embarith.encoders.heads import Heads
from embarith.errors import OptionError
from embarith.experiments.additivity import additivity
from embarith.experiments.common import coverage, encoder_info
from embarith.experiments.gap import FOLDS, modality_gap
from embarith.experiments.simat import (
    LAMS,
    asked_queries,
    find_space,
    heads_info,
    missing_words,
    photograph_rows,
    pick,
    questions_info,
    search,
    set_info,
    test_scores,
)
from embarith.machine import describe_run
from embarith.progress import Progress
from embarith.questions.cells import Cell
from embarith.questions.simat import Simat
from embarith.result import (
    AdditivityResult,
    HeadsGeometry,
    HeadsPoint,
    HeadsResult,
    HeadsScores,
    HeadsTrained,
    SimatFigure,
    rounded,
)
from embarith.table import EmbeddingTable
from embarith.training.heads import Settings, provenance, train, validate
from embarith.training.pairs import Pairs, Recall, local_pairs, pair

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

TEMPERATURES = (0.005, 0.01, 0.03, 0.1, 0.3, 1.0)

# Permutations behind the nulls of gap and additivity.
_NULL_DRAWS = 99


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
    base = settings or Settings()
    if base.method != "contrastive":
        raise OptionError(f"method {base.method!r} has no temperature")
    draws = as_count("draws", draws, 0)
    plan = plan_heads(base, temperatures, seeds, seed, folder)
    asked, lam = asked_queries(texts, task, lams)
    pairs = pair(images, texts, captions, hold_out={*task.images, *task.regions}, seed=seed)
    on = Measure(images, texts, pairs, task, asked, lam, draws, seed)
    for one in chain(*plan):
        kept_heads(pairs, *one)
    return rounded(by_temperature(on, plan, "heads", progress)[0])


Plan = list[list[tuple[Settings, Path]]]


def plan_heads(
    base: Settings, temperatures: Sequence[float], seeds: int, seed: int, folder: Path
) -> Plan:
    """Return how heads are to be fitted, and where they are kept, of every temperature, rising.

    Raises
    ------
    OptionError
        No temperature or no seed, a temperature without meaning, or two that are one in print.
    """
    taus = sorted(set(temperatures))
    if not taus or seeds < 1:
        raise OptionError("give at least one temperature and one seed")
    for one, other in pairwise(taus):
        if f"{one:g}" == f"{other:g}":
            raise OptionError(
                f"temperatures {one!r} and {other!r} are both {one:g} to six digits, in names of "
                "files and in reports; leave one out"
            )
    return [
        [
            (replace(base, temperature=tau, seed=one), folder / f"heads-{tau:g}-{one}.safetensors")
            for one in range(seed, seed + seeds)
        ]
        for tau in taus
    ]


def by_temperature(
    on: Measure,
    plan: Plan,
    stage: str,
    progress: Progress | None,
) -> tuple[HeadsResult, Floats]:
    """Return the study of one table of texts, and how far its best temperature answers each query.

    Parameters
    ----------
    on : Measure
    plan : list
        As of `plan_heads`.
    stage : str
        What progress is called with.
    progress : callable, optional

    Returns
    -------
    HeadsResult
    ndarray of float64, shape (n,)
        Mean success over the seeds.
    """
    started = time.perf_counter()
    found: list[HeadsScores] = []
    success: list[Floats] = []
    taus = [same[0][0].temperature for same in plan]
    total = sum(map(len, plan))
    for number, same in enumerate(plan):
        fitted = []
        for place, (settings, path) in enumerate(same):
            if progress:
                progress(stage, number * len(same) + place, total)
            fitted.append((fit(on.pairs, settings, path), settings.seed))
        scores, mine = on.scores(fitted)
        found.append(scores)
        success.append(mine)
    if progress:
        progress(stage, total, total)
    best = int(np.argmax([scores.dev for scores in found]))
    columns = np.stack(success, axis=1)
    less = test_scores(on.asked, columns - columns[:, [best]], on.draws, on.seed)
    result = HeadsResult(
        images=encoder_info(on.images),
        texts=encoder_info(on.texts),
        pairs=on.pairs.describe(),
        pairs_sha256=on.pairs.sha256,
        freeze_text=plan[0][0][0].freeze_text,
        questions=questions_info(on.task, on.asked),
        coverage=coverage(len(on.task), filter(None, missing_words(on.task, on.texts))),
        data=set_info(on.asked),
        lams=tuple(on.lam.tolist()),
        best=taus[best],
        points=tuple(
            HeadsPoint(
                temperature=tau,
                difference=difference,
                dev=scores.dev,
                test=scores.test,
                recall=scores.recall,
                geometry=scores.geometry,
                trained=scores.trained,
            )
            for tau, scores, difference in zip(taus, found, less, strict=True)
        ),
        before=on.geometry(None),
        draws=on.draws,
        seed=on.seed,
        run=describe_run(started, {}),
    )
    return result, columns[:, best]


def fit(pairs: Pairs, settings: Settings, path: Path) -> Heads:
    """Return the heads of a file, or fit them, from their last epoch on, and write it.

    Raises
    ------
    OptionError
        Those of the file were made of other vectors or with other settings; and as `train`.
    """
    found = kept_heads(pairs, settings, path)
    if found is not None:
        return found
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = path.with_name(f"{path.name}.checkpoint")
    heads = train(pairs, settings, checkpoint=checkpoint).heads
    heads.save(path)
    checkpoint.unlink(missing_ok=True)
    return heads


def kept_heads(pairs: Pairs, settings: Settings, path: Path) -> Heads | None:
    """Return the heads of a file, None where there is no file.

    Raises
    ------
    OptionError
        They were made of other vectors or with other settings.
    """
    if not path.is_file():
        return None
    heads = Heads.read(path)
    made = provenance(pairs, settings, "")
    told = heads.provenance
    if (told.sha256, told.steps[:2]) != (made.sha256, made.steps[:2]):
        raise OptionError(
            f"{path}: heads of other vectors or settings ({'; '.join(told.steps[:2])}); name "
            "another folder"
        )
    return heads


# -- measuring ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measure:
    """What heads of two tables are measured on."""

    images: EmbeddingTable
    texts: EmbeddingTable
    pairs: Pairs
    task: Simat
    asked: Simat
    lam: Floats
    draws: int
    seed: int

    def __post_init__(self) -> None:
        """Refuse a set without test queries before anything is fitted.

        Raises
        ------
        OptionError
        """
        if not self.asked.is_test.any():
            raise OptionError(f"{self.task.name} has no test queries to report on")

    def scores(self, fitted: Sequence[tuple[Heads, int]]) -> tuple[HeadsScores, Floats]:
        """Return the scores of heads of several seeds, and their mean success, shape (n,)."""
        trained, mine, recalls = [], [], []
        for heads, seed in fitted:
            space = find_space(self.images, self.texts, self.asked, heads)
            right = search(space, self.asked, self.lam, self.task.right).success
            place = pick(right, self.asked, ~self.asked.is_test)
            mine.append(right[:, place])
            first = validate(self.pairs, heads)
            recalls.append(_by_photograph(self.pairs, first))
            trained.append(_trained(heads, seed, self.asked, right, place, self.lam, first))
        success: Floats = np.mean(mine, axis=0)
        scores = HeadsScores(
            dev=float(np.mean([one.dev for one in trained])),
            test=test_scores(self.asked, success[:, None], self.draws, self.seed)[0],
            recall=_recall(np.mean(recalls, axis=0), self.draws, self.seed),
            geometry=self.geometry(fitted[0][0]),
            trained=tuple(trained),
        )
        return scores, success

    def geometry(self, heads: Heads | None) -> HeadsGeometry:
        """Return how both sides lie under heads, or as they are."""
        gap = None
        rows, lines, local = local_pairs(self.pairs.validation)
        units = _linked(local)
        # A gap is defined in a shared space only.
        if heads is not None and len(np.unique(units[0])) >= FOLDS:
            gap = modality_gap(
                _table(heads.apply("visual", self.pairs.photographs[rows]), heads, "photograph"),
                _table(heads.apply("text", self.pairs.texts[lines]), heads, "caption"),
                space=heads.provenance.encoder,
                modalities=("photographs", "captions"),
                units=units,
                draws=self.draws,
                null_draws=_NULL_DRAWS,
                seed=self.seed,
            )
        images = photograph_rows(self.images, self.task)
        photographs = self._additivity(
            self.images, images, heads, _cells(self.task.carried, self.task)
        )
        asked_for = np.stack([self.task.caption, self.task.goal], axis=1)
        texts = self.texts.rows(self.task.captions)
        captions = self._additivity(self.texts, texts, heads, _cells(asked_for, self.task))
        return HeadsGeometry(
            gap=None if gap is None else gap.distance,
            separability=None if gap is None else gap.separability,
            photographs=None if photographs is None else photographs.both,
            captions=None if captions is None else captions.both,
            noise=None if photographs is None else photographs.noise,
        )

    def _additivity(
        self, table: EmbeddingTable, rows: Ints, heads: Heads | None, cells: dict[int, Cell]
    ) -> AdditivityResult | None:
        levels = [len(set(side)) for side in zip(*cells.values(), strict=True)]
        mine = rows[np.array(list(cells), np.int64)]
        if min(levels, default=0) < 2 or (mine < 0).any():
            return None
        table.check_rows(mine)
        vectors = table.vectors[mine]
        if heads is not None:
            tower: Tower = "visual" if table is self.images else "text"
            vectors = heads.apply(tower, vectors).astype(np.float32)
        return additivity(
            EmbeddingTable.from_arrays([str(number) for number in cells], vectors),
            {str(number): (cell,) for number, cell in cells.items()},
            factors=("subject", "object"),
            draws=self.draws,
            null_draws=_NULL_DRAWS,
            seed=self.seed,
        )


def _linked(local: Ints) -> tuple[Ints, Ints]:
    """Return numbers of what captions link, for photographs and captions."""
    _, captions = statistics.components(local[:, 0], local[:, 1])
    photographs = np.empty(local[:, 0].max() + 1, np.int64)
    photographs[local[:, 0]] = captions[local[:, 1]]
    return photographs, captions


def _table(vectors: Floats, heads: Heads, what: str) -> EmbeddingTable:
    labels = [f"{what} {number}" for number in range(len(vectors))]
    return EmbeddingTable.from_arrays(
        labels, vectors.astype(np.float32), provenance=heads.provenance
    )


def _cells(triple_of: Ints, task: Simat) -> dict[int, Cell]:
    """Return subject and object of what has one of each, by its number."""
    found: dict[int, set[Cell]] = {}
    for number, triple in triple_of.tolist():
        subject, _, thing = task.triples[triple]
        found.setdefault(number, set()).add((subject, thing))
    return {number: next(iter(cells)) for number, cells in found.items() if len(cells) == 1}


def _by_photograph(pairs: Pairs, first: tuple[Floats, Floats]) -> Floats:
    """Return what each validation photograph adds to both recalls, and to their queries."""
    _, _, local = local_pairs(pairs.validation)
    captions, photographs = (side.mean(axis=1) for side in first)
    total, count = np.zeros((2, len(captions)))
    # A caption of several photographs is divided among them.
    share = 1 / np.bincount(local[:, 1])[local[:, 1]]
    np.add.at(total, local[:, 0], share * photographs[local[:, 1]])
    np.add.at(count, local[:, 0], share)
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
    best = pick(success, task, np.ones(len(task), bool))
    recall = Recall.of(first)
    return HeadsTrained(
        heads=info,
        seed=seed,
        lam=float(lam[place]),
        dev=dev,
        test=test,
        best=float(every[best]),
        best_lam=float(lam[best]),
        captions=recall.captions,
        photographs=recall.photographs,
    )
