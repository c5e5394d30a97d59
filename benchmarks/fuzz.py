"""Does every command end in success or in one clear line, whatever it is given?

    python benchmarks/fuzz.py [--cases 3000] [--seed 1] [--only recipes corpora folders] [--out FILE] [--json]

Cases are drawn by hypothesis and tried in this process, in a folder of their own (see `fuzzing.trial`). Faults that
come from the same place in the code are reported once, with the case that showed them. --json prints one line for each
instead of the table. --out also writes those lines to a file, with a last line of counts. Exits with 1 if there is a
fault.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from hypothesis.internal.conjecture.engine import ConjectureRunner

from fuzzing import small
from fuzzing.drawing import KINDS, each
from fuzzing.trial import Case, Ground, Outcome, as_line, little_memory
from textgan.training.progress import Display

# Hypothesis follows every case up with near copies of it, which help it to find one kind of fault and not to find many.
ConjectureRunner.generate_mutations_from = lambda self, data: None  # type: ignore[method-assign]


def play(
    kind: str, count: int, number: int, ground: Ground, display: Display
) -> tuple[Counter[str], dict[str, str]]:
    """(cases by how they ended, the line of the first case of each fault by where it comes from)."""
    ends: Counter[str] = Counter()
    slow: Counter[str] = Counter()
    faults: dict[str, str] = {}
    told = time.monotonic()

    def case(drawn: Case) -> None:
        nonlocal told
        outcome = ground.trial(drawn)
        ends[_end(outcome)] += 1
        if outcome.stopped:
            slow[outcome.stopped] += 1
        if outcome.fault:
            if outcome.where not in faults:
                display.say(f"{kind}: {outcome.fault[:300]}\n    {outcome.where}")
                faults[outcome.where] = as_line(drawn, outcome)
            ends[f"fault: {outcome.where}"] += 1
        if time.monotonic() - told > 20:
            told = time.monotonic()
            display.say(
                f"{kind}: {sum(v for k, v in ends.items() if not k.startswith('fault:')):,} of {count:,}"
            )

    each(kind, small.RUNS, count, number, case)
    if slow:
        display.say(
            f"{kind}: took long in {', '.join(f'{where} ({count})' for where, count in slow.most_common())}"
        )
    return ends, faults


def _end(outcome: Outcome) -> str:
    if outcome.fault:
        return "fault"
    if outcome.code == 2 and not outcome.stopped:
        return "one line, exit 2"
    return "took long, stopped when asked" if outcome.stopped else "success"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=3000, help="in all, shared among the kinds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=tuple(KINDS), default=list(KINDS))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    display = Display()
    rows: list[dict[str, Any]] = []
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        ground = Ground(Path(folder))
        display.say("honest runs, to be damaged")
        small.prepare(ground.runs)
        with little_memory():
            for kind in asked.only:
                began = time.monotonic()
                ends, faults = play(kind, asked.cases // len(asked.only), asked.seed, ground, display)
                counts = {end: count for end, count in ends.items() if not end.startswith("fault:")}
                lines += faults.values()
                minutes = (time.monotonic() - began) / 60
                rows.append(
                    {
                        "kind": kind,
                        "seed": asked.seed,
                        "cases": sum(counts.values()),
                        "minutes": round(minutes, 1),
                    }
                    | counts
                )
                lines.append(json.dumps(rows[-1]))
                if asked.out is not None:  # as far as it is, since this takes long
                    asked.out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    if asked.json:
        print("\n".join(lines))
    else:
        for row in rows:
            print(", ".join(f"{key} {value}" for key, value in row.items()))
    return int(any("fault" in row for row in rows))


if __name__ == "__main__":
    sys.exit(main())
