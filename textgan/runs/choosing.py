"""Which of the sentences that a generator writes are kept: what was asked for, label by label, one at a time.

Nothing here knows a model: candidates come from an iterator and are looked at once, so that a hundred thousand take no
more memory than ten, but for some 100 bytes a sentence where none may come twice.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Protocol

from textgan.errors import Mistake, did_you_mean
from textgan.runs.asked import Asked, Drawn
from textgan.sampling import POOL

PATIENCE = 20_000
"""Sentences drawn in a row that may not be kept, after which it is given up."""
PILOT = 1_000
"""Sentences drawn first, to learn which scores are low (`reject` a share) or how high they go (by odds)."""
DROPPED = {
    "novel": "of the training text",
    "unique": "written before",
    "min-score": "below the least score",
    "reject": "rejected by score",
    "best-of": "not the best of their group",
    "resample": "not drawn by their odds",
    "left": "drawn with the last, and more than were asked for",
}
"""Why a sentence is dropped -> the same in words."""


class Candidates(Protocol):
    """Sentences of a label (None: without labels) without end; pilot: others than those that are given out."""

    def __call__(self, name: str | None, pilot: bool = False) -> Iterator[Drawn]: ...


def weights_of(balance: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """The weights above 0, in the order of the run's labels. Mistake for an unknown label and where none is left."""
    for name, weight in balance.items():
        if name not in names:
            raise Mistake(f"--balance: no label is called {name!r}.{did_you_mean(name, names)}")
        if not 0 <= weight < math.inf:
            raise Mistake(f"--balance: {name}={weight:g}; expected a weight of 0 or more")
    kept = {name: balance[name] for name in names if balance.get(name, 0) > 0}
    if not kept:
        raise Mistake("--balance: no label has a weight above 0")
    return kept


def turns(weights: Mapping[str, float]) -> Iterator[str]:
    """Labels without end, one for each sentence: whichever is furthest behind its share, the first of equals.

    After any number of sentences, each label has its share of them to within one.
    """
    total = sum(weights.values())
    given = dict.fromkeys(weights, 0)
    for number in range(1, 2**62):
        label = max(weights, key=lambda name: weights[name] / total * number - given[name])
        given[label] += 1
        yield label


def mark(text: str) -> int:
    """8 bytes that stand for a text: among a million, two have the same with a chance of 3 in 100 million."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def bar(scores: Sequence[float], share: float) -> float:
    """The score that the lowest `share` of these lie below; those that equal it stay."""
    return sorted(scores)[math.floor(share * len(scores))]


class by_odds:
    """Rejection by the judge's odds (Discriminator Rejection Sampling, Azadi et al. 2019, section 3.1), exact form.

    A sentence is kept with probability exp(score - highest): were the score the log-odds of being real, what is kept
    would have the distribution of real text. highest: of PILOT sentences, raised by any that exceeds it. Departures:
    gamma is 0 and epsilon has no part (both make up for a judge that is too sure), and the judge is taken as it is.
    """

    def __init__(self, scores: Sequence[float]) -> None:
        self.highest = max(scores)

    def __call__(self, one: Drawn) -> bool:
        score = _score(one)
        self.highest = max(self.highest, score)
        return one.luck < math.exp(score - self.highest)


def by_weight(pool: Sequence[Drawn], count: int, sharpness: float = 1.0) -> list[Drawn]:
    """`count` of a pool, drawn one after the other with weights exp(sharpness * score) and not put back; in its order.

    Each sentence's own luck decides: those are kept whose score * sharpness + Gumbel noise is highest (Efraimidis &
    Spirakis 2006, in logarithms).
    """
    noise = [-math.log(-math.log(one.luck)) if one.luck > 0 else -math.inf for one in pool]
    keys = [sharpness * _score(one) + by_chance for one, by_chance in zip(pool, noise, strict=True)]
    kept = sorted(range(len(pool)), key=keys.__getitem__, reverse=True)[:count]
    return [pool[i] for i in sorted(kept)]


def choose(
    candidates: Iterator[Drawn],
    asked: Asked,
    *,
    seen: set[int],
    known: Collection[int] = (),
    pilot: Callable[[], Sequence[float]] = list,
    dropped: Counter[str] | None = None,
) -> Iterator[Drawn]:
    """The candidates that are kept, as they come. Mistake once `PATIENCE` in a row might not be kept.

    seen: marks of what was given out, to which each kept sentence is added where none may come twice. known: marks of
    the training text. pilot: scores of other candidates like these. dropped: counts by reason, see DROPPED.
    """
    counts = Counter[str]() if dropped is None else dropped
    passes: Callable[[Drawn], bool] | None = None
    if asked.reject == "odds":
        passes = by_odds(pilot())
    elif asked.reject:
        least = bar(pilot(), asked.reject)
        passes = lambda one: _score(one) >= least  # noqa: E731
    beaten = "resample" if asked.resample > 1 else "best-of"
    together = POOL if asked.resample > 1 else 1  # of a group, kept
    group: list[Drawn] = []
    tries, here = 0, Counter[str]()
    for one in candidates:
        why = _why_not(one, asked, seen, known, passes)
        if why is not None:
            counts[why] += 1
            here[why] += 1
            tries += 1
            if tries >= PATIENCE:
                raise _given_up(here, tries)
            continue
        tries, here = 0, Counter()
        group.append(one)
        if len(group) < together * max(asked.best_of, asked.resample):
            continue
        if asked.resample > 1:
            kept = by_weight(group, together, asked.sharpness)
        else:
            kept = [max(group, key=_score)] if asked.best_of > 1 else group
        counts[beaten] += len(group) - len(kept)
        counts["left"] += len(kept)  # until each is taken
        group = []
        for best in kept:
            counts["left"] -= 1
            if asked.unique:
                if mark(best.text) in seen:  # twice in this group, or given out by another label since
                    counts["unique"] += 1
                    continue
                seen.add(mark(best.text))
            yield best


def choose_by_label(
    n: int,
    asked: Asked,
    candidates: Candidates,
    weights: Mapping[str, float] | None,
    *,
    known: Collection[int] = (),
    dropped: Counter[str] | None = None,
) -> Iterator[Drawn]:
    """`n` that are kept, the labels taken from in turns, each with a bar and a pilot of its own. Mistake as `choose`.

    weights: how often each label is asked for; None without labels. known, dropped: as for `choose`.
    """
    seen: set[int] = set()  # no sentence twice, whatever its label

    def stream(name: str | None) -> Iterator[Drawn]:
        def pilot() -> list[float]:
            return [_score(one) for one in islice(candidates(name, pilot=True), PILOT)]

        return choose(candidates(name), asked, seen=seen, known=known, pilot=pilot, dropped=dropped)

    if weights is None:
        return islice(stream(None), n)
    streams = {name: stream(name) for name in weights}
    return (next(streams[name]) for name in islice(turns(weights), n))


def _why_not(
    one: Drawn,
    asked: Asked,
    seen: Collection[int],
    known: Collection[int],
    passes: Callable[[Drawn], bool] | None,
) -> str | None:
    if asked.novel and mark(one.text) in known:
        return "novel"
    if asked.unique and mark(one.text) in seen:
        return "unique"
    if asked.min_score is not None and _score(one) < asked.min_score:
        return "min-score"
    if passes is not None and not passes(one):
        return "reject"
    return None


def _given_up(here: Mapping[str, int], tries: int) -> Mistake:
    told = ", ".join(f"{count:,} {DROPPED[why]}" for why, count in sorted(here.items(), key=lambda i: -i[1]))
    most = max(here, key=lambda why: here[why])
    remedy = {
        "novel": "the generator writes its training text; raise --temperature, or leave --novel out",
        "unique": "ask for fewer, raise --temperature, or leave --unique out",
        "min-score": "lower --min-score",
        "reject": "give --reject a share in place of odds",
    }[most]
    return Mistake(f"--{most}: {tries:,} sentences in a row were dropped ({told}); {remedy}")


def _score(one: Drawn) -> float:
    assert one.score is not None, "the judge's score was asked for"
    return one.score
