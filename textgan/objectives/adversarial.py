"""Adversarial objectives: losses for pathwise strategies, and a reward for score-function strategies.

s is the discriminator's score; where the objective treats it as a logit, D(x) = sigmoid(s). Every loss is a mean over
the batch, in nats (or in units of the score, if it is not a logit). The derivative of a sentence's reward by its score
is B times that of minus the generator loss, so that both kinds of strategy follow the same objective. The exceptions
say so: here the bounded reward of `minimax`; elsewhere `per-token`, `semi-supervised`, `margin` with pull_away,
`mixed-reward`, which has no loss, and `feature-mover`.
"""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from textgan.parts.ranges import Part
from textgan.types import Verdict


class Logistic:
    """Base of the objectives whose discriminator minimises the cross-entropy of real against generated text.

    smoothing: one-sided label smoothing (Salimans et al. 2016); the target for real text is 1 - smoothing.
    """

    def __init__(self, smoothing: Part = 0.0) -> None:
        self.smoothing = smoothing

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        """-(E log D(real) + E log(1 - D(fake))): Goodfellow et al. 2014, Algorithm 1, ascending V."""
        on_real = softplus(-real.score) + self.smoothing * real.score
        return on_real.mean() + softplus(fake.score).mean()

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        """V(D,G), at most 0, and the Jensen-Shannon divergence it implies, (V + log 4) / 2, in nats.

        Exact, and then in [0, log 2], only for the optimal D; for any other D its expectation is a lower bound, which
        can be negative.
        """
        v = logsigmoid(real.score).mean() + logsigmoid(-fake.score).mean()
        return {"value": v, "jsd": (v + math.log(4)) / 2}


class Minimax(Logistic):
    """The original game: the generator minimises E log(1 - D(fake)), which saturates where D is confident.

    bounded_reward: the reward is D(x), in [0, 1], as in SeqGAN (Yu et al. 2017); False gives -log(1 - D(x)), the
    exact counterpart of the generator's loss, which has no upper bound.
    """

    def __init__(self, smoothing: Part = 0.0, bounded_reward: bool = True) -> None:
        super().__init__(smoothing)
        self.bounded_reward = bounded_reward

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return -softplus(fake.score).mean()

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return fake.score.sigmoid() if self.bounded_reward else softplus(fake.score)


class NonSaturating(Logistic):
    """The generator maximises E log D(fake): Goodfellow et al. 2014, section 3."""

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return softplus(-fake.score).mean()

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return logsigmoid(fake.score)


class LogOdds(Logistic):
    """The reward is the discriminator's logit, which estimates log p_data(x) - log p_G(x) (Sugiyama et al. 2012).

    The generator then minimises KL(p_G || p_data), as the discriminator estimates it (Sonderby et al. 2017). With an
    anchor of weight 1 to the generator that the discriminator was trained against (`reinforce: {anchor: 1}`), the
    optimum is p_G(x) times the estimated ratio, the distribution that resampling by the same discriminator draws from.
    clip: limits the logit to [-clip, clip], so that a few sentences with extreme rewards do not dominate; None for no
    limit.
    """

    def __init__(self, smoothing: float = 0.0, clip: float | None = None) -> None:
        super().__init__(smoothing)
        if clip is not None and not clip > 0:
            raise ValueError(f"clip: {clip}; expected a number above 0, or null for none")
        self.clip = clip

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return -self.reward(real, fake).mean()

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return fake.score if self.clip is None else fake.score.clamp(-self.clip, self.clip)


class LeastSquares:
    """Least squares GAN (Mao et al. 2017) with targets 0 and 1, each loss halved as in the paper, eq. 9."""

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return ((real.score - 1).square().mean() + fake.score.square().mean()) / 2

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return (fake.score - 1).square().mean() / 2

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return -(fake.score - 1).square() / 2

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        return {"score-gap": real.score.mean() - fake.score.mean()}


class Hinge:
    """Hinge loss (Lim & Ye 2017): no discriminator loss for real scores above +1 and fake scores below -1."""

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return (1 - real.score).relu().mean() + (1 + fake.score).relu().mean()

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return -fake.score.mean()

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return fake.score

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        return {"score-gap": real.score.mean() - fake.score.mean()}


class Wasserstein:
    """Wasserstein GAN (Arjovsky et al. 2017). Needs a Lipschitz critic: give it `penalty: {name: gradient}`."""

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return fake.score.mean() - real.score.mean()

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return -fake.score.mean()

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return fake.score

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        """The critic's estimate of the Wasserstein-1 distance, in units of its embedding space.

        It presumes that the critic is 1-Lipschitz.
        """
        return {"wasserstein": real.score.mean() - fake.score.mean()}


class Relativistic:
    """Relativistic standard GAN (Jolicoeur-Martineau 2018): the loss of the difference of a fake and a real score.

    Departure: every fake is compared with every real sentence of the batch, not with one partner. This has the same
    expectation and lower variance, and allows batches of different sizes.
    """

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return softplus(_differences(fake, real)).mean()

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return softplus(-_differences(fake, real)).mean()

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return logsigmoid(_differences(fake, real)).mean(1)

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        return {"score-gap": real.score.mean() - fake.score.mean()}


class RelativisticAverage:
    """Relativistic average GAN (Jolicoeur-Martineau 2018, eq. 7-8): each side against the other's mean score.

    A fake's score s enters the loss twice: by itself, and in the mean m of the fake scores to which the real scores r
    are compared. Its reward is therefore log sigmoid(s - mean r) + s * mean sigmoid(r - m); the second term is, up to
    a constant, the derivative of the real side's term by the sentence's probability. m is the batch's mean, which is a
    bias of order 1/B and rules out rollouts.
    """

    of_the_batch = True

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return self._loss(real.score, fake.score)

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return self._loss(fake.score, real.score)

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        surpassed = (real.score - fake.score.mean()).sigmoid().mean().detach()
        return logsigmoid(fake.score - real.score.mean()) + surpassed * fake.score

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        return {"score-gap": real.score.mean() - fake.score.mean()}

    @staticmethod
    def _loss(wanted: Tensor, unwanted: Tensor) -> Tensor:
        return softplus(unwanted.mean() - wanted).mean() + softplus(unwanted - wanted.mean()).mean()


def _differences(first: Verdict, second: Verdict) -> Tensor:
    """All differences of scores, (B1, B2)."""
    return first.score.unsqueeze(1) - second.score.unsqueeze(0)
