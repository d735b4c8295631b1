"""``embarith images questions``: the analogies that a collection has photographs of."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from embarith.cli import _shared


@click.command(epilog=_shared.example("embarith images questions photos -o chosen.tsv"))
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="The questions, tab-separated: a, b, c, d, relation.",
)
@click.option(
    "--per-word",
    type=click.IntRange(1, 1000),
    default=30,
    show_default=True,
    metavar="N",
    help="Photographs that each of the four words must have.",
)
@click.option(
    "--size",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    metavar="N",
    help="Questions wanted.",
)
@_shared.data_option
@_shared.yes_option
@_shared.json_option
def questions(
    *,
    folder: Path,
    output: Path,
    per_word: int,
    size: int,
    data_dir: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Choose analogy questions whose words a collection has photographs of.

    From SemEval-2012 Task 2: couples of pairs of one relation, both rated above 0, of four distinct
    words no two of which share a photograph; at most 12 of a relation and 6 of a pair.
    """
    from embarith.photos import read_collection
    from embarith.questions import SemEval, picturable, write

    words = read_collection(folder).words
    task = _shared.load_questions("semeval", data_dir, yes)
    assert isinstance(task, SemEval)
    chosen, selection = picturable(task, words, photographs=per_word, size=size)
    write(chosen, output)
    counts = asdict(selection)
    if as_json:
        click.echo(json.dumps({"file": str(output), **counts}))
        return
    lines = {
        "rated": "rated pairs of SemEval-2012 Task 2",
        "pictured": f"of words with {per_word} photographs each",
        "not_above_zero": "of these rated 0 or less",
        "sharing": "of these with a photograph in common",
        "couples": "couples of a relation, rated above 0, four distinct words",
        "apart": "no two of the words sharing a photograph",
        "questions": f"chosen questions, in {output}",
        "pairs": "distinct pairs in them",
    }
    for name, what in lines.items():
        click.echo(f"{counts[name]:>7,}  {what}")
