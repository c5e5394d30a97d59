"""Recipes by seeds on equal terms: which cells there are, their runs, their fronts, and the verdict.

Called as `textgan.benchmark(["mle-short", "gumbel-short"], seeds=[1, 2, 3])` it is
`textgan.benchmark.whole.benchmark`: a function of this name in `textgan` and this folder would hide each other.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    def __call__(self, *given: Any, **named: Any) -> Any:
        from textgan.benchmark.whole import benchmark

        return benchmark(*given, **named)


sys.modules[__name__].__class__ = _Callable
