"""A run folder from a stranger runs nothing, writes nowhere else, and its text stays text."""

from __future__ import annotations

import ast
import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import textgan
from textgan.assembly.recipe import Recipe
from textgan.cli import run as command
from textgan.errors import Mistake
from textgan.runs.train import train
from textgan.training.folder import write_text

CORPUS = [
    f"{a} {b} {c} ." for a in ("a dog", "the cat", "<script>x</script>") for b in "uvwxyz" for c in "klmn"
]
SMALL = [
    *("corpus.validation=10", "corpus.test=20", "length=8", "generator.hidden=8", "generator.embedding=4"),
    *("train.mle.epochs=1", "threads=1", "metrics=[bleu]", "evaluate={samples: 10, final: 20}"),
]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("honest")
    (folder / "text.txt").write_text("\n".join(CORPUS), encoding="utf-8")
    recipe = Recipe.load("mle-short", [f"corpus.path={folder / 'text.txt'}", *SMALL])
    return train(recipe, folder / "run")


@pytest.fixture
def stranger(honest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the run, and in it a file that leaves a mark where it is run."""
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "run"
    shutil.copytree(honest, run)
    (run / "evil.py").write_text(
        f"from pathlib import Path\nPath({str(tmp_path / 'mark')!r}).touch()\n"
        "from textgan.generators.recurrent import LSTM as Evil\ndef evil(samples): return {}\n",
        encoding="utf-8",
    )
    return run


def _change(run: Path, change: Callable[[dict[str, Any]], object]) -> None:
    values = yaml.safe_load((run / "recipe.yaml").read_text())
    change(values)
    (run / "recipe.yaml").write_text(yaml.safe_dump(values))


COMMANDS = [
    ["sample", "run"],
    ["evaluate", "run"],
    ["sweep", "run", "--temperatures", "1", "--samples", "10"],
    ["documents", "run"],
    ["interpolate", "run", "a dog u k .", "the cat v l ."],
    ["analogy", "run", "a dog u k .", "the cat v l .", "a dog v l ."],
]
PLACES: list[Callable[[dict[str, Any]], object]] = [
    lambda values: values["generator"].update(name="./evil.py:Evil"),
    lambda values: values["metrics"].append("./evil.py:evil"),
    lambda values: values.update(objective={"name": "mixed-reward", "score": "./evil.py:evil"}),
    lambda values: values["train"]["mle"].update(optimizer={"lr": ["./evil.py:evil"]}),
]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize("place", PLACES, ids=["generator", "metric", "function", "anywhere"])
def test_a_run_that_names_code_is_refused_before_any_of_it_is_run(
    words: list[str],
    place: Callable[[dict[str, Any]], object],
    stranger: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _change(stranger, place)
    assert command(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "runs code of ./evil.py" in line and "--trust-code" in line
    assert not Path("mark").exists()


def test_neither_is_it_exported(stranger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _change(stranger, PLACES[1])
    assert command(["export", "run", "exported"]) == 2
    assert "runs code of ./evil.py" in capsys.readouterr().err
    assert command(["export", "run", "exported", "--trust-code"]) == 0  # no metric is run there
    assert not Path("mark").exists()


def test_with_trust_it_runs(stranger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _change(stranger, PLACES[0])
    assert command(["sample", "run", "-n", "2", "--trust-code"]) == 0
    assert Path("mark").exists() and len(capsys.readouterr().out.splitlines()) == 2


def test_own_code_that_changed_since_is_run_with_a_warning(
    stranger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _change(stranger, PLACES[0])
    evil = (stranger / "evil.py").resolve()
    (stranger / "code.json").write_text(json.dumps({str(evil): sha256(evil.read_bytes()).hexdigest()}))
    commands = (
        ["sample", "run", "-n", "2"],
        ["evaluate", "run"],
        ["sweep", "run", "--temperatures", "1", "--samples", "10"],
    )
    for words in commands:
        assert command([*words, "--trust-code"]) == 0
    assert "warning" not in capsys.readouterr().err
    evil.write_text(evil.read_text().replace("return {}", "return {'x': 1}"))
    for words in commands:
        assert command([*words, "--trust-code"]) == 0
        assert f"textgan: warning: {evil}: not what run was trained with" in capsys.readouterr().err
    with pytest.warns(UserWarning, match="evil.py: not what .*run was trained with"):
        textgan.load("run", trust_code=True).sample(1)


def test_a_report_on_it_and_a_run_that_starts_from_it_run_none_of_its_code(stranger: Path) -> None:
    for place in PLACES[:2]:
        _change(stranger, place)
    text = yaml.safe_load((stranger / "recipe.yaml").read_text())["corpus"]["path"]
    (stranger / "samples" / "after.txt").write_text("<script>x</script>\n" * 20)
    assert command(["report", "run", "--out", "report.html"]) == 0
    page = Path("report.html").read_text(encoding="utf-8")
    assert "<script>x" not in page and "&lt;script&gt;x" in page
    small = [word for word in SMALL if not word.startswith("train.mle")]
    small += ["train.adversarial={steps: 1, batch: 4}", "train.discriminator=null"]
    discriminator = ["discriminator.filters=4", "discriminator.embedding=4"]
    assert (
        command(
            [
                "train",
                "gumbel-short",
                "start=run",
                f"corpus.path={text}",
                *small,
                *discriminator,
                "--out",
                "next",
            ]
        )
        == 0
    )
    assert not Path("mark").exists()


class _Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("mark",)


def test_a_pickle_in_a_checkpoint_and_a_tag_in_a_recipe_are_not_run(
    stranger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = stranger / "checkpoints" / "last" / "state.pt"
    (state.parent / "manifest.json").unlink()
    recipe = Recipe.load(stranger / "recipe.yaml")
    for write in (
        lambda: torch.save(_Bomb(), state),
        lambda: state.write_bytes(pickle.dumps(_Bomb(), protocol=2)),
    ):
        write()
        with pytest.raises(Mistake, match="state.pt: cannot be read"):
            train(recipe, stranger, resume=True)
    (state.parent / "generator.safetensors").write_bytes(pickle.dumps(_Bomb(), protocol=2))
    assert command(["sample", "run"]) == 2
    (stranger / "recipe.yaml").write_text("name: !!python/object/apply:os.mkdir [mark]\n")
    for verb in ("sample", "report"):
        assert command([verb, "run"]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not Path("mark").exists()


@pytest.mark.parametrize("name", ["../../evil", "/evil", "..", ".hidden", "a/b", "a\\b", "a\nb", "x" * 200])
def test_a_recipe_s_name_leads_nowhere_else(name: str, stranger: Path) -> None:
    _change(stranger, lambda values: values.update(name=name))
    with pytest.raises(Mistake, match="cannot be a folder's name"):
        Recipe.load(stranger / "recipe.yaml").check()


def test_what_a_run_is_resumed_or_read_into_are_no_links(
    stranger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = stranger.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("mine")
    shutil.rmtree(stranger / "samples")
    (stranger / "samples").symlink_to(elsewhere)
    (stranger / "report.html").symlink_to(elsewhere / "precious")
    with pytest.raises(Mistake, match="samples is a link"):
        train(Recipe.load(stranger / "recipe.yaml"), stranger, resume=True)
    assert command(["report", "run"]) == 0
    assert (elsewhere / "precious").read_text() == "mine" and not (stranger / "report.html").is_symlink()


def _calls(tree: ast.AST) -> Iterator[tuple[str, dict[str, object]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            named = {word.arg: ast.literal_eval(word.value) for word in node.keywords if _is_constant(word)}
            yield ast.unparse(node.func), named


def _is_constant(word: ast.keyword) -> bool:
    return word.arg is not None and isinstance(word.value, ast.Constant)


def runs_code(text: str) -> list[str]:
    """Calls by which a file that is read could run code."""
    found = []
    for name, named in _calls(ast.parse(text)):
        last = name.rpartition(".")[2]
        signs = (
            name in ("yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load", "joblib.load"),
            name.startswith(("pickle.", "marshal.", "shelve.", "dill.", "cloudpickle.")),
            name == "torch.load" and named.get("weights_only") is not True,
            last == "from_pretrained" and bool(named.get("trust_remote_code")),
            last == "load" and bool(named.get("allow_pickle")),
            last in ("extractall", "unpack_archive", "exec"),
        )
        found += [name] if any(signs) else []
    return found


def test_no_file_is_read_by_what_could_run_its_code() -> None:
    package = Path(textgan.__file__).parent
    found = {str(path): runs_code(path.read_text(encoding="utf-8")) for path in package.rglob("*.py")}
    assert not {name: calls for name, calls in found.items() if calls}
    assert runs_code("torch.load(f)") and runs_code("torch.load(f, weights_only=False)")
    assert runs_code("pickle.loads(b)") and runs_code("yaml.load(f, Loader=yaml.SafeLoader)")
    assert runs_code("np.load(f, allow_pickle=True)") and runs_code(
        "A.from_pretrained(n, trust_remote_code=True)"
    )
    assert not runs_code("torch.load(f, weights_only=True)\nnp.load(f)\nyaml.safe_dump(x)")


def test_a_file_is_not_written_through_a_link_that_lies_in_wait(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    for name in ("report.html", f".report.html.{os.getpid()}.tmp"):
        (tmp_path / name).symlink_to(precious)
    write_text(tmp_path / "report.html", "page")
    assert precious.read_text() == "mine" and (tmp_path / "report.html").read_text() == "page"
    assert not (tmp_path / "report.html").is_symlink()
