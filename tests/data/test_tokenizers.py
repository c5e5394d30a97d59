"""Tokenizers: vocabulary, round trips and what AutoTokenizer makes of the saved folder."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from textgan.data import attach as attachments
from textgan.data.tokenizers import Tokenizer, bpe, character, pretrained, word
from textgan.errors import Mistake

captions = [
    "a man, smiling, sits on a well-worn bench.",
    "the clock (a big one) shows 11:59, not 1,000.",
    'a sign says "no parking" next to a dog.',
    "a dog's bowl.",
]
news = [
    'He said : " We don \' t know , " and left .',
    "The 2 . 5 % rise , he said , is over - done ( twice ) .",
]


def test_ids_are_by_frequency_and_ties_by_alphabet() -> None:
    tokenizer = word(["b c a c", "c b", "d"])
    assert tokenizer.core.get_vocab() == {
        "<pad>": 0, "<bos>": 1, "<eos>": 2, "<unk>": 3, "c": 4, "b": 5, "a": 6, "d": 7,
    }  # fmt: skip
    assert (tokenizer.pad, tokenizer.bos, tokenizer.eos, tokenizer.unk, tokenizer.size) == (0, 1, 2, 3, 8)
    assert tokenizer.encode(["c d", "", "a new a"]) == [[4, 7], [], [6, 3, 6]]  # `new` was not in the texts


def test_min_count_and_max_size() -> None:
    texts = ["b c a c", "c b", "d"]
    assert set(word(texts, min_count=2).core.get_vocab()) == {"<pad>", "<bos>", "<eos>", "<unk>", "c", "b"}
    assert word(texts, max_size=7).size == 7
    assert word(texts, max_size=7).encode(["c b a d"]) == [[4, 5, 6, 3]]


@pytest.mark.parametrize("make", [word, character, bpe])
def test_lower_case_is_one_case_for_every_tokenizer(make: Callable[..., Tokenizer]) -> None:
    lower, both = (make(["A dog a DOG"], lowercase=choice) for choice in (True, False))
    assert lower.encode(["A DOG"]) == lower.encode(["a dog"])
    assert lower.decode(lower.encode(["A DOG"])) == ["a dog"]
    assert both.encode(["A DOG"]) != both.encode(["a dog"])


def test_case_is_kept_unless_told() -> None:
    assert word(["A a A"]).encode(["A a"]) == [[4, 5]]
    assert word(["A a b"], lowercase=True).encode(["A a"]) == [[4, 4]]


def test_unknown_share_by_hand() -> None:
    assert word(["a b"]).unknown_share(["a x", "b x y b"]) == 0.5
    assert word(["a b"]).unknown_share([""]) == 0.0


def test_word_splits_as_the_metrics_do() -> None:
    texts = ["it's a well-lit (old) room...", "naïve café — £5 “quoted” ½ 漢字,x_y", "a\tb  c"]
    tokenizer = word(texts, attach=False)
    for text in texts:
        wanted = re.sub(r"[^\w\s']", lambda found: f" {found[0]} ", text).split()
        assert [tokenizer.core.id_to_token(i) for i in tokenizer.encode([text])[0]] == wanted


def test_without_splitting_words_are_what_spaces_part() -> None:
    tokenizer = word(["a man, smiling."], split_punctuation=False)
    assert [tokenizer.core.id_to_token(i) for i in tokenizer.encode(["a man, smiling."])[0]] == [
        "a",
        "man,",
        "smiling.",
    ]
    assert tokenizer.decode(tokenizer.encode(["a man, smiling."])) == ["a man, smiling."]


@pytest.mark.parametrize("texts", [captions, news], ids=["attached", "spaced"])
def test_decoding_writes_what_the_training_text_wrote(texts: list[str]) -> None:
    tokenizer = word(texts)
    assert tokenizer.decode(tokenizer.encode(texts)) == texts


@pytest.mark.parametrize(
    ("spaced", "readable"),
    [
        ("children .", "children."),
        ("( a )", "(a)"),
        ("a , b ; c !", "a, b; c!"),
        ("well - worn", "well-worn"),
        ('he said " yes , no " .', 'he said "yes, no".'),
        ("at 11 : 59", "at 11:59"),
        ("1 , 000 men", "1,000 men"),
        ("so . . .", "so..."),
        ("$ 5 ( or $ 6 ) .", "$5 (or $6)."),
    ],
)
def test_attach_true_is_english_as_printed(spaced: str, readable: str) -> None:
    attached = word([spaced, "x y"], attach=True)
    assert attached.decode(attached.encode([spaced])) == [readable]
    kept = word([readable, "x y"], attach=False)
    assert kept.decode(kept.encode([spaced])) == [spaced]


def test_each_mark_has_its_own_habit() -> None:
    found = attachments.detect(["a beer-soaked film , slow .", "a well-made one ."])
    assert {("", "-"), ("-", "")} <= found.gaps
    assert not {("", ","), ("", "."), (".", "")} & found.gaps


def test_decode_cuts_at_the_first_end_and_leaves_special_tokens_out() -> None:
    tokenizer = word(["a b"])
    assert tokenizer.decode([[1, 4, 5, 2, 4, 0], [4, 0, 0, 0, 0, 0], [2, 4, 4, 4, 4, 4]]) == ["a b", "a", ""]


def test_a_text_cannot_smuggle_in_a_special_token() -> None:
    for tokenizer in (word(["a <eos> b <pad>"], split_punctuation=False), bpe(["a b"], size=260)):
        ids = tokenizer.encode(["a <eos> b", "<pad>", "<bos>"])
        assert not {0, 1, 2} & {i for row in ids for i in row}


def test_character_round_trip() -> None:
    tokenizer = character(["ab a", "é."])
    assert tokenizer.size == 4 + 5
    assert tokenizer.decode(tokenizer.encode(["a  bé."])) == ["a  bé."]
    assert tokenizer.encode(["ax"])[0][1] == tokenizer.unk


def test_bpe_writes_any_text_and_is_deterministic() -> None:
    tokenizer = bpe(captions * 3, size=300)
    text = "unseen Ünïcode 漢字  two spaces\ttab"
    assert tokenizer.size == 300
    assert tokenizer.decode(tokenizer.encode([text])) == [text]
    assert tokenizer.unknown_share([text]) == 0
    assert tokenizer.core.to_str() == bpe(captions * 3, size=300).core.to_str()


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: word(["a a"]), "tokenizer: the training text has a vocabulary of 1 word; give more text"),
        (lambda: word([]), "a vocabulary of 0 words"),
        (lambda: word(["a b"], min_count=5), "lower tokenizer.min_count"),
        (
            lambda: word(["a b"], max_size=4),
            "tokenizer.max_size: 4 leaves fewer than two words; give at least 6",
        ),
        (
            lambda: bpe(["a b"], size=100),
            "tokenizer.size: 100 is too small for byte-level BPE; give at least 260",
        ),
    ],
)
def test_mistakes(build, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Mistake, match=re.escape(says)):
        build()


@pytest.mark.parametrize(
    "tokenizer",
    [
        word(captions),
        word(news),
        word(captions, lowercase=True),
        character(captions),
        bpe(captions, size=300),
    ],
    ids=["word", "spaced", "lower", "character", "bpe"],
)
def test_auto_tokenizer_loads_and_decodes_the_same(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenizer.save(tmp_path)
    from transformers import AutoTokenizer

    auto = AutoTokenizer.from_pretrained(tmp_path)
    assert (auto.pad_token_id, auto.bos_token_id, auto.eos_token_id, auto.unk_token_id) == (0, 1, 2, 3)
    assert len(auto) == tokenizer.size
    texts = [*captions, *news, "unseen words ( here ) ."]
    ids = tokenizer.encode(texts)
    assert auto(texts, add_special_tokens=False)["input_ids"] == ids
    assert auto("a dog")["input_ids"] == [1, *tokenizer.encode(["a dog"])[0]]
    assert auto.batch_decode(ids, skip_special_tokens=True) == tokenizer.decode(ids)
    again = Tokenizer.load(tmp_path)
    assert again.encode(texts) == ids and again.decode(ids) == tokenizer.decode(ids)
    assert (again.size, again.pad, again.bos, again.eos, again.unk, again.notes) == (
        tokenizer.size,
        0,
        1,
        2,
        3,
        [],
    )


def test_pretrained_adds_what_is_missing_and_says_so(tmp_path: Path) -> None:
    import tokenizers as hf

    core = hf.Tokenizer(hf.models.WordLevel({"<|endoftext|>": 0, "a": 1, "b": 2}, unk_token="<|endoftext|>"))
    core.pre_tokenizer = hf.pre_tokenizers.WhitespaceSplit()
    core.add_special_tokens(["<|endoftext|>"])
    core.save(str(tmp_path / "tokenizer.json"))
    end = {name: "<|endoftext|>" for name in ("bos_token", "eos_token", "unk_token", "pad_token")}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(end))
    tokenizer = pretrained([], str(tmp_path))
    assert (tokenizer.pad, tokenizer.bos, tokenizer.eos, tokenizer.unk, tokenizer.size) == (3, 0, 0, None, 4)
    assert len(tokenizer.notes) == 1 and "has no pad token; added <pad> as id 3" in tokenizer.notes[0]
    assert tokenizer.encode(["a b"]) == [[1, 2]]


def test_pretrained_takes_a_bare_file_and_berts_signs(tmp_path: Path) -> None:
    import tokenizers as hf

    core = hf.Tokenizer(
        hf.models.WordLevel({"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 4}, "[UNK]")
    )
    core.save(str(tmp_path / "tokenizer.json"))
    tokenizer = pretrained([], str(tmp_path / "tokenizer.json"))
    assert (tokenizer.pad, tokenizer.bos, tokenizer.eos, tokenizer.unk, tokenizer.notes) == (0, 2, 3, 1, [])


def test_pretrained_mistakes(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        Mistake, match="tokenizer.path: .*empty is an empty folder; expected it to contain a tokenizer.json"
    ):
        pretrained([], str(tmp_path / "empty"))
    (tmp_path / "tokenizer.json").write_text("not json")
    with pytest.raises(Mistake, match="tokenizer.path: .* is not a valid tokenizer.json .*; give another"):
        pretrained([], str(tmp_path))


@pytest.mark.skipif(
    not os.environ.get("TEXTGAN_DATA"), reason="needs the sets of TEXTGAN_DATA, which is not set"
)
@pytest.mark.parametrize(("name", "share"), [("coco", 0.99), ("emnlp_news", 0.99)])
def test_round_trip_of_real_lines(name: str, share: float) -> None:
    lines = (Path(os.environ["TEXTGAN_DATA"]) / name / "train.txt").read_text(encoding="utf-8").splitlines()
    texts = [" ".join(line.split()) for line in lines]
    tokenizer = word(texts)
    decoded = tokenizer.decode(tokenizer.encode(texts))
    assert sum(a == b for a, b in zip(texts, decoded, strict=True)) / len(texts) > share
    assert tokenizer.encode(decoded) == tokenizer.encode(texts)  # what is lost is spaces only
