"""Convert a plain YAML value to the type of an annotation, or reject it with a one-line message."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError

from textgan.errors import Mistake, did_you_mean

_PLAIN = ConfigDict(arbitrary_types_allowed=True, extra="forbid", allow_inf_nan=False)
_LARGEST = 2**63 - 1
_ANY = (inspect.Parameter.empty, Any)


def coerce(annotation: Any, value: Any, place: str) -> Any:
    """`value` as the annotation's type: '1e-3' as a float, a list as a tuple.

    Raises Mistake, `generator.hidden: expected int, got 'abc'`. What has no annotation, or one that pydantic
    cannot read, passes as it is.
    """
    if annotation in _ANY:
        return value
    try:
        adapter = _adapter(annotation)
    except PydanticUserError:
        return value
    try:
        result = adapter.validate_python(value)
    except ValidationError as error:
        raise Mistake(f"{place}: {_complaint(annotation, value, error)}") from None
    if _too_large(result):
        raise Mistake(f"{place}: {_shown(value)} is too large a number; expected one of less than 64 bits")
    if isinstance(value, bool) and not isinstance(result, bool):  # pydantic would read true as 1
        raise Mistake(f"{place}: expected {describe(annotation)}, got {_shown(value)}")
    return result


def _too_large(value: Any) -> bool:
    """Whether an integer in it has no place in 64 bits, which is what torch and numpy count with."""
    if isinstance(value, (list, tuple)):
        return any(map(_too_large, value))
    return isinstance(value, int) and abs(value) > _LARGEST


def _adapter(annotation: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(annotation, config=_PLAIN)
    except PydanticUserError:  # a dataclass or model brings its own configuration
        return TypeAdapter(annotation)


def _complaint(annotation: Any, value: Any, error: ValidationError) -> str:
    mismatch = ("_type", "_parsing", "_from_float", "literal_error", "is_instance_of")
    telling = [detail for detail in error.errors() if not detail["type"].endswith(mismatch)]
    if not telling:
        near = ""
        if isinstance(value, str) and get_origin(annotation) is Literal:
            words = [option for option in get_args(annotation) if isinstance(option, str)]
            near = "." + did_you_mean(value, words) if "Did" in did_you_mean(value, words) else ""
        return f"expected {describe(annotation)}, got {_shown(value)}{near}"
    keyed = isinstance(value, dict) and not telling[0]["type"].endswith("_error")
    inside = f"{telling[0]['loc'][-1]}: " if keyed else ""
    message = telling[0]["msg"].removeprefix("Value error, ")
    message = message.replace("Input should be a ", "expected a ").replace(
        "Input should be", "expected a value"
    )
    return f"{inside}{message[0].lower()}{message[1:]}, got {_shown(value)}"


def describe(annotation: Any) -> str:
    """The annotation in a user's words: `int`, `list of int`, `'no' or 'bf16'`; empty where there is none."""
    if annotation in _ANY:
        return ""
    if annotation is type(None) or annotation is None:
        return "null"
    if annotation is bool:
        return "true or false"
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return describe(inner[0])
    if origin is Literal:
        return " or ".join(_shown(option) for option in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(describe(option) for option in inner)
    if origin is Callable:
        return "./FILE.py:FUNCTION"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "a mapping"
    if isinstance(origin, type) and issubclass(origin, Collection) and inner:
        return f"list of {describe(inner[0])}"
    if is_dataclass(annotation):
        return f"a mapping of {', '.join(item.name for item in fields(annotation))}"
    return getattr(annotation, "__name__", str(annotation))


def _shown(value: Any) -> str:
    """As it would stand in YAML, near enough, and short."""
    words = {None: "null", True: "true", False: "false"}
    try:
        text = words[value] if value is None or isinstance(value, bool) else repr(value)
    except ValueError:  # a number of thousands of digits
        text = type(value).__name__
    return text if len(text) <= 60 else text[:57] + "..."
