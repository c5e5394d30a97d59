"""What stabilises adversarial training: one recipe with each stabiliser in turn, over seeds.

    python benchmarks/stabilisers.py [--recipe gumbel-short] [--seeds 1 2 3] [--jobs 2] [--out runs/stabilisers]
    python benchmarks/stabilisers.py --smoke            # two steps each: does every cell run?

All cells of a seed start from the weights of the same MLE run. Each cell is one `textgan train` command in a process of
its own. One that was stopped is resumed, one that is done is not repeated. Rows go to
benchmarks/results/stabilisers.jsonl (not with --smoke), and to standard output as a table of mean and deviation.
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

SCORES = ("bleu-4", "self-bleu-4", "nll", "source-nll", "grammaticality")

STABILISERS: dict[str, list[str]] = {
    "none": [],
    "gradient penalty": ["penalty={name: gradient, weight: 10.0}"],
    "R1": ["penalty={name: r1, weight: 1.0}"],
    "spectral norm": ["discriminator.spectral_norm=true"],
    "minibatch features": ["discriminator.minibatch=16"],
    "several judges, mean": [
        "discriminator={name: several, parts: [{name: cnn, dropout: 0.5}], copies: 3, together: mean}"
    ],
    "several judges, min": [
        "discriminator={name: several, parts: [{name: cnn, dropout: 0.5}], copies: 3, together: min}"
    ],
    "several judges, softmax": [
        "discriminator={name: several, parts: [{name: cnn, dropout: 0.5}], copies: 3, together: softmax}"
    ],
    "slower judge": ["train.adversarial.discriminator.lr=1e-4"],
    "label smoothing": ["objective.smoothing=0.1"],
    "instance noise": ["train.adversarial.instance_noise=0.5"],
    "average of G": ["train.adversarial.average=0.98"],
    "replay of fakes": ["train.adversarial.replay=0.5"],
}


def budget(smoke: bool) -> list[str]:
    """The overrides that make a cell short."""
    if smoke:
        return ["budget=smoke"]
    return ["budget=demo", "train.adversarial.steps=60", "evaluate.every=30", "evaluate.final=2000"]


def train(arguments: list[str], folder: Path) -> str | None:
    """One run to its end (resumed, or left alone if it is done); what went wrong, if anything did."""
    if (folder / "evaluation.json").exists():
        return None
    resume = ["--resume"] if (folder / "recipe.yaml").exists() else []
    log = folder.parent / f"{folder.name}.log"
    with log.open("a") as lines:
        command = [sys.executable, "-m", "textgan", "train", *arguments, "--out", str(folder), *resume]
        code = subprocess.call(command, stdout=lines, stderr=lines)
    if not code:
        return None
    told = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("textgan: ")]
    return told[-1].removeprefix("textgan: ") if told else f"exit code {code}; see {log}"


def cell(name: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """A stabiliser with a seed: its row, or why there is none."""
    folder = options.out / f"{name.replace(' ', '-').replace(',', '')}-seed{seed}"
    arguments = [options.recipe, *budget(options.smoke), f"start={pretrained(seed, options)}"]
    arguments += [*STABILISERS[name], f"seed={seed}", f"threads={options.threads}"]
    failed = train(arguments, folder)
    row: dict[str, Any] = {
        "stabiliser": name,
        "seed": seed,
        "command": shlex.join(["textgan", "train", *arguments]),
    }
    if failed:
        return {**row, "failed": failed}
    evaluation = json.loads((folder / "evaluation.json").read_text())
    return {
        **row,
        "commit": json.loads((folder / "environment.json").read_text())["commit"],
        "minutes": sum(evaluation["minutes"].values()),
        "scores": {
            state: {key: found["value"] for key, found in scores.items() if key in SCORES}
            for state, scores in evaluation["rows"].items()
        },
        "judge": judge_numbers(folder),
        "signature": {
            key: evaluation["rows"]["after"][key]["signature"] for key in ("bleu-4", "self-bleu-4")
        },
        "warnings": evaluation["warnings"],
    }


def judge_numbers(folder: Path) -> dict[str, float]:
    """Over the adversarial steps: the discriminator's held-out accuracy, and the swing of the generator's gradient."""
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    steps = [row for row in rows if row["kind"] == "train" and row["phase"] == "adversarial"]
    norms = [row["g-grad-norm"] for row in steps]
    return {
        "d-accuracy-heldout": statistics.fmean(row["d-accuracy-heldout"] for row in steps),
        "g-grad-swing": statistics.pstdev(norms) / statistics.fmean(norms),
    }


def pretrained(seed: int, options: argparse.Namespace) -> Path:
    return Path(options.out) / f"mle-seed{seed}"


def pretrain(seed: int, options: argparse.Namespace) -> str | None:
    """The start of all cells of a seed."""
    name = "budget=smoke" if options.smoke else "budget=demo"
    arguments = [options.start, name, f"seed={seed}", f"threads={options.threads}"]
    return train(arguments, pretrained(seed, options))


def spread(values: Iterable[float], digits: int = 3) -> str:
    """Mean and deviation over seeds; a dash where there is nothing."""
    found = list(values)
    if not found:
        return "–"
    mean = f"{statistics.fmean(found):.{digits}f}"
    return mean if len(found) < 2 else f"{mean} ± {statistics.stdev(found):.{digits}f}"


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: real text, the start, and every stabiliser; then what failed and the commands of the first seed."""
    heads = [*SCORES, "discriminator's held-out accuracy", "swing of G's gradient", "minutes", "seeds"]
    lines = ["| stabiliser | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    whole = [row for row in rows if "scores" in row]
    for state in ("real", "before"):
        found = [row["scores"][state] for row in whole if row["stabiliser"] == whole[0]["stabiliser"]]
        lines.append(_line(f"*{state}*", found, ["–", "–", "–", str(len(found))]))
    for name in STABILISERS:
        mine = [row for row in whole if row["stabiliser"] == name]
        if not any(row["stabiliser"] == name for row in rows):
            continue
        numbers = [
            spread(row["judge"][key] for row in mine) for key in ("d-accuracy-heldout", "g-grad-swing")
        ]
        ends = [*numbers, spread((row["minutes"] for row in mine), 1), str(len(mine))]
        lines.append(_line(_shown(name), [row["scores"]["after"] for row in mine], ends))
    failed = [
        f"- failed: {_shown(row['stabiliser'])}, seed {row['seed']}: {row['failed']}"
        for row in rows
        if "failed" in row
    ]
    first = min(row["seed"] for row in rows)
    commands = [f"- {_shown(row['stabiliser'])}: `{row['command']}`" for row in rows if row["seed"] == first]
    commits = sorted({str(row["commit"]) for row in whole})
    return "\n".join(
        [*lines, "", *failed, f"Commit {', '.join(commits)}. Commands of seed {first}:", *commands]
    )


def _shown(name: str) -> str:
    """A name of `STABILISERS` for the reader: the rows of results keep the word of their time."""
    return name.replace("judge", "discriminator")


def _line(name: str, scores: list[dict[str, float]], ends: list[str]) -> str:
    cells = [spread(found[key] for found in scores if key in found) for key in SCORES]
    return f"| {name} | " + " | ".join([*cells, *ends]) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default="gumbel-short", help="the adversarial recipe that is stabilised")
    parser.add_argument("--start", default="mle-short", help="the MLE recipe that all cells start from")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--only", nargs="+", choices=list(STABILISERS), default=list(STABILISERS))
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time")
    parser.add_argument("--threads", type=int, default=1, help="threads of each run")
    parser.add_argument("--smoke", action="store_true", help="two steps each, to see that all cells run")
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    options.out = options.out or Path("runs/stabilisers-smoke" if options.smoke else "runs/stabilisers")
    options.out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(options.jobs) as pool:
        for failed in pool.map(lambda seed: pretrain(seed, options), options.seeds):
            if failed:
                sys.exit(f"the MLE start failed: {failed}")
        cells = [pool.submit(cell, name, seed, options) for name in options.only for seed in options.seeds]
        rows = [running.result() for running in cells]
    if not any("scores" in row for row in rows):
        sys.exit("no cell came to its end: " + "; ".join(str(row["failed"]) for row in rows))
    if not options.smoke:
        results = Path(__file__).parent / "results" / "stabilisers.jsonl"
        results.parent.mkdir(exist_ok=True)
        results.write_text("".join(json.dumps(row) + "\n" for row in rows))
    print(table(rows))


if __name__ == "__main__":
    main()
