"""SIMAT: a photograph moved by the difference of two words, and what is nearest to it then."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from embarith import statistics
from embarith.draws import generator
from embarith.encoders.card import Tower
from embarith.encoders.heads import Heads
from embarith.errors import OptionError, nearest
from embarith.experiments.common import coverage, encoder_info
from embarith.machine import describe_run
from embarith.progress import Progress
from embarith.questions.simat import Simat, chance
from embarith.questions.triples import FIELDS
from embarith.result import (
    HeadsInfo,
    QuestionsInfo,
    Retrieved,
    SimatBaselines,
    SimatExample,
    SimatFigure,
    SimatJudge,
    SimatPair,
    SimatPoint,
    SimatResult,
    SimatScores,
    SimatSet,
    SimatSplits,
    TransformResult,
    rounded,
)
from embarith.sweep import Sweep, sweep
from embarith.table import EmbeddingTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Split = Literal["dev", "test", "all"]

SPLITS: tuple[Split, ...] = ("dev", "test", "all")
LAMS = tuple(round(0.2 * step, 1) for step in range(26))
"""λ of the sweep: 0 to 5 in steps of 0.2."""

KEPT = 5
"""Answers that are kept of every query, at every λ."""

# Examples of every field and outcome.
_EXAMPLES = 8


@dataclass(frozen=True)
class MatrixJudge:
    """Similarities of every photograph with every caption; right is what is above the threshold.

    Parameters
    ----------
    similarities : ndarray of float32 or float64, shape (p, k)
        Rows by `dataset_id`, columns by line of ``captions.txt``: the layout of the published
        OSCAR matrix, whose values are probabilities.
    name : str
    threshold : float
    """

    similarities: NDArray[np.floating]
    name: str = "matrix"
    threshold: float = 0.5


@dataclass(frozen=True)
class EncoderJudge:
    """Two tables of another encoder: right is a photograph whose nearest caption is the target's.

    A cosine has no threshold as the probability of OSCAR has, so the caption must come first among
    all captions of the set.
    """

    images: EmbeddingTable
    texts: EmbeddingTable


@dataclass(frozen=True)
class Space:
    """Unit vectors of a set's photographs, words and captions, in float64, of one dimension.

    Parameters
    ----------
    photographs : ndarray of float64, shape (p, d)
    words : ndarray of float64, shape (w, d)
    number : mapping of str to int
        The row of every word that has a vector.
    captions : ndarray of float64, shape (k, d), or None
    """

    photographs: Floats
    words: Floats
    number: Mapping[str, int]
    captions: Floats | None = None


@dataclass(frozen=True)
class Found:
    """Answers of every query at every λ, and what each is worth.

    Parameters
    ----------
    rows : ndarray of int64, shape (n, l, `KEPT`)
    scores : ndarray of float64, shape (n, l, `KEPT`)
        Dot products with x.
    success : ndarray of float64, shape (n, l)
        1 where the first answer is right; of answers that come first together the share.
    """

    rows: Ints
    scores: Floats
    success: Floats


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
        dimensions without heads, heads that do not fit or were applied already, λ that do not rise
        or several without dev queries to pick one on, a matrix of another shape, or a judge that
        is the system itself.
    """
    started = time.perf_counter()
    if split not in SPLITS:
        raise OptionError(f"split {split!r} is none of {', '.join(SPLITS)}{nearest(split, SPLITS)}")
    lam = _lams(lams)
    space = find_space(images, texts, task, heads)
    right, judged = _judge(task, images, texts, judge)
    missing = [
        {word for word in pair if word not in space.number}
        for pair in zip(task.value, task.target, strict=True)
    ]
    lost = [words for words in missing if words]
    if len(lost) == len(task):
        raise OptionError(
            f"{texts.provenance.encoder} can be asked none of the {len(task):,} queries: of the "
            f"{len(task.words):,} words of {task.name} it has {len(space.number):,}, and lacks "
            f"{min(min(words) for words in lost)!r}"
        )
    known = np.array([not words for words in missing])
    asked = task.select(np.flatnonzero(known)) if lost else task
    masks = _masks(asked)
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
    # Equal dimensions do not make two spaces one.
    if heads is not None and images.provenance.encoder == texts.provenance.encoder:
        bare = find_space(images, texts, task, None)
        plain = search(bare, asked, lam, right, progress=progress)
        at = pick(plain.success, asked, masks["dev"])
        columns["no_heads"], raw_lam = plain.success[:, at], float(lam[at])
    columns |= _without_transformation(space, asked, right)
    measure = _Measure(asked, draws, seed)
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
        judged = _agreement(judged, answers, asked, right, task.right, masks[split])
    result = SimatResult(
        images=encoder_info(images),
        texts=encoder_info(texts),
        heads=heads_info(heads),
        questions=QuestionsInfo(
            name=task.name,
            source=task.source,
            sha256=task.sha256,
            asked=len(task),
            answered=len(asked),
            dropped=len(lost),
            pairs=len(set(zip(task.value, task.target, task.field.tolist(), strict=True))),
        ),
        coverage=coverage(len(task), lost),
        data=set_info(task),
        judge=judged,
        split=split,
        lam=float(lam[picked]),
        scores=mine["score"],
        missing_as_wrong=_missing_as_wrong(task, known, found.success[:, picked], split),
        curve=tuple(points),
        best=points[best],
        baselines=SimatBaselines(
            no_heads=mine.get("no_heads"),
            no_heads_lam=raw_lam,
            random=_without_interval(mine["random"]),
            unchanged=mine["unchanged"],
            text_alone=mine["text_alone"],
            target_caption=mine.get("target_caption"),
            ceiling=_without_interval(mine["ceiling"]),
        ),
        differences=differences,
        pairs=_pairs(asked, columns["score"], masks[split]),
        examples=_examples(
            space, asked, found, picked, float(lam[picked]), right, masks[split], seed
        ),
        draws=draws,
        seed=seed,
        run=describe_run(started, {}),
    )
    return rounded(result)


def transform(
    images: EmbeddingTable,
    texts: EmbeddingTable,
    image: str,
    value: str,
    target: str,
    *,
    heads: Heads | None = None,
    lam: float = 1.0,
    topn: int = 10,
) -> TransformResult:
    """Find the photographs nearest to one in which a word became another.

    Parameters
    ----------
    images, texts : EmbeddingTable
    image, value, target : str
        Labels of a photograph and of two words.
    heads : Heads, optional
    lam : float
    topn : int
        Answers besides the photograph itself.

    Raises
    ------
    MissingLabelError
        A label that its table lacks, with the nearest one it has.
    OptionError
        Tables of different dimensions without heads, or heads that do not fit or were applied.
    """
    own = images.rows([image])
    images[image], texts[[value, target]]  # names the label that is absent
    _check_heads(images, texts, heads)
    gallery = _vectors(images, np.arange(len(images)), heads, "visual")
    words = _vectors(texts, texts.rows([value, target]), heads, "text")
    found = sweep(
        gallery,
        gallery[own],
        words,
        point=np.array([0]),
        value=np.array([0]),
        target=np.array([1]),
        own=np.array([-1]),
        lams=np.array([lam]),
        k=min(topn + 1, len(images)),
    )
    length = np.linalg.norm(gallery[own[0]] + lam * (words[1] - words[0]))
    rows, scores = found.rows[0, 0], found.scores[0, 0] / length
    # The photograph itself takes no place of an answer.
    end = topn + 1 if own[0] in rows[:topn] else topn
    result = TransformResult(
        images=images.provenance.encoder,
        texts=texts.provenance.encoder,
        heads=heads.provenance.encoder if heads else "",
        image=image,
        value=value,
        target=target,
        lam=lam,
        retrieved=tuple(
            Retrieved(label, float(score), label == image)
            for label, score in (
                (images.index_to_key[row], score)
                for row, score in zip(rows[:end].tolist(), scores[:end], strict=True)
            )
        ),
    )
    return rounded(result)


# -- spaces ------------------------------------------------------------------------------------


def find_space(
    images: EmbeddingTable, texts: EmbeddingTable, task: Simat, heads: Heads | None
) -> Space:
    """Return the vectors of a set in one space.

    Raises
    ------
    OptionError
        As `simat`.
    """
    _check_heads(images, texts, heads)
    photographs = _vectors(images, photograph_rows(images, task), heads, "visual")
    rows = texts.rows(task.words)
    known = [word for word, row in zip(task.words, rows, strict=True) if row >= 0]
    words = _vectors(texts, rows[rows >= 0], heads, "text")
    lines = texts.rows(task.captions)
    captions = _vectors(texts, lines, heads, "text") if (lines >= 0).all() else None
    return Space(photographs, words, {word: place for place, word in enumerate(known)}, captions)


def photograph_rows(images: EmbeddingTable, task: Simat) -> Ints:
    """Return the row of every photograph of a set, by `image` or `region_id`.

    Raises
    ------
    OptionError
        The table lacks one: a smaller gallery would be another task.
    """
    rows = images.rows(task.images)
    if task.regions and (rows < 0).all():
        rows = images.rows(task.regions)
    lost = np.flatnonzero(rows < 0)
    if len(lost):
        raise OptionError(
            f"{images.provenance.encoder} lacks {len(lost):,} of the {len(rows):,} photographs of "
            f"{task.name}, such as {task.images[lost[0]]!r}, and the gallery must be whole; its "
            f"labels, such as {images.index_to_key[0]!r}, are to be as in the column image or "
            "region_id"
        )
    return rows


def _check_heads(images: EmbeddingTable, texts: EmbeddingTable, heads: Heads | None) -> None:
    if heads is not None:
        sides: tuple[tuple[EmbeddingTable, Tower], ...] = ((images, "visual"), (texts, "text"))
        for table, tower in sides:
            heads.check_not_applied(table.provenance)
            heads.check(tower, table.dimensions, table.provenance.encoder)
    elif images.dimensions != texts.dimensions:
        raise OptionError(
            f"{images.provenance.encoder} has {images.dimensions:,} dimensions and "
            f"{texts.provenance.encoder} {texts.dimensions:,}: two spaces, whose vectors cannot be "
            "added; give heads that lead both into one"
        )


def _vectors(table: EmbeddingTable, rows: Ints, heads: Heads | None, tower: Tower) -> Floats:
    table.check_rows(rows)
    raw = table.vectors[rows]
    if heads is None:
        return statistics.unit(raw.astype(np.float64))
    return heads.apply(tower, raw)


def heads_info(heads: Heads | None) -> HeadsInfo | None:
    """Return what a result says of its heads."""
    if heads is None:
        return None
    told = heads.provenance
    return HeadsInfo(told.encoder, heads.sha256, heads.dimensions, heads.temperature, told.steps)


def _masks(task: Simat) -> dict[Split, Bools]:
    return {"dev": ~task.is_test, "test": task.is_test, "all": np.ones(len(task), bool)}


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


def asked_queries(
    texts: EmbeddingTable, task: Simat, lams: Sequence[float]
) -> tuple[Simat, Floats]:
    """Return the queries whose words have vectors, and the λ.

    Raises
    ------
    OptionError
        No dev query is left to pick λ on, or λ that do not rise.
    """
    words = np.array(task.words)[texts.rows(task.words) >= 0]
    known = np.isin(task.value, words) & np.isin(task.target, words)
    if not (known & ~task.is_test).any():
        raise OptionError(
            f"{texts.provenance.encoder} can be asked none of the dev queries of {task.name}: of "
            f"its {len(task.words):,} words it has {len(words):,}"
        )
    return task.select(np.flatnonzero(known)), _lams(lams)


def set_info(task: Simat) -> SimatSet:
    """Return what a result says of its set."""
    return SimatSet(
        photographs=len(task.images),
        captions=len(task.captions),
        words=len(task.words),
        dev=int((~task.is_test).sum()),
        test=int(task.is_test.sum()),
        split=task.split,
        stale=task.stale,
    )


# -- searching ---------------------------------------------------------------------------------


def search(
    space: Space,
    task: Simat,
    lams: Floats,
    right: Bools,
    *,
    progress: Progress | None = None,
) -> Found:
    """Answer every query at every λ and say which answers are right.

    Parameters
    ----------
    space : Space
    task : Simat
    lams : ndarray of float64, shape (l,)
        Rising.
    right : ndarray of bool, shape (p, k)
        Which photograph is right for which caption.
    """
    value, target = (
        np.array([space.number[word] for word in side], np.int64)
        for side in (task.value, task.target)
    )
    done = sweep(
        space.photographs,
        space.photographs,
        space.words,
        point=task.photograph,
        value=value,
        target=target,
        own=task.photograph,
        lams=lams,
        k=min(KEPT, len(task.images) - 1),
        progress=progress and (lambda at, total: progress("queries", at, total)),
    )
    return Found(done.rows, done.scores, _success(done, task, right))


def _success(done: Sweep, task: Simat, right: Bools) -> Floats:
    success = right[done.rows[:, :, 0], task.caption[:, None]].astype(np.float64)
    for query, at, rows in done.tied:
        success[query, at] = right[rows, task.caption[query]].mean()
    return success


def _without_transformation(space: Space, task: Simat, right: Bools) -> dict[str, Floats]:
    """Return the success of what the transformation is to be compared with."""
    target = np.array([space.number[word] for word in task.target], np.int64)
    points = {
        "unchanged": (space.photographs, task.photograph),
        "text_alone": (space.words, target),
    }
    if space.captions is not None:
        points["target_caption"] = (space.captions, task.caption)
    still = np.zeros(len(task), np.int64)
    found = {"random": chance(task, right)}
    for name, (vectors, point) in points.items():
        done = sweep(
            space.photographs,
            vectors,
            space.words[:1],
            point=point,
            value=still,
            target=still,
            own=task.photograph,
            lams=np.zeros(1),
        )
        found[name] = _success(done, task, right)[:, 0]
    found["ceiling"] = (found["random"] > 0).astype(np.float64)
    return found


def _lams(lams: Sequence[float]) -> Floats:
    found = np.array([float(one) for one in lams])
    if not len(found) or not np.isfinite(found).all() or (np.diff(found) <= 0).any():
        told = ", ".join(map(str, found.tolist())) or "of none"
        raise OptionError(f"λ {told}: give one or more finite numbers, rising")
    return found


def pick(success: Floats, task: Simat, dev: Bools) -> int:
    """Return the place of the λ with the highest score on dev, the lowest of equals.

    Several λ need dev queries.
    """
    if success.shape[1] == 1:
        return 0
    scores = np.average(success[dev], axis=0, weights=task.weights[dev])
    return int(np.flatnonzero(scores >= scores.max() - statistics.EQUAL)[0])


# -- judging -----------------------------------------------------------------------------------


def _judge(
    task: Simat,
    images: EmbeddingTable,
    texts: EmbeddingTable,
    judge: MatrixJudge | EncoderJudge | None,
) -> tuple[Bools, SimatJudge]:
    if judge is None:
        return task.right, SimatJudge("triples")
    if isinstance(judge, MatrixJudge):
        wanted = (len(task.images), len(task.captions))
        if judge.similarities.shape != wanted:
            raise OptionError(
                f"{judge.name}: a matrix of shape {judge.similarities.shape}; {task.name} has "
                f"{wanted[0]:,} photographs and {wanted[1]:,} captions: expected {wanted}"
            )
        if judge.similarities.dtype.kind not in "fiub":
            raise OptionError(
                f"{judge.name}: a matrix of {judge.similarities.dtype}; expected real numbers"
            )
        lost = np.argwhere(~np.isfinite(judge.similarities))
        if len(lost):
            row, column = lost[0]
            raise OptionError(
                f"{judge.name}: the matrix holds {judge.similarities[row, column]} for photograph "
                f"{task.images[row]!r} and caption {task.captions[column]!r} (row {row}, column "
                f"{column}; {len(lost):,} values are not finite)"
            )
        return judge.similarities > judge.threshold, SimatJudge(
            "matrix", judge.name, judge.threshold
        )
    for ours, theirs in ((images, judge.images), (texts, judge.texts)):
        if ours.sha256 == theirs.sha256 or _model(ours) == _model(theirs):
            raise OptionError(
                f"{theirs.provenance.encoder} would judge itself; give tables of another encoder"
            )
    if judge.images.dimensions != judge.texts.dimensions:
        raise OptionError(
            f"the judge's photographs have {judge.images.dimensions:,} dimensions and its captions "
            f"{judge.texts.dimensions:,}; a judge is one encoder with both in one space"
        )
    rows = judge.texts.rows(task.captions)
    if (rows < 0).any():
        raise OptionError(
            f"the judge {judge.texts.provenance.encoder} lacks "
            f"{np.count_nonzero(rows < 0):,} captions, such as "
            f"{task.captions[int(np.flatnonzero(rows < 0)[0])]!r}"
        )
    captions = _vectors(judge.texts, rows, None, "text")
    photographs = _vectors(judge.images, photograph_rows(judge.images, task), None, "visual")
    cosines = photographs @ captions.T
    first = cosines >= cosines.max(axis=1, keepdims=True) - statistics.EQUAL
    return first, SimatJudge("encoders", judge.images.provenance.encoder)


def _agreement(
    judged: SimatJudge, answers: Ints, task: Simat, right: Bools, triples: Bools, mask: Bools
) -> SimatJudge:
    caption = task.caption[mask]
    same = right[answers[mask], caption] == triples[answers[mask], caption]
    own = right[task.photograph[mask], caption]
    return replace(judged, agreement=float(same.mean()), own=float(own.mean()))


# -- measuring ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Measure:
    """Scores of columns of success over a set's queries, with intervals."""

    task: Simat
    draws: int
    seed: int

    def scores(self, columns: Floats, mask: Bools) -> list[SimatScores]:
        """Return the scores of every column over the queries of a mask."""
        empty = SimatScores(None, None, None, None)
        if not mask.any():
            return [empty] * columns.shape[1]
        task = self.task
        keep = np.flatnonzero(mask)
        columns, weights, field = columns[keep], task.weights[keep], task.field[keep]
        bounds = self._bounds(columns, weights, keep)
        parts = [np.ones(len(keep), bool), *(field == number for number in range(len(FIELDS)))]
        made = []
        for column in range(columns.shape[1]):
            figures = [
                _figure(columns[part, column], weights[part], bounds[number][column])
                for number, part in enumerate(parts)
            ]
            made.append(SimatScores(*figures))
        return made

    def _bounds(self, columns: Floats, weights: Floats, keep: Ints) -> list[Floats]:
        none = np.full((columns.shape[1], 2), np.nan)
        if not self.draws:
            return [none] * (1 + len(FIELDS))
        task = self.task
        changes = [(task.field[i], task.value[i], task.target[i]) for i in keep]
        number = {change: place for place, change in enumerate(dict.fromkeys(changes))}
        pair = np.array([number[change] for change in changes], np.int64)
        photograph = np.unique(task.photograph[keep], return_inverse=True)[1]
        # The core wants groups that are numbered without a gap at the end.
        overall, groups = statistics.crossed_ratios(
            columns,
            weights,
            photograph,
            pair,
            task.field[keep],
            draws=self.draws,
            seed=self.seed,
        )
        return [overall, *groups, *[none] * (len(FIELDS) - len(groups))]


def _model(table: EmbeddingTable) -> str:
    """Return the name of a table's encoder without its precision, features and heads."""
    return table.provenance.encoder.partition(" (")[0]


def test_scores(task: Simat, columns: Floats, draws: int, seed: int) -> list[SimatFigure]:
    """Return the scores of columns of success over the test queries, with intervals.

    Raises
    ------
    OptionError
        There are none.
    """
    if not task.is_test.any():
        raise OptionError(f"{task.name} has no test queries to report on")
    scores = _Measure(task, draws, seed).scores(columns, task.is_test)
    return [one.all for one in scores if one.all is not None]


def _figure(success: Floats, weights: Floats, bounds: Floats) -> SimatFigure | None:
    if not len(success):
        return None
    value = 100 * float(np.average(success, weights=weights))
    if np.isnan(bounds).any():
        return SimatFigure(len(success), value)
    low, high = (100 * bounds).tolist()
    return SimatFigure(len(success), value, (low, high))


def _without_interval(scores: SimatScores) -> SimatScores:
    """Drop intervals of what is computed in closed form and not sampled."""
    fields = ("all", *FIELDS)
    figures = (getattr(scores, name) for name in fields)
    return SimatScores(*(one and replace(one, ci=None) for one in figures))


def _missing_as_wrong(task: Simat, known: Bools, success: Floats, split: Split) -> float | None:
    if known.all():
        return None
    whole = np.zeros(len(task))
    whole[known] = success
    mine = _masks(task)[split]
    return 100 * float(np.average(whole[mine], weights=task.weights[mine]))


def _pairs(task: Simat, success: Floats, mask: Bools) -> tuple[SimatPair, ...]:
    found: dict[tuple[int, str, str], list[int]] = {}
    for i in np.flatnonzero(mask).tolist():
        change = int(task.field[i]), task.value[i], task.target[i]
        found.setdefault(change, []).append(i)
    weights = task.weights / task.weights[mask].sum()
    return tuple(
        SimatPair(
            FIELDS[field],
            value,
            target,
            len(each),
            float(np.average(success[each], weights=weights[each])),
            float(weights[each].sum()),
        )
        for (field, value, target), each in sorted(found.items())
    )


def _examples(
    space: Space,
    task: Simat,
    found: Found,
    picked: int,
    lam: float,
    right: Bools,
    mask: Bools,
    seed: int,
) -> tuple[SimatExample, ...]:
    random = generator(seed, "examples")
    chosen: list[int] = []
    first = right[found.rows[:, picked, 0], task.caption]
    for field in range(len(FIELDS)):
        for outcome in (True, False):
            of = np.flatnonzero(mask & (task.field == field) & (first == outcome))
            chosen += sorted(random.permutation(of)[:_EXAMPLES].tolist())
    made = []
    for i in chosen:
        rows = found.rows[i, picked]
        rows = rows[rows >= 0]
        step = space.words[space.number[task.target[i]]]
        step = step - space.words[space.number[task.value[i]]]
        length = np.linalg.norm(space.photographs[task.photograph[i]] + lam * step)
        made.append(
            SimatExample(
                image=task.images[task.photograph[i]],
                field=FIELDS[task.field[i]],
                value=task.value[i],
                target=task.target[i],
                caption=task.captions[task.caption[i]],
                retrieved=tuple(task.images[row] for row in rows),
                scores=tuple((found.scores[i, picked, : len(rows)] / length).tolist()),
                right=tuple(right[rows, task.caption[i]].tolist()),
            )
        )
    return tuple(made)
