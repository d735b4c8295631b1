"""Results: frozen records of what was measured, on what, against which null.

A result holds no time and no path outside `run`, so that the same inputs and seed give the same
bytes everywhere. Everything printed, plotted or exported is made from results alone.
"""

from embarith.result.additivity import AdditivityResult, Fit
from embarith.result.analogy import (
    AnalogyResult,
    Baselines,
    Chance,
    Companions,
    Comparison,
    Control,
    Landed,
    Null,
    Odds,
    Parallelism,
    Protocol,
    Rated,
    RawUnit,
    RelationRow,
    Spread,
    VocabularyPoint,
)
from embarith.result.answer import Answer, Candidate, Term
from embarith.result.choice import ChoiceGroup, ChoiceResult
from embarith.result.codec import Record, from_json, json_schema, kinds, rounded, to_json
from embarith.result.extraction import (
    Drawn,
    ExtractionPoint,
    ExtractionResult,
    ExtractionSeries,
)
from embarith.result.figures import (
    Accuracy,
    Coverage,
    EncoderInfo,
    Figure,
    Interval,
    Measured,
    QuestionsInfo,
    Run,
    Scores,
    VocabularyInfo,
)
from embarith.result.gap import GapResult, Matched
from embarith.result.geometry import (
    AnswersGiven,
    GeometryResult,
    Given,
    Hub,
    Norms,
    Shape,
)
from embarith.result.heads import (
    WAYS,
    EncoderDifference,
    HeadsGeometry,
    HeadsPoint,
    HeadsResult,
    HeadsScores,
    HeadsTrained,
    TextEncoder,
    TextEncodersResult,
    Way,
)
from embarith.result.island import IslandPoint, IslandResult
from embarith.result.plane import (
    Place,
    PlaneDistance,
    PlaneOffset,
    PlanePhotograph,
    PlaneResult,
    PlaneWord,
)
from embarith.result.semeval import (
    Published,
    SemEvalFigures,
    SemEvalRelation,
    SemEvalResult,
    SemEvalScores,
)
from embarith.result.simat import (
    HeadsInfo,
    Retrieved,
    SimatBaselines,
    SimatExample,
    SimatFigure,
    SimatJudge,
    SimatPair,
    SimatPoint,
    SimatResult,
    SimatScores,
    SimatSet,
    SimatSplits,
    Split,
    TransformResult,
)
from embarith.result.similarity import (
    Correlation,
    SharedPairs,
    SimilarityResult,
    SimilarityScores,
)

Result = (
    AnalogyResult
    | SemEvalResult
    | SimilarityResult
    | ChoiceResult
    | IslandResult
    | GeometryResult
    | GapResult
    | AdditivityResult
    | ExtractionResult
    | PlaneResult
    | SimatResult
    | TransformResult
    | HeadsResult
    | TextEncodersResult
    | Answer
)

__all__ = [
    "WAYS",
    "Accuracy",
    "AdditivityResult",
    "AnalogyResult",
    "Answer",
    "AnswersGiven",
    "Baselines",
    "Candidate",
    "Chance",
    "ChoiceGroup",
    "ChoiceResult",
    "Companions",
    "Comparison",
    "Control",
    "Correlation",
    "Coverage",
    "Drawn",
    "EncoderDifference",
    "EncoderInfo",
    "ExtractionPoint",
    "ExtractionResult",
    "ExtractionSeries",
    "Figure",
    "Fit",
    "GapResult",
    "GeometryResult",
    "Given",
    "HeadsGeometry",
    "HeadsInfo",
    "HeadsPoint",
    "HeadsResult",
    "HeadsScores",
    "HeadsTrained",
    "Hub",
    "Interval",
    "IslandPoint",
    "IslandResult",
    "Landed",
    "Matched",
    "Measured",
    "Norms",
    "Null",
    "Odds",
    "Parallelism",
    "Place",
    "PlaneDistance",
    "PlaneOffset",
    "PlanePhotograph",
    "PlaneResult",
    "PlaneWord",
    "Protocol",
    "Published",
    "QuestionsInfo",
    "Rated",
    "RawUnit",
    "Record",
    "RelationRow",
    "Result",
    "Retrieved",
    "Run",
    "Scores",
    "SemEvalFigures",
    "SemEvalRelation",
    "SemEvalResult",
    "SemEvalScores",
    "Shape",
    "SharedPairs",
    "SimatBaselines",
    "SimatExample",
    "SimatFigure",
    "SimatJudge",
    "SimatPair",
    "SimatPoint",
    "SimatResult",
    "SimatScores",
    "SimatSet",
    "SimatSplits",
    "SimilarityResult",
    "SimilarityScores",
    "Split",
    "Spread",
    "Term",
    "TextEncoder",
    "TextEncodersResult",
    "TransformResult",
    "VocabularyInfo",
    "VocabularyPoint",
    "Way",
    "from_json",
    "json_schema",
    "kinds",
    "rounded",
    "to_json",
]
