"""The autoencoder of text and its codes: it reconstructs, and the game moves only what it is meant to move."""

from __future__ import annotations

import pytest
import torch

from textgan.discriminators.cnn import CNN
from textgan.discriminators.latent import Latent as LatentDiscriminator
from textgan.errors import Mistake
from textgan.generators.latent import Latent
from textgan.generators.recurrent import LSTM
from textgan.objectives.adversarial import Wasserstein
from textgan.objectives.penalties import GradientPenalty
from textgan.sampling import Greedy
from textgan.strategies.latent import Latent as Game
from textgan.types import Prompt, Situation, Text, Vocabulary

VOCABULARY = Vocabulary(12)


def _text(size: int = 12, width: int = 6) -> Text:
    draw = torch.Generator().manual_seed(0)
    ids = torch.randint(4, 12, (size, width), generator=draw)
    lengths = torch.randint(2, width + 1, (size,), generator=draw)
    ids[torch.arange(size), lengths - 1] = VOCABULARY.eos
    mask = torch.arange(width) < lengths.unsqueeze(1)
    return Text(ids.masked_fill(~mask, VOCABULARY.pad), mask)


def _players(**how: object) -> tuple[Latent, LatentDiscriminator]:
    torch.manual_seed(0)
    generator = Latent(VOCABULARY, embedding=8, hidden=24, code=6, noise=5, mapping=[7], **how)  # type: ignore[arg-type]
    discriminator = LatentDiscriminator(code=6, layers=[9, 8])
    generator.meet(discriminator)
    discriminator.meet(generator)
    return generator, discriminator


@pytest.fixture(scope="module")
def trained() -> Latent:
    generator, _ = _players()
    text = _text()
    optimizer = torch.optim.Adam(generator.parameters(), 1e-2)
    for _ in range(250):
        optimizer.zero_grad()
        (-generator.log_prob(text).sum() / text.mask.sum()).backward()
        optimizer.step()
    return generator.eval()


def test_it_reconstructs_what_it_was_trained_on(trained: Latent) -> None:
    text = _text()
    written = trained.write(Prompt(len(text), code=trained.encode(text)), 6, Greedy())
    assert torch.equal(written.ids, text.ids) and torch.equal(written.mask, text.mask)
    swapped = trained.write(
        Prompt(len(text), code=trained.encode(text[[*range(1, len(text)), 0]])), 6, Greedy()
    )
    assert torch.equal(swapped.ids, text.ids.roll(-1, 0))  # what is written is decided by the code alone


def test_writing_step_by_step_is_the_parallel_pass(trained: Latent) -> None:
    text = _text()
    state = trained.start(Prompt(len(text), code=trained.encode(text)))
    token = torch.full((len(text),), VOCABULARY.bos)
    together = trained.logits(text)
    for position in range(6):
        logits, state = trained.step(token, state)
        assert torch.allclose(logits, together[:, position], atol=1e-5)
        token = text.ids[:, position]


def test_nothing_after_the_end_is_in_a_code(trained: Latent) -> None:
    text = _text()
    other = Text(torch.where(text.mask, text.ids, 7), text.mask)
    wider = Text(*(torch.nn.functional.pad(part, (0, 3)) for part in (text.ids, text.mask)))
    codes = trained.encode(text)
    assert torch.equal(trained.encode(other), codes)
    assert torch.allclose(trained.encode(wider), codes, atol=1e-6)
    assert torch.allclose(codes.norm(dim=-1), torch.ones(len(text)), atol=1e-6)
    empty = Text(torch.tensor([[VOCABULARY.eos, 7]]), torch.tensor([[True, False]]))
    assert torch.equal(trained.encode(empty), trained.encode(empty.narrowed(1)))


def test_noise_is_on_the_code_in_training_alone() -> None:
    generator, _ = _players(word_dropout=0.5)
    text = _text()
    first, again = generator.log_prob(text), generator.log_prob(text)
    assert not torch.equal(first, again)
    generator.eval()
    assert torch.equal(generator.log_prob(text), generator.log_prob(text))


def test_a_code_has_noise_of_the_deviation_that_was_asked_for() -> None:
    """`code_noise` is that of the whole code: the mean square of its length, one noise for all tokens."""
    generator, _ = _players(code_noise=0.4)
    text = _text(800)
    read: list[torch.Tensor] = []
    generator.decoder.register_forward_pre_hook(lambda _, given: read.append(given[0][..., -6:]))
    generator.train().states(text)
    noise = (read[0] - generator.encode(text).unsqueeze(1)).detach()  # (B, T, Z)
    assert torch.allclose(noise, noise[:, :1].expand_as(noise), atol=1e-6)
    found = float(noise[:, 0].square().sum(-1).mean())
    assert found == pytest.approx(0.4**2, rel=0.1)  # five standard errors


def test_forbidden_words_are_not_written(trained: Latent) -> None:
    probabilities = trained.logits(_text()).softmax(-1)
    assert not probabilities[..., list(VOCABULARY.forbidden)].any()


def test_the_share_of_words_that_the_encoder_does_not_see() -> None:
    generator, _ = _players(word_dropout=0.3)
    text = _text(800)
    read: list[torch.Tensor] = []
    generator.encoder.register_forward_pre_hook(lambda _, given: read.append(given[0]))
    for mode in (True, False):
        generator.train(mode).encode(text)
    unseen, seen = ((words == 0).all(-1)[text.mask].float().mean() for words in read)
    assert float(unseen) == pytest.approx(0.3, abs=0.03) and seen == 0  # six standard errors


def test_the_discriminator_reads_the_codes_that_were_written_from() -> None:
    generator, discriminator = _players()
    text = generator.eval().write(Prompt(7), 5, Greedy())
    assert text.vectors is not None and text.vectors.shape == (7, 1, 6) and text.vectors.requires_grad
    alone = discriminator.score(discriminator.body(text.vectors[:, 0])).squeeze(-1)
    assert torch.equal(discriminator.judge(text).score, alone)
    real = _text()
    read = discriminator.embed(real)
    assert torch.equal(read[:, 0], generator.encode(real)) and not read[:, 1:].any()
    assert not any("encoder" in name for name in discriminator.state_dict())


def _with_gradient(generator: Latent) -> set[str]:
    return {name.split(".")[0] for name, weight in generator.named_parameters() if weight.grad is not None}


def test_the_discriminators_own_step_leaves_the_generator_alone() -> None:
    generator, discriminator = _players()
    real = _text()
    with torch.no_grad():
        fake = generator.eval().write(Prompt(12), 5, Greedy())
    loss = Wasserstein().discriminator_loss(*discriminator.train().judge_both(real, fake))
    (loss + GradientPenalty(10.0)(discriminator, real, fake)).backward()
    assert not _with_gradient(generator)
    assert all(
        weight.grad is not None for name, weight in discriminator.named_parameters() if "bias" not in name
    )


@pytest.mark.parametrize(("weight", "moved"), [(0.0, set()), (0.3, {"table", "encoder", "to_code"})])
def test_a_turn_moves_the_code_generator_and_the_encoder_in_opposite_directions(
    weight: float, moved: set[str]
) -> None:
    """By ARAE's Algorithm 1: the generator ascends the critic's score of its codes, the encoder descends its own."""
    generator, discriminator = _players()
    generator.eval()
    discriminator.eval().requires_grad_(False)
    real = _text()
    torch.manual_seed(5)
    strategy = Game(encoder=weight)
    strategy.begin(generator)
    turn = strategy.turn(Situation(generator, discriminator, Wasserstein(), real, Prompt(9), 5, 0.0))
    turn.loss.backward()
    assert _with_gradient(generator) == {"mapping", *moved}
    found = {name: w.grad.clone() for name, w in generator.named_parameters() if w.grad is not None}
    generator.zero_grad()
    torch.manual_seed(5)
    codes = generator.draw_codes(9)
    fooling = -discriminator.score(discriminator.body(codes)).mean()
    (fooling + weight * discriminator.score(discriminator.body(generator.encode(real))).mean()).backward()
    assert torch.allclose(turn.log["reward"], -fooling, atol=1e-6)
    assert torch.allclose(turn.log["g-loss"], fooling, atol=1e-6)
    if weight:
        against = discriminator.judge(real).score.mean() + fooling
        assert torch.allclose(turn.log["encoder-loss"], against, atol=1e-6)
    for name, gradient in found.items():
        assert torch.allclose(generator.get_parameter(name).grad, gradient, atol=1e-7), name  # type: ignore[arg-type]


def test_noise_can_be_the_code_itself() -> None:
    torch.manual_seed(0)
    generator = Latent(VOCABULARY, code=6, noise=5, mapping=[])
    codes = generator.draw_codes(2000)
    assert torch.allclose(codes.norm(dim=-1), torch.ones(2000), atol=1e-6)
    assert codes.mean(0).abs().max() < 4 * (1 / 6 / 2000) ** 0.5  # uniform on the sphere: variance 1/Z each
    assert not any("mapping" in name for name in generator.state_dict())


def test_what_cannot_go_together_is_refused() -> None:
    generator, discriminator = _players()
    with pytest.raises(Mistake, match="generator's codes have 6"):
        LatentDiscriminator(code=7).meet(generator)
    with pytest.raises(Mistake, match="needs a generator that has them"):
        discriminator.meet(LSTM(VOCABULARY))
    with pytest.raises(Mistake, match="needs a discriminator of codes"):
        generator.meet(CNN(VOCABULARY))
    with pytest.raises(Mistake, match="needs a generator with latent codes"):
        Game().begin(LSTM(VOCABULARY))
    with pytest.raises(ValueError, match="word_dropout"):
        Latent(VOCABULARY, word_dropout=1.0)
