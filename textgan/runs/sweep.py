"""The quality-diversity front of a run: its generator's scores at a range of sampling temperatures.

One point says little: plain MLE at a lower temperature often gives the same gain in quality as a strategy
(Caccia et al. 2020, "Language GANs Falling Short"). So whole fronts are compared.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from textgan.assembly.fitting import check_resampling
from textgan.assembly.overrides import as_list
from textgan.assembly.part import part
from textgan.assembly.recipe import Recipe
from textgan.data.corpus import Corpus
from textgan.data.reading import read
from textgan.errors import Mistake
from textgan.machine.streams import untouched
from textgan.metrics.suite import load_metrics
from textgan.runs.origin import check_text, where_trained
from textgan.runs.points import KEPT, TEMPERATURES, Point, Sweep, checked
from textgan.runs.tempered import AFTER_TRAINING, Bench, Player
from textgan.training.evaluation import Evaluation
from textgan.training.progress import clock
from textgan.training.unfinished import not_yet

ALWAYS = ("bleu", "self-bleu", "source")
"""What every sweep measures, in addition to the metrics asked for (`source` only where the corpus has one)."""

IN_PROGRESS_LINES = ("bleu-5", "self-bleu-5", "source-nll")


@untouched()
def sweep(
    run: Path,
    temperatures: Sequence[float] = TEMPERATURES,
    *,
    samples: int | None = None,
    metrics: str | Sequence[str] | None = None,
    references: str | Path | None = None,
    checkpoint: str = "last",
    resample: int | None = None,
    sharpness: float | None = None,
    top_p: float | None = None,
    seed: int | None = None,
    trust_code: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Sweep:
    """Sample `samples` sentences at each temperature, and score them as `textgan evaluate RUN` does at temperature 1.

    samples: by default the run's `evaluate.final`. metrics: in addition to ALWAYS; by default the run's own.
    references: a file to use instead of the test split. checkpoint: last, best, pretrained, or all (pretrained and
    last). resample, sharpness, top_p, seed: by default the recipe's. Every temperature is sampled with the same random
    numbers. `nll` is that of the tempered model. Finished points are kept in RUN/sweep.jsonl and are not repeated under
    the same settings. Raises Mistake.
    """
    temperatures = checked(temperatures)
    references = None if references is None else Path(references)
    if not (run / "recipe.yaml").is_file():
        raise Mistake(f"{run}: not a run folder; give one that `textgan train` wrote")
    recipe = Recipe.of_run(run, trust_code)
    settings = recipe.settings
    seed = settings.seed if seed is None else seed
    names = list(dict.fromkeys([*ALWAYS, *(settings.metrics if metrics is None else as_list(metrics))]))
    load_metrics(names, beside=recipe.folder)
    states = _states(run, checkpoint, "adversarial" in recipe.phases)
    with where_trained(run):
        corpus: Corpus = part(recipe, "corpus")
    check_text(run, corpus)
    evaluation = _evaluation(recipe, names, resample, sharpness, top_p)
    count = _count(samples, evaluation.final, len(corpus.train))
    real = corpus.test.texts if references is None else read(references, place="--references").texts
    against = "the run's test split" if references is None else references.name
    bench = Bench(recipe, corpus, evaluation, real, count, seed + AFTER_TRAINING)
    kept = bench.kept(run / KEPT, against)
    points: list[Point] = []
    for state in states:
        player = Player.open(bench, run, state)
        if not player.loaded.generator.has_likelihood:
            raise Mistake(
                f"{run}: its generator outputs vectors, which have no temperature; sweep a run whose generator "
                "samples tokens"
            )
        if not points:
            points.append(kept.point("real", None, "", bench.real_text))
        for temperature in temperatures:
            began, known = time.monotonic(), kept.find(state, temperature, player.weights)
            point = known or kept.point(
                state, temperature, player.weights, partial(bench.written, player, temperature)
            )
            shown = [key for key in IN_PROGRESS_LINES if key in point.scores]
            scores = ", ".join(f"{key} {point.scores[key].value:.3f}" for key in shown)
            how = "kept from before" if known else clock(time.monotonic() - began)
            say(f"{state} at {temperature:g}: {scores} ({how})")
            points.append(point)
    return Sweep(run, count, seed, against, tuple(points), evaluation.choice, evaluation.nucleus)


def _evaluation(
    recipe: Recipe, metrics: list[str], resample: int | None, sharpness: float | None, top_p: float | None
) -> Evaluation:
    """The recipe's evaluation, with these metrics and, where given, these resampling and nucleus settings."""
    evaluation: Evaluation = recipe.evaluation.build(metrics=metrics)
    evaluation.beside = recipe.folder
    if resample is not None:
        evaluation.resample = resample
        check_resampling(evaluation, part(recipe, "objective"), "--resample")
    if sharpness is not None:
        if not 0 < sharpness < math.inf:
            raise Mistake(f"--sharpness: expected a value above 0, got {sharpness:g}")
        if evaluation.resample == 1:
            raise Mistake("--sharpness: only --resample uses it; add --resample K, such as --resample 8")
        evaluation.sharpness = sharpness
    if top_p is not None:
        if not 0 < top_p <= 1:
            raise Mistake(f"--top-p: expected a value above 0 and up to 1, got {top_p:g}")
        evaluation.top_p = top_p
    return evaluation


def _states(run: Path, checkpoint: str, plays: bool) -> list[str]:
    if checkpoint != "all":
        return [checkpoint]
    if not (run / "checkpoints" / "pretrained").is_dir():
        if plays:
            raise Mistake(not_yet(run, "pretrained"))
        raise Mistake(
            f"--checkpoint: {run} has no checkpoint 'pretrained' to compare 'last' with, since it had no adversarial "
            "phase; leave --checkpoint out"
        )
    return ["pretrained", "last"]


def _count(samples: int | None, final: int, train: int) -> int:
    """The number of sentences per temperature; as many of the training split are scored beside them."""
    count = min(final, train) if samples is None else samples
    if not 2 <= count <= train:
        raise Mistake(f"--samples: expected 2 to {train} (the size of the training split), got {count}")
    return count
