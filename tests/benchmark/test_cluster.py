"""A benchmark's jobs through submitit, by its local executor; and one line where it is not installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from textgan.benchmark import worker
from textgan.benchmark.cluster import Cluster
from textgan.benchmark.crew import Done, Job
from textgan.benchmark.end_to_end import conduct
from textgan.benchmark.run import Launcher
from textgan.errors import Mistake


def test_without_submitit_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(
        Mistake, match=r"^--launcher: submitit is not installed; pip install 'textgan\[cluster\]'"
    ):
        Launcher("submitit").crew(1, 1, tmp_path, [])


def test_a_wrong_launcher_or_option_is_told(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="there is no 'submitt'. Did you mean 'submitit'?"):
        Launcher("submitt")
    with pytest.raises(Mistake, match="'local' takes none"):
        Launcher("local", {"timeout_min": 3})
    from textgan.benchmark.arguments import Budget, Words

    asked = Words(("mle-short",), (), (1,), ({},))
    with pytest.raises(Mistake, match="expected KEY=VALUE"):
        conduct(asked, Budget.parse(None), tmp_path / "out", launcher="submitit", launcher_options=["gpu"])
    assert not (tmp_path / "out").exists()


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    pytest.importorskip("submitit", reason="submitit is not installed (the extra `cluster`)")
    monkeypatch.setattr("textgan.benchmark.cluster.ASK_SECONDS", 0.05)
    monkeypatch.setattr(worker, "do", lambda order: order["failed"])  # `debug` runs a job in this process
    return Cluster(2, 1, tmp_path, cluster="debug")


def test_what_is_needed_comes_first_and_what_breaks_takes_only_its_own_with_it(
    cluster: Cluster, tmp_path: Path
) -> None:
    def job(key: str, failed: str | None, needs: str | None = None) -> Job:
        return Job(key, key, {"failed": failed}, tmp_path / f"{key}.txt", needs)

    jobs = [
        job("on good", None, "good"),
        job("on bad", None, "bad"),
        job("bad", "no good"),
        job("good", None),
    ]
    begun: list[str] = []
    done: dict[str, Done] = {}
    for one in cluster.do(jobs, lambda job: begun.append(job.key)):
        done[one.job.key] = one
    assert {key: one.failed for key, one in done.items()} == {
        "good": None, "on good": None, "bad": "no good", "on bad": "the run it depends on failed (bad)",
    }  # fmt: skip
    assert begun.index("good") < begun.index("on good") and "on bad" not in begun


def test_an_unknown_option_of_submitit_is_a_mistake(tmp_path: Path) -> None:
    pytest.importorskip("submitit", reason="submitit is not installed (the extra `cluster`)")
    with pytest.raises(Mistake, match="--launcher-option: .*partitoin"):
        Cluster(1, 1, tmp_path, {"partitoin": "gpu"}, cluster="local")


def test_a_process_of_its_own_does_the_job(tmp_path: Path) -> None:
    """submitit's local executor: a job that is a user's mistake comes back as its one line."""
    pytest.importorskip("submitit", reason="submitit is not installed (the extra `cluster`)")
    order = {
        "kind": "run", "path": str(tmp_path / "run"), "command": "", "fronts": {}, "name": "mine",
        "folder": str(tmp_path), "values": {"train": {}}, "request": {},
    }  # fmt: skip
    (done,) = Cluster(1, 1, tmp_path, cluster="local").do([Job("one", "one", order, tmp_path / "one.txt")])
    assert done.failed is not None and "train: no phase" in done.failed
    assert "textgan: " in (tmp_path / "one.txt").read_text()
