"""An hour of adversarial training, watched from outside: does memory grow, do steps get slower, are files left open?

    python benchmarks/soak.py [--recipe seqgan-short] [--minutes 60] [--warm-up 15] [--every 30] [--out runs/soak]

Trains the recipe with `train.adversarial.minutes` (the warm-up and the minutes together) in one thread. The learning
rates are so small that the text, and with it the work of a step, stays the same. Every so many seconds it reads the
process's resident memory, open files, processor time and steps done. Speed is processor time a step, so that other
work on the machine does not count; it includes the evaluations of the generator (`evaluate.every`) and the
checkpoints. While it warms up, a run meets the shapes of its batches for the first time; only what comes after is
judged, in six windows, and goes to benchmarks/results/soak.jsonl as one line. Reads /proc, so Linux only. A soak that
was stopped starts from the beginning, since it measures one process.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textgan.training.progress import Display

RESULTS = Path(__file__).parent / "results" / "soak.jsonl"
WINDOWS = 6
TICK = os.sysconf("SC_CLK_TCK")
MEBIBYTE = 2**20


@dataclass(frozen=True)
class Look:
    """seconds since the phase began, steps done, processor seconds, resident bytes, open files."""

    seconds: float
    steps: int
    processor: float
    memory: int
    files: int


def look(pid: int, steps: int, seconds: float) -> Look:
    """What /proc says of a process. Raises OSError when it has ended."""
    folder = Path(f"/proc/{pid}")
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    processor = (int(fields[11]) + int(fields[12])) / TICK
    memory = int((folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return Look(seconds, steps, processor, memory, len(list((folder / "fd").iterdir())))


def steps_done(metrics: Path) -> int:
    """Of the adversarial phase, by the log: 0 before it."""
    if not metrics.exists():
        return 0
    for line in reversed(metrics.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        if row.get("phase") == "adversarial" and row["kind"] == "train":
            return int(row["step"])
    return 0


def windows(looks: Sequence[Look], warm_up: float) -> list[dict[str, float]]:
    """Of each sixth, after so many minutes of warming up: median and most memory, processor seconds a step, most files.

    What comes after the last step (the final evaluation, the report) is not the game, and is left out.
    """
    game = [one for one in looks if one.steps < looks[-1].steps]
    after = [one for one in game if one.seconds >= warm_up * 60]
    size = (len(after) - 1) // WINDOWS
    made = []
    for index in range(WINDOWS):
        some = after[index * size : (index + 1) * size + 1]
        first, last = some[0], some[-1]
        made.append(
            {
                "minutes": round(last.seconds / 60, 1),
                "steps": last.steps - first.steps,
                "memory-mb": round(statistics.median(one.memory for one in some) / MEBIBYTE, 1),
                "memory-most-mb": round(max(one.memory for one in some) / MEBIBYTE, 1),
                "processor-s-a-step": round(
                    (last.processor - first.processor) / (last.steps - first.steps), 4
                ),
                "files": max(one.files for one in some),
            }
        )
    return made


def watch(words: Sequence[str], out: Path, every: float, display: Display) -> list[Look]:
    """The looks at one run, from the first step of its game to its end."""
    with out.with_name(f"{out.name}.log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "textgan", *words], stdout=log, stderr=log)
        looks: list[Look] = []
        began = 0.0
        while process.poll() is None:
            time.sleep(every)
            done = steps_done(out / "metrics.jsonl")
            if not done:
                continue
            began = began or time.monotonic()
            try:
                looks.append(look(process.pid, done, time.monotonic() - began))
            except OSError:  # it ended meanwhile
                break
            display.say(
                f"{looks[-1].seconds / 60:.1f} minutes, {done:,} steps, {looks[-1].memory / MEBIBYTE:.0f} MB, "
                f"{looks[-1].files} files"
            )
        if process.wait():
            sys.exit(f"the run ended with {process.returncode}: {out.with_name(f'{out.name}.log')}")
    return looks


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default="seqgan-short")
    parser.add_argument(
        "--minutes", type=float, default=60, help="minutes of the adversarial phase after the warm-up"
    )
    parser.add_argument(
        "--warm-up", type=float, default=15, help="minutes of the adversarial phase before that"
    )
    parser.add_argument("--every", type=float, default=30, help="seconds between measurements")
    parser.add_argument("--out", type=Path, default=Path("runs/soak"))
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    words = [
        *(
            "train",
            options.recipe,
            "budget=demo",
            f"train.adversarial.minutes={options.warm_up + options.minutes:g}",
        ),
        *("train.adversarial.generator.lr=1e-6", "train.adversarial.discriminator.lr=1e-6"),
        *("threads=1", "--out", str(options.out)),
    ]
    looks = watch(words, options.out, options.every, Display())
    found = windows(looks, options.warm_up)
    first, last = found[0], found[-1]
    row = {
        "command": f"textgan {' '.join(words)}",
        "commit": json.loads((options.out / "environment.json").read_text(encoding="utf-8"))["commit"],
        "minutes": round(looks[-1].seconds / 60, 1),
        "steps": looks[-1].steps,
        "warm-up": options.warm_up,
        "memory": round(last["memory-mb"] / first["memory-mb"] - 1, 4),
        "memory-most": round(last["memory-most-mb"] / first["memory-most-mb"] - 1, 4),
        "slower": round(last["processor-s-a-step"] / first["processor-s-a-step"] - 1, 4),
        "files": last["files"] - first["files"],
        "windows": found,
    }
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row, indent=1))


if __name__ == "__main__":
    main()
