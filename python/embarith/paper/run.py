"""A run: questions chosen, spaces opened, whatever the folder does not hold yet measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile

from msgspec import structs

from embarith import machine, questions
from embarith.data import Ask
from embarith.errors import EmbarithError, OptionError
from embarith.paper import simat
from embarith.paper.config import Config, placed
from embarith.paper.pictures import find_pictures
from embarith.paper.simat import Captioned
from embarith.paper.spaces import Opened, Opener, find
from embarith.paper.store import Store
from embarith.paper.study import Study, named_questions
from embarith.progress import Progress
from embarith.questions import SemEval
from embarith.questions.cells import Cells, read_cells
from embarith.result.paper import Manifest, SpaceInfo

# Where the chosen questions lie in the folder.
_CHOSEN = "picturable.tsv"


def run(
    config: Config,
    folder: Path,
    *,
    path: Path | None = None,
    data_dir: Path | None = None,
    ask: Ask | None = None,
    progress: Progress | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Run what a config asks for; what the folder holds from the same inputs is taken over.

    Parameters
    ----------
    config : Config
    folder : Path
        For encoders, tables, results and the manifest; see `embarith.paper.store.load`.
    path : Path, optional
        File of the config, whose folder its paths are relative to: else to the current one.
    data_dir : path, optional
        Folder of data to look in first.
    ask, progress : callable, optional
        Offer downloads and follow the work, as `embarith.data.locate` has them.
    tell : callable
        Called with a line about what happens.

    Raises
    ------
    EmbarithError
        A space or a question set cannot be had, or the collection where there is a space of
        photographs, or nothing can be written into the folder. Parts that are done stay.
    """
    base = path.parent if path else Path()
    task = questions.load("semeval", data_dir=data_dir, ask=ask, progress=progress)
    assert isinstance(task, SemEval)
    sides = {space.side for space in config.spaces}
    pictures = find_pictures(config, task, path, data_dir)
    words = pictures.words
    rated = []
    if "similarity" in config.experiments and "text" in sides:
        rated = [
            questions.load_similarity(name, data_dir=data_dir, ask=ask, progress=progress)
            for name in questions.SIMILARITY_NAMES
        ]
    cells: Cells = {}
    if "additivity" in config.experiments and "image" in sides:
        with placed(path, "cells"):
            cells = read_cells(find(config.cells, base, data_dir))
    captioned, besides = _captioned(config, pictures.folder, base, data_dir), {}
    if config.simat is not None and isinstance(captioned, Captioned):
        besides = {
            config.simat.images: captioned.photographs,
            config.simat.texts: captioned.texts,
        }
    chosen = pictures.chosen.words if pictures.chosen else ()
    asked = (*task.words, *named_questions().words, *(word for one in rated for word in one.words))
    few = {word: words[word] for word in chosen} or words
    taken = {image for found in few.values() for image in found}
    # A word that shares photographs with one asked about would stand too near to it.
    apart = [word for word in words if word not in few and taken.isdisjoint(words[word])]
    opener = Opener(
        base=base,
        folder=folder,
        images=pictures.folder,
        words=words,
        candidates=[*few, *apart],
        asked=list(dict.fromkeys((*chosen, *map(str.lower, asked)))),
        few=few,
        more=[image for image in cells if (pictures.folder / image).is_file()],
        besides=besides,
        data_dir=data_dir,
        ask=ask,
        progress=progress,
        tell=tell,
    )
    for number, space in enumerate(config.spaces):
        with placed(path, "spaces", number):
            opener.check(space)
    _make(folder)
    # Untrained copies are asked the chosen questions and nothing else.
    named = [one if chosen else structs.replace(one, untrained=0) for one in config.spaces]
    spaces = [opener.open(space) for space in named]
    study = Study(
        config=config,
        store=Store(folder, machine.code(), tell),
        task=task,
        pictures=pictures,
        rated=rated,
        cells=cells,
        captioned=captioned,
        spaces=spaces,
        progress=progress,
    )
    study.measure()
    if pictures.chosen is not None:
        questions.write(pictures.chosen, folder / _CHOSEN)
    else:
        (folder / _CHOSEN).unlink(missing_ok=True)
    study.store.finish(
        Manifest(
            spaces=tuple(_describe(one, config, opener) for one in spaces),
            selection=pictures.selection,
            unpictured=tuple(word for word in named_questions().words if word not in words),
            parts=tuple(study.store.parts),
            seed=config.seed,
        )
    )


def _make(folder: Path) -> None:
    """Make the folder of a run, and see that it can be written into before hours go by."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as reason:
        raise OptionError(
            f"nothing can be written into the folder {str(folder.absolute())!r} "
            f"({reason.strerror}); name another"
        ) from None


def _captioned(
    config: Config, folder: Path, base: Path, data_dir: Path | None
) -> Captioned | EmbarithError | None:
    """Return what the part `simat` is asked, or why it cannot be; None where nobody wants it."""
    if config.simat is None or "simat" not in config.experiments:
        return None
    try:
        return simat.read(config.simat, folder, base=base, data_dir=data_dir, seed=config.seed)
    except EmbarithError as reason:
        return reason


def _describe(one: Opened, config: Config, opener: Opener) -> SpaceInfo:
    pictured = one.photographs is not None
    wanted = opener.candidates if one.space.random_weights is None else opener.few
    return SpaceInfo(
        name=one.name,
        side=one.space.side,
        rows=len(one.table),
        dimensions=one.table.dimensions,
        encoder=one.origin,
        licence=one.table.provenance.licence,
        random_weights=one.random,
        photographs=config.photographs if pictured else 0,
        left_out=len(wanted) - len(one.table) if pictured else 0,
        untrained=len(one.untrained),
    )
