"""Several discriminators: what they say together, and that each learns as if it were alone."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from textgan.discriminators.several import Several
from textgan.errors import Mistake
from textgan.objectives.adversarial import NonSaturating
from textgan.types import Text, Vocabulary

VOCABULARY = Vocabulary(12)
PARTS = [
    {"name": "cnn", "embedding": 4, "widths": [1, 2], "filters": 3, "dropout": 0.0},
    {"name": "recurrent", "embedding": 5, "hidden": 6, "dropout": 0.0},
]


def _text(seed: int = 1) -> Text:
    torch.manual_seed(seed)
    mask = torch.arange(6) < torch.tensor([6, 1, 3, 5, 2]).unsqueeze(1)
    return Text(torch.randint(4, 12, (5, 6)).masked_fill(~mask, 0), mask)


def _several(**options: object) -> Several:
    torch.manual_seed(0)
    given = {"parts": PARTS, "copies": 1, **options}
    return Several(VOCABULARY, **given)  # type: ignore[arg-type]


def _scores(discriminator: Several, text: Text) -> list[Tensor]:
    return [member.judge(text).score for member in discriminator.members()]


def test_mean_min_and_softmax_by_hand() -> None:
    text = _text()
    discriminator = _several().eval()
    first, second = _scores(discriminator, text)
    verdict = discriminator.judge(text)
    assert torch.allclose(verdict.score, (first + second) / 2, atol=1e-6)
    assert verdict.features.shape == (5, 6 + 6) and verdict.per_token is None  # only one tells of tokens
    assert torch.equal(_several(together="min").eval().judge(text).score, torch.minimum(first, second))
    share = 1 / (1 + ((first - second) * 2).exp())  # of the first: exp(-2 a) / (exp(-2 a) + exp(-2 b))
    wanted = share * first + (1 - share) * second
    soft = _several(together="softmax", sharpness=2.0).eval().judge(text).score
    assert torch.allclose(soft, wanted, atol=1e-6)
    assert torch.allclose(_several(together="softmax", sharpness=0.0).eval().judge(text).score, verdict.score)


def test_copies_differ_and_discriminators_of_tokens_tell_of_tokens_together() -> None:
    discriminator = _several(parts=PARTS[1:], copies=3).eval()
    text = _text()
    scores = _scores(discriminator, text)
    assert not torch.equal(scores[0], scores[1]) and not torch.equal(scores[1], scores[2])
    members = [member.judge(text).per_token for member in discriminator.members()]
    verdict = discriminator.judge(text)
    assert verdict.per_token is not None
    assert torch.allclose(verdict.per_token, torch.stack(members).mean(0), atol=1e-6)  # type: ignore[arg-type]


def test_each_learns_as_if_it_were_alone() -> None:
    """The gradient of the summed losses is, for each discriminator, that of its own loss: not of the aggregate's."""
    real, fake, objective = _text(1), _text(2), NonSaturating()
    discriminator = _several()
    alone = copy.deepcopy(discriminator.members())
    torch.stack(
        [objective.discriminator_loss(*one.judge_both(real, fake)) for one in discriminator.members()]
    ).sum().backward()
    for mine, other in zip(discriminator.members(), alone, strict=True):
        objective.discriminator_loss(other.judge(real), other.judge(fake)).backward()
        for found, wanted in zip(mine.parameters(), other.parameters(), strict=True):
            assert torch.allclose(found.grad, wanted.grad, atol=1e-6)  # type: ignore[arg-type]


def test_mistakes_in_a_part_have_their_place() -> None:
    with pytest.raises(Mistake, match=r"discriminator.parts.0.filter: CNN takes no such argument"):
        _several(parts=[{"name": "cnn", "filter": 3}])
    with pytest.raises(ValueError, match="copies"):
        _several(copies=0)


def test_a_discriminator_of_words_alone_is_refused() -> None:
    with pytest.raises(Mistake, match="discriminator.parts.1: 'mediator' reads token ids only"):
        _several(parts=[PARTS[0], {"name": "mediator"}], copies=2)


def test_weights_are_saved_with_the_whole() -> None:
    discriminator = _several()
    assert sum(p.numel() for p in discriminator.parameters()) == sum(
        p.numel() for one in discriminator.members() for p in one.parameters()
    )
    assert isinstance(discriminator.judges, nn.ModuleList)
