"""SIMAT: a photograph moved by the difference of two words, and what is nearest to it then."""

from embarith.experiments.simat.asked import (
    LAMS,
    asked_queries,
    missing_words,
    questions_info,
    set_info,
)
from embarith.experiments.simat.judges import EncoderJudge, MatrixJudge
from embarith.experiments.simat.retrieval import pick, search
from embarith.experiments.simat.run import dev_score, simat
from embarith.experiments.simat.scores import test_scores
from embarith.experiments.simat.single import transform
from embarith.experiments.simat.space import find_space, heads_info, photograph_rows

__all__ = [
    "LAMS",
    "EncoderJudge",
    "MatrixJudge",
    "asked_queries",
    "dev_score",
    "find_space",
    "heads_info",
    "missing_words",
    "photograph_rows",
    "pick",
    "questions_info",
    "search",
    "set_info",
    "simat",
    "test_scores",
    "transform",
]
