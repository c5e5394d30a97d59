"""A synthetic corpus of documents about six topics, with known labels and true probability.

A document is a bag of words in random order, so it does not read as English; it has the structure that document
vectors capture: words that occur together, common words without information, and noise from other topics. Nothing is
downloaded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from textgan.data.corpus import Source, Split
from textgan.data.splits import MOST
from textgan.errors import Mistake

_COMMON = """
the of and to in a is that for it was on with as are be this by at have from or had not but what all were
when we there can an your which their said if do will each about how up out them then she many some so these
would other into has more her two like him see time could no make than first been its who now people my made
over did down only way find use may water long little very after words called just where most know get
through back much before go good new write our used me man too any day same right look think also around
another came come work three must because does part even place well such here take why things help put years
different away again off went old number great tell men say small every found still between name should home
big give air line set own under read last never us left end along while might next sound below saw something
thought both few those always looked show large often together asked house world going want school important
until form food keep children feet land side without boy once animals life enough took sometimes four head
above kind began almost live page got earth need far hand high year mother light parts country father let
night following picture being study second eyes soon times story boys since white days ever paper hard near
sentence better best across during today others however sure means knew attempt told young miles sun whole
hear example heard several change answer room sea against top turned learn point city play toward five using
himself usually
"""

_TOPICS = {
    "cooking": """
        salt oven butter flour sugar pan recipe onion garlic boil stir sauce bake dough pepper oil
        chicken rice soup bowl spoon simmer fry slice taste kitchen dish egg milk cheese tomato lemon
        herb vinegar roast knife yeast cream season broth batter grill honey basil potato crust serve
        blend chop cake
    """,
    "law": """
        court judge law case trial jury lawyer appeal evidence crime sentence verdict witness defendant
        statute rights claim contract charge prison guilty plea ruling counsel justice damages liability
        oath warrant arrest felony clause treaty custody fraud theft testimony prosecutor tort bail
        parole motion hearing litigation legal settlement constitution petition act ordinance
    """,
    "medicine": """
        patient doctor disease blood heart drug dose nurse clinic pain fever virus cell infection
        surgery treatment symptom diagnosis vaccine tumour lung kidney brain nerve muscle bone pressure
        insulin therapy cancer chronic acute immune antibody tissue artery wound pill relief ward sleep
        diet skin liver allergy cough trial asthma stroke hospital
    """,
    "music": """
        song guitar piano chord melody band concert drum bass singer rhythm album note scale violin
        orchestra choir tempo harmony jazz opera record tune lyric key stage studio composer conductor
        symphony quartet verse chorus flute trumpet cello beat pitch audience pedal amplifier microphone
        ballad overture sonata solo score bow treble horn
    """,
    "space": """
        star planet orbit moon telescope rocket galaxy gravity launch comet satellite astronaut mission
        solar lunar crater probe asteroid nebula cosmic nova eclipse spectrum radiation capsule module
        engine fuel shuttle station mars jupiter saturn venus dust vacuum mass telemetry antenna payload
        thrust trajectory lander rover flare meteor pulsar quasar horizon field
    """,
    "sport": """
        team game player score goal match coach season league ball win defeat race champion tournament
        referee stadium fans penalty title cup tennis court football cricket runner sprint marathon
        medal training injury pitch field defender striker keeper serve volley swim lap relay hurdle
        javelin record rival captain transfer club pass offside
    """,
}

_SHARES = {"common": 0.74, "own": 0.11, "other": 0.15}
"""Share of a document's words that are common words, from its own topic, and from all other topics together."""

_NOISE = 1e-3
_MEAN_LENGTH = 100


class Topics:
    """Documents of `shortest` to `longest` words about cooking, law, medicine, music, space or sport (the labels).

    Every length and every label is equally likely; a word is drawn from the common words (74%), from the label's
    topic (11%) or from the other topics (15%), within each list by 1 / (rank + 3). Sizes are in documents. The
    three splits come from independent streams of the seed. Mistake if a size or a length is below 1.
    """

    def __init__(
        self,
        size: int = 3_000,
        validation: int = 300,
        test: int = 600,
        shortest: int = 60,
        longest: int = 200,
        seed: int = 0,
    ) -> None:
        counts = {"size": size, "validation": validation, "test": test, "shortest": shortest}
        for key, count in counts.items():
            if count < 1:
                raise Mistake(f"corpus.{key}: {count} is too few; expected 1 or more")
            if count > MOST:
                raise Mistake(f"corpus.{key}: {count} is too many; expected {MOST:,} or fewer")
        if longest < shortest:
            raise Mistake(f"corpus.longest: {longest} is below corpus.shortest, {shortest}; raise it")
        if seed < 0:
            raise Mistake(f"corpus.seed: {seed} is negative; expected 0 or more")
        self.name = "topics"
        self.label_names = tuple(sorted(_TOPICS))
        mixture = Mixture(self.label_names, shortest, longest)
        streams = np.random.SeedSequence(seed).spawn(3)
        self.train, self.validation, self.test = (
            mixture.sample(count, stream)
            for count, stream in zip((size, validation, test), streams, strict=True)
        )
        self.source: Source | None = mixture
        self.notes = ["the words of a document are drawn independently: their order has no meaning"]


class Mixture:
    """The exact distribution of the documents: a uniform mixture of K unigram models."""

    def __init__(self, topics: Sequence[str], shortest: int, longest: int) -> None:
        words = dict.fromkeys(_COMMON.split() + [word for topic in topics for word in _TOPICS[topic].split()])
        self.words = tuple(words)
        self._index = {word: i for i, word in enumerate(self.words)}
        self.shortest, self.longest = shortest, longest
        lists = np.stack([self._ranked(_TOPICS[topic].split()) for topic in topics])  # (K, V)
        others = (lists.sum(0) - lists) / (len(lists) - 1)
        common = self._ranked(_COMMON.split())
        self.table = _SHARES["common"] * common + _SHARES["own"] * lists + _SHARES["other"] * others  # (K, V)

    def _ranked(self, words: Sequence[str]) -> np.ndarray:
        """A Zipf distribution over the words, (V,), by their position in the list."""
        found = np.zeros(len(self.words))
        for rank, word in enumerate(words):
            found[self._index[word]] += 1 / (rank + 3)
        return found / found.sum()

    def sample(self, count: int, seed: np.random.SeedSequence) -> Split:
        draw = np.random.default_rng(seed)
        labels = draw.integers(len(self.table), size=count)
        lengths = draw.integers(self.shortest, self.longest + 1, size=count)
        words = np.asarray(self.words)
        texts = [
            " ".join(words[draw.choice(len(words), size=length, p=self.table[label])])
            for label, length in zip(labels, lengths, strict=True)
        ]
        return Split(texts, labels.tolist())

    def log_prob(self, sentences: Sequence[str]) -> np.ndarray:
        """(N,) nats; -inf if a word is in no list, or the length is never drawn."""
        inside = 1 / (self.longest - self.shortest + 1)
        lengths = np.array([len(self.tokens(sentence)) for sentence in sentences])
        fits = (self.shortest <= lengths) & (lengths <= self.longest)
        return self._mixed(sentences, self.table, 0.0) + np.log(np.where(fits, inside, 1)) - _infinite(~fits)

    def log_prob_smoothed(self, sentences: Sequence[str]) -> np.ndarray:
        """(N,) nats: each word, and the length, comes with probability 0.001 from a noise source.

        The noise is a uniform word (all unknown words count as one) and a geometric length with mean 100.
        """
        uniform = _NOISE / (len(self.words) + 1)
        lengths = np.array([len(self.tokens(sentence)) for sentence in sentences])
        fits = (self.shortest <= lengths) & (lengths <= self.longest)
        end = 1 / (_MEAN_LENGTH + 1)
        length = (1 - _NOISE) * fits / (self.longest - self.shortest + 1) + _NOISE * end * (
            1 - end
        ) ** lengths
        return self._mixed(sentences, (1 - _NOISE) * self.table + uniform, uniform) + np.log(length)

    def _mixed(self, sentences: Sequence[str], table: np.ndarray, unknown: float) -> np.ndarray:
        """log mean over topics of the product over words, (N,)."""
        with np.errstate(divide="ignore"):
            logs, log_unknown = np.log(table), np.log(unknown)
        found = np.empty(len(sentences))
        for row, sentence in enumerate(sentences):
            counts = Counter(self.tokens(sentence))
            known = {self._index[word]: count for word, count in counts.items() if word in self._index}
            strange = sum(counts.values()) - sum(known.values())
            by_topic = logs[:, list(known)] @ np.array(list(known.values()), float)  # (K,)
            found[row] = np.logaddexp.reduce(by_topic) - np.log(len(table))
            found[row] += strange * log_unknown if strange else 0.0
        return found

    def tokens(self, sentence: str) -> list[str]:
        return sentence.split()

    def entropy(self) -> float:
        """Nats per document, exact except for one term.

        H(length) + H(label) + E[length] H(word | label) - H(label | document); the last term, which is small because a
        document nearly always reveals its topic, is a mean over 2,000 fixed samples.
        """
        words = -np.sum(np.where(self.table > 0, self.table * np.log(self.table + (self.table == 0)), 0), 1)
        count = len(self.table)
        mean_length = (self.shortest + self.longest) / 2
        texts = self.sample(2_000, np.random.SeedSequence(20_161)).texts
        doubt = np.mean([self._label_entropy(text) for text in texts])
        return float(
            np.log(self.longest - self.shortest + 1) + np.log(count) + mean_length * words.mean() - doubt
        )

    def _label_entropy(self, text: str) -> float:
        """H(label | document), nats."""
        logs = np.log(self.table[:, [self._index[word] for word in self.tokens(text)]]).sum(1)
        logs -= np.logaddexp.reduce(logs)
        return float(-np.sum(np.exp(logs) * logs))


def _infinite(where: np.ndarray) -> np.ndarray:
    return np.where(where, np.inf, 0.0)
