"""Document vectors of a run: the discriminator's features, the same every time, and zero where no word is known."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from textgan.cli import run
from textgan.data.batches import Encoded
from textgan.errors import Mistake
from textgan.runs.documents import plane, read, word_counts
from textgan.types import Text, Vocabulary

SMALL = ["budget=smoke", "threads=1", "metrics=[distinct]", "evaluate={every: 2, samples: 8, final: 8}"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on documents of our own, of which one test document has no word of the vocabulary."""
    folder = tmp_path_factory.mktemp("documents")
    kinds = {"fish": ["salmon", "trout", "river", "net"], "bird": ["robin", "wing", "nest", "sky"]}
    draw = np.random.default_rng(0)
    lines = [f"{' '.join(draw.choice(words, 6))},{kind}" for kind, words in kinds.items() for _ in range(30)]
    (folder / "train.csv").write_text("\n".join(["text,label", *lines]))
    (folder / "test.csv").write_text("text,label\nsalmon net river,fish\nwing nest,bird\nxyzzy plugh,bird\n")
    path = folder / "run"
    files = [
        f"corpus.path={folder / 'train.csv'}",
        "corpus.label=label",
        f"corpus.test={folder / 'test.csv'}",
    ]
    assert run(["train", "adm-long", *files, *SMALL, "length=9", "--out", str(path)]) == 0
    return path


def test_vectors_are_the_same_every_time_and_those_of_the_trained_discriminator(trained: Path) -> None:
    first, again = read(trained), read(trained)
    assert np.array_equal(first.trained.test, again.trained.test)
    assert np.array_equal(first.untrained.train, again.untrained.train)
    assert not np.array_equal(first.trained.test, first.untrained.test)
    assert first.trained.train.shape == (57, 50) and first.trained.test.shape == (3, 50)
    assert first.trained.label_names == ("bird", "fish")


def test_a_document_without_a_known_word_has_a_vector_of_zeros_and_is_told(trained: Path) -> None:
    kinds = read(trained)
    for vectors in (kinds.trained.test, kinds.untrained.test, kinds.tf_idf.test):
        assert vectors[:2].any(1).all() and not vectors[2].any()
    assert kinds.notes == ["1 test documents have no known word; their vectors are zero"]


def test_raw_bags_find_documents_that_share_words_with_no_other_label(trained: Path) -> None:
    scores = read(trained).tf_idf.scores()
    assert scores["p@1"] >= 2 / 3  # of both that have a known word


def test_the_command_prints_a_table_and_writes_vectors_table_and_maps(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "found"
    assert run(["documents", str(trained), "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "tf-idf" in told and "untrained" in told and "no known word" in told
    scores = json.loads((out / "retrieval.json").read_text())
    assert list(scores) == ["tf-idf", "untrained", "run"] and scores["run"] == read(trained).trained.scores()
    vectors = load_file(out / "run.safetensors")
    assert np.array_equal(vectors["test"], read(trained).trained.test)
    assert vectors["test-labels"].tolist() == [1, 0, 0]
    assert (out / "run.png").read_bytes()[:4] == b"\x89PNG" and "<svg" in (out / "run.svg").read_text()


def test_what_cannot_be_read_is_one_clear_line(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = tmp_path / "plain.txt"
    corpus.write_text("\n".join(["a b c", "b c d"] * 20))
    bare = tmp_path / "bare"
    assert run(["train", "adm-long", f"corpus.path={corpus}", *SMALL, "length=9", "--out", str(bare)]) == 0
    capsys.readouterr()
    assert run(["documents", str(bare)]) == 2
    assert "has no labels" in capsys.readouterr().err
    (renamed := tmp_path / "run").symlink_to(bare)
    assert run(["documents", str(renamed), str(bare)]) == 2
    assert "have the same name" in capsys.readouterr().err


def test_a_corpus_that_changed_since_is_refused(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained.parent, tmp_path / "moved")
    recipe = tmp_path / "moved" / "run" / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace(str(trained.parent), str(tmp_path / "moved")))
    with (tmp_path / "moved" / "test.csv").open("a") as file:
        file.write("robin sky,bird\n")
    assert run(["documents", str(recipe.parent)]) == 2
    assert "its corpus (test) is not the text it was trained on" in capsys.readouterr().err


def test_counts_leave_out_special_and_unknown_tokens_and_what_follows_the_end() -> None:
    text = Text(torch.tensor([[4, 5, 4, 3, 2, 5]]), torch.tensor([[True] * 5 + [False]]))
    counts = word_counts(Encoded(text, text.mask), Vocabulary(6))
    assert counts.tolist() == [[0, 0, 0, 0, 2, 1]]


def test_the_plane_is_that_of_most_variance() -> None:
    draw = np.random.default_rng(1)
    hidden = draw.normal(size=(200, 2)) * [3.0, 1.0]
    basis = np.linalg.qr(draw.normal(size=(5, 5)))[0][:2]
    points, told = plane(hidden @ basis + 7)
    assert "100%" not in told and told.startswith("PCA")
    distances = [np.linalg.norm(p[:, None] - p[None], axis=-1) for p in (points, hidden)]
    assert np.allclose(distances[0], distances[1])  # five dimensions that hold only two lose nothing
    assert points[:, 0].var() > points[:, 1].var()
    flat, _ = plane(np.ones((4, 1)))
    assert flat.shape == (4, 2) and not flat.any()


def test_t_sne_is_drawn_or_asks_for_scikit_learn() -> None:
    vectors = np.random.default_rng(2).normal(size=(12, 4))
    try:
        import sklearn  # noqa: F401
    except ImportError:
        with pytest.raises(Mistake, match="scikit-learn"):
            plane(vectors, "t-sne")
    else:
        points, told = plane(vectors, "t-sne")
        assert points.shape == (12, 2) and told.startswith("t-SNE")
