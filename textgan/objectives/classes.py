"""What players want where the judge tells classes: K of real text, and written text as class K + 1.

l (B,K) are the judge's logits of the classes (`Verdict.classes`), the logit of written text is fixed at 0, and the
score is log sum_k exp(l_k), so that D(x) = sigmoid(score) is the probability that x is real at all.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cross_entropy, logsigmoid, pad, softplus

from textgan.errors import Unfit
from textgan.objectives.adversarial import Logistic
from textgan.types import Verdict


class ClassJudge(Logistic):
    """The judge's side of both (Salimans et al. 2016, section 5): supervised + unsupervised loss.

    Supervised: -E log p(y | x, x is real) over the sentences whose label is known, a cross-entropy of K classes.
    Unsupervised: -(E log D(real) + E log(1 - D(written))), over the real sentences whose label is not known, or over
    all where every label is known; then the sum is the cross-entropy of K + 1 classes. So the few labelled sentences
    can be given to the judge often (`labelled_share`, their part in its batches of real text) and are not what
    tells real from written.
    """

    needs_classes = True

    def __init__(self, labelled_share: float = 0.5) -> None:
        super().__init__()
        if not 0 <= labelled_share < 1:
            raise ValueError(f"labelled_share: {labelled_share}; expected 0 or more, and less than 1")
        self.labelled_share = labelled_share

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        classes, labels = _told(real)
        unknown = labels < 0
        # No count is waited for on a GPU: a mean over no sentence is 0 / 1.
        supervised = cross_entropy(classes, labels, ignore_index=-1, reduction="sum")
        supervised = supervised / (~unknown).sum().clamp(min=1)
        counted = (unknown | ~unknown.any()).to(real.score.dtype)
        on_real = (softplus(-real.score) * counted).sum() / counted.sum()
        return supervised + on_real + softplus(fake.score).mean()

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        """The game's value, and the share of the labelled sentences whose class is told."""
        classes, labels = _told(real)
        right = (classes.argmax(1) == labels).sum() / (labels >= 0).sum().clamp(min=1)
        return {**super().value(real, fake), "class-accuracy-train": right}


class SemiSupervised(ClassJudge):
    """Semi-supervised GAN with feature matching (Salimans et al. 2016, sections 3.1 and 5).

    The generator minimises |E f(real) - E f(written)|^2 over the judge's features f. That is a loss of the batch
    and no single sentence's, so the reward of a sentence is log D(x), as in `non-saturating`: the one departure.
    """

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return (real.features.mean(0) - fake.features.mean(0)).square().sum()

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return logsigmoid(fake.score)


class ClassPenalty(ClassJudge):
    """A penalty for what is not of its class (SentiGAN, Wang & Wan 2018).

    A sentence of label k has the penalty 1 - D_k(x), D_k the probability of class k of K + 1: it must be real, and of
    its class. The generator minimises the expected penalty. Of a sentence without a label it is 1 - D(x).
    Departures: one generator that reads the label stands for the paper's K generators; and the gradient is that of
    the expected penalty, where the paper weighs it by the token's probability once more.
    """

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return self._penalty(fake).mean()

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return -self._penalty(fake)

    @staticmethod
    def _penalty(fake: Verdict) -> Tensor:
        classes, labels = _told(fake)
        shares = pad(classes, (0, 1)).softmax(-1)  # (B, K + 1), the last of written text
        of_class = shares.gather(1, labels.clamp(min=0).unsqueeze(1)).squeeze(1)
        return shares[:, -1].where(labels < 0, 1 - of_class)


def _told(verdict: Verdict) -> tuple[Tensor, Tensor]:
    """Logits of the classes (B,K) and labels (B,)."""
    if verdict.classes is None or verdict.labels is None:
        raise Unfit(
            "objective: it needs a corpus with labels and a judge that tells them; give corpus.label, and "
            "discriminator.labels: tell"
        )
    return verdict.classes, verdict.labels
