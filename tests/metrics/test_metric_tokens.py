"""How metrics cut text."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.tokenize import word_tokenize

from textgan.metrics.counting import count_in_blocks, count_ngrams, ordered
from textgan.metrics.tokens import TREEBANK_LOWER, cut_all, intern, split, treebank, whitespace


def test_split_makes_every_mark_a_token():
    assert split("A dog's bed, (2) old.") == ["a", "dog's", "bed", ",", "(", "2", ")", "old", "."]
    assert split("  ") == []
    assert split("Über 猫!?") == ["über", "猫", "!", "?"]


@given(st.text())
def test_split_is_what_the_golden_test_describes(text):
    assert split(text) == re.sub(r"([^\w\s'])", r" \1 ", text.lower()).split()


def test_whitespace_leaves_marks_and_case():
    assert whitespace("A dog's  bed.") == ["A", "dog's", "bed."]


def test_cut_all_leaves_tokens_as_they_are():
    assert cut_all(["a b", ["a b"], ()], whitespace) == [["a", "b"], ["a b"], ()]


def test_interned_tokens_know_their_sentence():
    corpus = intern([["b", "a"], [], ["a"]])
    assert corpus.ids.tolist() == [0, 1, 1]
    assert corpus.lengths.tolist() == [2, 0, 1]
    assert corpus.sentence.tolist() == [0, 0, 2]
    assert corpus.remaining.tolist() == [2, 1, 1]
    assert corpus.vocabulary == 2


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=6), max_size=6))
def test_counts_are_those_of_a_plain_loop(sentences):
    for n, counts in enumerate(count_ngrams(intern(sentences), 4), start=1):
        by_gram: dict[tuple[str, ...], dict[int, int]] = {}
        for number, tokens in enumerate(sentences):
            for i in range(len(tokens) - n + 1):
                row = by_gram.setdefault(tuple(tokens[i : i + n]), {})
                row[number] = row.get(number, 0) + 1
        entries = list(zip(counts.sentence.tolist(), counts.count.tolist(), strict=True))
        ours = [entries[a : b + 1] for a, b in zip(counts.first, counts.last, strict=True)]
        assert sorted(ours) == sorted(sorted(row.items()) for row in by_gram.values())


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=6), max_size=6), st.integers(1, 9))
def test_blocks_hold_together_what_the_whole_holds(sentences, block):
    def rows(counts):
        entries = list(zip(counts.sentence.tolist(), counts.count.tolist(), strict=True))
        return [entries[a : b + 1] for a, b in zip(counts.first, counts.last, strict=True)]

    found = defaultdict(list)
    for n, counts in count_in_blocks(intern(sentences), 4, block=block):
        found[n] += rows(counts)
    for n, counts in enumerate(count_ngrams(intern(sentences), 4), start=1):
        assert sorted(found[n]) == sorted(rows(counts))


@pytest.mark.parametrize("largest", [9, 2**62])  # as one number, and as two that do not fit into one
def test_ordered_is_by_key_and_then_by_place(largest):
    draw = np.random.default_rng(1)
    key = draw.choice([0, 1, largest - 1, largest], size=50)
    place = draw.permutation(50)
    expected = sorted(zip(key.tolist(), place.tolist(), strict=True))
    assert list(zip(*(part.tolist() for part in ordered(key, place)), strict=True)) == expected


PIECES = [
    *"aAb9 .,:;?!@#$%&*-'",
    " ",
    "cannot",
    "gonna",
    "wanna",
    "n't",
    "'s ",
    "don't",
    "'tis",
    "...",
    "--",
    "1,5",
    "a.m.",
]


@given(st.lists(st.sampled_from(PIECES)).map("".join) | st.text())
def test_treebank_is_nltks_word_tokenize_of_a_line(text):
    assert treebank(text) == word_tokenize(text, preserve_line=True)


def test_treebank_parts_clitics_and_keeps_case_and_inner_stops():
    assert treebank("Yes. He can't.") == ["Yes.", "He", "ca", "n't", "."]
    assert TREEBANK_LOWER("Don't") == ["do", "n't"] and treebank("  ") == []


@pytest.mark.parametrize("name", ["coco/test.txt", "texygen_samples/mle.txt", "emnlp_news/test.txt"])
def test_treebank_on_real_text(name):
    path = Path(os.environ.get("TEXTGAN_DATA", "")) / name
    if "TEXTGAN_DATA" not in os.environ or not path.is_file():
        pytest.skip(f"TEXTGAN_DATA names no folder that holds {name}")
    for line in path.read_text(encoding="utf-8").splitlines()[:3000]:
        assert treebank(line) == word_tokenize(line, preserve_line=True)
