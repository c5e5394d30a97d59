"""Every code block of the README and the docs is run, in its section's order, with a smoke budget where it trains.

A section begins in a folder of its own that has the files a reader would bring (`my.txt`, `reviews.csv`, ...), and the
runs that the section speaks of and does not make. A Python or YAML block that begins with `# NAME.py` is that file.
What cannot be run stands in NOT_RUN, with the reason. A section with a test of its own, a `test_readme.py` that reads
the README from its heading on, is left to that.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from blocks import ROOT, Block, blocks, cut, documents

from textgan.assembly.library import locate, read
from textgan.assembly.overrides import as_words
from textgan.assembly.recipe import Recipe
from textgan.benchmark import end_to_end
from textgan.cli import app
from textgan.cli import run as command
from textgan.errors import Mistake

NOT_RUN = {
    "make demo": "trains four runs for minutes; its target is looked up in the Makefile",
    "make test": "would run these very tests; its target is looked up in the Makefile",
    "pip install": "would change the machine; the extra is looked up in pyproject.toml",
    "sentence-transformers/all-MiniLM-L6-v2": "downloads a model; its recipe is checked; see test_pretrained_judge",
    "model: distilgpt2": "downloads a model; its recipe is checked; see test_pretrained_generator",
    "python benchmarks/recipes.py --set systems": "hours of training on text that does not come with the package",
    "python benchmarks/semi.py": "reads mr, which does not come with the package, for an hour",
    "python benchmarks/stabilisers.py": "half an hour of training",
    "torchrun --n": "starts several processes, which tests/training/test_ranks.py does",
    "accelerate launch": "starts several processes, which tests/training/test_ranks.py does",
    "--launcher submitit": "submits jobs, as tests/benchmark/test_cluster.py does, and submitit may not be there",
    "textgan augment my.csv": "trains several generators and classifiers; tests/augment runs its section in smoke form",
    "textgan/  machine/": "a list of folders and no code",
    "recipe.yaml ──► corpus": "a picture",
}
"""What a line or block holds -> why it is not run."""

SLOW = {"The systems of the literature"}
"""Sections that take long; `make test-all` runs them."""

OTHERS = "".join(
    file.read_text(encoding="utf-8") for file in sorted((ROOT / "tests").glob("*/test_readme.py"))
)
BLOCKS = [block for file in documents() for block in blocks(file)]
SECTIONS = [
    one
    for one in dict.fromkeys((block.file, block.section) for block in BLOCKS)
    if f'"## {one[1]}"' not in OTHERS
]


def reason(text: str) -> str | None:
    return next((why for part, why in NOT_RUN.items() if part in text), None)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reader's folder, in which whatever trains does so in smoke form."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))  # a notebook imports from its own folder
    texts = [
        f"the {'old' if i % 2 else 'new'} house {i % 7} is {'red' if i % 3 else 'blue'} ." for i in range(80)
    ]
    for name, part in {
        "my.txt": texts[:60],
        "my-test.txt": texts[60:],
        "test.txt": texts[60:],
        "samples.txt": texts[:20],
    }.items():
        Path(name).write_text("\n".join(part), encoding="utf-8")
    rows = (f"{text},{'pos' if i % 2 else 'neg'}" for i, text in enumerate(texts))
    Path("reviews.csv").write_text("text,sentiment\n" + "\n".join(rows), encoding="utf-8")
    Path("recipes/short").mkdir(parents=True)
    shutil.copy(ROOT / "recipes/short/mle.yaml", "recipes/short")
    whole_load, conduct = Recipe.load, end_to_end.conduct

    def load(recipe: str | Path, overrides: Sequence[str] = ()) -> Recipe:
        budgets = read(locate(recipe))[0].get("budgets") or {}
        words = list(overrides)
        if "smoke" in budgets:  # not the recipe of a run folder, which has none
            begun = tuple(word.partition("=")[0] for word in words)
            added = {"budget": "smoke", "threads": 1, "evaluate.final": 30, "evaluate.samples": 20}
            words += [f"{key}={value}" for key, value in added.items() if key not in begun]
        return whole_load(recipe, words)

    def short(asked: Any, budget: Any, out: Path, **named: Any) -> end_to_end.Benchmarked:
        few = {"temperatures": (1.0,), "samples": 20, "jobs": 1, "threads": 1}
        return conduct(replace(asked, seeds=asked.seeds[:1]), budget, out, **named | few)

    monkeypatch.setattr(Recipe, "load", load)
    monkeypatch.setattr(end_to_end, "conduct", short)
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """A run that sections speak of; made once, when it is first asked for."""
    place = tmp_path_factory.mktemp("trained") / "run"

    def give() -> Path:
        if not place.exists():
            words = ["budget=smoke", "threads=1", "evaluate.final=30", "evaluate.samples=20"]
            assert command(["train", "seqgan-short", *words, "--out", str(place)]) == 0
        return place

    return give


@pytest.mark.parametrize(
    ("file", "section"),
    [
        pytest.param(*one, marks=[pytest.mark.slow] if one[1] in SLOW else [], id="-".join(one))
        for one in SECTIONS
    ],
)
def test_the_code_blocks_of(
    file: str, section: str, world: Path, trained: Callable[[], Path], request: pytest.FixtureRequest
) -> None:
    mine = [block for block in BLOCKS if (block.file, block.section) == (file, section)]
    _files_of_the_page(file, mine)
    _bring_runs(mine, trained)
    names: dict[str, Any] = {"__name__": "__main__"}
    before = dict(sys.modules)
    try:
        for block in mine:
            _run(block, names)
    finally:
        for name in set(sys.modules) - set(before):  # a reader's own files; the next section has others
            if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(world)):
                del sys.modules[name]


def _file_name(block: Block) -> str | None:
    first = block.text.partition("\n")[0]
    found = re.fullmatch(r"# ([\w-]+\.(?:py|yaml))", first)
    return found[1] if found else None


def _files_of_the_page(file: str, mine: Sequence[Block]) -> None:
    """The files that other sections of the page define and this one names."""
    own = {name for block in mine if (name := _file_name(block))}
    told = "\n".join(block.text for block in mine)
    for block in BLOCKS:
        name = _file_name(block)
        if block.file == file and name and name not in own and name in told:
            Path(name).write_text(block.text + "\n", encoding="utf-8")


def _bring_runs(mine: Sequence[Block], trained: Callable[[], Path]) -> None:
    told = "\n".join(block.text for block in mine)
    made = set(re.findall(r"(?:--out |out=\")(runs/[\w-]+)", told))
    for name in sorted(set(re.findall(r"(?<![\w/])runs/[\w-]+", told)) - made):
        shutil.copytree(trained(), name)


def _run(block: Block, names: dict[str, Any]) -> None:
    name = _file_name(block)
    if name:
        Path(name).write_text(block.text + "\n", encoding="utf-8")
    elif block.language == "sh":
        for line in block.text.replace("\\\n", " ").splitlines():
            for part in _commands(line):
                _shell(part, block)
    elif reason(block.text):
        return
    elif block.language == "python":
        exec(compile("\n" * (block.line - 1) + block.text, str(ROOT / block.file), "exec"), names)
    elif block.language == "yaml":
        Recipe.load("seqgan-short", as_words(yaml.safe_load(block.text))).check()
    else:
        pytest.fail(f"{block.place}: a block of {block.language!r} has no way of being run; see NOT_RUN")


def _commands(line: str) -> list[list[str]]:
    """The words of each command of a line, `a && b`, without its comment; `*` and `>` are left to `_shell`."""
    found: list[list[str]] = [[]]
    for word in shlex.split(line, comments=True):
        if word == "&&":
            found.append([])
        else:
            found[-1].append(word)
    return [words for words in found if words]


def _shell(words: Sequence[str], block: Block) -> None:
    told = f"{block.place}: {shlex.join(words)}"
    if words[0] == "make":
        assert reason(shlex.join(words)), told
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.M), told
        return
    if words[:2] == ["pip", "install"]:
        for extra in re.findall(r"textgan\[(\w+)\]", " ".join(words)):
            assert re.search(rf"^{extra} = ", (ROOT / "pyproject.toml").read_text(), re.M), told
        return
    if words[0] in ("torchrun", "accelerate"):
        assert reason(shlex.join(words)), told
        verb, recipe, *rest = words[words.index("textgan") + 1 :]
        assert verb == "train", told
        Recipe.load(recipe, [word for word in rest if "=" in word]).check()
        return
    assert words[0] == "textgan", f"{told}: not a command of ours; see NOT_RUN"
    arguments = [
        path
        for word in words[1:]
        for path in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
    ]
    if reason(" ".join(words)) and arguments[0] != "train":
        verb = typer.main.get_command(app).commands[arguments[0]]  # type: ignore[attr-defined]
        known = {option for parameter in verb.params for option in parameter.opts}
        assert {word for word in arguments if word.startswith("--")} <= known, told
        return
    if reason(" ".join(words)):
        out = arguments.index("--out")
        Recipe.load(arguments[1], [word for word in arguments[2:out] if "=" in word]).check()
        return
    if "report_to=tensorboard" in arguments and not find_spec("tensorboard"):
        with pytest.raises(Mistake, match="pip install tensorboard"):
            Recipe.load(arguments[1], arguments[2:3]).callbacks[0].build()
        return
    assert command(arguments) == 0, told


def test_what_is_not_run_is_still_there() -> None:
    text = "\n".join(block.text for block in BLOCKS)
    assert [part for part in NOT_RUN if part not in text] == []


def test_every_block_is_found(tmp_path: Path) -> None:
    """As many fences as a plain count gives, and blocks by indentation."""
    for file in documents():
        fences = sum(
            line.lstrip().startswith("```") for line in file.read_text(encoding="utf-8").splitlines()
        )
        fenced = [block for block in blocks(file) if block.language or block.file == "README.md"]
        assert len(fenced) == fences / 2, file
    told = "## A\n\n    one\n\n    two\ntext\n- list\n    goes on\n\n## B\n```sh\nls\n```\n  ~~~python\n  x\n  ~~~\n"
    assert [(b.section, b.line, b.language, b.text) for b in cut(told, "x")] == [
        ("A", 3, "", "one\n\ntwo"),
        ("B", 12, "sh", "ls"),
        ("B", 15, "python", "x"),
    ]


def test_the_sections_that_are_slow_are_there() -> None:
    assert {section for _, section in SECTIONS} >= SLOW


def test_a_block_that_fails_is_a_failure(world: Path) -> None:
    for language, text in (
        ("sh", "textgan train no-such"),
        ("sh", "rm -r x"),
        ("python", "1/0"),
        ("ruby", "x"),
    ):
        with pytest.raises((AssertionError, ZeroDivisionError, pytest.fail.Exception)):
            _run(Block("README.md", 1, "", language, text), {})
    with pytest.raises(Mistake):
        _run(Block("README.md", 1, "", "yaml", "strategy: {name: gumbel, hart: true}"), {})
    assert os.listdir("recipes/short") == ["mle.yaml"]
