"""Multiple-choice analogies: SAT, U2, U4, and Google and BATS turned into choices."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from embarith.errors import FormatError
from embarith.questions.lines import numbered
from embarith.questions.model import ChoiceSet

SOURCES = {
    "sat": "Turney, Littman, Bigham, Shnayder (2003), Combining Independent Modules",
    "u2": "Ushio, Espinosa-Anke, Schockaert, Camacho-Collados (2021), BERT is to NLP what AlexNet "
    "is to CV, from UNIT 2 of educational material",
    "u4": "Ushio, Espinosa-Anke, Schockaert, Camacho-Collados (2021), BERT is to NLP what AlexNet "
    "is to CV, from UNIT 4 of educational material",
    "google": "Mikolov et al. (2013) as multiple choice by Ushio et al. (2021)",
    "bats": "Gladkova et al. (2016) as multiple choice by Ushio et al. (2021)",
}

# The SAT's groups name the item or a remark after the collection it is from.
_COLLECTION = re.compile(r"(KS type|ML|190 FROM REAL SATs)\b")


class _Question(msgspec.Struct):
    stem: tuple[str, str]
    answer: int
    choice: tuple[tuple[str, str], ...]
    prefix: str = ""


def read(path: Path) -> ChoiceSet:
    """Read multiple-choice questions from JSON lines ``{stem, answer, choice, prefix}``.

    Parameters
    ----------
    path : Path
        One of the published ``sat.test.jsonl``, ``u2.valid.jsonl``, ... or a file like them:
        ``stem`` is a pair of words, ``choice`` the pairs to choose from, ``answer`` the index of
        the right one from 0, ``prefix`` (optional) a group.

    Raises
    ------
    FormatError
        If a line is no such object, or its answer is none of its choices.
    """
    questions = []
    decoder = msgspec.json.Decoder(_Question)
    for number, line in numbered(path):
        try:
            question = decoder.decode(line.encode())
        except msgspec.MsgspecError as error:
            raise FormatError(f"{path}:{number}: {error}") from error
        if not 0 <= question.answer < len(question.choice):
            raise FormatError(
                f"{path}:{number}: answer {question.answer} is none of the "
                f"{len(question.choice)} choices (numbered from 0)"
            )
        if not all(word.strip() for pair in (question.stem, *question.choice) for word in pair):
            raise FormatError(f"{path}:{number}: an empty word")
        questions.append(question)
    if not questions:
        raise FormatError(f"{path}: no questions in it")
    return ChoiceSet(
        name=_name(path),
        source=SOURCES.get(path.name.split(".")[0], path.name),
        stems=tuple(question.stem for question in questions),
        choices=tuple(question.choice for question in questions),
        answers=tuple(question.answer for question in questions),
        groups=tuple(_group(question.prefix) for question in questions),
    )


def _name(path: Path) -> str:
    # Named apart from the sets of questions they were made from: google.test -> google-choice.
    base, _, part = path.stem.removesuffix(".test").partition(".")
    return (f"{base}-choice" if base in ("google", "bats") else base) + (part and f".{part}")


def _group(prefix: str) -> str:
    # The published BATS groups are paths, whose last part says it all.
    if prefix.startswith("./"):
        return prefix.rsplit("/", 1)[-1].removesuffix(".txt")
    match = _COLLECTION.match(prefix)
    return match[1] if match else prefix
