"""One question to one table: which words lie nearest to ``king - man + woman``, and why."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from embarith import solvers
from embarith.errors import OptionError
from embarith.result import Answer, Candidate, Term, rounded
from embarith.statistics import unit
from embarith.table import EmbeddingTable, Similarity


def ask(
    table: EmbeddingTable,
    expression: str,
    *,
    topn: int = 10,
    similarity: Similarity = "cosine",
    raw: bool = False,
    why: bool = False,
) -> Answer:
    """Find the words nearest to a signed sum of words.

    Parameters
    ----------
    table : EmbeddingTable
        The space to ask.
    expression : str
        A sum such as ``king - man + woman`` or ``0.5*king + 'new york'``, or an analogy
        ``man:king::woman:?``, which is b − a + c. Labels with spaces, hyphens or signs stand in
        quotes.
    topn : int
        Answers wanted besides the inputs.
    similarity : {"cosine", "spearman"}
        Measure of nearness, of the point and in `why` of every term; Spearman's rank correlation
        goes across the dimensions.
    raw : bool
        Add raw vectors instead of unit vectors.
    why : bool
        Also rank every answer by each added term alone: an answer that ranks first there was
        found by nearness, not by the offset.

    Raises
    ------
    OptionError
        An expression that cannot be read, whose hyphen may belong to a label, or whose sum is
        zero.
    MissingLabelError
        A label that the table lacks, with the nearest one it has.
    """
    if topn < 1:
        raise OptionError(f"topn must be at least 1, not {topn}")
    terms = parse(expression)
    _refuse_ambiguous_hyphens(expression, table)
    labels = [term.label for term in terms]
    vectors = table[labels].astype(np.float64)
    table.check_rows(table.rows(labels))
    if not raw:
        vectors = unit(vectors)
    weighted = vectors * np.array([[term.weight] for term in terms])
    point = weighted.sum(axis=0)
    if not point.any():
        raise OptionError(f"{expression!r} sums to the zero vector, which has no neighbours")
    inputs = table.rows(sorted({term.label for term in terms}))
    rows, scores = table.search(
        point[None], min(topn + len(inputs), len(table)), similarity=similarity
    )
    found, score = _first_answers(rows[0], scores[0], inputs, topn)
    parts = unit(table.vectors[found].astype(np.float64)) @ weighted.T / np.linalg.norm(point)
    if similarity == "spearman":
        parts = parts[:, :0]
    alone: list[tuple[int | None, ...]] = [(None,) * len(terms)] * len(found)
    if why:
        alone = _ranks_alone(table, terms, found, inputs, similarity)
    answer = Answer(
        encoder=table.provenance.encoder,
        rows=len(table),
        sha256=table.sha256,
        terms=terms,
        raw=raw,
        similarity=similarity,
        candidates=tuple(
            Candidate(
                label=table.labels[int(row)].as_py(),
                score=float(value),
                is_input=bool(row in inputs),
                parts=tuple(map(float, split)),
                ranks_alone=ranks,
            )
            for row, value, split, ranks in zip(found, score, parts, alone, strict=True)
        ),
    )
    return rounded(answer)


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<quote>["'])(?P<quoted>.+?)(?P=quote)(?=[\s+*:−–-]|$)
      | (?P<weight>\d+(?:\.\d+)?|\.\d+)\s*\*
      | (?P<sign>[+−–-])
      | (?P<label>[^\s+−–*-][^\s+−–-]*)
    )\s*""",
    re.VERBOSE,
)


def parse(expression: str) -> tuple[Term, ...]:
    """Read a sum of labels, or an analogy ``a:b::c:?`` as b − a + c.

    Examples
    --------
    >>> [(term.weight, term.label) for term in parse("king - man + 0.5*'new york'")]
    [(1.0, 'king'), (-1.0, 'man'), (0.5, 'new york')]
    >>> [term.label for term in parse("man:king::woman:?")]
    ['king', 'man', 'woman']

    Raises
    ------
    OptionError
        Names the place that cannot be read.
    """
    if not expression.strip():
        raise OptionError("the question is empty; ask for a word, or a sum as 'king - man + woman'")
    if "::" in expression:
        return parse_analogy(expression)
    terms: list[Term] = []
    sign, weight, at = None, 1.0, 0
    while at < len(expression):
        token = _TOKEN.match(expression, at)
        if token is None:
            raise OptionError(f"cannot read {expression!r} from {expression[at:].strip()!r} on")
        kind, text = token.lastgroup, token.group().strip()
        if kind == "sign":
            if sign is not None:
                raise OptionError(f"two signs in a row in {expression!r} at {text!r}")
            sign = 1.0 if text == "+" else -1.0
        elif terms and sign is None:
            label = token["quoted"] or text
            raise OptionError(
                f"no + or - before {label!r} in {expression!r}; "
                "a label with spaces stands in quotes inside the expression"
            )
        elif kind == "weight":
            sign, weight = 1.0 if sign is None else sign, float(token["weight"])
        else:
            label = token["quoted"] or token["label"]
            terms.append(Term((1.0 if sign is None else sign) * weight, label))
            sign, weight = None, 1.0
        at = token.end()
    if sign is not None or not terms:
        raise OptionError(f"{expression!r} ends where a label should follow")
    return tuple(terms)


_LABEL = r"""("[^"]+"|'[^']+'|[^:"']+?)"""
_PAIR = rf"\s*{_LABEL}\s*:\s*{_LABEL}\s*"
_ANALOGY = re.compile(rf"{_PAIR}::\s*{_LABEL}\s*:\s*\?\s*")
_QUESTION = re.compile(rf"{_PAIR}(?:::\s*{_LABEL}\s*:\s*(?:\?|{_LABEL})\s*)?")


def parse_analogy(text: str) -> tuple[Term, ...]:
    """Read an analogy ``a:b::c:?`` as b − a + c.

    Raises
    ------
    OptionError
        It has another form.
    """
    match = _ANALOGY.fullmatch(text)
    if match is None:
        raise OptionError(f"{text!r} is no analogy of the form a:b::c:?, as man:king::woman:?")
    a, b, c = (label.strip("\"'") for label in match.groups())
    return Term(1.0, b), Term(-1.0, a), Term(1.0, c)


def parse_question(text: str) -> tuple[str, ...]:
    """Read a pair ``a:b`` or a question ``a:b::c:d``, whose d may be ``?``.

    Examples
    --------
    >>> parse_question("apple:fruit")
    ('apple', 'fruit')
    >>> parse_question("man : king :: woman : ?")
    ('man', 'king', 'woman')

    Raises
    ------
    OptionError
        It has another form.
    """
    match = _QUESTION.fullmatch(text)
    if match is None:
        raise OptionError(
            f"{text!r} is neither a pair a:b nor a question a:b::c:d, as man:king::woman:queen"
        )
    return tuple(label.strip("\"'") for label in match.groups() if label is not None)


def _refuse_ambiguous_hyphens(expression: str, table: EmbeddingTable) -> None:
    if "::" in expression:
        return
    unquoted = re.sub(r"""(?<![^\s+*-])(["']).+?\1""", " ", expression)
    for word in re.findall(r"[^\s+*−–-]+(?:-[^\s+*−–-]+)+", unquoted):
        if word in table:
            raise OptionError(
                f"{word!r} is a label of {table.provenance.encoder}: quote it inside the "
                "expression, or put spaces around the minus"
            )


def _first_answers(
    rows: NDArray[np.int64], scores: NDArray[np.float64], inputs: NDArray[np.int64], topn: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Cut the list after its `topn`-th row that is no input."""
    answers = np.flatnonzero(~np.isin(rows, inputs))
    end = answers[:topn][-1] + 1 if len(answers) else len(rows)
    return rows[:end], scores[:end]


def _ranks_alone(
    table: EmbeddingTable,
    terms: tuple[Term, ...],
    found: NDArray[np.int64],
    inputs: NDArray[np.int64],
    similarity: Similarity,
) -> list[tuple[int | None, ...]]:
    added = [column for column, term in enumerate(terms) if term.weight > 0]
    answers = np.flatnonzero(~np.isin(found, inputs))
    ranks: list[list[int | None]] = [[None] * len(terms) for _ in found]
    if not (added and len(answers)):
        return [tuple(row) for row in ranks]
    term = np.repeat(table.rows([terms[column].label for column in added]), len(answers))
    gold = np.tile(found[answers], len(added))[:, None]
    exclude = np.tile(inputs, (len(term), 1))
    _, restricted = solvers.rank_gold(
        table, term, term, term, gold, method="only-c", exclude=exclude, similarity=similarity
    )
    for question, above in enumerate(restricted.above):
        column, row = divmod(question, len(answers))
        ranks[answers[row]][added[column]] = int(above) + 1
    return [tuple(row) for row in ranks]
