"""The pieces that `speed.py` times: ours and the classic algorithm, with the same weights, sizes and optimiser.

Each has the floating-point operations of the matrix products that ours makes; passes over the data that are not
products (softmax, pooling, drawing, Adam) count as nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import one_hot, softplus

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "strategies"))

from classic import ClassicGenerator, ClassicJudge, classic_values  # noqa: E402

from textgan.data.batches import Batches, Encoded  # noqa: E402
from textgan.discriminators.cnn import CNN  # noqa: E402
from textgan.generators.recurrent import LSTM  # noqa: E402
from textgan.machine.products import DRAWN, rows_at_once  # noqa: E402
from textgan.objectives.adversarial import NonSaturating  # noqa: E402
from textgan.sampling import Draw  # noqa: E402
from textgan.strategies.gumbel import Gumbel  # noqa: E402
from textgan.strategies.reinforce import Reinforce  # noqa: E402
from textgan.training.game import judging, policy_mode  # noqa: E402
from textgan.training.likelihood import token_loss  # noqa: E402
from textgan.training.optimizers import Optimizer  # noqa: E402
from textgan.types import Prompt, Situation, Strategy, Text, Vocabulary  # noqa: E402

WIDTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20]
FILTERS = [100, 200, 200, 200, 200, 100, 100, 100, 100, 100, 160, 160]
EMBEDDING, HIDDEN, JUDGE_EMBEDDING = 32, 32, 64


@dataclass(frozen=True)
class Size:
    """Sentences of a batch, tokens, words, rollouts."""

    name: str
    batch: int = 64
    length: int = 20
    words: int = 5_000
    rollouts: int = 16


SIZES = {size.name: size for size in (Size("short"), Size("long", length=50, words=10_000))}


@dataclass(frozen=True)
class Piece:
    """Both sides, and the floating-point operations of ours. classic_times: how often the classic side would run."""

    ours: Callable[[], object]
    classic: Callable[[], object]
    flop: float
    classic_times: float = 1.0


class Players:
    """A generator and SeqGAN's discriminator; sentences have the full length, as EOS is never written."""

    def __init__(self, size: Size, widths: list[int] = WIDTHS, filters: list[int] = FILTERS) -> None:
        torch.manual_seed(0)
        self.widths, self.filters = widths, filters
        self.size = size
        self.vocabulary = Vocabulary(size.words)
        self.generator = LSTM(self.vocabulary, embedding=EMBEDDING, hidden=HIDDEN)
        with torch.no_grad():
            self.generator.output.bias[self.vocabulary.eos] = -50.0
        self.discriminator = CNN(
            self.vocabulary, embedding=JUDGE_EMBEDDING, widths=widths, filters=filters, dropout=0.25
        )
        self.classic_generator = ClassicGenerator(self.generator)
        self.classic_judge = ClassicJudge(self.discriminator)
        policy_mode(self.generator)

    def text(self, count: int) -> Text:
        ids = torch.randint(4, self.size.words, (count, self.size.length))
        return Text(ids, torch.ones_like(ids, dtype=torch.bool))

    def token_flop(self) -> float:
        """One token through the generator."""
        return 2 * self.size.words * HIDDEN + 2 * 4 * HIDDEN * (EMBEDDING + HIDDEN)

    def sentence_flop(self) -> float:
        """One sentence through the discriminator."""
        positions = [max(1, self.size.length - width + 1) for width in self.widths]
        windows = sum(
            2 * width * count * JUDGE_EMBEDDING * at
            for width, count, at in zip(self.widths, self.filters, positions, strict=True)
        )
        features = sum(self.filters)
        return windows + 2 * features * 2 * features + 2 * features

    def situation(self) -> Situation:
        size = self.size
        return Situation(
            self.generator, self.discriminator, NonSaturating(), self.text(size.batch), Prompt(size.batch),
            size.length, 0.5
        )  # fmt: skip


def seqgan_step(size: Size, rounds: int | None) -> Piece:
    """A generator step by REINFORCE: write, roll out, judge, backward, Adam."""
    players = Players(size)
    plan = Optimizer(lr=1e-4)
    optimizer = plan.build(players.generator.parameters())
    strategy = Reinforce(rollouts=size.rollouts)
    strategy.begin(players.generator)

    def ours() -> None:
        with judging(players.discriminator):
            turn = strategy.turn(players.situation())
            _descend(turn.loss, optimizer)
        strategy.after_step(players.generator)

    classic = players.classic_generator
    classic_optimizer = torch.optim.Adam(players.generator.parameters(), 1e-4)
    done = rounds or size.rollouts

    def classic_step() -> None:
        players.discriminator.eval()
        ids = classic.write(torch.zeros(size.batch, 0, dtype=torch.long), size.length)
        values = classic_values(classic, players.classic_judge, ids, done, size.length)
        loss = -((values - values.mean(0)) * classic.log_prob(ids)).sum() / size.batch
        _descend(loss, classic_optimizer)

    prefixes = size.length - 1
    tokens = size.rollouts * size.batch * size.length * prefixes / 2 + 5 * size.batch * size.length
    sentences = size.rollouts * size.batch * prefixes + 2 * size.batch
    flop = tokens * players.token_flop() + sentences * players.sentence_flop()
    return Piece(ours, classic_step, flop, size.rollouts / done)


def sampling(size: Size, rounds: int | None) -> Piece:
    """10,000 sentences."""
    players = Players(size)
    count = 10_000
    at_once = rows_at_once(size.words, torch.device("cpu"), DRAWN)
    done = count if rounds is None else 20 * size.batch

    @torch.no_grad()
    def ours() -> None:
        for begin in range(0, count, at_once):
            players.generator.write(Prompt(min(at_once, count - begin)), size.length, Draw())

    def classic() -> None:
        for _ in range(0, done, size.batch):
            players.classic_generator.write(torch.zeros(size.batch, 0, dtype=torch.long), size.length)

    flop = count * size.length * players.token_flop()
    return Piece(ours, classic, flop, count / done)


def discriminator_step(size: Size, rounds: int | None) -> Piece:
    """64 real and 64 fake sentences: forward, backward, Adam."""
    players = Players(size)
    real, fake = players.text(size.batch), players.text(size.batch)
    optimizer = Optimizer(lr=1e-4).build(players.discriminator.parameters())
    classic_optimizer = torch.optim.Adam(players.discriminator.parameters(), 1e-4)
    objective = NonSaturating()

    def ours() -> None:
        players.discriminator.train()
        discriminator = players.discriminator
        _descend(objective.discriminator_loss(*discriminator.judge_both(real, fake)), optimizer)

    def classic() -> None:
        players.discriminator.train()
        discriminator = players.classic_judge
        loss = (
            softplus(-discriminator.judge(real.ids, real.mask)).mean()
            + softplus(discriminator.judge(fake.ids, fake.mask)).mean()
        )
        _descend(loss, classic_optimizer)

    return Piece(ours, classic, 3 * 2 * size.batch * players.sentence_flop())


def scoring(size: Size, rounds: int | None) -> Piece:
    """8,192 sentences judged, no graph; the classic side reads them in the training step's batches of 64."""
    players = Players(size)
    players.discriminator.eval()
    text = players.text(8_192)

    @torch.no_grad()
    def ours() -> None:
        for begin in range(0, len(text), 512):
            players.discriminator.judge(text[begin : begin + 512])

    @torch.no_grad()
    def classic() -> None:
        for begin in range(0, len(text), size.batch):
            piece = text[begin : begin + size.batch]
            players.classic_judge.judge(piece.ids, piece.mask)

    return Piece(ours, classic, len(text) * players.sentence_flop())


def mle_step(size: Size, rounds: int | None) -> Piece:
    """One step of teacher forcing on captions' lengths (10.4 words, deviation 1.9), or news' (T = 50: 27.7, 8)."""
    players = Players(size)
    mean, spread = (10.4, 1.9) if size.length <= 20 else (27.7, 8.0)
    lengths = (1 + mean + spread * torch.randn(6_400)).round().clamp(3, size.length).long()
    mask = torch.arange(size.length) < lengths.unsqueeze(1)
    ids = torch.randint(4, size.words, mask.shape).masked_fill(~mask, players.vocabulary.pad)
    encoded = Encoded(Text(ids, mask), mask)
    batches = Batches(encoded, size.batch, seed=0, bucket=True)
    optimizer = Optimizer(lr=1e-4).build(players.generator.parameters())
    classic_optimizer = torch.optim.Adam(players.generator.parameters(), 1e-4)
    steps = 20

    def ours() -> None:
        for _ in range(steps):
            text, known = batches.next()
            _descend(token_loss(players.generator.log_prob(text), known), optimizer)

    def classic() -> None:
        for _ in range(steps):
            rows = torch.randint(len(ids), (size.batch,))
            log_prob = players.classic_generator.log_prob(ids[rows])
            _descend(-(log_prob * mask[rows]).sum() / mask[rows].sum(), classic_optimizer)

    return Piece(ours, classic, steps * 3 * size.batch * float(lengths.float().mean()) * players.token_flop())


def gumbel_iteration(size: Size, rounds: int | None) -> Piece:
    """One generator step and five discriminator steps by straight-through Gumbel-Softmax, with our recipes' CNN."""
    players = Players(size, [2, 3, 4, 5], [64] * 4)
    discriminator, generator = players.discriminator, players.generator
    objective = NonSaturating()
    g_optimizer = Optimizer(lr=1e-4).build(generator.parameters())
    d_optimizer = Optimizer(lr=1e-4).build(discriminator.parameters())
    strategy: Strategy = Gumbel(1.0)
    strategy.begin(generator)

    def ours() -> None:
        discriminator.train()
        with torch.no_grad():  # as in training: the generator stands still meanwhile
            fakes = generator.write(Prompt(5 * size.batch), size.length, strategy.judge_sampler(0.5))
        for step in range(5):
            fake = fakes[step * size.batch : (step + 1) * size.batch]
            loss = objective.discriminator_loss(*discriminator.judge_both(players.text(size.batch), fake))
            _descend(loss, d_optimizer)
        with judging(discriminator):
            _descend(strategy.turn(players.situation()).loss, g_optimizer)

    classic, classic_judge = players.classic_generator, players.classic_judge
    classic_g = torch.optim.Adam(generator.parameters(), 1e-4)
    classic_d = torch.optim.Adam(discriminator.parameters(), 1e-4)

    def score(tokens: Tensor, mask: Tensor) -> Tensor:
        return classic_judge(classic_judge.embed_one_hot(tokens), mask)

    def classic_iteration() -> None:
        discriminator.train()
        for _ in range(5):
            real = players.text(size.batch)
            fake = classic.relaxed(size.batch, size.length, 1.0).detach()
            loss = softplus(-score(one_hot(real.ids, size.words).float(), real.mask)).mean()
            _descend(loss + softplus(score(fake, real.mask)).mean(), classic_d)
        fake = classic.relaxed(size.batch, size.length, 1.0)
        _descend(softplus(-score(fake, real.mask)).mean(), classic_g)

    tokens = size.batch * size.length
    back = 2 * size.words * (EMBEDDING + JUDGE_EMBEDDING)  # from the embeddings to the relaxed tokens
    d_flop = 3 * 2 * size.batch * players.sentence_flop() + tokens * players.token_flop()
    g_flop = 3 * tokens * players.token_flop() + tokens * back + 3 * size.batch * players.sentence_flop()
    return Piece(ours, classic_iteration, 5 * d_flop + g_flop)


PIECES: dict[str, Callable[[Size, int | None], Piece]] = {
    "seqgan-step": seqgan_step,
    "sampling": sampling,
    "discriminator-step": discriminator_step,
    "discriminator-scoring": scoring,
    "mle-step": mle_step,
    "gumbel-iteration": gumbel_iteration,
}


def _descend(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
