"""The relational memory against its formula written out with loops, and its two ways through a sentence."""

from __future__ import annotations

import math

import pytest
import torch

from textgan.generators.relational import Relational
from textgan.sampling import Draw, GumbelSoftmax
from textgan.types import Choice, Prompt, Text, Vocabulary

VOCABULARY = Vocabulary(11)


def _generator(**options: object) -> Relational:
    torch.manual_seed(0)
    generator = Relational(VOCABULARY, embedding=5, head_size=3, **options)  # type: ignore[arg-type]
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))  # no bias or gain stays where it began
    return generator.eval()


def _affine(layer: torch.nn.Module, x: list[float]) -> list[float]:
    weight, bias = layer.weight.tolist(), layer.bias.tolist()  # type: ignore[union-attr, operator]
    return [sum(w * v for w, v in zip(row, x, strict=True)) + b for row, b in zip(weight, bias, strict=True)]


def _norm(layer: torch.nn.Module, x: list[float]) -> list[float]:
    mean = sum(x) / len(x)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in x) / len(x) + 1e-5)
    gain, bias = layer.weight.tolist(), layer.bias.tolist()  # type: ignore[union-attr, operator]
    return [(v - mean) / deviation * g + b for v, g, b in zip(x, gain, bias, strict=True)]


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _by_hand(
    generator: Relational, memory: list[list[float]], x: list[float], heads: int
) -> list[list[float]]:
    """Santoro et al. 2018, section 3, for one sentence: memory S rows of D numbers, x the token's embedding."""
    size = len(memory[0])
    each = size // heads
    entered = _affine(generator.enter, x)
    rows = [_norm(generator.norms[0], _affine(generator.attention, row)) for row in [*memory, entered]]
    after = []
    for slot, row in enumerate(memory):
        found = []
        for head in range(heads):
            place = range(head * each, (head + 1) * each)
            logits = [sum(rows[slot][i] * other[size + i] for i in place) / math.sqrt(each) for other in rows]
            total = sum(math.exp(value) for value in logits)
            shares = [math.exp(value) / total for value in logits]
            found += [
                sum(share * other[2 * size + i] for share, other in zip(shares, rows, strict=True))
                for i in place
            ]
        first = _norm(generator.norms[1], [a + b for a, b in zip(row, found, strict=True)])
        hidden = first
        for layer in generator.mlp:
            hidden = [max(0.0, value) for value in _affine(layer, hidden)]
        second = _norm(generator.norms[2], [a + b for a, b in zip(first, hidden, strict=True)])
        gates = [
            a + b
            for a, b in zip(
                _affine(generator.gates_of_input, entered),
                _affine(generator.gates_of_memory, [math.tanh(value) for value in row]),
                strict=True,
            )
        ]
        after.append(
            [
                _sigmoid(gates[i]) * math.tanh(second[i]) + _sigmoid(gates[size + i] + 1) * row[i]
                for i in range(size)
            ]
        )
    return after


@pytest.mark.parametrize(("slots", "heads"), [(1, 2), (3, 2), (2, 1)])
def test_a_step_is_the_formula(slots: int, heads: int) -> None:
    generator = _generator(slots=slots, heads=heads)
    memory = torch.randn(4, slots, heads * 3)
    token = torch.tensor([4, 5, 6, 4])
    _, state = generator.step(token, {"memory": memory})
    for row in range(4):
        wanted = _by_hand(generator, memory[row].tolist(), generator.table(token)[row].tolist(), heads)
        assert torch.allclose(state["memory"][row], torch.tensor(wanted), atol=1e-5)


@pytest.mark.parametrize("classes", [0, 2])
@pytest.mark.parametrize("slots", [1, 3])
def test_stepping_and_teacher_forcing_agree(slots: int, classes: int) -> None:
    generator = _generator(slots=slots, classes=classes)
    labels = torch.tensor([0, 1, 0, 1, 1]) if classes else None
    text = generator.write(Prompt(5, labels), 9, Draw())
    whole = generator.logits(text)
    state = generator.start(Prompt(5, labels))
    token = torch.full((5,), VOCABULARY.bos)
    for position in range(text.ids.shape[1]):
        logits, state = generator.step(token, state)
        assert torch.allclose(logits, whole[:, position], atol=1e-5)
        token = text.ids[:, position]
        one_hot = torch.eye(VOCABULARY.size)[token]
        for hard in (False, True):
            relaxed, _ = generator.step(Choice(token, one_hot, hard), state)
            assert torch.allclose(relaxed, generator.step(token, state)[0], atol=1e-5)
    forbidden = list(VOCABULARY.forbidden)
    assert (whole.softmax(-1)[..., forbidden] == 0).all()


def test_a_sentence_sees_itself_and_its_past_only() -> None:
    generator = _generator(slots=2)
    ids = torch.randint(4, 11, (3, 6))
    text = Text(ids, torch.ones_like(ids, dtype=torch.bool))
    before = generator.log_prob(text)
    changed = ids.clone()
    changed[1, 3] = torch.where(ids[1, 3] == 4, 5, 4)
    after = generator.log_prob(Text(changed, text.mask))
    same = torch.isclose(before, after, atol=1e-6)
    assert same[[0, 2]].all() and same[1, :3].all() and not same[1, 3:].any()


def test_gradients_reach_every_weight() -> None:
    generator = _generator(slots=2)
    written = generator.write(Prompt(7), 6, GumbelSoftmax(1.0))
    (written.read(torch.eye(VOCABULARY.size)).square() * torch.randn(VOCABULARY.size)).sum().backward()
    assert all(parameter.grad is not None for parameter in generator.parameters())
    with pytest.raises(ValueError, match="slots: 0"):
        Relational(VOCABULARY, slots=0)
