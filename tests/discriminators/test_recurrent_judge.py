"""The recurrent discriminator: every token scored from those before it, and the last one the sentence's score."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from textgan.discriminators.recurrent import RecurrentJudge
from textgan.objectives.penalties import GradientPenalty
from textgan.types import Choice, Text, Vocabulary

VOCABULARY = Vocabulary(12)
OPTIONS = [{}, {"cell": "gru", "layers": 2}, {"spectral_norm": True}, {"layer_norm": False}]


def _text(width: int = 6) -> Text:
    torch.manual_seed(1)
    ids = torch.randint(4, 12, (5, width))
    mask = torch.arange(width) < torch.tensor([6, 1, 3, 5, 2]).unsqueeze(1)
    return Text(ids.masked_fill(~mask, 0), mask)


def _discriminator(**options: object) -> RecurrentJudge:
    torch.manual_seed(0)
    return RecurrentJudge(VOCABULARY, embedding=4, hidden=5, **options).eval()  # type: ignore[arg-type]


def test_scores_are_those_of_torchs_own_layer() -> None:
    discriminator = _discriminator(layer_norm=False)
    text = _text()
    plain = nn.LSTM(4, 5, batch_first=True)
    plain.load_state_dict(discriminator.layers[0].weights.state_dict())
    verdict = discriminator.judge(text)
    assert verdict.per_token is not None
    for row in range(len(text)):
        length = int(text.mask[row].sum())
        states, _ = plain(discriminator.table(text.ids[row, :length]).unsqueeze(0))
        scores = discriminator.score(states[0]).squeeze(-1)
        assert torch.allclose(verdict.per_token[row, :length], scores, atol=1e-6)
        assert not verdict.per_token[row, length:].any()
        assert torch.allclose(verdict.score[row], scores[-1], atol=1e-6)
        assert torch.allclose(verdict.features[row], states[0, -1], atol=1e-6)


@pytest.mark.parametrize("options", OPTIONS)
def test_a_tokens_score_knows_the_past_alone(options: dict[str, object]) -> None:
    discriminator = _discriminator(**options)
    ids = torch.tensor([[4, 5, 6, 7, 8]])
    changed = torch.tensor([[4, 5, 6, 11, 10]])
    whole = torch.ones(1, 5, dtype=torch.bool)
    first, second = (
        discriminator.judge(Text(ids, whole)).per_token,
        discriminator.judge(Text(changed, whole)).per_token,
    )
    assert first is not None and second is not None
    assert torch.equal(first[:, :3], second[:, :3])
    assert not torch.equal(first[:, 3], second[:, 3])


@pytest.mark.parametrize("options", OPTIONS)
def test_nothing_after_the_end_changes_the_verdict(options: dict[str, object]) -> None:
    discriminator = _discriminator(**options)
    text = _text()
    verdict = discriminator.judge(text)
    noise = torch.where(text.mask, text.ids, torch.randint(4, 12, text.ids.shape))
    assert torch.equal(discriminator.judge(Text(noise, text.mask)).score, verdict.score)
    pad = torch.nn.functional.pad
    longer = discriminator.judge(Text(pad(text.ids, (0, 7), value=9), pad(text.mask, (0, 7))))
    assert torch.allclose(longer.score, verdict.score, atol=1e-6)
    assert torch.allclose(longer.features, verdict.features, atol=1e-6)


def test_what_stands_past_the_end_may_be_no_number() -> None:
    discriminator = _discriminator()
    text = _text()
    vectors = discriminator.table(text.ids).masked_fill(~text.mask.unsqueeze(-1), torch.nan)
    verdict, wanted = (
        discriminator.judge(Text(text.ids, text.mask, vectors=vectors)),
        discriminator.judge(text),
    )
    assert torch.equal(verdict.score, wanted.score) and torch.equal(verdict.features, wanted.features)


def test_there_are_as_many_layers_as_asked_for_and_each_reads_the_one_before() -> None:
    for count, sizes in ((1, [4]), (3, [4, 5, 5])):
        layers = _discriminator(layers=count).layers
        assert [layer.weights.weight_ih_l0.shape[1] for layer in layers] == sizes


def test_one_hots_and_vectors_enter_by_the_same_door() -> None:
    discriminator = _discriminator()
    text = _text()
    score = discriminator.judge(text).score
    one_hot = torch.eye(VOCABULARY.size)[text.ids]
    choices = tuple(Choice(text.ids[:, at], one_hot[:, at]) for at in range(text.ids.shape[1]))
    assert torch.allclose(
        discriminator.judge(Text(text.ids, text.mask, choices=choices)).score, score, atol=1e-6
    )
    vectors = discriminator.table(text.ids)
    assert torch.allclose(
        discriminator.judge(Text(text.ids, text.mask, vectors=vectors)).score, score, atol=1e-6
    )


def test_of_relaxed_text_the_score_is_the_expectation_over_its_end() -> None:
    discriminator = _discriminator()
    presence = torch.tensor([[1.0, 0.7, 0.2, 0.0]], requires_grad=True)
    text = Text(torch.tensor([[4, 5, 6, 7]]), torch.ones(1, 4, dtype=torch.bool), presence=presence)
    verdict = discriminator.judge(text)
    assert verdict.per_token is not None
    ends = torch.tensor([0.3, 0.5, 0.2, 0.0])
    assert torch.allclose(verdict.score[0], (verdict.per_token[0] * ends).sum(), atol=1e-6)
    (gradient,) = torch.autograd.grad(verdict.score.sum(), presence)
    assert (gradient != 0).all()  # also by the decision to end


def test_spectral_norm_bounds_the_recurrent_weights_as_they_are_used() -> None:
    discriminator = _discriminator(spectral_norm=True)
    discriminator.train()
    for _ in range(50):
        discriminator.judge(_text())
    discriminator.eval()
    held = discriminator.layers[0].weights
    for name in ("weight_ih_l0", "weight_hh_l0"):
        assert float(torch.linalg.matrix_norm(getattr(held, name).detach(), 2)) == pytest.approx(1, abs=0.02)
    before = discriminator.judge(_text()).score
    with torch.no_grad():  # the norm takes the scale away: ten times the raw weight is the same discriminator
        held.parametrizations.weight_ih_l0.original.mul_(10)
    assert torch.allclose(discriminator.judge(_text()).score, before, atol=1e-4)


@pytest.mark.parametrize("options", OPTIONS)
def test_it_can_be_moved_and_copied(options: dict[str, object]) -> None:
    discriminator = _discriminator(**options).to("cpu")
    assert torch.equal(copy.deepcopy(discriminator).judge(_text()).score, discriminator.judge(_text()).score)


def test_labels_project_at_every_token() -> None:
    discriminator = _discriminator(classes=3)
    text = _text()
    labels = torch.tensor([0, 1, 2, 0, 1])
    verdict = discriminator(discriminator.embed(text), text.mask, labels)
    assert discriminator.labels is not None
    plain = discriminator.score(verdict.features).squeeze(-1)
    assert torch.allclose(
        verdict.score - plain, (discriminator.labels(labels) * verdict.features).sum(-1), atol=1e-5
    )
    with pytest.raises(ValueError, match="labels"):
        discriminator.judge(text)


def test_a_gradient_penalty_trains_it() -> None:
    discriminator = _discriminator(dropout=0.0)
    text = _text()
    GradientPenalty()(discriminator, text, text[[1, 0, 3, 2, 4]]).backward()
    assert discriminator.layers[0].weights.weight_hh_l0.grad.abs().sum() > 0
