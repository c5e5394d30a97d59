"""Several looks at a sentence: each is what a CNN says of its piece of the embedding, and the score is their mean."""

from __future__ import annotations

import pytest
import torch

from textgan.discriminators.cnn import CNN
from textgan.discriminators.multi_representation import MultiRepresentation
from textgan.types import Choice, Text, Vocabulary

VOCABULARY = Vocabulary(12)


def _discriminator(**options: object) -> MultiRepresentation:
    torch.manual_seed(0)
    discriminator = MultiRepresentation(
        VOCABULARY, embedding=6, representations=3, widths=[1, 2, 3], filters=4, **options
    )  # type: ignore[arg-type]
    return discriminator.eval()


def _text() -> Text:
    torch.manual_seed(1)
    ids = torch.randint(4, 12, (4, 5))
    mask = torch.arange(5) < torch.tensor([5, 1, 3, 4]).unsqueeze(1)
    return Text(ids.masked_fill(~mask, 0), mask)


@torch.no_grad()
def test_the_score_by_hand() -> None:
    """A window of a piece is a sum over its tokens and its two columns of the embedding, with filters all share."""
    discriminator, text = _discriminator(highway=False), _text()
    inner = discriminator.shared_judge
    for row in range(len(text)):
        length = int(text.mask[row].sum())
        scores = []
        for piece in range(3):
            columns = discriminator.table.weight[text.ids[row, :length], 2 * piece : 2 * piece + 2]  # (T, 2)
            features = []
            for width, layer in zip(inner.widths, inner.convolutions, strict=True):
                padded = torch.cat([columns, torch.zeros(width, 2)])
                for filter, bias in zip(layer.weight, layer.bias, strict=True):
                    values = [
                        sum(float(padded[start + at] @ filter[:, at]) for at in range(width)) + float(bias)
                        for start in range(max(1, length - width + 1))
                    ]
                    features.append(max(0.0, *values))
            scores.append(float(torch.tensor(features) @ inner.score.weight[0] + inner.score.bias))
        assert float(discriminator.judge(text[row : row + 1]).score) == pytest.approx(
            sum(scores) / 3, abs=1e-5
        )


@pytest.mark.parametrize("options", [{}, {"spectral_norm": True}])
def test_a_batch_is_its_sentences_and_nothing_after_the_end_counts(options: dict[str, object]) -> None:
    discriminator, text = _discriminator(**options), _text()
    score = discriminator.judge(text).score
    for row in range(len(text)):
        alone = discriminator.judge(text[row : row + 1].narrowed(int(text.mask[row].sum())))
        assert torch.allclose(alone.score, score[row], atol=1e-6)
    noise = torch.where(text.mask, text.ids, torch.full_like(text.ids, 9))
    assert torch.equal(discriminator.judge(Text(noise, text.mask)).score, score)
    one_hot = torch.eye(VOCABULARY.size)[text.ids]
    choices = tuple(Choice(text.ids[:, at], one_hot[:, at]) for at in range(5))
    assert torch.allclose(
        discriminator.judge(Text(text.ids, text.mask, choices=choices)).score, score, atol=1e-6
    )


def test_one_piece_is_judged_by_a_plain_cnn() -> None:
    torch.manual_seed(0)
    one = MultiRepresentation(VOCABULARY, embedding=6, representations=1, widths=[2, 3], filters=4).eval()
    plain = CNN(VOCABULARY, embedding=6, widths=[2, 3], filters=4).eval()
    plain.load_state_dict({"table.weight": one.table.weight, **one.shared_judge.state_dict()})
    assert torch.equal(one.judge(_text()).score, plain.judge(_text()).score)


def test_labels_count_and_every_weight_learns() -> None:
    discriminator, text = _discriminator(classes=2), _text()
    first, second = (Text(text.ids, text.mask, torch.full((4,), label)) for label in (0, 1))
    assert not torch.allclose(discriminator.judge(first).score, discriminator.judge(second).score)
    discriminator.judge(first).score.square().sum().backward()
    assert all(parameter.grad is not None for parameter in discriminator.parameters())


def test_pieces_must_be_equal() -> None:
    with pytest.raises(ValueError, match="representations: 4.*divisor"):
        MultiRepresentation(VOCABULARY, embedding=6, representations=4)
