"""The command's words: recipes, overrides and seeds, however they stand; the grid; the budget."""

from __future__ import annotations

from pathlib import Path

import pytest

from textgan.benchmark.arguments import Budget, points_of, sort_words
from textgan.errors import Mistake


@pytest.mark.parametrize(
    ("words", "seeds"),
    [
        (["a.yaml", "b", "length=9", "2", "3"], ["1"]),  # --seeds 1 2 3
        (["a.yaml", "b", "length=9"], ["1,2,3"]),
        (["a.yaml", "b", "length=9"], ["1", "2", "3"]),  # each behind a --seeds of its own
        (["length=9", "2", "a.yaml", "3", "b"], ["1", "2"]),  # twice is once
    ],
)
def test_seeds_may_be_told_in_every_usual_way(words: list[str], seeds: list[str]) -> None:
    asked = sort_words(words, seeds, [])
    assert (asked.recipes, asked.overrides, set(asked.seeds)) == (("a.yaml", "b"), ("length=9",), {1, 2, 3})


def test_a_word_that_is_a_file_is_a_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("7", "a=b.yaml"):
        (tmp_path / name).touch()
    asked = sort_words(["7", "a=b.yaml", "8"], ["1"], [])
    assert (asked.recipes, asked.overrides, asked.seeds) == (("7", "a=b.yaml"), (), (1, 8))


def test_a_grid_is_every_combination_and_a_value_may_be_a_list() -> None:
    assert points_of([]) == ({},)
    assert points_of(["a.b=1,2", "c=[1,2],{x: 1, y: 2}"]) == (
        {"a.b": "1", "c": "[1,2]"}, {"a.b": "1", "c": "{x: 1, y: 2}"},
        {"a.b": "2", "c": "[1,2]"}, {"a.b": "2", "c": "{x: 1, y: 2}"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "given", "has_game", "without"),
    [
        (None, [], [], "schedule"),
        ("smoke", ["budget=smoke"], ["budget=smoke"], "smoke"),
        ("minutes=2.5", ["train.adversarial.minutes=2.5"], [], "2.5 minutes"),
        ("steps=2000", ["train.adversarial.steps=2000"], [], "2,000 iterations"),
    ],
)
def test_a_budget_is_a_name_minutes_or_steps(
    text: str | None, given: list[str], has_game: list[str], without: str
) -> None:
    budget = Budget.parse(text)
    assert budget.overrides(has_game=True) == given and budget.overrides(has_game=False) == has_game
    assert without in budget.told


@pytest.mark.parametrize(
    ("words", "seeds", "grid", "budget", "line"),
    [
        (["a", "2"], [], [], None, "recipe: 2 is a number; give seeds with --seeds 2"),
        (["x=1"], [], [], None, "recipe: none given"),
        (["a", "seed=3"], [], [], None, "seed: give a benchmark's seeds with --seeds"),
        (["a"], ["1,two"], [], None, "--seeds: 'two' is not a seed"),
        (["a"], ["-1"], [], None, "--seeds: '-1' is not a seed"),
        (["a"], [], ["strategy"], None, "--grid: 'strategy'; expected key=a,b"),
        (["a"], [], ["x="], None, "--grid: 'x='; expected key=a,b"),
        (["a"], [], ["x=1", "x=2"], None, "--grid: x is given twice"),
        (["a"], [], [], "minute=3", "Did you mean 'minutes'?"),
        (["a"], [], [], "minutes=0", "expected a number above 0"),
        (["a"], [], [], "minutes=nan", "expected a number above 0"),
        (["a"], [], [], "steps=2.5", "expected a whole number above 0"),
    ],
)
def test_mistakes(words: list[str], seeds: list[str], grid: list[str], budget: str | None, line: str) -> None:
    with pytest.raises(Mistake) as caught:
        sort_words(words, seeds, grid)
        Budget.parse(budget)
    assert line in str(caught.value) and len(str(caught.value).splitlines()) == 1
