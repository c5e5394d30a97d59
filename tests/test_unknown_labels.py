"""The label -1 (not known) in every part that takes labels: it gives what a table of zeros gives."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from models import tiny_bert
from torch import Tensor, nn

from textgan.data import tokenizers
from textgan.discriminators.cnn import CNN
from textgan.parts.binding import bind, find, parameters
from textgan.parts.names import PARTS
from textgan.sampling import Draw
from textgan.types import Discriminator, Generator, Prompt, Text

CLASSES = 3
TOKENIZER = tokenizers.word(["a cat sat", "the dog ran home", "some birds fly"])
HANDED: dict[str, Any] = {
    "vocabulary": TOKENIZER.vocabulary,
    "decode": TOKENIZER.decode,
    "vectors": lambda size: torch.randn(TOKENIZER.vocabulary.size, size),
    "length": 4,
    "classes": CLASSES,
}
TAKE = [
    (kind, name)
    for kind in ("generator", "discriminator")
    for name in PARTS[kind]
    if "classes" in parameters(find(kind, name, kind))
]
CASES = [
    *((kind, {"name": name}) for kind, name in TAKE),
    ("discriminator", {"name": "cnn", "labels": "concatenate"}),
]


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    words = ("a", "cat", "sat", "the", "dog", "ran", "home", "some", "birds", "fly")
    return tiny_bert(tmp_path_factory.mktemp("models") / "bert", words)


def _found(part: Generator | Discriminator, labels: Tensor) -> list[Tensor]:
    """What a part gives three sentences of these labels (B,), tensors (B,...)."""
    ids, mask = torch.tensor([[4, 5, 6, 2], [7, 8, 9, 2], [5, 9, 2, 0]]), torch.ones(3, 4, dtype=torch.bool)
    mask[2, 3] = False
    text = Text(ids, mask, labels)
    if isinstance(part, Discriminator):
        verdict = part.judge(text)
        return [verdict.score] + ([] if verdict.per_token is None else [verdict.per_token])
    torch.manual_seed(1)
    if part.has_likelihood:
        first, _ = part.step(torch.full((3,), TOKENIZER.vocabulary.bos), part.start(Prompt(3, labels)))
        return [part.log_prob(text), first]
    written = part.write(Prompt(3, labels), 4, Draw())
    if written.vectors is not None:
        return [written.vectors]
    assert written.choices is not None
    return [torch.stack([choice.relaxed for choice in written.choices], 1)]


@pytest.mark.parametrize(
    ("kind", "mapping"), CASES, ids=lambda case: case if isinstance(case, str) else "-".join(case.values())
)
def test_an_unknown_label_adds_nothing(
    kind: str, mapping: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    if mapping["name"] == "pretrained":
        mapping = {**mapping, "model": str(request.getfixturevalue("bert"))}
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        part = bind(kind, mapping, HANDED).build(**HANDED)
        if isinstance(part, Generator):
            part.meet(CNN(TOKENIZER.vocabulary, classes=CLASSES, labels="ignore"))
        part.eval()
        tables = [m for m in part.modules() if isinstance(m, nn.Embedding) and m.num_embeddings == CLASSES]
        assert tables
        for table in tables:
            table.weight.normal_()
        labels = torch.tensor([-1, 1, -1])
        found = _found(part, labels)
        unlabelled = copy.deepcopy(part)
        for table in unlabelled.modules():
            if isinstance(table, nn.Embedding) and table.num_embeddings == CLASSES:
                table.weight.zero_()
        for given, plain in zip(found, _found(unlabelled, torch.tensor([0, 1, 2])), strict=True):
            torch.testing.assert_close(given[[0, 2]], plain[[0, 2]], atol=1e-6, rtol=1e-5)
            assert not torch.allclose(given[1], plain[1], atol=1e-4)
