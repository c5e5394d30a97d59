"""The text that a run is trained and scored on: read, tokenized and encoded."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from textgan.assembly.part import part
from textgan.assembly.recipe import Recipe
from textgan.assembly.starting import check_start
from textgan.data.batches import Encoded, encode
from textgan.data.corpus import Corpus, Split, uncut
from textgan.data.hidden import hide_labels
from textgan.data.mapped import Mapped
from textgan.data.tokenizers import Tokenizer
from textgan.data.vectors import cooccurrence_vectors
from textgan.data.windows import Tokens, encode_mapped
from textgan.errors import Mistake
from textgan.training.progress import Display, Waiting


@dataclass
class Material:
    """A corpus with its tokenizer, and the three splits encoded as token ids."""

    corpus: Corpus
    tokenizer: Tokenizer
    train: Encoded | Tokens
    validation: Encoded
    test: Encoded
    notes: list[str]
    """What the user should know about how the text was read."""
    _vectors: dict[int, Tensor] = field(default_factory=dict)

    def vectors(self, size: int) -> Tensor:
        """(V,E) co-occurrence vectors of the training text's words, with E = `size`; computed once per size."""
        if isinstance(self.train, Tokens):
            raise Mistake("corpus: word vectors of the corpus need it in memory; set corpus.name to 'file'")
        if size not in self._vectors:
            self._vectors[size] = cooccurrence_vectors(self.train, self.tokenizer.vocabulary, size)
        return self._vectors[size]

    def parted(self, recipe: Recipe) -> tuple[Encoded | Tokens, Encoded | None]:
        """The generator's training text, and the discriminator's if `judge_share` reserves some for it, else None."""
        share, seed = recipe.settings.judge_share, recipe.settings.seed
        if not share:
            return self.train, None
        check_start(recipe.settings)
        if isinstance(self.train, Tokens):
            raise Mistake("judge_share: needs the corpus in memory; set corpus.name to 'file'")
        found = self.train.parted(share, seed)
        if not all(map(len, found)):
            raise Mistake(
                f"judge_share: {share:g} of {len(self.train):,} training sentences leaves the generator or the "
                "discriminator without text; give more text, or a share closer to 0.5"
            )
        return found


def read(recipe: Recipe, display: Display | None = None) -> Material:
    """Read a recipe's corpus. Its tokenizer is built from the training text alone, or taken from `start`."""
    settings = recipe.settings
    say = display.say if display is not None else _nothing
    corpus: Corpus = part(recipe, "corpus")
    say(
        f"corpus {corpus.name}: {len(corpus.train):,} train, {len(corpus.validation):,} validation, "
        f"{len(corpus.test):,} test sentences"
    )
    tokenizer = (
        Tokenizer.load(settings.start / "tokenizer")
        if settings.start
        else part(recipe, "tokenizer", texts=corpus.train.texts)
    )
    notes = [*corpus.notes, *tokenizer.notes, *_uncut(recipe, corpus)]

    def numbered(name: str, split: Split) -> Encoded:
        encoded, found = encode(
            split, tokenizer, settings.length, overlong=settings.overlong, place=f"corpus.{name}"
        )
        notes.extend(found)
        return encoded

    split = corpus.train
    if settings.labelled is not None:
        split = hide_labels(split, settings.labelled, len(corpus.label_names), settings.seed)
    train: Encoded | Tokens
    if isinstance(corpus, Mapped):
        with Waiting() as waiting:
            train, found = encode_mapped(corpus, tokenizer, settings.length, settings.overlong, waiting.tell)
        notes += found
    else:
        train = numbered("train", split)
    validation, test = numbered("validation", corpus.validation), numbered("test", corpus.test)
    say(f"vocabulary: {tokenizer.size:,} tokens, from the training text alone")
    for note in notes:
        say(f"note: {note}")
    return Material(corpus, tokenizer, train, validation, test, notes)


def _nothing(line: str) -> None:
    pass


def _uncut(recipe: Recipe, corpus: Corpus) -> list[str]:
    """A note if a word tokenizer cannot split the text, as in Chinese or Japanese."""
    named = (recipe.values.get("tokenizer") or {}).get("name")
    if named != "word" or not uncut(corpus.train.texts):
        return []
    return ["corpus: its sentences have no spaces, so each is one word; set tokenizer=character"]
