"""A run's generator at a temperature: the text it then writes, its likelihood, and how both are scored.

What `textgan sweep` and `textgan benchmark` have in common.
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
"""Added to a run's seed for what is drawn at its end: a front at temperature 1 is of the text that it ended with."""


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


@dataclass(frozen=True)
class Player:
    """A checkpoint's generator; weights: what tells it from others; test: the encoded split for its likelihood.

    writer: the generator, or it and its judge together, see `Evaluation.writer`; before the game there is no judge.
    labels: of the training text, in whose proportions it is asked to write.
    """

    loaded: LoadedRun
    writer: Generator
    weights: str
    test: Encoded
    labels: Tensor | None

    @classmethod
    def open(cls, bench: Bench, run: Path, state: str) -> Player:
        loaded = load(
            run, state, trust_code=True
        )  # the recipe in `bench` was trusted, or there would be none
        loaded.check_labels(bench.corpus)
        test, labels = _encoded(bench.corpus, bench.recipe, loaded.tokenizer)
        writer = loaded.generator
        if bench.judged(state):
            writer = bench.evaluation.writer(writer, loaded.judge("evaluate.resample"))
        return cls(loaded, writer, bench.weights(run, state), test, labels)


@dataclass(frozen=True)
class Bench:
    """How every text of a sweep is made and scored. seed: of the draws. text: its digest, where it is known."""

    recipe: Recipe
    corpus: Corpus
    evaluation: Evaluation
    real: list[str]
    count: int
    seed: int
    text: str = ""

    def settings(self, against: str) -> dict[str, Any]:
        """All that scores depend on beside the weights. against: the real text in words."""
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
        """The finished points in a file, of these settings."""
        return Kept(path, self.settings(against))

    def judged(self, state: str) -> bool:
        """Whether the judge chooses what is written by this checkpoint: there is none before the game."""
        return self.evaluation.resample > 1 and state != "pretrained"

    def weights(self, run: Path, state: str) -> str:
        """The digest of all that writes."""
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
        """Of the real text, where it is the test split."""
        return self.corpus.test.labels if self.real is self.corpus.test.texts else None

    def written(self, player: Player, temperature: float) -> dict[str, Score]:
        return self.score(player, temperature, self.write(player, temperature))

    def write(self, player: Player, temperature: float, count: int | None = None) -> list[str]:
        """`count` sentences (by default the bench's), drawn with the same random numbers at every temperature."""
        loaded = player.loaded
        return write_sentences(
            player.writer, loaded.tokenizer, count or self.count, loaded.length,
            self.evaluation.at(temperature), self.seed, loaded.engine, player.labels,
        )  # fmt: skip

    def score(self, player: Player, temperature: float, sentences: list[str]) -> dict[str, Score]:
        """Of what the player wrote at that temperature; its likelihood is that of the tempered model, if all tokens are
        drawn from."""
        loaded, generator = player.loaded, player.writer
        if temperature != 1 and generator.has_likelihood:
            generator = Tempered(generator, temperature)
        whole = self.evaluation.top_p == 1
        likelihood = likelihood_of(generator, player.test, loaded.engine) if whole else None
        asked = asked_labels(player.labels, self.count, self.seed)
        told = None if asked is None else asked.tolist()
        return self.evaluation.score(sentences, self.real, self.corpus, likelihood, told, self.real_labels)


def _encoded(corpus: Corpus, recipe: Recipe, tokenizer: Tokenizer) -> tuple[Encoded, Tensor | None]:
    """The test split, and the labels that sentences are asked for in the proportions of."""
    length, overlong = recipe.settings.length, recipe.settings.overlong
    test, _ = encode(corpus.test, tokenizer, length, overlong=overlong, place="corpus.test")
    if corpus.train.labels is None:
        return test, None
    train, _ = encode(corpus.train, tokenizer, length, overlong=overlong, place="corpus.train")
    return test, train.text.labels


def text_digest(corpus: Corpus, real: list[str]) -> str:
    """Of the training text and of the real text that is scored against."""
    return digest("\n".join([*corpus.train.texts, "", *real]).encode())


def _identity(name: str, beside: Path) -> str:
    """A metric's name; with what is in its file if it is one of the user's own."""
    return f"{name}|{digest(own_file(name, (beside,))[0].read_bytes())}" if is_own_file(name) else name
