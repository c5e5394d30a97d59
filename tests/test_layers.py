"""Imports run one way, and the cheap ones stay cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import textgan

PACKAGE = Path(textgan.__file__).parent

LAYERS = (
    ("amounts", "errors", "plain"),
    ("machine", "parts", "text"),
    ("pretrained", "types"),
    ("data", "sampling"),
    ("generators", "discriminators", "objectives"),
    ("strategies",),
    ("metrics",),
    ("training",),
    ("assembly",),
    ("runs",),
    ("doctor", "scoring"),
    ("report",),
    ("export",),
    ("benchmark",),
    ("augment",),
    ("opened",),
    ("api",),
    ("cli",),
    ("__init__", "__main__"),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def imported(tree: ast.AST, module: str) -> Iterator[str]:
    """The textgan modules that a file imports, wherever in it, except for the type checker alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(module.split(".")[: -node.level]) if node.level else ""
            source = ".".join(filter(None, (base, node.module)))
            yield from (f"{source}.{alias.name}" for alias in node.names)
        yield from imported(node, module)


def layer(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def upward(text: str, module: str) -> list[str]:
    ours = (name for name in imported(ast.parse(text), module) if name.split(".")[0] == "textgan")
    return [f"{module} imports {name}" for name in ours if LEVEL[layer(name)] > LEVEL[layer(module)]]


def test_no_import_runs_upward() -> None:
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        wrong += upward(path.read_text(encoding="utf-8"), module)
    assert not wrong


def test_every_module_has_its_layer() -> None:
    found = {p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or list(p.glob("*.py"))}
    assert found == set(LEVEL)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("from textgan.training.run import train", True),
        ("def f():\n    import textgan.cli", True),
        ("from textgan import assembly", True),
        ("from ..training import run", True),
        ("from textgan.sampling import Draw", False),
        ("if TYPE_CHECKING:\n    from textgan.assembly.recipe import Recipe", False),
        ("from textgan.data.corpus import Split\nimport torch", False),
    ],
)
def test_the_layer_test_sees(text: str, wrong: bool) -> None:
    assert bool(upward(text, "textgan.data.files")) is wrong


HEAVY = ("torch", "transformers", "datasets", "nltk", "matplotlib", "pandas", "accelerate")


@pytest.mark.parametrize(
    "code",
    [
        "import textgan; textgan.recipes(); textgan.Mistake",
        "import textgan; textgan.train; textgan.load; textgan.evaluate; textgan.benchmark; textgan.Callback",
        "from textgan.cli import run; assert run(['--help']) == 0",
        "from textgan.cli import run; assert run(['train', '--help']) == 0",
        "from textgan.cli import run; assert run(['recipes']) == 0",
        "import textgan.data.corpus, textgan.metrics.suite, textgan.assembly.recipe",
    ],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    check = f"\nimport sys; heavy = set({HEAVY!r}) & set(sys.modules); sys.exit(str(heavy) if heavy else 0)"
    done = subprocess.run([sys.executable, "-c", code + check], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
