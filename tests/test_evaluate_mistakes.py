"""What `textgan evaluate` says of bad input: one line, where and what, and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from textgan.cli import run
from textgan.lines import LONGEST


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("empty.txt", "target: empty.txt holds no sentence; expected one a line"),
        ("nul.txt", "target: nul.txt is not UTF-8 text (NUL at line 2); give plain text"),
        ("latin.txt", "target: latin.txt is not UTF-8 text (line 2, byte 4); convert it first"),
        (
            "long.txt",
            f"target: long.txt, line 2 is longer than {LONGEST:,} bytes; expected a sentence a line",
        ),
        ("gone.txt", "target: there is no file or run folder gone.txt"),
        ("a.txt gone.txt", "target: there is no file or run folder gone.txt"),
        ("a.txt a.txt", "target: a.txt is given twice"),
        ("a.txt --references empty.txt", "--references: empty.txt holds no sentence"),
        ("a.txt --references .", "--references: . is a folder"),
        ("a.txt --train gone.txt", "--train: there is no file"),
        ("a.txt --metrics self-blue", "there is no metric 'self-blue'. Did you mean 'self-bleu'?"),
        ("a.txt --metrics novelty", "metrics.novelty: needs the training text; give --train FILE"),
        ("a.txt --preset texigen", "there is no preset 'texigen'. Did you mean 'texygen'?"),
        ("a.txt --preset texygen --metrics bleu", "metrics.bleu: needs real text to compare with"),
        ("one.txt --metrics self-bleu", "nothing could be measured of one.txt"),
        ("a.txt --json --format md", "--format: does not go with --json; give one of them"),
        ("a.txt --format html", "'html'"),
        (". a.txt", "samples: a run folder is scored alone"),
        (".", "run: . is not a run folder; expected one that holds recipe.yaml"),
        ("run --ci", "--ci: is for files of sentences, not for a run folder"),
        ("run --preset texygen", "--preset: is for files of sentences"),
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
    Path("run").mkdir()
    Path("run/recipe.yaml").write_text("length: 20\n")
    assert run(["evaluate", *words.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert line in printed.err and printed.err.startswith("textgan: ")
