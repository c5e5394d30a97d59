"""What a user's own generator and discriminator are tried for before they train; the toolkit's own pass it all."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from textgan.assembly.rehearsal import rehearse_generator, rehearse_judge
from textgan.errors import Mistake
from textgan.parts.binding import bind
from textgan.parts.names import PARTS
from textgan.types import Discriminator, Generator, Vocabulary

VOCABULARY = Vocabulary(12)
EXTENDING = Path(__file__).parents[2] / "docs" / "extending.md"
SHIFT = "self.table(torch.cat([first, text.ids[:, :-1]], 1))"
FORBID = "logits[..., list(self.vocabulary.forbidden)] = -1e9"


def of_the_docs(name: str, *changes: tuple[str, str]) -> Any:
    """The class of a block of docs/extending.md, with changes."""
    blocks = EXTENDING.read_text(encoding="utf-8").split("```")
    text = next(block for block in blocks if re.search(rf"class {name}\b", block)).removeprefix("python\n")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    names: dict[str, Any] = {}
    exec(text, names)
    return names[name]


@pytest.mark.parametrize("name", sorted(set(PARTS["generator"]) - {"pretrained"}))
@pytest.mark.parametrize("classes", [0, 2])
def test_every_generator_of_the_toolkit_passes(name: str, classes: int) -> None:
    handed = {"vocabulary": VOCABULARY, "length": 9, "classes": classes}
    vectors = {"vectors": lambda size: torch.randn(VOCABULARY.size, size)}
    torch.manual_seed(0)
    generator: Generator = bind("generator", {"name": name}, {*handed, *vectors}).build(**handed, **vectors)
    rehearse_generator(generator, 9, classes)


@pytest.mark.parametrize("length", [1, 2, 20])
def test_the_generator_of_the_docs_passes(length: int) -> None:
    rehearse_generator(of_the_docs("Bigram")(VOCABULARY), length)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            SHIFT,
            "self.table(text.ids)",
            r"Bigram\.states reads, at a position, the token to be predicted there",
        ),
        (SHIFT, "self.table(text.ids.flip(1))", r"Bigram\.states reads, at a position, the token"),
        (
            "self.read_out(read), state",
            "self.read_out(read) * 5, state",
            r"step, .* and Bigram\.states, .* different logits",
        ),
        (FORBID, "pass", r"Bigram\.step allows the forbidden tokens \(pad, bos, unk\)"),
        (
            "self.read_out(read), state",
            "self.read_out(read)[:, 1:], state",
            r"step gives logits of shape \(2, 11\); expected \(2, 12\)",
        ),
        (
            '{"nothing": torch.zeros(prompt.size, 1, device=self.table.weight.device)}',
            "{}",
            "start gives no state",
        ),
        ("torch.zeros(prompt.size, 1, ", "torch.zeros(1, prompt.size, 1, ", "start gives no state"),
        (
            "return logits",
            "return logits.detach().numpy()",
            "step gives a ndarray; expected a tensor of logits",
        ),
        (" self.vocabulary, self.table", " self.words, self.table", "Bigram has no vocabulary"),
        (SHIFT, f"{SHIFT}[:, 1:]", r"logits gives logits of shape \(2, 4, 12\); expected \(2, 5, 12\)"),
        ("return logits", "return logits * float('nan')", r"step gives logits that are NaN"),
    ],
)
def test_a_generator_that_contradicts_itself_is_a_mistake(old: str, new: str, told: str) -> None:
    wrong = of_the_docs("Bigram", (old, new))(VOCABULARY)
    with pytest.raises(Mistake, match=told) as caught:
        rehearse_generator(wrong, 20)
    assert "docs/extending.md" in str(caught.value) and "\n" not in str(caught.value)


def test_states_alone_may_let_a_forbidden_token_through() -> None:
    step = (
        "return self.read_out(read), state",
        "return self.read_out(read).index_fill(1, self.never, -1e9), state",
    )
    never = ("super().__init__()", "super().__init__(); self.never = torch.tensor(vocabulary.forbidden)")
    wrong = of_the_docs("Bigram", (FORBID, "pass"), step, never)(VOCABULARY)
    with pytest.raises(Mistake, match=r"Bigram\.logits \(states and read_out\) allows the forbidden tokens"):
        rehearse_generator(wrong, 20)


class Draws(Generator):
    """Has no likelihood, a `write` of its own, and no step."""

    has_likelihood = False
    vocabulary = VOCABULARY

    def write(self, *_: Any) -> Any:
        return None


def test_what_a_generator_does_not_have_is_not_tried() -> None:
    rehearse_generator(Draws(), 20)
    blind = of_the_docs("Bigram", (SHIFT, "1 / 0"))(VOCABULARY)
    blind.has_likelihood = False
    rehearse_generator(blind, 20)


def test_a_rehearsal_leaves_everything_as_it_was() -> None:
    noisy = of_the_docs(
        "Bigram", ("def start(self, prompt):", "def start(self, prompt):\n        torch.rand(3)")
    )
    generator = noisy(VOCABULARY)
    generator.output.eval()
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    rehearse_generator(generator, 20)
    after = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    assert torch.equal(before[0], after[0]) and before[1:] == after[1:]
    assert generator.training and not generator.output.training


@pytest.mark.parametrize("classes", [0, 2])
def test_the_discriminator_of_the_docs_passes(classes: int) -> None:
    rehearse_judge(of_the_docs("Mean")(VOCABULARY), VOCABULARY, 20, classes)


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (
            "Verdict(self.score(features), features)",
            r"of shape \(2, 1\), expected \(2,\); add \.squeeze\(-1\)",
        ),
        (
            "Verdict(self.score(features).mean(), features)",
            r"of shape \(\), expected \(2,\); return one number per sentence",
        ),
    ],
)
def test_a_verdict_of_another_shape_is_a_mistake(new: str, told: str) -> None:
    wrong: Discriminator = of_the_docs("Mean", ("Verdict(self.score(features).squeeze(-1), features)", new))(
        VOCABULARY
    )
    with pytest.raises(Mistake, match=told):
        rehearse_judge(wrong, VOCABULARY, 20)


def test_a_verdict_that_is_none_is_a_mistake() -> None:
    class Bare(Discriminator):
        def judge(self, text: Any) -> Any:
            return nn.functional.one_hot(text.ids).sum()

    with pytest.raises(Mistake, match="Bare returns a Tensor; return a Verdict"):
        rehearse_judge(Bare(), VOCABULARY, 20)
