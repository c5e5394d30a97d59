"""How models of others are loaded."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from textgan.errors import Mistake
from textgan.pretrained import fetch


def test_a_loader_draws_no_bar_into_the_log_and_what_comes_after_is_heard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def read(where: str, here: bool) -> str:
        print("Converting: 100%|####|", file=sys.stderr)
        return where

    assert fetch(str(tmp_path), read, "metrics.frechet") == str(tmp_path)
    print("began", file=sys.stderr)
    assert capsys.readouterr().err == "began\n"


def test_a_folder_that_cannot_be_loaded_is_told_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def read(where: str, here: bool) -> str:
        raise OSError("no config.json in it")

    with pytest.raises(
        Mistake, match="metrics.frechet: no model at .* \\(no config.json in it\\); give a folder"
    ):
        fetch(str(tmp_path), read, "metrics.frechet")
    print("still heard", file=sys.stderr)
    assert capsys.readouterr().err == "still heard\n"
