"""Minibatch discrimination (Salimans et al. 2016, section 3.2): lets a discriminator detect batches without variety."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Likeness(nn.Module):
    """How like the others of its batch each sentence is, (B,F) to (B,kernels), each in [0, 1].

    M = features @ T gives every sentence `kernels` points of `size` numbers; feature b of sentence i is the mean
    over the others j of exp(-|M_ib - M_jb|_1): 1 where all are the same, near 0 where none is near.
    Departure: a mean and not a sum over the others, so that a batch of another size is judged alike. A batch of
    one sentence has nothing to compare, and zeros.
    """

    def __init__(self, features: int, kernels: int, size: int = 8) -> None:
        super().__init__()
        self.shape = (kernels, size)
        # Distances of order 1 for features of order 1: with torch's own start, all would look alike.
        self.project = nn.Parameter(torch.randn(features, kernels * size) * (features * size) ** -0.5)

    def forward(self, features: Tensor) -> Tensor:
        points = (features @ self.project).unflatten(1, self.shape).permute(2, 1, 0)  # (size, kernels, B)
        apart = torch.zeros_like(points[0].unsqueeze(-1) - points[0].unsqueeze(-2))  # (kernels, B, B)
        for number in points:  # one at a time: (B, B, kernels, size) would not fit for large batches
            apart = apart + (number.unsqueeze(-1) - number.unsqueeze(-2)).abs()
        others = (-apart).exp().sum(-1) - 1  # without itself, whose distance is 0
        return (others / max(1, features.shape[0] - 1)).T
