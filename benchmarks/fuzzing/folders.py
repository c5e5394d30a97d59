"""Run folders that were damaged, or that somebody else made, through everything that opens one."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
import yaml
from hypothesis import strategies as st

from fuzzing import values
from fuzzing.recipes import as_yaml, places, put
from fuzzing.trial import Case, Edit

PLACES = [
    "recipe.yaml", "environment.json", "corpus.json", "labels.json", "evaluation.json", "metrics.jsonl",
    "tokenizer/tokenizer.json", "tokenizer/tokenizer_config.json", "tokenizer/special_tokens_map.json",
    "samples/after.txt", "samples/before.txt", "checkpoints/last/manifest.json",
    "checkpoints/last/state.pt", "checkpoints/last/generator.safetensors",
    "checkpoints/last/discriminator.safetensors", "checkpoints/pretrained/generator.safetensors",
    "checkpoints/best/generator.safetensors", "checkpoints/pretrained/manifest.json",
    "checkpoints/.last.old/manifest.json", "checkpoints/.last.old/state.pt", "report.html", ".lock",
    "tokenizer", "samples", "checkpoints", "checkpoints/last", "checkpoints/.last.old",
    "checkpoints/pretrained", "checkpoints/best",
]  # fmt: skip
TOKENIZER = [place for place in PLACES if place.startswith("tokenizer/")]
STRUCTURED = [place for place in PLACES if place.endswith((".json", ".yaml", ".jsonl", ".pt"))]


@dataclass(frozen=True)
class Change(Edit):
    """what: how; signed: the manifest is made to fit afterwards, as a stranger would make it."""

    place: str
    what: str
    how: Callable[[Path, Path], object]
    signed: bool = False

    def apply(self, folder: Path, runs: Path) -> None:
        file = folder / self.place
        self.how(file, runs)
        if self.signed and file.is_file():
            _sign(file.parent)

    def told(self) -> str:
        return f"{self.place}: {self.what}{', signed' if self.signed else ''}"


def _sign(folder: Path) -> None:
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        return
    held = json.loads(manifest.read_text(encoding="utf-8"))
    for name in held["files"]:
        content = (folder / name).read_bytes()
        held["files"][name] = {"bytes": len(content), "sha256": sha256(content).hexdigest()}
    manifest.write_text(json.dumps(held), encoding="utf-8")


def take_away(file: Path, runs: Path) -> None:
    shutil.rmtree(file) if file.is_dir() and not file.is_symlink() else file.unlink()


def link(target: str) -> Callable[[Path, Path], object]:
    def change(file: Path, runs: Path) -> None:
        take_away(file, runs) if file.exists() else None
        file.symlink_to(os.path.relpath(runs.parent / target, file.parent))

    return change


def _folder(file: Path, runs: Path) -> None:
    take_away(file, runs)
    file.mkdir()


def _written(content: bytes) -> Callable[[Path, Path], object]:
    def change(file: Path, runs: Path) -> None:
        take_away(file, runs) if file.is_dir() else None
        file.write_bytes(content)

    return change


def _cut(share: float) -> Callable[[Path, Path], object]:
    return lambda file, runs: file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])


def _flipped(share: float, bit: int) -> Callable[[Path, Path], object]:
    def change(file: Path, runs: Path) -> None:
        held = bytearray(file.read_bytes())
        held[min(int(share * len(held)), len(held) - 1)] ^= 1 << bit
        file.write_bytes(held)

    return change


def _other(place: str, run: str) -> Callable[[Path, Path], object]:
    def change(file: Path, runs: Path) -> None:
        source = runs / run / place
        take_away(file, runs)
        shutil.copytree(source, file) if source.is_dir() else shutil.copy(source, file)

    return change


def _value(at: float, new: Any, drop: bool) -> Callable[[Path, Path], object]:
    """Replace or take out one value of a file of JSON, YAML or state."""

    def change(file: Path, runs: Path) -> None:
        if file.suffix == ".pt":
            held = torch.load(file, weights_only=True)
        elif file.suffix == ".yaml":
            held = yaml.safe_load(file.read_text(encoding="utf-8"))
        elif file.suffix == ".jsonl":
            held = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        else:
            held = json.loads(file.read_text(encoding="utf-8"))
        known = [
            place
            for place in places(held)
            if len(place) < 7 and not (place[0] == "random" and len(place) > 3)
        ]
        if not known:
            held = new
        else:
            place = known[min(int(at * len(known)), len(known) - 1)]
            if drop:
                inner = held
                for key in place[:-1]:
                    inner = inner[key]
                del inner[place[-1]]
            else:
                put(held, place, new)
        if file.suffix == ".pt":
            torch.save(held, file)
        elif file.suffix == ".yaml":
            file.write_bytes(as_yaml(held))
        elif file.suffix == ".jsonl":
            file.write_text("".join(_json(row) + "\n" for row in held), encoding="utf-8")
        else:
            file.write_text(_json(held), encoding="utf-8")

    return change


def _json(value: Any) -> str:
    return json.dumps(value, default=str, skipkeys=True)


RAW = [
    b"", b"\0", b"\xff\xfe", b"{}", b"[]", b"null", b"1", b'"x"', b"NaN", b"[" * 100_000, b"1" * 5000,
    b'{"a": ' * 50_000, b"{", b"\n\n", b"a: b", b"- x", b"&a [*a]", b'{"files": {}}',
    b'{"files": {"../../../outside/precious": {"bytes": 5, "sha256": "x"}}}', b'["\\ud800"]',
    b'{"added_tokens": 1}', b'["../../outside/precious"]', b"generator: ../../../outside/evil.py:Evil\n",
    b"PK\x03\x04" + b"\0" * 100, b"\x80\x02c__main__\nx\n.", b"\xff" * 8 + b"{}",
    b"\x02" + b"\0" * 7 + b"{}", b"\x08" + b"\0" * 7 + b'{"a": 1}',
]  # fmt: skip


@st.composite
def change(draw: st.DrawFn, runs: Sequence[str]) -> Change:
    what = draw(
        st.sampled_from(
            [
                "gone",
                "cut",
                "flip",
                "raw",
                "other run",
                "other file",
                "link",
                "folder",
                "value",
                "value",
                "value",
                "drop",
            ]
        )
    )
    signed = draw(st.booleans())
    if what in ("value", "drop"):
        place = draw(st.sampled_from(STRUCTURED))
        at, new = draw(st.floats(0, 1)), draw(values.anything())
        told = f"{what} at {at:.3f}{'' if what == 'drop' else f' {new!r:.80}'}"
        return Change(place, told, _value(at, new, what == "drop"), signed)
    place = draw(st.sampled_from(PLACES))
    if what == "gone":
        return Change(place, "gone", take_away, signed)
    if what == "cut":
        share = draw(st.floats(0, 1))
        return Change(place, f"cut to {share:.3f}", _cut(share), signed)
    if what == "flip":
        share, bit = draw(st.floats(0, 1)), draw(st.integers(0, 7))
        return Change(place, f"bit {bit} at {share:.3f}", _flipped(share, bit), signed)
    if what == "raw":
        content = draw(st.one_of(st.sampled_from(RAW), st.binary(max_size=60)))
        return Change(place, f"now {content[:60]!r}", _written(content), signed)
    if what == "other run":
        run = draw(st.sampled_from(runs))
        return Change(place, f"that of {run}", _other(place, run), signed)
    if what == "other file":
        source = draw(st.sampled_from(PLACES))
        run = draw(st.sampled_from(runs))
        return Change(place, f"{source} of {run}", _other(source, run), signed)
    if what == "link":
        target = draw(st.sampled_from(["outside/precious", "outside", "nowhere", "work/run"]))
        return Change(place, f"a link to {target}", link(target))
    return Change(place, "a folder", _folder)


@st.composite
def cases(draw: st.DrawFn, runs: Sequence[str]) -> Case:
    run = draw(st.sampled_from(runs))
    edits = draw(st.lists(change(runs), min_size=1, max_size=2))
    temper = ["--temperatures", "1", "--samples", "4"]
    checkpoint = draw(st.sampled_from([[], ["--checkpoint", "best"], ["--checkpoint", "pretrained"]]))
    words = draw(
        st.sampled_from(
            [
                ["train", f"../runs/{run}.yaml", "--out", "run", "--resume"],
                ["train", f"../runs/{run}.yaml", "--out", "run", "--resume"],
                ["train", f"../runs/{run}.yaml", "--out", "run", "--resume"],
                ["train", "run/recipe.yaml", "--out", "run", "--resume"],
                ["train", f"../runs/{run}.yaml", "--out", "new", "start=run"],
                ["sample", "run", "-n", "3", *checkpoint],
                ["sample", "run", "-n", "3", "--best-of", "2", "--jsonl"],
                ["evaluate", "run", "--json"],
                ["sweep", "run", *temper, *checkpoint],
                ["report", "run"],
                ["report", "run", f"../runs/{run}"],
                ["export", "run", "exported", *checkpoint],
                ["documents", "run", "--out", "vectors"],
                ["interpolate", "run", "the old p sees a u .", "the new q sees a x ."],
            ]
        )
    )
    return Case(
        "folders",
        tuple(words),
        run=run,
        edits=tuple(edits),
        figures=words[0] != "train" and not draw(st.integers(0, 7)),
    )
