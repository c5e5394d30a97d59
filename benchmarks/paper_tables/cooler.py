"""Table 9: rejection by a discriminator against a lower temperature, from one generator."""

from __future__ import annotations

import json
import statistics
from functools import partial
from pathlib import Path

from paper_tables import published
from paper_tables.judging import Row, at_least, at_level
from paper_tables.measuring import front, sweep_words, swept
from paper_tables.running import BENCHMARKS, Cell, Found, Run, Setting, Table, Values, call

SMALL_COCO60 = ("budget=smoke", "corpus={name: coco60, size: 300}", "evaluate.final=200")
MLE_COCO60 = Run("mle-coco60", ("mle-short", "corpus={name: coco60, size: 10000}"), smoke=SMALL_COCO60)
JUDGE = Run(
    "judge-coco60",
    (
        *("seqgan-short", "corpus={name: coco60, size: 10000}", "train.adversarial=null"),
        *("train.discriminator.steps=1000", "evaluate.final=2000"),
    ),
    after=MLE_COCO60,
    smoke=(*SMALL_COCO60, "train.discriminator.steps=2"),
)
KEPT, SHARES, COOLER = 5000, (0.5, 0.25, 0.125), "0.5,0.6,...,1.1"
REJECTION = BENCHMARKS / "paper_tables" / "rejection.py"


def rejection_words(folder: Path, smoke: bool = False) -> list[str]:
    shares = [f"{share:g}" for share in SHARES]
    return [str(folder), "--keep", "50" if smoke else str(KEPT), "--shares", *shares]


def rejected(folder: Path, setting: Setting) -> Values:
    """`0.5/bleu-5`, ... of what the discriminator keeps, and `last@0.7/bleu-5`, ... of the generator's cooler text."""
    out = folder / "rejection.json"
    log = folder.with_name(f"{folder.name}.log")
    call([str(REJECTION), *rejection_words(folder, setting.smoke), "--out", str(out)], log)
    values: Values = json.loads(out.read_text(encoding="utf-8"))
    return values | swept(folder, setting, COOLER, KEPT, metrics=["bleu", "self-bleu"])


def rejection_commands(folder: Path) -> list[str]:
    words = " ".join(rejection_words(folder))
    cooler = " ".join(sweep_words(folder, COOLER, KEPT, "last", ["bleu", "self-bleu"]))
    return [f"python benchmarks/paper_tables/rejection.py {words}", f"textgan {cooler}"]


def lead(share: float, values: Values) -> float:
    """BLEU-5 of cooler text less that of the kept text, where cooler text has the same self-BLEU-5."""
    points = front(values, "self-bleu-5", "bleu-5")
    return at_level(points, values[f"{share:g}/self-bleu-5"]) - values[f"{share:g}/bleu-5"]


def mean_lead(values: Values) -> float:
    return statistics.fmean(lead(share, values) for share in SHARES)


def rejection_rows(found: Found) -> list[Row]:
    told = "BLEU-5 at equal self-BLEU-5, temperature − rejection, mean of the shares"
    rows = [Row(told, found.each(mean_lead, CELL_9), at_least(0), "not below 0")]
    for share in SHARES:
        rows.append(
            Row(f"the best {share:.1%}: temperature − rejection", found.each(partial(lead, share), CELL_9))
        )
        rows += [
            Row(f"the best {share:.1%}: {key}", found.of(CELL_9, f"{share:g}/{key}"))
            for key in ("bleu-5", "self-bleu-5")
        ]
    rows += [Row(f"all: {key}", found.of(CELL_9, f"last@1/{key}")) for key in ("bleu-5", "self-bleu-5")]
    return rows


CELL_9 = "rejection and temperature"
TABLE_9 = Table(
    9,
    "Rejection by a discriminator against temperature",
    published.REJECTION,
    "an early-stopped LSTM-128 on 10,000 captions; a CNN discriminator of 1,000 updates against its text; of "
    f"{KEPT:,} / share drawn sentences the {KEPT:,} with the highest score, beside {KEPT:,} sentences at lower "
    "temperatures. Theirs: news, another discriminator",
    "coco60: a random split (AUC .52)",
    (Cell(CELL_9, rejected, JUDGE, commands=rejection_commands),),
    rejection_rows,
)
