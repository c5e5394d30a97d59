"""The table of metrics in docs/evaluation.md and the help of `textgan evaluate` name the metrics that there are."""

from __future__ import annotations

import re

from blocks import ROOT
from typer.testing import CliRunner

from textgan.cli import app
from textgan.metrics import DIRECTIONS, METRICS
from textgan.metrics.suite import OF_A_MODEL

NAMES = [*METRICS, *(f"{name}:MODEL" for name in OF_A_MODEL)]
OF_A_RUN_ALONE = {"class-accuracy-judge"}  # measured at a run's end, by its discriminator


def test_the_table_has_every_metric_and_every_score() -> None:
    page = (ROOT / "docs/evaluation.md").read_text(encoding="utf-8").partition("## The metrics\n")[2]
    table = page.partition("\n\n| ")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    assert sorted(row[0].strip("`") for row in rows) == sorted(NAMES)
    told = {re.sub(r"-\d$", "", word) for row in rows for word in re.findall("`([a-z][^`]*)`", row[1])}
    assert told == set(DIRECTIONS) - OF_A_RUN_ALONE
    for row in rows:
        if ";" not in row[3]:  # one direction for all of its scores
            signs = {DIRECTIONS[re.sub(r"-\d$", "", word)] for word in re.findall("`([a-z][^`]*)`", row[1])}
            assert signs == {{"higher": 1, "lower": -1, "real": 0}[row[3]]}, row[0]


def test_the_help_lists_every_metric() -> None:
    shown = CliRunner().invoke(app, ["evaluate", "--help"], env={"COLUMNS": "400"}).output
    listed = shown.partition("all, or comma-separated: ")[2].partition(".py")[0]
    assert listed.split(", ")[:-1] == NAMES
