"""The request to `textgan augment`, checked before anything is trained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np

from textgan.assembly.part import part
from textgan.augment.generating import BUDGETS
from textgan.augment.labelled import Labelled, labels_of, pick
from textgan.data.corpus import Corpus, fingerprint
from textgan.errors import Mistake, did_you_mean
from textgan.metrics.tokens import SPLIT
from textgan.plain import from_json
from textgan.runs.choosing import weights_of
from textgan.runs.loaded import LoadedRun, load
from textgan.runs.origin import changed_text, where_trained
from textgan.sampling import COLDEST, HOTTEST
from textgan.training import checkpoints
from textgan.training.folder import write_json

ENDINGS = (".csv", ".tsv", ".jsonl")
COMMON = 0.05
"""Share of the held-out sentences that a run may have read by chance; they are then left out."""


@dataclass(frozen=True)
class Request:
    """The command's arguments. reject: share of candidates to drop, those with the lowest discriminator scores.
    balance: see `Asked`.

    trust_code: as for `textgan.runs.loaded.load`, for `run`.
    """

    train: Path
    text: str
    label: str
    n: int
    out: Path
    run: Path | None = None
    test: Path | None = None
    budget: str = "usual"
    with_real: bool = False
    balance: Literal["even", "train"] | Mapping[str, float] = "train"
    temperature: float = 1.0
    reject: float = 0.5
    seed: int = 1
    trust_code: bool = False

    @property
    def work(self) -> Path:
        """Folder for runs, generated text and classifier results, next to the output: `aug.work` for aug.csv."""
        return self.out.with_suffix(".work")

    def check(self) -> None:
        """Raises Mistake for errors that can be found without reading the text."""
        if self.budget not in BUDGETS:
            raise Mistake(
                f"--budget: no budget is called {self.budget!r}.{did_you_mean(self.budget, BUDGETS)}"
            )
        if self.out.suffix.lower() not in ENDINGS:
            raise Mistake(
                f"--out: {self.out} must end in one of {', '.join(ENDINGS)}; call it {self.out.stem}.csv"
            )
        if self.out.exists():
            raise Mistake(f"--out: {self.out} already exists; give another file name, or remove it")
        if not self.out.parent.is_dir():
            raise Mistake(f"--out: there is no folder {self.out.parent}; create it first")
        if self.text == self.label:
            raise Mistake(
                f"--label-column: {self.label!r} is also the text column; name the one that holds the class"
            )
        if self.n < 1 or not self.temperature > 0:
            raise Mistake("-n and --temperature: expected values above 0")
        if not COLDEST <= self.temperature <= HOTTEST:
            raise Mistake(f"--temperature: expected a value from {COLDEST:g} to {HOTTEST:g}")
        if not 0 <= self.reject < 1:
            raise Mistake(f"--reject: {self.reject:g} is not a share; give 0 or more and less than 1")


def check_table(request: Request, names: Sequence[str]) -> None:
    """Raises Mistake if the output format cannot represent the labels or column names. A tsv file has one record per
    line, and its readers disagree on whether quoted fields may contain line breaks."""
    broken = [name for name in (request.text, request.label, *names) if "\n" in name or "\r" in name]
    if request.out.suffix.lower() == ".tsv" and broken:
        raise Mistake(
            f"--out: a .tsv cannot hold {broken[0]!r}, which has a line break in it; name {request.out.stem}.csv or "
            f"{request.out.stem}.jsonl"
        )


def opened(path: Path, data: Labelled, trust_code: bool) -> LoadedRun:
    """Load the run; raises Mistake if its labels differ from those of the text."""
    run = load(path, trust_code=trust_code)
    if {*run.label_names} != {*data.names}:
        theirs = ", ".join(map(repr, run.label_names)) or "none"
        raise Mistake(
            f"--run: its labels are {theirs}, and TRAIN's {', '.join(map(repr, data.names))}; the two must be the same"
        )
    return run


def unread(data: Labelled, run: LoadedRun) -> Labelled:
    """`data` without the held-out sentences that the run was trained on, ignoring case and spaces.

    The run may have memorized these, and classifiers would then be trained on their test. A few very common sentences
    may overlap by chance and are removed; raises Mistake if their share exceeds COMMON. If the run's training text is
    gone, a note says so.
    """
    try:
        with where_trained(run.path):
            corpus: Corpus = part(run.recipe, "corpus")
        why = "is not the text that it was trained on" if changed_text(run.path, fingerprint(corpus)) else ""
    except Mistake as mistake:
        why = f"cannot be read ({mistake})"
    if why:
        note = f"not checked whether the run has read the held-out text: its corpus {why}"
        return replace(data, notes=(*data.notes, note))
    test = [tuple(SPLIT(text)) for text in data.test.texts]
    wanted = {*test}
    read = {
        key
        for text in chain(corpus.train.texts, corpus.validation.texts)
        if (key := tuple(SPLIT(text))) in wanted
    }
    fresh = np.array([row for row, key in enumerate(test) if key not in read], dtype=np.int64)
    known = len(test) - len(fresh)
    if known > COMMON * len(test):
        raise Mistake(
            f"--run: it has read {known:,} of the {len(test):,} held-out sentences; give --test with text that it has "
            "not read, or leave out --run to train a generator without them"
        )
    if not known:
        return data
    note = f"left out of the held-out text, since the run has read them: {known:,} of {len(test):,} sentences"
    return replace(data, test=pick(data.test, fresh), notes=(*data.notes, note))


def shares_of(request: Request, data: Labelled) -> list[float]:
    """The share of each label in the generated text, in any unit."""
    if request.balance == "train":
        return [float(count) for count in np.bincount(labels_of(data.train), minlength=len(data.names))]
    if isinstance(request.balance, str):
        return [1.0] * len(data.names)
    weights = weights_of(request.balance, data.names)
    return [weights.get(name, 0.0) for name in data.names]


def check_work(request: Request, data: Labelled) -> None:
    """Raises Mistake if the work folder was begun with another request, text or checkpoint."""
    digest = hashlib.sha256(
        json.dumps([asdict(data.train), asdict(data.test), data.names]).encode()
    ).hexdigest()
    facts = {
        key: value for key, value in asdict(request).items() if key not in ("out", "with_real", "trust_code")
    }
    run = None if request.run is None else checkpoints.digest(request.run / "checkpoints" / "last")
    now: dict[str, Any] = {
        **{key: str(v) if isinstance(v, Path) else v for key, v in facts.items()},
        **{"text-sha": digest, "run-checkpoint": run},
    }
    kept = request.work / "request.json"
    if not request.work.exists():
        request.work.mkdir()
        write_json(kept, now)
        return
    try:
        before = from_json(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    except ValueError:
        before = None
    if not isinstance(before, dict):
        raise Mistake(f"--out: {kept} is damaged; give another file name, or remove the folder")
    if different := sorted(key for key in now if before.get(key) != now[key]):
        raise Mistake(
            f"--out: {request.work} holds the work of another request (different: {', '.join(different)}); "
            "give another file name, or remove the folder"
        )
