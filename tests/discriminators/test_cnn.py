"""The discriminator against a convolution written out by hand, and blind to whatever follows a sentence's end."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
import torch

from textgan.discriminators import cnn, lookup
from textgan.discriminators.cnn import CNN
from textgan.discriminators.lookup import highest_beyond
from textgan.machine.products import Windows
from textgan.types import Choice, Completed, Text, Vocabulary

VOCABULARY = Vocabulary(12)


def _text(width: int = 6) -> Text:
    torch.manual_seed(1)
    ids = torch.randint(4, 12, (5, width))
    lengths = torch.tensor([6, 1, 3, 5, 2])
    mask = torch.arange(width) < lengths.unsqueeze(1)
    return Text(ids.masked_fill(~mask, 0), mask)


def _discriminator(**options: object) -> CNN:
    torch.manual_seed(0)
    return CNN(VOCABULARY, embedding=4, widths=[1, 2, 3, 9], filters=5, **options).eval()  # type: ignore[arg-type]


def test_features_by_hand() -> None:
    discriminator = _discriminator(highway=False)
    text = _text()
    embeddings = discriminator.embed(text)
    wanted = []
    for row in range(len(text)):
        length = int(text.mask[row].sum())
        features = []
        for width, layer in zip(discriminator.widths, discriminator.convolutions, strict=True):
            padded = torch.cat([embeddings[row], torch.zeros(width, 4)])
            count = max(1, length - width + 1)
            windows = [padded[start : start + width] for start in range(count)]  # (width, E) each
            values = [(layer.weight * window.T).sum((1, 2)) + layer.bias for window in windows]
            features.append(torch.stack(values).relu().amax(0))
        wanted.append(torch.cat(features))
    assert torch.allclose(discriminator.judge(text).features, torch.stack(wanted), atol=1e-5)


def test_a_window_counts_as_much_as_its_last_token_is_present() -> None:
    discriminator = _discriminator(highway=False)
    presence = torch.tensor([[1.0, 0.7, 0.2, 0.0]], requires_grad=True)
    text = Text(torch.tensor([[4, 5, 6, 7]]), torch.ones(1, 4, dtype=torch.bool), presence=presence)
    weighted = discriminator.table(text.ids)[0] * presence[0].unsqueeze(1)  # (4, E)
    wanted = []
    for width, layer in zip(discriminator.widths, discriminator.convolutions, strict=True):
        padded = torch.cat([weighted, torch.zeros(width, 4)])
        values = [(layer.weight * padded[at : at + width].T).sum((1, 2)) + layer.bias for at in range(4)]
        counts = [1.0] + [presence[0, at + width - 1] for at in range(1, max(1, 5 - width))]
        kept = [value * count for value, count in zip(values, counts, strict=False)]
        wanted.append(torch.stack(kept).relu().amax(0))
    features = discriminator.judge(text).features
    assert torch.allclose(features, torch.cat(wanted).unsqueeze(0), atol=1e-5)
    (ours,) = torch.autograd.grad(features.sum(), presence)
    (theirs,) = torch.autograd.grad(torch.cat(wanted).sum(), presence)
    assert torch.allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"highway": False}, {"spectral_norm": True}])
def test_nothing_after_the_end_changes_the_score(options: dict[str, object]) -> None:
    discriminator = _discriminator(**options)
    text = _text()
    score = discriminator.judge(text).score
    noise = torch.where(text.mask, text.ids, torch.randint(4, 12, text.ids.shape))
    assert torch.equal(discriminator.judge(Text(noise, text.mask)).score, score)
    longer = Text(
        torch.nn.functional.pad(text.ids, (0, 7), value=9), torch.nn.functional.pad(text.mask, (0, 7))
    )
    assert torch.allclose(discriminator.judge(longer).score, score, atol=1e-6)


def test_ids_one_hots_and_vectors_enter_by_the_same_door() -> None:
    discriminator = _discriminator()
    text = _text()
    score = discriminator.judge(text).score
    one_hot = torch.eye(VOCABULARY.size)[text.ids]
    for hard in (False, True):
        choices = tuple(Choice(text.ids[:, at], one_hot[:, at], hard) for at in range(text.ids.shape[1]))
        assert torch.allclose(
            discriminator.judge(Text(text.ids, text.mask, choices=choices)).score, score, atol=1e-6
        )
    vectors = discriminator.table(text.ids)
    assert torch.allclose(
        discriminator.judge(Text(text.ids, text.mask, vectors=vectors)).score, score, atol=1e-6
    )


def test_labels_project() -> None:
    discriminator = _discriminator(classes=3)
    text = _text()
    labels = torch.tensor([0, 1, 2, 0, 1])
    verdict = discriminator(discriminator.embed(text), text.mask, labels)
    assert discriminator.labels is not None
    plain = discriminator.score(verdict.features).squeeze(-1)
    assert torch.allclose(
        verdict.score - plain, (discriminator.labels(labels) * verdict.features).sum(-1), atol=1e-5
    )
    with pytest.raises(ValueError, match="labels"):
        discriminator.judge(text)


def test_spectral_norm_bounds_the_weights() -> None:
    discriminator = _discriminator(spectral_norm=True)
    discriminator.train()
    for _ in range(50):
        discriminator.judge(_text())
    discriminator.eval()
    assert discriminator.highway is not None
    for layer in (*discriminator.convolutions, discriminator.highway, discriminator.score):
        norm = float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2))
        assert norm == pytest.approx(1, abs=0.02)


def test_a_number_of_filters_for_every_width() -> None:
    discriminator = CNN(VOCABULARY, widths=[1, 2], filters=[3, 7])
    assert discriminator.judge(_text()).features.shape == (5, 10)
    with pytest.raises(ValueError, match="filters"):
        CNN(VOCABULARY, widths=[1, 2, 3], filters=[3, 7])


def test_a_label_stands_beside_every_token() -> None:
    discriminator = _discriminator(classes=3, labels="concatenate", highway=False)
    text = _text()
    labels = torch.tensor([0, 1, 2, -1, 1])
    assert discriminator.beside is not None
    plain = CNN(VOCABULARY, embedding=8, widths=[1, 2, 3, 9], filters=5, highway=False).eval()
    plain.load_state_dict(
        {k: v for k, v in discriminator.state_dict().items() if k not in ("table.weight", "beside.weight")},
        strict=False,
    )
    label = discriminator.beside.weight[labels] * (labels >= 0).unsqueeze(1)
    joined = torch.cat(
        [discriminator.embed(text), label.unsqueeze(1).expand(-1, 6, -1) * text.mask.unsqueeze(-1)], -1
    )
    judged = discriminator.judge(Text(text.ids, text.mask, labels))
    assert torch.allclose(judged.score, plain(joined, text.mask).score, atol=1e-6)
    others = discriminator.judge(Text(text.ids, text.mask, torch.tensor([1, 1, 2, -1, 1]))).score
    assert (others != judged.score).tolist() == [True, False, False, False, False]
    with pytest.raises(ValueError, match="needs labels"):
        discriminator.judge(text)
    with pytest.raises(ValueError, match="labels: 'concatenate'"):
        _discriminator(labels="concatenate")


def test_a_discriminator_that_tells_classes_is_real_with_the_probability_of_all_of_them() -> None:
    discriminator = _discriminator(classes=3, labels="tell")
    verdict = discriminator.judge(_text())  # it needs no label
    assert verdict.classes is not None and verdict.classes.shape == (5, 3) and discriminator.tells_classes
    with_written = torch.cat([verdict.classes, torch.zeros(5, 1)], 1).softmax(1)  # K + 1 classes
    assert torch.allclose(verdict.score.sigmoid(), with_written[:, :3].sum(1), atol=1e-6)
    assert torch.allclose(1 - verdict.score.sigmoid(), with_written[:, 3], atol=1e-6)


def test_an_unknown_label_adds_nothing() -> None:
    discriminator = _discriminator(classes=3)
    text = _text()
    verdict = discriminator(discriminator.embed(text), text.mask, torch.tensor([-1] * 5))
    assert torch.equal(verdict.score, discriminator.score(verdict.features).squeeze(-1))


@pytest.mark.parametrize("looked_up", [True, False])
@pytest.mark.parametrize("longest", [12, 7])
@pytest.mark.parametrize(
    ("classes", "options"), [(0, {}), (0, {"spectral_norm": True}), (2, {}), (2, {"labels": "concatenate"})]
)
def test_completions_are_judged_as_sentences_are(
    classes: int,
    options: dict[str, object],
    longest: int,
    looked_up: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By windows that are looked up or not, of prefixes and completions of every length."""
    reads = Mock(side_effect=highest_beyond)
    monkeypatch.setattr(cnn, "highest_beyond", reads)
    monkeypatch.setattr(lookup, "_FEATURES", 15 * 20)  # three pieces together
    monkeypatch.setattr(lookup, "_TOKENS_A_WORD", 0 if looked_up else 10**6)
    discriminator = _discriminator(classes=classes, **options)
    torch.manual_seed(5)
    whole = torch.randint(4, 12, (3, longest))
    labels = torch.tensor([0, 1, 0]) if classes else None
    sentence = torch.tensor([2, 0, 0, 1, 2])
    written = []
    for kept in range(longest):
        ids = whole[sentence].clone()
        ids[:, kept:] = torch.randint(4, 12, (5, longest - kept))
        lengths = torch.randint(kept + 1, longest + 1, (5,))
        mask = torch.arange(longest) < lengths.unsqueeze(1)
        written.append(Text(ids, mask, None if labels is None else labels[sentence]))
    first = Text(whole, torch.ones_like(whole, dtype=torch.bool), labels)
    pieces = [
        Completed(text.narrowed(int(text.mask.sum(1).max())), sentence, kept)
        for kept, text in [*enumerate(written), (3, written[3])]
    ]
    verdicts = list(discriminator.judge_completed(first, pieces))
    for piece, verdict in zip(pieces, verdicts, strict=True):
        wanted = discriminator.judge(piece.text)
        assert torch.allclose(verdict.score, wanted.score, atol=1e-6)
        assert torch.allclose(verdict.features, wanted.features, atol=1e-6)
        assert verdict.ids is piece.text.ids and verdict.labels is piece.text.labels
    assert reads.called == (looked_up and "labels" not in options)


def test_windows_are_looked_up_where_that_is_quicker_and_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    convolutions = [Windows(4, 5, 2), Windows(4, 5, 3)]  # 15 numbers a word at most
    text = Text(
        torch.tensor([[4, 5], [5, 6]]).repeat(8, 1), torch.ones(16, 2, dtype=torch.bool)
    )  # 32 of 3 words
    pieces = [Completed(half, torch.zeros(8, dtype=torch.long), 1) for half in (text[:8], text[8:])]
    monkeypatch.setattr(lookup, "_TOKENS_A_WORD", 10)
    monkeypatch.setattr(lookup, "_ROWS", 45)
    assert lookup.worth_it(convolutions, pieces)
    with torch.autocast("cpu", torch.bfloat16):
        assert not lookup.worth_it(convolutions, pieces)
    monkeypatch.setattr(lookup, "_ROWS", 44)
    assert not lookup.worth_it(convolutions, pieces)
    monkeypatch.undo()
    monkeypatch.setattr(lookup, "_TOKENS_A_WORD", 11)
    assert not lookup.worth_it(convolutions, pieces)


@pytest.mark.parametrize("options", [{}, {"highway": False}, {"spectral_norm": True}, {"dropout": 0.5}])
@pytest.mark.parametrize("width", [4, 12])
def test_the_features_of_prefixes_are_those_of_judging_each(width: int, options: dict[str, object]) -> None:
    discriminator = _discriminator(**options)
    torch.manual_seed(6)
    ids = torch.randint(4, 12, (5, width))
    mask = torch.arange(width) < torch.tensor([4, 1, 3, width, 2]).unsqueeze(1)
    text = Text(ids, mask)
    along = discriminator.features_along(text)
    state = discriminator.begin_reading(5)
    assert along.shape == (5, width + 1, discriminator.feature_size)
    token = torch.full((5,), VOCABULARY.bos)
    for count in range(width + 1):
        prefix = Text(text.ids, text.mask & (torch.arange(width) < count))
        wanted = discriminator.judge(prefix).features
        assert torch.allclose(along[:, count], wanted, atol=1e-5)
        read, state = discriminator.read_on(token, state)
        whole = mask.sum(1) >= count  # what is read past a sentence's end is no part of it
        assert torch.allclose(read[whole], wanted[whole], atol=1e-5)
        token = ids[:, count] if count < width else token


def test_minibatch_features_tell_a_collapsed_batch_from_a_diverse_one() -> None:
    discriminator = _discriminator(minibatch=6)
    assert not discriminator.one_by_one
    torch.manual_seed(2)
    whole = torch.ones(16, 6, dtype=torch.bool)
    diverse = Text(torch.randint(4, 12, (16, 6)), whole)
    collapsed = Text(diverse.ids[:1].repeat(16, 1), whole)
    likeness = [discriminator.judge(text).features[:, -6:] for text in (diverse, collapsed)]
    assert torch.allclose(likeness[1], torch.ones(16, 6), atol=1e-5)  # all the same, whatever the weights
    assert (likeness[0] < 0.9).all() and (likeness[0] > 0).all()
    # Judged beside real text, a collapsed batch would look half as diverse: the sides are judged apart.
    real, fake = discriminator.judge_both(diverse, collapsed)
    assert torch.equal(real.features, discriminator.judge(diverse).features)
    assert torch.equal(fake.features, discriminator.judge(collapsed).features)
