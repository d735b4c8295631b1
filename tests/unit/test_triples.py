"""Triples of captions: what the rule finds, and what it leaves."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from embarith.questions.triples import Triple, describe, differ, triples


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("A man rides a bike down the street .", ["man riding bike"]),
        ("Two black and white dogs run through the grass .", ["dog running through grass"]),
        (
            "A dog with a red collar splashes in the water .",
            ["dog wearing collar", "dog splashing in water"],
        ),
        (
            "a girl in a white dress and a hat is jumping",
            ["girl wearing dress", "girl wearing hat"],
        ),
        (
            "A woman watches a child playing in the sand .",
            ["woman watching child", "child playing in sand"],
        ),
        (
            "A man and a woman are sitting on a bench .",
            ["man sitting on bench", "woman sitting on bench"],
        ),
        (
            "A group of people stand in front of a building",
            ["people standing in front of building"],
        ),
        ("A boy jumps over a log in the snow", ["boy jumping over log", "boy jumping in snow"]),
        ("A skier wearing red flies off a cliff", ["skier flying off cliff"]),
        ("A man sits reading a newspaper", ["man reading newspaper"]),
        ("The dog is about to jump over a fence", []),
        ("A child is trying to climb a tree", []),
        ("Playing in the snow", []),
        ("A dog carrying a very large stick across the snow", ["dog carrying stick"]),
        ("A brown dog is walking with a stick in his mouth .", ["dog walking with stick"]),
        (
            "Three ladies in swimsuits walk along the beach",
            ["woman wearing swimsuit", "woman walking along beach"],
        ),
        (
            "A child sits in a container filled with water",
            ["child sitting in container", "container filled with water"],
        ),
        ("A man stands while a boy swims in a lake", ["boy swimming in lake"]),
        ("A man who is wearing a hat climbs a wall", ["man wearing hat", "man climbing wall"]),
        ("", []),
        ("...", []),
        ("Ünïcode 123 !", []),
    ],
)
def test_captions(caption: str, expected: list[str]) -> None:
    assert [" ".join(triple) for triple in triples(caption)] == expected


def test_every_caption_ends() -> None:
    words = [
        "a",
        "man",
        "who",
        "and",
        "of",
        "the",
        "in",
        "is",
        "running",
        "runs",
        ",",
        "two",
        "to",
        "that",
        "sits",
        "'s",
        "with",
        "red",
        "-",
    ]
    for i in range(400):
        length = 1 + i % 9
        triples(" ".join(words[(7 * i + 3 * j + j * j) % len(words)] for j in range(length)))


@pytest.mark.parametrize(
    ("field", "value", "target", "shown"),
    [
        (0, "man", "woman", True),
        (0, "man", "person", False),
        (0, "child", "boy", False),
        (0, "dog", "animal", False),
        (0, "dog", "man", True),
        (1, "running in", "running through", False),
        (1, "jumping over", "jumping into", True),
        (1, "sitting on", "on", False),
        (1, "holding", "carrying", False),
        (1, "holding", "chasing", True),
        (2, "beach", "shore", False),
        (2, "clothes", "hat", False),
        (2, "lake", "water", False),
        (2, "lake", "grass", True),
    ],
)
def test_changes_that_show(field: int, value: str, target: str, shown: bool) -> None:
    assert differ(field, value, target) == shown
    assert differ(field, target, value) == shown


def test_descriptions() -> None:
    assert describe(Triple("animal", "in", "water")) == "An animal in water."
    assert describe(Triple("man", "wearing", "sunglasses")) == "A man wearing sunglasses."


def test_no_word_stands_twice_in_a_list() -> None:
    text = (files("embarith.questions") / "triples.toml").read_text(encoding="utf-8")
    for name, words in tomllib.loads(text).items():
        for one in [words] if isinstance(words, str) else words:
            assert len(set(one.split())) == len(one.split()), name
