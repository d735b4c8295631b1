"""``embarith simat``: photographs in which a word becomes another, scored."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from embarith.cli import _shared

if TYPE_CHECKING:
    from embarith.experiments.simat import EncoderJudge, MatrixJudge
    from embarith.questions.simat import Simat
    from embarith.result import Result, Split
    from embarith.table import EmbeddingTable
    from embarith.training.heads import Settings


Option = Callable[[Callable[..., None]], Callable[..., None]]


class _Lams(click.ParamType[tuple[float, ...]]):
    """One or several λ: `1`, `0,0.5,1`, or `0:5:0.2` with both ends."""

    name = "λ"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            lams = tuple(float(one) for one in value.split(":" if ":" in value else ","))
            if ":" in value:
                first, last, step = lams
                count = round((last - first) / step)
                if count < 0 or abs(first + count * step - last) > 1e-9 or count > 10_000:
                    raise ValueError(value)
                # As they are written, not as they add up.
                lams = tuple(round(first + i * step, 9) for i in range(count + 1))
        except (ValueError, ZeroDivisionError, OverflowError):
            self.fail(f"{value!r}; expected 1, 0,0.5,1 or FIRST:LAST:STEP as 0:5:0.2", param, ctx)
        if not all(map(isfinite, lams)) or any(b <= a for a, b in pairwise(lams)):
            self.fail(f"{value!r}; expected finite numbers that rise", param, ctx)
        return lams


def _set_option(told: str) -> Option:
    return click.option(
        "--data",
        "folder",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        required=True,
        metavar="DIR",
        help=told,
    )


def _lams_option(told: str) -> Option:
    return click.option(
        "--lambda", "lams", type=_Lams(), default="0:5:0.2", show_default=True, help=told
    )


_output_option = click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="The folder to write.",
)
_draws_option = click.option(
    "--draws",
    type=click.IntRange(min=0),
    default=1000,
    show_default=True,
    help="Draws behind the intervals.",
)


@click.group(epilog=_shared.example("embarith simat build photos/captions.csv -o own-simat"))
def simat() -> None:
    """Score text-driven image transformation: the SIMAT task of work 001.

    A photograph is moved by the difference of two words, x = E(photograph) + λ(E(target) -
    E(value)), and the photograph nearest to x should show what was asked for.
    """


@simat.command(
    epilog=_shared.example(
        "embarith simat score clip-photos.arrow clip-texts.arrow --data own-simat --heads "
        "heads.safetensors --lambda 0:5:0.2"
    )
)
@click.argument("images", metavar="IMAGES")
@click.argument("texts", metavar="TEXTS")
@_set_option("The set: triplets.csv, transfos.csv and captions.txt, as published or as built.")
@_shared.heads_option
@_lams_option("λ to try; that of the highest score on dev is reported.")
@click.option(
    "--split",
    type=click.Choice(["test", "dev", "all"]),
    default="test",
    show_default=True,
    help="The queries to report on.",
)
@click.option(
    "--photographs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the photographs of the set lie: for an encoder as IMAGES, and to be shown on the "
    "page of --html.",
)
@_shared.html_option
@click.option(
    "--template",
    "template",
    multiple=True,
    metavar="T",
    help="Sentence around a word, {} its place, for an encoder as TEXTS; bare by default.",
)
@click.option(
    "--matrix",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Similarities of all photographs with all captions (.npy, or a file of torch): right is "
    "what is above 0.5, as in the published OSCAR matrix.",
)
@click.option(
    "--judge",
    nargs=2,
    metavar="IMAGES TEXTS",
    help="Two tables of another encoder: right is what has the target caption as its first.",
)
@_draws_option
@_shared.seed_option
@_shared.json_option
def score(
    *,
    images: str,
    texts: str,
    folder: Path,
    heads: Path | None,
    lams: tuple[float, ...],
    split: Split,
    photographs: Path | None,
    html: Path | None,
    template: tuple[str, ...],
    matrix: Path | None,
    judge: tuple[str, str] | None,
    draws: int,
    seed: int,
    as_json: bool,
) -> None:
    """Score IMAGES and TEXTS on a set.

    IMAGES is a table whose labels are as in the set's column `image` or `region_id`, or an encoder
    with --photographs. TEXTS is a table of the set's words, and of its captions where these are to
    be asked as queries beside, or an encoder.
    """
    from embarith.encoders.heads import Heads
    from embarith.experiments.simat import simat as run
    from embarith.questions import simat as sets

    if matrix is not None and judge is not None:
        raise click.UsageError("--matrix and --judge: one of them says what is right")
    encoders = any(map(_is_encoder, (images, *(judge or ())[:1])))
    if photographs is not None and html is None and not encoders:
        raise click.UsageError("--photographs: only for an encoder as IMAGES, or with --html")
    task = sets.read(folder, seed=seed)
    opened = Heads.read(heads) if heads else None
    judged: MatrixJudge | EncoderJudge | None = None if matrix is None else _matrix(matrix)
    files = _files(task, photographs) if photographs is not None else None
    photos, words = _photographs(images, task, files), _words(texts, task, template)
    if judge is not None:
        from embarith.experiments.simat import EncoderJudge

        judged = EncoderJudge(_photographs(judge[0], task, files), _words(judge[1], task, ()))
    with _shared.show_progress() as progress:
        result = run(
            photos,
            words,
            task,
            heads=opened,
            lams=lams,
            split=split,
            judge=judged,
            draws=draws,
            seed=seed,
            progress=progress,
        )
    # First, so that the scores are there whatever becomes of the page.
    _shared.print_results([result], as_json)
    if html is not None:
        _shared.write_page(result, html, photographs)


def _is_encoder(spec: str) -> bool:
    if ":" not in spec and not (Path(spec) / "card.toml").is_file():
        return False
    from embarith.encoders.onnx import is_encoder

    return is_encoder(spec)


def _files(task: Simat, folder: Path) -> list[Path]:
    """Return the files of a set's photographs, all of which have to be there."""
    from embarith.errors import DataError

    files = [folder / image for image in task.images]
    absent = [file for file in files if not file.is_file()]
    if absent:
        raise DataError(
            f"{absent[0]}: no such photograph ({len(absent):,} of the {len(files):,} of "
            f"{task.name} are absent)"
        )
    return files


def _photographs(spec: str, task: Simat, files: list[Path] | None) -> EmbeddingTable:
    if not _is_encoder(spec):
        return _shared.open_table(spec, None, False)
    from embarith.encoders.encoding import Photographs, encode
    from embarith.encoders.onnx import load_encoder
    from embarith.errors import OptionError

    if files is None:
        raise OptionError(f"{spec} is an encoder; --photographs DIR says where the photographs lie")
    with _shared.show_progress() as progress:
        return encode(load_encoder(spec), Photographs(task.images, files), progress=progress).table


def _words(spec: str, task: Simat, template: tuple[str, ...]) -> EmbeddingTable:
    if not _is_encoder(spec):
        if template:
            raise click.UsageError("--template: only for an encoder as TEXTS")
        return _shared.open_table(spec, None, False)
    from embarith.encoders.encoding import Texts, encode
    from embarith.encoders.onnx import load_encoder
    from embarith.encoders.text import PLACE, fill

    words = set(task.words)
    # Captions are sentences already.
    sentences = [
        fill(template or (PLACE,), text) if text in words else [text] for text in task.texts
    ]
    pooling = "; ".join(template)
    with _shared.show_progress() as progress:
        inputs = Texts(task.texts, sentences, pooling)
        return encode(load_encoder(spec), inputs, progress=progress).table


def _matrix(path: Path) -> MatrixJudge:
    import numpy as np

    from embarith.experiments.simat import MatrixJudge

    if path.suffix == ".npy":
        from embarith.readers.arrays import load_npy

        return MatrixJudge(np.asarray(load_npy(path)), path.name)
    from embarith.export.pickles import read_matrix

    return MatrixJudge(read_matrix(path), path.name)


@simat.command(epilog=_shared.example("embarith simat build photos/captions.csv -o own-simat"))
@click.argument("collection", type=click.Path(exists=True, path_type=Path))
@_output_option
@_shared.seed_option
def build(collection: Path, output: Path, seed: int) -> None:
    """Make a set out of photographs with captions.

    COLLECTION is a folder with captions.csv, whose photographs have to be there, or a file of
    captions: CSV with the columns image and caption, COCO's or Karpathy's JSON, or Flickr's token
    file. What is in a photograph is read off its captions by a fixed rule; a change is asked for
    where another photograph shows its result.
    """
    import numpy as np

    from embarith.errors import DataError
    from embarith.photos import read_captions
    from embarith.questions import simat as sets
    from embarith.questions.simat_build import build as run
    from embarith.questions.triples import FIELDS

    captions = read_captions(collection)
    if collection.is_dir():
        absent = [image for image in captions if not (collection / image).is_file()]
        if absent:
            raise DataError(
                f"{collection}: captions of {absent[0]!r}, which is not there ({len(absent):,} of "
                f"{len(captions):,} photographs are absent); give the file of captions alone to "
                "build a set without looking at photographs"
            )
    name = output.resolve().name
    made = run(captions, name=name, source=str(collection.name), seed=seed)
    files = sets.write(made.task, output)
    task = made.task
    lucky = sets.chance(task)
    click.echo(
        f"{made.captions:,} captions of {made.photographs:,} photographs: {made.read:,} different "
        f"triples, {made.kept:,} kept, carried by {len(task.images):,} photographs (the gallery)"
    )
    click.echo(f"{len(task):,} queries of {made.possible:,} possible; split: {task.split}")
    for title, mask in (("dev", ~task.is_test), ("test", task.is_test)):
        counts = ", ".join(
            f"{np.count_nonzero(mask & (task.field == number)):,} of {field}s"
            for number, field in enumerate(FIELDS)
        )
        mean = np.average(lucky[mask], weights=task.weights[mask]) if mask.any() else 0.0
        click.echo(
            f"  {title}: {np.count_nonzero(mask):,} queries ({counts}); random retrieval scores "
            f"{100 * mean:.2f}"
        )
    for file in files:
        click.echo(str(file))


@simat.command(
    epilog=_shared.example("embarith simat prepare --visual-genome vg --data SIMAT -o simat-crops")
)
@click.option(
    "--visual-genome",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="Visual Genome's photographs, IMAGE_ID.jpg, also in VG_100K and VG_100K_2.",
)
@_set_option("The published set, with retrieval_db.tsv.")
@_output_option
def prepare(visual_genome: Path, folder: Path, output: Path) -> None:
    """Cut the published regions out of Visual Genome's photographs.

    DIR becomes a set of its own, with the crops in images/ and named in its column `image`:
    'embarith encode ENCODER --images DIR' makes the table for 'embarith simat score'.
    """
    from dataclasses import replace

    from embarith.errors import EmbarithError, FormatError
    from embarith.photos.visual_genome import REGIONS, crop, read_regions
    from embarith.questions import simat as sets

    task = sets.read(folder)
    inside = folder if (folder / REGIONS).is_file() else folder / "simat_db"
    regions = read_regions(inside / REGIONS)
    names = task.regions or task.images
    absent = [name for name in names if name not in regions]
    if absent:
        raise FormatError(f"{inside / REGIONS}: no region {absent[0]} ({len(absent):,} are absent)")
    wanted = {name: regions[name] for name in names}
    with _shared.show_progress() as progress:
        done = crop(wanted, visual_genome, output / "images", progress=progress)
    images = tuple(f"images/{name}.png" for name in names)
    renamed = replace(task, images=images, regions=tuple(names))
    try:
        there = sets.read(output).sha256 == renamed.sha256
    except EmbarithError:  # interrupted, or not written yet
        there = False
    if not there:
        sets.write(renamed, output)
    click.echo(f"{output}: {len(images):,} regions, {done:,} cut out now", err=True)


@simat.command(
    "import",
    epilog=_shared.example(
        "embarith simat import head_clip_t=0.1.pt heads.safetensors",
        "embarith simat import simat_words_clip.ptd words.arrow --encoder "
        "open_clip:ViT-B-32-quickgelu/openai",
    ),
)
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--encoder",
    metavar="MODEL",
    help="Of which model the vectors are, as the file does not say: photographs and words of one "
    "model are scored without heads too.",
)
def import_(source: Path, target: Path, encoder: str | None) -> None:
    """Convert a published file of torch: heads to safetensors, vectors to a table.

    Tensors and torch.nn.Linear are read, nothing else is unpickled. TARGET ends in .safetensors
    for heads; any other name is a table's.
    """
    from embarith import readers
    from embarith.errors import OptionError
    from embarith.export.pickles import read_heads, read_word_table

    if target.exists():
        raise OptionError(f"{target} is there; name a new file")
    if target.suffix == ".safetensors":
        heads = read_heads(source)
        heads.save(target)
        told = f", τ = {heads.temperature:g}" if heads.temperature is not None else ""
        shapes = f"{heads.img.weight.shape[1]} and {heads.txt.weight.shape[1]}"
        click.echo(
            f"{target}: heads from {shapes} into {heads.dimensions} dimensions{told}", err=True
        )
        return
    table = read_word_table(source, encoder)
    readers.write(table, target)
    click.echo(f"{target}: {len(table):,} rows × {table.dimensions} dimensions", err=True)


_STUDY = (
    click.option(
        "--captions",
        type=click.Path(exists=True, path_type=Path),
        required=True,
        metavar="FILE",
        help="Captions of the photographs to train on, as 'embarith train heads' takes them.",
    ),
    _set_option("The set to score on; its photographs are left out of training."),
    _output_option,
    click.option(
        "--temperature",
        "temperatures",
        multiple=True,
        type=click.FloatRange(min=0, min_open=True),
        default=(0.005, 0.01, 0.03, 0.1, 0.3, 1.0),
        show_default=True,
        metavar="T",
        help="τ to train with; may be repeated.",
    ),
    click.option(
        "--seeds",
        type=click.IntRange(min=1),
        default=3,
        show_default=True,
        metavar="N",
        help="Heads a temperature, from --seed on.",
    ),
    click.option(
        "--batch-size",
        type=click.IntRange(min=2),
        default=2048,
        show_default=True,
        metavar="N",
        help="Pairs in a batch.",
    ),
    _lams_option("λ to try; that of the highest score on dev is taken, for every pair of heads."),
    _draws_option,
    _shared.seed_option,
    _shared.json_option,
)


def _study_options(command: Callable[..., None]) -> Callable[..., None]:
    """Take what studies of heads are given."""
    for option in reversed(_STUDY):
        command = option(command)
    return command


def _run_study(
    experiment: Callable[..., Result],
    images: str,
    texts: Callable[[], EmbeddingTable | dict[str, EmbeddingTable]],
    settings: Settings,
    *,
    captions: Path,
    folder: Path,
    output: Path,
    seed: int,
    as_json: bool,
    **asked: Any,
) -> None:
    """Open what a study of heads needs, the small things first, and print its result."""
    from embarith.photos import read_captions
    from embarith.questions import simat as sets
    from embarith.training.heads import require_torch

    require_torch()
    task = sets.read(folder, seed=seed)
    said = read_captions(captions)
    photographs, opened = _shared.open_table(images, None, False), texts()
    try:
        with _shared.show_progress() as progress:
            result = experiment(
                photographs,
                opened,
                said,
                task,
                output,
                settings=settings,
                seed=seed,
                progress=progress,
                **asked,
            )
    except KeyboardInterrupt:
        # Heads, and the checkpoint of those that were being trained.
        if not any(output.rglob("*.safetensors*")):
            raise
        raise KeyboardInterrupt(
            f"what was trained is kept in {output}; the same command goes on from there"
        ) from None
    _shared.print_results([result], as_json)


@simat.command(
    epilog=_shared.example(
        "embarith simat study clip-photos.arrow clip-texts.arrow --captions photos/captions.csv "
        "--data own-simat -o study --temperature 0.1 --temperature 1 --seeds 1"
    )
)
@click.argument("images", metavar="IMAGES")
@click.argument("texts", metavar="TEXTS")
@click.option("--freeze-text", is_flag=True, help="Train the photographs' head alone.")
@_study_options
def study(*, images: str, texts: str, freeze_text: bool, batch_size: int, **given: Any) -> None:
    """Train heads at several temperatures and compare them.

    IMAGES and TEXTS are tables of photographs, and of captions and the set's words. DIR gets the
    heads of every temperature and seed; what is there already is not trained again.
    """
    from embarith.experiments.heads import temperature_study
    from embarith.training.heads import Settings

    settings = Settings(freeze_text=freeze_text, batch_size=batch_size)
    table = partial(_shared.open_table, texts, None, False)
    _run_study(temperature_study, images, table, settings, **given)


@simat.command(
    epilog=_shared.example(
        "embarith simat encoders clip-photos.arrow clip=clip-texts.arrow glove=glove-texts.arrow "
        "--captions photos/captions.csv --data own-simat -o encoders --temperature 0.1 --seeds 1"
    )
)
@click.argument("images", metavar="IMAGES")
@click.argument("texts", nargs=-1, required=True, metavar="NAME=TEXTS...")
@_study_options
def encoders(*, images: str, texts: tuple[str, ...], batch_size: int, **given: Any) -> None:
    """Train heads with several text encoders and compare these.

    IMAGES is a table of photographs, each TEXTS one of captions and the set's words, by a NAME of
    its own. With each, heads are fitted by ridge regression, and by the contrastive loss at every
    temperature and seed with the space of the texts left as it is and with both heads trained. DIR
    gets the heads; what is there already is not trained again.
    """
    from embarith.experiments.text_encoders import encoder_study
    from embarith.training.heads import Settings

    named: dict[str, str] = {}
    for one in texts:
        name, equals, spec = one.partition("=")
        if not (name and equals and spec):
            raise click.UsageError(f"{one!r}; expected NAME=TEXTS, as minilm=minilm.arrow")
        if name in named:
            raise click.UsageError(f"{name}: the name of {named[name]} and of {spec}")
        named[name] = spec

    def tables() -> dict[str, EmbeddingTable]:
        return {name: _shared.open_table(spec, None, False) for name, spec in named.items()}

    _run_study(encoder_study, images, tables, Settings(batch_size=batch_size), **given)
