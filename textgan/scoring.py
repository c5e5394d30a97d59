"""Score a file of sentences, whoever wrote them: no run, no torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textgan.errors import Mistake
from textgan.metrics.samples import Samples, Score
from textgan.metrics.suite import evaluate, load_metrics

ALONE = ("self-bleu", "distinct", "duplicates")
"""What is measured of a file by default where there are no references."""

AGAINST = ("bleu", *ALONE)
"""What is measured by default where there are."""

NEED_REFERENCES = frozenset({"bleu"})
NEED_A_RUN = {
    "nll": "a run folder, for its likelihood",
    "source": "a run folder, for its corpus",
    "novelty": "a run folder, for its training text",
}


def evaluate_file(
    target: Path, references: Path | None = None, names: Sequence[str] | None = None
) -> dict[str, Score]:
    """The scores of a file with a sentence a line. Raises Mistake for what cannot be measured of a file."""
    chosen = list(names or (AGAINST if references else ALONE))
    load_metrics(chosen)
    mistakes = [f"metrics.{name}: needs {NEED_A_RUN[name]}" for name in chosen if name in NEED_A_RUN]
    if references is None:
        mistakes += [
            f"metrics.{name}: needs real text to compare with; give --references FILE"
            for name in chosen
            if name in NEED_REFERENCES
        ]
    if mistakes:
        raise Mistake("\n".join(mistakes))
    texts = sentences(target, "target")
    real = sentences(references, "--references") if references else []
    scores = evaluate(Samples(texts=texts, references=real), chosen)
    if not scores:
        raise Mistake(f"target: nothing could be measured of {target}; it may hold too few sentences")
    return scores


def sentences(path: Path, place: str) -> list[str]:
    """The lines of a text file that are not empty; raises Mistake where there are none."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Mistake(f"{place}: there is no file or run folder {path}") from None
    except UnicodeDecodeError:
        raise Mistake(f"{place}: {path} is not UTF-8 text; convert it first, e.g. with iconv") from None
    except OSError as error:
        raise Mistake(f"{place}: {path} cannot be read: {error.strerror}") from None
    if "\0" in text:
        raise Mistake(f"{place}: {path} is not text; expected a sentence a line")
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines:
        raise Mistake(f"{place}: {path} holds no sentence; expected one a line")
    return lines
