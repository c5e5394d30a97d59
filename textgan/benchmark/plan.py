"""Plans a benchmark's runs, all checked before the first one starts: cells, and the pretraining they share.

A cell is a recipe at a grid point with a seed. Its maximum likelihood phase depends on the corpus, the tokenizer, the
generator, that phase's settings and the seed. Cells that agree in these begin with the weights of one run, called a
start, which is trained once. So strategies are compared from bit-identical weights, and each with the weights it began
with. If their discriminators would also learn the same before the adversarial phase, they share that too (`judges`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from textgan.assembly.recipe import Recipe
from textgan.benchmark.arguments import Budget, Words
from textgan.benchmark.judges import shared_judges
from textgan.benchmark.planned import BORROWED, KINDS, Plan, PlannedCell, Run, cell_path, command_of
from textgan.benchmark.variants import Variant, named_corpora, variants
from textgan.errors import Mistake
from textgan.parts.binding import is_own_file

DEPENDS = (
    "corpus",
    "tokenizer",
    "length",
    "overlong",
    "generator",
    "precision",
    "device",
    "labelled",
    "judge_share",
)
"""The keys of a recipe, beside train.mle and the seed, that pretrained weights depend on."""

OF_THE_WRITING = ("top_p", "resample", "sharpness")
"""What `evaluate` says of how text is drawn; 1 everywhere in a start, whose front is plain."""

LEFT_OUT = ("discriminator", "objective", "penalty", "strategy")
"""The parts that a start has none of."""


def plan(
    words: Words,
    budget: Budget,
    out: Path,
    *,
    threads: int = 1,
    samples: int | None = None,
    metrics: Sequence[str] = (),
) -> Plan:
    """All required runs, checked as far as possible without building anything.

    threads: of each run. samples: for each front; by default the smallest number that any of the recipes evaluates.
    metrics: of the starts, in addition to their recipes' own. Raises Mistake with all mistakes, one per line.
    """
    these = variants(words, budget, threads)
    corpora = named_corpora(these)
    runs: dict[str, Run] = {}
    cells: list[PlannedCell] = []
    if not words.seeds:
        raise Mistake("seeds: none given; expected at least one, such as 1 2 3")
    for seed in words.seeds:
        starts = _starts(these, seed, out, metrics)
        judges = shared_judges(these, starts, seed, out)
        runs |= {run.key: run for run in (*starts.values(), *judges.values())}
        for variant in these:
            cell, run = _cell(variant, seed, out, starts, judges, corpora[variant.label])
            cells.append(cell)
            if run is not None:
                runs[run.key] = run
        cells[-len(these) :] = _with_baselines(cells[-len(these) :], these, starts, runs)
    needed = {cell.baseline for cell in cells} | {cell.run for cell in cells}
    runs = {
        key: replace(run, fronts={}) if run.kind == "start" and key not in needed else run
        for key, run in sorted(runs.items(), key=lambda item: [*KINDS.values()].index(item[1].kind))
    }
    runs = _each_front_once(_as_before(runs))
    finals = [int(variant.recipe.evaluation.build().final) for variant in these]
    on = {corpora[variant.label]: variant.recipe for variant in reversed(these)}
    own = dict.fromkeys(name for one in these for name in one.resolved["metrics"] if is_own_file(name))
    return Plan(out, tuple(cells), runs, on, budget.told, samples or min(finals), tuple(own))


def _start_of(variant: Variant, seed: int) -> str:
    """`<12 hex>-seed<N>`, equal for all variants whose pretraining gives the same weights."""
    facts = {key: variant.resolved.get(key) for key in DEPENDS} | {"mle": variant.resolved["train"]["mle"]}
    described = json.dumps(facts, sort_keys=True, default=str)
    return f"{hashlib.sha256(described.encode()).hexdigest()[:12]}-seed{seed}"


def _starts(variants: Sequence[Variant], seed: int, out: Path, metrics: Sequence[str]) -> dict[str, Run]:
    """Label of each variant that begins with a start -> that start."""
    sharing: dict[str, list[Variant]] = {}
    for variant in variants:
        if variant.begins_with_mle:
            sharing.setdefault(_start_of(variant, seed), []).append(variant)
    found: dict[str, Run] = {}
    for key, together in sharing.items():
        first = next((one for one in together if one.phases == ["mle"]), together[0])
        wanted = [name for one in together for name in one.resolved["metrics"]]
        values = {key: value for key, value in first.resolved.items() if key not in LEFT_OUT}
        values["train"] = {"mle": first.resolved["train"]["mle"]}
        values |= {"seed": seed, "metrics": list(dict.fromkeys([*metrics, *wanted]))}
        looks = first.resolved.get("evaluate") or {}
        plain = {key: 1 for key in OF_THE_WRITING if looks.get(key, 1) != 1}
        values["evaluate"] = {**looks, **plain}
        label = first.label if first.phases == ["mle"] else f"the start of {first.label}"
        more = f" and {len(together) - 1} more" if len(together) > 1 and first.phases != ["mle"] else ""
        dropped = [one for one in LEFT_OUT if first.resolved.get(one) is not None]
        dropped += [f"train.{phase}" for phase in first.phases if phase != "mle"]
        changes = [f"metrics=[{', '.join(values['metrics'])}]", *(f"{one}=null" for one in dropped)]
        changes += [f"evaluate.{key}={value}" for key, value in plain.items()]
        kept = [one for one in first.overrides if not one.startswith("metrics=")]
        path = out / "starts" / key
        run = Run(
            key, f"{label}{more}, seed {seed}", path, replace(first.recipe, values=values),
            command_of(first.word, [*kept, *changes], seed, path), fronts={"last": key},
        )  # fmt: skip
        found |= {one.label: run for one in together}
    return found


def _cell(
    variant: Variant,
    seed: int,
    out: Path,
    starts: Mapping[str, Run],
    judges: Mapping[str, Run],
    corpus: str,
) -> tuple[PlannedCell, Run | None]:
    start, judge = starts.get(variant.label), judges.get(variant.label)
    path = cell_path(out, variant.label, seed)
    game = variant.resolved["train"].get("adversarial")
    strategy = variant.resolved.get("strategy") if game is not None else None
    cell = PlannedCell(
        variant.label, variant.recipe.name, strategy["name"] if strategy else "mle", corpus, seed, path.name,
        variant.grid, int(game.get("g_steps", 1)) if game is not None else 0,
    )  # fmt: skip
    if start is not None and variant.phases == ["mle"]:
        return replace(cell, run=start.key), None
    values = {**variant.recipe.values, "seed": seed}
    overrides = list(variant.overrides)
    for setting, before in (("start", start), ("judge", judge)):
        if before is not None:
            values[setting] = str(before.path)
            overrides.append(f"{setting}={before.path}")
    fronts = {"last": path.name}
    if start is None and variant.pretrained and game is not None and variant.generator_has("has_likelihood"):
        fronts["pretrained"] = f"{path.name}-pretrained"
    elif start is not None and (looks := variant.recipe.evaluation.build()).nucleus:
        fronts["pretrained"] = f"{start.key}-control-{looks.top_p:g}"
        cell = replace(cell, control=fronts["pretrained"])
    needs = judge or start
    run = Run(
        path.name, cell.title, path, replace(variant.recipe, values=values),
        command_of(variant.word, overrides, seed, path), needs.key if needs else None, fronts,
    )  # fmt: skip
    return cell, run


def _with_baselines(
    cells: Sequence[PlannedCell],
    variants: Sequence[Variant],
    starts: Mapping[str, Run],
    runs: Mapping[str, Run],
) -> list[PlannedCell]:
    """The cells of one seed, each with its baseline."""
    by_label = {variant.label: variant for variant in variants}
    likely = {label: run for label, run in starts.items() if by_label[label].generator_has("has_likelihood")}
    found = []
    for cell in cells:
        start = likely.get(cell.label)
        own = runs[cell.run].fronts.get("pretrained")
        same = [
            label for label in likely
            if by_label[label].resolved["corpus"] == by_label[cell.label].resolved["corpus"]
        ]  # fmt: skip
        same.sort(key=lambda label: by_label[label].phases != ["mle"])  # plain maximum likelihood first
        if start is not None:
            itself = cell.run == start.key
            against = "itself" if itself else "the weights that it began with, shared by all of this start"
            found.append(replace(cell, baseline=start.key, held_against=against))
        elif own is not None:
            against = "its own weights before the game, which no other recipe can share"
            found.append(replace(cell, baseline=own, held_against=against))
        elif same:
            against = f"the maximum likelihood of {same[0]}, {BORROWED}"
            found.append(replace(cell, baseline=starts[same[0]].key, held_against=against))
        else:
            against = (
                "nothing: it has no maximum likelihood phase, and no other recipe here has one on its corpus"
            )
            found.append(replace(cell, held_against=against))
    return found


def _each_front_once(runs: Mapping[str, Run]) -> dict[str, Run]:
    """Cells of one start have the same weights before the adversarial phase: the first one measures that front."""
    found: dict[str, Run] = {}
    seen: set[str] = set()
    for key, run in runs.items():
        found[key] = replace(
            run, fronts={state: front for state, front in run.fronts.items() if front not in seen}
        )
        seen |= set(run.fronts.values())
    return found


def _as_before(runs: Mapping[str, Run]) -> dict[str, Run]:
    """The runs; those already started use the recipe in their folder, with its number of threads.

    Raises Mistake, one line for each run whose folder was started with a different recipe.
    """
    found, mistakes = dict(runs), []
    for key, run in runs.items():
        if not (run.path / "recipe.yaml").is_file():
            continue
        begun = Recipe.load(run.path / "recipe.yaml")
        before, now = begun.resolved(), run.recipe.resolved()
        found[key] = replace(run, recipe=begun)
        ignored = {"threads", "start", "judge"}
        if run.kind != "cell":
            ignored |= {"evaluate", "metrics", "name"}  # these depend on which recipes share it
        if run.kind == "judge":
            ignored.add("strategy")  # its effect on a discriminator is in that run's key
        different = [
            key for key in {**before, **now} if key not in ignored and before.get(key) != now.get(key)
        ]
        if different:
            mistakes.append(
                f"--out: {run.label} was started with a different recipe in {run.path} (different: "
                f"{', '.join(different)}); give another folder, or remove that one"
            )
    if mistakes:
        raise Mistake("\n".join(mistakes))
    return found
