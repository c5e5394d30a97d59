"""Which sentences are kept: every rule on candidates made by hand, and no more of them taken than needed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice

import pytest

from textgan.errors import Mistake
from textgan.runs import choosing
from textgan.runs.asked import Asked, Drawn, balancing, rejecting
from textgan.runs.choosing import bar, choose, mark, turns, weights_of
from textgan.sampling import POOL


def kept(candidates: Iterator[Drawn], n: int, asked: Asked, **known: object) -> list[str]:
    found = choose(candidates, asked, seen=set(), **known)  # type: ignore[arg-type]
    return [one.text for one in islice(found, n)]


def scored(*scores: float) -> Iterator[Drawn]:
    return iter([Drawn(f"s{i}", score=score) for i, score in enumerate(scores)])


def test_nothing_asked_keeps_all() -> None:
    assert kept(scored(3, 1, 2), 9, Asked()) == ["s0", "s1", "s2"]


def test_the_best_of_each_group_is_kept_and_a_group_that_is_not_whole_is_not() -> None:
    dropped: Counter[str] = Counter()
    assert kept(scored(1, 3, 2, 5, 5, 4, 9), 9, Asked(best_of=3), dropped=dropped) == ["s1", "s3"]
    assert +dropped == {"best-of": 4}


def test_all_that_were_written_are_kept_or_counted_as_dropped() -> None:
    dropped: Counter[str] = Counter()
    written = scored(*range(3 * 8 * POOL))
    assert len(kept(written, POOL + 2, Asked(resample=8), dropped=dropped)) == POOL + 2
    assert +dropped == {"resample": 2 * 7 * POOL, "left": POOL - 2}  # the third group was not begun


def test_no_sentence_twice_and_none_that_is_known() -> None:
    drawn = (Drawn(text) for text in ["a", "b", "a", "c", "b", "d"])
    dropped: Counter[str] = Counter()
    found = kept(drawn, 9, Asked(unique=True, novel=True), known={mark("c")}, dropped=dropped)
    assert found == ["a", "b", "d"]
    assert +dropped == {"unique": 2, "novel": 1}


def test_a_sentence_that_lost_its_group_may_come_again() -> None:
    drawn = iter([Drawn("a", score=1.0), Drawn("b", score=2.0), Drawn("a", score=1.0), Drawn("b", score=2.0)])
    more = iter([Drawn("c", score=0.0)])
    found = kept((one for part in (drawn, more) for one in part), 9, Asked(best_of=2, unique=True))
    assert found == ["b", "a"]  # of the second group "b" was written before


def test_the_bar_leaves_the_share_below_it() -> None:
    assert [bar([4.0, 1.0, 3.0, 2.0], share) for share in (0, 0.25, 0.5, 0.75)] == [1, 2, 3, 4]
    asked = Asked(reject=0.5)
    assert kept(scored(2.9, 3.0, 3.1), 9, asked, pilot=lambda: [4.0, 1.0, 3.0, 2.0]) == ["s1", "s2"]
    assert kept(scored(-1, 0, 1), 9, Asked(min_score=0.0)) == ["s1", "s2"]


def test_by_odds_what_is_kept_has_the_odds_of_the_discriminator() -> None:
    """Sentences i of equal frequency with score log(odds i): kept are exactly odds i / highest of them."""
    odds = {"a": 1.0, "b": 0.5, "c": 0.25}
    luck = [(i + 0.5) / 100 for i in range(100)]
    drawn = (Drawn(text, score=math.log(odds[text]), luck=each) for each in luck for text in odds)
    found = Counter(kept(drawn, 999, Asked(reject="odds"), pilot=lambda: [math.log(0.25), 0.0]))
    assert found == {"a": 100, "b": 50, "c": 25}
    # a score above all of the pilot's raises the highest: "a" is then kept half as often
    after = iter(
        [Drawn("x", score=math.log(2)), Drawn("a", score=0.0, luck=0.49), Drawn("b", score=0.0, luck=0.5)]
    )
    assert kept(after, 9, Asked(reject="odds"), pilot=lambda: [0.0]) == ["x", "a"]


def test_no_more_is_drawn_than_is_taken() -> None:
    taken = 0

    def endless() -> Iterator[Drawn]:
        nonlocal taken
        while True:
            taken += 1
            yield Drawn(f"s{taken}", score=float(taken))

    found = choose(endless(), Asked(best_of=2, unique=True), seen=set())
    assert next(found).text == "s2" and taken == 2
    for _ in range(5_000):
        last = next(found)
    assert (last.text, taken) == ("s10002", 10_002)


def test_filters_that_leave_nothing_give_up_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "PATIENCE", 10)
    two = cycle([Drawn("a"), Drawn("b")])
    found = choose(two, Asked(unique=True, novel=True), seen=set(), known={mark("b")})
    assert next(found).text == "a"
    with pytest.raises(Mistake) as error:
        next(found)
    told = "10 sentences in a row were dropped (5 in the training text, 5 written before)"
    assert str(error.value).startswith(f"--novel: {told}; ") and "\n" not in str(error.value)


def test_labels_take_turns_by_their_shares() -> None:
    assert list(islice(turns({"a": 1, "b": 1}), 5)) == ["a", "b", "a", "b", "a"]
    assert list(islice(turns({"pos": 3, "neg": 1}), 8)) == ["pos", "pos", "neg", "pos"] * 2
    weights = {"a": 0.5, "b": 0.3, "c": 0.2}
    found = list(islice(turns(weights), 97))
    for amount in range(1, 98):
        counts = Counter(found[:amount])
        assert all(abs(counts[name] - weights[name] * amount) < 1 for name in weights)


def test_what_options_say() -> None:
    assert (balancing("even"), balancing("train")) == ("even", "train")
    assert balancing("pos=3, neg=0.5") == {"pos": 3.0, "neg": 0.5}
    assert balancing("a=b=2") == {"a=b": 2.0}
    assert (rejecting(None), rejecting("odds"), rejecting("0.25")) == (None, "odds", 0.25)
    assert list(weights_of({"pos": 1, "neg": 0, "bad": 2}, ["bad", "neg", "pos"])) == ["bad", "pos"]


@pytest.mark.parametrize(
    ("weights", "line"),
    [
        ({"pso": 1}, "--balance: no label is called 'pso'. Did you mean 'pos'?"),
        ({"pos": -1}, "--balance: pos=-1; expected a weight of 0 or more"),
        ({"pos": math.nan}, "--balance: pos=nan; expected a weight of 0 or more"),
        ({"pos": 0}, "--balance: no label has a weight above 0"),
    ],
)
def test_weights_that_are_none(weights: dict[str, float], line: str) -> None:
    with pytest.raises(Mistake) as error:
        weights_of(weights, ["neg", "pos"])
    assert str(error.value) == line
