"""Presets against nltk with the protocol written out by hand, and against the published rows."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from nltk.tokenize import word_tokenize
from nltk.translate.bleu_score import SmoothingFunction
from nltk.translate.bleu_score import sentence_bleu as nltk_bleu

from textgan.errors import Mistake
from textgan.metrics import Samples, evaluate
from textgan.metrics.presets import (
    PRESETS,
    USUAL,
    Bleu,
    SelfBleu,
    against_the_next,
    leave_one_out,
    preset,
    with_itself,
)
from textgan.metrics.tokens import split
from textgan.scoring import evaluate_files

METHOD1 = SmoothingFunction(epsilon=0.1).method1
Cutting = Callable[[str], list[str]]


def by_nltk(hypothesis: str, references: list[str], n: int, cut: Cutting) -> float:
    weights = (1 / n,) * n
    return float(
        nltk_bleu([cut(r) for r in references], cut(hypothesis), weights, smoothing_function=METHOD1)
    )


def corpus(seed: int, amount: int) -> list[str]:
    draw = np.random.default_rng(seed)
    words = ["A", "a", "dog", "dog.", "cat", "runs", ",", "and", "sleeps!"]
    return [" ".join(draw.choice(words, size=size)) for size in draw.integers(1, 12, size=amount)]


TEXTS, REFERENCES = corpus(1, 40), corpus(2, 30)


def loo(texts: list[str], n: int, cut: Cutting) -> float:
    return float(np.mean([by_nltk(t, texts[:i] + texts[i + 1 :], n, cut) for i, t in enumerate(texts)]))


def mean(texts: list[str], references: list[str], n: int, cut: Cutting) -> float:
    return float(np.mean([by_nltk(text, references, n, cut) for text in texts]))


SMALL = {  # the presets' own shapes at sizes that 40 texts and 30 references reach
    "texygen": (Bleu(refs=10), SelfBleu(hyps=10)),
    "relgan": (Bleu(hyps=5), SelfBleu(hyps=7, pool=with_itself)),
    "textgan-pytorch": (Bleu(hyps=6), SelfBleu(hyps=6, pool=against_the_next)),
}
BY_HAND: dict[str, tuple[Callable[[int], float], Callable[[int], float]]] = {
    "texygen": (lambda n: mean(TEXTS, REFERENCES[:10], n, split), lambda n: loo(TEXTS[:10], n, split)),
    "relgan": (
        lambda n: mean(TEXTS[:5], REFERENCES, n, split),
        lambda n: mean(TEXTS[:7], TEXTS, n, split),
    ),
    "textgan-pytorch": (
        lambda n: mean(TEXTS[:6], REFERENCES, n, split),
        lambda n: mean(TEXTS[:6], TEXTS[6:], n, split),
    ),
}


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("n", [2, 4])
def test_the_shapes_of_protocols_are_those_written_out(name: str, n: int) -> None:
    bleu, self_bleu = SMALL[name]
    ours = bleu.score(TEXTS, REFERENCES, name)[f"bleu-{n}"].values.mean()
    assert ours == pytest.approx(BY_HAND[name][0](n), abs=1e-9)
    ours = self_bleu.score(TEXTS, name)[f"self-bleu-{n}"].values.mean()
    assert ours == pytest.approx(BY_HAND[name][1](n), abs=1e-9)


@pytest.mark.parametrize("name", ["texygen-paper", "falling-short"])
def test_tokens_of_a_preset(name: str) -> None:
    cut = {"texygen-paper": split, "falling-short": str.split}[name]
    samples = Samples(TEXTS, REFERENCES)
    ours = preset(name).score("bleu", samples)["bleu-3"].values.mean()
    assert ours == pytest.approx(mean(TEXTS, REFERENCES, 3, cut), abs=1e-9)
    ours = preset(name).score("self-bleu", samples)["self-bleu-3"].values.mean()
    assert ours == pytest.approx(loo(TEXTS, 3, str.split), abs=1e-9)


def test_texygens_code_cuts_with_nltks_word_tokenize() -> None:
    def cut(text: str) -> list[str]:
        return list(word_tokenize(text, preserve_line=True))

    texts = [f"{text}, Don't can't." if i % 2 else text for i, text in enumerate(TEXTS)]
    samples = Samples(texts, REFERENCES)
    ours = preset("texygen").score("bleu", samples)["bleu-2"].values.mean()
    assert ours == pytest.approx(mean(texts, REFERENCES, 2, cut), abs=1e-9)
    ours = preset("texygen").score("self-bleu", samples)["self-bleu-3"].values.mean()
    assert ours == pytest.approx(loo(texts, 3, cut), abs=1e-9)
    assert cut(texts[1]) != split(texts[1])


SIGNED = {
    "texygen-paper": (
        "hyps:1200|refs:600|tok:split|case:lower|smooth:method1(0.1)",
        "hyps:1200|tok:ws|case:mixed|smooth:method1(0.1)|loo",
    ),
    "texygen": (
        "hyps:1200|refs:500|tok:nltk-line|case:mixed|smooth:method1(0.1)",
        "hyps:500|tok:nltk-line|case:mixed|smooth:method1(0.1)|loo",
    ),
    "relgan": (
        "hyps:100|refs:600|tok:nltk-line|case:mixed|smooth:method1(0.1)",
        "hyps:200|refs:1200|tok:nltk-line|case:mixed|smooth:method1(0.1)|self:in",
    ),
    "textgan-pytorch": (
        "hyps:200|refs:600|tok:nltk-line|case:lower|smooth:method1(0.1)",
        "hyps:200|refs:1000|tok:nltk-line|case:lower|smooth:method1(0.1)|self:out",
    ),
    "falling-short": (
        "hyps:1200|refs:600|tok:ws|case:mixed|smooth:method1(0.1)",
        "hyps:1200|tok:ws|case:mixed|smooth:method1(0.1)|loo",
    ),
}


@pytest.mark.parametrize("name", SIGNED)
def test_a_signature_tells_the_protocol_and_the_presets_name(name: str) -> None:
    samples = Samples(corpus(3, 1200), corpus(4, 600))
    highest = 4 if name == "textgan-pytorch" else 5
    for metric, facts in zip(("bleu", "self-bleu"), SIGNED[name], strict=True):
        scored = preset(name).score(metric, samples)
        assert set(scored) == {f"{metric}-{n}" for n in range(2, highest + 1)}
        assert scored[f"{metric}-2"].signature == f"{metric}|n:2|{facts}|preset:{name}|v:0.1"
    assert set(SIGNED) == set(PRESETS)


def test_without_a_preset_it_is_what_the_suite_measures() -> None:
    samples = Samples(TEXTS, REFERENCES)
    for metric in ("bleu", "self-bleu"):
        found = evaluate(samples, [metric])
        scored = USUAL.score(metric, samples)
        assert {key: each.signature for key, each in scored.items()} == {
            k: s.signature for k, s in found.items()
        }
        for key, each in scored.items():
            assert each.values.mean() == pytest.approx(found[key].value, abs=1e-12)


def test_relgans_self_bleu_says_nothing() -> None:
    texts = [f"a dog runs over hill number {word} ." for word in "abcdefghij"]
    scored = preset("relgan").score("self-bleu", Samples(texts, []))
    assert all(each.values.mean() == pytest.approx(1.0, abs=1e-12) for each in scored.values())


def test_too_few_sentences_are_no_score() -> None:
    assert leave_one_out(["a"], None) is None and with_itself([], 200) is None
    assert against_the_next(["a"] * 200, 200) is None
    assert against_the_next(["a"] * 201, 200) is not None
    pool = against_the_next([str(i) for i in range(20_000)], 200)
    assert pool is not None and pool.against is not None
    assert (pool.against[0], len(pool.against)) == ("200", 10_000)
    assert USUAL.score("bleu", Samples(["a"], [])) == {}


def test_an_unknown_preset_is_told_with_the_nearest() -> None:
    with pytest.raises(Mistake, match=r"^--preset: there is no preset 'texigen'. Did you mean 'texygen'\?"):
        preset("texigen")


PUBLISHED = {
    "mle": ((0.731, 0.497, 0.305, 0.189), (0.916, 0.769, 0.583, 0.408)),
    "seq": ((0.745, 0.498, 0.294, 0.180), (0.950, 0.840, 0.670, 0.489)),
}


@pytest.mark.parametrize("model", PUBLISHED)
def test_golden_texygen_paper_gives_the_published_rows(model: str) -> None:
    if "TEXTGAN_DATA" not in os.environ:
        pytest.skip("TEXTGAN_DATA is not set: it names the folder that holds texygen_samples/ and coco/")
    data = Path(os.environ["TEXTGAN_DATA"])
    written, test = data / "texygen_samples" / f"{model}.txt", data / "coco" / "test.txt"
    for path in (written, test):
        if not path.is_file():
            pytest.skip(f"TEXTGAN_DATA holds no {path.relative_to(data)}")
    (file,) = evaluate_files([written], test, preset_name="texygen-paper").files
    for metric, values in zip(("bleu", "self-bleu"), PUBLISHED[model], strict=True):
        ours = [file.scores[f"{metric}-{n}"].value for n in (2, 3, 4, 5)]
        np.testing.assert_allclose(ours, values, rtol=0, atol=0.002)
