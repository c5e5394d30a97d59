"""YAML and JSON that anyone may have written become plain values, or one kind of error."""

from __future__ import annotations

import pytest
import yaml

from textgan.plain import from_json, from_yaml

BOMB = "a: &a [x, x]\n" + "\n".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]"
    for before, name in zip("abcdef", "bcdefg", strict=True)
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (BOMB, "more than 100,000 values"),
        ("&a [*a]", "contains itself"),
        ("&a {b: {c: *a}}", "contains itself"),
        ("&x {<<: *x}", "contains itself"),
        ("[" * 150 + "]" * 150, "deeper than 100"),
        ("[" * 5000, "deeper than 100"),
        ("1" * 5000, "is no int"),
        ("0x" + "f" * 6000, "is no int"),
        ("9223372036854775808", "is no int"),
        ("2001-02-30", "is no timestamp"),
        ("!!int abc", "is no int"),
        ("!!bool abc", "is no bool"),
        ("!!timestamp abc", "is no timestamp"),
        ('"\\ud800"', "is no str"),
        ("!!python/object/apply:os.mkdir [mark]", "could not determine a constructor"),
    ],
    ids=lambda value: value[:12],
)
def test_what_is_refused(text: str, problem: str) -> None:
    with pytest.raises(yaml.YAMLError, match=problem):
        from_yaml(text)


def test_what_is_read() -> None:
    merged = from_yaml("base: &base {lr: 1.0, steps: 3}\nmine: {<<: *base, steps: 4}")
    assert merged == {"base": {"lr": 1.0, "steps": 3}, "mine": {"lr": 1.0, "steps": 4}}
    assert from_yaml("[9223372036854775807, -9223372036854775807]") == [2**63 - 1, 1 - 2**63]
    assert from_yaml("") is None and from_yaml("{a: é}") == {"a": "é"}


def test_json_that_is_nested_too_deep_is_bad_json() -> None:
    with pytest.raises(ValueError, match="too deep"):
        from_json("[" * 100_000)
    assert from_json('{"a": [1]}') == {"a": [1]}
