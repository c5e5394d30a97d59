"""The report: one self-contained HTML file, for one run or for several side by side.

It loads nothing from the network, follows the reader's light or dark setting, and escapes everything that comes from
a corpus or a generator. The same runs give the same bytes: no timestamp, no random id.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any

from textgan.errors import Mistake
from textgan.report import numbers, plots, table
from textgan.report.captions import captions, unscored
from textgan.report.movement import direction_in_words, movements
from textgan.report.reading import read
from textgan.report.record import RunRecord, part_name
from textgan.report.section import section, time_spent
from textgan.report.svg import Figure
from textgan.report.verdict import verdict
from textgan.training.folder import write_text

REPORTED = "evaluation.json and metrics.jsonl"  # the files that a report's numbers come from


@dataclass(frozen=True)
class Part:
    """A part of a page, with a heading, for pages other than the report of runs.

    text: paragraphs. rows: `table.Row` with its cells, under `heads`. lines: a plain table, heading row first, whose
    rows are grouped by their first field. pairs: (heading, sentences). folded: (summary, lines of fields), collapsed
    until the reader opens them.
    """

    title: str
    text: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    heads: Sequence[tuple[str, Sequence[str]]] = ()
    rows: Sequence[tuple[table.Row, Sequence[tuple[str, bool]]]] = ()
    captions: Sequence[str] = ()
    lines: Sequence[Sequence[str]] = ()
    pairs: Sequence[tuple[str, Sequence[str]]] = ()
    folded: Sequence[tuple[str, Sequence[Sequence[str]]]] = ()


def write(runs: Sequence[Path], out: Path | None = None) -> Path:
    """Write the report atomically and return its path: `out` (for a folder, `report.html` in it), else
    RUN/report.html for one run and ./report.html for several. Raises Mistake."""
    if not runs:
        raise Mistake("report: no run given; give one or more run folders")
    records = [read(run) for run in runs]
    target = place(runs[0] / "report.html" if len(runs) == 1 else Path("report.html"), out)
    save(target, render(records))
    return target


def place(usual: Path, out: Path | None) -> Path:
    """Where to write a page: to `out` (if that is a folder, under the usual name), else to `usual`. Mistake without its
    folder."""
    target = out or usual
    if out is not None and out.is_dir():  # RUN/report.html may be a symlink out of the run
        target = out / usual.name
    if not target.parent.is_dir():
        raise Mistake(f"--out: {target.parent} is not a folder; create it first, or give another path")
    return target


def save(target: Path, page: str) -> None:
    """Write a page atomically. Raises Mistake."""
    try:
        write_text(target, page)
    except OSError as error:
        raise Mistake(f"--out: {target} cannot be written ({error.strerror}); give another path") from error


def render(runs: Sequence[RunRecord]) -> str:
    """The page's HTML."""
    many = len(runs) > 1
    rows = table.rows(runs)
    keys = table.columns(rows)
    return fill(
        headline=headline(runs),
        summary=summary(runs[0]) if not many else _summary_of_many(runs),
        unfinished=unscored(runs),
        heads=heads(keys),
        rows=[(row, shown(rows, place, keys)) for place, row in enumerate(rows)],
        captions=captions(runs),
        verdicts=[_named(run, runs) + verdict(run) for run in runs],
        # A single run's headline already gives the direction in words, as does each verdict that rests on it.
        movements=movements(runs, concluded=many),
        figures=[
            *filter(None, [plots.quality_and_diversity(runs)]),
            *plots.scores_over_time(runs),
        ],
        signatures=signatures(rows, keys),
        sections=[
            section(run, f"run{index + 1}", plots.colour(index) if many else None)
            for index, run in enumerate(runs)
        ],
        many=many,
    )


def fill(**values: Any) -> str:
    """The page's template filled with these values; those of a report's sections may be omitted.

    The content security policy allows only the page's own script, by its hash. So even if escaping failed, generated
    text would not be executed.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    surroundings = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(_file),
    )
    surroundings.filters["plain"] = numbers.plain
    surroundings.filters["by_first"] = _by_first
    script = _file("sort.js")
    digest = b64encode(sha256(script.encode()).digest()).decode()
    empty: dict[str, Any] = {"unfinished": [], "movements": [], "figures": [], "lead": [], "sections": []}
    empty |= {"parts": [], "heads": [], "rows": [], "captions": [], "signatures": [], "verdicts": []}
    empty |= {"many": True, "verb": "report", "files": REPORTED, "script": Markup(script)}
    empty |= {"script_hash": f"sha256-{digest}", "style": Markup(_file("page.css"))}
    return surroundings.get_template("page.html.jinja").render({**empty, **values})


def _by_first(lines: Sequence[Sequence[str]]) -> list[tuple[str, list[Sequence[str]]]]:
    """Adjacent lines with the same first field, grouped as (that field, the remaining fields of each line)."""
    return [(first, [line[1:] for line in some]) for first, some in groupby(lines, key=lambda line: line[0])]


def _file(name: str) -> str:
    return files("textgan.report").joinpath(name).read_text("utf-8")


def headline(runs: Sequence[RunRecord]) -> str:
    """What was trained, on what, and how the adversarial phase changed it: `reinforce on captions: …`."""
    on = " and ".join(sorted({run.corpus for run in runs if run.corpus}))
    names = list(dict.fromkeys(run.strategy for run in runs))
    what = ", ".join(names) + (f" on {on}" if on else "")
    if len(runs) > 1:
        return what
    run = runs[0]
    if not run.finished:
        return f"{what}: still running"
    if "before" in run.rows and "after" in run.rows:
        return f"{what}: {direction_in_words(run.rows['before'], run.rows['after'])}"
    return what


def summary(run: RunRecord) -> str:
    """One sentence: generator, discriminator, corpus, seed, and how long training took."""
    parts = {
        part: part_name(run.recipe, part) for part in ("generator", "discriminator", "objective", "strategy")
    }
    text = f"Recipe {run.name}"
    if parts["generator"]:
        text += f": generator {parts['generator']}"
    if run.strategy != "MLE" and parts["discriminator"]:
        text += f" against discriminator {parts['discriminator']}"
        text += f", objective {parts['objective']}" if parts["objective"] else ""
    if run.seed:
        text += f", seed {run.seed}"
    text += "."
    total, by_phase = time_spent(run)
    if total:
        text += f" Training took {total}" + (f" ({by_phase})." if "," in by_phase else ".")
    if "before" in run.rows and "after" in run.rows:
        text += " “Before” is the generator when the adversarial phase began, “after” when it ended."
    return text


def _named(run: RunRecord, runs: Sequence[RunRecord]) -> str:
    """Prefix for a sentence about one of several runs."""
    if len(runs) == 1:
        return ""
    same = [other for other in runs if other.strategy == run.strategy]
    return f"{run.strategy}{'' if len(same) == 1 else f' ({run.path.resolve().name})'}: "


def _summary_of_many(runs: Sequence[RunRecord]) -> str:
    seeds = sorted({run.seed for run in runs if run.seed})
    return f"{len(runs)} runs side by side" + (f", seed {', '.join(seeds)}." if seeds else ".")


def heads(keys: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The two-line heading: (family, its orders), or the name split in two if it has no orders: ("source", ["NLL"])."""
    heads: list[tuple[str, list[str]]] = []
    for key in keys:
        stem, order = numbers.family(key)
        above, below = numbers.name(stem), order
        if not order:
            above, _, below = above.rpartition(" ")
        if order and heads and heads[-1][0] == above:
            heads[-1][1].append(below)
        else:
            heads.append((above, [below]))
    return heads


def shown(rows: Sequence[table.Row], place: int, keys: Sequence[str]) -> list[tuple[str, bool]]:
    """A row's cells: (the formatted number, whether it is marked as the best)."""
    cells = rows[place].cells
    return [(numbers.number(key, cells.get(key)), place in table.best(rows, key)) for key in keys]


def signatures(rows: Sequence[table.Row], keys: Sequence[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """For each metric its signatures and the rows that have each; usually all rows share one signature."""
    lines = []
    for key in keys:
        by_signature: dict[str, list[str]] = {}
        for row in rows:
            if key in row.cells:
                by_signature.setdefault(row.cells[key].signature or "no signature", []).append(row.label)
        alone = len(by_signature) == 1
        lines.append(
            (
                numbers.name(key),
                [(text, "" if alone else "; ".join(who)) for text, who in by_signature.items()],
            )
        )
    return lines
