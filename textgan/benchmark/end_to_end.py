"""A benchmark end to end (plan, run, judge, write), for the command and for `textgan.benchmark`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from textgan.assembly.overrides import as_list, as_words, as_yaml
from textgan.benchmark.arguments import Budget, Words
from textgan.errors import Mistake
from textgan.plain import from_yaml
from textgan.runs.points import TEMPERATURES, checked

if TYPE_CHECKING:
    from textgan.benchmark.results import Benchmark
    from textgan.benchmark.verdict import Verdict


@dataclass(frozen=True)
class Benchmarked:
    """The result. written: paths of results.jsonl, the tables and, last, the page. failed: reasons by the run's key."""

    out: Path
    found: Benchmark
    verdicts: Sequence[Verdict]
    written: Sequence[Path]
    failed: Mapping[str, str]

    @property
    def page(self) -> Path:
        return self.written[-1]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of `results.jsonl`, one for each cell, baseline, corpus and verdict; `kind` says which."""
        lines = (self.out / "results.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def __repr__(self) -> str:
        judged = [f"{verdict.label}: {verdict.word}" for verdict in self.verdicts]
        return f"Benchmarked({str(self.page)!r}, {'; '.join(judged) or 'no verdict'})"


def conduct(
    asked: Words,
    budget: Budget,
    out: Path,
    *,
    temperatures: Sequence[float] = TEMPERATURES,
    samples: int | None = None,
    metrics: Sequence[str] = (),
    jobs: int = 2,
    threads: int | None = None,
    say: Callable[[str], None] | None = None,
    command: str = "",
    launcher: str = "local",
    launcher_options: Sequence[str] = (),
) -> Benchmarked:
    """Run what is missing, then write tables and a page.

    threads: of each run; by default the cores, shared evenly. launcher, launcher_options (`key=value`): where jobs run.
    Raises Mistake, or `crew.Stopped` after Ctrl-C; repeating the call resumes it.
    """
    if out.exists() and not out.is_dir():
        raise Mistake(f"--out: {out} is a file; give a folder")
    from textgan.benchmark import page, tables
    from textgan.benchmark.measure import Request
    from textgan.benchmark.plan import plan
    from textgan.benchmark.run import Launcher, run
    from textgan.benchmark.verdict import verdicts
    from textgan.machine.process import cores
    from textgan.metrics.suite import check_models, load_metrics
    from textgan.training.progress import Display

    load_metrics(metrics)
    check_models(metrics)
    where = Launcher(launcher, _options(launcher_options))
    threads = threads or max(1, cores() // jobs)
    planned = plan(asked, budget, out, threads=threads, samples=samples, metrics=metrics)
    measured = dict.fromkeys((*metrics, *planned.own_metrics))
    request = Request(tuple(temperatures), planned.samples, tuple(measured))
    ledger = run(
        planned,
        request,
        jobs=jobs,
        threads=threads,
        say=say or Display().say,
        command=command,
        launcher=where,
    )
    found = ledger.benchmark()
    judged = verdicts(found)
    ledger.write(judged)
    written = [out / "results.jsonl", *tables.write(found, out), page.write(found, out)]
    return Benchmarked(out, found, judged, written, ledger.failed)


def _options(words: Sequence[str]) -> dict[str, Any]:
    """Options such as `timeout_min=60`, as a mapping."""
    found = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (key and equals):
            raise Mistake(f"--launcher-option: {word!r:.60}; expected KEY=VALUE, such as timeout_min=240")
        try:
            found[key] = from_yaml(value)  # `60` is a number, `gpu` a string
        except yaml.YAMLError:
            raise Mistake(
                f"--launcher-option: {word!r:.60}: its value is not valid YAML; put it in quotes"
            ) from None
    return found


def benchmark(
    recipes: str | Path | Sequence[str | Path],
    *,
    seeds: Sequence[int] = (1,),
    grid: Mapping[str, Sequence[Any]] | None = None,
    budget: str | None = None,
    temperatures: Sequence[float] = TEMPERATURES,
    samples: int | None = None,
    metrics: str | Sequence[str] = ("distinct", "nll"),
    jobs: int = 2,
    threads: int | None = None,
    out: str | Path = "runs/benchmark",
    launcher: str = "local",
    launcher_options: str | Sequence[str] = (),
    overrides: str | Sequence[str] = (),
    **changes: Any,
) -> Benchmarked:
    """Compare recipes over seeds from the same weights: their fronts, and whether each adversarial phase helped.

    recipes: names listed by `textgan recipes`, or YAML files. grid: values to combine with every recipe, as in
    {"strategy.rollouts": [1, 4]}. budget: `smoke`, `demo`, `minutes=5`, `steps=200`. samples: sentences at each of the
    temperatures. jobs: runs at a time. overrides, changes: applied to all recipes; see `textgan.train`. out: output
    folder; repeating the call resumes there. launcher: `local` or `submitit`; launcher_options: of the latter, such as
    "timeout_min=60". Raises Mistake.
    """
    names = [recipes] if isinstance(recipes, (str, Path)) else list(recipes)
    if not names:
        raise Mistake("recipe: none given; expected names that `textgan recipes` lists, or YAML files")
    axes = {key: [as_yaml(value, key) for value in values] for key, values in (grid or {}).items()}
    points = tuple(dict(zip(axes, point, strict=True)) for point in itertools.product(*axes.values()))
    words = [*as_list(overrides), *as_words(changes)]
    if "seed" in changes:
        raise Mistake("seed: give a benchmark's seeds with seeds=[1, 2, 3]")
    asked = Words(tuple(map(str, names)), tuple(words), tuple(dict.fromkeys(seeds)), points)
    return conduct(
        asked, Budget.parse(budget), Path(out), temperatures=checked(temperatures), samples=samples,
        metrics=as_list(metrics), jobs=jobs, threads=threads, launcher=launcher,
        launcher_options=tuple(as_list(launcher_options)),
    )  # fmt: skip
