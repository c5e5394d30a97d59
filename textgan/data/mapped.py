"""A corpus that is not held in memory: one text file, accessed through an index of its lines.

The index and the tokens are computed once, cached in a folder named by the file's SHA-256, and memory-mapped, so that
the operating system loads pages on demand and evicts them when memory is short.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, cast, overload

import numpy as np

from textgan.data.corpus import Split
from textgan.data.decoding import existing
from textgan.data.formats import FORMATS
from textgan.data.splits import Loaded
from textgan.errors import Mistake

CHUNK = 20_000  # lines tokenized at once
_BLOCK = 1 << 24  # bytes read at once


class Lines(Sequence[str]):
    """Lines of a UTF-8 file by number, read on demand. starts (2N,): where each line begins and ends, in bytes.

    held_out: this many lines, `stride` apart starting at line 0, are held out. The sequence holds the remaining lines
    or, if `these` is given, every second held-out line, starting with number `these`.
    """

    def __init__(
        self, file: Path, starts: np.ndarray, held_out: int, stride: int, these: int | None = None
    ) -> None:
        self.file, self.starts = file, starts
        self.held_out, self.stride, self.these = held_out, stride, these
        self._opened = file.open("rb")
        count = len(starts) // 2
        self._count = count - held_out if these is None else len(range(these, held_out, 2))

    def __len__(self) -> int:
        return self._count

    def line(self, number: int) -> int:
        """The number of the line in the file."""
        if self.these is not None:
            return (self.these + 2 * number) * self.stride
        before = min(number // (self.stride - 1) + 1, self.held_out)
        return number + before

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        if not -len(self) <= number < len(self):
            raise IndexError(number)
        line = self.line(number % len(self))
        begin, end = int(self.starts[2 * line]), int(self.starts[2 * line + 1])
        raw = os.pread(self._opened.fileno(), end - begin, begin)
        try:
            text = raw.decode("utf-8" if begin else "utf-8-sig")
        except UnicodeDecodeError as error:
            place = f"line {_lines_before(self.file, begin) + 1}, byte {error.start + 1}"
            raise Mistake(
                f"corpus.path: {self.file.name} is not UTF-8 ({place}); convert it first"
            ) from error
        return " ".join(text.split())

    def __iter__(self) -> Iterator[str]:
        return (self[number] for number in range(len(self)))


class Mapped(Loaded):
    """Sentences of a UTF-8 text file of any size, one per line: `corpus: {name: mapped, path: big.txt}`.

    validation, test: how many lines are held out, evenly spaced over the file. cache: the cache folder; by default
    `textgan` in the user's cache folder. Labels are not supported. Batches are drawn from one window of 65,536
    neighbouring sentences at a time, so shuffle a file that is ordered by topic first (`shuf`).
    Departures from `file`: repeated sentences, and overlap of validation or test with train, are not counted.
    """

    def __init__(self, path: str, validation: int = 5000, test: int = 5000, cache: str | None = None) -> None:
        file = existing(Path(path).expanduser(), "corpus.path")
        for name, count in (("validation", validation), ("test", test)):
            if count < 1:
                raise Mistake(f"corpus.{name}: {count}; expected a number of lines, 1 or more")
        if file.suffix.lower() in (*FORMATS, ".json"):
            raise Mistake(
                f"corpus.path: {path} has columns, and 'mapped' reads plain text; write its text into a file, one "
                "sentence per line, or use the corpus 'file'"
            )
        self.digest = _digest(file)
        self.cache = _cache(cache) / self.digest[:24]
        starts = _kept(self.cache / "lines.bin", lambda into: _index(file, into))
        lines, held_out = len(starts) // 2, 2 * max(validation, test)
        stride = lines // held_out if held_out else 0
        if stride < 2:
            raise Mistake(
                f"corpus: {path} has {lines:,} lines, too few to hold out {validation:,} and {test:,}; give more "
                "text, or use the corpus 'file'"
            )
        self.name, self.source, self.label_names = file.stem, None, ()
        self.train = Split(cast(list[str], Lines(file, starts, held_out, stride)))
        kept = [Lines(file, starts, held_out, stride, these) for these in (0, 1)]
        self.validation = Split(kept[0][:validation])
        self.test = Split(kept[1][:test])
        self.notes = []

    def fingerprint(self) -> str:
        """The digest of the whole file, used instead of one per split."""
        return self.digest

    def encoded(
        self, tokenizer: Any, length: int, overlong: str, tell: Callable[[str, float], None]
    ) -> tuple[Path, dict[str, int]]:
        """Tokenize train into the cache, once. Returns (folder, counts).

        The folder holds tokens.bin (int32) and offsets.bin (int64).
        """
        about = json.dumps([tokenizer.core.to_str(), length, overlong, len(self.validation), len(self.test)])
        folder = self.cache / hashlib.sha256(about.encode()).hexdigest()[:24]
        if not (folder / "counts.json").is_file():
            _fresh(folder, lambda into: _tokenize(self.train.texts, tokenizer, length, overlong, into, tell))
        return folder, json.loads((folder / "counts.json").read_text(encoding="utf-8"))


def _tokenize(
    lines: Sequence[str],
    tokenizer: Any,
    length: int,
    overlong: str,
    into: Path,
    tell: Callable[[str, float], None],
) -> None:
    counts = {"lines": len(lines), "sentences": 0, "tokens": 0, "unknown": 0, "overlong": 0, "empty": 0}
    most = length - 1 if overlong == "drop" else length
    unk = -1 if tokenizer.unk is None else tokenizer.unk
    iterator = iter(lines)
    with (into / "tokens.bin").open("wb") as file, (into / "offsets.bin").open("wb") as offsets:
        np.zeros(1, np.int64).tofile(offsets)
        done = 0
        while chunk := list(islice(iterator, CHUNK)):
            rows = tokenizer.encode(chunk)
            counts["empty"] += sum(not row for row in rows)
            counts["overlong"] += sum(len(row) > most for row in rows)
            if overlong == "drop":
                rows = [row for row in rows if len(row) <= most]
            rows = [row[:most] for row in rows if row]
            flat = np.fromiter((i for row in rows for i in row), np.int32)
            flat.tofile(file)
            ends = counts["tokens"] + np.fromiter(map(len, rows), np.int64, len(rows)).cumsum()
            ends.tofile(offsets)
            counts["sentences"] += len(rows)
            counts["tokens"] += len(flat)
            counts["unknown"] += int((flat == unk).sum())
            done += len(chunk)
            tell(f"tokenizing {len(lines):,} lines (only once)", done / len(lines))
    (into / "counts.json").write_text(json.dumps(counts), encoding="utf-8")


def _lines_before(file: Path, place: int) -> int:
    """The number of line ends in the file's first `place` bytes."""
    with file.open("rb") as opened:
        ends = 0
        while place > 0 and (block := opened.read(min(place, _BLOCK))):
            ends, place = ends + block.count(b"\n"), place - len(block)
    return ends


def _index(file: Path, into: Path) -> None:
    """Write (2N,) int64: where each non-empty line begins and ends, in bytes."""
    at = 0
    blank = b" \t\r\n\v\f"
    with file.open("rb") as opened, into.open("wb") as found:
        rest = b""
        while block := opened.read(_BLOCK):
            data = rest + block
            if b"\0" in block:
                raise Mistake(f"corpus.path: {file.name} is binary (it contains a NUL); give UTF-8 text")
            begin = at - len(rest)
            ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10) + 1
            starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
            pairs = [(s, e) for s, e in zip(starts.tolist(), ends.tolist(), strict=True)]
            kept = [(s + begin, e + begin) for s, e in pairs if e - s > 1 and data[s:e].strip(blank)]
            np.array(kept, np.int64).tofile(found)
            at += len(block)
            rest = data[int(ends[-1]) :] if len(ends) else data
        if rest.strip(blank):
            np.array([at - len(rest), at], np.int64).tofile(found)


def _kept(file: Path, make: Callable[[Path], None]) -> np.ndarray:
    """The array in the file, memory-mapped; created first if missing. An existing file is always complete."""
    if not file.is_file():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            beside = file.with_name(f".{os.getpid()}.{file.name}")
            try:
                make(beside)
                os.replace(beside, file)
            finally:
                with suppress(OSError):
                    beside.unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(file.parent, error) from error
    return np.memmap(file, np.int64, "r") if file.stat().st_size else np.zeros(0, np.int64)


def _fresh(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a temporary folder, then rename it; if another process was faster, keep that one's folder."""
    beside = folder.with_name(f".{os.getpid()}.{folder.name}")
    try:
        beside.mkdir(parents=True)
        fill(beside)
        with suppress(FileExistsError, OSError):
            beside.rename(folder)
        if not (folder / "counts.json").is_file():
            raise OSError(None, "it cannot be renamed", str(beside))
    except OSError as error:
        raise _unwritable(folder.parent, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _unwritable(folder: Path, error: OSError) -> Mistake:
    reason = error.strerror or error
    return Mistake(f"corpus.cache: {folder} cannot be written ({reason}); choose a folder with free space")


def _cache(given: str | None) -> Path:
    if given is not None:
        return Path(given).expanduser()
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "textgan" / "mapped"


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    try:
        with file.open("rb") as opened:
            while block := opened.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise Mistake(
            f"corpus.path: {file} cannot be read ({error.strerror}); check its permissions"
        ) from error
    return digest.hexdigest()
