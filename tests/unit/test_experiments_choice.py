"""Multiple choice against a plain loop, ties, coverage, and finding words by case."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from embarith.errors import OptionError
from embarith.experiments.choice import choice
from embarith.experiments.common import find_rows, settle_case
from embarith.experiments.semeval import semeval
from embarith.questions import ChoiceSet, load
from embarith.result import from_json, to_json
from embarith.table import EmbeddingTable


@pytest.fixture(scope="module")
def glove(glove_files) -> EmbeddingTable:
    """The rows of GloVe that the SAT and U2 questions need."""
    wanted = {
        word.lower()
        for name in ("sat", "u2")
        for stem, pairs in zip(load(name).stems, load(name).choices, strict=True)
        for pair in (stem, *pairs)
        for word in pair
    }
    vectors, index = glove_files
    labels = pq.read_table(index).column("index").to_pylist()
    rows = [row for row, label in enumerate(labels) if label in wanted]
    chosen = np.ascontiguousarray(np.load(vectors, mmap_mode="r")[rows], dtype=np.float32)
    return EmbeddingTable.from_arrays([labels[row] for row in rows], chosen)


def table(**vectors: list[float]) -> EmbeddingTable:
    return EmbeddingTable.from_arrays(
        list(vectors), np.array(list(vectors.values()), dtype=np.float32)
    )


def one(choices, answer=0, stem=("a", "b")) -> ChoiceSet:
    return ChoiceSet("one", "", (stem,), (tuple(choices),), (answer,), ("g",))


@pytest.mark.parametrize("name", ["sat", "u2"])
def test_picks_equal_a_plain_loop(shared, glove, name):
    questions = load(name)
    unit = {
        label: vector / np.linalg.norm(vector)
        for label, vector in zip(glove.index_to_key, glove.vectors.astype(np.float64), strict=True)
    }

    def cosine(x, y):
        return x @ y / np.linalg.norm(x) / np.linalg.norm(y)

    right = np.zeros(2)
    asked = 0
    for (a, b), pairs, answer in zip(
        questions.stems, questions.choices, questions.answers, strict=True
    ):
        words = {w.lower() for pair in ((a, b), *pairs) for w in pair}
        if not words <= set(unit):
            continue
        asked += 1
        x, y = unit[a.lower()], unit[b.lower()]
        ends = [(unit[c.lower()], unit[d.lower()]) for c, d in pairs]
        right[0] += np.argmax([cosine(y - x, d - c) for c, d in ends]) == answer
        right[1] += np.argmax([cosine(y - x + c, d) for c, d in ends]) == answer
    result = choice(glove, questions)
    assert (result.pair_distance.count, result.offset.count) == tuple(right)
    assert result.questions.answered == asked < result.questions.asked == len(questions)
    assert result.pair_distance.value == pytest.approx(right[0] / asked, abs=1e-9)
    assert result.pair_distance_missing_as_wrong == pytest.approx(right[0] / len(questions))
    assert result.offset_missing_as_wrong == pytest.approx(right[1] / len(questions))
    low, high = result.pair_distance.ci
    # Nearly all questions stand alone, so the interval is about the binomial one.
    p = result.pair_distance.value
    assert (high - low) == pytest.approx(2 * 1.96 * (p * (1 - p) / asked) ** 0.5, rel=0.15)


def test_chance_is_that_of_the_answered_questions(shared, glove):
    assert choice(glove, "sat").chance == pytest.approx(1 / 5)
    u2 = load("u2")
    answered = [
        len(pairs)
        for stem, pairs in zip(u2.stems, u2.choices, strict=True)
        if all(word.lower() in glove for pair in (stem, *pairs) for word in pair)
    ]
    result = choice(glove, u2)
    assert len(answered) == result.questions.answered < len(u2)
    assert result.chance == pytest.approx(np.mean([1 / k for k in answered]))
    groups = [group for group in result.groups.values() if group.answered]
    mean = sum(group.answered * group.chance for group in groups) / len(answered)
    assert mean == pytest.approx(result.chance)


def test_groups_add_up(shared, glove):
    result = choice(glove, "u2")
    assert len(result.groups) == 9
    assert sum(g.asked for g in result.groups.values()) == result.questions.asked
    assert sum(g.answered for g in result.groups.values()) == result.questions.answered
    for key in ("pair_distance", "offset"):
        count = sum(g.answered * getattr(g, key) for g in result.groups.values())
        assert count == pytest.approx(getattr(result, key).count)


def test_the_order_of_choices_is_worth_nothing(shared, glove):
    sat = load("sat")
    turned = replace(
        sat,
        choices=tuple(pairs[::-1] for pairs in sat.choices),
        answers=tuple(
            len(pairs) - 1 - a for pairs, a in zip(sat.choices, sat.answers, strict=True)
        ),
    )
    mine, other = choice(glove, sat), choice(glove, turned)
    assert (mine.pair_distance, mine.offset) == (other.pair_distance, other.offset)


def test_ties_give_expected_credit():
    space = table(a=[1, 0], b=[0, 1], c=[2, 0], d=[0, 3], e=[5, 0], f=[0, 7], g=[-1, 0])
    # c:d and e:f have the same directions, g:a another.
    result = choice(space, one([("c", "d"), ("e", "f"), ("g", "a")]), draws=0)
    assert (result.pair_distance.count, result.offset.count) == (0.5, 0.5)
    assert result.pair_distance.ci is None
    assert choice(space, one([("c", "d"), ("e", "f"), ("g", "a")], answer=2)).offset.count == 0


def test_a_right_choice_listed_twice_is_right_twice():
    space = table(a=[1, 0], b=[0, 1], c=[2, 0], d=[0, 3], g=[-1, 0])
    result = choice(space, one([("c", "d"), ("c", "d"), ("g", "a")]))
    assert (result.pair_distance.count, result.offset.count) == (1, 1)


def test_questions_that_share_a_pair_are_drawn_together():
    names = "abcdefghijkl"
    space = table(**{name: [np.cos(i), np.sin(i)] for i, name in enumerate(names)})
    stems = tuple(zip(names[::2], names[1::2], strict=True))
    choices = tuple((("a", "c"), ("b", "d")) for _ in stems)
    # All questions have one right choice, and hang together by it.
    linked = ChoiceSet("linked", "", stems, choices, (0,) * 6, ("g",) * 6)
    assert choice(space, linked).offset.ci is None
    apart = tuple(((a, b), (b, a)) for a, b in stems)
    alone = replace(linked, choices=apart, answers=(0, 0, 0, 0, 0, 1))
    low, high = choice(space, alone).offset.ci
    assert low <= choice(space, alone).offset.value <= high


def test_c_alone_does_not_look_at_the_stem():
    space = table(a=[1, 0], b=[0, 1], c=[1, 0], d=[1, 0.1], e=[1, 0], f=[0, 1])
    # e:f is what a:b is; c:d are merely near each other.
    near = choice(space, one([("e", "f"), ("c", "d")], answer=0))
    assert (near.pair_distance.count, near.only_c.count) == (1, 0)
    assert choice(space, one([("e", "f"), ("c", "d")], answer=1)).only_c.count == 1


def test_nothing_answerable_says_so():
    space = table(a=[1, 0], b=[0, 1])
    with pytest.raises(OptionError, match="lacks words of every question of one"):
        choice(space, one([("c", "d")]))


def test_other_sets_are_refused(shared, glove):
    with pytest.raises(OptionError, match="google has no multiple-choice questions"):
        choice(glove, "google")
    with pytest.raises(OptionError, match="google has no rated pairs"):
        semeval(glove, "google")


def test_a_table_of_other_words_cannot_rate(shared):
    with pytest.raises(OptionError, match="can rate no pairs of semeval: of its 3,231 words"):
        semeval(table(qqq=[1, 0], zzz=[0, 1]))


def test_same_seed_same_bytes(shared, glove):
    first, second = choice(glove, "sat"), choice(glove, "sat")
    assert to_json(replace(second, run=first.run)) == to_json(first)
    assert from_json(to_json(first)) == first


def test_case():
    space = table(Paris=[1, 0], paris=[1, 1], Rome=[0, 1])
    words = ["paris", "PARIS", "rome", "Rome", "Oslo"]
    assert find_rows(space, words, "exact").tolist() == [1, -1, -1, 2, -1]
    assert find_rows(space, words, "lower").tolist() == [1, 1, -1, -1, -1]
    # The same spelling if there is one, else the first that differs in case alone.
    assert find_rows(space, words, "fold").tolist() == [1, 0, 2, 2, -1]
    assert settle_case([space], "exact") == "exact"
    assert settle_case([space.select(["paris"])], "exact") == "lower"
    assert settle_case([space.select(["paris"]), space], "exact") == "exact"
    with pytest.raises(OptionError, match="did you mean 'lower'"):
        settle_case([space], "lowr")
