"""Load a pretrained tokenizer: its core and the names of its special tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tokenizers as hf

from textgan.errors import Mistake
from textgan.plain import from_json

_names = ("pad", "bos", "eos", "unk", "cls", "sep")
_usual = {
    "pad": ("<pad>", "[PAD]", "<|pad|>"),
    "bos": ("<bos>", "<s>", "[BOS]", "<|begin_of_text|>", "<|endoftext|>"),
    "eos": ("<eos>", "</s>", "[EOS]", "<|end_of_text|>", "<|endoftext|>"),
    "unk": ("<unk>", "[UNK]"),
    "cls": ("[CLS]", "<cls>"),
    "sep": ("[SEP]", "<sep>"),
}


def read(path: str) -> tuple[hf.Tokenizer, dict[str, str]]:
    """The core and its special tokens by name (pad, bos, eos, unk, cls, sep, where defined).

    Raises Mistake if there is no tokenizer at `path`.
    """
    place = Path(path).expanduser()
    if place.is_file():
        core = _core(place)
        return core, _guessed(core)
    if (place / "tokenizer.json").is_file():
        core = _core(place / "tokenizer.json")
        named = _named(place)
        return core, named or _guessed(core)
    if place.is_dir() and not any(place.iterdir()):
        raise Mistake(f"tokenizer.path: {path} is an empty folder; expected it to contain a tokenizer.json")
    return _transformers(path)


def _core(file: Path) -> hf.Tokenizer:
    try:
        return hf.Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises a bare Exception for a file it cannot read
        raise Mistake(
            f"tokenizer.path: {file} is not a valid tokenizer.json ({_first_line(error)}); give another file"
        ) from error


def _named(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in ("special_tokens_map.json", "tokenizer_config.json"):
        if not (folder / file).is_file():
            continue
        try:
            held: dict[str, Any] = from_json((folder / file).read_text(encoding="utf-8"))
        except ValueError as error:
            raise Mistake(
                f"tokenizer.path: {folder / file} is not valid JSON ({error}); save the tokenizer again"
            ) from error
        if not isinstance(held, dict):
            raise Mistake(f"tokenizer.path: {folder / file} is not a JSON object; save the tokenizer again")
        for name in _names:
            sign = held.get(f"{name}_token")
            sign = sign.get("content") if isinstance(sign, dict) else sign
            if isinstance(sign, str):
                found[name] = sign
    return found


def _guessed(core: hf.Tokenizer) -> dict[str, str]:
    known = core.get_vocab(with_added_tokens=True)
    found = {name: next((sign for sign in signs if sign in known), None) for name, signs in _usual.items()}
    return {name: sign for name, sign in found.items() if sign is not None}


def _transformers(path: str) -> tuple[hf.Tokenizer, dict[str, str]]:
    from transformers import AutoTokenizer

    try:
        loaded = AutoTokenizer.from_pretrained(path, trust_remote_code=False)
        core = loaded.backend_tokenizer
    except (
        Exception
    ) as error:  # transformers and the hub client raise many exception types here, all with one meaning
        raise Mistake(
            f"tokenizer.path: no tokenizer at {path!r} ({_first_line(error)}); give a folder with a "
            "tokenizer.json, such a file, or a name on the Hugging Face hub (which needs network access)"
        ) from error
    named = {name: getattr(loaded, f"{name}_token", None) for name in _names}
    return core, {name: str(sign) for name, sign in named.items() if sign is not None}


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120].rstrip(".")
