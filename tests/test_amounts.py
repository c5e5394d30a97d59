"""Small wrongs of wording: one sentence is no `sentences`, and nothing is not told of."""

from __future__ import annotations

from pathlib import Path

import pytest

from textgan.amounts import amount
from textgan.assembly.recipe import Recipe
from textgan.cli import run
from textgan.data.embedded import Captions
from textgan.data.files import File
from textgan.data.tokenizers import word
from textgan.errors import Mistake
from textgan.training.progress import Display


def test_an_amount_of_one_has_no_s() -> None:
    assert [amount(1, "sentence"), amount(2_000, "sentence")] == ["1 sentence", "2,000 sentences"]
    assert [amount(1, "process", "processes"), amount(0, "process", "processes")] == [
        "1 process",
        "0 processes",
    ]


def test_one_sentence_is_told_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.txt").write_text("a dog runs\n")
    assert run(["corpus", str(tmp_path / "one.txt")]) == 2
    assert "one.txt holds 1 sentence; give 4 or more" in capsys.readouterr().err
    with pytest.raises(Mistake, match="corpus: 1 sentence is too few to take out"):
        File(tmp_path / "one.txt")
    Display().begin("mle", 0, 1, at_most=True)
    assert capsys.readouterr().err == "mle: 1 step at most\n"


def test_shares_of_nothing_are_not_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textgan.doctor.examine.HELD_OUT", 0.0)  # as it may fall out for a few lines
    (tmp_path / "small.txt").write_text("".join(f"the {word} dog runs home .\n" for word in "abcde"))
    assert run(["corpus", str(tmp_path / "small.txt")]) == 0
    told = capsys.readouterr().out
    assert "held out" not in told and "held-out" not in told and "in train" not in told


def test_an_embedded_corpus_has_no_note_of_nothing() -> None:
    assert not any(note.startswith("0 ") for note in Captions(size=300, validation=10, test=10).notes)
    repeating = [note for note in Captions(size=20_000, validation=10, test=10).notes if "training" in note]
    assert not repeating or " of 20,000 training sentences repeat an earlier one" in repeating[0]


def test_a_word_that_the_vocabulary_lacks_is_named() -> None:
    tokenizer = word(["the cat sees a dog"])
    assert tokenizer.lacking("the cat sees") == ""
    assert tokenizer.lacking("the old cat xyz") == "'old', 'xyz'"
    assert tokenizer.lacking("The cat") == "'The'; it has 'the'"


@pytest.mark.parametrize(
    ("best", "told"),
    [
        ("foo", "evaluate.best: there is no known score 'foo'. Known: "),
        ("bluo-4", "evaluate.best: there is no known score 'bluo-4'. Did you mean 'bleu-4'?"),
        ("length", "evaluate.best: neither high nor low values of 'length' are better"),
    ],
)
def test_a_score_that_marks_no_best_is_refused_before_anything_is_loaded(best: str, told: str) -> None:
    with pytest.raises(Mistake) as found:
        Recipe.load("mle-short", [f"evaluate.best={best}", "corpus.path=gone.txt"]).check()
    assert told in str(found.value)
