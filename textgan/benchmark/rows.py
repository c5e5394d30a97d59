"""The rows of a benchmark's table: for each corpus real text, MLE, then each recipe, averaged over seeds."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from textgan.benchmark import words
from textgan.benchmark.gap import differs
from textgan.benchmark.groups import Group, Start, at_one, control_starts, groups, starts
from textgan.benchmark.results import Benchmark, CorpusFacts, Front
from textgan.benchmark.verdict import BASELINE, Verdict, drawn_alike, judge, paired
from textgan.metrics.samples import Score
from textgan.report import numbers, table
from textgan.report.captions import MARKED, likelihood_units

KEYS = (
    *(f"bleu-{n}" for n in range(2, 6)),
    *(f"self-bleu-{n}" for n in range(2, 6)),
    *("nll", "source-nll", "distinct-4", "grammaticality"),
)
TRIED = ("bleu", "self-bleu")  # families whose difference from MLE is tested
BEST = "Marked as best"  # start of the caption that explains the bold scores
SHIFTED = "†"  # marks rows on a corpus whose train and test splits differ


@dataclass(frozen=True)
class Line:
    """row: means over `seeds`, at temperature 1. spread: standard deviations, for more than one seed. differs: scores
    that differ significantly from MLE's. failed: why a cell has no scores."""

    row: table.Row
    seeds: tuple[int, ...] = ()
    spread: Mapping[str, float] = field(default_factory=dict)
    differs: frozenset[str] = frozenset()
    minutes: float | None = None
    updates: float | None = None
    verdict: Verdict | None = None
    failed: str = ""

    def shown(self, key: str) -> str:
        """`.412 ± .003*`."""
        spread = self.spread.get(key)
        text = numbers.number(key, self.row.cells.get(key))
        text += "" if spread is None else f" ± {numbers.plain(spread, numbers.COUNTS.get(key, 3))}"
        return text + "*" * (key in self.differs)

    @property
    def judged(self) -> str:
        """Text of the column `verdict`."""
        if self.failed:
            return f"failed: {self.failed}"
        return words.short(self.verdict) if self.verdict else ""


@dataclass(frozen=True)
class CorpusTable:
    """The table of one corpus. keys: scores to show. marked: by key, the indices of the best lines."""

    facts: CorpusFacts
    lines: tuple[Line, ...]
    keys: tuple[str, ...]
    marked: Mapping[str, set[int]]
    verdicts: tuple[Verdict, ...]
    captions: tuple[str, ...]

    @property
    def rows(self) -> list[table.Row]:
        return [line.row for line in self.lines]


def corpus_tables(benchmark: Benchmark) -> list[CorpusTable]:
    """One for each corpus, in the order of the cells."""
    by_corpus: dict[str, list[Group]] = {}
    for group in groups(benchmark):
        by_corpus.setdefault(group.corpus, []).append(group)
    return [_table(benchmark, corpus, found) for corpus, found in by_corpus.items()]


def _table(benchmark: Benchmark, corpus: str, found: Sequence[Group]) -> CorpusTable:
    facts = benchmark.corpora.get(corpus, CorpusFacts(corpus, {}))
    mark = f" {SHIFTED}" if words.cautions(facts) else ""
    lines = [Line(_row(f"real text{mark}", "real", facts, facts.real))] if facts.real else []
    begun = [start for start in (*starts(benchmark), *control_starts(benchmark)) if start.corpus == corpus]
    runs = {baseline.run for start in starts(benchmark) for baseline in start.baselines}
    lines += [_of_start(start, facts, mark) for start in begun]
    verdicts = []
    for group in found:
        itself = not group.plays and all(
            cell.run in runs for cell in group.done
        )  # this is the start, which has its own line
        if group.done and not itself:
            verdicts.append(judge(group, benchmark))
            lines.append(_of_group(group, benchmark, verdicts[-1], facts, mark))
        for cell in group.failed:
            row = _row(f"{group.label}, seed {cell.seed}{mark}", "after", facts, {})
            lines.append(Line(row, (cell.seed,), failed=" ".join((cell.failed or "it has no front").split())))
    rows = [line.row for line in lines]
    there = {key for row in rows for key in row.cells}
    keys = tuple(sorted((k for k in there if k in KEYS or k not in numbers.ORDER), key=numbers.order))
    marked = {key: table.best(rows, key) for key in keys}
    captions = _captions(benchmark, facts, lines, keys, marked, verdicts)
    return CorpusTable(facts, tuple(lines), keys, marked, tuple(verdicts), tuple(captions))


def _of_start(start: Start, facts: CorpusFacts, mark: str) -> Line:
    means, spread = _over_seeds([_scores(baseline.front, baseline.scores) for baseline in start.baselines])
    return Line(
        _row(f"{start.label}{mark}", "before", facts, means),
        tuple(baseline.seed for baseline in start.baselines),
        spread,
        minutes=statistics.mean(baseline.minutes for baseline in start.baselines),
        verdict=Verdict(start.label, "", "MLE", start.corpus, BASELINE),
    )


def _of_group(group: Group, benchmark: Benchmark, verdict: Verdict, facts: CorpusFacts, mark: str) -> Line:
    means, spread = _over_seeds([_scores(cell.front, cell.scores.get("after", {})) for cell in group.done])
    pairs = (drawn_alike(group, benchmark) or paired(group, benchmark)) if group.plays else {}
    tried = {key: differs(pairs, key) for key in means if numbers.family(key)[0] in TRIED}
    beyond = {key for key, ends in tried.items() if ends is not None and not ends[0] <= 0 <= ends[1]}
    return Line(
        _row(f"{group.label}{mark}", "after" if group.plays else "before", facts, means),
        tuple(cell.seed for cell in group.done),
        spread,
        frozenset(beyond),
        statistics.mean(sum(cell.minutes.values()) for cell in group.done),
        statistics.mean(cell.updates for cell in group.done),
        verdict,
    )


def _scores(front: Front | None, ended: Mapping[str, Score]) -> dict[str, Score]:
    """Scores at temperature 1: those of the front, plus the run's own for metrics that the front does not have."""
    point = None if front is None else at_one(front)
    return {**ended, **({} if point is None else point.scores)}


def _over_seeds(scores: Sequence[Mapping[str, Score]]) -> tuple[dict[str, Score], dict[str, float]]:
    """Means with the first seed's signature, and standard deviations of the scores that more than one seed has."""
    by_key: dict[str, list[Score]] = {}
    for of_seed in scores:
        for key, score in of_seed.items():
            by_key.setdefault(key, []).append(score)
    means = {
        key: Score(sum(score.value for score in found) / len(found), found[0].signature)
        for key, found in by_key.items()
    }
    several = {key: [score.value for score in found] for key, found in by_key.items() if len(found) > 1}
    return means, {key: statistics.stdev(values) for key, values in several.items()}


def _row(label: str, state: str, facts: CorpusFacts, cells: Mapping[str, Score]) -> table.Row:
    return table.Row(label, state, cells, facts.real, corpus=facts.name)


def _captions(
    benchmark: Benchmark,
    facts: CorpusFacts,
    lines: Sequence[Line],
    keys: Sequence[str],
    marked: Mapping[str, set[int]],
    verdicts: Sequence[Verdict],
) -> list[str]:
    captions = [f"{SHIFTED} {caution}." for caution in words.cautions(facts)]
    seeds = sorted({seed for line in lines for seed in line.seeds})
    spread = "; ±: standard deviation over the seeds" if any(line.spread for line in lines) else ""
    named = f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"
    captions.append(
        f"At temperature 1, {benchmark.sentences([facts.name])} sentences, {named}, budget {benchmark.budget}{spread}."
    )
    if any(marked.values()):
        captions.append(f"{BEST}: {MARKED}")
    if any(line.differs for line in lines):
        captions.append(
            "*: the 95% interval of the difference from its MLE (drawn alike, where there is such a row) excludes 0 "
            "(paired bootstrap over seeds and sentences); tested for BLEU and self-BLEU, where one mark in twenty "
            "would be chance."
        )
    captions += likelihood_units(keys)
    captions += words.captions(verdicts)
    generated = [line.row for line in lines if line.row.generated]
    differing = [k for k in keys if len({table.measure(r, k) for r in generated if k in r.cells}) > 1]
    if differing:
        captions.append(f"Scored under differing signatures, compare with care: {numbers.names(differing)}.")
    return captions
