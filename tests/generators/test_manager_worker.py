"""The manager and the worker: what each sees, what each learns from, and that two ways through a sentence agree."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import Tensor

from textgan.discriminators.cnn import CNN
from textgan.errors import Mistake
from textgan.generators.manager_worker import ManagerWorker
from textgan.sampling import Draw, GumbelSoftmax
from textgan.types import Discriminator, Prompt, Text, Vocabulary

VOCABULARY = Vocabulary(11)
HORIZON = 3


def _players(classes: int = 0, **options: object) -> tuple[ManagerWorker, CNN]:
    torch.manual_seed(0)
    discriminator = CNN(VOCABULARY, embedding=4, widths=[1, 2, 4], filters=5, dropout=0.5, classes=classes)
    generator = ManagerWorker(
        VOCABULARY, embedding=6, hidden=8, goal=5, horizon=HORIZON, classes=classes, **options
    )  # type: ignore[arg-type]
    generator.meet(discriminator)
    with torch.no_grad():
        generator.output.weight.mul_(5)
    return generator, discriminator


def _text(generator: ManagerWorker, size: int = 6) -> Text:
    text = generator.write(Prompt(size), 9, Draw())
    assert len(set(text.mask.sum(1).tolist())) > 1
    return text


@pytest.mark.parametrize("classes", [0, 2])
def test_stepping_and_teacher_forcing_agree(classes: int) -> None:
    generator, _ = _players(classes)
    labels = torch.tensor([0, 1, 0, 1, 1]) if classes else None
    text = generator.write(Prompt(5, labels), 9, Draw())
    whole = generator.logits(text)
    state = generator.start(Prompt(5, labels))
    token = torch.full((5,), VOCABULARY.bos)
    for position in range(text.ids.shape[1]):
        logits, state = generator.step(token, state)
        present = text.mask[:, position]
        assert torch.allclose(logits[present], whole[present, position], atol=1e-4)
        token = text.ids[:, position]
    assert (whole.softmax(-1)[..., list(VOCABULARY.forbidden)] == 0).all()


def test_logits_are_word_embeddings_times_the_projected_sum_of_the_last_goals() -> None:
    """The layer of products is O w, O (V,k) made of the worker's state (Guo et al. 2018: O_t w_t)."""
    generator, _ = _players()
    text = _text(generator)
    goals = generator._goals(generator._features(text))
    assert goals.shape == (6, text.ids.shape[1], 15)  # F = 3 widths of 5 filters
    assert torch.allclose(goals.norm(dim=-1), torch.ones(goals.shape[:2]), atol=1e-5)
    logits = generator.logits(text)
    bos = torch.full((6, 1), VOCABULARY.bos)
    hidden, _ = generator.worker(generator.table(torch.cat([bos, text.ids[:, :-1]], 1)))
    weight = generator.output.weight.unflatten(1, (5, 9))  # (V, k, H + 1)
    words = [word for word in range(VOCABULARY.size) if word not in VOCABULARY.forbidden]
    for row in range(6):
        for t in range(text.ids.shape[1]):
            total = sum(goals[row, t - back] for back in range(min(HORIZON, t + 1)))
            direction = generator.project(total)
            embeddings = weight[..., :8] @ hidden[row, t] + weight[..., 8]  # O: (V, k)
            assert torch.allclose(logits[row, t][words], (embeddings @ direction)[words], atol=1e-4)


def _cosine(a: Tensor, b: Tensor) -> float:
    size = float(a.norm() * b.norm())
    return float(a @ b) / size if size > 1e-12 else 0.0


@torch.no_grad()
def test_the_intrinsic_reward_and_the_managers_gain_by_hand() -> None:
    generator, discriminator = _players()
    text = _text(generator)
    discriminator.eval()
    values = torch.rand(text.ids.shape) * text.mask
    worth, gain = generator.credit(text, values)
    assert gain is not None
    goals = generator._goals(generator._features(text))
    for row in range(6):
        length = int(text.mask[row].sum())
        features = [
            discriminator.judge(
                Text(text.ids[row : row + 1, : max(t, 1)], torch.arange(max(t, 1)).unsqueeze(0) < t)
            )
            for t in range(length + 1)
        ]
        f = [verdict.features[0] for verdict in features]
        for t in range(text.ids.shape[1]):
            if t >= length:
                assert worth[row, t] == 0 and gain[row, t] == 0
                continue
            ahead = f[min(t + HORIZON, length)] - f[t]
            assert float(gain[row, t]) == pytest.approx(
                float(values[row, t]) * _cosine(ahead, goals[row, t]), abs=1e-4
            )
            cosines = [
                _cosine(f[t + 1] - f[t + 1 - back], goals[row, t + 1 - back])
                for back in range(1, min(HORIZON, t + 1) + 1)
            ]
            assert float(worth[row, t]) == pytest.approx(math.fsum(cosines) / len(cosines), abs=1e-4)


def test_neither_learns_from_the_others_loss_nor_the_discriminator_from_any() -> None:
    generator, discriminator = _players()
    text = _text(generator)
    manager = [*generator.manager.parameters(), *generator.goal.parameters()]
    others = [parameter for parameter in generator.parameters() if all(parameter is not m for m in manager)]
    generator.log_prob(text).sum().backward()
    assert all(parameter.grad is None for parameter in manager)
    assert all(parameter.grad is not None for parameter in others)
    generator.zero_grad()
    worth, gain = generator.credit(text, text.mask.float())
    assert gain is not None and not worth.requires_grad
    gain.sum().backward()
    assert all(parameter.grad is not None for parameter in manager)
    assert all(parameter.grad is None for parameter in others)
    generator.zero_grad()
    generator.write(Prompt(3), 5, GumbelSoftmax(1.0)).read(torch.eye(11)).square().sum().backward()
    assert all(parameter.grad is None for parameter in [*manager, *discriminator.parameters()])


def test_the_discriminator_is_shared_never_owned_and_left_as_it_was() -> None:
    generator, discriminator = _players()
    names = {name for name, _ in generator.named_parameters()}
    assert not any("convolution" in name or "score" in name for name in names)
    text = _text(generator)
    discriminator.train()
    first = generator.log_prob(text)
    assert torch.equal(first, generator.log_prob(text))  # no dropout of the discriminator's comes through
    assert discriminator.training
    copied = copy.deepcopy(generator)
    with torch.no_grad():
        discriminator.table.weight.mul_(2)
    changed = generator.log_prob(text)
    assert not torch.allclose(changed, first) and torch.equal(copied.log_prob(text), changed)


def test_real_text_teaches_both() -> None:
    generator, _ = _players()
    text = _text(generator)
    _, gain = generator.credit(text, torch.ones(text.ids.shape))
    assert gain is not None
    assert torch.allclose(generator.teach(text), generator.log_prob(text) + gain)


def test_a_discriminator_that_gives_no_prefix_features_is_refused() -> None:
    with pytest.raises(Mistake, match="set discriminator to cnn"):
        ManagerWorker(VOCABULARY).meet(Discriminator())
