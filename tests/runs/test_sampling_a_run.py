"""`LoadedRun.sample`: the same sentences whatever their number, chosen by the discriminator, balanced, and told of."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
import torch

from textgan.assembly.recipe import Recipe
from textgan.cli import run as textgan
from textgan.data.batches import encode
from textgan.data.corpus import Split
from textgan.errors import Mistake
from textgan.runs.asked import Asked, Drawn
from textgan.runs.drawing import FIRST, LARGEST, Pen, blocks
from textgan.runs.loaded import LoadedRun, load
from textgan.runs.train import train
from textgan.types import Generator, Prompt, Sampler, Text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("labelled")
    texts = [
        f"the {'old' if i % 2 else 'new'} house {i % 9} is {'red' if i % 3 else 'blue'} ." for i in range(80)
    ]
    rows = "".join(f"{text},{'pos' if i % 4 else 'neg'}\n" for i, text in enumerate(texts))
    (home / "rows.csv").write_text(f"text,kind\n{rows}", encoding="utf-8")
    own = [f"corpus.path={home / 'rows.csv'}", "corpus.label=kind", "metrics=[distinct]", "length=12"]
    recipe = Recipe.load("conditional-short", ["budget=smoke", "threads=1", *own])
    return train(recipe, home / "run")


@pytest.fixture(scope="module")
def run(folder: Path) -> LoadedRun:
    return load(folder)


def test_more_sentences_are_the_same_and_then_others(run: LoadedRun) -> None:
    few, many = list(run.sample(5, seed=3)), list(run.sample(60, seed=3))
    assert many[:5] == few and len(many) == 60
    assert list(run.sample(60, seed=3)) == many
    assert list(run.sample(60, seed=4)) != many
    torch.manual_seed(99)  # whatever the outer stream is
    assert list(run.sample(5, seed=3)) == few
    # of one label alone they are those that this label has among all
    first = run.label_names[0]
    among = [one.text for one in run.draw(60, Asked(seed=3)) if one.label == first]
    assert list(run.sample(len(among), seed=3, label=first)) == among


def test_labels_are_balanced_after_every_filter(run: LoadedRun) -> None:
    names = run.label_names
    even = Counter(one.label for one in run.draw(40, Asked(unique=True, best_of=2)))
    assert even == dict.fromkeys(names, 40 / len(names))
    asked = Asked(balance={names[0]: 3.0, names[1]: 1.0}, unique=True)
    assert Counter(one.label for one in run.draw(40, asked)) == {names[0]: 30, names[1]: 10}
    train = Counter(run.corpus().train.labels)
    found = Counter(one.label for one in run.draw(40, Asked(balance="train")))
    assert all(abs(found[name] - 40 * train[i] / train.total()) < 1 for i, name in enumerate(names))


def test_what_is_told_is_what_the_players_say_of_the_text(run: LoadedRun) -> None:
    drawn = list(run.draw(40, Asked(seed=1), told=True))
    (kind,) = {type(one.score) for one in drawn}
    assert kind is float
    chosen = [one for one in drawn if one.text]
    labels = [run.label_names.index(one.label or "") for one in chosen]
    encoded, _ = encode(
        Split([one.text for one in chosen], labels), run.tokenizer, run.length, overlong="truncate"
    )
    whole = encoded.text.mask.sum(1).tolist()
    with torch.no_grad():
        nats = run.generator.log_prob(encoded.text).double().sum(1).tolist()
        scores = run.judge().judge(encoded.text).score.double().tolist()
    compared = 0
    for one, tokens, nat, score in zip(chosen, whole, nats, scores, strict=True):
        if tokens == one.tokens:  # the text gives its tokens back, and its end
            compared += 1
            assert one.log_prob == pytest.approx(nat, abs=1e-4)
            assert one.score == pytest.approx(score, abs=1e-4)
    assert compared > 20


def test_the_best_of_k_are_the_highest_of_each_k(run: LoadedRun) -> None:
    name = run.label_names[0]
    every = list(run.draw(30, Asked(label=name), told=True))
    best = [max(every[at : at + 3], key=lambda one: one.score or 0.0) for at in range(0, 30, 3)]
    assert list(run.draw(10, Asked(label=name, best_of=3), told=True)) == best
    scores = [one.score or 0.0 for one in run.draw(50, Asked(label=name, reject=0.8))]
    assert sum(scores) / 50 > sum(one.score or 0.0 for one in every) / 30
    assert list(run.draw(3, Asked(reject="odds"))) == list(run.draw(3, Asked(reject="odds")))


def test_no_sentence_of_the_training_text(run: LoadedRun) -> None:
    known = set(run.tokenizer.sentences(run.tokenizer.encode(run.corpus().train.texts)))
    plain = list(run.sample(300, temperature=0.3))
    dropped: Counter[str] = Counter()
    fresh = [one.text for one in run.draw(300, Asked(temperature=0.3, novel=True), dropped=dropped)]
    assert not known & {*fresh}
    assert bool(dropped["novel"]) == bool(known & {*plain})


def test_jsonl(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert textgan(["sample", str(folder), "-n", "3", "--jsonl", "--prefix", "the"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    keys = {"text", "label", "tokens", "log_prob", "log_prob_per_token", "score"}
    assert len(rows) == 3 and all(set(row) == keys and row["text"].startswith("the") for row in rows)


def test_a_run_without_a_discriminator_says_so(tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text(
        "".join(f"line {i} of {i % 7}\n" for i in range(40)), encoding="utf-8"
    )
    own = [f"corpus.path={tmp_path / 'lines.txt'}", "metrics=[distinct]", "length=8"]
    recipe = Recipe.load("mle-short", ["budget=smoke", "threads=1", *own])
    run = load(train(recipe, tmp_path / "run"))
    for option, asked in {
        "--best-of": Asked(best_of=2),
        "--reject": Asked(reject=0.5),
        "--min-score": Asked(min_score=0.0),
    }.items():
        with pytest.raises(
            Mistake, match=f"^{option}: this run has no discriminator; train one with a recipe"
        ):
            run.draw(1, asked)
    (one,) = run.draw(1, Asked(), told=True)
    assert one.score is None and one.log_prob is not None
    with pytest.raises(Mistake, match="--balance: this run was trained on text without labels"):
        run.draw(1, Asked(balance="train"))


class _Counting(Generator):
    """Writes the number of each sentence it ever wrote, in three digits to the base 50."""

    written = 0
    calls = 0

    def write(self, prompt: Prompt, length: int, sampler: Sampler) -> Text:
        numbers = torch.arange(self.written, self.written + prompt.size)
        self.written += prompt.size
        self.calls += 1
        digits = torch.stack([numbers // 2500, numbers // 50 % 50, numbers % 50], 1)
        return Text(digits, torch.ones_like(digits, dtype=torch.bool))


class _Digits:
    def sentences(self, ids: list[list[int]]) -> list[str]:
        return [" ".join(map(str, row)) for row in ids]


def test_a_hundred_thousand_are_written_a_block_at_a_time(run: LoadedRun) -> None:
    assert list(islice(blocks(), 7)) == [16, 32, 64, 128, 256, 256, 256]
    generator = _Counting()
    pen = Pen(generator, _Digits(), 3, run.engine)  # type: ignore[arg-type]
    texts = (one.text for one in pen.candidates(lambda logits: logits, seed=1))  # type: ignore[arg-type, return-value]
    assert next(texts) == "0 0 0" and generator.written == FIRST
    amount = sum(1 for _ in islice(texts, 99_999))
    assert amount == 99_999
    assert 100_000 <= generator.written < 100_000 + LARGEST  # never more than a block ahead
    assert generator.calls == 4 + -(-(100_000 - 240) // LARGEST)


def test_luck_is_drawn_with_the_sentence(run: LoadedRun) -> None:
    first: list[Drawn] = list(run.draw(20, Asked(seed=5)))
    assert [one.luck for one in first] == [one.luck for one in run.draw(20, Asked(seed=5))]
    assert len({one.luck for one in first}) == 20 and all(0 <= one.luck < 1 for one in first)
