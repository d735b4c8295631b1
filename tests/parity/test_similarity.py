"""Word similarity against SciPy on plain NumPy cosines, and against gensim's evaluation."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

from embarith.cli import main
from embarith.errors import FormatError, OptionError
from embarith.experiments.similarity import similarity
from embarith.questions import SimilaritySet, load, load_similarity
from embarith.result import SimilarityResult, from_json, to_json
from embarith.statistics import correlation_bootstrap, permuted_spearman
from embarith.table import EmbeddingTable

SETS = {"wordsim353": ("wordsim353.tsv", 353, 437), "simlex999": ("simlex999.txt", 999, 1028)}


@pytest.fixture(scope="module", params=SETS)
def asked(request: pytest.FixtureRequest, shared: Path) -> SimilaritySet:
    return load_similarity(request.param)


@pytest.fixture(scope="module")
def some(glove_table: EmbeddingTable) -> EmbeddingTable:
    """The 8,000 most frequent words, which leave pairs uncovered."""
    return glove_table.select(np.arange(8_000))


def plain(table: EmbeddingTable, asked: SimilaritySet) -> tuple[np.ndarray, np.ndarray]:
    """Cosines in float64, NaN where a word is missing, and ratings."""
    unit = table.vectors.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    row = table.key_to_index
    found = [
        float(unit[row[a.lower()]] @ unit[row[b.lower()]])
        if a.lower() in row and b.lower() in row
        else np.nan
        for a, b in asked.pairs
    ]
    return np.array(found), asked.ratings


def test_the_published_sets_are_whole(asked: SimilaritySet) -> None:
    _, pairs, words = SETS[asked.name]
    assert len(asked) == pairs
    assert len({word.lower() for word in asked.words}) == words
    assert asked.ratings.min() >= 0
    assert asked.ratings.max() <= 10


@pytest.mark.parametrize("whole", [True, False])
def test_rho_and_r_are_scipys(
    glove_table: EmbeddingTable, some: EmbeddingTable, asked: SimilaritySet, whole: bool
) -> None:
    table = glove_table if whole else some
    result = similarity(table, asked, draws=0, null_draws=1)
    cosines, ratings = plain(table, asked)
    known = ~np.isnan(cosines)
    assert result.questions.answered == known.sum()
    assert (known.all()) == whole
    for scores, x, y in (
        (result.covered, cosines[known], ratings[known]),
        (result.all, np.nan_to_num(cosines), ratings),
    ):
        assert scores.rho is not None
        assert scores.pearson is not None
        assert scores.rho.value == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-9)
        assert scores.pearson.value == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-9)


@pytest.mark.parametrize("whole", [True, False])
def test_gensim_finds_the_same(
    glove_table: EmbeddingTable, some: EmbeddingTable, asked: SimilaritySet, shared: Path, whole
) -> None:
    from gensim.models import KeyedVectors

    table = glove_table if whole else some
    keyed = KeyedVectors(table.dimensions)
    keyed.add_vectors(table.index_to_key, table.vectors)
    result = similarity(table, asked, draws=0, null_draws=1)
    file = str(shared / "analogy" / "google" / SETS[asked.name][0])
    for filled, scores in ((False, result.covered), (True, result.all)):
        # It looks at the 300,000 most frequent words alone unless told otherwise.
        pearson, spearman, lost = keyed.evaluate_word_pairs(
            file, restrict_vocab=len(table), dummy4unknown=filled
        )
        assert scores.rho is not None
        assert scores.pearson is not None
        # In float32.
        assert scores.rho.value == pytest.approx(spearman[0], abs=2e-5)
        assert scores.pearson.value == pytest.approx(pearson[0], abs=2e-5)
        if not filled:
            assert lost / 100 == pytest.approx(1 - result.coverage.share)


def test_missing_words_are_named_with_the_pairs_they_cost(
    some: EmbeddingTable, asked: SimilaritySet
) -> None:
    result = similarity(some, asked, draws=0, null_draws=1)
    gone = {word for word in result.coverage.missing if word.lower() in some}
    assert not gone
    lost = [pair for pair in asked.pairs if any(word.lower() not in some for word in pair)]
    assert result.questions.dropped == len(lost)
    assert result.coverage.share == pytest.approx(1 - len(lost) / len(asked))


def test_several_tables_are_compared_on_the_pairs_they_share(
    glove_table: EmbeddingTable, some: EmbeddingTable
) -> None:
    asked = load_similarity("wordsim353")
    first, second = similarity([glove_table, some], asked, draws=200, null_draws=9)
    assert first.shared is not None
    assert second.shared is not None
    assert first.shared.pairs == second.shared.pairs == second.questions.answered
    # The same vectors on the same pairs.
    assert first.shared.rho == second.shared.rho == second.covered.rho
    assert second.shared.difference is not None
    assert second.shared.difference.value == 0
    assert second.shared.difference.ci == (0, 0)
    assert (first.shared.to, second.shared.to) == (None, "glove-6b-50d")


def test_a_difference_has_a_narrower_interval_than_its_parts(glove_table: EmbeddingTable) -> None:
    asked = load_similarity("simlex999")
    words = glove_table.select(list(dict.fromkeys(map(str.lower, asked.words))))
    noise = np.random.default_rng(0).standard_normal(words.vectors.shape).astype(np.float32)
    other = EmbeddingTable.from_arrays(words.labels, words.vectors + noise / 4)
    first, second = similarity([words, other], asked, draws=300, null_draws=9)
    assert first.shared is not None
    assert first.shared.rho is not None
    assert first.shared.rho.ci is not None
    assert second.shared is not None
    assert second.shared.difference is not None
    assert second.shared.difference.ci is not None
    width = second.shared.difference.ci[1] - second.shared.difference.ci[0]
    assert width < 0.7 * (first.shared.rho.ci[1] - first.shared.rho.ci[0])


def test_the_null_is_that_of_chance(glove_table: EmbeddingTable) -> None:
    asked = load_similarity("wordsim353")
    result = similarity(glove_table, asked, draws=0)
    assert result.null is not None
    assert result.null.p == 0.001
    # The standard error of rho without correlation is 1 / sqrt(n - 1).
    assert result.null.ci[1] == pytest.approx(1.96 / np.sqrt(352), abs=0.015)
    shuffled = SimilaritySet(
        "shuffled", "", asked.pairs, np.random.default_rng(1).permutation(asked.ratings)
    )
    again = similarity(glove_table, shuffled, draws=0)
    assert again.null is not None
    assert again.null.p > 0.01


def test_permutations_of_few_pairs_are_those_that_there_are() -> None:
    x, y = np.array([0.1, 0.4, 0.2, 0.9]), np.array([1.0, 2.0, 2.0, 3.0])
    every = {
        round(float(stats.spearmanr(x, order).statistic), 9) for order in itertools.permutations(y)
    }
    drawn = permuted_spearman(x, y, draws=500, seed=0)
    assert {round(float(rho), 9) for rho in drawn} == every


def test_weighted_correlations_are_those_of_repeated_pairs() -> None:
    """Whole-number weights of words: every pair as often as the product says, by SciPy."""
    from embarith.statistics import resampling

    random = np.random.default_rng(5)
    x, y = random.integers(0, 6, 12) / 4, random.integers(0, 4, 12) * 1.0
    weights = random.integers(0, 4, (3, 12)).astype(np.float64)
    shares = weights / weights.sum(axis=1, keepdims=True)
    ranks = (resampling._weighted_ranks(values, shares) for values in (x, y))
    rho = resampling._weighted_pearson(*ranks, shares)
    for draw, times in enumerate(weights.astype(int)):
        repeated = stats.spearmanr(np.repeat(x, times), np.repeat(y, times)).statistic
        assert rho[draw] == pytest.approx(repeated, abs=1e-12)


def test_the_interval_is_that_of_errors_robust_to_shared_words(
    glove_table: EmbeddingTable, asked: SimilaritySet
) -> None:
    """Fafchamps and Gubert's variance of the linearised rho, in which pairs of a word covary."""
    cosines, ratings = plain(glove_table, asked)
    a, b = (stats.zscore(stats.rankdata(values)) for values in (cosines, ratings))
    rho = float((a * b).mean())
    influence = a * b - rho * (a**2 + b**2) / 2
    words = np.array([[word.lower() for word in pair] for pair in asked.pairs])
    sharing = (words[:, None, :, None] == words[None, :, None, :]).any(axis=(2, 3))
    error = float(np.sqrt(influence @ sharing @ influence)) / len(asked)
    result = similarity(glove_table, asked, null_draws=1)
    assert result.covered.rho is not None
    assert result.covered.rho.ci is not None
    low, high = result.covered.rho.ci
    assert low < rho < high
    assert 0.85 < (high - low) / (2 * 1.96 * error) < 1.1


def test_words_are_drawn_once_a_draw_and_tables_alike() -> None:
    random = np.random.default_rng(2)
    first, second = np.triu_indices(12, 1)
    scores, ratings = random.random((2, len(first))), random.random(len(first))
    both = correlation_bootstrap(scores, ratings, first, second, draws=40, seed=1)
    alone = correlation_bootstrap(scores[1:], ratings, first, second, draws=40, seed=1)
    assert np.array_equal(both[:, 1], alone[:, 0])
    again = correlation_bootstrap(scores, ratings, first, second, draws=40, seed=2)
    assert not np.array_equal(both, again)


def test_own_pairs_in_every_layout(tmp_path: Path, some: EmbeddingTable) -> None:
    rows = [
        ("king", "queen", "9"),
        ("car", "road", "6.5"),
        ("rain", "bank", "1"),
        ("a", "the", "3"),
    ]
    found = []
    for name, text in {
        "tabs.tsv": "\n".join("\t".join(row) for row in rows),
        "commas.csv": "word1,word2,rating\n" + "\n".join(",".join(row) for row in rows),
        "spaces.txt": "# remark\n" + "\n".join(" ".join(row) for row in rows),
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        found.append(load_similarity(tmp_path / name))
    assert {one.sha256 for one in found} == {found[0].sha256}
    assert found[1].pairs[0] == ("king", "queen")
    assert found[0].name == "tabs"
    outcome = CliRunner().invoke(
        main, ["similarity", "--pairs", str(tmp_path / "tabs.tsv"), "--json"]
    )
    assert outcome.exit_code == 0, outcome.stderr
    result = from_json(outcome.stdout)
    assert isinstance(result, SimilarityResult)
    assert result.questions.asked == 4
    assert to_json(result) + "\n" == outcome.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\t1\nc\td\n", r"pairs:2: expected two words and a rating, but found 2 fields"),
        ("a\tb\t1\nc\td\thigh\n", r"pairs:2: rating 'high' is no number"),
        ("a\tb\tnan\n", r"pairs:1: rating 'nan' is not finite"),
        ("a\t\t1\n", r"pairs:1: an empty word"),
        ("w1\tw2\trating\n", "no rated pairs in it"),
        ("w1\tw2\trating\nx\ty\tz\n", r"pairs:2: rating 'z' is no number"),
    ],
)
def test_faults_of_own_pairs_name_the_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "pairs").write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        load_similarity(tmp_path / "pairs")


def test_what_cannot_be_asked_is_refused(some: EmbeddingTable) -> None:
    with pytest.raises(OptionError, match="did you mean 'simlex999'"):
        load_similarity("simlex")
    with pytest.raises(OptionError, match="wordsim353 holds rated pairs"):
        load("wordsim353")
    none = SimilaritySet("none", "", (("qqq", "zzz"), ("king", "zzz")), np.array([1.0, 2.0]))
    with pytest.raises(OptionError, match="covers 0 of the 2 pairs"):
        similarity(some, none)
    flat = SimilaritySet("flat", "", (("king", "car"), ("king", "man")), np.array([1.0, 1.0]))
    result = similarity(some, flat)
    assert (result.covered.rho, result.null) == (None, None)
