"""The commit that a run is recorded with: of this code, never of a repository that it happens to lie in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from textgan.runs import environment


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of environment.py in the environment of somebody's repository of one commit, which does not hold it."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    _git(tmp_path, "init", "--quiet")
    (tmp_path / "theirs.txt").write_text("theirs")
    _commit(tmp_path, "theirs.txt")
    copy = tmp_path / "venv" / "textgan" / "environment.py"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(Path(environment.__file__).read_bytes())
    monkeypatch.setattr(environment, "__file__", str(copy))
    return copy


def _git(folder: Path, *words: str) -> str:
    named = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    told = subprocess.run(["git", *named, *words], cwd=folder, capture_output=True, text=True, check=True)
    return told.stdout.strip()


def _commit(folder: Path, file: str) -> None:
    _git(folder, "add", "--force", file)
    _git(folder, "commit", "--quiet", "--message", file)


def test_another_projects_commit_is_not_ours(installed: Path, tmp_path: Path) -> None:
    assert environment.commit() is None
    _commit(tmp_path, str(installed))
    head = _git(tmp_path, "rev-parse", "HEAD")[:12]
    assert environment.commit() == head
    installed.write_text("changed")
    assert environment.commit() == f"{head}-dirty"


def test_outside_of_any_repository_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(environment, "__file__", str(tmp_path / "environment.py"))
    assert environment.commit() is None
