"""Any text survives the tokenizers: every script, emoji, combining marks, and what else Unicode has."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgan.assembly.build import build
from textgan.assembly.recipe import Recipe
from textgan.data.tokenizers import SPECIAL, Tokenizer, bpe, character, word
from textgan.doctor.words import words

TEXTS = [
    "春眠不觉晓，处处闻啼鸟。",
    "يقرأ الوَلَد كتابًا في البيت، ثم ينام.",
    "שָׁלוֹם לכולם!",
    "यह एक किताब है। वह क्या है?",
    "می‌خواهم بروم.",
    "สวัสดีครับ ขอบคุณ",
    "한국어 문장입니다.",
    "ok 👍🏽 👨‍👩‍👧 🇩🇪🇫🇷 1️⃣ ❤️",
    "cafe\u0301 naïve Å\u030a",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈",
]

# half of a surrogate pair is no character, and no file in UTF-8 holds one
anything = st.text(st.characters(exclude_categories=("Cs",)), max_size=40).filter(
    lambda text: not any(sign in text for sign in SPECIAL)
)


@settings(max_examples=200, deadline=None)
@given(anything)
def test_bpe_writes_any_text(text: str) -> None:
    assert _bpe.decode(_bpe.encode([text])) == [text]


@settings(max_examples=100, deadline=None)
@given(st.lists(anything, min_size=1, max_size=5).filter(lambda texts: len(set("".join(texts))) > 1))
def test_characters_write_what_their_alphabet_covers(texts: list[str]) -> None:
    tokenizer = character(texts)
    assert tokenizer.size == len(SPECIAL) + len(set("".join(texts)))
    assert tokenizer.decode(tokenizer.encode(texts)) == texts
    assert tokenizer.unknown_share(texts) == 0
    backwards = ["".join(reversed(text)) for text in texts]  # other texts of the same alphabet
    if not any(sign in text for sign in SPECIAL for text in backwards):
        assert tokenizer.decode(tokenizer.encode(backwards)) == backwards


_bpe = bpe(TEXTS * 3, size=400)


@pytest.mark.parametrize("make", [character, lambda texts: bpe(texts, size=400)], ids=["character", "bpe"])
def test_any_script_survives_the_saved_folder(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    make(TEXTS).save(tmp_path)
    again = Tokenizer.load(tmp_path)
    assert again.decode(again.encode(TEXTS)) == TEXTS


@pytest.mark.parametrize("text", [*TEXTS, 'a, b. c-d "q" it\'s', "₂ ½ ²", "x\u00ady"])
def test_words_are_cut_alike_by_the_doctor_and_the_tokenizer(text: str) -> None:
    tokenizer = word([text, "x y"])
    assert [tokenizer.core.id_to_token(i) for i in tokenizer.encode([text])[0]] == words(text)


@pytest.mark.parametrize("text", [text for text in TEXTS if "👍" not in text])
def test_words_come_back_as_they_were_written(text: str) -> None:
    tokenizer = word([text, "x y"])
    assert tokenizer.decode(tokenizer.encode([text])) == [text]


def test_no_word_begins_with_what_combines() -> None:
    for text in TEXTS:
        assert not any(unicodedata.category(each[0]).startswith("M") for each in words(text))


def test_a_written_sentence_is_one_line() -> None:
    ids = _bpe.encode(["one\ntwo\r\n  three\u2028four "])
    assert _bpe.decode(ids) == ["one\ntwo\r\n  three\u2028four "]
    assert _bpe.sentences(ids) == ["one two three four"]


@pytest.mark.parametrize(
    ("lines", "tokenizer", "told"),
    [
        (["我喜欢猫", "你 好"] + ["他看见了一只狗"] * 38, "word", True),
        (["我喜欢猫"] * 20 + ["他看见了一只狗"] * 20, "character", False),
        (["我 喜欢 猫"] * 20 + ["他 看见 了 一只 狗"] * 20, "word", False),  # cut into words already
        (["a dog runs"] * 20 + ["yes"] * 20, "word", False),
    ],
)
def test_text_without_spaces_is_told_of_before_words_are_made_of_it(
    tmp_path: Path, lines: list[str], tokenizer: str, told: bool
) -> None:
    (tmp_path / "a.txt").write_text("\n".join(lines), encoding="utf-8")
    recipe = Recipe.load(
        "mle-short", [f"corpus.path={tmp_path / 'a.txt'}", f"tokenizer={tokenizer}", "threads=1"]
    )
    note = "corpus: its sentences have no spaces, so each is one word; set tokenizer=character"
    assert (note in build(recipe).notes) is told
