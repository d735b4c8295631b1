"""``embarith models``: what is known about each encoder."""

from __future__ import annotations

import json

import click

from embarith.cli import _shared


@click.group(epilog=_shared.example("embarith models list"))
def models() -> None:
    """Show the cards of known encoders: weights, inputs, features and licences."""


@models.command("list", epilog=_shared.example("embarith models list"))
@_shared.json_option
def list_(as_json: bool) -> None:
    """Show every known encoder with its towers, dimension and licence.

    The weights of a pinned encoder have a known hash.
    """
    from embarith.encoders import CARDS

    if as_json:
        from msgspec import to_builtins

        for card in CARDS.values():
            facts = to_builtins(card) | {"towers": card.towers, "pinned": card.pinned}
            click.echo(json.dumps(facts, ensure_ascii=False))
        return
    from rich import box
    from rich.table import Table

    table = Table("id", "towers", "dim", "licence", "weights", box=box.SIMPLE_HEAD)
    table.columns[2].justify = "right"
    for card in CARDS.values():
        pin = "pinned" if card.pinned else "unpinned"
        table.add_row(card.id, ", ".join(card.towers), str(card.dimension), card.licence, pin)
    _shared.print_table(table)


@models.command(epilog=_shared.example("embarith models show torchvision:resnet50/IMAGENET1K_V2"))
@click.argument("encoder", metavar="ID", shell_complete=_shared.complete_encoder)
@_shared.json_option
def show(encoder: str, as_json: bool) -> None:
    """Show the card of one encoder, as the TOML file that it is.

    Of an id without a card, but with a loader that knows the model, a template: what its library
    says of it, for a folder:PATH of your own.
    """
    from embarith.encoders import CARDS, card_of
    from embarith.encoders.card import source_of, write_card
    from embarith.errors import OptionError, nearest
    from embarith.export.folder import template
    from embarith.export.loading import LOADERS

    is_known = encoder in CARDS or encoder.partition(":")[0] not in LOADERS
    try:
        card = card_of(encoder) if is_known else template(encoder)
    except OptionError as fault:
        if is_known:
            raise
        raise OptionError(f"{fault}{nearest(encoder, CARDS)}") from None
    if as_json:
        from msgspec import to_builtins

        click.echo(json.dumps(to_builtins(card), ensure_ascii=False))
    elif is_known:
        click.echo(source_of(card), nl=False)
    else:
        click.echo("# A template: fill in what is not known, and check the rest.")
        click.echo(write_card(card), nl=False)
