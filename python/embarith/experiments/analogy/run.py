"""The whole report: one table or several on one set of analogy questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import TypedDict, Unpack, cast, get_args, overload

import numpy as np
from numpy.typing import NDArray

from embarith import questions as question_sets
from embarith import solvers
from embarith.errors import OptionError, nearest
from embarith.experiments.analogy.asked import (
    candidates,
    pairs_of,
    prepare,
)
from embarith.experiments.analogy.measure import Measured, Options, measure
from embarith.experiments.analogy.search import Search
from embarith.experiments.common import settle_case
from embarith.progress import Progress
from embarith.questions import AnalogySet
from embarith.result import (
    AnalogyResult,
    rounded,
)
from embarith.table import EmbeddingTable, Similarity

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# As Levy and Goldberg (2014) chose it.
_EPSILON = 1e-3
_METHODS = tuple(name for name in solvers.QUESTION_METHODS if name not in solvers.BASELINES)


class Settings(TypedDict, total=False):
    """The options of `analogy`, for its two signatures; their meaning and defaults stand there."""

    method: str
    raw: bool
    similarity: str
    epsilon: float | None
    vocab: str
    case: str
    topn: int
    draws: int
    null_draws: int
    control_draws: int
    baselines: bool
    seed: int
    data_dir: Path | None
    progress: Progress | None


@overload
def analogy(
    table: EmbeddingTable, questions: AnalogySet | str | Path = ..., **settings: Unpack[Settings]
) -> AnalogyResult: ...
@overload
def analogy(
    table: Sequence[EmbeddingTable],
    questions: AnalogySet | str | Path = ...,
    **settings: Unpack[Settings],
) -> tuple[AnalogyResult, ...]: ...
def analogy(
    table: EmbeddingTable | Sequence[EmbeddingTable],
    questions: AnalogySet | str | Path = "google",
    *,
    method: str = "3cosadd",
    raw: bool = False,
    similarity: str = "cosine",
    epsilon: float | None = None,
    vocab: str = "all",
    case: str = "exact",
    topn: int = 10,
    draws: int = 1000,
    null_draws: int = 999,
    control_draws: int = 20,
    baselines: bool = True,
    seed: int = 0,
    data_dir: Path | None = None,
    progress: Progress | None = None,
) -> AnalogyResult | tuple[AnalogyResult, ...]:
    """Ask a table analogy questions a : b :: c : ? and report scores beside baselines and nulls.

    Parameters
    ----------
    table : EmbeddingTable or sequence of EmbeddingTable
        Several tables are asked on the labels that all of them have, and each is compared with
        the first by the paired bootstrap.
    questions : AnalogySet, str or Path
        A set, or what `embarith.questions.load` takes.
    method : str, default ``3cosadd``
        ``3cosadd``, ``3cosmul``, ``pairdistance``, or ``3cosavg`` and ``lrcos``, which ask every
        pair once, having learnt the relation from its other pairs (relations of five or more).
    raw : bool, default False
        Search with raw vectors, not unit vectors.
    similarity : {"cosine", "spearman"}, default ``cosine``
    epsilon : float, optional
        ε of 3CosMul, 0.001 by default.
    vocab : str, default ``all``
        Candidates: ``all``, ``questions``, or ``top:N`` (tables in order of frequency).
    case : {"exact", "lower", "fold"}, default ``exact``
        ``lower`` asks in lower case, ``fold`` takes words that differ in case alone for one. A
        table without capitals is asked in lower case, which the result records.
    topn : int, default 10
        Answers kept a question, for `AnalogyResult.to_frame`.
    draws : int, default 1000
        Of the bootstrap.
    null_draws : int, default 999
        Permutations of the right answers.
    control_draws : int, default 20
        Of random second pairs (0: no control).
    baselines : bool, default True
        Whether to ask the simpler questions too.
    seed : int, default 0
        Of everything drawn. The same seed and inputs give the same result but for `run`.
    data_dir : Path, optional
        Folder of data to look in first.
    progress : callable, optional
        Called as ``progress(stage, done, total)``.

    Returns
    -------
    AnalogyResult, or tuple of them for a sequence of tables

    Raises
    ------
    OptionError
        An option without meaning, or a set of which no question can be answered.
    """
    _check_counts(
        ("topn", topn, 1),
        ("draws", draws, 1),
        ("null_draws", null_draws, 1),
        ("control_draws", control_draws, 0),
        ("seed", seed, 0),
    )
    _check_choices(
        ("method", method, (*_METHODS, *solvers.PAIR_METHODS)),
        ("similarity", similarity, get_args(Similarity)),
    )
    if epsilon is not None and (method != "3cosmul" or not 0 < epsilon < inf):
        raise OptionError(f"epsilon={epsilon}: a positive number, for method 3cosmul alone")
    tables = [table] if isinstance(table, EmbeddingTable) else list(table)
    if not tables:
        raise OptionError("give at least one table")
    asked = _load(questions, data_dir)
    search = Search(
        method=method,
        raw=raw,
        similarity=cast(Similarity, similarity),
        topn=topn,
        epsilon=_EPSILON if epsilon is None else epsilon,
        seed=seed,
    )
    options = Options(
        search=search,
        sha256=asked.sha256,
        vocab=vocab,
        candidates=vocab if len(tables) == 1 else f"{vocab}, shared by {len(tables)} tables",
        case=settle_case(tables, case),
        draws=draws,
        null_draws=null_draws,
        control_draws=control_draws,
        baselines=baselines,
        paths={} if isinstance(questions, AnalogySet) else {"questions": str(questions)},
        progress=progress,
    )
    if options.case == "lower":
        asked = asked.map_words(str.lower)
    if search.by_pair:
        asked = pairs_of(asked)
    shared = EmbeddingTable.intersection(*tables) if len(tables) > 1 else (tables[0],)
    rows = candidates(shared[0], vocab, asked, options.case)
    parts = [one if len(rows) == len(one) else one.select(rows) for one in shared]
    ready = prepare(parts[0], asked, options.case, by_pair=search.by_pair)
    results: list[AnalogyResult] = []
    first: Measured | None = None
    for whole, part in zip(tables, parts, strict=True):
        measured = measure(whole, part, ready, options, first)
        first = first or measured
        results.append(rounded(measured.result).with_details(measured.frame))
    return results[0] if isinstance(table, EmbeddingTable) else _told_apart(results)


def _told_apart(results: list[AnalogyResult]) -> tuple[AnalogyResult, ...]:
    """Give tables that share a name names of their own: by their size, or else numbered."""
    names = [result.encoder.name for result in results]
    for told in ("{0} ({1.rows:,} × {1.dimensions})", "{0} no. {2}"):
        if len(set(names)) < len(names):
            names = [
                told.format(name, result.encoder, number) if names.count(name) > 1 else name
                for number, (name, result) in enumerate(zip(names, results, strict=True), 1)
            ]
    return tuple(
        replace(
            result,
            encoder=replace(result.encoder, name=name),
            comparison=result.comparison and replace(result.comparison, to=names[0]),
        ).with_details(result.to_frame())
        for name, result in zip(names, results, strict=True)
    )


def _check_counts(*given: tuple[str, int, int]) -> None:
    for name, value, least in given:
        if value < least:
            raise OptionError(f"{name} must be at least {least}, not {value}")


def _check_choices(*given: tuple[str, str, tuple[str, ...]]) -> None:
    for name, value, known in given:
        if value not in known:
            raise OptionError(
                f"{name} {value!r} is none of {', '.join(known)}{nearest(value, known)}"
            )


def _load(questions: AnalogySet | str | Path, data_dir: Path | None) -> AnalogySet:
    if isinstance(questions, AnalogySet):
        loaded = questions
    else:
        found = question_sets.load(questions, data_dir=data_dir)
        if not isinstance(found, AnalogySet):
            raise OptionError(
                f"{questions} holds no analogy questions: see embarith.experiments.semeval and "
                "choice, or load it with extended="
            )
        loaded = found
    if not len(loaded):
        raise OptionError(f"{loaded.name} holds no questions")
    return loaded
