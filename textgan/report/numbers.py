"""Formatting of numbers and metric names, shared by the terminal, markdown and the page."""

from __future__ import annotations

import math
from collections.abc import Sequence

from textgan.metrics.samples import Score

MISSING = "–"
COUNTS = {"length": 1, "perplexity": 1, "nll-per-sentence": 1}  # decimals; others have 3
ORDER = (
    *(f"bleu-{n}" for n in range(2, 6)),
    *(f"self-bleu-{n}" for n in range(2, 6)),
    *("nll", "perplexity", "nll-per-sentence", "source-nll", "grammaticality"),
    *(f"distinct-{n}" for n in range(1, 5)),
    *("duplicates", "novelty", "length"),
)
NAMES = {
    "bleu": "BLEU",
    "self-bleu": "self-BLEU",
    "nll": "held-out NLL",
    "nll-per-sentence": "NLL a sentence",
    "source-nll": "source NLL",
    "grammaticality": "grammatical",
    "length": "length",
    "frechet": "Fréchet",
    "mauve": "MAUVE",
    "lm-score": "LM score",
    "reverse-lm": "reverse LM",
    "pretrained-nll": "pretrained NLL",
}


def family(key: str) -> tuple[str, str]:
    """A metric's family and its order: ("self-bleu", "4"), ("nll", "")."""
    stem, _, order = key.rpartition("-")
    return (stem, order) if stem and order.isdigit() else (key, "")


def name(key: str) -> str:
    """The metric's display name: `self-BLEU-4`, `held-out NLL`."""
    stem, order = family(key)
    return NAMES.get(stem, stem) + (f"-{order}" if order else "")


def names(keys: Sequence[str]) -> str:
    """`BLEU-2..5, distinct-1`: consecutive orders are joined."""
    orders_of: dict[str, list[str]] = {}
    for key in keys:
        stem, rank = family(key)
        orders_of.setdefault(name(stem), []).append(rank)
    return ", ".join(
        f"{stem}-{orders[0]}..{orders[-1]}" if len(orders) > 1 else "-".join(filter(None, (stem, orders[0])))
        for stem, orders in orders_of.items()
    )


def order(key: str) -> tuple[int, str]:
    """Sort key for metrics in the table's order; unknown metrics come last."""
    return (ORDER.index(key), "") if key in ORDER else (len(ORDER), key)


def number(key: str, cell: Score | None) -> str:
    """The value with the metric's number of decimals; a dash if it was not measured."""
    return MISSING if cell is None else plain(cell.value, COUNTS.get(key, 3))


def plain(value: float, decimals: int = 3) -> str:
    """`.412`, `1.000`, `−.031`: no leading zero, a true minus sign."""
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    text = f"{abs(value):.{decimals}f}"
    shown = text[1:] if text.startswith("0.") else text
    return f"−{shown}" if value < 0 and float(text) else shown


def signed(value: float, decimals: int = 3) -> str:
    """A difference: `+.043`, `−.031`, `±0`."""
    text = plain(value, decimals)
    if not float(f"{value:.{decimals}f}"):
        return "±0"
    return text if text.startswith("−") else f"+{text}"


def escaped_latex(text: str) -> str:
    """Text escaped for LaTeX; dashes and signs written by this module become LaTeX commands."""
    special = {"\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}"}
    special |= {"<": "\\textless{}", ">": "\\textgreater{}", "–": "--", "−": "$-$", "±": "$\\pm$"}
    special |= {"†": "$\\dagger$", "∞": "$\\infty$", "“": "``", "”": "''", "…": "\\dots{}"}
    return "".join(special.get(sign, f"\\{sign}" if sign in "&%$#_{}" else sign) for sign in text)
