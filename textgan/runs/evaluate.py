"""Scores of text freshly sampled from a trained run."""

from __future__ import annotations

from pathlib import Path

from textgan.assembly.build import build
from textgan.data.reading import read
from textgan.machine.streams import untouched
from textgan.metrics.samples import Score
from textgan.runs.loaded import load
from textgan.runs.origin import check_text, warn_of_metrics, where_trained
from textgan.runs.tempered import AFTER_TRAINING
from textgan.training.evaluation import asked_labels, likelihood_of, write_sentences


@untouched()
def evaluate_run(
    run: Path,
    references: Path | None = None,
    metrics: list[str] | None = None,
    *,
    trust_code: bool = False,
) -> dict[str, Score]:
    """Scores of freshly sampled text against the run's test split, or against a file's lines. Raises Mistake.

    metrics: the recipe's by default.

    trust_code: as for `textgan.runs.loaded.load`.
    """
    loaded = load(run, trust_code=trust_code)
    with where_trained(run):
        built = build(loaded.recipe)
    loaded.check_labels(built.corpus)
    check_text(run, built.corpus)
    evaluation = built.evaluation
    if metrics is None:
        warn_of_metrics(run, loaded.recipe)
    else:
        evaluation.metrics = metrics
    labels, seed = built.game.train.text.labels, loaded.recipe.settings.seed + AFTER_TRAINING
    writer = loaded.generator
    if evaluation.resample > 1:
        writer = evaluation.writer(writer, loaded.judge("evaluate.resample"))
    sentences = write_sentences(
        writer, built.tokenizer, evaluation.final, loaded.length, evaluation.sampler,
        seed, loaded.engine, labels,
    )  # fmt: skip
    asked = asked_labels(labels, evaluation.final, seed)
    wanted = None if asked is None else asked.tolist()
    test = built.corpus.test
    real, real_labels = test.texts, test.labels
    if references is not None:
        real, real_labels = read(references, place="--references").texts, None
    likelihood = likelihood_of(writer, built.test, loaded.engine)
    return evaluation.score(sentences, real, built.corpus, likelihood, wanted, real_labels)
