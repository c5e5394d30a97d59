"""Standard text GAN datasets: found under $TEXTGAN_DATA, else downloaded if an address is known. Does not import
torch.

A dataset is a folder with train and test; validation is a seeded part of train, so test stays the set that papers
report on.
"""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from textgan.data.reading import Rows, read
from textgan.data.splits import Loaded, assemble
from textgan.errors import Mistake
from textgan.parts.ranges import Seed

_timeout = 30  # seconds


@dataclass(frozen=True)
class _Set:
    """Where a dataset comes from: folder, and the address of each split or a name on the hub."""

    folder: str
    about: str
    ending: str = "txt"
    addresses: Mapping[str, str] = field(default_factory=dict)
    hub: str | None = None


_fast_bleu = "https://raw.githubusercontent.com/Danial-Alh/fast-bleu"
_coco = _Set("coco", "the Image COCO captions of the Texygen benchmark, 10,000 and 10,000 lines")
_coco60 = _Set(
    "coco60",
    "the Image COCO captions of the fast-bleu release, 60,000 and 20,000 lines",
    addresses={
        "train": f"{_fast_bleu}/773fc150d6a46dcdad3b60f7ff01d3cd1862585e/data/coco60-train.txt",
        "test": f"{_fast_bleu}/bcf410bc00bb21061db7d6fe2f91db0f352b4379/data/coco60-test.txt",
    },
)
_emnlp = _Set(
    "emnlp_news",
    "WMT 2017 news sentences, tokenised with spaces, from the release of 'Language GANs Falling Short', "
    "10,000 and 10,000 lines",
)
_mr = _Set(
    "mr",
    "the movie-review sentence polarity set of Pang and Lee, with columns label (pos, neg) and text",
    ending="tsv",
    hub="cornell-movie-review-data/rotten_tomatoes",
)
_not_random = (
    "coco: its split is not random: train and test show different scenes (a linear classifier on sentence "
    "embeddings tells them apart with AUC .977); use it only to compare with published tables, "
    "otherwise use coco60 or coco-mixed"
)
_other_dates = (
    "emnlp_news: train and test are from different months (words alone tell them apart with AUC .64), so its "
    "test split is not held-out text of the same source"
)


class Coco(Loaded):
    """Image COCO captions, the Texygen split, 10,000 and 10,000. The split is not random: see its first note.

    size: keep this many training sentences, a seeded choice; validation: how much to take from train before that.
    """

    def __init__(self, size: int | None = None, validation: float = 500, seed: Seed = 0) -> None:
        train, test = _read(_coco)
        self.fill("coco", assemble(train, validation, test, seed, size), [_not_random])


class Coco60(Loaded):
    """Image COCO captions, a random split, 60,000 and 20,000 (fast-bleu). size, validation: as in `Coco`."""

    def __init__(self, size: int | None = None, validation: float = 2000, seed: Seed = 0) -> None:
        train, test = _read(_coco60)
        self.fill("coco60", assemble(train, validation, test, seed, size))


class CocoMixed(Loaded):
    """Both files of `Coco`, split again at random into 16,000, 2,000 and 2,000; the split is always
    the same.

    size: keep this many training sentences, chosen by `seed`.
    """

    def __init__(self, size: int | None = None, seed: Seed = 0) -> None:
        train, test = _read(_coco)
        texts = train.texts + test.texts
        order = np.random.default_rng(0).permutation(len(texts)).tolist()
        cuts = [[texts[i] for i in order[at:end]] for at, end in ((4000, None), (0, 2000), (2000, 4000))]
        rows = [Rows(part) for part in cuts]
        self.fill("coco-mixed", assemble(rows[0], rows[1], rows[2], seed, size))


class EmnlpNews(Loaded):
    """WMT 2017 news, tokenised with spaces, 10,000 and 10,000; test is the set that papers use. See its first note."""

    def __init__(self, size: int | None = None, validation: float = 500, seed: Seed = 0) -> None:
        train, test = _read(_emnlp)
        self.fill("emnlp_news", assemble(train, validation, test, seed, size), [_other_dates])


class Mr(Loaded):
    """Movie-review sentences labelled neg and pos (Pang and Lee 2005). size, validation: as in `Coco`."""

    def __init__(self, size: int | None = None, validation: float = 500, seed: Seed = 0) -> None:
        train, test = _read(_mr, label="label")
        self.fill("mr", assemble(train, validation, test, seed, size))


def _read(what: _Set, label: str | None = None) -> tuple[Rows, Rows]:
    """Train and test, from $TEXTGAN_DATA, the cache of an earlier download, or the network."""
    names = [f"{split}.{what.ending}" for split in ("train", "test")]
    for root in (os.environ.get("TEXTGAN_DATA"), _cache()):
        if root and all((Path(root) / what.folder / name).is_file() for name in names):
            train, test = (read(Path(root) / what.folder / name, None, label) for name in names)
            return train, test
    if what.hub is not None:
        return _from_hub(what, label)
    if not what.addresses:
        raise Mistake(_absent(what, "no public download address is known"))
    for split, name in zip(("train", "test"), names, strict=True):
        _download(what, what.addresses[split], _cache() / what.folder / name)
    train, test = (read(_cache() / what.folder / name, None, label) for name in names)
    return train, test


def _from_hub(what: _Set, label: str | None) -> tuple[Rows, Rows]:
    from textgan.data.hub import Datasets

    try:
        found = Datasets(str(what.hub), label=label)
    except Mistake as mistake:
        raise Mistake(_absent(what, f"{what.hub} could not be loaded from the Hugging Face hub")) from mistake

    def rows(*splits: str) -> Rows:
        held = [getattr(found, split) for split in splits]
        labels = [found.label_names[i] for part in held for i in part.labels or ()]
        return Rows([text for part in held for text in part.texts], labels if label else None)

    return rows("train"), rows("validation", "test")


def _download(what: _Set, address: str, file: Path) -> None:
    try:
        with urllib.request.urlopen(address, timeout=_timeout) as answer:
            content = answer.read()
    except OSError as error:  # urllib's URLError and HTTPError, and time-outs, are OSErrors
        raise Mistake(_absent(what, f"its download failed: {error}")) from error
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(file.name + ".part")
    unfinished.write_bytes(content)
    unfinished.replace(file)


def _absent(what: _Set, why: str) -> str:
    files = " and ".join(f"{what.folder}/{split}.{what.ending}" for split in ("train", "test"))
    return (
        f"corpus.name: {what.folder} is not on this machine ({why}); it is {what.about}; "
        f"put {files} in a folder, and set TEXTGAN_DATA to that folder"
    )


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "textgan"
