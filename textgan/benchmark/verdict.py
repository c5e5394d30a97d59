"""Did the adversarial phase help? A verdict for each recipe over its seeds: helped, no difference, or harmed.

This module decides which fronts are compared; `gap.py` compares two fronts and defines the verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from textgan.benchmark.gap import ALL, APART, HARMED, HELPED, SAME, UNJUDGED, Gap, compare
from textgan.benchmark.groups import DRAWN_ALIKE, Group, baselines, controls, groups
from textgan.benchmark.results import Benchmark, Front

BASELINE = "baseline"
AGAINST_PLAIN = "over MLE"


@dataclass(frozen=True)
class Verdict:
    """A recipe's verdict. word: `helped`, `no difference`, `harmed`, `baseline`, or `not judged` (see why). gaps: the
    one on text first; word is that of the first gap.

    A recipe with nucleus sampling is compared with its start twice. gaps: against the start with the same nucleus, so
    that word reflects only the adversarial phase. beside: against the start sampled from all tokens, by what is
    compared: the recipe's text, and the start with the nucleus.
    """

    label: str
    recipe: str
    strategy: str
    corpus: str
    word: str
    gaps: tuple[Gap, ...] = ()
    why: str = ""
    beside: Mapping[str, tuple[Gap, ...]] = field(default_factory=dict)

    @property
    def gap(self) -> Gap | None:
        """The gap that decides the word."""
        return self.gaps[0] if self.gaps else None

    def as_json(self) -> dict[str, Any]:
        """Plain data. In gaps, "lost" stands for lost diversity and null for what was not measured."""
        made: dict[str, Any] = {"label": self.label, "recipe": self.recipe, "strategy": self.strategy}
        made |= {"corpus": self.corpus, "verdict": self.word} | ({"why": self.why} if self.why else {})
        made |= {"gaps": [gap.as_json() for gap in self.gaps]}
        beside = {who: [gap.as_json() for gap in gaps] for who, gaps in self.beside.items()}
        return made | ({"beside": beside} if beside else {})


def verdicts(benchmark: Benchmark) -> tuple[Verdict, ...]:
    """One for each recipe, grid point and corpus, in the order of the cells. Deterministic."""
    return tuple(judge(group, benchmark) for group in groups(benchmark))


def judge(group: Group, benchmark: Benchmark) -> Verdict:
    """The verdict over all seeds of a recipe."""
    first = group.cells[0]
    named = (group.label, first.recipe, first.strategy, group.corpus)
    if not group.plays:
        return Verdict(*named, BASELINE)
    if not group.done:
        return Verdict(*named, UNJUDGED, why="all of its runs failed")
    pairs = paired(group, benchmark)
    if not pairs:
        return Verdict(*named, UNJUDGED, why="there is no MLE to compare it with")
    beside: dict[str, tuple[Gap, ...]] = {}
    alike = drawn_alike(group, benchmark)
    if alike:
        beside = {
            f"{group.label} {AGAINST_PLAIN}": _gaps(pairs),
            f"{DRAWN_ALIKE} {AGAINST_PLAIN}": _gaps(
                {seed: (held, pairs[seed][1]) for seed, (_, held) in alike.items()}
            ),
        }
    gaps = _gaps(alike or pairs)
    if not gaps:
        return Verdict(
            *named, UNJUDGED, why="neither BLEU-5 and self-BLEU-5 nor both likelihoods were measured"
        )
    why = ""
    if gaps[0].word == UNJUDGED:
        why = "one seed and no scores by sentence, so nothing shows what is chance"
        if gaps[0].lost:
            why = "; ".join(gaps[0].notes) or APART
    return Verdict(*named, gaps[0].word, gaps, why, beside)


def _gaps(pairs: Mapping[int, tuple[Front, Front]]) -> tuple[Gap, ...]:
    return tuple(gap for axes in ALL if (gap := compare(pairs, axes)) is not None)


def paired(group: Group, benchmark: Benchmark) -> dict[int, tuple[Front, Front]]:
    """Seed -> its front and its baseline's, for the seeds that have both."""
    known = baselines(group, benchmark.baselines)
    return {
        cell.seed: (cell.front, known[cell.seed].front)
        for cell in group.done
        if cell.seed in known and cell.front is not None
    }


def drawn_alike(group: Group, benchmark: Benchmark) -> dict[int, tuple[Front, Front]]:
    """As `paired`, with its control's front instead of the baseline's; empty if it samples as the baseline does."""
    known = controls(group, benchmark.baselines)
    pairs = paired(group, benchmark)
    return {seed: (pairs[seed][0], known[seed].front) for seed in known if seed in pairs}


def counted(found: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    """Word -> the verdicts with it, for helped, no difference and harmed."""
    return {word: [v for v in found if v.word == word] for word in (HELPED, SAME, HARMED)}
