"""What work 000 printed: tables 1 to 6 of *Investigating the Arithmetic of Visual Embeddings*."""

from __future__ import annotations

from dataclasses import dataclass

QUESTIONS = 50
EXTENDED = 3217


@dataclass(frozen=True, slots=True)
class Counts:
    """Questions answered right, at the first place and among the first five."""

    top1: int
    top5: int


@dataclass(frozen=True, slots=True)
class Span:
    """Smallest, largest and mean value over the questions."""

    min: float
    max: float
    mean: float


OFFSET = {
    "Word2Vec": Counts(6, 32),
    "CLIP image encoder": Counts(2, 25),
    "CLIP text encoder": Counts(2, 25),
    "ResNet-50": Counts(2, 16),
}
RANDOM_PAIRS = {
    "Word2Vec": Counts(0, 23),
    "CLIP image encoder": Counts(0, 23),
    "ResNet-50": Counts(0, 18),
}
EXTENDED_SET = {"Word2Vec": Counts(16, 244), "CLIP text encoder": Counts(21, 194)}
NAMED = {
    "hour:seconds::feet:inches": {"CLIP": 44.09, "ResNet": 56.29, "Word2Vec": 58.04},
    "ocean:pacific::planet:earth": {"CLIP": 37.99, "ResNet": 48.78, "Word2Vec": 70.36},
    "laugh:happiness::nod:agreement": {"CLIP": 56.88, "ResNet": 56.85, "Word2Vec": 85.79},
}
ANGLES = {
    "CLIP image encoder": Span(15.7, 62.9, 38.4),
    "CLIP text encoder": Span(24.2, 49.0, 34.9),
    "ResNet-50": Span(19.3, 88.0, 50.4),
    "Word2Vec": Span(37.88, 86.3, 72.4),
}
RHO = {
    "CLIP image encoder": Span(0.13, 0.89, 0.46),
    "CLIP text encoder": Span(0.10, 0.75, 0.34),
    "ResNet-50": Span(0.03, 0.93, 0.61),
    "Word2Vec": Span(0.02, 0.74, 0.29),
}
