"""One table on one set of questions: a whole result."""

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
    describe_questions,
    describe_vocabulary,
)
from embarith.experiments.analogy.details import details
from embarith.experiments.analogy.search import Search, six_credits
from embarith.experiments.common import Case, encoder_info
from embarith.machine import describe_run
from embarith.progress import Progress
from embarith.result import (
    AnalogyResult,
    Comparison,
    Control,
    Protocol,
    Rated,
    Scores,
)
from embarith.table import EmbeddingTable

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Options:
    """The options of a whole report.

    `sha256` is that of the questions as they were given, `candidates` what the vocabulary is
    called in the result.
    """

    search: Search
    sha256: str
    vocab: str
    candidates: str
    case: Case
    draws: int
    null_draws: int
    control_draws: int
    baselines: bool
    paths: dict[str, str]
    progress: Progress | None

    def bootstrap(
        self,
        values: dict[str, Floats],
        asked: Asked,
        some: NDArray[np.bool_] | None = None,
        stage: str = "",
    ) -> statistics.Bootstrap:
        """Draw intervals for figures of the answered questions, or of some of them."""
        rows = slice(None) if some is None else some
        return statistics.crossed_bootstrap(
            np.concatenate(list(values.values()), axis=1),
            asked.first_pair[rows],
            asked.second_pair[rows],
            asked.relation[rows],
            draws=self.draws,
            seed=self.search.seed,
            progress=partial(self.progress, stage) if self.progress and stage else None,
        )


@dataclass(frozen=True)
class Measured:
    """A result, its single questions, and the values that another table's are compared with."""

    result: AnalogyResult
    frame: pa.Table
    values: dict[str, Floats]


def measure(
    whole: EmbeddingTable,
    table: EmbeddingTable,
    asked: Asked,
    options: Options,
    first: Measured | None,
) -> Measured:
    """Measure one table.

    Parameters
    ----------
    whole : EmbeddingTable
        The table as it was given, which the result names.
    table : EmbeddingTable
        Its candidates.
    asked : Asked
    options : Options
    first : Measured or None
        The first table of the same call, to compare with.
    """
    started = time.perf_counter()
    search, seed, progress = options.search, options.search.seed, options.progress
    solved = search.solve(table, asked, progress)
    values = {"main": six_credits(solved.rank_fair, solved.rank_restricted)}
    paper = None
    if options.vocab != "questions":
        rows = candidates(table, "questions", asked.questions, options.case)
        paper, among = table.select(rows), asked.among(rows)
        values["paper"] = search.credits(paper, among)
        if options.baselines:
            values["paper only-c"] = search.only_c(paper, among)
    if options.baselines:
        values |= search.baselines(table, asked, progress)
    found = None if asked.by_pair else geo.measure(table, asked, seed, progress)
    if found is not None:
        values["helps"] = found.helps[:, None]
        values |= summary.geometry_values(found)
        if not np.isnan(found.auc).any():
            values["auc"] = found.auc[:, None]
    boot = options.bootstrap(values, asked, stage="intervals")
    blocks = summary.Blocks(values, boot, asked.relation)
    permuted = statistics.permutation_null(
        solved.restricted.indices[:, 0],
        asked.gold,
        asked.relation,
        draws=options.null_draws,
        seed=seed,
    )
    control, notes = _control(table, asked, options, values["main"])
    parts = summary.landed(asked, solved.fair.indices[:, 0])
    result = AnalogyResult(
        encoder=encoder_info(whole),
        questions=describe_questions(asked, options.sha256),
        coverage=asked.coverage,
        vocab=describe_vocabulary(options.candidates, table),
        method=search.method,
        raw=search.raw,
        similarity=search.similarity,
        epsilon=search.epsilon if search.method == "3cosmul" else None,
        case=options.case,
        asked_by="pair" if asked.by_pair else "question",
        scores=blocks.scores("main"),
        macro=blocks.macro("main"),
        missing_as_wrong=_missing_as_wrong(values["main"], asked, options),
        chance=summary.chance(asked, len(table)),
        paper=None
        if paper is None
        else Protocol(
            vocab=describe_vocabulary("questions", paper),
            scores=blocks.scores("paper"),
            macro=blocks.macro("paper"),
            only_c=blocks.known("paper only-c"),
            chance=summary.chance(asked, len(paper)),
        ),
        landed=summary.landed_shares(parts),
        baselines=summary.baselines(blocks),
        null=summary.null(permuted, np.bincount(asked.relation)),
        control=control,
        angle=None if found is None else summary.raw_unit(found, blocks, "angle"),
        rho=None if found is None else summary.raw_unit(found, blocks, "rho"),
        companions=None if found is None else summary.companions(found, blocks),
        vocabulary_curve=summary.vocabulary_curve(asked, solved.rank_restricted, len(table)),
        by_rating=_by_rating(blocks, asked, options),
        relations=relations.rows(
            table, asked, blocks=blocks, permuted=permuted, found=found, seed=seed
        ),
        comparison=None if first is None else _comparison(first, values, asked, options),
        notes=notes,
        draws=options.draws,
        seed=seed,
        run=describe_run(
            started, options.paths, ("scikit-learn",) if search.method == "lrcos" else ()
        ),
    )
    return Measured(result, details(table, asked, solved, parts, found), values)


def _control(
    table: EmbeddingTable, asked: Asked, options: Options, observed: Floats
) -> tuple[Control | None, tuple[str, ...]]:
    """Return the control with random pairs, or a note why it cannot be."""
    if asked.by_pair or not options.control_draws:
        return None, ()
    try:
        means = options.search.control(table, asked, options.control_draws, options.progress)
    except OptionError as reason:
        return None, (f"No control with random second pairs: {reason}.",)
    return summary.control(means, observed), ()


def _missing_as_wrong(values: Floats, asked: Asked, options: Options) -> Scores:
    questions = asked.questions
    every = np.zeros((len(questions), values.shape[1]))
    every[asked.numbers] = values
    first, second = asked.units(np.arange(len(questions)))
    boot = statistics.crossed_bootstrap(
        every, first, second, questions.relation, draws=options.draws, seed=options.search.seed
    )
    return summary.scores(every, boot.micro)


def _by_rating(blocks: summary.Blocks, asked: Asked, options: Options) -> dict[str, Rated] | None:
    ratings = asked.questions.ratings
    if ratings is None:
        return None
    found = {}
    above = ratings[asked.numbers] > 0
    for name, mine in (("positive", above), ("not positive", ~above)):
        if mine.any():
            both = {"main", "only-c"}
            values = {one: rows[mine] for one, rows in blocks.values.items() if one in both}
            boot = options.bootstrap(values, asked, mine)
            rated = summary.Blocks(values, boot, asked.relation[mine])
            found[name] = Rated(int(mine.sum()), rated.scores("main"), rated.known("only-c"))
    return found


def _comparison(
    first: Measured, values: dict[str, Floats], asked: Asked, options: Options
) -> Comparison:
    both = {"main", "auc"} & first.values.keys()
    difference = {name: rows - first.values[name] for name, rows in values.items() if name in both}
    boot = options.bootstrap(difference, asked)
    return summary.comparison(first.result.encoder.name, difference, boot)
