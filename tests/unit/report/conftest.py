"""One result of every kind, with figures that are easy to find in a report."""

from __future__ import annotations

from dataclasses import replace

import pytest

import samples
from embarith import result
from samples import chance, figure, measured, relation, scores, spread


@pytest.fixture
def analogy() -> result.AnalogyResult:
    labels = result.VocabularyInfo("all", 400_000, "ef" * 32)
    own = result.VocabularyInfo("questions", 905, "0a" * 32)
    return result.AnalogyResult(
        encoder=result.EncoderInfo("glove_50%&d", 400_000, 50, "ab12" * 16, {}),
        questions=result.QuestionsInfo("google", "", "cd" * 32, 1200, 1000, 200, 77),
        coverage=result.Coverage(1000 / 1200, {"rhein|land": 150, "<b>": 50}),
        vocab=labels,
        method="3cosadd",
        raw=False,
        similarity="cosine",
        epsilon=None,
        case="lower",
        asked_by="question",
        scores=scores(0.123, 0.497),
        macro=scores(0.111, 0.456),
        missing_as_wrong=scores(0.1025, 0.414),
        chance=chance(400_000),
        paper=result.Protocol(
            own, scores(0.2, 0.6), scores(0.2, 0.6), scores(0.01, 0.177), chance(905)
        ),
        landed=result.Landed(0.01, 0.33, 0.5, 0.123, 0.037),
        baselines=result.Baselines(
            *(scores(one / 100, one / 50) for one in (1, 2, 3, 4, 5)), figure(0.24)
        ),
        null=result.Null(0.002, (0.001, 0.004), 0.001, 999),
        control=result.Control(
            20,
            *map(figure, (0.011, 0.021, 0.031, 0.041)),
            result.Odds(0.051, 0.061),
            result.Odds(0.071, 0.081),
        ),
        angle=result.RawUnit(spread(10, 38.5, 100), spread(11, 41.5, 99)),
        rho=result.RawUnit(spread(-0.2, 0.611, 0.9), spread(-0.3, 0.622, 0.9)),
        companions=result.Companions(
            pearson=spread(-0.1, 0.633, 0.9),
            rho_rotated=spread(-0.2, 0.644, 0.8),
            rho_rotated_questions=1000,
            rho_random_d=spread(-0.5, 0.155, 0.5),
            angle_random_d=spread(60, 80.5, 120),
            angle_only_c=spread(20, 45.5, 88),
            rho_only_c=spread(-0.1, 0.515, 0.9),
            auc=0.973,
            auc_ci=(0.961, 0.982),
        ),
        vocabulary_curve=(
            result.VocabularyPoint(1000, 0.995, 1.0),
            result.VocabularyPoint(400_000, 0.497, 0.597),
        ),
        by_rating=None,
        relations=(relation("gram1_a#b", 0.4), relation("gram2-opposite", 0.6)),
        comparison=None,
        notes=(),
        draws=1000,
        seed=7,
        run=result.Run(1.5, "avx2", 2, {}, {}),
    )


@pytest.fixture
def semeval() -> result.SemEvalResult:
    four = [figure(value) for value in (0.41, 0.27, 0.31, 0.07)]
    figures = result.SemEvalFigures(10, 10, *four, 0.26)
    both = result.SemEvalScores(
        figure(0.42), figure(0.28), *four[2:], 0.27, figures, {"class inclusion": figures}
    )
    row = result.SemEvalRelation(
        id="1a",
        name="Taxonomic",
        category="class inclusion",
        split="test",
        pairs=40,
        covered=38,
        paradigms=3,
        paradigms_covered=3,
        questions=30,
        questions_covered=28,
        maxdiff_all=0.4,
        maxdiff_covered=None,
        rho_all=0.3,
        rho_covered=None,
        maxdiff_only_c_all=0.33,
        maxdiff_only_c_covered=None,
        rho_only_c_all=0.11,
        rho_only_c_covered=None,
        chance_all=0.26,
        chance_covered=None,
    )
    return result.SemEvalResult(
        encoder=result.EncoderInfo("glove", 400_000, 50, "ab" * 32, {}),
        questions=result.QuestionsInfo("semeval", "", "cd" * 32, 3218, 3200, 18, 3078),
        coverage=result.Coverage(3200 / 3218, {"run-on": 1}),
        all=both,
        covered=both,
        relations=(row,),
        published={"RNN-1600": result.Published(0.418, 0.275, "Somebody 2013, table 4")},
        case="lower",
        draws=1000,
        seed=0,
        run=result.Run(1.5, "avx2", 2, {}, {}),
    )


@pytest.fixture
def similarity() -> result.SimilarityResult:
    def correlation(value: float) -> result.Correlation:
        return result.Correlation(value, (value - 0.1, value + 0.1))

    return result.SimilarityResult(
        encoder=result.EncoderInfo("glove", 400_000, 50, "ab" * 32, {}),
        questions=result.QuestionsInfo("wordsim353", "", "cd" * 32, 353, 340, 13, 351),
        coverage=result.Coverage(340 / 353, {"OPEC": 2}),
        case="lower",
        covered=result.SimilarityScores(correlation(0.503), correlation(0.507)),
        all=result.SimilarityScores(correlation(0.411), None),
        null=result.Null(0.002, (-0.09, 0.11), 0.001, 999),
        shared=result.SharedPairs(331, correlation(0.522), "other", correlation(0.025)),
        draws=1000,
        seed=0,
        run=result.Run(1.5, "avx2", 2, {}, {}),
    )


@pytest.fixture
def answer() -> result.Answer:
    terms = (result.Term(1.0, "king"), result.Term(-1.0, "man"), result.Term(0.5, "new york"))
    none = (None, None, None)
    return result.Answer(
        encoder="glove",
        rows=400_000,
        sha256="ab" * 32,
        terms=terms,
        raw=False,
        candidates=(
            result.Candidate("king", 0.886, True, (1.0, -0.5, 0.386), none),
            result.Candidate("queen", 0.852, False, (0.7, -0.4, 0.552), (2, None, 1118)),
        ),
    )


@pytest.fixture
def choice() -> result.ChoiceResult:
    return result.ChoiceResult(
        encoder=result.EncoderInfo("glove", 400_000, 50, "ab" * 32, {}),
        questions=result.QuestionsInfo("sat", "", "cd" * 32, 337, 331, 6, 337),
        coverage=result.Coverage(331 / 337, {"abash": 6}),
        case="lower",
        pair_distance=figure(0.35),
        offset=figure(0.248),
        only_c=figure(0.222),
        pair_distance_missing_as_wrong=0.344,
        offset_missing_as_wrong=0.243,
        only_c_missing_as_wrong=0.218,
        chance=0.2,
        groups={
            "tiny": result.ChoiceGroup(2, 0, None, None, None, None),
            "large": result.ChoiceGroup(163, 163, 0.4, 0.3, 0.25, 0.2),
        },
        draws=1000,
        seed=0,
        run=result.Run(1.5, "avx2", 2, {}, {}),
    )


@pytest.fixture
def geometry() -> result.GeometryResult:
    def shape(*values: float) -> result.Shape:
        figures = [measured(value, number / 100 + 0.0121) for number, value in enumerate(values)]
        return result.Shape(*figures, hubs=(result.Hub("a|b_<c>", 43), result.Hub("good", 39)))

    return result.GeometryResult(
        encoder=result.EncoderInfo("glove", 400_000, 50, "ab" * 32, {}),
        words=result.VocabularyInfo("google", 900, "cd" * 32),
        coverage=result.Coverage(900 / 905, {f"word{number}": 1 for number in range(5)}),
        case="lower",
        k=10,
        norms=result.Norms(2.81, measured(4.85), 7.35, measured(0.12)),
        unit=shape(0.167, 0.417, 0.145, 0.568, 1.278, 0.009),
        centered=shape(0.001, 0.022, 0.148, 0.571, 1.005, 0.004),
        draws=1000,
        random_tables=20,
        seed=0,
        run=result.Run(1.5, "avx2", 2, {}, {}),
    )


@pytest.fixture
def gap() -> result.GapResult:
    encoder = result.EncoderInfo("clip (random weights 0)", 76, 512, "ab" * 32, {})
    return result.GapResult(
        first=encoder,
        second=encoder,
        space="CLIP",
        modalities=("words", "photographs"),
        random_weights=True,
        distance=measured(1.303, 0.12),
        separability=measured(0.987, 0.497),
        within_first=measured(0.775),
        within_second=measured(0.842),
        across=measured(-0.038),
        matched=result.Matched(75, measured(-0.036, -0.038)),
        separated=76,
        folds=10,
        draws=1000,
        null_draws=999,
        seed=0,
        run=result.Run(1.5, "avx2", 2, {}, {}),
    )


@pytest.fixture
def additivity() -> result.AdditivityResult:
    def fit(*values: float) -> result.Fit:
        return result.Fit(*(measured(value, value / 2) for value in values))

    return result.AdditivityResult(
        encoder=result.EncoderInfo("lite2", 7641, 1280, "ab" * 32, {}),
        photographs=result.VocabularyInfo("mini", 744, "cd" * 32),
        coverage=result.Coverage(744 / 750, {"a.jpg": 1}),
        factors=("subject", "object"),
        levels=(7, 21),
        cells=81,
        components=2,
        predicted_cells=78,
        noise=0.624,
        both=fit(0.565, 0.356, 0.042),
        first_alone=fit(0.147, 0.077, -0.005),
        second_alone=result.Fit(measured(0.447, 0.25), None, None),
        draws=1000,
        null_draws=999,
        seed=0,
        run=result.Run(1.5, "avx2", 2, {}, {}),
    )


@pytest.fixture
def by_pair(analogy: result.AnalogyResult) -> result.AnalogyResult:
    """3CosAvg and LRCos have c alone for input: no other baseline, no control, no y."""
    return replace(
        analogy,
        method="lrcos",
        asked_by="pair",
        baselines=result.Baselines(scores(0.21, 0.22), None, None, None, None, None),
        control=None,
        angle=None,
        rho=None,
        companions=None,
        by_rating={
            "positive": result.Rated(500, scores(0.31, 0.32), scores(0.21, 0.223)),
            "not positive": result.Rated(500, scores(0.01, 0.02), None),
        },
        relations=(replace(relation("empty", 0.0), answered=0, scores=None, only_c=None),) * 2,
    )


@pytest.fixture
def plane() -> result.PlaneResult:
    places = (("a", "man", -0.4, -0.2), ("b", "king", 0.5, -0.3), ("c", "woman", -0.5, 0.2))
    return result.PlaneResult(
        encoder=result.EncoderInfo("glove_50%&d", 400_000, 50, "ab" * 32, {}),
        question="man:king::woman:queen",
        fitted_on="words",
        variance=(0.714, 0.231),
        words=tuple(
            result.PlaneWord(place, word, x, y, 0.15, 0, None, None)
            for place, word, x, y in (*places, ("d", "queen", 0.4, 0.3))
        ),
        photographs=(),
        offset=result.PlaneOffset(0.4, 0.1, 0.38, 31.5, 53.1, 33.5, 16.0),
        distances=(
            result.PlaneDistance("a", "b", 57.9, 0.968, 0.94),
            result.PlaneDistance("d", "y", 31.5, 0.541, 0.262),
        ),
        absent={},
        thumbnail_side=None,
        run=result.Run(1.5, "avx2", 2, {}, {}),
    )


@pytest.fixture
def extraction() -> result.ExtractionResult:
    encoder = result.EncoderInfo("lite2", 900, 1280, "ab" * 32, {})

    def point(count: int, ci: result.Interval | None) -> result.ExtractionPoint:
        shares = (0.0, 0.137, 0.061, 0.183, 0.08, 0.19, 76.4, 69.4, 0.084, 0.153)
        return result.ExtractionPoint(count, *(result.Drawn(one, ci) for one in shares))

    every = replace(point(30, None), restricted_top1=result.Drawn(0.145, None))
    return result.ExtractionResult(
        tables={"features <1>": encoder},
        questions=result.QuestionsInfo("picturable", "", "cd" * 32, 60, 50, 10, 70),
        coverage=result.Coverage(50 / 60, {"sloth": 10}),
        vocab=result.VocabularyInfo("questions", 80, "ef" * 32),
        case="lower",
        chance=chance(80),
        words=80,
        photographs=2400,
        least=30,
        most=30,
        series=tuple(
            result.ExtractionSeries(
                "features <1>", pool, tuple(point(n, (0.01, 0.2)) for n in (1, 8, 30)), every
            )
            for pool in ("mean", "medoid")
        ),
        draws=20,
        seed=0,
        run=result.Run(1.5, "avx2", 2, {}, {}),
    )


def lain(gap: float | None, predicted: float) -> result.HeadsGeometry:
    fit = result.Fit(measured(0.625, 0.5), measured(0.375, 0.0), measured(predicted, -0.45))
    return result.HeadsGeometry(
        gap=None if gap is None else measured(gap, 0.0625),
        separability=None if gap is None else measured(0.875, 0.5),
        photographs=fit,
        captions=None,
        noise=0.4375,
    )


def recalls(seed: int, name: str, score: float) -> result.HeadsTrained:
    found = ((31.5, 60.5, 75.5), (30.5, 61.5, 74.5))
    info = result.HeadsInfo(name, "ef" * 32, 384, None)
    return result.HeadsTrained(info, seed, 1.5, score, score, score + 1, 2.0, *found)


def around(value: float, low: float, high: float, n: int = 6592) -> result.SimatFigure:
    return result.SimatFigure(n, value, (value + low, value + high))


@pytest.fixture
def heads() -> result.HeadsResult:
    """Three temperatures, two seeds each."""
    encoder = result.EncoderInfo("lite2", 7641, 1280, "ab" * 32, {})

    def point(temperature: float, score: float, low: float, high: float) -> result.HeadsPoint:
        return result.HeadsPoint(
            temperature=temperature,
            dev=score + 0.25,
            test=around(score, -2, 3),
            difference=result.SimatFigure(6592, score - 22.125, (low, high)),
            recall=around(55.625, -3.125, 2.875, 272),
            geometry=lain(0.3125, 0.1875),
            trained=tuple(recalls(seed, f"contrastive {temperature}", score) for seed in (0, 1)),
        )

    return result.HeadsResult(
        images=encoder,
        texts=encoder,
        pairs="2,527 photographs with 12,632 captions",
        pairs_sha256="cd" * 32,
        freeze_text=False,
        questions=result.QuestionsInfo("mini", "", "cd" * 32, 12895, 12895, 0, 77),
        coverage=result.Coverage(1.0, {}),
        data=result.SimatSet(744, 110, 30, 6303, 6592, "by sha256", 0),
        lams=(0.0, 1.5, 2.0),
        best=0.1,
        points=(
            point(0.01, 16.375, -8.5, -3.5),
            point(0.1, 22.125, 0.0, 0.0),
            point(0.3, 20.625, -3.5, 0.5),
        ),
        before=lain(None, 0.0625),
        draws=1000,
        seed=0,
        run=result.Run(1.5, "avx2", 2, {}, {}),
    )


@pytest.fixture
def text_encoders(heads: result.HeadsResult) -> result.TextEncodersResult:
    """A trained text encoder whose best temperature is .1, and a control whose is .3."""

    def encoder(name: str, study: result.HeadsResult, score: float) -> result.TextEncoder:
        return result.TextEncoder(
            name=name,
            texts=study.texts,
            is_control=name == "random",
            ridge=result.HeadsScores(
                dev=score,
                test=around(score, -2, 3),
                recall=around(50.25, -3, 3, 272),
                geometry=lain(0.125, 0.25),
                trained=(recalls(0, "ridge", score),),
            ),
            frozen=replace(study, freeze_text=True),
            both=study,
        )

    low, middle, high = heads.points
    control = replace(
        heads,
        best=0.3,
        points=(
            low,
            replace(middle, difference=around(-0.5, -1, 1)),
            replace(high, difference=result.SimatFigure(6592, 0.0, None)),
        ),
    )
    gains = {"ridge": around(4.5, -1, 1), "frozen": around(0.25, -1, 1), "both": around(-3, -1, 1)}
    ways = (("ridge", "frozen"), ("ridge", "both"), ("frozen", "both"))
    return result.TextEncodersResult(
        images=heads.images,
        pairs=heads.pairs,
        questions=heads.questions,
        coverage=result.Coverage(0.99, {"zebra": 12}),
        data=heads.data,
        lams=heads.lams,
        encoders=(encoder("minilm", heads, 26.5), encoder("random", control, 22.0)),
        differences=(
            *(
                result.EncoderDifference(("minilm", way), ("random", way), gain)
                for way, gain in gains.items()
            ),
            *(
                result.EncoderDifference((name, first), (name, second), around(1.75, -1, 1))
                for name in ("minilm", "random")
                for first, second in ways
            ),
        ),
        draws=1000,
        seed=0,
        run=result.Run(1.5, "avx2", 2, {}, {}),
    )


@pytest.fixture
def simat() -> result.SimatResult:
    return samples.simat()
