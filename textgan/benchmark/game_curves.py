"""A benchmark's recipes during the adversarial phase: scores over time, and the generator's gradient norm."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textgan.benchmark.front_figures import SIZE
from textgan.report import numbers
from textgan.report.log import Curve
from textgan.report.plots import COLOURS, DASHES, MARKERS, calm, literal, time_unit
from textgan.report.record import RunRecord
from textgan.report.svg import Figure, figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AT_MOST = 6  # recipes per figure
BINS = 60  # bins along a run, of which the medians are drawn
OVER_TIME = ("bleu-4", "nll")

Series = Sequence[tuple[float, float]]


def over_time(records: Mapping[str, Sequence[RunRecord]], key: str, name: str) -> list[Figure]:
    """Score `key` as evaluated during the adversarial phase: a thin line for each seed, a thick one for their mean.
    records: by recipe; at most `AT_MOST` recipes per figure."""
    lines = {}
    for label, runs in records.items():
        seeds = [line for run in runs if len(line := _looks(run, key)) > 1]
        if seeds:
            lines[label] = seeds
    figures = []
    for place, (title, some) in enumerate(_shared_out(f"{numbers.name(key)} during the game", lines)):
        figures.append(_curves(title, some, f"{name}-{key}-{place}"))
    return figures


def gradients(records: Mapping[str, Sequence[RunRecord]], name: str) -> list[Figure]:
    """The generator's gradient norm by step of the adversarial phase, on a log scale: binned medians over all seeds."""
    lines = {label: binned for label, runs in records.items() if len(binned := _binned(norms(runs))) > 1}
    figures = []
    for place, (title, some) in enumerate(_shared_out("Norm of the generator's gradient", lines)):

        def draw(axes: Axes, some: Mapping[str, Series] = some) -> None:
            for index, (label, line) in enumerate(some.items()):
                x, y = zip(*line, strict=True)
                axes.plot(x, y, label=literal(label), **_style(index))
            axes.set_yscale("log")
            _plain_ticks(axes, [value for line in some.values() for _, value in line])
            axes.set_xlabel("step")
            _legend(axes, len(some))

        described = ", ".join(f"{k} ends at {numbers.plain(line[-1][1])}" for k, line in some.items())
        figures.append(
            figure(title, f"{title} by step, medians: {described}.", f"{name}-{place}", draw, size=SIZE)
        )
    return figures


def _plain_ticks(axes: Axes, values: Sequence[float]) -> None:
    """Ticks such as `0.5`, `1`, `2`: within one decade, powers of ten would give one tick or none."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    decades = math.log10(max(values) / min(values))
    by_ratio = LogLocator(subs=(1.0, 2.0, 5.0) if decades < 2 else (1.0,))
    axes.yaxis.set_major_locator(MaxNLocator(5) if decades < 0.7 else by_ratio)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def norms(runs: Sequence[RunRecord]) -> Series:
    """(step, gradient norm) for the steps of the adversarial phase, of all seeds together."""
    curves = [run.curves["g-grad-norm"] for run in runs if "g-grad-norm" in run.curves]
    return [
        (float(step), value)
        for curve in curves
        for step, value in _of_the_game(curve)
        if math.isfinite(value) and value > 0
    ]


def _looks(run: RunRecord, key: str) -> list[tuple[int, float, float]]:
    """(step, seconds since the adversarial phase began, score) of each evaluation."""
    began = dict(run.phase_starts).get("adversarial", 0.0)
    return [
        (look.step, look.seconds - began, look.scores[key].value)
        for look in run.evaluations
        if look.phase == "adversarial" and key in look.scores and math.isfinite(look.scores[key].value)
    ]


def _curves(
    title: str, lines: Mapping[str, Sequence[Sequence[tuple[int, float, float]]]], name: str
) -> Figure:
    unit, word = time_unit(max(look[1] for seeds in lines.values() for line in seeds for look in line))
    means = {label: _mean_line(seeds) for label, seeds in lines.items()}

    def draw(axes: Axes) -> None:
        for index, (label, seeds) in enumerate(lines.items()):
            style = _style(index)
            for line in seeds if len(seeds) > 1 else ():
                axes.plot(
                    [look[1] / unit for look in line], [look[2] for look in line],
                    color=style["color"], lw=0.7, alpha=0.35,
                )  # fmt: skip
            x, y = [spot[0] / unit for spot in means[label]], [spot[1] for spot in means[label]]
            axes.plot(
                x, y, label=literal(label), marker=MARKERS[index % len(MARKERS)], markersize=3.5, **style
            )
        calm(axes)
        axes.set_xlabel(word)
        _legend(axes, len(lines))

    described = "; ".join(
        f"{label} from {numbers.plain(mean[0][1])} to {numbers.plain(mean[-1][1])}"
        for label, mean in means.items()
        if mean
    )
    return figure(title, f"{title}, means over seeds: {described}.", name, draw, size=SIZE)


def _legend(axes: Axes, lines: int) -> None:
    """The legend; above the frame for more than two lines, which leave no room inside."""
    if lines <= 2:
        axes.legend(frameon=False)
        return
    whole: Any = axes.get_figure(root=True)
    whole.legend(frameon=False, loc="outside upper left", ncols=2, fontsize=7.5)


def _mean_line(seeds: Sequence[Sequence[tuple[int, float, float]]]) -> Series:
    """(seconds, score), averaged over seeds at the steps at which all of them were evaluated."""
    by_step = [{look[0]: look[1:] for look in line} for line in seeds]
    steps = sorted(set.intersection(*(set(looks) for looks in by_step)))
    return [
        (statistics.mean(looks[s][0] for looks in by_step), statistics.mean(looks[s][1] for looks in by_step))
        for s in steps
    ]


def _binned(spots: Series) -> Series:
    if not spots:
        return []
    width = max(1.0, (max(step for step, _ in spots) + 1) / BINS)
    bins: dict[int, list[tuple[float, float]]] = {}
    for spot in spots:
        bins.setdefault(int(spot[0] // width), []).append(spot)
    return [
        (statistics.mean(step for step, _ in some), statistics.median(value for _, value in some))
        for _, some in sorted(bins.items())
    ]


def _of_the_game(curve: Curve) -> Iterator[tuple[int, float]]:
    for step, value, phase in zip(curve.steps, curve.values, curve.phases, strict=True):
        if phase == "adversarial":
            yield step, value


def _shared_out(title: str, lines: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Each figure's title and recipes, at most `AT_MOST`; of several, the title says which recipes it shows."""
    labels = list(lines)
    if len(labels) <= AT_MOST:
        return [(title, dict(lines))] if labels else []
    figures = []
    for first in range(0, len(labels), AT_MOST):
        some = {label: lines[label] for label in labels[first : first + AT_MOST]}
        last = first + len(some)
        which = f"recipes {first + 1} to {last}" if len(some) > 1 else f"recipe {last}"
        figures.append((f"{title} ({which} of {len(labels)})", some))
    return figures


def _style(index: int) -> dict[str, Any]:
    return {"color": COLOURS[index % len(COLOURS)], "linestyle": DASHES[index % len(DASHES)], "lw": 1.5}
