"""The suite: names, signatures, what is absent, metrics from a file, figures from a known source."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from textgan.errors import Mistake
from textgan.metrics import DIRECTIONS, METRICS, HeldOut, Samples, Score, direction, evaluate, load_metrics
from textgan.scoring import evaluate_texts

TEXTS = ["a dog.", "a cat.", "a dog."]
REFERENCES = ["a dog.", "the cat sat."]


class Coin:
    """Writes `h` or `t`, each with 1/4 and ended with 1/2 after every token; noise gives any word 1/100."""

    def tokens(self, sentence: str) -> list[str]:
        return sentence.split()

    def log_prob(self, sentences: Sequence[str]) -> np.ndarray:
        return np.array([self._log_prob(self.tokens(sentence), -math.inf) for sentence in sentences])

    def log_prob_smoothed(self, sentences: Sequence[str]) -> np.ndarray:
        return np.array([self._log_prob(self.tokens(sentence), math.log(0.01)) for sentence in sentences])

    def entropy(self) -> float:
        return math.log(16)

    def _log_prob(self, tokens: list[str], otherwise: float) -> float:
        return math.log(0.5) + sum(math.log(0.25) if token in "ht" else otherwise for token in tokens)


def test_everything_that_can_be_measured_is_there():
    samples = Samples(["h t", "t", "x"], REFERENCES, ["t"], Coin(), lambda: HeldOut(20.0, 10, 4, 3))
    scores = evaluate(samples, METRICS)
    assert set(scores) == {
        *(f"{name}-{n}" for name in ("bleu", "self-bleu") for n in (2, 3, 4, 5)),
        *(f"{name}-{n}" for name in ("backward-bleu", "harmonic-bleu") for n in (2, 3, 4, 5)),
        *("distinct-1", "distinct-2", "entropy-1", "entropy-2", "ngram-novelty-2"),  # none has three tokens
        *("ms-jaccard-2", "ms-jaccard-3", "ms-jaccard-4", "corpus-bleu", "length-distance"),
        *("copied", "longest-copy", "longest-copy-max"),
        *("duplicates", "novelty", "length", "source-nll", "grammaticality", "nll", "perplexity"),
        "nll-per-sentence",
    }
    assert all(isinstance(score.value, float) for score in scores.values())


def test_source_figures_by_hand():
    scores = evaluate(Samples(["h t", "t", "x"], [], source=Coin()), ["source"])
    nats = 3 * math.log(2) + 3 * math.log(4) + math.log(100)
    assert scores["source-nll"].value == pytest.approx(nats / 7, abs=1e-12)  # 4 tokens and 3 ends
    assert scores["source-nll"].signature == "source-nll|hyps:3|tokens:7|smoothed|v:0.1"
    assert scores["grammaticality"].value == pytest.approx(2 / 3, abs=1e-12)


def test_likelihood_is_asked_for_once():
    calls = []

    def heldout() -> HeldOut:
        calls.append(1)
        return HeldOut(nats=20.0, tokens=10, sentences=4, unknown=3)

    scores = evaluate(Samples(TEXTS, REFERENCES, heldout_nll=heldout), ["nll"])
    assert scores["nll"] == Score(2.0, "nll|sentences:4|tokens:10|unknown:3(skipped)|v:0.1")
    assert scores["perplexity"].value == pytest.approx(math.e**2)
    told = "nll-per-sentence|sentences:4|tokens:10|unknown:3(skipped)|v:0.1"
    assert scores["nll-per-sentence"] == Score(5.0, told)  # 20 nats of 4 sentences
    assert len(calls) == 1


def test_a_hopeless_likelihood_has_an_infinite_perplexity():
    scores = evaluate(Samples([], [], heldout_nll=lambda: HeldOut(1e6, 1, 1, 0)), ["nll"])
    assert scores["perplexity"].value == math.inf


def test_what_cannot_be_measured_is_absent():
    assert evaluate(Samples([], []), METRICS) == {}
    assert set(evaluate(Samples(["a b c d"], []), METRICS)) == {
        *(f"{name}-{n}" for name in ("distinct", "entropy") for n in (1, 2, 3, 4)),
        *("duplicates", "length"),
    }
    assert evaluate(Samples(TEXTS, REFERENCES, heldout_nll=lambda: HeldOut(0.0, 0, 5, 9)), ["nll"]) == {}


def test_signatures_say_how_it_was_measured():
    scores = evaluate(Samples(TEXTS, REFERENCES, train=["a dog."]), METRICS)
    told = {name: score.signature for name, score in scores.items()}
    assert told["bleu-4"] == "bleu|n:4|hyps:3|refs:2|tok:split|case:lower|smooth:method1(0.1)|v:0.1"
    assert told["self-bleu-4"] == "self-bleu|n:4|hyps:3|tok:split|case:lower|smooth:method1(0.1)|loo|v:0.1"
    assert told["distinct-2"] == "distinct|n:2|hyps:3|tok:split|case:lower|v:0.1"
    assert told["novelty"] == "novelty|hyps:3|train:1|tok:split|case:lower|v:0.1"


def test_unknown_names_are_all_told_at_once():
    with pytest.raises(Mistake) as caught:
        load_metrics(["bleu", "self-blue", "./gone.py:f", "noveltie"])
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert "'self-bleu'" in lines[0] and "gone.py" in lines[1] and "'novelty'" in lines[2]


def test_directions_mark_the_better_value():
    known = {"bleu-4": 1, "self-bleu-2": -1, "reverse-lm": -1, "rhyme": 0, "rhyme-2": 0}
    nearest_to_real = dict.fromkeys(("length", "entropy-2", "lm-score", "ngram-novelty-3"), 0)
    for key, sign in (known | nearest_to_real).items():
        assert direction(key) == sign, key
    labels = ([0, 1, 0], [0, 1], [0, 1, 0])
    samples = Samples(TEXTS, REFERENCES, TEXTS, Coin(), lambda: HeldOut(1.0, 1, 1, 0), *labels)
    scores = evaluate(samples, METRICS)
    families = {name.rstrip("0123456789").rstrip("-") for name in scores}
    of_models = {"lm-score", "reverse-lm", "frechet", "mauve"}  # absent of so few sentences
    of_models |= {"pretrained-nll"}  # of a model that is named
    of_judges = {"class-accuracy-judge"}  # a run's, of its discriminator
    assert families == set(DIRECTIONS) - of_models - of_judges


MINE = """
from __future__ import annotations
from dataclasses import dataclass
import numpy as np
from textgan.metrics import Score

@dataclass
class Found:
    share: float

def rhyme(samples):
    found = Found(sum(text.endswith("t.") for text in samples.texts) / len(samples.texts))
    return {"rhyme": Score(found.share, "rhyme|v:1")}

def nothing(samples):
    return {"nothing": Score(None, "nothing")}

def several(samples):
    return {"several": Score(np.array([1.0, 2.0]), "several")}

def unsigned(samples):
    return {"unsigned": Score(1.0, None)}

def numpys(samples):
    return {"numpys": Score(np.float32(0.5), "numpys")}

def bare(samples):
    return 0.5
"""


def test_a_metric_of_ones_own_stands_beside_the_recipe(tmp_path: Path):
    (tmp_path / "mine.py").write_text(MINE)
    modules, path = set(sys.modules), list(sys.path)
    scores = evaluate(Samples(TEXTS, REFERENCES), ["length", "./mine.py:rhyme"], beside=tmp_path)
    assert scores["rhyme"] == Score(1 / 3, "rhyme|v:1")
    assert "length" in scores
    assert not [name for name in set(sys.modules) - modules if "mine" in name] and sys.path == path


def test_a_number_of_numpy_becomes_a_plain_one(tmp_path: Path):
    (tmp_path / "mine.py").write_text(MINE)
    scores = evaluate(Samples(TEXTS, REFERENCES), ["./mine.py:numpys"], beside=tmp_path)
    assert json.dumps(scores["numpys"].value) == "0.5"


@pytest.mark.parametrize(
    ("text", "function", "told"),
    [
        (MINE, "rime", "Did you mean 'rhyme'"),
        (MINE, "bare", "expected a dict"),
        ("import nothing_of_that_name", "f", "cannot be loaded: ModuleNotFoundError"),
        ("def f(:", "f", r"cannot be loaded: SyntaxError: .* \(mine.py, line 1\)"),
        ("import sys; sys.exit(3)", "f", "cannot be loaded: SystemExit: 3"),
        (
            "def f(samples):\n    return 1 / 0",
            "f",
            r"ZeroDivisionError: division by zero \(mine.py, line 2\)",
        ),
        ("import json\ndef f(samples):\n    json.loads('')", "f", r"JSONDecodeError.* \(mine.py, line 3\)"),
        ("def f(samples):\n    raise SystemExit(3)", "f", r"SystemExit: 3 \(mine.py, line 2\)"),
        (MINE, "nothing", "the value of 'nothing' is None; expected a number"),
        (MINE, "several", r"the value of 'several' is array\(\[1., 2.\]\); expected a number"),
        (MINE, "unsigned", "name and signature must be strings"),
        ("class F: pass", "F", "cannot be called with the samples alone"),
    ],
)
def test_a_faulty_metric_file_is_a_mistake_of_one_line(tmp_path: Path, text: str, function: str, told: str):
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(Mistake, match=told) as caught:
        evaluate(Samples(TEXTS, REFERENCES), [f"./mine.py:{function}"], beside=tmp_path)
    assert "\n" not in str(caught.value)


GREEDY = """
from textgan.metrics.samples import Score

def sorts(samples):
    samples.texts.sort(), samples.references.clear()
    return {"sorts": Score(1.0, "sorts")}

def length(samples):
    return {"length": Score(1.0, "length")}
"""


def test_a_metric_of_ones_own_cannot_change_what_was_measured(tmp_path: Path):
    (tmp_path / "mine.py").write_text(GREEDY)
    texts, references = sorted(TEXTS, reverse=True), list(REFERENCES)
    evaluate(Samples(texts, references), ["./mine.py:sorts"], beside=tmp_path)
    assert texts == sorted(TEXTS, reverse=True) and references == REFERENCES


def test_a_score_that_another_metric_gives_is_a_mistake_that_names_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "mine.py").write_text(GREEDY)
    told = r"metrics\.\./mine\.py:length: returns the score 'length', as metrics\.length does"
    with pytest.raises(Mistake, match=told):
        evaluate(Samples(TEXTS, REFERENCES), ["length", "./mine.py:length"], beside=tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Mistake, match=told):
        evaluate_texts(TEXTS, REFERENCES, names=["length", "./mine.py:length"])


def test_metrics_load_no_torch():
    code = (
        "import sys; from textgan.metrics import *; evaluate(Samples(['a b'], ['a b']), METRICS);"
        "assert not {'torch', 'nltk', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
