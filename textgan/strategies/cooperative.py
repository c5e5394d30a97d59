"""Cooperative training (CoT, Lu et al. 2019): the generator follows a mediator, a model of the data and itself."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.utils.checkpoint import checkpoint

from textgan.discriminators.mediator import Mediator
from textgan.errors import Mistake
from textgan.machine.products import rows_at_once
from textgan.sampling import Draw
from textgan.types import Discriminator, Generator, Objective, Sampler, Situation, Strategy, Text, Turn


class Cooperative(Strategy):
    """Minimises KL(G(.|s) || M(.|s)) at every prefix s that the generator writes; M is the mediator, a language model.

    The loss is the mean over sentences of the sum over t and w of G(w|s_t) (log G(w|s_t) - log M(w|s_t)). The
    expectation over the next word w is exact, so no reward has to be estimated. The prefixes s_t are sampled, and as
    in the paper no gradient passes through their probability: it is the gradient of the token-level divergence. If M
    is the even mixture of data and generator, the divergence of whole sentences is one of the two terms of the
    Jensen-Shannon divergence, and is 0 if the generator's distribution is that of the data.

    Needs `discriminator: {name: mediator}` trained with `objective: {name: likelihood}`; no pretraining is needed.
    """

    def meet(self, judge: Discriminator, objective: Objective) -> None:
        _mediator(judge)

    def begin(self, generator: Generator) -> None:
        if not generator.has_likelihood:
            raise Mistake(
                "strategy: cooperative needs a generator with a likelihood, and this one has none; set generator "
                "to lstm or gru"
            )

    def sampler(self, progress: float) -> Sampler:
        return Draw()

    def turn(self, situation: Situation) -> Turn:
        generator, mediator = situation.generator, _mediator(situation.discriminator)
        with torch.no_grad():
            fake = generator.write(situation.prompt, situation.length, self.sampler(situation.progress))
        divergence = token_divergence(generator, mediator, fake)  # (B, T)
        loss = divergence.sum() / len(fake)
        per_token = divergence.detach().sum() / situation.ranks.mean_count(fake.mask.sum())
        return Turn(loss, fake, {"g-loss": loss.detach(), "divergence": per_token})


def _mediator(discriminator: Discriminator) -> Mediator:
    if not isinstance(discriminator, Mediator):
        raise Mistake(
            "strategy: cooperative needs a discriminator that predicts the next word; set discriminator=mediator"
        )
    return discriminator


def token_divergence(generator: Generator, mediator: Mediator, text: Text) -> Tensor:
    """KL(G(.|s_t) || M(.|s_t)) in nats, s_t the prefix before token t of the text, (B,T); 0 outside the mask.

    M is a constant. Logits that would exceed the device's cache or memory are computed in pieces, and recomputed in
    the backward pass.
    """
    mask = text.mask.flatten()
    states = generator.states(text).flatten(0, 1)
    with torch.no_grad():
        targets = mediator.states(text).flatten(0, 1)
    places = None
    if mask.device.type == "cpu":  # on a GPU, finding the positions that hold tokens would synchronise
        places = mask.nonzero().squeeze(-1)
        states, targets = states[places], targets[places]

    def piece(rows: Tensor, target_rows: Tensor) -> Tensor:
        with torch.no_grad():
            aims = mediator.read_out(target_rows)
        divergence: Tensor = _Divergence.apply(generator.read_out(rows), aims)
        return divergence

    size = rows_at_once(generator.vocabulary.size, mask.device)
    pieces = list(zip(states.split(size), targets.split(size), strict=True))
    if len(pieces) == 1:
        found = piece(states, targets)
    else:
        found = torch.cat([checkpoint(piece, *rows, use_reentrant=False) for rows in pieces])
    if places is None:
        return found.masked_fill(~mask, 0.0).view(text.ids.shape)
    return found.new_zeros(mask.shape).index_copy(0, places, found).view(text.ids.shape)


class _Divergence(torch.autograd.Function):
    """KL(softmax(logits) || softmax(aims)) of rows (N,V): (N,). The gradient has a closed form, one pass over (N,V).

    With g = softmax(logits), m = softmax(aims) and d = log g - log m, the derivative by the logits is g (d - KL).
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, aims: Tensor) -> Tensor:
        log_probs = logits.float().log_softmax(-1)
        aims = aims.float()
        probs = log_probs.exp()
        differences = log_probs.sub_(aims).add_(aims.logsumexp(-1, keepdim=True))
        found = torch.linalg.vecdot(probs, differences)
        ctx.save_for_backward(probs.mul_(differences.sub_(found.unsqueeze(-1))))
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (slope,) = ctx.saved_tensors
        return slope * gradient.unsqueeze(-1), None
