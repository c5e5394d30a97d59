"""Padded tensors by hand; a stream that resumes; every epoch a permutation."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from textgan.data.batches import Batches, Encoded, encode, ordered
from textgan.data.corpus import Split
from textgan.data.tokenizers import word
from textgan.errors import Mistake
from textgan.types import Text

tokenizer = word(["a a a a b b b c c d"])  # a=4 b=5 c=6 d=7


def numbered(count: int, length: int = 12) -> Encoded:
    """`count` sentences whose first id is their number; lengths vary with it."""
    ids = torch.zeros(count, length, dtype=torch.int64)
    ids[:, 0] = torch.arange(count)
    mask = torch.arange(length) < (torch.arange(count) * 7 % length + 1)[:, None]
    return Encoded(Text(ids, mask, torch.arange(count) * 10), mask.clone())


def test_ids_mask_and_known_by_hand() -> None:
    encoded, notes = encode(Split(["a b", "d x c", "a b c d", ""], [0, 1, 2, 3]), tokenizer, 4)
    assert encoded.text.ids.tolist() == [[4, 5, 2, 0], [7, 3, 6, 2]]
    assert encoded.text.ids.dtype == torch.int64 and encoded.text.mask.dtype == torch.bool
    assert encoded.text.mask.tolist() == [[True, True, True, False], [True] * 4]
    assert encoded.known.tolist() == [[True, True, True, False], [True, False, True, True]]
    assert encoded.text.labels is not None and encoded.text.labels.tolist() == [0, 1]
    assert notes == [
        "corpus.train: 1 of 4 sentences have more than 3 tokens; dropped",
        "corpus.train: 1 of 4 sentences have no tokens; dropped",
        "corpus.train: 1 of 5 tokens (20.00%) are not in the vocabulary",
    ]


def test_test_text_that_does_not_fit_stays_a_reference() -> None:
    _, notes = encode(Split(["a b", "a b c d"]), tokenizer, 4, place="corpus.test")
    assert notes == [
        "corpus.test: 1 of 2 sentences have more than 3 tokens; left out of the likelihood, not of the references"
    ]


def test_truncated_sentences_have_no_end() -> None:
    encoded, notes = encode(
        Split(["a b", "a b c d", "d c b a a"]), tokenizer, 4, overlong="truncate", place="corpus.test"
    )
    assert encoded.text.ids.tolist() == [[4, 5, 2, 0], [4, 5, 6, 7], [7, 6, 5, 4]]
    assert encoded.text.mask.tolist() == [[True, True, True, False], [True] * 4, [True] * 4]
    assert encoded.text.labels is None
    assert notes == [
        "corpus.test: 1 of 3 sentences fill all 4 tokens and have no end token",
        "corpus.test: 1 of 3 sentences have more than 4 tokens; cut to 4",
    ]


@pytest.mark.parametrize(
    ("texts", "length", "overlong", "says"),
    [
        (["a b c", "a b c d d"], 3, "drop", "corpus.train: no sentence fits into length 3, which holds 2 "
         "tokens and the end of the sentence; sentences have 3 to 5 tokens (median 3); "
         "raise length to 6, or set overlong"),
        (["", " "], 3, "drop", "corpus.train: no sentence contains a token; give text"),
        (["a"], 1, "drop", "length: 1 leaves no room for a token before the end of the sentence; give at least 2"),
        (["a"], 4, "trunkate", "overlong: 'trunkate' is neither drop nor truncate. Did you mean 'truncate'?"),
    ],
)  # fmt: skip
def test_mistakes_of_encode(texts: list[str], length: int, overlong: str, says: str) -> None:
    with pytest.raises(Mistake, match=re.escape(says)):
        encode(Split(texts), tokenizer, length, overlong=overlong)


def seen(batches: Batches, steps: int) -> list[list[int]]:
    return [batches.next()[0].ids[:, 0].tolist() for _ in range(steps)]


@pytest.mark.parametrize("bucket", [False, True])
def test_every_epoch_is_a_fresh_permutation(bucket: bool) -> None:
    batches = Batches(numbered(240), 8, seed=3, bucket=bucket)
    assert batches.steps_per_epoch == 30 and batches.epoch == 0
    first, second = seen(batches, 30), seen(batches, 30)
    assert batches.epoch == 2
    for epoch in (first, second):
        assert sorted(sum(epoch, [])) == list(range(240))
    assert first != second
    assert first == seen(Batches(numbered(240), 8, seed=3, bucket=bucket), 30)
    assert first != seen(Batches(numbered(240), 8, seed=4, bucket=bucket), 30)


@pytest.mark.parametrize("bucket", [False, True])
def test_the_incomplete_batch_sits_out_and_varies(bucket: bool) -> None:
    batches = Batches(numbered(10), 4, seed=0, bucket=bucket)
    assert batches.steps_per_epoch == 2
    absent = []
    for _ in range(6):
        rows = sum(seen(batches, 2), [])
        assert len(set(rows)) == 8
        absent.append(tuple(sorted(set(range(10)) - set(rows))))
    assert len(set(absent)) > 1


def test_a_split_smaller_than_a_batch_is_one_batch() -> None:
    batches = Batches(numbered(3), 64, seed=0)
    text, known = batches.next()
    assert (batches.steps_per_epoch, batches.epoch, len(text), known.shape) == (1, 1, 3, (3, 8))


def test_rows_stay_together() -> None:
    encoded = numbered(50)
    text, known = Batches(encoded, 16, seed=1, bucket=True).next()
    rows = text.ids[:, 0]
    width = int(encoded.text.mask[rows].sum(1).max())
    assert text.ids.shape == text.mask.shape == known.shape == (16, width)
    assert torch.equal(text.mask, encoded.text.mask[rows, :width])
    assert text.labels is not None and torch.equal(text.labels, rows * 10)


def test_bucketing_narrows_batches_and_loses_no_token() -> None:
    encoded = numbered(400)
    plain, bucketed = Batches(encoded, 8, seed=0), Batches(encoded, 8, seed=0, bucket=True)
    for text, _ in (plain.next() for _ in range(50)):
        assert text.ids.shape[1] == int(text.mask.sum(1).max())
    texts = [bucketed.next()[0] for _ in range(50)]
    assert sum(int(text.mask.sum()) for text in texts) == int(encoded.text.mask.sum())
    spread = [int(text.mask.sum(1).max() - text.mask.sum(1).min()) for text in texts]
    assert max(spread) <= 2
    widths = [text.ids.shape[1] for text in texts]
    assert widths != sorted(widths)  # the order of the batches is shuffled


@pytest.mark.parametrize("bucket", [False, True])
@pytest.mark.parametrize("stop", [0, 3, 12, 13, 29])
def test_resuming_gives_the_batches_of_the_run_that_was_never_stopped(bucket: bool, stop: int) -> None:
    whole = Batches(numbered(50), 4, seed=7, bucket=bucket)
    wanted = seen(whole, 60)
    begun = Batches(numbered(50), 4, seed=7, bucket=bucket)
    seen(begun, stop)
    resumed = Batches(numbered(50), 4, seed=7, bucket=bucket)
    resumed.load_state_dict(begun.state_dict())
    assert seen(resumed, 60 - stop) == wanted[stop:]
    assert resumed.epoch == whole.epoch == 5


def test_resuming_with_another_corpus_is_a_mistake() -> None:
    with pytest.raises(
        Mistake, match="checkpoint: its batch 9 is beyond the 2 batches .*; resume with the same corpus"
    ):
        Batches(numbered(10), 4, seed=0).load_state_dict({"epoch": 0, "position": 9})


def test_ordered_gives_every_sentence_once_by_length() -> None:
    texts = [text for text, _ in ordered(numbered(10), 4)]
    assert [len(text) for text in texts] == [4, 4, 2]
    assert sorted(np.concatenate([text.ids[:, 0] for text in texts]).tolist()) == list(range(10))
    lengths = np.concatenate([text.mask.sum(1) for text in texts]).tolist()
    assert lengths == sorted(lengths)
    assert [text.ids.shape[1] for text in texts] == [lengths[3], lengths[7], lengths[9]]


def test_batches_do_not_share_memory_with_the_split() -> None:
    encoded = numbered(10)
    text, _ = next(ordered(encoded, 4))
    text.ids.fill_(99)
    assert encoded.text.ids[0, 0] == 0


def test_a_share_of_every_batch_is_labelled_and_the_labelled_take_turns() -> None:
    encoded = numbered(40)
    labels = torch.full((40,), -1)
    labels[torch.tensor([3, 17, 30])] = torch.tensor([0, 1, 1])
    few = Encoded(Text(encoded.text.ids, encoded.text.mask, labels), encoded.known)
    stream = Batches(few, 8, seed=0, labelled=0.5)
    seen = []
    for _ in range(stream.steps_per_epoch):
        text, _ = stream.next()
        assert text.labels is not None and (text.labels[:4] >= 0).all() and len(text) == 8
        seen += text.ids[:4, 0].tolist()
    assert sorted(map(seen.count, (3, 17, 30))) == [6, 7, 7]  # 5 batches of 4
    place = stream.state_dict()
    wanted = [stream.next()[0].ids.tolist() for _ in range(7)]
    again = Batches(few, 8, seed=0, labelled=0.5)
    again.load_state_dict(place)
    assert [again.next()[0].ids.tolist() for _ in range(7)] == wanted


def test_where_all_labels_are_known_the_share_changes_nothing() -> None:
    plain, asked = Batches(numbered(40), 8, seed=0), Batches(numbered(40), 8, seed=0, labelled=0.5)
    assert all(plain.next()[0].ids.equal(asked.next()[0].ids) for _ in range(9))
