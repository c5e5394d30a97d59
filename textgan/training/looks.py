"""Evaluation during training: what the generator writes, its validation scores, and its best weights."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

from textgan.data.corpus import Corpus
from textgan.data.tokenizers import Tokenizer
from textgan.machine import streams
from textgan.machine.ranks import ALONE
from textgan.metrics.samples import HeldOut, Score, scores_as_json
from textgan.training import checkpoints
from textgan.training.evaluation import Evaluation, asked_labels, likelihood_of, write_sentences
from textgan.training.folder import RunFolder
from textgan.training.game import Game
from textgan.training.progress import Display
from textgan.training.stopping import Stop, Stopped
from textgan.types import Generator


@dataclass
class Looks:
    """best: the best value so far of the score that `evaluation.best` names; its weights are `checkpoints/best`."""

    game: Game
    evaluation: Evaluation
    corpus: Corpus
    tokenizer: Tokenizer
    folder: RunFolder
    display: Display
    best: float | None = None

    def look(self, phase: str, step: int, elapsed: float, stop: Stop) -> tuple[dict[str, Score], list[str]]:
        """Scores (none on ranks but the first) and the sentences, which are drawn by a seed of their own.

        A look takes long and changes nothing. Stopped where `stop` is asked to while it lasts: then nothing is left
        of it, in the folder or in the random streams.
        """
        ranks, size, best, random = self.game.ranks, self.folder.size, self.best, streams.random_state()
        scores: dict[str, Score] = {}
        sentences: list[str] = []
        by = 0
        try:
            # What all ranks do is given up by all of them or by none.
            with stop.at_once() if ranks.alone else nullcontext():
                sentences = self.write(self.evaluation.samples, seed=self.game.seed + 1)
                likelihood = likelihood_of(self.game.generator, self.game.heldout, self.game.engine, ranks)
            if ranks.first:
                with stop.at_once():
                    scores = self._score(phase, step, elapsed, sentences, likelihood)
        except Stopped as stopped:
            by = stopped.by
        by = int(ranks.highest(by))
        if by:
            self.folder.cut(size)
            self.best = best
            streams.set_random_state(random)
            raise Stopped(by)
        return scores, sentences

    def _score(
        self,
        phase: str,
        step: int,
        elapsed: float,
        sentences: list[str],
        likelihood: Callable[[], HeldOut] | None,
    ) -> dict[str, Score]:
        """Score what was drawn against validation text, show some, keep the best weights."""
        heldout = self.corpus.validation
        asked = self.asked(self.evaluation.samples, seed=self.game.seed + 1)
        scores = self.evaluation.score(
            sentences, heldout.texts, self.corpus, likelihood, asked, heldout.labels
        )
        row = {"kind": "evaluate", "phase": phase, "step": step, "seconds": elapsed}
        self.folder.append({**row, "scores": scores_as_json(scores)})
        self.folder.write_samples(f"{phase}-{step:06d}", sentences[:100])
        self.display.sample(sentences[:2])
        watched = scores.get(self.evaluation.best)
        if watched is not None and self.evaluation.better(watched.value, self.best):
            self.best = watched.value
            checkpoints.save(self.folder.checkpoints / "best", self.game.writers)
        return scores

    def write(
        self, count: int, seed: int, together: bool = True, writer: Generator | None = None
    ) -> list[str]:
        """Readable sentences by the generator as it is. together: by all ranks, each of which must call this.
        writer: in the generator's place."""
        game = self.game
        return write_sentences(
            writer or game.generator, self.tokenizer, count, game.length, self.evaluation.sampler, seed,
            game.engine, game.train.text.labels, game.ranks if together else ALONE,
        )  # fmt: skip

    def asked(self, count: int, seed: int) -> list[int] | None:
        """The labels that `write` asks the sentences to have; None without labels."""
        labels = asked_labels(self.game.train.text.labels, count, seed)
        return None if labels is None else labels.tolist()
