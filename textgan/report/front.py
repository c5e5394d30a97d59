"""The front of quality and diversity by temperature: the figure, the table, and a page of its own.

A strategy is better than plain MLE only where its whole front is: a single point of it can mostly be had from
MLE by another temperature.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textgan.errors import Mistake
from textgan.points import Sweep
from textgan.report import numbers, page, table
from textgan.report.plots import COLOURS, DASHES, MARKERS
from textgan.report.reading import RunRecord, read
from textgan.report.svg import INK, Figure, figure
from textgan.training.folder import write_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from rich.table import Table

QUALITY, DIVERSITY = "bleu-5", "self-bleu-5"
SIZE = (4.7, 3.4)  # inches
TELLING_FIRST = (  # which columns a narrow terminal keeps
    *(QUALITY, DIVERSITY, "source-nll", "grammaticality", "bleu-4", "self-bleu-4", "bleu-2", "self-bleu-2"),
    *("bleu-3", "self-bleu-3", "nll", "distinct-2"),
)
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


def place(run: Path, out: Path | None = None) -> Path:
    """Where the page goes: `out` (a folder means `front.html` in it), else RUN/front.html. Mistake if it cannot."""
    target = run / "front.html" if out is None else out
    target = target / "front.html" if target.is_dir() else target
    if not target.parent.is_dir():
        raise Mistake(f"--out: {target.parent} is no folder; make it first, or give another path")
    return target


def write(sweep: Sweep, out: Path | None = None) -> Path:
    """Write the page, all of it or nothing, and give its path. Raises Mistake."""
    target = place(sweep.run, out)
    text = render(sweep)
    try:
        write_text(target, text)
    except OSError as error:
        raise Mistake(f"--out: {target} cannot be written ({error.strerror}); give another path") from error
    return target


def render(sweep: Sweep) -> str:
    """The page as text: the figures, the table, how it was scored. The same sweep gives the same bytes."""
    run = read(sweep.run)
    made = rows(sweep, run)
    keys = table.columns(made)
    on = f" on {run.corpus}" if run.corpus else ""
    return page.fill(
        verb="sweep",
        files="sweep.jsonl",
        headline=f"{' and '.join(_fronts(sweep, run))}{on}: quality against diversity by temperature",
        summary=f"Recipe {run.name}: {sweep.samples:,} sentences at each temperature, scored against "
        f"{sweep.against}, seed {sweep.seed}.",
        movements=crossings(sweep, run),
        lead=figures(sweep, run),
        heads=page.heads(keys),
        rows=[(row, page.shown(made, index, keys)) for index, row in enumerate(made)],
        captions=captions(made),
        signatures=page.signatures(made, keys),
    )


def terminal(sweep: Sweep, width: int | None = None) -> Table:
    """The table for rich: real text, then each front by temperature."""
    run = read(sweep.run)
    made = rows(sweep, run)
    return table.lay_out(made, [*crossings(sweep, run), *captions(made)], width, TELLING_FIRST)


def rows(sweep: Sweep, run: RunRecord) -> list[table.Row]:
    """A row a point; `at 0.7` is a temperature."""
    names = {state: name for name, state in _fronts(sweep, run).items()}
    real = next((point.scores for point in sweep.points if point.state == "real"), {})
    folder = run.path.resolve().name
    made = []
    for point in sweep.points:
        state = "real" if point.temperature is None else "after"
        label = "real text" if point.temperature is None else f"{names[point.state]} at {point.temperature:g}"
        made.append(
            table.Row(label, state, run.name, folder, run.corpus, str(sweep.seed), point.scores, real)
        )
    return made


def captions(made: Sequence[table.Row]) -> list[str]:
    """How to read the table."""
    keys = table.columns(made)
    told = ["“At” is the temperature, which divides the logits; 1 is the model as it was trained."]
    if any(table.best(made, key) for key in keys):
        told.append(
            "Marked: among generated rows, BLEU and self-BLEU nearest to real text, the other metrics by their "
            "better end."
        )
    if {"nll", "source-nll"} & set(keys):
        of_model = "; held-out NLL is that of the model at this temperature" if "nll" in keys else ""
        told.append(f"NLL in nats per token, lower is likelier{of_model}.")
    told.append("One seed, the same random numbers at every temperature: a small difference may be chance.")
    return told


def figures(sweep: Sweep, run: RunRecord) -> list[Figure]:
    """Self-BLEU-5 against BLEU-5, and the two likelihoods where the source is known and `nll` was measured."""
    made = [_front(sweep, run, x, y, told) for (x, y), told in FIGURES.items()]
    return [drawn for drawn in made if drawn is not None]


def crossings(sweep: Sweep, run: RunRecord) -> list[str]:
    """BLEU-5 of each front where it is as diverse as real text (self-BLEU-5), between the nearest two points.

    Empty where no front gets there; a front that does not is said so.
    """
    real = _at(sweep, "real", QUALITY, DIVERSITY)
    if not real:
        return []
    _, quality, level = real[0]
    told, found = [], False
    for name, state in _fronts(sweep, run).items():
        front = _at(sweep, state, QUALITY, DIVERSITY)
        crossed = [
            (a, b) for a, b in zip(front, front[1:], strict=False) if (a[2] - level) * (b[2] - level) <= 0
        ]
        if not crossed:
            told.append(f"{name} does not get there")
            continue
        (t1, x1, y1), (t2, x2, y2) = crossed[0]
        share = (level - y1) / (y2 - y1) if y1 != y2 else 0.0
        found = True
        value = numbers.plain(x1 + share * (x2 - x1))
        told.append(f"{name} {value} (temperature about {t1 + share * (t2 - t1):.2f})")
    head = f"BLEU-5 where the text is as diverse as real text (self-BLEU-5 {numbers.plain(level)})"
    return [f"{head}: real text {numbers.plain(quality)}, {', '.join(told)}"] if found else []


def _front(sweep: Sweep, run: RunRecord, x: str, y: str, caption: str) -> Figure | None:
    fronts = {
        name: points for name, state in _fronts(sweep, run).items() if (points := _at(sweep, state, x, y))
    }
    if not fronts:
        return None
    real = _at(sweep, "real", x, y)
    x_name, y_name = numbers.name(x), numbers.name(y)

    def draw(axes: Axes) -> None:
        for index, (name, points) in enumerate(fronts.items()):
            colour = COLOURS[index % len(COLOURS)]
            across, up = [point[1] for point in points], [point[2] for point in points]
            axes.plot(
                across, up, color=colour, linestyle=DASHES[index % len(DASHES)], lw=1.4, markersize=5,
                marker=MARKERS[index % len(MARKERS)], label=name.replace("$", r"\$"),
            )  # fmt: skip
        for _, point_x, point_y in real:
            axes.plot(point_x, point_y, "*", color=INK, markersize=12, label="real text")
        axes.margins(0.08)
        at = axes.transData.transform
        on_page = [at([point[1:] for point in points]).tolist() for points in fronts.values()]
        star = at([point[1:] for point in real]).tolist() if real else []
        for index, points in enumerate(fronts.values()):
            others = star + [spot for k, line in enumerate(on_page) if k != index for spot in line]
            for (temperature, *spot), aside in zip(points, beside(on_page[index], others), strict=True):
                axes.annotate(
                    f"{temperature:g}", (spot[0], spot[1]), aside, textcoords="offset points", ha="center",
                    va="center", fontsize=7.5, color=INK,
                )  # fmt: skip
        axes.set_xlabel(x_name)
        axes.set_ylabel(y_name)
        axes.legend(frameon=False)

    def pair(point: tuple[float, float, float]) -> str:
        return f"{numbers.plain(point[1])}, {numbers.plain(point[2])}"

    told = [
        f"{name} {'; '.join(f'at {p[0]:g} {pair(p)}' for p in points)}" for name, points in fronts.items()
    ]
    told += [f"real text {pair(point)}" for point in real]
    alt = f"{caption} {x_name} and {y_name}: {'. '.join(told)}."
    title = f"{y_name} against {x_name} by temperature"
    return figure(title, alt, f"front-{x}", draw, caption, SIZE)


def beside(line: list[list[float]], others: list[list[float]]) -> list[tuple[float, float]]:
    """Where each point's label goes, from the point: off the line, on the side that is further from the others."""
    made = []
    for index, (x, y) in enumerate(line):
        (x1, y1), (x2, y2) = line[max(0, index - 1)], line[min(len(line) - 1, index + 1)]
        length = math.hypot(x2 - x1, y2 - y1) or 1.0
        across = ((y1 - y2) / length, (x2 - x1) / length) if (x1, y1) != (x2, y2) else (0.0, 1.0)
        if across[1] < 0:
            across = (-across[0], -across[1])  # above the line, unless the others are there

        def room(sign: int, x: float = x, y: float = y, off: tuple[float, float] = across) -> float:
            place = (x + 12 * sign * off[0], y + 12 * sign * off[1])
            return min((math.dist(place, other) for other in others), default=0.0)

        sign = 1 if room(1) >= room(-1) else -1
        made.append((12 * sign * across[0], 9 * sign * across[1]))
    return made


def _at(sweep: Sweep, state: str, x: str, y: str) -> list[tuple[float, float, float]]:
    """(temperature, x, y) of the state's points that have both."""
    found = [
        (point.temperature or 0.0, point.scores[x].value, point.scores[y].value)
        for point in sweep.points
        if point.state == state and x in point.scores and y in point.scores
    ]
    return [point for point in found if math.isfinite(point[1] + point[2])]


def _fronts(sweep: Sweep, run: RunRecord) -> dict[str, str]:
    """Name -> state, in the sweep's order: `MLE` is what the adversarial phase began with."""
    states = dict.fromkeys(point.state for point in sweep.points if point.temperature is not None)
    names = {"pretrained": "MLE", "last": run.strategy, "best": f"{run.strategy} (best)"}
    made = {names.get(state, state): state for state in states}
    return made if len(made) == len(states) else {state: state for state in states}
