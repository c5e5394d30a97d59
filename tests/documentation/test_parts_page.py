"""docs/parts.md is what the code says of the parts."""

from __future__ import annotations

from blocks import ROOT
from parts_page import HOW, PAGE, page


def test_the_page_is_that_of_the_code() -> None:
    kept = (ROOT / PAGE).read_text(encoding="utf-8").splitlines()
    now = page().splitlines()
    assert kept == now, f"{PAGE} is not what the code says; write it anew: {HOW}"


def test_options_are_told_as_a_recipe_has_them() -> None:
    rows = {line.split("|")[1].strip(" `"): line for line in page().splitlines() if line.startswith("| `")}
    assert "`path` (needed), `column: null`" in rows["file"]
    assert "`baseline: leave-one-out` (or `none`, `batch`, `ema`, `q-difference`)" in rows["reinforce"]
    assert "`temperature: 1.0` (or Schedule)" in rows["gumbel"]
    assert "`overlong: drop` (or `truncate`)" in rows["overlong"] and "| needed |" in rows["length"]
    assert "`score: closed` (or ./FILE.py:FUNCTION, `polar`, `kinds`)" in rows["mixed-reward"]
    assert "vocabulary" not in rows["lstm"] and "texts" not in rows["bpe"]
    assert "without &lt;unk>. |" in rows["bpe"] and "w(size - 1)" in rows["numbered"]
    assert r"\|\|gradient of the score\|\|" in rows["gradient"]
    assert (
        rows["adversarial"].split("|")[2].startswith(" The adversarial phase:")
    )  # its class begins with the options
