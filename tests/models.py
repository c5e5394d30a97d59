"""Models of transformers that are small enough to be made where a test needs one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch


def tiny_bert(folder: Path, words: Iterable[str]) -> Path:
    """A BERT of one layer with random weights, always the same, and a tokenizer that knows the words; in `folder`."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir()
    known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    (folder / "vocab.txt").write_text("\n".join(known))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
        BertModel(BertConfig(vocab_size=len(known), initializer_range=0.3, **size)).save_pretrained(folder)
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder
