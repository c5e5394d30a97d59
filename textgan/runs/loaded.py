"""A trained run, loaded from its folder: the generator, ready to sample, and its discriminator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from accelerate import Accelerator
from torch import Tensor

from textgan.amounts import amount
from textgan.assembly.part import part
from textgan.assembly.recipe import Recipe
from textgan.data.corpus import Corpus
from textgan.data.tokenizers import Tokenizer
from textgan.errors import Mistake, did_you_mean
from textgan.machine.streams import kept
from textgan.objectives.adversarial import Logistic
from textgan.plain import from_json
from textgan.runs.asked import Asked, Drawn
from textgan.runs.choosing import choose_by_label, mark, weights_of
from textgan.runs.drawing import Pen
from textgan.runs.origin import check_text, warn_of_code, where_trained
from textgan.sampling import Draw
from textgan.training import checkpoints
from textgan.training.engine import engine_for
from textgan.training.unfinished import not_yet
from textgan.types import Discriminator, Generator, Vocabulary

PILOTS = 1 << 20
"""Random streams from this number on are pilots: their sentences are never returned to the user."""


@dataclass
class LoadedRun:
    """A trained generator, ready to sample. length: the most tokens of a sentence. threads: CPU threads, as its recipe
    sets them."""

    path: Path
    generator: Generator
    tokenizer: Tokenizer
    label_names: tuple[str, ...]
    length: int
    engine: Accelerator
    recipe: Recipe
    threads: int

    def sample(
        self,
        n: int = 10,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        prefix: str | None = None,
        label: str | None = None,
        balance: Literal["even", "train"] | Mapping[str, float] = "even",
        seed: int = 0,
        best_of: int = 1,
        resample: int = 1,
        sharpness: float = 1.0,
        reject: float | Literal["odds"] | None = None,
        min_score: float | None = None,
        unique: bool = False,
        novel: bool = False,
    ) -> Iterator[str]:
        """An iterator over `n` sentences, selected as `Asked` says. Raises Mistake.

        The same seed gives the same sentences; a larger `n` gives the same ones and then more.
        """
        asked = Asked(
            temperature, top_k, top_p, prefix, label, balance, seed, best_of, resample, sharpness, reject,
            min_score, unique, novel,
        )  # fmt: skip
        return (one.text for one in self.draw(n, asked))

    def draw(
        self, n: int, asked: Asked, *, told: bool = False, dropped: Counter[str] | None = None
    ) -> Iterator[Drawn]:
        """As `sample`, with the label, log-probability and score of each sentence.

        Mistakes are raised before the first sentence.

        told: compute log-probability and score, where the run has them, even if the selection does not need them.
        dropped: counts the sentences that were not kept, by reason (`textgan.runs.choosing.DROPPED`).
        """
        if n < 0:
            raise Mistake(f"-n: expected 0 or more, got {n}")
        weights = self._weights(asked)
        begin = self._prefix(asked.prefix)
        known = self._known() if asked.novel else frozenset[int]()
        discriminator: Discriminator | None = None
        if asked.needs_judge:
            discriminator = self.judge(asked.needs_judge)
        elif told and not isinstance(found := self._judge(), str):
            discriminator = found
        by_odds = {"--reject: odds": asked.reject == "odds", "--resample:": asked.resample > 1}
        for option, given in by_odds.items():
            if given and not isinstance(self._objective(), Logistic):
                raise Mistake(
                    f"{option} needs a discriminator trained to classify real and generated text (objective minimax, "
                    "non-saturating or log-odds), and this run has another objective; use --reject with a share, such "
                    "as 0.5"
                )
        likelihood = told and self.generator.has_likelihood
        pen = Pen(self.generator, self.tokenizer, self.length, self.engine, discriminator, likelihood)
        sampler = Draw(asked.temperature, asked.top_k, asked.top_p)

        def candidates(name: str | None, pilot: bool = False) -> Iterator[Drawn]:
            index = 0 if name is None else self.label_names.index(name)
            label = None if name is None else (index, name)
            return pen.candidates(sampler, asked.seed, index + PILOTS * pilot, label, begin)

        return choose_by_label(n, asked, candidates, weights, known=known, dropped=dropped)

    def judge(self, option: str = "judge") -> Discriminator:
        """The run's discriminator, last checkpoint, in eval mode. Mistake at `option` if it scores no sentence."""
        found = self._judge()
        if isinstance(found, str):
            raise Mistake(f"{option}: {found}")
        return found

    def _judge(self) -> Discriminator | str:
        """The discriminator, or the reason why there is none that could score a sentence."""
        recipe = self.recipe
        phases = recipe.values.get("train") or {}
        if not recipe.values.get("discriminator") or not {"discriminator", "adversarial"} & {*phases}:
            return "this run has no discriminator; train one with a recipe that has it, such as seqgan-short"
        if hasattr(self._objective(), "compared"):
            return (
                "this run's discriminator compares sentences with real ones and cannot score one alone; "
                "leave it out"
            )
        handed = _handed(recipe, self.tokenizer, self.label_names)
        discriminator: Discriminator = part(recipe, "discriminator", **handed, decode=self.tokenizer.decode)
        if not discriminator.one_by_one:
            return "this run's discriminator scores a sentence by its batch (discriminator.minibatch); leave it out"
        discriminator.meet(self.generator)
        checkpoints.load_player(self.path / "checkpoints" / "last", "discriminator", discriminator)
        return discriminator.to(self.engine.device).eval()

    def _objective(self) -> object:
        return part(self.recipe, "objective", decode=self.tokenizer.decode)

    def _weights(self, asked: Asked) -> dict[str, float] | None:
        """The relative frequency of each label; None in a run without labels."""
        if not self.label_names:
            if asked.label is None and asked.balance == "even":
                return None
            option = "--balance" if asked.label is None else "--label"
            raise Mistake(f"{option}: this run was trained on text without labels")
        if asked.label is not None:
            if asked.label not in self.label_names:
                near = did_you_mean(asked.label, self.label_names)
                raise Mistake(f"--label: no label is called {asked.label!r}.{near}")
            return {asked.label: 1.0}
        if isinstance(asked.balance, str):
            if asked.balance == "train":
                labels = Counter(self.corpus().train.labels or [])
                return {name: float(labels[i]) for i, name in enumerate(self.label_names) if labels[i] > 0}
            return dict.fromkeys(self.label_names, 1.0)
        return weights_of(asked.balance, self.label_names)

    def check_labels(self, corpus: Corpus) -> None:
        """Mistake unless the corpus has the labels the run was trained with."""
        if tuple(corpus.label_names) != self.label_names:
            theirs, ours = (
                ", ".join(map(repr, names)) or "none" for names in (corpus.label_names, self.label_names)
            )
            raise Mistake(
                f"{self.path}: its corpus has the labels {theirs:.200}, but it was trained with {ours:.200}; restore "
                "the run's recipe and labels.json"
            )

    def corpus(self) -> Corpus:
        """The corpus that its recipe names, read again. Mistake if it cannot be read, or changed since training."""
        with where_trained(self.path):
            corpus: Corpus = part(self.recipe, "corpus")
        check_text(self.path, corpus)
        return corpus

    def _known(self) -> frozenset[int]:
        """Hashes of the training sentences, as they are in the corpus and as the tokenizer would write them."""
        texts = self.corpus().train.texts
        written = self.tokenizer.sentences([row[: self.length] for row in self.tokenizer.encode(texts)])
        return frozenset(mark(text) for text in (*texts, *written))

    def _prefix(self, prefix: str | None) -> Tensor | None:
        if not prefix:
            return None
        if not (self.generator.has_likelihood or self.generator.reconstructs):
            raise Mistake("--prefix: this generator writes vectors and cannot continue a given text")
        (ids,) = self.tokenizer.encode([prefix])
        if lacking := self.tokenizer.lacking(prefix):
            raise Mistake(f"--prefix: {prefix!r} has a word that is not in the run's vocabulary: {lacking}")
        if len(ids) >= self.length:
            raise Mistake(
                f"--prefix: it has {amount(len(ids), 'token')}; the run writes at most {self.length - 1}"
            )
        return torch.tensor(ids)


def _handed(recipe: Recipe, tokenizer: Tokenizer, names: tuple[str, ...]) -> dict[str, Any]:
    """The constructor arguments of generator and discriminator that only the run knows."""
    vocabulary: Vocabulary = tokenizer.vocabulary

    def vectors(size: int) -> Tensor:
        return torch.zeros(vocabulary.size, size)  # overwritten by the checkpoint's

    return {
        "vocabulary": vocabulary,
        "vectors": vectors,
        "length": recipe.settings.length,
        "classes": len(names),
    }


@kept()
def load(run: Path, checkpoint: str = "last", *, trust_code: bool = False) -> LoadedRun:
    """Load a run folder for sampling. checkpoint: last, best or pretrained. Raises Mistake.

    trust_code: allow running the `.py` files that the run's recipe names; without it, a recipe that names one is a
    Mistake. A file that changed since the run was trained gives a warning.
    """
    if not (run / "recipe.yaml").is_file():
        raise Mistake(f"{run}: not a run folder; give one that `textgan train` wrote")
    recipe = Recipe.of_run(run, trust_code)
    warn_of_code(run, recipe)
    tokenizer = Tokenizer.load(run / "tokenizer")
    names = _label_names(run / "labels.json")
    settings = recipe.settings
    engine = engine_for(settings.device, settings.precision, settings.threads)
    handed = _handed(recipe, tokenizer, names)
    generator: Generator = part(recipe, "generator", **handed)
    folder = run / "checkpoints" / checkpoint
    if not checkpoints.exists(folder):
        if checkpoint in ("best", "pretrained") and "adversarial" in recipe.phases:
            raise Mistake(not_yet(run, checkpoint))
        known = [place.name for place in (run / "checkpoints").glob("[a-z]*")]
        near = did_you_mean(checkpoint, known) or " Continue its training with `textgan train` and --resume."
        raise Mistake(f"--checkpoint: the run has no checkpoint {checkpoint!r}.{near}")
    if generator.reads_judge:
        discriminator: Discriminator = part(recipe, "discriminator", **handed, decode=tokenizer.decode)
        checkpoints.load_player(folder, "discriminator", discriminator)
        generator.meet(discriminator.to(engine.device).eval())
    checkpoints.load_player(folder, "generator", generator)
    generator = generator.to(engine.device).eval()
    return LoadedRun(
        run, generator, tokenizer, names, settings.length, engine, recipe, torch.get_num_threads()
    )


def _label_names(file: Path) -> tuple[str, ...]:
    try:
        names = from_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Mistake(
            f"{file}: missing or damaged; expected a list of the run's label names, [] if it has none"
        )
    return tuple(names)
