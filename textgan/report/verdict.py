"""Did the adversarial phase help? One sentence for each run that claims no more than the run's own numbers support."""

from __future__ import annotations

import shlex

from textgan.report import numbers
from textgan.report.fronts import crossing
from textgan.report.movement import VISIBLE, direction_in_words
from textgan.report.record import RunRecord

BETTER = {"sharper and more diverse", "sharper, about as diverse", "more diverse, about as sharp"}
WORSE = {"less sharp and less diverse", "less sharp, about as diverse", "less diverse, about as sharp"}
NEITHER = {"no visible change", "BLEU and self-BLEU about the same"}
ONE_SEED = "one seed, so a small difference may be chance"


def verdict(run: RunRecord) -> str:
    """Compares the run's front with its own MLE front at the diversity of real text if both exist; else the scores
    before and after, a difference that a lower temperature could mimic, as the sentence then says."""
    if not run.finished:
        return "Did it help? Not finished yet."
    if run.strategy == "MLE" or "before" not in run.rows or "after" not in run.rows:
        return "Plain maximum likelihood: no adversarial phase that could have helped or harmed."
    by_front = _by_front(run)
    if by_front:
        return by_front
    start = run.begun
    way = direction_in_words(run.rows["before"], run.rows["after"])
    if way in NEITHER:
        return f"Did it help? Not visibly, against its {start} at temperature 1; {ONE_SEED}."
    if start == "untrained":
        return (
            f"It learnt from scratch: {way}, against its untrained start. There is no MLE to compare it with; "
            f"{ONE_SEED}."
        )
    if way in BETTER:
        return f"It seems to have helped: {way}, against its {start} at temperature 1; {ONE_SEED}."
    if way in WORSE:
        return f"It did not help: {way}, against its {start} at temperature 1; {ONE_SEED}."
    return (
        f"Did it help? That cannot be told from one temperature: {way}, against its {start}, and another temperature "
        f"may do the same; {ONE_SEED}."
    )


def front_wanted(run: RunRecord) -> str:
    """The command that measures the front if the run lacks one; else ""."""
    if "nll" in (run.recipe.get("metrics") or []) and "nll" not in run.rows.get("after", {}):
        return ""  # a generator of vectors has no temperature
    states = {point.state for point in run.sweep.points} if run.sweep else set()
    played = "before" in run.rows
    if not run.finished or {"last"} | ({"pretrained"} if played else set()) <= states:
        return ""
    return f"textgan sweep {shlex.quote(str(run.path))}{' --checkpoint all' if played else ''}"


def next_commands(run: RunRecord) -> list[str]:
    """Likely next commands for a finished run: read samples, then measure its front if it has none."""
    sample = f"textgan sample {shlex.quote(str(run.path))} -n 10"
    return [*filter(None, (sample, front_wanted(run)))]


def _by_front(run: RunRecord) -> str:
    if run.sweep is None or run.begun != "MLE":
        return ""
    mine, base = crossing(run.sweep, "last"), crossing(run.sweep, "pretrained")
    if mine is None or base is None:
        return ""
    gap = round(mine[0] - base[0], 9)
    values = f"BLEU-5 {numbers.plain(mine[0])} against {numbers.plain(base[0])} for its MLE"
    where = "where both are as diverse as real text"
    if abs(gap) < VISIBLE:
        return f"It made no visible difference: {values}, {where}; {ONE_SEED}."
    answer = "It helped" if gap > 0 else "It did not help"
    return f"{answer}: {values} ({numbers.signed(gap)}), {where}; {ONE_SEED}."
