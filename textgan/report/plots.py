"""The report's figures: generator and discriminator curves, quality against diversity, scores over time.

Colours are Okabe and Ito's colour-blind-safe palette, and never the only distinction: lines also differ in dashes,
points in shape. Axes and labels use the page's text colour, so they are readable in light and dark mode.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textgan.report import numbers
from textgan.report.log import Curve
from textgan.report.record import RunRecord
from textgan.report.svg import COLOURS as COLOURS
from textgan.report.svg import INK, Figure, figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P")
PANELS = {  # title -> logged quantities and their line names
    "Likelihood (nats per token)": {"loss": "train", "nll-validation": "validation"},
    "Losses of generator and discriminator": {"g-loss": "generator", "d-loss": "discriminator"},
    "Discriminator: pairs ranked correctly": {
        "d-accuracy-train": "real, in train",
        "d-accuracy-heldout": "real, held out",
        "d-accuracy-fake": "generated",
    },
    "Value V(D,G)": {"value": "V(D,G)"},
    "Implied Jensen–Shannon divergence": {"jsd": "(V + log 4) / 2"},
    "Wasserstein distance (estimate)": {"wasserstein": "estimate"},
    "Mean reward of the generator": {"reward": "reward"},
    "Entropy of the policy (nats per token)": {"entropy": "entropy"},
    "Share of distinct sentences": {"distinct": "distinct"},
    "Gradient norms": {"g-grad-norm": "generator", "d-grad-norm": "discriminator"},
}
BRIEFLY = {"mle": "MLE", "discriminator": "D only"}  # short phase names for the narrow band above a figure
OVER_TIME = ("bleu-4", "self-bleu-4", "nll", "source-nll", "grammaticality")


def training_curves(run: RunRecord, name: str = "run", colours: Sequence[str] = COLOURS) -> list[Figure]:
    """Curves of generator and discriminator over the run, one panel for each unit, with the phases marked.

    name: unique on the page. colours: cycled over a panel's lines.
    """
    figures: list[Figure] = []
    for title, lines in PANELS.items():
        drawn = {label: run.curves[key] for key, label in lines.items() if key in run.curves}
        drawn = {label: curve for label, curve in drawn.items() if any(map(math.isfinite, curve.values))}
        if drawn:
            figures.append(_curves(title, drawn, run, f"{name}-{len(figures)}", colours))
    return figures


def quality_and_diversity(runs: Sequence[RunRecord]) -> Figure | None:
    """BLEU-4 against self-BLEU-4: a point for real text, and an arrow from before to after for each run."""
    x_key, y_key = "bleu-4", "self-bleu-4"
    points: dict[tuple[float, float, str], tuple[str, int]] = {}
    arrows: list[tuple[tuple[float, float], tuple[float, float], int]] = []
    for index, run in enumerate(runs):
        at = {
            state: (row[x_key].value, row[y_key].value)
            for state, row in run.rows.items()
            if x_key in row and y_key in row and math.isfinite(row[x_key].value + row[y_key].value)
        }
        labels = {"real": "real text", "before": run.start, "after": _short(run, runs)}
        for state in ("real", "before", "after"):
            if state in at:
                points.setdefault((*at[state], state), (labels[state], index))
        if "before" in at and "after" in at:
            arrows.append((at["before"], at["after"], index))
    if not points:
        return None

    def draw(axes: Axes) -> None:
        for start, end, index in arrows:
            line = {"arrowstyle": "->", "color": colour(index), "shrinkA": 4, "shrinkB": 5, "lw": 1.4}
            axes.annotate("", xy=end, xytext=start, arrowprops=line)
        named: set[str] = set()
        for (x, y, state), (label, index) in points.items():
            shade = INK if state != "after" else colour(index)
            marker = {"real": "*", "before": "o"}.get(state, MARKERS[index % len(MARKERS)])
            axes.plot(
                x, y, marker, color=shade, markersize=11 if state == "real" else 7,
                markerfacecolor="none" if state == "before" else shade,
                label=None if label in named else literal(label),
            )  # fmt: skip
            named.add(label)
        axes.margins(0.12)
        axes.set_xlabel("BLEU-4")
        axes.set_ylabel("self-BLEU-4")
        whole: Any = axes.get_figure(root=True)
        whole.legend(frameon=False, loc="outside upper left", ncols=2)

    described = "; ".join(
        f"{label}: BLEU-4 {numbers.plain(x)}, self-BLEU-4 {numbers.plain(y)}"
        for (x, y, _), (label, _) in points.items()
    )
    caption = "Right: more n-grams of held-out text. Up: less diverse. Best is nearest to real text."
    return figure("Quality against diversity", f"{caption} {described}.", "scatter", draw, caption=caption)


def scores_over_time(runs: Sequence[RunRecord]) -> list[Figure]:
    """The evaluations during training: a figure for each metric, a line for each run, real text dotted."""
    figures = []
    for key in OVER_TIME:
        lines = []
        for index, run in enumerate(runs):
            at = [(e.seconds, e.scores[key].value) for e in run.evaluations if key in e.scores]
            if len(at) > 1:
                lines.append((index, run, at))
        if lines:
            figures.append(_score_figure(key, lines, runs, f"scores-{key}"))
    return figures


def _curves(title: str, drawn: dict[str, Curve], run: RunRecord, name: str, colours: Sequence[str]) -> Figure:
    end = max(curve.seconds[-1] for curve in drawn.values())
    start = min(curve.seconds[0] for curve in drawn.values())
    unit, word = time_unit(end)

    def draw(axes: Axes) -> None:
        for index, (label, curve) in enumerate(drawn.items()):
            x = [second / unit for second in curve.seconds]
            style: dict[str, Any] = {
                "color": colours[index % len(colours)],
                "linestyle": DASHES[index % len(DASHES)],
                "lw": 1.5,
            }
            marker = "o" if len(x) < 3 else None
            axes.plot(x, curve.values, label=label, marker=marker, markersize=3.5, **style)
        calm(axes)
        if title.startswith("Discriminator"):
            axes.set_ylim(-0.03, 1.03)
        _mark_phases(axes, run, start, end, unit)
        axes.set_xlabel(word)
        if len(drawn) > 1:
            axes.legend(frameon=False)

    lasts = {label: [v for v in curve.values if math.isfinite(v)][-1] for label, curve in drawn.items()}
    described = ", ".join(f"{label} ends at {numbers.plain(last)}" for label, last in lasts.items())
    return figure(title, f"{title} over time: {described}.", name, draw)


def _score_figure(
    key: str,
    lines: Sequence[tuple[int, RunRecord, list[tuple[float, float]]]],
    runs: Sequence[RunRecord],
    name: str,
) -> Figure:
    end = max(at[-1][0] for _, _, at in lines)
    unit, word = time_unit(end)
    reals = {real for _, run, _ in lines if (real := _real_level(run, key)) is not None}

    def draw(axes: Axes) -> None:
        for index, run, at in lines:
            x, y = zip(*at, strict=True)
            marker = MARKERS[index % len(MARKERS)]
            label = literal(_short(run, runs))
            style: dict[str, Any] = {
                "color": colour(index),
                "linestyle": DASHES[index % len(DASHES)],
                "lw": 1.5,
            }
            axes.plot([s / unit for s in x], y, marker=marker, markersize=3.5, label=label, **style)
        for place, real in enumerate(sorted(reals)):
            axes.axhline(real, color=INK, linestyle=":", lw=1.2, label=None if place else "real text")
        calm(axes)
        if len(lines) == 1:
            _mark_phases(axes, lines[0][1], lines[0][2][0][0], end, unit)
        axes.set_xlabel(word)
        if len(lines) > 1 or reals:
            axes.legend(frameon=False)

    described = "; ".join(
        f"{_short(run, runs)} from {numbers.plain(at[0][1])} to {numbers.plain(at[-1][1])}"
        for _, run, at in lines
    )
    real_told = "".join(f"; real text {numbers.plain(real)}" for real in sorted(reals))
    title = f"{numbers.name(key)} during training"
    return figure(title, f"{title}: {described}{real_told}.", name, draw)


def _real_level(run: RunRecord, key: str) -> float | None:
    """Real text's score, if measured on as many sentences as the evaluations: self-BLEU depends on their number."""
    real = run.rows.get("real", {}).get(key)
    signatures = {e.scores[key].signature for e in run.evaluations if key in e.scores}
    return real.value if real and signatures == {real.signature} and math.isfinite(real.value) else None


def calm(axes: Axes, ways: str = "y") -> None:
    """Widen the axis range to at least 2% of the values, so that tiny changes look tiny. ways: "y" or "xy"."""
    for way in ways:
        low, high = getattr(axes, f"get_{way}lim")()
        missing = 0.02 * max(abs(low), abs(high), 0.1) - (high - low)
        if missing > 0:
            getattr(axes, f"set_{way}lim")(low - missing / 2, high + missing / 2)


def _mark_phases(axes: Axes, run: RunRecord, start: float, end: float, unit: float) -> None:
    """A thin line where each phase begins, its name above the frame; if two names overlap, the longer phase's."""
    if start < end:
        axes.set_xlim(right=end / unit + (end - start) / unit * 0.03)
    starts = [(phase, second) for phase, second in run.phase_starts if second < end]
    width = (end - start) or 1.0
    spans = []  # (duration of the phase, start and end of its label as shares of the axis, its name, where it begins)
    for place, (phase, second) in enumerate(starts):
        until = starts[place + 1][1] if place + 1 < len(starts) else end
        if until <= start:
            continue
        if second > start:
            axes.axvline(second / unit, color=INK, lw=0.7, alpha=0.5)
        left, word = max(second, start), BRIEFLY.get(phase, phase)
        share = (left - start) / width
        spans.append((until - left, share, share + 0.024 * (len(word) + 1), word, left))
    named: list[tuple[float, float]] = []
    for _, begins, ends, word, left in sorted(spans, reverse=True):
        if begins < 0.8 and all(ends <= other[0] or other[1] <= begins for other in named):
            named.append((begins, ends))
            above = axes.get_xaxis_transform()
            axes.text(left / unit, 1.02, literal(word), transform=above, fontsize=7.5, color=INK, alpha=0.75)


def time_unit(seconds: float) -> tuple[float, str]:
    for unit, word in ((3600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2 * unit:
            return unit, word
    return 1.0, "seconds"


def _short(run: RunRecord, runs: Sequence[RunRecord]) -> str:
    """A name for the legend: the strategy, plus the folder if two runs share the strategy."""
    same = [other for other in runs if other.strategy == run.strategy]
    return run.strategy if len(same) == 1 else f"{run.strategy}, {run.path.resolve().name}"


def literal(label: str) -> str:
    """The label, shown literally: matplotlib reads `$` as math and hides labels that begin with `_`."""
    return label.replace("$", r"\$") if not label.startswith("_") else f" {label}"


def colour(index: int) -> str:
    """Colour of the run at this position among several."""
    return COLOURS[index % len(COLOURS)]
