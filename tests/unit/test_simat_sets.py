"""SIMAT sets: what is read, refused, built and written again."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from embarith.errors import DataError, FormatError, OptionError
from embarith.questions import simat as sets
from embarith.questions.simat_build import EACH, TRIPLE, WORD, build
from embarith.questions.triples import FIELDS, Triple, differ
from simat_sets import publish, rows_of, write_rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return publish(tmp_path / "made")


def test_regions_are_numbered_by_triplets_and_never_by_the_stale_column(folder: Path) -> None:
    task = sets.read(folder)
    triplets = {row["region_id"]: row for row in rows_of(folder / "triplets.csv")}
    queries = rows_of(folder / "transfos.csv")
    assert len(task) == len(queries)
    assert task.stale == len(queries)
    for i, row in enumerate(queries):
        line = triplets[row["region_id"]]
        assert task.photograph[i] == int(line["dataset_id"])
        assert task.images[task.photograph[i]] == row["region_id"]
        goal = dict(zip(FIELDS, (line["subj"], line["rel"], line["obj"]), strict=True))
        goal[FIELDS[task.field[i]]] = row["target"]
        assert task.triples[task.goal[i]] == Triple(**goal)
        assert task.captions[task.caption[i]] == f"A {' '.join(goal.values())}."
        assert task.is_test[i] == (row["is_test"] == "True")


def test_right_and_chance_against_loops(folder: Path) -> None:
    task = sets.read(folder)
    lines = {int(row["dataset_id"]): row for row in rows_of(folder / "triplets.csv")}
    chance = sets.chance(task)
    for i in range(0, len(task), 7):
        goal = tuple(task.triples[task.goal[i]])
        carrying = [
            number for number, row in lines.items() if (row["subj"], row["rel"], row["obj"]) == goal
        ]
        assert np.flatnonzero(task.right[:, task.caption[i]]).tolist() == sorted(carrying)
        assert task.photograph[i] not in carrying
        assert chance[i] == pytest.approx(len(carrying) / (len(lines) - 1))


def test_without_a_split_photographs_are_split_by_a_seeded_hash(tmp_path: Path) -> None:
    folder = publish(tmp_path / "made", split=False)
    task, other = sets.read(folder), sets.read(folder, seed=1)
    assert [sets.is_test(task.images[i]) for i in task.photograph] == task.is_test.tolist()
    assert (task.is_test != other.is_test).any()
    assert "seed 0" in task.split
    assert 0.2 < task.is_test.mean() < 0.8


def test_what_is_written_is_read_again(folder: Path, tmp_path: Path) -> None:
    task = sets.read(folder)
    files = sets.write(task, tmp_path / "again")
    again = sets.read(tmp_path / "again")
    assert again.sha256 == task.sha256
    assert again.stale == 0
    texts = files[-1].read_text().splitlines()
    assert texts == task.texts
    with pytest.raises(OptionError, match="name a new folder"):
        sets.write(task, tmp_path / "again")


_KILLED = """
import os, sys
from embarith.questions import simat as sets
task = sets.read(sys.argv[1])
written, sets._write_rows = sets._write_rows, lambda path, rows: (
    os._exit(9) if path.name == sets.TRANSFOS else written(path, rows)
)
sets.write(task, sys.argv[2])
"""


@pytest.mark.parametrize("there", [False, True])
def test_a_set_whose_writing_was_killed_does_not_stand_in_the_way(
    folder: Path, tmp_path: Path, there: bool
) -> None:
    target = tmp_path / "own"
    if there:
        (target / "images").mkdir(parents=True)
    killed = subprocess.run([sys.executable, "-c", _KILLED, folder, target], check=False)
    assert killed.returncode == 9
    assert target.exists() == there
    task = sets.read(folder)
    files = sets.write(task, target)
    assert {file.parent for file in files} == {target}
    assert sets.read(target).sha256 == task.sha256
    assert (target / "images").exists() == there
    # The leftover goes with the next writing that finds it abandoned.
    left = list((target if there else tmp_path).glob(".own.????????"))
    assert len(left) == 1
    for place in (left[0] / "own", left[0]):
        os.utime(place, (0, 0))
    for file in files:
        file.unlink()
    if not there:
        target.rmdir()
    sets.write(task, target)
    assert not left[0].exists()


def test_a_full_disk_leaves_nothing_of_a_set_and_names_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, rows: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    task = sets.read(folder)
    before = sorted(tmp_path.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(sets, "_write_rows", full)
        with pytest.raises(OSError, match="No space left") as caught:
            sets.write(task, tmp_path / "own")
    assert caught.value.filename == str(tmp_path / "own/triplets.csv")
    assert sorted(tmp_path.iterdir()) == before
    sets.write(task, tmp_path / "own")


def _cell(file: str, column: str, value: str, line: int = 0) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        rows = rows_of(folder / file)
        rows[line][column] = value
        write_rows(folder / file, rows)

    return change


def _drop(file: str, column: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        rows = rows_of(folder / file)
        write_rows(folder / file, [{k: v for k, v in row.items() if k != column} for row in rows])

    return change


def _keep(file: str, lines: int) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        whole = (folder / file).read_text().splitlines(keepends=True)
        (folder / file).write_text("".join(whole[:lines]))

    return change


def _lonely(folder: Path) -> None:
    """Leave the target of the first query to nobody."""
    goal = int(rows_of(folder / "transfos.csv")[0]["target_ids"])
    caption = (folder / "captions.txt").read_text().splitlines()[goal]
    rows = rows_of(folder / "triplets.csv")
    for row in rows:
        if f"A {row['subj']} {row['rel']} {row['obj']}." == caption:
            row["obj"] = "moon"
    write_rows(folder / "triplets.csv", rows)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_cell("transfos.csv", "region_id", "5"), r"transfos.csv:2: photograph '5' is not in"),
        (_cell("transfos.csv", "field", "colour"), r"transfos.csv:2: field 'colour'"),
        (_cell("transfos.csv", "target_ids", "99"), r"target_ids '99'; expected one of 0..17"),
        (_cell("transfos.csv", "target", "moon"), r"transfos.csv:2: .*needs a valid target"),
        (_cell("transfos.csv", "value", "moon"), r"transfos.csv:2: .*no subject 'moon' to change"),
        (_cell("transfos.csv", "norm2", "0"), r"transfos.csv:2: norm2 '0'"),
        (_cell("transfos.csv", "is_test", "maybe"), r"transfos.csv:2: is_test 'maybe'"),
        (_cell("triplets.csv", "dataset_id", "900"), r"no dataset_id \d+; they count"),
        (_cell("triplets.csv", "subj", ""), r"triplets.csv:2: .*a cell is empty"),
        (
            _cell("triplets.csv", "region_id", "../7"),
            r"triplets.csv:2: .*'../7' leads out",
        ),
        (_cell("triplets.csv", "region_id", "/7"), r"triplets.csv:2: photograph '/7' leads out"),
        (
            _cell("triplets.csv", "region_id", "1007"),
            r"triplets.csv:3: region_id '1007' is that of dataset_id \d+ already",
        ),
        (_drop("triplets.csv", "rel"), r"triplets.csv: no column rel"),
        (_keep("triplets.csv", 0), r"triplets.csv: no column subj; the file is empty"),
        (_keep("triplets.csv", 1), r"triplets.csv: no photographs"),
        (_keep("transfos.csv", 0), r"transfos.csv: no column field; the file is empty"),
        (_keep("transfos.csv", 1), r"transfos.csv: no queries"),
        (_keep("captions.txt", 0), r"captions.txt:1: an empty caption"),
        (_drop("transfos.csv", "region_id"), r"no column region_id or image; .*is stale"),
        (_lonely, r"needs a valid target|no subject|no object|no relation"),
    ],
)
def test_faults_name_file_and_line(
    folder: Path, damage: Callable[[Path], None], message: str
) -> None:
    damage(folder)
    with pytest.raises(FormatError, match=message):
        sets.read(folder)


@pytest.mark.parametrize("column", ["region_id", "image"])
def test_a_name_of_two_photographs_is_refused(folder: Path, column: str) -> None:
    rows = rows_of(folder / "triplets.csv")
    for row in rows:
        row["image"] = f"{row['region_id']}.png"
    write_rows(folder / "triplets.csv", rows)
    assert len(sets.read(folder).regions) == 40
    rows[3][column] = rows[1][column]
    write_rows(folder / "triplets.csv", rows)
    first, name = rows[1]["dataset_id"], rows[1][column]
    with pytest.raises(
        FormatError, match=f"triplets.csv:5: {column} '{name}' is that of dataset_id {first} alr"
    ):
        sets.read(folder)


def test_a_caption_of_two_triples_and_an_absent_file_are_refused(folder: Path) -> None:
    rows = rows_of(folder / "transfos.csv")
    other = next(row for row in rows if row["target_ids"] != rows[0]["target_ids"])
    other["target_ids"] = rows[0]["target_ids"]
    write_rows(folder / "transfos.csv", rows)
    with pytest.raises(FormatError, match="does not stand for one triple"):
        sets.read(folder)
    (folder / "captions.txt").unlink()
    with pytest.raises(DataError, match=r"captions\.txt: no such file; a set has triplets"):
        sets.read(folder)


def test_a_target_that_only_the_photograph_itself_carries_is_refused(tmp_path: Path) -> None:
    (tmp_path / "captions.txt").write_text("A cat on grass.\nA dog on grass.\n")
    rows = (("a.jpg", "cat", 0, 0), ("a.jpg", "dog", 0, 1), ("b.jpg", "cat", 1, 0))
    write_rows(
        tmp_path / "triplets.csv",
        [
            {"image": image, "subj": subject, "rel": "on", "obj": "grass", "dataset_id": number}
            | {"caption_id": caption}
            for image, subject, number, caption in rows
        ],
    )
    query = {"image": "a.jpg", "field": "subj", "value": "cat", "target": "dog", "target_ids": 1}
    write_rows(tmp_path / "transfos.csv", [query])
    with pytest.raises(FormatError, match=r"transfos.csv:2: only 'a.jpg' itself carries the targ"):
        sets.read(tmp_path)


def _pets(count: int = 120) -> dict[str, list[str]]:
    where = ("on grass", "on snow", "on a bed")
    return {
        f"{i}.jpg": [
            f"A {'dog' if i % 2 else 'cat'} {'runs' if i % 5 else 'sleeps'} {where[i % 3]}."
        ]
        for i in range(count)
    }


def test_built_queries_can_be_answered_and_are_counted() -> None:
    made = build(_pets(), name="pets")
    task = made.task
    assert made.captions == made.photographs == 120
    carries: dict[int, set[int]] = {}
    for photograph, triple in task.carried.tolist():
        carries.setdefault(photograph, set()).add(triple)
    shown = {triple: sum(triple in of for of in carries.values()) for triple in range(made.kept)}
    assert min(shown.values()) >= TRIPLE
    for field in range(3):
        for word in {triple[field] for triple in task.triples}:
            having = [
                p for p, of in carries.items() if any(task.triples[t][field] == word for t in of)
            ]
            assert len(having) >= WORD
    per_field: dict[tuple[int, int], int] = {}
    for i in range(len(task)):
        photograph, field = int(task.photograph[i]), int(task.field[i])
        per_field[photograph, field] = per_field.get((photograph, field), 0) + 1
        assert task.goal[i] not in carries[photograph]
        assert differ(field, task.value[i], task.target[i])
        source = task.triples[task.goal[i]]._replace(**{FIELDS[field]: task.value[i]})
        assert task.triples.index(source) in carries[photograph]
        assert task.norm2[i] == task.value.count(task.value[i])
    assert max(per_field.values()) <= EACH
    assert set(task.field.tolist()) == {0, 1, 2}


def test_built_sets_do_not_depend_on_anything_but_captions_and_seed(tmp_path: Path) -> None:
    captions = _pets()
    one = build(captions, name="pets")
    assert build(dict(captions), name="pets").task.sha256 == one.task.sha256
    assert build(captions, name="pets", seed=1).task.sha256 != one.task.sha256
    sets.write(one.task, tmp_path / "pets")
    assert sets.read(tmp_path / "pets").sha256 == one.task.sha256


def test_several_triples_of_one_photograph_survive_writing(tmp_path: Path) -> None:
    captions = {
        f"{i}.jpg": [
            f"A {'dog' if i % 2 else 'cat'} runs on grass.",
            f"A {'man' if i % 3 else 'woman'} sits on a {'bench' if i % 2 else 'rock'}.",
        ]
        for i in range(60)
    }
    task = build(captions, name="both").task
    assert len(task.carried) == 2 * len(task.images)
    sets.write(task, tmp_path / "both")
    assert sets.read(tmp_path / "both").sha256 == task.sha256


def test_captions_without_queries_are_refused_with_counts() -> None:
    with pytest.raises(OptionError, match="no query can be asked of 3 photographs"):
        build({f"{i}.jpg": ["A dog runs on grass."] for i in range(3)}, name="few")
