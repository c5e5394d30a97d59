"""One set of weights, three ways through it: step by step, teacher-forced, and written."""

from __future__ import annotations

import itertools

import pytest
import torch

from textgan.generators.recurrent import GRU, LSTM, Recurrent, initialise
from textgan.sampling import Draw, GumbelSoftmax
from textgan.types import Choice, Prompt, Text, Vocabulary

VOCABULARY = Vocabulary(11)
KINDS = [
    pytest.param(LSTM, {}, id="lstm"),
    pytest.param(GRU, {}, id="gru"),
    pytest.param(LSTM, {"layers": 2, "tie": True}, id="lstm-2-tied"),
    pytest.param(GRU, {"layers": 3, "init": "truncated-normal"}, id="gru-3"),
    pytest.param(LSTM, {"classes": 3}, id="lstm-by-label"),
]


def _generator(kind: type[Recurrent], options: dict[str, object]) -> Recurrent:
    torch.manual_seed(0)
    return kind(VOCABULARY, embedding=6, hidden=8, **options).eval()  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_stepping_and_teacher_forcing_agree(kind: type[Recurrent], options: dict[str, object]) -> None:
    generator = _generator(kind, options)
    prompt = Prompt(5, torch.tensor([0, 2, 1, -1, 2]) if "classes" in options else None)
    text = generator.write(prompt, 9, Draw())
    state = generator.start(prompt)
    token = torch.full((5,), VOCABULARY.bos)
    whole = generator.logits(text)
    for position in range(text.ids.shape[1]):
        logits, state = generator.step(token, state)
        assert torch.allclose(logits, whole[:, position], atol=1e-5)
        one_hot = torch.eye(VOCABULARY.size)[text.ids[:, position]]
        by_id, _ = generator.step(text.ids[:, position], state)
        for hard in (False, True):
            relaxed, _ = generator.step(Choice(text.ids[:, position], one_hot, hard), state)
            assert torch.allclose(by_id, relaxed, atol=1e-5)
        token = text.ids[:, position]


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_forbidden_tokens_have_no_probability(kind: type[Recurrent], options: dict[str, object]) -> None:
    generator = _generator(kind, options)
    text = generator.write(Prompt(400, torch.arange(400) % 3 if "classes" in options else None), 12, Draw())
    for forbidden in VOCABULARY.forbidden:
        assert (text.ids[text.mask] != forbidden).all()
    probabilities = generator.logits(text).softmax(-1)
    assert (probabilities[..., list(VOCABULARY.forbidden)] == 0).all()


def test_sentences_end_at_eos_and_what_follows_is_nothing() -> None:
    generator = _generator(LSTM, {})
    text = generator.write(Prompt(300), 12, Draw())
    for ids, mask in zip(text.ids.tolist(), text.mask.tolist(), strict=True):
        length = sum(mask)
        assert mask == [True] * length + [False] * (len(mask) - length)
        assert VOCABULARY.eos not in ids[: length - 1]
        assert ids[length - 1] == VOCABULARY.eos or length == len(ids)
        assert ids[length:] == [VOCABULARY.pad] * (len(ids) - length)
    other = torch.where(text.mask, text.ids, torch.full_like(text.ids, 7))
    changed = Text(other, text.mask)
    assert torch.equal(generator.log_prob(changed), generator.log_prob(text))
    assert (generator.log_prob(text)[~text.mask] == 0).all()


def test_written_sentences_have_the_probabilities_that_log_prob_says() -> None:
    torch.manual_seed(1)
    vocabulary = Vocabulary(6)  # EOS and two words
    generator = LSTM(vocabulary, embedding=3, hidden=4)
    sentences = [list(row) for row in itertools.product((2, 4, 5), repeat=2) if row[0] != 2]
    ids = torch.tensor([[2, 0], *sentences])
    mask = torch.ones_like(ids, dtype=torch.bool)
    mask[0, 1] = False
    probability = generator.log_prob(Text(ids, mask)).sum(1).exp().detach()
    assert float(probability.sum()) == pytest.approx(1, abs=1e-6)
    written = generator.write(Prompt(50_000), 2, Draw()).ids
    seen = torch.stack([(written == row).all(1).sum() for row in ids]).double()
    expected = probability.double() * len(written)
    assert ((seen - expected).square() / expected).sum() < 28  # 6 degrees of freedom, once in 10,000


def test_a_prefix_is_kept_and_gradients_reach_every_weight() -> None:
    generator = _generator(LSTM, {"layers": 2})
    prefix = torch.tensor([[4, 5, 6]]).expand(7, -1)
    text = generator.write(Prompt(7, prefix=prefix), 9, Draw())
    assert torch.equal(text.ids[:, :3], prefix)
    written = generator.write(Prompt(7), 6, GumbelSoftmax(1.0))
    assert written.choices is not None and len(written.choices) == written.ids.shape[1]
    (written.read(torch.eye(VOCABULARY.size)).square() * torch.randn(VOCABULARY.size)).sum().backward()
    assert all(parameter.grad is not None for parameter in generator.parameters())


def test_there_are_as_many_layers_as_asked_for_and_each_reads_the_one_before() -> None:
    for count, sizes in ((1, [6]), (3, [6, 8, 8])):
        layers = LSTM(VOCABULARY, embedding=6, hidden=8, layers=count).layers
        assert [layer.input_size for layer in layers] == sizes


def test_a_tied_output_is_the_table_and_nothing_else_where_the_sizes_are_equal() -> None:
    generator = LSTM(VOCABULARY, embedding=8, hidden=8, tie=True)
    states = torch.randn(3, 8)
    words = generator.forbidden == 0
    wanted = states @ generator.table.weight.T + generator.output.bias
    assert torch.allclose(generator.read_out(states)[:, words], wanted[:, words], atol=1e-6)


def test_an_unknown_label_is_read_as_none() -> None:
    torch.manual_seed(0)
    generator = LSTM(VOCABULARY, embedding=4, hidden=5, classes=2)
    text = generator.write(Prompt(3, labels=torch.tensor([-1, -1, 1])), 5, Draw())
    told = generator.log_prob(text)
    with torch.no_grad():
        generator.labels.weight[0] = 0.0  # type: ignore[union-attr, operator, index]
    none = generator.log_prob(Text(text.ids, text.mask, torch.tensor([0, 0, 0])))
    assert torch.allclose(told[:2], none[:2], atol=1e-6) and not torch.allclose(told[2], none[2], atol=1e-3)


def test_labels_change_what_is_written() -> None:
    torch.manual_seed(2)
    generator = LSTM(VOCABULARY, embedding=6, hidden=8, classes=2)
    text = generator.write(Prompt(4, labels=torch.tensor([0, 0, 1, 1])), 5, Draw())
    swapped = Text(text.ids, text.mask, 1 - text.labels)  # type: ignore[operator]
    assert not torch.allclose(generator.log_prob(text), generator.log_prob(swapped))
    with pytest.raises(ValueError, match="labels"):
        generator.write(Prompt(4), 5, Draw())


def test_dropout_is_off_in_policy_mode_and_layers_stay_in_training_mode() -> None:
    from textgan.training.game import policy_mode

    generator = _generator(LSTM, {"dropout": 0.5})
    generator.train()
    text = generator.write(Prompt(4), 5, Draw())
    assert not torch.equal(generator.log_prob(text), generator.log_prob(text))
    policy_mode(generator)
    assert torch.equal(generator.log_prob(text), generator.log_prob(text))
    assert all(layer.training for layer in generator.layers)


def test_dropout_stands_on_the_output_too() -> None:
    torch.manual_seed(0)
    generator = LSTM(VOCABULARY, embedding=6, hidden=8, dropout=0.5)
    states = torch.randn(1, 3, 8)
    assert not torch.equal(generator.read_out(states), generator.read_out(states))
    generator.eval()
    assert torch.equal(generator.read_out(states), generator.read_out(states))


def test_the_start_is_as_wide_as_the_last_dimension_says() -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(400, 25)  # (25, 400): a deviation of 1 / 20
    initialise(layer, "uniform")
    weight = layer.weight.detach()
    assert 0.049 < float(weight.abs().max()) <= 0.05 and not layer.bias.any()
    assert float(weight.std()) == pytest.approx(0.05 / 3**0.5, rel=0.03)
    initialise(layer, "truncated-normal")
    assert 0.099 < float(weight.abs().max()) <= 0.1  # two deviations
    assert float(weight.std()) == pytest.approx(0.05 * 0.8796, rel=0.03)  # what the cut leaves of it
    kept = weight.clone()
    initialise(layer, "torch")
    assert torch.equal(layer.weight, kept)


def test_variational_dropout_has_one_mask_for_all_tokens_and_layers_of_a_sentence() -> None:
    torch.manual_seed(3)
    generator = LSTM(VOCABULARY, embedding=16, hidden=16, layers=2, dropout=0.5, variational=True)
    read: list[torch.Tensor] = []
    for layer in generator.layers:
        layer.register_forward_pre_hook(lambda _, given: read.append(given[0]))
    text = generator.write(Prompt(6), 5, Draw())
    read.clear()
    states = generator.states(text)
    dropped = [(one == 0).detach() for one in (*read, states)]
    mask = dropped[0][:, 0]
    assert 0.2 < mask.float().mean() < 0.8 and (mask[0] != mask[1]).any()
    assert all(torch.equal(one, mask.unsqueeze(1).expand_as(one)) for one in dropped)
    plain = LSTM(VOCABULARY, embedding=16, hidden=16, layers=2)
    plain.load_state_dict(generator.state_dict())
    assert torch.equal(plain.eval().log_prob(text), generator.eval().log_prob(text))
    with pytest.raises(ValueError, match="variational"):
        LSTM(VOCABULARY, embedding=6, hidden=8, dropout=0.5, variational=True)
