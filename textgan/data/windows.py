"""Batches of a mapped corpus: tokens stay on disk, and one window of neighbouring sentences is shuffled at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from textgan.data.batches import Batches
from textgan.errors import Mistake
from textgan.text import Text

WINDOW = 1 << 16  # sentences shuffled together
_GROUP = 50  # batches sorted by length together, as in `Batches`


class Tokens:
    """A tokenized split in the files of `data.mapped`. It replaces `Encoded`, but only for batches.

    Its `text` is empty; it only shows that there are no labels.
    """

    def __init__(self, folder: Path, tokenizer: Any, length: int) -> None:
        self.offsets = np.memmap(folder / "offsets.bin", np.int64, "r")
        self.tokens = np.memmap(folder / "tokens.bin", np.int32, "r")
        self.pad, self.eos, self.unk, self.length = tokenizer.pad, tokenizer.eos, tokenizer.unk, length
        none = torch.zeros(0, 1)
        self.text = Text(none.long(), none.bool())

    @property
    def known(self) -> Tensor:
        raise Mistake(
            "corpus: this needs the corpus in memory, which 'mapped' does not load; use the corpus 'file'"
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def lengths(self, begin: int, end: int) -> np.ndarray:
        """(end - begin,) length of each sentence in tokens, including its end token if it fits."""
        found: np.ndarray = np.minimum(np.diff(self.offsets[begin : end + 1]) + 1, self.length)
        return found

    def take(self, rows: np.ndarray) -> tuple[Text, Tensor]:
        """The sentences, as wide as the longest: text, ids (B,T), and `known` (B,T)."""
        begin, end = self.offsets[rows], self.offsets[rows + 1]
        sizes = (end - begin)[:, None]
        width = int(min(sizes.max() + 1, self.length))
        positions = np.arange(width)[None, :]
        inside = positions < sizes
        places = np.minimum(begin[:, None] + positions, end[:, None] - 1)
        ids = np.where(inside, self.tokens[places].astype(np.int64), self.pad)
        ids[positions == sizes] = self.eos
        mask = torch.from_numpy(positions <= sizes)
        found = torch.from_numpy(ids)
        known = mask if self.unk is None else mask & (found != self.unk)
        return Text(found, mask), known


class WindowedBatches(Batches):
    """Like `Batches`, but memory use does not depend on the corpus: windows come in random order, shuffled inside.

    Rows of a window that do not fill a batch are skipped in that epoch.
    """

    def __init__(
        self, tokens: Tokens, size: int, seed: int, *, bucket: bool = False, rank: int = 0, count: int = 1
    ) -> None:
        size = min(size, len(tokens) // count * count)
        if size < 1 or size % count:
            raise Mistake(
                f"batch: {size} sentences cannot be shared evenly by {count} processes; give a multiple of {count}"
            )
        self.tokens, self.size, self.seed, self.bucket = tokens, size, seed, bucket
        self._share = slice(rank * size // count, (rank + 1) * size // count)
        self.window = max(1, WINDOW // size) * size
        self._epoch = self._position = 0
        self._read: tuple[int, int, np.ndarray] | None = None  # epoch, window, its batches

    @property
    def steps_per_epoch(self) -> int:
        whole, rest = divmod(len(self.tokens), self.window)
        return (whole * self.window + rest) // self.size

    def next(self) -> tuple[Text, Tensor]:
        """The next batch: text, ids (B,T), and `known` (B,T)."""
        windows = -(-len(self.tokens) // self.window)
        order = np.random.default_rng([self.seed, self._epoch]).permutation(windows)
        steps = np.full(windows, self.window // self.size)
        steps[-1] = (len(self.tokens) - (windows - 1) * self.window) // self.size
        before = steps[order].cumsum()
        turn = int(np.searchsorted(before, self._position, side="right"))
        window = int(order[turn])
        if self._read is None or self._read[:2] != (self._epoch, window):
            self._read = self._epoch, window, self._shuffled(window)
        rows = self._read[2][self._position - int(before[turn] - steps[window]), self._share]
        self._position += 1
        if self._position == self.steps_per_epoch:
            self._epoch, self._position = self._epoch + 1, 0
        return self.tokens.take(rows)

    def _shuffled(self, window: int) -> np.ndarray:
        """This epoch's batches of a window, (steps, B)."""
        begin = window * self.window
        end = min(begin + self.window, len(self.tokens))
        draw = np.random.default_rng([self.seed, self._epoch, 1, window])
        rows = draw.permutation(end - begin)[: (end - begin) // self.size * self.size]
        if not self.bucket:
            return begin + rows.reshape(-1, self.size)
        lengths, span = self.tokens.lengths(begin, end), _GROUP * self.size
        groups = (rows[at : at + span] for at in range(0, len(rows), span))
        rows = np.concatenate([group[np.argsort(lengths[group], kind="stable")] for group in groups])
        return begin + draw.permutation(rows.reshape(-1, self.size), axis=0)

    def load_state_dict(self, state: dict[str, int]) -> None:
        if not 0 <= state["position"] < self.steps_per_epoch:
            raise Mistake(
                f"checkpoint: its batch {state['position']} is beyond the {self.steps_per_epoch} batches of an epoch "
                "here; resume with the same corpus, length and batch size"
            )
        self._epoch, self._position, self._read = state["epoch"], state["position"], None


def encode_mapped(
    corpus: Any, tokenizer: Any, length: int, overlong: str, tell: Any
) -> tuple[Tokens, list[str]]:
    """The training text of a `Mapped` corpus as tokens on disk, and notes for the user. Mistake if nothing fits."""
    folder, counts = corpus.encoded(tokenizer, length, overlong, tell)
    if not counts["sentences"]:
        raise Mistake(
            f"corpus.train: no sentence fits into length {length}; raise it, or set overlong: truncate"
        )
    notes = [f"corpus.train: {counts['tokens']:,} tokens on disk (in {json.dumps(folder.name)} of the cache)"]
    if counts["overlong"]:
        done = "dropped" if overlong == "drop" else f"cut to {length}"
        notes.append(
            f"corpus.train: {counts['overlong']:,} of {counts['lines']:,} lines are too long; {done}"
        )
    if counts["empty"]:
        notes.append(
            f"corpus.train: {counts['empty']:,} of {counts['lines']:,} lines have no tokens; dropped"
        )
    if counts["unknown"]:
        notes.append(
            f"corpus.train: {counts['unknown']:,} of {counts['tokens']:,} tokens are not in the vocabulary"
        )
    return Tokens(folder, tokenizer, length), notes
