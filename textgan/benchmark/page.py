"""A benchmark as one HTML file: the verdicts, the fronts, the table, the runs, and how it was measured.

Like a run's report, it loads nothing from the network and escapes all text from a corpus or a generator.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from textgan.benchmark import front_figures, game_curves, words
from textgan.benchmark.groups import Group, groups, starts
from textgan.benchmark.planned import BORROWED
from textgan.benchmark.results import Benchmark, Cell
from textgan.benchmark.rows import CorpusTable, corpus_tables
from textgan.benchmark.tables import cost
from textgan.benchmark.verdict import BASELINE
from textgan.errors import Mistake
from textgan.report import numbers
from textgan.report.page import Part, fill, heads, signatures
from textgan.report.reading import read
from textgan.report.record import RunRecord
from textgan.training.folder import write_text

SHOWN = 10  # sentences shown for each recipe
FRONTS = (
    "Horizontal: quality; vertical: diversity. Each axis says which end is better, and the better front lies further "
    "towards both; the star is real text. Dashed: the MLE that each recipe is compared with. Thick: mean over the "
    "seeds; thin: each seed. Numbers are temperatures."
)
SOURCE = (
    "Where the true source is known: source NLL is the NLL of the generated text under it, held-out NLL that of "
    "held-out text under the model at that temperature."
)
Records = dict[str, list[RunRecord]]  # by recipe


def write(benchmark: Benchmark, out: Path) -> Path:
    """Write benchmark.html atomically to the folder `out` and return its path."""
    target = out / "benchmark.html"
    write_text(target, render(benchmark, out))
    return target


def render(benchmark: Benchmark, out: Path = Path()) -> str:
    """The page's HTML; the same benchmark gives the same bytes. out: folder that relative run paths may refer to."""
    tables = corpus_tables(benchmark)
    verdicts = [verdict for table in tables for verdict in table.verdicts]
    failed = [cell for cell in benchmark.cells if cell.failed is not None]
    parts: list[Part] = []
    for place, table in enumerate(tables):
        on = f" on {table.facts.name}" if len(tables) > 1 else ""
        mine = [group for group in groups(benchmark) if group.corpus == table.facts.name]
        parts += _corpus(benchmark, table, mine, on, f"c{place}", out)
    rows = [row for table in tables for row in table.rows]
    keys = sorted({key for table in tables for key in table.keys}, key=numbers.order)
    return fill(
        verb="benchmark",
        files="results.jsonl, table.csv and fronts",
        headline=words.headline(verdicts),
        summary=_summary(benchmark, tables),
        unfinished=[
            *(f"{caution}." for table in tables for caution in words.cautions(table.facts)),
            *(
                [f"{len(failed)} of {len(benchmark.cells)} cells failed; the table says which."]
                * bool(failed)
            ),
        ],
        movements=[words.sentence(verdict) for verdict in verdicts if verdict.word != BASELINE],
        parts=[*parts, _how(benchmark, tables)],
        signatures=signatures(rows, keys),
    )


def _corpus(
    benchmark: Benchmark, table: CorpusTable, mine: Sequence[Group], on: str, slug: str, out: Path
) -> list[Part]:
    records = _records(mine, out)
    by_label = {verdict.label: verdict for verdict in table.verdicts}
    drawn = [
        figure
        for index, group in enumerate(mine)
        if group.plays and group.done
        for figure in front_figures.fronts(group, benchmark, by_label[group.label], f"{slug}-front{index}")
    ]
    captions = [FRONTS, *([SOURCE] if any("source NLL (" in figure.alt for figure in drawn) else [])]
    curves = [f for key in game_curves.OVER_TIME for f in game_curves.over_time(records, key, f"{slug}-time")]
    norms = game_curves.gradients(records, f"{slug}-gradient")
    described = _gradient_lines(mine, records)
    gaps = words.gap_lines(table.verdicts)
    parts = [
        Part(f"Quality and diversity by temperature{on}", captions, drawn) if drawn else None,
        Part(f"{words.GAPS}{on}", lines=gaps) if gaps else None,
        _scores(table, on),
        Part(f"During the game{on}", ["Thick: mean over the seeds; thin: each seed."], curves)
        if curves
        else None,
        Part(
            f"The generator's gradient{on}",
            [
                "Norm before clipping, median over the seeds, by step of adversarial training, on a log scale. In "
                "numbers: the noise of one estimate with the models that the run ended with, relative to the length of "
                "the expected gradient, and the signal per second of one core."
            ],
            norms,
            folded=[("Gradient in numbers", described)],
        )
        if norms or len(described) > 1
        else None,
        _samples(benchmark, mine, on),
    ]
    return [part for part in parts if part is not None]


def _scores(table: CorpusTable, on: str) -> Part:
    cells = [
        [
            ("failed" if line.failed else line.judged, False),
            *((line.shown(key), place in table.marked[key]) for key in table.keys),
            *((text, False) for text in cost(line)),
        ]
        for place, line in enumerate(table.lines)
    ]
    columns = [("verdict", ["gap [95% interval]"]), *heads(table.keys), ("", ["minutes"]), ("", ["updates"])]
    broken = [f"{line.row.label} failed: {line.failed}" for line in table.lines if line.failed]
    return Part(
        f"Scores{on}",
        heads=columns,
        rows=list(zip(table.rows, cells, strict=True)),
        captions=[*table.captions, *broken],
    )


def _samples(benchmark: Benchmark, mine: Sequence[Group], on: str) -> Part | None:
    """A card for MLE and one for each recipe, with sentences of the first seed that has any."""
    own = {cell.run for group in mine if not group.plays for cell in group.cells}
    pairs: list[tuple[str, Sequence[str]]] = []
    for start in starts(benchmark):
        first = next((b for b in start.baselines if b.front.samples and b.run not in own), None)
        if first is not None and mine and start.corpus == mine[0].corpus:
            pairs.append((f"{start.label}, seed {first.seed}", first.front.samples[:SHOWN]))
    for group in mine:
        cell = next((cell for cell in group.done if cell.front is not None and cell.front.samples), None)
        if cell is not None and cell.front is not None:
            pairs.append((f"{group.label}, seed {cell.seed}", cell.front.samples[:SHOWN]))
    return Part(f"Samples{on}", ["Drawn at temperature 1."], pairs=pairs) if pairs else None


def _gradient_lines(mine: Sequence[Group], records: Records) -> list[list[str]]:
    """A line for each recipe: size and spread of its gradient norm, and the measured quality of its estimates."""
    keys = sorted({key for group in mine for cell in group.cells for key in cell.gradient})
    lines = [["recipe", "steps logged", "median norm", "interquartile range / median", *keys]]
    for group in mine:
        values = [value for _, value in game_curves.norms(records.get(group.label, []))]
        measured = [cell.gradient for cell in group.cells if cell.gradient]
        if not values and not measured:
            continue
        middle = statistics.median(values) if values else 0.0
        spread = numbers.MISSING
        if len(values) > 1:
            low, _, high = statistics.quantiles(values, n=4)
            spread = f"{(high - low) / middle:.2f}"
        own = [[gradient[key] for gradient in measured if key in gradient] for key in keys]
        shown = [f"{statistics.mean(found):.4g}" if found else numbers.MISSING for found in own]
        lines.append(
            [group.label, f"{len(values):,}", f"{middle:.4g}" if values else numbers.MISSING, spread, *shown]
        )
    return lines


def _how(benchmark: Benchmark, tables: Sequence[CorpusTable]) -> Part:
    checks = [f"Do train and test come from one distribution? {words.split_check(t.facts)}." for t in tables]
    facts = [[str(name), str(value)] for name, value in benchmark.facts.items()]
    lines = [["run", "command", "commit"]]
    lines += [[_named(cell), cell.command, cell.commit or ""] for cell in benchmark.cells]
    warned = [[_named(cell), text] for cell in benchmark.cells for text in cell.warnings]
    folded: list[tuple[str, Sequence[Sequence[str]]]] = [
        ("Facts", facts),
        ("Commands", lines),
        ("Warnings of the runs", warned),
    ]
    return Part("How it was run", checks, folded=[fold for fold in folded if fold[1]])


def _summary(benchmark: Benchmark, tables: Sequence[CorpusTable]) -> str:
    recipes = len({cell.label for cell in benchmark.cells})
    seeds = sorted({cell.seed for cell in benchmark.cells})
    against = {cell.label: cell.held_against for cell in benchmark.cells if BORROWED in cell.held_against}
    others = "".join(f" {label}: compared with {told}." for label, told in against.items())
    return (
        f"{recipes} recipe{'s' * (recipes != 1)} on {', '.join(table.facts.name for table in tables)}, "
        f"seed{'s' * (len(seeds) != 1)} {', '.join(map(str, seeds))}, budget {benchmark.budget}: each is compared with "
        f"the MLE that it started from, on {benchmark.sentences(table.facts.name for table in tables)} "
        f"sentences at each temperature.{others}"
    )


def _records(mine: Sequence[Group], out: Path) -> Records:
    """The run records by recipe; missing or damaged folders are skipped."""
    records: Records = {}
    for group in mine:
        for cell in group.done if group.plays else ():
            try:
                records.setdefault(group.label, []).append(read(_folder(cell, out)))
            except Mistake:
                continue
    return {label: runs for label, runs in records.items() if runs}


def _folder(cell: Cell, out: Path) -> Path:
    return cell.run if cell.run.exists() else out / cell.run


def _named(cell: Cell) -> str:
    return f"{cell.label}, seed {cell.seed}, {cell.corpus}"
