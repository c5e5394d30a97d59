"""Reading sentences: a huge line costs nothing, line ends and marks are no part of a sentence."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest

from textgan.data.lines import LONGEST, sentences
from textgan.errors import Mistake


def test_a_huge_line_is_refused_at_once(tmp_path: Path) -> None:
    with (tmp_path / "huge.txt").open("wb") as file:
        file.write(b"word " * 20_000_000)
    began = time.perf_counter()
    tracemalloc.start()
    with pytest.raises(Mistake, match="line 1 is longer"):
        sentences(tmp_path / "huge.txt", "target")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    (tmp_path / "huge.txt").unlink()
    assert most < 10 * LONGEST and time.perf_counter() - began < 2


def test_a_json_file_is_not_taken_for_sentences(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text('[{"text": "a dog"},\n{"text": "a cat"}]')
    with pytest.raises(
        Mistake, match="--references: .*list.json is JSON, which is not supported; save it as .jsonl"
    ):
        sentences(tmp_path / "list.json", "--references")


def test_line_ends_marks_and_spaces_are_no_part_of_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mixed.txt").write_bytes(b"\xef\xbb\xbf a dog \r\nb cat\rc\n\n d\x0ce\n")
    assert sentences(Path("mixed.txt"), "target") == ["a dog", "b cat", "c", "d\x0ce"]
    assert sentences(Path("mixed.txt"), "target", empty=True) == ["a dog", "b cat", "c", "", "d\x0ce"]
    Path("x.jsonl").write_text('{"text": "a  dog"}\n')
    assert sentences(Path("x.jsonl"), "target") == ["a dog"]
