"""Every solver against a plain f64 NumPy reference, on real tables."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray

from embarith import solvers
from embarith.draws import generator
from embarith.errors import OptionError
from embarith.table import EmbeddingTable, Similarity

Rows = NDArray[np.int64]
TOLERANCE = 1e-12
NOTHING = np.empty((0, 0), np.int64)


@pytest.fixture(scope="module")
def words(glove_table: EmbeddingTable) -> EmbeddingTable:
    """The first 4,000 GloVe words."""
    return glove_table.select(np.arange(4000))


@pytest.fixture(scope="module")
def objects(shared: Path) -> EmbeddingTable:
    """Real CLIP text embeddings of 1,203 object names: a narrow cone with a large common mean."""
    with np.load(shared / "clip_text" / "lvis_a_name.npz", allow_pickle=False) as stored:
        return EmbeddingTable.from_arrays(stored["labels"].tolist(), stored["vectors"])


def questions(rows: int, count: int, seed: int) -> tuple[Rows, Rows, Rows, Rows]:
    rng = np.random.default_rng(seed)
    a, b, c = (rng.integers(0, rows, count) for _ in range(3))
    gold = rng.integers(0, rows, (count, 3))
    gold[::3, 1:] = -1
    gold[0] = [a[0], b[0], a[0]]  # none is left when inputs are forbidden
    return a, b, c, gold


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    wide = vectors.astype(np.float64)
    return wide / np.linalg.norm(wide, axis=1, keepdims=True)


def cosines(y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(y, axis=1)[:, None] * np.linalg.norm(x, axis=1)[None]
    with np.errstate(invalid="ignore"):
        return (y @ x.T) / lengths


def reference(
    table: EmbeddingTable, a: Rows, b: Rows, c: Rows, method: str, raw: bool
) -> NDArray[np.float64]:
    """All scores, shape (questions, rows)."""
    u = unit(table.vectors)
    x = table.vectors.astype(np.float64) if raw else u
    if method == "3cosmul":
        shifted_b, shifted_c, shifted_a = ((1 + u[w] @ u.T) / 2 for w in (b, c, a))
        return shifted_b * shifted_c / (shifted_a + 1e-3)
    if method == "pairdistance":
        rows = [cosines((x[j] - x[i])[None], x - x[k])[0] for i, j, k in zip(a, b, c, strict=True)]
        return np.nan_to_num(np.array(rows), nan=-np.inf)
    sums = {
        "3cosadd": x[b] - x[a] + x[c],
        "only-c": x[c],
        "only-b": x[b],
        "ignore-a": x[b] + x[c],
        "add-opposite": x[c] - (x[b] - x[a]),
    }
    return cosines(sums[method], x)


def assert_same_answers(
    found: solvers.Answers, scores: NDArray[np.float64], excluded: Rows = NOTHING
) -> None:
    """Indices equal the reference's wherever its scores differ by more than rounding."""
    masked = scores.copy()
    for i, rows in enumerate(excluded):
        masked[i, rows] = np.nan  # sorts last
    k = found.indices.shape[1]
    order = np.argsort(-masked, axis=1, kind="stable")[:, : k + 1]
    best = np.take_along_axis(masked, order, axis=1)
    np.testing.assert_allclose(found.scores, best[:, :k], atol=TOLERANCE, rtol=0)
    apart = -np.diff(best, axis=1) > TOLERANCE
    clear = apart & np.column_stack([np.ones(len(apart), bool), apart[:, :-1]])
    assert clear.mean() > 0.7  # b and c are level in b + c, so even real tables have ties
    assert (found.indices == order[:, :k])[clear].all()


@pytest.mark.parametrize(
    ("method", "similarity"), [("pairdistance", "cosine"), ("3cosadd", "spearman")]
)
def test_questions_asked_in_parts_get_the_same_answers(
    words: EmbeddingTable, method: str, similarity: Similarity, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, c, gold = questions(len(words), 700, 5)

    def ask() -> solvers.Solutions:
        return solvers.solve(
            words,
            a,
            b,
            c,
            gold,
            method=method,
            similarity=similarity,
            k=3,
        )

    whole = ask()
    monkeypatch.setattr(solvers, "_FORMED", 1)
    parts = ask()
    for name in ("fair", "restricted", "rank_fair", "rank_restricted"):
        one, other = getattr(whole, name), getattr(parts, name)
        for field in fields(one):
            np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


def assert_same_ranks(
    found: solvers.Ranks, scores: NDArray[np.float64], gold: Rows, excluded: Rows = NOTHING
) -> None:
    for i, row in enumerate(scores):
        out = excluded[i] if len(excluded) else NOTHING[:0]
        right = [g for g in gold[i] if g >= 0 and g not in out]
        if not right:
            assert (found.above[i], found.tied[i], found.right[i]) == (-1, 0, 0)
            continue
        others = np.delete(row, out) if len(excluded) else row
        best = row[right].max()
        above = int((others > best + TOLERANCE).sum())
        reach = int((others >= best - TOLERANCE).sum())
        assert above <= found.above[i] < found.above[i] + found.tied[i] <= reach
        level = {g for g in right if row[g] >= best - TOLERANCE}
        assert 1 <= found.right[i] <= min(len(level), found.tied[i])


@pytest.mark.parametrize("method", solvers.QUESTION_METHODS)
@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("which", ["words", "objects"])
def test_equals_numpy(method: str, raw: bool, which: str, request: pytest.FixtureRequest) -> None:
    table: EmbeddingTable = request.getfixturevalue(which)
    a, b, c, gold = questions(len(table), 40, seed=7)
    found = solvers.solve(table, a, b, c, gold, method=method, raw=raw, k=10)
    scores = reference(table, a, b, c, method, raw)
    inputs = np.stack([a, b, c], axis=1)
    assert_same_answers(found.fair, scores)
    assert_same_answers(found.restricted, scores, inputs)
    assert_same_ranks(found.rank_fair, scores, gold)
    assert_same_ranks(found.rank_restricted, scores, gold, inputs)
    for limit in (None, 5):
        ranked = solvers.rank_gold(table, a, b, c, gold, method=method, raw=raw, limit=limit)
        for ours, full in zip(ranked, (found.rank_fair, found.rank_restricted), strict=True):
            near = np.ones(len(a), bool) if limit is None else full.above < limit
            np.testing.assert_array_equal(ours.above[near], full.above[near])
            np.testing.assert_array_equal(ours.tied[near], full.tied[near])
            np.testing.assert_array_equal(ours.right[near], full.right[near])
            assert (ours.above[~near] == limit).all()


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul", "only-c"])
def test_spearman_equals_scipy(words: EmbeddingTable, method: str) -> None:
    table = words.select(np.arange(500))
    a, b, c, gold = questions(500, 20, seed=3)
    found = solvers.solve(table, a, b, c, gold, method=method, similarity="spearman", k=5)
    if method == "3cosmul":
        rho = scipy.stats.spearmanr(table.vectors, axis=1).statistic
        shifted_b, shifted_c, shifted_a = ((1 + rho[w]) / 2 for w in (b, c, a))
        scores = shifted_b * shifted_c / (shifted_a + 1e-3)
    else:
        x = unit(table.vectors)
        sums = x[b] - x[a] + x[c] if method == "3cosadd" else x[c]
        ranks = scipy.stats.rankdata(table.vectors, axis=1) - 25.5
        scores = cosines(scipy.stats.rankdata(sums, axis=1) - 25.5, ranks)
    # Ranks are whole numbers, so equal correlations are common: compare scores, not rows.
    best = -np.sort(-scores, axis=1)[:, :5]
    np.testing.assert_allclose(found.fair.scores, best, atol=TOLERANCE, rtol=0)
    at_found = np.take_along_axis(scores, found.fair.indices, axis=1)
    np.testing.assert_allclose(at_found, best, atol=TOLERANCE, rtol=0)


def test_equal_rank_correlations_are_ties() -> None:
    """Ranks are whole numbers: integer arithmetic says which correlations are equal."""
    rng = np.random.default_rng(8)
    ranks = rng.permuted(np.tile(np.arange(50), (20_000, 1)), axis=1)
    vectors = ranks.astype(np.float32)
    table = EmbeddingTable.from_arrays([str(row) for row in range(20_000)], vectors)
    c, gold = rng.integers(0, 20_000, (2, 50))
    found = solvers.solve(
        table, c, c, c, gold[:, None], method="only-c", similarity="spearman", exclude=c[:, None]
    )
    products = ranks[c] @ ranks.T
    best = np.take_along_axis(products, gold[:, None], axis=1)
    np.testing.assert_array_equal(found.rank_fair.above, (products > best).sum(axis=1))
    np.testing.assert_array_equal(found.rank_fair.tied, (products == best).sum(axis=1))
    assert found.rank_fair.tied.mean() > 2


def test_right_answers_that_tie_are_counted() -> None:
    vectors = np.random.default_rng(2).standard_normal((100, 8)).astype(np.float32)
    vectors[[50, 60, 70]] = vectors[40]
    table = EmbeddingTable.from_arrays([str(row) for row in range(100)], vectors)
    c = np.array([40, 40, 40])
    gold = np.array([[50, 60, -1], [50, 40, 50], [3, 50, 60]])
    found = solvers.solve(table, c, c, c, gold, method="only-c", exclude=c[:, None])
    fair, restricted = found.rank_fair, found.rank_restricted
    np.testing.assert_array_equal([fair.above, fair.tied, fair.right], [[0] * 3, [4] * 3, [2] * 3])
    np.testing.assert_array_equal(
        [restricted.above, restricted.tied, restricted.right], [[0] * 3, [3] * 3, [2, 1, 2]]
    )


def test_3cosavg_leaves_the_asked_pair_out(words: EmbeddingTable) -> None:
    rng = np.random.default_rng(5)
    relation = np.repeat([0, 1, 2], [5, 8, 12])
    source, gold = rng.permutation(4000)[:50].reshape(2, 25)
    found = solvers.solve_pairs(words, relation, source, gold[:, None], k=10)
    u = unit(words.vectors)
    sums = np.empty((25, words.dimensions))
    for i in range(25):
        others = (relation == relation[i]) & (np.arange(25) != i)
        sums[i] = u[source[i]] + (u[gold[others]] - u[source[others]]).mean(axis=0)
    scores = cosines(sums, u)
    assert_same_answers(found.fair, scores)
    assert_same_answers(found.restricted, scores, source[:, None])
    assert_same_ranks(found.rank_restricted, scores, gold[:, None], source[:, None])


@pytest.mark.parametrize("raw", [False, True])
def test_lrcos_equals_scikit_learn(words: EmbeddingTable, raw: bool) -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(6)
    source, gold = rng.permutation(4000)[:12].reshape(2, 6)
    found = solvers.solve_pairs(
        words, np.zeros(6, np.int64), source, gold[:, None], method="lrcos", seed=11, raw=raw
    )
    u = unit(words.vectors)
    x = words.vectors.astype(np.float64) if raw else u
    free = np.setdiff1d(np.arange(4000), np.concatenate([source, gold]))
    sampled = generator(11, "lrcos", "0").choice(free, size=5, replace=False)
    scores = np.empty((6, len(words)))
    for i in range(6):
        others = np.arange(6) != i
        positives, negatives = np.sort(gold[others]), np.sort(np.r_[source[others], sampled])
        model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000)
        model.fit(x[np.r_[positives, negatives]], np.r_[np.ones(5), np.zeros(10)])
        scores[i] = model.predict_proba(x)[:, 1] * (u @ u[source[i]])
    assert_same_answers(found.fair, scores)
    assert_same_ranks(found.rank_fair, scores, gold[:, None])


@pytest.mark.parametrize("method", ["3cosavg", "lrcos"])
def test_other_relations_change_no_answer(words: EmbeddingTable, method: str) -> None:
    rng = np.random.default_rng(8)
    relation = np.repeat([0, 1, 2], [5, 7, 6])
    source, gold = rng.permutation(4000)[:36].reshape(2, 18)
    names = ("first", "second", "third")

    def ask(keep: np.ndarray, **more: object) -> solvers.Answers:
        return solvers.solve_pairs(
            words, source=source[keep], gold=gold[keep, None], method=method, **more
        ).fair

    whole = ask(relation >= 0, relation=relation, names=names)
    rest = ask(relation > 0, relation=relation[5:] - 1, names=names[1:])
    np.testing.assert_array_equal(whole.indices[5:], rest.indices)
    np.testing.assert_array_equal(whole.scores[5:], rest.scores)


def test_what_cannot_be_learnt_is_told_with_its_relation(words: EmbeddingTable) -> None:
    relation = np.repeat([0, 1], [6, 4])
    rows = np.arange(10)
    with pytest.raises(OptionError, match="at least 5 pairs, and 'few' has 4"):
        solvers.solve_pairs(words, relation, rows, rows[:, None] + 10, names=("many", "few"))
    with pytest.raises(OptionError, match="1 names of relations that are numbered to 1"):
        solvers.solve_pairs(words, relation, rows, rows[:, None] + 10, names=("many",))
    small = words.select(words.index_to_key[:10])
    # Every word is a target, so that no other is left.
    relation, gold = np.repeat([0, 1], 5), np.roll(rows.reshape(2, 5), 1, axis=1).reshape(10, 1)
    relation, source, gold = relation[5:] - 1, rows[:5], gold[:5]
    tiny = small.select(small.index_to_key[:5])
    gold = np.concatenate([gold, (gold + 1) % 5, (gold + 2) % 5, (gold + 3) % 5], axis=1)
    with pytest.raises(OptionError, match=r"lrcos: the other pairs of 'ring' leave '.*' no right"):
        solvers.solve_pairs(tiny, relation, source, gold, method="lrcos", names=("ring",))


def test_more_words_than_a_pass_takes(words: EmbeddingTable) -> None:
    """Questions of 4,000 distinct words give what each gives alone."""
    a, b, c, gold = questions(4000, 3000, seed=9)
    together = solvers.solve(words, a, b, c, gold, k=3)
    for i in [0, 1, 1500, 2999]:
        one = slice(i, i + 1)
        alone = solvers.solve(words, a[one], b[one], c[one], gold[one], k=3)
        np.testing.assert_array_equal(alone.fair.indices, together.fair.indices[one])
        np.testing.assert_array_equal(alone.fair.scores, together.fair.scores[one])
        np.testing.assert_array_equal(alone.rank_fair.above, together.rank_fair.above[one])


def test_meaningless_choices_are_refused(words: EmbeddingTable) -> None:
    a, b, c, gold = questions(10, 2, seed=0)
    with pytest.raises(OptionError, match="did you mean '3cosadd'"):
        solvers.solve(words, a, b, c, gold, method="3cosad")
    with pytest.raises(OptionError, match="no spearman form"):
        solvers.solve(words, a, b, c, gold, method="pairdistance", similarity="spearman")
    with pytest.raises(OptionError, match="epsilon must be positive"):
        solvers.solve(words, a, b, c, gold, method="3cosmul", epsilon=0)
    with pytest.raises(OptionError, match="at least 5 pairs"):
        solvers.solve_pairs(words, np.zeros(4, np.int64), a[:1].repeat(4), gold[:1].repeat(4, 0))


def changed(rows: Rows, place: object, row: int) -> Rows:
    other = rows.copy()
    other[place] = row
    return other


@pytest.mark.parametrize(
    ("name", "place", "row"),
    [
        *((name, 2, row) for name in "abc" for row in (-1, -4000, 4000)),
        *(("gold", (2, 0), row) for row in (-1, -2, 4000)),
        *(("gold", (2, 1), row) for row in (-2, 4000)),
        *(("exclude", (2, 1), row) for row in (-2, 4000)),
    ],
)
def test_rows_that_there_are_not_are_refused(
    words: EmbeddingTable, name: str, place: object, row: int
) -> None:
    a, b, c, gold = questions(4000, 6, seed=1)
    given = {"a": a, "b": b, "c": c, "gold": gold, "exclude": np.stack([a, c], axis=1)}
    given[name] = changed(given[name], place, row)
    message = f"{name}, question 2: row {row} is none of"
    for ask in (solvers.solve, solvers.rank_gold):
        with pytest.raises(OptionError, match=message):
            ask(words, **given)
    if name in "abc":
        with pytest.raises(OptionError, match=message):
            solvers.offsets(words, given["a"], given["b"], given["c"])
    else:
        options = {"exclude": given["exclude"]} if name == "exclude" else {}
        for method in solvers.PAIR_METHODS:
            with pytest.raises(OptionError, match=message):
                solvers.solve_pairs(words, a * 0, c, given["gold"], method=method, **options)


def test_arrays_that_do_not_fit_together_are_refused(words: EmbeddingTable) -> None:
    a, b, c, gold = questions(4000, 6, seed=1)
    wrong = [
        ({"gold": gold.reshape(3, 6)}, r"gold has shape \(3, 6\); expected \(6, m\)"),
        ({"gold": gold[:, 0]}, r"gold has shape \(6,\); expected \(6, m\)"),
        ({"exclude": np.zeros((2, 9), int)}, r"exclude has shape \(2, 9\); expected \(6, m\)"),
        ({"exclude": np.zeros((6, 4000), bool)}, "exclude is bool; expected row numbers"),
        ({"a": a[:5]}, r"b has shape \(6,\); expected \(5,\)"),
        ({"c": c[:, None]}, r"c has shape \(6, 1\); expected \(6,\)"),
        ({"b": b + 0.5}, "b is float64; expected row numbers"),
        ({"k": 2.0}, "k must be an integer, not 2.0"),
        ({"k": -1}, "k must be at least 0"),
        ({"k": 2**63}, "k must be"),
    ]
    for change, message in wrong:
        with pytest.raises(OptionError, match=message):
            solvers.solve(words, **({"a": a, "b": b, "c": c, "gold": gold} | change))
    relation = np.zeros(6, np.int64)
    for args, message in (
        ((relation - 1, a, gold), "numbers from -1 on; expected"),
        ((relation[:3], a, gold), r"relation has shape \(3,\)"),
        ((relation, changed(a, 4, -1), gold), "source, question 4: row -1"),
        ((relation, a, gold[:, 0]), "gold has shape"),
        ((relation, a, gold[:, :0]), "learns from"),
    ):
        with pytest.raises(OptionError, match=message):
            solvers.solve_pairs(words, *args)
    with pytest.raises(OptionError, match="did you mean 'only-c'"):
        solvers.offsets(words, a, b, c, method="onlyc")


def test_more_answers_than_rows_are_padded(words: EmbeddingTable) -> None:
    table = words.select(np.arange(6))
    a, b, c, gold = questions(6, 4, seed=0)
    found = solvers.solve(table, a, b, c, gold, k=9)
    short = solvers.solve(table, a, b, c, gold, k=6)
    assert found.restricted.indices.shape == found.fair.scores.shape == (4, 9)
    np.testing.assert_array_equal(found.fair.indices[:, :6], short.fair.indices)
    assert (found.fair.indices[:, 6:] == -1).all()
    assert np.isnan(found.restricted.scores[:, 6:]).all()
    for k in (2**45, 2**62):
        with pytest.raises(MemoryError, match=f"k = {k}"):
            solvers.solve(table, a, b, c, gold, k=k)


@pytest.mark.parametrize("raw", [False, True])
def test_few_questions_without_right_answers_go_by_the_shadow(
    glove_table: EmbeddingTable, raw: bool
) -> None:
    """They answer as NumPy does, and to the bit as many questions of the same words."""
    table = glove_table.select(np.arange(9000))
    a, b, c, _ = questions(len(table), 60, seed=3)
    few = solvers.solve(table, a, b, c, np.empty((60, 0), np.int64), raw=raw)
    assert_same_answers(few.fair, reference(table, a, b, c, "3cosadd", raw))
    assert_same_answers(
        few.restricted, reference(table, a, b, c, "3cosadd", raw), np.stack([a, b, c], axis=1)
    )
    many = [np.tile(rows, 12) for rows in (a, b, c)]
    again = solvers.solve(table, *many, np.empty((720, 0), np.int64), raw=raw)
    for one, other in ((few.fair, again.fair), (few.restricted, again.restricted)):
        np.testing.assert_array_equal(np.tile(one.indices, (12, 1)), other.indices)
        np.testing.assert_array_equal(np.tile(one.scores, (12, 1)), other.scores)
