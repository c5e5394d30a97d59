"""The best of what a run's generator writes, by its discriminator's score; BLEU-5 and self-BLEU-5 of what is kept.

    python benchmarks/paper_tables/rejection.py RUN [--keep 5000] [--shares 0.5 0.25 0.125] [--out FILE]

For each share s the first keep/s sentences of one draw at temperature 1 are judged, and the `keep` with the highest
score are scored against the test split. Prints one JSON object: `0.5/bleu-5`, `0.5/self-bleu-5`, ...
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch

from textgan.assembly.build import build
from textgan.assembly.recipe import Recipe
from textgan.data.batches import encode, ordered
from textgan.data.corpus import Split
from textgan.metrics.samples import Samples
from textgan.metrics.suite import evaluate
from textgan.runs.loaded import load
from textgan.training import checkpoints
from textgan.training.evaluation import BATCH, write_sentences
from textgan.training.folder import write_json
from textgan.training.game import judging


@torch.no_grad()
def rejection(run: Path, keep: int, shares: list[float]) -> dict[str, float]:
    """BLEU-5 and self-BLEU-5 for each share, in (0, 1]. The discriminator reads its own tokens of the written lines."""
    loaded = load(run)
    recipe = Recipe.load(run / "recipe.yaml")
    built = build(recipe)
    discriminator = built.game.discriminator
    checkpoints.load_player(run / "checkpoints" / "last", "discriminator", discriminator)
    drawn = round(keep / min(shares))
    print(f"{run}: {drawn:,} sentences, to be judged", file=sys.stderr)
    texts = write_sentences(
        loaded.generator,
        loaded.tokenizer,
        drawn,
        loaded.length,
        built.evaluation.sampler,
        recipe.settings.seed + 2,
        loaded.engine,
    )
    encoded, _ = encode(
        Split(texts), loaded.tokenizer, loaded.length, overlong="truncate", place="written text"
    )
    with judging(discriminator):
        scores = torch.cat([discriminator.judge(text).score for text, _ in ordered(encoded, BATCH)])
    values: dict[str, float] = {}
    for share in shares:
        kept = Samples([texts[row] for row in best(scores, keep, share)], built.corpus.test.texts)
        found = evaluate(kept, ["bleu", "self-bleu"])
        values |= {f"{share:g}/{key}": found[key].value for key in ("bleu-5", "self-bleu-5")}
    return values


def best(scores: torch.Tensor, keep: int, share: float) -> list[int]:
    """Rows of the `keep` highest of the first keep/share scores (N,), in their order."""
    rows: list[int] = scores[: round(keep / share)].topk(keep).indices.sort().values.tolist()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="a run folder with a discriminator")
    parser.add_argument("--keep", type=int, default=5000, help="sentences that are kept")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.5, 0.25, 0.125])
    parser.add_argument("--out", type=Path, help="a JSON file, in place of standard output")
    options = parser.parse_args()
    if options.keep < 2 or not all(0 < share <= 1 for share in options.shares):
        parser.error("--keep: 2 or more; --shares: above 0 and up to 1")
    values = rejection(options.run, options.keep, options.shares)
    if options.out:
        write_json(options.out, values)
    else:
        print(json.dumps(values, indent=2))


if __name__ == "__main__":
    main()
