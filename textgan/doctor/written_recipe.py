"""The recipe written by the doctor: YAML for `textgan train`, with comments that give the reasons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from textgan.doctor.examine import Examination
from textgan.doctor.labels import held_out
from textgan.doctor.proposal import Proposal

_cells = 30_000_000
"""Numbers in one batch of relaxed tokens (sentences x tokens x vocabulary): 120 MB, of which training holds a few."""
_steps = 300_000  # most sentences read in pretraining: a few minutes
_relaxed = 128  # tokens; above, the relaxed one-hots of all positions cost more memory than they are worth


def recipe(found: Examination) -> str:
    """A recipe for the examined file: maximum likelihood, then an adversarial phase; with a smoke budget.

    The generator has dropout, and one table for its input and its output: with them maximum likelihood fits held-out
    text better by .06 to .10 nats a token than without (benchmarks/RESULTS.md, section 14).
    Up to 128 tokens it uses straight-through Gumbel-Softmax, with batches that shrink as length times vocabulary grows;
    above, REINFORCE with one reward for the whole text, which needs no relaxed tokens. Memory is bounded in both cases:
    likelihoods are computed in chunks (`Generator.log_prob`), so backpropagation through a text need not be truncated.
    """
    plan = found.proposal
    train = found.sentences - held_out(found.sentences, found.test is not None)[2]
    long = plan.length > _relaxed
    batch = _batch(plan, train, long)
    drawn = {"samples": 200, "final": 500} if long else {"samples": 1000, "final": 2000}
    size = 128 if train <= 20_000 else 256
    labelled = found.labels is not None and found.labels.usable
    metrics = (
        ["bleu", "self-bleu", "distinct", "nll"] if _has_words(found) else ["duplicates", "novelty", "nll"]
    )
    best = "bleu-4" if _has_words(found) else "nll"
    discriminator: dict[str, Any] = {
        "name": "cnn",
        "embedding": 64,
        "widths": [2, 3, 4, 5],
        "filters": 64,
        "dropout": 0.5,
    }
    if labelled:
        discriminator["labels"] = "project"
        metrics = ["class-accuracy", *metrics]
    epochs = max(1, min(30, _steps // max(train, 1)))
    lines = [
        f"# textgan corpus {Path(found.file).name} --write-recipe made this from {found.sentences:,} sentences.",
        *(f"# {reason}" for reason in plan.reasons),
        "# Try it with budget=smoke first; paths start in the folder that the command is run in.",
        "",
        f"corpus: {_flow(_corpus(found, labelled))}",
        f"tokenizer: {_flow(plan.tokenizer)}",
        f"length: {plan.length}",
    ]
    if plan.truncate:
        lines.append("overlong: truncate")
    lines += [
        f"generator: {_flow({'name': 'lstm', 'embedding': size, 'hidden': size, 'dropout': 0.3, 'tie': True})}",
        f"discriminator: {_flow(discriminator)}",
        "objective: {name: non-saturating}",
        f"strategy: {_flow(_strategy(long))}",
        "",
        "train:",
        f"  mle: {_flow({'epochs': epochs, 'batch': batch, 'optimizer': {'lr': 0.005}, 'patience': 3})}",
        f"  discriminator: {_flow({'steps': 100, 'batch': batch, 'optimizer': {'lr': 0.001}})}",
        "  adversarial:",
        f"    {{steps: {100 if long else 200}, g_steps: 1, d_steps: {2 if long else 5}, batch: {batch}, "
        "generator: {lr: 5e-4}, discriminator: {lr: 1e-3}}",
        f"evaluate: {_flow({'every': 50, **drawn, 'best': best})}",
        f"metrics: {_flow(metrics)}",
        "",
        "budgets:",
        "  smoke:",
        f"    corpus.size: {found.split_size}",
        "    generator: {embedding: 32, hidden: 32}",
        "    discriminator.filters: 8",
        "    train: {mle.epochs: 1, discriminator.steps: 2, adversarial.steps: 2}",
        "    evaluate: {every: 2, samples: 50, final: 100}",
    ]
    return "\n".join(lines) + "\n"


def _batch(plan: Proposal, train: int, long: bool) -> int:
    """Batch size: smaller if relaxed tokens would take too much memory, or if an epoch would be only a step or two."""
    batch = 32 if long else 64
    while not long and batch > 8 and batch * plan.length * plan.vocabulary > _cells:
        batch //= 2
    while batch > 8 and batch * 4 > train:
        batch //= 2
    return batch


def _strategy(long: bool) -> dict[str, Any]:
    if long:
        return {"name": "reinforce", "rollouts": 0, "baseline": "leave-one-out"}
    return {
        "name": "gumbel",
        "temperature": {"start": 1.0, "end": 0.5, "shape": "exponential"},
        "hard": True,
    }


def _has_words(found: Examination) -> bool:
    """Whether word n-grams are meaningful: lines consist of several words separated by spaces."""
    return found.quantiles["words"]["0.5"] > 2


def _corpus(found: Examination, labelled: bool) -> dict[str, Any]:
    """The corpus part; held-out shares become counts if a tenth would be more than any score needs."""
    part: dict[str, Any] = {"path": found.file}
    if found.column is not None:
        part["column"] = found.column
    if labelled:
        part["label"] = found.label
    validation, test, _ = held_out(found.sentences, found.test is not None)
    if validation >= 1:
        part["validation"] = validation
    if found.test is not None:
        part["test"] = found.test
    elif test >= 1:
        part["test"] = test
    if found.split_seed:
        part["seed"] = found.split_seed
    if found.encoding not in ("utf-8", "parquet"):
        part["encoding"] = found.encoding
    return part


def _flow(value: Any) -> str:
    """YAML on one line; a string is quoted if YAML could read it as another type."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str):
        plain = value.replace("-", "").replace("_", "").replace("/", "").replace(".", "")
        simple = plain.isascii() and plain.isalpha() and value[0].isalpha()
        return (
            value if simple and value.lower() not in _words_of_yaml else json.dumps(value, ensure_ascii=False)
        )
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)


_words_of_yaml = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
