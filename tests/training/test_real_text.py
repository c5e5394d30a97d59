"""The row of real text is of held-out sentences, wherever a metric looks at the training set."""

from __future__ import annotations

from pathlib import Path

from textgan.data.splits import Loaded, Split
from textgan.metrics.diversity import measure_novelty
from textgan.metrics.ngram import measure_bleu
from textgan.metrics.samples import Samples
from textgan.training.evaluation import Evaluation
from textgan.training.real_text import score_real

TRAIN = [
    f"the {color} dog saw {count} cats ."
    for color in ("red", "old", "wet")
    for count in ("two", "four", "six")
]
TEST = [
    f"a {color} bird sang {often} ." for color in ("small", "blue") for often in ("once", "twice", "again")
]
CORPUS = Loaded("told", Split(TRAIN), Split(TEST[:2]), Split(TEST))


def _real(*metrics: str, count: int = 4) -> dict[str, tuple[float, str]]:
    scores = score_real(Evaluation(metrics=list(metrics)), CORPUS, TEST, count, seed=5)
    return {key: (score.value, score.signature) for key, score in scores.items()}


def test_what_looks_for_copies_of_training_text_is_given_test_text() -> None:
    found = _real("novelty", "memorisation")
    assert found["novelty"][0] == measure_novelty(Samples(TEST, TEST, TRAIN))["novelty"].value == 1
    assert found["copied"][0] == 0
    assert all("|real:references(seed:5)|v:" in told for _, told in found.values())


def test_what_compares_texts_is_given_as_many_training_sentences_against_all_test_text() -> None:
    found = _real("bleu", "distinct")
    drawn = [TRAIN[row] for row in _order(len(TRAIN))[:4]]
    assert found["bleu-2"] == tuple(vars(measure_bleu(Samples(drawn, TEST))["bleu-2"]).values())
    assert "|hyps:4|refs:6|" in found["bleu-2"][1] and "real:" not in found["bleu-2"][1]


def test_what_we_do_not_know_is_given_one_half_of_the_test_text_against_the_other(tmp_path: Path) -> None:
    """It may learn from the training text, as `lm`, `frechet` and `mauve` do."""
    (tmp_path / "own.py").write_text(
        "from textgan.metrics.samples import Score\n"
        "def seen(samples):\n"
        "    told = '|'.join([*samples.texts, '/', *samples.references, 'v:1'])\n"
        "    return {'seen': Score(len(samples.texts), told)}\n"
    )
    evaluation = Evaluation(metrics=["./own.py:seen"])
    evaluation.beside = tmp_path
    score = score_real(evaluation, CORPUS, TEST, 2, seed=5)["seen"]
    *told, how, _ = score.signature.split("|")
    texts, references = told[: told.index("/")], told[told.index("/") + 1 :]
    assert (len(texts), len(references), how) == (2, 3, "real:halves(seed:5)")
    assert set(texts) | set(references) < set(TEST) and not set(texts) & set(references)


def _order(size: int) -> list[int]:
    import torch

    return torch.randperm(size, generator=torch.Generator().manual_seed(5)).tolist()
