"""Cards: that ours are whole, and that faults in one are named."""

from __future__ import annotations

import json
import tomllib

import pytest
from click.testing import CliRunner

from embarith.cli import main
from embarith.encoders import CARDS, card_of, read_card
from embarith.encoders.card import source_of
from embarith.errors import FormatError, OptionError

SMALL = """
id = "onnx:mine"
title = "Mine"
page = "https://example.org"
licence = "MIT"
citation = "none"
dimension = 8
[weights]
[text]
tokenizer = "clip"
context = 77
clean = "clip"
lower = true
features = ["projected"]
"""


def test_a_card_reads_back_as_written() -> None:
    card = read_card(SMALL, "mine.toml")
    assert (card.loader, card.towers, card.pinned) == ("onnx", ("text",), False)
    assert card.text is not None
    assert card.text.features == ("projected",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("dimension = 8", "", "missing required field `dimension`"),
        ("dimension = 8", "dimension = 0", ">= 1"),
        ("dimension = 8", "dimension = 'many'", "`int`"),
        ("dimension = 8", "dimension = 8\nsize = 3", "unknown field `size`"),
        ("[weights]", "[weights]\nsha256 = 'abc'", "weights.sha256"),
        ('["projected"]', "[]", "text.features"),
        ('["projected"]', '["mean"]', "text.features"),
        ("[text]", "[tex]", "unknown field `tex`"),
        ("lower = true", "lower = ", "Invalid value (at line 13"),
        (SMALL[SMALL.index("[text]") :], "", "neither [visual] nor [text]"),
    ],
)
def test_a_fault_is_named_with_the_file(old: str, new: str, message: str) -> None:
    with pytest.raises(FormatError) as raised:
        read_card(SMALL.replace(old, new, 1), "mine.toml")
    assert str(raised.value).startswith("mine.toml: ")
    assert message in str(raised.value)


@pytest.mark.parametrize("encoder", CARDS)
def test_the_cards_that_travel_with_us_are_whole(encoder: str) -> None:
    card = card_of(encoder)
    weights = card.weights
    assert weights.url or weights.package
    assert not weights.hub or weights.url.startswith(f"https://huggingface.co/{weights.hub}/")
    assert card.loader in {"open_clip", "torchvision", "timm", "sentence", "efficientnet_lite"}
    assert tomllib.loads(source_of(card))["id"] == encoder
    if card.visual is not None:
        assert card.visual.size <= card.visual.resize_to
        assert all(0 < value < 1 for value in (*card.visual.mean, *card.visual.std))
    if card.text is not None:
        sentences = [one for each in card.text.templates.values() for one in each]
        assert all(one.count("{}") == 1 for one in sentences)


def test_the_nearest_known_id_is_named() -> None:
    with pytest.raises(OptionError, match="did you mean 'open_clip:ViT-B-32/openai'"):
        card_of("open_clip:ViT-B-32/openia")


def test_the_command_lists_every_card_and_prints_one() -> None:
    run = CliRunner()
    listed = run.invoke(main, ["models", "list", "--json"]).stdout.splitlines()
    assert [json.loads(line)["id"] for line in listed] == list(CARDS)
    table = run.invoke(main, ["models", "list"]).stdout
    assert all(encoder in table for encoder in CARDS)
    encoder = "torchvision:resnet50/IMAGENET1K_V2"
    shown = run.invoke(main, ["models", "show", encoder]).stdout
    assert read_card(shown, "shown") == card_of(encoder)
    as_json = json.loads(run.invoke(main, ["models", "show", encoder, "--json"]).stdout)
    assert as_json["visual"]["resize_to"] == 232
    wrong = run.invoke(main, ["models", "show", "torchvision:resnet50"])
    assert wrong.exit_code == 1
    assert "there are IMAGENET1K_V1, IMAGENET1K_V2" in wrong.stderr
    assert f"did you mean {encoder!r}" in wrong.stderr
