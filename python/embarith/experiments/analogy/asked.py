"""Which questions a table can be asked, and as which of its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from embarith.errors import OptionError, nearest
from embarith.questions import AnalogySet
from embarith.result import Coverage, VocabularyInfo
from embarith.solvers import MIN_PAIRS
from embarith.table import EmbeddingTable, label_bytes

Ints = NDArray[np.int64]

CASES = ("exact", "lower", "fold")


def settle_case(tables: Sequence[EmbeddingTable], case: str) -> str:
    """Return the case to use: a table without capitals is asked in lower case.

    Raises
    ------
    OptionError
        If `case` is none of `CASES`.
    """
    if case not in CASES:
        raise OptionError(f"case {case!r}: give one of {', '.join(CASES)}{nearest(case, CASES)}")
    if case == "exact" and not any(_has_capitals(table.labels) for table in tables):
        return "lower"
    return case


def _has_capitals(labels: pa.StringArray) -> bool:
    return bool(pc.any(pc.not_equal(labels, pc.utf8_lower(labels))).as_py())


def candidates(table: EmbeddingTable, vocab: str, questions: AnalogySet, case: str) -> Ints:
    """Return the rows that may be answers, ascending.

    Parameters
    ----------
    table : EmbeddingTable
    vocab : str
        ``all``; ``questions``, the words of the questions; ``top:N``, the first N rows.
    questions : AnalogySet
        In the case it is asked in.
    case : {"exact", "lower", "fold"}

    Raises
    ------
    OptionError
        If `vocab` is none of these, or top:N is asked of a table not known to be in order of
        frequency or with fewer rows.
    """
    if vocab == "all":
        return np.arange(len(table))
    if vocab == "questions":
        words = questions.words
        if case == "fold":
            folded = {word.casefold() for word in words}
            keep = [label.casefold() in folded for label in table.index_to_key]
            return np.flatnonzero(keep)
        found = table.rows(words)
        return np.unique(found[found >= 0])
    head, _, number = vocab.partition(":")
    if head != "top" or not number.isdecimal() or int(number) < 1:
        known = ("all", "questions", "top:N")
        raise OptionError(f"vocab {vocab!r}: give one of {', '.join(known)}{nearest(vocab, known)}")
    if not table.provenance.frequency_order:
        raise OptionError(
            f"vocab {vocab}: the rows of {table.provenance.encoder} are not known to go by word "
            "frequency; if they do, say so: 'embarith table convert --frequency-order', or "
            "Provenance(frequency_order=True)"
        )
    if int(number) > len(table):
        raise OptionError(f"vocab {vocab}: {table.provenance.encoder} has only {len(table):,} rows")
    return np.arange(int(number))


def describe_vocabulary(name: str, table: EmbeddingTable) -> VocabularyInfo:
    """Return name, size and hash of the candidates."""
    digest = hashlib.sha256(label_bytes(table.labels)).hexdigest()
    return VocabularyInfo(name=name, size=len(table), sha256=digest)


@dataclass(frozen=True)
class Asked:
    """The answerable questions as rows of the candidates.

    Parameters
    ----------
    questions : AnalogySet
        All questions asked, in the case they were asked in.
    numbers : ndarray of int64, shape (n,)
        Those of them that are answerable.
    a, b, c, d : ndarray of int64, shape (n,)
        Rows of the inputs, and of the first right answer that the table has.
    gold : ndarray of int64, shape (n, g)
        Rows of all right answers, padded with -1.
    exclude : ndarray of int64, shape (n, e)
        Rows of the inputs, in all variants of their case where case is folded, padded with -1.
    spelling : ndarray of int64, shape (rows,)
        A number for every row that all variants of a word share.
    variants : ndarray of int64, shape (rows, v)
        The rows that share a row's spelling, itself first, padded with -1.
    by_pair : bool
        Whether a question is a pair (c, d), learnt from the other pairs of its relation.
    coverage : Coverage
    """

    questions: AnalogySet
    numbers: Ints
    a: Ints
    b: Ints
    c: Ints
    d: Ints
    gold: Ints
    exclude: Ints
    spelling: Ints
    variants: Ints
    by_pair: bool
    coverage: Coverage

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def relation(self) -> Ints:
        """Relation of every answerable question."""
        return self.questions.relation[self.numbers]

    @cached_property
    def first_pair(self) -> Ints:
        """Number of the pair (a, b) of every answerable question."""
        return self.units(self.numbers)[0]

    @cached_property
    def second_pair(self) -> Ints:
        """Number of the pair (c, d) of every answerable question."""
        return self.units(self.numbers)[1]

    def units(self, numbers: Ints) -> tuple[Ints, Ints]:
        """Return the two pairs that these questions cross; a question by pair has but one."""
        second = self.questions.second_pair[numbers]
        if self.by_pair:
            return np.full_like(second, -1), second
        return self.questions.first_pair[numbers], second

    def inputs(self, *rows: Ints) -> Ints:
        """Return the rows in all their variants, shape (n, e), padded with -1."""
        return _left(np.concatenate([self.variants[row] for row in rows], axis=1))

    def among(self, rows: Ints) -> Asked:
        """Return the questions as rows of a part of the candidates that has all their words.

        Parameters
        ----------
        rows : ndarray of int64
            The part's rows, by their numbers here.
        """
        new = np.full(len(self.spelling) + 1, -1, np.int64)  # the last entry keeps -1 at -1
        new[rows] = np.arange(len(rows))
        return replace(
            self,
            **{name: new[getattr(self, name)] for name in ("a", "b", "c", "d")},
            gold=_left(new[self.gold]),
            exclude=_left(new[self.exclude]),
            spelling=self.spelling[rows],
            variants=_left(new[self.variants[rows]]),
        )


def prepare(
    table: EmbeddingTable, questions: AnalogySet, case: str, *, by_pair: bool = False
) -> Asked:
    """Find the words of the questions among the candidates.

    A question is answerable when the candidates hold a, b, c and at least one right answer; the
    others are dropped, never filled in. Where case is folded a word is the row of the same
    spelling or else the first row that differs in case alone, and every variant of a right answer
    is right, every variant of an input an input.

    Raises
    ------
    OptionError
        If no question is answerable.
    """
    words = questions.words
    spelling, variants = _variants(table, case)
    rows = table.rows(words)
    if case == "fold":
        first: dict[str, int] = {}
        for row, label in enumerate(table.index_to_key):
            first.setdefault(label.casefold(), row)
        rows = np.array(
            [
                row if row >= 0 else first.get(word.casefold(), -1)
                for row, word in zip(rows.tolist(), words, strict=True)
            ],
            np.int64,
        )
    code = {word: i for i, word in enumerate(words)}
    a, b, c = (
        np.array([code[word] for word in column], np.int64)
        for column in (questions.a, questions.b, questions.c)
    )
    gold = _pad([[code[word] for word in answers] for answers in questions.gold])
    gold_rows = np.where(gold >= 0, rows[gold], -1)
    right = gold_rows.max(axis=1, initial=-1) >= 0
    answerable = (rows[a] >= 0) & (rows[b] >= 0) & (rows[c] >= 0) & right
    missing = _missing(words, rows, np.stack([a, b, c], axis=1), np.where(right[:, None], -1, gold))
    left_out = np.zeros(len(questions), np.bool_)
    if by_pair:
        sizes = np.bincount(questions.relation[answerable], minlength=len(questions.relations))
        left_out = answerable & (sizes[questions.relation] < MIN_PAIRS)
        answerable &= ~left_out
    numbers = np.flatnonzero(answerable)
    if not len(numbers):
        _refuse(table, questions, missing, int(left_out.sum()))
    own = gold_rows[numbers]
    every = np.where(own[:, :, None] >= 0, variants[own], -1).reshape(len(numbers), -1)
    asked = Asked(
        questions=questions,
        numbers=numbers,
        a=rows[a[numbers]],
        b=rows[b[numbers]],
        c=rows[c[numbers]],
        d=_left(own)[:, 0],
        gold=_left(every),
        exclude=np.empty((0, 0), np.int64),
        spelling=spelling,
        variants=variants,
        by_pair=by_pair,
        coverage=Coverage(
            share=len(numbers) / len(questions), missing=missing, left_out=int(left_out.sum())
        ),
    )
    inputs = (asked.c,) if by_pair else (asked.a, asked.b, asked.c)
    return replace(asked, exclude=asked.inputs(*inputs))


def pairs_of(questions: AnalogySet) -> AnalogySet:
    """Return the distinct pairs of every relation as questions of their own: c is the only input.

    A first pair that also stands in second place keeps the right answers it has there.
    """
    first = zip(questions.a, ((b,) for b in questions.b), strict=True)
    second = zip(questions.c, questions.gold, strict=True)
    found: dict[tuple[int, str, str], tuple[str, ...]] = {}
    for relation, (word, right) in zip(questions.relation.tolist(), second, strict=True):
        found.setdefault((relation, word, right[0]), right)
    for relation, (word, right) in zip(questions.relation.tolist(), first, strict=True):
        found.setdefault((relation, word, right[0]), right)
    ordered = sorted(found.items(), key=lambda item: item[0][0])
    c = tuple(word for (_, word, _), _ in ordered)
    gold = tuple(right for _, right in ordered)
    return replace(
        questions,
        relation=np.array([relation for (relation, _, _), _ in ordered], np.int64),
        a=c,
        b=c,
        c=c,
        gold=gold,
        ratings=None,
    )


def _variants(table: EmbeddingTable, case: str) -> tuple[Ints, Ints]:
    rows = np.arange(len(table))
    if case != "fold":
        return rows, rows[:, None]
    number: dict[str, int] = {}
    spelling = np.array(
        [number.setdefault(label.casefold(), len(number)) for label in table.index_to_key], np.int64
    )
    order = np.argsort(spelling, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(spelling))])
    width = int(np.diff(start).max())
    place = start[spelling][:, None] + np.arange(width)
    mates = np.where(
        place < start[spelling + 1][:, None], order[np.minimum(place, len(rows) - 1)], -1
    )
    mates[mates == rows[:, None]] = -1
    return spelling, np.concatenate([rows[:, None], _left(mates)], axis=1)


def _missing(words: tuple[str, ...], rows: Ints, inputs: Ints, unmet: Ints) -> dict[str, int]:
    """Count the questions that each absent word costs; none of the golds in `unmet` is there."""
    codes = np.concatenate([inputs, unmet], axis=1)
    lost = (codes >= 0) & (rows[codes] < 0)
    question, place = np.nonzero(lost)
    once = np.unique(question * np.int64(len(words)) + codes[question, place])
    counts = np.bincount(once % len(words), minlength=len(words))
    ordered = sorted(np.flatnonzero(counts).tolist(), key=lambda i: (-counts[i], words[i]))
    return {words[i]: int(counts[i]) for i in ordered}


def _refuse(
    table: EmbeddingTable, questions: AnalogySet, missing: dict[str, int], left_out: int
) -> None:
    reasons = []
    if missing:
        word = next(iter(missing))
        reasons.append(
            f"{len(missing):,} words are missing, {word!r} for one{nearest(word, _few(table))}"
        )
    if left_out:
        reasons.append(f"{left_out:,} pairs are in relations of fewer than {MIN_PAIRS} pairs")
    raise OptionError(
        f"{table.provenance.encoder} can answer none of the {len(questions):,} questions of "
        f"{questions.name}: {'; '.join(reasons) or 'the set is empty'} (case='lower' or 'fold' "
        "asks in other cases; a smaller vocab holds fewer words)"
    )


def _few(table: EmbeddingTable) -> list[str]:
    labels: list[str] = table.labels.slice(0, 20_000).to_pylist()
    return labels


def _pad(lists: Sequence[Sequence[int]]) -> Ints:
    lengths = np.array([len(entry) for entry in lists], np.int64)
    padded = np.full((len(lists), int(lengths.max(initial=1))), -1, np.int64)
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = [i for entry in lists for i in entry]
    return padded


def _left(rows: Ints) -> Ints:
    """Move the entries of every row before its padding, and drop columns of padding alone."""
    if rows.shape[1] > 1:
        rows = np.take_along_axis(rows, np.argsort(rows < 0, axis=1, kind="stable"), axis=1)
    used = int((rows >= 0).sum(axis=1).max(initial=1))
    return np.ascontiguousarray(rows[:, : max(used, 1)])
