"""A tokenizer of numbered words, for corpora whose vocabulary is known in advance. Does not import torch."""

from __future__ import annotations

from collections.abc import Sequence

import tokenizers as hf
from tokenizers import decoders, models, pre_tokenizers, processors

from textgan.data.tokenizers import SPECIAL, Tokenizer
from textgan.errors import Mistake

_most = 1_000_000


def numbered(texts: Sequence[str], size: int = 5_000) -> Tokenizer:
    """A tokenizer of the words w0 .. w(size - 1), including those that do not occur in the training text."""
    if not 2 <= size <= _most:
        raise Mistake(f"tokenizer.size: {size} words; give from 2 to {_most:,}")
    known = (*SPECIAL, *(f"w{word}" for word in range(size)))
    core = hf.Tokenizer(models.WordLevel({word: i for i, word in enumerate(known)}, unk_token="<unk>"))
    core.add_special_tokens(list(SPECIAL))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    core.decoder = decoders.WordPiece(prefix="\ue000", cleanup=False)  # only joins words with spaces
    core.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 1)])
    return Tokenizer(core, 0, 1, 2, 3)
