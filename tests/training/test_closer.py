"""The closer look: counted by hand, kept by a training run, and read back as it was written."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pages import BAD, asked, needs_browser

from textgan.data.corpus import Split
from textgan.report import page
from textgan.report.closer import parse
from textgan.runs.train import train
from textgan.training import closer


@dataclass
class Texts:
    """A corpus as far as the closer look asks."""

    train: Split
    test: Split
    name: str = "small"
    validation: Split = field(default_factory=lambda: Split([]))
    label_names: tuple[str, ...] = ()
    source: Any = None
    notes: list[str] = field(default_factory=list)


REAL = ["a dog ran home", "the dog sat", "a cat sat down here", "never compared at all"]
AFTER = ["a dog sat", "a dog sat home", ""]
TRAIN = ["a dog sat at home", "the cat ran"]


def test_by_hand(tmp_path):
    found = closer.look({"after": AFTER}, Texts(Split(TRAIN), Split(REAL)))
    assert (found["unit"], found["amount"]) == ("words", 3)
    assert found["lengths"] == {"real": [(3, 1), (4, 1), (5, 1)], "after": [(0, 1), (3, 1), (4, 1)]}
    after = found["vocabulary"]["after"]  # a, dog and sat twice, home once
    assert (after["distinct"], after["tokens"]) == (4, 7)
    assert after["ranks"] == [[1, 2 / 7], [2, 2 / 7], [3, 2 / 7], [4, 1 / 7]]
    first, second, empty = found["nearest"]["pairs"]
    assert first["source"] == second["source"] == TRAIN[0] and empty["source"] == ""
    assert (first["novel"], first["longest"]) == ([False] * 3, 3)
    assert first["overlap"] == round(2 * 6 / (6 + 14), 3)  # of 3 + 2 + 1 and 5 + 4 + 3 + 2 n-grams
    assert found["nearest"]["of"] == found["nearest"]["searched"] == 2
    kept = json.loads(json.dumps(found))
    assert parse(kept, tmp_path).nearest.pairs[1].tokens == ["a", "dog", "sat", "home"]


def test_what_chance_does_not_explain():
    real, after = ["a dog is here"] * 60 + ["two cats"] * 40, ["a dog is here"] * 60 + ["six cats"] * 40
    found = closer.look({"after": after}, Texts(Split(TRAIN), Split(real)))["ngrams"]
    assert [row[:3] for row in found["1"]["over"]] == [["six", 40, 0]]
    assert [row[:3] for row in found["1"]["under"]] == [["two", 0, 40]]
    assert [row[:3] for row in found["2"]["over"]] == [["six cats", 40, 0]]
    assert found["3"] == {"over": [], "under": []}
    z = found["1"]["over"][0][3]
    assert z > closer.TELLING and found["1"]["under"][0][3] == -z


def test_names_are_read_by_the_letter():
    found = closer.look({"after": ["Anna", "Ben"]}, Texts(Split(["Hanna"]), Split(["Emma", "Al"])))
    assert found["unit"] == "characters" and found["lengths"]["real"] == [(2, 1), (4, 1)]
    assert found["nearest"]["pairs"][0]["tokens"] == list("anna")
    assert found["nearest"]["pairs"][0]["longest"] == 4


def test_without_text_there_is_nothing_to_say(tmp_path):
    found = closer.look({"after": []}, Texts(Split(TRAIN), Split(REAL)))
    assert found == {"format": 1} and parse(found, tmp_path).amount == 0
    assert "nearest" not in closer.look({"after": AFTER}, Texts(Split([]), Split(REAL)))


def test_a_run_keeps_it_and_resuming_makes_it_again(small_recipe, tmp_path):
    folder = train(small_recipe("seqgan-short", "strategy.rollouts=1"), tmp_path / "run")
    kept = (folder / "closer.json").read_bytes()
    found = parse(json.loads(kept), folder)
    assert found.amount == 30 and set(found.lengths) == {"real", "before", "after"}
    assert len(found.scores.tokens) == 8 and not found.unscored
    (folder / "closer.json").unlink()
    train(
        small_recipe("seqgan-short", "strategy.rollouts=1"), folder, resume=True
    )  # what the report tells a reader to do
    assert (folder / "closer.json").read_bytes() == kept


def test_a_run_without_a_discriminator_says_why_there_are_no_scores(small_recipe, tmp_path):
    folder = train(small_recipe("mle-short"), tmp_path / "mle")
    found = parse(json.loads((folder / "closer.json").read_text()), folder)
    assert found.scores is None and found.unscored == "the run trained no discriminator"
    assert set(found.lengths) == {"real", "after"}


@needs_browser
def test_a_corpus_with_a_script_in_it_is_harmless(small_recipe, corpus_file, tmp_path):
    lines = corpus_file.read_text(encoding="utf-8").splitlines()
    corpus_file.write_text("\n".join(f"{BAD} {line}" for line in lines), encoding="utf-8")
    written = page.write([train(small_recipe("mle-short", "length=60"), tmp_path / "run")])
    text = written.read_text(encoding="utf-8")
    assert (
        "&lt;script&gt;bad=1&lt;/script&gt;" in text
    )  # the nearest training sentences, as they are in the file
    assert asked(text, "window.bad ?? 0", tmp_path) == 0
