"""Every pair of colours that the page puts on each other can be read (WCAG 2.1 AA), by day and by night."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from textgan.report.svg import COLOURS

STYLE = files("textgan.report").joinpath("page.css").read_text("utf-8")
SHADES = ("up1", "up2", "up3", "down1", "down2", "down3")
TEXT = [
    *(("ink", back) for back in ("page", "card", "mark", "novel", "shade", *SHADES)),
    *(("soft", back) for back in ("page", "card")),
    *(("accent", back) for back in ("page", "card")),
    ("warn", "warn-back"),
]
LINES = [(f"line{number}", "card") for number in range(1, len(COLOURS) + 1)]


def schemes() -> dict[str, dict[str, str]]:
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    )
    return {"light": light, "dark": dark}


def luminance(colour: str) -> float:
    """Relative, WCAG 2.1."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_itself():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # WCAG's well-known near miss


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_4_5_to_1_and_lines_3_to_1(scheme):
    colours = schemes()[scheme]
    low = {
        f"{front} on {back}": round(ratio, 2)
        for pairs, least in ((TEXT, 4.5), (LINES, 3.0))
        for front, back in pairs
        if (ratio := contrast(colours[front], colours[back])) < least
    }
    assert not low


def test_every_colour_is_named_and_of_both_schemes():
    light, dark = schemes().values()
    assert light.keys() == dark.keys() == {name for pair in TEXT + LINES for name in pair} | {"line"}
    rules = STYLE[STYLE.index("* { box-sizing") :]
    assert not re.findall(r"#[0-9a-f]{3,8}\b", rules)
    assert set(re.findall(r"var\(--([\w-]+)", rules)) <= light.keys() | {"sans", "mono"}
