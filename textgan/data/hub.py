"""A corpus through the `datasets` library: a name on the Hugging Face hub, or a local folder or file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textgan.data.reading import Rows, from_records
from textgan.data.splits import Loaded, assemble
from textgan.errors import Mistake, did_you_mean
from textgan.parts.ranges import Seed

_own_validation = ("validation", "valid", "dev", "val")
_builders = {
    ".txt": "text",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "json",
    ".json": "json",
    ".parquet": "parquet",
}


class Datasets(Loaded):
    """Sentences of a dataset: a hub name, a `save_to_disk` folder, or a local file or folder of files.

    config: the dataset's configuration; split: what to train on. validation, test: the name of a split, or
    what is cut from train (below 1 a share, from 1 on a number); None is the dataset's own, else .05 and .1.
    streaming reads no more than `limit` sentences of each split, the first ones; without it `limit` is a
    seeded choice.
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
                "corpus.limit: streaming needs a limit; say how many sentences to take of each split"
            )
        if limit is not None and limit < 1:
            raise Mistake(f"corpus.limit: {limit} keeps no sentence; give at least 1")
        splits = _splits(dataset, config, streaming)
        if split not in splits:
            raise Mistake(f"corpus.split: {dataset} has no split {split!r}.{did_you_mean(split, splits)}")

        def rows(name: str, place: str) -> Rows:
            if name not in splits:
                raise Mistake(f"{place}: {dataset} has no split {name!r}.{did_you_mean(name, splits)}")
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
            extra = {"sep": "\t"} if place.suffix == ".tsv" else {}
            builder = _builders.get(place.suffix.lower(), "text")
            loaded = datasets.load_dataset(builder, data_files=str(place), streaming=streaming, **extra)
        else:
            loaded = datasets.load_dataset(
                str(place) if place.is_dir() else dataset, config, streaming=streaming
            )
    except Exception as error:  # the library and the hub's client raise dozens of kinds here
        raise Mistake(_not_loaded(dataset, config, error)) from error
    return dict(loaded) if isinstance(loaded, dict) else {"train": loaded}


def _not_loaded(dataset: str, config: str | None, error: Exception) -> str:
    said = (str(error).strip().splitlines() or [type(error).__name__])[0][:160].rstrip(".")
    if Path(dataset).expanduser().exists():
        return f"corpus.dataset: {dataset} cannot be read ({said}); expected csv, jsonl, parquet or txt files"
    if isinstance(error, ValueError) and "onfig" in said:
        return f"corpus.config: {dataset} has no configuration {config!r} ({said}); name one of those"
    return (
        f"corpus.dataset: {dataset} is no local folder or file, and the hub did not give it ({said}); check "
        "the name and the network, or download it elsewhere, save_to_disk and give the folder"
    )


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
