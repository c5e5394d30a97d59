"""Cases by kind, drawn by a seed: the same number and seed, the same cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, Phase, given, seed, settings

from fuzzing import corpora, folders, recipes
from fuzzing.trial import Case

KINDS = {"recipes": recipes.cases, "corpora": corpora.cases, "folders": folders.cases}


def each(kind: str, runs: Sequence[str], count: int, number: int, look: Callable[[Case], None]) -> None:
    """Call `look` with `count` cases. runs: honest ones to be damaged. number: the seed."""

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(KINDS[kind](runs))
    def case(drawn: Case) -> None:
        look(drawn)

    case()
