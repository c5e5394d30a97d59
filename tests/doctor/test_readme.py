"""The README's commands for one's own text run as they stand, but for the smoke budget."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from textgan.cli import run

README = Path(__file__).parents[2] / "README.md"


def commands() -> list[list[str]]:
    section = (
        README.read_text(encoding="utf-8").split("## Your own text in five minutes")[1].split("\n## ")[0]
    )
    blocks = re.findall(r"^```sh\n(.*?)^```", section, re.M | re.S)
    return [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]


def test_the_commands_for_ones_own_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    texts = [
        f"the {'old' if i % 2 else 'new'} house {i % 7} is {'red' if i % 3 else 'blue'} ." for i in range(80)
    ]
    Path("my.txt").write_text("\n".join(texts[:60]), encoding="utf-8")
    Path("my-test.txt").write_text("\n".join(texts[60:]), encoding="utf-8")
    rows = (f"{text},{'pos' if i % 2 else 'neg'}" for i, text in enumerate(texts))
    Path("reviews.csv").write_text("text,sentiment\n" + "\n".join(rows), encoding="utf-8")
    wanted = commands()
    assert [words[1] for words in wanted] == [
        *("corpus", "train", "train", "sample"), "corpus", *("corpus", "train", "sample"), *("train", "train"),
    ]  # fmt: skip
    for program, *words in wanted:
        assert program == "textgan"
        if words[0] == "train":
            words += ["threads=1", "generator.hidden=8"] + ["budget=smoke"] * ("budget=smoke" not in words)
        capsys.readouterr()
        assert run(words) == 0, words
        if words[0] == "sample":
            assert len(capsys.readouterr().out.splitlines()) == 5
