"""The embedding spaces that a config names, opened, trained or encoded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

from embarith import data
from embarith.data import Ask
from embarith.data.catalogue import CATALOGUE
from embarith.data.finding import folders
from embarith.encoders import CARDS
from embarith.encoders.encoding import Photographs, Texts, encode
from embarith.encoders.onnx import OnnxEncoder, default_folder, load_encoder
from embarith.errors import DataError, OptionError, nearest
from embarith.files import sha256_of
from embarith.paper.config import Space, slug
from embarith.photos import pool
from embarith.progress import Progress
from embarith.table import EmbeddingTable

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Opened:
    """One space, ready to be asked.

    Parameters
    ----------
    space : Space
    table : EmbeddingTable
        One row a word.
    photographs : EmbeddingTable or None
        One row a photograph, on the image side.
    untrained : tuple of EmbeddingTable
        Words in the same architecture with random weights, one a seed.
    besides : EmbeddingTable or None
        What was wanted of its encoder besides, photographs or texts.
    """

    space: Space
    table: EmbeddingTable
    photographs: EmbeddingTable | None = None
    untrained: tuple[EmbeddingTable, ...] = ()
    besides: EmbeddingTable | None = None

    @property
    def name(self) -> str:
        """What the report calls it."""
        return self.space.name

    @property
    def origin(self) -> str:
        """What its table called itself."""
        provenance = self.table.provenance
        named = next((step for step in provenance.steps if step.startswith("here called")), "")
        return named.partition(": ")[2] or provenance.encoder

    @property
    def random(self) -> bool:
        """Whether its weights were drawn, for this run or by whoever made the table."""
        return self.table.provenance.random_weights is not None


@dataclass(frozen=True)
class Opener:
    """What opening a space takes.

    Parameters
    ----------
    base : Path
        Folder of the config, which its paths are relative to.
    folder : Path
        Where encoders and tables are kept.
    images : Path
        Folder of the photographs.
    words : mapping of str to sequence of str
        The photographs of every word that has enough, all of which are encoded.
    candidates : sequence of str
        Those of the words that the table of a space holds.
    asked : sequence of str
        Words that text encoders are to encode.
    few : mapping of str to sequence of str
        Those of `words` that the chosen questions ask about, or all where there are no such
        questions: all that random weights encode.
    more : sequence of str
        Other images of the collection that are wanted.
    besides : mapping of str to sequence of str
        Images of the collection, or texts, that are wanted of one space alone, by its name.
    """

    base: Path
    folder: Path
    images: Path
    words: Mapping[str, Sequence[str]]
    candidates: Sequence[str]
    asked: Sequence[str]
    few: Mapping[str, Sequence[str]]
    more: Sequence[str]
    besides: Mapping[str, Sequence[str]]
    data_dir: Path | None
    ask: Ask | None
    progress: Progress | None
    tell: Tell

    def check(self, space: Space) -> None:
        """Look for what a space names, before hours go into another.

        Raises
        ------
        DataError, OptionError
            It is absent, or no model; suggests the nearest.
        """
        for spec in (space.table, space.photos, *space.corpus):
            if spec and spec not in CATALOGUE:
                find(spec, self.base, self.data_dir)
        if space.encoder and self._exported(space.encoder) is None:
            if space.encoder.partition(":")[0] not in {one.partition(":")[0] for one in CARDS}:
                raise OptionError(
                    f"space {space.name!r}: encoder {space.encoder!r} is neither an exported "
                    f"folder nor the id of a model{nearest(space.encoder, CARDS)} "
                    "(`embarith models list` shows the ids)"
                )
        elif space.encoder not in CARDS and (space.untrained or space.random_weights is not None):
            raise OptionError(
                f"space {space.name!r}: weights can be drawn for the id of a model, not for the "
                f"exported folder {space.encoder!r}"
            )

    def open(self, space: Space) -> Opened:
        """Open a space under its own name.

        Raises
        ------
        EmbarithError
            Whatever keeps it from being opened; names the space.
        """
        photographs = besides = None
        untrained: tuple[EmbeddingTable, ...] = ()
        if space.table:
            table = self._table(space.table)
        elif space.word2vec:
            table = self._trained(space)
        elif space.photos:
            photographs = self._table(space.photos)
            table = self._pooled(photographs, self.words)
        else:
            trained = self._encoder(space.encoder, space.random_weights)
            only = self.words if space.random_weights is None else self.few
            table, photographs, besides = self._encoded(space, trained, only)
            untrained = tuple(
                self._encoded(space, self._encoder(space.encoder, seed), self.few)[0]
                for seed in range(space.untrained)
            )
        if photographs is not None:
            photographs = _called(photographs, space.name)
        if besides is not None:
            besides = _called(besides, space.name)
        return Opened(space, _called(table, space.name), photographs, untrained, besides)

    def _table(self, spec: str) -> EmbeddingTable:
        spec = spec if spec in CATALOGUE else str(find(spec, self.base, self.data_dir))
        return data.open_table(spec, data_dir=self.data_dir, ask=self.ask, progress=self.progress)

    def _trained(self, space: Space) -> EmbeddingTable:
        from embarith.training.corpus import PREPROCESSING, read_corpus
        from embarith.training.word2vec import Settings, train

        assert space.word2vec
        settings = Settings(architecture=space.word2vec)
        if space.epochs is not None:
            settings = replace(settings, epochs=space.epochs)
        corpus = [find(one, self.base, self.data_dir) for one in space.corpus]
        files = sorted(
            (str(file.relative_to(path.parent)), sha256_of(file))
            for path in corpus
            for file in (path, *path.rglob("*"))
            if file.is_file()
        )
        made_by = [PREPROCESSING, version("gensim"), asdict(settings)]
        key = hashlib.sha256(json.dumps([made_by, files]).encode()).hexdigest()
        path = self.folder / "tables" / f"{slug(space.name)}.{key[:16]}.arrow"
        if not path.exists():
            self.tell(f"training {space.name} on {', '.join(space.corpus)}")
            read = read_corpus(corpus, progress=self.progress)
            path.parent.mkdir(parents=True, exist_ok=True)
            train(read, settings, progress=self.progress).save(path)
        return EmbeddingTable.open(path)

    def _encoder(self, spec: str, random_weights: int | None) -> OnnxEncoder:
        exported = self._exported(spec) if random_weights is None else None
        if exported is not None:
            return load_encoder(exported)
        name = slug(spec) + ("" if random_weights is None else f"-random-{random_weights}")
        folder = self.folder / "encoders" / name
        if not (folder / "card.toml").is_file():
            from embarith.export import export

            self.tell(f"exporting {spec}" + _random(random_weights))
            export(spec, folder, random_weights=random_weights, progress=self.progress)
        return load_encoder(folder)

    def _exported(self, spec: str) -> Path | None:
        """Return the folder of an exported encoder, None where it is not exported yet."""
        for folder in (self.base / Path(spec).expanduser(), Path(spec), default_folder(spec)):
            if (folder / "card.toml").is_file():
                return folder
        return None

    def _encoded(
        self, space: Space, encoder: OnnxEncoder, words: Mapping[str, Sequence[str]]
    ) -> tuple[EmbeddingTable, EmbeddingTable | None, EmbeddingTable | None]:
        name = slug(space.name)
        random = encoder.card.export.random_weights if encoder.card.export else None
        name += "" if random is None else f"-random-{random}"
        self.tell(f"encoding {space.name}{_random(random)} on {encoder.device}")
        labels = self.asked
        if space.side == "image":
            images = [image for found in words.values() for image in found]
            labels = list(dict.fromkeys(images if random is not None else [*images, *self.more]))
        besides = self.besides.get(space.name, ()) if random is None else ()
        every = list(dict.fromkeys((*labels, *besides)))
        inputs: Texts | Photographs
        if space.side == "text":
            inputs = Texts(every, [[text] for text in every])
        else:
            inputs = Photographs(every, [self.images / image for image in every])
        done = encode(
            encoder,
            inputs,
            self.folder / "tables" / f"{name}.{space.side}.arrow",
            progress=self.progress,
            on_fault=lambda label, reason: self.tell(f"left out {label!r}: {reason}"),
        )
        table, more = done.table, None
        if besides:
            # In one file, so that nothing is encoded twice; apart, so that no other part changes.
            table, more = (
                done.table.select([one for one in wanted if one in done.table])
                for wanted in (labels, besides)
            )
        if space.side == "text":
            return table, None, more
        return self._pooled(table, words), table, more

    def _pooled(
        self, photographs: EmbeddingTable, words: Mapping[str, Sequence[str]]
    ) -> EmbeddingTable:
        pooled = {word: words[word] for word in self.candidates if word in words}
        return pool(photographs, pooled, "mean", least=min(map(len, pooled.values())))


def find(spec: str, base: Path, data_dir: Path | None) -> Path:
    """Return the path that a config means: from the config's folder, or in a data folder.

    Raises
    ------
    DataError
        There is none; suggests the nearest.
    """
    places = [base, *(folder for _, folder in folders(data_dir))]
    paths = [place / Path(spec).expanduser() for place in places]
    for path in paths:
        if path.exists():
            return path
    siblings = [entry.name for place in places for entry in place.iterdir()]
    looked = " and ".join(dict.fromkeys(repr(str(path.absolute())) for path in paths))
    raise DataError(
        f"{spec!r} is not there, looked for as {looked}"
        f"{nearest(spec, siblings) or '; EMBARITH_DATA may name another folder'}"
    )


def _random(seed: int | None) -> str:
    return "" if seed is None else f" with random weights {seed}"


def _called(table: EmbeddingTable, name: str) -> EmbeddingTable:
    """Return the table under a name of the reader's, which its results then carry."""
    origin = table.provenance
    if origin.encoder == name:
        return table
    named = replace(origin, steps=(f"here called {name!r}: {origin.encoder}", *origin.steps))
    return EmbeddingTable(table.labels, table.vectors, replace(named, encoder=name))
