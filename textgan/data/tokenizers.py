"""Tokenizers: words, characters, byte-level BPE, or a pretrained one. Does not import torch.

All four wrap a `tokenizers.Tokenizer` and save to a folder that `transformers.AutoTokenizer` loads and decodes in the
same way. Those trained here have <pad> <bos> <eos> <unk> = 0 1 2 3, and their vocabulary comes only from the texts they
are given: give them the training split.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tokenizers as hf
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

from textgan.data import attach as attachments
from textgan.errors import Mistake

if TYPE_CHECKING:
    from textgan.types import Vocabulary

SPECIAL = ("<pad>", "<bos>", "<eos>", "<unk>")
_no_limit = 2**31
_never = "\ue000"  # a private-use character: a prefix that never occurs


class Tokenizer:
    """Text to ids and back. pad, bos, eos, unk: ids (unk is None if the tokenizer can encode any text)."""

    def __init__(
        self, core: hf.Tokenizer, pad: int, bos: int, eos: int, unk: int | None, notes: Sequence[str] = ()
    ) -> None:
        core.no_padding()
        core.no_truncation()
        self.core, self.pad, self.bos, self.eos, self.unk = core, pad, bos, eos, unk
        self.notes = list(notes)
        self._reserved = {pad, bos, eos} - {unk}
        self._signs = tuple(str(core.id_to_token(i)) for i in sorted(self._reserved))

    @property
    def size(self) -> int:
        """Number of ids, special ones included: one more than the largest id."""
        return max(self.core.get_vocab(with_added_tokens=True).values()) + 1

    @property
    def vocabulary(self) -> Vocabulary:
        """What a model must know about the ids (imports torch)."""
        from textgan.types import Vocabulary

        return Vocabulary(self.size, self.pad, self.bos, self.eos, self.unk)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text; never <pad>, <bos> or <eos>: if a text spells one out, it becomes <unk>."""
        encodings = self.core.encode_batch_fast(list(texts), add_special_tokens=False)
        rows = [encoding.ids for encoding in encodings]
        for row, text in enumerate(texts):
            if any(sign in text for sign in self._signs):
                rows[row] = self._without_reserved(rows[row])
        return rows

    def _without_reserved(self, ids: list[int]) -> list[int]:
        if self.unk is None:
            return [i for i in ids if i not in self._reserved]
        return [self.unk if i in self._reserved else i for i in ids]

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Readable text of ids (B,T), a tensor or lists: cut at the first EOS, no special tokens."""
        rows: list[list[int]] = ids.tolist() if hasattr(ids, "tolist") else [list(row) for row in ids]
        return self.core.decode_batch([self._sentence(row) for row in rows], skip_special_tokens=True)

    def sentences(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Like `decode`, with whitespace normalised as in training text: byte-level tokens can spell a line break."""
        return [" ".join(text.split()) for text in self.decode(ids)]

    def _sentence(self, row: list[int]) -> list[int]:
        return row[: row.index(self.eos)] if self.eos in row else row

    def unknown_share(self, texts: Sequence[str]) -> float:
        """Share of the texts' tokens that are <unk>, in [0, 1]; 0 if there are no tokens."""
        rows = self.encode(texts)
        tokens = sum(map(len, rows))
        return sum(row.count(self.unk) for row in rows) / tokens if tokens and self.unk is not None else 0.0

    def lacking(self, text: str) -> str:
        """The words of a text that are not in the vocabulary, and which of them are in lower case; empty if none."""

        def unknown(part: str) -> bool:
            return self.unk is not None and self.unk in self.encode([part])[0]

        if not unknown(text):
            return ""
        words = [word for word in dict.fromkeys(text.split()) if unknown(word)]
        lower = [word.lower() for word in words if word != word.lower() and not unknown(word.lower())]
        hint = f"; it has {', '.join(map(repr, lower))}" if lower else ""
        return ", ".join(map(repr, words)) + hint

    def save(self, folder: str | Path) -> None:
        """Write tokenizer.json and the other files that `AutoTokenizer.from_pretrained(folder)` needs."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.core.save(str(folder / "tokenizer.json"))
        ids = {"pad_token": self.pad, "bos_token": self.bos, "eos_token": self.eos, "unk_token": self.unk}
        signs = {name: self.core.id_to_token(i) for name, i in ids.items() if i is not None}
        config: dict[str, Any] = {"tokenizer_class": "PreTrainedTokenizerFast", **signs}
        # Without the last two, transformers cleans up the text again and returns segment ids.
        config |= {
            "clean_up_tokenization_spaces": False,
            "model_input_names": ["input_ids", "attention_mask"],
        }
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
        (folder / "special_tokens_map.json").write_text(json.dumps(signs, indent=2), encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> Tokenizer:
        """Read a folder that `save` wrote; never accesses the hub. Mistake if it has no tokenizer.json."""
        if not (Path(folder) / "tokenizer.json").is_file():
            raise Mistake(f"{folder}: contains no tokenizer.json; the run folder is incomplete")
        return pretrained((), str(folder))


def word(
    texts: Sequence[str],
    split_punctuation: bool = True,
    lowercase: bool = False,
    min_count: int = 1,
    max_size: int | None = None,
    attach: bool | None = None,
) -> Tokenizer:
    """Words between spaces; with `split_punctuation` each mark of `[^\\w\\s']` is a token, as in the metrics.

    Unlike in the metrics, combining accents stay with their letter, and an emoji of several parts is one token
    (`attach.MARK`).

    min_count: rarer words become <unk>. max_size: most ids, the four special ones included; the most
    frequent words are kept, ties in alphabetical order. attach: how `decode` joins marks to words: None
    follows the majority usage in `texts`, True printed English, False keeps every space.
    """
    splitter: list[Any] = [pre_tokenizers.WhitespaceSplit()]
    pattern = None
    if split_punctuation:
        splitter.insert(0, pre_tokenizers.Split(hf.Regex(attachments.MARK), "isolated"))
        pattern = _spaces_to_take_out(texts, attach)
    # WordPiece's decoder puts a space before each token but the first; its prefix never occurs.
    joiner: list[Any] = [decoders.WordPiece(prefix=_never, cleanup=False), decoders.Fuse()]
    if pattern is not None:
        joiner.append(decoders.Replace(hf.Regex(pattern), ""))
    core = hf.Tokenizer(models.WordLevel(unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Sequence(splitter)
    core.decoder = decoders.Sequence(joiner)
    return _counted(core, texts, lowercase, min_count, max_size)


def _spaces_to_take_out(texts: Sequence[str], attach: bool | None) -> str | None:
    if attach is False:
        return None
    return (attachments.conventional() if attach else attachments.detect(texts)).pattern()


def character(
    texts: Sequence[str], min_count: int = 1, max_size: int | None = None, lowercase: bool = False
) -> Tokenizer:
    """One id per character (code point), spaces included. min_count and max_size as in `word`."""
    core = hf.Tokenizer(models.WordLevel(unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Split(hf.Regex(r"[\s\S]"), "isolated")
    core.decoder = decoders.Fuse()
    return _counted(core, texts, lowercase, min_count, max_size)


def bpe(texts: Sequence[str], size: int = 8000, lowercase: bool = False) -> Tokenizer:
    """Byte-level BPE with at most `size` ids (at least 260, else Mistake); encodes any text without <unk>."""
    smallest = len(SPECIAL) + len(pre_tokenizers.ByteLevel.alphabet())
    if size < smallest:
        raise Mistake(f"tokenizer.size: {size} is too small for byte-level BPE; give at least {smallest}")
    core = hf.Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    return _trained(core, trainer, texts, lowercase)


def pretrained(texts: Sequence[str], path: str) -> Tokenizer:
    """A pretrained tokenizer: a saved folder, a tokenizer.json, or a name on the Hugging Face hub.

    `texts` are not used. A missing pad, bos or eos is added as a new id and mentioned in `notes`; BERT's [CLS]
    and [SEP] serve as bos and eos. A pad that equals the eos is replaced by a separate one.
    """
    from textgan.data.pretrained_tokenizer import read

    core, signs = read(path)
    notes = []
    ids: dict[str, int] = {}
    for name, fallback in (("pad", ()), ("bos", ("cls",)), ("eos", ("sep",))):
        sign = next((signs[key] for key in (name, *fallback) if key in signs), None)
        if name == "pad" and sign in (signs.get("eos"), signs.get("sep")):
            sign = None
        number = core.token_to_id(sign) if sign is not None else None
        if number is None:
            core.add_special_tokens([f"<{name}>"])
            number = core.get_vocab(with_added_tokens=True)[f"<{name}>"]
            notes.append(f"tokenizer: {path} has no {name} token; added <{name}> as id {number}")
        ids[name] = number
    unk = core.token_to_id(signs["unk"]) if "unk" in signs else None
    return Tokenizer(core, unk=None if unk in ids.values() else unk, notes=notes, **ids)


def _counted(
    core: hf.Tokenizer, texts: Sequence[str], lowercase: bool, min_count: int, max_size: int | None
) -> Tokenizer:
    smallest = len(SPECIAL) + 2
    if max_size is not None and max_size < smallest:
        raise Mistake(f"tokenizer.max_size: {max_size} leaves fewer than two words; give at least {smallest}")
    trainer = trainers.WordLevelTrainer(
        vocab_size=max_size or _no_limit,
        min_frequency=max(0, min_count),
        special_tokens=list(SPECIAL),
        show_progress=False,
    )
    return _trained(core, trainer, texts, lowercase)


def _trained(core: hf.Tokenizer, trainer: Any, texts: Sequence[str], lowercase: bool) -> Tokenizer:
    if lowercase:
        core.normalizer = normalizers.Lowercase()
    core.train_from_iterator(texts, trainer)
    words = core.get_vocab_size() - len(SPECIAL)
    if words < 2:
        raise Mistake(
            f"tokenizer: the training text has a vocabulary of {words} {'word' if words == 1 else 'words'}; "
            "give more text, or lower tokenizer.min_count"
        )
    # For use outside textgan: the prompt of a causal model begins with <bos>.
    core.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 1)])
    return Tokenizer(core, 0, 1, 2, 3)
