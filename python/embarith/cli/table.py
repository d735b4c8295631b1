"""``embarith table``: look at embedding tables and convert them."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from embarith.cli import _shared

if TYPE_CHECKING:
    from embarith.photos import Pool


@click.group(epilog=_shared.example("embarith table info"))
def table() -> None:
    """Look at embedding tables and convert them."""


@table.command(epilog=_shared.example("embarith table info glove-6b-50d"))
@_shared.table_argument
@_shared.data_option
@_shared.yes_option
@_shared.json_option
def info(table: str | None, data_dir: Path | None, yes: bool, as_json: bool) -> None:
    """Show a table's size, origin, hash, lengths of its vectors and first labels.

    TABLE is a file of vectors in any known format or a name of 'embarith data list'.
    """
    opened = _shared.open_table(table, data_dir, yes)
    opened.verify()
    norms = opened.norms
    facts = {
        "encoder": opened.provenance.encoder,
        "rows": len(opened),
        "dimensions": opened.dimensions,
        "sha256": opened.sha256,
        "provenance": asdict(opened.provenance),
        "lengths": {
            "min": float(norms.min()),
            "mean": float(norms.mean()),
            "max": float(norms.max()),
        },
        "first_labels": opened.labels.slice(0, 10).to_pylist(),
    }
    if as_json:
        import json

        click.echo(json.dumps(facts, ensure_ascii=False, allow_nan=False))
        return
    origin = opened.provenance
    lengths = f"{norms.min():.3f} to {norms.max():.3f}, mean {norms.mean():.3f}"
    lines = [
        ("table", f"{origin.encoder}: {len(opened):,} rows × {opened.dimensions} dimensions"),
        ("sha256", f"{opened.sha256} (labels and vectors)"),
        ("source", origin.source),
        ("licence", origin.licence),
        ("preprocessing", origin.preprocessing),
        ("pooling", origin.pooling),
        ("steps", "; ".join(origin.steps)),
        ("dropped", f"{origin.dropped:,} bad rows" if origin.dropped else ""),
        ("lengths", lengths + (" (normalized)" if origin.normalized else "")),
        ("order", "by frequency" if origin.frequency_order else "not known to be by frequency"),
        ("first labels", " ".join(map(repr, facts["first_labels"]))),
    ]
    for name, value in lines:
        if value:
            click.echo(f"{name:<14}{value}")


@table.command(
    epilog=_shared.example(
        "embarith table convert glove-6b-50d glove.arrow",
        "embarith table convert glove.arrow glove-30k.bin --limit 30000",
    )
)
@click.argument("source")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--format",
    "format_",
    metavar="FORMAT",
    help="arrow, word2vec-binary, word2vec-text, fasttext, glove, npy, npz, parquet or "
    "safetensors; by default what the name of TARGET says.",
)
@click.option(
    "--labels", metavar="FILE|COLUMN", help="Labels of SOURCE: a file for .npy, else a column."
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Keep the first N rows.")
@click.option(
    "--on-bad",
    type=click.Choice(["raise", "drop"]),
    default="raise",
    show_default=True,
    help="Refuse SOURCE for a bad row, or leave such rows out and count them.",
)
@click.option(
    "--errors",
    type=click.Choice(["strict", "replace", "ignore"]),
    default="strict",
    show_default=True,
    help="What to do about labels that are not UTF-8.",
)
@click.option(
    "--frequency-order",
    is_flag=True,
    help="State that rows go by falling word frequency, which 'top:N' vocabularies need; "
    "kept by .arrow files.",
)
@_shared.data_option
@_shared.yes_option
def convert(
    *,
    source: str,
    target: Path,
    format_: str | None,
    labels: str | None,
    limit: int | None,
    on_bad: Literal["raise", "drop"],
    errors: Literal["strict", "replace", "ignore"],
    frequency_order: bool,
    data_dir: Path | None,
    yes: bool,
) -> None:
    """Write a table in another format.

    SOURCE is a file of vectors or a name of 'embarith data list'. An .arrow file is opened again
    at once, whatever its size, and by pyarrow, polars, pandas and DuckDB as well. Beside a .npy
    file its labels are written, as TARGET's name with .labels.txt.
    """
    import numpy as np

    from embarith import readers
    from embarith.table import EmbeddingTable

    # A file is read here and not by name, because only its owner knows where its labels are.
    if Path(source).exists():
        opened = readers.read(source, labels=labels, limit=limit, on_bad=on_bad, errors=errors)
    else:
        _shared.refuse("labels", "on_bad", "errors", why="only for SOURCEs that are files")
        opened = _shared.open_table(source, data_dir, yes)
        if limit is not None and limit < len(opened):
            opened = opened.select(np.arange(limit))
    if frequency_order:
        stated = replace(opened.provenance, frequency_order=True)
        opened = EmbeddingTable(opened.labels, opened.vectors, stated)
    readers.write(opened, target, format=format_)
    dropped = f", {opened.provenance.dropped:,} bad rows left out" if on_bad == "drop" else ""
    beside = f", labels in {target.with_suffix('.labels.txt')}" if target.suffix == ".npy" else ""
    click.echo(
        f"{target}: {len(opened):,} rows × {opened.dimensions} dimensions{dropped}{beside}",
        err=True,
    )


@table.command(
    epilog=_shared.example("embarith table concat part1.arrow part2.arrow -o whole.arrow")
)
@click.argument("parts", nargs=-1, required=True, metavar="TABLE...")
@_shared.output_option
def concat(parts: tuple[str, ...], output: Path) -> None:
    """Join tables of one encoder, such as those of 'embarith encode --shard'."""
    from embarith.table import EmbeddingTable

    _shared.check_output(output)
    joined = EmbeddingTable.concat(*(_shared.open_table(part, None, False) for part in parts))
    joined.save(output)
    click.echo(f"{output}: {len(joined):,} rows × {joined.dimensions} dimensions", err=True)


@table.command(
    epilog=_shared.example(
        "embarith table pool vectors/photos.arrow photos/words.csv --pool medoid -o medoid.arrow"
    )
)
@click.argument("photographs", metavar="PHOTOS")
@click.argument("words", metavar="WORDS.csv", type=click.Path(dir_okay=False, path_type=Path))
@_shared.pool_option
@_shared.min_photos_option
@_shared.output_option
def pool(photographs: str, words: Path, pool: Pool, min_photos: int, output: Path) -> None:
    """Make one vector a word out of a table of photographs; nothing is encoded.

    What a reviewer dropped, in 'reviews' beside WORDS.csv, is left out.
    """
    from embarith.photos import pool as run
    from embarith.photos import read_words, without_dropped

    _shared.check_output(output)
    table = _shared.open_table(photographs, None, False)
    kept = without_dropped(read_words(words), words.parent)
    pooled = run(table, kept, pool, least=min_photos)
    pooled.save(output)
    click.echo(f"{output}: {len(pooled):,} words, {pooled.provenance.pooling}", err=True)


@table.command(
    "apply-head",
    epilog=_shared.example(
        "embarith table apply-head clip-photos.arrow heads.safetensors --side image -o led.arrow"
    ),
)
@click.argument("source", metavar="TABLE")
@click.argument("heads", metavar="HEADS", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--side",
    type=click.Choice(["image", "text"]),
    required=True,
    help="What the rows are of, and so which of the heads is applied.",
)
@_shared.output_option
@_shared.data_option
@_shared.yes_option
def apply_head(
    source: str, heads: Path, side: str, output: Path, data_dir: Path | None, yes: bool
) -> None:
    """Apply a linear head to a table, then scale to unit length; nothing is encoded.

    HEADS is a safetensors file of 'embarith train heads' or 'embarith simat import'.
    """
    from embarith.encoders.heads import Heads

    _shared.check_output(output)
    opened = Heads.read(heads)
    table = _shared.open_table(source, data_dir, yes)
    led = opened.apply_to(table, "visual" if side == "image" else "text")
    led.save(output)
    click.echo(f"{output}: {len(led):,} rows × {led.dimensions} dimensions", err=True)


@table.command(
    epilog=_shared.example(
        "embarith table bag glove-6b-50d texts.txt -o glove-texts.arrow",
        "embarith table bag glove-6b-50d texts.txt --random 384 -o random-texts.arrow",
    )
)
@click.argument("words", metavar="WORDS")
@click.argument("texts", metavar="TEXTS.txt", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--random",
    type=click.IntRange(min=1),
    metavar="DIMENSIONS",
    help="The control: random vectors for the words that WORDS has, of so many dimensions.",
)
@_shared.seed_option
@_shared.output_option
@_shared.data_option
@_shared.yes_option
def bag(
    *,
    words: str,
    texts: Path,
    random: int | None,
    seed: int,
    output: Path,
    data_dir: Path | None,
    yes: bool,
) -> None:
    """Make one vector a text, the mean of its words' vectors.

    TEXTS.txt has a text a line. Words without a vector count for nothing, and are counted; a text
    that has no other is an error.
    """
    from embarith.encoders.bag import bag as run

    _shared.check_output(output)
    lines = _shared.read_lines(texts)
    made = run(_shared.open_table(words, data_dir, yes), lines, random=random, seed=seed)
    made.save(output)
    click.echo(
        f"{output}: {len(made):,} texts × {made.dimensions} dimensions; "
        f"{made.provenance.steps[-1]}",
        err=True,
    )
