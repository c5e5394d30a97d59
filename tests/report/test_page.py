"""The page: self-contained, escaped, the same twice, written whole or not at all."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from pages import BAD, Outline, own_script_only

from textgan.errors import Mistake
from textgan.report import plots
from textgan.report.page import write
from textgan.report.plots import quality_and_diversity, training_curves
from textgan.report.reading import read
from textgan.report.section import section, time_spent


@pytest.fixture
def page(make_run):
    return write([make_run()]).read_text(encoding="utf-8")


def test_the_page_holds_what_the_run_was(make_run):
    run = make_run()
    assert write([run]) == run / "report.html"
    page = (run / "report.html").read_text(encoding="utf-8")
    for told in (
        "<h1>reinforce on captions: sharper, less diverse</h1>",
        "generator lstm against discriminator cnn, objective non-saturating, seed 1",
        "BLEU-4 .412 → .455 (+.043)",
        "12 of the test sentences also occur in train",
        "entropy falls",
        "bleu-4|hyps:2000|v:0.1",
        "near 11 trees",
        "textgan train seqgan-short",
        "hidden: 64",
        "adversarial, step 40",
    ):
        assert told in page
    assert "near 12 trees" not in page  # twelve sentences side by side


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        (
            {"discriminator": 1.4 / 60, "adversarial": 9.4 / 60},
            ("10 s", "discriminator 1 s, adversarial 9 s"),
        ),
        ({"mle": 0.3 / 60, "adversarial": 59.6 / 60}, ("1 min 0 s", "mle <1 s, adversarial 1 min 0 s")),
        ({"mle": 0.001}, ("<1 s", "mle <1 s")),
        ({}, ("", "")),
    ],
)
def test_the_phases_add_up_to_the_whole_time(make_run, minutes, told):
    run = read(make_run())
    assert time_spent(replace(run, evaluation={**run.evaluation, "minutes": minutes})) == told


def test_each_of_several_runs_has_one_colour(make_run):
    runs = [read(make_run("a")), read(make_run("b", strategy="gumbel"))]
    drawn = [section(run, f"s{place}", plots.colour(place)) for place, run in enumerate(runs)]
    for own, other, part in zip((1, 2), (2, 1), drawn, strict=True):
        figures = [figure.svg for figure in (*part.curves, *part.fronts, *part.text.figures)]
        assert figures and all(f"--line{own}," in svg for svg in figures)
        assert not any(f"--line{other}," in svg for svg in figures)


def test_the_table_shows_a_dash_for_what_was_not_run_and_marks_the_best(page):
    real = re.search(r'<tr class="real">.*?</tr>', page, re.DOTALL)[0]
    assert re.findall(r"<td[^>]*>(.*?)</td>", real) == [".800", ".440", ".360", "–", "1.900", "1.000", "12.0"]
    assert re.findall(r'<td class="best">(.*?)</td>', page) == [
        ".390",
        "2.100",
        ".790",
        ".455",
        "2.200",
        ".620",
    ]


def test_well_formed_no_request_and_no_id_twice(make_run):
    page = write([make_run("a"), make_run("b", strategy="gumbel")], make_run("c")).read_text(encoding="utf-8")
    outline = Outline(page)
    assert outline.open == [] and outline.outside == [] and own_script_only(page)
    assert len(outline.ids) == len(set(outline.ids)) > 100
    assert "@import" not in page and not re.search(r"url\((?!#)", page)
    used = set(re.findall(r'(?:url\(#|xlink:href="#)([^)"]+)', page))
    assert used and used <= set(outline.ids)


def test_what_is_generated_is_escaped(make_run):
    run = make_run(
        sentences=[BAD] * 20, notes=[BAD], warnings=[BAD], recipe=BAD, strategy="a<b>$x_", corpus="<i>c"
    )
    (run / "recipe.yaml").write_text(f"note: '{BAD.replace(chr(39), '')}'\n")
    page = write([run]).read_text(encoding="utf-8")
    outline = Outline(page)
    assert outline.tags.count("script") == 1 and "img" not in outline.tags and "i" not in outline.tags
    assert "&lt;script&gt;bad=1&lt;/script&gt; &amp;" in page and outline.open == []


def test_the_same_run_gives_the_same_bytes(make_run):
    run = make_run()
    first = write([run]).read_bytes()
    assert write([run]).read_bytes() == first


def test_a_run_under_way_has_a_page(make_run):
    page = write([make_run(finished=False)]).read_text(encoding="utf-8")
    assert "reinforce on captions: still running" in page
    assert "last seen in phase adversarial, step 40" in page and "<h2>Scores</h2>" not in page


def test_a_run_that_has_only_begun_has_a_page(tmp_path: Path):
    (tmp_path / "recipe.yaml").write_text("corpus: {path: my.txt}\n")
    page = write([tmp_path]).read_text(encoding="utf-8")
    assert "nothing logged so far" in page and "my.txt" in page


def test_several_runs_go_where_they_are_told(make_run, tmp_path: Path, monkeypatch):
    runs = [make_run("a"), make_run("b", strategy="gumbel")]
    monkeypatch.chdir(tmp_path)
    assert write(runs) == Path("report.html") and (tmp_path / "report.html").is_file()
    assert write(runs, tmp_path / "both.html") == tmp_path / "both.html"


def test_nothing_is_left_half_written(make_run, tmp_path: Path):
    run = make_run()
    with pytest.raises(Mistake, match=r"out: .*is not a folder; create it first"):
        write([run], tmp_path / "no" / "where.html")
    with pytest.raises(Mistake, match="no run given"):
        write([])
    (run / "evaluation.json").write_text("{")
    with pytest.raises(Mistake):
        write([run])
    assert not list(tmp_path.rglob("*.html")) and not list(tmp_path.rglob("*.partial"))


def test_figures_are_text_in_the_page_s_own_colour_and_say_what_they_show(make_run):
    run = read(make_run())
    for figure in [*training_curves(run), quality_and_diversity([run])]:
        assert 'role="img" aria-label="' in figure.svg and "<text" in figure.svg
        assert "currentColor" in figure.svg and "#010203" not in figure.svg and "DejaVu" not in figure.svg
    scatter = quality_and_diversity([run])
    assert "reinforce: BLEU-4 .455, self-BLEU-4 .470" in scatter.alt


def test_numbers_that_are_no_numbers_do_not_stop_the_page(make_run):
    run = make_run(rows={"real": {"bleu-4": float("nan")}, "after": {"bleu-4": float("inf"), "nll": 1.0}})
    log = run / "metrics.jsonl"
    log.write_text(re.sub(r'"(loss|d-loss)": [\d.]+', r'"\1": NaN', log.read_text()))
    assert "∞" in write([run]).read_text(encoding="utf-8")
