"""Accuracy with few labels on mr: a plain CNN beside the semi-supervised GAN's discriminator (Salimans et al. 2016).

    TEXTGAN_DATA=... python benchmarks/semi.py [--labels 25 50 100 1000] [--seeds 1 2 3] [--table]

Both are the CNN of the recipe `semi-short`, with the same vocabulary and fixed word vectors (co-occurrence in all
training text, labelled or not), the same initial weights, labelled sentences (stratified, by the seed) and Adam. The
CNN sees the labelled sentences alone; the GAN's discriminator sees all sentences, and what the generator writes. Both
are evaluated LOOKS times, UPDATES updates apart, and the weights with the best accuracy on the same 500 validation
sentences are scored on test. So both have used 500 labels more than the table says. Naive Bayes (the classifier of the
metric class-accuracy, no early stopping) stands beside them. A cell is one number of labels, one seed and one system.
It is kept in benchmarks/results/semi.jsonl when it is done and is not run again at the same commit; `--table` only
prints. Mean ± standard deviation over seeds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from textgan.assembly.build import Built, build
from textgan.assembly.recipe import Recipe
from textgan.augment.classifiers import learn_classes
from textgan.data.batches import Encoded
from textgan.data.hidden import hide_labels
from textgan.metrics.class_accuracy import class_accuracy
from textgan.training.evaluation import judge_accuracy
from textgan.types import Text

RESULTS = Path(__file__).parent / "results" / "semi.jsonl"
LOOKS, UPDATES = 30, 20
D_STEPS = 2
OVERRIDES = [
    "corpus=mr",
    "length=40",
    "overlong=truncate",
    "tokenizer.max_size=3000",
    "discriminator.table=corpus",
    "train.mle.epochs=6",
    f"train.adversarial.steps={LOOKS * UPDATES // D_STEPS}",
    f"train.adversarial.d_steps={D_STEPS}",
    "train.adversarial.generator.lr=1e-4",
    "metrics=[distinct]",
    "threads=1",
]


def built_for(labels: int, seed: int) -> Built:
    return build(Recipe.load("semi-short", [*OVERRIDES, f"labelled={labels}", f"seed={seed}"]))


def accuracy(built: Built, encoded: Encoded) -> float:
    game = built.game
    return judge_accuracy(game.discriminator, encoded, game.engine)["class-accuracy-judge"].value


def best_of(built: Built, advance: Callable[[], None]) -> tuple[float, float]:
    """Accuracy on validation and on test at the look that is best on validation; `advance` trains up to a look."""
    best, on_test = -1.0, 0.0
    for _ in range(LOOKS):
        advance()
        found = accuracy(built, built.game.heldout)
        if found > best:
            best, on_test = found, accuracy(built, built.test)
    return best, on_test


def plain_cnn(built: Built) -> tuple[float, float]:
    game, discriminator = built.game, built.game.discriminator
    text = game.train.text
    assert text.labels is not None
    rows = text.labels >= 0
    known = Encoded(Text(text.ids[rows], text.mask[rows], text.labels[rows]), game.train.known[rows])
    batches = game.batches(known, 64, stream=1)
    optimizer = torch.optim.Adam(discriminator.parameters(), lr=5e-4)

    def advance() -> None:
        learn_classes(discriminator, lambda: game.next_text(batches), optimizer, UPDATES)

    return best_of(built, advance)


def semi_supervised(built: Built) -> tuple[float, float]:
    *pretraining, game_phase = built.phases
    for phase in pretraining:
        phase.begin(built.game)
        while not phase.done:
            phase.step()
        phase.finish()
    game_phase.begin(built.game)

    def advance() -> None:
        for _ in range(UPDATES // D_STEPS):
            game_phase.step()

    return best_of(built, advance)


def naive_bayes(built: Built) -> tuple[float, float]:
    corpus, settings = built.corpus, built.game
    labels = built.game.train.text.labels
    assert labels is not None
    known = int((labels >= 0).sum())
    split = hide_labels(corpus.train, known, len(corpus.label_names), settings.seed)
    assert (
        split.labels is not None and corpus.test.labels is not None and corpus.validation.labels is not None
    )
    on_validation, on_test = (
        class_accuracy(part.texts, part.labels or [], split.texts, split.labels)
        for part in (corpus.validation, corpus.test)
    )
    return on_validation, on_test


SYSTEMS: dict[str, Callable[[Built], tuple[float, float]]] = {
    "naive Bayes": naive_bayes,
    "plain CNN": plain_cnn,
    "semi-supervised GAN": semi_supervised,
}


def commit() -> str:
    folder = Path(__file__).parent
    done = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=folder, capture_output=True, text=True
    )
    return done.stdout.strip()


def kept() -> list[dict[str, Any]]:
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text().splitlines()]


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: test accuracy, a column for each number of labels."""
    counts = sorted({row["labels"] for row in rows})
    lines = [
        "| | " + " | ".join(f"{count:,} labels" for count in counts) + " |",
        "|---" * (len(counts) + 1) + "|",
    ]
    for name in SYSTEMS:
        cells = []
        for count in counts:
            found = [row["test"] for row in rows if (row["system"], row["labels"]) == (name, count)]
            spread = f" ± {statistics.stdev(found):.3f}" if len(found) > 1 else ""
            cells.append(f"{statistics.mean(found):.3f}{spread} (n={len(found)})" if found else "–")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--labels", type=int, nargs="+", default=[25, 50, 100, 1000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--table", action="store_true", help="print what was measured before, run nothing")
    options = parser.parse_args()
    here = commit()
    cells = [(count, seed, name) for count in options.labels for seed in options.seeds for name in SYSTEMS]
    for count, seed, name in [] if options.table else cells:
        key = {"system": name, "labels": count, "seed": seed, "commit": here}
        if any(key.items() <= row.items() for row in kept()):
            continue
        began = time.process_time()
        built = built_for(count, seed)
        validation, test = SYSTEMS[name](built)
        row = {
            **key,
            "validation": validation,
            "test": test,
            "seconds": round(time.process_time() - began, 1),
        }
        RESULTS.parent.mkdir(exist_ok=True)
        with RESULTS.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(row, flush=True)
    print(table([row for row in kept() if options.table or row["commit"] == here]))


if __name__ == "__main__":
    main()
