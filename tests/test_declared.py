"""What the package imports and its tests read is what pyproject.toml declares and ships."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
CALLED = {"yaml": "pyyaml", "sklearn": "scikit-learn"}
"""Module -> its distribution, where the names differ."""


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return pytest.importorskip("tomllib").loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _imported() -> set[str]:
    found = set()
    for file in (ROOT / "textgan").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"textgan"}


def test_whatever_is_imported_is_declared(project: dict[str, Any]) -> None:
    extras = project["project"]["optional-dependencies"]
    users = [one for name, some in extras.items() if name not in ("dev", "bench") for one in some]
    told = {re.split(r"[^\w.-]", one)[0] for one in [*project["project"]["dependencies"], *users]}
    assert {CALLED.get(name, name) for name in _imported()} - told == set()


def test_the_source_distribution_has_what_its_tests_read(project: dict[str, Any]) -> None:
    shipped = set(project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"])
    assert shipped >= {"textgan", "recipes", "tests", "benchmarks", "docs", "Makefile"}
