"""Metrics on text: n-gram overlap, diversity, memorisation, the true source, likelihood. Does not import torch.

    from textgan.metrics import bleu, self_bleu
    self_bleu(["a dog runs .", "a cat runs ."])[4]

The functions take lists of strings or of token lists and return plain numbers (by n for n-gram metrics). `evaluate`
returns every score with its signature; a score that could not be measured is absent.
"""

from textgan.metrics.corpus_bleu import corpus_bleu
from textgan.metrics.directions import DIRECTIONS, direction
from textgan.metrics.diversity import distinct, duplicates, length_distance, mean_length, novelty
from textgan.metrics.memorisation import copied, longest_copies, ngram_novelty
from textgan.metrics.ngram import bleu, self_bleu, sentence_bleu, sentence_self_bleu
from textgan.metrics.overlap import ms_jaccard, ngram_entropy
from textgan.metrics.recall import backward_bleu, harmonic_bleu
from textgan.metrics.samples import HeldOut, Metric, Samples, Score, signature
from textgan.metrics.suite import METRICS, evaluate, load_metrics

__all__ = [
    "DIRECTIONS",
    "METRICS",
    "HeldOut",
    "Metric",
    "Samples",
    "Score",
    "backward_bleu",
    "bleu",
    "copied",
    "corpus_bleu",
    "direction",
    "distinct",
    "duplicates",
    "evaluate",
    "harmonic_bleu",
    "length_distance",
    "load_metrics",
    "longest_copies",
    "mean_length",
    "ms_jaccard",
    "ngram_entropy",
    "ngram_novelty",
    "novelty",
    "self_bleu",
    "sentence_bleu",
    "sentence_self_bleu",
    "signature",
]
