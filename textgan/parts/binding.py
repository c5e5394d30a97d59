"""From a name and plain values to a constructor's call: `{name: lstm, hidden: 128}` -> `LSTM(hidden=128)`.

A part is looked up by name in a lazy table, or in a user's file (`./mine.py:Mine`), and imported only then. Its
signature is the schema: keys are checked against it, values are coerced by its annotations, and arguments that only the
run knows (vocabulary, length) are passed when the part is built.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin

from textgan.errors import Mistake, did_you_mean, on_one_line, out_of_memory
from textgan.parts.coercion import coerce, describe
from textgan.parts.names import DEFAULT_NAMES, PARTS

OWN = "textgan_own_"
"""Prefix of the module names of users' own files."""


@dataclass(frozen=True)
class Bound:
    """A part with its checked arguments, ready to be built. file: the user's file it comes from, if any."""

    part: Callable[..., Any]
    arguments: dict[str, Any]
    place: str
    file: Path | None = None

    def has(self, name: str) -> bool:
        """Whether a parameter has a value, from the recipe or its default, without one from the run."""
        return name in self.arguments or parameters(self.part)[name].default is not inspect.Parameter.empty

    def build(self, **handed: Any) -> Any:
        """Call the part with its arguments and those of `handed` that its signature takes.

        Raises Mistake if the constructor rejects a value (Mistake or ValueError), and for any error raised by a part
        from a user's own file.
        """
        taken = {name: value for name, value in handed.items() if name in parameters(self.part)}
        try:
            return self.part(**{**taken, **self.arguments})
        except Mistake:
            raise
        except (Exception, SystemExit) as error:
            message = _first_line(error)
            argument = message.partition(":")[0]
            if isinstance(error, ValueError) and argument in self.arguments:
                raise Mistake(f"{self.place}.{message}") from error  # `rollouts: -1; expected 0 or more`
            if self.file is not None and not out_of_memory(error):
                raise Mistake(f"{self.place}: {on_one_line(error, self.file)}") from error
            if isinstance(error, ValueError):
                raise Mistake(f"{self.place}: {message}") from error
            raise


def bind(
    kind: str,
    mapping: Mapping[str, Any],
    handed: Collection[str] = (),
    place: str | None = None,
    folders: Sequence[Path] = (),
) -> Bound:
    """Find the part that `mapping` names and check its other keys against the part's signature.

    handed: names of the arguments that the run supplies when the part is built. place: the location of the mapping
    in the recipe. folders: searched in order for a user's `./mine.py`, before the working directory.
    Raises Mistake, with one line per mistake.
    """
    place = kind if place is None else place
    arguments = dict(mapping)
    name = arguments.pop("name", None) or DEFAULT_NAMES.get(kind)
    bound = bind_call(find(kind, name, place, folders), arguments, handed, place, folders)
    return replace(bound, file=own_file(str(name), folders)[0]) if is_own_file(name) else bound


def bind_call(
    part: Callable[..., Any],
    arguments: Mapping[str, Any],
    handed: Collection[str],
    place: str,
    folders: Sequence[Path] = (),
) -> Bound:
    """`bind` for a part that is already loaded. A function argument may be given as `./mine.py:score`."""
    wanted = parameters(part)
    open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in _signature(part))
    mistakes: list[str] = []
    values: dict[str, Any] = {}
    for key, value in arguments.items():
        here = f"{place}.{key}" if place else str(key)
        if key in handed:
            mistakes.append(f"{here}: the run itself gives this argument; leave it out")
        elif key in wanted:
            try:
                annotation = _annotation(part, wanted[key])
                if is_own_file(value) and _takes_function(annotation):
                    values[key] = _from_own_file(value, here, folders)
                else:
                    values[key] = _value(annotation, value, wanted[key].default, here)
            except Mistake as mistake:
                mistakes.append(str(mistake))
        elif open_ended:
            values[key] = value
        else:
            near = did_you_mean(str(key), set(wanted) - set(handed))
            mistakes.append(f"{here}: {_name(part)} takes no such argument.{near}")
    for key, parameter in wanted.items():
        if parameter.default is parameter.empty and key not in arguments and key not in handed:
            kind = describe(_annotation(part, parameter))
            here = f"{place}.{key}" if place else key
            who = _name(part) if place else "a recipe"
            mistakes.append(f"{here}: missing; {who} needs it{f' (expected {kind})' if kind else ''}")
    if mistakes:
        raise Mistake("\n".join(mistakes))
    return Bound(part, values, place)


def _takes_function(annotation: Any) -> bool:
    return any(get_origin(option) is Callable for option in (annotation, *get_args(annotation)))


def _value(annotation: Any, value: Any, default: Any, place: str) -> Any:
    """Coerce a value; a mapping for a dataclass (an optimiser, a schedule) is bound as a part is.

    What such a mapping leaves out stays as it is in the parameter's default.
    """
    record = next((option for option in (annotation, *get_args(annotation)) if is_dataclass(option)), None)
    if not isinstance(value, dict) or not isinstance(record, type):
        return coerce(annotation, value, place)
    if isinstance(default, record):
        value = {item.name: getattr(default, item.name) for item in fields(default) if item.init} | value
    return bind_call(record, value, (), place).build()


def find(kind: str, name: Any, place: str, folders: Sequence[Path] = ()) -> Callable[..., Any]:
    """The class or function that `name` stands for; raises Mistake for an unknown name or a faulty file."""
    known = PARTS[kind]
    if name is None:
        raise Mistake(f"{place}.name: missing; expected one of {', '.join(known)}, or ./FILE.py:CLASS")
    if is_own_file(name):
        return _from_own_file(name, f"{place}.name", folders)
    if not isinstance(name, str) or name not in known:
        raise Mistake(f"{place}.name: no {kind} is called {name!r}.{did_you_mean(str(name), known)}")
    module, _, attribute = known[name].partition(":")
    part: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return part


def is_own_file(name: object) -> bool:
    """Whether a part's name points into a file of the user's: `./mine.py:Mine`."""
    return isinstance(name, str) and ".py:" in name


def own_file(name: str, folders: Sequence[Path]) -> tuple[Path, str]:
    """(file, attribute) of `./mine.py:Mine`: the first folder that has the file, else the first of all."""
    location, _, attribute = name.rpartition(":")
    places = [folder / location for folder in (*folders, Path())]
    return next((path for path in places if path.is_file()), places[0]).resolve(), attribute


def _from_own_file(name: str, place: str, folders: Sequence[Path]) -> Callable[..., Any]:
    path, attribute = own_file(name, folders)
    if not path.is_file():
        raise Mistake(
            f"{place}: there is no file {path}; expected {name.rpartition(':')[0]} beside the recipe"
        )
    module = _load(path, place)
    part = getattr(module, attribute, None)
    if not callable(part):
        own = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise Mistake(f"{place}: {path.name} holds no {attribute!r}.{did_you_mean(attribute, own)}")
    return part


def _load(path: Path, place: str) -> ModuleType:
    """Load a file by its location, once per process and content, so that two parts of one file share it."""
    try:
        digest = sha256(str(path).encode() + path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise Mistake(f"{place}: {path} cannot be read: {error.strerror}") from error
    title = f"{OWN}{path.stem}_{digest}"
    if title in sys.modules:
        return sys.modules[title]
    spec = importlib.util.spec_from_file_location(title, path)
    if spec is None or spec.loader is None:
        raise Mistake(f"{place}: {path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[title] = module  # dataclasses look their module up while it is being run
    try:
        spec.loader.exec_module(module)
    except (
        Exception,
        SystemExit,
    ) as error:  # an error in the user's own code is reported to the user on one line
        del sys.modules[title]
        raise Mistake(f"{place}: {path.name} does not load: {on_one_line(error, path)}") from error
    return module


def parameters(part: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The arguments a part takes by name."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {parameter.name: parameter for parameter in _signature(part) if parameter.kind in named}


def _signature(part: Callable[..., Any]) -> list[inspect.Parameter]:
    if inspect.isclass(part) and getattr(part.__init__, "__module__", "typing") in _EMPTY_CONSTRUCTORS:
        return []  # what Protocol and nn.Module hand down takes no argument, whatever it says
    return list(inspect.signature(part).parameters.values())


_EMPTY_CONSTRUCTORS = ("typing", "typing_extensions", "torch.nn.modules.module")


def _annotation(part: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    """The parameter's annotation as an object; `empty` where only a type checker can resolve it."""
    if not isinstance(parameter.annotation, str):
        return parameter.annotation
    function = part.__init__ if inspect.isclass(part) else inspect.unwrap(part)
    names = getattr(function, "__globals__", {}) | vars(sys.modules.get(part.__module__, ModuleType("")))
    try:
        return eval(parameter.annotation, names)
    except NameError:
        return parameter.empty


def _name(part: Callable[..., Any]) -> str:
    return getattr(part, "__name__", type(part).__name__)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
