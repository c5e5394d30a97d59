"""The program: `textgan`, and `python -m textgan`. It has the command line imported where Ctrl-C is already heeded."""

from __future__ import annotations

import sys


def main() -> None:
    """Leave with the verb's exit code; 130 where it was stopped before there was a verb."""
    try:
        from textgan.cli import main as run

        run()
    except KeyboardInterrupt:
        print("textgan: stopped", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
