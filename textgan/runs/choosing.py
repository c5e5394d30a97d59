"""Selects which generated sentences are kept: as `Asked` says, label by label, one sentence at a time.

Nothing here knows a model. Candidates come from an iterator and are seen once, so a hundred thousand sentences need no
more memory than ten, except about 100 bytes per sentence with `unique`.
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
"""After so many rejected sentences in a row, sampling gives up with a Mistake."""
PILOT = 1_000
"""Sentences drawn beforehand, to estimate a quantile of the scores (`reject` a share) or their maximum (`odds`)."""
DROPPED = {
    "novel": "in the training text",
    "unique": "written before",
    "min-score": "below the minimum score",
    "reject": "rejected by score",
    "best-of": "not the best of their group",
    "resample": "not drawn by their odds",
    "left": "left over from the last group",
}
"""Reason for dropping a sentence -> the reason in words."""


class Candidates(Protocol):
    """An endless stream of sentences of a label (None: a run without labels).

    pilot: a separate stream, whose sentences are never returned to the user.
    """

    def __call__(self, name: str | None, pilot: bool = False) -> Iterator[Drawn]: ...


def weights_of(balance: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """The weights above 0, in the order of the run's labels. Mistake for an unknown label, or if all are 0."""
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
    """An endless stream of labels, one per sentence: the one furthest behind its share; ties go to the first.

    After any number of sentences, each label's count is within one of its share.
    """
    total = sum(weights.values())
    given = dict.fromkeys(weights, 0)
    for number in range(1, 2**62):
        label = max(weights, key=lambda name: weights[name] / total * number - given[name])
        given[label] += 1
        yield label


def mark(text: str) -> int:
    """An 8-byte hash of a text. A million texts have a collision with a chance of 3 in 100 million."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def bar(scores: Sequence[float], share: float) -> float:
    """The threshold that the lowest `share` of these scores lie below; scores equal to it are kept."""
    return sorted(scores)[math.floor(share * len(scores))]


class by_odds:
    """Discriminator Rejection Sampling (Azadi et al. 2019, section 3.1), exact form: by the odds of being real.

    A sentence is kept with probability exp(score - highest). If the score were exactly the log-odds of being real, the
    kept sentences would have the distribution of real text. highest: the highest score of PILOT sentences, raised by
    any later one that exceeds it. Departures: gamma is 0 and epsilon is not used (both correct for an overconfident
    discriminator), and it is not calibrated or trained further.
    """

    def __init__(self, scores: Sequence[float]) -> None:
        self.highest = max(scores)

    def __call__(self, one: Drawn) -> bool:
        score = _score(one)
        self.highest = max(self.highest, score)
        return one.luck < math.exp(score - self.highest)


def by_weight(pool: Sequence[Drawn], count: int, sharpness: float = 1.0) -> list[Drawn]:
    """`count` of a pool, drawn without replacement with weights exp(sharpness * score); in the pool's order.

    Each sentence's own luck decides: the ones with the highest sharpness * score + Gumbel noise are kept (Efraimidis &
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
    """The candidates that are kept, in their order. Mistake after `PATIENCE` rejected in a row.

    seen: hashes (`mark`) of the sentences returned so far; each kept one is added if `unique`. known: hashes of the
    training text. pilot: returns the scores of other candidates. dropped: counts by reason, see DROPPED.
    """
    counts = Counter[str]() if dropped is None else dropped
    passes: Callable[[Drawn], bool] | None = None
    if asked.reject == "odds":
        passes = by_odds(pilot())
    elif asked.reject:
        least = bar(pilot(), asked.reject)
        passes = lambda one: _score(one) >= least  # noqa: E731
    beaten = "resample" if asked.resample > 1 else "best-of"
    together = POOL if asked.resample > 1 else 1  # sentences kept of each group
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
        counts["left"] += len(kept)  # taken back as each one is yielded: the caller may stop in between
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
    """`n` kept sentences, with the labels taking turns; each has its own threshold and pilot. Mistake as `choose`.

    weights: the relative frequency of each label; None for a run without labels. known, dropped: as for `choose`.
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
    reasons = ", ".join(
        f"{count:,} {DROPPED[why]}" for why, count in sorted(here.items(), key=lambda i: -i[1])
    )
    most = max(here, key=lambda why: here[why])
    remedy = {
        "novel": "the generator repeats its training text; raise --temperature, or leave --novel out",
        "unique": "ask for fewer, raise --temperature, or leave --unique out",
        "min-score": "lower --min-score",
        "reject": "give --reject a share instead of odds",
    }[most]
    return Mistake(f"--{most}: {tries:,} sentences in a row were dropped ({reasons}); {remedy}")


def _score(one: Drawn) -> float:
    assert one.score is not None, "the discriminator's score was asked for"
    return one.score
