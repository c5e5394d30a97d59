"""Published tables, each as one command: our value, the published one, what counts as reproduced, and a verdict.

    TEXTGAN_DATA=... python benchmarks/papers.py N [N ...] [--seeds 1 2 3] [--jobs 2] [--out runs/papers]
    python benchmarks/papers.py --table [N ...]      # print what was measured before, run nothing
    python benchmarks/papers.py 3 5 --smoke          # tiny budgets, nothing kept: does a table run to its end?

1 released samples of Texygen, 2 entropy of the oracle, 3 MLE and 4 MLE by temperature on the oracle, 5 SeqGAN on the
oracle, 6 MLE and SeqGAN on coco, 7 RelGAN on coco, 8 CoT against MLE, 9 rejection against temperature, 10 few labels.
A cell is one run with one seed. It is kept in benchmarks/results/papers.jsonl as soon as it is done and is not run
again (delete its line to repeat it); a training run that was stopped is resumed. A verdict needs the table's seeds:
three for 3, 5, 6 and 10, one for the others. Mean ± standard deviation over seeds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

from paper_tables.captions import TABLE_1, TABLE_6, TABLE_7
from paper_tables.cooler import TABLE_9
from paper_tables.judging import overall
from paper_tables.labels import TABLE_10
from paper_tables.oracle import TABLE_2, TABLE_3, TABLE_4
from paper_tables.oracle_games import TABLE_5, TABLE_8
from paper_tables.running import BENCHMARKS, Cell, Failed, Found, Setting, Table, identity, work
from textgan.training.folder import write_text
from textgan.training.progress import Display

Row = dict[str, Any]
RESULTS = BENCHMARKS / "results" / "papers.jsonl"
LISTED = (TABLE_1, TABLE_2, TABLE_3, TABLE_4, TABLE_5, TABLE_6, TABLE_7, TABLE_8, TABLE_9, TABLE_10)
TABLES = {table.number: table for table in LISTED}


class Results:
    """The rows of finished cells, as JSON lines; written whole after each."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.lock = Lock()
        self.rows: list[Row] = []
        if path is not None and path.exists():
            self.rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def find(self, wanted: Row) -> Row | None:
        return next((row for row in self.rows if wanted.items() <= row.items()), None)

    def keep(self, row: Row) -> None:
        """In place of an older row of the same cell and seed. Rows that another process kept meanwhile stay."""
        same = ("table", "cell", "seed")
        with self.lock:
            others = self.rows if self.path is None else Results(self.path).rows
            self.rows = [old for old in others if any(old[key] != row[key] for key in same)] + [row]
            self.rows.sort(key=lambda kept: [kept[key] for key in same])
            if self.path is not None:
                self.path.parent.mkdir(exist_ok=True)
                write_text(
                    self.path, "".join(json.dumps(kept, ensure_ascii=False) + "\n" for kept in self.rows)
                )


def cells(tables: Sequence[Table], seeds: Sequence[int] | None) -> list[tuple[Table, Cell, int]]:
    """What there is to do, in the order in which it is begun."""
    todo = []
    for table in tables:
        asked = list(seeds or range(1, table.seeds + 1))
        for cell in table.cells:
            todo += [(table, cell, seed) for seed in ([1] if cell.once else asked)]
    return todo


def run(
    todo: Sequence[tuple[Table, Cell, int]], setting: Setting, results: Results, jobs: int, display: Display
) -> list[str]:
    """All cells, `jobs` at a time; returns what failed, a line each. A cell that fails does not stop the others."""

    def one(job: tuple[Table, Cell, int]) -> str:
        table, cell, seed = job
        name = f"table {table.number}, {cell.name}, seed {seed}"
        mine = replace(setting, seed=seed)
        if results.find(identity(table, cell, mine)):
            display.say(f"{name}: kept from before")
            return ""
        display.say(f"{name}: begins")
        try:
            row = work(table, cell, mine)
        except Failed as failed:
            display.say(f"{name}: failed: {failed}")
            return f"{name}: {failed}"
        results.keep(row)
        display.say(f"{name}: done, {row['minutes']:.1f} minutes")
        return ""

    with ThreadPoolExecutor(jobs) as pool:
        return [failed for failed in pool.map(one, todo) if failed]


def markdown(table: Table, rows: Sequence[Row]) -> str:
    """A table's verdict, its figures, and how each cell was made."""
    mine = [row for row in rows if row["table"] == table.number]
    figures = table.rows(Found(mine))
    lines = [
        f"### Table {table.number}. {table.title}: {overall(figures)}",
        "",
        f"Published: {table.source}. Ours: {table.protocol}. Split: {table.split}.",
        "",
        "| | ours | published | counts as reproduced | verdict |",
        "|---|---|---|---|---|",
        *("| " + " | ".join(row.cells()) + " |" for row in figures),
    ]
    if mine:
        lines += ["", "| cell | minutes by seed | commit | commands of the first seed |", "|---|---|---|---|"]
    for cell in table.cells:
        made = [row for row in mine if row["cell"] == cell.name]
        if made:
            minutes = ", ".join(f"{row['seed']}: {row['minutes']:.1f}" for row in made)
            commits = ", ".join(dict.fromkeys(str(row["commit"]) for row in made))
            commands = "; ".join(f"`{command}`" for command in made[0]["commands"])
            lines.append(f"| {cell.name} | {minutes} | {commits} | {commands} |")
    warned = dict.fromkeys(warning for row in mine for warning in row["warnings"])
    return "\n".join([*lines, *(["", *(f"- warning: {line}" for line in warned)] if warned else [])])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "tables", type=int, nargs="*", choices=[*TABLES, []], metavar="N", help="tables, 1 to 10"
    )
    parser.add_argument("--seeds", type=int, nargs="+", help="default: as many seeds as a verdict needs")
    parser.add_argument("--jobs", type=int, default=2, help="cells run at the same time, one thread each")
    parser.add_argument("--out", type=Path, help="where the run folders go; default: runs/papers")
    parser.add_argument("--table", action="store_true", help="print what was measured before, run nothing")
    parser.add_argument("--smoke", action="store_true", help="tiny budgets, nothing kept")
    options = parser.parse_args()
    tables = [TABLES[number] for number in options.tables or (TABLES if options.table else ())]
    if not tables:
        parser.error("which table? Give numbers from 1 to 10, or --table")
    if options.table:
        print("\n\n".join(markdown(table, Results(RESULTS).rows) for table in tables))
        return
    out = options.out or Path("runs/papers-smoke" if options.smoke else "runs/papers")
    out.mkdir(parents=True, exist_ok=True)
    display, results = Display(), Results(None if options.smoke else RESULTS)
    seeds = options.seeds or ([1] if options.smoke else None)
    setting = Setting(out, smoke=options.smoke, say=display.say)
    failed = run(cells(tables, seeds), setting, results, options.jobs, display)
    print("\n\n".join(markdown(table, results.rows) for table in tables))
    if failed:
        sys.exit("\n".join(f"failed: {line}" for line in failed))


if __name__ == "__main__":
    main()
