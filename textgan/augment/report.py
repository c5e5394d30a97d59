"""Presents the result of an augmentation: a table for the terminal, JSON, and a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from textgan.augment.experiment import Outcome
from textgan.augment.generating import Generated
from textgan.augment.labelled import Labelled, labels_of
from textgan.augment.sieve import RULES
from textgan.augment.verdict import (
    ARMS,
    TITLES,
    Comparison,
    Measured,
    headline,
    interval,
    sentence,
    signed_points,
)
from textgan.report.numbers import MISSING, plain
from textgan.report.page import Part, fill
from textgan.report.table import Row
from textgan.training.folder import write_json, write_text

SHOWN = 8
"""Sentences of each label on the page."""
HOW = (
    "Accuracy on held-out text, mean over the seeds with a 95% interval over seeds and test sentences, widened for "
    "few seeds. Each generator learnt from the labels of its row only, one per seed; for all labels there is one "
    "generator, and seeds differ in the classifier only. All rows below “real text alone” add the same number of "
    "sentences of each label: generated ones, real ones with words swapped or left out (after Wei & Zou 2019, "
    "without synonyms), and plain copies. CNN: from scratch (Kim 2014); linear: naive Bayes on words and pairs of "
    "words."
)


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Everything except the text: counts for every filter, accuracies and differences with intervals, verdicts."""
    request = outcome.request
    return {
        "verdict": headline(outcome.comparisons),
        "train": {"file": request.train.name, "sentences": len(outcome.data.train)},
        "test": {"file": (request.test or request.train).name, "sentences": len(outcome.data.test)},
        "labels": dict(_counts(outcome, outcome.generated)),
        "generated": _generated(outcome.generated),
        "measured-with": [
            {"labels": labels, "seed": seed, **_generated(each)}
            for (labels, seed), each in outcome.measured.items()
        ],
        "comparisons": [
            {
                **{
                    "labels": each.labels,
                    "all": each.whole,
                    "classifier": each.classifier,
                    "added": each.added,
                },
                "accuracy": {arm: asdict(found) for arm, found in each.accuracy.items()},
                "gain": None if each.gain is None else {**asdict(each.gain), "verdict": each.gain.word},
                "over-simple": None
                if each.over is None
                else {**asdict(each.over), "verdict": each.over.word},
            }
            for each in outcome.comparisons
        ],
        "how": HOW,
        "settings": {"budget": request.budget, "temperature": request.temperature, "reject": request.reject},
        "notes": list(outcome.notes),
    }


def write(outcome: Outcome) -> list[Path]:
    """Write report.json and report.html in the work folder; returns their paths."""
    folder = outcome.request.work
    write_json(folder / "report.json", as_json(outcome))
    write_text(folder / "report.html", page(outcome))
    return [folder / "report.json", folder / "report.html"]


def table(outcome: Outcome) -> Table:
    """Accuracy by classifier and number of labels, with a column for each arm; fits narrow terminals."""
    caption = "mean over seeds ± half of its 95% interval"
    drawn = Table(
        title="Accuracy on held-out text",
        caption=caption,
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 0, 0, 1),
    )
    drawn.add_column("", no_wrap=True)
    for column in ("real", "+ generated", "+ changed", "+ copies"):
        drawn.add_column(column, justify="right", no_wrap=True)
    for each in outcome.comparisons:
        drawn.add_row(_name(each), *(_narrow(each.accuracy.get(arm)) for arm in ARMS))
    return drawn


def filters(generated: Generated) -> str:
    """`of 900 sentences drawn 200 were kept; 412 get a low score from the discriminator, ...`."""
    reasons = ", ".join(
        f"{generated.dropped[rule]:,} {RULES[rule]}" for rule in RULES if generated.dropped.get(rule)
    )
    kept = len(generated.split)
    if rest := generated.drawn - kept - sum(generated.dropped.values()):
        reasons += f"{', ' * bool(reasons)}{rest:,} were not needed"
    return f"of {generated.drawn:,} sentences drawn {kept:,} were kept" + f"; {reasons}" * bool(reasons)


def real_text(data: Labelled) -> str:
    """`270 real sentences come first, without the 30 held out`: the part of TRAIN written before the generated text."""
    left = [
        told
        for count, told in (
            (data.held, f"the {data.held:,} held out"),
            (data.repeated, f"{data.repeated:,} that the test text has too"),
        )
        if count
    ]
    return f"{len(data.train):,} real sentences come first" + f", without {' and '.join(left)}" * bool(left)


def page(outcome: Outcome) -> str:
    """One HTML file: the verdict, the accuracies, what the filters dropped, and sentences of each label."""
    request, found = outcome.request, outcome.comparisons
    rows = [
        (
            Row(f"{_name(each)}: {words}", "real" if arm == "real" else "after", {}, {}),
            [(_shown(each.accuracy.get(arm)), False), *_differences(each, arm)],
        )
        for each in found
        for arm, words in ARMS.items()
    ]
    heads = [("", ["accuracy [95%]"]), ("points", ["against real alone", "against simple changes"])]
    names = outcome.data.names
    split = outcome.generated.split
    labels = labels_of(split).tolist()
    pairs = [
        (name, [text for text, label in zip(split.texts, labels, strict=True) if label == index][:SHOWN])
        for index, name in enumerate(names)
    ]
    dropped = [["labels", "seed", "wanted", "kept", "drawn", *RULES]]
    for (size, seed), each in outcome.measured.items():
        numbers = [each.wanted, len(each.split), each.drawn, *(each.dropped.get(rule, 0) for rule in RULES)]
        dropped.append([f"{size:,}", str(seed), *(f"{number:,}" for number in numbers)])
    return fill(
        verb="augment",
        files="report.json",
        headline=headline(found),
        summary=(
            f"{request.train.name}: {len(outcome.data.train):,} labelled sentences; {request.out.name}: "
            f"{filters(outcome.generated)}."
        ),
        unfinished=[f"{note}." for note in outcome.notes],
        movements=[sentence(each) for each in found],
        parts=[
            Part("Accuracy", [HOW], heads=heads, rows=rows),
            Part("Generated sentences", pairs=[pair for pair in pairs if pair[1]]),
            Part("What the filters dropped", folded=[("By number of labels and seed", dropped)]),
        ],
    )


def _differences(each: Comparison, arm: str) -> list[tuple[str, bool]]:
    if arm != "augmented":
        return [("", False), ("", False)]
    return [(_points(gain), gain is not None and gain.low > 0) for gain in (each.gain, each.over)]


def _points(gain: Measured | None) -> str:
    if gain is None:
        return MISSING
    return f"{signed_points(gain.mean)} {interval(gain)}"


def _shown(found: Measured | None) -> str:
    return MISSING if found is None else f"{plain(found.mean)} [{plain(found.low)}, {plain(found.high)}]"


def _narrow(found: Measured | None) -> str:
    return MISSING if found is None else f"{plain(found.mean)} ± {plain((found.high - found.low) / 2)}"


def _name(each: Comparison) -> str:
    return f"{TITLES.get(each.classifier, each.classifier)}, {'all ' * each.whole}{each.labels:,} labels"


def _counts(outcome: Outcome, generated: Generated) -> Mapping[str, int]:
    counts = Counter(labels_of(generated.split).tolist())
    return {name: counts[index] for index, name in enumerate(outcome.data.names)}


def _generated(each: Generated) -> dict[str, Any]:
    return {"wanted": each.wanted, "kept": len(each.split), "drawn": each.drawn, "dropped": each.dropped}
