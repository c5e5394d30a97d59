"""A report's section about one run: facts, front, samples, comparison with real text, curves, and its recipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textgan.report import fronts, plots
from textgan.report.closer_views import Views, views
from textgan.report.record import RunRecord, Snapshot
from textgan.report.svg import INK, Figure
from textgan.report.verdict import front_wanted
from textgan.training.progress import clock

SHOWN = 12  # sentences shown side by side
MOMENTS = 8  # snapshots over time
OF_EACH = 3  # sentences shown of each snapshot


@dataclass(frozen=True)
class Section:
    """What the page shows about one run."""

    title: str
    slug: str
    facts: Sequence[tuple[str, str]]
    curves: Sequence[Figure]
    fronts: Sequence[Figure]
    crossings: Sequence[str]
    front_wanted: str  # the command that measures the front, "" if not needed
    text: Views
    pairs: Sequence[tuple[str, Sequence[str]]]  # (heading, sentences)
    over_time: Sequence[Snapshot]
    warnings: Sequence[str]
    notes: Sequence[str]
    recipe: str
    environment: Sequence[tuple[str, str]]


def minutes_of(run: RunRecord) -> dict[str, float]:
    """Minutes by phase; empty if unknown."""
    minutes = run.evaluation.get("minutes")
    if not isinstance(minutes, Mapping):
        return {}
    return {str(phase): float(value) for phase, value in minutes.items() if isinstance(value, (int, float))}


def time_spent(run: RunRecord) -> tuple[str, str]:
    """How long training took, in total and by phase: ("11 s", "discriminator 1 s, adversarial 10 s").

    The total is the sum of the rounded phases, so that the shown values add up. Two empty texts if unknown.
    """
    seconds = {phase: round(60 * value) for phase, value in minutes_of(run).items()}
    if not seconds:
        return "", ""
    by_phase = ", ".join(f"{phase} {clock(value) if value else '<1 s'}" for phase, value in seconds.items())
    total = sum(seconds.values())
    return clock(total) if total else "<1 s", by_phase


def section(run: RunRecord, slug: str, colour: str | None = None) -> Section:
    """slug: prefix of its figures' ids, unique on the page. colour: the run's colour in all its figures; None if it is
    the page's only run."""
    of_lines, of_fronts = ((colour, INK), (colour,)) if colour else (plots.COLOURS, plots.COLOURS)
    after = ("after" if run.before else "samples", run.after[:SHOWN])
    pairs = [pair for pair in (("before", run.before[:SHOWN]), after) if pair[1]]
    facts = [("run", run.name), ("strategy", run.strategy), ("corpus", run.corpus), ("seed", run.seed)]
    scored = run.evaluation.get("samples")
    facts.append(("sentences scored", f"{scored:,}" if isinstance(scored, int) else ""))
    facts.append(("time", time_spent(run)[1]))
    facts.append(("folder", run.path.resolve().name))
    return Section(
        title=f"{run.strategy}: {run.name}",
        slug=slug,
        facts=[fact for fact in facts if fact[1]],
        curves=plots.training_curves(run, f"{slug}-curve", of_lines),
        fronts=fronts.figures(run.sweep, run, f"{slug}-front", of_fronts) if run.sweep else (),
        crossings=[*fronts.writers(run.sweep, run), *fronts.crossings(run.sweep, run)] if run.sweep else (),
        front_wanted=front_wanted(run),
        text=views(run, slug, colour or plots.COLOURS[0]),
        pairs=pairs,
        over_time=[
            Snapshot(shot.phase, shot.step, shot.sentences[:OF_EACH])
            for shot in _spread(run.over_time, MOMENTS)
        ],
        warnings=(*run.problems, *run.outdated, *run.warnings),
        notes=run.notes,
        recipe=run.recipe_text,
        environment=list(_flat(run.environment)),
    )


def _spread(shots: Sequence[Snapshot], count: int) -> list[Snapshot]:
    """At most `count` of them, evenly spaced over the run, including the first and the last."""
    if len(shots) <= count:
        return list(shots)
    return [shots[round(place * (len(shots) - 1) / (count - 1))] for place in range(count)]


def _flat(mapping: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in mapping.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif value is not None:
            text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield f"{prefix}{key}", text
