"""Every part plays on a GPU that is only pretended (`pretended.py`): nothing is left behind on the CPU.

Also: how often a step waits for the GPU, that nothing there needs float64, and that its random numbers are kept.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils import backend_registration

from textgan.assembly.recipe import Recipe
from textgan.parts.names import PARTS

HERE = Path(__file__).parent
SMALL = ["budget=smoke", "evaluate.samples=12", "evaluate.final=12", "metrics=[distinct]", "threads=1"]
PLAIN = ["corpus={path: plain.txt, validation: 12, test: 12}", "length=12"]
HALF = [*PLAIN, "precision=bf16"]
LABELLED = ["corpus={path: labelled.csv, column: told, label: mood, validation: 12, test: 12}", "length=12"]
NEITHER = {
    "pretrained"
}  # need a model of other people's: tests/generators and tests/discriminators run small ones

CASES: dict[str, list[tuple[str, list[str]]]] = {
    "policies": [
        ("seqgan-short", PLAIN),
        ("seqgan-short", [*PLAIN, "generator=gru", "discriminator.spectral_norm=true", "objective=least-squares",
         "strategy={name: reinforce, rollouts: 2, baseline: ema, entropy: 0.01, kl: 0.1, anchor: 0.1}"]),
        ("seqgan-short", [*PLAIN, "objective=hinge", "penalty=r1", "discriminator.minibatch=2",
         "strategy={name: reinforce, rollouts: 0, baseline: batch}", "train.adversarial.average=0.9"]),
        ("seqgan-oracle", ["length=8", "corpus.size=40"]),
        ("rankgan-short", PLAIN),
        ("maligan-short", PLAIN),
        ("cot-short", PLAIN),
        ("scratchgan-short", PLAIN),
        ("leakgan-short", PLAIN),
        ("organ-short", ["length=29", "corpus.size=40"]),
    ],
    "gradients": [
        ("gumbel-short", PLAIN),
        ("gumbel-short", [*PLAIN, "objective=relativistic-average",
         "strategy={name: gumbel, estimator: second-order}"]),
        ("gumbel-short", [*PLAIN,
         "discriminator={name: several, parts: [{name: cnn, filters: 4}], copies: 2, together: softmax}"]),
        ("embedding-short", PLAIN),
        ("relgan-short", PLAIN),
        ("mmd-short", PLAIN),
        ("fm-gan-short", PLAIN),
        ("ebgan-short", PLAIN),
        ("gsgan-short", PLAIN),
        ("wgan-gp-short", PLAIN),
        ("wgan-gp-cnn-short", ["corpus.size=40"]),
        ("wgan-gp-lstm-short", ["corpus.size=40"]),
        ("arae-short", PLAIN),
        ("adm-long", LABELLED),
    ],
    "labels": [
        ("conditional-short", LABELLED),
        ("sentigan-short", LABELLED),
        ("semi-short", [*LABELLED, "labelled=20"]),
        ("front-closed-short", PLAIN),
    ],
    "half": [(f"{name}-short", HALF) for name in ("seqgan", "leakgan", "cot", "maligan", "gumbel", "relgan", "arae")],
}  # fmt: skip
COMMANDS = {
    "gumbel-short": [
        ["sample", "RUN", "-n", "5", "--top-p", "0.9", "--prefix", "the cat", "--jsonl"],
        ["sweep", "RUN", "--temperatures", "0.7,1", "--samples", "12", "--metrics", "distinct,nll,lm"],
        ["evaluate", "RUN", "--metrics", "distinct"],
    ],
    "arae-short": [["interpolate", "RUN", "a dog sees it .", "the cat likes a house ."]],
    "adm-long": [["documents", "RUN"]],
    "sentigan-short": [["sample", "RUN", "-n", "4", "--label", "good"]],
    "front-closed-short": [["sample", "RUN", "-n", "4"]],
}


@pytest.fixture(scope="module", params=CASES)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the process told: its streams, and then every case of a group."""
    if not hasattr(backend_registration, "_setup_privateuseone_for_python_backend"):
        pytest.skip(f"torch {torch.__version__} knows no device that is written in Python")
    folder = tmp_path_factory.mktemp("gpu")
    _write_corpora(folder)
    cases = [(name, [*SMALL, *more], COMMANDS.get(name, [])) for name, more in CASES[request.param]]
    done = subprocess.run(
        [sys.executable, str(HERE / "play.py"), str(folder / "runs")],
        input=json.dumps(cases), cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_nothing_is_left_on_the_cpu(played: list[dict[str, Any]]) -> None:
    for told in played[1:]:
        assert told["failed"] is None, told


def test_a_step_waits_for_the_gpu_where_it_is_said_to(played: list[dict[str, Any]]) -> None:
    for told in played[1:]:
        waits = told["waits"].get("adversarial", {})
        known = {
            "strategies/rollouts.py:roll_out": 1 + 29,  # whose rollouts have ended, after each token
            "data/tokenizers.py:decode": 29,  # a reward of words (organ) reads words
            "strategies/rollouts.py:_pieces": 2,
        }
        assert {where: count for where, count in waits.items() if count > known.get(where, 0)} == {}, told
        assert not told["waits"].get("discriminator"), told
        assert set(told["waits"].get("mle", ())) <= {"training/likelihood.py:heldout_nats"}, told


def test_a_line_of_the_log_waits_once(played: list[dict[str, Any]]) -> None:
    for told in played[1:]:
        assert (
            set(told["lines"]) == {"machine/ranks.py:mean"}
            and told["lines"]["machine/ranks.py:mean"] <= told["steps"]
        ), told


def test_nothing_needs_float64_there(played: list[dict[str, Any]]) -> None:
    assert [told for told in played[1:] if told["doubles"]] == []


def test_its_random_numbers_are_kept(played: list[dict[str, Any]]) -> None:
    assert played[0] == {"inside": 3, "after": 7, "kept": [7]}


def test_every_part_is_played() -> None:
    """A part that is new has to join a case."""
    for kind in ("generator", "discriminator", "objective", "penalty", "strategy"):
        used = set()
        for name, more in itertools.chain(*CASES.values()):
            asked = Recipe.load(name, [*SMALL, *more]).resolved().get(kind)
            used |= _names(asked)
        assert set(PARTS[kind]) - used - NEITHER == set(), kind


def _names(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {value.get("name", "")} | set().union(*map(_names, value.values()))
    if isinstance(value, list):
        return set().union(*map(_names, value))
    return {value} if isinstance(value, str) else set()


def _write_corpora(folder: Path) -> None:
    words = (
        ["a dog", "the cat", "my friend"],
        ["sees", "likes", "follows"],
        ["the ball", "a house", "it", "fish"],
    )
    lines = [f"{' '.join(told)} ." for told in itertools.product(*words)]
    (folder / "plain.txt").write_text("\n".join(lines * 2), encoding="utf-8")
    rows = [f"{line},{('good', 'bad')[number % 2]}" for number, line in enumerate(lines * 2)]
    (folder / "labelled.csv").write_text("\n".join(["told,mood", *rows]), encoding="utf-8")
