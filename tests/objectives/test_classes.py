"""Class probabilities, losses and penalties where the discriminator tells classes, against figures by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from textgan.objectives.classes import ClassPenalty, SemiSupervised
from textgan.types import Verdict

# Odds against written text, exp(l): of the classes 1, 2 and of written text 1.
ODDS_REAL = ((3.0, 1.0), (1.0, 2.0), (4.0, 5.0))
ODDS_FAKE = ((1.0, 2.0), (5.0, 4.0))


def _verdict(
    odds: tuple[tuple[float, ...], ...], labels: list[int], features: Tensor | None = None
) -> Verdict:
    classes = torch.tensor(odds, dtype=torch.float64).log().requires_grad_()
    features = classes if features is None else features
    return Verdict(classes.logsumexp(-1), features, classes, labels=torch.tensor(labels))


@pytest.mark.parametrize("objective", [SemiSupervised(), ClassPenalty()])
def test_where_every_label_is_known_it_is_the_cross_entropy_of_one_class_more(
    objective: SemiSupervised | ClassPenalty,
) -> None:
    real, fake = _verdict(ODDS_REAL, [0, 1, 1]), _verdict(ODDS_FAKE, [0, 1])
    on_real = -(math.log(3 / 5) + math.log(2 / 4) + math.log(5 / 10)) / 3
    on_fake = -(math.log(1 / 4) + math.log(1 / 10)) / 2
    assert objective.discriminator_loss(real, fake).item() == pytest.approx(on_real + on_fake, rel=1e-12)


def test_few_labels_are_supervised_and_the_rest_tell_real_from_written() -> None:
    real, fake = _verdict(ODDS_REAL, [0, -1, -1]), _verdict(ODDS_FAKE, [-1, -1])
    supervised = -math.log(3 / 4)  # of the two classes, given that it is real
    on_real = -(math.log(3 / 4) + math.log(9 / 10)) / 2
    on_fake = -(math.log(1 / 4) + math.log(1 / 10)) / 2
    found = SemiSupervised().discriminator_loss(real, fake)
    assert found.item() == pytest.approx(supervised + on_real + on_fake, rel=1e-12)


def test_no_label_at_all_is_the_plain_game() -> None:
    real, fake = _verdict(ODDS_REAL, [-1, -1, -1]), _verdict(ODDS_FAKE, [-1, -1])
    on_real = -(math.log(4 / 5) + math.log(3 / 4) + math.log(9 / 10)) / 3
    on_fake = -(math.log(1 / 4) + math.log(1 / 10)) / 2
    found = SemiSupervised().discriminator_loss(real, fake)
    assert found.item() == pytest.approx(on_real + on_fake, rel=1e-12)
    assert SemiSupervised().value(real, fake)["class-accuracy-train"] == 0


def test_the_accuracy_is_over_the_sentences_with_a_label() -> None:
    real = _verdict((*ODDS_REAL, (2.0, 1.0)), [0, 1, 0, -1])  # told: 0, 1, 1, 0
    told = SemiSupervised().value(real, _verdict(ODDS_FAKE, [-1, -1]))
    assert float(told["class-accuracy-train"]) == pytest.approx(2 / 3)


def test_features_are_matched_in_the_mean() -> None:
    real = _verdict(ODDS_REAL, [0, 1, 1], torch.tensor([[1.0, 0.0], [2.0, 3.0], [3.0, 0.0]]))
    fake = _verdict(ODDS_FAKE, [0, 1], torch.tensor([[0.0, 4.0], [1.0, 2.0]]))
    assert SemiSupervised().generator_loss(real, fake).item() == 1.5**2 + 2**2
    reward = SemiSupervised().reward(real, fake)
    assert reward.tolist() == pytest.approx([math.log(3 / 4), math.log(9 / 10)], rel=1e-12)


def test_the_penalty_is_what_is_not_of_the_class_that_was_asked_for() -> None:
    fake = _verdict((*ODDS_FAKE, (2.0, 3.0)), [0, 1, -1])
    penalties = [1 - 1 / 4, 1 - 4 / 10, 1 / 6]
    objective = ClassPenalty()
    assert (-objective.reward(fake, fake)).tolist() == pytest.approx(penalties, rel=1e-12)
    assert objective.generator_loss(fake, fake).item() == pytest.approx(sum(penalties) / 3, rel=1e-12)


def test_the_loss_pulls_only_what_it_should() -> None:
    """A labelled sentence moves its logits towards its class by the softmax over K; the rest over K + 1."""
    real, fake = _verdict(ODDS_REAL, [0, -1, -1]), _verdict(ODDS_FAKE, [-1, -1])
    (gradient,) = torch.autograd.grad(SemiSupervised().discriminator_loss(real, fake), [real.classes])  # type: ignore[list-item]
    wanted = [
        [3 / 4 - 1, 1 / 4],
        [-1 / 4 * 1 / 3 / 2, -1 / 4 * 2 / 3 / 2],
        [-1 / 10 * 4 / 9 / 2, -1 / 10 * 5 / 9 / 2],
    ]
    assert torch.allclose(gradient, torch.tensor(wanted, dtype=torch.float64), rtol=1e-12)


def test_a_discriminator_without_classes_is_refused() -> None:
    score = torch.zeros(2)
    with pytest.raises(ValueError, match="discriminator.labels: tell"):
        ClassPenalty().reward(Verdict(score, score), Verdict(score, score))
    with pytest.raises(ValueError, match=r"give corpus.label"):
        ClassPenalty().reward(Verdict(score, score), Verdict(score, score, torch.zeros(2, 2)))
    with pytest.raises(ValueError, match="labelled_share: 1"):
        SemiSupervised(labelled_share=1)
