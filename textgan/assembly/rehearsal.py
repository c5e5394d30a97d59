"""Tries a user's own generator and discriminator on two sentences before any file is written.

A generator whose methods contradict each other trains without an error, but its likelihoods are wrong: one that sees
the token it should predict has a perplexity near 1. The run's random streams are not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from textgan.errors import Mistake, on_one_line, out_of_memory
from textgan.machine.streams import kept
from textgan.parts.blame import own_trouble
from textgan.types import Discriminator, Generator, Prompt, Text, Verdict, Vocabulary

SENTENCES = 2
TOKENS = 5
FORBIDDEN = -1e4
"""The logits of forbidden tokens must be below this."""
CLOSE = 1e-3
"""Relative tolerance between two computations of the same log-probabilities, as a share of their range."""
ROUNDING = 1e-5
"""Absolute tolerance, for an untrained generator whose log-probabilities are almost equal."""
SEE = "see docs/extending.md"


def rehearse_generator(generator: Generator, length: int, classes: int = 0) -> None:
    """Mistake if `step` and `states` contradict each other, look ahead, or allow a forbidden token.

    Only what applies is tried: not `step` if the generator overrides `write`, nor the likelihood if it has none.
    length: the most tokens of a sentence.
    """
    name = type(generator).__name__
    if not isinstance(getattr(generator, "vocabulary", None), Vocabulary):
        raise Mistake(f"generator: {name} has no vocabulary; set self.vocabulary in its __init__, {SEE}")
    vocabulary = generator.vocabulary
    own_way = generator.reads_judge or generator.writes_vectors or generator.reconstructs
    if own_way or len(_words(vocabulary)) < 2:
        return
    text = _text(vocabulary, min(TOKENS, length), classes, _device(generator))
    with _trying(generator, "generator"):
        stepped = taught = None
        if type(generator).write is Generator.write:
            stepped = _stepped(generator, text)
            _check_logits(f"{name}.step", stepped, vocabulary)
        if generator.has_likelihood and _has_states(generator):
            taught = generator.logits(text)
            _check_shape(f"{name}.logits", taught, (*text.ids.shape, vocabulary.size))
            _check_logits(f"{name}.logits (states and read_out)", taught, vocabulary)
            _check_order(generator, text, taught)
    if stepped is not None and taught is not None and not _same(stepped, taught):
        raise Mistake(
            f"generator: {name}.step, token by token, and {name}.states, in parallel, give different logits for the "
            f"same text; make them agree, {SEE}"
        )


def rehearse_judge(
    discriminator: Discriminator, vocabulary: Vocabulary, length: int, classes: int = 0
) -> None:
    """Mistake if its verdict is not one score per sentence. length: the most tokens of a sentence."""
    if not len(_words(vocabulary)):
        return
    name = type(discriminator).__name__
    with _trying(discriminator, "discriminator"):
        verdict = discriminator.judge(_text(vocabulary, length, classes, _device(discriminator)))
    if not isinstance(verdict, Verdict):
        raise Mistake(f"discriminator: {name} returns a {type(verdict).__name__}; return a Verdict, {SEE}")
    if not isinstance(verdict.score, Tensor):
        raise Mistake(
            f"discriminator: the score of {name} is a {type(verdict.score).__name__}; return a tensor, {SEE}"
        )
    shape = tuple(verdict.score.shape)
    if shape != (SENTENCES,):
        remedy = "add .squeeze(-1)" if shape == (SENTENCES, 1) else "return one number per sentence"
        raise Mistake(
            f"discriminator: {name} gives {SENTENCES} sentences a score of shape {shape}, expected ({SENTENCES},); "
            f"{remedy}, {SEE}"
        )
    if not verdict.score.isfinite().all():
        raise Mistake(f"discriminator: {name} gives scores that are not finite (NaN or infinity); {SEE}")


@contextmanager
def own_code(tell: Callable[[BaseException], tuple[str, str]]) -> Iterator[None]:
    """Turn whatever is raised into a Mistake, as the code is the user's own; too little memory passes.

    tell: the part at fault, and what to say where the error is not in the user's file.
    """
    try:
        yield
    except Mistake:
        raise
    except (Exception, SystemExit) as error:
        if out_of_memory(error):
            raise
        place, otherwise = tell(error)
        raise Mistake(f"{place}: {own_trouble(error) or otherwise}") from error


@contextmanager
def _trying(part: nn.Module, place: str) -> Iterator[None]:
    """Run the part in eval mode without gradients, then restore its mode and the random streams."""

    def fails(error: BaseException) -> tuple[str, str]:
        name = type(part).__name__
        return place, f"tried on {SENTENCES} sentences, {name} fails: {on_one_line(error)}; {SEE}"

    modes = [(module, module.training) for module in part.modules()]
    with kept(), torch.no_grad():
        part.eval()
        try:
            with own_code(fails):
                yield
        finally:
            for module, mode in modes:
                module.training = mode


def _device(part: nn.Module) -> torch.device:
    return next((weight.device for weight in part.parameters()), torch.device("cpu"))


def _words(vocabulary: Vocabulary) -> Tensor:
    return vocabulary.words().nonzero().squeeze(-1)


def _text(vocabulary: Vocabulary, width: int, classes: int, device: torch.device) -> Text:
    """Sentences of random words without EOS; all of the first label, if there are labels."""
    words = _words(vocabulary)
    drawn = torch.randint(len(words), (SENTENCES, width), generator=torch.Generator().manual_seed(0))
    ids = words[drawn]  # (B, T)
    labels = torch.zeros(SENTENCES, dtype=torch.long) if classes else None
    return Text(ids, torch.ones_like(ids, dtype=torch.bool), labels).to(device)


def _has_states(generator: Generator) -> bool:
    """Whether its likelihood comes from `states`; a generator that overrides `log_prob` need not have it."""
    own = type(generator)
    return own.states is not Generator.states or own.log_prob is Generator.log_prob


def _stepped(generator: Generator, text: Text) -> Tensor:
    """The logits (B,T,V) of `step`, given the text token by token."""
    vocabulary, found = generator.vocabulary, []
    state = generator.start(Prompt(SENTENCES, text.labels))
    whole = isinstance(state, dict) and all(isinstance(value, Tensor) for value in state.values())
    if not whole or not state or any(value.shape[:1] != (SENTENCES,) for value in state.values()):
        raise Mistake(
            f"generator: {type(generator).__name__}.start gives no state; return a dict of at least one tensor, each "
            f"with the batch as its first axis, {SEE}"
        )
    token = torch.full_like(text.ids[:, 0], vocabulary.bos)
    for position in range(text.ids.shape[1]):
        logits, state = generator.step(token, state)
        _check_shape(f"{type(generator).__name__}.step", logits, (SENTENCES, vocabulary.size))
        found.append(logits.clone())
        token = text.ids[:, position]
    return torch.stack(found, 1)


def _check_shape(what: str, logits: Tensor, expected: tuple[int, ...]) -> None:
    if not isinstance(logits, Tensor):
        raise Mistake(
            f"generator: {what} gives a {type(logits).__name__}; expected a tensor of logits, {SEE}"
        )
    if tuple(logits.shape) != expected:
        raise Mistake(
            f"generator: {what} gives logits of shape {tuple(logits.shape)}; expected {expected}, with the vocabulary "
            f"as the last axis, {SEE}"
        )


def _check_logits(what: str, logits: Tensor, vocabulary: Vocabulary) -> None:
    if logits.isnan().any():
        raise Mistake(f"generator: {what} gives logits that are NaN; {SEE}")
    forbidden = list(vocabulary.forbidden)
    if (logits[..., forbidden] >= FORBIDDEN).any():
        raise Mistake(
            f"generator: {what} allows the forbidden tokens (pad, bos, unk); set "
            f"logits[..., list(vocabulary.forbidden)] = -1e9, {SEE}"
        )


def _check_order(generator: Generator, text: Text, taught: Tensor) -> None:
    """Mistake if changing the words from the middle on changes the logits up to there."""
    middle = text.ids.shape[1] // 2
    words = _words(generator.vocabulary).to(text.ids.device)
    other = words[(torch.searchsorted(words, text.ids) + 1) % len(words)]  # (B, T)
    ids = torch.cat([text.ids[:, :middle], other[:, middle:]], 1)
    changed = generator.logits(Text(ids, text.mask, text.labels))
    if not _same(taught[:, : middle + 1], changed[:, : middle + 1]):
        raise Mistake(
            f"generator: {type(generator).__name__}.states reads, at a position, the token to be predicted there; give "
            f"position t the tokens before t, BOS first, {SEE}"
        )


def _same(one: Tensor, other: Tensor) -> bool:
    one, other = (each.float().log_softmax(-1).clamp(min=FORBIDDEN) for each in (one, other))
    allowed = one[one > FORBIDDEN]
    return bool(((one - other).abs() <= CLOSE * (allowed.max() - allowed.min()) + ROUNDING).all())
