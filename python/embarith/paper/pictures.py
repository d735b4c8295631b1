"""What a collection has photographs of, and the questions that these can be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from embarith import questions
from embarith.errors import EmbarithError, OptionError
from embarith.paper.config import Config, placed
from embarith.paper.spaces import find
from embarith.photos import read_collection
from embarith.questions import AnalogySet, SemEval
from embarith.result.paper import Selection


@dataclass(frozen=True)
class Pictures:
    """What a collection has photographs of.

    Parameters
    ----------
    folder : Path
        Of the images.
    words : mapping of str to sequence of str
        The photographs that stand for every word that has enough.
    chosen : AnalogySet or None
        The questions that photographs can be asked.
    selection : Selection or None
        How they were chosen.
    reason : str
        Why there are none.
    """

    folder: Path = Path()
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    chosen: AnalogySet | None = None
    selection: Selection | None = None
    reason: str = ""


def find_pictures(
    config: Config, task: SemEval, path: Path | None, data_dir: Path | None
) -> Pictures:
    """Return what the collection holds; spaces of text alone can do without."""
    why = "no questions chosen by photographs: {}"
    try:
        with placed(path, "collection"):
            base = path.parent if path else Path()
            collection = read_collection(find(config.collection, base, data_dir))
        counts = {word: len(found) for word, found in collection.words.items()}
        with placed(path, "photographs"):
            _refuse_too_many(config, counts)
    except EmbarithError as reason:
        if any(space.side == "image" for space in config.spaces):
            raise
        return Pictures(reason=why.format(reason))
    words = {
        word: found[: config.photographs]
        for word, found in collection.words.items()
        if counts[word] >= config.photographs
    }
    try:
        with placed(path, "photographs"):
            chosen, selection = questions.picturable(
                task, collection.words, photographs=config.photographs
            )
    except EmbarithError as reason:
        fewer = f"{why.format(reason)}; a lower `photographs` may leave some"
        return Pictures(collection.folder, words, reason=fewer)
    return Pictures(collection.folder, words, chosen, selection)


def _refuse_too_many(config: Config, counts: Mapping[str, int]) -> None:
    most = max(counts, key=counts.__getitem__, default=None)
    if most is None or counts[most] < config.photographs:
        raise OptionError(
            f"photographs = {config.photographs}: no word of {config.collection} has as many; the "
            f"most is {counts.get(most or '', 0)}, of {most!r}. Lower it, or find more with "
            "`embarith images find`"
        )
