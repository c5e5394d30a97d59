"""The command line: exit codes, one clear line a mistake, quiet pipes. Runs are stood in for by fakes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from textgan.cli import run
from textgan.errors import Mistake
from textgan.runs.asked import Asked, Drawn

ROOT = Path(__file__).parents[2]
TEXTGAN = [sys.executable, "-m", "textgan"]


class Loaded:
    label_names = ("neg", "pos")

    def __init__(self, calls: dict[str, object]) -> None:
        self.calls = calls

    def draw(self, n: int, asked: Asked, *, told: bool, dropped: Counter[str]) -> Iterator[Drawn]:
        self.calls.update(asked=asked, told=told)
        yield from (Drawn(f"sentence {i} é", asked.label, 4, -2.0, 0.5) for i in range(n))
        if asked.unique:
            dropped["unique"] += 3


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, object]:
    """What `textgan.runs.train` was asked for; a fake in its place, and a folder `run` that looks like a run."""
    seen: dict[str, object] = {}
    fake = types.ModuleType("textgan.runs.train")

    def load(run: Path, checkpoint: str, *, trust_code: bool) -> Loaded:
        seen.update(run=run, checkpoint=checkpoint, trust_code=trust_code)
        return Loaded(seen)

    class Interrupted(Exception):
        code = 130

    def train(recipe: object, out: Path | None, seed: int | None, resume: bool, command: str) -> Path:
        seen.update(recipe=recipe, out=out, seed=seed, resume=resume, command=command)
        raise Interrupted("stopped and saved; go on with: textgan train x --resume")

    fake.__dict__.update(load=load, train=train, Interrupted=Interrupted)
    for name in ("textgan.runs.train", "textgan.runs.loaded"):
        monkeypatch.setitem(sys.modules, name, fake)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.yaml").write_text("length: 20\n")
    monkeypatch.chdir(tmp_path)
    return seen


def complaint(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(words) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and "Traceback" not in printed.err
    assert all(line.startswith("textgan: ") for line in printed.err.splitlines())
    return printed.err.removeprefix("textgan: ").rstrip("\n")


def test_sample_writes_sentences_and_nothing_else(
    calls: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    words = "sample run -n 2 --temperature 0.7 --top-k 5 --top-p 0.9 --prefix a --label pos --seed 4"
    assert run([*words.split(), "--format", "jsonl", "--checkpoint", "best"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    said = {"label": "pos", "tokens": 4, "log_prob": -2.0, "log_prob_per_token": -0.5, "score": 0.5}
    assert rows == [{"text": f"sentence {i} é", **said} for i in range(2)]
    asked = Asked(temperature=0.7, top_k=5, top_p=0.9, prefix="a", label="pos", seed=4)
    assert calls == {
        "run": Path("run"),
        "checkpoint": "best",
        "trust_code": False,
        "asked": asked,
        "told": True,
    }
    assert run(["sample", "run", "-n", "3"]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("sentence 0 é\nsentence 1 é\nsentence 2 é\n", "")
    assert calls["told"] is False


def test_what_is_to_be_kept_is_handed_over_and_what_was_dropped_told(
    calls: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    words = "sample run -n 2 --balance pos=3,neg=1 --best-of 4 --reject 0.5 --min-score -1 --unique --novel"
    assert run(words.split()) == 0
    chosen = Asked(
        balance={"pos": 3.0, "neg": 1.0}, best_of=4, reject=0.5, min_score=-1.0, unique=True, novel=True
    )
    assert calls["asked"] == chosen
    told = "textgan: 2 of 5 sentences were kept; 3 written before\n"
    assert capsys.readouterr().err == told
    assert run(["sample", "run", "--reject", "odds", "--balance", "train"]) == 0
    assert calls["asked"] == Asked(reject="odds", balance="train")


@pytest.mark.parametrize("code", [130, 0])  # Ctrl-C, and a scheduler's SIGTERM
def test_train_hands_everything_over_and_stops_with_the_signal_s_code(
    code: int, calls: dict[str, object], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["textgan.runs.train"].Interrupted, "code", code)
    Path("mine.py").write_text("class G:\n    def __init__(self, hidden: int = 1): ...\n")
    Path("r.yaml").write_text(
        "corpus: {name: ./mine.py:G}\ngenerator: {name: ./mine.py:G}\nlength: 9\ntrain: {mle: {}}\n"
    )
    words = ["train", "r.yaml", "generator.hidden=3", "--out", "o", "length=8", "--seed", "5", "--resume"]
    monkeypatch.setattr(sys, "argv", ["textgan", *words])
    assert run(words) == code
    assert capsys.readouterr().err == "textgan: stopped and saved; go on with: textgan train x --resume\n"
    assert (calls["out"], calls["seed"], calls["resume"]) == (Path("o"), 5, True)
    assert calls["recipe"].values["length"] == 8  # type: ignore[attr-defined]
    assert calls["command"] == " ".join(["textgan", *words])


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("train nowhere", "recipe: there is none called 'nowhere'"),
        ("train seqgan-shot", "Did you mean 'seqgan-short'?"),
        ("trian seqgan-short", "No such command 'trian'. Did you mean 'train'?"),
        ("train seqgan-short --sed 3", "No such option: --sed"),
        ("train", "Missing argument"),
        ("sample nowhere", "run: there is no run folder nowhere"),
        ("sample .", "run: . is not a run folder; expected one that holds recipe.yaml"),
        ("sample run -n 0", "'-n'"),
        ("sample run -n many", "'-n'"),
        ("sample run --temperature 0", "--temperature: expected a value above 0, got 0"),
        ("sample run --temperature nan", "--temperature: expected a value above 0, got nan"),
        ("sample run --top-p 1.5", "--top-p: expected a value above 0 and up to 1, got 1.5"),
        ("sample run --format csv", "'csv'"),
        ("sample run --best-of 0", "'--best-of'"),
        ("sample run --reject 1", "--reject: expected a share of 0 or more and less than 1, or odds, got 1"),
        ("sample run --reject half", "--reject: expected a share such as 0.5, or odds, got 'half'"),
        (
            "sample run --balance pos",
            "--balance: 'pos' is not a weight; give even, train, or weights such as",
        ),
        ("sample run --label pos --balance train", "--balance: with --label, all sentences have one label"),
        ("sample run --label pos --balance even", "--balance: with --label, all sentences have one label"),
        ("train mle-short --seed 3 seed=4", "--seed: also given as seed=...; keep one of the two"),
        ("evaluate nowhere.txt", "target: there is no file or run folder nowhere.txt"),
        (
            "evaluate real.txt --metrics bleu",
            "metrics.bleu: needs real text to compare with; give --references",
        ),
        ("evaluate real.txt --metrics blue", "metrics: there is no metric 'blue'. Did you mean 'bleu'?"),
        ("evaluate real.txt --metrics nll", "metrics.nll: needs a run folder, for its likelihood"),
        ("evaluate real.txt --metrics ,", "--metrics: names no metric"),
        ("evaluate real.txt --references gone.txt", "--references: there is no file or run folder gone.txt"),
        ("evaluate empty.txt", "target: empty.txt contains no sentences; expected one per line"),
        ("evaluate binary", "target: binary is not UTF-8 text"),
        ("report nowhere", "run: there is no run folder nowhere"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    words: str, line: str, calls: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("real.txt").write_text("a man rides a horse\na dog runs in the park\n")
    Path("empty.txt").write_text("\n \n")
    Path("binary").write_bytes(bytes(range(256)))
    printed = complaint(capsys, *words.split())
    assert line in printed and len(printed.splitlines()) == 1


def test_a_mistake_of_several_lines(
    calls: dict[str, object], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(run: Path, checkpoint: str, *, trust_code: bool) -> Loaded:
        raise Mistake("a: wrong\nb: wrong")

    monkeypatch.setattr(sys.modules["textgan.runs.loaded"], "load", load)
    assert complaint(capsys, "sample", "run") == "a: wrong\ntextgan: b: wrong"


def test_a_file_is_scored_with_signatures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("real.txt").write_text("a man rides a horse\na dog runs in the park\n")
    Path("fake.txt").write_text("a man rides a horse\na man rides a horse\n")
    assert run(["evaluate", "fake.txt", "--references", "real.txt", "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["bleu-4"]["value"] == pytest.approx(1.0) and "hyps:2" in scores["bleu-4"]["signature"]
    assert scores["duplicates"]["value"] == pytest.approx(0.5)
    assert run(["evaluate", "fake.txt", "--metrics", "duplicates"]) == 0
    assert capsys.readouterr().out.startswith("duplicates")


@pytest.mark.parametrize(
    "verb",
    ["train", "sample", "evaluate", "sweep", "benchmark", "recipes", "report", "interpolate", "analogy"],
)
def test_every_verb_has_help_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([verb, "--help"]) == 0
    assert f"Example: textgan {verb}" in capsys.readouterr().out


def test_recipes_are_listed_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["recipes"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert len(rows) >= 9 and all(len(row.split()) > 3 for row in rows)


@pytest.mark.skipif(os.name != "posix", reason="the processor time of child processes")
def test_help_answers_at_once() -> None:
    """In processor time, which another program on the machine does not lengthen."""
    import resource

    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*TEXTGAN, "--help"], check=True, capture_output=True, cwd=ROOT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(seconds) < 0.5


@pytest.mark.skipif(os.name != "posix", reason="pipes of a POSIX shell")
def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    code = (
        "import sys, types\nfrom textgan import cli\nfrom textgan.runs.asked import Drawn\n"
        "fake = types.ModuleType('textgan.runs.loaded')\n"
        "class L:\n    def draw(self, n, asked, **how): return (Drawn('word ' * 20) for _ in range(n))\n"
        "fake.load = lambda run, checkpoint, trust_code: L()\nsys.modules['textgan.runs.loaded'] = fake\n"
        "cli.main(['sample', sys.argv[1], '-n', '100000'])\n"
    )
    (tmp_path / "recipe.yaml").write_text("length: 20\n")
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout and process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(20) == 0
    process.stderr.close()


def test_ctrl_c_in_a_verb_is_told_of(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("textgan.assembly.recipe.Recipe.load", stop)
    assert run(["train", "mle-short"]) == 130
    assert capsys.readouterr().err == "textgan: stopped\n"


def test_ctrl_c_before_there_is_a_verb_is_told_of() -> None:
    code = """
import runpy, sys
class Stop:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Stop())
runpy.run_module("textgan", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "textgan: stopped\n")
