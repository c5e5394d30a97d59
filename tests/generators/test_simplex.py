"""Generators of distributions: what a discriminator reads of them, against its definition."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from textgan.discriminators.cnn import CNN
from textgan.generators.simplex import Deconvolution, NoiseLSTM, text_of
from textgan.sampling import Greedy
from textgan.types import Generator, Prompt, Vocabulary

VOCABULARY = Vocabulary(9)


def _generators(classes: int = 0) -> list[Generator]:
    torch.manual_seed(0)
    return [
        NoiseLSTM(VOCABULARY, embedding=4, hidden=8, noise=5, classes=classes),
        Deconvolution(VOCABULARY, length=6, hidden=8, blocks=2, width=3, noise=5, classes=classes),
    ]


def _soft(*rows: list[int]) -> Tensor:
    return torch.nn.functional.one_hot(torch.tensor(rows), VOCABULARY.size).float()


def test_text_ends_at_the_first_eos_and_presence_is_the_mask_of_one_hots() -> None:
    text = text_of(_soft([4, 2, 5, 2], [4, 5, 6, 7], [2, 2, 4, 5]), VOCABULARY)
    assert text.ids.tolist() == [[4, 2, 0, 0], [4, 5, 6, 7], [2, 0, 0, 0]]
    assert text.mask.sum(1).tolist() == [2, 4, 1]
    assert torch.equal(text.weight, text.mask.float())


def test_presence_is_the_chance_that_no_end_came_before() -> None:
    soft = torch.rand(2, 3, 9, dtype=torch.float64).softmax(-1)
    p = soft[:, :, VOCABULARY.eos]
    wanted = torch.stack([torch.ones(2, dtype=torch.float64), 1 - p[:, 0], (1 - p[:, 0]) * (1 - p[:, 1])], 1)
    assert torch.allclose(text_of(soft, VOCABULARY).weight, wanted)


@pytest.mark.parametrize("which", [0, 1])
def test_the_discriminator_reads_distributions_and_its_gradient_reaches_every_weight(which: int) -> None:
    generator = _generators()[which]
    text = generator.write(Prompt(40), 6, Greedy())
    assert text.ids.shape == (40, 6) and text.choices is not None
    assert not torch.isin(text.ids[text.mask], torch.tensor(VOCABULARY.forbidden)).any()
    discriminator = CNN(VOCABULARY, filters=4, table="one-hot", dropout=0.0).eval()
    read = discriminator.embed(
        text
    )  # (B, T, V): the distributions themselves, as far as the sentence goes on
    assert torch.allclose(read.sum(-1), text.weight)
    assert (read[..., list(VOCABULARY.forbidden)] == 0).all()
    discriminator.judge(text).score.sum().backward()
    without = [name for name, weight in generator.named_parameters() if weight.grad is None]
    assert not without
    assert all(torch.isfinite(weight.grad).all() for weight in generator.parameters())  # type: ignore[arg-type]


def test_real_text_is_one_hot_to_a_critic_of_distributions() -> None:
    text = text_of(_soft([4, 2, 5]), VOCABULARY)
    discriminator = CNN(VOCABULARY, filters=4, table="one-hot")
    written = discriminator.embed(type(text)(text.ids, text.mask))
    assert torch.equal(written, _soft([4, 2, 0]) * torch.tensor([1.0, 1.0, 0.0])[:, None])
    assert not discriminator.table.weight.requires_grad


@pytest.mark.parametrize("which", [0, 1])
def test_noise_makes_the_difference_and_labels_join_it(which: int) -> None:
    generator = _generators(classes=2)[which]
    labels = torch.tensor([0, 1, 0])
    with torch.no_grad():
        torch.manual_seed(1)
        first = generator.write(Prompt(3, labels), 5, Greedy())
        torch.manual_seed(1)
        again = generator.write(Prompt(3, labels), 5, Greedy())
        torch.manual_seed(1)
        other = generator.write(Prompt(3, 1 - labels), 5, Greedy())
    assert first.choices is not None and again.choices is not None and other.choices is not None
    pairs = zip(first.choices, again.choices, other.choices, strict=True)
    for one, same, different in pairs:
        assert one.relaxed is not None and same.relaxed is not None and different.relaxed is not None
        assert torch.equal(one.relaxed, same.relaxed)
        assert not torch.allclose(one.relaxed, different.relaxed)
        assert not torch.allclose(one.relaxed[0], one.relaxed[2])
    with pytest.raises(ValueError, match="labels"):
        generator.write(Prompt(3), 5, Greedy())
    with pytest.raises(ValueError, match="prefix"):
        generator.write(Prompt(2, labels[:2], torch.tensor([[4], [5]])), 5, Greedy())


def test_fewer_positions_than_the_run_has_and_never_more() -> None:
    _, generator = _generators()
    assert generator.write(Prompt(3), 2, Greedy()).ids.shape == (3, 2)
    with pytest.raises(ValueError, match="6 positions"):
        generator.write(Prompt(3), 7, Greedy())
    with pytest.raises(ValueError, match="odd"):
        Deconvolution(VOCABULARY, length=6, width=4)
