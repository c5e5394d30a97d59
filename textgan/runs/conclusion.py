"""The end of a run: the final generated text, and its scores against the test split."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from textgan.amounts import amount
from textgan.assembly.build import Built
from textgan.assembly.recipe import Recipe
from textgan.data.corpus import Corpus, token_counts
from textgan.metrics import own_files
from textgan.metrics.samples import HeldOut, Score, scores_as_json
from textgan.runs.tempered import AFTER_TRAINING
from textgan.training import checkpoints, closer
from textgan.training.evaluation import Evaluation, judge_accuracy, likelihood_of
from textgan.training.folder import CLOSER, RunFolder, write_json
from textgan.training.progress import clock
from textgan.training.real_text import score_real
from textgan.training.trainer import Trainer

NOTICED = 0.01
"""A share of empty sentences above this gives a warning."""
Texts = dict[str, tuple[list[str], Callable[[], HeldOut] | None]]


def last_texts(built: Built, trainer: Trainer) -> Texts:
    """Text generated at the end, and the test split's likelihood: before adversarial training, and after it.

    Generator and discriminator keep the weights of after.
    """
    game, folder, ranks = built.game, trainer.folder, trainer.ranks
    count, seed = built.evaluation.final, game.seed + AFTER_TRAINING
    states = {"after": folder.checkpoints / "last"}
    if ranks.highest(ranks.first and checkpoints.exists(folder.checkpoints / "pretrained")):
        states = {"before": folder.checkpoints / "pretrained", **states}
    found: Texts = {}
    for name, checkpoint in states.items():
        for player, weights in game.writers.items():
            with ranks.together():
                if ranks.first:
                    checkpoints.load_player(checkpoint, player, weights)
            ranks.broadcast(weights)
        writer = game.generator
        if name == "after":
            writer = built.evaluation.writer(game.generator, game.discriminator)
        sentences = trainer.looks.write(count, seed, writer=writer)
        likelihood = likelihood_of(writer, built.test, game.engine, ranks)
        if likelihood is not None and name == "before":  # computed now, as other weights are loaded next
            likelihood = partial(_same, likelihood())
        found[name] = sentences, likelihood
    return found


def _same(found: HeldOut) -> HeldOut:
    return found


def _entropy(corpus: Corpus) -> tuple[dict[str, float], list[str]]:
    """({"entropy": true entropy in nats per token of the test split}, a note that says it).

    Only a note if it cannot be computed; neither for a corpus without a known source.
    """
    source = corpus.source
    if source is None:
        return {}, []
    try:
        whole = source.entropy()
    except ValueError as error:  # a user's grammar may be ambiguous: no reason to lose a finished run
        return {}, [f"true entropy of the source: not known ({' '.join(str(error).split())})"]
    rate = whole / float(token_counts(source, corpus.test.texts).mean())
    counted = " (its end counted)" if getattr(source, "ends", True) else ""
    return {"entropy": rate}, [
        f"true entropy of the source: {whole:.2f} nats per sentence, {rate:.3f} per token of the test split{counted}"
    ]


def _score(built: Built, trainer: Trainer, texts: Texts) -> dict[str, dict[str, Score]]:
    """The scores against the test split, by state: real, and each of the texts."""
    game, evaluation, corpus = built.game, built.evaluation, built.corpus
    test, count, seed = corpus.test, evaluation.final, game.seed + AFTER_TRAINING
    rows = {"real": score_real(evaluation, corpus, test.texts, count, seed, test.labels)}
    for name, (sentences, likelihood) in texts.items():
        asked = trainer.looks.asked(count, seed)
        rows[name] = evaluation.score(sentences, test.texts, corpus, likelihood, asked, test.labels)
    if game.discriminator.tells_classes:
        rows["after"] |= judge_accuracy(game.discriminator, built.test, game.engine)
    return rows


def _how_written(evaluation: Evaluation) -> list[str]:
    """Notes on how the scored text was sampled, unless plainly."""
    notes = []
    if evaluation.nucleus:
        notes.append(f"before and after: {evaluation.nucleus}; likelihoods are those of all tokens")
    if evaluation.choice:
        notes.append(
            f"after: written by both players, {evaluation.choice}; text selected this way has no likelihood"
        )
    return notes


def conclude(
    recipe: Recipe, built: Built, trainer: Trainer, folder: RunFolder, texts: Texts
) -> Mapping[str, Mapping[str, Score]]:
    """The final scores against the test split: of real text, and of the generator before and after the GAN.

    They are written to the run folder with the scored text and its closer analysis.
    """
    game, evaluation, corpus = built.game, built.evaluation, built.corpus
    count = evaluation.final
    trainer.display.say(f"scoring {amount(count, 'sentence')} against {len(corpus.test):,} test sentences")
    rows = _score(built, trainer, texts)
    for name, (sentences, _) in texts.items():
        folder.write_samples(name, sentences)
    known, entropy_notes = _entropy(corpus)
    built.notes += entropy_notes
    empty = {name: sum(not one.strip() for one in sentences) for name, (sentences, _) in texts.items()}
    if empty["after"] > NOTICED * count:
        warning = (
            f"{empty['after']:,} of {count:,} sentences written at the end are empty: "
            "self-BLEU and distinct count that as diversity"
        )
        trainer.warnings.append(warning)
        trainer.display.warn(warning)
    strategy = recipe.values.get("strategy")
    adversarial = "adversarial" in recipe.phases
    write_json(
        folder.path / "evaluation.json",
        {
            "recipe": recipe.name,
            "strategy": strategy.get("name") if adversarial and isinstance(strategy, dict) else "mle",
            "corpus": corpus.name,
            "seed": game.seed,
            "samples": count,
            "minutes": trainer.minutes,
            "rows": {state: scores_as_json(scores) for state, scores in rows.items()},
            **known,
            own_files.KEY: own_files.digests(evaluation.metrics, evaluation.beside),
            "written": _how_written(evaluation),
            "empty": empty,
            "notes": built.notes,
            "warnings": trainer.warnings,
        },
    )
    trainer.display.say("analysing the text: words, nearest training sentences, scores by token")
    judged = bool({"discriminator", "adversarial"} & {*recipe.phases})
    lines = {name: sentences for name, (sentences, _) in texts.items()}
    seed = game.seed + AFTER_TRAINING + 1
    analysis = closer.look(lines, corpus) | closer.scores_of_tokens(game, built.tokenizer, seed, judged)
    write_json(folder.path / CLOSER, analysis)
    trainer.display.say(f"done in {clock(trainer.elapsed)}")
    return rows
