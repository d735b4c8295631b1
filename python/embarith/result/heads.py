"""The result of training heads at several temperatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from embarith.result.codec import Record
from embarith.result.figures import EncoderInfo, QuestionsInfo, Run
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
class HeadsPoint:
    """One temperature, all of it mean over the seeds.

    Parameters
    ----------
    temperature : float
    dev : float
        The SIMAT score of dev.
    test : SimatFigure
        That of the test, every seed at its own λ; crossed bootstrap over photographs and word
        pairs.
    difference : SimatFigure
        `test` less that of the temperature of the highest dev score, paired.
    recall : SimatFigure
        Mean of R@1, R@5 and R@10, both ways; bootstrap over the validation photographs.
    trained : tuple of HeadsTrained
        By seed.
    """

    temperature: float
    dev: float
    test: SimatFigure
    difference: SimatFigure
    recall: SimatFigure
    trained: tuple[HeadsTrained, ...]


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
    data : SimatSet
    lams : tuple of float
        λ that were tried.
    best : float
        The temperature of the highest score on dev, mean over the seeds.
    points : tuple of HeadsPoint
        By rising temperature.
    """

    schema: Literal["embarith.heads/1"] = "embarith.heads/1"
    images: EncoderInfo
    texts: EncoderInfo
    pairs: str
    pairs_sha256: str
    freeze_text: bool
    questions: QuestionsInfo
    data: SimatSet
    lams: tuple[float, ...]
    best: float
    points: tuple[HeadsPoint, ...]
    draws: int
    seed: int
    run: Run
