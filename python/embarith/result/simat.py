"""The results of text-driven image transformation: the SIMAT score, and a single query."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from embarith.result.codec import Record
from embarith.result.figures import Coverage, EncoderInfo, Interval, QuestionsInfo, Run

Split = Literal["dev", "test", "all"]


@dataclass(frozen=True, slots=True)
class SimatFigure:
    """A SIMAT score, 100 times the weighted mean success, of `n` queries; 95 % interval."""

    n: int
    value: float
    ci: Interval | None = None


@dataclass(frozen=True, slots=True)
class SimatScores:
    """The score of all queries and by the field that is changed; None where n = 0."""

    all: SimatFigure | None
    subject: SimatFigure | None
    relation: SimatFigure | None
    object: SimatFigure | None


@dataclass(frozen=True, slots=True)
class SimatSplits:
    """The same of the two splits and of both together."""

    dev: SimatScores
    test: SimatScores
    all: SimatScores


@dataclass(frozen=True, slots=True)
class SimatPoint:
    """The scores at one λ."""

    lam: float
    scores: SimatSplits


@dataclass(frozen=True, slots=True)
class SimatBaselines:
    """What needs no transformation, or no learning.

    Parameters
    ----------
    no_heads : SimatScores or None
        Without heads, at its own λ, `no_heads_lam`, picked on dev; None without heads, or where
        the two tables are not of one encoder: dimensions alone make no space of two.
    random : SimatScores
        A photograph drawn among the others, in closed form.
    unchanged : SimatScores
        λ = 0: the photograph nearest to the query's.
    text_alone : SimatScores
        x = E_txt(target): the photograph nearest to the new word.
    target_caption : SimatScores or None
        x = E_txt(target caption); None where a caption is not in the table of texts.
    ceiling : SimatScores
        Queries with any right photograph to be found.
    """

    no_heads: SimatScores | None
    no_heads_lam: float | None
    random: SimatScores
    unchanged: SimatScores
    text_alone: SimatScores
    target_caption: SimatScores | None
    ceiling: SimatScores


@dataclass(frozen=True, slots=True)
class HeadsInfo:
    """The heads: name, hash of their arrays, dimension, temperature where it is known, making."""

    name: str
    sha256: str
    dimensions: int
    temperature: float | None
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SimatJudge:
    """Who says which photograph is right.

    Parameters
    ----------
    kind : {"triples", "matrix", "encoders"}
        The triples that photographs carry; a matrix of image-text similarities above `threshold`;
        or two tables of another encoder, for which the target caption ranks first among the
        captions.
    name : str
        Of the encoder or matrix, or empty.
    threshold : float or None
    agreement : float or None
        Share of the reported queries whose answer this judge and the triples call the same; None
        where the triples judge.
    own : float or None
        Share of queries whose own photograph the judge calls right already, which by triples none
        is; None where the triples judge.
    """

    kind: Literal["triples", "matrix", "encoders"]
    name: str = ""
    threshold: float | None = None
    agreement: float | None = None
    own: float | None = None


@dataclass(frozen=True, slots=True)
class SimatSet:
    """What was asked: gallery, captions, queries by split, and how the split came about."""

    photographs: int
    captions: int
    words: int
    dev: int
    test: int
    split: str
    stale: int


@dataclass(frozen=True, slots=True)
class SimatPair:
    """One change of words: the queries that ask for it, and the share of them that succeed.

    Parameters
    ----------
    field, value, target : str
    n : int
    success : float
    weight : float
        Share of the queries in the score, which is 100 times the sum of `weight` · `success`.
    """

    field: str
    value: str
    target: str
    n: int
    success: float
    weight: float


@dataclass(frozen=True, slots=True)
class SimatExample:
    """One query and the photographs nearest to it, best first, with their cosines."""

    image: str
    field: str
    value: str
    target: str
    caption: str
    retrieved: tuple[str, ...]
    scores: tuple[float, ...]
    right: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimatResult(Record):
    """SIMAT: how often what was asked for is nearest to E_img(I) + λ(E_txt(w2) − E_txt(w1)).

    Parameters
    ----------
    images, texts : EncoderInfo
    heads : HeadsInfo or None
    questions : QuestionsInfo
        `pairs` are the different changes of words.
    coverage : Coverage
        Queries with a word that the table of texts lacks are not asked.
    data : SimatSet
    judge : SimatJudge
    split : {"dev", "test", "all"}
        The queries that `scores`, `pairs`, `differences` and `examples` are of.
    lam : float
        λ of these: of the highest score on dev, the lowest of equals.
    scores : SimatScores
    missing_as_wrong : float or None
        The score of all queries of the split, those not asked counted as failed.
    curve : tuple of SimatPoint
        At every λ that was asked for.
    best : SimatPoint
        Of the highest score over all queries of both splits, chosen on the queries it is given on.
    baselines : SimatBaselines
        Of the same queries.
    differences : dict of str to SimatFigure
        Score less that of each baseline, with the interval of the paired bootstrap.
    pairs : tuple of SimatPair
    examples : tuple of SimatExample
        Drawn with the seed, some of every field and outcome.
    thumbnails : dict of str to str
        Small JPEGs in base64 of the photographs of `examples`, by name; empty where none were made.
    """

    schema: Literal["embarith.simat/1"] = "embarith.simat/1"
    images: EncoderInfo
    texts: EncoderInfo
    heads: HeadsInfo | None
    questions: QuestionsInfo
    coverage: Coverage
    data: SimatSet
    judge: SimatJudge
    split: Split
    lam: float
    scores: SimatScores
    missing_as_wrong: float | None
    curve: tuple[SimatPoint, ...]
    best: SimatPoint
    baselines: SimatBaselines
    differences: dict[str, SimatFigure]
    pairs: tuple[SimatPair, ...]
    examples: tuple[SimatExample, ...]
    draws: int
    seed: int
    run: Run
    thumbnails: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """One photograph near the asked point, and its cosine."""

    image: str
    score: float
    is_input: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformResult(Record):
    """The photographs nearest to a photograph in which one word became another.

    Parameters
    ----------
    images, texts : str
        Names of the tables.
    heads : str
        Name of the heads, or empty.
    image, value, target : str
        The photograph, the word to replace, and by what.
    lam : float
    retrieved : tuple of Retrieved
        Best first; the photograph itself is among them, marked, where it is that near.
    thumbnails : dict of str to str
        As those of `SimatResult`, of `image` and `retrieved`.
    """

    schema: Literal["embarith.transform/1"] = "embarith.transform/1"
    images: str
    texts: str
    heads: str
    image: str
    value: str
    target: str
    lam: float
    retrieved: tuple[Retrieved, ...]
    thumbnails: dict[str, str] = field(default_factory=dict)
