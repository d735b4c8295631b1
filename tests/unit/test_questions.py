"""Own files, faults, recognition by content, and the draw of random pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from embarith.errors import DataError, FormatError, OptionError
from embarith.experiments.analogy.asked import pairs_of
from embarith.questions import AnalogySet, ChoiceSet, load, random_pairs

ROWS = [
    ("Paris", "France", "Rome", "Italy", "capital"),
    ("ice cream", "cold", "l'été", "chaud", "attribute"),
    ("Oslo", "Norway", "Bern", "Switzerland", "capital"),
]


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    "text",
    [
        "\n".join("\t".join(row) for row in ROWS),
        "\r\n".join("\t".join(row) for row in ROWS) + "\r\n\r\n",
        "\ufeff" + "\n".join("\t".join(row) for row in ROWS) + "\n",
        "\n".join(",".join(row) for row in ROWS),
        "a,b,c,d,relation\n" + "\n".join(", ".join(f'"{w}"' for w in row) for row in ROWS),
        "\n".join(
            f'{{"a": "{a}", "b": "{b}", "c": "{c}", "d": "{d}", "relation": "{r}"}}'
            for a, b, c, d, r in ROWS
        ),
    ],
    ids=["tsv", "tsv-crlf", "tsv-bom", "csv", "csv-header", "json"],
)
def test_own_files(tmp_path, text):
    # The name says nothing: the layout is found from the content.
    questions = load(write(tmp_path / "mine.dat", text))
    assert isinstance(questions, AnalogySet)
    assert (questions.name, questions.source) == ("mine", "mine.dat")
    assert questions.relations == ("capital", "attribute")
    assert questions.relation.tolist() == [0, 1, 0]
    assert questions.a == ("Paris", "ice cream", "Oslo")
    assert questions.gold == (("Italy",), ("chaud",), ("Switzerland",))
    assert questions.ratings is None


@pytest.mark.parametrize("text", ["x y z w\np q r s\n", "x\ty\tz\tw\np\tq\tr\ts"])
def test_without_relations_there_is_one(tmp_path, text):
    questions = load(str(write(tmp_path / "own.tsv", text)))
    assert questions.relations == ("all",)
    assert len(questions) == 2


def test_spaces_with_relation(tmp_path):
    questions = load(write(tmp_path / "own.txt", "x y z w r1\np q r s r2\n"))
    assert questions.relations == ("r1", "r2")


def test_several_right_answers(tmp_path):
    questions = load(write(tmp_path / "own.jsonl", '{"a":"x","b":"y","c":"z","d":["w","v"]}'))
    assert questions.gold == (("w", "v"),)


def test_letters_are_words_in_a_tsv(tmp_path):
    assert len(load(write(tmp_path / "own.tsv", "a\tb\tc\td\n"))) == 1


def test_google_layout_of_own_relations_is_no_google(tmp_path):
    questions = load(write(tmp_path / "own.txt", ": r\nx y z w\n"))
    assert (questions.name, questions.categories) == ("own", ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x\ty\tz\tw\nx\ty\tz\n", "own:2: expected a, b, c, d"),
        ("x\ty\tz\tw\tr\nx\ty\tz\tw\n", "own:2: 4 columns where the first line has 5"),
        ("x\ty\tz\tw\n\nx\ty\t\tw\n", "own:3: an empty word"),
        ("a\tb\tc\td\trelation\n", "own:1: a header"),
        ("x y z\n", "own:1: expected a, b, c, d"),
        ("a,b,c,d\n", "own: no questions"),
        ('{"a":"x","b":"y","c":"z"}', "own:1: .*missing required field `d`"),
        ('{"a":"x","b":"y","c":"z","d":"w","relatoin":"r"}', "own:1: .*relatoin"),
        ('{"a":"x","b":"y","c":"z","d":[]}', "own:1: an empty word"),
        ('{"a":"x"', "own:1: "),
        (": r\nx y z\n", "own:2: expected four words"),
        (":\n", "own:1: a relation without a name"),
        (": r\n", "own: no questions"),
        ("good\tbetter\trough\trougher\n", "own: 1 questions where the published MSR set"),
        ("x\ty\nz\n", "own:2: expected word<TAB>answer"),
        ("x\ty\nz\t/\n", "own:2: expected word<TAB>answer"),
        ("x\ty\n", "own: 1 pair"),
        ('{"stem":["x","y"],"answer":1,"choice":[["z","w"]]}', "own:1: answer 1 is none of the 1"),
        ('{"stem":["x"],"answer":0,"choice":[["z","w"]]}', "own:1: "),
        ("", "own: empty"),
        ("x\0y", "own:1: a NUL byte"),
    ],
)
def test_faults_name_file_and_line(tmp_path, text, message):
    with pytest.raises(FormatError, match=message):
        load(write(tmp_path / "own", text))


def test_broken_utf8_names_the_line(tmp_path):
    with pytest.raises(FormatError, match="own:2: byte 0xe9 is no UTF-8"):
        load(write(tmp_path / "own", "x y z w\nx y z \xe9\n", encoding="latin-1"))


def test_a_folder_of_nothing_known(tmp_path):
    with pytest.raises(FormatError, match="no published question set in this folder"):
        load(tmp_path)


def test_half_of_semeval(tmp_path):
    (tmp_path / "SemEval-2012-Gold-Ratings").mkdir()
    with pytest.raises(DataError, match="no SemEval-2012-Complete-Data-Package"):
        load(tmp_path)


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(OptionError, match=r"no question set 'semevla'.*did you mean 'semeval'"):
        load("semevla")


def test_absent_data_says_so(tmp_path, monkeypatch):
    monkeypatch.delenv("EMBARITH_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(DataError, match="bats"):
        load("bats", data_dir=tmp_path)


def test_extended_is_semevals_alone(tmp_path):
    with pytest.raises(OptionError, match="own has no extended set"):
        load(write(tmp_path / "own.tsv", "x\ty\tz\tw\n"), extended="anchor")


def test_unknown_reading(shared):
    with pytest.raises(OptionError, match="anchor, chain, relation; did you mean 'anchor'"):
        load(shared / "semeval2012t2", extended="ancor")


def test_choices_of_ones_own(tmp_path):
    line = '{"stem":["x","y"],"answer":0,"choice":[["z","w"],["p","q"]]}'
    questions = load(write(tmp_path / "own.jsonl", line))
    assert isinstance(questions, ChoiceSet)
    assert (questions.name, questions.groups) == ("own", ("",))


def test_random_pairs_are_of_another_relation(shared):
    google = load("google")
    drawn = random_pairs(google, draw=3, seed=7)
    assert (google.relation[drawn] != google.relation).all()
    assert (drawn == random_pairs(google, draw=3, seed=7)).all()
    assert (drawn != random_pairs(google, draw=4, seed=7)).mean() > 0.99
    assert (drawn != random_pairs(google, draw=3, seed=8)).mean() > 0.99


def test_random_pairs_are_drawn_evenly():
    relation = np.array([0, 1, 0, 2, 1, 0])
    words = tuple("uvwxyz")
    gold = tuple((w,) for w in words)
    questions = AnalogySet("six", "", ("r", "s", "t"), relation, words, words, words, gold)
    draws = np.array([random_pairs(questions, draw, 0) for draw in range(3000)])
    for i in range(6):
        others = np.flatnonzero(relation != relation[i])
        assert set(draws[:, i]) == set(others)
        share = np.bincount(draws[:, i], minlength=6)[others] / len(draws)
        # Five standard errors of a share of 3,000 draws.
        p = 1 / len(others)
        assert (abs(share - p) < 5 * (p * (1 - p) / len(draws)) ** 0.5).all()


def test_random_pairs_need_two_relations(tmp_path):
    questions = load(write(tmp_path / "own.tsv", "x\ty\tz\tw\nz\tw\tx\ty\n"))
    with pytest.raises(OptionError, match="without a pair in common with 'all'"):
        random_pairs(questions, 0, 0)


def crossing(relation, first, second, **more) -> AnalogySet:
    """Questions over pairs "uv": the letters are the words."""
    return AnalogySet(
        "own",
        "",
        tuple("rst"[: max(relation) + 1]),
        np.array(relation),
        *(tuple(word) for word in zip(*first, strict=True)),
        tuple(pair[0] for pair in second),
        tuple((pair[1],) for pair in second),
        **more,
    )


def test_random_pairs_show_none_of_the_questions_relations():
    # The question of s starts from a pair of r.
    first, second = ["ab", "cd", "ab", "ij", "kl"], ["cd", "ab", "gh", "kl", "ij"]
    overlapping = crossing([0, 0, 1, 2, 2], first, second)
    for draw in range(50):
        drawn = random_pairs(overlapping, draw, 0)
        assert set(drawn[:2]) <= {2, 3, 4}
        assert set(drawn[2:3]) <= {3, 4}
        assert set(drawn[3:]) <= {0, 1, 2}


@pytest.mark.parametrize("name", ["google", "msr"])
def test_random_pairs_of_published_sets_are_of_no_own_relation(shared, name):
    questions = load(name)
    own = {*zip(questions.relation.tolist(), questions.a, questions.b, strict=True)}
    answers = [gold[0] for gold in questions.gold]
    own |= {*zip(questions.relation.tolist(), questions.c, answers, strict=True)}
    drawn = random_pairs(questions, 0, 0)
    asked = zip(questions.relation.tolist(), drawn.tolist(), strict=True)
    assert not any((r, questions.c[j], answers[j]) in own for r, j in asked)


def test_no_random_pair_where_all_questions_share_the_first(shared):
    with pytest.raises(OptionError, match="all questions share one first pair"):
        random_pairs(load("semeval", extended="anchor"), 0, 0)
    overlapping = crossing([0, 0, 1, 1], ["ab", "cd", "gh", "ab"], ["cd", "ab", "ab", "gh"])
    with pytest.raises(OptionError, match="without a pair in common with 'r'"):
        random_pairs(overlapping, 0, 0)


def test_a_first_pair_is_of_the_relation_that_it_shows():
    # "ab" serves r alone; "xy" serves r and s and shows neither; "cd" stands in second place in s.
    own = crossing([0, 0, 1, 1], ["ab", "xy", "xy", "cd"], ["ef", "gh", "cd", "ij"])
    assert own.first_relation.tolist() == [0, -1, -1, 1]
    stated = crossing([0, 1], ["ab", "cd"], ["cd", "ef"], first_from=np.array([0, 0]))
    assert stated.first_relation.tolist() == [0, 0]
    assert stated.select(np.array([1])).first_relation.tolist() == [0]


@pytest.mark.parametrize("reading", ["anchor", "chain", "relation"])
def test_every_reading_of_the_extended_set_has_the_same_pairs(shared, reading):
    pairs = pairs_of(load("semeval", extended=reading))
    assert len(pairs) == 3_218
    task = load("semeval")
    rated = [(i, pair) for i, relation in enumerate(task.relations) for pair in relation.pairs]
    found = zip(pairs.relation.tolist(), pairs.c, pairs.gold, strict=True)
    assert {(r, (c, gold[0])) for r, c, gold in found} == set(rated)


def test_the_hash_is_of_the_ratings_too():
    plain = crossing([0], ["ab"], ["cd"])
    rated = [replace(plain, ratings=np.array([rating])) for rating in (50.0, 49.0)]
    assert len({one.sha256 for one in (plain, *rated)}) == 3
