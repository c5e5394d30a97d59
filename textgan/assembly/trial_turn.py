"""If a part comes from a user's own file, runs one tiny training iteration before any file is written.

This catches errors that training would not show, such as a reward given to the wrong sentence, which trains the
generator on noise. It works on copies of the parts, and does not touch the run's random streams.
"""

from __future__ import annotations

import traceback
from copy import deepcopy
from dataclasses import fields, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from textgan.assembly.interfaces import HELD
from textgan.assembly.rehearsal import SEE, own_code
from textgan.assembly.returned import (
    check_gradient,
    check_graph,
    check_loss,
    check_numbers,
    check_reward,
    form,
)
from textgan.errors import Mistake, on_one_line
from textgan.machine.ranks import ALONE
from textgan.machine.streams import kept
from textgan.training.game import Game, judging, policy_mode
from textgan.types import Discriminator, Situation, Text, Turn, Verdict

SENTENCES = 3
TOKENS = 16
"""At most: a strategy may complete every prefix many times over."""
PLAYING = ("generator", "discriminator", "objective", "penalty", "strategy")


def rehearse_turn(game: Game, judge_alone: bool = False) -> list[str]:
    """Mistake if a loss, penalty, reward, value or turn has the wrong type or shape, or no gradient to any weight.

    judge_alone: the run has no generator turns. Parts that cannot be copied are not tried, since that would change
    them; a note then says so.
    """
    with kept():
        try:
            game = _copied(game)
        except Exception as error:  # whatever a part's own __deepcopy__ or a module of it raises
            return [
                f"parts of your own were not tried before training: they cannot be copied ({on_one_line(error)})"
            ]
        with own_code(partial(_at_fault, game)):
            _watch(game.objective)
            real = game.next_text(game.batches(game.train, SENTENCES, stream=0))
            game.strategy.begin(game.generator)
            _try_judge(game, real)
            if not judge_alone:
                if game.strategy.pathwise:
                    _check_passes_through(game, real)
                _try_turn(game, real)
    return []


def _copied(game: Game) -> Game:
    parts = deepcopy(
        {key: getattr(game, key) for key in PLAYING}
    )  # together: a player may refer to the other
    return replace(game, **parts, ranks=ALONE, at_most=min(game.length, TOKENS))


def _at_fault(game: Game, error: BaseException) -> tuple[str, str]:
    """The part whose method was called last, and that it fails."""
    owners = [frame.f_locals.get("self") for frame, _ in traceback.walk_tb(error.__traceback__)]
    named = {id(getattr(game, key)): key for key in PLAYING}
    key = next((named[id(owner)] for owner in reversed(owners) if id(owner) in named), "strategy")
    part = type(getattr(game, key)).__name__
    return key, f"in a turn of {SENTENCES} sentences, {part} fails: {on_one_line(error)}; {SEE}"


def _watch(objective: Any) -> None:
    """Wrap this objective's methods so that everything they return is checked, whoever calls them."""

    def watched(name: str, method: Any, real: Verdict, fake: Verdict, *more: Any, **named: Any) -> Any:
        found = method(real, fake, *more, **named)
        what = f"objective: {type(objective).__name__}.{name}"
        if name == "reward":
            check_reward(what, found, lambda *these: method(*these, *more, **named), real, fake)
        elif name == "value":
            check_numbers(what, found)
        else:
            check_loss(what, found)
        if name == "generator_loss" and torch.is_grad_enabled() and _reachable(fake):
            check_graph(what, found, "the verdict on what was written")
        return found

    held = getattr(objective, "__dict__", None)
    if isinstance(held, dict):
        for name in HELD["objective"]:
            held[name] = partial(watched, name, getattr(objective, name))


def _reachable(verdict: Verdict) -> bool:
    held = (getattr(verdict, one.name) for one in fields(verdict))
    return any(isinstance(one, Tensor) and one.requires_grad for one in held)


def _try_judge(game: Game, real: Text) -> None:
    """One discriminator round as in `DiscriminatorTrainer`, without the optimiser step, and the objective's value."""
    fake = game.write_fakes(real, SENTENCES, 0.0)
    game.discriminator.train()
    for member in game.discriminator.members():
        weights = [weight for weight in member.parameters() if weight.requires_grad]
        with game.engine.autocast():
            loss = game.objective.discriminator_loss(*member.judge_both(real, fake))
        if weights:
            what = f"objective: {type(game.objective).__name__}.discriminator_loss"
            check_gradient(what, loss, weights, "discriminator")
        if game.penalty is None:
            continue
        what = f"penalty: {type(game.penalty).__name__}.__call__"
        with game.engine.autocast():
            penalty = game.penalty(member, real, fake)
        check_loss(what, penalty)
        if weights and penalty.item():  # a penalty applied every n-th step is a plain 0 at the others
            check_gradient(what, penalty, weights, "discriminator")
    with torch.no_grad(), judging(game.discriminator), game.engine.autocast():
        game.objective.value(game.discriminator.judge(real), game.discriminator.judge(fake))


def _check_passes_through(game: Game, real: Text) -> None:
    """Mistake if the score has no gradient to the relaxed tokens themselves, but only to where they end."""
    policy_mode(game.generator)
    prompt, sampler = game.prompt(real, SENTENCES), game.strategy.sampler(0.0)
    with judging(game.discriminator), game.engine.autocast():
        text = game.generator.write(prompt, game.limit, sampler).detach()
        choices, vectors = text.choices, text.vectors
        if choices is not None:
            choices = tuple(
                one if one.relaxed is None else replace(one, relaxed=one.relaxed.requires_grad_())
                for one in choices
            )
        if vectors is not None:
            vectors = vectors.requires_grad_()
        points = [one.relaxed for one in choices or () if one.relaxed is not None]
        points += [] if vectors is None else [vectors]
        for member in game.discriminator.members() if points else ():
            _check_reads(member, replace(text, choices=choices, vectors=vectors), points)


def _check_reads(discriminator: Discriminator, text: Text, points: list[Tensor]) -> None:
    verdict = discriminator.judge(text)
    told = [one.float().square().sum() for one in (verdict.score, verdict.features) if one.requires_grad]
    found = torch.autograd.grad(torch.stack(told).sum(), points, allow_unused=True) if told else ()
    if all(one is None or not one.any() for one in found):
        raise Mistake(
            f"discriminator: {type(discriminator).__name__}.embed passes no gradient to relaxed tokens, which this "
            f"strategy needs; read them with text.read(self.table.weight) instead of text.ids, {SEE}"
        )


def _try_turn(game: Game, real: Text) -> None:
    """One generator turn as in `Adversarial`, without the optimiser step."""
    policy_mode(game.generator)
    what = f"strategy: {type(game.strategy).__name__}.turn"
    with judging(game.discriminator):
        with game.engine.autocast():
            prompt = game.prompt(real, SENTENCES)
            situation = Situation(
                game.generator, game.discriminator, game.objective, real, prompt, game.limit, 0.0
            )
            turn = game.strategy.turn(situation)
        if not isinstance(turn, Turn):
            raise Mistake(f"{what} gives {form(turn)}; expected a Turn(loss, fake, log), {SEE}")
        check_loss(f"{what} has a loss that", turn.loss, "is")
        if not isinstance(turn.fake, Text):
            raise Mistake(
                f"{what} has a fake that is {form(turn.fake)}; expected the Text that was written, {SEE}"
            )
        check_numbers(f"{what} has a log that", turn.log, "is")
        weights = [weight for weight in game.generator.parameters() if weight.requires_grad]
        check_gradient(f"{what} has a loss that", turn.loss, weights, "generator", "is")
    game.strategy.after_step(game.generator)
