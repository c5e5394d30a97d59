"""A reward that mixes the discriminator's with a plain function of the sentence (ORGAN, Guimaraes et al. 2017)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, cast

import torch
from torch import Tensor

from textgan.errors import Mistake
from textgan.objectives.adversarial import Logistic
from textgan.types import Verdict

Score = Callable[[list[str]], list[float]]


class MixedReward(Logistic):
    """reward(x) = share * D(x) + (1 - share) * f(x), D(x) in [0, 1] (Guimaraes et al. 2017, section 3).

    share: the paper's lambda; 1 uses the discriminator alone, 0 the function alone. score: f, either a function of your
    own, `./mine.py:score`, from a list of sentences to a list of numbers, preferably in [0, 1]; or a built-in example:
    `closed`, `polar` or `kinds` (see below). f is called with complete sentences only, which may be empty. The
    discriminator is trained as in `minimax`. f need not be differentiable, so there is no generator loss, and pathwise
    strategies cannot be used. Departure: the reward of a repeated sentence is not divided by its count in the batch.
    """

    only_reward = True

    def __init__(
        self,
        decode: Callable[[Tensor], list[str]],
        score: Score | Literal["closed", "polar", "kinds"] = "closed",
        share: float = 0.5,
    ) -> None:
        super().__init__()
        if not 0 <= share <= 1:
            raise ValueError(f"share: {share}; expected 0 to 1")
        self.decode = decode
        self.share = share
        self.score: Score = EXAMPLES[score] if isinstance(score, str) else score
        if share < 1:
            self._own([""])  # a faulty function is found before anything is trained

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        raise Mistake("strategy: a mixed reward has no gradient through the text; set it to 'reinforce'")

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        judged = fake.score.sigmoid()
        if self.share == 1:
            return judged
        if fake.ids is None:
            raise ValueError(
                "a mixed reward needs verdicts with the judged ids; this discriminator gives none"
            )
        own = torch.tensor(self._own(self.decode(fake.ids)), dtype=judged.dtype, device=judged.device)
        return self.share * judged + (1 - self.share) * own

    def _own(self, sentences: list[str]) -> list[float]:
        """f of the sentences; Mistake if it raises, or returns anything but a finite number for each."""
        name = getattr(self.score, "__name__", "the function")
        try:
            found: Sequence[object] = list(self.score(sentences))
        except Exception as error:  # the user's own code may raise anything; shown on one line
            message = (str(error).strip() or "no message").splitlines()[0]
            raise Mistake(f"objective.score: {name} raised {type(error).__name__}: {message}") from error
        if len(found) != len(sentences):
            raise Mistake(
                f"objective.score: {name} gave {len(found)} values for {len(sentences)} sentences; give one for each"
            )
        try:
            values = [float(cast(float, value)) for value in found]
        except (TypeError, ValueError) as error:
            raise Mistake(f"objective.score: {name} gave {found[0]!r:.40}; expected numbers") from error
        for sentence, value in zip(sentences, values, strict=True):
            if not math.isfinite(value):
                raise Mistake(
                    f"objective.score: {name} gave {value} for {sentence!r:.60}; expected a finite number"
                )
        return values


def closed(sentences: list[str]) -> list[float]:
    """1 for a non-empty string in which every opened bracket and ring digit is closed, else 0."""
    return [float(bool(sentence) and _balanced(sentence)) for sentence in sentences]


def polar(sentences: list[str]) -> list[float]:
    """The share of N and O among the atoms of a string like SMILES, in [0, 1]; 0 if brackets or rings are unclosed.

    A crude stand-in for solubility in water. Atoms of aromatic rings are lower-case letters and count too.
    """
    found = []
    for sentence in sentences:
        atoms = [letter for letter in sentence.upper().replace("CL", "F") if letter in "CNOSF"]
        share = sum(atom in "NO" for atom in atoms) / max(1, len(atoms))
        found.append(share if _balanced(sentence) else 0.0)
    return found


def kinds(sentences: list[str]) -> list[float]:
    """The share, in [0, 1], of four kinds of characters that occur: lower case, upper case, digits, others."""
    tests: tuple[Callable[[str], bool], ...] = (
        str.islower,
        str.isupper,
        str.isdigit,
        lambda letter: not letter.isalnum(),
    )
    return [sum(any(map(test, sentence)) for test in tests) / len(tests) for sentence in sentences]


def _balanced(sentence: str) -> bool:
    depth = 0
    for letter in sentence:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return False
    return depth == 0 and all(sentence.count(digit) % 2 == 0 for digit in "123456789")


EXAMPLES: dict[str, Score] = {"closed": closed, "polar": polar, "kinds": kinds}
"""Example functions, for the embedded corpora that are tokenised by character."""
