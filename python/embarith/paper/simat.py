"""Text-driven transformation: a SIMAT set, and heads between two spaces of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from embarith.errors import DataError
from embarith.experiments.heads import temperature_study
from embarith.experiments.simat import simat
from embarith.experiments.thumbnails import illustrated
from embarith.paper.config import SimatConfig
from embarith.paper.spaces import find
from embarith.photos import read_captions
from embarith.progress import Progress
from embarith.questions import simat as sets
from embarith.questions.simat import Simat
from embarith.result import HeadsResult, SimatResult
from embarith.table import EmbeddingTable
from embarith.training.heads import Method, Settings, train
from embarith.training.pairs import Pairs, pair


@dataclass(frozen=True)
class Captioned:
    """A SIMAT set, and photographs with captions that heads are fitted on.

    Parameters
    ----------
    task : Simat
    captions : mapping of str to sequence of str
        Perhaps of photographs of the set too, which are left out of fitting.
    folder : Path
        Of all photographs.
    """

    task: Simat
    captions: Mapping[str, Sequence[str]]
    folder: Path

    @property
    def photographs(self) -> list[str]:
        """All whose vectors are wanted."""
        return list(dict.fromkeys((*self.task.images, *self.captions)))

    @property
    def texts(self) -> list[str]:
        """All whose vectors are wanted."""
        own = frozenset(self.task.images)
        fitted = (said for image, said in self.captions.items() if image not in own)
        return list(dict.fromkeys((*self.task.texts, *(one for said in fitted for one in said))))

    def score(
        self,
        images: EmbeddingTable,
        texts: EmbeddingTable,
        method: Method,
        *,
        draws: int,
        seed: int,
        progress: Progress | None = None,
    ) -> SimatResult:
        """Score a table of photographs and one of texts on the set, after heads fitted on them.

        Raises
        ------
        EmbarithError
            As `pair`, `simat` and `illustrated`.
        """
        heads = train(self._pairs(images, texts, seed), Settings(method=method)).heads
        result = simat(
            images, texts, self.task, heads=heads, draws=draws, seed=seed, progress=progress
        )
        return illustrated(result, self.folder)

    def compare(
        self,
        images: EmbeddingTable,
        texts: EmbeddingTable,
        temperatures: Sequence[float],
        folder: Path,
        *,
        draws: int,
        seed: int,
        progress: Progress | None = None,
    ) -> HeadsResult:
        """Score contrastive heads of several temperatures, which are kept in a folder.

        Raises
        ------
        EmbarithError
            As `temperature_study`.
        """
        return temperature_study(
            images,
            texts,
            self.captions,
            self.task,
            folder / self._pairs(images, texts, seed).sha256[:16],
            temperatures=temperatures,
            draws=draws,
            seed=seed,
            progress=progress,
        )

    def _pairs(self, images: EmbeddingTable, texts: EmbeddingTable, seed: int) -> Pairs:
        own = {*self.task.images, *self.task.regions}
        return pair(images, texts, self.captions, hold_out=own, seed=seed)


def read(
    config: SimatConfig, folder: Path, *, base: Path, data_dir: Path | None, seed: int
) -> Captioned:
    """Read the set and the captions that a config names.

    Parameters
    ----------
    config : SimatConfig
    folder : Path
        Of the collection's photographs.
    base : Path
        Folder of the config.
    data_dir : path or None
    seed : int
        Of the split of a set that has none.

    Raises
    ------
    DataError
        One of them, or a photograph of theirs, is absent.
    FormatError
        As `embarith.questions.simat.read` and `read_captions`.
    """
    task = sets.read(find(config.data, base, data_dir), seed=seed)
    captions = read_captions(find(config.captions, base, data_dir))
    found = Captioned(task, captions, folder)
    absent = [image for image in found.photographs if not (folder / image).is_file()]
    if absent:
        raise DataError(
            f"{folder / absent[0]}: no such photograph; {len(absent):,} of {config.data} and "
            f"{config.captions} are absent"
        )
    return found
