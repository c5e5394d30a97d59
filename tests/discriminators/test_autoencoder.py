"""The energy by hand, blind to what follows the end, and low on what the discriminator has learned to rebuild."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import normalize, pad

from textgan.discriminators.autoencoder import Autoencoder
from textgan.objectives.energy import Energy
from textgan.types import Choice, Text, Vocabulary

VOCABULARY = Vocabulary(12)
OPTIONS = [{}, {"reads": "bag"}, {"cell": "gru", "spectral_norm": True}]


def _vectors(size: int) -> torch.Tensor:
    return normalize(torch.randn(12, size, generator=torch.Generator().manual_seed(3)), dim=-1)


def _text() -> Text:
    torch.manual_seed(1)
    mask = torch.arange(6) < torch.tensor([6, 1, 3, 5, 2]).unsqueeze(1)
    return Text(torch.randint(4, 12, (5, 6)).masked_fill(~mask, 0), mask)


def _discriminator(**options: object) -> Autoencoder:
    torch.manual_seed(0)
    sizes = {"embedding": 4, "hidden": 7, "code": 3}
    return Autoencoder(VOCABULARY, vectors=_vectors, **sizes, **options).eval()  # type: ignore[arg-type]


def test_energy_by_hand_in_order() -> None:
    discriminator = _discriminator()
    text = _text()
    verdict = discriminator.judge(text)
    layers = []
    for size, mine in ((4, discriminator.encoder), (3, discriminator.decoder)):
        plain = nn.LSTM(size, 7, batch_first=True)
        plain.load_state_dict(mine.weights.state_dict())
        layers.append(plain)
    for row in range(len(text)):
        length = int(text.mask[row].sum())
        x = _vectors(4)[text.ids[row, :length]]
        code = discriminator.to_code(layers[0](x.unsqueeze(0))[0][0, -1])
        states, _ = layers[1](code.expand(1, length, -1))
        errors = (x - discriminator.rebuild(states[0])).square().sum(-1)
        assert torch.allclose(verdict.score[row], -errors.mean(), atol=1e-6)
        assert torch.allclose(verdict.features[row], code, atol=1e-6)
        assert verdict.per_token is not None
        assert torch.allclose(verdict.per_token[row, :length], -errors, atol=1e-6)
        assert not verdict.per_token[row, length:].any()


def test_energy_by_hand_of_a_bag() -> None:
    discriminator = _discriminator(reads="bag")
    text = _text()
    verdict = discriminator.judge(text)
    for row in range(len(text)):
        bag = _vectors(4)[text.ids[row, : int(text.mask[row].sum())]].mean(0)
        code = discriminator.to_code(discriminator.encoder(bag))
        error = (bag - discriminator.rebuild(discriminator.decoder(code))).square().sum()
        assert torch.allclose(verdict.score[row], -error, atol=1e-6)
    flipped = Text(text.ids[:1].flip(1), text.mask[:1])
    assert torch.allclose(
        discriminator.judge(flipped).score, verdict.score[:1], atol=1e-6
    )  # it knows no order


def test_nothing_rebuilt_is_energy_1() -> None:
    discriminator = _discriminator()
    with torch.no_grad():
        discriminator.rebuild.weight.zero_()
        discriminator.rebuild.bias.zero_()
    assert torch.allclose(discriminator.judge(_text()).score, -torch.ones(5), atol=1e-6)


@pytest.mark.parametrize("options", OPTIONS)
def test_nothing_after_the_end_changes_the_energy_and_one_hots_enter_too(options: dict[str, object]) -> None:
    discriminator = _discriminator(**options)
    text = _text()
    score = discriminator.judge(text).score
    noise = torch.where(text.mask, text.ids, torch.randint(4, 12, text.ids.shape))
    assert torch.equal(discriminator.judge(Text(noise, text.mask)).score, score)
    longer = Text(pad(text.ids, (0, 7), value=9), pad(text.mask, (0, 7)))
    assert torch.allclose(discriminator.judge(longer).score, score, atol=1e-6)
    one_hot = torch.eye(12)[text.ids]
    choices = tuple(Choice(text.ids[:, at], one_hot[:, at]) for at in range(6))
    assert torch.allclose(
        discriminator.judge(Text(text.ids, text.mask, choices=choices)).score, score, atol=1e-6
    )


@pytest.mark.parametrize("reads", ["order", "bag"])
def test_it_learns_to_rebuild_real_text_and_not_the_rest(reads: str) -> None:
    discriminator = _discriminator(reads=reads).train()
    real = _text()
    torch.manual_seed(9)
    fake = Text(torch.randint(4, 12, (5, 6)).masked_fill(~real.mask, 0), real.mask)
    objective = Energy(margin=0.6)
    optimizer = torch.optim.Adam([p for p in discriminator.parameters() if p.requires_grad], 0.02)
    for _ in range(150):
        optimizer.zero_grad()
        objective.discriminator_loss(*discriminator.judge_both(real, fake)).backward()
        optimizer.step()
    found = objective.value(*discriminator.eval().judge_both(real, fake))
    assert float(found["energy-real"]) < 0.5 * float(found["energy-fake"])
    assert torch.equal(discriminator.table.weight, _vectors(4))


def test_corruption_is_for_training_alone() -> None:
    discriminator = _discriminator(corruption=0.5)
    text = _text()
    assert torch.equal(discriminator.judge(text).score, discriminator.judge(text).score)
    discriminator.train()
    assert not torch.equal(discriminator.judge(text).score, discriminator.judge(text).score)
    with pytest.raises(ValueError, match="corruption"):
        _discriminator(corruption=1.0)


@pytest.mark.parametrize("options", OPTIONS)
def test_what_stands_past_the_end_is_not_read(options: dict[str, object]) -> None:
    discriminator, text = _discriminator(**options), _text()
    read = discriminator.embed(text).detach()
    scribbled = torch.where(text.mask.unsqueeze(-1), read, 3.0)
    wanted, found = (discriminator(one, text.weight) for one in (read, scribbled))
    assert torch.equal(found.score, wanted.score) and torch.equal(found.features, wanted.features)
