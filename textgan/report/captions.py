"""Captions below the comparison table: how to read it, and why a run has no row in it."""

from __future__ import annotations

from collections.abc import Sequence

from textgan.report import numbers
from textgan.report.record import RunRecord
from textgan.report.table import Row, best, columns, measure, rows
from textgan.training.unfinished import go_on

MARKED = (
    "among generated rows, the one nearest to real text for BLEU, self-BLEU and distinct (not the highest: repeating "
    "one good sentence wins in BLEU, drawing words at random wins in distinct), and the best for every other metric."
)


def starred(lines: Sequence[str]) -> list[str]:
    """The captions, rewritten for a table that marks the best with an asterisk (visible without colour)."""
    return [f"*: {line.removeprefix('Marked: ')}" if line.startswith("Marked: ") else line for line in lines]


def likelihood_units(keys: Sequence[str]) -> list[str]:
    """The unit of the likelihoods among the columns; nothing where there are none."""
    if not {"nll", "source-nll"} & set(keys):
        return []
    of_sentences = " (“a sentence”: per sentence)" if "nll-per-sentence" in keys else ""
    return [f"NLL in nats per token{of_sentences}, lower is likelier."]


def captions(runs: Sequence[RunRecord]) -> list[str]:
    """How to read the table: units, the meaning of the mark, and how the compared text was generated."""
    table = rows(runs)
    keys = columns(table)
    lines = []
    if any(best(table, key) for key in keys):
        lines.append(f"Marked: {MARKED}")
    lines += dict.fromkeys(_writing_note(run, runs) for run in runs if run.written)
    lines += likelihood_units(keys)
    for corpus, entropy in sorted({(run.corpus, run.entropy) for run in runs if run.entropy is not None}):
        lines.append(
            f"The source of {corpus} has an entropy of {numbers.plain(entropy)} nats per token: source "
            "NLL below it means text that is more typical than real text, usually at the cost of diversity."
        )
    unknown = {
        note for run in runs if run.entropy is None for note in run.notes if note.startswith("true entropy")
    }  # which says why it could not be computed
    lines += [f"{note[0].upper()}{note[1:]}." for note in sorted(unknown)]
    lines += measured_apart(table)
    if any(row.generated for row in table):
        seeds = {row.seed for row in table if row.seed}
        lines.append(
            "One seed: a small difference may be chance."
            if len(seeds) < 2
            else f"{len(seeds)} seeds, one run per row: a small difference may be chance."
        )
    return lines


def measured_apart(table: Sequence[Row]) -> list[str]:
    """A caption for scores measured differently, among the generated rows or between these and real text."""
    lines = []
    keys = columns(table)
    generated = {
        key: {measure(row, key) for row in table if row.generated and key in row.cells} for key in keys
    }
    real = {
        key: {measure(row, key) for row in table if not row.generated and key in row.cells} for key in keys
    }
    if differing := [key for key in keys if len(generated[key]) > 1]:
        lines.append(f"Scored under differing signatures, compare with care: {numbers.names(differing)}.")
    if apart := [
        key for key in keys if generated[key] and real[key] - generated[key] and key not in differing
    ]:
        lines.append(
            "Real text was scored with a different signature (other sentences, or a different number of them) for: "
            f"{numbers.names(apart)}."
        )
    return lines


def unscored(runs: Sequence[RunRecord]) -> list[str]:
    """A sentence for each run without a row, since the table alone would not show that it was requested."""
    return [_why_unscored(run) for run in runs if not any(run.rows.values())]


def _writing_note(run: RunRecord, runs: Sequence[RunRecord]) -> str:
    """How a run's text was generated; names the run's strategy if another run's text was generated differently."""
    sentences = ". ".join(f"{text[0].upper()}{text[1:]}" for text in run.written)
    shared = all(other.written == run.written for other in runs)
    return f"{sentences}." if shared else f"{run.strategy} ({run.path.resolve().name}): {sentences}."


def _why_unscored(run: RunRecord) -> str:
    """Why a run has no scores, and what to do to get them."""
    if run.finished:
        ask = f"textgan evaluate {run.path} --metrics bleu,self-bleu"
        return f"{run.path} has no scores, since its recipe names no metrics; measure some with: {ask}"
    last = max((curve.seconds[-1], curve.phases[-1], curve.steps[-1]) for curve in run.curves.values()) if (
        run.curves
    ) else None  # fmt: skip
    where = f"last seen in phase {last[1]}, step {last[2]}" if last else "nothing logged so far"
    return (
        f"{run.path} has no final evaluation yet ({where}): it is still running, or was stopped; "
        f"{go_on(run.path)}"
    )
