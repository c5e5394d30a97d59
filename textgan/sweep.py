"""The quality-diversity front of a run: its generator's scores at a row of sampling temperatures.

One point says little: what a strategy gains in quality can often be had from plain MLE by a lower
temperature (Caccia et al. 2020, "Language GANs Falling Short"). So whole fronts are compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from textgan.assembly import part
from textgan.data.batches import Encoded, encode
from textgan.data.corpus import Corpus
from textgan.data.reading import read
from textgan.data.tokenizers import Tokenizer
from textgan.errors import Mistake
from textgan.loaded import LoadedRun, load
from textgan.metrics.samples import VERSION, Score
from textgan.metrics.suite import load_metrics
from textgan.points import TEMPERATURES, Kept, Point, Sweep, checked, digest
from textgan.recipe import Recipe
from textgan.sampling import Draw
from textgan.training import checkpoints
from textgan.training.evaluation import Evaluation, asked_labels, write_sentences
from textgan.training.progress import clock
from textgan.types import Choice, Generator, Prompt, State, Text

ALWAYS = ("bleu", "self-bleu", "source")
"""What every sweep measures (`source` is absent where there is none), before what is asked for."""

TOLD = ("bleu-5", "self-bleu-5", "source-nll")  # in the progress lines


class Tempered(Generator):
    """The likelihood of the distribution that is drawn from at a temperature: logits / temperature."""

    def __init__(self, generator: Generator, temperature: float) -> None:
        super().__init__()
        self.vocabulary, self.generator, self.temperature = generator.vocabulary, generator, temperature

    def start(self, prompt: Prompt) -> State:
        return self.generator.start(prompt)

    def step(self, token: Tensor | Choice, state: State) -> tuple[Tensor, State]:
        logits, state = self.generator.step(token, state)
        return logits / self.temperature, state

    def states(self, text: Text) -> Tensor:
        return self.generator.states(text)

    def read_out(self, states: Tensor) -> Tensor:
        return self.generator.read_out(states) / self.temperature


def sweep(
    run: Path,
    temperatures: Sequence[float] = TEMPERATURES,
    *,
    samples: int | None = None,
    metrics: Sequence[str] | None = None,
    references: Path | None = None,
    checkpoint: str = "last",
    seed: int | None = None,
    trust_code: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Sweep:
    """Draw `samples` sentences at each temperature and score them as `textgan evaluate RUN` does at 1.

    samples: the run's `evaluate.final` by default. metrics: beside ALWAYS; the run's own by default.
    references: a file in place of the test split. checkpoint: last, best, pretrained, or all: pretrained and
    last. seed: in place of the run's; every temperature is drawn with the same random numbers. `nll` is that
    of the tempered model. Finished points are kept in RUN/sweep.jsonl and not repeated under the same
    settings. Raises Mistake.
    """
    temperatures = checked(temperatures)
    if not (run / "recipe.yaml").is_file():
        raise Mistake(f"{run}: not a run folder; give one that `textgan train` wrote")
    recipe = Recipe.of_run(run, trust_code)
    settings = recipe.settings
    seed = settings.seed if seed is None else seed
    names = list(dict.fromkeys([*ALWAYS, *(settings.metrics if metrics is None else metrics)]))
    load_metrics(names, beside=recipe.folder)
    states = _states(run, checkpoint)
    corpus: Corpus = part(recipe, "corpus")
    evaluation: Evaluation = recipe.evaluation.build(metrics=names)
    evaluation.beside = recipe.folder
    count = _count(samples, evaluation.final, len(corpus.train))
    real = corpus.test.texts if references is None else read(references, place="--references").texts
    against = "the run's test split" if references is None else references.name
    bench = _Bench(recipe, corpus, evaluation, real, count, seed + 2)
    kept = Kept(
        run / "sweep.jsonl",
        {
            "samples": count,
            "seed": seed,
            "metrics": [_identity(name, recipe.folder) for name in names],
            "encoder": evaluation.encoder,
            "against": against,
            "text": digest("\n".join([*corpus.train.texts, "", *real]).encode()),
            "version": VERSION,
        },
    )
    points: list[Point] = []
    for state in states:
        player = _Player.open(bench, run, state)
        if not points:
            points.append(kept.point("real", None, "", bench.real_text))
        for temperature in temperatures:
            began, known = time.monotonic(), kept.find(state, temperature, player.weights)
            point = known or kept.point(
                state, temperature, player.weights, partial(bench.written, player, temperature)
            )
            told = ", ".join(f"{key} {point.scores[key].value:.3f}" for key in TOLD if key in point.scores)
            how = "kept from before" if known else clock(time.monotonic() - began)
            say(f"{state} at {temperature:g}: {told} ({how})")
            points.append(point)
    return Sweep(run, count, seed, against, tuple(points))


@dataclass(frozen=True)
class _Player:
    """A checkpoint's generator; weights: what tells it from others; test: the encoded split for its likelihood.

    labels: of the training text, in whose proportions it is asked to write.
    """

    loaded: LoadedRun
    weights: str
    test: Encoded
    labels: Tensor | None

    @classmethod
    def open(cls, bench: _Bench, run: Path, state: str) -> _Player:
        loaded = load(run, state, trust_code=True)  # or `sweep` would not have come so far
        if not loaded.generator.has_likelihood:
            raise Mistake(
                f"{run}: its generator writes vectors, which have no temperature; sweep a run whose generator "
                "draws tokens"
            )
        file = checkpoints.find(run / "checkpoints" / state) / "generator.safetensors"
        test, labels = _encoded(bench.corpus, bench.recipe, loaded.tokenizer)
        return cls(loaded, digest(file.read_bytes()), test, labels)


@dataclass(frozen=True)
class _Bench:
    """How every text of a sweep is made and scored. seed: of the draws."""

    recipe: Recipe
    corpus: Corpus
    evaluation: Evaluation
    real: list[str]
    count: int
    seed: int

    def real_text(self) -> dict[str, Score]:
        train = self.corpus.train.texts
        order = torch.randperm(len(train), generator=torch.Generator().manual_seed(self.seed))
        rows, labels = order[: self.count].tolist(), self.corpus.train.labels
        told = None if labels is None else [labels[i] for i in rows]
        drawn = [train[i] for i in rows]
        return self.evaluation.score(drawn, self.real, self.corpus, None, told, self.real_labels)

    @property
    def real_labels(self) -> list[int] | None:
        """Of the real text, where it is the test split."""
        return self.corpus.test.labels if self.real is self.corpus.test.texts else None

    def written(self, player: _Player, temperature: float) -> dict[str, Score]:
        loaded = player.loaded
        sentences = write_sentences(
            loaded.generator, loaded.tokenizer, self.count, loaded.length, Draw(temperature), self.seed,
            loaded.engine, player.labels,
        )  # fmt: skip
        generator = loaded.generator if temperature == 1 else Tempered(loaded.generator, temperature)
        likelihood = (generator, player.test, loaded.engine)
        asked = asked_labels(player.labels, self.count, self.seed)
        told = None if asked is None else asked.tolist()
        return self.evaluation.score(sentences, self.real, self.corpus, likelihood, told, self.real_labels)


def _states(run: Path, checkpoint: str) -> list[str]:
    if checkpoint != "all":
        return [checkpoint]
    if not (run / "checkpoints" / "pretrained").is_dir():
        raise Mistake(
            f"--checkpoint: {run} has none called 'pretrained' to hold 'last' against, since it had no adversarial "
            "phase; leave --checkpoint out"
        )
    return ["pretrained", "last"]


def _count(samples: int | None, final: int, train: int) -> int:
    """How many sentences: as many of real text are to stand beside them."""
    count = min(final, train) if samples is None else samples
    if not 2 <= count <= train:
        raise Mistake(
            f"--samples: expected 2 to {train} (the training split, of which as many stand beside them), got {count}"
        )
    return count


def _encoded(corpus: Corpus, recipe: Recipe, tokenizer: Tokenizer) -> tuple[Encoded, Tensor | None]:
    """The test split, and the labels that sentences are asked for in the proportions of."""
    length, overlong = recipe.settings.length, recipe.settings.overlong
    test, _ = encode(corpus.test, tokenizer, length, overlong=overlong, place="corpus.test")
    if corpus.train.labels is None:
        return test, None
    train, _ = encode(corpus.train, tokenizer, length, overlong=overlong, place="corpus.train")
    return test, train.text.labels


def _identity(name: str, beside: Path) -> str:
    """A metric's name; with what is in its file if it is one of the user's own."""
    path, own, _ = name.rpartition(".py:")
    return f"{name}|{digest((beside / f'{path}.py').read_bytes())}" if own else name
