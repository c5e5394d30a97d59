"""A recipe: a YAML file and overrides, turned into checked parts that are ready to be built.

The YAML's keys are the constructors' arguments; there is no second schema. All mistakes are collected and
shown together, each on its own line with its place and the nearest valid word.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from textgan.assembly.keys import KEYS, chosen_budget, drop_unknown, known_only
from textgan.assembly.library import locate, read, title
from textgan.assembly.overrides import PART_KEYS, PHASES, merge, numbers, parse
from textgan.assembly.settings import SETTINGS, WATCHING, Settings
from textgan.errors import Mistake, did_you_mean, shown
from textgan.metrics.suite import load_metrics
from textgan.parts.binding import Bound, bind, bind_call, find, is_own_file, own_file, parameters
from textgan.parts.names import DEFAULT_NAMES

HANDED: dict[str, frozenset[str]] = {
    "corpus": frozenset(),
    "tokenizer": frozenset({"texts"}),
    "generator": frozenset({"vocabulary", "vectors", "length", "classes"}),
    "discriminator": frozenset({"vocabulary", "vectors", "length", "classes", "decode"}),
    "objective": frozenset({"decode"}),
    "penalty": frozenset(),
    "strategy": frozenset(),
    "phase": frozenset(),
    "evaluation": frozenset({"metrics"}),
}
"""Kind of part -> the arguments that only the run knows, given when the part is built."""

NEEDED = {
    "mle": ("corpus", "generator"),
    "discriminator": ("corpus", "generator", "discriminator", "objective"),
    "adversarial": ("corpus", "generator", "discriminator", "objective", "strategy"),
}
"""Phase -> the parts it needs."""


LIGHT = ("objective", "penalty", "strategy")
"""Parts that are cheap to build, so that checking a recipe can build them."""


@dataclass(frozen=True)
class Recipe:
    """What is to be trained.

    values: the recipe's mapping with budget and overrides merged in. folder: where a part's `./mine.py` is
    looked for first. mistakes: what was wrong with the file or the overrides, for `check` to show.
    """

    name: str
    folder: Path
    values: dict[str, Any]
    mistakes: tuple[str, ...] = ()

    @classmethod
    def load(cls, recipe: str | Path, overrides: Sequence[str] = ()) -> Recipe:
        """Read a recipe by name (`seqgan-short`, `short/seqgan`) or path; change it by `key.path=value`.

        Raises Mistake for an unknown recipe or one that is not a YAML mapping; `check` shows all other mistakes.
        """
        path = locate(recipe)
        raw, mistakes = read(path)
        values: dict[str, Any] = numbers(raw)
        budgets = values.pop("budgets", None) or {}
        mistakes += drop_unknown(values)
        for key in PART_KEYS:
            if isinstance(values.get(key), str):
                values[key] = {"name": values[key]}
        given, faulty = parse(overrides)
        user, unknown = known_only([change for change in given if change.path != ("budget",)])
        budget, wrong = chosen_budget(
            [change.value for change in given if change.path == ("budget",)], budgets
        )

        def takes(key: str, part: dict[str, Any], argument: str) -> bool:
            try:
                name = part.get("name", DEFAULT_NAMES.get(key))
                return argument in parameters(find(key, name, key, (path.parent,)))
            except Mistake:  # an unknown name, which `check` will show
                return False

        mistakes += faulty + unknown + wrong + merge(values, budget, user, takes)
        if values.get("tokenizer") is None:
            values["tokenizer"] = {"name": DEFAULT_NAMES["tokenizer"]}
        name = values.pop("name", None) or title(path)
        if not re.fullmatch(r"[^./\\\x00-\x1f][^/\\\x00-\x1f]{0,99}", str(name)):
            mistakes.append(
                f"name: {str(name)!r:.60} cannot be a folder's name; expected at most 100 characters, no slash, and "
                "no dot at the beginning"
            )
        return cls(str(name), path.parent.resolve(), values, tuple(mistakes))

    @classmethod
    def of_run(cls, run: Path, trust_code: bool = False) -> Recipe:
        """The recipe of a run folder, which may come from a stranger, without its callbacks and trackers.

        Mistake if it names a file of code and `trust_code` is False; none of that code is run before.
        """
        values, _ = read(run / "recipe.yaml")
        values = {key: value for key, value in values.items() if key not in WATCHING}
        files = sorted(set(_own_files(values)))
        if files and not trust_code:
            raise Mistake(
                f"{run}: its recipe runs code of {', '.join(files)}; read it, and add --trust-code if you trust it"
            )
        recipe = cls.load(run / "recipe.yaml")
        return replace(
            recipe, values={key: recipe.values[key] for key in recipe.values if key not in WATCHING}
        )

    @property
    def settings(self) -> Settings:
        given = {key: value for key, value in self.values.items() if key in SETTINGS}
        for key in WATCHING:  # one may stand without brackets, as in `report_to: tensorboard`
            value = given.get(key, [])
            given[key] = value if isinstance(value, list) else [] if value is None else [value]
        settings: Settings = bind_call(Settings, given, (), "").build()
        return settings

    def part(self, key: str, handed: Collection[str] | None = None) -> Bound | None:
        """The part under a top-level key, checked; None where the recipe has none. Raises Mistake."""
        values = self.values.get(key)
        if values is None:
            return None
        arguments = _mapping(values, key, "a name, or a mapping with one")
        return bind(key, arguments, HANDED[key] if handed is None else handed, key, (self.folder,))

    @property
    def phases(self) -> dict[str, Bound]:
        """The phases in their order, by name, checked. Raises Mistake."""
        return {name: self._phase(name) for name in self._phase_names()}

    @property
    def callbacks(self) -> list[Bound]:
        """The callbacks and trackers, checked. Raises Mistake."""
        settings, found = self.settings, []
        for number, one in enumerate(settings.callbacks):
            mapping = {"name": one} if isinstance(one, str) else one
            found.append(bind("callback", mapping, (), f"callbacks.{number}", (self.folder,)))
        if settings.report_to:
            found.append(bind("callback", {"name": "tracking", "to": settings.report_to}, (), "report_to"))
        return found

    @property
    def evaluation(self) -> Bound:
        """How the run is evaluated, checked. Raises Mistake."""
        arguments = _mapping(self.values.get("evaluate") or {}, "evaluate", "a mapping such as {every: 50}")
        return bind("evaluation", arguments, HANDED["evaluation"], "evaluate")

    def check(self) -> None:
        """Check every part and value; raises one Mistake with all mistakes, one per line."""
        lines = list(self.mistakes)
        checks: list[Callable[[], object]] = [
            lambda: self.settings,
            lambda: self.evaluation.build(metrics=[]),
        ]
        checks += [self._metrics, lambda: self.callbacks, self._trackers]
        checks += [partial(self.part, key) for key in PART_KEYS if key not in LIGHT]
        checks += [partial(self._try, partial(self.part, key)) for key in LIGHT]
        checks += [partial(self._try, partial(self._phase, name)) for name in self._phase_names()]
        for check in checks:
            try:
                check()
            except Mistake as mistake:
                lines += str(mistake).splitlines()
        lines += self._missing()
        if lines:
            raise Mistake("\n".join(dict.fromkeys(lines)))

    def resolved(self) -> dict[str, Any]:
        """The complete recipe as a plain mapping for yaml.safe_dump, which loads again as a recipe."""
        values = copy.deepcopy(self.values)
        settings = self.settings
        for key in SETTINGS:
            value = getattr(settings, key)
            values[key] = str(value) if isinstance(value, Path) else value
        watching = [dict(one) if isinstance(one, dict) else {"name": one} for one in settings.callbacks]
        values["callbacks"] = watching
        parts = [value for value in map(values.get, PART_KEYS) if isinstance(value, dict)]
        for part in [*parts, *watching]:
            for key in [key for key in part if is_own_file(part[key])]:
                file, attribute = own_file(part[key], (self.folder,))
                part[key] = (
                    f"{file}:{attribute}"  # a path relative to the recipe would not resolve in the run folder
                )
        values["metrics"] = [
            ":".join(map(str, own_file(name, (self.folder,)))) if is_own_file(name) else name
            for name in settings.metrics
        ]
        left_out = [key for key in WATCHING if not values[key]]
        return {"name": self.name} | {
            key: values[key] for key in KEYS if key in values and key not in left_out
        }

    def _phase_names(self) -> list[str]:
        train = self.values.get("train")
        return [name for name, phase in train.items() if phase is not None] if isinstance(train, dict) else []

    def _phase(self, name: str) -> Bound:
        place = f"train.{name}"
        if name not in PHASES:
            raise Mistake(f"{place}: there is no such phase.{did_you_mean(str(name), PHASES)}")
        arguments = _mapping(self.values["train"][name], place, "a mapping such as {batch: 64}")
        if "name" in arguments:
            raise Mistake(f"{place}.name: a phase takes no name, since its key is its name; leave it out")
        return bind("phase", {"name": name, **arguments}, HANDED["phase"], place)

    def _metrics(self) -> None:
        names = self.values.get("metrics")
        if isinstance(names, list):
            load_metrics([name for name in names if isinstance(name, str)], beside=self.folder)

    def _trackers(self) -> None:
        for bound in self.callbacks:
            if bound.place == "report_to":
                bound.build()  # says which package is missing

    @staticmethod
    def _try(bound: Callable[[], Bound | None]) -> None:
        """Build a cheap part, so that its constructor can refuse a value before anything is written."""
        part = bound()
        if part and all(part.has(name) for name in parameters(part.part)):
            part.build()

    def _missing(self) -> list[str]:
        phases = self._phase_names()
        if not phases:
            return ["train: no phase; expected at least one of mle, discriminator, adversarial"]
        needs = {key: phase for phase in reversed(phases) for key in NEEDED.get(phase, ())}
        return [
            f"{key}: missing; the phase {phase!r} needs one"
            for key, phase in needs.items()
            if self.values.get(key) is None
        ]


def _own_files(value: Any) -> Iterator[str]:
    """The files of code that a recipe's values name, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _own_files(key)
            yield from _own_files(inner)
    elif isinstance(value, (list, tuple, set)):
        for inner in value:
            yield from _own_files(inner)
    elif is_own_file(value):
        yield value.rpartition(":")[0]


def _mapping(value: Any, place: str, wanted: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Mistake(f"{place}: expected {wanted}, got {shown(value)}")
    return value
