"""Compares recipes under equal conditions over several seeds: plans cells, runs them, measures fronts, judges.

The package itself is callable: `textgan.benchmark(["mle-short", "gumbel-short"], seeds=[1, 2, 3])` calls
`textgan.benchmark.end_to_end.benchmark`. A function of this name in `textgan` and this package would shadow each other.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    def __call__(self, *given: Any, **named: Any) -> Any:
        from textgan.benchmark.end_to_end import benchmark

        return benchmark(*given, **named)


sys.modules[__name__].__class__ = _Callable
