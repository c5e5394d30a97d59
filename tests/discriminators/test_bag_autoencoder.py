"""A discriminator of bags: the energy by hand, nothing after the end counts, and every way of writing enters alike."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from textgan.discriminators.bag import BagAutoencoder
from textgan.errors import Mistake
from textgan.generators.bag import Bag
from textgan.generators.continuous import Continuous
from textgan.generators.recurrent import LSTM
from textgan.objectives.penalties import GradientPenalty
from textgan.sampling import Greedy, GumbelSoftmax
from textgan.types import Prompt, Text, Vocabulary

VOCABULARY = Vocabulary(8)  # pad, bos, eos, unk and the words 4 to 7
TEXT = Text(
    torch.tensor([[4, 6, 4, 2, 7], [5, 3, 2, 0, 0]]),  # 7 stands after the end; 3 is <unk>
    torch.tensor([[True] * 4 + [False], [True] * 3 + [False] * 2]),
)
BAGS = torch.tensor([[0, 0, 0, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 1, 0, 0]], dtype=torch.float)


def discriminator(**arguments: object) -> BagAutoencoder:
    torch.manual_seed(0)
    return BagAutoencoder(VOCABULARY, hidden=3, **arguments).eval()  # type: ignore[arg-type]


def test_a_document_is_the_set_of_its_words() -> None:
    assert torch.equal(discriminator().embed(TEXT), BAGS.unsqueeze(1))


@pytest.mark.parametrize("error", ["squared", "cross-entropy"])
def test_the_energy_by_hand(error: str) -> None:
    made = discriminator(error=error)
    verdict = made.judge(TEXT)
    for row in range(2):
        x = BAGS[row].tolist()
        hidden = []
        for weights, bias in zip(made.encoder.weight.tolist(), made.encoder.bias.tolist(), strict=True):
            value = sum(w * v for w, v in zip(weights, x, strict=True)) + bias
            hidden.append(value if value > 0 else 0.2 * value)
        total = 0.0
        for word in range(4, 8):
            y = sum(w * h for w, h in zip(made.decoder.weight[word].tolist(), hidden, strict=True))
            y += made.decoder.bias[word].item()
            if error == "squared":
                total += (x[word] - y) ** 2
            else:
                p = 1 / (1 + torch.tensor(-y).exp().item())
                total -= torch.tensor(p if x[word] else 1 - p).log().item()
        assert verdict.score[row].item() == pytest.approx(-total / 4, rel=1e-5)
        assert verdict.features[row].tolist() == pytest.approx(hidden, rel=1e-5)


def test_padding_and_order_change_nothing() -> None:
    made = discriminator()
    wide = Text(
        torch.tensor([[6, 4, 2, 5, 5, 5, 0]]), torch.tensor([[True, True, True, False, False, False, False]])
    )
    assert torch.equal(made.judge(wide).score, made.judge(TEXT[:1]).score)


def test_masking_hides_words_in_training_alone_and_they_are_to_be_rebuilt() -> None:
    made = discriminator(masking=0.999)
    clean = made.judge(TEXT).score
    assert torch.equal(made.judge(TEXT).score, clean)
    torch.manual_seed(1)  # in training the encoder then sees nothing of either document
    hidden = made.train().judge(TEXT).features
    assert torch.equal(hidden[0], hidden[1])
    rebuilt = made.decoder(hidden)
    expected = -(BAGS - rebuilt)[:, 4:].square().mean(1)
    assert torch.allclose(made.judge(TEXT).score, expected)


@pytest.mark.parametrize("hard", [False, True])
def test_relaxed_text_is_the_bag_of_its_drawn_words_and_passes_gradients(hard: bool) -> None:
    torch.manual_seed(3)
    writer = LSTM(VOCABULARY, embedding=4, hidden=6)
    text = writer.write(Prompt(5), 6, GumbelSoftmax(1e-4, hard=hard))
    made = discriminator()
    drawn = made.embed(Text(text.ids, text.mask))
    assert torch.allclose(made.embed(text), drawn, atol=1e-4)
    writer.zero_grad()
    text = writer.write(Prompt(5), 6, GumbelSoftmax(1.0, hard=hard))
    made.judge(text).score.sum().backward()
    gradients = [parameter.grad for parameter in writer.parameters() if parameter.grad is not None]
    assert gradients and all(gradient.isfinite().all() for gradient in gradients)
    assert any(gradient.abs().sum() > 0 for gradient in gradients)


def test_a_gradient_penalty_takes_bags_and_documents_of_any_width() -> None:
    made = discriminator()
    fake = Bag(VOCABULARY, noise=3, hidden=4).write(Prompt(2), 9, Greedy())
    loss = GradientPenalty()(made, TEXT, fake.detach())
    loss.backward()
    assert loss.isfinite() and made.encoder.weight.grad is not None


def test_players_that_do_not_fit_each_other_are_refused() -> None:
    def vectors(size: int) -> Tensor:
        return torch.randn(VOCABULARY.size, size)

    with pytest.raises(Mistake, match="set generator to 'bag'"):
        discriminator().meet(Continuous(VOCABULARY, vectors=vectors, embedding=4))
    discriminator().meet(Bag(VOCABULARY))
    discriminator().meet(LSTM(VOCABULARY))
    with pytest.raises(ValueError, match="masking"):
        discriminator(masking=1.0)
