"""``embarith transform``: one photograph in which a word becomes another."""

from __future__ import annotations

from pathlib import Path

import click

from embarith.cli import _shared


@click.command(
    epilog=_shared.example(
        "embarith transform 7.jpg cat dog --images clip-photos.arrow --texts clip-texts.arrow "
        "--heads heads.safetensors --html answers.html"
    )
)
@click.argument("photo", metavar="PHOTO")
@click.argument("value", metavar="WORD")
@click.argument("target", metavar="TARGET")
@click.option("--images", required=True, metavar="TABLE", help="The photographs to search.")
@click.option("--texts", required=True, metavar="TABLE", help="Has both words.")
@_shared.heads_option
@click.option("--lambda", "lam", type=float, default=1.0, show_default=True, help="λ.")
@click.option(
    "--topn",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="K",
    help="Photographs to print.",
)
@_shared.html_option
@click.option(
    "--photographs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the photographs lie that the labels name, to be shown on the page.",
)
@_shared.json_option
def transform(
    *,
    photo: str,
    value: str,
    target: str,
    images: str,
    texts: str,
    heads: Path | None,
    lam: float,
    topn: int,
    html: Path | None,
    photographs: Path | None,
    as_json: bool,
) -> None:
    """Print the photographs nearest to PHOTO in which WORD became TARGET.

    PHOTO is a label of the table of photographs, WORD and TARGET are labels of that of texts.
    """
    from embarith.encoders.heads import Heads
    from embarith.experiments.simat import transform as run

    if photographs is not None and html is None:
        raise click.UsageError("--photographs: only for the page of --html")
    result = run(
        _shared.open_table(images, None, False),
        _shared.open_table(texts, None, False),
        photo,
        value,
        target,
        heads=Heads.read(heads) if heads else None,
        lam=lam,
        topn=topn,
    )
    # First, so that the answers are there whatever becomes of the page.
    _shared.print_results([result], as_json)
    if html is not None:
        _shared.write_page(result, html, photographs)
