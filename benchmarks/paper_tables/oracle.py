"""The tables on SeqGAN's synthetic oracle without a game: 2 its entropy, 3 and 4 MLE. Nats a token throughout."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from paper_tables import published
from paper_tables.judging import Row, near
from paper_tables.measuring import (
    data,
    final_scores,
    heldout_at,
    sweep_words,
    swept,
)
from paper_tables.running import Cell, Found, Run, Setting, Table, Values

ONE_SOURCE = "train and test are drawn from one distribution, the oracle"
NLL, NLL_TEST = "after/source-nll", "after/nll"
WIDE = "0.25,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1.0,1.1,1.2,1.3,1.4,1.6"  # of NLL_oracle 6 to 10 on MLE's front
SWEPT = 5000  # sentences at each temperature: a standard error of about .01 nats a token


def entropy(_: Path, setting: Setting) -> Values:
    from textgan.data.oracle import Recurrence
    from textgan.data.oracle import published as weights

    data("oracle", "seqgan_lstm.npz")
    count = 1000 if setting.smoke else 20_000
    found = weights()
    assert found is not None
    return {f"T={length}": Recurrence(found, length).entropy_over(count) / length for length in (20, 40)}


def entropy_rows(found: Found) -> list[Row]:
    return [
        Row("entropy, T = 20", found.of("entropy", "T=20"), near(published.ORACLE_ENTROPY, 0.03), "5.75"),
        Row(
            "entropy of the same weights, T = 40 (the papers' T = 40 is of others: 4.07)",
            found.of("entropy", "T=40"),
        ),
    ]


TABLE_2 = Table(
    2,
    "Entropy of the oracle",
    published.ORACLE,
    "the exact entropy of each next word, over 20,000 drawn sentences (standard error .002)",
    ONE_SOURCE,
    (Cell("entropy", entropy, commands=lambda _: ["python benchmarks/papers.py 2"]),),
    entropy_rows,
)


MLE_PUBLISHED = Run(
    "mle-oracle-published",
    ("mle-oracle", "train.mle.epochs=40", "train.mle.patience=0"),
    smoke=("budget=smoke", "train.mle.epochs=1"),
)
MLE_STOPPED = Run("mle-oracle", ("mle-oracle",))


def finals(folder: Path, _: Setting) -> Values:
    return final_scores(folder)


def mle_rows(found: Found) -> list[Row]:
    low, high = published.ORACLE_MLE
    return [
        Row(
            "published schedule: NLL_oracle",
            found.of("published schedule", NLL),
            near(low, 0.05, high),
            "9.038; 9.07 to 9.10",
            3,
        ),
        Row("published schedule: NLL_test", found.of("published schedule", NLL_TEST)),
        Row("early stop: NLL_oracle", found.of("early stop", NLL)),
        Row("early stop: NLL_test", found.of("early stop", NLL_TEST)),
    ]


TABLE_3 = Table(
    3,
    "MLE, LSTM-32, on the oracle",
    published.SEQGAN,
    "40 epochs at 1e-2 (theirs: 120, which changes NLL_oracle little and NLL_test much); beside it the same model with "
    "early stopping on validation text. 5,000 written sentences, 2,000 of test",
    ONE_SOURCE,
    (
        Cell("published schedule", finals, MLE_PUBLISHED),
        Cell("early stop", finals, MLE_STOPPED),
    ),
    mle_rows,
    seeds=3,
)


def finals_and_front(folder: Path, setting: Setting, checkpoint: str = "last") -> Values:
    return final_scores(folder) | swept(folder, setting, WIDE, SWEPT, checkpoint)


def sweep_command(checkpoint: str = "last") -> Callable[[Path], list[str]]:
    def commands(folder: Path) -> list[str]:
        return ["textgan " + " ".join(sweep_words(folder, WIDE, SWEPT, checkpoint, ["nll"]))]

    return commands


def front_cell(name: str, run: Run, once: bool = False) -> Cell:
    return Cell(name, finals_and_front, run, once, sweep_command())


SMALL, LARGE, DROPOUT = "MLE, same LSTM-32", "MLE 2 x LSTM-128", "MLE, LSTM-32 with dropout"
MLE_FRONT = Run("mle-front-oracle", ("mle-front-oracle",))
MLE_DROPOUT = Run(
    "mle-oracle-dropout",
    ("mle-oracle", "generator.dropout=0.3", "train.mle.optimizer.lr=5e-3", "train.mle.epochs=200"),
)


def front_rows(found: Found) -> list[Row]:
    rows = [
        Row(
            "NLL_test at temperature 1",
            found.of(LARGE, "last@1/nll"),
            near(published.MLE_AT_ONE, 0.05),
            "7.61",
        ),
        Row("NLL_oracle at temperature 1", found.of(LARGE, "last@1/source-nll")),
    ]
    for level, value in published.FRONTS["mle"].items():
        ours = found.each(partial(heldout_at, level=level), LARGE)
        rows.append(Row(f"NLL_test where NLL_oracle is {level:g}", ours, near(value, 0.12), f"{value:.2f}"))
    for cell, name in (
        (SMALL, "LSTM-32, Adam 1e-2, early stop"),
        (DROPOUT, "LSTM-32, dropout .3, Adam 5e-3"),
    ):
        rows.append(Row(f"{name}: NLL_test at temperature 1", found.of(cell, "last@1/nll"), None, "7.61"))
        for level, value in published.FRONTS["mle"].items():
            ours = found.each(partial(heldout_at, level=level), cell)
            rows.append(Row(f"{name}: NLL_test where NLL_oracle is {level:g}", ours, None, f"{value:.2f}"))
    return rows


TABLE_4 = Table(
    4,
    "MLE by temperature on the oracle",
    published.FALLING_SHORT,
    "2 x LSTM-128, variational dropout .6, batch 256, Adam 1e-3, the best of 139 epochs (as in their code); beside it "
    f"two LSTM-32, without and with dropout; {SWEPT:,} sentences at each temperature; between temperatures on straight "
    "lines",
    ONE_SOURCE,
    (
        front_cell(LARGE, MLE_FRONT, once=True),
        front_cell(SMALL, MLE_STOPPED),
        front_cell(DROPOUT, MLE_DROPOUT),
    ),
    front_rows,
)
