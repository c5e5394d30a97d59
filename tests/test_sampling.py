"""Drawn tokens follow softmax(logits), cuts keep what they should, relaxed tokens are what the papers say."""

from __future__ import annotations

import pytest
import torch

from textgan.machine.streams import seeded
from textgan.sampling import (
    Draw,
    Expected,
    Greedy,
    GumbelSoftmax,
    draw,
    draw_from_nucleus,
    keep_top_k,
)


def _chi_square(ids: torch.Tensor, probabilities: torch.Tensor) -> tuple[float, int]:
    """(statistic, degrees of freedom) over the tokens that have any probability."""
    seen = torch.bincount(ids, minlength=len(probabilities)).double()
    possible = probabilities > 0
    assert seen[~possible].sum() == 0
    expected = probabilities[possible].double() * len(ids)
    return float(((seen[possible] - expected).square() / expected).sum()), int(possible.sum()) - 1


def _bound(degrees: int) -> float:
    """Exceeded about once in 30,000 (Wilson-Hilferty at 4 standard deviations)."""
    return degrees * (1 - 2 / (9 * degrees) + 4 * (2 / (9 * degrees)) ** 0.5) ** 3


@pytest.mark.parametrize("temperature", [0.7, 1.0, 1.5])
@pytest.mark.parametrize("size", [7, 2000, 2048])
def test_draws_follow_the_softmax(temperature: float, size: int) -> None:
    torch.manual_seed(0)
    logits = 1.5 * torch.randn(size)
    logits[:3] = -1e9  # forbidden
    ids = torch.cat([Draw(temperature)(logits.expand(2000, -1)).ids for _ in range(100)])
    statistic, degrees = _chi_square(ids, (logits / temperature).softmax(-1))
    assert statistic < _bound(degrees)


def test_gumbel_ids_follow_the_softmax_whatever_the_temperature() -> None:
    torch.manual_seed(1)
    logits = torch.randn(9)
    for temperature in (0.1, 5.0):
        ids = GumbelSoftmax(temperature)(logits.expand(100_000, -1)).ids
        statistic, degrees = _chi_square(ids, logits.softmax(-1))
        assert statistic < _bound(degrees)


def test_what_has_no_weight_is_never_drawn() -> None:
    weights = torch.zeros(50_000, 6)
    weights[:, 2] = 1e-20
    weights[:, 4] = 3e-20
    ids = draw(weights)
    assert set(ids.tolist()) == {2, 4}
    assert 0.7 < float((ids == 4).float().mean()) < 0.8


@pytest.mark.parametrize("size", [3, 300])
def test_the_highest_point_is_still_within_the_last_weight(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A uniform number just below 1, times the total, may be rounded to the total."""
    monkeypatch.setattr(torch, "rand_like", torch.ones_like)
    weights = torch.zeros(3, size)
    weights[:, 1] = torch.tensor([0.3, 1.0, 7.0])
    assert draw(weights).tolist() == [1, 1, 1]


def test_cuts_by_hand() -> None:
    logits = torch.tensor([[0.4, 0.3, 0.2, 0.1]]).log()
    assert keep_top_k(logits, 2)[0].exp().tolist() == pytest.approx([0.4, 0.3, 0, 0])
    assert Greedy()(logits).ids.tolist() == [0]


def test_as_many_tokens_are_drawn_as_the_cut_leaves() -> None:
    torch.manual_seed(2)
    logits = torch.tensor([0.1, 0.4, 0.2, 0.3]).log().expand(1000, -1)
    for k, kept in ((1, {1}), (2, {1, 3}), (3, {1, 2, 3}), (9, {0, 1, 2, 3})):
        assert set(Draw(top_k=k)(logits).ids.tolist()) == kept


@pytest.mark.parametrize("cut", [{"top_k": 0}, {"top_k": -1}, {"top_p": 0.0}, {"top_p": float("nan")}])
def test_a_cut_that_leaves_no_token_is_refused(cut: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=rf"^{next(iter(cut))}: [^\n]*expected"):
        Draw(**cut)  # type: ignore[arg-type]


@pytest.mark.parametrize("p", [0.3, 0.5, 0.9])
def test_the_nucleus_is_the_sorted_one(p: float) -> None:
    """Against the definition: sort, cut where the mass before reaches p, renormalise."""
    torch.manual_seed(0)
    logits = 1.5 * torch.randn(600)
    probabilities = (logits / 0.8).softmax(-1)
    ordered, place = probabilities.sort(descending=True)
    kept = torch.zeros_like(probabilities)
    kept[place] = torch.where(ordered.cumsum(0) - ordered < p, ordered, 0.0)
    ids = torch.cat([draw_from_nucleus(logits.expand(2000, -1), p, 0.8) for _ in range(50)])
    statistic, degrees = _chi_square(ids, kept / kept.sum())
    assert statistic < _bound(degrees)
    assert torch.equal(Draw(top_p=1e-9)(logits.expand(50, -1)).ids, logits.argmax().expand(50))


def test_straight_through_is_a_one_hot_with_the_soft_gradient() -> None:
    logits = torch.randn(4, 6, requires_grad=True)
    table = torch.randn(6, 5, requires_grad=True)
    weights = torch.randn(4, 5)
    torch.manual_seed(3)
    hard = GumbelSoftmax(0.8, hard=True)(logits)
    torch.manual_seed(3)
    soft = GumbelSoftmax(0.8, hard=False)(logits)
    assert hard.relaxed is not None and soft.relaxed is not None
    one_hot = torch.eye(6)[hard.ids]
    assert torch.allclose(hard.read(table), one_hot @ table, atol=1e-6)
    assert torch.allclose(soft.read(table), soft.relaxed @ table, atol=1e-6)
    plain = one_hot + hard.relaxed - hard.relaxed.detach()
    got = torch.autograd.grad((hard.read(table) * weights).sum(), [logits, table], retain_graph=True)
    wanted = torch.autograd.grad(((plain @ table) * weights).sum(), [logits, table], retain_graph=True)
    for mine, theirs in zip(got, wanted, strict=True):
        assert torch.allclose(mine, theirs, atol=1e-6)
    assert hard.share(2).tolist() == one_hot[:, 2].tolist()
    (got_share,) = torch.autograd.grad(hard.share(2).sum(), logits, retain_graph=True)
    (wanted_share,) = torch.autograd.grad(soft.relaxed[:, 2].sum(), logits)
    assert torch.allclose(got_share, wanted_share, atol=1e-6)


def test_expected_tokens_hold_no_noise_and_are_not_read_back() -> None:
    logits = torch.randn(3, 5)
    choice = Expected(0.5)(logits)
    assert choice.relaxed is not None and not choice.read_back
    assert torch.allclose(choice.relaxed, (logits / 0.5).softmax(-1))


def test_seeded_leaves_the_outer_stream_alone() -> None:
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    with seeded(99):
        first = torch.rand(2)
    assert torch.equal(torch.rand(3), wanted)
    with seeded(99):
        assert torch.equal(torch.rand(2), first)


@pytest.mark.parametrize("size", [5, 300, 320])
def test_weights_that_are_no_numbers_draw_a_token_that_exists(size: int) -> None:
    """So that they reach the loss, where NaN is told, and not an embedding, which knows no such token."""
    drawn = draw(torch.full((4, size), float("nan")))
    assert drawn.shape == (4,) and bool((drawn < size).all()) and bool((drawn >= 0).all())
