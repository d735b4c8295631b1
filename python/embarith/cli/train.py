"""``embarith train``: tables from text, heads from photographs with captions."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from embarith.cli import _shared

if TYPE_CHECKING:
    from embarith.training.heads import Step


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


@train.command(
    epilog=_shared.example(
        "embarith train heads --images clip-photos.arrow --texts clip-texts.arrow --captions "
        "photos/captions.csv -o ridge.safetensors --method ridge --data own-simat",
        "embarith train heads --images clip-photos.arrow --texts clip-texts.arrow --captions "
        "photos/captions.csv -o heads-0.1.safetensors --temperature 0.1 --data own-simat",
    )
)
@click.option(
    "--images",
    required=True,
    metavar="TABLE",
    help="Vectors of the photographs, labelled as in the captions' column image.",
)
@click.option(
    "--texts", required=True, metavar="TABLE", help="Vectors of the captions, labelled by them."
)
@click.option(
    "--captions",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    metavar="FILE",
    help="CSV with the columns image and caption, COCO's or Karpathy's JSON, Flickr's tokens.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="HEADS",
    help="The safetensors file to write.",
)
@click.option(
    "--method",
    type=click.Choice(["contrastive", "ridge", "cca"]),
    default="contrastive",
    show_default=True,
    help="Contrastive loss by torch; or in closed form ridge regression of captions on "
    "photographs, or canonical correlation analysis.",
)
@click.option(
    "--temperature",
    type=click.FloatRange(min=0, min_open=True),
    default=0.1,
    show_default=True,
    metavar="T",
    help="τ of the contrastive loss.",
)
@click.option("--freeze-text", is_flag=True, help="Contrastive: train the photographs' head alone.")
@click.option(
    "--data",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="A SIMAT set: its photographs are left out, and its dev score is printed beside.",
)
@click.option(
    "--hold-out",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Photographs to leave out, one a line.",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    metavar="N",
    help="Passes over the captions, at most; 5 without a better recall end them earlier.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(min=2),
    default=2048,
    show_default=True,
    metavar="N",
    help="Pairs in a batch, at most.",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    default=1e-3,
    show_default=True,
    metavar="A",
    help="Of AdamW.",
)
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    metavar="NAME",
    help="What torch trains on: cpu, cuda or cuda:N.",
)
@_shared.seed_option
@_shared.json_option
def heads(
    *,
    images: str,
    texts: str,
    captions: Path,
    output: Path,
    folder: Path | None,
    hold_out: Path | None,
    seed: int,
    as_json: bool,
    **settings: Any,
) -> None:
    """Fit linear heads that lead photographs and texts into one space.

    Photographs, never captions, are split: a tenth, by a hash of --seed and name, is for
    validation. Ridge and CCA take the penalty of the best mean recall on these (R@1, R@5, R@10,
    both ways), contrastive training the epoch. In a batch, other captions of the same photograph
    are no wrong answers.

    Contrastive training writes HEADS.checkpoint after every epoch; the same command goes on from
    it and ends with the same file. It holds the best heads so far and can be used as HEADS.
    """
    from embarith.photos import read_captions
    from embarith.training.heads import Settings, require_torch, train
    from embarith.training.pairs import pair

    if settings["method"] == "contrastive":
        require_torch()
    else:
        _shared.refuse(
            *("temperature", "freeze_text", "epochs", "batch_size", "learning_rate", "device"),
            why=f"only of contrastive training, not of {settings['method']}",
        )
    chosen = Settings(**settings, seed=seed)
    _check_heads(output)
    said = read_captions(captions)
    photographs = _shared.open_table(images, None, False)
    table = _shared.open_table(texts, None, False)
    left_out = set(_shared.read_lines(hold_out)) if hold_out else set()
    score = None
    if folder is not None:
        from embarith.experiments.simat import dev_score
        from embarith.questions import simat as sets

        task = sets.read(folder, seed=seed)
        left_out |= {*task.images, *task.regions}
        score = dev_score(photographs, table, task)
    pairs = pair(photographs, table, said, hold_out=left_out, seed=seed)
    click.echo(pairs.describe(), err=True)

    def watch(step: Step) -> None:
        click.echo(_as_json(step) if as_json else _as_line(step), err=not as_json)

    checkpoint = output.with_name(f"{output.name}.checkpoint")
    try:
        done = train(pairs, chosen, checkpoint=checkpoint, score=score, watch=watch)
        done.heads.save(output)
    except KeyboardInterrupt:
        if not checkpoint.exists():
            raise
        raise KeyboardInterrupt(
            f"the best heads so far are kept in {checkpoint}; the same command goes on from there"
        ) from None
    if chosen.method == "contrastive":
        checkpoint.unlink(missing_ok=True)
    if as_json:
        click.echo(
            json.dumps({"heads": str(output), "best": done.best.at, "sha256": done.heads.sha256})
        )
        return
    taken = f"{done.heads.img.weight.shape[1]:,} and {done.heads.txt.weight.shape[1]:,}"
    click.echo(
        f"{output}: from {taken} into {done.heads.dimensions:,} dimensions, "
        f"{done.heads.provenance.steps[-1]}",
        err=True,
    )


def _check_heads(output: Path) -> None:
    """Refuse to replace a file that holds no heads, or to write where no folder is."""
    from embarith.encoders.heads import Heads
    from embarith.errors import OptionError

    if output.exists():
        Heads.read(output)
    if not output.resolve().parent.is_dir():
        raise OptionError(f"{output}: its folder does not exist")


def _as_json(step: Step) -> str:
    from dataclasses import asdict

    return json.dumps(asdict(step))


def _as_line(step: Step) -> str:
    def percent(values: tuple[float, ...]) -> str:
        return "/".join(f"{value:.1f}" for value in values)

    of = f"penalty {step.at:<8.3g}" if step.loss is None else f"epoch {step.at:<3.0f}"
    losses = f" loss {step.training_loss:.3f}, {step.loss:.3f};" if step.loss is not None else ""
    simat = f"; SIMAT dev {step.simat:.2f} at λ = {step.lam:g}" if step.simat is not None else ""
    return (
        f"{of}{losses} R@1/5/10 captions {percent(step.recall.captions)}, photographs "
        f"{percent(step.recall.photographs)}{simat}"
    )
