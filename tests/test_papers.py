"""The published tables: verdicts at their bounds, fronts by hand, what is run, what is kept, and tables 1 and 2."""

from __future__ import annotations

import json
import math
import os
import shlex
from pathlib import Path
from typing import Any

import pytest
import torch

import papers
from paper_tables import labels, published, running
from paper_tables.cooler import CELL_9, TABLE_9
from paper_tables.judging import Bound, Row, above, at_least, at_level, at_most, near, overall, spread
from paper_tables.measuring import final_scores, front, heldout_at
from paper_tables.rejection import best, rejection
from paper_tables.running import Cell, Failed, Found, Run, Setting, Table, Values, identity
from textgan.assembly.recipe import Recipe
from textgan.cli import run as command
from textgan.training.progress import Display

QUIET = Display(every=1e9)


@pytest.mark.parametrize(
    ("bound", "within", "beyond"),
    [
        (near(5.75, 0.03), (5.72, 5.75, 5.78), (5.7199, 5.7801)),
        (near(9.04, 0.05, 9.10), (8.99, 9.07, 9.15), (8.9899, 9.1501)),
        (near(0.731, 0.002), (0.729, 0.733), (0.7289, 0.7331)),
        (at_most(8.8), (8.8, -1.0), (8.8001,)),
        (at_least(0.25), (0.25, 9.0), (0.2499,)),
        (above(0), (1e-6,), (0.0, -0.1)),
    ],
)
def test_a_figure_is_reproduced_at_its_bound_and_not_beyond(
    bound: Bound, within: tuple[float, ...], beyond: tuple[float, ...]
) -> None:
    assert [Row("", [value], bound).verdict for value in within] == ["reproduced"] * len(within)
    assert [Row("", [value], bound).verdict for value in beyond] == ["not reproduced"] * len(beyond)


def test_the_mean_over_seeds_is_judged_and_only_once_all_seeds_are_there() -> None:
    bound = at_most(8.8)
    assert Row("", [8.7, 8.8, 8.9], bound, needed=3).verdict == "reproduced"
    assert Row("", [8.7, 8.8, 8.901], bound, needed=3).verdict == "not reproduced"
    assert Row("", [8.0, 8.0], bound, needed=3).verdict == "not run (2 of 3 seeds)"
    assert Row("", [], bound).verdict == "not run"
    assert Row("", [math.nan], bound).verdict == "not reproduced"
    assert Row("", [1.0]).verdict == ""


def test_a_tables_verdict() -> None:
    good, bad = Row("", [1.0], at_least(1)), Row("", [0.0], at_least(1))
    absent, shown = Row("", [], at_least(1)), Row("", [7.0])
    assert overall([good, shown]) == "reproduced"
    assert overall([good, bad, absent]) == "not reproduced"
    assert overall([good, absent]) == "not run to its end"
    assert overall([absent, shown]) == overall([shown]) == "not run"


def test_mean_and_deviation_as_they_are_printed() -> None:
    assert spread([1.0, 2.0, 4.5]) == "2.500 ± 1.803 (n=3)"  # deviations -1.5, -.5, 2: sqrt(6.5 / 2)
    assert (spread([1.0]), spread([]), spread([math.nan])) == ("1.000", "–", "not reached")


def test_a_level_of_a_front_by_hand() -> None:
    points = [(10.0, 7.5), (6.0, 9.0), (8.0, 8.0)]
    assert at_level(points, 7.0) == pytest.approx(8.5)
    assert at_level(points, 9.5) == pytest.approx(7.625)
    assert [at_level(points, x) for x in (6.0, 8.0, 10.0)] == [9.0, 8.0, 7.5]
    assert math.isnan(at_level(points, 5.99)) and math.isnan(at_level(points, 10.01))
    assert math.isnan(at_level([], 8.0)) and math.isnan(at_level([(8.0, 1.0)], 8.0))


def test_a_front_is_read_from_the_points_of_its_checkpoint() -> None:
    values = {"last@0.5/source-nll": 6.0, "last@0.5/nll": 9.0, "last@1/source-nll": 8.0, "last@1/nll": 8.0}
    values |= {"pretrained@1/source-nll": 9.0, "pretrained@1/nll": 7.0, "after/nll": 1.0}
    assert front(values, "source-nll", "nll") == [(6.0, 9.0), (8.0, 8.0)]
    assert front(values, "source-nll", "nll", "pretrained") == [(9.0, 7.0)]
    assert heldout_at(values, 7.0) == pytest.approx(8.5)
    with pytest.raises(KeyError):
        heldout_at({"after/nll": 1.0}, 7.0)


def test_cells_are_paired_by_seed() -> None:
    made = [("a", 1, 5.0), ("a", 2, 6.0), ("a", 3, 7.0), ("b", 2, 1.0), ("b", 3, 3.0), ("b", 4, 0.0)]
    found = Found([{"cell": cell, "seed": seed, "values": {"x": x}} for cell, seed, x in made])
    assert found.each(lambda a, b: a["x"] - b["x"], "a", "b") == (5.0, 4.0)
    assert found.of("a", "x") == (5.0, 6.0, 7.0)
    assert found.of("a", "y") == found.of("c", "x") == ()


def judged(number: int, cells: dict[str, Values], seeds: int = 1) -> dict[str, str]:
    """The verdicts of a table for hand-made values, the same with every seed."""
    rows = [
        {"cell": cell, "seed": seed, "values": values}
        for cell, values in cells.items()
        for seed in range(seeds)
    ]
    return {row.what: row.verdict for row in papers.TABLES[number].rows(Found(rows))}


def test_seqgan_must_be_low_and_well_below_its_own_mle() -> None:
    def verdicts(before: float, after: float) -> tuple[str, str]:
        values = {"before/source-nll": before, "after/source-nll": after}
        found = judged(5, {"SeqGAN": values}, seeds=3)
        return found["NLL_oracle"], found["below its own MLE by"]

    assert verdicts(9.04, 8.79) == ("reproduced", "reproduced")
    assert verdicts(9.04, 8.8) == ("reproduced", "not reproduced")
    assert verdicts(9.10, 8.81) == ("not reproduced", "reproduced")


def straight(offset: float) -> Values:
    """A front from (7, 9) to (10, 7.5), that much higher."""
    points = {"0.5": (7.0, 9.0 + offset), "1": (10.0, 7.5 + offset)}
    return {
        f"last@{at}/{key}": value
        for at, pair in points.items()
        for key, value in zip(("source-nll", "nll"), pair, strict=True)
    }


@pytest.mark.parametrize(("offset", "verdict"), [(0.05, "reproduced"), (0.051, "not reproduced")])
def test_cot_may_be_so_far_above_mle_and_no_further(offset: float, verdict: str) -> None:
    found = judged(8, {"CoT, 10,000 steps": straight(offset), "MLE, same LSTM-32": straight(0.0)})
    assert [told for told in found.values() if told] == [verdict] * 4


def test_cooler_text_leads_where_its_bleu_is_higher_at_equal_self_bleu() -> None:
    values = {
        "last@0.5/self-bleu-5": 0.6,
        "last@0.5/bleu-5": 0.4,
        "last@1/self-bleu-5": 0.2,
        "last@1/bleu-5": 0.2,
    }
    leads = {"0.5": 0.02, "0.25": -0.01, "0.125": 0.02}  # at self-BLEU-5 .4 the front has .3
    values |= {f"{share}/self-bleu-5": 0.4 for share in leads}
    values |= {f"{share}/bleu-5": 0.3 - lead for share, lead in leads.items()}
    rows = TABLE_9.rows(Found([{"cell": CELL_9, "seed": 1, "values": values}]))
    assert rows[0].values == pytest.approx([0.01]) and rows[0].verdict == "reproduced"


def test_few_labels_are_read_by_seed_and_the_later_row_counts(tmp_path: Path) -> None:
    made = [(25, "plain CNN", 1, 0.5), (25, "plain CNN", 2, 0.9), (25, "plain CNN", 1, 0.6)]
    rows = [{"labels": n, "system": name, "seed": seed, "test": test} for n, name, seed, test in made]
    (tmp_path / "semi.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert labels.accuracies(1, tmp_path / "semi.jsonl") == {"25/plain CNN": 0.6}
    assert labels.accuracies(3, tmp_path / "semi.jsonl") == labels.accuracies(1, tmp_path / "none") == {}
    values = {f"{n}/{name}": 0.5 for n in labels.FEW for name in (labels.GAN, labels.CNN)}
    values[f"25/{labels.GAN}"] = 0.51
    found = judged(10, {labels.CELL: values}, seeds=3)
    assert found["25 labels: GAN − CNN"] == "reproduced"
    assert found["50 labels: GAN − CNN"] == "not reproduced"


def test_published_figures_are_those_of_the_results_page() -> None:
    page = (running.BENCHMARKS / "RESULTS.md").read_text(encoding="utf-8")
    for name, theirs in (("mle", "mle"), ("seq", "seqgan")):
        (line,) = [line for line in page.splitlines() if line.startswith(f"| {name} | .")]
        printed = [cell.strip().split("/") for cell in line.split("|")]
        told = dict(zip(list(published.COCO[theirs]), [*printed[3], *printed[5]], strict=True))
        assert {key: float(value) for key, value in told.items()} == published.COCO[theirs]
    assert published.FRONTS["mle"][10.0] == 7.59 and published.FRONTS["mle"][6.0] == 9.26
    assert published.FRONTS["cot"][6.5] == 9.10 and 6.0 not in published.FRONTS["cot"]
    assert list(published.FRONTS["seqgan"].items())[-1] == (8.5, 13.31)
    assert published.RELGAN_COCO[100]["bleu-2"] == 0.849 and published.RELGAN_COCO[1000]["bleu-5"] == 0.303


RUNS = {
    run.name: run for table in papers.LISTED for cell in table.cells if cell.run for run in cell.run.chain
}


@pytest.mark.parametrize("smoke", [False, True], ids=["whole", "smoke"])
@pytest.mark.parametrize("name", RUNS)
def test_every_run_is_a_recipe_without_mistakes(name: str, smoke: bool) -> None:
    recipe, *overrides = Setting(Path("runs"), seed=2, smoke=smoke).arguments(RUNS[name])[:-2]
    loaded = Recipe.load(recipe, overrides)
    loaded.check()
    assert (loaded.settings.seed, loaded.settings.threads) == (2, 1)


def test_tables_are_all_ten_and_ask_for_the_seeds_of_a_verdict() -> None:
    assert list(papers.TABLES) == list(range(1, 11))
    assert {number for number, table in papers.TABLES.items() if table.seeds == 3} == {3, 5, 6, 10}
    thrice = [(name, seed) for name in ("SeqGAN", "SeqGAN from an MLE with dropout") for seed in (1, 2, 3)]
    once = [(cell.name, seed) for _, cell, seed in papers.cells([papers.TABLES[5]], None)]
    assert sorted(once) == sorted([*thrice, ("judge: 3 epochs a turn", 1)])
    assert [seed for *_, seed in papers.cells([papers.TABLES[3]], [7])] == [7, 7]
    assert [seed for _, cell, seed in papers.cells([papers.TABLES[5]], [2, 3]) if cell.once] == [1]


def test_a_smoke_run_leaves_out_what_its_budget_says_and_starts_from_its_start() -> None:
    first = Run("first", ("mle-short", "corpus=coco"))
    second = Run("second", ("seqgan-short", "seed_of=x", "a=1"), after=first, smoke=("budget=smoke", "a=2"))
    assert second.chain == [first, second]
    setting = Setting(Path("out"), seed=3, smoke=True)
    wanted = "seqgan-short seed_of=x budget=smoke a=2 start=out/first-seed3 seed=3 threads=1 --out out/second-seed3"
    assert shlex.join(setting.arguments(second)) == wanted


def table_of(*cells: Cell) -> Table:
    return Table(99, "made up", "nowhere", "by hand", "none", cells, lambda found: [])


def test_what_is_kept_is_not_measured_again_and_what_fails_stops_nothing(tmp_path: Path) -> None:
    calls: list[str] = []

    def measure(name: str, values: Values | None) -> Cell:
        def measured(folder: Path, setting: Setting) -> Values:
            calls.append(f"{name}{setting.seed}")
            if values is None:
                raise Failed("it did not work")
            return values

        return Cell(name, measured)

    table = table_of(measure("a", {"x": 1.0}), measure("b", None), measure("c", {"x": 2.0}))
    kept, setting = tmp_path / "kept.jsonl", Setting(tmp_path)
    failed = papers.run(papers.cells([table], [1, 2]), setting, papers.Results(kept), 1, QUIET)
    assert calls == ["a1", "a2", "b1", "b2", "c1", "c2"]
    assert failed == [f"table 99, b, seed {seed}: it did not work" for seed in (1, 2)]
    rows = [json.loads(line) for line in kept.read_text().splitlines()]
    assert [(row["cell"], row["seed"], row["values"]["x"]) for row in rows] == [
        *(("a", 1, 1.0), ("a", 2, 1.0)),
        *(("c", 1, 2.0), ("c", 2, 2.0)),
    ]
    calls.clear()
    papers.run(papers.cells([table], [1, 3]), setting, papers.Results(kept), 1, QUIET)
    assert calls == ["a3", "b1", "b3", "c3"]
    assert [row["seed"] for row in papers.Results(kept).rows] == [1, 2, 3, 1, 2, 3]


def test_rows_of_another_process_stay_and_a_changed_recipe_is_run_again(tmp_path: Path) -> None:
    ours, theirs = papers.Results(tmp_path / "kept.jsonl"), papers.Results(tmp_path / "kept.jsonl")
    old = Cell("a", lambda *_: {}, Run("r", ("mle-oracle",)))
    new = Cell("a", lambda *_: {}, Run("r", ("mle-oracle", "length=40")))
    setting = Setting(tmp_path)
    ours.keep({**identity(table_of(old), old, setting), "values": {"x": 1.0}})
    theirs.keep({"table": 1, "cell": "b", "seed": 1, "values": {}})
    assert [row["table"] for row in papers.Results(tmp_path / "kept.jsonl").rows] == [1, 99]
    assert ours.find(identity(table_of(old), old, setting)) is not None
    assert ours.find(identity(table_of(new), new, setting)) is None


def test_a_finished_run_is_left_alone_and_a_folder_of_another_command_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(running, "call", lambda words, log: called.append(list(words)))
    run, setting = Run("r", ("mle-oracle",)), Setting(tmp_path)
    folder, arguments = setting.folder(run), setting.arguments(run)
    running.train(run, setting)
    assert called == [["-m", "textgan", "train", *arguments]]
    folder.mkdir()
    (folder / "recipe.yaml").write_text("")
    told = shlex.join(["textgan", "train", *arguments])
    (folder / "environment.json").write_text(json.dumps({"command": told}))
    running.train(run, setting)
    assert called[1:] == [["-m", "textgan", "train", *arguments, "--resume"]]
    (folder / "evaluation.json").write_text("{}")
    running.train(run, setting)
    assert len(called) == 2
    (folder / "environment.json").write_text(json.dumps({"command": told.replace("seed=1", "seed=2")}))
    with pytest.raises(Failed, match="another command"):
        running.train(run, setting)


def test_the_best_are_those_of_the_highest_score_among_the_first() -> None:
    scores = torch.tensor([0.1, 0.9, 0.3, 0.8, 5.0, 0.2, 0.4, 6.0])
    assert best(scores, 2, 0.5) == [1, 3]
    assert best(scores, 2, 0.25) == [4, 7]
    assert best(scores, 3, 1.0) == [0, 1, 2]


def test_nothing_rejected_is_what_the_run_itself_scored(tmp_path: Path) -> None:
    small = ["budget=smoke", "train.adversarial=null", "evaluate.final=60", "threads=1"]
    assert command(["train", "seqgan-short", *small, "--out", str(tmp_path / "run")]) == 0
    kept = rejection(tmp_path / "run", 60, [1.0])
    own = final_scores(tmp_path / "run")
    assert kept == pytest.approx({f"1/{key}": own[f"after/{key}"] for key in ("bleu-5", "self-bleu-5")})
    assert set(rejection(tmp_path / "run", 20, [1.0, 0.5])) == {
        f"{share}/{key}" for share in ("1", "0.5") for key in ("bleu-5", "self-bleu-5")
    }


@pytest.mark.parametrize("number", [1, 2])
def test_tables_1_and_2_are_reproduced(number: int, tmp_path: Path) -> None:
    root = os.environ.get("TEXTGAN_DATA")
    needs = {
        1: ["texygen_samples/mle.txt", "texygen_samples/seq.txt", "coco/test.txt"],
        2: ["oracle/seqgan_lstm.npz"],
    }
    if not root or not all((Path(root) / file).is_file() for file in needs[number]):
        pytest.skip(f"TEXTGAN_DATA does not name a folder with {', '.join(needs[number])}")
    table, results = papers.TABLES[number], papers.Results(None)
    assert papers.run(papers.cells([table], None), Setting(tmp_path, smoke=True), results, 1, QUIET) == []
    assert overall(table.rows(Found(results.rows))) == "reproduced"


def test_what_is_kept_is_printed_without_a_run(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.argv", ["papers.py", "1", "2", "--table"])
    papers.main()
    told = capsys.readouterr().out
    assert "### Table 1. Released samples of Texygen, scored: reproduced" in told
    assert "| entropy, T = 20 | 5.75" in told and "AUC .977" in told
