"""A generator of vectors decodes by the nearest allowed word and ends where that word is EOS."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import normalize

from textgan.data.batches import Encoded
from textgan.data.vectors import cooccurrence_vectors
from textgan.discriminators.cnn import CNN
from textgan.generators.continuous import Continuous
from textgan.sampling import Greedy
from textgan.types import Prompt, Text, Vocabulary

VOCABULARY = Vocabulary(9)


def _vectors(size: int) -> torch.Tensor:
    return normalize(torch.randn(VOCABULARY.size, size, generator=torch.Generator().manual_seed(0)), dim=-1)


def test_decoding_is_the_nearest_allowed_word() -> None:
    generator = Continuous(VOCABULARY, vectors=_vectors, embedding=5)
    table = _vectors(5)
    points = torch.randn(3, 4, 5)
    allowed = [i for i in range(VOCABULARY.size) if i not in VOCABULARY.forbidden]
    distances = torch.cdist(points, table[allowed])
    wanted = torch.tensor(allowed)[distances.argmin(-1)]
    assert torch.equal(generator.nearest(points), wanted)


def test_sentences_end_and_gradients_flow_through_vectors_only() -> None:
    torch.manual_seed(0)
    generator = Continuous(VOCABULARY, vectors=_vectors, embedding=5, hidden=16, noise=8)
    text = generator.write(Prompt(200), 12, Greedy())
    assert text.vectors is not None and text.vectors.requires_grad
    lengths = text.mask.sum(1)
    assert lengths.min() < 12  # some sentence meets EOS
    for ids, length in zip(text.ids.tolist(), lengths.tolist(), strict=True):
        assert VOCABULARY.eos not in ids[: length - 1]
        assert ids[length:] == [VOCABULARY.pad] * (12 - length)
    discriminator = CNN(VOCABULARY, embedding=5, filters=4, table="corpus", vectors=_vectors)
    discriminator.judge(text).score.sum().backward()
    assert all(parameter.grad is not None for parameter in generator.parameters())
    assert discriminator.table.weight.grad is None
    with pytest.raises(ValueError, match="prefix"):
        generator.write(Prompt(2, prefix=torch.tensor([[4], [5]])), 5, Greedy())


def test_the_vectors_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last noise sets the start, each other one joins an input, and the label is added to all of them."""
    torch.manual_seed(0)
    generator = Continuous(VOCABULARY, vectors=_vectors, embedding=5, hidden=6, noise=4, classes=2)
    drawn = torch.randn(3, 8, 4)
    monkeypatch.setattr(torch, "randn", lambda *shape, device: drawn)
    text = generator.write(Prompt(3, labels=torch.tensor([1, -1, 0])), 7, Greedy())
    assert generator.labels is not None and text.vectors is not None
    rows = generator.labels.weight
    noise = drawn + torch.stack([rows[1], torch.zeros(4), rows[0]]).unsqueeze(1)
    h, c = generator.begin(noise[:, 7]).tanh().split(6, -1)
    vector = generator.table[VOCABULARY.bos].expand(3, -1)
    for position in range(7):
        h, c = generator.cell(torch.cat([vector, noise[:, position]], -1), (h, c))
        vector = generator.output(h)
        assert torch.allclose(text.vectors[:, position], vector, atol=1e-6)
    with pytest.raises(ValueError, match="labels"):
        generator.write(Prompt(3), 7, Greedy())


def test_words_in_like_contexts_get_near_vectors() -> None:
    torch.manual_seed(1)
    # Words 4 and 5 stand between 6 and 7, word 8 never does.
    rows = [[6, 4, 7, 2], [6, 5, 7, 2], [8, 8, 8, 2]] * 20
    ids = torch.tensor(rows)
    mask = torch.ones_like(ids, dtype=torch.bool)
    vectors = cooccurrence_vectors(Encoded(Text(ids, mask), mask), VOCABULARY, 4)
    assert torch.allclose(vectors.norm(dim=-1), torch.ones(VOCABULARY.size), atol=1e-5)
    assert vectors[4] @ vectors[5] > 0.9
    assert vectors[4] @ vectors[8] < 0.5
    again = cooccurrence_vectors(Encoded(Text(ids, mask), mask), VOCABULARY, 4)
    assert torch.equal(vectors, again)
