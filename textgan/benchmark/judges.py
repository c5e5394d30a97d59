"""Pretrained discriminators shared by cells, so that adversarial phases begin with identical weights.

What a discriminator learns before the adversarial phase depends on the start, the discriminator, the objective, the
penalty, its pretraining phase and the samplers of fake text. Cells with the same seed that agree in these start from
the discriminator of one run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from textgan.assembly.recipe import Recipe
from textgan.benchmark.planned import Run, cell_path, command_of
from textgan.benchmark.variants import Variant
from textgan.types import Strategy

PARTS = ("discriminator", "objective", "penalty")

BRIEFLY: dict[str, Any] = {
    "resample": 1,
    "sharpness": 1,
    "top_p": 1,
    "every": 50,
    "samples": 100,
    "final": 100,
    "encoder": None,
}
"""`evaluate` of a run that only trains a discriminator; the scores of its text are not used."""


def shared_judges(
    variants: Sequence[Variant], starts: Mapping[str, Run], seed: int, out: Path
) -> dict[str, Run]:
    """Label of each variant that uses a shared discriminator -> the run that trains it.

    Variants that would train the same discriminator share it; a single variant reuses an existing one. A cell that was
    started with its own discriminator keeps it.
    """
    sharing: dict[str, list[Variant]] = {}
    for variant in variants:
        start = starts.get(variant.label)
        if (
            start is not None
            and _trains_a_judge(variant)
            and not _has_its_own(cell_path(out, variant.label, seed))
        ):
            sharing.setdefault(_key(variant, start.key), []).append(variant)
    found: dict[str, Run] = {}
    for key, together in sharing.items():
        path = out / "judges" / key
        if len(together) > 1 or path.exists():
            found |= dict.fromkeys(
                (one.label for one in together), _judge(together, starts[together[0].label], key, path, seed)
            )
    return found


def _judge(together: Sequence[Variant], start: Run, key: str, path: Path, seed: int) -> Run:
    first = together[0]
    train = {
        name: phase for name, phase in first.resolved["train"].items() if name in ("mle", "discriminator")
    }
    values = {
        **first.resolved,
        "seed": seed,
        "train": train,
        "metrics": ["distinct"],
        "start": str(start.path),
    }
    values["evaluate"] = {**(first.resolved.get("evaluate") or {}), **BRIEFLY}
    words = ["train.adversarial=null", "metrics=[distinct]", f"start={start.path}"]
    words += [f"evaluate.{key}={'null' if value is None else value}" for key, value in BRIEFLY.items()]
    again = ("metrics=", "train.adversarial", *(f"evaluate.{key}=" for key in BRIEFLY))
    kept = [one for one in first.overrides if not one.startswith(again)]
    more = f" and {len(together) - 1} more" if len(together) > 1 else ""
    return Run(
        key, f"the discriminator of {first.label}{more}, seed {seed}", path, replace(first.recipe, values=values),
        command_of(first.word, [*kept, *words], seed, path), start.key,
    )  # fmt: skip


def _trains_a_judge(variant: Variant) -> bool:
    phases = variant.recipe.phases
    if "adversarial" not in phases or "discriminator" not in phases or variant.resolved.get("judge"):
        return False
    return phases["discriminator"].build().total > 0


def _has_its_own(run: Path) -> bool:
    return (run / "recipe.yaml").is_file() and Recipe.load(run / "recipe.yaml").settings.judge is None


def _key(variant: Variant, start: str) -> str:
    """`<start's 12 hex>-<12 hex>-seed<N>`."""
    made = variant.recipe.part("strategy")
    assert made is not None  # every adversarial phase has a strategy
    strategy: Strategy = made.build()
    facts = {part: variant.resolved.get(part) for part in PARTS}
    facts |= {"phase": variant.resolved["train"]["discriminator"], "fakes": repr(strategy.first_samplers())}
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:12]
    weights, _, seed = start.partition("-")
    return f"{weights}-{digest}-{seed}"
