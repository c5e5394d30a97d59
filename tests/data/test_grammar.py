"""Grammars and their automata against enumeration: every sentence of a tiny language."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from textgan.data.grammar import Grammar
from textgan.errors import Mistake

TINY = """
forms N: sg pl        # a comment
start: 3 <walk sg> | <walk pl>
walk N: <dogs N> is/are walking slowly?0.2 .
  <dogs N> bark/barks , <and>
dogs sg: a <colour> dog | 2 the dog
dogs pl: two <colour> dogs
colour: red | 2 orange | -
and: - | and sing
"""
AMBIGUOUS = "start: 1 <x> <y> | 3 a b c\nx: a | a b\ny: b c | c"


def enumerate_paths(grammar: Grammar) -> dict[str, float]:
    """All sentences with the sum of their paths' probabilities, arc by arc."""
    automaton = grammar.automaton
    total: dict[str, float] = {}
    paths: list[tuple[int, tuple[str, ...], float]] = [(0, (), 1.0)]
    while paths:
        state, words, probability = paths.pop()
        for arc in np.flatnonzero(automaton.source == state):
            share = probability * automaton.probability[arc]
            if automaton.word[arc] == automaton.end:
                total[" ".join(words)] = total.get(" ".join(words), 0.0) + share
            else:
                paths.append(
                    (int(automaton.target[arc]), (*words, automaton.words[automaton.word[arc]]), share)
                )
    return total


def test_probabilities_by_hand() -> None:
    sentences = {
        "a red dog is walking.": 3 / 4 * 1 / 2 * 1 / 3 * 1 / 4 * 0.8,
        "an orange dog is walking slowly.": 3 / 4 * 1 / 2 * 1 / 3 * 2 / 4 * 0.2,
        "two dogs are walking.": 1 / 4 * 1 / 2 * 1 / 4 * 0.8,
        "the dog bark, and sing": 3 / 4 * 1 / 2 * 2 / 3 * 1 / 2,
    }
    np.testing.assert_allclose(
        Grammar(TINY).log_prob(list(sentences)), np.log(list(sentences.values())), rtol=1e-12
    )


@pytest.mark.parametrize("text", [TINY, AMBIGUOUS])
def test_every_sentence_sums_to_one_and_agrees_with_log_prob(text: str) -> None:
    grammar = Grammar(text)
    truth = enumerate_paths(grammar)
    assert math.isclose(sum(truth.values()), 1.0, abs_tol=1e-12)
    np.testing.assert_allclose(grammar.log_prob(list(truth)), np.log(list(truth.values())), rtol=1e-11)
    lengths = [len(grammar.tokens(sentence)) for sentence in truth]
    assert (grammar.min_length, grammar.max_length) == (min(lengths), max(lengths))
    mean = sum(p * n for p, n in zip(truth.values(), lengths, strict=True))
    assert math.isclose(grammar.automaton.mean_length(), mean, rel_tol=1e-12)


def test_entropy_is_that_of_the_enumeration() -> None:
    grammar = Grammar(TINY)
    truth = enumerate_paths(grammar)
    assert grammar.ambiguity is None
    assert math.isclose(grammar.entropy(), -sum(p * math.log(p) for p in truth.values()), rel_tol=1e-12)


def test_an_ambiguous_sentence_sums_its_paths_and_has_no_entropy() -> None:
    grammar = Grammar(AMBIGUOUS)
    # 1/4 * (1/2*1/2 [a + b c] + 1/2*1/2 [a b + c]) + 3/4
    assert math.isclose(math.exp(grammar.log_prob(["a b c"])[0]), 0.25 * 0.5 + 0.75, rel_tol=1e-12)
    assert grammar.ambiguity == "a b c"
    with pytest.raises(ValueError, match="ambiguous"):
        grammar.entropy()


def test_paths_that_meet_late_are_found_and_equal_rests_are_one_path() -> None:
    twice = Grammar("start: <p> z | k <n> z\np: k <n>\nn: m | o | m")  # same rest, one path
    assert twice.ambiguity is None
    assert math.isclose(twice.entropy(), -(2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3)), rel_tol=1e-12)
    late = Grammar("start: <p> <z> | k <q> u\np: k l\nq: l m | l n\nz: m u | v w | v x")
    assert late.ambiguity == "k l m u"


def test_samples_agree_with_the_probabilities() -> None:
    grammar = Grammar(TINY)
    truth = enumerate_paths(grammar)
    count = 40_000
    drawn = grammar.sample(count, 5)
    seen = {sentence: 0 for sentence in truth}
    for sentence in drawn:
        seen[" ".join(grammar.tokens(sentence))] += 1  # KeyError: not in the language
    square = sum((seen[s] - count * p) ** 2 / (count * p) for s, p in truth.items())
    freedom = len(truth) - 1
    assert square < freedom + 4 * math.sqrt(2 * freedom)  # mean + 4 standard deviations
    assert drawn == grammar.sample(count, 5) != grammar.sample(count, 6)


def test_underivable_sentences() -> None:
    wrong = [
        "",
        "a orange dog is walking.",
        "an red dog is walking.",
        "two red dogs is walking.",
        "a red dog",
        "the dog is walking slowly. .",
        "a red dragon is walking.",
        "A red dog is walking.",
    ]
    grammar = Grammar(TINY)
    assert np.isneginf(grammar.log_prob(wrong)).all()
    assert np.isfinite(grammar.log_prob_smoothed(wrong)).all()
    assert grammar.log_prob([]).shape == (0,)


def test_noise_is_a_distribution_over_all_sequences() -> None:
    grammar = Grammar("start: x y | x")
    words = ["x", "y", "unknown"]  # the third stands for the class of all other words
    partial = 0.0
    for length in range(9):
        partial += np.exp(
            grammar.log_prob_noise([" ".join(s) for s in itertools.product(words, repeat=length)])
        ).sum()
    stop = 1 / (1 + 1.5)  # the mean length is 1.5
    assert math.isclose(partial, 1 - (1 - stop) ** 9, rel_tol=1e-9)  # all but the tail
    mixed = 0.99 * 0.5 + 0.01 * stop * (1 - stop) / 3
    assert math.isclose(grammar.log_prob_smoothed(["x"])[0], math.log(mixed), rel_tol=1e-12)


def test_tokens_split_marks_and_keep_apostrophes() -> None:
    grammar = Grammar("start: x")
    assert grammar.tokens("The children's dog, quietly.") == ["The", "children's", "dog", ",", "quietly", "."]


def test_long_sentences_do_not_underflow() -> None:
    grammar = Grammar("start: " + "<w> " * 400 + "\nw: " + " | ".join(f"w{i}" for i in range(10)))
    sentence = grammar.sample(1, 0)
    assert math.isclose(grammar.log_prob(sentence)[0], -400 * math.log(10), rel_tol=1e-12)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("start: <a_b>", "no rule matches <a_b>"),
        ("start: <x>\nx: y <start>", "is recursive; a rule must not lead back to itself"),
        ("start: dog/dogs", "no variable of the rule has 2 forms"),
        ("start: <x N>\nx sg: y", "N is not in the rule's head"),
        ("start: <x", "is not a valid alternative"),
        ("no rule here", "line 1 is not a rule"),
        ("start:", "has no alternative"),
    ],
)
def test_mistakes_say_where_and_what(text: str, said: str) -> None:
    with pytest.raises(Mistake, match=said):
        Grammar(text, "tiny")
