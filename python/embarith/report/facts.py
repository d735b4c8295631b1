"""What a result was measured on, in words."""

from __future__ import annotations

from embarith.report.document import Facts, percent, plural
from embarith.result import (
    ChoiceResult,
    EncoderInfo,
    IslandResult,
    SemEvalResult,
    SimilarityResult,
)


def facts(
    result: SemEvalResult | SimilarityResult | ChoiceResult | IslandResult, asked: str, unit: str
) -> Facts:
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
        ("seed", str(result.seed)),
    )
    return Facts(tuple(row for row in rows if row[1]))


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
