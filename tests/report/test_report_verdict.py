"""Did it help? The sentence claims what the numbers hold, and the front is asked first."""

from __future__ import annotations

import pytest
from written_runs import MLE, kept

from textgan.report.fronts import named
from textgan.report.page import render
from textgan.report.reading import read
from textgan.report.verdict import front_wanted, next_commands, verdict
from textgan.runs.points import read_kept

BLEUS = [(0.50, 0.30, "sharper and more diverse"), (0.30, 0.50, "less sharp and less diverse")]


@pytest.mark.parametrize(
    ("mine", "told"),
    [
        ({1.0: (0.50, 0.50), 1.2: (0.40, 0.30)}, "It helped: BLEU-5 .450 against .350 for its MLE (+.100)"),
        ({1.0: (0.38, 0.50), 1.2: (0.28, 0.30)}, "It did not help: BLEU-5 .330 against .350"),
        ({1.0: (0.404, 0.50), 1.2: (0.304, 0.30)}, "It made no visible difference: BLEU-5 .354 against .350"),
    ],
)
def test_by_the_front_over_its_mle(make_run, mine, told):
    run = read(kept(make_run(), {"last": mine, "pretrained": MLE}))
    assert verdict(run).startswith(told) and "one seed" in verdict(run)
    assert front_wanted(run) == ""
    assert [point.state for point in run.sweep.points] == ["real", "pretrained", "pretrained", "last", "last"]


def test_a_front_that_never_gets_there_is_not_judged_by(make_run):
    run = read(kept(make_run(), {"pretrained": MLE, "last": {1.0: (0.5, 0.9), 1.2: (0.4, 0.8)}}))
    assert verdict(run).startswith(
        "Did it help? That cannot be told from one temperature: sharper, less diverse"
    )


def test_a_front_without_its_mle_is_wanted_whole(make_run):
    run = read(kept(make_run(), {"last": MLE}))
    assert front_wanted(run) == f"textgan sweep {run.path} --checkpoint all"
    assert "one temperature" in verdict(run)


@pytest.mark.parametrize(("bleu", "self_bleu", "way"), BLEUS)
def test_by_before_and_after(make_run, bleu, self_bleu, way):
    before, after = (0.4, 0.4), (bleu, self_bleu)
    rows = {
        state: {"bleu-4": at[0], "self-bleu-4": at[1]} for state, at in (("before", before), ("after", after))
    }
    word = "It seems to have helped" if bleu > 0.4 else "It did not help"
    told = verdict(read(make_run(rows=rows)))
    assert told.startswith(f"{word}: {way}, against its MLE at temperature 1") and "one seed" in told


def test_nothing_to_judge(make_run):
    assert verdict(read(make_run("a", finished=False))) == "Did it help? Not finished yet."
    only = {"real": {"bleu-4": 0.5}, "after": {"bleu-4": 0.4}}
    assert verdict(read(make_run("b", rows=only))).startswith("Plain maximum likelihood")
    same = {"before": {"bleu-4": 0.4, "self-bleu-4": 0.4}, "after": {"bleu-4": 0.401, "self-bleu-4": 0.4}}
    assert verdict(read(make_run("c", rows=same))).startswith("Did it help? Not visibly, against its MLE")


def test_a_front_of_an_untrained_start_is_not_called_mle(make_run):
    fronts = {"pretrained": MLE, "last": {1.0: (0.45, 0.50), 1.2: (0.35, 0.30)}}
    run = kept(make_run(strategy="cooperative"), fronts)
    assert verdict(read(run)).startswith("It helped: BLEU-5 .400 against .350 for its MLE (+.050)")
    (run / "recipe.yaml").write_text("train: {adversarial: {}}\n")
    record = read(run)
    assert "There is no MLE to compare it with" in verdict(record) and "helped" not in verdict(record)
    assert list(named(record.sweep, record)) == ["untrained", "cooperative"]


def test_what_did_not_move_is_said_once_beside_the_headline(make_run):
    same = {"before": {"bleu-4": 0.4, "self-bleu-4": 0.4}, "after": {"bleu-4": 0.401, "self-bleu-4": 0.4}}
    shown = render([read(make_run(rows=same))])
    body = shown[shown.index("<body>") : shown.index("<h2>")]
    assert body.count("no visible change") == 1 and "BLEU-4 .400 → .401" in body
    nothing = {"before": {"nll": 2.1}, "after": {"nll": 2.1}}
    shown = render([read(make_run("nothing", rows=nothing))])
    assert (
        shown[shown.index("<body>") :].count("no visible change") == 1 and '<ul class="moves">' not in shown
    )


def test_the_next_commands_can_be_pasted(make_run):
    run = make_run("my run")
    sample = f"textgan sample '{run}' -n 10"
    assert next_commands(read(run)) == [sample, f"textgan sweep '{run}' --checkpoint all"]
    assert next_commands(read(kept(run, {"last": MLE, "pretrained": MLE}))) == [sample]


def test_a_damaged_sweep_is_as_none(make_run):
    run = make_run()
    for text in (
        "",
        "{",
        '{"kind": "settings"}\n',
        "[]\n3\n",
        '{"samples": 1, "seed": 1, "against": "x"}\n7\n',
    ):
        (run / "sweep.jsonl").write_text(text)
        assert read_kept(run) is None and read(run).sweep is None
