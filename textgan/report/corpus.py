"""The corpus doctor's findings, presented: sections of (quantity, value) rows, as a table or as plain lines."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from textgan.doctor.examine import Examination

Section = tuple[str, list[tuple[str, str]]]
_few = 1_000  # warn below this many sentences
_most = 12  # labels and scripts listed at most


def sections(found: Examination) -> list[Section]:
    """Title and rows of each section, the most frequently asked questions first."""
    return [
        ("text", _text(found)),
        ("lengths", _lengths(found)),
        ("vocabulary", _vocabulary(found)),
        ("repeats", _repeats(found)),
        *([("labels", _labels(found))] if found.labels else []),
        ("scripts", _scripts(found)),
        ("suspicious lines", _suspects(found)),
        ("proposal", _proposal(found)),
    ]


def plain(found: Examination) -> str:
    """Aligned lines under each title."""
    parts = []
    for title, rows in sections(found):
        width = max(len(what) for what, _ in rows)
        parts.append("\n".join([title, *(f"  {what:{width}}  {told}" for what, told in rows)]))
    return "\n\n".join(parts) + "\n"


def terminal(found: Examination) -> RenderableType:
    """A table for each section, up to the terminal's width."""
    tables = []
    for title, rows in sections(found):
        table = Table(title=title, title_justify="left", title_style="bold", show_header=False, box=None)
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for what, told in rows:
            table.add_row(escape(what), escape(told))
        tables.append(table)
    return Group(*tables)


def _text(found: Examination) -> list[tuple[str, str]]:
    rows = [("file", found.file + ("" if found.column is None else f", column {found.column}"))]
    if found.test is not None:
        rows.append(("test file", f"{found.test}, {found.held_out:,} sentences"))
    rows += [("encoding", found.encoding), ("sentences", f"{found.sentences:,}")]
    if found.sentences < _few:
        rows.append(("few", f"a generator memorises so few; {_few:,} or more would be better"))
    if found.empty:
        rows.append(("empty lines", f"{found.empty:,} ({_at(found.empty_lines, found.empty)})"))
    if found.test is None and found.held_out:
        rows.append(
            ("held out", f"{found.held_out:,} of them, drawn at random, stand in for unseen text below")
        )
    return rows


def _lengths(found: Examination) -> list[tuple[str, str]]:
    names = {"0": "least", "0.5": "median", "1": "most"}
    rows = []
    for unit, values in found.quantiles.items():
        quantiles = ", ".join(f"{names.get(q, f'{float(q):.0%}')} {value:,}" for q, value in values.items())
        rows.append(
            (unit, quantiles + (" (of a sample)" if found.proposal.sampled and "tokens" in unit else ""))
        )
    longest = ", ".join(f"{line:,} ({length:,})" for line, length in found.longest_lines.items())
    plan = found.proposal
    rows.append(("longest lines", f"{longest}, in characters"))
    rows.append((f"over length {plan.length}", f"{plan.longer:.2%} of the sentences"))
    return rows


def _vocabulary(found: Examination) -> list[tuple[str, str]]:
    about = "; words seen once were forgotten on the way" if found.forgotten else ""
    rows = []
    if not found.by_letter:
        rows.append(("words and marks", f"{found.types['words']:,} different{about}"))
        for size, share in found.unknown.items():
            every = " (all)" if size == found.types["words"] else ""
            rows.append((f"unknown at {size:,}{every}", f"{share:.2%} of held-out tokens"))
    types = f"{found.types['characters']:,} different"
    if found.held_out:
        types += f"; {found.unknown_characters:.3%} of held-out characters unknown"
    return [*rows, ("characters", types)]


def _repeats(found: Examination) -> list[tuple[str, str]]:
    rows = [("exact", f"{_of(found.duplicates, found.sentences)} repeat an earlier sentence")]
    if found.most_repeated:
        told = ", ".join(f"line {line:,} ({times:,} times)" for line, times in found.most_repeated)
        rows.append(("most repeated", told))
    if found.near is not None:
        rows.append(
            (
                "but for marks",
                f"{_of(found.near, found.sentences)} more, ignoring case, spaces, punctuation and digits",
            )
        )
    if found.alike is not None:
        rows.append(
            ("but for a word", f"{found.alike:.2%} of a sample (Jaccard .8 of letters' 5-grams, by MinHash)")
        )
    where = "held-out sentences" if found.test is None else "test sentences"
    near = (
        ""
        if found.near_overlap is None
        else f"; {found.near_overlap:,} if case, punctuation and digits are ignored"
    )
    if found.held_out:
        rows.append(("train and test", f"{_of(found.overlap, found.held_out)} {where} are in train{near}"))
    if found.shift is not None:
        told = f"AUC {found.shift.auc:.3f} (.5: cannot be told apart)"
        if found.shift.auc > 0.6:
            told += "; NOT one distribution: scores against this test set also measure that difference"
        rows.append(("shift", told))
        for side, words in (("train", found.shift.train_words), ("test", found.shift.test_words)):
            if words:
                rows.append((f"more in {side}", ", ".join(words)))
    elif found.test is None:
        rows.append(
            (
                "shift",
                "nothing to measure: a random split has one distribution; give --test FILE to check your own",
            )
        )
    return rows


def _labels(found: Examination) -> list[tuple[str, str]]:
    labels = found.labels
    assert labels is not None
    shown = list(labels.counts.items())[:_most]
    total = sum(labels.counts.values())
    rows = [(name, _of(times, total)) for name, times in shown]
    if more := len(labels.counts) - len(shown):
        rows.append(("…", f"{more:,} more"))
    rows.append(("balance", f"{labels.evenness:.3f} (entropy over its maximum; 1: even)"))
    if labels.small:
        rows.append(("small", f"{', '.join(labels.small[:_most])}: too few sentences to learn from"))
    if not labels.usable:
        rows.append(("not used", f"{labels.reason}; the recipe leaves the labels out"))
    return rows


def _scripts(found: Examination) -> list[tuple[str, str]]:
    rows = [(name, f"{share:.2%} of the letters") for name, share in list(found.scripts.items())[:_most]]
    if found.mixed_lines:
        rows.append(("mixed", f"{found.mixed_lines:.2%} of the sentences have letters of two scripts"))
    if found.languages:
        shares = ", ".join(
            f"{name} {share:.1%}" for name, share in list(found.languages.items())[:4] if share >= 0.001
        )
        rows.append(("languages", f"{shares} (by function words, of eight that are known; a hint)"))
    if found.right_to_left:
        rows.append(("right to left", f"{found.right_to_left:.1%} of the letters"))
    if found.combining:
        rows.append(("combining", f"{found.combining:,} marks"))
    if found.emoji:
        rows.append(("emoji", f"{found.emoji:,}"))
    return rows or [("none", "no letters")]


def _suspects(found: Examination) -> list[tuple[str, str]]:
    rows = [
        (kind, f"{on['lines']:,} ({_at(on['first'], on['lines'])})") for kind, on in found.suspects.items()
    ]
    return rows or [("none", "no control characters, HTML, mojibake or very long words")]


def _proposal(found: Examination) -> list[tuple[str, str]]:
    plan = found.proposal
    tokenizer = ", ".join(f"{key} {value}" for key, value in plan.tokenizer.items() if key != "name")
    name = str(plan.tokenizer["name"])
    rows = [
        ("tokenizer", name + (f" ({tokenizer})" if tokenizer else "")),
        ("vocabulary", f"{plan.vocabulary:,} ids"),
    ]
    rows.append(
        (
            "length",
            f"{plan.length} tokens, the end included" + ("; longer text is cut" if plan.truncate else ""),
        )
    )
    return rows + [("because" if i == 0 else "", reason) for i, reason in enumerate(plan.reasons)]


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({part / whole:.2%})" if whole else "0"


def _at(lines: Iterable[int], times: int) -> str:
    shown = [f"{line:,}" for line in lines]
    return ("line " if times == 1 else "lines ") + ", ".join(shown) + (", …" if times > len(shown) else "")
