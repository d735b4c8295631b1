"""One table on one set of questions: everything a result holds but the comparison."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from embarith import statistics
from embarith.errors import OptionError
from embarith.experiments.analogy import geometry as geo
from embarith.experiments.analogy import relations, summary
from embarith.experiments.analogy.asked import (
    Asked,
    candidates,
    describe_vocabulary,
)
from embarith.experiments.analogy.details import details
from embarith.experiments.analogy.search import Search, six_credits
from embarith.experiments.common import Case, encoder_info
from embarith.machine import describe_run
from embarith.progress import Progress
from embarith.result import (
    AnalogyResult,
    Baselines,
    Companions,
    Protocol,
    QuestionsInfo,
    RawUnit,
    Scores,
    Spread,
)
from embarith.table import EmbeddingTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Options:
    """The options of a whole report."""

    search: Search
    vocab: str
    case: Case
    draws: int
    null_draws: int
    control_draws: int
    baselines: bool
    progress: Progress | None

    def bootstrap(
        self, values: Floats, asked: Asked, some: NDArray[np.bool_] | None = None, stage: str = ""
    ) -> statistics.Bootstrap:
        """Draw intervals for figures of the answered questions, or of some of them."""
        rows = slice(None) if some is None else some
        return statistics.crossed_bootstrap(
            values,
            asked.first_pair[rows],
            asked.second_pair[rows],
            asked.relation[rows],
            draws=self.draws,
            seed=self.search.seed,
            progress=partial(self.progress, stage) if self.progress and stage else None,
        )


def measure(
    table: EmbeddingTable, asked: Asked, vocab: str, options: Options
) -> tuple[AnalogyResult, Floats, pa.Table]:
    """Measure one table of candidates: the result, the six credits a question, the single rows."""
    search, seed, progress = options.search, options.search.seed, options.progress
    solved = search.solve(table, asked, progress)
    main = six_credits(solved.rank_fair, solved.rank_restricted)
    blocks = {"main": main}
    paper = None
    if options.vocab != "questions":
        rows = candidates(table, "questions", asked.questions, options.case)
        paper = table.select(rows)
        blocks["paper"] = search.credits(paper, asked.among(rows), None)
    if options.baselines:
        blocks |= search.baselines(table, asked, progress)
    found = None if asked.by_pair else geo.measure(table, asked, seed, progress)
    if found is not None:
        blocks["helps"] = found.helps[:, None]
        if not np.isnan(found.auc).any():
            blocks["auc"] = found.auc[:, None]
    # One bootstrap for all figures: they share the weights of every draw.
    boot = options.bootstrap(
        np.concatenate(list(blocks.values()), axis=1), asked, stage="intervals"
    )
    edges = np.cumsum([0, *(block.shape[1] for block in blocks.values())])
    places = {name: slice(*edges[i : i + 2]) for i, name in enumerate(blocks)}

    def score(name: str) -> Scores:
        return summary.scores(blocks[name], boot.micro[places[name]])

    permuted = statistics.permutation_null(
        solved.restricted.indices[:, 0],
        asked.gold,
        asked.relation,
        draws=options.null_draws,
        seed=seed,
    )
    control, notes = None, []
    if options.control_draws and not asked.by_pair:
        try:
            means = search.control(table, asked, options.control_draws, progress)
            control = summary.control(means, len(asked))
        except OptionError as reason:
            notes.append(f"No control with random second pairs: {reason}.")
    parts = summary.landed(asked, solved.fair.indices[:, 0])
    n, size = len(asked.questions), len(table)
    result = AnalogyResult(
        encoder=encoder_info(table),
        questions=QuestionsInfo(
            name=asked.questions.name,
            source=asked.questions.source,
            sha256=asked.questions.sha256,
            asked=n,
            answered=len(asked),
            dropped=n - len(asked),
            pairs=len(np.unique([asked.second_pair, asked.first_pair][: 2 - asked.by_pair])),
        ),
        coverage=asked.coverage,
        vocab=describe_vocabulary(vocab, table),
        method=search.method,
        raw=search.raw,
        similarity=search.similarity,
        case=options.case,
        asked_by="pair" if asked.by_pair else "question",
        scores=score("main"),
        macro=summary.macro(main, asked.relation, boot.macro[places["main"]]),
        missing_as_wrong=_missing_as_wrong(main, asked, options),
        chance=summary.chance(asked, size),
        paper=None
        if paper is None
        else Protocol(
            vocab=describe_vocabulary("questions", paper),
            scores=score("paper"),
            macro=summary.macro(blocks["paper"], asked.relation, boot.macro[places["paper"]]),
            chance=summary.chance(asked, len(paper)),
        ),
        landed=summary.landed_shares(parts),
        baselines=None
        if not options.baselines
        else Baselines(
            only_c=score("only-c"),
            only_b=score("only-b") if "only-b" in blocks else None,
            ignore_a=score("ignore-a") if "ignore-a" in blocks else None,
            add_opposite=score("add-opposite") if "add-opposite" in blocks else None,
            reversed=score("reversed") if "reversed" in blocks else None,
            helps=None
            if found is None
            else summary.figure(found.helps, boot.micro[places["helps"]][0]),
        ),
        null=summary.null(permuted, np.bincount(asked.relation)),
        control=control,
        angle=None if found is None else _raw_unit(found.angle_raw, found.angle_unit),
        rho=None if found is None else _raw_unit(found.rho_raw, found.rho_unit),
        companions=None if found is None else _companions(found, boot, places),
        vocabulary_curve=summary.vocabulary_curve(asked, solved.rank_restricted, size),
        by_rating=_by_rating(main, asked, options),
        relations=relations.rows(
            table, asked, values=main, boot=boot, permuted=permuted, found=found, seed=seed
        ),
        comparison=None,
        notes=tuple(notes),
        seed=seed,
        run=describe_run(time.perf_counter(), {}),
    )
    return result, main, details(table, asked, solved, parts, found)


def _missing_as_wrong(values: Floats, asked: Asked, options: Options) -> Scores:
    questions = asked.questions
    every = np.zeros((len(questions), values.shape[1]))
    every[asked.numbers] = values
    first, second = asked.units(np.arange(len(questions)))
    boot = statistics.crossed_bootstrap(
        every, first, second, questions.relation, draws=options.draws, seed=options.search.seed
    )
    return summary.scores(every, boot.micro)


def _by_rating(values: Floats, asked: Asked, options: Options) -> dict[str, Scores] | None:
    ratings = asked.questions.ratings
    if ratings is None:
        return None
    found = {}
    above = ratings[asked.numbers] > 0
    for name, mine in (("positive", above), ("not positive", ~above)):
        if mine.any():
            boot = options.bootstrap(values[mine], asked, mine)
            found[name] = summary.scores(values[mine], boot.micro)
    return found


def _raw_unit(raw: Floats, unit: Floats) -> RawUnit:
    return RawUnit(raw=summary.spread(raw), unit=summary.spread(unit))


def _companions(
    found: geo.Geometry, boot: statistics.Bootstrap, places: dict[str, slice]
) -> Companions:
    defined = "auc" in places
    return Companions(
        pearson=summary.spread(found.pearson),
        rho_rotated=summary.spread(found.rho_rotated),
        rho_rotated_questions=len(found.rho_rotated),
        rho_random_d=_if_any(found.rho_random_d),
        angle_random_d=_if_any(found.angle_random_d),
        angle_only_c=summary.spread(found.angle_only_c),
        auc=float(found.auc.mean()) if defined else None,
        auc_ci=summary.pair(boot.micro[places["auc"]][0]) if defined else None,
    )


def _if_any(values: Floats) -> Spread | None:
    known = values[~np.isnan(values)]
    return summary.spread(known) if len(known) else None
