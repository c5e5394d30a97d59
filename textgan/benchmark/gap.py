"""How far a front lies above its baseline's at equal diversity, and whether the difference may be due to chance.

Quality is BLEU-5 and diversity is self-BLEU-5 (lower is more diverse). If the source of a corpus is known, fronts are
also compared by the likelihood of the text under it, against that of held-out text under the model. The gap is the
mean of the strategy's quality minus its baseline's over the range of diversity that both fronts reach
(`area.mean_gap`), each seed compared with its own baseline, averaged over seeds, with a 95% interval (`resampling`).
Verdicts: helped (the interval lies above 0), harmed (below 0), no difference (it contains 0).

A front that is less diverse than its baseline's at every temperature has lost diversity: harmed, whatever its quality.
If only a smaller part of the seeds lost it, or the loss may be due to chance, the remaining seeds are not
representative: not judged. A front that is more diverse at every temperature is judged by its quality against the
baseline's most diverse point.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textgan.benchmark import area, resampling
from textgan.benchmark.groups import at_one
from textgan.benchmark.results import Front, FrontPoint
from textgan.report import numbers

HELPED, SAME, HARMED = "helped", "no difference", "harmed"
UNJUDGED = "not judged"
LOST = "lost diversity that no temperature of MLE loses"
LOST_BY_CHANCE = "reached no diversity that MLE reaches, which may be chance"
APART = "no diversity that both reach, which may be chance"
BEYOND = (
    "wrote more diverse text than MLE does at any temperature, and is compared with its most diverse point"
)


@dataclass(frozen=True)
class Axes:
    """The scores used as a front's quality and diversity. quality_sign: -1 if lower is better. diversity_sign: -1 if
    lower is more diverse."""

    quality: str
    quality_sign: int
    diversity: str
    diversity_sign: int = -1

    @property
    def named(self) -> tuple[str, str]:
        """Both names with the better direction: `MAUVE (better: higher)`."""
        both = ((self.quality, self.quality_sign), (self.diversity, self.diversity_sign))
        across, up = (f"{numbers.name(key)} (better: {'higher' if s > 0 else 'lower'})" for key, s in both)
        return across, up


TEXT = Axes("bleu-5", 1, "self-bleu-5")
SOURCE = Axes("source-nll", -1, "nll")
ASKED = tuple(
    Axes(quality, sign, *diversity)
    for quality, sign in (
        ("pretrained-nll", -1),
        ("frechet", -1),
        ("mauve", 1),
        ("lm-score", -1),
        ("reverse-lm", -1),
    )
    for diversity in (("self-bleu-5", -1), ("distinct-4", 1))
)
"""What is judged beside, of the scores that `--metrics` asks for: likelihood under models of real text, at equal
diversity, is a quality, whose better end is low."""
ALL = (TEXT, SOURCE, *ASKED)


@dataclass(frozen=True)
class Gap:
    """value: the mean gap in units of the quality score, higher is better for the strategy; over the seeds that did not
    lose diversity, None if all did. low, high: its 95% interval, None if it cannot be estimated; a seed that lost
    diversity counts as -inf in it. seeds: the gap of each seed, None if it lost diversity. span: range of the diversity
    score compared, over all seeds. share: fraction of the baseline's range that this covers."""

    axes: Axes
    word: str
    value: float | None
    low: float | None
    high: float | None
    seeds: Mapping[int, float | None]
    span: tuple[float, float] | None
    share: float
    resampled: str
    notes: tuple[str, ...]

    @property
    def lost(self) -> str:
        """`1 of 2 seeds lost diversity`; "" if none did."""
        lost = [*self.seeds.values()].count(None)
        return f"{lost} of {len(self.seeds)} seeds lost diversity" if lost else ""

    def as_json(self) -> dict[str, Any]:
        """Plain data: "lost" stands for lost diversity, null for what was not measured."""
        made: dict[str, Any] = {
            "quality": self.axes.quality,
            "diversity": self.axes.diversity,
            "verdict": self.word,
        }
        made |= {"gap": "lost" if self.value is None else self.value}
        made |= {"low": _end_as_json(self.low), "high": _end_as_json(self.high), "resampled": self.resampled}
        made |= {
            "seeds": {str(seed): "lost" if value is None else value for seed, value in self.seeds.items()}
        }
        return made | {"span": self.span, "share": self.share, "notes": list(self.notes)}


def compare(pairs: Mapping[int, tuple[Front, Front]], axes: Axes = TEXT) -> Gap | None:
    """The gap between fronts and their baselines. pairs: by seed. None if no seed has both scores in both fronts."""
    sampled: dict[int, np.ndarray] = {}
    spans: list[tuple[float, float, float]] = []  # low, high, share of the baseline's range
    beyond: list[int] = []  # seeds whose fronts share no diversity
    by_sentence = True
    for seed, fronts in pairs.items():
        points = [_measured(front, axes) for front in fronts]
        if not all(points):
            continue
        draw = np.random.default_rng(len(sampled))
        scores = [
            _values(point, key) for side in points for point in side for key in (axes.quality, axes.diversity)
        ]
        by_sentence &= all(isinstance(value, np.ndarray) for value in scores)
        rows = resampling.resample(scores, draw)
        quality, diversity = (
            axes.quality_sign * rows[0::2].T,
            axes.diversity_sign * rows[1::2].T,
        )  # (1 + R, P + Q)
        ends = len(points[0])
        sampled[seed] = area.mean_gap(
            diversity[:, :ends], quality[:, :ends], diversity[:, ends:], quality[:, ends:]
        )
        low, high = (float(end[0]) for end in area.shared(diversity[:1, :ends], diversity[:1, ends:]))
        if low <= high:
            width = float(np.ptp(diversity[0, ends:]))
            one, other = axes.diversity_sign * low, axes.diversity_sign * high
            spans.append((min(one, other), max(one, other), (high - low) / width if width else 1.0))
        elif np.isfinite(sampled[seed][0]):
            beyond.append(seed)
    if not sampled:
        return None
    values = np.stack(list(sampled.values()))  # (S, 1 + R)
    own = {seed: float(v[0]) if math.isfinite(v[0]) else None for seed, v in sampled.items()}
    finite = [value for value in own.values() if value is not None]
    interval = _interval(values[:, 1:], by_sentence)
    # Seeds that lost diversity beyond the sampling noise of sentences; if half of them did, it is not chance.
    lost = [seed for seed, v in sampled.items() if np.mean(np.isneginf(v[1:])) >= 1 - resampling.TAIL]
    apart = [seed for seed, value in own.items() if value is None and seed not in lost]
    told = ((lost, LOST), (apart if finite or lost else [], LOST_BY_CHANCE), (beyond, BEYOND))
    notes = [f"{_who(some, own)} {what}" for some, what in told if some]
    word = _word(interval)
    if None in own.values() and word != HARMED:
        word = HARMED if 2 * len(lost) >= len(own) else UNJUDGED
    return Gap(
        axes,
        word,
        float(np.mean(finite)) if finite else None,
        None if interval is None else interval[0],
        None if interval is None else interval[1],
        seeds=own,
        span=(min(s[0] for s in spans), max(s[1] for s in spans)) if spans else None,
        share=float(np.mean([s[2] for s in spans])) if spans else 0.0,
        resampled=_resampled(len(own), by_sentence),
        notes=tuple(notes),
    )


def differs(pairs: Mapping[int, tuple[Front, Front]], key: str) -> tuple[float, float] | None:
    """95% interval of score `key` at temperature 1 minus the baseline's; None if it has no per-sentence values."""
    made: list[np.ndarray] = []
    for fronts in pairs.values():
        points = [at_one(front) for front in fronts]
        values = [point.values[key] for point in points if point is not None and key in point.values]
        if len(values) == 2:
            rows = resampling.resample(values, np.random.default_rng(len(made)))
            made.append(rows[0, 1:] - rows[1, 1:])
    return resampling.over_seeds(np.stack(made), np.random.default_rng(len(made))) if made else None


def _measured(front: Front, axes: Axes) -> list[FrontPoint]:
    """The points with finite scores on both axes."""
    keys = (axes.quality, axes.diversity)
    return [p for p in front.points if all(k in p.scores and math.isfinite(p.scores[k].value) for k in keys)]


def _values(point: FrontPoint, key: str) -> np.ndarray | float:
    return point.values[key] if key in point.values else point.scores[key].value


def _interval(values: np.ndarray, by_sentence: bool) -> tuple[float, float] | None:
    if len(values) == 1 and not by_sentence:
        return None
    return resampling.over_seeds(values, np.random.default_rng(len(values)))


def _who(some: Sequence[int], all_seeds: Mapping[int, float | None]) -> str:
    if len(some) == len(all_seeds):
        return "every seed" if len(some) > 1 else "it"
    return f"seed{'s' * (len(some) > 1)} {', '.join(map(str, some))}"


def _word(interval: tuple[float, float] | None) -> str:
    if interval is None:
        return UNJUDGED
    return HELPED if interval[0] > 0 else HARMED if interval[1] < 0 else SAME


def _resampled(seeds: int, by_sentence: bool) -> str:
    """What the bootstrap resampled, in words."""
    if seeds == 1:
        return "sentences of one seed" if by_sentence else ""
    return f"{seeds} seeds" + (" and their sentences" if by_sentence else "")


def _end_as_json(end: float | None) -> float | str | None:
    return "lost" if end == -math.inf else end
