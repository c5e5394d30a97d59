"""The model card of an exported generator: what it is, its recipe, its scores, what it writes, how to use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import yaml

from textgan.report.numbers import name, number, order
from textgan.report.record import RunRecord, part_name

SAMPLES = 10
_COLUMNS = {"real": "real text", "before": "before the game", "after": "after it"}
_SCORED = {"last": "after it", "pretrained": "before the game"}


def write(
    record: RunRecord, checkpoint: str, samples: Sequence[str], label_names: Sequence[str], words: int
) -> str:
    """The card as markdown with its YAML head. samples: drawn at temperature 1; words: size of the vocabulary."""
    head = {"library_name": "transformers", "pipeline_tag": "text-generation", "tags": ["textgan", "gan"]}
    evaluation = record.evaluation
    recipe = public(record.recipe)
    title = str(evaluation.get("recipe") or recipe.get("name") or record.path.name)
    what = (
        f"A text generator (`{_name(recipe, 'generator')}`) trained with textgan{_version(record)} by "
        f"{_trained(record, recipe, checkpoint)}, recipe `{title}`, on the corpus "
        f"`{evaluation.get('corpus') or _corpus(recipe)}`, seed {recipe.get('seed')}; the weights are those of the "
        f"checkpoint `{checkpoint}`. It writes sentences of at most {recipe.get('length')} tokens from a vocabulary "
        f"of {words:,}."
    )
    if label_names:
        what += f" It writes by label: {', '.join(f'`{label}`' for label in label_names)}."
    blocks = [
        f"---\n{yaml.safe_dump(head, sort_keys=False)}---",
        f"# {title}",
        what,
        "## How to use it",
        _usage(label_names),
        "## Scores",
        _scores(record, checkpoint),
    ]
    if warnings := [*record.warnings, *record.problems]:
        blocks += ["## Warnings", _bullets(warnings)]
    blocks += [
        "## Samples",
        f"The first {len(samples)} drawn, at temperature 1:",
        _fenced("\n".join(samples)),
    ]
    if notes := [*record.written, *record.notes]:
        blocks += ["## Notes", _bullets(notes)]
    text = yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True, width=100)
    blocks += ["## Recipe", _fenced(text.rstrip(), "yaml")]
    return "\n\n".join(blocks) + "\n"


def public(value: Any) -> Any:
    """The same without the folders of whoever trained: of an absolute path, its last part."""
    if isinstance(value, Mapping):
        return {key: public(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [public(item) for item in value]
    if isinstance(value, str):
        for kind in (PurePosixPath, PureWindowsPath):
            if kind(value).is_absolute():
                return kind(value).name
    return value


def _corpus(recipe: Mapping[str, Any]) -> str:
    return part_name(recipe, "corpus") or "file"


def _name(recipe: Mapping[str, Any], key: str) -> str:
    part = recipe.get(key)
    return str(part.get("name")) if isinstance(part, Mapping) else key


def _version(record: RunRecord) -> str:
    versions = record.environment.get("versions")
    if not isinstance(versions, Mapping):
        return ""
    return f" {versions['textgan']}" if "textgan" in versions else ""


def _trained(record: RunRecord, recipe: Mapping[str, Any], checkpoint: str) -> str:
    """What the weights of a checkpoint have been through, as far as the run has come."""
    train = recipe.get("train")
    phases: Mapping[str, Any] = train if isinstance(train, Mapping) else {}
    before = "maximum likelihood" if phases.get("mle") is not None or recipe.get("start") else ""
    stand = None if checkpoint == "pretrained" else record.stand
    early = f" (unfinished: the run {stand})" if stand else ""
    played = stand is None or stand.phase == "adversarial"
    if checkpoint == "pretrained" or phases.get("adversarial") is None or not played:
        return (before or "no phase of its own") + early
    after = f"the strategy `{_name(recipe, 'strategy')}`"
    return (f"{before} and then {after}" if before else after) + early


def _usage(label_names: Sequence[str]) -> str:
    asked = f", labels={label_names[0]!r}" if label_names else ""
    code = f"""import textgan  # makes the model known to transformers; no remote code
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("FOLDER_OR_NAME")
model = AutoModelForCausalLM.from_pretrained("FOLDER_OR_NAME")
ids = model.generate(num_return_sequences=5{asked})
print(tokenizer.batch_decode(ids, skip_special_tokens=True))"""
    note = (
        "`generate` draws at temperature 1 from the whole distribution, as `textgan sample` does. "
        '`pipeline("text-generation", ...)` works too; it puts no space between a prompt and what follows it, so '
        "that with a word tokenizer the prompt should end with one."
    )
    if label_names:
        note += " Without `labels`, each class is as likely as the next."
    return f"{_fenced(code, 'python')}\n\n{note}"


def _scores(record: RunRecord, checkpoint: str) -> str:
    columns = {key: caption for key, caption in _COLUMNS.items() if record.rows.get(key)}
    if not columns:
        return "None: the run has not come to its end."
    if tuple(columns) == ("real", "after"):
        columns["after"] = "this model"
    keys = sorted({key for column in columns for key in record.rows[column]}, key=order)
    lines = [f"| | {' | '.join(columns.values())} | signature |", f"|---|{'---:|' * len(columns)}---|"]
    for key in keys:
        cells = [record.rows[column].get(key) for column in columns]
        signed = next(cell.signature for cell in cells if cell is not None)
        shown = " | ".join(number(key, cell) for cell in cells)
        lines.append(f"| {name(key)} | {shown} | `{signed.replace('|', chr(92) + '|')}` |")
    count = record.evaluation.get("samples")
    caption = f"{count:,} " if isinstance(count, int) else ""
    caption += "sentences against the test split"
    if checkpoint == "best":
        caption += "; the checkpoint `best` was chosen on validation text and is not the one scored here"
    elif "before" in columns:
        caption += f"; this model is the one {_SCORED[checkpoint]}"
    note = "Two scores compare only if their signatures are the same."
    return "\n".join([f"{caption[0].upper()}{caption[1:]}. {note}", "", *lines])


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _fenced(text: str, language: str = "") -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"
