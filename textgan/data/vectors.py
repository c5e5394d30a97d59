"""Word vectors computed from the training text, for generators that write vectors in this space."""

from __future__ import annotations

import torch
from torch import Tensor

from textgan.data.batches import Encoded
from textgan.types import Vocabulary

WINDOW = 4
"""Words at most this many tokens apart are in each other's context."""
_seed = 0


def cooccurrence_vectors(encoded: Encoded, vocabulary: Vocabulary, dimensions: int) -> Tensor:
    """Unit vectors (V,dimensions): truncated SVD of positive pointwise mutual information within `WINDOW` tokens.

    After Levy & Goldberg (2014). Words with similar contexts get similar vectors; words that do not occur in
    the training text (and the special tokens) get random directions. Deterministic.
    """
    size = vocabulary.size
    keys = []
    ids, known = encoded.text.ids, encoded.known
    for gap in range(1, min(WINDOW, ids.shape[1] - 1) + 1):
        both = known[:, :-gap] & known[:, gap:]
        left, right = ids[:, :-gap][both], ids[:, gap:][both]
        keys += [left * size + right, right * size + left]
    pair, count = torch.cat(keys).unique(return_counts=True)
    rows, columns, count = pair // size, pair % size, count.double()
    share = torch.zeros(size, dtype=torch.double).index_add(0, rows, count) / count.sum()
    information = (count / count.sum() / (share[rows] * share[columns])).log().clamp(min=0)
    matrix = torch.sparse_coo_tensor(
        torch.stack([rows, columns]), information.float(), (size, size), check_invariants=True
    ).coalesce()
    stream = torch.Generator().manual_seed(_seed)
    rank = min(dimensions, size)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_seed)
        left_vectors, values, _ = torch.svd_lowrank(matrix, q=min(rank + 8, size), niter=4)
    vectors = left_vectors[:, :rank] * values[:rank].sqrt()
    unseen = vectors.norm(dim=-1) < 1e-6
    noise = torch.randn(size, dimensions, generator=stream)
    full = torch.cat([vectors, torch.zeros(size, dimensions - rank)], 1)
    full[unseen] = noise[unseen]
    return torch.nn.functional.normalize(full, dim=-1)
