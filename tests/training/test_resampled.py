"""Sentences chosen by the discriminator's odds: the distribution of the chosen, enumerated; and a run scored so."""

from __future__ import annotations

import json
from html import unescape
from itertools import permutations, product
from pathlib import Path

import pytest
import torch
from torch import Tensor

from textgan.assembly.recipe import Recipe
from textgan.errors import Mistake
from textgan.report import front
from textgan.runs.asked import Drawn
from textgan.runs.choosing import by_weight
from textgan.runs.evaluate import evaluate_run
from textgan.runs.sweep import sweep
from textgan.runs.train import train
from textgan.sampling import POOL, Draw
from textgan.training.resampled import Resampled
from textgan.types import Discriminator, Generator, Prompt, Sampler, Text, Verdict, Vocabulary

PROBABILITIES = torch.tensor([0.5, 0.3, 0.2])  # of the sentences 0, 1, 2
ODDS = torch.tensor([0.25, 1.0, 4.0])
CHI_SQUARE = 13.8  # two degrees of freedom: exceeded once in a thousand


class ThreeSentences(Generator):
    """Writes one token and the label that it was asked for."""

    vocabulary = Vocabulary(size=3, pad=0, bos=1, eos=2, unk=0)

    def write(self, prompt: Prompt, length: int, sampler: Sampler) -> Text:
        ids = sampler(PROBABILITIES.log().expand(prompt.size, 3).clone()).ids.unsqueeze(1)
        return Text(ids, torch.ones_like(ids, dtype=torch.bool), prompt.labels)


class KnowsTheOdds(Discriminator):
    def __init__(self, shift: float = 0.0) -> None:
        super().__init__()
        self.shift = shift

    def judge(self, text: Text) -> Verdict:
        assert not self.training
        return Verdict(ODDS.log()[text.ids[:, 0]] + self.shift, torch.zeros(len(text), 1))


def kept(of: int, together: int, power: float = 1.0) -> Tensor:
    """How often each sentence is among `together` of `of` candidates, as a share: all candidates, all ways to draw them
    one after the other by odds to a power."""
    weights = ODDS**power
    found = torch.zeros(3)
    for pool in product(range(3), repeat=of):
        for order in permutations(range(of), together):
            chance, left = PROBABILITIES[list(pool)].prod(), weights[list(pool)].sum()
            for place in order:
                chance, left = chance * weights[pool[place]] / left, left - weights[pool[place]]
            for place in order:
                found[pool[place]] += chance / together
    return found


def chi_square(counts: Tensor, probabilities: Tensor) -> float:
    expected = probabilities * counts.sum()
    return float(((counts - expected).square() / expected).sum())


@pytest.mark.parametrize(("together", "power"), [(1, 1.0), (2, 1.0), (2, 2.5)])
@pytest.mark.parametrize(
    "shift", [0.0, 500.0]
)  # a constant added to every score changes nothing, and overflows none
def test_what_is_kept_has_the_enumerated_distribution(
    shift: float, together: int, power: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textgan.training.resampled.POOL", together)
    torch.manual_seed(1)
    discriminator = KnowsTheOdds(shift).train()
    text = Resampled(ThreeSentences(), discriminator, 2, power).write(Prompt(20_000), 1, Draw())
    counts = text.ids[:, 0].bincount(minlength=3).float()
    others = {(1, 1.0), (2, 1.0), (2, 2.5)} - {(together, power)}
    assert chi_square(counts, kept(2 * together, together, power)) < CHI_SQUARE
    for other, exponent in others:  # so that the test could fail
        assert chi_square(counts, kept(2 * other, other, exponent)) > 100
    assert discriminator.training


def test_the_likeliest_of_a_pool_do_not_stand_first() -> None:
    torch.manual_seed(4)
    text = Resampled(ThreeSentences(), KnowsTheOdds(), 2, 4.0).write(Prompt(16_000), 1, Draw())
    first, last = (text.ids.view(-1, POOL, 1)[:, half] for half in (slice(0, 8), slice(8, 16)))
    assert float((first == 2).float().mean()) == pytest.approx(float((last == 2).float().mean()), abs=0.02)


@pytest.mark.parametrize("training", [True, False])
def test_it_is_in_the_mode_that_its_generator_is_in(training: bool) -> None:
    generator = ThreeSentences().train(training)
    assert Resampled(generator, KnowsTheOdds(), 2).training is training


def test_of_many_candidates_what_is_chosen_is_the_generator_s_text_times_the_odds() -> None:
    torch.manual_seed(2)
    text = Resampled(ThreeSentences(), KnowsTheOdds(), 400).write(Prompt(2_000), 1, Draw())
    aim = PROBABILITIES * ODDS / (PROBABILITIES * ODDS).sum()
    assert chi_square(text.ids[:, 0].bincount(minlength=3).float(), aim) < CHI_SQUARE


def test_a_single_stream_chooses_as_a_batch_does() -> None:
    torch.manual_seed(3)
    ids = torch.multinomial(PROBABILITIES, 80_000, replacement=True).view(-1, 4)
    luck = torch.rand(ids.shape, dtype=torch.float64)
    scores = ODDS.log()
    counts = torch.zeros(3)
    for row, chances in zip(ids.tolist(), luck.tolist(), strict=True):
        pool = [Drawn(str(i), score=float(scores[i]), luck=u) for i, u in zip(row, chances, strict=True)]
        for one in by_weight(pool, 2, 2.5):
            counts[int(one.text)] += 1
    assert chi_square(counts, kept(4, 2, 2.5)) < CHI_SQUARE
    assert chi_square(counts, kept(4, 2)) > 100


def test_every_sentence_has_the_label_that_it_was_asked_for() -> None:
    labels = torch.arange(7_000) % 3  # several pieces, the last one smaller
    text = Resampled(ThreeSentences(), KnowsTheOdds(), 3).write(Prompt(7_000, labels), 1, Draw())
    assert text.ids.shape == (7_000, 1)
    assert text.labels is not None and text.labels.tolist() == labels.tolist()


class Repeats(ThreeSentences):
    """Writes the first token of its prefix."""

    def write(self, prompt: Prompt, length: int, sampler: Sampler) -> Text:
        assert prompt.prefix is not None
        return Text(prompt.prefix[:, :1], torch.ones(prompt.size, 1, dtype=torch.bool))


def test_every_sentence_begins_as_it_was_asked_to() -> None:
    prefix = (torch.arange(100) % 3).unsqueeze(1)
    text = Resampled(Repeats(), KnowsTheOdds(), 4).write(Prompt(100, prefix=prefix), 1, Draw())
    assert text.ids.tolist() == prefix.tolist()


SMALL = ("budget=smoke", "evaluate={every: 2, samples: 20, final: 60, resample: 4}", "threads=1")


def test_a_run_is_scored_by_what_both_players_write_and_its_front_has_the_same_text(tmp_path: Path) -> None:
    run = train(Recipe.load("seqgan-short", [*SMALL, "metrics=[bleu, self-bleu, nll]"]), tmp_path / "run")
    told = json.loads((run / "evaluation.json").read_text())
    (how,) = told["written"]
    assert "one sentence in 4 drawn by the discriminator's odds" in how
    rows = told["rows"]
    assert "nll" in rows["before"] and "nll" not in rows["after"]
    after = {name: score["value"] for name, score in rows["after"].items()}
    assert {name: score.value for name, score in evaluate_run(run).items()} == after
    swept = sweep(run, [1.0, 0.5], checkpoint="all")
    assert swept.choice and swept.choice in unescape(front.render(swept))
    points = swept.points
    found = {(one.state, one.temperature): one.scores for one in points}
    assert {name: found["last", 1.0][name].value for name in after} == after
    assert "nll" in found["pretrained", 1.0] and found["pretrained", 0.5] != found["last", 0.5]
    unaided = sweep(run, [1.0], checkpoint="last", resample=1)
    assert not unaided.choice and "Written by the generator alone" in front.render(unaided)
    alone = unaided.points[-1].scores
    assert "nll" in alone and alone["bleu-2"] != found["last", 1.0]["bleu-2"]
    sharp = sweep(run, [1.0], checkpoint="last", sharpness=3.0)
    assert "one sentence in 4 drawn by the discriminator's odds to the power of 3" in unescape(
        front.render(sharp)
    )
    assert sharp.points[-1].scores["bleu-2"] != found["last", 1.0]["bleu-2"]
    cut = sweep(run, [1.0], checkpoint="all", top_p=0.5)
    page = unescape(front.render(cut))
    assert "Tokens drawn from the likeliest of total 0.5 (top-p)" in page
    assert "one sentence in 4" in page and "nll" not in cut.points[1].scores
    assert cut.points[1].scores["self-bleu-2"].value > found["pretrained", 1.0]["self-bleu-2"].value
    with pytest.raises(Mistake, match=r"^--top-p: expected a value above 0 and up to 1, got 0$"):
        sweep(run, [1.0], top_p=0.0)
    plain = train(Recipe.load("seqgan-short", [*SMALL, "evaluate.resample=1"]), tmp_path / "plain")
    with pytest.raises(Mistake, match=r"^--sharpness: only --resample uses it"):
        sweep(plain, [1.0], sharpness=2.0)
    without = json.loads((plain / "evaluation.json").read_text())["rows"]
    assert without["before"]["bleu-2"] == rows["before"]["bleu-2"]
    assert without["after"]["bleu-2"] != rows["after"]["bleu-2"]


@pytest.mark.parametrize(
    ("recipe", "change"),
    [
        ("mle-short", ""),
        ("wgan-gp-short", ""),
        ("seqgan-short", "discriminator.minibatch=8 strategy.rollouts=0"),
    ],
)
def test_a_run_without_odds_is_refused_before_it_begins(recipe: str, change: str, tmp_path: Path) -> None:
    words = ["budget=smoke", "evaluate.resample=4", *change.split()]
    with pytest.raises(Mistake, match=r"^evaluate\.resample: "):
        train(Recipe.load(recipe, words), tmp_path / "run")
    assert not (tmp_path / "run").exists()
