# ruff: noqa: I001
"""The command line, one module per command. A command imports heavy libraries only when it is called.

A user's mistake is one line on standard error, `textgan: where: what; remedy`, and exit code 2.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import typer

# Importing a command's module registers it with `app`; help lists the commands in this order.
from textgan.cli import train, sample, evaluate, sweep, benchmark  # noqa: F401
from textgan.cli import report, corpus, augment, interpolate, documents, export  # noqa: F401
from textgan.cli.shared import app, say
from textgan.errors import Mistake, SaidElsewhere, out_of_memory
from textgan.machine.process import wait_briefly

__all__ = ["app", "main", "run"]

PACKAGE = Path(__file__).parents[1]

_UsageError: Any = typer.BadParameter.__base__  # typer brings its own click in some versions, not in others
_ClickException: Any = _UsageError.__base__


def main(words: Sequence[str] | None = None) -> None:
    """The console script: run the command and exit with its code."""
    wait_briefly()
    sys.exit(run(sys.argv[1:] if words is None else list(words)))


def run(words: Sequence[str]) -> int:
    """Run one command; returns its exit code: 0, 2 for a user's mistake, 130 for an interruption."""
    with warnings.catch_warnings():
        warnings.showwarning = partial(_show, warnings.showwarning)
        return _run(words)


def _show(
    usual: Callable[..., None], message: Warning | str, category: type[Warning], filename: str, *more: Any
) -> None:
    """Our own warnings on one line each, like other messages; those of libraries as Python shows them."""
    if category is UserWarning and Path(filename).is_relative_to(PACKAGE):
        print(f"textgan: warning: {message}", file=sys.stderr)
    else:
        usual(message, category, filename, *more)


def _run(words: Sequence[str]) -> int:
    try:
        code = app(args=list(words), prog_name="textgan", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except SaidElsewhere:
        return 2
    except Mistake as mistake:
        return say(str(mistake))
    except _UsageError as error:
        context = error.ctx
        helping = f"; see: {context.command_path} --help" if context else ""
        message = error.format_message()
        return say(f"{' '.join(message.split()).rstrip('.')}{helping}") if message else 2
    except _ClickException as error:
        return say(error.format_message())
    except (KeyboardInterrupt, typer.Abort):
        print("textgan: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `| head` has read enough; discard what is still in the buffer
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, MemoryError, RuntimeError) as error:
        if out_of_memory(error):
            return say("there is not enough memory; free some, or ask for less at once")
        if isinstance(error, OSError):
            return say(
                f"{error.filename or 'a file'}: {error.strerror or error}; check the path and the free disk space"
            )
        raise
    except SystemExit as error:
        # What typer makes of a broken pipe when it is the first to see it.
        if isinstance(error.__context__, BrokenPipeError):
            return 0
        raise
