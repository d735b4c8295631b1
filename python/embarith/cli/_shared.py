"""What several commands share: opening tables, showing progress, printing results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from embarith.progress import Progress
    from embarith.questions import AnalogySet, ChoiceSet, SemEval
    from embarith.result import AnalogyResult, Result, SimatResult, TransformResult
    from embarith.table import EmbeddingTable


def example(*commands: str) -> str:
    """Return the epilog of a command's help: lines that can be run as they stand."""
    title = "Example:" if len(commands) == 1 else "Examples:"
    return "\n".join(["\b", title, *(f"  {command}" for command in commands)])


table_argument = click.argument("table", required=False, metavar="[TABLE]")
tables_argument = click.argument("tables", nargs=-1, metavar="[TABLE]...")
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON lines, for machines."
)
seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all draws."
)
data_option = click.option(
    "--data",
    "data_dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of question sets and vectors, looked into before EMBARITH_DATA and the cache.",
)
yes_option = click.option(
    "--yes", is_flag=True, help="Download what is missing without asking (size and licence shown)."
)


output_option = click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="TABLE",
    help="The table to write.",
)
heads_option = click.option(
    "--heads",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Linear heads (safetensors) that lead photographs and texts into one space.",
)
pool_option = click.option(
    "--pool",
    type=click.Choice(["mean", "mean-unit", "medoid"]),
    default="mean",
    show_default=True,
    help="How a word's photographs become one vector.",
)
min_photos_option = click.option(
    "--min-photos",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Leave out words with fewer photographs.",
)


def check_output(path: Path) -> None:
    """Refuse to replace a file that is no table, such as one of the inputs."""
    from embarith.errors import OptionError
    from embarith.storage import is_table

    if path.exists() and not is_table(path):
        raise OptionError(f"{path} is there and no table; name another file")


def check_page(_ctx: click.Context, _parameter: click.Parameter, path: Path | None) -> Path | None:
    """Refuse to replace a file that is no page, such as one of the inputs."""
    from embarith.errors import OptionError

    if path is not None and path.is_file():
        with path.open("rb") as file:
            begun = file.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
        if begun and not begun.startswith((b"<!doctype html", b"<html")):
            raise OptionError(f"{path} is there and no HTML page; name another file")
    return path


html_option = click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    callback=check_page,
    help="Write a page as well.",
)


def complete_encoder(_ctx: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Complete the id of an encoder."""
    from embarith.encoders import CARDS

    return [encoder for encoder in CARDS if encoder.startswith(typed)]


def given(*names: str) -> list[str]:
    """Return those of the running command's options that stand on its command line."""
    context = click.get_current_context()
    return [
        f"--{name.replace('_', '-')}"
        for name in names
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
    ]


def refuse(*names: str, why: str) -> None:
    """Refuse options that would have no effect, if one of them was given."""
    useless = given(*names)
    if useless:
        raise click.UsageError(f"{', '.join(useless)}: {why}")


def may_ask() -> bool:
    """Return whether somebody is there to answer."""
    return sys.stdin is not None and sys.stdin.isatty()


def consent(yes: bool) -> Callable[[str], bool] | None:
    """Return what shows the offer of a download and asks, or None where nobody can be asked."""

    def ask(offer: str) -> bool:
        click.echo(offer, err=True)
        return yes or click.confirm("Download it?", err=True)

    return ask if yes or may_ask() else None


def open_table(
    spec: str | None, data_dir: Path | None, yes: bool, *, words: Sequence[str] = ()
) -> EmbeddingTable:
    """Open a file of vectors or a catalogue name; None is the default table.

    An encoder is a table as well, of the words that the command needs.
    """
    # What an encoder can be called: a folder with a card, or LOADER:NAME.
    if spec and (":" in spec or (Path(spec) / "card.toml").is_file()):
        from embarith.encoders.onnx import is_encoder

        if is_encoder(spec):
            return _encode_words(spec, words)
    from embarith import data

    with show_progress() as progress:
        return data.open_table(spec, data_dir=data_dir, ask=consent(yes), progress=progress)


def _encode_words(spec: str, words: Sequence[str]) -> EmbeddingTable:
    """Encode words into a table in the cache, where the next command finds it."""
    from embarith.encoders.encoding import Texts, encode
    from embarith.encoders.onnx import load_encoder
    from embarith.errors import OptionError

    if not words:
        raise OptionError(
            f"{spec} is an encoder and knows no words by itself: `embarith encode {spec} --words "
            "FILE -o TABLE` makes a table of those you want to compare"
        )
    encoder = load_encoder(spec)
    click.echo(f"device {encoder.device}: {encoder.device.why}", err=True)
    with show_progress() as progress:
        return encode(encoder, Texts(words, [[word] for word in words]), progress=progress).table


def load_questions(
    spec: str, data_dir: Path | None, yes: bool, *, extended: str | None = None
) -> AnalogySet | ChoiceSet | SemEval:
    """Load a question set by name or from a file."""
    from embarith import questions

    with show_progress() as progress:
        return questions.load(
            spec, extended=extended, data_dir=data_dir, ask=consent(yes), progress=progress
        )


def read_lines(file: Path) -> list[str]:
    """Return the lines of a file, without empty ones."""
    from embarith.errors import FormatError

    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as fault:
        raise FormatError(f"{file}: not UTF-8 at byte {fault.start}") from None
    found = [line.strip() for line in lines if line.strip()]
    if not found:
        raise FormatError(f"{file}: no lines")
    return found


@contextmanager
def show_progress(note: Callable[[], str] | None = None) -> Iterator[Progress | None]:
    """Yield a progress callback that draws on stderr, or None where nobody watches.

    What `note` returns stands at the end of the line.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.1f}/s" if task.speed else "")

    class Note(ProgressColumn):
        def render(self, _task: Task) -> Text:
            return Text(note() if note else "")

    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        Note(),
    )
    bars = Bars(*columns, console=Console(stderr=True), transient=True)
    tasks = {}

    def advance(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            # No earlier: drawing would wipe out the question whether to download.
            bars.start()
            tasks[stage] = bars.add_task(stage, total=total)
        bars.update(tasks[stage], completed=done, total=total)

    try:
        yield advance
    finally:
        bars.stop()


def print_table(table: Table) -> None:
    """Print a table for people, unfolded where nobody watches."""
    from rich.console import Console

    width = None if sys.stdout and sys.stdout.isatty() else 120
    Console(width=width, highlight=False).print(table)


def print_results(results: Sequence[Result], as_json: bool) -> None:
    """Print results for people as tables, for machines as JSON lines."""
    if as_json:
        from embarith.report.facts import hardly_covered
        from embarith.result import to_json

        for result in results:
            click.echo(to_json(result))
            if warning := hardly_covered(result):
                click.echo(f"Warning: {warning}", err=True)
        return
    from rich.console import Console

    from embarith.report import document, terminal

    # Redirected output has no width of its own, and nobody wants it folded at 80.
    width = None if sys.stdout and sys.stdout.isatty() else terminal.WIDTH
    console = Console(width=width, highlight=False)
    # Through click, because rich has an exit of its own for broken pipes.
    with console.capture() as drawn:
        terminal.show(document(results), console)
    click.echo("\n".join(line.rstrip() for line in drawn.get().splitlines()))


def write_page(result: SimatResult | TransformResult, path: Path, photographs: Path | None) -> None:
    """Write the page of a result, with its photographs where they lie in a folder."""
    from embarith.experiments.thumbnails import illustrated
    from embarith.files import replacing
    from embarith.report import render

    shown = illustrated(result, photographs) if photographs is not None else result
    with replacing(path) as part:
        part.write_text(render([shown], "html"), encoding="utf-8")
    click.echo(str(path), err=True)


def write_details(results: Sequence[AnalogyResult], path: Path) -> None:
    """Write a JSON line a question, whole or not at all; several tables name theirs."""
    import json
    from math import isfinite

    from embarith.files import replacing

    with replacing(path) as part, part.open("w", encoding="utf-8") as file:
        for result in results:
            named = {"table": result.encoder.name} if len(results) > 1 else {}
            for row in result.to_frame().to_pylist():
                # PairDistance scores c itself −∞, for which JSON has no number.
                row["scores"] = [score if isfinite(score) else None for score in row["scores"]]
                line = json.dumps(named | row, ensure_ascii=False, allow_nan=False)
                file.write(line + "\n")
