"""Whatever a command is given, it ends in success or in one clear line: some cases at random, and what once did not.

The cases and what counts as a fault are those of benchmarks/fuzz.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from fuzzing import folders, recipes, small
from fuzzing.drawing import KINDS, each
from fuzzing.folders import Change
from fuzzing.trial import Case, Ground, Outcome, little_memory


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    made = Ground(tmp_path_factory.mktemp("fuzz"))
    small.prepare(made.runs, ("short-mle", "short-seqgan", "short-conditional"))
    with little_memory():
        yield made


@pytest.fixture(scope="module")
def whole_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    made = Ground(tmp_path_factory.mktemp("fuzz-whole"))
    small.prepare(made.runs)
    with little_memory():
        yield made


def _play(ground: Ground, kind: str, runs: tuple[str, ...], count: int, number: int) -> None:
    def case(drawn: Case) -> None:
        outcome = ground.trial(drawn)
        assert not outcome.fault, (outcome.fault, drawn.told(), outcome.error)

    each(kind, runs, count, number, case)


@pytest.mark.parametrize("kind", KINDS)
def test_some_cases(kind: str, ground: Ground) -> None:
    _play(ground, kind, ("short-mle", "short-seqgan"), 8, 1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_cases(kind: str, whole_ground: Ground) -> None:
    _play(whole_ground, kind, small.RUNS, 300, 2)


def trial(ground: Ground, *words: str, run: str = "", **files: bytes) -> Outcome:
    names = {name.replace("_", "."): content for name, content in files.items()}
    return ground.trial(Case("once", words, {**small.FILES, **names}, run, figures=False))


def changed(ground: Ground, edit: Change, *words: str, run: str = "short-seqgan") -> Outcome:
    return ground.trial(Case("once", words, run=run, edits=(edit,), figures=False))


def raw(place: str, content: bytes) -> Change:
    return Change(place, "raw", lambda file, _: file.write_bytes(content))


RESUME = ("train", "../runs/short-seqgan.yaml", "--out", "run", "--resume")
RECIPE = {
    "corpus": small.PLAIN,
    "length": 9,
    "generator": {"name": "lstm", "hidden": 4, "embedding": 4},
    "discriminator": {"name": "cnn", "filters": 2, "embedding": 4},
    "objective": "non-saturating",
    "strategy": "gumbel",
    "train": {"adversarial": {"steps": 1, "batch": 4}},
    "evaluate": {"samples": 4, "final": 4},
    "metrics": ["bleu"],
    "threads": 1,
}


def test_a_run_without_a_discriminator_is_resumed(ground: Ground) -> None:
    outcome = trial(ground, "train", "../runs/short-mle.yaml", "--out", "run", "--resume", run="short-mle")
    assert (outcome.code, outcome.fault) == (0, "")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"discriminator": {"name": "cnn", "widths": [-3]}}, "discriminator.widths: "),
        ({"discriminator": {"name": "cnn", "filters": 0}}, "discriminator.filters: "),
        ({"generator": {"name": "lstm", "layers": 0}}, "generator.layers: "),
        ({"generator": {"name": "lstm", "dropout": 2.0}}, "generator.dropout: "),
        ({"generator": {"name": "lstm", "hidden": 2**31 - 1}}, "not enough memory"),
        ({"seed": -1}, "seed: "),
        ({"train": {"adversarial": {"steps": -1}}}, "train.adversarial.steps: "),
        ({"train": {"adversarial": {"generator": {"lr": -1.0}}}}, "train.adversarial.generator.lr: "),
        ({"train": {"adversarial": {"generator": {"betas": [0.5, 1.0]}}}}, "train.adversarial.generator.betas: "),
        ({"threads": 2**31}, "threads: "),
        ({"evaluate": {"every": 0}}, "evaluate.every: "),
        ({"evaluate": {"samples": 10**9}}, "evaluate.samples: "),
        ({"evaluate": {"temperature": float("nan")}}, "evaluate.temperature: "),
        ({"tokenizer": {"name": "numbered", "size": 10**9}}, "tokenizer.size: "),
        ({"strategy": "reinforce", "generator": {"name": "noise-lstm"}}, "strategy: reinforce needs"),
        ({"generator": {"name": "noise-lstm"}, "train": {"mle": {}}}, "train.mle: needs"),
        ({"generator": {"name": "continuous", "embedding": 8},
          "discriminator": {"name": "cnn", "embedding": 4, "table": "corpus"}}, "discriminator.embedding: 4, but"),
    ],
)  # fmt: skip
def test_a_recipe_that_cannot_be_is_refused_before_any_file_is_made(
    change: dict[str, object], told: str, ground: Ground
) -> None:
    outcome = trial(ground, "train", "r.yaml", "--out", "new", r_yaml=recipes.as_yaml(RECIPE | change))
    assert (outcome.code, outcome.fault) == (2, "")
    assert told in outcome.error and not (ground.work / "new").exists()


def test_a_model_that_could_be_made_and_not_trained_is_refused(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textgan.assembly.fitting.free_memory", lambda: 1000)
    outcome = trial(ground, "train", "r.yaml", "--out", "new", r_yaml=recipes.as_yaml(RECIPE))
    assert (outcome.code, outcome.fault) == (2, "") and "GB are free" in outcome.error
    assert not (ground.work / "new").exists()


def test_a_budget_is_named_by_a_word(ground: Ground) -> None:
    outcome = trial(ground, "train", "r.yaml", "budget={a: 1}", r_yaml=recipes.as_yaml(RECIPE))
    assert outcome.code == 2 and "budget: the recipe has none" in outcome.error


def test_a_discriminator_that_an_objective_cannot_train_is_told(ground: Ground) -> None:
    change = {"discriminator": {"name": "mediator", "hidden": 4, "embedding": 4}, "objective": "rank"}
    change |= {"strategy": "reinforce", "train": {"adversarial": {"steps": 1, "batch": 4, "d_steps": 1}}}
    outcome = trial(ground, "train", "r.yaml", "--out", "new", r_yaml=recipes.as_yaml(RECIPE | change))
    assert (outcome.code, outcome.fault) == (2, "") and "depends on no weight" in outcome.error


def test_a_long_look_stops_when_it_is_asked_to(ground: Ground) -> None:
    change = {"evaluate": {"samples": 10**7, "final": 4}}
    outcome = trial(ground, "train", "r.yaml", "--out", "new", r_yaml=recipes.as_yaml(RECIPE | change))
    assert (outcome.code, outcome.fault) == (0, "") and "stopped and saved" in outcome.error


@pytest.mark.parametrize("place", ["checkpoints/.last.old", "checkpoints/.last.new"])
def test_a_file_in_the_way_of_a_checkpoint_is_put_away(place: str, ground: Ground) -> None:
    def change(file: Path, _: Path) -> None:
        if file.exists():
            folders.take_away(file, file)
        file.write_text("x")

    outcome = changed(ground, Change(place, "file", change), *RESUME)
    assert (outcome.code, outcome.fault) == (0, "")


def test_temperatures_that_no_logit_could_be_divided_by_are_refused(ground: Ground) -> None:
    for value in ("1e-300", "1e300", "0", "nan"):
        outcome = trial(ground, "sample", "run", "--temperature", value, run="short-mle")
        assert outcome.code == 2 and "--temperature: expected" in outcome.error
    for key in ({"strategy": {"name": "gumbel", "temperature": 0.0}}, {"evaluate": {"temperature": 0.0}}):
        outcome = trial(ground, "train", "r.yaml", r_yaml=recipes.as_yaml(RECIPE | key))
        assert outcome.code == 2 and "temperature" in outcome.error


def test_a_number_of_thousands_of_digits_is_no_number(ground: Ground) -> None:
    for text in ("1" * 5000, "0x" + "f" * 6000):
        outcome = trial(ground, "train", "r.yaml", r_yaml=f"length: {text}".encode())
        assert outcome.code == 2 and "is no int" in outcome.error


def test_an_odd_value_repeated_in_the_answer_does_not_fill_the_screen(ground: Ground) -> None:
    outcome = trial(ground, "evaluate", "c.txt", "--references", "c.txt", "--metrics", "a" * 20_000)
    assert outcome.code == 2 and len(outcome.error) < 1200 and "there is no metric" in outcome.error


def test_a_count_of_thirty_digits_is_refused(ground: Ground) -> None:
    outcome = trial(ground, "sample", "run", "-n", "9" * 30, run="short-mle")
    assert (outcome.code, outcome.fault) == (2, "")


@pytest.mark.parametrize(
    ("edit", "words", "told"),
    [
        (raw("checkpoints/last/manifest.json", b'{"files": {"state.pt": {"bytes": "x", "sha256": 1}}}'),
         ("sample", "run"), "manifest.json: damaged"),
        (raw("tokenizer/tokenizer_config.json", b'"x"'), ("sample", "run"), "is not a JSON object"),
        (raw("labels.json", b'["\\ud800"]'), ("sample", "run"), "labels.json: missing or damaged"),
        (raw("evaluation.json", b'{"samples": ' + b"9" * 400 + b"}"), ("report", "run"), "is damaged"),
        (raw("recipe.yaml", b"&a [*a]"), ("sample", "run"), "contains itself"),
        (raw("recipe.yaml", b"[" * 5000), RESUME, "recipe.yaml is damaged"),
        (raw("corpus.json", b"[" * 100_000), RESUME, "is not the text"),
    ],
    ids=["manifest", "tokenizer", "labels", "evaluation", "circle", "deep recipe", "deep corpus"],
)  # fmt: skip
def test_a_damaged_run_is_told_in_a_line(
    edit: Change, words: tuple[str, ...], told: str, ground: Ground
) -> None:
    outcome = changed(ground, edit, *words)
    assert not outcome.fault and told in outcome.error


def test_a_corpus_of_other_labels_than_the_run_s_is_told(ground: Ground) -> None:
    def unlabelled(file: Path, _: Path) -> None:
        file.write_text(file.read_text().replace("label: label", "label: null"))

    edit = Change("recipe.yaml", "", unlabelled)
    outcome = changed(ground, edit, "evaluate", "run", run="short-conditional")
    assert (outcome.code, outcome.fault) == (2, "") and "its corpus has the labels none" in outcome.error
    words = ("sweep", "run", "--temperatures", "1", "--samples", "4")
    outcome = changed(ground, edit, *words, run="short-conditional")
    assert (outcome.code, outcome.fault) == (
        2,
        "",
    ) and "is not the text it was trained on" in outcome.error


def test_rows_without_bounds_are_left_out_of_the_report(ground: Ground) -> None:
    row = b'{"kind": "train", "phase": "mle", "step": 1e999, "seconds": 1}\n'
    outcome = changed(
        ground,
        Change("metrics.jsonl", "", lambda file, _: file.write_bytes(file.read_bytes() + row)),
        "report",
        "run",
    )
    assert (outcome.code, outcome.fault) == (0, "")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("phase", -1), ("phase", "x"), ("phase", None), ("metrics-size", -1), ("elapsed", "x"),
        ("seconds", [1]), ("steps", {"mle": "x"}),
        ("random", {}), ("random", {"cpu": torch.zeros(3, dtype=torch.uint8), "cuda": []}), 
        ("health", {"first": {}}), ("best", "x"),
    ],
)  # fmt: skip
def test_a_state_of_another_form_is_refused_though_its_checksum_is_right(
    key: str, value: object, ground: Ground
) -> None:
    def change(file: Path, _: Path) -> None:
        torch.save(torch.load(file, weights_only=True) | {key: value}, file)

    outcome = changed(ground, Change("checkpoints/last/state.pt", key, change, signed=True), *RESUME)
    assert (outcome.code, outcome.fault) == (2, "")
    assert "state.pt: does not fit this run" in outcome.error


@pytest.mark.parametrize("place", [".lock", "metrics.jsonl", "samples", "checkpoints/last"])
def test_a_link_in_a_run_folder_is_not_written_through(place: str, ground: Ground) -> None:
    target = "outside" if place in ("samples", "checkpoints/last") else "outside/precious"
    outcome = changed(ground, Change(place, "link", folders.link(target)), *RESUME)
    assert (outcome.code, outcome.fault) == (2, "") and "is a link" in outcome.error


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("report.html", ("report", "run")),
        ("front.html", ("sweep", "run", "--temperatures", "1", "--samples", "4")),
    ],
)
def test_a_page_that_is_a_link_to_a_folder_is_not_written_there(
    page: str, words: tuple[str, ...], ground: Ground
) -> None:
    outcome = changed(ground, Change(page, "link", folders.link("outside")), *words)
    assert (outcome.code, outcome.fault) == (0, "") and not (ground.work / "run" / page).is_symlink()
