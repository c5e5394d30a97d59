"""Corpus BLEU against sacrebleu itself, with each reference as a stream of its own."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU

from textgan.errors import Mistake
from textgan.metrics import Samples, corpus_bleu, evaluate
from textgan.metrics.corpus_bleu import _cut

text = st.lists(st.sampled_from(["a", "b", "The", "dog's", "1,000", "ü", "猫.", "x-y"]), max_size=9).map(
    " ".join
)
texts = st.lists(text, min_size=1, max_size=6)


def by_sacrebleu(sentences: list[str], references: list[str], **options: object) -> tuple[float, str]:
    bleu = BLEU(**options)
    score = bleu.corpus_score(sentences, [[reference] * len(sentences) for reference in references])
    return score.score, str(bleu.get_signature())


@settings(max_examples=150, deadline=None)
@given(texts, texts, st.sampled_from(["13a", "intl", "none"]), st.booleans())
def test_it_is_sacrebleus(sentences, references, tokenize, lowercase):
    value, told = corpus_bleu(sentences, references, tokenize=tokenize, lowercase=lowercase)
    theirs, signature = by_sacrebleu(sentences, references, tokenize=tokenize, lowercase=lowercase)
    assert value == pytest.approx(theirs, abs=1e-9)
    assert told == signature


@given(
    st.lists(st.sampled_from(list("aé1-., &;'\"\n<>/\x1c") + ["&quot;", "<skipped>"])).map("".join)
    | st.text()
)
def test_lines_cut_word_by_word_are_sacrebleus(line):
    assert _cut("13a", False)(line) == BLEU(tokenize="13a").tokenizer(line.rstrip()).split()


def test_by_hand():
    assert corpus_bleu(["a b c d e"], ["a b c d e", "x"])[0] == pytest.approx(100.0)
    # p = 4/5, 3/4, 2/3, 1/2: their product is 1/5
    assert corpus_bleu(["a b c d x"], ["a b c d e"])[0] == pytest.approx(100 * 0.2**0.25)


def test_the_metric_bears_sacrebleus_signature():
    sentences, references = ["A dog runs home.", "A cat."], ["A dog runs far.", "Two cats."]
    score = evaluate(Samples(sentences, references), ["corpus-bleu"])["corpus-bleu"]
    value, told = by_sacrebleu(sentences, references)
    assert score.value == pytest.approx(value, abs=1e-9)
    assert score.signature == f"corpus-bleu|hyps:2|{told}"
    assert evaluate(Samples(sentences, []), ["corpus-bleu"]) == {}


def test_what_cannot_be_measured_is_a_mistake():
    for sides in ([], ["a"]), (["a"], []):
        with pytest.raises(Mistake, match="at least one of each"):
            corpus_bleu(*sides)
    with pytest.raises(Mistake, match="sacrebleu has no tokenizer '13b'"):
        corpus_bleu(["a"], ["a"], tokenize="13b")
