"""One photograph in which a word becomes another."""

from __future__ import annotations

import numpy as np

from embarith.encoders.heads import Heads
from embarith.experiments.simat.space import check_heads, unit_vectors
from embarith.result import Retrieved, TransformResult, rounded
from embarith.sweep import sweep
from embarith.table import EmbeddingTable


def transform(
    images: EmbeddingTable,
    texts: EmbeddingTable,
    image: str,
    value: str,
    target: str,
    *,
    heads: Heads | None = None,
    lam: float = 1.0,
    topn: int = 10,
) -> TransformResult:
    """Find the photographs nearest to one in which a word became another.

    Parameters
    ----------
    images, texts : EmbeddingTable
    image, value, target : str
        Labels of a photograph and of two words.
    heads : Heads, optional
    lam : float
    topn : int
        Answers besides the photograph itself.

    Raises
    ------
    MissingLabelError
        A label that its table lacks, with the nearest one it has.
    OptionError
        Tables of different dimensions without heads, heads that do not fit or were applied, or
        tables that were led by different heads.
    """
    own = images.rows([image])
    images[image], texts[[value, target]]  # names the label that is absent
    check_heads(images, texts, heads)
    gallery = unit_vectors(images, np.arange(len(images)), heads, "visual")
    words = unit_vectors(texts, texts.rows([value, target]), heads, "text")
    found = sweep(
        gallery,
        gallery[own],
        words,
        point=np.array([0]),
        value=np.array([0]),
        target=np.array([1]),
        own=np.array([-1]),
        lams=np.array([lam]),
        k=min(topn + 1, len(images)),
    )
    length = np.linalg.norm(gallery[own[0]] + lam * (words[1] - words[0]))
    rows, scores = found.rows[0, 0], found.scores[0, 0] / length
    # The photograph itself takes no place of an answer.
    end = topn + 1 if own[0] in rows[:topn] else topn
    result = TransformResult(
        images=images.provenance.encoder,
        texts=texts.provenance.encoder,
        heads=heads.provenance.encoder if heads else "",
        image=image,
        value=value,
        target=target,
        lam=lam,
        retrieved=tuple(
            Retrieved(label, float(score), label == image)
            for label, score in (
                (images.index_to_key[row], score)
                for row, score in zip(rows[:end].tolist(), scores[:end], strict=True)
            )
        ),
    )
    return rounded(result)
