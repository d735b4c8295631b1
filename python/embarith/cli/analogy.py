"""``embarith analogy``: how well b - a + c = d holds in a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from embarith.cli import _shared

if TYPE_CHECKING:
    from embarith.result import AnalogyResult

READINGS = ("anchor", "chain", "relation")
METHODS = ("3cosadd", "3cosmul", "3cosavg", "lrcos", "pairdistance")


def _complete(_ctx: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    from embarith.questions import NAMES

    return [name for name in NAMES if name.startswith(typed)]


class _Command(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # click would take the argument that follows, a table, for the reading.
        whole = [f"{one}={READINGS[0]}" if one == "--extended" else one for one in args]
        return super().parse_args(ctx, whole)


@click.command(
    cls=_Command,
    epilog=_shared.example(
        "embarith analogy --vocab questions --details google.jsonl",
        "embarith analogy glove-6b-50d --extended=relation --vocab questions --random-pairs 5",
        "embarith analogy --questions sat",
    ),
)
@_shared.tables_argument
@click.option(
    "--questions",
    default="google",
    show_default=True,
    metavar="NAME|FILE",
    shell_complete=_complete,
    help="google, msr, bats, semeval; the choices sat, u2, u4, google-choice, bats-choice; or a "
    "file of your own: lines 'a b c d [relation]' as TSV, CSV or JSON lines.",
)
@click.option(
    "--extended",
    type=click.Choice(READINGS),
    metavar="[=READING]",
    help="The extended SemEval-2012 set, 3,217 questions; READING is anchor (the default), chain "
    "or relation, which is printed beside the others.",
)
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="3cosadd",
    show_default=True,
    help="How the answer is searched for.",
)
@click.option(
    "--similarity",
    type=click.Choice(["cosine", "spearman"]),
    default="cosine",
    show_default=True,
    help="Measure of nearness; spearman ranks the dimensions.",
)
@click.option(
    "--epsilon",
    type=click.FloatRange(min=0, min_open=True),
    metavar="E",
    help="Constant of 3cosmul; 0.001 unless given.",
)
@click.option("--raw", is_flag=True, help="Add raw vectors, not unit vectors.")
@click.option(
    "--vocab",
    default="all",
    show_default=True,
    metavar="all|top:N|questions",
    help="Candidates for the answer: all words, the N most frequent ones, or the set's own words.",
)
@click.option(
    "--case",
    type=click.Choice(["exact", "lower", "fold"]),
    default="exact",
    show_default=True,
    help="How questions meet labels; a table without capitals lowers the questions.",
)
@click.option(
    "--random-pairs",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="R",
    help="Draws of the control whose second pair comes from another relation.",
)
@click.option(
    "--topn",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="K",
    help="Answers a question that --details keeps.",
)
@_shared.seed_option
@click.option(
    "--details",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Also write a JSON line a question: answers, scores, ranks, angle and rho.",
)
@_shared.data_option
@_shared.yes_option
@_shared.json_option
def analogy(
    *,
    tables: tuple[str, ...],
    questions: str,
    extended: str | None,
    method: str,
    similarity: str,
    epsilon: float | None,
    raw: bool,
    vocab: str,
    case: str,
    random_pairs: int,
    topn: int,
    seed: int,
    details: Path | None,
    data_dir: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Score analogy questions beside baselines and nulls.

    Each TABLE is asked every question of a set that it has the words for. Several tables are
    asked on the words and questions that they share, and compared by the paired bootstrap. Scores
    stand both with a, b and c allowed as answers (fair) and forbidden (restricted).
    """
    from embarith.errors import OptionError
    from embarith.questions import ChoiceSet, SemEval

    if extended is not None and not _shared.given("questions"):
        questions = "semeval"
    asked = _shared.load_questions(questions, data_dir, yes, extended=extended)
    if isinstance(asked, SemEval):
        raise OptionError(
            f"{questions} holds rated pairs: 'embarith semeval' scores them, and --extended makes "
            "analogy questions of them"
        )
    opened = [
        _shared.open_table(table, data_dir, yes, words=asked.words) for table in tables or (None,)
    ]
    if isinstance(asked, ChoiceSet):
        _shared.refuse(
            *("method", "similarity", "epsilon", "raw", "vocab", "random_pairs", "topn", "details"),
            why="not for multiple-choice questions",
        )
        from embarith.experiments.choice import choice

        with _shared.show_progress() as progress:
            chosen = [
                choice(table, asked, case=case, seed=seed, progress=progress) for table in opened
            ]
        _shared.print_results(chosen, as_json)
        return
    if epsilon is not None and method != "3cosmul":
        raise click.UsageError(f"--epsilon: for --method 3cosmul alone, not {method}")
    from embarith.experiments.analogy import analogy as run

    sets = [asked]
    if extended not in (None, "relation"):
        # The one reading whose questions all keep to a relation stands beside every other.
        within = _shared.load_questions(questions, data_dir, yes, extended="relation")
        assert not isinstance(within, ChoiceSet | SemEval)
        sets.append(within)
    results: list[AnalogyResult] = []
    for number, one in enumerate(sets):
        with _shared.show_progress() as progress:
            results += run(
                opened,
                one,
                method=method,
                raw=raw,
                similarity=similarity,
                epsilon=epsilon,
                vocab=vocab,
                case=case,
                topn=topn,
                control_draws=random_pairs,
                seed=seed,
                progress=progress,
            )
        if number == 0 and details is not None:
            _shared.write_details(results, details)
    _shared.print_results(results, as_json)
