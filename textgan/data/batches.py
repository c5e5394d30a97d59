"""Sentences as padded tensors, and an endless, seeded, resumable stream of batches of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from textgan.data.corpus import Split
from textgan.data.tokenizers import Tokenizer
from textgan.errors import Mistake, did_you_mean
from textgan.types import Text

_window = 50  # batches sorted by length together
_overlong = ("drop", "truncate")


@dataclass(frozen=True)
class Encoded:
    """One split as padded tensors on the CPU.

    text: ids (N,T) int64, mask (N,T) bool, labels (N,) or None. known (N,T): in the mask and not <unk>; the
    tokens counted by a likelihood.
    """

    text: Text
    known: Tensor

    def __len__(self) -> int:
        return len(self.text)

    def parted(self, share: float, seed: int) -> tuple[Encoded, Encoded]:
        """Split at random by the seed into (the rest, `share` of the sentences); both keep their original order."""
        drawn = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        count = round(share * len(self))
        rows = [part.sort().values for part in (drawn[count:], drawn[:count])]
        rest, some = (Encoded(self.text[part], self.known[part]) for part in rows)
        return rest, some


def encode(
    split: Split, tokenizer: Tokenizer, length: int, *, overlong: str = "drop", place: str = "corpus.train"
) -> tuple[Encoded, list[str]]:
    """Tokenize a split into T = `length` positions, EOS included; also returns notes for the user.

    A sentence of more than length - 1 tokens is dropped (`overlong="drop"`), or cut to `length` tokens, and
    then has no EOS and a mask that is True throughout (`"truncate"`). A sentence without tokens is dropped.
    Raises Mistake for a bad setting, or if no sentence is left.
    """
    if overlong not in _overlong:
        raise Mistake(
            f"overlong: {overlong!r} is neither drop nor truncate.{did_you_mean(str(overlong), _overlong)}"
        )
    if length < 2:
        raise Mistake(
            f"length: {length} leaves no room for a token before the end of the sentence; give at least 2"
        )
    rows = tokenizer.encode(split.texts)
    sizes = np.fromiter(map(len, rows), np.int64, len(rows))  # (all,)
    fits = sizes < length
    kept = (sizes > 0) & (fits | (overlong == "truncate"))
    if not kept.any():
        raise Mistake(f"{place}: " + _nothing_left(sizes, length))
    chosen = [rows[i][:length] for i in np.flatnonzero(kept)]
    sizes = np.minimum(sizes[kept], length)  # (N,) without EOS
    positions = np.arange(length)[None, :]
    ids = np.full((len(chosen), length), tokenizer.pad, np.int64)  # (N,T)
    ids[positions < sizes[:, None]] = np.fromiter(
        (i for row in chosen for i in row), np.int64, int(sizes.sum())
    )
    ids[positions == sizes[:, None]] = tokenizer.eos
    mask = positions <= sizes[:, None]
    known = mask if tokenizer.unk is None else mask & (ids != tokenizer.unk)
    labels = None if split.labels is None else torch.as_tensor(np.asarray(split.labels, np.int64)[kept])
    text = Text(torch.from_numpy(ids), torch.from_numpy(mask), labels)
    notes = _notes(
        place, rows, fits, overlong, length, unknown=int((mask & ~known).sum()), tokens=int(sizes.sum())
    )
    return Encoded(text, torch.from_numpy(known)), notes


def _nothing_left(sizes: np.ndarray, length: int) -> str:
    if not sizes.any():
        return "no sentence contains a token; give text that the tokenizer can read"
    low, middle, high = (int(size) for size in np.quantile(sizes, [0, 0.5, 1], method="nearest"))
    return (
        f"no sentence fits into length {length}, which holds {length - 1} tokens and the end of the sentence; "
        f"sentences have {low} to {high} tokens (median {middle}); raise length to {high + 1}, "
        "or set overlong: truncate"
    )


def _notes(
    place: str, rows: list[list[int]], fits: np.ndarray, overlong: str, length: int, unknown: int, tokens: int
) -> list[str]:
    notes = []
    most = length - 1
    # The references used for scores keep every sentence: long ones are real text too.
    left = "dropped" if place == "corpus.train" else "left out of the likelihood, not of the references"
    if overlong == "truncate" and (full := sum(len(row) == length for row in rows)):
        notes.append(
            f"{place}: {full:,} of {len(rows):,} sentences fill all {length} tokens and have no end token"
        )
        fits, most = np.array([len(row) <= length for row in rows]), length
    if not fits.all():
        done = left if overlong == "drop" else f"cut to {length}"
        long = int((~fits).sum())
        notes.append(f"{place}: {long:,} of {len(rows):,} sentences have more than {most} tokens; {done}")
    if empty := sum(not row for row in rows):
        notes.append(f"{place}: {empty:,} of {len(rows):,} sentences have no tokens; {left}")
    if unknown:
        notes.append(
            f"{place}: {unknown:,} of {tokens:,} tokens ({unknown / tokens:.2%}) are not in the vocabulary"
        )
    return notes


class Batches:
    """An endless stream of batches; every epoch is a new permutation, determined by (seed, epoch) alone.

    Leftover sentences that do not fill a batch are skipped in that epoch; a split smaller than `size` is one batch.
    A batch is as wide as its longest sentence. bucket: batch sentences of similar length. labelled: if only some labels
    are known, this share of each batch is labelled, so labelled sentences come up more often. rank, count: this process
    and the number of processes that share every batch evenly; `size` is that of the whole batch, and `next` gives this
    process's rows of it. Raises Mistake if the batch cannot be shared evenly.
    """

    def __init__(
        self,
        encoded: Encoded,
        size: int,
        seed: int,
        *,
        bucket: bool = False,
        labelled: float = 0.0,
        rank: int = 0,
        count: int = 1,
    ) -> None:
        if size < 1:
            raise Mistake(f"batch size: {size} is less than 1; give at least 1")
        size = min(size, len(encoded) // count * count)
        if size % count or not size:
            raise Mistake(
                f"batch: {size or len(encoded)} sentences cannot be shared evenly by {count} processes; expected a "
                f"multiple of {count}"
            )
        self.encoded, self.size, self.seed, self.bucket = encoded, size, seed, bucket
        self._share = slice(rank * size // count, (rank + 1) * size // count)
        labels = encoded.text.labels
        known = np.zeros(0, np.int64) if labels is None else (labels >= 0).nonzero().squeeze(1).numpy()
        self._labelled = known if len(known) < len(encoded) else known[:0]
        self._quota = round(labelled * self.size) if len(self._labelled) else 0
        self._lengths = encoded.text.mask.sum(1).numpy()  # (N,)
        self._epoch, self._position = 0, 0
        self._order = self._permutation()

    @property
    def steps_per_epoch(self) -> int:
        return len(self.encoded) // self.size

    @property
    def epoch(self) -> int:
        """Number of epochs completed."""
        return self._epoch

    def next(self) -> tuple[Text, Tensor]:
        """The next batch: text, ids (B,T), and `known` (B,T)."""
        rows = self._order[self._position, self._share]
        width = int(self._lengths[rows].max())
        self._position += 1
        if self._position == self.steps_per_epoch:
            self._epoch, self._position = self._epoch + 1, 0
            self._order = self._permutation()
        return _take(self.encoded, torch.from_numpy(rows), width)

    def _permutation(self) -> np.ndarray:
        """This epoch's rows, (steps_per_epoch, B)."""
        draw = np.random.default_rng([self.seed, self._epoch])
        rows = draw.permutation(len(self.encoded))[: self.steps_per_epoch * self.size]
        if not self.bucket:
            batches = rows.reshape(-1, self.size)
            if self._quota:
                wanted = len(batches) * self._quota
                rounds = [draw.permutation(self._labelled) for _ in range(-(-wanted // len(self._labelled)))]
                batches[:, : self._quota] = np.concatenate(rounds)[:wanted].reshape(-1, self._quota)
            return batches
        span = _window * self.size
        windows = (rows[at : at + span] for at in range(0, len(rows), span))
        rows = np.concatenate(
            [window[np.argsort(self._lengths[window], kind="stable")] for window in windows]
        )
        return draw.permutation(rows.reshape(-1, self.size), axis=0)

    def state_dict(self) -> dict[str, int]:
        """The position in the stream: epochs completed and batches given since."""
        return {"epoch": self._epoch, "position": self._position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue from there, with the same batches as if the stream had never stopped."""
        if not 0 <= state["position"] < self.steps_per_epoch:
            raise Mistake(
                f"checkpoint: its batch {state['position']} is beyond the {self.steps_per_epoch} batches of "
                "an epoch here; resume with the same corpus, length and batch size"
            )
        self._epoch, self._position = state["epoch"], state["position"]
        self._order = self._permutation()


def ordered(encoded: Encoded, size: int) -> Iterator[tuple[Text, Tensor]]:
    """Every sentence once, sorted by length, in batches of at most `size`; for evaluation."""
    lengths = encoded.text.mask.sum(1)
    for rows in lengths.argsort(stable=True).split(size):
        yield _take(encoded, rows, int(lengths[rows[-1]]))


def _take(encoded: Encoded, rows: Tensor, width: int) -> tuple[Text, Tensor]:
    text = encoded.text
    labels = None if text.labels is None else text.labels[rows]
    return Text(text.ids[rows, :width], text.mask[rows, :width], labels), encoded.known[rows, :width]
