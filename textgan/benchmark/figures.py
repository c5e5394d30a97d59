"""A benchmark's figures: fronts with MLE's behind, scores over time, and the size of the generator's gradient."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textgan.benchmark.gap import ALL, SOURCE, TEXT, Axes
from textgan.benchmark.groups import DRAWN_ALIKE, Group, baselines, controls
from textgan.benchmark.results import Benchmark, CorpusFacts, Front
from textgan.benchmark.verdict import Verdict
from textgan.report import numbers
from textgan.report.fronts import beside
from textgan.report.log import Curve
from textgan.report.plots import COLOURS, DASHES, MARKERS, calm, literal, time_unit
from textgan.report.reading import RunRecord
from textgan.report.svg import INK, Figure, figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Drawn

SIZE = (3.9, 2.9)  # inches
AT_MOST = 6  # recipes in one figure
BINS = 60  # medians along a run
OVER_TIME = ("bleu-4", "nll")

STYLES: dict[str, dict[str, Any]] = {
    "MLE": {"color": INK, "linestyle": DASHES[1], "marker": MARKERS[0]},
    DRAWN_ALIKE: {"color": COLOURS[1], "linestyle": DASHES[2], "marker": MARKERS[2]},
}
"""Of what a recipe is held against."""

Spots = list[tuple[float, float, float]]  # (temperature, x, y)
Series = Sequence[tuple[float, float]]


def fronts(group: Group, benchmark: Benchmark, verdict: Verdict, name: str) -> list[Figure]:
    """The recipe's front before MLE's: means over seeds as lines, each seed's thin. The title has the verdict."""
    facts = benchmark.corpora.get(group.corpus, CorpusFacts(group.corpus, {}))
    mine = [cell.front for cell in group.done if cell.front is not None]
    base = [baseline.front for baseline in baselines(group, benchmark.baselines).values()]
    alike = [control.front for control in controls(group, benchmark.baselines).values()]
    made = [
        _front(
            {"MLE": base, DRAWN_ALIKE: alike, group.label: mine},
            facts,
            axes,
            _title(verdict, axes),
            f"{name}-{axes.quality}-{axes.diversity}",
        )
        for axes in ALL
    ]
    return [drawn for drawn in made if drawn is not None]


def over_time(records: Mapping[str, Sequence[RunRecord]], key: str, name: str) -> list[Figure]:
    """Score `key` as it was looked at during the game: a thin line a seed, a thick one through their means. records: by
    recipe; at most `AT_MOST` of them to a figure."""
    lines = {}
    for label, runs in records.items():
        seeds = [line for run in runs if len(line := _looks(run, key)) > 1]
        if seeds:
            lines[label] = seeds
    made = []
    for place, some in enumerate(_shared_out(lines)):
        title = f"{numbers.name(key)} during the game"
        made.append(_curves(title, some, f"{name}-{key}-{place}"))
    return made


def gradients(records: Mapping[str, Sequence[RunRecord]], name: str) -> list[Figure]:
    """The norm of the generator's gradient by step of the game, on a log scale: medians of all seeds, in bins."""
    lines = {label: binned for label, runs in records.items() if len(binned := _binned(norms(runs))) > 1}
    made = []
    for place, some in enumerate(_shared_out(lines)):

        def draw(axes: Drawn, some: Mapping[str, Series] = some) -> None:
            for index, (label, line) in enumerate(some.items()):
                x, y = zip(*line, strict=True)
                axes.plot(x, y, label=literal(label), **_style(index))
            axes.set_yscale("log")
            axes.set_xlabel("step")
            _legend(axes, len(some))

        told = ", ".join(f"{k} ends at {numbers.plain(line[-1][1])}" for k, line in some.items())
        title = "Norm of the generator's gradient"
        made.append(figure(title, f"{title} by step, medians: {told}.", f"{name}-{place}", draw, size=SIZE))
    return made


def norms(runs: Sequence[RunRecord]) -> Series:
    """(step, gradient norm) of the game's steps, all seeds together."""
    curves = [run.curves["g-grad-norm"] for run in runs if "g-grad-norm" in run.curves]
    return [
        (float(step), value)
        for curve in curves
        for step, value in _of_the_game(curve)
        if math.isfinite(value) and value > 0
    ]


def _front(
    sides: Mapping[str, Sequence[Front]], facts: CorpusFacts, axes: Axes, title: str, name: str
) -> Figure | None:
    drawn = {
        label: [spots for front in side if (spots := _spots(front, axes))] for label, side in sides.items()
    }
    means = {label: _means(lines) for label, lines in drawn.items() if lines}
    if not set(means) - {"MLE", DRAWN_ALIKE}:
        return None
    keys = (axes.quality, axes.diversity)
    star = [
        facts.real[key].value for key in keys if key in facts.real and math.isfinite(facts.real[key].value)
    ]

    across, up = axes.named

    def draw(drawing: Drawn) -> None:
        for index, (label, mean) in enumerate(means.items()):
            style = STYLES.get(label, {"color": COLOURS[0], "linestyle": "-", "marker": MARKERS[1]})
            for line in drawn[label] if len(drawn[label]) > 1 else ():
                x, y = [spot[1] for spot in line], [spot[2] for spot in line]
                marker = style["marker"] if len(line) == 1 else ""  # no line shows a single point
                drawing.plot(x, y, color=style["color"], lw=0.7, alpha=0.35, marker=marker, markersize=3)
            x, y = [spot[1] for spot in mean], [spot[2] for spot in mean]
            drawing.plot(x, y, lw=1.5, markersize=4.5, label=literal(label), zorder=3 + index, **style)
        if len(star) == 2:
            drawing.plot(*star, "*", color=INK, markersize=11, label="real text")
        drawing.margins(0.1)
        _temperatures(drawing, list(means.values()))
        drawing.set_xlabel(across)
        drawing.set_ylabel(up)
        drawing.legend(frameon=False)

    told = [
        f"{label} {'; '.join(f'at {t:g} {numbers.plain(x)}, {numbers.plain(y)}' for t, x, y in mean)}"
        for label, mean in means.items()
    ]
    told += [f"real text {', '.join(map(numbers.plain, star))}"] if len(star) == 2 else []
    told.insert(0, f"{across} and {up}, means over seeds")
    return figure(title, f"{title}. {'. '.join(told)}.", name, draw, size=SIZE)


def _title(verdict: Verdict, axes: Axes) -> str:
    """`gumbel: helped +.028`."""
    gap = next((gap for gap in verdict.gaps if gap.axes == axes), None)
    if gap is None:
        return f"{verdict.label}: {verdict.word}"
    by = {TEXT: "", SOURCE: ", by likelihood"}.get(axes, f", by {numbers.name(axes.quality)}")
    value = "" if gap.value is None else f" {numbers.signed(gap.value)}"
    return f"{verdict.label}{by}: {gap.word}{value}" + (f", {gap.lost}" if value and gap.lost else "")


def _temperatures(drawing: Drawn, lines: Sequence[Spots]) -> None:
    """Numbers at the ends of each front and at temperature 1, off the line."""
    at = drawing.transData.transform
    on_page = [at([spot[1:] for spot in line]).tolist() for line in lines]
    for index, line in enumerate(lines):
        others = [spot for place, other in enumerate(on_page) if place != index for spot in other]
        for place, (spot, aside) in enumerate(zip(line, beside(on_page[index], others), strict=True)):
            if place in {0, len(line) - 1} or math.isclose(spot[0], 1.0):
                drawing.annotate(
                    f"{spot[0]:g}", spot[1:], aside, textcoords="offset points", ha="center", va="center",
                    fontsize=7.5, color=INK,
                )  # fmt: skip


def _spots(front: Front, axes: Axes) -> Spots:
    keys = (axes.quality, axes.diversity)
    found = [
        (p.temperature, p.scores[keys[0]].value, p.scores[keys[1]].value)
        for p in front.points
        if all(key in p.scores for key in keys)
    ]
    return [spot for spot in found if math.isfinite(spot[1] + spot[2])]


def _means(lines: Sequence[Spots]) -> Spots:
    """A spot at each temperature that any seed has."""
    by_temperature: dict[float, list[tuple[float, float]]] = {}
    for line in lines:
        for temperature, x, y in line:
            by_temperature.setdefault(temperature, []).append((x, y))
    return [
        (temperature, statistics.mean(x for x, _ in spots), statistics.mean(y for _, y in spots))
        for temperature, spots in sorted(by_temperature.items())
    ]


def _looks(run: RunRecord, key: str) -> list[tuple[int, float, float]]:
    """(step, seconds since the game began, score)."""
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

    def draw(axes: Drawn) -> None:
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

    told = "; ".join(
        f"{label} from {numbers.plain(mean[0][1])} to {numbers.plain(mean[-1][1])}"
        for label, mean in means.items()
        if mean
    )
    return figure(title, f"{title}, means over seeds: {told}.", name, draw, size=SIZE)


def _legend(axes: Drawn, lines: int) -> None:
    """Above the frame, where more than two lines would leave it no room within."""
    if lines <= 2:
        axes.legend(frameon=False)
        return
    whole: Any = axes.get_figure(root=True)
    whole.legend(frameon=False, loc="outside upper left", ncols=2, fontsize=7.5)


def _mean_line(seeds: Sequence[Sequence[tuple[int, float, float]]]) -> Series:
    """(seconds, score), means at the steps that every seed was looked at."""
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


def _shared_out(lines: Mapping[str, Any]) -> list[dict[str, Any]]:
    labels = list(lines)
    return [
        {label: lines[label] for label in labels[first : first + AT_MOST]}
        for first in range(0, len(labels), AT_MOST)
    ]


def _style(index: int) -> dict[str, Any]:
    return {"color": COLOURS[index % len(COLOURS)], "linestyle": DASHES[index % len(DASHES)], "lw": 1.5}
