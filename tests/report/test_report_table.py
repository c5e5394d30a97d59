"""The table against numbers worked out by hand."""

from __future__ import annotations

import csv as csv_format
import io
import json
import re
from dataclasses import replace

import pytest

from textgan import cli
from textgan.assembly.recipe import Recipe
from textgan.data.oracle import Oracle
from textgan.metrics.samples import Score
from textgan.report import printed, table
from textgan.report.captions import captions, likelihood_units
from textgan.report.movement import direction_in_words, movement, movements
from textgan.report.reading import read
from textgan.runs.train import train

GUMBEL = {"bleu-4": 0.436, "self-bleu-4": 0.30, "nll": 2.05, "source-nll": 2.5, "grammaticality": 0.40}
KEYS = ("bleu-2", "bleu-4", "self-bleu-4", "source-nll", "grammaticality")
BEFORE = dict(zip(KEYS, (0.75, 0.412, 0.39, 2.4, 0.51), strict=True)) | {"nll": 2.1}
REAL = dict(zip(KEYS, (0.80, 0.440, 0.36, 1.9, 1.0), strict=True)) | {"length": 12.0}


def scored(**values):
    return {key.replace("_", "-"): Score(value, "") for key, value in values.items()}


@pytest.fixture
def two(make_run):
    """Two strategies from one start."""
    rows = {"real": REAL, "before": BEFORE, "after": GUMBEL}
    return [read(make_run("a")), read(make_run("b", strategy="gumbel", rows=rows))]


def test_real_text_and_a_shared_start_are_there_once(two):
    assert [row.label for row in table.rows(two)] == ["real text", "MLE (before)", "reinforce", "gumbel"]


def test_columns_are_those_that_a_run_has(two):
    keys = ["bleu-2", "bleu-4", "self-bleu-4", "nll", "source-nll", "grammaticality", "length"]
    assert table.columns(table.rows(two)) == keys


def test_markdown_word_for_word(two):
    head, rule, *lines = printed.markdown(two).splitlines()[:6]
    assert head.startswith("|  | BLEU-2 | BLEU-4 | self-BLEU-4 | held-out NLL | source NLL | grammatical |")
    assert rule == "| --- |" + " ---: |" * 7
    assert lines == [
        "| real text | .800 | .440 | .360 | – | 1.900 | 1.000 | 12.0 |",
        "| MLE (before) | .750 | .412 | **.390** | 2.100 | 2.400 | .510 | – |",
        "| reinforce | **.790** | .455 | .470 | 2.300 | **2.200** | **.620** | – |",
        "| gumbel | – | **.436** | .300 | **2.050** | 2.500 | .400 | – |",
    ]


def test_bleu_is_marked_where_it_is_nearest_to_real_text_and_not_where_it_is_highest(two):
    rows = table.rows(two)  # real .440: before .412 (.028), reinforce .455 (.015), gumbel .436 (.004)
    assert table.best(rows, "bleu-4") == {3}
    assert table.best(rows, "length") == set()  # neither more nor less is better


def test_distinct_is_marked_where_it_is_nearest_to_real_text_since_random_words_are_the_most_distinct(
    make_run,
):
    rows = {"real": {"distinct-2": 0.78}, "before": {"distinct-2": 0.99}, "after": {"distinct-2": 0.7}}
    assert table.best(table.rows([read(make_run(rows=rows))]), "distinct-2") == {2}


def test_how_the_text_was_written_stands_below_the_table(make_run):
    cut, chosen = "before and after: tokens drawn from the nucleus", "after: written by both players"
    plain, other = read(make_run("a")), read(make_run("b", strategy="gumbel", written=[cut, chosen]))
    told = "Before and after: tokens drawn from the nucleus. After: written by both players."
    assert told in captions([other])
    assert f"gumbel (b): {told}" in captions([plain, other])
    assert not any("players" in line for line in captions([plain]))


def test_nothing_is_marked_without_real_text_or_between_equals(make_run):
    rows = {"before": {"bleu-4": 0.3, "nll": 2.0}, "after": {"bleu-4": 0.4, "nll": 2.0}}
    made = table.rows([read(make_run(rows=rows))])
    assert table.best(made, "bleu-4") == set() and table.best(made, "nll") == set()


def test_what_prints_the_same_is_marked_the_same(make_run):
    rows = {"before": {"perplexity": 968.94}, "after": {"perplexity": 968.89}}
    assert table.best(table.rows([read(make_run(rows=rows))]), "perplexity") == set()


def test_nan_is_shown_and_never_the_best(make_run):
    rows = {"before": {"nll": 2.0}, "after": {"nll": float("nan")}}
    runs = [read(make_run("a", rows=rows)), read(make_run("b", rows={**rows, "after": {"nll": 2.5}}))]
    assert read(make_run("c", rows={"after": {"nll": None}})).rows["after"]["nll"].value != 0  # null is NaN
    made = table.rows(runs)
    assert [row.label for row in made] == ["MLE (before)", "reinforce, a", "reinforce, b"]
    assert table.best(made, "nll") == {0} and "| nan |" in printed.markdown(runs)


def test_an_mle_run_that_is_the_start_of_another_is_one_row(make_run):
    mle = read(make_run("m", strategy="mle", rows={"real": REAL, "after": BEFORE}))
    gan = read(make_run("a"))
    labels = [row.label for row in table.rows([mle, gan])]
    assert labels == ["real text", "MLE (before)", "reinforce"]


def test_an_mle_run_of_its_own_stands_before_the_others(make_run):
    mle = read(make_run("m", strategy="mle", rows={"real": REAL, "after": {**BEFORE, "nll": 2.2}}))
    gan = read(make_run("a"))
    labels = [row.label for row in table.rows([gan, mle])]
    assert labels == ["real text", "MLE (before)", "MLE", "reinforce"]


def test_corpora_are_not_compared_with_each_other(make_run):
    other = {"real": {"bleu-4": 0.2}, "before": {"bleu-4": 0.1}, "after": {"bleu-4": 0.15}}
    runs = [read(make_run("a")), read(make_run("b", corpus="coco60", rows=other))]
    rows = table.rows(runs)
    labels = [row.label for row in rows]
    assert labels == [
        f"{row}, {corpus}"
        for row in ("real text", "MLE (before)", "reinforce")
        for corpus in ("captions", "coco60")
    ]
    assert table.best(rows, "bleu-4") == {4, 5}


def test_every_row_says_its_corpus_where_there_are_several(make_run):
    runs = [read(make_run("a")), read(make_run("b", corpus="coco60", strategy="gumbel"))]
    labels = [row.label for row in table.rows(runs)]
    assert labels[-2:] == ["reinforce, captions", "gumbel, coco60"]


def test_csv_has_full_values_and_empty_fields(two):
    made = list(csv_format.DictReader(io.StringIO(printed.csv(two))))
    assert made[2]["bleu-4"] == "0.455" and made[0]["nll"] == "" and made[3]["bleu-2"] == ""
    assert [line["state"] for line in made] == ["real", "before", "after", "after"]


def test_latex_has_the_rows_of_the_markdown(two):
    lines = printed.latex(two).splitlines()
    body = lines[lines.index("\\midrule") + 1 : lines.index("\\bottomrule")]
    assert [line.count(" & ") for line in body] == [7] * 4
    assert body[2] == (
        "reinforce & \\textbf{.790} & .455 & .470 & 2.300 & \\textbf{2.200} & \\textbf{.620} & -- \\\\"
    )
    assert all(line.startswith("% ") for line in lines[lines.index("\\end{tabular}") + 1 :])


def test_the_command_prints_the_table_to_paste_and_nothing_else(make_run, capsys):
    run = make_run("a")
    assert cli.run(["report", str(run), "--format", "csv"]) == 0
    shown = capsys.readouterr()
    assert shown.out == printed.csv([read(run)])
    assert shown.err == f"report: {run / 'report.html'}\n" and (run / "report.html").is_file()


@pytest.mark.parametrize("form", [None, "md", "csv", "latex"])
def test_a_run_without_scores_is_told_of_in_every_form_and_never_framed(make_run, capsys, form):
    stopped, scored = make_run("a", finished=False), make_run("b")
    line = (
        f"{stopped} has no final evaluation yet (last seen in phase adversarial, step 40): it is still running, or "
        f"was stopped; go on with: textgan train ... --out {stopped} --resume"
    )
    asked = ["--format", form] if form else []

    def shown(*runs) -> str:
        assert cli.run(["report", *map(str, runs), "--out", str(stopped), *asked]) == 0
        found = capsys.readouterr()
        return found.err if form == "csv" else found.out

    alone = shown(stopped)
    assert line in alone
    assert not any(mark in alone for mark in ("─", "|", "tabular"))
    assert line in shown(stopped, scored) and line not in shown(scored)


def test_a_run_that_asked_for_no_metric_is_told_of_too(make_run, capsys):
    run = make_run(rows={"real": {}, "after": {}})
    told = (
        f"{run} has no scores, since its recipe names no metrics; measure some with: textgan evaluate {run} "
    )
    printed.show([read(run)])
    assert capsys.readouterr().out == f"{told}--metrics bleu,self-bleu\n"


def test_the_terminal_keeps_what_tells_most_and_says_what_it_left_out(two):
    from rich.console import Console

    def shown(width: int) -> str:
        console = Console(width=width, record=True, file=io.StringIO())
        console.print(printed.terminal(two, width))
        return console.export_text()

    narrow, wide = shown(60), shown(120)
    assert "…" not in narrow + wide  # nothing is cut
    assert "gumbel: BLEU-4 .412 → .436" in wide
    assert "Too narrow for BLEU-2" in narrow and "Too narrow" not in wide
    assert ".455" in narrow and "2.200*" in narrow and "–" in narrow
    assert "*: " in narrow and "Marked" not in narrow  # a mark that is seen without colour


def test_the_caption_names_the_entropy_and_what_the_mark_means(make_run):
    told = " ".join(captions([read(make_run(entropy=1.853))]))
    assert "entropy of 1.853 nats per token" in told and "nearest to real text" in told and "One seed" in told


def test_the_true_entropy_comes_from_the_notes_where_only_they_tell_it(make_run):
    note = (
        "true entropy of the source: 24.10 nats a sentence, 1.853 a token of the test split (its end counted)"
    )
    assert f"T{note[1:]}." in captions([read(make_run(notes=["a note", note]))])
    both = " ".join(captions([read(make_run("both", notes=[note], entropy=1.853))]))
    assert "True entropy" not in both and both.count("1.853") == 1


def test_a_run_on_an_oracle_has_its_entropy_in_the_caption(tmp_path):
    words = ["corpus.length=4", "length=4", "corpus.words=30", "generator.hidden=8", "threads=1"]
    recipe = Recipe.load("mle-oracle", [*words, "budget=smoke"])
    run = read(train(recipe, tmp_path / "run"))
    exact = (
        Oracle(length=4, words=30, size=1, validation=1, test=1).source.entropy() / 4
    )  # an end is no token
    assert run.entropy == pytest.approx(exact)
    told = [one for one in captions([run]) if "ntropy" in one]
    assert len(told) == 1 and f"entropy of {exact:.3f} nats per token" in told[0]


def test_differing_signatures_are_said(make_run):
    folder = make_run()
    text = (folder / "evaluation.json").read_text()
    first, _, rest = text.partition('"after"')
    (folder / "evaluation.json").write_text(
        first + '"after"' + rest.replace("bleu-4|hyps:2000", "bleu-4|hyps:9")
    )
    told = " ".join(captions([read(folder)]))
    assert "differing signatures, compare with care: BLEU-4, self-BLEU-4." in told


@pytest.mark.parametrize(
    ("fact", "differs"), [("tokens:7", False), ("unknown:5(shared)", False), ("lm:other", True)]
)
def test_how_long_the_scored_text_is_makes_no_other_measure(make_run, fact, differs):
    score = {"value": 3.1, "signature": "lm-score|hyps:9|tokens:8|unknown:6(shared)|lm:lstm-64|v:1"}
    name = fact.partition(":")[0]
    other = {**score, "signature": re.sub(rf"\|{name}:[^|]*", f"|{fact}", score["signature"])}
    folder = make_run()
    evaluation = json.loads((folder / "evaluation.json").read_text())
    rows = evaluation["rows"]
    rows["before"]["lm-score"], rows["after"]["lm-score"] = score, other
    (folder / "evaluation.json").write_text(json.dumps(evaluation))
    told = " ".join(captions([read(folder)]))
    assert ("differing signatures" in told) == differs


def test_movement_word_for_word():
    told = movement(scored(bleu_4=0.412, self_bleu_4=0.39), scored(bleu_4=0.455, self_bleu_4=0.47))
    assert told == "BLEU-4 .412 → .455 (+.043), self-BLEU-4 .390 → .470 (+.080): sharper, less diverse"


@pytest.mark.parametrize(
    ("bleu", "self_bleu", "words"),
    [
        (0.41, 0.40, "sharper, about as diverse"),
        (0.41, 0.38, "sharper and more diverse"),
        (0.39, 0.38, "less sharp, more diverse"),
        (0.39, 0.42, "less sharp and less diverse"),
        (0.40, 0.38, "more diverse, about as sharp"),
        (0.4049, 0.3951, "no visible change"),
        (0.405, 0.40, "sharper, about as diverse"),  # .005 is a change
    ],
)
def test_direction(bleu, self_bleu, words):
    before, after = scored(bleu_4=0.40, self_bleu_4=0.40), scored(bleu_4=bleu, self_bleu_4=self_bleu)
    assert direction_in_words(before, after) == words


def test_movement_tells_other_scores_where_they_moved():
    before = scored(bleu_4=0.4, self_bleu_4=0.4, nll=2.1, grammaticality=0.5)
    told = movement(before, {**before, **scored(nll=2.0)})
    assert told.endswith("held-out NLL 2.100 → 2.000 (−.100): BLEU and self-BLEU about the same")
    assert movement(scored(nll=2.1), scored(nll=2.0)).endswith(": held-out NLL changed")
    assert movement(scored(nll=2.1), scored(nll=2.1)) == "no visible change"
    assert movement({}, {}) == "no score in common before and after"


def test_movements_name_the_strategy_and_the_nearness_to_real_text(two):
    reinforce, gumbel = movements(two)
    assert reinforce.startswith("reinforce: BLEU-4 .412 → .455 (+.043), self-BLEU-4 .390 → .470 (+.080)")
    assert "BLEU-4 nearer to real text (.440); self-BLEU-4 farther from real text (.360)" in reinforce
    assert gumbel.startswith("gumbel: ") and "sharper and more diverse" in gumbel


def test_empty_sentences_are_no_diversity(two):
    reinforce, gumbel = two
    told = {**reinforce.evaluation, "samples": 1000, "empty": {"before": 3, "after": 204}}
    first, second = movements([replace(reinforce, evaluation=told), gumbel])
    assert first.endswith(
        "; 20.4% of its sentences are empty (before 0.3%), which self-BLEU counts as diversity"
    )
    assert "empty" not in second


def test_markdown_captions_and_heads_are_escaped(make_run):
    odd = {
        "rows": {"before": BEFORE, "after": GUMBEL | {"own_|x": 1.0}},
        "corpus": "my_*text*",
        "entropy": 1.5,
    }
    out = printed.markdown([read(make_run("a_b_c", **odd))])
    lines = [line for line in out.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1 and r" own\_\|x |" in lines[0]
    assert "source of my\\_\\*text\\* has" in out and "my_*text*" not in out


def test_the_caption_tells_the_unit_of_the_likelihoods_that_there_are() -> None:
    assert likelihood_units(["bleu-4", "perplexity"]) == []
    assert likelihood_units(["nll"]) == ["NLL in nats per token, lower is likelier."]
    (told,) = likelihood_units(["nll", "nll-per-sentence"])
    assert told == "NLL in nats per token (“a sentence”: per sentence), lower is likelier."
