"""Metrics on text: n-gram overlap, diversity, the true source, likelihood. Loads no torch.

Every score carries its signature, and what could not be measured is absent.
"""

from textgan.metrics.samples import HeldOut, Metric, Samples, Score, signature
from textgan.metrics.suite import DIRECTIONS, METRICS, direction, evaluate, load_metrics

__all__ = [
    "DIRECTIONS",
    "METRICS",
    "HeldOut",
    "Metric",
    "Samples",
    "Score",
    "direction",
    "evaluate",
    "load_metrics",
    "signature",
]
