"""A run's generator at a temperature: its text, its likelihood, and the scores of both.

Shared by `textgan sweep` and `textgan benchmark`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from textgan.assembly.recipe import Recipe
from textgan.data.batches import Encoded, encode
from textgan.data.corpus import Corpus
from textgan.data.tokenizers import Tokenizer
from textgan.metrics.samples import VERSION, Score
from textgan.parts.binding import is_own_file, own_file
from textgan.runs.loaded import LoadedRun, load
from textgan.runs.points import Kept, digest
from textgan.training import checkpoints
from textgan.training.evaluation import Evaluation, asked_labels, likelihood_of, write_sentences
from textgan.training.real_text import score_real
from textgan.types import Choice, Generator, Prompt, State, Text

AFTER_TRAINING = 2
"""Added to a run's seed for its final samples, so that a front's point at temperature 1 scores that same text."""


class Tempered(Generator):
    """A generator whose logits are divided by a temperature: the likelihood of what is sampled at it."""

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


@dataclass(frozen=True)
class Player:
    """A checkpoint's generator. weights: a digest that identifies it. test: the encoded split for its likelihood.

    writer: the generator, or generator and discriminator together, see `Evaluation.writer`; a pretrained one has no
    discriminator. labels: those of the training text, whose proportions the generated text follows.
    """

    loaded: LoadedRun
    writer: Generator
    weights: str
    test: Encoded
    labels: Tensor | None

    @classmethod
    def open(cls, bench: Bench, run: Path, state: str) -> Player:
        loaded = load(run, state, trust_code=True)  # a bench exists only if its recipe was trusted
        loaded.check_labels(bench.corpus)
        test, labels = _encoded(bench.corpus, bench.recipe, loaded.tokenizer)
        writer = loaded.generator
        if bench.judged(state):
            writer = bench.evaluation.writer(writer, loaded.judge("evaluate.resample"))
        return cls(loaded, writer, bench.weights(run, state), test, labels)


@dataclass(frozen=True)
class Bench:
    """How each text of a sweep is sampled and scored. seed: of the sampling. text: digest of the corpus, if known."""

    recipe: Recipe
    corpus: Corpus
    evaluation: Evaluation
    real: list[str]
    count: int
    seed: int
    text: str = ""

    def settings(self, against: str) -> dict[str, Any]:
        """Everything that scores depend on except the weights. against: the real text, in words."""
        return {
            "samples": self.count,
            "seed": self.seed - AFTER_TRAINING,
            "metrics": [_identity(name, self.evaluation.beside) for name in self.evaluation.metrics],
            "encoder": self.evaluation.encoder,
            "choice": self.evaluation.choice,
            "nucleus": self.evaluation.nucleus,
            "against": against,
            "text": self.text or text_digest(self.corpus, self.real),
            "version": VERSION,
        }

    def kept(self, path: Path, against: str) -> Kept:
        """The finished points in a file that were measured with these settings."""
        return Kept(path, self.settings(against))

    def judged(self, state: str) -> bool:
        """Whether the discriminator selects this checkpoint's text; a pretrained generator has no trained one."""
        return self.evaluation.resample > 1 and state != "pretrained"

    def weights(self, run: Path, state: str) -> str:
        """A digest of the weights that decide the text: the generator's and, if it selects, the discriminator's."""
        folder = checkpoints.find(run / "checkpoints" / state)
        content = (folder / "generator.safetensors").read_bytes()
        if self.judged(state):
            last = checkpoints.find(run / "checkpoints" / "last")
            content += (last / "discriminator.safetensors").read_bytes()
        return digest(content)

    def real_text(self) -> dict[str, Score]:
        return score_real(self.evaluation, self.corpus, self.real, self.count, self.seed, self.real_labels)

    @property
    def real_labels(self) -> list[int] | None:
        """The labels of the real text if it is the test split, else None."""
        return self.corpus.test.labels if self.real is self.corpus.test.texts else None

    def written(self, player: Player, temperature: float) -> dict[str, Score]:
        return self.score(player, temperature, self.write(player, temperature))

    def write(self, player: Player, temperature: float, count: int | None = None) -> list[str]:
        """`count` sentences (by default the bench's), sampled with the same random numbers at every temperature."""
        loaded = player.loaded
        return write_sentences(
            player.writer, loaded.tokenizer, count or self.count, loaded.length,
            self.evaluation.at(temperature), self.seed, loaded.engine, player.labels,
        )  # fmt: skip

    def score(self, player: Player, temperature: float, sentences: list[str]) -> dict[str, Score]:
        """Scores of what the player wrote at that temperature.

        The likelihood is that of the tempered model, and is left out under nucleus sampling.
        """
        loaded, generator = player.loaded, player.writer
        if temperature != 1 and generator.has_likelihood:
            generator = Tempered(generator, temperature)
        whole = self.evaluation.top_p == 1
        likelihood = likelihood_of(generator, player.test, loaded.engine) if whole else None
        asked = asked_labels(player.labels, self.count, self.seed)
        labels = None if asked is None else asked.tolist()
        return self.evaluation.score(sentences, self.real, self.corpus, likelihood, labels, self.real_labels)


def _encoded(corpus: Corpus, recipe: Recipe, tokenizer: Tokenizer) -> tuple[Encoded, Tensor | None]:
    """The encoded test split, and the training labels, whose proportions the generated text follows."""
    length, overlong = recipe.settings.length, recipe.settings.overlong
    test, _ = encode(corpus.test, tokenizer, length, overlong=overlong, place="corpus.test")
    if corpus.train.labels is None:
        return test, None
    train, _ = encode(corpus.train, tokenizer, length, overlong=overlong, place="corpus.train")
    return test, train.text.labels


def text_digest(corpus: Corpus, real: list[str]) -> str:
    """The digest of the training text and of the real text scored against."""
    return digest("\n".join([*corpus.train.texts, "", *real]).encode())


def _identity(name: str, beside: Path) -> str:
    """A metric's name; with a digest of its file if it is one of the user's own."""
    return f"{name}|{digest(own_file(name, (beside,))[0].read_bytes())}" if is_own_file(name) else name
