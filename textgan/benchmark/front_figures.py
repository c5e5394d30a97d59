"""Figures of a benchmark's fronts, quality against diversity by temperature, each with MLE's in the background."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textgan.benchmark.gap import ALL, SOURCE, TEXT, Axes
from textgan.benchmark.groups import DRAWN_ALIKE, Group, baselines, controls
from textgan.benchmark.results import Benchmark, CorpusFacts, Front
from textgan.benchmark.verdict import Verdict
from textgan.report import numbers, temperatures
from textgan.report.fronts import BEGUN
from textgan.report.plots import COLOURS, DASHES, MARKERS, calm, literal
from textgan.report.svg import INK, Figure, figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Drawn

SIZE = (3.9, 2.9)  # inches, for all figures of the page

STYLES: dict[str, dict[str, Any]] = {
    "MLE": BEGUN,
    DRAWN_ALIKE: {"color": COLOURS[1], "linestyle": DASHES[2], "marker": MARKERS[2]},
}
"""Line style of the baseline's front."""

Spots = list[tuple[float, float, float]]  # (temperature, x, y)


def fronts(group: Group, benchmark: Benchmark, verdict: Verdict, name: str) -> list[Figure]:
    """The recipe's front over MLE's: means over seeds as thick lines, single seeds thin. The title has the verdict."""
    facts = benchmark.corpora.get(group.corpus, CorpusFacts(group.corpus, {}))
    mine = [cell.front for cell in group.done if cell.front is not None]
    base = [baseline.front for baseline in baselines(group, benchmark.baselines).values()]
    alike = [control.front for control in controls(group, benchmark.baselines).values()]
    figures = [
        _front(
            {"MLE": base, DRAWN_ALIKE: alike, group.label: mine},
            facts,
            axes,
            _title(verdict, axes),
            f"{name}-{axes.quality}-{axes.diversity}",
        )
        for axes in ALL
    ]
    return [drawn for drawn in figures if drawn is not None]


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
                marker = style["marker"] if len(line) == 1 else ""  # a line cannot show a single point
                drawing.plot(x, y, color=style["color"], lw=0.7, alpha=0.35, marker=marker, markersize=3)
            x, y = [spot[1] for spot in mean], [spot[2] for spot in mean]
            drawing.plot(x, y, lw=1.5, markersize=4.5, label=literal(label), zorder=3 + index, **style)
        if len(star) == 2:
            drawing.plot(*star, "*", color=INK, markersize=11, label="real text")
        drawing.margins(0.1)
        calm(drawing, "xy")
        temperatures.label(drawing, list(means.values()), [star] if len(star) == 2 else [], _telling)
        drawing.set_xlabel(across)
        drawing.set_ylabel(up)
        drawing.legend(frameon=False)

    described = [
        f"{label} {'; '.join(f'at {t:g} {numbers.plain(x)}, {numbers.plain(y)}' for t, x, y in mean)}"
        for label, mean in means.items()
    ]
    described += [f"real text {', '.join(map(numbers.plain, star))}"] if len(star) == 2 else []
    described.insert(0, f"{across} and {up}, means over seeds")
    return figure(title, f"{title}. {'. '.join(described)}.", name, draw, size=SIZE)


def _title(verdict: Verdict, axes: Axes) -> str:
    """`gumbel: helped +.028`; of other axes than BLEU's, `gumbel, by MAUVE at equal distinct-4: helped +.1`."""
    of_asked = f", by {numbers.name(axes.quality)} at equal {numbers.name(axes.diversity)}"
    by = {TEXT: "", SOURCE: ", by likelihood"}.get(axes, of_asked)
    gap = next((gap for gap in verdict.gaps if gap.axes == axes), None)
    if gap is None:
        return f"{verdict.label}{by}: {verdict.word}"
    value = "" if gap.value is None else f" {numbers.signed(gap.value)}"
    return f"{verdict.label}{by}: {gap.word}{value}" + (f", {gap.lost}" if value and gap.lost else "")


def _telling(line: Sequence[tuple[float, float, float]], place: int) -> bool:
    """Whether to label a point: only the ends and temperature 1, since small figures have room for few labels."""
    return place in {0, len(line) - 1} or math.isclose(line[place][0], 1.0)


def _spots(front: Front, axes: Axes) -> Spots:
    keys = (axes.quality, axes.diversity)
    found = [
        (p.temperature, p.scores[keys[0]].value, p.scores[keys[1]].value)
        for p in front.points
        if all(key in p.scores for key in keys)
    ]
    return [spot for spot in found if math.isfinite(spot[1] + spot[2])]


def _means(lines: Sequence[Spots]) -> Spots:
    """The mean over seeds at each temperature that any seed has."""
    by_temperature: dict[float, list[tuple[float, float]]] = {}
    for line in lines:
        for temperature, x, y in line:
            by_temperature.setdefault(temperature, []).append((x, y))
    return [
        (temperature, statistics.mean(x for x, _ in spots), statistics.mean(y for _, y in spots))
        for temperature, spots in sorted(by_temperature.items())
    ]
