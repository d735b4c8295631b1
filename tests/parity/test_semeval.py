"""SemEval-2012 Task 2 against the official Perl scripts, SciPy and plain NumPy, on real GloVe."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy import stats

from embarith.experiments.semeval import chance, maxdiff, nearness, pair_scores, semeval
from embarith.provenance import Provenance
from embarith.questions import SemEval, load
from embarith.result import from_json, to_json
from embarith.table import EmbeddingTable


@pytest.fixture(scope="module")
def task(shared) -> SemEval:
    return load("semeval")


@pytest.fixture(scope="module")
def glove(glove_files, task) -> EmbeddingTable:
    """The rows of GloVe that the task needs; it has no capitals."""
    vectors, index = glove_files
    wanted = {word.lower() for word in task.words}
    labels = pq.read_table(index).column("index").to_pylist()
    rows = [row for row, label in enumerate(labels) if label in wanted]
    chosen = np.ascontiguousarray(np.load(vectors, mmap_mode="r")[rows], dtype=np.float32)
    return EmbeddingTable.from_arrays(
        [labels[row] for row in rows], chosen, provenance=Provenance(encoder="glove")
    )


@pytest.fixture(scope="module")
def result(glove, task):
    return semeval(glove, task)


def reference_scores(glove, relation) -> list[float]:
    """Mean cos(b − a + c, d) by the definition, one pair at a time; 0 where a word is missing."""
    unit = {}
    for word in glove.index_to_key:
        vector = glove[word].astype(np.float64)
        unit[word] = vector / np.linalg.norm(vector)
    paradigms = [(a.lower(), b.lower()) for a, b in relation.paradigms]
    scores = []
    for c, d in [(c.lower(), d.lower()) for c, d in relation.pairs]:
        if c not in unit or d not in unit:
            scores.append(0.0)
            continue
        cosines = []
        for a, b in paradigms:
            if a in unit and b in unit:
                y = unit[b] - unit[a] + unit[c]
                cosines.append(float(y @ unit[d] / np.linalg.norm(y)))
        scores.append(sum(cosines) / len(cosines))
    return scores


def official(shared: Path, folder: Path, ratings: dict[str, list[str]]) -> dict[str, int]:
    """Right picks, least and most together, of every relation by the official scripts."""
    package = shared / "semeval2012t2" / "SemEval-2012-Complete-Data-Package"
    # One perl runs a script as it is for every relation; starting 79 would take longer.
    driver = (
        "my $script = shift; my $n = shift; my @all = @ARGV;"
        "while (@all) { @ARGV = splice(@all, 0, $n); do $script; die $@ if $@ }"
    )
    scale, score = [], []
    for key, lines in ratings.items():
        (folder / f"scale-{key}").write_text("\n".join(lines) + "\n")
        part = (
            "Training"
            if (package / f"Training/Phase2Questions/Phase2Questions-{key}.txt").exists()
            else "Testing"
        )
        questions = package / part / "Phase2Questions" / f"Phase2Questions-{key}.txt"
        turkers = package / part / "Phase2Answers" / f"Phase2Answers-{key}.txt"
        scale += [questions, folder / f"scale-{key}", folder / f"answers-{key}"]
        score += [turkers, folder / f"answers-{key}", folder / f"score-{key}"]
    for script, paths in (("scale_to_maxdiff.pl", scale), ("score_maxdiff.pl", score)):
        command = ["perl", "-e", driver, str(package / script), "3", *map(str, paths)]
        subprocess.run(command, check=True, capture_output=True)
    right = {}
    for key in ratings:
        text = (folder / f"score-{key}").read_text()
        counts = [line.split(":")[1] for line in text.splitlines() if "Guessed Correctly:" in line]
        right[key] = sum(map(int, counts))
    return right


def test_scores_by_their_definition(glove, task):
    rows = dict(zip(task.words, glove.rows([w.lower() for w in task.words]).tolist(), strict=True))
    for relation in task.relations[::6]:
        scores = np.nan_to_num(pair_scores(glove, relation, rows))
        np.testing.assert_allclose(scores, reference_scores(glove, relation), atol=1e-14)


def test_maxdiff_equals_the_official_scripts(shared, tmp_path, glove, task, result):
    rows = dict(zip(task.words, glove.rows([w.lower() for w in task.words]).tolist(), strict=True))
    ratings = {}
    for relation in task.relations:
        scores = np.nan_to_num(pair_scores(glove, relation, rows))
        named = zip(scores.tolist(), relation.pairs, strict=True)
        ratings[relation.id] = [f'{score!r} "{a}:{b}"' for score, (a, b) in named]
    right = official(shared, tmp_path, ratings)
    assert {r.id: round(2 * r.questions * r.maxdiff_all) for r in result.relations} == right
    assert any(r.covered < r.pairs for r in result.relations)  # so pairs rated 0 were compared


def test_tied_scores_are_picked_as_the_official_scripts_pick(shared, tmp_path, task):
    rng = np.random.default_rng(0)
    ratings, mine = {}, {}
    for relation in task.relations[:20]:
        scores = rng.integers(0, 3, len(relation.pairs)).astype(float)
        named = zip(scores.tolist(), relation.pairs, strict=True)
        ratings[relation.id] = [f'{score!r} "{a}:{b}"' for score, (a, b) in named]
        mine[relation.id] = round(2 * maxdiff(relation, scores).sum())
    assert mine == official(shared, tmp_path, ratings)


def test_gold_ratings_as_answers(task):
    test = [r for r in task.relations if r.split == "test"]
    assert round(np.mean([maxdiff(r, r.ratings).mean() for r in test]), 3) == 0.753


def test_rho_equals_scipys(glove, task, result):
    for relation, record in list(zip(task.relations, result.relations, strict=True))[::4]:
        scores = np.array(reference_scores(glove, relation))
        rho = stats.spearmanr(scores, relation.ratings).statistic
        assert record.rho_all == pytest.approx(rho, abs=1e-9)
        known = [c.lower() in glove and d.lower() in glove for c, d in relation.pairs]
        covered = stats.spearmanr(scores[known], relation.ratings[known]).statistic
        assert record.rho_covered == pytest.approx(covered, abs=1e-9)


def test_figures_are_means_over_the_test_relations(result):
    test = [r for r in result.relations if r.split == "test"]
    assert len(test) == 69
    for kind, maxdiffs, rhos in (
        (result.all, [r.maxdiff_all for r in test], [r.rho_all for r in test]),
        (result.covered, [r.maxdiff_covered for r in test], [r.rho_covered for r in test]),
    ):
        assert kind.maxdiff.value == pytest.approx(np.mean(maxdiffs), abs=1e-9)
        assert kind.rho.value == pytest.approx(np.mean(rhos), abs=1e-9)
        assert sum(f.maxdiff_relations for f in kind.categories.values()) == 69
        assert kind.training.rho_relations == 10
        for values, figure in ((maxdiffs, kind.maxdiff), (rhos, kind.rho)):
            expected = stats.bootstrap(
                (values,), np.mean, method="percentile", n_resamples=4000, rng=1
            ).confidence_interval
            width = expected.high - expected.low
            assert figure.ci == pytest.approx(tuple(expected), abs=0.1 * width)


def test_coverage(glove, task, result):
    pairs = [pair for r in task.relations for pair in r.pairs]
    missing = [w for pair in pairs for w in pair if w.lower() not in glove]
    assert result.questions.asked == 3_218
    assert sum(result.coverage.missing.values()) == len(missing) > 0
    assert set(result.coverage.missing) == set(missing)
    assert result.coverage.share == pytest.approx(result.questions.answered / 3_218)
    assert sum(r.covered for r in result.relations) == result.questions.answered
    assert result.case == "lower"


def test_chance_is_what_random_scores_get(task):
    rng = np.random.default_rng(0)
    for relation in task.relations[::20]:
        drawn = [
            maxdiff(relation, rng.permutation(len(relation.pairs)).astype(float)).mean()
            for _ in range(1000)
        ]
        error = np.std(drawn) / len(drawn) ** 0.5
        assert abs(np.mean(drawn) - chance(relation).mean()) < 5 * error
        assert (chance(relation) >= 0.25).all()


def test_c_alone_is_cos_c_d(glove, task, result):
    rows = dict(zip(task.words, glove.rows([w.lower() for w in task.words]).tolist(), strict=True))
    for relation, record in list(zip(task.relations, result.relations, strict=True))[::10]:
        alone = nearness(glove, relation, rows)
        for (c, d), found in zip(relation.pairs, alone, strict=True):
            if min(rows[c], rows[d]) < 0:
                assert np.isnan(found)
            else:
                assert found == pytest.approx(glove.similarity(c.lower(), d.lower()), abs=1e-12)
        rho = stats.spearmanr(np.nan_to_num(alone), relation.ratings).statistic
        assert record.rho_only_c_all == pytest.approx(rho, abs=1e-9)
    test = [r.rho_only_c_all for r in result.relations if r.split == "test"]
    assert result.all.rho_only_c.value == pytest.approx(np.mean(test), abs=1e-9)


def test_half_the_words_missing(glove, task):
    half = glove.select(np.arange(0, len(glove), 2))
    result = semeval(half, task, draws=0)
    assert result.all.maxdiff.ci is None
    # Missing pairs are rated 0, so they pull the figures towards chance.
    assert result.all.rho.value < result.covered.rho.value
    none = [r for r in result.relations if r.paradigms_covered == 0]
    assert none
    assert all(r.rho_covered is None and r.rho_all is None for r in none)
    # Chance is that of the questions it stands beside.
    known = [r for r in result.relations if r.split == "test" and r.questions_covered]
    assert len(known) < 69
    assert result.covered.chance == pytest.approx(np.mean([r.chance_covered for r in known]))
    assert result.covered.chance != result.all.chance
    assert result.all.maxdiff_only_c.ci is None
    # A relation of equal scores counts as rho 0 in `all`, and has none in `covered`.
    rho = [r.rho_all or 0.0 for r in result.relations if r.split == "test"]
    assert result.all.rho.value == pytest.approx(np.mean(rho), abs=1e-9)


def test_same_seed_same_bytes(glove, task, result):
    again = semeval(glove, task)
    assert to_json(replace(again, run=result.run)) == to_json(result)
    assert from_json(to_json(result)) == result
    other = semeval(glove, task, seed=1)
    assert (other.all.rho.value, other.seed) == (result.all.rho.value, 1)
    assert other.all.rho.ci != result.all.rho.ci
