"""Makers of what tests are about: one question, and parts of results with plain figures."""

from __future__ import annotations

import numpy as np

from embarith import result
from embarith.questions import AnalogySet
from embarith.result import Figure


def one(a: str, b: str, c: str, *gold: str) -> AnalogySet:
    """Return a set of one question."""
    return AnalogySet("one", "", ("r",), np.array([0]), (a,), (b,), (c,), (gold,))


def figure(value: float) -> Figure:
    return Figure(round(value * 1000, 3), value, (value - 0.01, value + 0.02))


def accuracy(value: float) -> result.Accuracy:
    return result.Accuracy(figure(value), figure(value + 0.1), figure(value + 0.05))


def scores(fair: float, restricted: float) -> result.Scores:
    return result.Scores(accuracy(fair), accuracy(restricted))


def spread(low: float, mean: float, high: float) -> result.Spread:
    return result.Spread(low, high, mean)


def chance(size: int) -> result.Chance:
    odds = result.Odds(1 / size, 5 / size)
    return result.Chance(odds, result.Odds(1 / (size - 3), 5 / (size - 3)), odds)


def relation(name: str, value: float) -> result.RelationRow:
    return result.RelationRow(
        name=name,
        category="syntactic",
        asked=60,
        answered=50,
        pairs=8,
        scores=scores(value / 4, value),
        only_c=scores(0.0, value / 3),
        null=result.Null(0.02, (0.0, 0.04), 0.004, 999),
        p_holm=0.008,
        angle_mean=41.25,
        angle_only_c_mean=45.5,
        rho_mean=0.55,
        rho_only_c_mean=0.45,
        auc=0.93,
        helps=0.31,
        parallelism=result.Parallelism(0.30, 0.02, 0.91, 0.5),
    )


def measured(value: float, null: float | None = None) -> result.Measured:
    ci = (round(value - 0.011, 3), round(value + 0.012, 3))
    if null is None:
        return result.Measured(value, ci)
    return result.Measured(value, ci, null, (null - 0.001, null + 0.002), 0.048)


ODD = '<script>alert("1")</script>&\''


def simat() -> result.SimatResult:
    """Return a SIMAT result whose word pairs sum to its score, with words hard to print."""
    encoder = result.EncoderInfo("lite2", 744, 1280, "ab" * 32, {})

    def points(subject: float, of_object: float) -> result.SimatScores:
        whole = 0.6 * subject + 0.4 * of_object
        values = ((66, whole), (36, subject), (30, of_object))
        every, first, last = (
            result.SimatFigure(n, value, (value - 2, value + 3)) for n, value in values
        )
        return result.SimatScores(every, first, None, last)

    def point(lam: float, subject: float, of_object: float) -> result.SimatPoint:
        other = points(subject / 2, of_object / 2)
        return result.SimatPoint(
            lam, result.SimatSplits(dev=other, test=points(subject, of_object), all=other)
        )

    def example(
        image: str, change: tuple[str, str, str], caption: str, right: tuple[bool, ...]
    ) -> result.SimatExample:
        answers = ("1.jpg", '"><img src=x onerror=alert(2)>.jpg', "3.jpg")
        return result.SimatExample(image, *change, caption, answers, (0.9, 0.8, 0.7), right)

    subject = 100 * 0.325 / 0.6
    curve = (point(0.0, 5.0, 2.5), point(1.0, subject, 20.0), point(2.5, 40.0, 22.5))
    return result.SimatResult(
        images=encoder,
        texts=encoder,
        heads=None,
        questions=result.QuestionsInfo("mini", "", "cd" * 32, 132, 132, 0, 4),
        coverage=result.Coverage(1.0, {}),
        data=result.SimatSet(744, 110, 5, 66, 66, "by sha256", 0),
        judge=result.SimatJudge("triples"),
        split="test",
        lam=1.0,
        scores=curve[1].scores.test,
        missing_as_wrong=None,
        curve=curve,
        best=curve[1],
        baselines=result.SimatBaselines(
            no_heads=None,
            no_heads_lam=None,
            random=points(1.5, 1.25),
            unchanged=points(5.0, 2.5),
            text_alone=points(15.0, 17.5),
            target_caption=points(50.0, 45.0),
            ceiling=points(100.0, 100.0),
        ),
        differences={},
        pairs=(
            result.SimatPair("subject", "cat", ODD, 12, 0.75, 0.2),
            result.SimatPair("subject", "cat", "dog", 20, 0.5, 0.3),
            result.SimatPair("subject", "dog", "cat", 4, 0.25, 0.1),
            result.SimatPair("object", "bench", "bed", 30, 0.2, 0.4),
        ),
        examples=(
            example("7.jpg", ("subject", "cat", ODD), f"A {ODD} on bench.", (True, False, True)),
            example("8.jpg", ("subject", "cat", "dog"), "A dog on bench.", (False, True, False)),
            example("9.jpg", ("subject", "dog", "cat"), "A cat on bed.", (False, False, False)),
            example("7.jpg", ("object", "bench", "bed"), "A cat on bed.", (True, False, False)),
        ),
        draws=1000,
        seed=0,
        run=result.Run(1.5, "avx2", 2, {}, {}),
    )
