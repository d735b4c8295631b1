"""``embarith export-onnx``: from a model to a folder that needs only onnxruntime."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import click

from embarith.cli import _shared

PRECISIONS = ("fp32", "fp16", "int8")
FEATURES = ("projected", "unprojected", "cls", "patches", "pooled", "logits")
TOWERS = ("visual", "text")


@click.command(
    "export-onnx",
    epilog=_shared.example(
        "embarith export-onnx efficientnet_lite:efficientnet-lite2 -o lite2",
        "embarith export-onnx sentence:sentence-transformers/all-MiniLM-L6-v2 -o minilm",
        "embarith export-onnx efficientnet_lite:efficientnet-lite2 -o lite2-led --heads "
        "lite2-minilm.safetensors",
    ),
)
@click.argument("model", metavar="MODEL", shell_complete=_shared.complete_encoder)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder to write; without it one in the cache, where the id alone finds it.",
)
@click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    default="fp32",
    show_default=True,
    help="Of the weights: fp16 for GPUs, int8 for CPUs.",
)
@click.option(
    "--feature",
    type=click.Choice(FEATURES),
    help="What to extract; 'embarith models show MODEL' lists what a model offers.",
)
@click.option(
    "--tower",
    "tower",
    type=click.Choice(TOWERS),
    multiple=True,
    help="Export this tower alone; both by default.",
)
@_shared.heads_option
@click.option(
    "--random-weights",
    type=click.IntRange(min=0),
    metavar="SEED",
    help="Draw the weights instead of loading them: shows that export and parity work. All that "
    "is made from the folder says so.",
)
@_shared.json_option
def export_onnx(
    *,
    model: str,
    folder: Path | None,
    precision: str,
    feature: str | None,
    tower: tuple[str, ...],
    heads: Path | None,
    random_weights: int | None,
    as_json: bool,
) -> None:
    """Export a model to ONNX and prove the export equal to it.

    MODEL is an id of 'embarith models list', or open_clip:ARCH/PRETRAINED,
    torchvision:NAME/WEIGHTS, timm:NAME, sentence:HUB_ID|FOLDER, or folder:PATH for weights of your
    own beside a card.toml.

    On real photographs and captions the graph has to give the model's vectors: otherwise no folder
    is written. The folder holds the graphs, the tokenizer, the card with the sha256 of every file,
    and parity.json; it needs neither torch nor a network.

    With --heads the graph of photographs ends in their head, that of texts in theirs: what the
    folder encodes lies in the space of the heads.
    """
    from embarith.encoders.card import Feature, Precision, Tower
    from embarith.encoders.heads import Heads
    from embarith.encoders.onnx import default_folder
    from embarith.export import export

    assert set(get_args(Precision)) == set(PRECISIONS)
    assert set(get_args(Feature)) == set(FEATURES)
    assert set(get_args(Tower)) == set(TOWERS)
    if folder is None:
        # The id alone stands for the plain export.
        _shared.refuse(
            *("precision", "feature", "tower", "heads", "random_weights"),
            why="give the folder too, with -o",
        )
    opened = Heads.read(heads) if heads else None
    with _shared.show_progress() as progress:
        done = export(
            model,
            folder or default_folder(model),
            precision=precision,  # type: ignore[arg-type]
            feature=feature,  # type: ignore[arg-type]
            towers=tower or None,  # type: ignore[arg-type]
            heads=opened,
            random_weights=random_weights,
            progress=progress,
            tell=lambda line: click.echo(line, err=True),
        )
    if as_json:
        for proof in done.parity:
            line = {"encoder": done.card.name, "folder": str(done.folder)} | asdict(proof)
            click.echo(json.dumps(line, ensure_ascii=False))
        return
    from rich import box
    from rich.table import Table

    table = Table(
        "tower",
        "feature",
        "inputs",
        "max |Δ|",
        "1 − cos",
        "across batches",
        "top-1 kept",
        "top-10 kept",
        box=box.SIMPLE_HEAD,
    )
    assert done.card.export is not None
    features: dict[str, str] = dict(done.card.export.features)  # type: ignore[arg-type]
    for proof in done.parity:
        table.add_row(
            proof.tower,
            features[proof.tower],
            str(proof.inputs),
            f"{proof.max_difference:.1e}",
            f"{proof.max_distance:.1e}",
            f"{proof.batch_distance:.1e}",
            f"{proof.neighbours_1:.3f}",
            f"{proof.neighbours_10:.3f}",
        )
    _shared.print_table(table)
    for proof in done.parity:
        click.echo(f"{proof.tower}: {proof.samples}")
    click.echo(f"{done.card.name}, {done.card.dimension} dimensions, licence {done.card.licence}")
    click.echo(f"{done.folder}")
