"""A corpus loaded with the `datasets` library: a name on the Hugging Face hub, or a local folder or file."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from textgan.data.reading import Rows, from_records
from textgan.data.splits import Loaded, assemble
from textgan.data.streaming import Streamed
from textgan.errors import Mistake, did_you_mean
from textgan.parts.ranges import Seed

_own_validation = ("validation", "valid", "dev", "val")
_builders = {".txt": "text", ".json": "json", ".parquet": "parquet"}
_own_formats = (".csv", ".tsv", ".jsonl")
"""Suffixes of local files that are read as the corpus `file` reads them. The library takes the quotation marks of any
.tsv for quoting and joins its lines, and words such as NA for empty cells."""


class Datasets(Loaded):
    """Sentences of a dataset: a hub name, a `save_to_disk` folder, or a local file or folder of files.

    config: the dataset's configuration; split: the split to train on. validation, test: the name of a split, or
    how much to take from train (a share if below 1, otherwise a number); None uses the dataset's own split if there
    is one, else .05 and .1. streaming: read only the first `limit` sentences of each split; without it, `limit`
    sentences are chosen by the seed. Local csv, tsv and jsonl files are read as the corpus `file` reads them; those of
    a folder too, if they are named for splits and nothing else is there. Raises Mistake if the data cannot be loaded.
    """

    def __init__(
        self,
        dataset: str,
        config: str | None = None,
        split: str = "train",
        column: str | None = None,
        label: str | None = None,
        streaming: bool = False,
        limit: int | None = None,
        validation: str | float | None = None,
        test: str | float | None = None,
        seed: Seed = 0,
    ) -> None:
        if streaming and limit is None:
            raise Mistake(
                "corpus.limit: streaming needs a limit; give the number of sentences to read from each split"
            )
        if limit is not None and limit < 1:
            raise Mistake(f"corpus.limit: {limit} keeps no sentence; give at least 1")
        own = _own_files(Path(dataset).expanduser())
        splits = own or _splits(dataset, config, streaming)
        if split not in splits:
            raise Mistake(f"corpus.split: {dataset} has no split {split!r}.{did_you_mean(split, splits)}")

        def rows(name: str, place: str) -> Rows:
            if name not in splits:
                raise Mistake(f"{place}: {dataset} has no split {name!r}.{did_you_mean(name, splits)}")
            if own:
                return _own_rows(own[name], column, label, streaming, limit, seed)
            return _rows(splits[name], f"{dataset} ({name})", column, label, streaming, limit, seed)

        if validation is None:
            validation = next((name for name in _own_validation if name in splits and name != split), 0.05)
        if test is None:
            test = "test" if "test" in splits and split != "test" else 0.1
        held_out = [
            rows(part, f"corpus.{name}") if isinstance(part, str) else part
            for name, part in (("validation", validation), ("test", test))
        ]
        parts = assemble(rows(split, "corpus.split"), held_out[0], held_out[1], seed)
        self.fill(Path(dataset).stem or dataset, parts)


def _splits(dataset: str, config: str | None, streaming: bool) -> dict[str, Any]:
    import datasets

    place = Path(dataset).expanduser()
    saved = any((place / sign).is_file() for sign in ("dataset_dict.json", "state.json"))
    try:
        if saved:
            loaded = datasets.load_from_disk(str(place))
        elif place.is_file():
            builder = _builders.get(place.suffix.lower(), "text")
            loaded = datasets.load_dataset(builder, data_files=str(place), streaming=streaming)
        else:
            loaded = datasets.load_dataset(
                str(place) if place.is_dir() else dataset, config, streaming=streaming
            )
    except Exception as error:  # the library and the hub client raise many exception types here
        raise Mistake(_not_loaded(dataset, config, error)) from error
    return dict(loaded) if isinstance(loaded, dict) else {"train": loaded}


def _not_loaded(dataset: str, config: str | None, error: Exception) -> str:
    message = (str(error).strip().splitlines() or [type(error).__name__])[0][:160].rstrip(".")
    if Path(dataset).expanduser().exists():
        if error.__cause__ is not None:  # the outer one only says that an error occurred
            message = " ".join(str(error.__cause__).split())[:160]
        return (
            f"corpus.dataset: {dataset} cannot be read ({message}); expected csv, jsonl, parquet or txt files"
        )
    if isinstance(error, ValueError) and "onfig" in message:
        return f"corpus.config: {dataset} has no configuration {config!r} ({message}); choose one of its configurations"
    return (
        f"corpus.dataset: {dataset} is not a local folder or file, and could not be loaded from the hub ({message}); "
        "check the name and the network, or download it elsewhere, save it with save_to_disk and give that folder"
    )


def _own_files(place: Path) -> dict[str, Path]:
    """The file of each split: of a local table, or a folder of nothing but tables named for splits; else empty."""
    if place.is_file():
        return {"train": place} if place.suffix.lower() in _own_formats else {}
    files = list(place.iterdir()) if place.is_dir() else []
    found = {file.stem: file for file in files if file.is_file() and file.suffix.lower() in _own_formats}
    named = {"train", "test", *_own_validation}
    return found if len(found) == len(files) and found.keys() <= named else {}


def _own_rows(
    file: Path, column: str | None, label: str | None, streaming: bool, limit: int | None, seed: int
) -> Rows:
    lines = list(islice(Streamed(file, column, label, place="corpus.dataset"), limit if streaming else None))
    if limit is not None and limit < len(lines):
        chosen = np.random.default_rng(seed).permutation(len(lines))[:limit]  # as the library's shuffle draws
        lines = [lines[i] for i in chosen]
    name = file.name
    records = [(f"{name}, line {line.number}", {"text": line.text, "label": line.label}) for line in lines]
    return from_records(records, "text", None if label is None else "label", name, "corpus.dataset")


def _rows(
    data: Any,
    name: str,
    column: str | None,
    label: str | None,
    streaming: bool,
    limit: int | None,
    seed: Seed,
) -> Rows:
    if limit is not None and streaming:
        data = data.take(limit)
    elif limit is not None and limit < len(data):
        data = data.shuffle(seed=seed).select(range(limit))
    features = data.features or {}
    wanted = [each for each in features if each in (column, label, "text")]
    if not streaming and column in wanted and (label is None or label in wanted):
        data = data.select_columns(wanted)  # the other columns may be images
    classes = getattr(features.get(label), "names", None) if label is not None else None
    records = []
    for number, record in enumerate(data, 1):
        if classes is not None:
            index = record[label]
            record = {**record, label: classes[index] if index is not None and index >= 0 else None}
        records.append((f"{name}, row {number}", record))
    return from_records(records, column, label, name)
