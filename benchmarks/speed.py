"""How fast the pieces of a text GAN are: against the classic algorithm, and against the arithmetic itself.

    python benchmarks/speed.py                        # all pieces, at the short size
    python benchmarks/speed.py --size long            # T = 50, V = 10,000
    python benchmarks/speed.py --only seqgan-step --json
    python benchmarks/speed.py --growth growth.png    # how the cost grows with T, V, batch and rollouts
    python benchmarks/speed.py --memory 1000          # peak and drift of the memory of repeated SeqGAN steps

Every figure is a ratio of two times from one run. The classic algorithms are those of tests/strategies/classic.py; the
tests check ours against them. The floor is the time that the counted matrix products would take at the rate of a large
float32 product (2,048 x 2,048), measured in the same run. Either side counts with the best of a few rounds. Where the
classic side repeats one thing (a rollout), it does so `--rounds` times and the time is scaled up; with `--full` it does
all of them. The classic sides run before torch's memory is kept (`textgan/machine/process.py`), as plain torch would.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent))

from pieces import PIECES, SIZES, Piece, Size, seqgan_step  # noqa: E402
from textgan.machine.process import keep_freed_memory  # noqa: E402

GROWTH: dict[str, tuple[int, ...]] = {
    "length": (10, 20, 40),
    "words": (1_000, 5_000, 20_000),
    "batch": (16, 64, 256),
    "rollouts": (1, 4, 16),
}


@dataclass(frozen=True)
class Measured:
    """Seconds of each side, and how they compare."""

    name: str
    size: str
    ratio: float
    floor_ratio: float
    seconds: float
    classic_seconds: float
    floor_seconds: float
    gflop: float
    floor_gflops: float
    threads: int


def best(run: Callable[[], object], rounds: int, warm: bool = True) -> float:
    """Seconds of the quickest of some rounds."""
    if warm:
        run()
    found = []
    for _ in range(rounds):
        begin = time.perf_counter()
        run()
        found.append(time.perf_counter() - begin)
    return min(found)


def floor_rate() -> float:
    """Operations a second of a large float32 product."""
    side = 2_048
    left, right = torch.randn(side, side), torch.randn(side, side)
    return 2 * side**3 / best(lambda: left @ right, 10)


def classic_seconds(piece: Piece) -> float:
    once = best(piece.classic, 1, warm=False)
    return piece.classic_times * (once if once > 5 else min(once, best(piece.classic, 3, warm=False)))


def measure(name: str, size: Size, piece: Piece, classic: float) -> Measured:
    rate = floor_rate()
    seconds = best(piece.ours, 5)
    floor = piece.flop / rate
    return Measured(
        name, size.name, classic / seconds, seconds / floor, seconds, classic, floor, piece.flop / 1e9, rate / 1e9,
        torch.get_num_threads(),
    )  # fmt: skip


def growth(plot: Path) -> None:
    """Seconds of our SeqGAN step as one of its sizes changes and the others stay: a table, and a picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(GROWTH), figsize=(3.2 * len(GROWTH), 3), sharey=True)
    print("| changes | " + " | ".join(["values, seconds"] * 3) + " | grows as the power |")
    print("|---" * 5 + "|")
    for axis, (name, values) in zip(axes, GROWTH.items(), strict=True):
        seconds = []
        for value in values:
            changed: dict[str, Any] = {name: value}
            size = replace(SIZES["short"], **changed)
            seconds.append(best(seqgan_step(size, 1).ours, 3))
        power = math.log(seconds[-1] / seconds[0]) / math.log(values[-1] / values[0])
        cells = (f"{value:,}: {taken:.3g}" for value, taken in zip(values, seconds, strict=True))
        print(f"| {name} | {' | '.join(cells)} | {power:.2f} |", flush=True)
        axis.loglog(values, seconds, "o-")
        axis.set_xlabel(name)
        axis.set_title(f"power {power:.2f}", fontsize=9)
        axis.grid(True, which="both", alpha=0.2)
    axes[0].set_ylabel("seconds a step")
    figure.tight_layout()
    figure.savefig(plot, dpi=120)
    print(f"plot: {plot}")


def memory(steps: int) -> None:
    """Resident memory over repeated SeqGAN steps: 20 at the fixed size, then `steps` at an eighth of its batch."""
    for size, count in ((SIZES["short"], 20), (replace(SIZES["short"], batch=8), steps)):
        step = seqgan_step(size, 1).ours
        for number in range(1, count + 1):
            step()
            if number in (count // 20, count // 2, count):
                held = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
                print(
                    f"batch {size.batch}, step {number:5}: {held:,.0f} MB resident, peak {peak:,.0f} MB",
                    flush=True,
                )


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Speed against the classic algorithm and the arithmetic floor."
    )
    parser.add_argument("--only", choices=PIECES, help="one piece")
    parser.add_argument("--size", choices=[*SIZES, "both"], default="short")
    parser.add_argument("--full", action="store_true", help="the classic side does all its repetitions")
    parser.add_argument(
        "--rounds",
        type=int,
        default=1,
        help="repetitions of the classic side that are timed; the rest is scaled up",
    )
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument(
        "--growth", type=Path, metavar="PNG", help="measure how the cost grows, and plot it to this file"
    )
    parser.add_argument(
        "--memory", type=int, metavar="STEPS", help="measure resident memory over this many steps"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if arguments.growth or arguments.memory:
        keep_freed_memory()
        if arguments.growth:
            growth(arguments.growth)
        if arguments.memory:
            memory(arguments.memory)
        return
    sizes = list(SIZES.values()) if arguments.size == "both" else [SIZES[arguments.size]]
    names = [arguments.only] if arguments.only else list(PIECES)
    pieces = {
        (name, size): PIECES[name](size, None if arguments.full else arguments.rounds)
        for name in names
        for size in sizes
    }
    classic = {key: classic_seconds(piece) for key, piece in pieces.items()}
    keep_freed_memory()  # what runs do; it is for the whole process, so the classic sides come first
    found = []
    print("| piece | size | classic s | ours s | ratio | GFLOP | floor s | ours / floor |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for (name, size), piece in pieces.items():
        row = measure(name, size, piece, classic[name, size])
        found.append(row)
        print(
            f"| {name} | {size.name} | {row.classic_seconds:.3g} | {row.seconds:.3g} | {row.ratio:.1f} "
            f"| {row.gflop:.0f} | {row.floor_seconds:.3g} | {row.floor_ratio:.2f} |",
            flush=True,
        )
    if arguments.json:
        rows = [asdict(row) for row in found]
        print(json.dumps(rows[0] if len(rows) == 1 else {"pieces": rows}))


if __name__ == "__main__":
    main()
