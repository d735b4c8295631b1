"""The config of a run: every wrong key has a message that names it."""

from __future__ import annotations

import pytest

from embarith.errors import DataError, FormatError
from embarith.paper.config import DEFAULT, Config, SimatConfig, read_config

SIMAT = (
    '[simat]\nimages = "I"\ntexts = "T"\n'
    '[[spaces]]\nname = "I"\nside = "image"\nencoder = "x"\n'
    '[[spaces]]\nname = "T"\nside = "text"\nencoder = "x"\n'
)
SPACE = '[[spaces]]\nname = "GloVe"\nside = "text"\ntable = "glove-6b-50d"\n'


def test_the_config_that_init_writes_is_read_and_states_the_defaults():
    config = read_config(DEFAULT)
    defaults = Config(
        spaces=config.spaces, simat=SimatConfig(images="EfficientNet-Lite2", texts="MiniLM")
    )
    assert config == defaults
    text = DEFAULT.read_text()
    for experiment in defaults.experiments:
        assert f'"{experiment}"' in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seeds = 1\n" + SPACE, r"paper.toml:1: unknown key 'seeds'; did you mean 'seed'\?"),
        (
            SPACE + 'encodr = "x"\n',
            r"paper.toml:5: unknown key 'encodr' of space 1; did you mean 'encoder'\?",
        ),
        ('experiments = ["islands"]\n' + SPACE, r"'islands'.*did you mean 'island'\?"),
        ('seed = "zero"\n' + SPACE, r"Expected `int`, got `str` - at `\$.seed`"),
        ("draws = 0\n" + SPACE, "draws must be at least 1"),
        ("", "missing required field `spaces`"),
        ("spaces = []", "no \\[\\[spaces\\]\\]"),
        ("seed = ", "Invalid value"),
        (SPACE + SPACE, "several spaces are called 'GloVe' or alike"),
        (SPACE + 'encoder = "x"\n', "needs one of table, photos, .*, not table and encoder"),
        (SPACE.replace("table", "photos"), "'GloVe': photos is not for text"),
        (SPACE + "untrained = 2\n", "random_weights and untrained are for encoders"),
        (SPACE.replace('table = "glove-6b-50d"', 'word2vec = "cbow"'), "word2vec needs corpus"),
        (SPACE + "epochs = 2\n", "corpus and epochs are for it alone"),
        (
            SIMAT.replace("images", "image", 1),
            r"paper.toml:2: unknown key 'image' of simat.*images",
        ),
        (SIMAT.replace('images = "I"\n', ""), r"missing required field `images` - at `\$.simat`"),
        (
            SIMAT.replace('"I"', '"T"', 1),
            "images of simat 'T' is no image space of an encoder; .* I",
        ),
        (SIMAT.replace("encoder", "photos", 1), "images of simat 'I' .*; there are none"),
        ('simat = {images = "I", texts = "T", method = "rigde"}\n' + SPACE, "mean 'ridge'"),
        (SIMAT.replace("[simat]", "[simat]\ntemperatures = [0.1, 0]"), r"> 0.0.*temperatures\["),
        (SPACE.replace('"text"', '"txt"'), r"'txt'.*did you mean 'text'\?"),
    ],
)
def test_wrong_configs_are_refused(tmp_path, text, message):
    file = tmp_path / "paper.toml"
    file.write_text(text)
    with pytest.raises(FormatError, match=message):
        read_config(file)


def test_an_absent_config_says_how_to_write_one(tmp_path):
    with pytest.raises(DataError, match="--init"):
        read_config(tmp_path / "none.toml")
