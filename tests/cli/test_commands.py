"""Commands on small files: what they print, write, refuse and leave alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

import embarith
from embarith.cli import main
from embarith.questions import SemEval, load
from embarith.result import Answer, GeometryResult, from_json
from embarith.table import EmbeddingTable


def run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(words), input=stdin)


@pytest.fixture(scope="module")
def glove(glove_files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 5,000 most frequent words of GloVe as an own table."""
    vectors = np.ascontiguousarray(np.load(glove_files[0], mmap_mode="r")[:5000])
    labels = pq.read_table(glove_files[1])["index"].slice(0, 5000).combine_chunks()
    path = tmp_path_factory.mktemp("glove") / "glove.arrow"
    EmbeddingTable.from_arrays(labels, vectors).save(path)
    return path


@pytest.fixture(scope="module")
def semeval_words(
    shared: Path, glove_files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """GloVe's vectors of the words of two of SemEval's relations."""
    task = load("semeval")
    assert isinstance(task, SemEval)
    words = {word.lower() for one in task.relations[:2] for pair in one.pairs for word in pair}
    labels = pq.read_table(glove_files[1])["index"].combine_chunks()
    rows = np.flatnonzero(pc.is_in(labels, pa.array(words)))
    vectors = np.ascontiguousarray(np.load(glove_files[0], mmap_mode="r")[rows])
    path = tmp_path_factory.mktemp("semeval") / "words.arrow"
    EmbeddingTable.from_arrays(labels.take(rows), vectors).save(path)
    return path


def test_ask_prints_people_a_table_and_machines_a_record(glove: Path) -> None:
    people = run("ask", str(glove), "king - man + woman", "--topn", "3")
    assert people.exit_code == 0, people.stderr
    assert "queen" in people.stdout
    assert "king (input)" in people.stdout
    machines = run("ask", str(glove), "--like", "man:king::woman:?", "--topn", "3", "--json")
    answer = from_json(machines.stdout)
    assert isinstance(answer, Answer)
    assert len(answer.answers) == 3
    assert answer.answers[0].label == "queen"
    assert machines.stdout.count("\n") == 1


def test_ask_why_explains(glove: Path) -> None:
    outcome = run("ask", str(glove), "king - man + woman", "--why", "--topn", "2")
    text = " ".join(outcome.stdout.split())
    assert "The nearest word of all is 'king', an input" in text
    assert "woman alone" in text


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("ask",), 2, "give one EXPRESSION"),
        (("ask", "a", "b", "c"), 2, "at most one TABLE"),
        (("ask", "{glove}", "king", "--like", "a:b::c:?"), 2, "takes the place"),
        (("ask", "{glove}", "Queen"), 1, "did you mean 'queen'"),
        (("ask", "{glove}", "king queen"), 1, "quotes"),
        (("ask", "nowhere.arrow", "king"), 1, "nowhere.arrow"),
        (("ask", "gloev-6b-50d", "king"), 1, "did you mean 'glove-6b-50d'"),
        (("analogy", "{glove}", "--questions", "gogle"), 1, "did you mean 'google'"),
        (("analogy", "{glove}", "--extended=chains"), 2, "'chain'"),
        (("table", "convert", "{glove}", "out.xyz"), 1, ".xyz"),
        (("table", "convert", "{glove}", "out.bin", "--format", "word2vec"), 1, "word2vec-"),
        (("table", "convert", "glove-6b-50d", "x.bin", "--labels", "y"), 2, "--labels"),
        (("report", "nowhere.json"), 2, "nowhere.json"),
    ],
)
def test_faults_name_the_thing_and_the_way_out(
    glove: Path,
    words: tuple[str, ...],
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run(*(word.format(glove=glove) for word in words))
    assert outcome.exit_code == code, outcome.stderr
    assert message in outcome.stderr
    assert outcome.stdout == ""
    assert "Traceback" not in outcome.stderr
    assert not list(tmp_path.iterdir())


def test_multiple_choice_refuses_options_without_effect(glove: Path, shared: Path) -> None:
    outcome = run("analogy", str(glove), "--questions", "sat", "--method", "lrcos", "--raw")
    assert outcome.exit_code == 2
    assert "--method, --raw: not for multiple-choice questions" in outcome.stderr


def test_rated_pairs_are_sent_to_their_own_command(glove: Path, shared: Path) -> None:
    outcome = run("analogy", str(glove), "--questions", "semeval")
    assert outcome.exit_code == 1
    assert "embarith semeval" in outcome.stderr
    assert "--extended" in outcome.stderr


@pytest.mark.parametrize(
    ("reading", "printed"),
    [
        ("--extended", ["semeval-anchor", "semeval-relation"]),
        ("--extended=relation", ["semeval-relation"]),
    ],
)
def test_the_reading_within_relations_stands_beside_the_others(
    semeval_words: Path, shared: Path, tmp_path: Path, reading: str, printed: list[str]
) -> None:
    details = tmp_path / "details.jsonl"
    words = ("analogy", str(semeval_words), reading, "--vocab", "questions", "--random-pairs", "0")
    outcome = run(*words, "--details", str(details), "--json")
    assert outcome.exit_code == 0, outcome.stderr
    lines = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert [line["questions"]["name"] for line in lines] == printed
    # Of the reading that was asked for.
    assert len(details.read_text().splitlines()) == lines[0]["questions"]["answered"]


def test_table_info_tells_people_and_machines_the_same(glove: Path) -> None:
    people = run("table", "info", str(glove)).stdout
    facts = json.loads(run("table", "info", str(glove), "--json").stdout)
    assert facts["rows"] == 5000
    assert facts["dimensions"] == 50
    assert facts["sha256"] == EmbeddingTable.open(glove).sha256
    assert facts["sha256"] in people
    assert facts["first_labels"][:3] == ["the", ",", "."]
    lengths = np.linalg.norm(EmbeddingTable.open(glove).vectors.astype(np.float64), axis=1)
    assert facts["lengths"]["min"] == pytest.approx(lengths.min())
    assert facts["lengths"]["max"] == pytest.approx(lengths.max())


@pytest.mark.parametrize(
    "name", ["t.arrow", "t.bin", "t.txt", "t.vec", "t.npz", "t.parquet", "t.safetensors"]
)
def test_convert_keeps_labels_and_vectors(glove: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    outcome = run("table", "convert", str(glove), str(target), "--limit", "500")
    assert outcome.exit_code == 0, outcome.stderr
    assert "500 rows" in outcome.stderr
    again = embarith.read(target)
    whole = EmbeddingTable.open(glove)
    assert again.index_to_key == whole.index_to_key[:500]
    np.testing.assert_array_equal(again.vectors, whole.vectors[:500])


def test_frequency_order_can_be_stated(glove: Path, tmp_path: Path) -> None:
    target = tmp_path / "ordered.arrow"
    assert not EmbeddingTable.open(glove).provenance.frequency_order
    run("table", "convert", str(glove), str(target), "--frequency-order")
    assert EmbeddingTable.open(target).provenance.frequency_order
    assert "by frequency" in run("table", "info", str(target)).stdout


def test_convert_reads_labels_beside_an_array(glove: Path, tmp_path: Path) -> None:
    whole = EmbeddingTable.open(glove)
    np.save(tmp_path / "v.npy", whole.vectors[:9])
    (tmp_path / "names.txt").write_text("\n".join(whole.index_to_key[:9]) + "\n")
    source, names, target = (str(tmp_path / x) for x in ("v.npy", "names.txt", "t.arrow"))
    outcome = run("table", "convert", source, target, "--labels", names)
    assert outcome.exit_code == 0, outcome.stderr
    assert EmbeddingTable.open(target).index_to_key == whole.index_to_key[:9]


def test_report_draws_saved_results_again(glove: Path, tmp_path: Path) -> None:
    lines = [
        run("ask", str(glove), one, "--json").stdout for one in ("king - man + woman", "paris")
    ]
    saved = tmp_path / "both.jsonl"
    saved.write_text("".join(lines))
    for words, stdin in (([str(saved)], None), (["-"], saved.read_text())):
        outcome = run("report", *words, stdin=stdin)
        assert outcome.exit_code == 0, outcome.stderr
        assert "king − man + woman" in outcome.stdout
        assert "paris in" in outcome.stdout
    for name, start in (("md", "## "), ("latex", "% needs"), ("html", "<!doctype"), ("csv", "t")):
        assert run("report", str(saved), "--format", name).stdout.startswith(start)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no result"),
        ("not json\n", ":1: no result of embarith"),
        ('{"schema": "other/1"}\n', "other/1"),
        ('{"schema": "embarith.answer/1"}\n', ":1: no result of embarith"),
        ("[1, 2]\n", ":1: no result of embarith"),
    ],
)
def test_report_refuses_what_is_no_result(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(text)
    outcome = run("report", str(path))
    assert outcome.exit_code == 1
    assert str(path) in outcome.stderr
    assert message in outcome.stderr


def test_geometry_of_words_and_of_a_question_set(glove: Path, tmp_path: Path, shared: Path) -> None:
    words = tmp_path / "some.txt"
    words.write_text("\n".join([*load("google").words[:60], "AAAAQ"]))
    people = run("geometry", str(glove), "--words", str(words))
    assert people.exit_code == 0, people.stderr
    assert "some.txt" in people.stdout
    assert "AAAAQ, " in people.stdout
    machines = run("geometry", str(glove), str(glove), "--questions", "google", "--json")
    lines = machines.stdout.splitlines()
    result = from_json(lines[0])
    assert isinstance(result, GeometryResult)
    assert result.words.name == "google"
    assert len(lines) == 2
    twice = run("geometry", str(glove), "--questions", "google", "--words", str(words))
    assert twice.exit_code == 2
    assert "give one of --words and --questions" in twice.stderr
