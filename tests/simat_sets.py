"""Makers of small SIMAT sets in the published layout, and of vectors for them."""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path

import numpy as np

from embarith.questions.simat import SHORT, Simat
from embarith.table import EmbeddingTable

SUBJECTS = ("cat", "dog", "man")
RELATIONS = ("sitting on", "lying on")
OBJECTS = ("bench", "grass", "bed")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def publish(folder: Path, photographs: int = 40, seed: int = 0, *, split: bool = True) -> Path:
    """Write a set as published: `region_id`, a stale `dataset_id`, captions by number."""
    random = np.random.default_rng(seed)
    triples = list(product(SUBJECTS, RELATIONS, OBJECTS))
    of = [triples[i] for i in random.integers(0, len(triples), photographs)]
    carriers = {triple: of.count(triple) for triple in triples}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "captions.txt").write_text("".join(f"A {' '.join(triple)}.\n" for triple in triples))
    numbers = random.permutation(photographs)
    regions = [str(1000 + 7 * i) for i in range(photographs)]
    write_rows(
        folder / "triplets.csv",
        [
            {"region_id": regions[i], **dict(zip(SHORT, of[i], strict=True)), "dataset_id": n}
            for i, n in enumerate(numbers)
        ],
    )
    tests = random.integers(0, 2, photographs)
    rows: list[dict[str, object]] = []
    for i, triple in enumerate(of):
        for field, words in enumerate((SUBJECTS, RELATIONS, OBJECTS)):
            for word in words:
                goal = (*triple[:field], word, *triple[field + 1 :])
                if word != triple[field] and carriers[goal]:
                    rows.append(
                        {
                            "region_id": regions[i],
                            "field": SHORT[field],
                            "value": triple[field],
                            "target": word,
                            "target_ids": triples.index(goal),
                            "dataset_id": 10_000 + i,
                            "is_test": bool(tests[i]),
                        }
                    )
    for row in rows:
        row["norm2"] = sum(other["value"] == row["value"] for other in rows)
        if not split:
            del row["is_test"]
    write_rows(folder / "transfos.csv", rows)
    return folder


def shared_space(
    task: Simat, dimensions: int = 12, noise: float = 1.0, seed: int = 0
) -> tuple[EmbeddingTable, EmbeddingTable]:
    """Make tables in which a photograph is the sum of its words, noise, and some length."""
    random = np.random.default_rng(seed)
    vectors = {word: random.normal(size=dimensions) for word in task.words}

    def total(words) -> np.ndarray:
        return sum(vectors.get(word, np.zeros(dimensions)) for word in words)

    triple_of = dict(task.carried.tolist())
    photographs = [
        (total(task.triples[triple_of[i]]) + noise * random.normal(size=dimensions))
        * random.uniform(0.5, 3)
        for i in range(len(task.images))
    ]
    caption_of = dict(zip(task.caption.tolist(), task.goal.tolist(), strict=True))
    captions = [
        total(task.triples[caption_of[i]]) if i in caption_of else random.normal(size=dimensions)
        for i in range(len(task.captions))
    ]
    words = [3 * vectors[word] for word in task.words]
    return (
        EmbeddingTable.from_arrays(task.images, np.array(photographs, np.float32)),
        EmbeddingTable.from_arrays(task.texts, np.array([*words, *captions], np.float32)),
    )
