"""The likelihood of text under a model that somebody else trained: against the model asked token by token."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from textgan.benchmark.measure import sentence_values
from textgan.errors import Mistake
from textgan.metrics import Samples, evaluate
from textgan.metrics.pretrained_lm import nats_and_tokens, pretrained_nll

TEXTS = ["a man is reading .", "two dogs", "", "a white cat is beside a man on a bench ."]


@pytest.fixture(scope="module", params=["with a beginning", "without"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny GPT-2 of random weights over the words of the texts."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("model")
    words = ["<s>", "<unk>", *sorted({word for text in TEXTS for word in text.split()})]
    cut = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    cut.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    special = {"bos_token": "<s>"} if request.param == "with a beginning" else {}
    PreTrainedTokenizerFast(tokenizer_object=cut, unk_token="<unk>", **special).save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = GPT2Config(
            vocab_size=len(words), n_embd=16, n_layer=2, n_head=2, n_positions=32, initializer_range=0.5
        )
        GPT2LMHeadModel(config).save_pretrained(folder)
    return str(folder)


def token_by_token(text: str, where: str) -> tuple[float, int]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, lm = AutoTokenizer.from_pretrained(where), AutoModelForCausalLM.from_pretrained(where).eval()
    ids = tokenizer(text)["input_ids"]
    ids = ids if tokenizer.bos_token_id is None else [tokenizer.bos_token_id, *ids]
    nats = 0.0
    for place in range(1, len(ids)):
        with torch.no_grad():
            nats -= lm(torch.tensor([ids[:place]])).logits[0, -1].log_softmax(-1)[ids[place]].item()
    return nats, max(0, len(ids) - 1)


def test_each_sentence_has_the_likelihood_of_its_tokens_alone(model: str) -> None:
    nats, tokens = nats_and_tokens(TEXTS, model)
    by_hand = [token_by_token(text, model) for text in TEXTS]
    assert tokens.tolist() == [count for _, count in by_hand]
    assert np.allclose(nats, [value for value, _ in by_hand], atol=1e-4)
    assert pretrained_nll(TEXTS, model) == pytest.approx(nats.sum() / tokens.sum())


def test_half_precision_is_told_and_gives_the_same_to_its_rounding(model: str) -> None:
    exact, half = (
        evaluate(Samples(TEXTS, []), [f"pretrained-lm:{name}"])["pretrained-nll"]
        for name in (model, f"{model}@bf16")
    )
    assert exact.value != half.value == pytest.approx(exact.value, rel=5e-3)
    assert "|precision:fp32|" in exact.signature and "|precision:bf16|" in half.signature
    assert f"|model:{Path(model).name}|" in half.signature


def test_the_values_of_sentences_have_the_score_for_mean(model: str) -> None:
    name = f"pretrained-lm:{model}"
    score = evaluate(Samples(TEXTS, TEXTS), [name])["pretrained-nll"]
    values = sentence_values(TEXTS, TEXTS, None, [name])["pretrained-nll"]
    assert len(values) == len(TEXTS) and values.std() > 0.1
    assert values.mean() == pytest.approx(score.value)
    assert f"|model:{Path(model).name}|" in score.signature  # no path of this machine


def test_nothing_to_score(model: str) -> None:
    assert evaluate(Samples([""], []), [f"pretrained-lm:{model}"]) == {}
    with pytest.raises(Mistake, match="no token"):
        pretrained_nll([""], model)


def test_a_model_must_be_named_and_be_there(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="pretrained-lm:MODEL"):
        evaluate(Samples(TEXTS, []), ["pretrained-lm"])
    (tmp_path / "config.json").write_text(json.dumps({}))
    with pytest.raises(Mistake, match="metrics.pretrained-lm: no model at"):
        evaluate(Samples(TEXTS, []), [f"pretrained-lm:{tmp_path}"])


def test_training_is_refused_before_it_begins_where_the_model_is_missing(tmp_path: Path) -> None:
    from textgan.assembly.recipe import Recipe
    from textgan.runs.train import train

    (tmp_path / "config.json").write_text(json.dumps({}))
    out = tmp_path / "run"
    with pytest.raises(Mistake, match="no model at"):
        train(Recipe.load("mle-short", ["budget=smoke", f"metrics=['pretrained-lm:{tmp_path}']"]), out)
    assert not out.exists()
