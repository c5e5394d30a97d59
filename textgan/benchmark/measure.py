"""Measures a checkpoint's front by temperature, with the per-sentence values that verdicts are computed from.

OUT/fronts/KEY/points.jsonl   the finished points, while the front is being measured
              /0.5.npz        per-sentence values at temperature 0.5: (N,) float32 for each score
              /front.json     the whole front and some sentences; written once all points are finished
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from textgan.assembly.part import part
from textgan.assembly.recipe import Recipe
from textgan.data.corpus import Corpus, Source, token_counts
from textgan.errors import Mistake
from textgan.metrics.ngram import sentence_bleu, sentence_self_bleu
from textgan.metrics.once import sharing
from textgan.metrics.pretrained_lm import nats_and_tokens
from textgan.metrics.samples import Score, scores_as_json
from textgan.metrics.shift import shift
from textgan.metrics.tokens import SPLIT
from textgan.runs.sweep import ALWAYS
from textgan.runs.tempered import AFTER_TRAINING, Bench, Player
from textgan.training.evaluation import Evaluation
from textgan.training.folder import write_json

AGAINST = "the run's test split"
SHOWN = 20  # sentences stored with each front


@dataclass(frozen=True)
class Request:
    """samples: number of sentences at each of the temperatures. metrics: in addition to those of every front."""

    temperatures: tuple[float, ...]
    samples: int
    metrics: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return told


def is_measured(run: Path, checkpoint: str, folder: Path, bench: Bench, request: Request) -> bool:
    """Whether a complete front exists for this request and these weights, measured as the bench would now."""
    try:
        front = json.loads((folder / "front.json").read_text(encoding="utf-8"))
        points = front["points"]
        there = all((folder / point["values"]).is_file() for point in points)
        if front["request"] != request.as_json() or not there:
            return False
        kept, weights = bench.kept(folder / "points.jsonl", AGAINST), bench.weights(run, checkpoint)
        return all(kept.find(checkpoint, point["temperature"], weights) is not None for point in points)
    except (OSError, ValueError, KeyError, TypeError, Mistake):
        return False


def measure(
    run: Path, checkpoint: str, folder: Path, request: Request, say: Callable[[str], None] = lambda _: None
) -> None:
    """Draw and score `request.samples` sentences (at most as many as the training split has) at each temperature.

    All temperatures, and all fronts of a seed, use the same random numbers. A generator of vectors has no temperature
    and gets one point, at 1. Points already measured for the same weights, text and metrics are reused. say: called
    with progress messages. Raises Mistake.
    """
    bench = bench_of(Recipe.load(run / "recipe.yaml"), request)
    player = Player.open(bench, run, checkpoint)
    folder.mkdir(parents=True, exist_ok=True)
    kept = bench.kept(folder / "points.jsonl", AGAINST)
    points = []
    for temperature in request.temperatures if player.loaded.generator.has_likelihood else (1.0,):
        values = folder / f"{temperature}.npz"
        if not _whole(values):
            kept.rows = [row for row in kept.rows if row["temperature"] != temperature]

        def scored(temperature: float = temperature, values: Path = values) -> Mapping[str, Score]:
            sentences = bench.write(player, temperature)
            with sharing():
                scores = bench.score(player, temperature, sentences)
                of_each = sentence_values(sentences, bench.real, bench.corpus.source, request.metrics)
            _save(values, {key: value for key, value in of_each.items() if key in scores})
            return scores

        point = kept.point(checkpoint, temperature, player.weights, scored)
        say(f"{checkpoint} at {temperature:g}")
        row = {"temperature": temperature, "scores": scores_as_json(point.scores), "values": values.name}
        points.append(row)
    shown = bench.write(player, 1.0, SHOWN)
    write_json(
        folder / "front.json",
        {"request": request.as_json(), "weights": player.weights, "samples": shown, "points": points},
    )


def sentence_values(
    sentences: Sequence[str], real: Sequence[str], source: Source | None, metrics: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """Per-sentence values, (N,) for each score that is a mean over sentences; their mean is the score.

    bleu-2 .. 5, self-bleu-2 .. 5, pretrained-nll if it is among the metrics and, if the source is known, grammaticality
    and source-nll. The likelihoods are ratios of nats to tokens, linearized by `_linear`.
    """
    found = {f"bleu-{n}": values for n, values in sentence_bleu(sentences, real, cut=SPLIT).items()}
    of_self = sentence_self_bleu(sentences, cut=SPLIT)
    found |= {f"self-bleu-{n}": values for n, values in of_self.items()}
    if source is not None:
        found["grammaticality"] = np.isfinite(source.log_prob(sentences)).astype(float)
        nats, tokens = -source.log_prob_smoothed(sentences), token_counts(source, sentences)
        if tokens.sum():
            found["source-nll"] = _linear(nats, tokens)
    for name in metrics:
        metric, _, model = name.partition(":")
        if metric == "pretrained-lm":
            nats, tokens = nats_and_tokens(sentences, model)
            if tokens.sum():
                found["pretrained-nll"] = _linear(nats, tokens)
    return found


def _linear(nats: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Per-sentence values (N,) for the ratio sum(nats) / sum(tokens), linearized by the delta method: their mean is the
    ratio, and their variance matches it to first order. nats, tokens: (N,)."""
    ratio = nats.sum() / tokens.sum()
    linear: np.ndarray = ratio + (nats - ratio * tokens) / tokens.mean()
    return linear


def measure_corpus(recipe: Recipe, file: Path, request: Request) -> None:
    """Measure real text: scores of training sentences against the test split, and how separable the two splits are."""
    bench = bench_of(recipe, request)
    facts = {**_corpus_facts(bench, request), "name": bench.corpus.name}
    split = _told_apart(bench.corpus)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, {**facts, "real": scores_as_json(bench.real_text()), **split})


def corpus_is_measured(bench: Bench, file: Path, request: Request) -> bool:
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(_corpus_facts(bench, request).items() <= facts.items())


def _corpus_facts(bench: Bench, request: Request) -> dict[str, Any]:
    """The request, and everything the scores depend on, with digests of the text and of the user's metric files."""
    told = request.as_json() | {"corpus": bench.recipe.values["corpus"]}
    del told["temperatures"]
    return {"request": told, "settings": bench.settings(AGAINST)}


def _told_apart(corpus: Corpus) -> dict[str, Any]:
    """The split check; empty if a split has too few sentences for it."""
    try:
        found = shift(corpus.train.texts, corpus.test.texts)
    except Mistake:
        return {}
    return {"shift": found.auc, "told-by": [*found.train_words, *found.test_words]}


def bench_of(recipe: Recipe, request: Request, corpus: Corpus | None = None, text: str = "") -> Bench:
    """How a run of the recipe is measured. corpus, text: the corpus and its digest if already read, else read now."""
    corpus = corpus or part(recipe, "corpus")
    evaluation: Evaluation = recipe.evaluation.build(metrics=names_of(request))
    evaluation.beside = (
        Path()
    )  # paths from the command are relative to the working directory, those from recipes are absolute
    count = min(request.samples, len(corpus.train))
    seed = recipe.settings.seed + AFTER_TRAINING
    return Bench(recipe, corpus, evaluation, corpus.test.texts, count, seed, text)


def names_of(request: Request) -> list[str]:
    """Names of the metrics measured for every front."""
    return list(dict.fromkeys([*ALWAYS, *request.metrics]))


def _save(path: Path, values: Mapping[str, np.ndarray]) -> None:
    """Write atomically, as float32."""
    beside = path.with_name(f".{path.stem}.{os.getpid()}.tmp.npz")
    np.savez_compressed(beside, **{key: value.astype(np.float32) for key, value in values.items()})  # type: ignore[arg-type]
    os.replace(beside, path)


def _whole(path: Path) -> bool:
    try:
        read_values(path)
    except (OSError, ValueError, EOFError, BadZipFile):
        return False
    return True


def read_values(path: Path) -> dict[str, np.ndarray]:
    """The values by score, as float64."""
    with np.load(path) as file:
        return {key: file[key].astype(np.float64) for key in file.files}
