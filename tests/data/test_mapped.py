"""A corpus on the disk gives the sentences of its file, each once an epoch, and trains as any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from textgan.assembly.build import build
from textgan.assembly.recipe import Recipe
from textgan.data import mapped, windows
from textgan.data.batches import encode
from textgan.data.corpus import Split, fingerprint
from textgan.data.mapped import Mapped
from textgan.data.tokenizers import word
from textgan.data.windows import WindowedBatches, encode_mapped
from textgan.errors import Mistake
from textgan.runs.train import train

LINES = [f"line {n} has{' many' * (n % 7)} words ." for n in range(60)]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With empty lines, CRLF, no last line end, and read a few bytes and lines at a time."""
    monkeypatch.setattr(mapped, "_BLOCK", 50)
    monkeypatch.setattr(mapped, "CHUNK", 7)
    path = tmp_path / "big.txt"
    text = "\n\n  \n".join(LINES[:30]) + "\r\n" + "\r\n".join(LINES[30:])
    path.write_bytes(text.encode())
    return path


def corpus_of(file: Path, held_out: int = 5) -> Mapped:
    return Mapped(str(file), held_out, held_out, cache=str(file.parent / "cache"))


def test_every_line_is_in_one_split(file: Path) -> None:
    corpus = corpus_of(file)
    held = set(range(0, 60, 6))
    assert corpus.validation.texts == LINES[0::12] and corpus.test.texts == LINES[6::12]
    assert list(corpus.train.texts) == [line for n, line in enumerate(LINES) if n not in held]
    assert corpus.train.texts[-1] == LINES[59] and corpus.train.texts[3:5] == [LINES[4], LINES[5]]
    with pytest.raises(IndexError):
        corpus.train.texts[50]


@pytest.mark.parametrize("overlong", ["drop", "truncate"])
def test_tokens_are_those_of_the_corpus_in_memory(file: Path, overlong: str) -> None:
    corpus = corpus_of(file)
    tokenizer = word(corpus.train.texts, min_count=2)
    tokens, notes = encode_mapped(corpus, tokenizer, 9, overlong, lambda *_: None)
    wanted, _ = encode(Split(list(corpus.train.texts)), tokenizer, 9, overlong=overlong)
    assert len(tokens) == len(wanted)
    text, known = tokens.take(np.arange(len(tokens)))
    width = text.ids.shape[1]
    assert torch.equal(text.ids, wanted.text.ids[:, :width]) and not wanted.text.mask[:, width:].any()
    assert torch.equal(text.mask, wanted.text.mask[:, :width])
    assert torch.equal(known, wanted.known[:, :width])
    assert (tokens.lengths(0, len(tokens)) == wanted.text.mask.sum(1).numpy()).all()
    # Line n has 5 + n % 7 tokens and, but for its number, which is unknown, words that others have too.
    most, done = (8, "dropped") if overlong == "drop" else (9, "cut to 9")
    long = sum(5 + n % 7 > most for n in range(60) if n % 6)
    assert notes[1:] == [
        f"corpus.train: {long} of 50 lines are too long; {done}",
        f"corpus.train: {len(tokens)} of {int(text.mask.sum() - (text.ids == tokenizer.eos).sum())} tokens are not "
        "in the vocabulary",
    ]


def test_lines_without_a_token_are_told(file: Path) -> None:
    corpus = corpus_of(file)
    tokenizer = word(corpus.train.texts)
    tokenizer.encode = lambda texts: [[4] * (" many" in text) for text in texts]  # type: ignore[method-assign]
    tokens, notes = encode_mapped(corpus, tokenizer, 9, "drop", lambda *_: None)
    some = sum(n % 7 > 0 for n in range(60) if n % 6)
    assert len(tokens) == some
    assert notes[1:] == [f"corpus.train: {50 - some} of 50 lines have no tokens; dropped"]


def test_what_is_cached_is_of_one_tokenizer_length_rule_and_split(file: Path) -> None:
    corpus = corpus_of(file)
    few, every = word(corpus.train.texts, min_count=2), word(corpus.train.texts)
    asked = [(few, 9, "drop"), (every, 9, "drop"), (few, 10, "drop"), (few, 9, "truncate")]
    folders = {corpus.encoded(*one, lambda *_: None)[0] for one in asked}
    folders.add(corpus_of(file, 4).encoded(*asked[0], lambda *_: None)[0])
    assert len(folders) == 5

    def again(told: str, share: float) -> None:
        raise AssertionError("tokenized twice")

    assert {corpus.encoded(*one, again)[0] for one in asked} < folders


def stream(file: Path, bucket: bool, **shared: int) -> WindowedBatches:
    corpus = corpus_of(file)
    tokenizer = word(corpus.train.texts)
    tokens, _ = encode_mapped(corpus, tokenizer, 16, "drop", lambda *_: None)
    return WindowedBatches(tokens, 4, 3, bucket=bucket, **shared)


def rows(text: torch.Tensor) -> list[tuple[int, ...]]:
    return [tuple(i for i in row if i) for row in text.tolist()]


@pytest.mark.parametrize("bucket", [False, True])
def test_an_epoch_has_each_sentence_once_and_goes_on_where_it_was(
    file: Path, bucket: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        windows, "WINDOW", 18
    )  # windows of 16, 16, 16 and 2, of which the last fills no batch
    batches = stream(file, bucket)
    assert batches.steps_per_epoch == 12
    given = [rows(batches.next()[0].ids) for _ in range(30)]
    for epoch in (given[:12], given[12:24]):
        sentences = [row for batch in epoch for row in batch]
        assert len(set(sentences)) == len(sentences) == 48
    assert given[:12] != given[12:24]
    assert batches.state_dict() == {"epoch": 2, "position": 6}
    again = stream(file, bucket)
    again.load_state_dict({"epoch": 0, "position": 11})
    assert [rows(again.next()[0].ids) for _ in range(19)] == given[11:]
    shares = [stream(file, bucket, rank=rank, count=2) for rank in (0, 1)]
    halves = [[rows(share.next()[0].ids) for _ in range(30)] for share in shares]
    assert [one + other for one, other in zip(*halves, strict=True)] == given
    if bucket:
        assert {len({len(row) for row in batch}) for batch in given} <= {1, 2, 3}


def test_a_changed_file_is_another_corpus(file: Path) -> None:
    before = fingerprint(corpus_of(file))
    file.write_bytes(file.read_bytes().replace(b"many", b"tiny"))
    corpus = corpus_of(file)
    assert fingerprint(corpus) != before and "tiny" in corpus.train.texts[1]


def test_what_cannot_be_used_is_told(file: Path, tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="60 lines, too few to hold out 16 and 16"):
        corpus_of(file, 16)
    with pytest.raises(Mistake, match=r"corpus\.validation: 0"):
        corpus_of(file, 0)
    (tmp_path / "file").write_text("")
    with pytest.raises(Mistake, match=r"corpus\.cache: .* cannot be written"):
        Mapped(str(file), 5, 5, cache=str(tmp_path / "file"))
    binary = tmp_path / "binary.txt"
    binary.write_bytes(b"a\0b\n" * 50)
    with pytest.raises(Mistake, match="is binary"):
        corpus_of(binary)
    assert not list((tmp_path / "cache").rglob(".*"))  # nothing half-written stays
    wrong = tmp_path / "wrong.txt"
    wrong.write_bytes(b"good\n\n" * 30 + b"\xe9t\xe9\n")
    corpus = corpus_of(wrong)
    with pytest.raises(
        Mistake, match=r"corpus\.path: wrong\.txt is not UTF-8 \(line 61, byte 1\); convert it"
    ):
        list(corpus.train.texts)
    table = tmp_path / "table.csv"
    table.write_text("text,label\n" + "a,b\n" * 60)
    with pytest.raises(
        Mistake, match=r"corpus\.path: .*table\.csv has columns, and 'mapped' reads plain text"
    ):
        corpus_of(table)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "marked.txt"
    path.write_text("\ufeff" + "first\n" + "next\n" * 59, encoding="utf-8")
    corpus = corpus_of(path)
    assert corpus.validation.texts[0] == "first"
    assert not any("\ufeff" in text for text in (*corpus.train.texts, *corpus.test.texts))


def test_a_recipe_trains_on_it(file: Path, tmp_path: Path) -> None:
    changes = [
        f"corpus={{name: mapped, path: {file}, validation: 5, test: 5, cache: {tmp_path / 'cache'}}}",
        *("length=16", "generator.embedding=6", "generator.hidden=8", "train.mle={epochs: 1, batch: 8}"),
        *("metrics=[bleu, nll]", "evaluate={samples: 8, final: 8}", "threads=1"),
    ]
    run = train(Recipe.load("mle-short", changes), tmp_path / "run")
    assert (run / "evaluation.json").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("labelled=4", "labelled: the corpus has no labels"),
        ("judge_share=0.5", "judge_share: needs the corpus"),
    ],
)
def test_what_needs_it_in_memory_is_refused(file: Path, change: str, told: str) -> None:
    corpus = f"corpus={{name: mapped, path: {file}, validation: 5, test: 5, cache: {file.parent / 'cache'}}}"
    recipe = Recipe.load("gumbel-short", [corpus, "budget=smoke", change])
    with pytest.raises(Mistake, match=told):
        build(recipe)
