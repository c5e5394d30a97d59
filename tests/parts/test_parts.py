"""Names, signatures and coercion, on parts of one's own (./mine.py), so that no other module is needed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from textgan.errors import Mistake
from textgan.parts.binding import Bound, bind
from textgan.parts.names import PARTS

MINE = """
from __future__ import annotations
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol
if TYPE_CHECKING:
    from nowhere import Unknown

@dataclass(frozen=True)
class Plan:
    lr: float = 1e-3
    clip: float = 5.0

class Mine:
    def __init__(self, vocabulary: Unknown, hidden: int, *, rollouts: int = 4, rate: float = 0.5,
                 baseline: Literal["none", "batch"] = "none", tie: bool = False,
                 filters: int | list[int] = 8, path: str | None = None, plan: Plan = Plan(lr=0.25)) -> None:
        if rollouts < 0:
            raise ValueError(f"rollouts: {rollouts}; expected 0 or more")
        if rate > 9:
            raise ValueError("too fast")
        1 / hidden
        if hidden < 0:
            raise SystemExit(4)
        self.__dict__.update(locals())

class Interface(Protocol):
    def reward(self) -> float: ...

class Bare(Interface):
    pass

@dataclass
class Record:
    size: int = 3
    words: tuple[str, ...] = ()

def word(texts: list[str], lowercase: bool = False) -> list[object]:
    return [texts, lowercase]

def anything(**more: object) -> dict[str, object]:
    return more
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path


def mine(
    folder: Path, what: str = "Mine", handed: tuple[str, ...] = ("vocabulary",), **arguments: object
) -> Bound:
    mapping = {"name": f"./mine.py:{what}"} | arguments
    return bind("strategy", mapping, set(handed), "strategy", (folder,))


def lines(folder: Path, *args: object, **arguments: object) -> list[str]:
    with pytest.raises(Mistake) as caught:
        mine(folder, *args, **arguments)  # type: ignore[arg-type]
    return str(caught.value).splitlines()


def test_values_reach_the_constructor_as_what_it_asks_for(folder: Path) -> None:
    part = mine(folder, hidden="12", rate="1e-3", baseline="batch", tie=True, filters=[1, 2]).build(
        vocabulary=object, length=20
    )
    assert (part.hidden, part.rate, part.baseline, part.tie, part.filters) == (
        12,
        0.001,
        "batch",
        True,
        [1, 2],
    )
    assert part.rollouts == 4 and part.vocabulary is object


def test_only_what_the_signature_takes_is_handed_over(folder: Path) -> None:
    assert mine(folder, "word", ("texts",), lowercase=True).build(texts=["a"], vocabulary=3) == [["a"], True]


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("hidden", "abc", "strategy.hidden: expected int, got 'abc'"),
        ("hidden", [1], "strategy.hidden: expected int, got [1]"),
        ("hidden", 2.5, "strategy.hidden: expected int, got 2.5"),
        ("hidden", True, "strategy.hidden: expected int, got true"),
        ("hidden", None, "strategy.hidden: expected int, got null"),
        ("rate", "fast", "strategy.rate: expected float, got 'fast'"),
        ("tie", "maybe", "strategy.tie: expected true or false, got 'maybe'"),
        ("filters", [1, "a"], "strategy.filters: expected int or list of int, got [1, 'a']"),
        ("path", 3, "strategy.path: expected str or null, got 3"),
        (
            "baseline",
            "bach",
            "strategy.baseline: expected 'none' or 'batch', got 'bach'. Did you mean 'batch'?",
        ),
        ("rollout", 2, "strategy.rollout: Mine takes no such argument. Did you mean 'rollouts'?"),
        ("vocabulary", 2, "strategy.vocabulary: the run itself gives this argument; leave it out"),
        ("plan", {"lrr": 1}, "strategy.plan.lrr: Plan takes no such argument. Did you mean 'lr'?"),
        ("plan", {"lr": "x"}, "strategy.plan.lr: expected float, got 'x'"),
    ],
)
def test_each_mistake_has_its_place_and_remedy(folder: Path, key: str, value: object, complaint: str) -> None:
    assert lines(folder, **({"hidden": 1} | {key: value})) == [complaint]


def test_mistakes_are_collected(folder: Path) -> None:
    assert lines(folder, rollout=2, rate="x") == [
        "strategy.rollout: Mine takes no such argument. Did you mean 'rollouts'?",
        "strategy.rate: expected float, got 'x'",
        "strategy.hidden: missing; Mine needs it (expected int)",
    ]


def test_a_nested_mapping_changes_only_what_it_names(folder: Path) -> None:
    plan = mine(folder, hidden=1, plan={"clip": 1}).build(vocabulary=0).plan
    assert (plan.lr, plan.clip) == (0.25, 1.0)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"rollouts": -1}, "strategy.rollouts: -1; expected 0 or more"),
        ({"hidden": 0}, "strategy: ZeroDivisionError: division by zero (mine.py, line 21)"),
        ({"hidden": -1}, "strategy: SystemExit: 4 (mine.py, line 23)"),
        ({"rate": 10}, "strategy: ValueError: too fast (mine.py, line 20)"),
    ],
)
def test_what_the_constructor_refuses(folder: Path, arguments: dict[str, object], complaint: str) -> None:
    with pytest.raises(Mistake) as caught:
        mine(folder, **({"hidden": 1} | arguments)).build(vocabulary=0)  # type: ignore[arg-type]
    assert str(caught.value) == complaint


def test_a_class_without_a_constructor_takes_nothing(folder: Path) -> None:
    assert lines(folder, "Bare", smoothing=1) == ["strategy.smoothing: Bare takes no such argument."]
    mine(folder, "Bare").build(vocabulary=3)


def test_dataclasses_and_open_signatures(folder: Path) -> None:
    assert mine(folder, "Record", words=["a"]).build().words == ("a",)
    assert mine(folder, "anything", any=1).build() == {"any": 1}


def test_a_file_is_loaded_by_its_location_and_once(folder: Path) -> None:
    before = list(sys.path)
    assert mine(folder, "Record").part is mine(folder, "Record").part
    assert sys.path == before


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("gumble", "strategy.name: no strategy is called 'gumble'. Did you mean 'gumbel'?"),
        (7, f"strategy.name: no strategy is called 7. Known: {', '.join(sorted(PARTS['strategy']))}."),
        ("./mine.py:Mien", "strategy.name: mine.py holds no 'Mien'. Did you mean 'Mine'?"),
        (
            "./broken.py:A",
            "strategy.name: broken.py does not load: ZeroDivisionError: division by zero (broken.py, line 1)",
        ),
        ("./leaves.py:A", "strategy.name: leaves.py does not load: SystemExit: 3 (leaves.py, line 2)"),
    ],
)
def test_names_that_do_not_lead_anywhere(folder: Path, name: object, complaint: str) -> None:
    (folder / "broken.py").write_text("1 / 0\n")
    (folder / "leaves.py").write_text("import sys\nsys.exit(3)\n")
    with pytest.raises(Mistake) as caught:
        bind("strategy", {"name": name}, (), "strategy", (folder,))
    assert str(caught.value) == complaint


def test_a_missing_file_and_a_missing_name(folder: Path) -> None:
    with pytest.raises(
        Mistake, match=r"strategy.name: there is no file .*other.py; expected ./other.py beside"
    ):
        bind("strategy", {"name": "./other.py:A"}, (), "strategy", (folder,))
    with pytest.raises(Mistake, match="generator.name: missing; expected one of lstm, gru, continuous"):
        bind("generator", {}, ())
