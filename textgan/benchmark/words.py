"""Verdicts in words, shared by the terminal, the files and the page."""

from __future__ import annotations

from collections.abc import Sequence

from textgan.benchmark.gap import APART, HARMED, HELPED, SAME, SOURCE, TEXT, UNJUDGED, Gap
from textgan.benchmark.groups import DRAWN_ALIKE
from textgan.benchmark.results import CorpusFacts
from textgan.benchmark.verdict import BASELINE, Verdict, counted
from textgan.report import numbers

MADE = {HELPED: "helped", SAME: "made no difference", HARMED: "harmed"}
TOLD_APART = 0.75  # AUC of train against test, above which their distributions differ
FEW = 5  # seeds; fewer get a caution
NARROW = 0.5  # share of the baseline's range; if less was compared, the text says so

HOW = (
    "Verdict: mean gap in BLEU-5 between the recipe's front and MLE's, over the range of self-BLEU-5 that both reach "
    "at some temperature; each seed is compared with its own MLE. Helped: the 95% interval lies above 0; harmed: "
    "below 0; no difference: it contains 0. The interval is a bootstrap over seeds and sentences, widened for few "
    "seeds by Student's quantile."
)
ALIKE = (
    f"{DRAWN_ALIKE}: the weights that the recipe started from, sampled from the same nucleus of tokens (top-p), "
    "without the discriminator; MLE: sampled from all tokens. The verdict compares with the first, so that it shows "
    "what adversarial training did and not what the nucleus does."
)
LEFT_OUT = (
    "lost: a seed whose text is less diverse than its MLE's at every temperature, so there is no equal diversity "
    "to compare at. Its gap counts as −∞ in the interval; the mean is over the other seeds only."
)
ONE = "One seed: the interval covers sentences only and says nothing about another run."


def sentence(verdict: Verdict) -> str:
    """`gumbel harmed: at equal diversity its BLEU-5 is .012 below MLE's [...] (seeds: ...)`, no full stop.

    Gives numbers for the gap that decides the word and for that by likelihood under a known source. For the others it
    only names the scores that helped or harmed; their numbers are in `gap_lines`.
    """
    theirs = f"that of {DRAWN_ALIKE}" if verdict.beside else "MLE's"
    if verdict.word == UNJUDGED:
        lost = verdict.gap is not None and verdict.gap.lost
        why = _distance(verdict.gap, theirs) if verdict.gap is not None and lost else verdict.why
        return f"{verdict.label} could not be judged: {why}"
    if verdict.word == BASELINE or verdict.gap is None:
        return f"{verdict.label} is plain maximum likelihood, which the others are compared with"
    text = f"{verdict.label} {MADE[verdict.word]}: {_distance(verdict.gap, theirs)}"
    for gap in verdict.gaps[1:]:
        if gap.axes == SOURCE:
            word = MADE.get(gap.word, "not judged")
            text += f". By likelihood under the true source: {word}, {_distance(gap, theirs)}"
    if asked := [gap for gap in _asked(verdict) if gap.word in MADE]:
        text += f". By the additional metrics: {_by_score(asked) or 'no difference'}"
    return text


GAPS = "Gaps to MLE at equal diversity (+ is better)"


def gap_lines(found: Sequence[Verdict]) -> list[list[str]]:
    """A heading and a line for every gap of the recipes compared with MLE by additionally requested scores; empty if
    there are none. Lines of a control shared by several recipes appear once."""
    lines = [
        (who, numbers.name(gap.axes.quality), numbers.name(gap.axes.diversity), *_told(gap))
        for verdict in found
        if verdict.beside or any(gap.axes not in (TEXT, SOURCE) for gap in verdict.gaps)
        for who, gaps in _held(verdict).items()
        for gap in gaps
    ]
    return (
        [
            ["recipe", "score", "at equal", "gap [95% interval]", "by seed", "verdict"],
            *map(list, dict.fromkeys(lines)),
        ]
        if lines
        else []
    )


def _held(verdict: Verdict) -> dict[str, Sequence[Gap]]:
    """What is compared with what, in words -> the gaps."""
    alike = f" over {DRAWN_ALIKE}" if verdict.beside else ""
    return {f"{verdict.label}{alike}": verdict.gaps, **verdict.beside}


def _told(gap: Gap) -> list[str]:
    value = numbers.MISSING if gap.value is None else f"{numbers.signed(gap.value)} {_interval(gap)}".rstrip()
    value += f", {gap.lost}" if gap.lost and gap.value is not None else ""
    return [value, ", ".join(map(_own, gap.seeds.values())), gap.word]


def headline(found: Sequence[Verdict]) -> str:
    """Which recipes helped and which harmed: by name if there are few, else as counts."""
    by_word = {word: some for word, some in counted(found).items() if some}
    judged = sum(map(len, by_word.values()))
    if not judged:
        return "Nothing could be judged"
    if judged <= 4:
        alike: dict[str, list[Verdict]] = {}
        for verdict in (verdict for some in by_word.values() for verdict in some):
            alike.setdefault(_in_short(verdict), []).append(verdict)
        return "; ".join(f"{_and(_labels(some, found))} {told}" for told, some in alike.items())
    parts = [f"{len(some)} {MADE[word]}" for word, some in by_word.items()]
    return f"Of {judged} compared with MLE, {_and(parts)}"


def short(verdict: Verdict) -> str:
    """The verdict for a table cell: `harmed −.012 [−.020, −.004]`."""
    gap = verdict.gap
    if gap is None:
        return verdict.word
    if gap.value is None:
        return f"{verdict.word}: {'lost diversity' if gap.notes else 'nothing shared'}"
    text = " ".join(filter(None, (verdict.word, numbers.signed(gap.value), _interval(gap))))
    return f"{text}, {gap.lost}" if gap.lost else text


def captions(found: Sequence[Verdict]) -> list[str]:
    """How to read the verdicts."""
    if not any(verdict.gaps for verdict in found):
        return []
    seeds = max(len(verdict.gap.seeds) for verdict in found if verdict.gap is not None)
    alike = [ALIKE] if any(verdict.beside for verdict in found) else []
    gaps = [gap for verdict in found for some in (verdict.gaps, *verdict.beside.values()) for gap in some]
    alike += [LEFT_OUT] if any(gap.lost for gap in gaps) else []
    return [HOW, *alike, *([ONE] if seeds == 1 else [few(seeds)] if seeds <= FEW else [])]


def few(seeds: int) -> str:
    """A caution about few seeds: by chance alone, all of n seeds have the same sign once in 2 ** (n - 1) times."""
    return (
        f"Few seeds: each seed's own gap stands beside the interval; even without any effect, {seeds} gaps have the "
        f"same sign by chance one time in {2 ** (seeds - 1)}."
    )


def cautions(facts: CorpusFacts) -> list[str]:
    """Cautions for every row on a corpus whose train and test splits a classifier can distinguish."""
    if facts.shift is None or facts.shift <= TOLD_APART:
        return []
    auc = f"AUC {numbers.plain(facts.shift)}; chance is .500"
    by = f"; most telling: {', '.join(facts.told_by)}" if facts.told_by else ""
    return [
        f"{facts.name}: train and test are not one distribution. A classifier tells them apart ({auc}{by}), so "
        "scores against the test split also reward what the training split lacks"
    ]


def split_check(facts: CorpusFacts) -> str:
    """The result of the split check for one corpus, as a clause."""
    if facts.shift is None:
        return f"{facts.name}: not checked"
    verdict = "not one distribution" if facts.shift > TOLD_APART else "no strong sign of two distributions"
    by = f"; most telling: {', '.join(facts.told_by)}" if facts.told_by else ""
    return f"{facts.name}: AUC {numbers.plain(facts.shift)}, {verdict}{by}"


def _distance(gap: Gap, theirs: str) -> str:
    if gap.value is None:
        return _and(gap.notes or (APART,))
    name = numbers.name(gap.axes.quality)
    better = {True: "above", False: "below"} if gap.axes.quality_sign > 0 else {True: "below", False: "above"}
    if not float(f"{gap.value:.3f}"):
        distance = f"at equal diversity its {name} is {theirs}"
    else:
        apart = f"{numbers.plain(abs(gap.value))} {better[gap.value > 0]}"
        distance = f"at equal diversity its {name} is {apart} {theirs}"
    if gap.lost:
        distance = f"over the other seed{'s' * (sum(v is not None for v in gap.seeds.values()) > 1)} only, {distance}"
    if gap.low is not None:
        way = "" if gap.axes.quality_sign > 0 else ", + is better"
        distance += f" (95% interval {_interval(gap)}{way}, over {gap.resampled})"
    if len(gap.seeds) > 1:
        distance += f"; by seed {', '.join(_own(value) for value in gap.seeds.values())}"
    if gap.span is not None and gap.share < NARROW:
        share = f"over {gap.share:.0%} of MLE's range of diversity" if gap.share else "at one diversity"
        distance += f"; compared {share} only"
    return "; ".join([*gap.notes, distance])


def _own(value: float | None) -> str:
    return "lost" if value is None else numbers.signed(value)


def _interval(gap: Gap) -> str:
    if gap.low is None or gap.high is None or gap.value is None:
        return ""
    return f"[{_end(gap.low)}, {_end(gap.high)}]"


def _end(value: float) -> str:
    return numbers.plain(value) if value in (float("inf"), float("-inf")) else numbers.signed(value)


def _asked(verdict: Verdict) -> list[Gap]:
    """The gaps by additionally requested scores, which do not decide the verdict's word."""
    return [gap for gap in verdict.gaps if gap.axes not in (TEXT, SOURCE)]


def _by_score(gaps: Sequence[Gap], words: Sequence[str] = (HELPED, HARMED)) -> str:
    """`helped in MAUVE, harmed in LM score`: at equal diversity by either measure of it."""
    told = []
    for word in words:
        names = dict.fromkeys(numbers.name(gap.axes.quality) for gap in gaps if gap.word == word)
        told += [f"{MADE[word]} in {_and([*names])}"] if names else []
    return ", ".join(told)


def _in_short(verdict: Verdict) -> str:
    """`helped`, or with additionally requested scores `helped in BLEU-5, harmed in LM score`."""
    if verdict.gap is None or verdict.gap.value is None or not _asked(verdict):
        return MADE[verdict.word]
    told = [verdict.gap, *(gap for gap in _asked(verdict) if gap.word != SAME)]
    return _by_score(told, tuple(dict.fromkeys((verdict.word, HELPED, HARMED))))


def _labels(some: Sequence[Verdict], found: Sequence[Verdict]) -> list[str]:
    many = len({verdict.corpus for verdict in found}) > 1
    return [f"{v.label} on {v.corpus}" if many else v.label for v in some]


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""
