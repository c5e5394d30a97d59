"""The table in its four forms: means, spread, marks, verdicts, what failed, and what is escaped."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pytest
from rich.console import Console
from synthetic import MLE, REAL, benchmark, cell, front, scored

from textgan.benchmark import tables
from textgan.benchmark.results import Benchmark, CorpusFacts
from textgan.benchmark.rows import corpus_tables


@pytest.fixture(scope="module")
def bench() -> Benchmark:
    """Three seeds of MLE; `up` is .03 better at each temperature, `<b>_|&%` does nothing, one cell failed."""
    rng = np.random.default_rng(0)
    starts = [front([(q + 0.01 * s, d) for q, d in MLE], rng, spread=0.05, nll=2.0) for s in range(3)]
    up = [front([(q + 0.03 + 0.01 * s, d) for q, d in MLE], rng, spread=0.05, nll=1.9) for s in range(3)]
    cells = [cell("mle-short", s, starts[s - 1], strategy="mle") for s in (1, 2, 3)]
    cells += [cell("up", s, up[s - 1], strategy="gumbel") for s in (1, 2, 3)]
    cells += [cell("<b>_|&%", s, starts[s - 1]) for s in (1, 2)]
    cells += [cell("<b>_|&%", 3, None, failed="out of\nmemory | 100%")]
    return benchmark(cells, starts)


def read(bench: Benchmark) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(tables.as_csv(corpus_tables(bench)))))


def test_rows_are_means_over_seeds_with_their_spread(bench):
    rows = {row["row"]: row for row in read(bench)}
    assert list(rows) == ["real text", "MLE", "mle-short", "up", "<b>_|&%", "<b>_|&%, seed 3"]
    assert float(rows["up"]["bleu-5"]) == pytest.approx(0.38) and rows["up"]["bleu-5 differs"] == "yes"
    assert float(rows["up"]["bleu-5 sd"]) == pytest.approx(0.01)  # of .37, .38, .39
    assert rows["up"]["self-bleu-5 differs"] == "" and rows["real text"]["bleu-5"] == "0.37"
    assert rows["up"]["verdict"] == "helped" and rows["up"]["seeds"] == "1 2 3"
    assert float(rows["up"]["gap"]) == pytest.approx(0.03, abs=0.005)
    assert re.fullmatch(r"1:\S+ 2:\S+ 3:\S+", rows["up"]["gap by seed"])
    idle = rows["<b>_|&%"]
    assert (idle["verdict"], float(idle["gap"]), idle["seeds"]) == ("no difference", 0.0, "1 2")
    assert rows["<b>_|&%, seed 3"]["failed"] == "out of memory | 100%"
    assert (rows["up"]["minutes"], rows["up"]["updates"], rows["MLE"]["minutes"]) == ("1.5", "100.0", "2.0")


def test_the_run_that_is_the_baseline_has_one_row():
    held = front(rng=np.random.default_rng(0))
    bench = benchmark([cell("mle-short", 1, held, "mle"), cell("a", 1, held)], [held])
    start = bench.baselines["start-1"]
    same = [cell("mle-short", 1, held, "mle", run=start.run), cell("a", 1, held)]
    again = benchmark(same, [held])
    assert [row["row"] for row in read(again)] == ["real text", "MLE", "a"]


def test_the_run_that_is_the_baseline_has_one_row_where_a_seed_of_it_failed_too():
    held = front(rng=np.random.default_rng(0))
    bench = benchmark([cell("mle-short", 1, held, "mle"), cell("a", 1, held)], [held])
    start = bench.baselines["start-1"]
    broken = cell("mle-short", 2, None, "mle", failed="killed")
    again = benchmark([cell("mle-short", 1, held, "mle", run=start.run), broken, cell("a", 1, held)], [held])
    assert [row["row"] for row in read(again)] == ["real text", "MLE", "mle-short, seed 2", "a"]


def test_best_is_nearest_to_real_text(bench):
    (table,) = corpus_tables(bench)
    labels = {key: {table.rows[place].label for place in places} for key, places in table.marked.items()}
    assert labels["bleu-5"] == {"up"}  # .38 is nearer to .37 than .35 or .345
    assert labels["nll"] == {"up"}


def test_markdown_and_latex_are_escaped_and_whole(bench, tmp_path):
    paths = tables.write(bench, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["table.csv", "table.md", "table.tex"]
    md, _, tex = (path.read_text(encoding="utf-8") for path in paths)
    rows = [line for line in md.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1  # as many cells in each
    assert "\\<b\\>\\_\\|&%" in md and "failed: out of memory \\| 100%" in md
    assert "**.380 ± .010\\***" in md and "standard deviation over the seeds" in md
    body = tex[tex.index("\\midrule") : tex.index("\\bottomrule")].splitlines()[1:]
    assert len(body) == 6 and {len(re.findall(r"(?<!\\)&", row)) for row in body} == {
        len(re.findall(r"(?<!\\)&", tex[: tex.index("\\midrule")]))
    }
    assert "\\textless{}b\\textgreater{}\\_|\\&\\%" in tex and "\\textbf{.380 $\\pm$ .010*}" in tex
    assert not re.search(r"(?<!\\)[%_#]", "".join(body))


def test_the_terminal_keeps_to_its_width(bench):
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(tables.terminal(bench, 80))
    printed = console.export_text()
    assert all(len(line) <= 80 for line in printed.splitlines())
    for told in (
        "helped",
        "no difference",
        "failed",
        ".380 ± .010*",
        "up helped: at equal diversity its BLEU-5",
    ):
        assert told in printed


def test_what_only_a_style_would_mark_is_not_explained_in_a_pipe(bench):
    shown = {}
    for piped in (True, False):
        console = Console(width=100, record=True, file=io.StringIO(), force_terminal=not piped)
        console.print(tables.terminal(bench, 100, styled=not piped))
        shown[piped] = console.export_text()
    assert "Marked as best" in shown[False] and "Marked as best" not in shown[True]


def test_minutes_are_never_nothing():
    held = front(rng=np.random.default_rng(0))
    cells = [
        cell("a", 1, held, minutes={"adversarial": 0.02}),
        cell("b", 1, held, minutes={"adversarial": 0.06}),
    ]
    (table,) = corpus_tables(benchmark(cells, [held]))
    assert [tables.cost(line)[0] for line in table.lines] == ["–", "2.0", "<0.1", "0.1"]


def test_a_corpus_whose_splits_are_told_apart_is_marked_beside_every_row(bench):
    assert "one distribution" not in tables.markdown(corpus_tables(bench))
    facts = CorpusFacts("captions", scored(REAL), 0.977, ("frisbee",))
    shifted = Benchmark(bench.cells, bench.baselines, {"captions": facts}, "smoke", bench.drawn)
    md = tables.markdown(corpus_tables(shifted))
    rows = [line for line in md.splitlines() if line.startswith("|")][2:]
    assert len(rows) == 6 and all(" † |" in row for row in rows)
    assert "train and test are not one distribution" in md and "AUC .977" in md and "frisbee" in md
    assert {row["shift auc"] for row in read(shifted)} == {"0.977"}


def test_each_corpus_has_its_own_table_and_its_own_mle():
    held = front(rng=np.random.default_rng(0))
    cells = [cell("a", 1, held), cell("a", 2, held, corpus="oracle"), cell("b", 1, held, corpus="oracle")]
    made = corpus_tables(benchmark(cells, [held, held]))
    assert [[row.label for row in table.rows] for table in made] == [
        ["real text", "MLE", "a"],
        ["MLE of a", "MLE of b", "a", "b"],
    ]


def test_every_cell_failed():
    bench = benchmark([cell("a", 1, None, failed="no memory")], [])
    assert [row["failed"] for row in read(bench)] == ["", "no memory"]
    assert "failed" in tables.markdown(corpus_tables(bench))
