"""Files and datasets as corpora: splits, labels, notes counted by hand, and every mistake."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from textgan.data.corpus import duplicates, overlap
from textgan.data.files import File
from textgan.data.hub import Datasets
from textgan.data.reading import Rows, read
from textgan.data.splits import in_order
from textgan.errors import Mistake


def write(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def hundred(folder: Path) -> str:
    return write(folder / "all.txt", "".join(f"sentence {i}\n" for i in range(100)))


def test_counts_by_hand() -> None:
    assert duplicates(["a", "b", "a", "a"]) == 2
    assert overlap(["a", "a", "c"], ["a", "b"]) == 2


def test_plain_text_is_cleaned_and_counted(tmp_path: Path) -> None:
    train = write(tmp_path / "train.txt", b"\xef\xbb\xbfa  b\r\n\r\nc\td \r\na b\r\ne\x0cf\r\n")
    test = write(tmp_path / "test.txt", "a b\nx\n\n\na b")
    corpus = File(train, validation=write(tmp_path / "v.txt", "y\nc d"), test=test)
    assert corpus.name == "train"
    assert corpus.train.texts == ["a b", "c d", "a b", "e f"]
    assert (corpus.validation.texts, corpus.test.texts) == (["y", "c d"], ["a b", "x", "a b"])
    assert (corpus.label_names, corpus.source, corpus.train.labels) == ((), None, None)
    assert corpus.notes == [
        "1 empty line of train dropped",
        "2 empty lines of test dropped",
        "1 of 4 training sentences repeat an earlier one",
        "1 of 2 validation sentences also occur in train",
        "2 of 3 test sentences also occur in train",
    ]


def test_shares_are_a_seeded_partition(tmp_path: Path) -> None:
    path = hundred(tmp_path)
    corpus, again, other = File(path), File(path), File(path, seed=1)
    parts = (corpus.train.texts, corpus.validation.texts, corpus.test.texts)
    assert [len(part) for part in parts] == [85, 5, 10]
    assert sorted(sum(parts, [])) == sorted(f"sentence {i}" for i in range(100))
    assert parts == (again.train.texts, again.validation.texts, again.test.texts)
    assert corpus.test.texts != other.test.texts
    assert corpus.notes == []


def test_small_files_have_no_empty_split(tmp_path: Path) -> None:
    corpus = File(write(tmp_path / "three.txt", "a\nb\nc\n"))
    assert [len(split) for split in (corpus.train, corpus.validation, corpus.test)] == [1, 1, 1]
    counted = File(hundred(tmp_path), validation=7, test=0.2)
    assert [len(split) for split in (counted.train, counted.validation, counted.test)] == [73, 7, 20]


def test_utf16_and_latin1(tmp_path: Path) -> None:
    assert read(write(tmp_path / "a.txt", "é\nb".encode("utf-16")), encoding="utf-16").texts == ["é", "b"]
    assert read(write(tmp_path / "b.txt", "é\nb".encode("latin-1")), encoding="latin-1").texts == ["é", "b"]


def test_labels_are_sorted_names_and_indices(tmp_path: Path) -> None:
    path = write(tmp_path / "r.csv", 'text,mood\n"good, really",pos\nbad,neg\n,neg\n"so ""so""",pos\n')
    held = write(tmp_path / "t.csv", "text,mood\nfine,pos\n")
    corpus = File(path, label="mood", validation=held, test=held)
    assert corpus.train.texts == ["good, really", "bad", 'so "so"']
    assert corpus.label_names == ("neg", "pos")
    assert (corpus.train.labels, corpus.test.labels) == ([1, 0, 1], [1])


def test_numeric_labels_are_in_numeric_order(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", "\n".join(json.dumps({"t": "x", "y": i}) for i in (10, 2, 1)))
    held = write(tmp_path / "t.jsonl", '{"t": "x", "y": 2}')
    corpus = File(path, column="t", label="y", validation=held, test=held)
    assert (corpus.label_names, corpus.train.labels) == (("1", "2", "10"), [2, 1, 0])


def test_every_format_gives_the_same_rows(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    texts, labels = ['a "b" c', "d"], ["u", "v"]
    pyarrow.parquet.write_table(pyarrow.table({"text": texts, "label": labels}), tmp_path / "x.parquet")
    pairs = list(zip(texts, labels, strict=True))
    write(tmp_path / "x.jsonl", "\n".join(json.dumps({"text": t, "label": y}) for t, y in pairs) + "\n\n")
    write(tmp_path / "x.tsv", "label\ttext\n" + "".join(f"{y}\t{t}\r\n" for t, y in pairs))
    write(tmp_path / "x.csv", 'text,label\n"a ""b"" c",u\nd,v\n')
    for ending in ("parquet", "jsonl", "tsv", "csv"):
        rows = read(tmp_path / f"x.{ending}", None, "label")
        assert (rows.texts, rows.labels) == (texts, labels), ending


def test_the_only_column_is_the_text(tmp_path: Path) -> None:
    assert read(write(tmp_path / "a.csv", "line\nx\n")).texts == ["x"]
    assert read(write(tmp_path / "b.csv", "line,y\nx,1\n"), label="y").texts == ["x"]
    assert read(write(tmp_path / "c.poem", "x\ny\n")).texts == ["x", "y"]


@pytest.mark.parametrize(
    ("name", "content", "arguments", "says"),
    [
        ("a.txt", "", {}, "corpus.path: a.txt contains no sentences; expected one per line"),
        ("a.txt", " \n\n", {}, "corpus.path: a.txt contains no sentences; expected one per line"),
        ("a.txt", "x", {"column": "text"}, "corpus.column: a.txt is plain text and has no columns; leave"),
        ("a.txt", "x", {"label": "y"}, "corpus.label: a.txt is plain text and has no columns; leave"),
        ("a.txt", b"ab\nc\xe9d\n", {},
         "corpus.path: a.txt is not utf-8 (line 2, byte 2); set corpus.encoding=latin-1"),
        ("a.txt", "x".encode("utf-16"), {}, "set corpus.encoding=utf-16"),
        ("a.txt", b"ab\nc\0d\n", {}, "corpus.path: a.txt is binary (NUL at line 2); give a text"),
        ("a.txt", "x", {"encoding": "utf-9"}, "corpus.encoding: 'utf-9' is unknown; common ones are utf-8, latin-1"),
        ("a.csv", "", {}, "corpus.path: a.csv contains no sentences"),
        ("a.csv", "text,y\n", {}, "corpus.path: a.csv contains no sentences"),
        ("a.csv", "text,y\nx,1\n", {"column": "txt"},
         "corpus.column: a.csv has no column 'txt'; it has 'text', 'y'. Did you mean 'text'?"),
        ("a.csv", "text,y\nx,1\n", {"label": "z"}, "corpus.label: a.csv has no column 'z'; it has 'text'"),
        ("a.csv", "one,two\nx,1\n", {}, "corpus.column: a.csv has columns 'one', 'two'; name the one"),
        ("a.csv", "text,y\nx,1\nz,\n", {"label": "y"}, "corpus.label: a.csv, line 3 has no y; fill it in"),
        ("a.csv", "text,y\nx,1\nz\n", {"label": "y"}, "corpus.label: a.csv, line 3 has no y; fill it in"),
        ("a.csv", "text,y\na, b,1\n", {}, "a.csv, line 2 has 3 fields and the header 2; quote text"),
        ("a.csv", 'text\nx\n"open\n', {}, "corpus.path: a.csv, line 3: "),
        ("a.jsonl", '{"text": "x"}\n{"text"\n', {}, "corpus.path: a.jsonl, line 2 is not valid JSON"),
        ("a.jsonl", '{"text": "x"}\n{"text": "y\n', {},
         "line 2 is not valid JSON (Unterminated string starting at, column 10)"),
        ("a.csv", "text,y,text\nx,1,z\n", {}, "corpus.path: a.csv has 2 columns named 'text'; rename all but one"),
        ("a.txt", "x".encode("utf-32"), {}, "set corpus.encoding=utf-32, or save it as UTF-8"),
        ("a.txt", "x".encode("utf-32"), {"encoding": "utf-16"}, "is one, set corpus.encoding=utf-32, or save it as"),
        ("a.txt", "x".encode("utf-16") + b"x", {"encoding": "utf-16"}, "not utf-16 (line 1, byte 5); save it as UTF-8"),
        ("a.txt", "x\0".encode("utf-16"), {"encoding": "utf-16"}, "give a text file. If it is one, save it as UTF-8"),
        ("a.jsonl", '{"text": "x"}\n\n["x"]\n', {}, "corpus.path: a.jsonl, line 3 is not a JSON object;"),
        ("a.jsonl", '{"text": 5}\n', {}, "corpus.column: a.jsonl, line 1: text contains int, not text; name"),
        ("a.parquet", "x", {}, "corpus.path: a.parquet is not a valid parquet file; give one,"),
        ("a.txt", "x\ny\n", {}, "corpus: 2 sentences are too few to take out 1 for validation and 1 for test"),
        ("a.txt", "x\ny\nz\n", {"test": 0.9}, "corpus: 3 sentences are too few"),
        ("a.txt", "x\ny\nz\n", {"test": 0}, "corpus.test: 0 is not valid; give a file, a share"),
        ("a.txt", "x\ny\nz\n", {"validation": -1}, "corpus.validation: -1 is not valid; give a file"),
    ],
)  # fmt: skip
def test_mistakes(
    tmp_path: Path, name: str, content: str | bytes, arguments: dict[str, object], says: str
) -> None:
    with pytest.raises(Mistake) as caught:
        File(write(tmp_path / name, content), **arguments)  # type: ignore[arg-type]
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    path = hundred(tmp_path)
    with pytest.raises(Mistake, match=r"corpus.path: .*al.txt does not exist; did you mean 'all.txt'\?"):
        File(str(tmp_path / "al.txt"))
    with pytest.raises(
        Mistake, match="corpus.path: .*zzzz does not exist; relative paths start in the current folder"
    ):
        File(str(tmp_path / "zzzz"))
    with pytest.raises(
        Mistake, match="corpus.path: .* nor does its folder; relative paths start in the current folder"
    ):
        File(str(tmp_path / "no" / "a.txt"))
    with pytest.raises(Mistake, match="corpus.path: .* is a folder; give a file in it"):
        File(str(tmp_path))
    with pytest.raises(Mistake, match="corpus.test: .*none.txt does not exist"):
        File(path, test=str(tmp_path / "none.txt"))
    with pytest.raises(Mistake, match="corpus.test: .* is the training file itself; give another file"):
        File(path, test=path)
    (tmp_path / "round.txt").symlink_to(tmp_path / "round.txt")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nothing")
    for name in ("round.txt", "gone.txt"):
        with pytest.raises(Mistake, match=f"corpus.path: .*{name} is a link that leads to no file; give the"):
            File(str(tmp_path / name))
        with pytest.raises(Mistake, match=f"corpus.test: .*{name} is a link that leads to no file"):
            File(path, test=str(tmp_path / name))
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(Mistake, match="corpus.path: .*pipe.txt is a pipe or a device, not a file; save its"):
        File(str(tmp_path / "pipe.txt"))


def test_nan_is_an_empty_cell(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"text": "x", "y": 1.0}\n{"text": NaN, "y": NaN}\n')
    assert read(path, label="y") == Rows(["x"], ["1.0"], empty=1, numbers=True)
    path = write(tmp_path / "b.jsonl", '{"text": "x", "y": 1.0}\n{"text": "z", "y": NaN}\n')
    with pytest.raises(Mistake, match=r"corpus.label: b.jsonl, line 2 has no y; fill it in"):
        read(path, label="y")


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_a_document_may_be_long(tmp_path: Path, ending: str) -> None:
    text = "word " * 40_000  # more than the csv module's own limit
    assert read(write(tmp_path / f"a.{ending}", f"text\n{text}\n")).texts == [text.strip()]


def test_a_label_that_only_test_has(tmp_path: Path) -> None:
    path = write(tmp_path / "r.csv", "text,y\na,p\nb,q\nc,p\n")
    test = write(tmp_path / "t.csv", "text,y\na,w\n")
    with pytest.raises(
        Mistake, match=r"corpus.label: 'w' occurs in test but not in train \(which has .*; add it"
    ):
        File(path, label="y", test=test, validation=write(tmp_path / "v.csv", "text,y\na,p\n"))

    many = write(tmp_path / "m.csv", "text,y\n" + "".join(f"x{i},{i}\n" for i in range(20)))
    with pytest.raises(Mistake) as caught:
        File(many, label="y", test=1, validation=1)
    assert re.fullmatch(
        r"corpus.label: '\d+' occurs in validation but not in train \(which has ('\d+', ){4}'\d+' and 13 more\); "
        "draw another split with corpus.seed, give more sentences of it, or remove it",
        str(caught.value),
    )


def test_reading_a_file_loads_no_torch(tmp_path: Path) -> None:
    program = (
        "import sys; from textgan.data.files import File; import textgan.data.named, textgan.data.hub, "
        "textgan.data.tokenizers; File(sys.argv[1]); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'datasets', 'pyarrow')))"
    )
    subprocess.run([sys.executable, "-c", program, hundred(tmp_path)], check=True)


def test_datasets_saved_to_disk(tmp_path: Path) -> None:
    import datasets

    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["pos", "neg"])}
    )
    train = datasets.Dataset.from_dict(
        {"text": ["a", " ", "b", "a"], "label": [0, 1, 1, 0]}, features=features
    )
    test = datasets.Dataset.from_dict({"text": ["a", "c"], "label": [1, 0]}, features=features)
    datasets.DatasetDict({"train": train, "validation": test, "test": test}).save_to_disk(tmp_path / "d")
    corpus = Datasets(str(tmp_path / "d"), label="label")
    assert (corpus.train.texts, corpus.train.labels) == (["a", "b", "a"], [1, 0, 1])
    assert (corpus.test.texts, corpus.test.labels, corpus.label_names) == (["a", "c"], [0, 1], ("neg", "pos"))
    assert "1 empty line of train dropped" in corpus.notes
    assert "1 of 2 test sentences also occur in train" in corpus.notes
    cut = Datasets(str(tmp_path / "d"), validation=1, test="test")
    assert (len(cut.train), len(cut.validation)) == (2, 1)
    with pytest.raises(Mistake, match=r"corpus.split: .* has no split 'trian'. Did you mean 'train'\?"):
        Datasets(str(tmp_path / "d"), split="trian")
    with pytest.raises(Mistake, match="corpus.column: .* has no column 'txt'; it has .* Did you mean 'text'"):
        Datasets(str(tmp_path / "d"), column="txt")


def test_datasets_from_a_local_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    path = write(tmp_path / "r.csv", "text,y\n" + "".join(f"sentence {i},{i % 2}\n" for i in range(40)))
    corpus = Datasets(path, column="text", label="y", limit=20)
    assert [len(split) for split in (corpus.train, corpus.validation, corpus.test)] == [17, 1, 2]
    assert corpus.label_names == ("0", "1")
    streamed = Datasets(path, streaming=True, limit=10)
    texts = streamed.train.texts + streamed.validation.texts + streamed.test.texts
    assert sorted(texts) == sorted(f"sentence {i}" for i in range(10))


@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_reads_a_local_table_as_file_does(tmp_path: Path, streaming: bool) -> None:
    texts = ['"Come in,', 'he said."', "NA", "null", *(f'"sentence {i}' for i in range(20))]
    for ending in ("tsv", "jsonl"):
        path = tmp_path / f"a.{ending}"
        if ending == "tsv":
            path.write_text("text\ty\n" + "".join(f"{text}\t01\n" for text in texts), encoding="utf-8")
        else:
            path.write_text("".join(json.dumps({"text": text, "y": "01"}) + "\n" for text in texts))
        found = Datasets(str(path), label="y", streaming=streaming, limit=30)
        read_in = found.train.texts + found.validation.texts + found.test.texts
        assert sorted(read_in) == sorted(texts) and found.label_names == ("01",)
        same = File(str(path), label="y")
        assert (found.train, found.validation, found.test) == (same.train, same.validation, same.test)
    folder = tmp_path / "splits"
    folder.mkdir()
    for name, part in (("train", texts[:12]), ("dev", texts[12:14]), ("test", texts[14:])):
        write(folder / f"{name}.tsv", "text\n" + "".join(f"{text}\n" for text in part))
    given = Datasets(str(folder), streaming=streaming, limit=30)
    assert (given.train.texts, given.validation.texts, given.test.texts) == (
        texts[:12],
        texts[12:14],
        texts[14:],
    )
    path.write_text('{"text": "x"}\n{"text"\n')
    with pytest.raises(Mistake, match=r"corpus.dataset: a.jsonl, line 2 is not valid JSON"):
        Datasets(str(path), streaming=streaming, limit=30)
    path.write_bytes(b'{"text": "\xe9"}\n')
    with pytest.raises(
        Mistake, match=r"corpus.dataset: a.jsonl is not utf-8 \(line 1, byte 11\); save it as UTF-8"
    ):
        Datasets(str(path), streaming=streaming, limit=30)


def test_datasets_tells_what_is_wrong_with_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    path = write(tmp_path / "a.txt", b"caf\xe9\n")
    with pytest.raises(
        Mistake, match="corpus.dataset: .*a.txt cannot be read .*codec can't decode byte 0xe9"
    ):
        Datasets(path)


def test_datasets_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Mistake, match="corpus.limit: streaming needs a limit"):
        Datasets("anything", streaming=True)
    with pytest.raises(Mistake, match="corpus.limit: 0 keeps no sentence; give at least 1"):
        Datasets("anything", limit=0)
    import datasets

    def offline(*_: object, **__: object) -> None:
        raise ConnectionError("Couldn't reach the hub\nmore lines")

    monkeypatch.setattr(datasets, "load_dataset", offline)
    with pytest.raises(Mistake) as caught:
        Datasets("some/name")
    assert re.fullmatch(
        r"corpus.dataset: some/name is not a local folder .*Couldn't reach the hub\); check the name and .*",
        str(caught.value),
    )
    with pytest.raises(Mistake, match="corpus.dataset: .* cannot be read .*; expected csv"):
        Datasets(str(tmp_path))


def test_quotation_marks_of_a_tsv_that_quotes_nothing_are_text(tmp_path: Path) -> None:
    texts = ['"Come in,', 'he said."', '"all of it"', '"and" it', '""', '"twice ""told" ""']
    path = tmp_path / "plain.tsv"
    path.write_text("text\tkind\n" + "".join(f"{text}\tx\n" for text in texts), encoding="utf-8")
    assert read(path, "text", "kind").texts == texts
    path.write_text('text\tkind\n"Come\tin\tx\n', encoding="utf-8")
    with pytest.raises(Mistake, match=r"plain.tsv, line 2 has 3 fields and the header 2"):
        read(path, "text", "kind")


def test_labels_go_by_value_where_all_are_numbers() -> None:
    assert in_order(["10", "9", "-5", "9"]) == ("-5", "9", "10")
    assert in_order(["10", "9", "--5"]) == ("--5", "10", "9")  # which is a word
    assert in_order(["1", "01", "-"]) == ("-", "01", "1") and in_order(["1", "01"]) == ("01", "1")
