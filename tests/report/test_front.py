"""The front's figure, table and page, from points written by hand."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from pages import own_script_only
from rich.console import Console

from textgan.errors import Mistake
from textgan.metrics.samples import Score
from textgan.report import front
from textgan.report.reading import read
from textgan.runs.points import Point, Sweep

FRONTS = {  # temperature -> BLEU-5, self-BLEU-5
    "pretrained": {0.5: (0.50, 0.70), 1.0: (0.40, 0.50), 1.2: (0.30, 0.30)},
    "last": {0.5: (0.48, 0.80), 1.0: (0.36, 0.60), 1.2: (0.26, 0.32)},
}
REAL = (0.42, 0.40)


def scores(bleu: float, self_bleu: float, **more: float) -> dict[str, Score]:
    keys = {"bleu-5": bleu, "self-bleu-5": self_bleu, **{k.replace("_", "-"): v for k, v in more.items()}}
    return {key: Score(value, f"{key}|hyps:2000|v:0.1") for key, value in keys.items()}


def swept(run: Path, fronts=FRONTS, real=REAL, **more: float) -> Sweep:
    points = [Point("real", None, scores(*real))]
    for state, at in fronts.items():
        points += [Point(state, t, scores(*pair, **more)) for t, pair in at.items()]
    return Sweep(run, 2000, 1, "the run's test split", tuple(points))


def test_the_page_holds_figure_table_and_signatures(make_run):
    run = make_run()
    page = front.render(swept(run))
    for told in (
        "<h1>MLE and reinforce on captions: quality against diversity by temperature</h1>",
        "2,000 sentences at each temperature, scored against the run&#39;s test split, seed 1",
        "self-BLEU-5 against BLEU-5 by temperature",
        "MLE at 1.2",
        "reinforce at 0.5",
        "real text",
        "self-bleu-5|hyps:2000|v:0.1",
        "sweep.jsonl",
        'role="img" aria-label="',
    ):
        assert told in page
    assert page.count("<svg") == 1 and "evaluation.json" not in page
    real = re.search(r'<tr class="real">.*?</tr>', page, re.DOTALL)[0]
    assert re.findall(r"<td[^>]*>(.*?)</td>", real) == [".420", ".400"]
    assert re.findall(r'<td class="best">(.*?)</td>', page) == [".400", ".320"]  # nearest to real


def test_no_request_is_made_and_no_id_is_twice(make_run):
    page = front.render(swept(make_run(), source_nll=2.0, nll=1.9))
    assert page.count("<svg") == 2 and own_script_only(page) and "@import" not in page
    assert not re.search(r"url\((?!#)", page)
    assert all(link.startswith("#") for link in re.findall(r'(?:src|href|action)="([^"]*)"', page))
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids)) > 20


def test_the_figure_says_every_point_in_words_and_labels_it(make_run):
    run = make_run()
    (figure,) = front.figures(swept(run), read(run))
    assert "MLE at 0.5 .500, .700; at 1 .400, .500; at 1.2 .300, .300. reinforce at 0.5" in figure.alt
    assert "real text .420, .400." in figure.alt and "#010203" not in figure.svg
    labels = re.findall(r">([\d.]+)</text>", figure.svg)
    assert all(labels.count(t) >= 2 for t in ("0.5", "1", "1.2"))


def test_mle_is_dashed_ink_and_the_strategy_has_its_colour_of_the_other_figures(make_run):
    run = make_run()
    (figure,) = front.figures(swept(run), read(run))
    assert "stroke-dasharray" in figure.svg and "--line1" in figure.svg and "--line2" not in figure.svg


def test_fronts_are_compared_where_they_are_as_diverse_as_real_text(make_run):
    run = make_run()
    (told,) = front.crossings(swept(run), read(run))
    # MLE: half way from 1 to 1.2, .35; reinforce: (.6 - .4) / (.6 - .32) = 5/7 of the way, .36 - .1 * 5/7 = .289
    assert told == (
        "BLEU-5 where the text is as diverse as real text (self-BLEU-5 .400): real text .420, "
        "MLE .350 (temperature about 1.10), reinforce .289 (temperature about 1.14)"
    )
    (told,) = front.crossings(swept(run, real=(0.42, 0.31)), read(run))
    assert "MLE .305" in told and "reinforce is never that diverse" in told
    assert front.crossings(swept(run, real=(0.42, 0.1)), read(run)) == []
    assert front.crossings(swept(run, real=(0.42, math.nan)), read(run)) == []


def test_what_comes_from_a_run_is_escaped(make_run):
    run = make_run(strategy="a<b>$x_", corpus="<i>c")
    page = front.render(swept(run))
    assert "<b>" not in page and "<i>c" not in page and "a&lt;b&gt;$x_ at 1.2" in page


def test_points_that_are_no_numbers_or_were_not_run_do_not_stop_the_page(make_run):
    run = make_run()
    fronts = {"last": {0.5: (math.nan, 0.5), 1.0: (0.4, 0.4)}}
    assert "nan" in front.render(swept(run, fronts))
    (figure,) = front.figures(swept(run, fronts), read(run))
    assert "at 0.5" not in figure.alt
    empty = Sweep(run, 5, 1, "x", (Point("real", None, {}), Point("last", 1.0, {})))
    assert "<svg" not in front.render(empty)
    one = Sweep(run, 5, 1, "x", (Point("last", 1.0, scores(0.1, 0.2)),))
    assert front.render(one).count("<svg") == 1


def test_the_terminal_keeps_the_front_s_own_scores(make_run):
    run = make_run()
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    made = swept(run, bleu_4=0.6, self_bleu_4=0.6, nll=2.0, source_nll=2.0, distinct_1=0.1, length=9)
    console.print(front.terminal(made, 60))
    printed = console.export_text()
    assert "MLE at 0.5" in printed and ".700" in printed and ".500" in printed
    assert "Too narrow for" in printed and "Real text" not in printed
    assert all(len(line) <= 80 for line in printed.splitlines())


def test_the_page_goes_where_it_is_told(make_run, tmp_path: Path):
    run = make_run()
    assert front.write(swept(run)) == run / "front.html"
    assert front.write(swept(run), tmp_path) == tmp_path / "front.html"
    first = front.write(swept(run), tmp_path / "mine.html").read_bytes()
    assert front.write(swept(run), tmp_path / "mine.html").read_bytes() == first
    with pytest.raises(Mistake, match="--out: .*is not a folder; create it first"):
        front.write(swept(run), tmp_path / "no" / "where.html")
