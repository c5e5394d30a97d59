"""A matplotlib drawing as inline SVG: it inherits the page's colour and font, and its ids are unique on the page.

Only matplotlib's object interface is used, so no pyplot state and no figure outlive the drawing.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # Okabe-Ito, the darkest first
INK = "#010203"  # stands for currentColor, which matplotlib does not know
SIZE = (3.5, 2.35)  # inches; small, so that the text is readable when a phone shrinks it to its width


@dataclass(frozen=True)
class Figure:
    """A finished figure. alt: its description in words. svg: ready to embed in a page (its text is escaped)."""

    title: str
    alt: str
    svg: str
    caption: str = ""  # a line shown below it


def figure(
    title: str,
    alt: str,
    name: str,
    draw: Callable[[Axes], None],
    caption: str = "",
    size: tuple[float, float] = SIZE,
) -> Figure:
    """Draw with matplotlib's object interface; returns SVG that can share a page with other figures. size: inches.
    name: prefix of its ids, unique on the page."""
    import matplotlib
    from matplotlib.figure import Figure as Drawing

    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.size": 8.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.7,
        "axes.formatter.useoffset": False,
        "axes.grid": True,
        "grid.alpha": 0.15,
        "grid.linewidth": 0.7,
        "legend.fontsize": 8,
        **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor"), INK),
        **dict.fromkeys(("xtick.color", "ytick.color", "grid.color"), INK),
    }
    out = io.StringIO()
    with matplotlib.rc_context(style):
        drawing = Drawing(figsize=size, layout="constrained")
        axes = drawing.add_subplot()
        draw(axes)
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        drawing.savefig(out, format="svg", transparent=True, metadata=nothing)
    return Figure(title, alt, _inline(out.getvalue(), alt, name), caption)


def _inline(svg: str, alt: str, name: str) -> str:
    """Standalone SVG made embeddable: no prolog, no fixed size, no leaking styles, ids unique on the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(
        r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL
    )
    opening = re.match(r"<svg[^>]*>", svg)
    assert opening is not None  # matplotlib always writes one
    box = re.search(r'viewBox="[^"]*"', opening[0])
    assert box is not None
    svg = svg[opening.end() :]
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    svg = re.sub(r'href="#', f'href="#{name}-', svg)
    svg = re.sub(r"(font: [^;\"]*?px) [^;\"]*", r"\1 var(--sans, sans-serif)", svg)
    svg = re.sub(r"font-family: [^;\"]*", "font-family: var(--sans, sans-serif)", svg)
    svg = svg.replace(INK, "currentColor")
    for number, colour in enumerate(COLOURS, start=1):  # the page defines each for light and dark mode
        svg = re.sub(colour, f"var(--line{number}, {colour})", svg, flags=re.IGNORECASE)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {box[0]}'
    return f'{head} role="img" aria-label="{escape(alt)}" style="stroke-linejoin:round">' + svg
