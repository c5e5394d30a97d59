"""What `textgan evaluate` says of bad input: one line, where and what, and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from textgan.cli import run
from textgan.data.lines import LONGEST


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("empty.txt", "target: empty.txt contains no sentences; expected one per line"),
        ("nul.txt", "target: nul.txt is not UTF-8 text (NUL at line 2); give plain text"),
        ("latin.txt", "target: latin.txt is not UTF-8 text (line 2, byte 4); convert it first"),
        (
            "long.txt",
            f"target: long.txt, line 2 is longer than {LONGEST:,} bytes; expected one sentence per line",
        ),
        ("junk", "target: junk is not UTF-8 text (line 1, byte 1)"),
        (
            "utf16.txt",
            "target: utf16.txt is not UTF-8 text (NUL at line 1); give plain text, or convert UTF-16",
        ),
        ("wide.csv", "--column: wide.csv has columns 'id', 'title'; name the one with the text"),
        ("latin.csv", "target: latin.csv is not utf-8 (line 1, byte 4); convert it first, e.g. with iconv"),
        ("head.csv", "target: head.csv contains no sentences"),
        ("number.jsonl", "--column: number.jsonl, line 1: text contains int, not text"),
        ("broken.jsonl", "target: broken.jsonl, line 1 is not valid JSON"),
        ("long.jsonl", f"target: long.jsonl contains a text longer than {LONGEST:,} characters"),
        ("long.csv", "target: long.csv, line 2: field larger than field limit"),
        ("fake.parquet", "target: fake.parquet is not a valid parquet file"),
        ("gone.txt", "target: there is no file or run folder gone.txt"),
        ("a.txt gone.txt", "target: there is no file or run folder gone.txt"),
        ("a.txt a.txt", "target: a.txt is given twice"),
        ("a.txt --references empty.txt", "--references: empty.txt contains no sentences"),
        ("a.txt --references .", "--references: . is a folder"),
        ("a.txt --train gone.txt", "--train: there is no file"),
        ("a.txt --metrics self-blue", "there is no metric 'self-blue'. Did you mean 'self-bleu'?"),
        ("a.txt --metrics novelty", "metrics.novelty: needs the training text; give --train FILE"),
        ("a.txt --preset texigen", "there is no preset 'texigen'. Did you mean 'texygen'?"),
        ("a.txt --preset texygen --metrics bleu", "metrics.bleu: needs real text to compare with"),
        ("one.txt --metrics self-bleu", "nothing could be measured of one.txt"),
        ("a.txt --json --format md", "--format: cannot be combined with --json; give one of them"),
        ("a.txt --format html", "'html'"),
        (". a.txt", "samples: a run folder is scored on its own"),
        (".", "run: . is not a run folder; expected one that holds recipe.yaml"),
        ("run --ci", "--ci: applies to text files, not to a run folder"),
        ("run --preset texygen", "--preset: applies to text files"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    words: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("a dog runs\na cat sleeps\n")
    Path("empty.txt").write_text("\n \n")
    Path("one.txt").write_text("a dog\n")
    Path("nul.txt").write_bytes(b"a dog\n\x00\x01junk\n")
    Path("latin.txt").write_bytes("a dog\ncaf\xe9\n".encode("latin-1"))
    Path("long.txt").write_bytes(b"a dog\n" + b"word " * (LONGEST // 4))
    Path("junk").write_bytes(b"\xff\xfb\x90D" * 500)
    Path("utf16.txt").write_bytes("a dog\n".encode("utf-16"))
    Path("wide.csv").write_text("id,title\n1,a dog\n")
    Path("latin.csv").write_bytes("caf\xe9,x\n".encode("latin-1"))
    Path("head.csv").write_text("text\n")
    Path("number.jsonl").write_text('{"text": 1}\n')
    Path("broken.jsonl").write_text("{a dog}\n")
    Path("long.jsonl").write_text('{"text": "' + "word " * (LONGEST // 4) + '"}\n')
    Path("long.csv").write_text("text\n" + "word " * (LONGEST // 4) + "\n")
    Path("fake.parquet").write_text("a dog\n")
    Path("run").mkdir()
    Path("run/recipe.yaml").write_text("length: 20\n")
    assert run(["evaluate", *words.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert line in printed.err and printed.err.startswith("textgan: ")


@pytest.mark.parametrize(
    ("words", "warnings"),
    [
        ("a.txt --references a.txt", ["a.txt: every sentence scored also occurs in a.txt, so BLEU is 1"]),
        ("one.txt", []),
        ("one.txt --references a.txt --metrics all --ci", []),
        ("a.txt --references one.txt --train one.txt --metrics all --ci", []),
        (
            "one.txt --references a.txt --metrics bleu,self-bleu",
            ["metrics.self-bleu: cannot be measured of one.txt"],
        ),
    ],
)
def test_little_or_odd_text_is_scored_as_far_as_it_goes(
    words: str,
    warnings: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("a dog runs\na cat sleeps\n")
    Path("one.txt").write_text("a dog\n")
    assert run(["evaluate", *words.split()]) == 0
    printed = capsys.readouterr()
    assert "duplicates" in printed.out or "bleu-2" in printed.out
    for line, told in zip(printed.err.splitlines(), warnings, strict=True):
        assert line.startswith(f"textgan: warning: {told}")
