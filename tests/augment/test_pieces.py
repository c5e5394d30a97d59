"""What `textgan augment` is made of, on text made by hand: choices, changes, filters, answers and verdicts."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from textgan.augment.classifiers import CLASSIFIERS
from textgan.augment.experiment import augment
from textgan.augment.generating import Generated, write_table
from textgan.augment.labelled import Labelled, pick, quotas, read_labelled, spaced, stratified, together
from textgan.augment.report import real_text
from textgan.augment.request import Request
from textgan.augment.sieve import Sieve
from textgan.augment.simple import changed, copied, more, swapped, thinned
from textgan.augment.verdict import HELPED, HURT, UNCLEAR, Cell, compare, headline, measured, sentence
from textgan.data.corpus import Split
from textgan.data.reading import read
from textgan.data.streaming import Streamed
from textgan.errors import Mistake
from textgan.runs.asked import Drawn

GOOD = [
    "a fine and moving film",
    "fine songs and a warm heart",
    "moving and warm",
    "a warm fine tale of the sea",
]
BAD = [
    "a dull and empty film",
    "dull songs and a cold heart",
    "empty and cold",
    "a cold dull tale of the sea",
]
REAL = Split(GOOD + BAD, [1] * 4 + [0] * 4)
NAMES = ("bad", "good")


def good(text: str, score: float | None = None) -> Drawn:
    return Drawn(text, "good", score=score)


def test_each_rule_drops_what_it_should_and_counts_it() -> None:
    sieve = Sieve(REAL, NAMES, reject=0.5)
    drawn = [
        good("", 9),  # empty
        good("A fine and moving  film", 9),  # stands there but for case and spaces
        good("a warm fine tale of", 9),  # five tokens in a row of one sentence
        good("fine warm sea", 9),  # kept
        good("fine warm SEA", 9),  # written before
        good("cold dull empty", 9),  # reads as bad
        good("warm and fine", 1),  # scored below half of them
        good("moving warm songs", 9),  # kept
    ]
    assert [one.text for one in sieve.keep(drawn, 9)] == ["fine warm sea", "moving warm songs"]
    assert sieve.dropped == {"empty": 1, "copied": 1, "memorised": 1, "repeated": 1, "label": 1, "judge": 1}


def test_the_bar_of_a_label_is_set_once_and_no_more_is_kept_than_wanted() -> None:
    sieve = Sieve(REAL, NAMES, reject=0.5)
    first = [
        good("fine warm sea", 4),
        good("warm fine sea", 3),
        good("sea fine warm", 2),
        good("sea warm fine", 1),
    ]
    assert [one.score for one in sieve.keep(first, 1)] == [4]
    assert not sieve.dropped  # what was not needed was not judged
    later = [good("moving songs", 3), good("songs moving", 2.5), good("warm moving songs", 3.5)]
    assert [one.score for one in sieve.keep(later, 9)] == [3, 3.5]
    other = [Drawn("cold sea", "bad", score=-5.0)]
    assert sieve.keep(other, 9) == other  # a label of its own, with a bar of its own
    assert Sieve(REAL, NAMES, reject=0.5).keep(
        [good("warm fine sea")], 1
    )  # no discriminator: no score, no bar


def test_strings_are_read_by_the_letter() -> None:
    names = Split(["anna", "hanna", "otto", "lotto"], [0, 0, 1, 1])
    sieve = Sieve(names, ("a", "o"), memory=1.0, letters=True)
    drawn = [Drawn("Anna", "a"), Drawn("anna", "a"), Drawn("annan", "a"), Drawn("ootl", "a")]
    assert [one.text for one in sieve.keep(drawn, 9)] == ["Anna", "annan"]
    assert sieve.dropped == {"copied": 1, "label": 1}
    assert spaced("ab c") == "a b c"


def test_quotas_and_choices_keep_the_shares() -> None:
    assert quotas([3, 1], 8) == [6, 2] and quotas([1, 1, 1], 4) == [2, 1, 1] and quotas([0, 5], 3) == [0, 3]
    labels = np.array([0] * 30 + [1] * 10)
    few, many = stratified(labels, 8, 5), stratified(labels, 20, 5)
    assert Counter(labels[few].tolist()) == {0: 6, 1: 2} and Counter(labels[many].tolist()) == {0: 15, 1: 5}
    assert {*few.tolist()} < {*many.tolist()}
    assert stratified(labels, 8, 5).tolist() == few.tolist() != stratified(labels, 8, 6).tolist()
    assert Counter(labels[stratified(labels, 2, 1)].tolist()) == {0: 1 + 1, 1: 1}  # one of each at least


def test_simple_changes() -> None:
    draw = np.random.default_rng(0)
    words = [f"w{i}" for i in range(20)]
    other = swapped(words, draw)
    assert sorted(other) == sorted(words) and 1 < sum(a != b for a, b in zip(words, other, strict=True)) <= 4
    assert swapped(["one"], draw) == ["one"]
    kept = [len(thinned(words, draw)) for _ in range(500)]
    assert abs(sum(kept) / 500 - 18) < 4 * (20 * 0.1 * 0.9 / 500) ** 0.5
    assert thinned(["one"], draw, alpha=1.0) == ["one"]
    found = more(REAL, [5, 2], 3, copied)
    assert found.labels == [0] * 5 + [1] * 2
    assert {*found.texts[:4]} == {*BAD} and found.texts[4] in BAD and {*found.texts[5:]} < {*GOOD}
    assert more(REAL, [5, 2], 3, changed) == more(REAL, [5, 2], 3, changed) != more(REAL, [5, 2], 4, changed)


@pytest.mark.parametrize("name", [*CLASSIFIERS])
def test_a_classifier_learns_what_can_be_learnt_and_the_same_every_time(name: str) -> None:
    test = Split(["warm songs of the sea", "cold songs of the sea", "cold", "fine"], [1, 0, 0, 1])
    found = CLASSIFIERS[name](REAL, test, 2, 1, 60)
    assert found.tolist() == [True] * 4
    assert (CLASSIFIERS[name](REAL, test, 2, 7, 3) == CLASSIFIERS[name](REAL, test, 2, 7, 3)).all()


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    split = Split(['he said "no", twice', "é 你好"], [1, 0])
    for ending in ("csv", "tsv", "jsonl"):
        write_table(tmp_path / f"t.{ending}", split, NAMES, "words", "kind")
        rows = read(tmp_path / f"t.{ending}", "words", "kind")
        assert (rows.texts, rows.labels) == (split.texts, ["good", "bad"])
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == ["words", "kind"]


def test_tabs_and_quotation_marks_come_back_to_any_reader_of_tsv(tmp_path: Path) -> None:
    import pandas

    texts = ['"Come in,', 'he said."', '"all of it"', 'the "middle"', '"', '""', '" "" "', 'said"', "plain"]
    names = ("a\tb", 'the "label"', "plain", '"\t"')
    split = Split(texts, [i % 4 for i in range(len(texts))])
    pairs = [(text, names[i % 4]) for i, text in enumerate(texts)]
    path = tmp_path / "t.tsv"
    write_table(path, split, names)
    with path.open(encoding="utf-8", newline="") as file:
        assert [*csv.reader(file, delimiter="\t")] == [["text", "label"], *map(list, pairs)]
    assert [*pandas.read_csv(path, sep="\t").itertuples(index=False, name=None)] == pairs
    rows = read(path, "text", "label")
    assert [*zip(rows.texts, rows.labels or [], strict=True)] == pairs
    streamed = [line[1:] for line in Streamed(path, "text", "label")]
    assert streamed == pairs


def test_labels_that_came_as_numbers_are_written_as_numbers(tmp_path: Path) -> None:
    def lines(path: Path, labels: list[object]) -> list[str]:
        path.write_text(
            "".join(json.dumps({"text": f"t{i}", "kind": x}) + "\n" for i, x in enumerate(labels))
        )
        found = read_labelled(path, "text", "kind", None, 1)
        write_table(tmp_path / "out.jsonl", found.train, found.names, "text", "kind", found.numbers)
        kinds = {str(json.loads(line)["kind"]): line for line in (tmp_path / "out.jsonl").open()}
        return [line.partition('"kind": ')[2].strip(" }\n") for _, line in sorted(kinds.items())]

    assert lines(tmp_path / "in.jsonl", [-1, 2] * 20) == ["-1", "2"]
    assert lines(tmp_path / "in.jsonl", [0.5, 2] * 20) == ["0.5", "2"]
    assert lines(tmp_path / "in.jsonl", ["1", 2] * 20) == ['"1"', '"2"']
    assert lines(tmp_path / "in.jsonl", [True, False] * 20) == ['"False"', '"True"']


def test_generated_text_is_kept_whole(tmp_path: Path) -> None:
    made = Generated(Split(["a", "b", "c", "d"], [0, 0, 1, 1]), 6, 40, {"copied": 3})
    made.save(tmp_path / "all.json")
    assert Generated.load(tmp_path / "all.json") == made
    few = made.first([1, 5])
    assert (few.split.texts, few.split.labels, few.wanted) == (["a", "c", "d"], [0, 1, 1], 6)


def table(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("text\tkind\n" + "".join(f"{text}\t{kind}\n" for text, kind in rows), encoding="utf-8")
    return path


def test_some_text_is_held_out_and_what_it_has_too_is_left_out(tmp_path: Path) -> None:
    rows = [(f"text number {i}", "ab"[i % 2]) for i in range(100)] + [("text number 3", "b")] * 30
    found = read_labelled(table(tmp_path / "t.tsv", rows), "text", "kind", None, 1)
    assert found.names == ("a", "b") and len(found.test) == 13
    assert not {*found.train.texts} & {*found.test.texts}
    assert found.held == 13 and len(found.train) + found.held + found.repeated == 130
    assert Counter(found.test.labels) == {0: 5, 1: 8}
    test = table(tmp_path / "test.tsv", [("text number 1", "b"), ("other", "a")])
    found = read_labelled(tmp_path / "t.tsv", "text", "kind", test, 1)
    assert (found.test.texts, len(found.train)) == (["text number 1", "other"], 129)
    assert found.notes == ("left out of TRAIN, since they are in the test text, too: 1 sentences",)
    assert real_text(found) == "129 real sentences come first, without 1 that the test text has too"
    found = Labelled(found.train, found.test, found.names, held=13, repeated=2)
    assert real_text(found).endswith(", without the 13 held out and 2 that the test text has too")


@pytest.mark.parametrize(
    ("rows", "test", "line"),
    [
        ([("x", "a")] * 9, None, "--label-column: kind is 'a' throughout; give text with two labels or more"),
        (
            [(f"x{i}", str(i)) for i in range(200)],
            None,
            "--label-column: kind has 200 different values, too many",
        ),
        (
            [("x", "a"), ("y", "b")] * 4,
            [("z", "c")],
            "--test: 'c' is a label that TRAIN does not have. Known: a, b.",
        ),
        (
            [("x", "a")] * 9 + [("y", "b")] * 2,
            [("z", "a")],
            "--label-column: label 'b' has 2 sentences to learn from; give 5 or more, or remove the label",
        ),
        (
            [(f"x{i}", "a") for i in range(40)] + [(f"y{i}", "b") for i in range(5)],
            None,
            "--label-column: label 'b' has 4 sentences to learn from, beside 1 held out; give 6 or more in all,",
        ),
        (
            [(f"x{i}", "a") for i in range(40)] + [(f"y{i}", "b") for i in range(5)],
            [("y1", "b"), ("y2", "b")],
            "--label-column: label 'b' has 3 sentences to learn from, beside 2 that the test text has too; give 7",
        ),
    ],
)
def test_text_that_cannot_be_learnt_from(
    tmp_path: Path, rows: list[tuple[str, str]], test: list[tuple[str, str]] | None, line: str
) -> None:
    path = table(tmp_path / "t.tsv", rows)
    held = None if test is None else table(tmp_path / "test.tsv", test)
    with pytest.raises(Mistake) as error:
        read_labelled(path, "text", "kind", held, 1)
    assert str(error.value).startswith(line)
    with pytest.raises(Mistake, match="^--text-column: t.tsv has no column 'txet'"):
        read_labelled(path, "txet", "kind", held, 1)


def answers(**right: list[float]) -> list[Cell]:
    """Cells of the CNN at 100 labels: by arm the share of 1,000 test sentences that each seed is right about."""
    draw = np.random.default_rng(1)
    order = draw.permutation(1000)  # easy sentences are easy for all
    return [
        Cell(100, False, seed, arm, "cnn", 0 if arm == "real" else 100, order < share * 1000)
        for arm, shares in right.items()
        for seed, share in enumerate(shares)
    ]


def test_the_verdict_follows_from_the_accuracies() -> None:
    real = [0.70, 0.71, 0.70]
    (helped,) = compare(answers(real=real, augmented=[0.78, 0.79, 0.78], simple=[0.71, 0.71, 0.71]))
    assert helped.gain is not None and helped.gain.mean == pytest.approx(0.08) and helped.gain.word == HELPED
    assert helped.over is not None and helped.over.word == HELPED
    assert headline([helped]) == (
        "Generated text helped in 1 of 1 comparisons, the CNN at 100 labels; it beat simple changes of real text "
        "for the CNN at 100 labels"
    )
    (same,) = compare(answers(real=real, augmented=[0.78, 0.79, 0.78], simple=[0.78, 0.79, 0.78]))
    assert same.over is not None and (same.over.low, same.over.high, same.over.word) == (0, 0, UNCLEAR)
    assert headline([same]).endswith("but it is not shown to beat simple changes of real text")
    (alone,) = compare(answers(real=real, augmented=[0.78, 0.79, 0.78]))  # nothing simple to compare with
    assert alone.over is None and headline([alone]) == headline([same]) and sentence(alone) in sentence(same)
    (hurt,) = compare(answers(real=real, augmented=[0.60, 0.61, 0.60], simple=real))
    assert hurt.gain is not None and hurt.gain.word == HURT
    told = "Generated text did not help: in none of 1 comparisons is accuracy higher beyond chance, and it hurt the CNN"
    assert headline([hurt]).startswith(told)
    (noise,) = compare(answers(real=real, augmented=[0.78, 0.66, 0.72], simple=real))
    assert noise.gain is not None and noise.gain.word == UNCLEAR and noise.gain.mean > 0
    assert "did not help" in headline([noise]) and "no difference shown, +1.7 points [" in sentence(noise)


def test_each_classifier_and_number_of_labels_has_a_verdict_of_its_own() -> None:
    good = answers(real=[0.7] * 2, augmented=[0.8] * 2)
    bad = [
        replace(cell, labels=200, added=2 * cell.added)
        for cell in answers(real=[0.9] * 2, augmented=[0.6] * 2)
    ]
    other = [replace(cell, classifier="linear") for cell in answers(real=[0.5] * 2, augmented=[0.5] * 2)]
    found = compare([*good, *bad, *other])
    assert [each.name for each in found] == [
        "the CNN at 100 labels", "the CNN at 200 labels", "the linear classifier at 100 labels"
    ]  # fmt: skip
    assert [each.gain.word for each in found if each.gain] == [HELPED, HURT, UNCLEAR]
    assert [each.added for each in found] == [100, 200, 100]
    assert [each.accuracy["real"].mean for each in found] == pytest.approx([0.7, 0.9, 0.5])
    assert headline(found).startswith(
        "Generated text helped in 1 of 3 comparisons, the CNN at 100 labels; it hurt the CNN at 200 labels; but"
    )


def test_text_that_was_all_dropped_is_no_verdict() -> None:
    cells = [Cell(20, False, 1, arm, "cnn", 0, np.ones(5, bool)) for arm in ("real", "augmented", "simple")]
    (found,) = compare(cells)
    assert found.gain is None and "not measured" in sentence(found)
    assert headline([found]) == "Nothing to judge: the filters left no generated sentence"


def test_seeds_that_share_their_test_do_not_make_it_larger() -> None:
    """Three seeds with the same answers say no more of other test sentences than one does."""
    right = np.random.default_rng(0).random(400) < 0.7
    one, three = measured([right], 0.0), measured([right] * 3, 0.0)
    assert (one.low, one.high) == pytest.approx((three.low, three.high), abs=0.006)
    error = 1.96 * (right.mean() * (1 - right.mean()) / 400) ** 0.5
    assert three.high - three.low == pytest.approx(2 * error, rel=0.1)
    # Seeds that differ and a test that does not. One of the outer seeds drawn three times, 1 in 27, is the tail's end.
    found = measured([np.full(50, share) for share in (0.45, 0.5, 0.55)])
    reach = 0.05 * 1.5**0.5 * 4.30265 / 1.959964
    assert (found.low, found.high) == pytest.approx((0.5 - reach, 0.5 + reach), abs=1e-9)
    assert measured([np.ones(50)] * 3).low == 1
    assert measured([np.zeros(9), np.ones(9)], 0.0).low == 0 and measured([-np.ones(9), np.ones(9)]).low == -1


def test_answers_are_kept_to_the_bit() -> None:
    cell = Cell(50, True, 2, "simple", "cnn", 7, np.random.default_rng(3).random(13) < 0.5)
    again = Cell.of(cell.row())
    assert again.key == cell.key and again.whole and again.added == 7
    assert (again.right == cell.right).all()
    assert pick(REAL, np.array([6, 0])) == Split([GOOD[0], BAD[2]], [1, 0])
    assert together(REAL, REAL).labels == [*(REAL.labels or []), *(REAL.labels or [])]


def test_labels_with_a_line_break_are_refused_for_a_tsv_before_anything_is_made(tmp_path: Path) -> None:
    rows = [
        {"text": text, "kind": kind} for kind, texts in (("a\nb", GOOD), ("c", BAD)) for text in texts * 2
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    request = Request(tmp_path / "in.jsonl", "text", "kind", 5, tmp_path / "out.tsv")
    with pytest.raises(Mistake, match=r"^--out: a .tsv cannot hold 'a\\nb', .*; name out.csv or out.jsonl$"):
        augment(request)
    assert [file.name for file in tmp_path.iterdir()] == ["in.jsonl"]
    for ending in ("csv", "jsonl"):
        write_table(tmp_path / f"out.{ending}", Split(["x y", "z"], [0, 1]), ("a\nb", "c"), "text", "kind")
        assert read(tmp_path / f"out.{ending}", "text", "kind").labels == ["a\nb", "c"]
