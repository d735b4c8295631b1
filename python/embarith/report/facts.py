"""What a result was measured on, in words."""

from __future__ import annotations

from embarith.report.document import Facts, percent, plural
from embarith.result import (
    AnalogyResult,
    ChoiceResult,
    EncoderInfo,
    IslandResult,
    Result,
    SemEvalResult,
    SimilarityResult,
)

_Asked = SemEvalResult | SimilarityResult | ChoiceResult | IslandResult


def facts(result: _Asked, asked: str, unit: str) -> Facts:
    """Name the table and how much of a set it covers.

    Parameters
    ----------
    result : SemEvalResult, SimilarityResult, ChoiceResult or IslandResult
    asked, unit : str
        What was asked, and what a missing word costs.
    """
    encoder, questions = result.encoder, result.questions
    rows = (
        ("table", describe_table(encoder)),
        (
            "questions",
            f"{questions.name}: {questions.asked:,} {asked}, {questions.answered:,} covered "
            f"({percent(result.coverage.share)}), {questions.dropped:,} with a missing word; "
            f"case {result.case}",
        ),
        ("missing", missing_words(result.coverage.missing, unit)),
        ("warning", hardly_covered(result)),
        ("seed", str(result.seed)),
    )
    return Facts(tuple(row for row in rows if row[1]))


def hardly_covered(result: Result, most: int = 5) -> str:
    """Warn where words that a table lacks cost it more than half of a set; else return nothing.

    Figures of the rest say little of the set: of a set in another language, say, it is names and
    words that only look alike.
    """
    if not isinstance(result, AnalogyResult | _Asked):
        return ""
    asked, covered = result.questions, result.coverage
    if 2 * (asked.dropped - covered.left_out) <= asked.asked:
        return ""
    named = ", ".join(map(repr, list(covered.missing)[:most]))
    return (
        f"{result.encoder.name} covers only {percent(covered.share)} of {asked.name} "
        f"({asked.answered:,} of {asked.asked:,}): {plural(len(covered.missing), 'word')} are "
        f"missing, {named} among them, as where it is of another language or spelling."
    )


def describe_table(encoder: EncoderInfo) -> str:
    """Return a table's name, size and the start of its hash."""
    size = f"{encoder.rows:,} × {encoder.dimensions}"
    return f"{encoder.name}: {size}, sha256 {encoder.sha256[:12]}"


def missing_words(missing: dict[str, int], unit: str = "questions", most: int = 8) -> str:
    """Name the words that cost most questions (or pairs), as ``word (questions)``."""
    if not missing:
        return ""
    ordered = sorted(missing.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{word} ({count:,})" for word, count in ordered[:most])
    rest = len(ordered) - most
    return named + (f" and {plural(rest, 'other word')}" if rest > 0 else "") + f" ({unit} lost)"
