"""The mixed reward by hand, and whatever a user's function can do wrong as one line."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from textgan.errors import Mistake
from textgan.objectives.mixed import MixedReward, closed, kinds, polar
from textgan.parts.binding import bind
from textgan.types import Verdict

WORDS = ["", "", "<eos>", "", "a", "b", "c"]


def _decode(ids: torch.Tensor) -> list[str]:
    rows = [row[: row.index(2)] if 2 in row else row for row in ids.tolist()]
    return ["".join(WORDS[i] for i in row) for row in rows]


def _share_of_a(sentences: list[str]) -> list[float]:
    return [sentence.count("a") / max(1, len(sentence)) for sentence in sentences]


def _fake() -> Verdict:
    ids = torch.tensor([[4, 5, 2, 4], [5, 5, 6, 6], [2, 0, 0, 0]])  # ab, bbcc, nothing
    score = torch.tensor([3.0, 1.0, 0.25]).log()  # D = 3/4, 1/2, 1/5
    return Verdict(score, score.unsqueeze(1), ids=ids)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_mixed_reward_by_hand(share: float) -> None:
    fake = _fake()
    wanted = [share * d + (1 - share) * f for d, f in ((3 / 4, 1 / 2), (1 / 2, 0), (1 / 5, 0))]
    reward = MixedReward(_decode, _share_of_a, share).reward(fake, fake)
    assert torch.allclose(reward, torch.tensor(wanted))


def test_the_discriminator_alone_asks_no_function() -> None:
    def never(sentences: list[str]) -> list[float]:
        raise AssertionError

    MixedReward(_decode, never, share=1.0).reward(_fake(), _fake())


def _raises(sentences: list[str]) -> list[float]:
    raise KeyError("no such atom\nsecond line")


def _raises_silently(sentences: list[str]) -> list[float]:
    raise ValueError


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (_raises_silently, "objective.score: _raises_silently raised ValueError: no message"),
        (_raises, "objective.score: _raises raised KeyError: 'no such atom"),
        (lambda sentences: [1.0], "gave 1 values for 3 sentences"),
        (lambda sentences: [math.nan] * len(sentences), "gave nan for ''"),
        (lambda sentences: ["good"] * len(sentences), "gave 'good'; expected numbers"),
        (lambda sentences: None, "raised TypeError"),
    ],
)
def test_a_faulty_function_is_one_line(score: Callable[[list[str]], Any], words: str) -> None:
    with pytest.raises(Mistake) as caught:
        MixedReward(_decode, score)._own(["", "b", "c"])
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_function_that_fails_is_found_when_the_parts_are_built() -> None:
    with pytest.raises(Mistake, match="raised KeyError"):
        MixedReward(_decode, _raises)


def test_a_recipe_names_a_function_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def score(sentences):\n    return [len(s) for s in sentences]\n")
    arguments = {"name": "mixed-reward", "score": "./mine.py:score", "share": 0.0}
    built = bind("objective", arguments, {"decode"}, folders=[tmp_path]).build(decode=_decode)
    assert built.reward(_fake(), _fake()).tolist() == [2, 4, 0]
    with pytest.raises(Mistake, match="mine.py holds no 'scores'. Did you mean 'score'"):
        bind("objective", arguments | {"score": "./mine.py:scores"}, {"decode"}, folders=[tmp_path])
    with pytest.raises(Mistake, match="objective.score: expected ./FILE.py:FUNCTION or 'closed'"):
        bind("objective", arguments | {"score": "close"}, {"decode"})


def test_the_built_in_examples() -> None:
    assert closed(["C(=O)c1ccccc1", "C(C", "c1ccc", "C)(", ""]) == [1, 0, 0, 0, 0]
    assert polar(["CO", "O", "c1ccncc1", "CCl", "C(O", ""]) == [1 / 2, 1, 1 / 6, 0, 0, 0]
    assert kinds(["Tiger87!", "tiger", "12", ""]) == [1, 0.25, 0.25, 0]
