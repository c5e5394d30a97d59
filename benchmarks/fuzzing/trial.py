"""One case, tried in this very process: how it ended, and what is wrong with that.

A command may end in success, or with exit code 2 and a line on standard error. It may not raise, hang, run code, write
outside its folder, or leave half of anything.
"""

from __future__ import annotations

import io
import json
import os
import re
import resource
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import (
    AbstractContextManager,
    contextmanager,
    nullcontext,
    redirect_stderr,
    redirect_stdout,
    suppress,
)
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import FrameType
from unittest.mock import patch

import torch

from textgan.cli import run
from textgan.report import plots
from textgan.report.svg import Figure
from textgan.training import checkpoints

WHOLE = ("recipe.yaml", "environment.json", "corpus.json", "labels.json", "tokenizer", "samples")
"""What a run folder has from its first moment on."""
ENOUGH, PATIENCE = 1.5, 8
"""Seconds of the processor until a command is asked to stop, and how often it is, until it counts as one that hangs."""
LIMIT, LAST = 300.0, 600.0
"""Seconds by the clock until a command counts as one that hangs, and until the process is given up."""
ROOM = 3 << 30
"""Bytes of memory, beyond what the process has, that a case may take."""
LONGEST = 1500
"""Characters in a line of complaint."""


@dataclass(frozen=True)
class Case:
    """A command on files. words: of the command line. files: written into the working folder before, by name.

    run: the honest run that is copied to `run`, and edits: what is done to it there. figures: whether those of the
    pages are drawn, which takes ten times as long as all the rest.
    """

    kind: str
    words: tuple[str, ...]
    files: dict[str, bytes] = field(default_factory=dict)
    run: str = ""
    edits: tuple[Edit, ...] = ()
    figures: bool = True

    def told(self) -> dict[str, object]:
        """For a line of JSON."""
        shown = {name: repr(content[:2000]) for name, content in self.files.items()}
        edits = [edit.told() for edit in self.edits]
        return {"kind": self.kind, "words": [repr(word)[:300] for word in self.words]} | (
            {"run": self.run, "edits": edits} if self.run else {"files": shown}
        )


class Edit:
    """A change to a run folder."""

    def apply(self, folder: Path, runs: Path) -> None:
        """runs: the folder of the honest runs, to take other files from."""
        raise NotImplementedError

    def told(self) -> str:
        raise NotImplementedError


@dataclass(frozen=True)
class Outcome:
    """code: the exit code, None where there is none. fault: what is wrong, empty for nothing; where: of the code that
    it was raised in, by which faults are told apart. stopped: where it was when it took long and was asked to stop."""

    code: int | None
    fault: str = ""
    where: str = ""
    stopped: str = ""
    error: str = ""


class Hung(BaseException):
    """The command has taken longer than it may."""


class Ground:
    """The folder in which cases are tried: `work` is made anew for each, `outside` must stay as it is."""

    def __init__(self, root: Path, runs: Path | None = None) -> None:
        self.root, self.runs = root, runs or root / "runs"
        self.work, self.outside = root / "work", root / "outside"
        self.outside.mkdir(parents=True)
        (self.outside / "precious").write_text("mine\n", encoding="utf-8")
        (self.outside / "evil.py").write_text(
            f"open({str(root / 'mark')!r}, 'w').close()\nclass Evil: pass\n", encoding="utf-8"
        )

    def trial(self, case: Case) -> Outcome:
        """Try it; the working folder is as it was left, for whoever wants to look."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        for name, content in case.files.items():
            (self.work / name).write_bytes(content)
        if case.run:
            shutil.copytree(self.runs / case.run, self.work / "run", symlinks=True)
            for edit in case.edits:
                with suppress(Exception):  # an earlier edit may have left nothing that this one could change
                    edit.apply(self.work / "run", self.runs)
        before, kept = self._around(), _whole_checkpoint(self.work / "run")
        outcome = self._run(case.words, case.figures)
        if outcome.fault:
            return outcome
        if any("evil.py:" in word for word in case.words):
            (self.root / "mark").unlink(missing_ok=True)  # whoever names a file of code in a command runs it
        fault = self._left_wrong(before) or _lost(kept, self.work / "run", outcome)
        return Outcome(outcome.code, fault, fault, outcome.stopped, outcome.error)

    def _run(self, words: tuple[str, ...], figures: bool) -> Outcome:
        said, error = io.StringIO(), io.StringIO()
        here, threads = Path.cwd(), torch.get_num_threads()
        os.chdir(self.work)
        watch = _Watch()
        try:
            with redirect_stdout(said), redirect_stderr(error), _drawing(figures), watch:
                code = run(words)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except Hung as hung:
            return Outcome(None, "hangs", _where(hung), error=error.getvalue())
        except BaseException as raised:
            name = f"{type(raised).__name__}: {str(raised)[:300]}"
            return Outcome(None, name, f"{type(raised).__name__} {_where(raised)}", error=_trace(raised))
        finally:
            os.chdir(here)
            torch.set_num_threads(threads)
        return Outcome(code, *_complaints(code, error.getvalue(), watch.where), watch.where, error.getvalue())

    def _left_wrong(self, before: dict[str, str]) -> str:
        """What is wrong with the files that the command has left."""
        if (after := self._around()) != before:
            return f"changed outside its folder: {sorted(before.items() ^ after.items())}"
        for place in self.work.rglob(".*"):
            if re.search(r"\.(new|tmp)$", place.name):
                return f"left half-written: {place.relative_to(self.work)}"
        for recipe in self.work.rglob("recipe.yaml"):
            folder = recipe.parent
            if folder.name == "run" and folder.parent == self.work:
                continue  # damaged on purpose
            missing = [name for name in WHOLE if not (folder / name).exists()]
            if missing:
                return f"left half of a run: no {', '.join(missing)}"
            last = folder / "checkpoints" / "last"
            if last.exists() and (damage := checkpoints.damage(last)):
                return f"left a damaged checkpoint: {damage}"
        return ""

    def _around(self) -> dict[str, str]:
        """Everything beside the working folder."""
        return {
            str(file.relative_to(self.root)): sha256(file.read_bytes()).hexdigest()
            for file in self.root.rglob("*")
            if file.is_file() and self.work not in file.parents and self.runs not in file.parents
        }


def _drawing(wanted: bool) -> AbstractContextManager[object]:
    """Without it the figures of a run's page are empty."""
    if wanted:
        return nullcontext()
    return patch.object(plots, "figure", lambda title, alt, *_, **__: Figure(title, alt, ""))


def _complaints(code: int, error: str, asked: str) -> tuple[str, str]:
    if code not in (0, 2, 130) or (code == 130 and not asked):
        return f"exit {code}: {error[-300:]}", f"exit {code}"
    if (
        "Traceback (most recent call last)" in error and not asked
    ):  # Ctrl-C may come where Python ignores it, and tells
        return f"a traceback: {error[-600:]}", "traceback"
    told = [line for line in error.splitlines() if line.startswith("textgan: ")]
    if code == 2 and not told:
        return f"exit 2 without a line of its own: {error[-300:]!r}", "exit 2, no line"
    if long := [line for line in told if len(line) > LONGEST]:
        return f"a line of {len(long[0]):,} characters: {long[0][:200]}", f"long line {long[0][:40]}"
    return "", ""


def _whole_checkpoint(folder: Path) -> str:
    """The digest of the checkpoint that a run could go on from; empty if there is none."""
    last = folder / "checkpoints" / "last"
    for place in (last, last.with_name(".last.old")):
        if place.is_dir() and not _damage(place):
            return _digest(place)
    return ""


def _damage(folder: Path) -> bool:
    """A checkpoint whose files cannot be read, or be named (the manifest's names may be anything), is no whole one;
    the command itself is to say so in a line. Any other error is a fault of the check."""
    try:
        return bool(checkpoints.damage(folder))
    except (OSError, ValueError):
        return True


def _lost(kept: str, folder: Path, outcome: Outcome) -> str:
    if not kept or outcome.code != 2:
        return ""
    places = [place for place in (folder / "checkpoints").glob("*last*") if place.is_dir()]
    return (
        ""
        if kept in map(_digest, places)
        else "a command that failed has taken away the last whole checkpoint"
    )


def _digest(folder: Path) -> str:
    held = sha256()
    for file in sorted(folder.iterdir()):
        if file.is_file():
            held.update(file.name.encode("utf-8", "surrogateescape") + b"\0" + file.read_bytes())
    return held.hexdigest()


def _where(error: BaseException) -> str:
    """The last line of textgan's own that the error went through, and the one that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/textgan/" in frame.filename]
    found = [own[-1], frames[-1]] if own else frames[-1:]
    return " < ".join(dict.fromkeys(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(found)))


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-6000:]


class _Watch:
    """Asks a command that takes long to stop: a run by SIGTERM, as a scheduler does, all else by Ctrl-C. One that then
    goes on is one that hangs.

    By processor time, since the machine has other work too. where: it was when it was asked; empty if it was not.
    """

    def __init__(self) -> None:
        self.where = ""
        self._times = 0
        self._timers = [threading.Timer(LIMIT, self._hung), threading.Timer(LAST, self._give_up)]

    def __enter__(self) -> None:
        self._before = {
            number: signal.signal(number, handler)
            for number, handler in ((signal.SIGUSR1, self._raise), (signal.SIGPROF, self._ask))
        }
        signal.setitimer(signal.ITIMER_PROF, ENOUGH, ENOUGH)
        for timer in self._timers:
            timer.daemon = True
            timer.start()

    def __exit__(self, *error: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        for timer in self._timers:
            timer.cancel()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._times += 1
        if self._times > PATIENCE:
            raise Hung
        own = [each for each in traceback.extract_stack(frame) if "/textgan/" in each.filename]
        self.where = (
            self.where or f"{Path(own[-1].filename).name}:{own[-1].lineno} {own[-1].name}"
            if own
            else "elsewhere"
        )
        if signal.getsignal(signal.SIGTERM) in (signal.SIG_DFL, signal.SIG_IGN):
            raise KeyboardInterrupt
        os.kill(os.getpid(), signal.SIGTERM)

    def _hung(self) -> None:
        os.kill(os.getpid(), signal.SIGUSR1)

    def _give_up(self) -> None:
        import faulthandler

        faulthandler.dump_traceback(file=sys.__stderr__ or 2)
        os._exit(1)

    @staticmethod
    def _raise(number: int, frame: FrameType | None) -> None:
        raise Hung


@contextmanager
def little_memory(room: int = ROOM) -> Iterator[None]:
    """Within it the process may take `room` bytes more than it has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def as_line(case: Case, outcome: Outcome) -> str:
    return json.dumps({"fault": outcome.fault, "where": outcome.where, **case.told()}, ensure_ascii=True)
