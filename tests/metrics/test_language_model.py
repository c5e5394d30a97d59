"""The small language model and what is measured with it: likelihoods of known languages, seeds, streams, ranks."""

from __future__ import annotations

import math
import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from textgan.data.grammar import load
from textgan.errors import Mistake
from textgan.metrics.language_model import FEWEST, Corpus, LanguageModel, shared, train, words_of
from textgan.metrics.lm_scores import lm_score, measure_lm, reverse_lm
from textgan.metrics.samples import Samples
from textgan.types import Prompt, Text

COIN = ["heads up", "tails up"] * 60
"""ln 2 nats for the first word, none for the second nor for the end: ln 2 / 3 a token."""


def captions(count: int, seed: int) -> list[str]:
    return load("captions").sample(count, seed)


def shuffled(texts: list[str]) -> list[str]:
    draw = random.Random(0)
    return [" ".join(draw.sample(words, len(words))) for words in map(str.split, texts)]


@pytest.fixture(scope="module")
def real() -> list[str]:
    return captions(1500, 1)


@pytest.fixture(scope="module")
def coin() -> LanguageModel:
    return train(COIN, words_of(Corpus(COIN)))


def test_the_likelihood_of_a_tiny_language_is_its_entropy(coin: LanguageModel):
    found = coin.nats(["heads up", "tails up"])
    assert (found.tokens, found.sentences, found.unknown) == (6, 2, 0)
    # mixing with 1 % noise over 5 classes (three words, end, unknown) costs up to -ln(.99) a token
    assert found.nats / 6 == pytest.approx(math.log(2) / 3, abs=0.02)
    assert found.nats / 6 > math.log(2) / 3


def test_probabilities_sum_to_one_over_all_next_words(coin: LanguageModel):
    """The first token of a sentence is a word of the language, an unknown one, or the end (of an empty text)."""
    first = {
        word: math.exp(-coin.nats([word]).nats + coin.nats([f"{word} "]).nats) for word in ("heads", "up")
    }
    assert first == {"heads": 1.0, "up": 1.0}  # spaces say nothing
    ids = torch.tensor(
        [[coin.words.tokenizer.encode([word])[0][0]] for word in ("heads", "tails", "up", "??")]
    )
    text = coin.net.log_prob
    ids = torch.cat([ids, torch.tensor([[coin.words.tokenizer.eos]])])
    chance = text(Text(ids, torch.ones_like(ids, dtype=torch.bool))).exp()
    assert float(chance.sum()) == pytest.approx(1.0, abs=1e-5)


def test_an_unknown_word_costs_its_class_and_its_kinds():
    rare = [f"word{i}" for i in range(3000)]
    text = ["the end"] * 3000 + rare
    words = words_of(Corpus(text))
    assert (words.tokenizer.size, words.folded) == (2000, 3002 - 1996 + 1)
    model = train(text[:200], words)
    known, unknown = model.nats(["the end"]), model.nats(["the zebra"])
    assert (known.unknown, unknown.unknown) == (0, 1)
    limit = math.log(1998 / 0.01) + math.log(words.folded)  # what noise leaves to a word that is never seen
    assert unknown.nats - known.nats > 10
    assert unknown.nats < 3 * limit
    ids = torch.tensor([[*words.tokenizer.encode(["the zebra"])[0], words.tokenizer.eos]])
    log_probs = model.net.log_prob(Text(ids, torch.ones_like(ids, dtype=torch.bool)))[0].tolist()
    mixed = [math.log(0.99 * math.exp(log_prob) + 0.01 / 1998) for log_prob in log_probs]
    assert unknown.nats == pytest.approx(math.log(words.folded) - sum(mixed), abs=1e-5)


def test_a_long_text_is_cut_at_64_tokens(coin: LanguageModel):
    long = coin.nats(["up " * 70, "up " * 64, "up " * 63])
    assert (long.tokens, long.sentences) == (3 * 64, 3)  # of which only the last has its end


def test_what_is_scored_does_not_depend_on_its_company(coin: LanguageModel):
    alone = [coin.nats([text]).nats for text in ("heads", "up up up tails", "tails up")]
    assert coin.nats(["heads", "up up up tails", "tails up"]).nats == pytest.approx(sum(alone), abs=1e-4)
    together = coin.features(["heads", "up up up tails", "tails up"])
    np.testing.assert_allclose(together[1], coin.features(["up up up tails"])[0], atol=1e-6)


def test_a_feature_is_the_mean_of_the_states_that_writing_meets(coin: LanguageModel):
    state = coin.net.start(Prompt(1))
    token = torch.tensor([coin.net.vocabulary.bos])
    met = []
    for i in [*coin.words.tokenizer.encode(["tails up"])[0], None]:
        _, state = coin.net.step(token, state)
        met.append(state["h"][0, 0])
        token = torch.tensor([i or 0])
    np.testing.assert_allclose(coin.features(["tails up"])[0], torch.stack(met).mean(0).numpy(), atol=1e-6)


def test_the_same_seed_gives_the_same_value_and_another_one_another():
    words = words_of(Corpus(COIN))
    values = [train(COIN, words, seed=seed).nats(COIN[:2]).nats for seed in (3, 3, 4)]
    assert values[0] == values[1] != values[2]


def test_a_look_leaves_the_random_streams_and_the_threads_alone():
    torch.manual_seed(5)
    np.random.seed(5)
    before = torch.random.get_rng_state(), np.random.get_state()[1].tolist(), torch.get_num_threads()
    with torch.no_grad():  # as an evaluation in the middle of a run may be
        value = measure_lm(Samples(COIN, COIN, COIN))
    assert torch.equal(before[0], torch.random.get_rng_state())
    assert before[1:] == (np.random.get_state()[1].tolist(), torch.get_num_threads())
    torch.manual_seed(6)  # and is not disturbed by them
    shared.cache_clear()
    assert measure_lm(Samples(COIN, COIN, COIN)) == value


def test_a_model_of_real_text_is_trained_once():
    shared.cache_clear()
    for texts in (COIN[:60], COIN[:80]):
        lm_score(texts, list(COIN))
    assert (shared.cache_info().misses, shared.cache_info().hits) == (1, 1)
    assert shared.cache_info().maxsize == 4
    assert Corpus(["ab", "c"]) != Corpus(["a", "bc"])


def test_lm_score_knows_sentences_from_shuffled_words(real: list[str]):
    fresh = captions(300, 2)
    good, bad = lm_score(fresh, real), lm_score(shuffled(fresh), real)
    assert good + 1 < bad


def test_one_sentence_repeated_is_found_by_reverse_lm_and_not_by_lm_score(real: list[str]):
    heldout, fresh = captions(300, 3), captions(1500, 4)
    one = [min(fresh, key=lambda text: abs(len(text.split()) - 8))] * 1500
    assert reverse_lm(fresh, heldout, real) + 1 < reverse_lm(one, heldout, real) < 20
    assert lm_score(one, real) < lm_score(fresh, real) + 1


def test_without_train_half_of_the_references_is_learnt_and_half_held_out(real: list[str]):
    texts = captions(200, 5)
    found = measure_lm(Samples(texts, real[:400]))
    assert set(found) == {"lm-score", "reverse-lm"}
    assert found["lm-score"].value == lm_score(texts, real[:400:2])
    assert found["reverse-lm"].value == reverse_lm(texts, real[1:400:2], real[:400:2])
    assert "|real:200(half-of-refs)|" in found["lm-score"].signature
    assert found["lm-score"].signature.startswith("lm-score|hyps:200|")
    assert "|scored:200|" in found["reverse-lm"].signature


def test_too_few_sentences_are_absent_or_a_mistake():
    few = ["a dog ran ."] * (FEWEST - 1)
    assert measure_lm(Samples(few, few, few)) == {}
    assert measure_lm(Samples([], COIN, COIN)) == {} == measure_lm(Samples([" "], COIN, COIN))
    assert set(measure_lm(Samples(few, COIN, COIN))) == {"lm-score"}
    assert set(measure_lm(Samples(COIN, [], COIN))) == {"lm-score"}
    with pytest.raises(Mistake, match="give 50 or more"):
        lm_score(["a b"], few)
    with pytest.raises(Mistake, match="no sentence"):
        lm_score([], COIN)


def test_no_torch_is_loaded_until_a_model_is_trained():
    code = (
        "import sys; import textgan.metrics.lm_scores, textgan.metrics.frechet, textgan.metrics.mauve;"
        "assert not {'torch', 'transformers', 'tokenizers', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
