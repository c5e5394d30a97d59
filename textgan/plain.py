"""Plain values from YAML and JSON that anyone may have written: nothing is made of them but numbers, words, lists and
mappings, and whatever is wrong with the text is one kind of error, `yaml.YAMLError` or `ValueError`.

Refused, beyond what the libraries refuse: values that refer to themselves or grow to more than `MOST` when written
out (a few lines of aliases can stand for billions), nests deeper than `DEEPEST`, integers of more than 64 bits, and
half characters (lone surrogates), which no file in UTF-8 can hold.
"""

from __future__ import annotations

import json
from typing import Any

import yaml

MOST, DEEPEST = 100_000, 100
LARGEST = 2**63 - 1


class _Loader(yaml.SafeLoader):
    """YAML's plain types; a word that its tag or its form promises more of than it holds is an error of YAML's."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            if isinstance(error, yaml.YAMLError):
                raise
            shown = node.value if isinstance(node.value, str) else node.tag
            raise yaml.MarkedYAMLError(
                problem=f"{shown[:40]!r} is no {node.tag.rpartition(':')[2]}", problem_mark=node.start_mark
            ) from None

    def _integer(self, node: yaml.ScalarNode) -> int:
        value: int = super().construct_yaml_int(node)
        if abs(value) > LARGEST:
            raise ValueError
        return value

    def _text(self, node: yaml.ScalarNode) -> str:
        value = str(self.construct_scalar(node))
        value.encode()  # UnicodeEncodeError is a ValueError
        return value


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader._integer)
_Loader.add_constructor("tag:yaml.org,2002:str", _Loader._text)


def from_yaml(text: str) -> Any:
    """The one document in the text; raises yaml.YAMLError."""
    return from_yaml_with_node(text)[0]


def from_yaml_with_node(text: str) -> tuple[Any, yaml.Node | None]:
    """Its value and its nodes, which know their lines."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, None
        _weigh(node, {}, 0)
        return loader.construct_document(node), node
    except RecursionError:
        raise yaml.YAMLError(f"nested deeper than {DEEPEST} levels") from None
    finally:
        loader.dispose()


def duplicates(node: yaml.Node | None, place: str = "") -> list[tuple[str, int]]:
    """(place, line) of each key given twice in a mapping, of which YAML would silently keep the last."""
    found = []
    seen: set[str] = set()
    for key, inner in node.value if isinstance(node, yaml.MappingNode) else ():
        here = f"{place}.{key.value}" if place else str(key.value)
        if here in seen:
            found.append((here, key.start_mark.line + 1))
        seen.add(here)
        found += duplicates(inner, here)
    return found


def _weigh(node: yaml.Node, known: dict[int, int], depth: int) -> int:
    """How many values the node stands for, written out. known: the nodes weighed before; 0 for one being weighed."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) in known:
        if not known[id(node)]:
            raise yaml.MarkedYAMLError(problem="a value that contains itself", problem_mark=node.start_mark)
        return known[id(node)]
    if depth > DEEPEST:
        raise yaml.MarkedYAMLError(
            problem=f"nested deeper than {DEEPEST} levels", problem_mark=node.start_mark
        )
    known[id(node)] = 0
    parts = (
        [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
    )
    weight = 1 + sum(_weigh(part, known, depth + 1) for part in parts)
    if weight > MOST:
        raise yaml.MarkedYAMLError(
            problem=f"its aliases stand for more than {MOST:,} values", problem_mark=node.start_mark
        )
    known[id(node)] = weight
    return weight


def from_json(text: str) -> Any:
    """The value in the text; raises ValueError, and for half characters the kind of it that is UnicodeEncodeError."""
    try:
        value = json.loads(text, parse_int=_integer)
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deep") from None
    return value


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > LARGEST:
        raise ValueError(f"{digits:.20}... has more than 64 bits")
    return int(digits)
