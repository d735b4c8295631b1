"""Tokenizers as one `tokenizer.json`, which knows where to cut and how to fill up."""

from __future__ import annotations

from pathlib import Path

from embarith.export.loading import Model

_START, _END = "<start_of_text>", "<end_of_text>"
# Letters that Python's `re` takes for others where case is ignored, as in 'ſ for 's, count as well.
_WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"


def write(model: Model, path: Path) -> None:
    """Write the tokenizer of a model that encodes texts."""
    rule = model.card.text
    assert rule is not None
    if rule.tokenizer == "clip":
        _write_clip(rule.context, path)
    else:
        assert model.tokenizer is not None
        _write_given(model.tokenizer, rule.context, path)


def _write_clip(context: int, path: Path) -> None:
    """Write CLIP's byte-pair encoding out of open_clip's own table of merges."""
    from open_clip.tokenizer import SimpleTokenizer, bytes_to_unicode
    from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers, processors

    original = SimpleTokenizer(context_length=context)
    ranks = sorted(original.bpe_ranks, key=original.bpe_ranks.__getitem__)
    tokenizer = Tokenizer(
        models.BPE(
            vocab=original.encoder,
            merges=ranks,
            end_of_word_suffix="</w>",
            fuse_unk=False,
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    assert set(pre_tokenizers.ByteLevel.alphabet()) == set(bytes_to_unicode().values())
    marks = [AddedToken(mark, special=True, normalized=False) for mark in (_START, _END)]
    tokenizer.add_special_tokens(marks)
    start, end = original.encoder[_START], original.encoder[_END]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{_START} $A {_END}", special_tokens=[(_START, start), (_END, end)]
    )
    tokenizer.enable_truncation(max_length=context)
    tokenizer.enable_padding(pad_id=0, pad_token="!", length=context)
    tokenizer.save(str(path))


def _write_given(source: Path, context: int, path: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(source))
    tokenizer.enable_truncation(max_length=context)
    # To the longest text of a batch: most words are short.
    pad = tokenizer.padding or {}
    tokenizer.enable_padding(
        pad_id=pad.get("pad_id", 0), pad_token=pad.get("pad_token", "[PAD]"), length=None
    )
    tokenizer.save(str(path))
