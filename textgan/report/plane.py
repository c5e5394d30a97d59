"""A 2-D map of documents: a scatter plot with a colour and marker for each label, as SVG and PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from textgan.report.plots import COLOURS, MARKERS

MOST = 2_000  # points; more would only overlap


def write(points: np.ndarray, labels: np.ndarray, names: Sequence[str], title: str, stem: Path) -> list[Path]:
    """Plot the first 2,000 of points (N, 2) to STEM.svg and STEM.png; returns the two paths."""
    import matplotlib
    from matplotlib.figure import Figure

    points, labels = points[:MOST], labels[:MOST]
    with matplotlib.rc_context({"svg.hashsalt": "documents", "font.size": 9}):
        drawing = Figure(figsize=(6, 5), layout="constrained")
        axes = drawing.add_subplot()
        for index, name in enumerate(names):
            mine = points[labels == index]
            # After six labels the colours repeat, with another marker.
            marker = MARKERS[(index + index // len(COLOURS)) % len(MARKERS)]
            colour = COLOURS[index % len(COLOURS)]
            axes.scatter(mine[:, 0], mine[:, 1], s=12, c=colour, marker=marker, alpha=0.7, lw=0, label=name)
        axes.set_title(title, fontsize=9)
        axes.set_xticks([])
        axes.set_yticks([])
        if len(names) <= 20:
            axes.legend(markerscale=1.6, fontsize=8, loc="best")
        files = [stem.with_suffix(".svg"), stem.with_suffix(".png")]
        drawing.savefig(files[0], metadata={"Date": None})
        drawing.savefig(files[1], dpi=150)
    return files
