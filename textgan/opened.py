"""A run in Python, as returned by `textgan.train` and `textgan.load`. Heavy imports happen on first use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textgan.assembly.overrides import as_list
from textgan.errors import Mistake

if TYPE_CHECKING:
    from textgan.metrics.samples import Score
    from textgan.runs.loaded import LoadedRun
    from textgan.runs.points import Sweep


class Scores(dict[str, "Score"]):
    """Scores by key (`bleu-4`), each with its `value` and `signature`; a notebook shows them as a table.

    real: those of real text measured the same way, where that was done. numbers: the values alone.
    """

    def __init__(self, scores: Mapping[str, Score], real: Mapping[str, Score] | None = None) -> None:
        super().__init__(scores)
        self.real = dict(real or {})

    @property
    def numbers(self) -> dict[str, float]:
        return {key: score.value for key, score in self.items()}

    def _repr_html_(self) -> str:
        from textgan.report.notebook import of_scores

        return of_scores(self, self.real)


class Run:
    """A run folder. path: its location. Raises Mistake if it is not a run folder.

    trust_code: run the `.py` files that its recipe names; leave it off for a folder you did not create.
    """

    def __init__(self, path: str | Path, *, trust_code: bool = False) -> None:
        self.path = Path(path).absolute()  # wherever the program goes
        self.trust_code = trust_code
        self._loaded: dict[str, LoadedRun] = {}
        if not (self.path / "recipe.yaml").is_file():
            raise Mistake(f"{self.path}: not a run folder; give one that `textgan train` wrote")

    def __repr__(self) -> str:
        return f"textgan.load({str(self.path)!r})"

    def __fspath__(self) -> str:
        return str(self.path)

    def _repr_html_(self) -> str:
        from textgan.report.notebook import of_run
        from textgan.report.reading import read

        return of_run(read(self.path))

    def sample(self, n: int = 10, *, checkpoint: str = "last", **how: Any) -> list[str]:
        """`n` sentences; the same for a seed. how: as `textgan.runs.loaded.LoadedRun.sample` takes it (temperature,
        top_k, top_p, prefix, label, seed); that one also streams. checkpoint: last, best or pretrained."""
        import torch

        from textgan.machine.streams import untouched

        with untouched():
            loaded = self.opened(checkpoint)
            torch.set_num_threads(loaded.threads)
            return list(loaded.sample(n, **how))

    def opened(self, checkpoint: str = "last") -> LoadedRun:
        """The generator with its tokenizer, in memory; opened once."""
        if checkpoint not in self._loaded:
            from textgan.machine.streams import untouched
            from textgan.runs.loaded import load

            with untouched():
                self._loaded[checkpoint] = load(self.path, checkpoint, trust_code=self.trust_code)
        return self._loaded[checkpoint]

    def evaluate(
        self, references: str | Path | None = None, metrics: str | Sequence[str] | None = None
    ) -> Scores:
        """Scores of freshly drawn text against the run's test split, or a file's lines; as `textgan evaluate RUN`."""
        from textgan.runs.evaluate import evaluate_run

        real = None if references is None else Path(references)
        names = None if metrics is None else as_list(metrics)
        found = evaluate_run(self.path, real, names, trust_code=self.trust_code)
        return Scores(found, self.scores.get("real", {}) if real is None else {})

    def sweep(self, temperatures: Sequence[float] | None = None, **how: Any) -> Sweep:
        """Quality and diversity by temperature, and the page RUN/front.html. how: as `textgan.runs.sweep.sweep` takes
        it (samples, metrics, references, checkpoint, seed)."""
        from textgan.report import front
        from textgan.runs.points import TEMPERATURES
        from textgan.runs.sweep import sweep
        from textgan.training.progress import Display

        front.place(self.path)
        say = how.pop("say", None) or Display().say
        points = TEMPERATURES if temperatures is None else temperatures
        found = sweep(self.path, points, trust_code=self.trust_code, say=say, **how)
        front.write(found)
        return found

    def report(self, *others: str | Path | Run, out: str | Path | None = None) -> Path:
        """Write the page of this run, or of it beside others; returns its path. By default RUN/report.html, and beside
        others ./report.html in the working directory, as `textgan report` does."""
        from textgan.report import page

        return page.write([self.path, *map(Path, others)], None if out is None else Path(out))

    def export(self, folder: str | Path, checkpoint: str = "last", *, force: bool = False) -> Path:
        """Write it as a model of transformers; as `textgan export`. force: into a folder that has files."""
        from textgan.export.folder import export_run
        from textgan.machine.streams import untouched

        with untouched():
            export_run(self.path, Path(folder), checkpoint, force, self.trust_code)
        return Path(folder)

    @property
    def scores(self) -> dict[str, Scores]:
        """The final scores, by `real` (text of the training split), `before` and `after` the game. Empty until it is
        finished."""
        from textgan.report.reading import read

        rows = read(self.path).rows
        return {state: Scores(cells, rows.get("real")) for state, cells in rows.items()}

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The rows of `metrics.jsonl`: what was logged at each step, by `kind`, `phase` and `step`."""
        from textgan.report.log import metric_rows

        return metric_rows(self.path / "metrics.jsonl")[0]
