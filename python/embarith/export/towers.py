"""The part of a model that gives one feature, as a module of tensors to tensors.

The one place that knows how each library names its layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embarith.encoders.card import Feature, Tower
from embarith.errors import OptionError
from embarith.export.loading import Model

if TYPE_CHECKING:
    from torch import Tensor, nn


def tower(model: Model, which: Tower, feature: Feature) -> nn.Module:
    """Return the module of a tower that gives a feature.

    Parameters
    ----------
    model : Model
    which : {"visual", "text"}
    feature : str
        One that the card offers.

    Returns
    -------
    torch.nn.Module
        In evaluation mode; takes pixels, or ids and, for sentence encoders, a mask.

    Raises
    ------
    OptionError
        A feature that the tower does not give.
    """
    offered = model.card.features(which)
    if feature not in offered:
        raise OptionError(
            f"the {which} tower of {model.card.id} gives no feature {feature!r}; there "
            f"{'is' if len(offered) == 1 else 'are'} {', '.join(offered)}"
        )
    forward = {
        ("open_clip", "visual"): _clip_visual,
        ("open_clip", "text"): _clip_text,
        ("torchvision", "visual"): _torchvision,
        ("timm", "visual"): _timm,
        ("sentence", "text"): _sentence,
        ("efficientnet_lite", "visual"): _efficientnet_lite,
    }[model.card.loader, which]
    return _wrap(model.module, forward(model.module, feature))


def _wrap(whole: nn.Module, forward: Any) -> nn.Module:
    from torch import nn

    class Wrapped(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.whole = whole

        def forward(self, *inputs: Tensor) -> Tensor:
            out: Tensor = forward(*inputs)
            return out

    # The wrapper itself: an exporter restores its flag on all it holds.
    return Wrapped().eval()


def _clip_visual(model: Any, feature: Feature) -> Any:
    if feature == "projected":
        return model.encode_image
    visual = model.visual
    if hasattr(visual, "trunk"):
        return _tokens(visual.trunk)
    if hasattr(visual, "attnpool"):

        def before_pooling(pixels: Tensor) -> Tensor:
            x = visual.stem(pixels)
            for stage in (visual.layer1, visual.layer2, visual.layer3, visual.layer4):
                x = stage(x)
            return x.mean(dim=(2, 3))

        return before_pooling
    if feature == "unprojected":

        def unprojected(pixels: Tensor) -> Tensor:
            projection, visual.proj = visual.proj, None
            try:
                return visual(pixels)
            finally:
                visual.proj = projection

        return unprojected

    def patches(pixels: Tensor) -> Tensor:
        before, visual.output_tokens = visual.output_tokens, True
        try:
            return visual(pixels)[1].mean(dim=1)
        finally:
            visual.output_tokens = before

    return patches


def _clip_text(model: Any, feature: Feature) -> Any:
    if feature == "projected":
        return model.encode_text

    def unprojected(ids: Tensor) -> Tensor:
        projection, model.text_projection = model.text_projection, None
        try:
            return model.encode_text(ids)
        finally:
            model.text_projection = projection

    return unprojected


def _torchvision(model: Any, feature: Feature) -> Any:
    from torch import nn

    if feature == "logits":
        return model

    for name in ("fc", "classifier", "heads", "head"):
        head = getattr(model, name, None)
        if isinstance(head, nn.Linear):
            setattr(model, name, nn.Identity())
            return model
        if isinstance(head, nn.Sequential) and any(isinstance(part, nn.Linear) for part in head):
            last = max(at for at, part in enumerate(head) if isinstance(part, nn.Linear))
            head[last] = nn.Identity()
            return model
    raise OptionError(f"{type(model).__name__} ends in no linear classifier to leave out")


def _timm(model: Any, feature: Feature) -> Any:
    if feature == "pooled":
        return model
    if feature == "cls":
        return lambda pixels: model.forward_features(pixels)[:, 0]
    return _tokens(model)


def _tokens(trunk: Any) -> Any:
    first = trunk.num_prefix_tokens
    return lambda pixels: trunk.forward_features(pixels)[:, first:].mean(dim=1)


def _sentence(model: Any, feature: Feature) -> Any:
    def states(ids: Tensor, mask: Tensor) -> Tensor:
        out: Tensor = model(input_ids=ids, attention_mask=mask).last_hidden_state
        return out

    if feature == "cls":
        return lambda ids, mask: states(ids, mask)[:, 0]

    def pooled(ids: Tensor, mask: Tensor) -> Tensor:
        weight = mask.unsqueeze(-1).to(dtype=model.dtype)
        return (states(ids, mask) * weight).sum(dim=1) / weight.sum(dim=1)

    return pooled


def _efficientnet_lite(model: Any, feature: Feature) -> Any:
    def pooled(pixels: Tensor) -> Tensor:
        out: Tensor = model.extract_features(pixels).mean(dim=(2, 3))
        return out

    return pooled if feature == "pooled" else lambda pixels: model._fc(pooled(pixels))
