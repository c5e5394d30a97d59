"""What `config.json` of an exported generator holds."""

from __future__ import annotations

from typing import Any

from transformers import PretrainedConfig


class TextganConfig(PretrainedConfig):
    """generator_part: the generator section of the recipe (plain values). label_names: names of the K classes.

    vocab_size, pad_token_id, bos_token_id, eos_token_id, unk_token_id: the vocabulary's. length: most tokens of a
    sentence, including <eos> but not <bos>.
    """

    model_type = "textgan"

    def __init__(
        self,
        generator_part: dict[str, Any] | None = None,
        vocab_size: int = 5,
        length: int = 20,
        label_names: list[str] | None = None,
        pad_token_id: int = 0,
        bos_token_id: int = 1,
        eos_token_id: int = 2,
        unk_token_id: int | None = 3,
        use_cache: bool = True,
        tie_word_embeddings: bool = False,
        **others: Any,
    ) -> None:
        self.generator_part = generator_part or {"name": "lstm"}
        self.vocab_size = vocab_size
        self.length = length
        self.label_names = list(label_names or [])
        self.unk_token_id = unk_token_id
        self.use_cache = use_cache
        super().__init__(**others)
        self.pad_token_id = pad_token_id
        self.bos_token_id = bos_token_id
        self.eos_token_id = eos_token_id
        self.tie_word_embeddings = tie_word_embeddings
