"""Do the train and test splits of the field's sets come from one distribution, and which words tell them apart?

    TEXTGAN_DATA=... python benchmarks/splits.py [--encoder FOLDER]

Naive Bayes on words, 10,000 sentences a side or as many as the smaller split has (`textgan.metrics.shift`), with five
draws of the sentences and the folds: the mean AUC, and the deviation that two random halves of one text would have. The
words are those of the first draw. Validation text is on neither side. Rows are also written to results/splits.jsonl.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from math import sqrt
from pathlib import Path
from statistics import mean
from typing import Any

from textgan.data.corpus import Corpus
from textgan.data.embedded import Captions
from textgan.data.named import Coco, Coco60, CocoMixed, EmnlpNews, Mr
from textgan.metrics.shift import shift

SETS: dict[str, type[Corpus]] = {
    "coco": Coco,
    "coco-mixed": CocoMixed,
    "coco60": Coco60,
    "emnlp_news": EmnlpNews,
    "mr": Mr,
    "captions (embedded)": Captions,
}
DRAWS = 5


def measured(name: str, encoder: str | None, commit: str) -> dict[str, Any]:
    """One row: what `shift` finds between a set's train and test."""
    corpus = SETS[name]()
    train, test = corpus.train.texts, corpus.test.texts
    began = time.process_time()
    found = [shift(train, test, encoder=encoder, seed=seed) for seed in range(DRAWS)]
    seconds = (time.process_time() - began) / DRAWS
    sentences = min(10_000, len(train), len(test))
    return {
        "set": name,
        "sentences": sentences,
        "auc": mean(one.auc for one in found),
        "aucs": [one.auc for one in found],
        "chance": 1 / sqrt(3 * sentences),
        "train_words": found[0].train_words,
        "test_words": found[0].test_words,
        "signature": found[0].signature,
        "seconds": seconds,
        "commit": commit,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", help="classify by this encoder (a folder or hub name) instead of words")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "splits.jsonl")
    options = parser.parse_args()
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parent,
    ).stdout.strip()  # fmt: skip
    print("| set | sentences a side | AUC | by chance | more in train | more in test | seconds |")
    print("|---|---|---|---|---|---|---|")
    rows = []
    for name in SETS:
        row = measured(name, options.encoder, commit)
        rows.append(row)
        words = [", ".join(map(str, row[side])) or "–" for side in ("train_words", "test_words")]
        print(
            f"| {name} | {row['sentences']:,} | {row['auc']:.3f} | .5 ± {row['chance']:.3f} | {words[0]} | "
            f"{words[1]} | {row['seconds']:.2f} |",
            flush=True,
        )
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
