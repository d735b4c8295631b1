"""The questions that a word stands in, to be read by people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from embarith.questions.model import AnalogySet, ChoiceSet
from embarith.questions.semeval import SemEval


def contexts(
    asked: AnalogySet | ChoiceSet | SemEval, words: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Return the questions of a set that each word stands in, whatever its case.

    Parameters
    ----------
    asked : AnalogySet, ChoiceSet or SemEval
    words : iterable of str

    Returns
    -------
    dict of str to tuple of str
        The questions of every word that stands in one, in the order of the set.

    Examples
    --------
    >>> import numpy as np
    >>> capitals = AnalogySet(
    ...     name="capitals", source="doctest", relations=("capital",), relation=np.array([0]),
    ...     a=("Paris",), b=("France",), c=("Rome",), gold=(("Italy",),))
    >>> contexts(capitals, ["rome", "apple"])
    {'rome': ('Paris : France :: Rome : Italy',)}
    """
    found: dict[str, list[str]] = {word.casefold(): [] for word in words}
    names = {word.casefold(): word for word in words}
    for text, within in _lines(asked):
        for word in {word.casefold() for word in within} & found.keys():
            found[word].append(text)
    return {names[word]: tuple(texts) for word, texts in found.items() if texts}


def _lines(asked: AnalogySet | ChoiceSet | SemEval) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every question as a line, with the words in it."""
    if isinstance(asked, AnalogySet):
        for a, b, c, gold in zip(asked.a, asked.b, asked.c, asked.gold, strict=True):
            yield f"{a} : {b} :: {c} : {' / '.join(gold)}", (a, b, c, *gold)
    elif isinstance(asked, ChoiceSet):
        for stem, choices, answer in zip(asked.stems, asked.choices, asked.answers, strict=True):
            right = choices[answer]
            words = (*stem, *(word for pair in choices for word in pair))
            yield f"{stem[0]} : {stem[1]} :: {right[0]} : {right[1]}", words
    else:
        for relation in asked.relations:
            for pair in dict.fromkeys((*relation.paradigms, *relation.pairs)):
                yield f"{pair[0]} : {pair[1]} ({relation.id} {relation.name})", pair
