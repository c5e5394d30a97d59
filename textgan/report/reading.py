"""Read a run folder into plain data for the tables, figures and pages.

A run in progress has no `evaluation.json`; its record is unfinished and holds whatever is there so far. A folder that
is not a run folder, or whose files are damaged, raises `Mistake`. Unreadable lines of `metrics.jsonl` (usually the
last one of a killed run) are skipped and reported in `RunRecord.problems`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textgan.assembly.overrides import PHASES
from textgan.errors import Mistake
from textgan.metrics import own_files
from textgan.metrics.samples import scores_from_json
from textgan.plain import from_json, from_yaml
from textgan.report.closer import REMEDY, parse
from textgan.report.log import curves, in_order, metric_rows, phase_starts
from textgan.report.record import Cells, Evaluation, RunRecord, Snapshot
from textgan.runs.points import read_kept
from textgan.training.folder import CLOSER
from textgan.training.unfinished import stand

_MALFORMED = (TypeError, ValueError, KeyError, AttributeError)


def read(run: Path) -> RunRecord:
    """Read a run folder, finished or in progress. Raises Mistake if it is missing or damaged."""
    if not run.exists():
        raise Mistake(f"run: {run} does not exist; give a folder that `textgan train` wrote")
    if not run.is_dir() or not any((run / name).is_file() for name in ("recipe.yaml", "metrics.jsonl")):
        raise Mistake(
            f"run: {run} is not a run folder (no recipe.yaml); give a folder that `textgan train` wrote"
        )
    recipe, recipe_text = _recipe(run / "recipe.yaml")
    evaluation = _json_object(
        run / "evaluation.json", "run `textgan evaluate` on the folder to write it again"
    )
    lines, problems = metric_rows(run / "metrics.jsonl")
    lines = in_order(lines)
    evaluations, damaged = _evaluations(lines)
    logged = [
        f"{row['phase']} step {row['step']}: {row.get('text', '')}"
        for row in lines
        if row["kind"] == "warning"
    ]
    warnings = _texts(evaluation, "warnings")
    return RunRecord(
        path=run,
        recipe=recipe,
        recipe_text=recipe_text,
        environment=_json_object(run / "environment.json", "delete it to get a report without it"),
        evaluation=evaluation,
        rows=_score_rows(evaluation, run / "evaluation.json"),
        curves=curves(lines),
        evaluations=evaluations,
        phase_starts=phase_starts(lines),
        before=_sentences(run / "samples" / "before.txt"),
        after=_sentences(run / "samples" / "after.txt"),
        over_time=_snapshots(run / "samples"),
        written=_texts(evaluation, "written"),
        notes=_texts(evaluation, "notes"),
        warnings=warnings or tuple(dict.fromkeys(logged)),
        closer=parse(_json_object(run / CLOSER, REMEDY), run / CLOSER),
        sweep=read_kept(run),
        stand=stand(run),
        problems=(*problems, *damaged),
        outdated=_outdated(run, recipe, evaluation),
    )


def _outdated(run: Path, recipe: Mapping[str, Any], evaluation: Mapping[str, Any]) -> tuple[str, ...]:
    """A warning for each of the user's metric files that changed after scoring. The files are not executed."""
    names = recipe.get("metrics")
    listed = names if isinstance(names, list) else []
    return tuple(
        f"{file}: this metric's file has changed since {run} was scored; the scores are of the old file, and "
        f"`textgan evaluate {run} --trust-code` measures with the new one"
        for file in own_files.changed(listed, run, evaluation.get(own_files.KEY))
    )


def _recipe(path: Path) -> tuple[Mapping[str, Any], str]:
    import yaml

    if not path.is_file():
        return {}, ""
    try:
        text = path.read_text(encoding="utf-8")
        recipe = from_yaml(text)
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, " if mark else ""
        reason = " ".join(str(getattr(error, "problem", None) or error).split())
        raise Mistake(
            f"run.recipe: {path} is not readable YAML ({where}{reason}); restore it, or train the run again"
        ) from error
    if not isinstance(recipe, dict):
        raise Mistake(f"run.recipe: {path} holds no mapping; train the run again")
    return recipe, text


def _json_object(path: Path, remedy: str) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        value = from_json(path.read_text(encoding="utf-8"))
    except ValueError as error:  # both invalid JSON and invalid UTF-8
        raise Mistake(f"run.{path.stem}: {path} is damaged ({error}); {remedy}") from error
    if not isinstance(value, dict):
        raise Mistake(f"run.{path.stem}: {path} holds no JSON object; {remedy}")
    return value


def _score_rows(evaluation: Mapping[str, Any], path: Path) -> Mapping[str, Cells]:
    try:
        return {state: scores_from_json(row) for state, row in evaluation.get("rows", {}).items()}
    except _MALFORMED as error:
        raise Mistake(
            f"run.evaluation: {path} has no readable `rows`; run `textgan evaluate` on the folder again"
        ) from error


def _evaluations(lines: Sequence[Mapping[str, Any]]) -> tuple[tuple[Evaluation, ...], tuple[str, ...]]:
    """The looks during training, and a sentence for each whose scores are damaged, which is left out."""
    found, problems = [], []
    for row in lines:
        if row["kind"] != "evaluate":
            continue
        try:
            found.append(
                Evaluation(row["phase"], row["step"], row["seconds"], scores_from_json(row["scores"]))
            )
        except _MALFORMED:
            problems.append(
                f"metrics.jsonl was read without the damaged scores of {row['phase']} step {row['step']}."
            )
    return tuple(found), tuple(problems)


def _snapshots(folder: Path) -> tuple[Snapshot, ...]:
    found = []
    for path in folder.glob("*.txt") if folder.is_dir() else ():
        match = re.fullmatch(rf"({'|'.join(PHASES)})-(\d+)", path.stem)
        if match:
            found.append(Snapshot(match[1], int(match[2]), _sentences(path)))
    return tuple(sorted(found, key=lambda shot: (PHASES.index(shot.phase), shot.step)))


def _sentences(path: Path) -> tuple[str, ...]:
    """One sentence per line, unchanged. Empty ones are kept, since the generator produced them."""
    if not path.is_file():
        return ()
    text = path.read_text(encoding="utf-8", errors="replace")
    return tuple(text.removesuffix("\n").split("\n")) if text else ()


def _texts(evaluation: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = evaluation.get(key)
    return tuple(dict.fromkeys(str(text) for text in value)) if isinstance(value, list) else ()
