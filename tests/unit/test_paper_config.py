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
        ("seeds = 1\n" + SPACE, r":1: unknown key 'seeds'; did you mean 'seed'\?"),
        (
            SPACE + 'encodr = "x"\n',
            r":5: unknown key 'encodr' of space 1; did you mean 'encoder'\?",
        ),
        (
            SPACE + SPACE.replace("GloVe", "Other") + '"encodr" = "x"\n',
            ":9: unknown key 'encodr' of space 2",
        ),
        ('experiments = ["islands"]\n' + SPACE, r":1: .*'islands'.*did you mean 'island'\?"),
        ('\nseed = "zero"\n' + SPACE, r":2: Expected `int`, got `str` - at `\$.seed`"),
        ("# seed = 1\ndraws = 0\n" + SPACE, ":2: draws must be at least 1, not 0"),
        ("", "paper.toml: Object missing required field `spaces`"),
        ("spaces = []", ":1: no \\[\\[spaces\\]\\]"),
        ("seed = ", "Invalid value"),
        (SPACE + SPACE, ":5: space 'GloVe' is called as another is, or alike"),
        (SPACE + 'encoder = "x"\n', ":1: .* needs one of table, photos, .*, not table and encoder"),
        (SPACE.replace("GloVe", "!"), ":1: space '!' needs a name of letters or digits"),
        (SPACE.replace("table", "photos"), ":1: .*'GloVe' is of side text, .*photos is not for"),
        (SPACE + "untrained = 2\n", "has no encoder, which random_weights and untrained are for"),
        (SPACE.replace('table = "glove-6b-50d"', 'word2vec = "cbow"'), "needs a corpus"),
        (SPACE + "epochs = 2\n", "has no word2vec, which corpus and epochs are for"),
        (
            SIMAT.replace("images", "image", 1),
            r":2: unknown key 'image' of simat.*images",
        ),
        (
            SIMAT.replace('images = "I"\n', ""),
            r":1: .*missing required field `images` - at `\$.simat`",
        ),
        (
            SIMAT.replace('"I"', '"T"', 1),
            ":2: images of simat 'T' is no image space of an encoder; .* I",
        ),
        (SIMAT.replace("encoder", "photos", 1), ":2: images of simat 'I' .*; there are none"),
        (
            'simat = {images = "I", texts = "T", method = "rigde"}\n' + SPACE,
            ":1: .*'rigde'.* mean 'ridge'",
        ),
        (
            SIMAT.replace("[simat]", "[simat]\ntemperatures = [\n0.1,\n0]"),
            r":2: .*> 0.0.*temperatures\[",
        ),
        (SPACE + SPACE.replace('"text"', '"txt"'), r":7: .*'txt'.*did you mean 'text'\?"),
        (SPACE + SPACE.replace("side", "# side"), r":5: .*`side` - at `\$.spaces\[1\]`"),
    ],
)
def test_wrong_configs_are_refused_with_their_line(tmp_path, text, message):
    file = tmp_path / "paper.toml"
    file.write_text(text)
    with pytest.raises(FormatError, match=message):
        read_config(file)


def test_an_absent_config_says_how_to_write_one(tmp_path):
    with pytest.raises(DataError, match="--init"):
        read_config(tmp_path / "none.toml")
