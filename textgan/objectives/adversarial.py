"""What the two players want, as small objects: losses for pathwise strategies, a reward for score-function ones.

s is the discriminator's score, a logit where the objective reads it as one: D(x) = sigmoid(s). Every loss is a
mean over the batch in nats (or in units of the score where it is no logit). A reward's derivative by its sentence's
score is that of minus the generator loss, times the batch's size, so that strategies of either kind follow the same
objective. Exceptions say so: here the bounded reward of `minimax`; elsewhere `per-token`, `semi-supervised`, `margin`
with pull_away, `mixed-reward`, which has no loss, and `feature-mover`.
"""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from textgan.parts.ranges import Part
from textgan.types import Verdict


class Logistic:
    """What minimax and non-saturating share: the discriminator's cross-entropy and the game's value.

    smoothing: one-sided label smoothing (Salimans et al. 2016), the target for real text is 1 - smoothing.
    """

    def __init__(self, smoothing: Part = 0.0) -> None:
        self.smoothing = smoothing

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        """-(E log D(real) + E log(1 - D(fake))): Goodfellow et al. 2014, Algorithm 1, ascending V."""
        on_real = softplus(-real.score) + self.smoothing * real.score
        return on_real.mean() + softplus(fake.score).mean()

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        """V(D,G), at most 0, and the implied Jensen-Shannon divergence (V + log 4) / 2, nats in [0, log 2].

        The divergence is exact only at the best possible D; below it, this is a lower bound in expectation.
        """
        v = logsigmoid(real.score).mean() + logsigmoid(-fake.score).mean()
        return {"value": v, "jsd": (v + math.log(4)) / 2}


class Minimax(Logistic):
    """The original game: the generator minimises E log(1 - D(fake)), which saturates where D is sure.

    bounded_reward: reward D(x) in [0, 1] as SeqGAN (Yu et al. 2017) has it; False gives -log(1 - D(x)), the
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
    """The reward is the judge's logit, which estimates log p_data(x) - log p_G(x) (Sugiyama et al. 2012).

    The generator then descends KL(p_G || p_data), as far as the judge can tell (Sonderby et al. 2017). Anchored by
    weight 1 to the generator that the judge was trained against (`reinforce: {anchor: 1}`), the optimum is p_G(x)
    times the ratio, which is what a sampler weighted by the same judge draws from. clip: the logit is cut at ± this,
    since few sentences of great weight would be all that is learnt; None cuts nothing.
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
    """Hinge loss (Lim & Ye 2017): the discriminator stops pushing scores beyond +1 and -1."""

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
        """The critic's estimate of the Wasserstein-1 distance, in units of its embedding space."""
        return {"wasserstein": real.score.mean() - fake.score.mean()}


class Relativistic:
    """Relativistic standard GAN (Jolicoeur-Martineau 2018): how much more real is this than real text?

    Departure: every fake is compared with every real sentence of the batch, not with one partner, which has
    the same expectation and less variance, and lets batches of different sizes meet.
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

    A sentence s has a part in both sides: as itself, and in the mean m that real sentences r are held against. So its
    reward is log sigmoid(s - mean r) + s * mean sigmoid(r - m), the second being what the loss of the real side
    changes by with a sentence's probability, up to a constant. m is the batch's: a bias of order 1/B, and no rollouts.
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
