"""The experiments of work 000 in order: every space, every question set, nothing done twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import Any, TypedDict

import numpy as np

from embarith import questions
from embarith.errors import EmbarithError, OptionError
from embarith.experiments.additivity import additivity
from embarith.experiments.analogy import analogy
from embarith.experiments.analogy.run import Settings
from embarith.experiments.extraction import COUNTS, extraction
from embarith.experiments.gap import modality_gap
from embarith.experiments.geometry import geometry
from embarith.experiments.island import island
from embarith.experiments.plane import plane
from embarith.experiments.semeval import semeval
from embarith.experiments.similarity import similarity
from embarith.paper.config import Config, SimatConfig
from embarith.paper.pictures import Pictures
from embarith.paper.simat import Captioned
from embarith.paper.spaces import Opened
from embarith.paper.store import Store
from embarith.photos import pool, without_shared
from embarith.progress import Progress
from embarith.questions import AnalogySet, SemEval, SimilaritySet
from embarith.questions.cells import Cell
from embarith.result import Result
from embarith.table import EmbeddingTable

# Draws of the control on sets of thousands of questions, each searched again.
_CONTROL = 20
# Photographs that a word must keep once those are gone that it shares with other words of a set.
_KEPT = 10
# Questions that are drawn in the plane, each of another relation.
_PLANES = 3
# What asks the chosen questions; angles and islands have others besides.
_OF_CHOSEN = ("offset", "random-pairs", "angles", "island", "extraction", "plane")


def named_questions() -> AnalogySet:
    """Return the three questions of work 000's table 4."""
    rows = (
        ("hour", "seconds", "feet", "inches"),
        ("ocean", "pacific", "planet", "earth"),
        ("laugh", "happiness", "nod", "agreement"),
    )
    a, b, c, d = zip(*rows, strict=True)
    return AnalogySet(
        name="table-4",
        source="Investigating the Arithmetic of Visual Embeddings, table 4",
        relations=tuple(f"{a}:{b}::{c}:{d}" for a, b, c, d in rows),
        relation=np.arange(len(rows)),
        a=a,
        b=b,
        c=c,
        gold=tuple((one,) for one in d),
    )


class _Common(TypedDict):
    draws: int
    seed: int


@dataclass(frozen=True)
class Study:
    """What all parts have in common.

    Parameters
    ----------
    rated : sequence of SimilaritySet
        Sets of rated pairs.
    cells : mapping of str to tuple of (str, str)
        Photographs by two factors.
    captioned : Captioned, EmbarithError or None
        A SIMAT set, or why there is none that was wanted.
    """

    config: Config
    store: Store
    task: SemEval
    pictures: Pictures
    rated: Sequence[SimilaritySet]
    cells: Mapping[str, tuple[Cell, ...]]
    captioned: Captioned | EmbarithError | None
    spaces: Sequence[Opened]
    progress: Progress | None

    def measure(self) -> None:
        """Measure whatever the config asks for, part by part."""
        wanted = set(self.config.experiments)
        if self.pictures.chosen is None:
            for name in self.config.experiments:
                if name in _OF_CHOSEN:
                    self.store.leave_out(name, self.pictures.reason)
        else:
            self._ask_chosen(self.pictures.chosen, wanted)
        others = {
            "angles": self._named,
            "extended": self._extended,
            "island": self._islands_extended,
            "geometry": self._geometry,
            "gap": self._gaps,
            "additivity": self._additivity,
            "semeval": self._semeval,
            "similarity": self._similarity,
        }
        for part, measure in others.items():
            if part in wanted:
                measure()
        if self.config.simat is not None and self.captioned is not None:
            self._simat(self.config.simat, self.captioned)

    def _side(self, side: str) -> list[Opened]:
        return [one for one in self.spaces if one.space.side == side]

    def _ask_chosen(self, chosen: AnalogySet, wanted: Set[str]) -> None:
        if wanted & {"offset", "random-pairs", "angles"}:
            self._offset(chosen)
        if "angles" in wanted:
            self._untrained(chosen)
        if "island" in wanted:
            self._islands("island", chosen, self.spaces)
        if "extraction" in wanted:
            self._extraction(chosen)
        if "plane" in wanted:
            self._planes(chosen)

    def _offset(self, chosen: AnalogySet) -> None:
        """Tables 1 and 2: the chosen questions, asked of the spaces that know all their words."""
        able = [
            one
            for one in self.spaces
            if not one.random and (one.table.rows(chosen.words) >= 0).all()
        ]
        joint = [one.table for one in able]
        paper: Settings = {"vocab": "questions", "control_draws": self.config.control_draws}
        if joint:
            self._analogy("offset", joint, chosen, paper)
            self._analogy("offset-raw", joint, chosen, {**paper, "raw": True})
            centred = [table.select(list(chosen.words)).centered() for table in joint]
            self._analogy("offset-centred", centred, chosen, paper)
        for one in self.spaces:
            if one not in able:
                self._analogy(f"offset/{one.name}", [one.table], chosen, paper)
                raw: Settings = {**paper, "raw": True}
                self._analogy(f"offset-raw/{one.name}", [one.table], chosen, raw)
            self._analogy(f"standard/{one.name}", [one.table], chosen)

    def _untrained(self, chosen: AnalogySet) -> None:
        """Tables 5 and 6: copies without training."""
        for one in self.spaces:
            if one.untrained:
                among: Settings = {"vocab": "questions"}
                self._analogy(f"untrained/{one.name}", one.untrained, chosen, among)

    def _named(self) -> None:
        """Table 4: the named questions."""
        named = named_questions()
        bare: Settings = {"control_draws": 0, "baselines": False, "vocab": "questions"}
        for one in self.spaces:
            self._analogy(f"named/{one.name}", [one.table], named, bare)

    def _extended(self) -> None:
        """Table 3: every reading of the extended set; photographs are asked the meaningful one."""
        for reading in questions.READINGS:
            asked = self.task.extended(reading)
            for one in self._side("text"):
                self._analogy(f"extended-{reading}/{one.name}", [one.table], asked)
        within = self.task.extended("relation").map_words(str.lower)
        pictured = sorted((word, list(found)) for word, found in self.pictures.words.items())
        for one in self._side("image"):
            self._part(
                f"extended-relation/{one.name}",
                [one.photographs or one.table],
                [within.sha256, pictured],
                partial(self._ask_unshared, one, within),
            )

    def _ask_unshared(self, one: Opened, asked: AnalogySet) -> Result:
        return analogy(self._unshared(one, asked), asked, progress=self.progress, **self._common)

    def _unshared(self, one: Opened, asked: AnalogySet) -> EmbeddingTable:
        """Pool again, for a set whose words share photographs: those leave both means."""
        if one.photographs is None:
            return one.table
        words = self.pictures.words
        own = {word: words[word] for word in asked.words if word in words}
        if not own:
            raise OptionError(f"no word of {asked.name} has {self.config.photographs} photographs")
        table = pool(one.photographs, without_shared(own), "mean", least=_KEPT)
        origin = table.provenance
        return EmbeddingTable(
            table.labels,
            table.vectors,
            origin.then("shared photographs left out", encoder=one.name),
        )

    def _islands(self, name: str, asked: AnalogySet, spaces: Sequence[Opened]) -> None:
        for one in spaces:
            self._part(
                f"{name}/{one.name}",
                [one.table],
                [asked.sha256],
                partial(island, one.table, asked, progress=self.progress, **self._common),
            )

    def _islands_extended(self) -> None:
        self._islands("island-extended", self.task.extended("relation"), self._side("text"))

    def _geometry(self) -> None:
        """Over the words that can be asked about, all the same for spaces that know them."""
        words = list(dict.fromkeys(word.lower() for word in self.task.words))
        for one in self.spaces:
            self._part(
                f"geometry/{one.name}",
                [one.table],
                [words],
                partial(
                    geometry,
                    one.table,
                    words,
                    name="words of SemEval-2012 Task 2",
                    progress=self.progress,
                    **self._common,
                ),
            )

    def _gaps(self) -> None:
        """Between the two sides of one encoder, which share a space."""
        couples = [
            (one, other)
            for one in self._side("image")
            for other in self._side("text")
            if one.space.encoder == other.space.encoder != ""
            and one.space.random_weights == other.space.random_weights
        ]
        if not couples:
            self.store.leave_out("gap", "no encoder has a space of photographs and one of words")
        for one, other in couples:
            self._part(
                f"gap/{one.name}/{other.name}",
                [one.table, other.table],
                [one.space.encoder],
                partial(self._gap, one, other),
            )

    def _gap(self, one: Opened, other: Opened) -> Result:
        """Each word that photographs can be asked, as the mean of its photographs and as text."""
        shared = [word for word in one.table.index_to_key if word in other.table]
        return modality_gap(
            one.table.select(shared),
            other.table.select(shared),
            space=one.space.encoder,
            modalities=("means of photographs", "words"),
            **self._common,
        )

    def _additivity(self) -> None:
        able = [one for one in self.spaces if not one.random]
        if not any(one.photographs for one in able):
            self.store.leave_out("additivity", "no space has trained vectors of photographs")
        for one in able:
            if one.photographs is not None:
                self._part(
                    f"additivity/{one.name}",
                    [one.photographs],
                    [self.config.cells, self.cells],
                    partial(
                        additivity,
                        one.photographs,
                        self.cells,
                        name=self.config.cells,
                        factors=("subject", "object"),
                        **self._common,
                    ),
                )

    def _extraction(self, chosen: AnalogySet) -> None:
        """How few photographs would do, for every space that has them."""
        tables = {one.name: one.photographs for one in self.spaces if one.photographs is not None}
        if not tables:
            self.store.leave_out("extraction", "no space has vectors of photographs")
            return
        words = {word: self.pictures.words[word] for word in chosen.words}
        counts = [one for one in COUNTS if one <= self.config.photographs]
        extract = partial(extraction, counts=counts, seed=self.config.seed, progress=self.progress)
        self._part(
            "extraction",
            list(tables.values()),
            [chosen.sha256, words, counts],
            partial(extract, tables, words, chosen),
        )

    def _planes(self, chosen: AnalogySet) -> None:
        """Figure 6: the first chosen question of each of the first relations."""
        count = min(_PLANES, len(chosen.relations))
        first = [int(np.argmax(chosen.relation == one)) for one in range(count)]
        shown = [(chosen.a[i], chosen.b[i], chosen.c[i], chosen.gold[i][0]) for i in first]
        for one in self.spaces:
            for words in shown:
                asked = "{}:{}::{}:{}".format(*words)
                table, images, folder = one.table, None, None
                if one.photographs is not None:
                    table, folder = one.photographs, self.pictures.folder
                    images = {word: self.pictures.words[word] for word in words}
                lay_out = partial(plane, table, asked, images=images, folder=folder)
                self._part(f"plane/{one.name}/{asked}", [table], [images], lay_out)

    def _semeval(self) -> None:
        for one in self._side("text"):
            self._part(
                f"semeval/{one.name}",
                [one.table],
                [self.task.sha256],
                partial(semeval, one.table, self.task, progress=self.progress, **self._common),
            )

    def _similarity(self) -> None:
        for one in self._side("text"):
            self._part(
                f"similarity/{one.name}",
                [one.table],
                [pairs.sha256 for pairs in self.rated],
                partial(_each, partial(similarity, one.table, **self._common), self.rated),
            )

    def _simat(self, config: SimatConfig, asked: Captioned | EmbarithError) -> None:
        """Work 001: photographs moved by the difference of two words, after heads."""
        if isinstance(asked, EmbarithError):
            self.store.leave_out("simat", str(asked))
            return
        besides = {one.name: one.besides for one in self.spaces}
        images, texts = besides[config.images], besides[config.texts]
        if images is None or texts is None:
            drawn = config.images if images is None else config.texts
            self.store.leave_out("simat", f"the weights of {drawn} were drawn at random")
            return
        inputs = [asked.task.sha256, list(asked.captions.items())]
        self._part(
            "simat",
            [images, texts],
            [*inputs, config.method],
            partial(
                asked.score, images, texts, config.method, progress=self.progress, **self._common
            ),
        )
        if config.temperatures:
            self._part(
                "simat-temperatures",
                [images, texts],
                [*inputs, config.temperatures],
                partial(
                    asked.compare,
                    images,
                    texts,
                    config.temperatures,
                    self.store.folder / "heads",
                    progress=self.progress,
                    **self._common,
                ),
            )

    @property
    def _common(self) -> _Common:
        return {"draws": self.config.draws, "seed": self.config.seed}

    def _analogy(
        self,
        name: str,
        tables: Sequence[EmbeddingTable],
        asked: AnalogySet,
        settings: Settings | None = None,
    ) -> None:
        """Ask a set of questions, of all tables together."""
        chosen: Settings = {"control_draws": _CONTROL, **(settings or {})}
        every: Settings = {**chosen, **self._common, "progress": self.progress}
        ask = partial(analogy, list(tables), asked, **every)
        self._part(name, tables, [asked.sha256, chosen], ask)

    def _part(
        self,
        name: str,
        tables: Sequence[EmbeddingTable],
        inputs: Sequence[object],
        compute: Callable[[], Result | Sequence[Result]],
    ) -> None:
        """Compute a part from tables and whatever else it depends on, as JSON takes it."""
        names = [(table.provenance.encoder, table.sha256) for table in tables]
        self.store.part(name, [names, self._common, *inputs], compute)


def _each(experiment: Callable[[Any], Result], inputs: Sequence[Any]) -> list[Result]:
    return [experiment(one) for one in inputs]
