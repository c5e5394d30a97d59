"""The packaged grammars: derivability, lengths, agreement, entropy, and the corpora."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from textgan.data.embedded import Captions, Molecules, Passwords, Reviews, Stories
from textgan.data.grammar import Grammar, load
from textgan.errors import Mistake


@pytest.fixture(params=["captions", "stories"])
def grammar(request: pytest.FixtureRequest) -> Grammar:
    return load(request.param)


def test_lengths_and_vocabulary() -> None:
    captions, stories = load("captions"), load("stories")
    assert captions.min_length >= 8 and captions.max_length <= 20
    assert stories.min_length >= 30 and stories.max_length <= 60
    assert 1000 <= len(captions.vocabulary) <= 2000
    assert captions.vocabulary == sorted(set(captions.vocabulary))


def test_samples_are_derivable_and_their_mean_is_the_entropy(grammar: Grammar) -> None:
    sentences = grammar.sample(4000, 1)
    exact = grammar.log_prob(sentences)
    assert np.isfinite(exact).all()
    error = exact.std() / math.sqrt(len(exact))
    assert abs(-exact.mean() - grammar.entropy()) < 4 * error
    smoothed = grammar.log_prob_smoothed(sentences)
    np.testing.assert_allclose(smoothed, exact + math.log(0.99), atol=1e-3)


def test_shuffled_sentences_are_not_derivable(grammar: Grammar) -> None:
    rng = np.random.default_rng(0)
    shuffled = [" ".join(rng.permutation(s.split())) for s in grammar.sample(500, 2)]
    assert np.isneginf(grammar.log_prob(shuffled)).mean() > 0.99
    assert np.isfinite(grammar.log_prob_smoothed(shuffled)).all()


def test_articles_spacing_and_case(grammar: Grammar) -> None:
    for sentence in grammar.sample(3000, 3):
        assert sentence == sentence.lower() and sentence.endswith(".") and "  " not in sentence
        assert not re.search(r" [.,]", sentence)
        assert not re.search(r"\ba [aeio]", sentence.replace("a european", "")), sentence
        assert not re.search(r"\ban [^aeiouh]", sentence), sentence


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (
            "two brown dogs are chasing their tails in a green park on a rainy day.",
            "two brown dogs are chasing its tail in a green park on a rainy day.",
        ),
        (
            "a brown dog is chasing its tail in a green park.",
            "a brown dogs is chasing its tail in a green park.",
        ),
        (
            "a young man is tasting his broth in the kitchen with his son.",
            "a young man is tasting her broth in the kitchen with his son.",
        ),
        (
            "a young man is peeling carrots in the kitchen with his son.",
            "a young man is peeling carrots in the kitchen with her son.",
        ),
        (
            "a young man is peeling carrots in the kitchen with his son.",
            "a young man is peeling carrots in the ocean with his son.",
        ),
    ],
)
def test_captions_agree_over_distance(right: str, wrong: str) -> None:
    scores = load("captions").log_prob([right, wrong])
    assert np.isfinite(scores[0]) and np.isneginf(scores[1])


def test_stories_keep_person_place_and_thing() -> None:
    story = (
        "one rainy morning, a shy boy hurried to the town library to return a thick book. he fell asleep, "
        "but a tall stranger gave him a cup of tea. in the end, the boy read the book to his friends."
    )
    changed = [
        story.replace("he fell", "she fell"),
        story.replace("the boy read", "the girl read"),
        story.replace("his friends", "her friends"),
        story.replace("library", "harbor"),
        story.replace("a cup of tea", "a new oar"),
    ]
    scores = load("stories").log_prob([story, *changed])
    assert np.isfinite(scores[0]) and np.isneginf(scores[1:]).all()


@pytest.mark.parametrize("corpus", [Captions, Stories])
def test_corpora_are_seeded_and_their_splits_independent(corpus: type[Captions] | type[Stories]) -> None:
    first = corpus(size=300, validation=50, test=100, seed=4)
    again = corpus(size=200, validation=50, test=100, seed=4)
    assert first.test == again.test and first.validation == again.validation
    assert corpus(size=300, validation=50, test=100, seed=4).train == first.train
    assert corpus(size=300, seed=5).train.texts != first.train.texts
    assert (len(first.train), len(first.validation), len(first.test)) == (300, 50, 100)
    assert not set(first.train.texts) & set(first.validation.texts)
    assert first.source is not None and np.isfinite(first.source.log_prob(first.test.texts)).all()
    assert first.label_names == () and not any(note.startswith("0 ") for note in first.notes)


def test_mistakes() -> None:
    with pytest.raises(Mistake, match="corpus.size"):
        Captions(size=0)
    with pytest.raises(Mistake, match="corpus.seed"):
        Stories(seed=-1)


def test_each_label_of_the_reviews_has_its_own_source_and_their_mixture_is_the_corpus() -> None:
    corpus = Reviews(size=3000, validation=50, test=50)
    assert corpus.train.labels is not None and corpus.source is not None
    each = np.stack([source.log_prob(corpus.train.texts) for source in corpus.by_label])  # (2, N)
    rows = np.arange(len(corpus.train))
    assert np.isfinite(each[corpus.train.labels, rows]).all()
    assert np.isneginf(each[1 - np.array(corpus.train.labels), rows]).all()  # no sentence has both labels
    mixed = np.logaddexp(*each) - math.log(2)
    np.testing.assert_allclose(corpus.source.log_prob(corpus.train.texts), mixed, atol=1e-9)
    assert abs(np.mean(corpus.train.labels) - 0.5) < 4 * 0.5 / math.sqrt(3000)
    sources = [source.entropy() for source in corpus.by_label]
    assert corpus.source.entropy() == pytest.approx(np.mean(sources) + math.log(2))


def test_a_longer_train_leaves_the_reviews_of_the_test_split() -> None:
    small, large = Reviews(size=10, test=40), Reviews(size=500, test=40)
    assert (small.test.texts, small.test.labels) == (large.test.texts, large.test.labels)


@pytest.mark.parametrize("corpus", [Molecules, Passwords])
def test_spelled_corpora_have_a_known_source_of_letters(corpus: type) -> None:
    made = corpus(size=2000, validation=5, test=5)
    texts = made.train.texts
    assert not any(" " in text for text in texts)
    exact = made.source.log_prob(texts)
    assert np.isfinite(exact).all()
    error = exact.std() / math.sqrt(len(texts))
    assert abs(-exact.mean() - made.source.entropy()) < 4 * error  # no string is written in two ways
    assert made.source.tokens(texts[0]) == list(texts[0])
    assert np.isneginf(made.source.log_prob([texts[0] + "?", texts[0][:-1] + " "])).all()


def test_molecules_close_what_they_open() -> None:
    for text in Molecules(size=2000, validation=5, test=5).train.texts:
        depth = np.cumsum([(letter == "(") - (letter == ")") for letter in text])
        assert depth.min() >= 0 and depth[-1] == 0, text
        assert text.count("1") in (0, 2) and text.count("2") in (0, 2), text


def test_a_grammar_of_letters_spells_its_words_and_knows_no_article() -> None:
    grammar = Grammar("start: 3 a <word> | 1 ox\nword: ab | 1 -", letters=True)
    assert set(grammar.sample(200)) == {"a", "aab", "ox"}
    np.testing.assert_allclose(np.exp(grammar.log_prob(["a", "aab", "ox", "an"])), [3 / 8, 3 / 8, 1 / 4, 0])
