"""Which questions a table can be asked, and as which of its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from embarith.errors import OptionError, nearest
from embarith.experiments.common import Case, coverage, find_rows, spellings
from embarith.labels import label_bytes
from embarith.questions import AnalogySet
from embarith.result import Coverage, QuestionsInfo, VocabularyInfo
from embarith.solvers import MIN_PAIRS
from embarith.table import EmbeddingTable

Ints = NDArray[np.int64]

# Missing words that a message names.
_NAMED = 5


def candidates(table: EmbeddingTable, vocab: str, questions: AnalogySet, case: Case) -> Ints:
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
        spelling = spellings(table, case)
        found = find_rows(table, questions.words, case)
        if (found < 0).all():
            raise OptionError(
                f"{table.provenance.encoder} knows no word of {questions.name}: "
                f"{', '.join(questions.words[:5])} ... are missing"
            )
        return np.flatnonzero(np.isin(spelling, spelling[found[found >= 0]]))
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


def describe_questions(asked: Asked, sha256: str) -> QuestionsInfo:
    """Return what a result says of its questions; `sha256` is that of the set as it was given."""
    pairs = (asked.second_pair,) if asked.by_pair else (asked.first_pair, asked.second_pair)
    return QuestionsInfo(
        name=asked.questions.name,
        source=asked.questions.source,
        sha256=sha256,
        asked=len(asked.questions),
        answered=len(asked),
        dropped=len(asked.questions) - len(asked),
        pairs=len(np.unique(np.concatenate(pairs))),
    )


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
    table: EmbeddingTable, questions: AnalogySet, case: Case, *, by_pair: bool = False
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
    rows = find_rows(table, words, case)
    code = {word: i for i, word in enumerate(words)}
    a, b, c = (
        np.array([code[word] for word in column], np.int64)
        for column in (questions.a, questions.b, questions.c)
    )
    gold = _pad([[code[word] for word in answers] for answers in questions.gold])
    gold_rows = np.where(gold >= 0, rows[gold], -1)
    right = gold_rows.max(axis=1, initial=-1) >= 0
    answerable = (rows[a] >= 0) & (rows[b] >= 0) & (rows[c] >= 0) & right
    left_out = np.zeros(len(questions), np.bool_)
    if by_pair:
        sizes = np.bincount(questions.relation[answerable], minlength=len(questions.relations))
        left_out = answerable & (sizes[questions.relation] < MIN_PAIRS)
        answerable &= ~left_out
    absent = {word for word, row in zip(words, rows.tolist(), strict=True) if row < 0}
    lost = [
        [word for word in (questions.a[i], questions.b[i], questions.c[i]) if word in absent]
        + ([] if right[i] else list(questions.gold[i]))
        for i in np.flatnonzero(~(answerable | left_out)).tolist()
    ]
    covered = coverage(len(questions), lost, int(left_out.sum()))
    numbers = np.flatnonzero(answerable)
    if not len(numbers):
        _refuse(table, questions, covered)
    spelling = spellings(table, case)
    variants = _variants(spelling)
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
        coverage=covered,
    )
    inputs = (asked.c,) if by_pair else (asked.a, asked.b, asked.c)
    return replace(asked, exclude=asked.inputs(*inputs))


def pairs_of(questions: AnalogySet) -> AnalogySet:
    """Return the distinct pairs of every relation as questions of their own: c is the only input.

    A first pair that also stands in second place keeps the right answers it has there.
    """
    second = zip(questions.relation.tolist(), questions.c, questions.gold, strict=True)
    first = zip(questions.first_relation.tolist(), questions.a, questions.b, strict=True)
    found: dict[tuple[int, str, str], tuple[str, ...]] = {}
    for relation, word, right in second:
        found.setdefault((relation, word, right[0]), right)
    for relation, word, answer in first:
        if relation >= 0:
            found.setdefault((relation, word, answer), (answer,))
    ordered = sorted(found.items(), key=lambda item: item[0][0])
    c = tuple(word for (_, word, _), _ in ordered)
    return replace(
        questions,
        relation=np.array([relation for (relation, _, _), _ in ordered], np.int64),
        a=c,
        b=c,
        c=c,
        gold=tuple(right for _, right in ordered),
        ratings=None,
        first_from=None,
    )


def _variants(spelling: Ints) -> Ints:
    """Return the rows of every row's spelling, itself first, padded with -1."""
    rows = np.arange(len(spelling))
    order = np.argsort(spelling, kind="stable")
    count = np.bincount(spelling, minlength=len(spelling))
    width = int(count.max())
    if width == 1:
        return rows[:, None]
    place = (np.cumsum(count) - count)[spelling][:, None] + np.arange(width)
    shared = np.arange(width) < count[spelling][:, None]
    mates = np.where(shared, order[np.minimum(place, len(rows) - 1)], -1)
    mates[mates == rows[:, None]] = -1
    return np.concatenate([rows[:, None], _left(mates)], axis=1)


def _refuse(table: EmbeddingTable, questions: AnalogySet, covered: Coverage) -> None:
    reasons = []
    if covered.missing:
        first, *others = list(covered.missing)[:_NAMED]
        # Of many it is not the spelling that is at fault.
        meant = "" if others else nearest(first, _few(table))
        reasons.append(
            f"{len(covered.missing):,} words are missing, {', '.join(map(repr, (first, *others)))}"
            f"{' among them' if len(covered.missing) > _NAMED else ''}{meant}"
        )
    if covered.left_out:
        reasons.append(
            f"{covered.left_out:,} pairs are in relations of fewer than {MIN_PAIRS} pairs"
        )
    raise OptionError(
        f"{table.provenance.encoder} can answer none of the {len(questions):,} questions of "
        f"{questions.name}: {'; '.join(reasons) or 'the set is empty'} (is it a table of their "
        "language? case='lower' or 'fold' asks in other cases; a smaller vocab holds fewer words)"
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
