"""Verdicts whose answer is known: nothing done, a constant gained, diversity lost, the same generator again."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from synthetic import MLE, TEMPERATURES, benchmark, cell, front, point

from textgan.benchmark import resampling, words
from textgan.benchmark.gap import APART, BEYOND, HARMED, HELPED, LOST, SAME, TEXT, UNJUDGED, compare, differs
from textgan.benchmark.results import Front
from textgan.benchmark.rows import corpus_tables
from textgan.benchmark.tables import markdown
from textgan.benchmark.verdict import verdicts


def shifted(held: Front, by: float) -> Front:
    points = [
        replace(
            p,
            scores=p.scores | {"bleu-5": replace(p.scores["bleu-5"], value=p.scores["bleu-5"].value + by)},
            values=p.values | {"bleu-5": p.values["bleu-5"] + by},
        )
        for p in held.points
    ]
    return Front(tuple(points))


def copied(held: Front) -> Front:
    """The same numbers in other memory."""
    points = [replace(p, values={k: v.copy() for k, v in p.values.items()}) for p in held.points]
    return Front(tuple(points))


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_strategy_that_does_nothing_makes_no_difference(seeds):
    rng = np.random.default_rng(0)
    starts = [front(rng=rng, amount=333) for _ in range(seeds)]
    cells = [cell("idle", seed, copied(held)) for seed, held in enumerate(starts, start=1)]
    (found,) = verdicts(benchmark(cells, starts))
    gap = found.gap
    assert found.word == SAME
    assert (gap.value, gap.low, gap.high) == (0.0, 0.0, 0.0) and set(gap.seeds.values()) == {0.0}
    assert gap.resampled == ("sentences of one seed" if seeds == 1 else "3 seeds and their sentences")
    assert words.sentence(found).startswith("idle made no difference: at equal diversity its BLEU-5 is MLE's")


@pytest.mark.parametrize(("by", "word"), [(0.03, HELPED), (-0.03, HARMED)])
def test_a_constant_added_to_every_sentence_is_the_gap(by, word):
    rng = np.random.default_rng(1)
    starts = [front(rng=rng) for _ in range(3)]
    cells = [cell("moved", seed, shifted(held, by)) for seed, held in enumerate(starts, start=1)]
    (found,) = verdicts(benchmark(cells, starts))
    assert found.word == word
    assert [found.gap.value, found.gap.low, found.gap.high] == pytest.approx([by] * 3, abs=1e-12)


def test_the_same_generator_again_makes_no_difference_in_95_of_100(monkeypatch):
    monkeypatch.setattr("textgan.benchmark.resampling.RESAMPLES", 400)
    rng = np.random.default_rng(2)
    found = [compare({1: (front(rng=rng, amount=150), front(rng=rng, amount=150))}) for _ in range(400)]
    share = np.mean([gap.word == SAME for gap in found])
    assert 0.925 <= share <= 0.975  # two standard errors about 95%
    of_three = [
        compare({seed: (front(rng=rng, amount=150), front(rng=rng, amount=150)) for seed in (1, 2, 3)})
        for _ in range(150)
    ]
    assert np.mean([gap.word == SAME for gap in of_three]) >= 0.93


@pytest.mark.parametrize("seeds", [3, 5])
def test_runs_that_differ_by_chance_are_judged_alike_in_95_of_100(seeds):
    """Runs differ much more than sentences do: what the plain bootstrap of few seeds gets wrong."""
    rng = np.random.default_rng(7)
    plain = widened = 0
    for _ in range(1000):
        values = rng.normal(0, 0.02, (seeds, 1)) + rng.normal(0, 0.002, (seeds, 400))
        low, high = resampling.over_seeds(values, rng)
        widened += low <= 0 <= high
        plain += values.mean(1).min() <= 0 <= values.mean(1).max()
    assert 0.93 <= widened / 1000 <= 0.97
    if seeds == 3:
        assert plain / 1000 < 0.8  # one sign in all three: one time in four


def test_the_widening_is_students_quantile():
    assert resampling.stretch(3) == pytest.approx(math.sqrt(1.5) * 4.302653 / 1.959964, rel=1e-5)
    assert resampling.stretch(21) == pytest.approx(math.sqrt(21 / 20) * 2.085963 / 1.959964, rel=1e-3)
    assert resampling.stretch(2000) == pytest.approx(1.0, abs=2e-3)


def test_a_collapsed_generator_harmed_however_high_its_bleu():
    rng = np.random.default_rng(3)
    starts = [front(rng=rng) for _ in range(3)]
    collapsed = ((0.97, 0.99),) * 4
    cells = [cell("stuck", seed, front(collapsed, rng, spread=0.005)) for seed in (1, 2, 3)]
    (found,) = verdicts(benchmark(cells, starts))
    assert found.word == HARMED and found.gap.value is None
    assert words.sentence(found) == "stuck harmed: every seed lost diversity that no temperature of MLE loses"
    one = compare(
        {1: (front([(1.0, 1.0)], np.random.default_rng(0), temperatures=[1.0], spread=0), starts[0])}
    )
    assert one.word == HARMED and one.seeds == {1: None}


def test_one_seed_of_three_that_collapsed_is_told_and_cannot_have_helped():
    rng = np.random.default_rng(4)
    starts = {seed: front(rng=rng, spread=0.01) for seed in (1, 2, 3)}
    pairs = {seed: (shifted(held, 0.05), held) for seed, held in starts.items()}
    assert compare(pairs).word == HELPED
    pairs[2] = (front(((0.97, 0.99),) * 4, rng, spread=0.005), starts[2])
    gap = compare(pairs)
    assert gap.word == UNJUDGED and gap.low == -math.inf and gap.seeds[2] is None
    assert gap.value == pytest.approx(0.05) and gap.notes == (f"seed 2 {LOST}",)
    pairs[3] = pairs[2]
    assert compare(pairs).word == HARMED


def test_a_mean_without_the_seeds_that_lost_diversity_says_so_wherever_it_stands():
    rng = np.random.default_rng(4)
    starts = [front(rng=rng, spread=0.01) for _ in range(3)]
    stuck = front(((0.97, 0.99),) * 4, rng, spread=0.005)
    bench = benchmark(
        [cell("a", s, stuck if s == 2 else shifted(starts[s - 1], 0.001)) for s in (1, 2, 3)], starts
    )
    (found,) = verdicts(bench)
    assert found.word == UNJUDGED and "seed 2 lost diversity" in found.why
    told = words.sentence(found)
    assert told.startswith(
        "a could not be judged: seed 2 lost diversity that no temperature of MLE loses; over the "
    )
    assert "over the other seeds only, at equal diversity its BLEU-5 is .001 above MLE's" in told
    assert words.short(found).startswith("not judged +.001 [−∞, ")
    assert words.short(found).endswith("], 1 of 3 seeds lost diversity")
    assert any(caption.startswith("lost: ") and "−∞" in caption for caption in words.captions([found]))
    row = json.loads(json.dumps(found.as_json(), allow_nan=False))["gaps"][0]
    assert (row["low"], row["seeds"]["2"]) == ("lost", "lost") and row["gap"] == pytest.approx(0.001)
    idle = verdicts(benchmark([cell("a", 1, starts[0])], starts[:1]))
    assert not any(caption.startswith("lost: ") for caption in words.captions(idle))


@pytest.mark.parametrize(("seeds", "odds"), [(2, 2), (3, 4), (5, 16)])
def test_few_seeds_are_said_to_agree_by_chance_as_often_as_so_many_coins(seeds, odds):
    sides = list(itertools.product((-1, 1), repeat=seeds))
    alike = [tossed for tossed in sides if len(set(tossed)) == 1]
    assert len(sides) / len(alike) == odds
    assert words.few(seeds).endswith(f"{seeds} gaps have the same sign by chance one time in {odds}.")


def test_more_diverse_than_every_point_of_mle_is_judged_by_quality():
    rng = np.random.default_rng(5)
    base = front(rng=rng, spread=0.01)
    for quality, word in ((0.22, HARMED), (0.30, HELPED)):  # MLE's most diverse point has .26
        beyond = front([(quality, 0.15), (0.1, 0.1)], rng, temperatures=(1.0, 1.2), spread=0.01)
        gap = compare({1: (beyond, base)})
        assert gap.word == word and gap.value == pytest.approx(quality - 0.26, abs=0.005)
        assert gap.span is None and gap.share == 0 and gap.notes == (f"it {BEYOND}",)


def test_one_point_is_judged_at_its_diversity():
    base = front(rng=np.random.default_rng(6), spread=0.01)
    point = front([(0.45, 0.45)], np.random.default_rng(7), temperatures=[1.0], spread=0.01)
    gap = compare({1: (point, base)})
    assert gap.word == HELPED and gap.value == pytest.approx(0.45 - 0.38, abs=0.005)


def test_a_baseline_of_one_point_is_covered_whole():
    gap = compare({1: (front(), front([(0.30, 0.45)], temperatures=[1.0]))})  # at .45 MLE's line is at .38
    assert gap.value == pytest.approx(0.08) and gap.span == pytest.approx((0.45, 0.45))
    assert gap.share == 1.0


def test_two_broken_lines_by_hand():
    # self-BLEU .3 to .5 is shared; there MLE rises from .26 to .42, the front from .40 to .40: mean .40 - .34
    gap = compare({1: (front([(0.40, 0.50), (0.40, 0.20)], temperatures=(0.8, 1.0)), front())})
    assert gap.value == pytest.approx(0.06) and gap.span == pytest.approx((0.3, 0.5))
    assert gap.share == pytest.approx(2 / 3)
    assert gap.word == UNJUDGED and gap.low is None  # one seed, and nothing by sentence


def test_where_the_source_is_known_its_likelihood_is_judged_too():
    def both(shift: float, seed: int) -> Front:
        made = front(rng=np.random.default_rng(seed))
        nlls = [(2.0, 3.0), (2.5, 2.5), (3.0, 2.0), (4.0, 1.9)]
        more = [{"source-nll": a + shift, "nll": b} for a, b in nlls]
        points = [
            replace(p, scores=p.scores | {k: replace(p.scores["bleu-5"], value=v) for k, v in told.items()})
            for p, told in zip(made.points, more, strict=True)
        ]
        return Front(tuple(points))

    starts = [both(0, seed) for seed in (1, 2, 3)]
    cells = [cell("cot", seed, both(-0.14 - 0.005 * seed, seed)) for seed in (1, 2, 3)]
    (found,) = verdicts(benchmark(cells, starts))
    text, source = found.gaps
    assert text.word == SAME == found.word and text.value == 0
    assert source.value == pytest.approx(0.15) and source.word == HELPED
    ends = 0.005 * resampling.stretch(3)  # one seed drawn thrice: once in 27, near the tail
    assert source.low == pytest.approx(0.15 - ends, abs=0.005) and source.low < 0.14
    assert source.high == pytest.approx(0.15 + ends, abs=0.005) and source.high > 0.155
    assert source.resampled == "3 seeds"
    assert source.span == pytest.approx((1.9, 3.0))
    assert "source NLL is .150 below MLE's" in words.sentence(found)


def test_a_nucleus_has_its_own_gain_and_the_game_the_rest():
    rng = np.random.default_rng(9)
    starts = [front(rng=rng) for _ in range(3)]
    found = benchmark(
        [
            cell("front", seed, shifted(held, 0.02), control=f"alike-{seed}")
            for seed, held in enumerate(starts, 1)
        ],
        starts,
    )
    alike = {
        f"alike-{n}": replace(found.baselines[f"start-{n}"], front=shifted(starts[n - 1], 0.05))
        for n in (1, 2, 3)
    }
    found = replace(found, baselines={**found.baselines, **alike})
    (told,) = verdicts(found)
    assert told.word == HARMED and told.gap.value == pytest.approx(-0.03, abs=1e-12)
    assert {who: gaps[0].value for who, gaps in told.beside.items()} == {
        "front over MLE": pytest.approx(0.02, abs=1e-12),
        "MLE drawn alike over MLE": pytest.approx(0.05, abs=1e-12),
    }
    assert "its BLEU-5 is .030 below that of MLE drawn alike" in words.sentence(told)
    assert [line[0] for line in words.gap_lines([told])[1:]] == ["front over MLE drawn alike", *told.beside]
    assert json.loads(json.dumps(told.as_json()))["beside"]["front over MLE"][0]["verdict"] == HELPED
    (table,) = corpus_tables(found)
    assert "| MLE drawn alike over MLE |" in markdown([table])
    rows = {line.row.label: line for line in table.lines}
    assert list(rows) == ["real text", "MLE", "MLE drawn alike", "front"]
    assert rows["MLE drawn alike"].row.cells["bleu-5"].value == pytest.approx(0.34 + 0.05)
    assert "bleu-5" in rows["front"].differs  # .03 below the control, and .02 above plain MLE
    assert any(line.startswith("MLE drawn alike: the weights") for line in table.captions)


def test_recipes_that_share_a_control_show_it_once_and_are_starred_against_it():
    rng = np.random.default_rng(9)
    starts = [front(rng=rng) for _ in range(3)]
    control = {seed: shifted(held, 0.05) for seed, held in enumerate(starts, 1)}
    cells = [
        cell(label, seed, copied(control[seed]), control=f"alike-{seed}")
        for label in ("one", "two")
        for seed in control
    ]
    found = benchmark(cells, starts)
    alike = {f"alike-{n}": replace(found.baselines[f"start-{n}"], front=held) for n, held in control.items()}
    (table,) = corpus_tables(replace(found, baselines={**found.baselines, **alike}))
    assert [line.row.label for line in table.lines] == ["real text", "MLE", "MLE drawn alike", "one", "two"]
    assert not any(line.differs for line in table.lines)  # plain MLE is .05 away, what they began with is not
    assert markdown([table]).count("| MLE drawn alike over MLE |") == 1


def test_fronts_apart_by_chance_are_said_to_share_nothing():
    held = front(rng=np.random.default_rng(0))
    near = front([(0.5, 0.61)], rng=np.random.default_rng(1), temperatures=(1.0,))
    (found,) = verdicts(benchmark([cell("near", 1, near)], [held]))
    assert found.gap is not None and found.gap.value is None and not found.gap.notes
    assert found.why == APART
    assert words.sentence(found).endswith(": no diversity that both reach, which may be chance")
    assert words.short(found).endswith(": nothing shared")


def test_what_cannot_be_judged_says_why():
    held = front(rng=np.random.default_rng(0))
    cells = [
        cell("mle-short", 1, held, strategy="mle"),
        cell("broken", 1, None, failed="out of memory"),
        cell("lonely", 1, held, baseline=None),
        cell("odd", 1, Front((replace(held.points[0], scores={}, values={}),))),
    ]
    found = verdicts(benchmark(cells, [held]))
    assert [v.word for v in found] == ["baseline", UNJUDGED, UNJUDGED, UNJUDGED]
    assert [v.why[:12] for v in found[1:]] == ["all of its r", "there is no ", "neither BLEU"]
    assert words.headline(found) == "Nothing could be judged"


def test_a_failed_seed_leaves_the_others():
    held = front(rng=np.random.default_rng(0))
    cells = [cell("a", 1, held), cell("a", 2, None, failed="killed")]
    (found,) = verdicts(benchmark(cells, [held, held]))
    assert list(found.gap.seeds) == [1]


def test_points_that_are_no_numbers_are_left_out():
    base = front(rng=np.random.default_rng(0), spread=0.01)
    pairs = ((math.nan, 0.60), *MLE[1:])
    gap = compare({1: (front(pairs, np.random.default_rng(0), spread=0.01), base)})
    assert gap.span == pytest.approx((0.3, 0.5), abs=0.01)


def test_the_verdict_is_the_same_twice_and_is_plain_data():
    rng = np.random.default_rng(8)
    bench = benchmark([cell("a", s, front(rng=rng)) for s in (1, 2)], [front(rng=rng) for _ in (1, 2)])
    first, second = (json.dumps([v.as_json() for v in verdicts(bench)], allow_nan=False) for _ in range(2))
    (row,) = json.loads(first)
    assert first == second and row["gaps"][0]["quality"] == TEXT.quality
    assert not {"why", "beside"} & {*row}  # nothing to explain, and no nucleus


def test_a_difference_at_temperature_1_has_an_interval():
    rng = np.random.default_rng(9)
    base = front(rng=rng, amount=400)
    low, high = differs({1: (shifted(base, 0.01), base)}, "bleu-5")
    assert low == pytest.approx(0.01) == high  # paired: the sentences' scatter cancels
    low, high = differs({1: (front(rng=rng, amount=400), base)}, "bleu-5")
    assert high - low == pytest.approx(2 * 1.96 * 0.2 * math.sqrt(2 / 400), rel=0.1)
    assert differs({1: (front(), base)}, "bleu-5") is None and differs({}, "bleu-5") is None


def test_scores_that_were_asked_for_are_judged_at_equal_diversity_by_both_measures():
    """Pretrained NLL lower by .1 at equal self-BLEU-5 and distinct-4: better by .1, and BLEU stays the word."""

    def fronts(lower: float) -> list[Front]:
        made = []
        for _ in (1, 2, 3):
            points = [
                point(t, pair, None, pretrained_nll=3 + i - lower, distinct_4=0.5 + i / 10)
                for i, (t, pair) in enumerate(zip(TEMPERATURES, MLE, strict=True))
            ]
            made.append(Front(tuple(points), ()))
        return made

    cells = [cell("front", seed, front) for seed, front in enumerate(fronts(0.1), start=1)]
    (found,) = verdicts(benchmark(cells, fronts(0.0)))
    by = {(gap.axes.quality, gap.axes.diversity): gap for gap in found.gaps}
    assert list(by) == [
        ("bleu-5", "self-bleu-5"), ("pretrained-nll", "self-bleu-5"), ("pretrained-nll", "distinct-4")
    ]  # fmt: skip
    assert found.word == SAME and by["bleu-5", "self-bleu-5"].value == 0
    for diversity in ("self-bleu-5", "distinct-4"):
        gap = by["pretrained-nll", diversity]
        assert gap.value == pytest.approx(0.1) and gap.word == HELPED
    assert by["pretrained-nll", "distinct-4"].span == pytest.approx((0.5, 0.8))
    told = words.sentence(found)
    assert told.startswith("front made no difference: at equal diversity its BLEU-5 is MLE's")
    assert told.endswith(". By the additional metrics: helped in pretrained NLL")  # numbers: in the table
    assert words.headline([found]) == "front made no difference in BLEU-5, helped in pretrained NLL"
    worse = verdicts(
        benchmark([cell("b", seed, f) for seed, f in enumerate(fronts(-0.1), start=1)], fronts(0.0))
    )
    assert words.headline([found, *worse]) == (
        "front made no difference in BLEU-5, helped in pretrained NLL; "
        "b made no difference in BLEU-5, harmed in pretrained NLL"
    )
    wider = replace(found, word=HARMED, gaps=(replace(found.gaps[0], word=HARMED), *found.gaps[1:]))
    assert words.headline([wider]) == "front harmed in BLEU-5, helped in pretrained NLL"
    wider = replace(found, word=HELPED, gaps=(replace(found.gaps[0], word=HELPED), *found.gaps[1:]))
    assert words.headline([wider]) == "front helped in BLEU-5 and pretrained NLL"
    idle = verdicts(
        benchmark([cell("c", seed, f) for seed, f in enumerate(fronts(0.0), start=1)], fronts(0.0))
    )
    assert words.sentence(idle[0]).endswith(". By the additional metrics: no difference")
    assert words.headline(idle) == "c made no difference in BLEU-5"
    unjudged = replace(found, gaps=(found.gaps[0], *(replace(gap, word=UNJUDGED) for gap in found.gaps[1:])))
    assert "asked for" not in words.sentence(unjudged)
    (benched,) = corpus_tables(benchmark(cells, fronts(0.0)))
    by_seed = "+.100, +.100, +.100"
    line = f"| front | pretrained NLL | distinct-4 | +.100 \\[+.100, +.100\\] | {by_seed} | helped |"
    assert line in markdown([benched])
    assert words.gap_lines(verdicts(benchmark([cell("a", 1, front())], [front()]))) == []
