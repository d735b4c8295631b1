"""One pair of tables on a set: the whole result, and the score on dev alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from embarith.encoders.heads import Heads
from embarith.errors import OptionError, nearest
from embarith.experiments.common import coverage, encoder_info
from embarith.experiments.simat.asked import (
    LAMS,
    SPLITS,
    asked_queries,
    masks_of,
    missing_words,
    questions_info,
    set_info,
)
from embarith.experiments.simat.examples import draw_examples
from embarith.experiments.simat.judges import EncoderJudge, MatrixJudge, agreement, find_right
from embarith.experiments.simat.retrieval import pick, search, without_transformation
from embarith.experiments.simat.scores import (
    Measure,
    by_pair,
    missing_as_failed,
    without_interval,
)
from embarith.experiments.simat.space import find_space, heads_info, photograph_rows
from embarith.machine import describe_run
from embarith.progress import Progress
from embarith.questions.simat import Simat
from embarith.result import (
    SimatBaselines,
    SimatPoint,
    SimatResult,
    SimatSplits,
    Split,
    rounded,
)
from embarith.sweep import rising
from embarith.table import EmbeddingTable


def simat(
    images: EmbeddingTable,
    texts: EmbeddingTable,
    task: Simat,
    *,
    heads: Heads | None = None,
    lams: Sequence[float] = LAMS,
    split: Split = "test",
    judge: MatrixJudge | EncoderJudge | None = None,
    draws: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> SimatResult:
    """Score text-driven image transformation as Couairon et al. (2022) do.

    A query moves its photograph by λ times the difference of two words, all at unit length and
    after the heads, and looks for the nearest of all other photographs of the set. The score is 100
    times the mean success, weighted by norm2^-1/2. λ is picked on dev.

    Parameters
    ----------
    images : EmbeddingTable
        Labels as in the set's column `image` or `region_id`, all of its photographs.
    texts : EmbeddingTable
        The words of the set; where it has all captions too, these are asked as queries beside.
    task : Simat
    heads : Heads, optional
        Applied to the tables as they are.
    lams : sequence of float
    split : {"test", "dev", "all"}
        The queries to report on.
    judge : MatrixJudge or EncoderJudge, optional
        Who says what is right; by default the triples that photographs carry.
    draws : int
        Of the crossed bootstrap over photographs and word pairs; 0 for no intervals.
    seed : int
    progress : callable, optional

    Raises
    ------
    OptionError
        A photograph without vector, no query of the split with both words, tables of different
        dimensions without heads, heads that do not fit or were applied already, to one table alone
        or others to the other, λ that do not rise or several without dev queries to pick one on, a
        matrix of another shape, or a judge that is the system itself.
    """
    started = time.perf_counter()
    if split not in SPLITS:
        raise OptionError(f"split {split!r} is none of {', '.join(SPLITS)}{nearest(split, SPLITS)}")
    lam = rising(lams)
    space = find_space(images, texts, task, heads)
    right, judged = find_right(task, images, texts, judge)
    missing = missing_words(task, texts)
    lost = [words for words in missing if words]
    if len(lost) == len(task):
        raise OptionError(
            f"{texts.provenance.encoder} can be asked none of the {len(task):,} queries: of the "
            f"{len(task.words):,} words of {task.name} it has {len(space.number):,}, and lacks "
            f"{min(min(words) for words in lost)!r}"
        )
    known = np.array([not words for words in missing])
    asked = task.select(np.flatnonzero(known)) if lost else task
    masks = masks_of(asked)
    if not masks[split].any():
        raise OptionError(f"{task.name} has no {split} queries to report on")
    if len(lam) > 1 and not masks["dev"].any():
        raise OptionError(
            f"{task.name} has no dev queries to pick λ on; give a single λ with --lambda"
        )
    found = search(space, asked, lam, right, progress=progress)
    picked = pick(found.success, asked, masks["dev"])
    columns = {"score": found.success[:, picked]}
    raw_lam = None
    # Neither equal dimensions alone make two spaces one, nor the name of tables without provenance.
    one, other = ((table.provenance.encoder, table.dimensions) for table in (images, texts))
    if heads is not None and one == other:
        bare = find_space(images, texts, task, None)
        plain = search(bare, asked, lam, right, progress=progress)
        at = pick(plain.success, asked, masks["dev"])
        columns["no_heads"], raw_lam = plain.success[:, at], float(lam[at])
    columns |= without_transformation(space, asked, right)
    measure = Measure(asked, draws, seed)
    curves = {name: measure.scores(found.success, masks[name]) for name in SPLITS}
    best = pick(found.success, asked, masks["all"])
    points = [
        SimatPoint(float(lam[i]), SimatSplits(**{name: curves[name][i] for name in SPLITS}))
        for i in range(len(lam))
    ]
    names = list(columns)
    table = np.stack([columns[name] for name in names], axis=1)
    mine = dict(zip(names, measure.scores(table, masks[split]), strict=True))
    others = [name for name in names if name not in ("score", "ceiling")]
    gains = np.stack([columns["score"] - columns[name] for name in others], axis=1)
    differences = {
        name: one.all
        for name, one in zip(others, measure.scores(gains, masks[split]), strict=True)
        if one.all is not None
    }
    if judge is not None:
        answers = found.rows[:, picked, 0]
        judged = agreement(judged, answers, asked, right, task.right, masks[split])
    result = SimatResult(
        images=encoder_info(images),
        texts=encoder_info(texts),
        heads=heads_info(heads),
        questions=questions_info(task, asked),
        coverage=coverage(len(task), lost),
        data=set_info(task),
        judge=judged,
        split=split,
        lam=float(lam[picked]),
        scores=mine["score"],
        missing_as_wrong=missing_as_failed(
            task, known, found.success[:, picked], masks_of(task)[split]
        ),
        curve=tuple(points),
        best=points[best],
        baselines=SimatBaselines(
            no_heads=mine.get("no_heads"),
            no_heads_lam=raw_lam,
            random=without_interval(mine["random"]),
            unchanged=mine["unchanged"],
            text_alone=mine["text_alone"],
            target_caption=mine.get("target_caption"),
            ceiling=without_interval(mine["ceiling"]),
        ),
        differences=differences,
        pairs=by_pair(asked, columns["score"], masks[split]),
        examples=draw_examples(
            space, asked, found, picked, float(lam[picked]), right, masks[split], seed
        ),
        draws=draws,
        seed=seed,
        run=describe_run(started, {}),
    )
    return rounded(result)


def dev_score(
    images: EmbeddingTable, texts: EmbeddingTable, task: Simat, *, lams: Sequence[float] = LAMS
) -> Callable[[Heads], tuple[float, float]]:
    """Return a function of heads: their best score on the dev queries, and its λ.

    Raises
    ------
    OptionError
        A photograph without vector, no dev query with both words, or λ that do not rise.
    """
    photograph_rows(images, task)
    asked, lam = asked_queries(texts, task, lams)
    asked = asked.select(np.flatnonzero(~asked.is_test))
    # Without captions, which nothing here asks for.
    words = texts.select(asked.words)

    def score(heads: Heads) -> tuple[float, float]:
        found = search(find_space(images, words, asked, heads), asked, lam, task.right)
        best = pick(found.success, asked, ~asked.is_test)
        score = 100 * np.average(found.success[:, best], weights=asked.weights)
        return float(score), float(lam[best])

    return score
