"""The discriminator's score of every token of generated sentences, for the report."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textgan.machine.streams import seeded
from textgan.sampling import Draw
from textgan.strategies.rollouts import prefix_values, roll_out
from textgan.training.evaluation import asked_labels
from textgan.training.game import Game, judging, policy_mode
from textgan.types import Prompt, Text, Verdict

SENTENCES = 8
COMPLETIONS = 8
WORK = 2e11
"""The most multiplications to spend on completions: a few seconds of one core."""
REAL = 256  # held-out sentences whose mean score stands beside


@dataclass(frozen=True)
class TokenScores:
    """ids: for each sentence its tokens, the end included. values: as many scores, higher is more real. start: the
    mean score before any token, None where the discriminator scores tokens itself. real: the mean score of held-out
    text. how: the protocol, in words."""

    ids: list[list[int]]
    values: list[list[float]]
    start: float | None
    real: float | None
    how: str


class _Score:
    """An objective whose reward is the discriminator's score itself, so that runs of any objective are shown alike."""

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return fake.score

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        raise NotImplementedError

    generator_loss = discriminator_loss

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        return {}


def why_not(game: Game) -> str:
    """Why tokens cannot be scored; empty if they can. `token_scores` also checks the cost."""
    generator, discriminator = game.generator, game.discriminator
    if not any(True for _ in discriminator.parameters()):
        return "the run has no discriminator"
    if hasattr(game.objective, "compared"):
        return "the discriminator compares sentences with real ones and cannot score one alone"
    if not discriminator.one_by_one:
        return "the discriminator's score of a sentence depends on the others in its batch"
    if not generator.has_likelihood:
        return "the generator has no next-token probabilities to complete a sentence with"
    return ""


@torch.no_grad()
def token_scores(game: Game, seed: int) -> TokenScores | str:
    """Scores of a few fresh sentences, the same for a seed, or why there are none.

    By the discriminator's own score of each token where it gives one. Otherwise the value of token t is the mean score
    of `COMPLETIONS` sentences that the generator draws on from tokens 0..t, the last token's that of the sentence
    itself (SeqGAN, Yu et al. 2017, eq. 4, with the score in place of the reward, and the generator in place of its
    lagging copy). Fewer sentences where that would cost more than `WORK`.
    """
    why = why_not(game)
    if why:
        return why
    generator, discriminator, device = game.generator, game.discriminator, game.engine.device
    labels = asked_labels(game.train.text.labels, SENTENCES, seed)
    if labels is not None:
        labels = labels.to(device)
    was_training = generator.training
    with judging(discriminator), game.engine.autocast(), seeded(seed):
        policy_mode(generator)
        text = generator.write(Prompt(SENTENCES, labels), game.length, Draw())
        real, verdict = _of_real(game), discriminator.judge(text)
        start: float | None = None
        if verdict.per_token is not None:
            values = verdict.per_token
            how = "The discriminator's own score of each token."
        else:
            affordable = int(WORK / _work(generator, discriminator, game.length))
            if not affordable:
                return "completing every prefix would take too long with these models"
            text = text[slice(0, affordable)]
            completions = roll_out(generator, text, COMPLETIONS, Draw(), game.length, from_empty=True)
            found, empty = prefix_values(completions, text, discriminator, _Score(), verdict)
            values, start = found, float(empty.mean())
            how = (
                f"A word's score is the discriminator's mean score of {COMPLETIONS} sentences that the generator "
                "continues from the words up to it; the last word has the sentence's own score."
            )
    generator.train(was_training)
    return _told(text, values.float(), start, real, how)


def _told(text: Text, values: Tensor, start: float | None, real: float | None, how: str) -> TokenScores:
    lengths = text.mask.sum(1).tolist()
    rows = zip(text.ids.tolist(), values.tolist(), lengths, strict=True)
    cut = [(ids[:end], scores[:end]) for ids, scores, end in rows]
    return TokenScores([ids for ids, _ in cut], [scores for _, scores in cut], start, real, how)


def _of_real(game: Game) -> float | None:
    """The mean score of some held-out sentences; None where there are none."""
    text = game.heldout.text[slice(0, REAL)]
    if not len(text):
        return None
    return float(game.discriminator.judge(text.to(game.engine.device)).score.cpu().double().mean())


def _work(generator: nn.Module, discriminator: nn.Module, length: int) -> float:
    """Multiplications for a sentence of `length` tokens: each prefix is written to its end and judged."""
    weights = sum(
        parameter.numel() for player in (generator, discriminator) for parameter in player.parameters()
    )
    return weights * COMPLETIONS * length * (length + 1) / 2
