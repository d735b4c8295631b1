"""``embarith plane``: a question in the plane."""

from __future__ import annotations

from pathlib import Path

import click

from embarith.cli import _shared


@click.command(
    epilog=_shared.example(
        "embarith plane man:king::woman:queen -o queen.svg",
        "embarith plane dog:cat --photographs vectors/photos.arrow --collection photos -o dogs.png",
    )
)
@click.argument("question", metavar="QUESTION")
@_shared.table_argument
@click.option(
    "--photographs",
    metavar="TABLE",
    help="Vectors of photographs, by the names that the collection has for them.",
)
@click.option(
    "--collection",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of photographs and their words.csv.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw a figure, .svg or .png, or save the result, .json; printed alone without it.",
)
@_shared.data_option
@_shared.yes_option
@_shared.json_option
def plane(
    *,
    question: str,
    table: str | None,
    photographs: str | None,
    collection: Path | None,
    output: Path | None,
    data_dir: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Lay out a question in the plane of its first two principal components.

    QUESTION is a question such as man:king::woman:queen, whose last word may be '?', or, with
    photographs, a pair such as dog:cat. The words lie where TABLE has them; with --photographs and
    --collection, each is the mean of its photographs, which are shown with it. How much of every
    distance the plane shows is printed and drawn beside.
    """
    if (photographs is None) != (collection is None):
        raise click.UsageError("--photographs and --collection go together")
    if photographs is not None and table is not None:
        raise click.UsageError("--photographs takes the place of TABLE; give one of them")
    if output is not None and output.suffix.lower() not in (".svg", ".png", ".json"):
        raise click.UsageError(f"-o {output}: the name ends in .svg, .png or .json")
    from embarith.experiments.ask import parse_question
    from embarith.experiments.plane import plane as run
    from embarith.photos import read_collection

    # A slip of the pen need not wait for the table.
    parse_question(question)
    listed = read_collection(collection) if collection is not None else None
    opened = _shared.open_table(photographs or table, data_dir, yes)
    result = run(
        opened,
        question,
        images=listed.words if listed else None,
        folder=listed.folder if listed else None,
    )
    if output is not None and output.suffix.lower() == ".json":
        result.save(output)
    elif output is not None:
        from embarith.report import figures

        figures.save(figures.draw(result), output)
    _shared.print_results([result], as_json)
