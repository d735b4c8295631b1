"""Heads of the same photographs with several text encoders, compared on SIMAT."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embarith.checks import as_count
from embarith.errors import OptionError
from embarith.experiments.common import coverage, encoder_info
from embarith.experiments.heads import (
    TEMPERATURES,
    Measure,
    by_temperature,
    fit,
    kept_heads,
    plan_heads,
)
from embarith.experiments.simat import (
    LAMS,
    asked_queries,
    missing_words,
    questions_info,
    set_info,
    test_scores,
)
from embarith.machine import describe_run
from embarith.progress import Progress
from embarith.questions.simat import Simat
from embarith.result import (
    WAYS,
    EncoderDifference,
    HeadsResult,
    TextEncoder,
    TextEncodersResult,
    Way,
    rounded,
)
from embarith.table import EmbeddingTable
from embarith.training.heads import Settings
from embarith.training.pairs import pair

Floats = NDArray[np.float64]


def encoder_study(
    images: EmbeddingTable,
    texts: Mapping[str, EmbeddingTable],
    captions: Mapping[str, Sequence[str]],
    task: Simat,
    folder: Path,
    *,
    temperatures: Sequence[float] = TEMPERATURES,
    seeds: int = 3,
    settings: Settings | None = None,
    lams: Sequence[float] = LAMS,
    draws: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> TextEncodersResult:
    """Fit heads of the same photographs with several text encoders, and compare them.

    With each by ridge regression onto its space, and as `temperature_study` does, once with its
    space left as it is and once with both heads trained. All are asked the queries whose words all
    of them have; encoders and ways are compared by paired differences, each at the temperature of
    its highest score on dev. Tables of random vectors are the controls.

    Parameters
    ----------
    texts : mapping of str to EmbeddingTable
        By name: letters, digits and ``.-_``.
    folder : path
        Where heads are written: ``NAME/ridge.safetensors``, and those of `temperature_study` in
        ``NAME/frozen`` and ``NAME/both``.
    images, captions, task, temperatures, seeds, lams, draws, seed
        As of `temperature_study`.
    settings : Settings, optional
        All but method, temperature, `freeze_text` and seed.
    progress : callable, optional
        Called as progress("NAME, WAY", done, total).

    Raises
    ------
    OptionError
        As `temperature_study`; fewer than two text encoders, or a name that is none.
    """
    started = time.perf_counter()
    draws = as_count("draws", draws, 0)
    if len(texts) < 2:
        raise OptionError("give two text encoders or more to compare")
    for name in texts:
        if not re.fullmatch(r"\w[\w.-]*", name):
            raise OptionError(f"text encoder {name!r}: a name is of letters, digits and .-_")
    base = replace(settings or Settings(), method="contrastive", seed=seed)
    ways: tuple[Way, ...] = ("frozen", "both")
    plans = {
        (name, way): plan_heads(
            replace(base, freeze_text=way == "frozen"),
            temperatures,
            seeds,
            seed,
            folder / name / way,
        )
        for name in texts
        for way in ways
    }
    asked = task
    for table in texts.values():
        asked, lam = asked_queries(table, asked, lams)
    held = {*task.images, *task.regions}
    # All tables are looked at before any is worked on for minutes.
    measures = {
        name: Measure(
            images,
            table,
            pair(images, table, captions, hold_out=held, seed=seed),
            task,
            asked,
            lam,
            draws,
            seed,
        )
        for name, table in texts.items()
    }
    ridge_of = {
        name: (replace(base, method="ridge"), folder / name / "ridge.safetensors") for name in texts
    }
    for name, on in measures.items():
        for one in (ridge_of[name], *chain(*plans[name, "frozen"], *plans[name, "both"])):
            kept_heads(on.pairs, *one)
    encoders = []
    columns: dict[tuple[str, Way], Floats] = {}
    for name, on in measures.items():
        ridge = fit(on.pairs, *ridge_of[name])
        fitted, columns[name, "ridge"] = on.scores([(ridge, seed)])
        studies: dict[Way, HeadsResult] = {}
        for way in ways:
            studies[way], columns[name, way] = by_temperature(
                on, plans[name, way], f"{name}, {way}", progress
            )
        encoders.append(
            TextEncoder(
                name=name,
                texts=encoder_info(on.texts),
                is_control=on.texts.provenance.random_weights is not None,
                ridge=fitted,
                frozen=studies["frozen"],
                both=studies["both"],
            )
        )
    names = list(texts)
    compared = [
        *(((one, way), (other, way)) for way in WAYS for one, other in combinations(names, 2)),
        *(((name, one), (name, other)) for name in names for one, other in combinations(WAYS, 2)),
    ]
    less = np.stack([columns[one] - columns[other] for one, other in compared], axis=1)
    told = test_scores(asked, less, draws, seed)
    first = next(iter(measures.values()))
    result = TextEncodersResult(
        images=encoder_info(images),
        pairs=first.pairs.describe(),
        questions=questions_info(task, asked),
        coverage=coverage(len(task), filter(None, missing_words(task, *texts.values()))),
        data=set_info(asked),
        lams=tuple(lam.tolist()),
        encoders=tuple(encoders),
        differences=tuple(
            EncoderDifference(one, other, figure)
            for (one, other), figure in zip(compared, told, strict=True)
        ),
        draws=draws,
        seed=seed,
        run=describe_run(started, {}),
    )
    return rounded(result)
