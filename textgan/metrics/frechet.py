"""Fréchet distance between the features of samples and references, each approximated by a Gaussian."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textgan.errors import Mistake
from textgan.metrics.encoders import LM, compare_features, encode_pair
from textgan.metrics.samples import Samples, Score


def frechet(
    sentences: Sequence[str],
    references: Sequence[str],
    *,
    encoder: str = LM,
    train: Sequence[str] | None = None,
    seed: int = 0,
) -> float:
    """Fréchet embedding distance (Heusel et al. 2017, eq. 6; on text: Semeniuta et al. 2018), in [0, inf).

    Lower is better; the unit is that of the features, squared, so compare values of the same encoder only. It rises
    for missing quality and for missing variety alike, and cannot tell them apart. Blind spots: whatever the encoder
    misses (`encoders`), everything but mean and covariance, and copies of the training text. The estimate is biased
    upward by order 1/N: compare at equal numbers of sentences, and with real text against itself. Departure:
    `encoder` instead of InferSent, whose 4096 features need as many sentences. Mistake: see
    `encode_pair` and `frechet_distance`.
    """
    pair = encode_pair(sentences, references, encoder, train=train, seed=seed)
    return frechet_distance(pair.samples, pair.references)


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)) of features (N, F), (M, F); covariances over N - 1.

    The squared 2-Wasserstein distance of two Gaussians (Dowson & Landau 1982). The trace of the root is the
    sum of the roots of the eigenvalues of C_a^(1/2) C_b C_a^(1/2), which is symmetric. Mistake unless N and M are
    both above F: with a covariance of lower rank any two small samples look different. No shrinkage is applied,
    because it would make the distance depend on N.
    """
    for features, side in ((a, "samples"), (b, "references")):
        if features.ndim != 2 or features.shape[1] != a.shape[1]:
            raise ValueError(f"frechet: features of shape {features.shape}; expected (N, {a.shape[-1]})")
        if len(features) <= features.shape[1]:
            raise Mistake(
                f"frechet: {len(features)} {side} are too few for a covariance of {features.shape[1]} features; "
                f"give more than {features.shape[1]}, or an encoder with fewer features"
            )
        if not np.isfinite(features).all():
            raise ValueError(f"frechet: the features of the {side} are not all finite")
    return gaussian_distance(a.mean(0), _covariance(a), b.mean(0), _covariance(b))


def gaussian_distance(
    mean_a: np.ndarray, covariance_a: np.ndarray, mean_b: np.ndarray, covariance_b: np.ndarray
) -> float:
    """The distance from means (F,) and covariances (F, F), symmetric and without negative eigenvalues."""
    values, vectors = np.linalg.eigh(covariance_a)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T  # (F, F)
    middle = root @ covariance_b @ root
    shared = np.sqrt(np.linalg.eigvalsh((middle + middle.T) / 2).clip(min=0)).sum()
    apart = float(((mean_a - mean_b) ** 2).sum())
    spread = float(np.trace(covariance_a) + np.trace(covariance_b) - 2 * shared)
    return max(0.0, apart + spread)  # rounding may leave it just below


def _covariance(features: np.ndarray) -> np.ndarray:
    centred = features - features.mean(0)
    return centred.T @ centred / (len(features) - 1)


def measure_frechet(samples: Samples, *, encoder: str = LM, seed: int = 0) -> dict[str, Score]:
    """`frechet`; see `compare_features` for when it is absent."""
    return compare_features("frechet", samples, frechet_distance, encoder, seed)
