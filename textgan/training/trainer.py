"""The training loop: runs the phases in order, with a log, evaluations, checkpoints and a clean stop."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from textgan.data.corpus import Corpus
from textgan.data.tokenizers import Tokenizer
from textgan.errors import Mistake
from textgan.machine import streams
from textgan.machine.process import give_back_freed_memory
from textgan.machine.ranks import Ranks
from textgan.metrics.samples import Score
from textgan.training import checkpoints, keeping
from textgan.training.callbacks import Callbacks, Moment
from textgan.training.evaluation import Evaluation
from textgan.training.folder import RunFolder
from textgan.training.form import mismatch, taking_over
from textgan.training.game import Game
from textgan.training.health import Health
from textgan.training.looks import Looks
from textgan.training.phase import Phase
from textgan.training.progress import Display
from textgan.training.stopping import Stop, Stopped

SAVE_SECONDS = 60.0


@dataclass
class Trainer:
    """Runs phases over a game and writes the run folder.

    Randomness in training comes from torch's stream and the batches' own streams; evaluations use their
    own seeds. So a resumed run is, bit for bit, the one that was never stopped.
    """

    game: Game
    phases: list[Phase]
    evaluation: Evaluation
    corpus: Corpus
    tokenizer: Tokenizer
    folder: RunFolder
    display: Display
    warnings: list[str] = field(default_factory=list)
    stop: Stop = field(default_factory=Stop)
    callbacks: Callbacks = field(default_factory=Callbacks)
    _look_due: bool = False
    _health: Health = field(default_factory=Health)
    _current: int = 0
    _seconds_before: float = 0.0
    _seconds: dict[str, float] = field(default_factory=dict)
    _steps: dict[str, int] = field(default_factory=dict)
    _resumed: bool = False
    _ending: str = ""

    def __post_init__(self) -> None:
        self.looks = Looks(self.game, self.evaluation, self.corpus, self.tokenizer, self.folder, self.display)

    def run(self, resume: bool = False) -> None:
        """All phases to their end. Raises Stopped where `stop` was asked to, Diverged on NaN."""
        self._began = self._saved = time.monotonic()
        self._resumed = resume and checkpoints.exists(self._last)
        resumed = self._restore() if resume else False
        self._tell("on_train_begin")
        while self._current < len(self.phases) and self._ending != "training":
            self._ending = ""
            phase = self.phases[self._current]
            if not resumed:
                phase.begin(self.game)
                self._enter(phase)
                self._tell("on_phase_begin")
                if self._current:
                    self.save()  # what was trained so far is not lost
            resumed = False
            self._play(phase)
            phase.finish()
            self._current += 1
        self._current = len(self.phases)  # a phase that was ended early is not continued
        self.save()

    def end(self, scores: Mapping[str, Mapping[str, Score]]) -> None:
        """Tell the callbacks that training has ended. scores: the final ones; none of a run that was stopped or failed,
        whose own reason is what matters then: what a callback raises is a warning."""
        try:
            self._tell("on_train_end", scores)
        except Mistake as mistake:
            if scores:
                raise
            self.display.warn(str(mistake))

    @property
    def ranks(self) -> Ranks:
        return self.game.ranks

    @property
    def elapsed(self) -> float:
        """Seconds of training, over all resumptions."""
        return self._seconds_before + time.monotonic() - self._began

    @property
    def minutes(self) -> dict[str, float]:
        return {name: seconds / 60 for name, seconds in self._seconds.items()}

    def _enter(self, phase: Phase) -> None:
        self._health = Health()
        self._steps[phase.name] = 0
        self.folder.append({"kind": "phase", "phase": phase.name, "step": 0, "seconds": self.elapsed})
        if phase.changes_text:
            if self.ranks.first:
                checkpoints.save(self.folder.checkpoints / "pretrained", self.game.writers)
            self._look_due = True

    def _play(self, phase: Phase) -> None:
        self._look_if_due(phase)
        self.display.begin(phase.name, phase.step_count, phase.total, at_most=phase.may_stop_early)
        try:
            while not phase.done and not self._ending:
                self._stop_if_asked()
                began = time.monotonic()
                with self.stop.in_step():
                    values = phase.step()
                step = self._steps[phase.name] = phase.step_count
                logged = step % phase.log_every == 0 or phase.done or "nll-validation" in values
                numbers: dict[str, float] = {}
                if logged:
                    numbers = self.ranks.mean(values)
                    row = {"kind": "train", "phase": phase.name, "step": step, "seconds": self.elapsed}
                    self.folder.append({**row, **numbers})
                    self.display.step(step, numbers, phase.total)
                    for warning in self._health.check(phase.name, step, numbers, self._kept):
                        self._warn(phase, warning)
                self._seconds[phase.name] = self._seconds.get(phase.name, 0.0) + time.monotonic() - began
                self._tell("on_step_end", numbers)
                over = phase.done or bool(self._ending)
                if phase.changes_text and (step % self.evaluation.every == 0 or over):
                    self._look_due = True
                    self._look_if_due(phase)
                    self.save()
                elif logged and self.ranks.highest(time.monotonic() - self._saved) > SAVE_SECONDS:
                    self.save()  # only after a step whose numbers were seen to be finite
        finally:
            self.display.stop()
        self.display.end(phase.step_count, phase.total, phase.ending)

    def _warn(self, phase: Phase, text: str) -> None:
        self.warnings.append(f"{phase.name} step {phase.step_count}: {text}")
        row = {"kind": "warning", "phase": phase.name, "step": phase.step_count, "seconds": self.elapsed}
        self.folder.append({**row, "text": text})
        self.display.warn(text)

    def _tell(self, event: str, *more: Any) -> None:
        """Call the callbacks, and heed one that asks for the end."""
        asked = self.callbacks.tell(event, self._moment, self._kept, *more)
        if asked is None or self._ending == "training" or event == "on_train_end":
            return
        wanted, name = asked
        if not self._ending and self._current < len(self.phases):
            self._warn(self.phases[self._current], f"the callback {name} ended the {wanted} here")
        self._ending = wanted

    def _moment(self) -> Moment:
        phase = self.phases[min(self._current, len(self.phases) - 1)]
        name, step, total = (
            (phase.name, phase.step_count, phase.total) if phase.name in self._steps else ("", 0, 0)
        )
        return Moment(
            self.folder.path, name, step, total, sum(self._steps.values()), self.elapsed, self._resumed,
            self.game, partial(self.looks.write, together=False),
        )  # fmt: skip

    def _stop_if_asked(self) -> None:
        by = self.ranks.highest(self.stop.by or 0)  # all ranks stop at the same step
        if by:
            self.save()
            raise Stopped(int(by))

    def _look_if_due(self, phase: Phase) -> None:
        if not self._look_due:
            return
        try:
            scores, sentences = self.looks.look(phase.name, phase.step_count, self.elapsed, self.stop)
        except Stopped:
            self.save()  # the look is still due, and is left to the resumed run
            raise
        self._look_due = False
        give_back_freed_memory()
        self._tell("on_evaluate", scores, sentences)

    @property
    def _last(self) -> Path:
        return self.folder.checkpoints / "last"

    def _kept(self) -> str:
        return checkpoints.kept(self._last)

    def save(self) -> None:
        """`checkpoints/last`: with it a resumed run goes on bit for bit. Raises Diverged rather than save NaN."""
        phase = None if self._current >= len(self.phases) else self.phases[self._current]
        keeping.check(self.game, self._last, phase)
        self.folder.flush()
        keeping.write(self.game, self._last, self._state(phase), phase)
        self._saved = time.monotonic()
        self._tell("on_save", self._last)

    def _state(self, phase: Phase | None) -> dict[str, Any]:
        """All that a resumed run needs beside the players."""
        return {
            "phase": self._current,
            "phase-state": {} if phase is None else phase.state_dict(),
            "strategy": self.game.strategy.state_dict(),
            "random": streams.random_state(),
            "metrics-size": self.folder.size,
            "elapsed": self.elapsed,
            "seconds": dict(self._seconds),
            "steps": dict(self._steps),
            "best": self.looks.best,
            "warnings": list(self.warnings),
            "health": self._health.state_dict(),
            "look-due": self._look_due,
        }

    def _restore(self) -> bool:
        """Load `checkpoints/last`; whether it lies within a phase. A run that never saved begins anew."""
        last = self._last
        state = keeping.read(self.game, last, self.display.warn)
        if state is None:
            self.folder.cut(0)
            return False
        with taking_over(last / "state.pt"):
            return self._take_over(state, last)

    def _take_over(self, state: dict[str, Any], last: Path) -> bool:
        own = self._state(None)
        for key in ("phase-state", "strategy", "random", "look-due", "steps"):
            del own[key]  # seen below, or not always there
        if told := mismatch(state, own):
            raise ValueError(told)
        self._current = state["phase"]
        phase = self.phases[self._current] if self._current < len(self.phases) else None
        if phase is not None:
            phase.begin(self.game)
            if told := mismatch(state["phase-state"], phase.state_dict(), "phase-state"):
                raise ValueError(told)
            phase.load_state_dict(state["phase-state"])
            # A phase without a strategy may follow one with: what that one had begun begins anew with the next.
            found = self.game.strategy.load_state_dict(state["strategy"], strict=False)
            if found.missing_keys:
                raise Mistake(f"{last}: lacks {', '.join(found.missing_keys)} of the strategy's state")
        self._seconds_before = float(state["elapsed"])
        self._seconds = {name: float(seconds) for name, seconds in state["seconds"].items()}
        self._steps = {name: int(steps) for name, steps in state.get("steps", {}).items()}
        self.looks.best = None if state["best"] is None else float(state["best"])
        self.warnings = [str(warning) for warning in state["warnings"]]
        self._health.load_state_dict(state["health"])
        self._look_due = bool(state.get("look-due", False))
        streams.set_random_state(state["random"])
        keeping.share_out(
            state,
            phase,
            self.ranks,
            self.ranks.seed(self.game.seed) + sum(self._steps.values()),
            self.display.say,
        )
        if not self.folder.cut(state["metrics-size"]):
            self.display.warn(f"{self.folder.metrics} lacks rows that were written before the checkpoint")
        return phase is not None
