"""How the adversarial phase changed the generator, in words that claim no more than the numbers support.

Higher BLEU means that more n-grams occur in held-out text ("sharper"); higher self-BLEU means that the sentences
resemble each other more ("less diverse"). Neither alone is an improvement: a generator that repeats one good sentence
has a high BLEU. One run is one seed, so the sentence reports the change without judging it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from textgan.report import numbers
from textgan.report.record import Cells, RunRecord

VISIBLE = 0.005  # a smaller difference is not called a change
ALSO = ("nll", "source-nll", "grammaticality")  # mentioned only if they changed

VERDICTS = {  # (BLEU, self-BLEU): which way each went
    (1, 1): "sharper, less diverse",
    (1, 0): "sharper, about as diverse",
    (1, -1): "sharper and more diverse",
    (0, 1): "less diverse, about as sharp",
    (0, 0): "BLEU and self-BLEU about the same",
    (0, -1): "more diverse, about as sharp",
    (-1, 1): "less sharp and less diverse",
    (-1, 0): "less sharp, about as diverse",
    (-1, -1): "less sharp, more diverse",
}


def movement(before: Cells, after: Cells, real: Cells | None = None, concluded: bool = True) -> str:
    """`BLEU-4 .412 → .455 (+.043), self-BLEU-4 .390 → .470 (+.080): sharper, less diverse`.

    If every difference is below .005, the conclusion is "no visible change". real: the row of real text; with it, the
    sentence also says whether the two scores came nearer to it, which is the goal rather than the highest value.
    concluded: whether to end with the direction in words; if False, the result may be empty.
    """
    pair = [key for key in (_highest("bleu", before, after), _highest("self-bleu", before, after)) if key]
    moved = [key for key in ALSO if _both(key, before, after) and _way(key, before, after)]
    if not pair and not moved:
        if not concluded:
            return ""
        shared = [key for key in ALSO if _both(key, before, after)]
        return "no visible change" if shared else "no score in common before and after"
    steps = ", ".join(_step(key, before, after) for key in pair + moved)
    verdict = direction_in_words(before, after)
    nearness = [_nearness(key, before, after, real) for key in pair if real and _way(key, before, after)]
    return "; ".join([f"{steps}: {verdict}" if concluded else steps, *filter(None, nearness)])


def direction_in_words(before: Cells, after: Cells) -> str:
    """Only the conclusion: `sharper, less diverse`, or `no visible change`."""
    keys = (_highest("bleu", before, after), _highest("self-bleu", before, after))
    others = [key for key in ALSO if _both(key, before, after) and _way(key, before, after)]
    ways = tuple(_way(key, before, after) if key else 0 for key in keys)
    if not any(ways):
        if not others:
            return "no visible change"
        if not any(keys):
            return f"{' and '.join(map(numbers.name, others))} changed"
    if all(keys) or not any(keys):
        return VERDICTS[ways[0], ways[1]]
    if keys[0]:
        return {1: "sharper", 0: "BLEU about the same", -1: "less sharp"}[ways[0]]
    return {1: "less diverse", 0: "self-BLEU about the same", -1: "more diverse"}[ways[1]]


def movements(runs: Sequence[RunRecord], concluded: bool = True) -> list[str]:
    """One sentence for each run with scores before and after: `reinforce: BLEU-4 .412 → …`; see `movement`."""
    moved = [run for run in runs if "before" in run.rows and "after" in run.rows]
    names = [run.strategy for run in moved]
    sentences = []
    for run in moved:
        numbers_of = movement(run.rows["before"], run.rows["after"], run.rows.get("real"), concluded)
        name = run.strategy if names.count(run.strategy) == 1 else f"{run.strategy} ({run.path.name})"
        if parts := [*filter(None, (numbers_of, _emptiness(run)))]:
            sentences.append(f"{name}: {'; '.join(parts)}")
    return sentences


def _emptiness(run: RunRecord) -> str:
    """A warning about empty sentences: they share no n-gram with others, which can look like diversity."""
    before, after = (run.empty.get(state, 0.0) for state in ("before", "after"))
    if after - before < VISIBLE:
        return ""
    return (
        f"{after:.1%} of its sentences are empty (before {before:.1%}), which self-BLEU counts as diversity"
    )


def _highest(stem: str, before: Cells, after: Cells) -> str:
    """The metric to mention: order 4, or else the highest order that both rows have; "" if there is none."""
    return next((key for n in (4, 5, 3, 2) if _both(key := f"{stem}-{n}", before, after)), "")


def _both(key: str, before: Cells, after: Cells) -> bool:
    return all(key in cells and math.isfinite(cells[key].value) for cells in (before, after))


def _way(key: str, before: Cells, after: Cells) -> int:
    difference = round(after[key].value - before[key].value, 9)  # float error: .405 − .4 must be .005
    return 0 if abs(difference) < VISIBLE else (1 if difference > 0 else -1)


def _step(key: str, before: Cells, after: Cells) -> str:
    old, new = before[key], after[key]
    difference = numbers.signed(new.value - old.value)
    return f"{numbers.name(key)} {numbers.number(key, old)} → {numbers.number(key, new)} ({difference})"


def _nearness(key: str, before: Cells, after: Cells, real: Cells) -> str:
    if key not in real or not math.isfinite(real[key].value):
        return ""
    goal = real[key].value
    change = abs(after[key].value - goal) - abs(before[key].value - goal)
    if abs(change) < VISIBLE:
        return f"{numbers.name(key)} as far from real text ({numbers.plain(goal)}) as before"
    side = "nearer to" if change < 0 else "farther from"
    return f"{numbers.name(key)} {side} real text ({numbers.plain(goal)})"
