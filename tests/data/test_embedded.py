"""The packaged grammars: derivability, lengths, agreement, entropy, and the corpora."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from textgan.data.embedded import Captions, Stories
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
    assert first.label_names == () and len(first.notes) == 2 and first.notes[1].startswith("0 of 100 test")


def test_mistakes() -> None:
    with pytest.raises(Mistake, match="corpus.size"):
        Captions(size=0)
    with pytest.raises(Mistake, match="corpus.seed"):
        Stories(seed=-1)
