"""Any objective goes with any strategy, generator and penalty; what cannot go together is refused in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from textgan.assembly.recipe import Recipe
from textgan.errors import Mistake
from textgan.runs.train import train

OBJECTIVES = [
    ("minimax", ["train.adversarial.discriminator={name: sgd, lr: 0.1, momentum: 0.9}"]),
    ("non-saturating", ["objective.smoothing=0.1", "generator=gru"]),
    ("least-squares", ["generator={name: gru, embedding: 8, hidden: 8, layers: 2, tie: true}"]),
    ("hinge", ["discriminator.spectral_norm=true"]),
    ("wasserstein", ["penalty={name: gradient, weight: 10}"]),
    ("relativistic", ["precision=bf16"]),
    ("rank", ["objective.references=3"]),
    ("mmd", ["objective.classify=0"]),
    ("feature-mover", ["objective.iterations=5"]),
    ("relativistic-average", ["generator.init=truncated-normal", "discriminator.highway=false"]),
]
# Where a sentence's reward depends on the other written ones.
OF_THE_BATCH = {"mmd", "feature-mover", "relativistic-average"}
STRATEGIES = [
    "strategy={name: reinforce, rollouts: 2, baseline: q-difference, entropy: 0.01, kl: 0.1}",
    "strategy={name: gumbel, hard: false, temperature: {start: 1, end: 10, shape: linear, inverse: true}}",
    "strategy={name: embedding, temperature: 0.5}",
    "strategy={name: importance-weights, prefix: {start: 1.0, end: 0.0}}",
]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=["reinforce", "gumbel", "embedding", "weights"])
@pytest.mark.parametrize(("objective", "extra"), OBJECTIVES, ids=[name for name, _ in OBJECTIVES])
def test_they_train_together(
    objective: str, extra: list[str], strategy: str, small_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    few = ["train.adversarial.steps=2", "train.mle=null", "train.discriminator.steps=1", "metrics=[bleu]"]
    overrides = [f"objective={objective}", strategy, *extra, *few]
    if objective in OF_THE_BATCH and "rollouts" in strategy:
        with pytest.raises(Mistake, match=r"^strategy\.rollouts: the objective's reward .* set it to 0$"):
            train(small_recipe("seqgan-short", *overrides), tmp_path / "refused")
        assert not (tmp_path / "refused").exists()
        overrides += ["strategy.rollouts=0", "strategy.baseline=leave-one-out"]
    recipe = small_recipe("seqgan-short", *overrides)
    run = train(recipe, tmp_path / "run")
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    last = next(row for row in reversed(rows) if row["kind"] == "train")
    assert last["step"] == 2 and last["g-grad-norm"] > 0 and last["d-grad-norm"] > 0
    before = (run / "checkpoints/pretrained/generator.safetensors").read_bytes()
    assert (run / "checkpoints/last/generator.safetensors").read_bytes() != before


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["generator={name: continuous, embedding: 8}"], "discriminator.table"),
        (["strategy={name: reinforce, rollouts: 0, baseline: q-difference}"], "strategy.*q-difference"),
        (["strategy.rollouts=-1"], "strategy.rollouts: -1"),
        (["evaluate.best=length"], "evaluate.best"),
        (["discriminator.filters=[3, 4]"], "discriminator.filters"),
        (["start={}"], "start"),
        (
            ["objective=class-penalty"],
            "discriminator.labels: the objective needs a discriminator that predicts classes",
        ),
        (["discriminator.labels=tell"], "discriminator.labels: 'tell' needs a corpus with labels"),
        (["objective=mixed-reward", "strategy=gumbel"], "strategy: .*'reinforce'"),
        (["objective={name: mixed-reward, score: ./none.py:score}"], "objective.score: there is no file"),
        (
            ["discriminator=mediator", "strategy=gumbel"],
            "strategy: this one needs a discriminator that a gradient",
        ),
        (
            ["discriminator=mediator", "penalty=gradient"],
            "penalty: a penalty needs a discriminator that a gradient",
        ),
        (["evaluate.encoder=lm"], "evaluate.encoder: none of the metrics takes one; add frechet"),
        (["evaluate.encoder=gone/model", "metrics=[frechet]"], "encoder: no model at 'gone/model'"),
        (["discriminator.minibatch=4"], "strategy.rollouts: the discriminator's score .* set it to 0"),
        (["labelled=10"], "labelled: the corpus has no labels"),
    ],
)
def test_what_cannot_go_together_is_refused(
    overrides: list[str], words: str, small_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    with pytest.raises(Mistake, match=words):
        train(small_recipe("seqgan-short", *overrides), tmp_path / "run")
    assert not (tmp_path / "run").exists()
