"""Loading, overrides, budgets and mistakes, on recipes of parts of one's own beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from textgan.assembly.library import locate, recipes, root, title
from textgan.assembly.overrides import parse
from textgan.assembly.recipe import Recipe
from textgan.errors import Mistake

MINE = """
class Corpus:
    def __init__(self, size: int = 10, seed: int = 0) -> None: ...
class Generator:
    def __init__(self, vocabulary: object, hidden: int = 4) -> None: ...
class Roll:
    def __init__(self, rollouts: int = 4, temperature: float = 1.0) -> None:
        if rollouts < 0:
            raise ValueError("rollouts: expected 0 or more")
class Soft:
    def __init__(self, temperature: float = 1.0, hard: bool = True) -> None: ...
"""

TEXT = """
# textgan train ours
# What it is
corpus: {name: ./mine.py:Corpus, size: 100, seed: 3}
tokenizer: word
length: 20
generator: {name: ./mine.py:Generator, hidden: 8}
strategy: {name: ./mine.py:Roll, rollouts: 16}
train:
  mle: {epochs: 30, lr: 1e-3}
  adversarial: {steps: 200}
evaluate: {every: 50}
metrics: [bleu]
budgets:
  smoke:
    corpus.size: 5
    strategy: {rollouts: 2}
    train: {mle.epochs: 1, adversarial: {steps: 2}}
"""


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(MINE)
    path = tmp_path / "ours.yaml"
    path.write_text(TEXT)
    return path


def values(path: Path, *overrides: str) -> dict[str, object]:
    recipe = Recipe.load(path, overrides)
    assert not recipe.mistakes
    return recipe.values


def test_a_recipe_as_it_stands(ours: Path) -> None:
    recipe = Recipe.load(ours)
    assert (recipe.name, recipe.folder) == ("ours", ours.parent)
    assert recipe.values["tokenizer"] == {"name": "word"}
    assert recipe.values["train"] == {"mle": {"epochs": 30, "lr": 0.001}, "adversarial": {"steps": 200}}
    assert "budgets" not in recipe.values and recipe.settings.length == 20 and recipe.settings.seed == 1
    strategy = recipe.part("strategy")
    assert strategy is not None and strategy.arguments == {"rollouts": 16} and recipe.part("penalty") is None


def test_overrides_reach_their_place(ours: Path) -> None:
    found = values(
        ours, "strategy.rollouts=4", "train.mle.lr=2e-4", "seed=7", "train.adversarial=null", "start=runs/x"
    )
    assert found["strategy"] == {"name": "./mine.py:Roll", "rollouts": 4}
    assert found["train"] == {"mle": {"epochs": 30, "lr": 0.0002}, "adversarial": None}
    assert (found["seed"], found["start"]) == (7, "runs/x")
    assert Recipe.load(ours, ["train.adversarial=null"])._phase_names() == ["mle"]


@pytest.mark.parametrize("word", ["strategy=./mine.py:Soft", "strategy.name=./mine.py:Soft"])
def test_another_part_drops_the_former_arguments_in_any_order(ours: Path, word: str) -> None:
    assert values(ours, "strategy.hard=false", word)["strategy"] == {"name": "./mine.py:Soft", "hard": False}


def test_the_same_part_keeps_its_arguments(ours: Path) -> None:
    assert values(ours, "strategy=./mine.py:Roll")["strategy"] == {"name": "./mine.py:Roll", "rollouts": 16}


def test_nothing_else_changes_with_the_strategy(ours: Path) -> None:
    before, after = values(ours), values(ours, "strategy=gumbel")
    assert after.pop("strategy") == {"name": "gumbel"} and before.pop("strategy")
    assert before == after


def test_a_path_takes_the_corpus_place(ours: Path) -> None:
    assert values(ours, "corpus.path=my.txt")["corpus"] == {"path": "my.txt"}
    assert values(ours, "corpus.column=text", "corpus.path=a.csv")["corpus"] == {
        "path": "a.csv",
        "column": "text",
    }
    named = values(ours, "corpus.path=a", "corpus.name=datasets")["corpus"]
    assert named == {"name": "datasets", "path": "a"}


def test_a_path_changes_a_corpus_that_has_one_already(ours: Path) -> None:
    ours.write_text(
        TEXT.replace("{name: ./mine.py:Corpus, size: 100, seed: 3}", "{path: a.csv, column: text}")
    )
    assert values(ours, "corpus.path=b.csv")["corpus"] == {"path": "b.csv", "column": "text"}


def test_a_budget_comes_before_the_user(ours: Path) -> None:
    found = values(ours, "strategy.rollouts=3", "budget=smoke")
    assert found["corpus"] == {"name": "./mine.py:Corpus", "size": 5, "seed": 3}
    assert found["strategy"] == {"name": "./mine.py:Roll", "rollouts": 3}
    assert found["train"] == {"mle": {"epochs": 1, "lr": 0.001}, "adversarial": {"steps": 2}}


def test_a_budget_leaves_out_what_the_users_part_does_not_take(ours: Path) -> None:
    assert values(ours, "budget=smoke", "strategy=./mine.py:Soft")["strategy"] == {"name": "./mine.py:Soft"}
    (ours.parent / "other.py").write_text("class Poems:\n    def __init__(self, size: int = 1): ...\n")
    assert values(ours, "budget=smoke", "corpus=./other.py:Poems")["corpus"] == {
        "name": "./other.py:Poems",
        "size": 5,
    }
    assert values(ours, "budget=smoke", "penalty=null")["penalty"] is None


def test_a_budget_does_not_undo_what_the_users_part_says(ours: Path) -> None:
    part = "strategy={name: ./mine.py:Roll, rollouts: 7}"
    assert values(ours, "budget=smoke", part)["strategy"] == {"name": "./mine.py:Roll", "rollouts": 7}
    named = values(ours, "budget=smoke", "corpus={name: ./mine.py:Corpus, seed: 1}")
    assert named["corpus"] == {"name": "./mine.py:Corpus", "seed": 1, "size": 5}


def test_a_phase_that_is_added_takes_its_place(ours: Path) -> None:
    train = values(ours, "train.discriminator.steps=3")["train"]
    assert isinstance(train, dict) and list(train) == ["mle", "discriminator", "adversarial"]


def test_what_is_resolved_loads_again(ours: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    first = Recipe.load(ours, ["budget=smoke", "start=runs/x"])
    elsewhere = tmp_path_factory.mktemp("run") / "recipe.yaml"
    elsewhere.write_text(yaml.safe_dump(first.resolved(), sort_keys=False))
    again = Recipe.load(elsewhere)
    assert again.name == "ours" and again.resolved() == first.resolved() and not again.mistakes
    here, there = first.part("strategy"), again.part("strategy")
    assert here is not None and there is not None and here.part is there.part
    assert list(first.resolved()["train"]) == ["mle", "adversarial"]


def mistakes(path: Path, *overrides: str) -> list[str]:
    with pytest.raises(Mistake) as caught:
        Recipe.load(path, overrides).check()
    return str(caught.value).splitlines()


def test_words_are_the_tokenizer_where_none_is_named(ours: Path) -> None:
    ours.write_text(TEXT.replace("tokenizer: word\n", ""))
    assert Recipe.load(ours).resolved()["tokenizer"] == {"name": "word"}


def test_a_metric_is_looked_for_beside_the_recipe_and_then_in_the_working_directory(
    ours: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    word = "metrics=[bleu, ./rhyme.py:rhyme]"
    recipe = Recipe.load(ours, [word])
    missing = [line for line in mistakes(ours, word) if line.startswith("metrics")]
    assert missing == [
        f"metrics../rhyme.py:rhyme: there is no file {ours.parent / 'rhyme.py'}; expected it next to the recipe"
    ]
    for folder in (elsewhere, ours.parent):
        (folder / "rhyme.py").write_text("def rhyme(samples): ...")
        assert not [line for line in mistakes(ours, word) if line.startswith("metrics")]
        assert recipe.resolved()["metrics"] == ["bleu", f"{folder / 'rhyme.py'}:rhyme"]


def test_all_mistakes_are_shown_at_once(ours: Path) -> None:
    ours.write_text(TEXT.replace("length: 20", "length: short\nlenght: 3").replace("[bleu]", "[blue]"))
    found = mistakes(
        ours,
        "strategy.rollout=2",
        "generatr.hidden=3",
        "budget=smok",
        "rollouts",
        "seed=1",
        "seed=2",
        "device=[a",
    )
    for line in (
        "lenght: a recipe has no key 'lenght'. Did you mean 'length'?",
        "length: expected int, got 'short'",
        "metrics: there is no metric 'blue'. Did you mean 'bleu'?",
        "strategy.rollout: Roll takes no such argument. Did you mean 'rollouts'?",
        "generatr.hidden: a recipe has no key 'generatr'. Did you mean 'generator'?",
        "budget: the recipe has none called 'smok'. Did you mean 'smoke'?",
        "rollouts: expected key.path=value, for example strategy.rollouts=4",
        "seed: given twice; keep one of the two",
        "discriminator: missing; the phase 'adversarial' needs one",
        "objective: missing; the phase 'adversarial' needs one",
    ):
        assert line in found
    assert any(line.startswith("device: '[a' is not a value YAML can read") for line in found)


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("strategy=gumble", "strategy.name: no strategy is called 'gumble'. Did you mean 'gumbel'?"),
        ("strategy=3", "strategy: expected a name, or a mapping with one, got 3"),
        ("strategy.rollouts=-1", "strategy.rollouts: expected 0 or more"),
        ("train.mel.epochs=3", "train.mel: there is no such phase. Did you mean 'mle'?"),
        ("train.mle=3", "train.mle: expected a mapping such as {batch: 64}, got 3"),
        ("length.of=3", "length.of: length is a single value; nothing can be set inside it"),
        ("length=1", "length: expected a value greater than or equal to 2, got 1"),
        ("precision=bf61", "precision: expected 'no' or 'bf16', got 'bf61'. Did you mean 'bf16'?"),
        ("train=null", "train: no phase; expected at least one of mle, discriminator, adversarial"),
        ("generator=null", "generator: missing; the phase 'mle' needs one"),
        ("generator.vocabulary=3", "generator.vocabulary: the run itself gives this argument; leave it out"),
    ],
)
def test_each_mistake_has_one_line(ours: Path, override: str, line: str) -> None:
    assert line in mistakes(ours, override)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"length: [1", "line 1, column 11: not valid YAML"),
        (b"", "expected a mapping of keys"),
        (b"- a\n", "expected a mapping of keys"),
        (b"\xff\xfe\x00", "not UTF-8 text"),
        (b"a: !!python/object/apply:os.getcwd []\n", "not valid YAML"),
    ],
)
def test_files_that_are_no_recipe(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(Mistake) as caught:
        Recipe.load(path)
    assert complaint in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_a_key_given_twice(ours: Path) -> None:
    ours.write_text(TEXT.replace("length: 20", "length: 20\nlength: 30"))
    assert "length: given twice (line 7); keep one of the two" in Recipe.load(ours).mistakes


def test_recipes_are_found_by_name() -> None:
    assert locate("seqgan-short") == locate("short/seqgan") == root() / "short" / "seqgan.yaml"
    assert title(Path("recipes/elsewhere.yaml")) == "elsewhere"
    known = {listed.name: listed for listed in recipes()}
    assert {"mle-short", "wgan-gp-short", "embedding-long"} <= set(known)
    assert all(listed.summary and "textgan train" not in listed.summary for listed in known.values())
    assert (known["mle-short"].strategy, known["gumbel-long"].strategy) == ("mle", "gumbel")
    assert all(float(listed.minutes) > 0 for listed in known.values() if listed.minutes)
    assert known["seqgan-short"].minutes
    with pytest.raises(Mistake, match="there is none called 'seqgan-shrt'. Did you mean 'seqgan-short'?"):
        locate("seqgan-shrt")
    with pytest.raises(Mistake, match="there is no file nowhere.yaml"):
        locate("nowhere.yaml")


def test_a_corpus_that_looks_like_a_file_is_one_on_the_command_line_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.txt").write_text("a dog runs\n")
    for word in ("corpus=my.txt", "corpus=./gone", "corpus=~/gone.csv"):
        assert parse([word]) == ([(("corpus", "path"), word.partition("=")[2])], [])
    values = Recipe.load("mle-short", ["corpus=my.txt", "corpus.seed=3"]).values
    assert values["corpus"] == {"path": "my.txt", "seed": 3}
    assert parse(["corpus=captions"])[0][0].path == ("corpus",)
    twice = ["corpus=my.txt", "corpus.path=b.txt"]
    assert parse(twice)[1] == ["corpus.path: given twice; keep one of the two"]


def test_a_key_given_twice_inside_a_value_is_said(ours: Path) -> None:
    mistakes = Recipe.load(ours, ["train={mle: {epochs: 1}, mle: {epochs: 2}}"]).mistakes
    assert mistakes == ("train.mle: given twice; keep one of the two",)


def test_a_key_that_every_recipe_needs_is_asked_for_in_the_recipes_name(ours: Path) -> None:
    ours.write_text(TEXT.replace("length: 20\n", ""))
    with pytest.raises(Mistake, match=r"^length: missing; a recipe needs it \(expected int\)"):
        Recipe.load(ours).check()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("texts/my #1.txt", "texts/my #1.txt"),
        ("#1.txt", "#1.txt"),
        ("a#b", "a#b"),
        ("'my #1.txt'", "my #1.txt"),
        ('["a #1", b]', ["a #1", "b"]),
        ('{path: "my #1.txt"}', {"path": "my #1.txt"}),
        ("", None),
    ],
)
def test_the_command_line_has_no_comments(text: str, value: object) -> None:
    assert parse([f"x={text}"])[0][0].value == value
