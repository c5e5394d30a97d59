"""Rows of text as a table to paste: GitHub markdown and LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from textgan.report import numbers

Cell = tuple[str, bool]  # (text, whether it is marked, shown in bold)


def markdown(heads: Sequence[str], align: str, rows: Sequence[Sequence[Cell]]) -> str:
    """A GitHub markdown table. align: one letter per column, `l` or `r`."""
    rules = ["---:" if side == "r" else "---" for side in align]
    lines = [list(map(in_markdown, heads)), rules, *_written(rows, in_markdown, "**{}**")]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def latex(heads: Sequence[str], align: str, rows: Sequence[Sequence[Cell]], told: Sequence[str]) -> str:
    """A tabular (package booktabs). told: lines added below it as comments."""
    lines = [
        list(map(numbers.escaped_latex, heads)),
        *_written(rows, numbers.escaped_latex, "\\textbf{{{}}}"),
    ]
    head, *body = (f"{' & '.join(line)} \\\\" for line in lines)
    ruled = ["\\toprule", head, "\\midrule", *body, "\\bottomrule"]
    return "\n".join([f"\\begin{{tabular}}{{{align}}}", *ruled, "\\end{tabular}\n"]) + comments(told)


def comments(told: Sequence[str]) -> str:
    """LaTeX comments, one per line."""
    return "".join(f"% {one_line(line)}\n" for line in told)


def in_markdown(text: str) -> str:
    """Text on one line, escaped so that markdown shows it literally."""
    return re.sub(r"([\\|*_<>`~\[\]])", r"\\\1", one_line(text))


def code(text: str) -> str:
    """A markdown code span, fenced by more backticks than occur in a row in the text."""
    text = one_line(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    room = " " * (text[:1] == "`" or text[-1:] == "`")
    return f"{fence}{room}{text}{room}{fence}"


def one_line(text: str) -> str:
    """Without line breaks."""
    return " ".join(text.split())


def _written(rows: Sequence[Sequence[Cell]], escape: Callable[[str], str], bold: str) -> list[list[str]]:
    return [[bold.format(escape(text)) if marked else escape(text) for text, marked in row] for row in rows]
