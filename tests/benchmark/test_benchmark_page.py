"""The page: verdicts, fronts, curves, table, samples; escaped, self-contained, and whole in a browser."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from pages import BAD, asked, needs_browser, opened, own_script_only
from synthetic import MLE, REAL, benchmark, cell, front, scored

from textgan.benchmark import front_figures, game_curves, page
from textgan.benchmark.gap import ALL, SOURCE, TEXT, Axes
from textgan.benchmark.groups import groups
from textgan.benchmark.planned import BORROWED
from textgan.benchmark.results import Benchmark, CorpusFacts
from textgan.benchmark.verdict import verdicts
from textgan.report import numbers
from textgan.report.reading import read


def logged(folder: Path) -> Path:
    """A run's log: twenty steps of the game and three looks."""
    folder.mkdir()
    (folder / "recipe.yaml").write_text("corpus: captions\nstrategy: gumbel\n")
    lines = [{"kind": "phase", "phase": "adversarial", "step": 0, "seconds": 5.0}]
    for step in range(21):
        row = {"phase": "adversarial", "step": step, "seconds": 5.0 + step}
        if step:
            lines.append({**row, "kind": "train", "g-grad-norm": 2.0 if step % 2 else 8.0})
        if step % 10 == 0:
            scores = {"bleu-4": {"value": 0.3 + step / 100, "signature": "bleu|n:4|v:0.1"}}
            lines.append({**row, "kind": "evaluate", "scores": scores})
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Benchmark:
    rng = np.random.default_rng(0)
    runs = tmp_path_factory.mktemp("runs")
    nlls = {"nll": 2.0, "source_nll": 2.5}
    starts = [front(rng=rng, spread=0.05, samples=["a dog", BAD], **nlls) for _ in (1, 2)]
    up = [
        front([(q + 0.05, d) for q, d in MLE], rng, spread=0.05, samples=["a cat runs"], **nlls)
        for _ in (1, 2)
    ]
    cells = [
        cell(
            "up",
            seed,
            up[seed - 1],
            "gumbel",
            run=logged(runs / f"up-{seed}"),
            gradient={"variance": 0.25 * seed},
        )
        for seed in (1, 2)
    ]
    cells += [cell(BAD, 1, starts[0], warnings=(BAD,)), cell(BAD, 2, None, failed=BAD)]
    facts = CorpusFacts("captions", scored(REAL | {"source-nll": 2.2}), 0.9, ("frisbee", BAD))
    return benchmark(cells, starts, corpora={"captions": facts}, facts={"hardware": "two cores"})


@pytest.fixture(scope="module")
def text(bench, tmp_path_factory) -> str:
    out = tmp_path_factory.mktemp("out")
    path = page.write(bench, out)
    assert path == out / "benchmark.html" and list(out.iterdir()) == [path]
    return path.read_text(encoding="utf-8")


def test_the_page_tells_what_was_found(text):
    for told in (
        "<h1>up helped; &lt;script&gt;",
        "made no difference</h1>",
        "up helped: at equal diversity its BLEU-5 is .0",
        "1 of 4 cells failed",
        "train and test are not one distribution",
        "AUC .900",
        "textgan train up seed=2",
        "two cores",
        "a cat runs",
        "self-bleu-5|hyps:200|v:0.1",
        "BLEU-4 during the game, means over seeds: up from .300 to .500",
        "budget smoke",
    ):
        assert told in text, told


def test_the_page_says_whose_mle_a_recipe_without_one_is_compared_with(bench, text, tmp_path):
    assert "having none of its own" not in text
    told = f"the maximum likelihood of mle-short, {BORROWED}"
    cells = [replace(one, held_against=told) if one.label == "up" else one for one in bench.cells]
    found = page.write(replace(bench, cells=tuple(cells)), tmp_path).read_text(encoding="utf-8")
    assert "up: compared with the maximum likelihood of mle-short, having none of its own." in found


def test_a_front_has_mle_behind_it(text):
    alts = [html.unescape(alt) for alt in re.findall(r'role="img" aria-label="([^"]*)"', text)]
    (mine,) = [alt for alt in alts if alt.startswith("up: helped")]
    assert "MLE at 0.6 .500, .600; at 0.8 .420, .500" in mine and "up at 0.6 .550, .600" in mine
    assert "real text .370, .360" in mine
    assert sum("by likelihood" in alt for alt in alts) == 2


@pytest.mark.parametrize("judged", [True, False])
def test_no_two_fronts_have_the_same_title(judged: bool) -> None:
    """Of a benchmark that was asked for more metrics; not judged: without MLE's fronts."""
    more = {"mauve": 0.9, "lm_score": 1.1, "distinct_4": 0.8, "nll": 2.0, "source_nll": 2.5}
    mine = cell("up", 1, front(**more), **({} if judged else {"baseline": None}))
    bench = benchmark([mine], [front(**more)])
    (verdict,), (group,) = verdicts(bench), groups(bench)
    titles = [drawn.title for drawn in front_figures.fronts(group, bench, verdict, "front")]
    assert len(titles) == 6 and len({*titles}) == 6, titles
    for name in ("BLEU-5", "source NLL", "MAUVE", "LM score"):
        at = [title for title in titles if f"by {name} at equal " in title]
        assert len(at) == {"MAUVE": 2, "LM score": 2}.get(name, 0), titles
    assert sum("MAUVE at equal self-BLEU-5" in title for title in titles) == 1
    assert sum("MAUVE at equal distinct-4" in title for title in titles) == 1


def test_curves_of_many_recipes_say_which_part_they_show(tmp_path: Path) -> None:
    records = {f"r{index}": [read(logged(tmp_path / f"r{index}"))] for index in range(8)}
    for drawn in (game_curves.over_time(records, "bleu-4", "time"), game_curves.gradients(records, "norms")):
        first, second = (figure.title for figure in drawn)
        assert first.endswith(" (recipes 1 to 6 of 8)") and second.endswith(" (recipes 7 to 8 of 8)")
    (alone,) = game_curves.over_time({"r0": records["r0"]}, "bleu-4", "time")
    assert alone.title == "BLEU-4 during the game"


def test_every_axis_says_which_end_is_better(text):
    assert "each axis says which end is better" in text.lower()
    alts = re.findall(r'aria-label="([^"]*)"', text)
    for axes in ALL:
        across, up = axes.named
        assert not any(f"{numbers.name(axes.quality)} and" in alt for alt in alts)
        drawn = [alt for alt in alts if f"{across} and {up}, means over seeds" in alt]
        assert bool(drawn) is (axes in (TEXT, SOURCE)), axes
    assert TEXT.named == ("BLEU-5 (better: higher)", "self-BLEU-5 (better: lower)")
    assert SOURCE.named == ("source NLL (better: lower)", "held-out NLL (better: lower)")
    assert Axes("mauve", 1, "distinct-4", 1).named[1] == "distinct-4 (better: higher)"


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        ((0.0075, 0.0155), ["0.008", "0.01", "0.012", "0.014"]),  # powers of ten alone would be one tick
        ((0.6, 8), ["1", "2", "5"]),
        ((0.02, 300), ["0.1", "1", "10", "100"]),
    ],
)
def test_a_log_axis_has_plain_numbers(ends, told):
    drawing = Figure()
    axes = drawing.add_subplot()
    axes.set_yscale("log")
    game_curves._plain_ticks(axes, ends)
    axes.set_ylim(*ends)
    drawing.draw_without_rendering()
    labels = axes.get_yticklabels(which="both")
    shown = [label.get_text() for label in labels if ends[0] <= label.get_position()[1] <= ends[1]]
    assert [text for text in shown if text] == told


def test_gaps_stand_under_the_name_of_their_recipe(bench):
    asked = {"distinct_4": 0.7, "nll": 2.0}
    fronts = [front(MLE, np.random.default_rng(0), mauve=0.6, **asked)]
    cells = [
        cell(name, 1, front(MLE, np.random.default_rng(1), mauve=0.7, **asked), "gumbel")
        for name in ("x1", "x2")
    ]
    made = page.render(benchmark(cells, fronts))
    gaps = made[made.index(">Gaps to MLE") : made.index(">Scores<")]
    groups = re.findall(r'<tr class="group">.*?>(x\d)<', gaps)
    assert groups == ["x1", "x2"] and gaps.count("x1") == gaps.count("x2") == 1
    assert gaps.count('<th scope="row">') == 6  # BLEU-5 once, MAUVE at equal self-BLEU-5 and distinct-4


def test_the_gradient_is_told_in_numbers(text):
    table = text[text.index("Gradient in numbers") :]
    fields = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", table[: table.index("</table>")])
    # forty norms, half 2 and half 8: median 5, quartiles 2 and 8; variance .25 and .5 by seed
    assert fields[5:] == ["up", "40", "5", "1.20", "0.375"]
    assert "Norm of the generator&#39;s gradient" in text


def test_nothing_is_asked_of_the_network_and_all_is_escaped(text):
    assert own_script_only(text) and "<img" not in text and "@import" not in text
    assert all(link.startswith("#") for link in re.findall(r'(?:src|href|action)="([^"]*)"', text))
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len(set(ids)) > 50


def test_the_same_benchmark_gives_the_same_bytes(bench, text):
    assert page.render(bench) == text


def test_runs_that_are_gone_and_cells_that_all_failed_leave_a_page():
    bench = benchmark([cell("a", 1, None, failed="no memory"), cell("b", 1, front())], [front()])
    made = page.render(bench)
    assert "<h1>Nothing could be judged</h1>" in made and "a, seed 1 failed: no memory" in made
    assert "b could not be judged: one seed" in made and "During the game" not in made


@needs_browser
def test_a_browser_shows_the_figures_and_reports_no_error(text, tmp_path):
    boxes = "[...document.querySelectorAll('figure svg')].map(s => s.getBoundingClientRect())"
    seen = f"[{boxes}.filter(b => b.width > 150 && b.height > 100).length, {boxes}.length, window.bad ?? 0]"
    assert text.count("<figure") == 6 and asked(text, seen, tmp_path) == [6, 6, 0]
    _, log = opened(text, tmp_path)
    assert "CONSOLE" not in log
    _, log = opened(text.replace("</body>", "<script>nothing()</script></body>"), tmp_path)
    assert "Content Security Policy" in log  # a script that is not the page's own is seen, and not run
