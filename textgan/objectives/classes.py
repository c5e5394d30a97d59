"""Objectives for a discriminator that predicts the class: K classes of real text, and class K + 1 for generated text.

l (B,K) are its logits of the K classes (`Verdict.classes`); the logit of class K + 1 is fixed at 0. The score is
log sum_k exp(l_k), so D(x) = sigmoid(score) is the probability that x is real, whatever its class.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cross_entropy, logsigmoid, pad, softplus

from textgan.errors import Unfit
from textgan.objectives.adversarial import Logistic
from textgan.types import Verdict


class ClassJudge(Logistic):
    """The discriminator's loss of both objectives (Salimans et al. 2016, section 5): supervised + unsupervised.

    Supervised: -E log p(y | x, x is real) over the real sentences with a known label, a cross-entropy of K classes.
    Unsupervised: -(E log D(real) + E log(1 - D(fake))), where the real sentences are those without a label, or all of
    them if every label is known; the sum is then the cross-entropy of K + 1 classes. So a few labelled sentences can
    be shown often (labelled_share: their share of each batch of real text) without becoming the examples of real text.
    """

    needs_classes = True

    def __init__(self, labelled_share: float = 0.5) -> None:
        super().__init__()
        if not 0 <= labelled_share < 1:
            raise ValueError(f"labelled_share: {labelled_share}; expected 0 or more, and less than 1")
        self.labelled_share = labelled_share

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        classes, labels = _classes_and_labels(real)
        unknown = labels < 0
        # The clamp makes a mean over no sentences 0; a test for an empty batch would synchronise with a GPU.
        supervised = cross_entropy(classes, labels, ignore_index=-1, reduction="sum")
        supervised = supervised / (~unknown).sum().clamp(min=1)
        counted = (unknown | ~unknown.any()).to(real.score.dtype)
        on_real = (softplus(-real.score) * counted).sum() / counted.sum()
        return supervised + on_real + softplus(fake.score).mean()

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        """The game's value, and the share of the labelled sentences whose class is predicted correctly."""
        classes, labels = _classes_and_labels(real)
        right = (classes.argmax(1) == labels).sum() / (labels >= 0).sum().clamp(min=1)
        return {**super().value(real, fake), "class-accuracy-train": right}


class SemiSupervised(ClassJudge):
    """Semi-supervised GAN with feature matching (Salimans et al. 2016, sections 3.1 and 5).

    The generator minimises |E f(real) - E f(fake)|^2, f the discriminator's features. This is a loss of the batch,
    not of a single sentence. Departure: the reward of a sentence is therefore log D(x), as in `non-saturating`.
    """

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return (real.features.mean(0) - fake.features.mean(0)).square().sum()

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return logsigmoid(fake.score)


class ClassPenalty(ClassJudge):
    """The generator minimises a penalty for text that does not look real and of its class (SentiGAN, Wang & Wan 2018).

    The penalty of a sentence with label k is 1 - D_k(x), D_k the probability of class k out of K + 1, so the sentence
    must look real and belong to its class. Without a label the penalty is 1 - D(x).
    Departures: one generator conditioned on the label replaces the paper's K generators; the gradient is that of the
    expected penalty, which the paper weights by the token's probability once more.
    """

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return self._penalty(fake).mean()

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return -self._penalty(fake)

    @staticmethod
    def _penalty(fake: Verdict) -> Tensor:
        classes, labels = _classes_and_labels(fake)
        shares = pad(classes, (0, 1)).softmax(-1)  # (B, K + 1), the last for generated text
        of_class = shares.gather(1, labels.clamp(min=0).unsqueeze(1)).squeeze(1)
        return shares[:, -1].where(labels < 0, 1 - of_class)


def _classes_and_labels(verdict: Verdict) -> tuple[Tensor, Tensor]:
    """Logits of the classes (B,K) and labels (B,)."""
    if verdict.classes is None or verdict.labels is None:
        raise Unfit(
            "objective: it needs a corpus with labels and a discriminator that predicts them; give corpus.label, and "
            "discriminator.labels: tell"
        )
    return verdict.classes, verdict.labels
