"""The named sets, on little folders that look like them, and on the real ones where they are present."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from textgan.data import hub, named
from textgan.errors import Mistake

real = os.environ.get("TEXTGAN_DATA")
needs_data = pytest.mark.skipif(not real, reason="needs the sets of TEXTGAN_DATA, which is not set")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty TEXTGAN_DATA, an empty cache, and no network."""

    def offline(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no network")

    def no_hub(*_: object, **__: object) -> None:
        raise Mistake("corpus.dataset: no network")

    monkeypatch.setenv("TEXTGAN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(urllib.request, "urlopen", offline)
    monkeypatch.setattr(hub, "Datasets", no_hub)
    return tmp_path / "data"


def lay(folder: Path, ending: str = "txt", train: str = "", test: str = "") -> None:
    folder.mkdir(parents=True)
    (folder / f"train.{ending}").write_text(train, encoding="utf-8")
    (folder / f"test.{ending}").write_text(test, encoding="utf-8")


def lines(prefix: str, count: int) -> str:
    return "".join(f"{prefix} {i}\n" for i in range(count))


def test_validation_is_cut_from_train_and_size_limits_it(folder: Path) -> None:
    lay(folder / "emnlp_news", train=lines("a", 600), test=lines("b", 7))
    corpus, small = named.EmnlpNews(), named.EmnlpNews(size=50)
    assert [len(split) for split in (corpus.train, corpus.validation, corpus.test)] == [100, 500, 7]
    assert sorted(corpus.train.texts + corpus.validation.texts) == sorted(lines("a", 600).splitlines())
    assert small.validation == corpus.validation and small.test == corpus.test
    assert len(small.train) == 50 and set(small.train.texts) < set(corpus.train.texts)
    assert small.train != named.EmnlpNews(size=50, seed=1).train
    with pytest.raises(Mistake, match="corpus.size: 0 keeps no training sentence; give at least 1"):
        named.EmnlpNews(size=0)


def test_coco_warns_of_its_split(folder: Path) -> None:
    lay(folder / "coco", train=lines("a", 600), test=lines("b", 7))
    corpus = named.Coco()
    assert corpus.notes[0].startswith("coco: its split is not random") and ".977" in corpus.notes[0]
    lay(folder / "emnlp_news", train=lines("a", 600), test=lines("b", 7))
    assert named.EmnlpNews().notes[0].startswith("emnlp_news: train and test are from different months")


def test_mr_has_labels_and_keeps_quotation_marks(folder: Path) -> None:
    text = "label\ttext\n" + "".join(f'{("pos", "neg")[i % 2]}\t" so {i} \n' for i in range(20))
    lay(folder / "mr", "tsv", text, text)
    corpus = named.Mr(validation=2)
    assert corpus.label_names == ("neg", "pos")
    assert corpus.test.texts[:2] == ['" so 0', '" so 1'] and corpus.test.labels == [1, 0] * 10


@pytest.mark.parametrize(
    ("corpus", "says"),
    [
        (
            named.Coco,
            "coco is not on this machine .* put coco/train.txt and coco/test.txt .* set TEXTGAN_DATA",
        ),
        (named.Coco60, "coco60 is not on this machine .*no network.* put coco60/train.txt"),
        (named.CocoMixed, "coco is not on this machine .* set TEXTGAN_DATA"),
        (
            named.EmnlpNews,
            "emnlp_news is not on this machine .*Language GANs Falling Short.* emnlp_news/train.txt",
        ),
        (
            named.Mr,
            "mr is not on this machine .*Pang and Lee.* mr/train.tsv and mr/test.tsv .* set TEXTGAN_DATA",
        ),
    ],
)
def test_a_set_that_is_nowhere(folder: Path, corpus: type, says: str) -> None:
    with pytest.raises(Mistake, match="corpus.name: " + says) as caught:
        corpus()
    assert "\n" not in str(caught.value)


def test_a_download_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    asked: list[str] = []

    def answer(address: str, timeout: float) -> io.BytesIO:
        asked.append(address)
        return io.BytesIO(lines("train" if "train" in address else "test", 30).encode())

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    first, second = named.Coco60(validation=5), named.Coco60(validation=5)
    assert len(asked) == 2 and first.train == second.train
    assert (len(first.train), first.test.texts[0]) == (25, "test 0")


@needs_data
def test_real_sizes() -> None:
    sizes = {
        named.Coco: (9500, 500, 10000),
        named.EmnlpNews: (9500, 500, 10000),
        named.CocoMixed: (16000, 2000, 2000),
    }
    for corpus, wanted in sizes.items():
        made = corpus()
        assert (len(made.train), len(made.validation), len(made.test)) == wanted
    mr = named.Mr()
    assert mr.train.labels is not None and mr.label_names == ("neg", "pos")
    assert (len(mr.train) + len(mr.validation), len(mr.test)) == (8529, 2133)


@needs_data
def test_coco_mixed_has_the_scenes_of_both_files_in_every_split() -> None:
    corpus = named.CocoMixed()
    for word in ("bathroom", "skateboard"):
        shares = [
            sum(word in text for text in split.texts) / len(split) for split in (corpus.train, corpus.test)
        ]
        assert 0.5 < shares[0] / shares[1] < 2
