"""``embarith train``: tables from text."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from embarith.cli import _shared


@click.group(epilog=_shared.example("embarith train word2vec brown.zip -o brown.arrow"))
def train() -> None:
    """Train embeddings on data of your own."""


@train.command(
    epilog=_shared.example(
        "embarith train word2vec brown.zip -o brown.arrow --epochs 1",
        "embarith train word2vec brown.zip -o sg.arrow --architecture skip-gram --epochs 1",
    )
)
@click.argument(
    "corpora",
    nargs=-1,
    required=True,
    metavar="CORPUS...",
    type=click.Path(path_type=Path),
)
@_shared.output_option
@click.option(
    "--architecture",
    type=click.Choice(["cbow", "skip-gram"]),
    default="cbow",
    show_default=True,
    help="Predict a word from its context, or the context from the word.",
)
@click.option(
    "--vector-size",
    type=click.IntRange(min=1),
    default=150,
    show_default=True,
    metavar="N",
    help="Dimensions.",
)
@click.option(
    "--window",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    metavar="N",
    help="Words of context to each side, at most.",
)
@click.option(
    "--min-count",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    metavar="N",
    help="Leave out words that occur less often.",
)
@click.option(
    "--negative",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    metavar="N",
    help="Negative samples; 0 for none.",
)
@click.option("--hs", is_flag=True, help="Hierarchical softmax, beside negative samples.")
@click.option(
    "--sample",
    type=click.FloatRange(min=0, max=1, max_open=True),
    default=1e-3,
    show_default=True,
    metavar="T",
    help="Share of the text from which on a word is thinned out at random; 0 for none.",
)
@click.option(
    "--alpha",
    type=click.FloatRange(min=0, min_open=True),
    default=0.025,
    show_default=True,
    metavar="A",
    help="Learning rate at the start.",
)
@click.option(
    "--min-alpha",
    type=click.FloatRange(min=0),
    default=1e-4,
    show_default=True,
    metavar="A",
    help="Learning rate at the end.",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    default=15,
    show_default=True,
    metavar="N",
    help="Passes over the text.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    metavar="N",
    help="Threads. One gives the same table again; several are faster and do not.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="Seed of the first vectors and of all draws.",
)
@click.option(
    "--encoding",
    metavar="NAME",
    help="Encoding of all texts; UTF-8 unless given, and Windows-1252 with a warning where bytes "
    "are none.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON line, for machines.")
def word2vec(
    *, corpora: tuple[Path, ...], output: Path, encoding: str | None, as_json: bool, **settings: Any
) -> None:
    """Train Word2Vec on text, by gensim.

    CORPUS is a text file, plain or packed by gzip, bzip2 or xz, a zip or tar archive of texts, or
    a folder of these; archives are not unpacked to disk. Files that tell of a corpus (README,
    LICENSE, CONTENTS), hidden ones and links are left out.

    Words are runs of letters and digits with ' and _ inside them, in Unicode NFC and lower-cased;
    tags are stripped where all words of a text have one (The/at). A sentence ends at . ! ? or …
    before a capital or standing alone, not after Mr., Dr. and the like nor after initials; at an
    empty line; and at the end of a text. Other line ends end none. After 10,000 words a sentence
    is cut. The table records all this.

    The TABLE holds the words in order of frequency ('--vocab top:N' works), and in its provenance
    all settings, the sha256 of every CORPUS file and the numbers of words.
    """
    from embarith.errors import OptionError
    from embarith.training.corpus import read_corpus
    from embarith.training.word2vec import Settings, require_gensim, train

    require_gensim()
    _shared.check_output(output)
    if not output.resolve().parent.is_dir():
        raise OptionError(f"{output}: its folder does not exist")
    chosen = Settings(**settings)
    started = time.monotonic()
    with _shared.show_progress() as progress:
        corpus = read_corpus(corpora, encoding=encoding, progress=progress)
    for name in corpus.left_out:
        click.echo(f"left out {name}", err=True)
    begun = time.monotonic()
    with _shared.show_progress() as progress:
        table = train(corpus, chosen, progress=progress)
    tokens = len(corpus.tokens)
    rate = chosen.epochs * tokens / (time.monotonic() - begun)
    table.save(output)
    seconds = time.monotonic() - started
    if as_json:
        facts = {
            "table": str(output),
            "rows": len(table),
            "dimensions": table.dimensions,
            "words": tokens,
            "sentences": len(corpus),
            "texts": corpus.texts,
            "seconds": round(seconds, 3),
            "per_second": round(rate, 1),
            "sha256": table.sha256,
        }
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    click.echo(
        f"{output}: {len(table):,} words × {table.dimensions} dimensions, from {tokens:,} words in "
        f"{len(corpus):,} sentences of {corpus.texts:,} texts, in {seconds:.0f} s "
        f"(training {rate:,.0f} words/s)",
        err=True,
    )
