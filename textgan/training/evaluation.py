"""Evaluation of the generator: sampled text, and the recipe's metrics on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor

from textgan.data.batches import Encoded, ordered
from textgan.data.corpus import Corpus
from textgan.data.tokenizers import Tokenizer
from textgan.errors import did_you_mean
from textgan.machine.ranks import ALONE, Ranks
from textgan.machine.streams import kept, seeded
from textgan.metrics.directions import DIRECTIONS, direction
from textgan.metrics.samples import HeldOut, Samples, Score, signature
from textgan.metrics.suite import evaluate
from textgan.parts.ranges import Above, Candidates, Count, Nucleus, Sentences, Temperature
from textgan.sampling import Draw
from textgan.training.game import judging
from textgan.training.likelihood import heldout_nats
from textgan.training.resampled import Resampled
from textgan.types import Discriminator, Generator, Prompt, Sampler

BATCH = 256


class Evaluation:
    """every: adversarial steps between evaluations; samples: sentences drawn for each, scored against validation text.

    final: sentences scored against test text, from before and from after the adversarial phase. best: the score whose
    best value marks `checkpoints/best`. temperature, top_p: of sampling; top_p is the mass of the nucleus (Holtzman et
    al. 2020), and below 1 a front has no held-out likelihood, since excluded tokens have none. encoder: for the metrics
    that use one (frechet, mauve): `lm`, or a model for transformers. resample: above 1, the text scored at the end
    and in fronts is resampled by the discriminator: one in so many sentences is kept, drawn by its odds to the power
    of `sharpness` (`resampled.py`). Evaluations during training are of the generator alone.
    """

    def __init__(
        self,
        every: Count = 50,
        samples: Sentences = 1000,
        final: Sentences = 2000,
        best: str = "bleu-4",
        temperature: Temperature = 1.0,
        top_p: Nucleus = 1.0,
        encoder: str | None = None,
        resample: Candidates = 1,
        sharpness: Above = 1.0,
        metrics: list[str] | None = None,
    ) -> None:
        stem, order = re.fullmatch(r"(.*?)((?:-\d+)?)", best, re.DOTALL).groups()  # type: ignore[union-attr]
        if stem not in DIRECTIONS:
            known = [f"{name}{order}" for name, better in DIRECTIONS.items() if better]
            raise ValueError(f"best: there is no known score {best!r}.{did_you_mean(best, known)}")
        if direction(best) == 0:
            raise ValueError(f"best: neither high nor low values of {best!r} are better; name another score")
        self.every = every
        self.samples = samples
        self.final = final
        self.best = best
        self.temperature = temperature
        self.top_p = top_p
        self.metrics = metrics or []
        self.encoder = encoder
        self.resample = resample
        self.sharpness = sharpness
        self.beside = Path()

    @property
    def sampler(self) -> Sampler:
        return self.at(self.temperature)

    def at(self, temperature: float) -> Sampler:
        """How text is drawn at a temperature."""
        return Draw(temperature, top_p=self.top_p if self.top_p < 1 else None)

    @property
    def nucleus(self) -> str:
        """Describes the restriction to likely tokens; empty if there is none."""
        return f"tokens drawn from the likeliest of total {self.top_p:g} (top-p)" if self.top_p < 1 else ""

    @property
    def choice(self) -> str:
        """Describes how `writer` selects sentences; empty if it does not."""
        if self.resample == 1:
            return ""
        power = "" if self.sharpness == 1 else f" to the power of {self.sharpness:g}"
        return f"one sentence in {self.resample} drawn by the discriminator's odds{power}"

    def writer(self, generator: Generator, judge: Discriminator) -> Generator:
        """What writes the text scored after the adversarial phase: the generator, or both players together."""
        if self.resample == 1:
            return generator
        return Resampled(generator, judge, self.resample, self.sharpness)

    def better(self, value: float, than: float | None) -> bool:
        return than is None or (value - than) * direction(self.best) > 0

    def score(
        self,
        texts: list[str],
        references: list[str],
        corpus: Corpus,
        likelihood: Callable[[], HeldOut] | None = None,
        labels: list[int] | None = None,
        reference_labels: list[int] | None = None,
        names: Sequence[str] | None = None,
    ) -> dict[str, Score]:
        """The recipe's metrics; `likelihood` (see `likelihood_of`) adds the generator's own.

        labels: the classes the texts were conditioned on; reference_labels: those of the references. names: which
        metrics, by default all.
        """

        samples = Samples(
            texts,
            references,
            corpus.train.texts,
            corpus.source,
            likelihood,
            labels,
            reference_labels,
            corpus.train.labels,
        )
        with kept():  # a custom metric may use or seed the random streams
            return evaluate(
                samples, self.metrics if names is None else names, beside=self.beside, encoder=self.encoder
            )


def likelihood_of(
    generator: Generator, encoded: Encoded, engine: Accelerator, ranks: Ranks = ALONE
) -> Callable[[], HeldOut] | None:
    """The generator's own likelihood of a split, for `Evaluation.score`; None where it has none.

    Measured when it is asked for; where several ranks measure it, at once, as rank 0 alone will ask.
    """
    if not generator.has_likelihood:
        return None

    def measured() -> HeldOut:
        nats, tokens = heldout_nats(generator, encoded, engine, ranks=ranks)
        unknown = int((encoded.text.mask & ~encoded.known).sum())
        return HeldOut(nats, tokens, len(encoded), unknown)

    if ranks.alone:
        return measured
    found = measured()
    return lambda: found


@torch.no_grad()
def judge_accuracy(discriminator: Discriminator, encoded: Encoded, engine: Accelerator) -> dict[str, Score]:
    """`class-accuracy-judge`: share of labelled real sentences that the discriminator classifies correctly.

    In [0, 1], higher is better. The aim of semi-supervised training; it says nothing about the generated text. Absent
    if the discriminator does not classify or no label is known.
    """
    right = sentences = 0
    with judging(discriminator), engine.autocast():
        for text, _ in ordered(encoded, BATCH):
            verdict = discriminator.judge(text.to(engine.device))
            if verdict.classes is None or verdict.labels is None:
                return {}
            right += int((verdict.classes.argmax(1) == verdict.labels).sum())
            sentences += int((verdict.labels >= 0).sum())
    if not sentences:
        return {}
    name = "class-accuracy-judge"
    return {name: Score(right / sentences, signature(name, refs=sentences))}


def asked_labels(labels: Tensor | None, count: int, seed: int) -> Tensor | None:
    """The labels (count,) that `write_ids` conditions `count` sentences on, for these labels and this seed."""
    if labels is None:
        return None
    return labels[torch.randint(len(labels), (count,), generator=torch.Generator().manual_seed(seed))]


@torch.no_grad()
def write_ids(
    generator: Generator,
    count: int,
    length: int,
    sampler: Sampler,
    seed: int,
    engine: Accelerator,
    labels: Tensor | None = None,
    ranks: Ranks = ALONE,
) -> list[list[int]]:
    """`count` sentences as ids up to EOS; they depend on the seed only, not on earlier draws.

    With several ranks, each writes its share with its own seed, and all ranks get all sentences, in rank order.

    labels (N,): those of real text, drawn from in its proportions where the generator writes by label.
    """
    was_training = generator.training
    generator.eval()
    written: list[list[int]] = []
    asked = asked_labels(labels, count, seed)
    first, end = ranks.span(count)
    with seeded(ranks.seed(seed)):
        for begin in range(first, end, BATCH):
            size = min(BATCH, end - begin)
            wanted = None if asked is None else asked[begin : begin + size].to(engine.device)
            with engine.autocast():
                text = generator.write(Prompt(size, wanted), length, sampler)
            rows, lengths = text.ids.tolist(), text.mask.sum(1).tolist()
            written += [row[:width] for row, width in zip(rows, lengths, strict=True)]
    generator.train(was_training)
    return written if ranks.alone else _gathered(written, count, length, ranks)


def _gathered(written: list[list[int]], count: int, length: int, ranks: Ranks) -> list[list[int]]:
    """All ranks' sentences, in their order; as one tensor, in which -1 is no token."""
    most = -(-count // ranks.count)
    padded = [row + [-1] * (length - len(row)) for row in written]
    padded += [[-1] * length] * (most - len(written))
    rows = ranks.join(torch.tensor(padded, device=ranks.device)).tolist()
    return [[i for i in row if i >= 0] for row in rows if row[0] >= 0]


def write_sentences(
    generator: Generator,
    tokenizer: Tokenizer,
    count: int,
    length: int,
    sampler: Sampler,
    seed: int,
    engine: Accelerator,
    labels: Tensor | None = None,
    ranks: Ranks = ALONE,
) -> list[str]:
    """Readable sentences; see `write_ids`."""
    return tokenizer.sentences(
        write_ids(generator, count, length, sampler, seed, engine, labels, ranks=ranks)
    )
