"""The gradient penalty against a discriminator whose gradient is known, and against finite differences."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from textgan.discriminators.cnn import CNN
from textgan.generators.latent import Latent as Codes
from textgan.objectives.penalties import GradientPenalty, RealGradientPenalty
from textgan.parts.binding import bind, find
from textgan.parts.names import PARTS
from textgan.types import Discriminator, Text, Verdict, Vocabulary


class Quadratic(Discriminator):
    """score = |x|^2 / 2 over the embeddings, so that its gradient is x itself."""

    def embed(self, text: Text) -> Tensor:
        assert text.vectors is not None
        return text.vectors * text.mask.unsqueeze(-1)

    def forward(self, embeddings: Tensor, mask: Tensor, labels: Tensor | None = None) -> Verdict:
        score = embeddings.flatten(1).square().sum(1) / 2
        return Verdict(score, embeddings.flatten(1))


def _vectors(length: int, value: float, width: int) -> Text:
    mask = (torch.arange(width) < length).expand(4, -1)
    vectors = torch.full((4, width, 2), value)
    return Text(torch.zeros(4, width, dtype=torch.long), mask, vectors=vectors)


def test_on_a_quadratic_it_is_known() -> None:
    # Real and fake are the same point: every line between them is that point, of norm sqrt(3 tokens * 2) * .5.
    text = _vectors(3, 0.5, 5)
    norm = (3 * 2) ** 0.5 * 0.5
    penalty = GradientPenalty(weight=10.0)(Quadratic(), text, text).detach()
    assert float(penalty) == pytest.approx(10 * (norm - 1) ** 2, rel=1e-5)


def test_r1_on_a_quadratic_is_known_and_reads_real_text_alone() -> None:
    # The gradient is x itself, of squared norm 3 tokens * 2 * .25; half of it, times the weight.
    real, fake = _vectors(3, 0.5, 5), _vectors(4, 7.0, 5)
    penalty = RealGradientPenalty(weight=10.0)(Quadratic(), real, fake)
    assert float(penalty.detach()) == pytest.approx(10 / 2 * 3 * 2 * 0.25, rel=1e-6)


def test_texts_of_different_widths_meet() -> None:
    penalty = GradientPenalty(weight=1.0)(Quadratic(), _vectors(3, 0.5, 3), _vectors(3, 0.5, 6))
    assert float(penalty) == pytest.approx(((3 * 2) ** 0.5 * 0.5 - 1) ** 2, rel=1e-5)


def test_its_own_gradient_reaches_the_discriminator() -> None:
    """The penalty is differentiated twice: checked against finite differences in one weight."""
    torch.manual_seed(0)
    discriminator = CNN(
        Vocabulary(9), embedding=4, widths=[2], filters=3, dropout=0.0, highway=False
    ).double()
    ids = torch.randint(4, 9, (6, 5))
    real = Text(ids[:3], torch.ones(3, 5, dtype=torch.bool))
    fake = Text(ids[3:], torch.ones(3, 5, dtype=torch.bool))
    penalty = GradientPenalty(1.0)

    def value() -> Tensor:
        torch.manual_seed(7)
        return penalty(discriminator, real, fake)

    weight = discriminator.convolutions[0].weight
    (gradient,) = torch.autograd.grad(value(), weight)
    step = 1e-6
    with torch.no_grad():
        weight[1, 2, 0] += step
    above = value()
    with torch.no_grad():
        weight[1, 2, 0] -= 2 * step
    below = value()
    assert float(gradient[1, 2, 0]) == pytest.approx(float((above - below) / (2 * step)), rel=1e-4, abs=1e-9)
    assert gradient[1, 2, 0] != 0


@pytest.mark.parametrize("penalty", [GradientPenalty(), RealGradientPenalty()])
def test_the_points_are_given_and_the_table_is_not_moved(
    penalty: GradientPenalty | RealGradientPenalty,
) -> None:
    torch.manual_seed(0)
    discriminator = CNN(Vocabulary(9), embedding=4, filters=3, dropout=0.0)
    real, fake = (Text(torch.randint(4, 9, (3, 5)), torch.ones(3, 5, dtype=torch.bool)) for _ in range(2))
    penalty(discriminator, real, fake).backward()
    assert discriminator.table.weight.grad is None
    assert discriminator.convolutions[0].weight.grad is not None


class Weighted(Discriminator):
    """score = x' A x / 2 over the flat embeddings: its gradient is A x for a symmetric A."""

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        self.matrix = matrix

    def embed(self, text: Text) -> Tensor:
        assert text.vectors is not None
        return text.vectors

    def forward(self, embeddings: Tensor, mask: Tensor, labels: Tensor | None = None) -> Verdict:
        flat = embeddings.flatten(1)
        return Verdict((flat @ self.matrix * flat).sum(1) / 2, flat)


def test_between_two_points_it_is_the_formula() -> None:
    """Points on the line share * real + (1 - share) * fake, one share a sentence; the gradient there is A x."""
    torch.manual_seed(3)
    half = torch.randn(6, 6)
    matrix = (half + half.T) / 2
    mask = torch.ones(5, 3, dtype=torch.bool)
    ids = torch.zeros(5, 3, dtype=torch.long)
    real, fake = (Text(ids, mask, vectors=torch.randn(5, 3, 2)) for _ in range(2))
    torch.manual_seed(11)
    found = GradientPenalty(weight=10.0)(Weighted(matrix), real, fake)
    torch.manual_seed(11)
    share = torch.rand(5, 1, 1)
    assert real.vectors is not None and fake.vectors is not None
    points = (share * real.vectors + (1 - share) * fake.vectors).flatten(1)
    wanted = 10.0 * ((points @ matrix).norm(dim=1) - 1).square().mean()
    assert float(found.detach()) == pytest.approx(float(wanted), rel=1e-5)


VOCABULARY = Vocabulary(12)
SMALL = {"embedding": 4, "filters": 5, "dropout": 0.0}
JUDGES: list[dict[str, object]] = [
    {"name": "cnn", **SMALL},
    {"name": "cnn", **SMALL, "minibatch": 3, "highway": False},
    {"name": "multi-representation", **SMALL, "representations": 2},
    {"name": "recurrent", "embedding": 4, "hidden": 6, "dropout": 0.0},
    {"name": "autoencoder", "embedding": 4, "hidden": 6, "code": 3, "table": "random"},
    {"name": "autoencoder", "embedding": 4, "hidden": 6, "code": 3, "table": "random", "reads": "bag"},
    {"name": "latent", "code": 4, "layers": [5]},
    {"name": "several", "parts": [{"name": "cnn", **SMALL}], "copies": 2},
    {"name": "bag-autoencoder", "hidden": 6},
]
WORDS_ALONE = {"mediator", "pretrained"}  # no gradient passes through them, and penalties are refused


def _discriminator(described: dict[str, object]) -> Discriminator:
    torch.manual_seed(0)
    handed = {"vocabulary": VOCABULARY, "vectors": None, "length": 20, "classes": 0, "decode": None}
    discriminator: Discriminator = bind("discriminator", described, handed, "discriminator").build(**handed)
    if described["name"] == "latent":
        discriminator.meet(Codes(VOCABULARY, code=4, embedding=4, hidden=6))
    return discriminator.eval()


def _sentences(lengths: list[int], width: int, seed: int) -> Text:
    ids = torch.randint(4, 12, (len(lengths), 7), generator=torch.Generator().manual_seed(seed))
    mask = torch.arange(width) < torch.tensor(lengths).unsqueeze(1)
    return Text(torch.nn.functional.pad(ids, (0, 20))[:, :width].masked_fill(~mask, 0), mask)


def test_every_discriminator_is_seen() -> None:
    assert {one["name"] for one in JUDGES} | WORDS_ALONE == PARTS["discriminator"].keys()


@pytest.mark.parametrize("described", JUDGES, ids=lambda one: f"{one['name']} {len(one)}")
@pytest.mark.parametrize("name", PARTS["penalty"])
def test_padding_changes_no_penalty(name: str, described: dict[str, object]) -> None:
    discriminator = _discriminator(described)
    penalty = find("penalty", name, "penalty")()
    if name == "score-decay" and not hasattr(discriminator, "score"):
        pytest.skip("no layer called score")

    def value(real: int, fake: int) -> float:
        torch.manual_seed(5)
        found = penalty(discriminator, _sentences([1, 2, 4, 3], real, 1), _sentences([2, 1, 3, 4], fake, 2))
        return float(found.detach())

    wanted = value(4, 4)
    assert wanted > 0
    for widths in [(5, 4), (4, 6), (9, 9), (20, 12)]:
        assert value(*widths) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("described", JUDGES, ids=lambda one: f"{one['name']} {len(one)}")
def test_r1_of_a_batch_is_the_mean_of_its_sentences_alone(described: dict[str, object]) -> None:
    discriminator, lengths = _discriminator(described), [1, 2, 4, 3, 7]
    if not discriminator.one_by_one:
        pytest.skip("a verdict depends on the sentences beside it")
    penalty, batch = RealGradientPenalty(), _sentences(lengths, 20, 3)
    alone = [
        Text(batch.ids[row : row + 1, :length], batch.mask[row : row + 1, :length])
        for row, length in enumerate(lengths)
    ]
    wanted = sum(float(penalty(discriminator, one, one).detach()) for one in alone) / len(lengths)
    assert float(penalty(discriminator, batch, batch).detach()) == pytest.approx(wanted, rel=1e-5)
