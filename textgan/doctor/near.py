"""Near copies, which differ in a few words, found in a sample by MinHash and locality-sensitive hashing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textgan.doctor.words import folded

ALIKE = 0.8
"""Jaccard similarity of the letters' 5-grams, from which two sentences count as near copies."""
_shingle = 5
_hashes, _bands = (
    40,
    10,
)  # four hashes per band: a pair of similarity .8 shares a band with probability .99, one of .3 with .08


def near_copies(texts: Sequence[str]) -> float:
    """Share of the texts that are a near copy of an earlier one, in [0, 1]; texts that fold alike count as one.

    MinHash (Broder 1997) of the folded text's character 5-grams, in bands (Indyk & Motwani 1998). Texts that share a
    band are compared exactly, but each only with the first text of its band, so the share may be slightly too low. The
    cost grows with the number of characters, not of pairs.
    """
    different = list(dict.fromkeys(key for key in map(folded, texts) if len(key) >= _shingle))
    if len(different) < 2:
        return 0.0
    grams, begins = _grams(different)
    candidates = _candidates(_signatures(grams, begins))
    sets: dict[int, set[int]] = {}
    ends = np.append(begins[1:], len(grams))

    def letters(row: int) -> set[int]:
        if row not in sets:
            sets[row] = set(grams[begins[row] : ends[row]].tolist())
        return sets[row]

    copies = set()
    for earlier, later in candidates:
        if later not in copies:
            one, other = letters(earlier), letters(later)
            if len(one & other) >= ALIKE * len(one | other):
                copies.add(later)
    return len(copies) / len(different)


def _grams(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """(L,) uint64: the 5-grams of all texts as numbers, and (N,): where each text's 5-grams begin."""
    lengths = np.array([len(text) for text in texts])
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    held = np.zeros(len(points) - _shingle + 1, np.uint64)
    for place in range(_shingle):
        held = held * np.uint64(0x110001) + points[place : len(points) - _shingle + 1 + place]
    starts = np.cumsum(lengths) - lengths
    counts = lengths - _shingle + 1
    begins = np.cumsum(counts) - counts
    rows = np.arange(counts.sum()) + np.repeat(starts - begins, counts)  # only 5-grams within one text
    return held[rows], begins


def _signatures(grams: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """(_hashes, N): minimum of each hash over a text's n-grams. The hashes multiply and keep the upper half."""
    draw = np.random.default_rng(0)
    factors = draw.integers(1, 2**63, size=_hashes, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    mixed = grams ^ (grams >> np.uint64(29))
    return np.stack([np.minimum.reduceat((mixed * factor) >> np.uint64(32), begins) for factor in factors])


def _candidates(signatures: np.ndarray) -> list[tuple[int, int]]:
    """(earlier, later) texts: each later one with the first text that shares a complete band with it."""
    found: set[tuple[int, int]] = set()
    for band in np.split(signatures, _bands):
        _, first, group = np.unique(band, axis=1, return_index=True, return_inverse=True)
        leader = first[group.reshape(-1)]
        found |= {(int(leader[i]), int(i)) for i in np.flatnonzero(leader != np.arange(len(leader)))}
    return sorted(found)
