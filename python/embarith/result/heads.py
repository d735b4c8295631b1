"""The results of training heads: at several temperatures, and on several text encoders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from embarith.result.additivity import Fit
from embarith.result.codec import Record
from embarith.result.figures import Coverage, EncoderInfo, Measured, QuestionsInfo, Run
from embarith.result.simat import HeadsInfo, SimatFigure, SimatSet


@dataclass(frozen=True, slots=True)
class HeadsTrained:
    """Heads of one temperature and seed.

    Parameters
    ----------
    heads : HeadsInfo
    seed : int
    lam : float
        λ of the highest score on dev, the lowest of equals.
    dev, test : float
        SIMAT scores there.
    best : float
        The highest score over all queries, whatever λ, at `best_lam`: chosen on the queries that it
        is given on.
    best_lam : float
    captions, photographs : tuple of float
        R@1, R@5 and R@10 on the validation photographs: captions found by photographs, and
        photographs by captions.
    """

    heads: HeadsInfo
    seed: int
    lam: float
    dev: float
    test: float
    best: float
    best_lam: float
    captions: tuple[float, ...]
    photographs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class HeadsGeometry:
    """How photographs and texts lie where heads lead them, or before, each in its own space.

    Parameters
    ----------
    gap : Measured or None
        Distance between the mean unit vectors of the validation photographs and of their captions,
        with the bootstrap over photographs, each with its captions;
        None where both have no space in common, or fewer than ten photographs or groups of them
        remain where captions link some.
    separability : Measured or None
        Share of them, a photograph and a caption of each such group, whose side a plane tells.
    photographs, captions : Fit or None
        Of the variance between the set's photographs, and its captions, by subject and object:
        what both parts explain without interaction. None where there are too few, or, of captions,
        the table of texts lacks some.
    noise : float or None
        Share of that variance that photographs make by chance.
    """

    gap: Measured | None
    separability: Measured | None
    photographs: Fit | None
    captions: Fit | None
    noise: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadsScores:
    """What heads reach that differ in the seed alone; means over the seeds.

    Parameters
    ----------
    dev : float
        The SIMAT score of dev.
    test : SimatFigure
        That of the test, every seed at its own λ; crossed bootstrap over photographs and word
        pairs.
    recall : SimatFigure
        Mean of R@1, R@5 and R@10, both ways; bootstrap over the validation photographs.
    geometry : HeadsGeometry
        Under the heads of the first seed.
    trained : tuple of HeadsTrained
        By seed.
    """

    dev: float
    test: SimatFigure
    recall: SimatFigure
    geometry: HeadsGeometry
    trained: tuple[HeadsTrained, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadsPoint(HeadsScores):
    """One temperature.

    Parameters
    ----------
    temperature : float
    difference : SimatFigure
        `test` less that of the temperature of the highest dev score, paired.
    """

    temperature: float
    difference: SimatFigure


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadsResult(Record):
    """Contrastive heads at several temperatures: SIMAT score and recall.

    Parameters
    ----------
    images, texts : EncoderInfo
    pairs : str
        Photographs and captions that heads were fitted on and validated with.
    pairs_sha256 : str
        Hash of their vectors and split.
    freeze_text : bool
    questions : QuestionsInfo
    coverage : Coverage
        Queries that can be asked, and the words that the others lack.
    data : SimatSet
        With the queries that are asked.
    lams : tuple of float
        λ that were tried.
    best : float
        The temperature of the highest score on dev, mean over the seeds.
    points : tuple of HeadsPoint
        By rising temperature.
    before : HeadsGeometry
        Of the vectors as they are.
    """

    schema: Literal["embarith.heads/1"] = "embarith.heads/1"
    images: EncoderInfo
    texts: EncoderInfo
    pairs: str
    pairs_sha256: str
    freeze_text: bool
    questions: QuestionsInfo
    coverage: Coverage
    data: SimatSet
    lams: tuple[float, ...]
    best: float
    points: tuple[HeadsPoint, ...]
    before: HeadsGeometry
    draws: int
    seed: int
    run: Run

    @property
    def best_point(self) -> HeadsPoint:
        """The temperature of the highest dev score."""
        return next(one for one in self.points if one.temperature == self.best)


Way = Literal["ridge", "frozen", "both"]
WAYS: tuple[Way, ...] = get_args(Way)
"""Ridge onto the texts as they are; the contrastive loss onto these, or with both heads trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEncoder:
    """Heads on one table of texts.

    Parameters
    ----------
    name : str
    texts : EncoderInfo
    is_control : bool
        Whether nothing of it was trained.
    ridge : HeadsScores
    frozen, both : HeadsResult
        Contrastive heads at several temperatures, the space of the texts as it is, and both heads
        trained.
    """

    name: str
    texts: EncoderInfo
    is_control: bool
    ridge: HeadsScores
    frozen: HeadsResult
    both: HeadsResult

    def best(self, way: Way) -> HeadsScores:
        """Return the heads of the highest dev score."""
        if way == "ridge":
            return self.ridge
        return (self.frozen if way == "frozen" else self.both).best_point


@dataclass(frozen=True, slots=True)
class EncoderDifference:
    """Test score of one less that of another on the same queries, each at its best temperature.

    Parameters
    ----------
    first, second : (str, str)
        Name of the text encoder, and way.
    difference : SimatFigure
    """

    first: tuple[str, Way]
    second: tuple[str, Way]
    difference: SimatFigure


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEncodersResult(Record):
    """Heads of the same photographs with several text encoders: SIMAT scores and geometry.

    Parameters
    ----------
    images : EncoderInfo
    pairs : str
        Photographs and captions that heads were fitted on and validated with.
    questions : QuestionsInfo
    coverage : Coverage
        Of the queries, by words that some text encoder lacks: all are asked the same ones.
    data : SimatSet
    lams : tuple of float
        λ that were tried.
    encoders : tuple of TextEncoder
    differences : tuple of EncoderDifference
        Of each two text encoders in every way, and of the ways of each.
    """

    schema: Literal["embarith.text_encoders/1"] = "embarith.text_encoders/1"
    images: EncoderInfo
    pairs: str
    questions: QuestionsInfo
    coverage: Coverage
    data: SimatSet
    lams: tuple[float, ...]
    encoders: tuple[TextEncoder, ...]
    differences: tuple[EncoderDifference, ...]
    draws: int
    seed: int
    run: Run
