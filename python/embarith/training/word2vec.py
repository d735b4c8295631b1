"""Word2Vec by gensim: continuous bag of words and skip-gram (Mikolov et al. 2013)."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, Literal, get_args

from embarith.errors import OptionError, TableError, nearest
from embarith.progress import Progress
from embarith.provenance import Provenance
from embarith.table import EmbeddingTable
from embarith.training.corpus import PREPROCESSING, Corpus

Architecture = Literal["cbow", "skip-gram"]
ARCHITECTURES: tuple[Architecture, ...] = get_args(Architecture)

# Sentences from one call of progress to the next.
_STEP = 1000
# Files named in the provenance; of more the hash of their list is to be enough.
_LISTED = 20


@dataclass(frozen=True)
class Settings:
    """How to train; names and meanings are gensim's.

    Parameters
    ----------
    architecture : {"cbow", "skip-gram"}
        Predict a word from the mean of its context, or the context from a word.
    vector_size : int
        Dimensions.
    window : int
        Words to each side; of every word a random number up to this is looked at.
    min_count : int
        Words that occur less often get no vector and are passed over.
    negative : int
        Negative samples a word, drawn by frequency to the power 0.75; 0 for none.
    hs : bool
        Hierarchical softmax, beside negative samples or instead of them.
    sample : float
        Occurrences of words that are a greater share of the text than this are passed over at
        random, the more frequent the more of them; 0 for none.
    alpha, min_alpha : float
        Learning rate, falling in proportion to the sentences done.
    epochs : int
        Passes over the text.
    workers : int
        Threads. With one the same text and settings give the same vectors on the same kind of
        processor; of several nobody knows which goes first.
    seed : int
        Below 2**32.
    """

    architecture: Architecture = "cbow"
    vector_size: int = 150
    window: int = 5
    min_count: int = 5
    negative: int = 5
    hs: bool = False
    sample: float = 1e-3
    alpha: float = 0.025
    min_alpha: float = 1e-4
    epochs: int = 15
    workers: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse settings that gensim would take without a word.

        Raises
        ------
        OptionError
        """
        if self.architecture not in ARCHITECTURES:
            known = nearest(self.architecture, ARCHITECTURES)
            raise OptionError(
                f"architecture {self.architecture!r} is none of {', '.join(ARCHITECTURES)}{known}"
            )
        for name in ("vector_size", "window", "min_count", "epochs", "workers"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.negative < 0 or not (self.negative or self.hs):
            raise OptionError("give negative samples, at least 1, or hierarchical softmax")
        if not (0 <= self.min_alpha <= self.alpha and self.alpha > 0):
            raise OptionError(
                f"the learning rate falls from alpha to min_alpha; {self.alpha} and "
                f"{self.min_alpha} do not"
            )
        if not 0 <= self.sample < 1:
            raise OptionError(f"sample is a share of the text, 0 for none, not {self.sample}")
        if not 0 <= self.seed < 2**32:
            raise OptionError(f"seed must be at least 0 and below 2**32, not {self.seed}")


def train(
    corpus: Corpus, settings: Settings | None = None, *, progress: Progress | None = None
) -> EmbeddingTable:
    """Train word vectors.

    Parameters
    ----------
    corpus : Corpus
    settings : Settings, optional
    progress : callable, optional
        Called as progress("training words", done, total), every epoch counted.

    Returns
    -------
    EmbeddingTable
        Words in order of frequency, of equal ones in alphabetical order; with all settings in its
        provenance.

    Raises
    ------
    OptionError
        No word occurs `min_count` times, or the learning rate was too high: vectors overflowed.

    Warns
    -----
    UserWarning
        With several workers: the vectors are not reproducible.
    """
    chosen = settings or Settings()
    require_gensim()
    frequencies = dict(
        sorted(
            zip(corpus.words, corpus.counts.tolist(), strict=True),
            key=lambda entry: (-entry[1], entry[0]),
        )
    )
    word, most = next(iter(frequencies.items()))
    if most < chosen.min_count:
        raise OptionError(
            f"no word occurs {chosen.min_count} times: the most frequent of {len(frequencies):,}, "
            f"{word!r}, occurs {most} times; lower min_count"
        )
    if chosen.workers > 1:
        warnings.warn(
            f"{chosen.workers} workers: trained again, the vectors will differ; one worker "
            "reproduces them",
            stacklevel=2,
        )
    vectors = _train(corpus, frequencies, chosen, progress)
    try:
        return EmbeddingTable.from_arrays(
            vectors.index_to_key, vectors.vectors, provenance=_provenance(corpus, chosen)
        )
    except TableError as error:
        raise OptionError(f"training diverged; lower alpha ({error})") from error


def require_gensim() -> None:
    """Refuse to begin where gensim is not installed, before any text is read.

    Raises
    ------
    OptionError
    """
    if find_spec("gensim") is None:
        raise OptionError("training word vectors needs gensim: pip install 'embarith[words]'")


def _train(
    corpus: Corpus, frequencies: dict[str, int], settings: Settings, progress: Progress | None
) -> Any:
    from gensim.models import Word2Vec

    # It warns of short texts and counts words by log lines.
    logging.getLogger("gensim").addHandler(logging.NullHandler())
    model = Word2Vec(
        vector_size=settings.vector_size,
        window=settings.window,
        min_count=settings.min_count,
        sg=settings.architecture == "skip-gram",
        negative=settings.negative,
        hs=settings.hs,
        sample=settings.sample,
        alpha=settings.alpha,
        min_alpha=settings.min_alpha,
        epochs=settings.epochs,
        workers=settings.workers,
        seed=settings.seed,
        # Python's own hash of words differs from process to process.
        hashfxn=_no_hash,
        # They are in order, and words of equal frequency in one that gensim has no say in.
        sorted_vocab=0,
    )
    model.build_vocab_from_freq(frequencies, corpus_count=len(corpus))
    fed = _Fed(corpus, settings.epochs, progress)

    def run() -> None:
        try:
            model.train(fed, total_examples=len(corpus), epochs=settings.epochs)
        except Exception as fault:
            fed.fault = fault

    # gensim waits for its threads for ever if one fails, and leaves them behind if it is
    # interrupted: so it runs in a thread of its own and is fed no more once it is to end.
    trainer = threading.Thread(target=run, daemon=True)
    trainer.start()
    try:
        while trainer.is_alive():
            trainer.join(0.1)
    finally:
        fed.stopped = True
        trainer.join()
    if fed.fault is not None:
        raise fed.fault
    return model.wv


def _no_hash(_: object) -> int:
    raise AssertionError("initial vectors come from the seed alone")


class _Fed:
    """The corpus as gensim is fed with it: counted, and ending early when it is to stop."""

    def __init__(self, corpus: Corpus, epochs: int, progress: Progress | None) -> None:
        self._corpus, self._progress = corpus, progress
        self._total = epochs * len(corpus.tokens)
        self._done = 0
        self.stopped = False
        self.fault: Exception | None = None

    def __iter__(self) -> Iterator[list[str]]:
        try:
            for number, sentence in enumerate(self._corpus):
                if self.stopped:
                    return
                yield sentence
                self._done += len(sentence)
                if self._progress and number % _STEP == 0:
                    self._progress("training words", self._done, self._total)
        except Exception as fault:
            self.fault, self.stopped = fault, True


def _provenance(corpus: Corpus, settings: Settings) -> Provenance:
    tokens = len(corpus.tokens)
    known = corpus.counts[corpus.counts >= settings.min_count]
    listed = ", ".join(f"{one.name} ({one.sha256})" for one in corpus.sources)
    files = listed if len(corpus.sources) <= _LISTED else f"{len(corpus.sources):,} files"
    lines = (
        f"corpus: {tokens:,} words, {len(corpus.words):,} different, in {len(corpus):,} sentences "
        f"of {corpus.texts:,} texts ({corpus.tagged:,} tagged); {known.sum():,} words, "
        f"{len(known):,} different, occur {settings.min_count} times or more",
        "trained by Word2Vec: "
        + ", ".join(f"{name} {value}" for name, value in vars(settings).items()),
    )
    return Provenance(
        encoder=f"word2vec-{settings.architecture}-{settings.vector_size}d",
        source=f"gensim {version('gensim')} on {files}",
        sha256=corpus.sha256,
        preprocessing=PREPROCESSING,
        frequency_order=True,
        steps=lines,
    )
