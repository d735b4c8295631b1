"""The SIMAT score against loops in NumPy, its baselines, judges, splits and refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from embarith.draws import generator
from embarith.encoders.heads import Heads, Linear
from embarith.errors import MissingLabelError, OptionError
from embarith.experiments.simat import (
    LAMS,
    EncoderJudge,
    MatrixJudge,
    simat,
    transform,
)
from embarith.provenance import Provenance
from embarith.questions import simat as sets
from embarith.questions.simat import Simat
from embarith.questions.triples import FIELDS
from embarith.report import render
from embarith.result import Coverage, from_json, to_json
from embarith.statistics import crossed_ratios, interval
from embarith.sweep import sweep
from embarith.table import EmbeddingTable
from simat_sets import publish, shared_space


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Simat:
    return sets.read(publish(tmp_path_factory.mktemp("simat") / "made"))


@pytest.fixture(scope="module")
def tables(task: Simat) -> tuple[EmbeddingTable, EmbeddingTable]:
    return shared_space(task)


def approx(value: float, **tolerance: float):
    # Results keep nine digits.
    return pytest.approx(value, **(tolerance or {"rel": 1e-8, "abs": 1e-8}))


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def looped(photographs, texts, task: Simat, lam: float, right=None) -> np.ndarray:
    """Success of every query, a query at a time, on vectors of unit length by label."""
    right = task.right if right is None else right
    success = []
    for i in range(len(task)):
        own = task.photograph[i]
        x = photographs[own] + lam * (texts[task.target[i]] - texts[task.value[i]])
        scores = photographs @ unit(x)
        scores[own] = -np.inf
        success.append(right[int(np.argmax(scores)), task.caption[i]])
    return np.array(success, float)


def score(task: Simat, success: np.ndarray, mask=slice(None)) -> float:
    weights = 1 / np.sqrt([task.value.count(value) for value in task.value])
    return 100 * float(np.average(success[mask], weights=weights[mask]))


def by_label(table: EmbeddingTable, vectors=None) -> dict[str, np.ndarray]:
    rows = unit(table.vectors.astype(np.float64)) if vectors is None else vectors
    return dict(zip(table.index_to_key, rows, strict=True))


def test_scores_by_lambda_split_and_field(task: Simat, tables) -> None:
    images, texts = tables
    found = simat(images, texts, task, lams=[0, 0.5, 1, 3], draws=50)
    photographs, words = unit(images.vectors.astype(np.float64)), by_label(texts)
    splits = {"dev": ~task.is_test, "test": task.is_test, "all": np.ones(len(task), bool)}
    dev = []
    for point in found.curve:
        success = looped(photographs, words, task, point.lam)
        dev.append(score(task, success, splits["dev"]))
        for name, mask in splits.items():
            mine = getattr(point.scores, name)
            assert mine.all.value == approx(score(task, success, mask))
            assert mine.all.n == mask.sum()
            for field, title in enumerate(FIELDS):
                part = mask & (task.field == field)
                expected = score(task, success, part)
                assert getattr(mine, title).value == approx(expected)
    assert found.lam == found.curve[int(np.argmax(dev))].lam
    assert found.split == "test"
    picked = next(point for point in found.curve if point.lam == found.lam)
    assert found.scores == picked.scores.test
    assert found.scores.all.ci[0] < found.scores.all.value < found.scores.all.ci[1]
    assert found.best.scores.all.all.value == max(p.scores.all.all.value for p in found.curve)


def test_baselines(task: Simat, tables) -> None:
    images, texts = tables
    found = simat(images, texts, task, lams=[1], split="all", draws=0)
    photographs, words = unit(images.vectors.astype(np.float64)), by_label(texts)

    def nearest(points) -> np.ndarray:
        scores = points @ photographs.T
        scores[np.arange(len(task)), task.photograph] = -np.inf
        return task.right[scores.argmax(axis=1), task.caption].astype(float)

    base = found.baselines
    targets = np.stack([words[word] for word in task.target])
    captions = np.stack([words[task.captions[i]] for i in task.caption])
    assert base.unchanged.all.value == approx(
        score(task, nearest(photographs[task.photograph])),
    )
    assert base.text_alone.all.value == approx(score(task, nearest(targets)))
    assert base.target_caption.all.value == approx(score(task, nearest(captions)))
    assert base.random.all.value == approx(score(task, sets.chance(task)))
    assert base.ceiling.all.value == 100
    assert base.no_heads is None
    gain = found.differences["text_alone"].value
    assert gain == approx(found.scores.all.value - base.text_alone.all.value)


def test_random_retrieval_scores_what_random_photographs_score(task: Simat) -> None:
    random = np.random.default_rng(3)
    success = np.zeros(len(task))
    for _ in range(400):
        drawn = random.integers(0, len(task.images) - 1, len(task))
        drawn += drawn >= task.photograph
        success += task.right[drawn, task.caption] / 400
    assert score(task, success) == approx(score(task, sets.chance(task)), rel=0.1)


def test_heads_come_first(task: Simat, tables) -> None:
    random = np.random.default_rng(1)
    images, texts = tables
    img, txt = (
        Linear(
            random.normal(size=(7, 12)).astype(np.float32),
            random.normal(size=7).astype(np.float32),
        )
        for _ in range(2)
    )
    heads = Heads(img, txt, Provenance(encoder="made"), 0.1)
    found = simat(images, texts, task, heads=heads, lams=[0.5, 2], split="dev", draws=0)

    def headed(table: EmbeddingTable, head: Linear) -> np.ndarray:
        wide = table.vectors.astype(np.float64) @ head.weight.astype(np.float64).T
        return unit(wide + head.bias.astype(np.float64))

    photographs, words = headed(images, img), by_label(texts, headed(texts, txt))
    for point in found.curve:
        success = looped(photographs, words, task, point.lam)
        assert point.scores.dev.all.value == approx(score(task, success, ~task.is_test))
    plain = simat(images, texts, task, lams=[0.5, 2], split="dev", draws=0)
    assert found.baselines.no_heads == plain.scores
    assert found.baselines.no_heads_lam == plain.lam
    assert found.heads.temperature == 0.1
    assert "no heads, at its λ" in render([found], "md")


def test_tables_of_two_encoders_have_no_score_without_heads(task: Simat, tables) -> None:
    images, texts = tables
    other = EmbeddingTable.from_arrays(
        texts.labels, texts.vectors, provenance=Provenance(encoder="of words")
    )
    same = Linear(np.eye(12, dtype=np.float32), np.zeros(12, np.float32))
    found = simat(images, other, task, heads=Heads(same, same), lams=[1], draws=0)
    assert found.baselines.no_heads is found.baselines.no_heads_lam is None
    assert "no_heads" not in found.differences
    assert "arrays and of words are not one encoder" in render([found], "md")
    one = simat(images, texts, task, heads=Heads(same, same), lams=[1], draws=0)
    assert one.baselines.no_heads == one.scores


def test_tables_that_heads_led_apart_have_no_score(task: Simat, tables) -> None:
    images, texts = tables
    random = np.random.default_rng(2)
    keep = Linear(np.eye(12, dtype=np.float32), np.zeros(12, np.float32))

    def heads(method: str, txt: Linear | None = None) -> Heads:
        img, other = (
            Linear(random.normal(size=(12, 12)).astype(np.float32), np.zeros(12, np.float32))
            for _ in range(2)
        )
        made = Provenance(
            f"{method} heads",
            source="linear heads on arrays and arrays",
            steps=("120 photographs with 240 captions", f"method {method}", "penalty 1"),
        )
        return Heads(img, txt or other, made)

    cca, other, ridge = heads("cca"), heads("cca"), heads("ridge", keep)
    photographs, words = cca.apply_to(images, "visual"), cca.apply_to(texts, "text")
    apart = [
        (photographs, texts, rf"by cca heads {cca.sha256[:8]} and arrays by no heads: two spaces"),
        (images, words, rf"arrays was led by no heads and .* by cca heads {cca.sha256[:8]}:"),
        (
            other.apply_to(images, "visual"),
            words,
            rf"by cca heads {other.sha256[:8]} and .* {cca.sha256[:8]}:",
        ),
        (photographs, ridge.apply_to(texts, "text"), rf"{cca.sha256[:8]} and .* by ridge heads"),
        (images, ridge.apply_to(texts, "text"), r"led by no heads and .* by ridge heads"),
    ]
    judge = [
        EmbeddingTable.from_arrays(
            one.labels, one.vectors, provenance=replace(one.provenance, encoder="judge")
        )
        for one in (photographs, shared_space(task, seed=9)[1])
    ]
    for one, two, message in apart:
        with pytest.raises(OptionError, match=message):
            simat(one, two, task, draws=0)
        with pytest.raises(OptionError, match=message):
            transform(one, two, task.images[3], "cat", "dog")
    with pytest.raises(OptionError, match="judge by no heads"):
        simat(images, texts, task, judge=EncoderJudge(*judge), draws=0)
    want = simat(images, texts, task, heads=cca, draws=0)
    found = simat(photographs, words, task, draws=0)
    assert found.scores.all.value == pytest.approx(want.scores.all.value, abs=0.1)
    # Ridge leads photographs into the space of the texts as it is.
    led = ridge.apply_to(images, "visual")
    want = simat(led, ridge.apply_to(texts, "text"), task, draws=0)
    found = simat(led, texts, task, draws=0)
    assert found.scores.all.value == pytest.approx(want.scores.all.value, abs=0.1)


def test_as_many_other_queries_are_not_comparable(task: Simat, tables) -> None:
    images, texts = tables
    one, other = (
        replace(simat(images, texts, task, lams=[1], draws=0), coverage=Coverage(0.9, {word: 9}))
        for word in ("cat", "dog")
    )
    assert "Not comparable: the queries differ" in render([one, other], "md")
    assert "Not comparable" not in render([one, one], "md")


def test_sweep_finds_what_a_search_for_every_lambda_finds(task: Simat, tables) -> None:
    images, texts = tables
    photographs, words = (unit(table.vectors.astype(np.float64)) for table in tables)
    value, target = (texts.rows(side) for side in (task.value, task.target))
    done = sweep(
        photographs,
        photographs,
        words,
        point=task.photograph,
        value=value,
        target=target,
        own=task.photograph,
        lams=np.array(LAMS),
        k=6,
    )
    for at, lam in enumerate(LAMS):
        x = photographs[task.photograph] + lam * (words[target] - words[value])
        rows, _ = images.search(x, 6, exclude=task.photograph[:, None])
        np.testing.assert_array_equal(done.rows[:, at], rows)
        scores = np.einsum("nd,nkd->nk", x, photographs[rows])
        np.testing.assert_allclose(done.scores[:, at], scores, atol=1e-12)
    assert not done.tied
    with pytest.raises(OptionError, match=r"λ 1\.0, 1\.0: give one or more finite numbers, rising"):
        sweep(
            photographs,
            photographs,
            words,
            point=task.photograph,
            value=value,
            target=target,
            own=task.photograph,
            lams=np.array([1.0, 1.0]),
        )


def test_photographs_that_are_equal_share_the_credit(task: Simat, tables) -> None:
    images, texts = tables
    vectors = images.vectors.copy()
    vectors[1::2] = vectors[:-1:2]  # every second photograph is the one before it
    twins = EmbeddingTable.from_arrays(images.labels, vectors)
    found = simat(twins, texts, task, lams=[1], split="all", draws=0)
    photographs, words = unit(vectors.astype(np.float64)), by_label(texts)
    success = []
    for i in range(len(task)):
        x = photographs[task.photograph[i]] + words[task.target[i]] - words[task.value[i]]
        scores = photographs @ x
        scores[task.photograph[i]] = -np.inf
        best = np.flatnonzero(scores > scores.max() - 1e-12)
        success.append(task.right[best, task.caption[i]].mean())
    assert found.scores.all.value == approx(score(task, np.array(success)))
    order = np.random.default_rng(0).permutation(len(vectors))
    shuffled = EmbeddingTable.from_arrays(
        [images.index_to_key[i] for i in order], np.ascontiguousarray(vectors[order])
    )
    again = simat(shuffled, texts, task, lams=[1], split="all", draws=0)
    assert again.scores == found.scores


def test_intervals_are_the_crossed_bootstrap_over_photographs_and_word_pairs() -> None:
    random = np.random.default_rng(0)
    n = 300
    values = random.random((n, 2)).round()
    weight, group = random.uniform(0.2, 1, n), random.integers(0, 3, n)
    first, second = random.integers(0, 30, n), random.integers(0, 12, n)
    overall, groups = crossed_ratios(values, weight, first, second, group, draws=300, seed=5)
    drawn = []
    from embarith.draws import key

    for draw in range(300):
        words = np.random.Philox(
            key=np.array(key(5, "bootstrap"), np.uint64), counter=[0, draw, 0, 0]
        ).random_raw(42)
        units = -np.log1p(-((words >> np.uint64(11)) * 2.0**-53))
        w = weight * units[first] * units[30 + second]
        whole = (w[:, None] * values).sum(0) / w.sum()
        parts = [
            (w[group == g, None] * values[group == g]).sum(0) / w[group == g].sum()
            for g in range(3)
        ]
        drawn.append([whole, *parts])
    expected = interval(np.moveaxis(np.array(drawn), 0, -1))
    np.testing.assert_allclose(overall, expected[0], atol=1e-9)
    np.testing.assert_allclose(groups, expected[1:], atol=1e-9)


def test_a_matrix_judges_as_the_published_one_does(task: Simat, tables) -> None:
    images, texts = tables
    oscar = np.random.default_rng(2).random((len(task.images), len(task.captions)), np.float32)
    found = simat(images, texts, task, judge=MatrixJudge(oscar, "oscar.npy"), lams=[1], draws=0)
    photographs, words = unit(images.vectors.astype(np.float64)), by_label(texts)
    success = looped(photographs, words, task, 1.0, oscar > 0.5)
    assert found.scores.all.value == approx(score(task, success, task.is_test))
    others = (oscar > 0.5).sum(axis=0)[task.caption]
    others = others - (oscar > 0.5)[task.photograph, task.caption]
    lucky = others / (len(task.images) - 1)
    assert found.baselines.random.all.value == approx(score(task, lucky, task.is_test))
    ceiling = score(task, (others > 0).astype(float), task.is_test)
    assert found.baselines.ceiling.all.value == approx(ceiling)
    answers = looped(photographs, words, task, 1.0)
    agreed = (answers == success)[task.is_test].mean()
    assert found.judge.agreement == approx(agreed)
    damaged = oscar.copy()
    damaged[3, 5] = np.nan
    for matrix, told in (
        (oscar[:, 1:], r"shape \(40, 17\); .*expected \(40, 18\)"),
        (oscar.T, r"shape \(18, 40\); .*expected \(40, 18\)"),
        (damaged, f"nan for photograph '{task.images[3]}' and caption '{task.captions[5]}'"),
        (oscar.astype(str), "expected real numbers"),
    ):
        with pytest.raises(OptionError, match=f"^matrix: .*{told}"):
            simat(images, texts, task, judge=MatrixJudge(matrix))


def test_an_encoder_judges_by_the_first_caption_and_never_itself(task: Simat, tables) -> None:
    images, texts = tables
    other = shared_space(task, noise=4, seed=9)
    judge = EncoderJudge(
        *(
            EmbeddingTable.from_arrays(
                table.labels, table.vectors, provenance=Provenance(encoder="judge")
            )
            for table in other
        )
    )
    found = simat(images, texts, task, judge=judge, lams=[1], draws=0)
    theirs = by_label(judge.texts)
    cosines = (
        unit(judge.images.vectors.astype(np.float64))
        @ np.stack([theirs[caption] for caption in task.captions]).T
    )
    right = cosines == cosines.max(axis=1, keepdims=True)
    photographs, words = unit(images.vectors.astype(np.float64)), by_label(texts)
    success = looped(photographs, words, task, 1.0, right)
    assert found.scores.all.value == approx(score(task, success, task.is_test))
    assert 0 < found.judge.agreement < 1
    assert "ranks the target caption first" in render([found], "md")
    with pytest.raises(OptionError, match="would judge itself"):
        simat(images, texts, task, judge=EncoderJudge(images, texts))
    led = [
        EmbeddingTable.from_arrays(
            one.labels,
            one.vectors[:, ::-1].copy(),
            provenance=Provenance(encoder=f"{one.provenance.encoder} (ridge heads)"),
        )
        for one in (images, texts)
    ]
    with pytest.raises(OptionError, match="would judge itself"):
        simat(images, texts, task, judge=EncoderJudge(*led))
    few = judge.texts.select(judge.texts.index_to_key[:-1])
    with pytest.raises(OptionError, match="lacks 1 captions"):
        simat(images, texts, task, judge=EncoderJudge(judge.images, few))


def test_missing_words_are_named_and_counted_as_failed(task: Simat, tables) -> None:
    images, texts = tables
    fewer = texts.select([label for label in texts.index_to_key if label != "dog"])
    found = simat(images, fewer, task, lams=[1], split="all", draws=0)
    lost = np.array(["dog" in pair for pair in zip(task.value, task.target, strict=True)])
    assert found.coverage.missing == {"dog": lost.sum()}
    assert found.questions.dropped == lost.sum()
    photographs, words = unit(images.vectors.astype(np.float64)), by_label(texts)
    success = np.where(lost, 0.0, looped(photographs, words, task, 1.0))
    assert found.scores.all.value == approx(score(task, success, ~lost))
    assert found.missing_as_wrong == approx(score(task, success))
    assert "missing counted as failed" in render([found], "terminal")


def test_refusals(task: Simat, tables) -> None:
    images, texts = tables
    narrow = EmbeddingTable.from_arrays(texts.labels, np.ascontiguousarray(texts.vectors[:, :5]))
    with pytest.raises(OptionError, match="12 dimensions and arrays 5: two spaces"):
        simat(images, narrow, task)
    head = Linear(np.eye(5, dtype=np.float32), np.ones(5, np.float32))
    with pytest.raises(OptionError, match="image head takes 5 dimensions and arrays has 12"):
        simat(images, narrow, task, heads=Heads(head, head))
    wide = Linear(np.ones((5, 12), np.float32), np.ones(5, np.float32))
    with pytest.raises(OptionError, match="text head takes 12 dimensions and arrays has 5"):
        simat(images, narrow, task, heads=Heads(wide, wide))
    other = EmbeddingTable.from_arrays([f"{i}.png" for i in range(40)], images.vectors)
    with pytest.raises(OptionError, match=r"lacks 40 of the 40 .*such as '0.png', are to be as in"):
        simat(other, texts, task)
    with pytest.raises(OptionError, match=r"lacks 1 of the 40 photographs .*must be whole"):
        simat(images.select(np.arange(1, 40)), texts, task)
    with pytest.raises(OptionError, match="did you mean 'test'"):
        simat(images, texts, task, split="tests")  # type: ignore[arg-type]
    for lams, told in (
        ([np.nan], "λ nan"),
        ([], "no λ"),
        ([1, 0], "λ 1.0, 0.0"),
        ([1, 1], "λ 1.0"),
        ([0, 1e300], r"λ 1e\+300"),
        ([-1e7], "λ -10000000.0"),
    ):
        with pytest.raises(OptionError, match=f"^{told}.*: give one or more finite numbers"):
            simat(images, texts, task, lams=lams)
    nothing = EmbeddingTable.from_arrays(["moon"], np.ones((1, 12), np.float32))
    with pytest.raises(OptionError, match="asked none of the"):
        simat(images, nothing, task)
    testing = replace(task, is_test=np.ones(len(task), bool))
    with pytest.raises(OptionError, match="no dev queries to pick λ on"):
        simat(images, texts, testing)
    assert simat(images, texts, testing, lams=[1], draws=0).lam == 1
    with pytest.raises(OptionError, match="no dev queries to report on"):
        simat(images, texts, testing, lams=[1], split="dev")


def test_regions_name_photographs_as_well(task: Simat, tables) -> None:
    images, texts = tables
    prepared = replace(
        task, images=tuple(f"images/{one}.png" for one in task.images), regions=task.images
    )
    cropped = EmbeddingTable.from_arrays(prepared.images, images.vectors)
    figures = [
        simat(table, texts, prepared, lams=[1], draws=0).scores for table in (images, cropped)
    ]
    assert figures[0] == figures[1]


def test_a_field_without_queries_prints_none(task: Simat, tables) -> None:
    part = task.select(np.flatnonzero(task.field != 1))
    found = simat(*tables, part, lams=[0, 1], draws=20)
    assert found.scores.relation is None
    assert found.scores.subject is not None
    for name in ("terminal", "md", "html", "latex"):
        assert "n = 0" in render([found], name)


def test_results_are_the_same_again_and_survive_json(task: Simat, tables) -> None:
    one, two = (simat(*tables, task, lams=[0, 1], draws=40, seed=3) for _ in range(2))
    assert replace(one, run=two.run) == two
    assert from_json(to_json(one)) == one
    lines = render([one], "csv").splitlines()
    assert {"row", "split", "lam", "all", "relation_n"} <= set(lines[0].split(","))
    for name in ("terminal", "md", "latex", "html"):
        text = render([one, two], name)
        assert f"{one.scores.all.value:.2f}" in text
        assert "SIMAT compared" in text
    assert max(len(line) for line in render([one], "terminal").splitlines()) <= 100


def test_word_pairs_sum_to_the_score(task: Simat, tables) -> None:
    found = simat(*tables, task, lams=[1], draws=0)
    assert sum(pair.n for pair in found.pairs) == found.scores.all.n
    for field in ("subject", "relation", "object"):
        mine = [pair for pair in found.pairs if pair.field == field]
        total = sum(pair.weight * pair.success for pair in mine)
        weight = sum(pair.weight for pair in mine)
        assert 100 * total / weight == approx(getattr(found.scores, field).value, rel=1e-6)
    total = sum(pair.weight * pair.success for pair in found.pairs)
    assert 100 * total == approx(found.scores.all.value, rel=1e-6)


def test_examples_show_what_was_retrieved(task: Simat, tables) -> None:
    images, texts = tables
    found = simat(images, texts, task, lams=[1], draws=0)
    photographs, words = by_label(images), by_label(texts)
    assert {one.right[0] for one in found.examples} == {True, False}
    for one in found.examples:
        x = unit(photographs[one.image] + words[one.target] - words[one.value])
        cosines = {label: float(v @ x) for label, v in photographs.items() if label != one.image}
        best = sorted(cosines, key=cosines.get, reverse=True)[:5]
        assert list(one.retrieved) == best
        np.testing.assert_allclose(one.scores, [cosines[label] for label in best], atol=1e-8)
        number = task.captions.index(one.caption)
        assert one.right == tuple(bool(task.right[task.images.index(i), number]) for i in best)


def test_transform_one_photograph(task: Simat, tables) -> None:
    images, texts = tables
    found = transform(images, texts, task.images[3], "cat", "dog", lam=0.7, topn=4)
    photographs, words = by_label(images), by_label(texts)
    x = unit(photographs[task.images[3]] + 0.7 * (words["dog"] - words["cat"]))
    cosines = {label: float(vector @ x) for label, vector in photographs.items()}
    best = sorted(cosines, key=cosines.get, reverse=True)
    others = [label for label in best if label != task.images[3]][:4]
    assert [one.image for one in found.retrieved if not one.is_input] == others
    assert found.retrieved[0].score == approx(cosines[best[0]], abs=1e-8)
    assert from_json(to_json(found)) == found
    near = transform(images, texts, task.images[3], "cat", "dog", lam=0.01)
    assert near.retrieved[0].is_input
    assert len(near.retrieved) == 11
    assert "the photograph itself" in render([near], "md")
    assert others[0] in render([found], "csv")
    with pytest.raises(MissingLabelError, match="moon"):
        transform(images, texts, task.images[3], "cat", "moon")


def test_examples_are_drawn_with_the_seed(task: Simat, tables) -> None:
    assert generator(0, "examples").random() == generator(0, "examples").random()
    one, two = (simat(*tables, task, lams=[1], draws=0, seed=s).examples for s in (0, 1))
    assert one != two


def test_the_published_layout_is_found_in_its_folder(tmp_path: Path) -> None:
    publish(tmp_path / "SIMAT" / "simat_db")
    assert sets.read(tmp_path / "SIMAT").name == "SIMAT"
