"""Which runs a benchmark is made of: who shares a start, what each is held against, and what is refused."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from textgan.assembly.recipe import Recipe
from textgan.benchmark.arguments import Budget, sort_words
from textgan.benchmark.plan import plan
from textgan.benchmark.planned import Plan, PlannedCell
from textgan.errors import Mistake


def planned(
    *words: str,
    out: Path = Path("out"),
    grid: tuple[str, ...] = (),
    budget: str | None = "smoke",
    **more: Any,
) -> Plan:
    return plan(sort_words([*words], ["1"], grid), Budget.parse(budget), out, **more)


def one(found: Plan, label: str, seed: int = 1) -> PlannedCell:
    (cell,) = [cell for cell in found.cells if (cell.label, cell.seed) == (label, seed)]
    return cell


def test_strategies_of_a_seed_share_one_start_and_seeds_do_not() -> None:
    found = planned("mle-short", "gumbel-short", "embedding-short", "2")
    assert len(found.cells) == 6 and len(found.runs) == 2 + 4
    starts = {seed: one(found, "mle-short", seed).run for seed in (1, 2)}
    assert len(set(starts.values())) == 2
    for cell in found.cells:
        assert cell.baseline == starts[cell.seed]
        run = found.runs[cell.run]
        assert run.needs == (None if cell.label == "mle-short" else starts[cell.seed])
        assert run.recipe.settings.seed == cell.seed
        if run.needs is not None:
            assert run.recipe.settings.start == found.runs[run.needs].path
    assert [run.needs is None for run in found.runs.values()] == [True] * 2 + [False] * 4  # starts first
    assert one(found, "gumbel-short").strategy == "gumbel" and one(found, "mle-short").strategy == "mle"


def test_what_changes_the_game_alone_is_not_asked_of_plain_likelihood() -> None:
    found = planned(
        *("mle-short", "seqgan-short", "strategy.baseline=ema", "train.adversarial.d_steps=2"),
        grid=("strategy.rollouts=1,2", "length=20,21"),
    )
    assert [cell.label for cell in found.cells] == [
        *(f"mle-short length={length}" for length in (20, 21)),
        *(
            f"seqgan-short strategy.rollouts={count} length={length}"
            for count in (1, 2)
            for length in (20, 21)
        ),
    ]
    game = found.runs[one(found, "seqgan-short strategy.rollouts=2 length=20").run].recipe.values
    assert (game["strategy"]["baseline"], game["train"]["adversarial"]["d_steps"]) == ("ema", 2)
    assert "strategy" not in found.runs[one(found, "mle-short length=20").run].recipe.values
    with pytest.raises(Mistake, match="strategy"):  # where nothing plays, it is a mistake as ever
        planned("mle-short", "strategy.baseline=ema")


@pytest.mark.parametrize(
    "change",
    ["length=20", "corpus.size=200", "generator.hidden=16", "train.mle.epochs=2", "train.mle.batch=32",
     "tokenizer=character", "precision=bf16"],
)  # fmt: skip
def test_a_start_is_shared_by_what_its_weights_depend_on(change: str) -> None:
    extra = ["length=99"] if change.startswith("tokenizer") else []
    first = {cell.run for cell in planned("mle-short", *extra).cells}
    assert {cell.run for cell in planned("mle-short", change, *extra).cells}.isdisjoint(first)


def test_a_start_is_shared_whatever_the_game_and_the_measuring_are() -> None:
    grid = ("metrics=[bleu],[bleu,nll]", "train.adversarial.g_steps=1,3", "discriminator.filters=4,8")
    found = planned("gumbel-short", grid=grid)
    assert len(found.cells) == 8 and len({cell.baseline for cell in found.cells}) == 1
    (start,) = [run for run in found.runs.values() if run.needs is None]
    assert start.recipe.settings.metrics == ["bleu", "nll"]  # all that any of them measures
    assert {cell.updates_a_step for cell in found.cells} == {1, 3}
    assert one(found, "gumbel-short metrics=[bleu] train.adversarial.g_steps=3 discriminator.filters=4").grid == {
        "metrics": "[bleu]", "train.adversarial.g_steps": "3", "discriminator.filters": "4",
    }  # fmt: skip


def judges(found: Plan) -> dict[str, str | None]:
    """The discriminator that each run takes over, by the run's key."""
    runs = {key: run for key, run in found.runs.items() if run.kind == "cell"}
    for key, run in runs.items():
        judge = run.recipe.settings.judge
        assert run.needs is not None and judge == (found.runs[run.needs].path if judge else None), key
    return {key: None if run.recipe.settings.judge is None else run.needs for key, run in runs.items()}


@pytest.mark.parametrize(
    ("change", "shared"),
    [("strategy.anchor=0,1", True), ("train.adversarial.steps=0,3", True), ("evaluate.resample=1,8", True),
     ("train.adversarial.discriminator.lr=1e-4,1e-3", True), ("strategy.judge_temperatures=[1.0],[0.9]", False),
     ("discriminator.filters=4,8", False), ("objective.clip=2,3", False), ("train.discriminator.steps=2,3", False),
     ("train.discriminator.steps=0", False), ("generator.hidden=16,32", False)],
)  # fmt: skip
def test_a_discriminator_is_shared_by_what_it_has_learnt_from(change: str, shared: bool) -> None:
    found = planned("front-closed-short", "2", grid=(change,))
    of_cells = judges(found)
    assert (None in of_cells.values()) != shared
    if shared:
        by_seed = {key[-1]: judge for key, judge in of_cells.items()}
        assert len(set(by_seed.values())) == 2 == len(set(of_cells.values()))  # one a seed, and none across
        for key in set(of_cells.values()):
            assert key is not None
            run = found.runs[key]
            start = found.runs[str(run.needs)]
            assert (run.kind, start.kind, run.fronts) == ("judge", "start", {})
            assert run.recipe.settings.start == start.path and "adversarial" not in run.recipe.phases
    kinds = [run.kind for run in found.runs.values()]
    assert kinds == sorted(kinds, key=["start", "judge", "cell"].index)


def test_strategies_whose_discriminators_read_the_same_text_share_one() -> None:
    found = planned("mle-short", "gumbel-short", "seqgan-short", "embedding-short")
    shared = judges(found)
    assert shared["gumbel-short-seed1"] == shared["seqgan-short-seed1"] is not None
    assert shared["embedding-short-seed1"] is None  # its fakes are no plain draws


def test_a_discriminator_that_the_user_names_is_left_alone(tmp_path: Path) -> None:
    found = planned("front-closed-short", f"judge={tmp_path}", grid=("strategy.anchor=0,1",))
    assert {run.kind for run in found.runs.values()} == {"start", "cell"}
    cells = [run for run in found.runs.values() if run.kind == "cell"]
    assert {run.recipe.settings.judge for run in cells} == {tmp_path}


def test_a_discriminator_from_before_is_taken_and_a_cell_that_has_its_own_keeps_it(tmp_path: Path) -> None:
    both = planned("front-closed-short", out=tmp_path, grid=("strategy.anchor=0,1",))
    (judge,) = set(judges(both).values())
    (tmp_path / "judges" / str(judge)).mkdir(parents=True)
    alone = planned("front-closed-short", "strategy.anchor=0.5", out=tmp_path)
    assert set(judges(alone).values()) == {judge}
    begun = tmp_path / "runs" / "front-closed-short-seed1"
    begun.mkdir(parents=True)
    own = {**alone.runs[begun.name].recipe.resolved(), "judge": None}
    (begun / "recipe.yaml").write_text(yaml.safe_dump(own))
    again = planned("front-closed-short", "strategy.anchor=0.5", out=tmp_path)
    assert judges(again) == {begun.name: None}
    assert again.runs[str(again.runs[begun.name].needs)].kind == "start"


def test_the_command_of_a_run_makes_that_run() -> None:
    found = planned(
        *("front-closed-short", "gumbel-short", "seqgan-short", "leakgan-short", "corpus.size=250"),
        *("evaluate.encoder=nowhere", "evaluate.best=bleu-4", "metrics=[bleu,frechet]"),
        metrics=["duplicates"],
    )
    assert {run.kind for run in found.runs.values()} == {"start", "judge", "cell"}
    for run in found.runs.values():
        words = shlex.split(run.command)
        assert words[:2] == ["textgan", "train"] and words[-4::2] == ["--seed", "--out"]
        made = Recipe.load(words[2], words[3:-4])
        made.check()
        made = Recipe(made.name, made.folder, {**made.values, "seed": int(words[-3])})
        assert _without_none(made.resolved()) == _without_none(run.recipe.resolved())
        assert words[-1] == str(run.path)


def test_what_draws_from_a_nucleus_is_held_against_its_start_drawn_alike() -> None:
    found = planned("front-closed-short", "mle-short", "seqgan-short")
    front, plain = one(found, "front-closed-short"), one(found, "seqgan-short")
    assert found.runs[front.run].fronts == {"last": front.run, "pretrained": front.control}
    assert front.control == f"{front.baseline}-control-0.95"
    two = planned("front-closed-short", grid=("strategy.anchor=0,1", "evaluate.top_p=0.9,0.95"))
    controls = [cell.control for cell in two.cells]
    measured = [run.fronts["pretrained"] for run in two.runs.values() if "pretrained" in run.fronts]
    assert len(controls) == 4 and sorted(measured) == sorted(set(map(str, controls)))  # once for each nucleus
    assert plain.control is None and list(found.runs[plain.run].fronts) == ["last"]
    for alone in (
        found,
        planned("front-closed-short"),
    ):  # whoever the start is made for, it is drawn from all tokens
        (start,) = [run for run in alone.runs.values() if run.kind == "start"]
        assert start.fronts == {"last": front.baseline}
        assert not start.recipe.evaluation.build().nucleus and not start.recipe.evaluation.build().choice


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return value


def test_who_reads_the_discriminator_or_has_no_likelihood_phase_is_held_against_another() -> None:
    found = planned("leakgan-short", "cot-short", "wgan-gp-short", "arae-short", "seqgan-short", "mle-short")
    leak = found.runs[one(found, "leakgan-short").run]
    assert leak.needs is None  # its teacher forcing reads the discriminator, which nobody else has
    assert leak.fronts == {"last": leak.key, "pretrained": f"{leak.key}-pretrained"}
    assert one(found, "leakgan-short").baseline == f"{leak.key}-pretrained"
    plain = one(found, "mle-short").run
    for label in ("cot-short", "wgan-gp-short", "arae-short"):
        assert one(found, label).baseline == plain and "mle-short" in one(found, label).held_against
        assert found.runs[one(found, label).run].fronts == {"last": one(found, label).run}
    start = found.runs[one(found, "arae-short").run].needs
    assert start is not None and not found.runs[start].fronts  # an autoencoder is no baseline of likelihood


def test_no_seed_is_a_mistake_before_anything_is_trained() -> None:
    words = replace(sort_words(["mle-short"], ["1"], ()), seeds=())
    with pytest.raises(Mistake, match="^seeds: none given"):
        plan(words, Budget.parse("smoke"), Path("out"))


def test_another_corpus_is_no_baseline() -> None:
    found = planned("wgan-gp-short", "organ-short")
    assert one(found, "wgan-gp-short").baseline is None
    assert one(found, "wgan-gp-short").held_against.startswith("nothing")
    assert set(found.corpora) == {"captions", "molecules"}
    sizes = planned("mle-short", grid=("corpus.size=200,300",))
    assert {cell.corpus for cell in sizes.cells} == {"captions", "captions (size: 300)"}


def test_a_budget_of_minutes_or_steps_is_every_games() -> None:
    for budget, key, value in (("minutes=2", "minutes", 2), ("steps=7", "steps", 7)):
        found = planned("mle-short", "gumbel-short", "cot-short", budget=budget)
        games = [run.recipe.values["train"].get("adversarial") for run in found.runs.values()]
        assert [game[key] for game in games if game] == [value, value]


def test_samples_are_those_of_the_recipe_with_the_fewest() -> None:
    assert planned("mle-short", "cot-short", budget=None).samples == 2000
    assert planned("mle-short", "cot-oracle", budget=None, samples=None).samples == 2000
    assert planned("mle-short", samples=50).samples == 50


def test_all_mistakes_are_told_together_before_anything_is_made(tmp_path: Path) -> None:
    own = tmp_path / "gumbel-short.yaml"
    own.write_text(yaml.safe_dump(Recipe.load("gumbel-short").resolved()))
    with pytest.raises(Mistake) as caught:
        planned(
            "gumbel-short", "mle-short", "mle-shrt", out=tmp_path / "out", budget="demi", grid=("lenght=3",)
        )
    told = str(caught.value)
    for line in (
        "gumbel-short lenght=3: lenght: a recipe has no key 'lenght'. Did you mean 'length'?",
        "gumbel-short lenght=3: budget: the recipe has none called 'demi'. Did you mean 'demo'?",
        "mle-short lenght=3: lenght",
        "mle-shrt lenght=3: recipe: there is none called 'mle-shrt'. Did you mean 'mle-short'?",
    ):
        assert line in told
    with pytest.raises(Mistake, match="are both named gumbel-short; rename one"):
        planned("gumbel-short", str(own), out=tmp_path / "out", budget=None)
    assert not (tmp_path / "out").exists()


def test_a_folder_begun_with_another_recipe_is_refused_by_name(tmp_path: Path) -> None:
    first = planned("gumbel-short", "mle-short", out=tmp_path)
    for run in first.runs.values():
        run.path.mkdir(parents=True)
        (run.path / "recipe.yaml").write_text(yaml.safe_dump(run.recipe.resolved()))
    again = planned("gumbel-short", "mle-short", out=tmp_path, threads=3, metrics=["duplicates"])
    assert {run.recipe.settings.threads for run in again.runs.values()} == {1}  # as it was begun
    with pytest.raises(Mistake) as caught:
        planned("gumbel-short", "discriminator.filters=9", out=tmp_path)
    assert "--out: gumbel-short, seed 1 was started with a different recipe" in str(caught.value)
    assert "(different: discriminator); give another folder" in str(caught.value)
