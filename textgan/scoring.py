"""Score files of sentences, whoever wrote them, beside what real text gets: no run, no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from textgan.data.corpus import uncut
from textgan.data.labels import Columns, Labelled, labels_of
from textgan.errors import Mistake
from textgan.metrics.once import sharing
from textgan.metrics.presets import USUAL, Preset, preset
from textgan.metrics.real import COMPARING, OF_COPIES
from textgan.metrics.suite import METRICS, load_metrics, merged, taking_encoder
from textgan.metrics.tokens import WHITESPACE, split
from textgan.metrics.yardstick import OVERLAP, Measured, Yardstick

DEFAULT = ("bleu", "self-bleu", "distinct", "duplicates", "novelty")
"""What is measured where nothing is asked for, as far as there are references and a training set."""
NEED_A_RUN = {
    "nll": "a run folder, for its likelihood",
    "source": "a run folder, for its corpus",
    "class-accuracy": "a run folder, for the labels that were asked for",
}

ATTACHED = 0.1
"""Above this share of sentences with punctuation attached to a word, warn about whitespace tokenization."""


@dataclass(frozen=True)
class FileScores:
    """One file: its scores, and those of real text measured as they were, each by key (`bleu-2`, ...).

    labels: the same of the sentences of each label alone, where that was asked for.
    """

    path: Path
    amount: int
    scores: dict[str, Measured]
    real: dict[str, Measured]
    labels: dict[str, FileScores] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """The files in the order given, and what the reader should be warned of."""

    files: list[FileScores]
    warnings: list[str]


def evaluate_files(
    targets: Sequence[Path],
    references: Path | None = None,
    train: Path | None = None,
    names: Sequence[str] | None = None,
    preset_name: str | None = None,
    ci: bool = False,
    encoder: str | None = None,
    label: str | None = None,
    column: str | None = None,
) -> Comparison:
    """Scores of files with one sentence per line. names: of metrics, or `all`; None means the quick ones.

    preset_name: one of `textgan.metrics.presets.PRESETS`, for BLEU and self-BLEU. encoder: for the metrics that take
    one, `lm` or what transformers loads; see `textgan.metrics.encoders`. label: a column of the files, to score each
    of its values apart too. column: the text of files with columns. Raises Mistake, with one line for
    each thing that is wrong.
    """
    chosen = _checked(names, references is not None, train is not None, preset_name, encoder)
    if twice := sorted({str(path) for path in targets if list(targets).count(path) > 1}):
        raise Mistake(f"target: {', '.join(twice)} is given twice; give each file once")
    columns = Columns(column, label)
    columns.check([path for path in (*targets, references, train) if path is not None])
    texts = columns.samples(targets)
    real, learnt = columns.real(references, "--references"), columns.real(train, "--train")
    return _compared(texts, real, learnt, chosen, names or (), preset_name, ci, encoder, str(references))


def evaluate_texts(
    texts: Sequence[str],
    references: Sequence[str] | None = None,
    train: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    preset_name: str | None = None,
    ci: bool = False,
    encoder: str | None = None,
) -> Comparison:
    """As `evaluate_files` of a file with these sentences."""
    chosen = _checked(names, references is not None, train is not None, preset_name, encoder)
    real, learnt = Labelled(references or []), Labelled(train or [])
    given = {Path("samples"): Labelled(texts)}
    return _compared(given, real, learnt, chosen, names or (), preset_name, ci, encoder, "the references")


def _checked(
    names: Sequence[str] | None, references: bool, train: bool, preset_name: str | None, encoder: str | None
) -> list[str]:
    chosen = _chosen(names, references, train, preset_name is not None)
    if encoder is not None and not taking_encoder(load_metrics(chosen)):
        raise Mistake(f"--encoder: none of {', '.join(chosen)} takes one; add --metrics frechet,mauve")
    return chosen


def _compared(
    texts: Mapping[Path, Labelled],
    real: Labelled,
    learnt: Labelled,
    chosen: Sequence[str],
    asked_for: Sequence[str],
    preset_name: str | None,
    ci: bool,
    encoder: str | None,
    references: str,
) -> Comparison:
    protocol = preset(preset_name) if preset_name else USUAL
    labels = labels_of(texts, {"--references": real, "--train": learnt})
    yardstick = Yardstick(real.lines, learnt.lines, chosen, protocol, ci, encoder)
    with sharing():
        files, missing = _scored({path: text.lines for path, text in texts.items()}, yardstick)
        by_path = {file.path: file for file in files}
        for each in labels:
            parts = {path: text.of(each) for path, text in texts.items() if each in (text.labels or [])}
            of_label, _ = _scored(parts, replace(yardstick, references=real.of(each), train=learnt.of(each)))
            for part in of_label:
                by_path[part.path].labels[each] = part
    warnings = [f"--preset {protocol.name}: {protocol.caution}"] if protocol.caution else []
    used = set(real.lines[: protocol.bleu.refs])
    for file in files:
        if not file.scores:
            raise Mistake(f"target: nothing could be measured of {file.path}; it may hold too few sentences")
        asked = [name for path, name in missing if path == file.path and name in asked_for]
        warnings += [f"metrics.{name}: cannot be measured of {file.path}; left out" for name in asked]
        if (cuts := _attached(texts[file.path].lines, protocol)) > ATTACHED:
            warnings.append(
                f"{file.path}: --preset {protocol.name} cuts at spaces, and in {cuts:.0%} of the sentences a mark "
                "stands at a word ('sky.'), which then is another word; put spaces around marks, as the published "
                "samples have"
            )
        if uncut(texts[file.path].lines):
            warnings.append(
                f"{file.path}: its sentences have no spaces, so each is one word to BLEU and to all that count words; "
                "put spaces between its words or characters first, in the references too"
            )
        if empty := list(texts[file.path].lines).count(""):
            warnings.append(
                f"{file.path}: {empty:,} of {file.amount:,} lines are empty, and each is scored as a sentence without "
                "words, as those of a run are; take them out if they only stand between sentences"
            )
        if "bleu-2" in file.scores and set(texts[file.path].lines[: protocol.bleu.hyps]) <= used:
            warnings.append(
                f"{file.path}: every sentence scored also occurs in {references}, so BLEU is 1 by construction; "
                "give references that the samples were not taken from"
            )
    for option, others in (("--references", real), ("--train", learnt)):
        if labels and others.lines and others.labels is None:
            warnings.append(
                f"--label: {option} has no labels; every label is compared with all its sentences"
            )
    return Comparison(files, warnings)


def _attached(texts: Sequence[str], protocol: Preset) -> float:
    """The share of sentences that a protocol which cuts at spaces alone cuts otherwise than they read."""
    if WHITESPACE not in (protocol.bleu.cut, protocol.self_bleu.cut) or not texts:
        return 0.0
    return sum(split(text) != text.lower().split() for text in texts) / len(texts)


def _scored(
    texts: Mapping[Path, Sequence[str]], yardstick: Yardstick
) -> tuple[list[FileScores], list[tuple[Path, str]]]:
    """The files' scores, and which metrics could not be measured of which file."""
    beside = {amount: yardstick.real(amount) for amount in {len(lines) for lines in texts.values()}}
    files, missing = [], []
    for path, lines in texts.items():
        found = {name: yardstick.score(lines, name) for name in yardstick.names}
        missing += [(path, name) for name in found if not found[name]]
        files.append(FileScores(path, len(lines), merged(found), beside[len(lines)]))
    return files, missing


def evaluate_folder(
    run: Path, references: Path | None, names: Sequence[str] | None, trust_code: bool = False
) -> Comparison:
    """Scores of text freshly drawn from a run; see `textgan.runs.evaluate.evaluate_run`. Raises Mistake."""
    from textgan.runs.evaluate import evaluate_run

    scores = evaluate_run(run, references, None if names is None else list(names), trust_code=trust_code)
    measured = {key: Measured(score.value, score.signature) for key, score in scores.items()}
    return Comparison([FileScores(run, 0, measured, {})], [])


def _chosen(names: Sequence[str] | None, references: bool, train: bool, preset: bool) -> list[str]:
    """The metrics to run; Mistake where one is unknown, or was asked for and cannot be had."""
    lacking = {
        **{name: f"needs {what}" for name, what in NEED_A_RUN.items()},
        **(
            {}
            if references
            else dict.fromkeys(COMPARING, "needs real text to compare with; give --references FILE")
        ),
        **({} if train else dict.fromkeys(OF_COPIES, "needs the training text; give --train FILE")),
    }
    if names is None:
        return [name for name in (OVERLAP if preset else DEFAULT) if name not in lacking]
    asked = list(dict.fromkeys(name for name in names if name != "all"))
    load_metrics(asked)
    if wrong := [f"metrics.{name}: {lacking[name]}" for name in asked if name in lacking]:
        raise Mistake("\n".join(wrong))
    every = [name for name in METRICS if name not in lacking] if "all" in names else []
    return list(dict.fromkeys([*every, *asked]))
