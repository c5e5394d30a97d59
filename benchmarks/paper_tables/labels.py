"""Table 10: accuracy with few labels, as `benchmarks/semi.py` measures it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from paper_tables import published
from paper_tables.judging import Row, above
from paper_tables.running import BENCHMARKS, Cell, Failed, Found, Setting, Table, Values, call

RESULTS = BENCHMARKS / "results" / "semi.jsonl"
FEW = (25, 50, 100)
GAN, CNN, BAYES = "semi-supervised GAN", "plain CNN", "naive Bayes"
CELL = "few labels"


def words(seed: int) -> list[str]:
    return ["--labels", *map(str, FEW), "--seeds", str(seed)]


def accuracies(seed: int, results: Path = RESULTS) -> Values:
    """`25/plain CNN`, ...: accuracy on test by labels and system; of a cell run twice, the later one."""
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    rows = [json.loads(line) for line in lines]
    return {f"{row['labels']}/{row['system']}": row["test"] for row in rows if row["seed"] == seed}


def measured(out: Path, setting: Setting) -> Values:
    """What is kept; measured first where some of it is missing."""
    wanted = {f"{count}/{system}" for count in FEW for system in (GAN, CNN)}
    if not setting.smoke and wanted - set(accuracies(setting.seed)):
        setting.say(f"python benchmarks/semi.py {' '.join(words(setting.seed))}")
        call([str(BENCHMARKS / "semi.py"), *words(setting.seed)], out / f"semi-seed{setting.seed}.log")
    values = accuracies(setting.seed)
    if missing := sorted(wanted - set(values)):
        raise Failed(f"{RESULTS.name} has no {', '.join(missing)} of seed {setting.seed}")
    return values


def lead(count: int, values: Values) -> float:
    return values[f"{count}/{GAN}"] - values[f"{count}/{CNN}"]


def rows(found: Found) -> list[Row]:
    told = []
    for count in FEW:
        told.append(
            Row(f"{count} labels: GAN − CNN", found.each(partial(lead, count), CELL), above(0), "> 0", 3)
        )
        told += [
            Row(f"{count} labels: {name}", found.of(CELL, f"{count}/{name}")) for name in (GAN, CNN, BAYES)
        ]
    return told


TABLE_10 = Table(
    10,
    "Accuracy with few labels",
    published.SALIMANS,
    "movie reviews (mr), sentences; the discriminator of the semi-supervised GAN beside the same CNN on the labelled "
    "sentences alone; see the head of benchmarks/semi.py",
    "mr: one collection of reviews, its usual split; how alike the parts are is not measured here",
    (Cell(CELL, measured, commands=lambda _: ["python benchmarks/semi.py --labels 25 50 100"]),),
    rows,
    seeds=3,
)
