"""Callbacks: your own code, called while a run trains, to watch it, record something or end it early.

    class Early(textgan.Callback):
        def on_evaluate(self, moment, scores, sentences):
            if scores["bleu-4"].value > 0.3:
                moment.end_training()

    textgan.train("seqgan-short", callbacks=[Early()])        # or in a recipe: callbacks: [./mine.py:Early]

The names are those of transformers' callbacks. Loads no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textgan.errors import Mistake, on_one_line

if TYPE_CHECKING:
    from textgan.machine.ranks import Ranks
    from textgan.metrics.samples import Score
    from textgan.training.game import Game


@dataclass
class Moment:
    """The state of a run at the time of a callback.

    run: its folder. phase: `mle`, `discriminator` or `adversarial`; "" before the first. step: within the phase, which
    has at most `total`; steps: over all phases so far. seconds: of training, over all resumptions. resumed: whether
    the run continues from a checkpoint. game: generator, discriminator, objective and encoded text, for reading only.
    """

    run: Path
    phase: str
    step: int
    total: int
    steps: int
    seconds: float
    resumed: bool
    game: Game
    write: Callable[[int, int], list[str]]
    wanted: str = field(default="", init=False)

    def sample(self, n: int = 10, seed: int = 0) -> list[str]:
        """`n` sentences by the generator as it is now, at the recipe's `evaluate.temperature`."""
        return self.write(n, seed)

    def end_phase(self) -> None:
        """End the phase after this step; the run continues with the next phase."""
        self.wanted = self.wanted or "phase"

    def end_training(self) -> None:
        """End training after this step; the run is saved and scored as if it had finished."""
        self.wanted = "training"


class Callback:
    """Base class: override the methods you need; by default they do nothing.

    Random numbers that a callback draws do not affect training: all random states are restored after it. An exception
    ends the run with a one-line message that names the callback; the last checkpoint stays. A callback's own state is
    not saved with the run: `on_train_begin` is called again when the run is resumed.
    """

    def on_train_begin(self, moment: Moment) -> None:
        """Before the first step of a run, and again when it is resumed."""

    def on_phase_begin(self, moment: Moment) -> None:
        """Before the first step of each phase; not again if the run is resumed in the middle of it."""

    def on_step_end(self, moment: Moment, numbers: Mapping[str, float]) -> None:
        """After each step. numbers: what it wrote to `metrics.jsonl`; empty for a step that is not logged."""

    def on_evaluate(self, moment: Moment, scores: Mapping[str, Score], sentences: Sequence[str]) -> None:
        """After each evaluation during training: the generated sentences and their scores against validation text."""

    def on_save(self, moment: Moment, checkpoint: Path) -> None:
        """After `checkpoints/last` was written, from which a resumed run continues."""

    def on_train_end(self, moment: Moment, scores: Mapping[str, Mapping[str, Score]]) -> None:
        """At the end: the scores against test text of `real`, `before` and `after`.

        Also called if the run was stopped or failed, so that a callback can clean up; scores is then empty.
        """


class Callbacks:
    """The callbacks of a run, called in order.

    ranks: of the ranks that train together only the first calls them; if a callback asks to end, all ranks end.
    """

    def __init__(self, callbacks: Sequence[Callback] = (), ranks: Ranks | None = None) -> None:
        self.ranks = ranks
        for one in callbacks:
            if not isinstance(one, Callback):
                is_class = isinstance(one, type) and issubclass(one, Callback)
                remedy = f"give {one.__name__}()" if is_class else "expected a textgan.Callback"
                raise Mistake(f"callbacks: {one!r:.80} is not a callback; {remedy}")
        self.callbacks = tuple(callbacks)

    def tell(
        self, event: str, moment: Callable[[], Moment], kept: Callable[[], str], *more: Any
    ) -> tuple[str, str] | None:
        """Call `event` of each. Returns what one of them asked for, `phase` or `training`, and its name.

        kept: describes the checkpoint to resume from. Any exception of a callback is raised as Mistake.
        """
        if not self.callbacks:
            return None
        ranks = self.ranks
        if ranks is None or ranks.alone:
            return self._called(event, moment, kept, *more)
        asked = self._called(event, moment, kept, *more) if ranks.first else None
        if event == "on_train_end":  # after the end, the ranks go their own ways
            return asked
        message = ranks.from_first("\n".join(asked or ()).encode()).decode()
        wanted, _, name = message.partition("\n")
        return (wanted, name) if message else None

    def _called(
        self, event: str, moment: Callable[[], Moment], kept: Callable[[], str], *more: Any
    ) -> tuple[str, str] | None:
        from textgan.machine.streams import random_state, set_random_state

        asked: tuple[str, str] | None = None
        state = random_state()
        try:
            for one in self.callbacks:
                now = moment()
                try:
                    getattr(one, event)(now, *more)
                except Mistake:
                    raise
                except Exception as error:  # whatever the user's code raises becomes one line
                    raise Mistake(
                        f"callbacks.{type(one).__name__}.{event}: {on_one_line(error)}; {kept()}; fix it and "
                        "continue with --resume"
                    ) from error
                if now.wanted and (asked is None or now.wanted == "training"):
                    asked = now.wanted, type(one).__name__
        finally:
            set_random_state(state)
        return asked
