"""The front of a checkpoint by temperature, with the value of every sentence: what a verdict is computed from.

OUT/fronts/KEY/points.jsonl   the points that are finished, while it is being measured
              /0.5.npz        the values of each sentence at temperature 0.5, (N,) float32 by score
              /front.json     all of it, and some sentences; there when all of it is finished
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
from textgan.metrics.samples import Score
from textgan.metrics.shift import shift
from textgan.metrics.tokens import SPLIT
from textgan.runs.sweep import ALWAYS
from textgan.runs.tempered import AFTER_TRAINING, Bench, Player
from textgan.training.evaluation import Evaluation
from textgan.training.folder import write_json
from textgan.training.looks import as_rows

AGAINST = "the run's test split"
SHOWN = 20  # sentences of each front that are kept as they are


@dataclass(frozen=True)
class Request:
    """temperatures, and sentences at each; metrics beside those that every front has."""

    temperatures: tuple[float, ...]
    samples: int
    metrics: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return told


def is_measured(run: Path, checkpoint: str, folder: Path, bench: Bench, request: Request) -> bool:
    """Whether a whole front is there: of this request and these weights, and measured as the bench would now."""
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
    """Draw and score `request.samples` sentences (no more than the training split holds) at each temperature.

    All temperatures, and all fronts of a seed, are drawn with the same random numbers. A generator of vectors has no
    temperature and gets one point, at 1. Points that are finished, of the same weights, text and metrics, are not
    repeated. Raises Mistake.
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
        row = {"temperature": temperature, "scores": as_rows(dict(point.scores)), "values": values.name}
        points.append(row)
    shown = bench.write(player, 1.0, SHOWN)
    write_json(
        folder / "front.json",
        {"request": request.as_json(), "weights": player.weights, "samples": shown, "points": points},
    )


def sentence_values(
    sentences: Sequence[str], real: Sequence[str], source: Source | None, metrics: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """The value of each sentence, (N,), for the scores that are means over sentences; their mean is the score.

    bleu-2 .. 5, self-bleu-2 .. 5, pretrained-nll where it is among the metrics and, where the source is known,
    grammaticality and source-nll. Both likelihoods are ratios, nats over tokens; see `_linear`.
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
    """Values (N,) of a ratio of sums, made linear at the texts' own (the delta method), so that they have the ratio for
    mean and its variance to first order."""
    ratio = nats.sum() / tokens.sum()
    linear: np.ndarray = ratio + (nats - ratio * tokens) / tokens.mean()
    return linear


def measure_corpus(recipe: Recipe, file: Path, request: Request) -> None:
    """Real text's own scores, training sentences against the test split, and how well the two are told apart."""
    bench = bench_of(recipe, request)
    facts = {**_corpus_facts(bench, request), "name": bench.corpus.name}
    split = _told_apart(bench.corpus)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, {**facts, "real": as_rows(bench.real_text()), **split})


def corpus_is_measured(bench: Bench, file: Path, request: Request) -> bool:
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(_corpus_facts(bench, request).items() <= facts.items())


def _corpus_facts(bench: Bench, request: Request) -> dict[str, Any]:
    """What was asked for, and all that the scores depend on: digests of the text and of own metrics, too."""
    told = request.as_json() | {"corpus": bench.recipe.values["corpus"]}
    del told["temperatures"]
    return {"request": told, "settings": bench.settings(AGAINST)}


def _told_apart(corpus: Corpus) -> dict[str, Any]:
    """The split check; nothing where a split has too few sentences for it."""
    try:
        found = shift(corpus.train.texts, corpus.test.texts)
    except Mistake:
        return {}
    return {"shift": found.auc, "told-by": [*found.train_words, *found.test_words]}


def bench_of(recipe: Recipe, request: Request, corpus: Corpus | None = None, text: str = "") -> Bench:
    """How a run of the recipe is measured. corpus, text: read before, and its digest; else it is read now."""
    corpus = corpus or part(recipe, "corpus")
    evaluation: Evaluation = recipe.evaluation.build(metrics=names_of(request))
    evaluation.beside = (
        Path()
    )  # those of the command are of the working directory, those of recipes whole paths
    count = min(request.samples, len(corpus.train))
    seed = recipe.settings.seed + AFTER_TRAINING
    return Bench(recipe, corpus, evaluation, corpus.test.texts, count, seed, text)


def names_of(request: Request) -> list[str]:
    """The metrics of every front."""
    return list(dict.fromkeys([*ALWAYS, *request.metrics]))


def _save(path: Path, values: Mapping[str, np.ndarray]) -> None:
    """Whole or not at all, float32."""
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
    """As float64."""
    with np.load(path) as file:
        return {key: file[key].astype(np.float64) for key in file.files}
