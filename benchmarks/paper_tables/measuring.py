"""What is measured of a finished run: final scores, front by temperature, discriminator, text by a preset."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Sequence
from pathlib import Path

from paper_tables.judging import at_level
from paper_tables.running import Failed, Setting, Values, call
from textgan.runs.points import parse_temperatures


def data(*parts: str) -> Path:
    """A file under $TEXTGAN_DATA. Raises Failed where there is none."""
    root = os.environ.get("TEXTGAN_DATA")
    if not root:
        raise Failed(f"TEXTGAN_DATA is not set: it names the folder that holds {'/'.join(parts)}")
    path = Path(root).joinpath(*parts)
    if not path.is_file():
        raise Failed(f"TEXTGAN_DATA holds no {'/'.join(parts)}")
    return path


def final_scores(folder: Path) -> Values:
    """`after/nll`, `before/source-nll`, `real/bleu-2`, ...: the rows of evaluation.json."""
    rows = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))["rows"]
    return {
        f"{state}/{key}": score["value"]
        for state, scores in rows.items()
        for key, score in scores.items()
        if score["value"] is not None
    }


def judge_and_looks(folder: Path) -> Values:
    """Mean accuracy of the discriminator over the turns, on training and held-out real text, and the looks."""
    told = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [row for row in told if row["phase"] == "adversarial"]
    turns = [row for row in rows if row["kind"] == "train"]
    values = {
        key: statistics.fmean(row[key] for row in turns) for key in ("d-accuracy-train", "d-accuracy-heldout")
    }
    for row in (row for row in rows if row["kind"] == "evaluate"):
        values |= {f"turn-{row['step']}/{key}": row["scores"][key]["value"] for key in ("source-nll", "nll")}
    return values


def text_by_preset(file: Path, references: Path, preset: str, spaced: bool = False) -> Values:
    """BLEU-2..5 and self-BLEU-2..5 of a file's lines. spaced: with spaces around marks, as released samples have."""
    from textgan.data.reading import read
    from textgan.metrics.tokens import split
    from textgan.scoring import evaluate_texts

    texts, real = read(file, place="samples").texts, read(references, place="references").texts
    if spaced:
        texts = [" ".join(split(line)) for line in texts]
    (found,) = evaluate_texts(texts, real, preset_name=preset).files
    return {key: score.value for key, score in found.scores.items()}


def sweep_words(
    folder: Path, temperatures: str, samples: int, checkpoint: str, metrics: Sequence[str]
) -> list[str]:
    """The arguments of `textgan` that draw a run's front."""
    return [
        *("sweep", str(folder), "--temperatures", temperatures, "--samples", str(samples)),
        *("--checkpoint", checkpoint, "--metrics", ",".join(metrics)),
    ]


def swept(
    folder: Path,
    setting: Setting,
    temperatures: str,
    samples: int,
    checkpoint: str = "last",
    metrics: Sequence[str] = ("nll",),
) -> Values:
    """`last@0.7/nll`, ... and `real/bleu-5` ...: points that were finished before are not drawn again."""
    if setting.smoke:
        temperatures, samples = "0.7,1", 50
    words = sweep_words(folder, temperatures, samples, checkpoint, metrics)
    setting.say(f"{folder.name}: textgan {' '.join(words)}")
    call(["-m", "textgan", *words], folder.with_name(f"{folder.name}.log"))
    wanted = set(parse_temperatures(temperatures))
    values: Values = {}
    for line in (folder / "sweep.jsonl").read_text(encoding="utf-8").splitlines():
        point = json.loads(line)
        if point["kind"] != "point" or point["temperature"] not in {None, *wanted}:
            continue
        at = point["state"] if point["temperature"] is None else f"{point['state']}@{point['temperature']:g}"
        kept = ("nll", "source-nll", "bleu-5", "self-bleu-5")
        scores = {key: point["scores"][key]["value"] for key in kept if key in point["scores"]}
        values |= {f"{at}/{key}": value for key, value in scores.items() if value is not None}
    return values


def front(values: Values, x: str, y: str, state: str = "last") -> list[tuple[float, float]]:
    """(x, y) at each temperature of a checkpoint."""
    at = [
        key.removesuffix(f"/{x}") for key in values if key.startswith(f"{state}@") and key.endswith(f"/{x}")
    ]
    return [(values[f"{point}/{x}"], values[f"{point}/{y}"]) for point in at if f"{point}/{y}" in values]


def heldout_at(values: Values, level: float, state: str = "last") -> float:
    """NLL_test where the front's NLL_oracle is `level`, nats a token; NaN where the front does not reach it.

    Raises KeyError where no front was drawn.
    """
    points = front(values, "source-nll", "nll", state)
    if not points:
        raise KeyError(state)
    return at_level(points, level)
