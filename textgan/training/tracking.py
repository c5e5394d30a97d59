"""Send a run's numbers to an experiment tracker, through accelerate: `report_to: tensorboard` in a recipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from textgan.errors import Mistake, did_you_mean
from textgan.plain import from_yaml
from textgan.training.callbacks import Callback, Moment

if TYPE_CHECKING:
    from accelerate import Accelerator

    from textgan.metrics.samples import Score

PACKAGES = {
    "tensorboard": ("tensorboard", "tensorboardX"),
    "wandb": ("wandb",),
    "mlflow": ("mlflow",),
    "trackio": ("trackio",),
}
"""Tracker -> the packages that it comes with, of which one is enough."""

SHOWN = 8  # sentences of each look
PROJECT = "textgan"


class Tracking(Callback):
    """Sends what `metrics.jsonl` holds: `mle/loss`, `adversarial/reward`, ..., `evaluate/bleu-4`, and at the end
    `final/after/bleu-4` against test text. The step is that of the whole run.

    to: one or several of tensorboard (files in RUN/tracking), wandb, mlflow, trackio. Each is set up by its own
    environment variables. Mistake if its package is missing, before the run starts.
    """

    def __init__(self, to: str | Sequence[str]) -> None:
        self.names = list(dict.fromkeys([to] if isinstance(to, str) else to))
        self.engine: Accelerator | None = None
        for name in self.names:
            if name not in PACKAGES:
                raise Mistake(f"report_to: there is no tracker {name!r}.{did_you_mean(name, PACKAGES)}")
            if not any(find_spec(package) for package in PACKAGES[name]):
                raise Mistake(f"report_to: {name} is not installed; pip install {PACKAGES[name][0]}")

    def on_train_begin(self, moment: Moment) -> None:
        from accelerate import Accelerator

        if not self.names:
            return
        recipe = from_yaml((moment.run / "recipe.yaml").read_text(encoding="utf-8"))
        folder = moment.run.resolve()
        engine = Accelerator(log_with=self.names, project_dir=str(folder / "tracking"))
        named: dict[str, dict[str, Any]] = {
            "wandb": {"name": folder.name, "dir": str(folder)},
            "mlflow": {"run_name": folder.name},
            "trackio": {"name": folder.name},
        }
        engine.init_trackers(PROJECT, dict(_flat(recipe)), {name: named.get(name, {}) for name in self.names})
        self.engine = engine

    def on_step_end(self, moment: Moment, numbers: Mapping[str, float]) -> None:
        self._log({f"{moment.phase}/{name}": value for name, value in numbers.items()}, moment.steps)

    def on_evaluate(self, moment: Moment, scores: Mapping[str, Score], sentences: Sequence[str]) -> None:
        self._log({f"evaluate/{name}": score.value for name, score in scores.items()}, moment.steps)
        if self.engine is not None:
            text = "  \n".join(
                sentences[:SHOWN]
            )  # two spaces: a line's end in markdown, which TensorBoard shows
            for tracker in self.engine.trackers:
                if tracker.name != "mlflow":  # which takes numbers only
                    tracker.log({"samples": text}, step=moment.steps)

    def on_train_end(self, moment: Moment, scores: Mapping[str, Mapping[str, Score]]) -> None:
        final = {
            f"final/{state}/{name}": score.value
            for state, row in scores.items()
            for name, score in row.items()
        }
        self._log(final, moment.steps)
        engine, self.engine = self.engine, None
        if engine is not None:
            engine.end_training()

    def _log(self, numbers: Mapping[str, float], step: int) -> None:
        if self.engine is not None and numbers:
            self.engine.log(dict(numbers), step=step)


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, bool | int | float | str]]:
    """A recipe as `generator.hidden: 128`; trackers take plain values alone, so a list is its text."""
    for key, value in values.items():
        place = f"{before}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{place}.")
        else:
            yield place, value if isinstance(value, (bool, int, float, str)) else str(value)
