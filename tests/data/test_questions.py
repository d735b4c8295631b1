"""The published sets: every count that their sources or the notes on the data state."""

from __future__ import annotations

import collections
import importlib.util
import subprocess
from pathlib import Path

import numpy as np
import pytest

from embarith.questions import NAMES, AnalogySet, ChoiceSet, SemEval, load

pytestmark = pytest.mark.usefixtures("shared")


@pytest.fixture(scope="module")
def semeval(shared) -> SemEval:
    return load(shared / "semeval2012t2")


def counts(questions: AnalogySet) -> dict[str, int]:
    found = np.bincount(questions.relation, minlength=len(questions.relations))
    return dict(zip(questions.relations, found.tolist(), strict=True))


def test_google(shared):
    google = load("google")
    assert len(google) == 19_544
    assert len(google.relations) == 14
    assert len(google.words) == 905
    assert (google.a[0], google.gold[0]) == ("Athens", ("Iraq",))
    # Mikolov et al. (2013), table 1: 8,869 semantic and 10,675 syntactic questions.
    by_category = collections.Counter(google.categories[i] for i in google.relation)
    assert by_category == {"semantic": 8_869, "syntactic": 10_675}
    path = shared / "analogy" / "google"
    assert load(path).sha256 == load(path / "questions-words.txt").sha256 == google.sha256


def test_gensims_wheel_carries_the_same_google(shared):
    spec = importlib.util.find_spec("gensim")  # found, not imported: that takes seconds
    if spec is None:
        pytest.skip("gensim absent: pip install gensim")
    carried = Path(spec.origin).parent / "test" / "test_data" / "questions-words.txt"
    assert load(carried).sha256 == load("google").sha256


def test_msr_has_16_relations_of_500(shared):
    msr = load(shared / "analogy" / "msr")
    assert msr.name == "msr"
    assert len(msr) == 8_000
    assert set(counts(msr).values()) == {500}
    assert len(msr.relations) == 16
    for one, other in [("JJ_JJR", "JJR_JJ"), ("NN_NNPOS", "NNPOS_NN"), ("VBZ_VBD", "VBD_VBZ")]:
        # Both directions ask the same pairs, one of them reversed.
        pairs = [
            {(msr.a[i], msr.b[i]) for i in np.flatnonzero(msr.relation == msr.relations.index(r))}
            for r in (one, other)
        ]
        assert pairs[0] == {(b, a) for a, b in pairs[1]}


@pytest.mark.parametrize(
    ("relation", "ending"),
    [("JJ_JJR", "r"), ("JJR_JJS", "st"), ("NN_NNPOS", "'s"), ("VB_VBZ", "s"), ("VBD_VBZ", "s")],
)
def test_msr_relations_are_what_their_tags_say(relation, ending):
    msr = load("msr")
    rows = np.flatnonzero(msr.relation == msr.relations.index(relation))
    share = np.mean([msr.gold[i][0].endswith(ending) for i in rows])
    assert share > 0.97  # all but "more" for "much", "best" and their like


def test_bats(shared):
    bats = load("bats")
    assert len(bats) == 98_000
    assert set(counts(bats).values()) == {50 * 49}
    assert len(bats.relations) == 40
    assert collections.Counter(bats.categories) == dict.fromkeys(bats.categories, 10)
    assert all(gold and all(gold) for gold in bats.gold)
    row = bats.relations.index("L01 [hypernyms - animals]") * 2450
    # The line ends in "/", which adds no answer.
    assert (bats.a[row], bats.b[row]) == ("allosaurus", "dinosaur")
    assert bats.gold[row + 49] == (
        "dinosaur", "reptile", "bird", "archosaur", "archosaurian", "archosaurian_reptile",
    )  # fmt: skip


def test_bats_parts_are_sets_of_their_own(shared):
    folder = shared / "analogy" / "bats" / "3_Encyclopedic_semantics"
    part = load(folder)
    assert len(part) == 24_500
    file = load(folder / "E01 [country - capital].txt")
    assert (file.relations, len(file)) == (("E01 [country - capital]",), 2_450)
    assert set(part.categories) == set(file.categories) == {"encyclopedic semantics"}


@pytest.mark.parametrize(
    ("name", "test", "valid", "choices"),
    [
        ("sat", 337, 37, {5}),
        ("u2", 228, 24, {3, 4, 5}),
        ("u4", 432, 48, {3, 4, 5}),
        ("google-choice", 500, 50, {4}),
        ("bats-choice", 1_799, 199, {4}),
    ],
)
def test_choices(name, test, valid, choices):
    questions = load(name)
    assert isinstance(questions, ChoiceSet)
    assert (questions.name, len(questions), len(load(f"{name}.valid"))) == (name, test, valid)
    assert {len(choice) for choice in questions.choices} == choices
    assert not any(group.startswith("./") for group in questions.groups)


def test_groups_of_choices():
    sizes = {name: len(set(load(name).groups)) for name in ("sat", "u2", "u4", "bats-choice")}
    assert sizes == {"sat": 3, "u2": 9, "u4": 5, "bats-choice": 40}
    assert set(load("bats-choice").groups) == set(load("bats").relations)


def test_every_name_loads_under_its_own_name():
    assert [load(name).name for name in NAMES] == list(NAMES)


def test_semeval_counts(semeval):
    relations = semeval.relations
    assert len(relations) == 79
    by_split = {s: [r for r in relations if r.split == s] for s in ("training", "test")}
    assert [r.id for r in by_split["training"]] == [
        "1a", "2c", "2h", "3a", "3c", "4c", "5d", "5i", "7a", "10a",
    ]  # fmt: skip
    assert len(by_split["test"]) == 69
    assert sum(len(r.pairs) for r in by_split["training"]) == 427
    assert sum(len(r.pairs) for r in by_split["test"]) == 2_791
    sizes = [len(r.pairs) for r in relations]
    assert (sum(sizes), min(sizes), max(sizes)) == (3_218, 27, 45)
    assert len({r.category for r in relations}) == 10
    pairs = [pair for r in relations for pair in r.pairs]
    assert len(set(pairs)) == 3_078
    assert len({word.lower() for pair in pairs for word in pair}) == 3_009
    assert [(a, b) for a, b in pairs if not (a + b).isalpha()] == [("run-on", "sentence")]
    both = sum((b, a) in r.pairs for r in relations for a, b in r.pairs)
    assert both == 836


def test_semeval_order_and_names(semeval):
    ids = [r.id for r in semeval.relations]
    assert ids == sorted(ids, key=lambda i: (int(i[:-1]), i[-1]))
    assert (ids[0], ids[-1]) == ("1a", "10f")
    by_id = {r.id: r for r in semeval.relations}
    assert (by_id["2j"].category, by_id["2j"].name) == ("PART-WHOLE", "Item:Ex-part/Ex-possession")
    assert by_id["6f"].name == "Agent/Object Attribute: Atypical Action (adjective:verb)"
    assert ("queen", "Elizabeth") in by_id["1e"].paradigms


def test_semeval_paradigms_survive_the_delimiter_slips(semeval):
    by_id = {r.id: r.paradigms for r in semeval.relations}
    assert sum(map(len, by_id.values())) == 246
    assert by_id["4g"] == (("popular", "shy"), ("right", "bad"), ("believe", "deny"))
    assert ("bulwark", "flimsy") in by_id["6a"]
    assert by_id["5i"][1:] == (("riddle", "holes"), ("homogenize", "uniform"))
    assert by_id["8d"][:2] == (("eat", "satiation"), ("flee", "escape"))
    assert by_id["5h"][0] == ("sterilize", "infectious")
    assert by_id["8f"][:2] == (("anesthetic", "numbness"), ("ballast", "stability"))
    assert len(by_id["4d"]) == 5


def test_semeval_maxdiff(semeval):
    assert sum(len(r.questions) for r in semeval.relations) == 8_068
    assert sum(len(r.answers) for r in semeval.relations) == 39_635
    for relation in semeval.relations:
        # The gold ratings are made of the answers: % chosen as most − % chosen as least.
        shown, least, most = np.zeros((3, len(relation.pairs)))
        for question, worst, best in relation.answers:
            pairs = relation.questions[question]
            shown[pairs] += 1
            least[pairs[worst]] += worst >= 0
            most[pairs[best]] += best >= 0
        np.testing.assert_allclose(100 * (most - least) / shown, relation.ratings, atol=0.0501)


@pytest.mark.parametrize(
    ("reading", "asked", "crossing"),
    [("anchor", 3_217, 3_177), ("chain", 3_217, 78), ("relation", 3_139, 0)],
)
def test_extended(semeval, reading, asked, crossing):
    questions = semeval.extended(reading)
    assert len(questions) == asked
    home = {}
    for i, relation in enumerate(semeval.relations):
        for pair, rating in zip(relation.pairs, relation.ratings, strict=True):
            home.setdefault(pair, {})[i] = rating
    crossed = 0
    for relation, a, b, c, (d,), rating in zip(
        questions.relation, questions.a, questions.b, questions.c, questions.gold,
        questions.ratings, strict=True,
    ):  # fmt: skip
        assert home[c, d][relation] == rating
        crossed += relation not in home[a, b]
    # A pair may be rated in several relations, so crossings seen by pairs alone are fewer.
    assert crossed <= crossing
    assert (crossed == 0) == (crossing == 0)
    first = (questions.a[0], questions.b[0], questions.c[0], questions.gold[0])
    assert first == ("weapon", "spear", "bird", ("robin",))


def test_extended_anchor_is_the_printed_example(semeval):
    anchor = semeval.extended("anchor")
    assert set(zip(anchor.a, anchor.b, strict=True)) == {("weapon", "spear")}
    assert {("bird", "robin"), ("insect", "ant")} <= {
        (c, d) for c, (d,) in zip(anchor.c, anchor.gold, strict=True)
    }
    ratings = np.concatenate([r.ratings for r in semeval.relations])
    assert (ratings <= 0).sum() == 1_546
    assert (anchor.ratings <= 0).sum() == 1_546  # the first pair is rated 50


def test_extended_chain_crosses_where_a_relation_ends(semeval):
    chain = semeval.extended("chain")
    assert np.count_nonzero(np.diff(chain.relation)) == 78
    assert chain.a[1:] == chain.c[:-1]


def test_official_perl_script_makes_the_same_ratings(shared, semeval, tmp_path):
    folder = shared / "semeval2012t2" / "SemEval-2012-Complete-Data-Package"
    for key, part in (("1a", "Training"), ("4h", "Testing")):
        answers = folder / part / "Phase2Answers" / f"Phase2Answers-{key}.txt"
        out = tmp_path / key
        command = ["perl", str(folder / "maxdiff_to_scale.pl"), str(answers), str(out)]
        subprocess.run(command, check=True, capture_output=True)
        lines = [line.split() for line in out.read_text().splitlines() if line[0] != "#"]
        made = {pair.strip('"'): float(rating) for rating, pair in lines}
        relation = next(r for r in semeval.relations if r.id == key)
        read = {f"{a}:{b}": r for (a, b), r in zip(relation.pairs, relation.ratings, strict=True)}
        assert made == read
