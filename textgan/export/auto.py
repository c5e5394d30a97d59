"""Makes exported generators known to transformers' Auto classes, without importing transformers.

`AutoModelForCausalLM.from_pretrained(FOLDER)` has to find our classes after nothing more than `import textgan`, in
whichever order the two packages are imported, and `import textgan` must stay cheap. transformers has no plugin
mechanism (entry points) to announce classes by. So `announce` registers at once where transformers' Auto classes are
loaded already; else it puts a finder first on `sys.meta_path` that does so right after they are. The finder finds
nothing by itself: it lets the others find the module, and adds a call to what happens when it is executed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType


def _register_config() -> None:
    from transformers import AutoConfig

    from textgan.export.config import TextganConfig

    AutoConfig.register(TextganConfig.model_type, TextganConfig, exist_ok=True)


def _register_model() -> None:
    from transformers import AutoModelForCausalLM

    from textgan.export.config import TextganConfig
    from textgan.export.model import TextganForCausalLM

    AutoModelForCausalLM.register(TextganConfig, TextganForCausalLM, exist_ok=True)


_AFTER: dict[str, Callable[[], None]] = {
    "transformers.models.auto.configuration_auto": _register_config,
    "transformers.models.auto.modeling_auto": _register_model,
}
"""A module of transformers -> what is to be done once it is there."""


class _AfterImport(MetaPathFinder):
    def __init__(self) -> None:
        self._looking: set[str] = set()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        register = _AFTER.get(name)
        if register is None or name in self._looking:
            return None
        self._looking.add(name)  # the search below asks every finder, this one too
        try:
            spec = find_spec(name)
        finally:
            self._looking.discard(name)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_register(module: ModuleType) -> None:
            execute(module)
            register()

        # On this one loader of this one module, which stays what it is to everybody else.
        spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec


def announce() -> None:
    """Register our classes with transformers' Auto classes: now, or when these are first imported."""
    for name, register in _AFTER.items():
        if name in sys.modules:
            register()
    if not any(isinstance(finder, _AfterImport) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AfterImport())
