"""``embarith encode``: words, texts and photographs to a table."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from embarith.cli import _shared

if TYPE_CHECKING:
    from embarith.encoders.encoding import Encoded, Photographs, Texts
    from embarith.encoders.onnx import OnnxEncoder
    from embarith.progress import Progress


class _Part(click.ParamType[tuple[int, int]]):
    """One of several parts: `2/3` is the second of three."""

    name = "i/n"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        first, _, count = str(value).partition("/")
        if first.isdecimal() and count.isdecimal() and 1 <= int(first) <= int(count):
            return int(first), int(count)
        self.fail(f"{value!r}; expected i/n with i from 1 to n, as 2/3", param, ctx)


@click.command(
    epilog=_shared.example(
        "embarith encode minilm --questions google -o words.arrow --template 'a photo of a {}'",
        "embarith encode lite2 --collection photos -o vectors",
        "embarith encode lite2 --images 'photos/*.jpg' -o part1.arrow --shard 1/2",
        "embarith encode lite2 --images 'photos/*.jpg' -o part2.arrow --shard 2/2",
        "embarith encode lite2 --images 'photos/*.jpg' -o led.arrow --heads "
        "lite2-minilm.safetensors",
    )
)
@click.argument("encoder", metavar="ENCODER", shell_complete=_shared.complete_encoder)
@click.option(
    "--words",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Words, one a line.",
)
@click.option("--questions", metavar="NAME|FILE", help="The words of a question set.")
@click.option(
    "--texts",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Texts, one a line; the labels are the texts.",
)
@click.option(
    "--images",
    metavar="DIR|GLOB",
    help="Photographs; the labels are their paths below DIR, or below the folder before the first "
    "wildcard: train/1.jpg of photos, 1.jpg of a pattern in photos/train.",
)
@click.option(
    "--collection",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Photographs of words, listed in DIR/words.csv: word, rank, image.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="TABLE",
    help="The table; of a collection the folder for photos.arrow and words.arrow.",
)
@click.option(
    "--template",
    "template",
    multiple=True,
    metavar="T",
    help="Sentence around a word, {} its place, or the name of a set on the card; of several the "
    "mean of unit vectors is taken.",
)
@_shared.heads_option
@_shared.pool_option
@_shared.min_photos_option
@click.option("--rotate", is_flag=True, help="Turn photographs as their EXIF data say.")
@click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="auto|cpu|cuda[:N]",
    help="Where to run; what cannot be had is an error.",
)
@click.option(
    "--shard",
    type=_Part(),
    metavar="i/n",
    help="Encode part i of n; 'embarith table concat' joins the tables of all parts.",
)
@_shared.data_option
@_shared.yes_option
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON lines, for machines.")
def encode(
    *,
    encoder: str,
    words: Path | None,
    questions: str | None,
    texts: Path | None,
    images: str | None,
    collection: Path | None,
    output: Path,
    template: tuple[str, ...],
    heads: Path | None,
    pool: str,
    min_photos: int,
    rotate: bool,
    device: str,
    shard: tuple[int, int] | None,
    data_dir: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Encode words, texts or photographs into a table.

    ENCODER is a folder that 'embarith export-onnx' wrote, or the id of a model that it exported
    into the cache.

    The work may end at any moment: the same command goes on from there, and the table is the same.
    What the table holds already is not encoded again.
    """
    from embarith.encoders.heads import Heads
    from embarith.encoders.onnx import load_encoder
    from embarith.errors import OptionError

    sources = [one for one in (words, questions, texts, images, collection) if one is not None]
    if len(sources) != 1:
        raise click.UsageError(
            "give one of --words, --questions, --texts, --images and --collection"
        )
    if texts is not None or images is not None or collection is not None:
        _shared.refuse("template", why="only for --words and --questions")
    if collection is None:
        _shared.refuse("pool", "min_photos", why="only for --collection")
    if images is None and collection is None:
        _shared.refuse("rotate", why="only for photographs")
    if collection is not None and shard is not None:
        raise click.UsageError("--shard: not for --collection; use --images, then 'table pool'")
    if collection is not None and output.is_file():
        raise OptionError(f"{output}: of a collection the output is a folder, and this is a file")
    loaded = load_encoder(encoder, device, Heads.read(heads) if heads else None)
    events = _Events(as_json)
    events.say("device", device=str(loaded.device), why=loaded.device.why)
    if collection is not None:
        _encode_collection(loaded, collection, output, pool, min_photos, rotate, events)
        return
    inputs: Texts | Photographs
    if images is not None:
        inputs = _photographs(images, rotate)
    elif texts is not None:
        inputs = _texts(_shared.read_lines(texts), (), loaded)
    elif words is not None:
        inputs = _texts(_shared.read_lines(words), template, loaded)
    else:
        asked = _shared.load_questions(str(questions), data_dir, yes)
        inputs = _texts(asked.words, template, loaded)
    if shard is not None:
        inputs = _part(inputs, *shard)
    _run(loaded, inputs, output, events)


def _encode_collection(
    encoder: OnnxEncoder,
    folder: Path,
    output: Path,
    pool: str,
    least: int,
    rotate: bool,
    events: _Events,
) -> None:
    from embarith.encoders.encoding import Photographs
    from embarith.photos import WORDS, read_collection, read_words
    from embarith.photos import pool as run

    found = read_collection(folder)
    listed, kept = (
        sum(len(images) for images in words.values())
        for words in (read_words(folder / WORDS), found.words)
    )
    if kept < listed:
        events.say("reviewed", dropped=listed - kept)
    images = found.images
    inputs = Photographs(images, [found.folder / image for image in images], rotate)
    encoded = _run(encoder, inputs, output / "photos.arrow", events)
    pooled = run(encoded.table, found.words, pool, least=least)  # type: ignore[arg-type]
    pooled.save(output / "words.arrow")
    events.say(
        "pooled",
        table=str(output / "words.arrow"),
        rows=len(pooled),
        left_out=len(found.words) - len(pooled),
        pooling=pooled.provenance.pooling,
    )


def _run(
    encoder: OnnxEncoder, inputs: Texts | Photographs, output: Path, events: _Events
) -> Encoded:
    from embarith.encoders.encoding import encode as run

    started = time.monotonic()
    try:
        with _shared.show_progress(events.note) as bar:
            done = run(
                encoder, inputs, output, progress=events.progress(bar), on_fault=events.fault
            )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"what was encoded is kept in {output}.part; the same command goes on from there"
        ) from None
    except OSError:
        click.echo(f"What was encoded is kept in {output}.part.", err=True)
        raise
    events.say(
        "done",
        table=str(output),
        rows=len(done.table),
        dimensions=done.table.dimensions,
        encoded=done.computed,
        reused=done.reused,
        left_out=len(done.faults),
        cut=done.cut,
        seconds=round(time.monotonic() - started, 3),
        sha256=done.table.sha256,
    )
    return done


class _Events:
    """What happens, told to people on stderr or to machines as JSON lines on stdout."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._faults = 0

    def say(self, event: str, **facts: Any) -> None:
        if self._as_json:
            click.echo(json.dumps({"event": event} | facts, ensure_ascii=False))
            return
        lines = {
            "device": "device {device}: {why}",
            "reviewed": "left out {dropped:,} photographs of words that reviewers dropped",
            "fault": "left out {label!r}: {reason}",
            "done": "{table}: {rows:,} rows × {dimensions} dimensions; {encoded:,} inputs encoded "
            "in {seconds:.1f} s, {reused:,} taken over, {left_out:,} left out{cut_note}",
            "pooled": "{table}: {rows:,} words, {pooling}; {left_out:,} words left out",
        }
        cut = facts.get("cut")
        note = f", {cut:,} longer than the model reads and cut" if cut else ""
        click.echo(lines[event].format(**facts, cut_note=note), err=True)

    def fault(self, label: str, reason: str) -> None:
        self._faults += 1
        self.say("fault", label=label, reason=reason)

    def note(self) -> str:
        """Return what stands beside the bar: how many inputs were left out so far."""
        return f"{self._faults:,} left out" if self._faults else ""

    def progress(self, bar: Progress | None) -> Progress | None:
        if not self._as_json:
            return bar
        started = time.monotonic()

        def tell(stage: str, done: int, total: int) -> None:
            rate = done / max(time.monotonic() - started, 1e-9)
            self.say(
                "progress",
                stage=stage,
                done=done,
                total=total,
                per_second=round(rate, 1),
                eta_s=round((total - done) / rate, 1) if rate else None,
                left_out=self._faults,
            )

        return tell


def _texts(labels: Sequence[str], templates: Sequence[str], encoder: OnnxEncoder) -> Texts:
    from embarith.encoders.encoding import Texts
    from embarith.encoders.text import PLACE, fill
    from embarith.errors import OptionError, nearest

    sets = encoder.card.text.templates if encoder.card.text else {}
    sentences: list[str] = []
    for template in templates:
        if PLACE in template:
            sentences.append(template)
        elif template in sets:
            sentences += sets[template]
        else:
            raise OptionError(
                f"template {template!r} has no {PLACE} and is no set of the card"
                f"{nearest(template, sets)}; the card has {', '.join(sets) or 'none'}"
            )
    unique = list(dict.fromkeys(labels))
    how = "; ".join(sentences)
    return Texts(
        unique,
        [fill(sentences or [PLACE], label) for label in unique],
        f"mean of unit vectors over {how}" if len(sentences) > 1 else how,
    )


def _photographs(pattern: str, rotate: bool) -> Photographs:
    from embarith.encoders.encoding import Photographs
    from embarith.errors import DataError

    path = Path(pattern).expanduser()
    if path.is_dir():
        folder = path
        found = (file for file in path.rglob("*") if file.suffix.lower() in _SUFFIXES)
    else:
        plain = [part for part in path.parts if not set(part) & set("*?[")]
        depth = next((at for at, part in enumerate(path.parts) if set(part) & set("*?[")), None)
        if depth is None:
            raise DataError(f"{pattern!r} is neither a folder nor a pattern such as 'DIR/*.jpg'")
        folder = Path(*plain[:depth])
        found = folder.glob(str(Path(*path.parts[depth:])))
    # Links that lead nowhere are to be told of, not passed over.
    files = sorted(file for file in found if file.is_file() or file.is_symlink())
    if not files:
        kinds = ", ".join(sorted(_SUFFIXES))
        raise DataError(f"{pattern!r} holds no photographs (in a folder: {kinds})")
    return Photographs([file.relative_to(folder).as_posix() for file in files], files, rotate)


_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}


def _part(inputs: Texts | Photographs, number: int, count: int) -> Texts | Photographs:
    from dataclasses import replace

    from embarith.encoders.encoding import Texts
    from embarith.errors import OptionError

    total = len(inputs.labels)
    if count > total:
        raise OptionError(f"{total} inputs do not make {count} parts")
    part = slice((number - 1) * total // count, number * total // count)
    if isinstance(inputs, Texts):
        return replace(inputs, labels=inputs.labels[part], sentences=inputs.sentences[part])
    return replace(inputs, labels=inputs.labels[part], paths=inputs.paths[part])
