"""Parts of a user's own file that are not what they must be, or break: one line that says where, and what is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from textgan.assembly.build import build
from textgan.assembly.recipe import Recipe
from textgan.errors import Mistake
from textgan.runs.train import train

HEAD = """
import torch
from torch import nn
from textgan.data.corpus import Split
from textgan.sampling import Draw
from textgan.types import Choice, Discriminator, Generator, Strategy, Turn, Verdict
"""
CLIPPED = """
class Clipped(Strategy):
    def sampler(self, progress):
        return Draw()

    def turn(self, at):
        with torch.no_grad():
            fake = at.generator.write(at.prompt, at.length, self.sampler(at.progress))
        loss = -at.generator.log_prob(fake).sum(1).mean()
        if at.progress > 0.5:
            PASS
        return Turn(loss, fake, {"g-loss": loss.detach()})
"""


def told(recipe: Recipe, out: Path) -> str:
    """The one line that training ends with."""
    with pytest.raises(Mistake) as caught:
        train(recipe, out)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("generator", "class A(nn.Module): pass", "A is not a textgan.types.Generator"),
        ("generator", "def A(): return None", "NoneType is not a textgan.types.Generator"),
        ("discriminator", "class A: pass", "A is not a textgan.types.Discriminator"),
        ("strategy", "class A: pass", "A is not a textgan.types.Strategy"),
        (
            "tokenizer",
            "def A(texts): return texts",
            "list is not a textgan.data.tokenizers.Token",
        ),
        (
            "objective",
            "class A:\n    def reward(self, real, fake): pass",
            "A lacks discriminator_loss, generator_",
        ),
        ("penalty", "class A: pass", "A cannot be called; give it a method __call__"),
        (
            "corpus",
            "class A:\n    name, source = 'a', None",
            "A lacks train, validation, test, label_names, notes",
        ),
        (
            "strategy",
            "class A(Strategy):\n    def __init__(self):\n        self.clip = 3",
            "A lacks super().__init__() as the first line of its __init__",
        ),
        (
            "generator",
            "class A(Generator):\n    def __init__(self):\n        self.output = nn.Linear(2, 2)",
            "AttributeError: cannot assign module before Module.__init__() call (mine.py, line 9)",
        ),
    ],
)
def test_what_a_part_lacks_is_told_before_any_file_is_made(
    small_recipe: Callable[..., Recipe], tmp_path: Path, kind: str, text: str, expected: str
) -> None:
    (tmp_path / "mine.py").write_text(HEAD + text)
    found = told(small_recipe("gumbel-short", f"{kind}={tmp_path}/mine.py:A"), tmp_path / "run")
    assert found.startswith(f"{kind}: {expected}")
    assert not (tmp_path / "run").exists()


OBJECTIVE = """
class A:
    def discriminator_loss(self, real, fake):
        return (fake.score - real.score).mean()

    def generator_loss(self, real, fake):
        return -fake.score.mean()

    def reward(self, real, fake):
        return fake.score

    def value(self, real, fake):
        return {"gap": (real.score - fake.score).mean()}
"""
PENALTY = """
class A:
    def __call__(self, discriminator, real, fake):
        return discriminator.judge(fake).score.square().mean()
"""
MEAN = """
class A(Discriminator):
    def __init__(self, vocabulary):
        super().__init__()
        self.table, self.score = nn.Embedding(vocabulary.size, 4), nn.Linear(4, 1)

    def embed(self, text):
        return text.read(self.table.weight) * text.weight.unsqueeze(-1)

    def forward(self, embeddings, weight, labels=None):
        return Verdict(self.score(embeddings.sum(1)).squeeze(-1), embeddings.sum(1))
"""


@pytest.mark.parametrize(
    ("kind", "text", "old", "new", "expected"),
    [
        ("objective", OBJECTIVE, "return fake.score\n", "return 1 / 0\n", "mine.py: A.reward: ZeroDivisionError"),
        ("objective", OBJECTIVE, "return fake.score\n", "return real.score\n", "A.reward does not change when two"),
        ("penalty", PENALTY, ".mean()", "", "A.__call__ gives a tensor of shape (3,)"),
        ("strategy", CLIPPED, "return Turn(", "return (", "Clipped.turn gives a tuple; expected a Turn"),
        ("discriminator", MEAN, "text.read(self.table.weight)", "self.table(text.ids)", "A.embed passes no gradient"),
    ],
)  # fmt: skip
def test_what_parts_return_to_each_other_is_tried_before_any_file_is_made(
    small_recipe: Callable[..., Recipe],
    tmp_path: Path,
    kind: str,
    text: str,
    old: str,
    new: str,
    expected: str,
) -> None:
    text, name = text.replace("PASS", "pass"), "Clipped" if kind == "strategy" else "A"
    assert old in text
    for number, source in enumerate((text, text.replace(old, new))):
        file = tmp_path / f"mine{number or ''}.py"
        file.write_text(HEAD + source)
        recipe = small_recipe("gumbel-short", f"{kind}={file}:{name}")
        if number:
            found = told(recipe, tmp_path / "run")
            assert found.startswith(f"{kind}: {expected.replace('mine.py', 'mine1.py')}"), found
        else:
            build(recipe)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("train_texts", "expected"),
    [("[1, 2]", "a sentence is 1; expected text"), ("['a b']", "list lacks texts, labels")],
)
def test_the_splits_of_a_corpus_are_looked_at(
    small_recipe: Callable[..., Recipe], tmp_path: Path, train_texts: str, expected: str
) -> None:
    split = f"Split({train_texts})" if "1" in train_texts else train_texts
    (tmp_path / "mine.py").write_text(
        f"{HEAD}\nclass A:\n    name, label_names, source, notes = 'a', (), None, []\n"
        f"    train = validation = test = {split}\n"
    )
    found = told(small_recipe("gumbel-short", f"corpus={tmp_path}/mine.py:A"), tmp_path / "run")
    assert found.startswith(f"corpus.train: {expected}")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("1 / 0", "mine.py: Clipped.turn: ZeroDivisionError: division by zero (mine.py, line 17)"),
        ("torch.zeros(2) @ torch.zeros(3)", "mine.py: Clipped.turn: RuntimeError: .* (mine.py, line 17)"),
        ("nn.Linear(2, 2)(torch.zeros(3))", "mine.py: Clipped.turn: RuntimeError: .* (mine.py, line 17)"),
        ("open('nowhere.txt')", "mine.py: Clipped.turn: FileNotFoundError: .* (mine.py, line 17)"),
        ("raise SystemExit(3)", "mine.py: Clipped.turn: SystemExit: 3 (mine.py, line 17)"),
        ("Strategy.turn(self, at)", "Clipped has no method 'turn'; write it as docs/extending.md shows"),
    ],
)
def test_one_that_breaks_while_it_trains_is_told_and_nothing_is_lost(
    small_recipe: Callable[..., Recipe], tmp_path: Path, fault: str, expected: str
) -> None:
    (tmp_path / "mine.py").write_text(HEAD + CLIPPED.replace("PASS", fault))
    recipe = small_recipe("seqgan-short", f"strategy={tmp_path}/mine.py:Clipped", "train.mle.epochs=1")
    found = told(recipe, tmp_path / "run")
    assert re.match(re.escape(expected).replace(r"\.\*", ".*"), found), found
    assert "the last good checkpoint is" in found and "; fix it; go on with: " in found
    if fault == "1 / 0":
        (tmp_path / "mine.py").write_text(HEAD + CLIPPED.replace("PASS", "pass"))
        train(recipe, tmp_path / "run", resume=True)


def test_a_fault_of_the_toolkit_keeps_its_traceback(
    small_recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("ours")

    monkeypatch.setattr("textgan.training.trainer.Trainer._play", broken)
    with pytest.raises(KeyError, match="ours"):
        train(small_recipe("mle-short"), tmp_path / "run")


LEAKS = """
class A(Generator):
    def __init__(self, vocabulary):
        super().__init__()
        self.vocabulary, self.table = vocabulary, nn.Embedding(vocabulary.size, 8)
        self.output = nn.Linear(8, vocabulary.size)

    def start(self, prompt):
        return {"nothing": torch.zeros(prompt.size, 1)}

    def step(self, token, state):
        return self.read_out(self.table(token)), state

    def read_out(self, states):
        return self.output(states).index_fill(-1, torch.tensor(self.vocabulary.forbidden), -1e9)
"""
STATES = """
    def states(self, text):
        return self.table(text.ids)
"""
TALL = """
class A(Discriminator):
    def __init__(self, vocabulary):
        super().__init__()
        self.table = nn.Embedding(vocabulary.size, 8)

    def embed(self, text):
        return text.read(self.table.weight)

    def forward(self, embeddings, weight, labels=None):
        return Verdict(embeddings.mean((1, 2)).unsqueeze(1), embeddings.mean(1))
"""


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (
            "generator",
            LEAKS,
            "generator: A has no method 'states'; write it as docs/extending.md shows",
        ),
        (
            "generator",
            LEAKS + STATES,
            "generator: A.states reads, at a position, the token to be predicted there",
        ),
        (
            "discriminator",
            TALL,
            "discriminator: A gives 2 sentences a score of shape (2, 1), expected (2,); add",
        ),
        (
            "discriminator",
            TALL.replace("weight, labels=None", "weight"),
            "discriminator: tried on 2 sentences, A fails: TypeError: A.forward() takes 3 positional",
        ),
        (
            "discriminator",
            TALL.replace("return Verdict", "1 / 0\n        return Verdict"),
            "discriminator: mine.py: A.forward: ZeroDivisionError: division by zero (mine.py, line 17)",
        ),
        (
            "discriminator",
            TALL.partition("    def forward")[0],
            "discriminator: A has no method 'forward'; write it as docs/extending.md shows",
        ),
    ],
)
def test_players_of_ones_own_are_tried_before_any_file_is_made(
    small_recipe: Callable[..., Recipe], tmp_path: Path, kind: str, text: str, expected: str
) -> None:
    (tmp_path / "mine.py").write_text(HEAD + text)
    found = told(small_recipe("seqgan-short", f"{kind}={tmp_path}/mine.py:A"), tmp_path / "run")
    assert found.startswith(expected)
    assert not (tmp_path / "run").exists()


AMBIGUOUS = """
from textgan.data.corpus import Split
from textgan.data.grammar import Grammar

class Twofold:
    name, label_names, notes = "twofold", (), []

    def __init__(self):
        self.source = Grammar("start: <p> z | k <n> z\\np: k l | o l\\nn: l | m", "twofold")  # k l z in two ways
        texts = self.source.sample(120, 1)
        self.train, self.validation, self.test = Split(texts[:60]), Split(texts[60:90]), Split(texts[90:])
"""


def test_a_run_on_an_ambiguous_grammar_ends_without_its_entropy(
    small_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(AMBIGUOUS)
    own = (f"corpus={{name: '{tmp_path}/mine.py:Twofold'}}", "metrics=[bleu, source]")
    found = json.loads(
        (train(small_recipe("mle-short", *own), tmp_path / "run") / "evaluation.json").read_text()
    )
    assert found["rows"]["after"]["grammaticality"] and "entropy" not in found
    (note,) = [one for one in found["notes"] if "entropy" in one]
    assert note == (
        "true entropy of the source: not known (twofold: the grammar is ambiguous, so its entropy is unknown: 'k l z')"
    )
