"""How training scales: over processes, and with the corpus, the vocabulary, the length and the batch.

    python benchmarks/scale.py [--only exact speed corpus vocabulary length batch] [--json] [--small]
                               [--folder FOLDER] [--sentences N ...]

Every row is measured in a process of its own, with one thread. Rows go to benchmarks/results/scale.jsonl (not with
--small, which only shows that everything runs); those of the parts that are not asked for stay as they are. The
corpora consist of words drawn by Zipf's law; the largest has 10 million sentences and needs 2 GB of disk space in
--folder. Each row has the machine's load when it was measured.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results" / "scale.jsonl"
PARTS = ("exact", "speed", "corpus", "vocabulary", "length", "batch")
SENTENCES = [10_000, 100_000, 1_000_000, 10_000_000]
GAME = ["generator.dropout=0", "discriminator.dropout=0", "device=cpu", "threads=1"]


def corpus(folder: Path, sentences: int, words: int, tokens: int) -> Path:
    """A file of sentences of about `tokens` words (between half of it and all), by Zipf's law; made once."""
    file = folder / f"zipf-{sentences}-{words}-{tokens}.txt"
    if file.exists():
        return file
    draw = np.random.default_rng(1)
    names = np.array([f"w{number}" for number in range(words)])
    share = 1 / np.arange(1, words + 1)
    cumulative = (share / share.sum()).cumsum()
    beside = file.with_suffix(".new")
    with beside.open("w", encoding="utf-8") as opened:
        opened.writelines(f"{name}\n" for name in names)  # so that every word is known
        for begin in range(0, sentences - words, 50_000):
            sizes = draw.integers(tokens // 2, tokens, min(50_000, sentences - words - begin), endpoint=True)
            drawn = names[np.minimum(np.searchsorted(cumulative, draw.random(sizes.sum())), words - 1)]
            ends = sizes.cumsum()
            opened.writelines(
                " ".join(drawn[end - size : end]) + "\n" for size, end in zip(sizes, ends, strict=True)
            )
    beside.rename(file)
    return file


def memory() -> dict[str, int]:
    """MB: `anonymous` is what the process holds itself, now; `peak` includes pages of files that it had read."""
    rows = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return {
        name: int(rows[key].split()[0]) // 1024 for name, key in (("anonymous", "RssAnon"), ("peak", "VmHWM"))
    }


def run_steps(phase: Any, game: Any, steps: int, warm: int = 1) -> dict[str, Any]:
    """Seconds a step, and what each process put into collectives a step."""
    phase.begin(game)
    for _ in range(warm):
        phase.step()
    game.ranks.told.clear()
    began = time.perf_counter()
    for _ in range(steps):
        phase.step()
    seconds = (time.perf_counter() - began) / steps
    told = {name: value / steps for name, value in sorted(game.ranks.told.items())}
    return {"ms": round(1000 * seconds, 2), **({"a step": told} if told else {})}


def worker(job: dict[str, Any]) -> dict[str, Any]:
    from textgan.assembly.build import build
    from textgan.assembly.recipe import Recipe
    from textgan.machine.ranks import Ranks

    recipe = Recipe.load(job["recipe"], job["changes"])
    recipe.check()
    ranks = Ranks.launched("cpu")
    began = time.perf_counter()
    built = build(recipe, ranks=ranks)
    found: dict[str, Any] = {"build seconds": round(time.perf_counter() - began, 1)}
    if job["kind"] == "exact":
        return found | exact(built, ranks)
    phases = {phase.name: phase for phase in built.phases}
    found["vocabulary"] = built.tokenizer.size
    found["train"] = len(built.game.train)
    found["weights"] = sum(weight.numel() for weight in built.game.generator.parameters())
    found["judge weights"] = sum(weight.numel() for weight in built.game.discriminator.parameters())
    for name in job["phases"]:
        found[name] = run_steps(phases[name], built.game, job["steps"][name])
    return found | {"MB": memory()}


def exact(built: Any, ranks: Any) -> dict[str, Any]:
    """The ranks' gradient of an MLE step and of a discriminator's, against that of one process, in float64."""
    import torch

    from textgan.machine.ranks import ALONE
    from textgan.training.discriminator import DiscriminatorTrainer
    from textgan.training.mle import Mle
    from textgan.training.optimizers import Optimizer

    still = Optimizer(lr=0.0, name="sgd", clip=0.0)
    game = built.game
    game.generator.double()
    game.discriminator.double()
    fakes = game.train.text[torch.arange(64)]

    def teach() -> list[torch.Tensor]:
        phase = Mle(batch=64, optimizer=still)
        phase.begin(game)
        phase.step()
        return [weight.grad.clone() for weight in game.generator.parameters()]

    def judge() -> list[torch.Tensor]:
        trainer = DiscriminatorTrainer(game, 64, still, stream=1)
        begin, end = game.ranks.span(64)
        trainer.update(game.next_text(trainer.real), fakes[begin:end])
        return [weight.grad.clone() for weight in game.discriminator.parameters() if weight.grad is not None]

    found = {}
    for name, step in (("mle", teach), ("judge", judge)):
        game.ranks = ranks
        together = step()
        game.ranks = ALONE
        alone = step()
        apart = max(float((a - b).abs().max()) for a, b in zip(together, alone, strict=True))
        found[f"{name} gradient"] = apart / max(float(one.abs().max()) for one in alone)
    return found


def measured(job: dict[str, Any], processes: int = 1) -> dict[str, Any]:
    """What `worker` says, by that many processes; of rank 0."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = []
    for rank in range(processes):
        about = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
        if processes > 1:
            about |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(processes)}
            about |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        begun.append(
            subprocess.Popen(
                [sys.executable, __file__, "--worker", json.dumps(job)],
                env={**os.environ, **about},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )  # fmt: skip
        )
    told = [process.communicate() for process in begun]
    if any(process.returncode for process in begun):
        raise SystemExit(f"{job}: {''.join(error for _, error in told)}")
    found: dict[str, Any] = json.loads(told[0][0].splitlines()[-1])
    return found | {"load": round(os.getloadavg()[0], 1)}


def curve(folder: Path, processes: int, steps: list[str]) -> list[float]:
    """The losses of a run of maximum likelihood by that many processes, started as a user starts it."""
    out = folder / f"curve-{processes}"
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    program = [sys.executable, *(launch if processes > 1 else []), "-m", "textgan", "train", "mle-short"]
    command = [*program, *steps, "generator.dropout=0", "device=cpu", "threads=1", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command}: {done.stderr}")
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if "loss" in row]


def rows(parts: list[str], folder: Path, small: bool, sizes: list[int]) -> Iterator[dict[str, Any]]:
    budget = ["budget=smoke"] if small else []
    steps = {"mle": 3 if small else 20, "adversarial": 1 if small else 3}

    def game(
        changes: list[str], kind: str, phases: tuple[str, ...] = ("mle", "adversarial")
    ) -> dict[str, Any]:
        # Rollouts cost the square of the length; the rows that vary something else than the processes have none.
        rollouts = 4 if kind in ("exact", "speed") else 0
        changes = [*budget, *GAME, f"strategy.rollouts={rollouts}", *changes]
        return {
            "recipe": "seqgan-short",
            "changes": changes,
            "kind": kind,
            "phases": phases,
            "steps": steps,
        }

    def text(sentences: int, words: int, tokens: int) -> list[str]:
        file = corpus(folder, sentences, words, tokens)
        return [f"corpus={{path: {file}, validation: 200, test: 200}}", f"length={tokens + 2}"]

    if "exact" in parts:
        yield {"part": "exact", "processes": 2, **measured(game([], "exact"), 2)}
        some = [
            "budget=smoke",
            "train.mle.epochs=2" if small else "train.mle.epochs=6",
            "train.mle.patience=0",
        ]
        with tempfile.TemporaryDirectory(dir=folder) as runs:
            one, two = (curve(Path(runs), processes, some) for processes in (1, 2))
        apart = max(abs(a - b) for a, b in zip(one, two, strict=True))
        yield {
            "part": "exact",
            "processes": 2,
            "rows of the log": len(one),
            "largest difference of loss": apart,
        }
    if "speed" in parts:
        for processes in (1, 2):
            yield {"part": "speed", "processes": processes, **measured(game([], "speed"), processes)}
    if "corpus" in parts:
        for kind in ("mapped", "file"):
            for size in (10_000, 20_000) if small else sizes:
                if kind == "file" and size > 1_000_000:
                    continue  # ten times as much as the row before, by what that one shows
                file = corpus(folder, size, 5_000, 15)
                about = f"name: {kind}, path: {file}, validation: 500, test: 500"
                about += f", cache: {folder / 'cache'}" if kind == "mapped" else ""
                job = game([f"corpus={{{about}}}", "length=17"], "corpus", ("mle",))
                row = {"part": "corpus", "kind": kind, "sentences": size}
                if kind == "mapped":  # by a process that then ends: what it takes is no memory of training
                    row["first build seconds"] = measured({**job, "phases": ()})["build seconds"]
                yield row | measured(job)
    if "vocabulary" in parts:
        for words in (1_000, 2_000) if small else (1_000, 5_000, 20_000, 100_000):
            yield {
                "part": "vocabulary",
                "words": words,
                **measured(game(text(words + 5_000, words, 20), "vocabulary")),
            }
    if "length" in parts:
        for tokens in (20, 40) if small else (20, 50, 100, 200, 500):
            yield {"part": "length", "tokens": tokens, **measured(game(text(4_000, 1_000, tokens), "length"))}
    if "batch" in parts:
        for batch in (8, 16) if small else (16, 64, 256):
            changes = [f"train.{phase}.batch={batch}" for phase in ("mle", "discriminator", "adversarial")]
            yield {"part": "batch", "batch": batch, **measured(game(changes, "batch"))}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--json", action="store_true", help="print the rows as JSON lines")
    parser.add_argument("--small", action="store_true", help="a few steps of everything; nothing is written")
    parser.add_argument(
        "--folder", type=Path, help="where corpora go; default: a folder that is removed afterwards"
    )
    parser.add_argument(
        "--sentences", nargs="+", type=int, default=SENTENCES, help="corpus sizes of the part `corpus`"
    )
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        print(json.dumps(worker(json.loads(asked.worker))))
        return
    with tempfile.TemporaryDirectory() as removed:
        folder = asked.folder or Path(removed)
        folder.mkdir(parents=True, exist_ok=True)
        found = []
        for row in rows(asked.only, folder, asked.small, asked.sentences):
            found.append(row)
            print(json.dumps(row) if asked.json else told(row), flush=True)
            if not asked.small:
                write(found, asked.only)


def told(row: dict[str, Any]) -> str:
    return "  ".join(f"{name}: {value}" for name, value in row.items())


def write(found: list[dict[str, Any]], parts: list[str]) -> None:
    """The rows so far, and those of other parts from before."""
    before = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    kept = [row for row in map(json.loads, before) if row["part"] not in parts]
    ordered = sorted([*kept, *found], key=lambda row: PARTS.index(row["part"]))
    beside = RESULTS.with_suffix(".new")
    beside.write_text("".join(json.dumps(row) + "\n" for row in ordered), encoding="utf-8")
    beside.replace(RESULTS)


if __name__ == "__main__":
    main()
