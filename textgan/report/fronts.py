"""Quality-diversity fronts by temperature: their figures, and where they reach the diversity of real text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textgan.report import numbers, temperatures
from textgan.report.plots import COLOURS, DASHES, MARKERS, calm, literal
from textgan.report.record import RunRecord
from textgan.report.svg import INK, Figure, figure
from textgan.runs.points import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUALITY, DIVERSITY = "bleu-5", "self-bleu-5"
SIZE = (4.7, 3.4)  # inches
BEGUN: dict[str, Any] = {"color": INK, "linestyle": DASHES[1], "marker": MARKERS[0]}
"""Line style of the front measured before the adversarial phase, here and in a benchmark."""
FIGURES = {  # (x, y) -> how to read it
    (
        QUALITY,
        DIVERSITY,
    ): "Right: more n-grams of held-out text. Down: more diverse. The better front lies further "
    "right and down; the star is real text. Numbers are temperatures.",
    (
        "source-nll",
        "nll",
    ): "Left: likelier under the true source. Down: held-out text is likelier under the model at "
    "that temperature. The better front lies further left and down. Numbers are temperatures.",
}


def figures(
    sweep: Sweep, run: RunRecord, slug: str = "front", colours: Sequence[str] = COLOURS
) -> list[Figure]:
    """Self-BLEU-5 against BLEU-5, and the two likelihoods where the source is known and `nll` was measured.
    slug: prefix of the figures' ids, unique on the page. colours: cycled over the fronts other than MLE's."""
    figures_drawn = [_front(sweep, run, x, y, told, slug, colours) for (x, y), told in FIGURES.items()]
    return [drawn for drawn in figures_drawn if drawn is not None]


def crossings(sweep: Sweep, run: RunRecord) -> list[str]:
    """A sentence with BLEU-5 of each front at the diversity of real text (equal self-BLEU-5).

    Interpolated linearly between the two nearest points. Fronts that do not reach that diversity are named; empty if
    none does.
    """
    real = _at(sweep, "real", QUALITY, DIVERSITY)
    found = {name: crossing(sweep, state) for name, state in named(sweep, run).items()}
    if not real or not any(found.values()):
        return []
    _, quality, level = real[0]
    sentences = [
        f"{name} {numbers.plain(at[0])} (temperature about {at[1]:.2f})"
        if at
        else f"{name} is never that diverse"
        for name, at in found.items()
    ]
    head = f"BLEU-5 where the text is as diverse as real text (self-BLEU-5 {numbers.plain(level)})"
    return [f"{head}: real text {numbers.plain(quality)}, {', '.join(sentences)}"]


def writers(sweep: Sweep, run: RunRecord) -> list[str]:
    """How the fronts' text was generated, where not by the generator alone, or where that might be unclear."""
    how = [f"{sweep.nucleus[0].upper()}{sweep.nucleus[1:]}"] if sweep.nucleus else []
    if sweep.choice:
        return [*how, f"After the game: written by both players, {sweep.choice}"]
    evaluate = run.recipe.get("evaluate")
    asked = evaluate.get("resample", 1) if isinstance(evaluate, Mapping) else 1
    alone = (
        "Written by the generator alone, without the selection by the discriminator that its recipe asks for"
    )
    return [*how, alone] if asked != 1 else how


def crossing(sweep: Sweep, state: str) -> tuple[float, float] | None:
    """(BLEU-5, temperature) at which this state's front is as diverse as real text; None if it never is."""
    real = _at(sweep, "real", QUALITY, DIVERSITY)
    if not real:
        return None
    level = real[0][2]
    front = _at(sweep, state, QUALITY, DIVERSITY)
    for (t1, x1, y1), (t2, x2, y2) in zip(front, front[1:], strict=False):
        if (y1 - level) * (y2 - level) <= 0:
            share = (level - y1) / (y2 - y1) if y1 != y2 else 0.0
            return x1 + share * (x2 - x1), t1 + share * (t2 - t1)
    return None


def _front(
    sweep: Sweep, run: RunRecord, x: str, y: str, caption: str, slug: str, colours: Sequence[str]
) -> Figure | None:
    states = named(sweep, run)
    fronts = {name: points for name, state in states.items() if (points := _at(sweep, state, x, y))}
    if not fronts:
        return None
    real = _at(sweep, "real", x, y)
    x_name, y_name = numbers.name(x), numbers.name(y)

    def draw(axes: Axes) -> None:
        others = [name for name in fronts if states[name] != "pretrained"]
        for name, points in fronts.items():
            across, up = [point[1] for point in points], [point[2] for point in points]
            axes.plot(
                across, up, lw=1.4, markersize=5, label=literal(name),
                **(BEGUN if name not in others else _style(others.index(name), colours)),
            )  # fmt: skip
        for _, point_x, point_y in real:
            axes.plot(point_x, point_y, "*", color=INK, markersize=12, label="real text")
        axes.margins(0.08)
        calm(axes, "xy")
        temperatures.label(axes, list(fronts.values()), [point[1:] for point in real])
        axes.set_xlabel(x_name)
        axes.set_ylabel(y_name)
        axes.legend(frameon=False)

    def pair(point: tuple[float, float, float]) -> str:
        return f"{numbers.plain(point[1])}, {numbers.plain(point[2])}"

    described = [
        f"{name} {'; '.join(f'at {p[0]:g} {pair(p)}' for p in points)}" for name, points in fronts.items()
    ]
    described += [f"real text {pair(point)}" for point in real]
    alt = f"{caption} {x_name} and {y_name}: {'. '.join(described)}."
    title = f"{y_name} against {x_name} by temperature"
    return figure(title, alt, f"{slug}-{x}", draw, caption, SIZE)


def _style(index: int, colours: Sequence[str]) -> dict[str, Any]:
    """Line style of a trained generator's front; its colour matches the report's other figures."""
    return {
        "color": colours[index % len(colours)],
        "linestyle": "-" if index == 0 else DASHES[(index + 1) % len(DASHES)],
        "marker": MARKERS[(index + 1) % len(MARKERS)],
    }


def _at(sweep: Sweep, state: str, x: str, y: str) -> list[tuple[float, float, float]]:
    """(temperature, x, y) for those of the state's points that have both scores."""
    found = [
        (point.temperature or 0.0, point.scores[x].value, point.scores[y].value)
        for point in sweep.points
        if point.state == state and x in point.scores and y in point.scores
    ]
    return [point for point in found if math.isfinite(point[1] + point[2])]


def named(sweep: Sweep, run: RunRecord) -> dict[str, str]:
    """Name -> state, in the sweep's order; the adversarial phase's start is called `MLE` or `untrained`."""
    states = dict.fromkeys(point.state for point in sweep.points if point.temperature is not None)
    names = {"pretrained": run.begun, "last": _last(run), "best": f"{run.strategy} (best)"}
    labels = {names.get(state, state): state for state in states}
    return labels if len(labels) == len(states) else {state: state for state in states}


def _last(run: RunRecord) -> str:
    """Name for the checkpoint `last`: in an interrupted run, after the phase it had reached."""
    if run.stand is None:
        return run.strategy
    if run.stand.phase == "discriminator":  # this phase does not change the generator
        return run.begun
    name = "MLE" if run.stand.phase == "mle" else run.strategy
    return f"{name} (step {run.stand.step:,})"
