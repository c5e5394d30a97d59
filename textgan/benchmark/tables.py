"""A benchmark's table in the terminal, and as markdown, csv and LaTeX files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from textgan.benchmark import words
from textgan.benchmark.gap import HARMED, HELPED
from textgan.benchmark.results import Benchmark
from textgan.benchmark.rows import BEST, SHIFTED, CorpusTable, Line, corpus_tables
from textgan.benchmark.verdict import BASELINE
from textgan.report import numbers, tabular
from textgan.report.printed import header
from textgan.report.tabular import Cell, in_markdown, one_line
from textgan.training.folder import write_text

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

COST = ("minutes", "updates")
FIRST = (
    "bleu-5",
    "self-bleu-5",
    "nll",
    "source-nll",
    "bleu-4",
    "self-bleu-4",
    "grammaticality",
    "distinct-4",
)


def write(benchmark: Benchmark, out: Path) -> list[Path]:
    """Write table.md, table.csv and table.tex to the folder `out`, each atomically; returns their paths."""
    tables = corpus_tables(benchmark)
    made: dict[str, Callable[[Sequence[CorpusTable]], str]] = {"md": markdown, "csv": as_csv, "tex": latex}
    paths = [out / f"table.{form}" for form in made]
    for path, show in zip(paths, made.values(), strict=True):
        write_text(path, show(tables))
    return paths


def terminal(benchmark: Benchmark, width: int | None = None, styled: bool | None = None) -> RenderableType:
    """A rich object: for each corpus the table, then the verdicts in words and how to read them. width: characters, by
    default the terminal's; columns that do not fit are dropped. styled: whether bold is visible; by default only on a
    terminal."""
    from rich.console import Console, Group
    from rich.text import Text

    width = width or Console().width
    styled = Console().is_terminal if styled is None else styled
    parts: list[RenderableType] = []
    for table in corpus_tables(benchmark):
        drawn, left = _drawn(table, width)
        parts.append(drawn)
        sentences = [f"{words.sentence(verdict)}." for verdict in table.verdicts if verdict.word != BASELINE]
        rest = [f"Too narrow for {numbers.names(left)}: the page and table.md have them."] if left else []
        parts += [Text("\n".join(sentences)), Text()]
        if gaps := words.gap_lines(table.verdicts):
            parts += [Text(words.GAPS), *_gaps(gaps)]
        # Without styles, as in a pipe, the mark is invisible, so its caption is dropped.
        captions = [line for line in table.captions if styled or not line.startswith(BEST)]
        parts += [
            Text("\n".join([*captions, *rest]), style="dim"),
            Text(),
        ]
    return Group(*parts)


def markdown(tables: Sequence[CorpusTable]) -> str:
    """A GitHub markdown table for each corpus, the best in bold, the captions below."""
    parts = []
    for table in tables:
        written = tabular.markdown(*_cells(table))
        captions = [f"{words.sentence(verdict)}." for verdict in table.verdicts if verdict.word != BASELINE]
        written += "".join(f"\n- {in_markdown(line)}" for line in captions) + "\n" * bool(captions)
        written += _lines_in_markdown(words.gap_lines(table.verdicts))
        written += "".join(f"\n{in_markdown(caption)}\n" for caption in table.captions)
        parts.append(f"### {in_markdown(table.facts.name)}\n\n{written}")
    return "\n".join(parts)


def as_csv(tables: Sequence[CorpusTable]) -> str:
    """One table for programs: values in full precision, an empty field for what was not measured."""
    keys = sorted({key for table in tables for key in table.keys}, key=numbers.order)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    scores = [name for key in keys for name in (key, f"{key} sd", f"{key} differs")]
    verdict = ("verdict", "gap", "gap low", "gap high", "gap by seed", "verdict note", "failed", "shift auc")
    writer.writerow(["row", "corpus", "recipe", "strategy", "seeds", *scores, *COST, *verdict])
    for table in tables:
        for line in table.lines:
            writer.writerow(_fields(line, table, keys))
    return out.getvalue()


def latex(tables: Sequence[CorpusTable]) -> str:
    """A tabular for each corpus (package booktabs), the best in bold, the captions as comments."""
    return "\n".join(
        f"% {one_line(table.facts.name)}\n{tabular.latex(*_cells(table), table.captions)}" for table in tables
    )


def cost(line: Line) -> list[str]:
    """Minutes and updates, formatted for the table."""
    if line.minutes is None:
        return [numbers.MISSING] * 2
    minutes = "<0.1" if 0 < line.minutes < 0.05 else f"{line.minutes:.1f}"
    return [minutes, f"{line.updates:,.0f}" if line.updates else numbers.MISSING]


def _cells(table: CorpusTable) -> tuple[list[str], str, list[list[Cell]]]:
    """(headings, their alignment, rows)."""
    cells: list[list[Cell]] = [
        [
            (line.row.label, False),
            *((line.shown(key), place in table.marked[key]) for key in table.keys),
            *((text, False) for text in (*cost(line), line.judged)),
        ]
        for place, line in enumerate(table.lines)
    ]
    heads = ["", *map(numbers.name, table.keys), *COST, "verdict: gap [95% interval]"]
    return heads, f"l{'r' * (len(heads) - 2)}l", cells


def _fields(line: Line, table: CorpusTable, keys: Sequence[str]) -> list[str]:
    """The fields of one row, in the order of the headings."""

    def full(value: float | None) -> str:
        return "" if value is None else repr(float(value))

    verdict, fields = line.verdict, [line.row.label.removesuffix(f" {SHIFTED}"), table.facts.name]
    fields += [verdict.recipe, verdict.strategy] if verdict else ["", ""]
    fields.append(" ".join(map(str, line.seeds)))
    for key in keys:
        score = line.row.cells.get(key)
        fields += [full(score.value if score else None), full(line.spread.get(key))]
        fields.append("yes" if key in line.differs else "")
    fields += [full(line.minutes), full(line.updates)]
    gap = verdict.gap if verdict else None
    fields.append(verdict.word if verdict else "")
    if gap is None:
        fields += [""] * 4
    else:
        own = [f"{seed}:{'lost' if value is None else repr(value)}" for seed, value in gap.seeds.items()]
        fields += [full(gap.value), full(gap.low), full(gap.high), " ".join(own)]
    fields.append("; ".join(gap.notes) if gap else verdict.why if verdict else "")
    return [*fields, line.failed, full(table.facts.shift)]


def _drawn(table: CorpusTable, width: int) -> tuple[Table, list[str]]:
    """The table of one corpus, and the scores that did not fit."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    verdicts = [_verdict(line) for line in table.lines]
    label = min(28, max((len(line.row.label) for line in table.lines), default=0))
    room = width - label - max((cell.cell_len for v in verdicts for cell in v.split("\n")), default=0) - 8
    fitting: list[str] = []
    for key in sorted(table.keys, key=lambda key: (FIRST.index(key) if key in FIRST else len(FIRST), key)):
        need = 2 + max(
            [5, *map(len, header(key).split("\n")), *(len(line.shown(key)) for line in table.lines)]
        )
        if need <= room:
            fitting.append(key)
            room -= need
    fitting.sort(key=numbers.order)
    drawn = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title=Text(table.facts.name), title_justify="left")
    drawn.add_column("", max_width=label)
    drawn.add_column("verdict\ngap [95% interval]", no_wrap=True)
    for key in fitting:
        drawn.add_column(Text(header(key)), justify="right", no_wrap=True)
    for place, line in enumerate(table.lines):
        scores = [
            Text(line.shown(key), style="bold" if place in table.marked[key] else "") for key in fitting
        ]
        drawn.add_row(
            Text(line.row.label, style="" if line.row.generated else "italic"), verdicts[place], *scores
        )
    return drawn, [key for key in table.keys if key not in fitting]


def _gaps(lines: Sequence[Sequence[str]]) -> list[Table]:
    """One table for each name in the first column, which becomes its title: 80 characters are too few for it."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    made = []
    for who, rows in groupby(lines[1:], key=lambda line: line[0]):
        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title=Text(who), title_justify="left")
        for head in lines[0][1:]:
            table.add_column(Text(head), no_wrap=head == "gap [95% interval]")
        for row in rows:
            table.add_row(*map(Text, row[1:]))
        made.append(table)
    return made


def _lines_in_markdown(lines: Sequence[Sequence[str]]) -> str:
    """A table under its own caption; empty if there are no lines."""
    if not lines:
        return ""
    heads, *rest = lines
    body = [[(field, False) for field in line] for line in rest]
    return f"\n{words.GAPS}:\n\n{tabular.markdown(heads, 'l' * len(heads), body)}"


def _verdict(line: Line) -> Text:
    """The verdict's word, coloured, and the gap below it."""
    from rich.text import Text

    if line.failed:
        return Text("failed", style="bold red")
    if line.verdict is None:
        return Text("")
    style = {HELPED: "bold green", HARMED: "bold red"}.get(line.verdict.word, "")
    word = Text(line.verdict.word, style=style)
    rest = line.judged.removeprefix(line.verdict.word).strip()
    return word.append(f"\n{rest}", style="") if rest else word
