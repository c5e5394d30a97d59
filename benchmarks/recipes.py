"""Runs every recipe to its end and scores it: short ones on coco, long ones on emnlp_news, others on their own corpora.

    TEXTGAN_DATA=... python benchmarks/recipes.py [--set strategies|systems] [--jobs 2] [--only NAME ...] [--out DIR]

`strategies` (the default) are the recipes of the three strategies, `systems` those of the literature. Each run is one
`textgan train` command in a process of its own. A run that was stopped is resumed, one that is done is not repeated.
Rows go to benchmarks/results/recipes.jsonl or systems.jsonl, and as a table to standard output.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

SCORES = [
    *(f"bleu-{n}" for n in range(2, 6)),
    *(f"self-bleu-{n}" for n in range(2, 6)),
    *("nll", "source-nll", "grammaticality", "class-accuracy"),
]
SHORT = ["corpus=coco", "evaluate.final=10000"]
LONG = ["corpus=emnlp_news", "evaluate.final=10000"]
PUBLISHED = (
    "generator={name: lstm, embedding: 32, hidden: 32}"  # the LSTM and the schedule of the published row
)

COMMANDS: dict[str, list[str]] = {
    "mle-short": ["mle-short", *SHORT],
    "mle-short-published": [
        *("mle-short", *SHORT, PUBLISHED),
        *("train.mle.epochs=80", "train.mle.patience=0", "train.mle.optimizer.lr=1e-2"),
    ],
    "seqgan-short": ["seqgan-short", *SHORT],
    "gumbel-short": ["gumbel-short", *SHORT],
    "embedding-short": ["embedding-short", *SHORT],
    "wgan-gp-short": ["wgan-gp-short", *SHORT],
    "mle-long": ["mle-long", *LONG],
    "seqgan-long": ["seqgan-long", *LONG],
    "gumbel-long": ["gumbel-long", *LONG],
    "embedding-long": ["embedding-long", *LONG],
}

COCO = ["corpus=coco", "evaluate.final=2000"]
NEWS = ["corpus=emnlp_news", "evaluate.final=2000"]
REVIEWS = ["corpus=mr", "length=40", "tokenizer.max_size=3000", "evaluate.final=1000"]
SYSTEMS: dict[str, list[str]] = {
    "seqgan-oracle": ["seqgan-oracle"],
    "cot-oracle": ["cot-oracle"],
    "mle-oracle": ["mle-oracle"],
    **{
        f"{name}-short": [f"{name}-short", *COCO]
        for name in (
            *(
                "rankgan",
                "maligan",
                "leakgan",
                "relgan",
                "gsgan",
                "mmd",
                "fm-gan",
                "arae",
                "ebgan",
                "scratchgan",
                "cot",
            ),
            *("wgan-gp-lstm", "wgan-gp-cnn"),
        )
    },
    "conditional-short": ["conditional-short", *REVIEWS],
    "sentigan-short": ["sentigan-short", *REVIEWS],
    "semi-short": ["semi-short"],
    "organ-short": ["organ-short"],
    "adm-long": ["adm-long"],
    "leakgan-long": ["leakgan-long", *NEWS],
    "relgan-long": ["relgan-long", *NEWS],
}
SETS = {"strategies": (COMMANDS, "recipes.jsonl"), "systems": (SYSTEMS, "systems.jsonl")}


def run(name: str, out: Path, threads: int) -> dict[str, Any]:
    """Train (or resume, or skip) one recipe; returns its row."""
    folder = out / name
    arguments = ["train", *(COMMANDS | SYSTEMS)[name], f"threads={threads}", "--out", str(folder)]
    if not (folder / "evaluation.json").exists():
        resume = ["--resume"] if folder.exists() else []
        with (out / f"{name}.log").open("a") as log:
            code = subprocess.call(
                [sys.executable, "-m", "textgan", *arguments, *resume], stdout=log, stderr=log
            )
        if code:
            return {"run": name, "failed": f"exit code {code}; see {out / name}.log"}
    evaluation = json.loads((folder / "evaluation.json").read_text())
    environment = json.loads((folder / "environment.json").read_text())
    rows = {
        state: {key: score["value"] for key, score in scores.items()}
        for state, scores in evaluation["rows"].items()
    }
    return {
        "run": name,
        "command": environment["command"],
        "commit": environment["commit"],
        "seed": evaluation["seed"],
        "threads": environment["threads"],
        "minutes": evaluation["minutes"],
        "rows": rows,
        "warnings": evaluation["warnings"],
        "signature": {
            key: evaluation["rows"]["after"][key]["signature"]
            for key in ("bleu-5", "self-bleu-5", "nll", "source-nll", "class-accuracy")
            if key in evaluation["rows"]["after"]
        },
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: scores of real text and of each run before and after its adversarial phase, then the commands."""
    lines = ["| run | state | " + " | ".join(SCORES) + " |", "|---" * (len(SCORES) + 2) + "|"]
    commands = ["| run | minutes | seed | commit | command |", "|---|---|---|---|---|"]
    seen: list[dict[str, float]] = []
    for row in rows:
        if "failed" in row:
            commands.append(f"| {row['run']} | failed | | | {row['failed']} |")
            continue
        for state, scores in row["rows"].items():
            if scores not in seen:  # the same real text, or the same start, is one row
                cells = " | ".join(f"{scores[key]:.3f}" if key in scores else "–" for key in SCORES)
                lines.append(f"| {row['run']} | {state} | {cells} |")
                seen.append(scores)
        minutes = " + ".join(f"{spent:.1f} {phase}" for phase, spent in row["minutes"].items())
        commands.append(
            f"| {row['run']} | {minutes} | {row['seed']} | {row['commit']} | `{row['command']}` |"
        )
    return "\n".join([*lines, "", *commands])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time")
    parser.add_argument("--threads", type=int, default=1, help="threads of each run")
    parser.add_argument("--set", choices=list(SETS), default="strategies")
    parser.add_argument(
        "--only", nargs="+", choices=[*COMMANDS, *SYSTEMS], metavar="NAME", help="these runs of the set alone"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/recipes"))
    options = parser.parse_args()
    commands, file = SETS[options.set]
    names = options.only or list(commands)
    options.out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(lambda name: run(name, options.out, options.threads), names))
    results = Path(__file__).parent / "results" / file
    results.parent.mkdir(exist_ok=True)
    results.write_text("".join(json.dumps(row) + "\n" for row in rows))
    print(table(rows))


if __name__ == "__main__":
    main()
