"""How the page shows `closer.json`: figures, n-gram tables, samples with nearest neighbours, scores by token."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textgan.report import numbers
from textgan.report.closer import Closer, Pair, Scores
from textgan.report.plots import COLOURS
from textgan.report.record import RunRecord
from textgan.report.svg import INK, Figure, figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMES = {"real": "real, held out", "before": "before", "after": "after"}
ORDERS = {"1": "Words", "2": "Bigrams", "3": "Trigrams"}
STEPS = 3  # shades on each side of the middle
MOST_TOKENS = 80  # tokens shown of a sentence with scores
OVERUSE = (
    "Log-odds ratio with a Dirichlet prior from both texts together, over its standard deviation (z; Monroe et al. "
    "2008). Beyond ±1.96 a single n-gram would be significant, but among thousands some get there by chance."
)
NEAREST = (
    "Nearest: the training sentence with the highest overlap (Dice's coefficient of the 1- to 4-grams, lower-cased, "
    "punctuation split off; exact search). Highlighted: what does not align with it (longest common subsequence)."
)


@dataclass(frozen=True)
class Token:
    """A token with its score. level: its shade, from -3 (far below the middle) to 3 (far above)."""

    text: str
    score: str
    level: int


@dataclass(frozen=True)
class Shades:
    """Sentences with a shade for every token. told: how to read them."""

    told: Sequence[str]
    sentences: Sequence[Sequence[Token]]


@dataclass(frozen=True)
class Grams:
    """A table of n-grams. rows: (n-gram, times generated, times real, z)."""

    title: str
    rows: Sequence[tuple[str, str, str, str]]


@dataclass(frozen=True)
class Views:
    """Everything shown in this part of the page; what a run does not have is empty."""

    figures: Sequence[Figure] = ()
    grams: Sequence[Grams] = ()
    grams_told: str = ""
    pairs: Sequence[Pair] = ()
    pairs_told: str = ""
    unit: str = "words"
    shades: Shades | None = None
    unscored: str = ""
    missing: str = ""


def views(run: RunRecord, slug: str, colour: str = COLOURS[0]) -> Views:
    """slug: prefix of the figures' ids, unique on the page. colour: used for the text after training."""
    both = (sentence_lengths(run, f"{slug}-lengths", colour), vocabulary(run, f"{slug}-words", colour))
    drawn = [made for made in both if made]
    closer = run.closer
    if closer is None:
        remedy = "To make it, repeat the training command with --resume; nothing is trained again."
        missing = f"This run has no analysis of its text (closer.json). {remedy}" if run.finished else ""
        return Views(drawn, missing=missing)
    return Views(
        figures=drawn,
        grams=[made for n, word in ORDERS.items() for made in _grams(closer, n, word)],
        grams_told=f"{closer.amount:,} generated sentences against {closer.amount:,} held-out ones. {OVERUSE}",
        pairs=closer.nearest.pairs if closer.nearest else (),
        pairs_told=_nearest(closer),
        unit=closer.unit,
        shades=_shades(closer.scores) if closer.scores else None,
        unscored=f"No scores by token: {closer.unscored}." if closer.unscored else "",
    )


def sentence_lengths(run: RunRecord, name: str = "lengths", colour: str = COLOURS[0]) -> Figure | None:
    """Distribution of sentence lengths as shares: before, after and, where the run has it, real held-out text."""
    groups: dict[str, Mapping[int, int]] = {}
    unit = "words"
    if run.closer is not None and run.closer.lengths:
        unit = run.closer.unit
        held = run.closer.lengths
        groups = {NAMES[state]: dict(held[state]) for state in NAMES if held.get(state)}
    else:
        texts = {"before": run.before, "after": run.after}
        groups = {
            state: Counter(len(sentence.split()) for sentence in sentences)
            for state, sentences in texts.items()
            if sentences
        }
    if not groups:
        return None
    longest = max(max(counts) for counts in groups.values())
    width = max(1, math.ceil(longest / 40))
    edges = [start - 0.5 for start in range(0, longest + width + 1, width)]

    def draw(axes: Axes) -> None:
        for label, counts in groups.items():
            total = sum(counts.values())
            bins = [0.0] * (len(edges) - 1)
            for length, times in counts.items():
                bins[length // width] += times / total
            style = _style(label, colour)
            axes.stairs(bins, edges, lw=1.5, label=label, **style)
            if label == NAMES["after"]:
                axes.stairs(bins, edges, color=style["color"], fill=True, alpha=0.15)
        axes.set_xlabel(f"{unit} in a sentence")
        axes.set_ylabel("share of sentences")
        axes.set_ylim(bottom=0)
        if len(groups) > 1:
            axes.legend(frameon=False)

    means = ", ".join(
        f"{label} {sum(n * times for n, times in counts.items()) / sum(counts.values()):.1f}"
        for label, counts in groups.items()
    )
    caption = f"Mean {unit} in a sentence: {means}."
    return figure("Sentence length", caption, name, draw, caption=caption)


def vocabulary(run: RunRecord, name: str = "words", colour: str = COLOURS[0]) -> Figure | None:
    """Token frequency against rank (Zipf) for real and generated text, on log-log axes."""
    if run.closer is None:
        return None
    unit = run.closer.unit
    held = {
        NAMES[state]: run.closer.vocabulary[state]
        for state in NAMES
        if state in run.closer.vocabulary and run.closer.vocabulary[state].ranks
    }
    if not held:
        return None

    def draw(axes: Axes) -> None:
        for label, words in held.items():
            ranks, shares = zip(*words.ranks, strict=True)
            axes.plot(ranks, shares, lw=1.5, label=label, **_style(label, colour))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("rank")
        axes.set_ylabel(f"share of all {unit}")
        axes.legend(frameon=False)

    totals = ", ".join(
        f"{label} {words.distinct:,} different of {words.tokens:,}" for label, words in held.items()
    )
    caption = f"{totals[0].upper()}{totals[1:]}."
    return figure(f"{unit.capitalize()} by rank and frequency", caption, name, draw, caption=caption)


def _style(label: str, colour: str) -> dict[str, Any]:
    """Real text is dotted and the start dashed, both in the page's text colour, as in the report's other figures."""
    styles = {"real": (INK, ":"), "before": (INK, "--"), "after": (colour, "-")}
    shade, dash = next(styles[state] for state in styles if NAMES[state] == label)
    return {"color": shade, "linestyle": dash}


def _grams(closer: Closer, n: str, word: str) -> list[Grams]:
    tables = []
    for side in ("over", "under"):
        rows = closer.ngrams.get(n, {}).get(side, [])
        shown = [(gram, f"{here:,}", f"{there:,}", numbers.signed(z, 1)) for gram, here, there, z in rows]
        title = {"1": word if closer.unit == "words" else closer.unit.capitalize()}.get(n, word)
        tables.append(Grams(f"{title} {side}-used", shown))
    return tables if any(one.rows for one in tables) else []


def _nearest(closer: Closer) -> str:
    found = closer.nearest
    if found is None:
        return ""
    among = "all" if found.searched == found.of else f"the first {found.searched:,} of"
    caption = f"{NEAREST} Searched: {among} {found.of:,} training sentences."
    if {"after", "real"} <= found.mean.keys():
        after, real = (numbers.plain(found.mean[state], 2) for state in ("after", "real"))
        caption += (
            f" Mean overlap of {found.averaged:,} generated sentences: {after}; of as many held-out real ones: "
            f"{real}. A generator well above the latter copies its training text."
        )
    return caption


def _shades(scores: Scores) -> Shades:
    every = [value for row in scores.values for value in row if value is not None]
    middle = scores.start if scores.start is not None else sum(every) / max(1, len(every))
    widest = max((abs(value - middle) for value in every), default=0.0)

    def level(value: float | None) -> int:
        return 0 if value is None or not widest else round(STEPS * (value - middle) / widest)

    captions = [scores.how]
    what = "the mean before the first word" if scores.start is not None else "the mean of all tokens"
    text = f"Blue, ▲: more real than {what}, {numbers.plain(middle, 2)}; orange, ▼: less."
    if scores.real is not None:
        text += f" Held-out real sentences have {numbers.plain(scores.real, 2)} on average."
    captions.append(
        text + " The score is a logit or in the objective's own unit; only the order of scores has a meaning."
    )
    sentences = [
        [
            Token(
                text or "(end)",
                numbers.MISSING if value is None else numbers.plain(value, 2),
                level(value),
            )
            for text, value in list(zip(tokens, values, strict=True))[:MOST_TOKENS]
        ]
        for tokens, values in zip(scores.tokens, scores.values, strict=True)
    ]
    return Shades(captions, sentences)
