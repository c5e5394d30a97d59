"""The closer look on the page: what is shown of it, without it, and of a damaged one; and the whole in a browser."""

from __future__ import annotations

import json
import re

import pytest
from pages import BAD, Outline, asked, needs_browser, opened
from written_runs import MLE, closer, kept

from textgan.errors import Mistake
from textgan.report.closer_views import Token, sentence_lengths, views, vocabulary
from textgan.report.page import write
from textgan.report.reading import read

LONG = "word" * 60


@pytest.fixture
def looked(make_run):
    """A run with all there can be; `bad` stands wherever text does."""

    def make(bad: str = "", name: str = "run"):
        run = make_run(name, **({"sentences": [bad] * 20, "notes": [bad], "warnings": [bad]} if bad else {}))
        (run / "closer.json").write_text(json.dumps(closer(bad)))
        (run / "metrics.jsonl").write_text("")  # curves take the longest to draw, and are tested beside
        return kept(run, {"last": {1.0: (0.5, 0.5), 1.2: (0.4, 0.3)}, "pretrained": MLE})

    return make


def test_what_the_page_tells(looked):
    page = write([looked()]).read_text(encoding="utf-8")
    for told in (
        "It helped: BLEU-5 .450 against .350 for its MLE (+.100), where both are as diverse as real text; one seed",
        "a <mark>horse</mark> runs ",
        "overlap .50, longest copied run 2 of 3 words",
        "Searched: the first 50,000 of 80,000 training sentences",
        "Mean overlap of 50 generated sentences: .61; of as many held-out real ones: .33.",
        "<td>horse</td><td>9</td><td>1</td><td>+2.5</td>",
        "none beyond chance",
        "50 generated sentences against 50 held-out ones",
        '<span class="down3">horse <small>▼ −.90</small></span>',
        '<span class="up1">(end) <small>▲ .60</small></span>',
        "<span>a <small>.10</small></span>",
        "the mean before the first word, .20",
        "Held-out real sentences have 1.25 on average",
        "Mean words in a sentence: real, held out 4.6, before 4.0, after 3.0.",
        "self-BLEU-5 against BLEU-5 by temperature",
    ):
        assert told in page, told
    assert "textgan sweep" not in page  # the front is there


def test_shades_go_by_the_distance_from_the_middle(looked):
    (sentence,) = views(read(looked()), "a").shades.sentences
    # from .2: -.1, -1.1 (the widest, so 3 steps), +.4
    assert [token.level for token in sentence] == [0, -3, 1]
    assert sentence[2] == Token("(end)", ".60", 1)


def test_figures_show_real_text_beside_generated(looked):
    run = read(looked())
    for drawn in (sentence_lengths(run), vocabulary(run)):
        assert "eal, held out" in drawn.alt and "real, held out" in drawn.svg and "var(--line1" in drawn.svg
    assert "3 different of 6" in vocabulary(run).alt


def test_an_older_run_has_a_page_and_is_told_what_would_add_to_it(make_run):
    run = make_run()
    page = write([run]).read_text(encoding="utf-8")
    assert "This run has no analysis of its text" in page and "--resume" in page
    assert f"<code>textgan sweep {run} --checkpoint all</code>" in page
    assert "Mean words in a sentence: before 13.0, after 13.0." in page and "<mark>" not in page


def test_what_a_later_version_wrote_is_left_out(make_run):
    run = make_run()
    (run / "closer.json").write_text('{"format": 2, "lengths": 7}')
    assert read(run).closer is None


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"lengths": 7}, "lengths"),
        ({"nearest": {"pairs": []}}, "nearest.searched"),
        ({"scores": {"tokens": [["a"]], "values": [[]], "how": ""}}, "scores"),
    ],
)
def test_a_damaged_one_is_a_mistake_with_its_remedy(make_run, change, where):
    run = make_run()
    (run / "closer.json").write_text(json.dumps(closer() | change))
    with pytest.raises(Mistake, match=rf"run\.closer: .* is damaged \({where}.*delete it") as found:
        read(run)
    assert "\n" not in str(found.value)


def test_a_run_without_scores_says_why(make_run):
    run = make_run()
    held = {key: value for key, value in closer().items() if key != "scores"}
    (run / "closer.json").write_text(json.dumps(held | {"unscored": "the run has no discriminator"}))
    assert "No scores by token: the run has no discriminator." in write([run]).read_text(encoding="utf-8")


def test_several_runs_have_each_their_own(looked, tmp_path):
    page = write([looked(name="a"), looked(name="b")], tmp_path / "both.html").read_text(encoding="utf-8")
    outline = Outline(page)
    assert outline.open == [] and len(outline.ids) == len(set(outline.ids))
    assert page.count("It helped: BLEU-5") == 2 and page.count("<mark>horse</mark>") == 2


def test_what_a_stranger_wrote_is_escaped(looked):
    page = write([looked(BAD)]).read_text(encoding="utf-8")
    outline = Outline(page)
    assert outline.open == [] and outline.tags.count("script") == 1 and "img" not in outline.tags
    assert page.count("&lt;script&gt;bad=1&lt;/script&gt;") > 30


@needs_browser
def test_in_a_browser_what_was_generated_does_nothing(looked, tmp_path):
    page = write([looked(BAD)], tmp_path / "report.html").read_text(encoding="utf-8")
    shown = "[window.bad ?? 0, document.body.innerText.split('bad=1</' + 'script>').length > 20]"
    assert asked(page, shown, tmp_path) == [0, True]
    assert asked(page.replace("</h1>", f"</h1>{BAD}"), "window.bad ?? 0", tmp_path) == 1  # it would be seen
    _, log = opened(page.replace("</h1>", f"</h1>{BAD}"), tmp_path)
    assert (
        "violates the following Content Security Policy" in log
    )  # and without escaping, would still not run


@needs_browser
def test_on_a_phone_nothing_runs_out_at_the_side(looked, tmp_path):
    pages = [looked(name="a"), looked(LONG, name="b")]
    page = write(pages, tmp_path / "report.html").read_text(encoding="utf-8")
    out = "!e.closest('.scroll, pre, svg') && e.getBoundingClientRect().right > innerWidth + 1"
    root = "document.documentElement"
    wide = (
        f"[{root}.scrollWidth - {root}.clientWidth, "
        f"[...document.querySelectorAll('main *')].filter(e => {out}).map(e => e.outerHTML.slice(0, 80))]"
    )
    for width in (360, 768):
        assert asked(page, wide, tmp_path, width) == [0, []]


SORTING = """(() => {
  const table = document.querySelector('table.scores');
  const head = [...table.querySelectorAll('th[scope=col]')].find(th => th.dataset.name == 'NAME');
  const seen = () => [head.getAttribute('aria-sort'),
    [...table.tBodies[0].rows].map(row => row.cells[head.dataset.column].textContent)];
  const button = head.querySelector('button');
  button.focus();
  const told = [button.getAttribute('aria-label'), document.activeElement === button, seen()];
  for (const turn of [1, 2, 3]) { button.click(); told.push(seen()); }
  return told;
})()"""


@needs_browser
def test_tables_are_sorted_by_their_heads(looked, tmp_path):
    page = write([looked()]).read_text(encoding="utf-8")
    questions = ", ".join(SORTING.replace("NAME", name) for name in ("BLEU 4", "held-out NLL"))
    told, missing = asked(page, f"[{questions}]", tmp_path)
    rows = [".440", ".412", ".455"]  # real, before, after
    assert told == [
        "BLEU 4: sort",
        True,
        ["none", rows],
        ["descending", [".455", ".440", ".412"]],
        ["ascending", [".412", ".440", ".455"]],
        ["none", rows],
    ]
    assert missing[3] == ["descending", ["2.300", "2.100", "–"]]  # what was not run is last either way
    assert missing[4] == ["ascending", ["2.100", "2.300", "–"]]


def test_every_figure_has_its_words(make_run):
    page = write([make_run()]).read_text(encoding="utf-8")
    assert page.count("<svg") == len(re.findall(r'<svg[^>]* role="img" aria-label="[^"]{15,}"', page)) > 10
