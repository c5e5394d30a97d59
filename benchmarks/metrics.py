"""What self-BLEU-2..5 costs: for 10,000 captions beside fast-bleu and nltk, and for up to 1,000,000 sentences.

    python benchmarks/metrics.py [--plot cost.png] [--largest 1000000]
    python benchmarks/metrics.py --mauve      # ours beside mauve-text, on the same features
    pip install -e '.[bench]'      # for fast-bleu's row (it is compiled on the spot) and for mauve-text

The captions are the first 10,000 of coco60/train.txt in the folder that TEXTGAN_DATA names, or else embedded ones.
Larger sets are drawn from the grammar of the embedded captions. One thread. Times are the least of several runs, by the
wall clock and, since other work may share the machine, in processor time. Peak memory is that of a process of its own,
which holds the texts too. nltk would take hours, so it is run on a subset (all n in one pass) and its time extrapolated
by the square of the number of sentences.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from textgan.data.grammar import load
from textgan.metrics.ngram import ORDERS, self_bleu, sentence_self_bleu
from textgan.metrics.tokens import whitespace

CAPTIONS = 10_000
SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
NLTK_SUBSETS = (100, 200)
WEIGHTS = {n: (1 / n,) * n for n in ORDERS}


def captions() -> tuple[str, list[str]]:
    """Where they come from, and 10,000 captions."""
    path = Path(os.environ.get("TEXTGAN_DATA", "")) / "coco60" / "train.txt"
    if "TEXTGAN_DATA" in os.environ and path.is_file():
        return "coco60/train.txt", path.read_text(encoding="utf-8").splitlines()[:CAPTIONS]
    return "the embedded captions", load("captions").sample(CAPTIONS, 0)


def least_seconds(call: Callable[[], object], runs: int) -> tuple[float, float]:
    """By the wall clock, and of the processor."""
    wall, processor = [], []
    for _ in range(runs):
        began, worked = time.perf_counter(), time.process_time()
        call()
        wall.append(time.perf_counter() - began)
        processor.append(time.process_time() - worked)
    return min(wall), min(processor)


def by_fast_bleu(tokens: list[list[str]]) -> tuple[float, dict[int, np.ndarray]] | None:
    """Seconds, and a value for each sentence by n; None where it is not installed."""
    try:
        from fast_bleu import SelfBLEU
    except ImportError:
        return None
    began = time.perf_counter()
    found = SelfBLEU(tokens, WEIGHTS).get_score()
    return time.perf_counter() - began, {n: np.array(values) for n, values in found.items()}


def by_nltk(tokens: list[list[str]]) -> tuple[float, dict[int, np.ndarray]]:
    """Seconds, and a value for each sentence by n; all n in one go, which is how nltk is fastest."""
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    smooth, weights = SmoothingFunction().method1, list(WEIGHTS.values())
    began = time.perf_counter()
    rows = []
    for i, sentence in enumerate(tokens):
        others = tokens[:i] + tokens[i + 1 :]
        rows.append(sentence_bleu(others, sentence, weights, smoothing_function=smooth))
    seconds = time.perf_counter() - began
    return seconds, dict(zip(ORDERS, np.array(rows, dtype=float).T, strict=True))


def furthest(ours: dict[int, np.ndarray], theirs: dict[int, np.ndarray]) -> float:
    return max(float(np.abs(ours[n] - theirs[n]).max()) for n in ORDERS)


def against_others() -> None:
    name, texts = captions()
    tokens = [text.split() for text in texts]
    ours, _ = least_seconds(lambda: self_bleu(tokens), 9)
    cutting, _ = least_seconds(lambda: self_bleu(texts, cut=whitespace), 9)
    print(f"self-BLEU-2..5 of {len(texts):,} sentences of {name}\n")
    print("| | seconds | times ours | largest difference |")
    print("|---|---|---|---|")
    print(f"| textgan, of token lists | {ours:.4f} | 1 | |")
    print(f"| textgan, of strings | {cutting:.4f} | {cutting / ours:.1f} | |")

    theirs = by_fast_bleu(tokens)
    if theirs is None:
        print("| fast-bleu | not installed: pip install -e '.[bench]' | | |")
    else:
        seconds, values = theirs
        apart = furthest(sentence_self_bleu(tokens), values)
        print(f"| fast-bleu | {seconds:.2f} | {seconds / ours:,.0f} | {apart:.1e} |")

    warnings.simplefilter("ignore")
    small, large = NLTK_SUBSETS
    short = min(by_nltk(tokens[:small])[0] for _ in range(2))
    seconds, values = min((by_nltk(tokens[:large]) for _ in range(2)), key=lambda found: found[0])
    apart = furthest(sentence_self_bleu(tokens[:large]), values)
    whole = seconds * (len(tokens) / large) ** 2
    print(f"| nltk, extrapolated* | {whole:,.0f} | {whole / ours:,.0f} | {apart:.1e} (of {large}) |\n")
    power = np.log(seconds / short) / np.log(large / small)
    print(
        f"*{seconds:.2f} s for {large} sentences, times ({len(tokens):,} / {large})²; measured between {small} "
        f"and {large} sentences the power is {power:.2f}.\n"
    )


def cost(largest: int) -> list[dict[str, float]]:
    """Sentences, tokens, both seconds and the peak memory so far (GB), smallest first."""
    texts = load("captions").sample(largest, 0)
    rows = []
    for size in sorted({min(size, largest) for size in SIZES}):
        part = texts[:size]
        wall, processor = least_seconds(partial(self_bleu, part), 5 if size < 300_000 else 2)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        tokens = sum(len(text.split()) for text in part)
        rows.append(
            {
                "sentences": size,
                "tokens": tokens,
                "seconds": wall,
                "processor seconds": processor,
                "peak": peak / 1e9,
            }
        )
    return rows


def table(rows: list[dict[str, float]]) -> None:
    print("self-BLEU-2..5 of strings drawn from the captions grammar\n")
    print("| sentences | seconds | of the processor | ns of it a token | peak memory, GB |")
    print("|---|---|---|---|---|")
    for row in rows:
        worked = row["processor seconds"]
        each = 1e9 * worked / row["tokens"]
        shown = f"{row['peak']:.2f}" if row is rows[-1] else ""  # before, it is that of the texts
        print(f"| {row['sentences']:,} | {row['seconds']:.3f} | {worked:.3f} | {each:.0f} | {shown} |")
    sentences, seconds = (np.log([row[key] for row in rows]) for key in ("sentences", "processor seconds"))
    if len(rows) > 1:
        print(
            f"\nprocessor seconds grow as sentences to the power of {np.polyfit(sentences, seconds, 1)[0]:.2f}"
        )


def against_mauve_text(seeds: int = 20) -> None:
    """MAUVE of features of 2,000 and 2,000 sentences over seeds of k-means: mean ± deviation, and seconds each."""
    from mauve import compute_mauve

    from textgan.metrics.encoders import encode_pair
    from textgan.metrics.mauve import mauve_of_features

    draw = np.random.default_rng(0)
    a, b = draw.normal(size=(2, 2000, 16))
    clouds = {f"normal, {apart:g} apart": (a, b + apart / 4) for apart in (0.0, 1.2, 2.4)}
    grammar = load("captions")
    train, real, fresh = grammar.sample(3000, 1), grammar.sample(2000, 2), grammar.sample(2000, 3)
    mixed = fresh[:1000] + [" ".join(reversed(text.split())) for text in fresh[1000:]]
    pair = encode_pair(mixed, real, train=train)
    print(f"MAUVE of 2,000 features beside 2,000, k = 200, {seeds} seeds of k-means\n")
    print("| features | textgan | mauve-text | seconds, textgan | mauve-text |")
    print("|---|---|---|---|---|")
    for name, (one, other) in (clouds | {"captions, half reversed": (pair.samples, pair.references)}).items():
        rows = []
        for call in (
            lambda seed, p=one, q=other: mauve_of_features(p, q, seed=seed),
            lambda seed, p=one, q=other: compute_mauve(p_features=p, q_features=q, seed=seed).mauve,
        ):
            began = time.perf_counter()
            values = [call(seed) for seed in range(seeds)]
            rows.append((np.mean(values), np.std(values, ddof=1), (time.perf_counter() - began) / seeds))
        told = " | ".join(f"{mean:.4f} ± {spread:.4f}" for mean, spread, _ in rows)
        print(f"| {name} | {told} | {rows[0][2]:.3f} | {rows[1][2]:.3f} |")


def plot(rows: list[dict[str, float]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    sentences, seconds = ([row[key] for row in rows] for key in ("sentences", "processor seconds"))
    figure, (straight, logs) = pyplot.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    for axes in (straight, logs):
        axes.plot(sentences, seconds, "o-", label="self-BLEU-2..5")
        axes.set(xlabel="sentences", ylabel="processor seconds")
    logs.set(xscale="log", yscale="log")
    linear = [seconds[-1] * size / sentences[-1] for size in sentences]
    logs.plot(sentences, linear, ":", color="grey", label="in proportion to the largest")
    logs.legend()
    figure.savefig(path, dpi=150)
    print(f"plot: {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--plot", type=Path, help="plot the cost against the number of sentences to this file"
    )
    parser.add_argument(
        "--largest", type=int, default=SIZES[-1], help="sentences in the largest set; default: 1,000,000"
    )
    parser.add_argument("--only-cost", action="store_true", help="only print the cost rows, as JSON")
    parser.add_argument("--mauve", action="store_true", help="only compare MAUVE with mauve-text")
    options = parser.parse_args()
    if options.mauve:
        against_mauve_text()
        return
    if options.only_cost:
        print(json.dumps(cost(options.largest)))
        return
    against_others()
    command = [sys.executable, __file__, "--only-cost", "--largest", str(options.largest)]
    rows = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    table(rows)
    if options.plot:
        plot(rows, options.plot)


if __name__ == "__main__":
    main()
