"""A generator of bags: what it gives the discriminator, and the words it is read as."""

from __future__ import annotations

import pytest
import torch

from textgan.discriminators.bag import BagAutoencoder
from textgan.discriminators.cnn import CNN
from textgan.errors import Mistake
from textgan.generators.bag import Bag
from textgan.objectives.margin import Margin
from textgan.sampling import Greedy
from textgan.types import Prompt, Vocabulary

VOCABULARY = Vocabulary(9)  # words 4 to 8


def test_the_words_of_at_least_a_half_are_read_surest_first() -> None:
    bag = torch.tensor(
        [[0, 0, 0, 0, 0.5, 0.9, 0.49, 0.7, 0], [0, 0, 0, 0, 0.1, 0, 0.3, 0, 0.2], [0.0] * 4 + [1] * 5]
    )
    ids, mask = Bag(VOCABULARY, noise=2, hidden=3).read(bag, 4)
    assert ids[:2].tolist() == [[5, 7, 4, 2], [6, 2, 0, 0]]  # one word at least
    assert mask.tolist() == [[True] * 4, [True, True, False, False], [True] * 4]
    assert ids[2, 3] == VOCABULARY.eos and set(ids[2, :3].tolist()) <= {4, 5, 6, 7, 8}


def test_the_bag_lies_between_0_and_1_and_special_tokens_are_not_in_it() -> None:
    torch.manual_seed(0)
    text = Bag(VOCABULARY, noise=4, hidden=8).eval().write(Prompt(3), 6, Greedy())
    assert text.vectors is not None and text.vectors.shape == (3, 1, 9)
    assert ((text.vectors >= 0) & (text.vectors <= 1)).all() and not text.vectors[..., :4].any()
    assert len(text) == 3 and text.labels is None


def test_one_document_can_be_written_and_a_seed_decides_it() -> None:
    generator = Bag(VOCABULARY, noise=4, hidden=8).eval()
    found = []
    for _ in range(2):
        torch.manual_seed(5)
        found.append(generator.write(Prompt(1), 6, Greedy()).vectors)
    assert found[0] is not None and torch.equal(found[0], found[1])  # type: ignore[arg-type]


def test_gradients_of_the_energy_reach_every_parameter_and_are_finite() -> None:
    torch.manual_seed(0)
    generator, discriminator = Bag(VOCABULARY, noise=4, hidden=8), BagAutoencoder(VOCABULARY, hidden=3)
    fake = discriminator.eval().judge(generator.write(Prompt(16), 6, Greedy()))
    Margin(pull_away=0.1).generator_loss(fake, fake).backward()
    for name, parameter in generator.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
    assert generator.layers[-1].weight.grad[4:].abs().sum() > 0  # type: ignore[union-attr, index]


def test_a_discriminator_that_reads_no_bags_and_a_prefix_are_refused() -> None:
    generator = Bag(VOCABULARY)
    with pytest.raises(Mistake, match="bag-autoencoder"):
        generator.meet(CNN(VOCABULARY))
    with pytest.raises(ValueError, match="prefix"):
        generator.write(Prompt(1, prefix=torch.tensor([[4]])), 6, Greedy())
