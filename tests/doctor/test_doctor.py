"""What the doctor says of small files, against counts by hand; and every mistake, in one line."""

from __future__ import annotations

import io
import json
import math
import random
from array import array
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml
from rich.console import Console

from textgan.assembly.recipe import Recipe
from textgan.cli import run
from textgan.data.files import File
from textgan.data.streaming import Line, Streamed
from textgan.doctor import scripts
from textgan.doctor.counts import Reservoir, count, out_of_vocabulary, repeats, shared
from textgan.doctor.examine import Examination, examine
from textgan.doctor.labels import split_that_keeps
from textgan.doctor.near import near_copies
from textgan.doctor.suspects import Suspects
from textgan.doctor.written_recipe import recipe
from textgan.errors import Mistake
from textgan.report import corpus as report


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_a_file_with_its_test_file_by_hand(tmp_path: Path) -> None:
    train = [
        "a dog sits here .",
        "a cat sits here .",
        "",
        "A dog, sits here.",
        "a dog sits here .",
        "one two",
    ]
    test = ["a dog sits there .", "a cat sits here .", "a man , a dog"]
    found = examine(write(tmp_path / "a.txt", *train), test=write(tmp_path / "b.txt", *test))
    assert (found.sentences, found.held_out, found.empty, found.empty_lines) == (5, 3, 1, [3])
    assert found.encoding == "utf-8"
    assert found.quantiles["characters"] == {"0": 7, "0.05": 7, "0.5": 17, "0.95": 17, "0.99": 17, "1": 17}
    assert found.quantiles["words"]["0"] == 2 and found.quantiles["words"]["0.5"] == 5
    assert found.types["words"] == 10  # a dog sits here . cat A , one two
    assert found.unknown == {10: 2 / 15}  # `there` and `man`
    assert (found.duplicates, found.most_repeated) == (1, [(1, 2)])
    assert found.near == 1  # line 4, but for case and marks
    assert (found.overlap, found.near_overlap) == (1, 1)
    assert found.longest_lines[1] == 17 and list(found.longest_lines)[-1] == 6
    assert found.shift is None  # too few to fit a classifier
    assert found.scripts == {"Latin": 1.0}


def test_a_test_file_of_other_text_is_told_by_its_words(tmp_path: Path) -> None:
    indoors = [f"the cat sleeps in kitchen {i} ." for i in range(60)]
    outdoors = [f"the horse runs over field {i} ." for i in range(60)]
    found = examine(write(tmp_path / "a.txt", *indoors), test=write(tmp_path / "b.txt", *outdoors))
    assert found.shift is not None and found.shift.auc == 1.0
    assert {"kitchen", "cat", "sleeps", "in"} == set(found.shift.train_words)
    assert {"field", "horse", "runs", "over"} == set(found.shift.test_words)


def test_a_test_file_chooses_nothing_of_the_recipe(tmp_path: Path) -> None:
    draw = random.Random(0)
    train = [" ".join(f"w{int(draw.paretovariate(0.7))}" for _ in range(8)) for _ in range(3000)]
    tests = {"same": train[:300], "other": [f"quite unlike number {i}" for i in range(300)]}
    path, made = write(tmp_path / "a.txt", *train), {}
    for name, lines in tests.items():
        found = examine(path, test=write(tmp_path / f"{name}.txt", *lines))
        made[name] = recipe(found).replace(str(tmp_path / f"{name}.txt"), "TEST")
        assert found.unknown[500] == pytest.approx(
            {"same": 0.0, "other": 1.0}[name], abs=0.02
        )  # is described
    assert made["same"] == made["other"]
    assert "tokenizer: {name: word, max_size: " in made["same"]
    drawn = recipe(examine(path))  # the same tenth is set aside where no test file is given
    kept = [line for line in made["same"].splitlines() if line.startswith(("tokenizer: ", "# 500 words: "))]
    assert len(kept) == 2 and all(line in drawn.splitlines() for line in kept)


def test_text_without_spaces_shifts_by_characters(tmp_path: Path) -> None:
    moon, sun = (
        [f"{a}{b}{c}{mark}" for a in "山水花鸟风" for b in "云雨雪霜露" for c in "东西南北"]
        for mark in ("月夜", "日昼")
    )
    found = examine(write(tmp_path / "a.txt", *moon), test=write(tmp_path / "b.txt", *sun))
    assert found.by_letter and found.shift is not None and found.shift.auc == 1.0
    assert (set(found.shift.train_words), set(found.shift.test_words)) == ({"月", "夜"}, {"日", "昼"})


def test_out_of_vocabulary_by_hand() -> None:
    train, held = Counter("aaabbcd"), Counter("abcx")
    assert out_of_vocabulary(train, held, [1, 2, 3, 4]) == {1: 0.75, 2: 0.5, 3: 0.25, 4: 0.25}
    assert out_of_vocabulary(train, Counter(), [1]) == {}


def test_repeats_and_overlap_by_hand() -> None:
    assert repeats(array("q", [3, 5, 3, 3])) == 2
    assert shared(array("q", [3, 3, 4]), array("q", [3, 5])) == 2


def test_the_held_out_part_and_its_counts_add_up() -> None:
    lines = [Line(i, f"w{i % 7} x") for i in range(1, 1001)]
    counts = count(iter(lines), None, held_out=0.3)
    assert len(counts.train) + len(counts.held) == 1000 and 230 < len(counts.held) < 370
    both = counts.train.words + counts.held.words
    assert both == Counter(word for line in lines for word in line.text.split())
    letters = counts.train.characters + counts.held.characters
    assert letters == Counter("".join(line.text for line in lines))
    again = count(iter(lines), None, held_out=0.3)
    assert again.held.numbers == counts.held.numbers


def test_a_reservoir_takes_every_line_alike() -> None:
    taken = Counter[str]()
    for seed in range(2000):
        reservoir = Reservoir(5, seed)
        for i in range(50):
            reservoir.add(str(i))
        assert len(reservoir.texts) == 5 and reservoir.texts == sorted(reservoir.texts, key=int)
        taken.update(reservoir.texts)
    # 200 times each, with a deviation of sqrt(2000 * .1 * .9) = 13.4; seeds are fixed, 5 deviations are far out
    assert len(taken) == 50 and all(abs(times - 200) < 5 * 13.4 for times in taken.values())


def test_near_copies_are_those_but_for_a_word() -> None:
    draw = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    other = [" ".join("".join(draw.choices(letters, k=6)) for _ in range(15)) for _ in range(100)]
    copies = [" ".join(["changed", *text.split()[1:]]) for text in other[:25]]
    assert near_copies(other) == 0.0
    assert near_copies([*other, *copies]) == 25 / 125
    assert near_copies([*other, *(text.upper() + "!" for text in other)]) == 0.0  # they fold to the same
    assert near_copies(["ab", "abc"]) == 0.0


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("so <br /> good", "HTML tags"),
        ("<b>bold</b>", "HTML tags"),
        ("this &amp; that", "HTML entities"),
        ("see http://example.org", "web addresses"),
        ("a\x07bell", "control characters"),
        ("lost \ufffd letter", "replacement characters (U+FFFD)"),
        ("cafÃ© au lait", "mojibake (UTF-8 read as another encoding)"),
        ("itâ€™s", "mojibake (UTF-8 read as another encoding)"),
        ("Ð¿Ñ€Ð¸Ð²ÐµÑ‚", "mojibake (UTF-8 read as another encoding)"),
        ("a " + "x" * 51, "very long words"),
        ("a < b and c > d, R&D; AT&T", None),
        ("voilà\u00a0» São Paulo, naïve “x” Übung É…", None),
        ("x" * 30 + " " + "y" * 30, None),
        ("👨\u200d👩\u200d👧 می\u200cخواهم", None),
    ],
)
def test_suspicious_lines(text: str, kind: str | None) -> None:
    found = Suspects()
    found.check(7, text)
    assert found.lines == ({} if kind is None else {kind: [7]})


def test_suspicious_lines_have_their_numbers(tmp_path: Path) -> None:
    lines = ["a plain line here", "", "<p>one</p> more here", "another plain line"] * 10
    found = examine(write(tmp_path / "a.txt", *lines))
    assert found.suspects == {"HTML tags": {"lines": 10, "first": [3, 7, 11, 15, 19]}}
    assert (found.empty, found.empty_lines) == (10, [2, 6, 10, 14, 18])


def test_scripts_and_directions() -> None:
    characters = Counter("ab, дом 漢字 שלום")
    assert scripts.shares(characters) == {
        "Hebrew": 4 / 11, "Cyrillic": 3 / 11, "Latin": 2 / 11, "Han": 2 / 11,
    }  # fmt: skip
    assert scripts.right_to_left(characters) == 4 / 11
    assert scripts.combining(Counter("e\u0301a\u0308\u0308")) == 3
    assert scripts.emoji(Counter("👍👍 ❤ a")) == 3
    assert scripts.mixed(["hello дом", "hello", "x дом", "漢字とかな"]) == 0.25
    assert scripts.languages(["the dog and the cat", "der Hund ist auf dem Dach", "xyz"]) == {
        "English": 0.5, "German": 0.5,
    }  # fmt: skip


def examined(folder: Path, *rows: tuple[str, str]) -> Examination:
    return examine(write(folder / "l.csv", "text,kind", *(f"{t},{k}" for t, k in rows)), label="kind")


def test_labels_and_their_balance(tmp_path: Path) -> None:
    found = examined(tmp_path, *((f"a sentence {i}", "pos" if i % 4 else "neg") for i in range(200)))
    assert found.labels is not None and found.labels.counts == {"pos": 150, "neg": 50}
    assert found.labels.evenness == pytest.approx(
        -(0.75 * math.log(0.75) + 0.25 * math.log(0.25)) / math.log(2)
    )
    assert found.labels.usable and not found.labels.small


@pytest.mark.parametrize(
    ("kinds", "reason"),
    [
        (["one"] * 30, "there is only one label"),
        ([str(i) for i in range(30)], "30 different values in 30 sentences are too many for classes"),
    ],
)
def test_labels_that_are_none(tmp_path: Path, kinds: list[str], reason: str) -> None:
    found = examined(tmp_path, *((f"a sentence {i}", kind) for i, kind in enumerate(kinds)))
    assert found.labels is not None and (found.labels.usable, found.labels.reason) == (False, reason)


def test_a_rare_label_stays_in_training(tmp_path: Path) -> None:
    labels = np.array([1] + [0] * 39)
    kept = split_that_keeps(labels, 6)
    assert kept is not None
    size, seed = kept
    rest = np.random.default_rng(seed).permutation(40)[6:]
    assert size == 300 and 0 in rest
    rows = "".join(f"sentence {i},{label}\n" for i, label in enumerate(labels))
    (tmp_path / "l.csv").write_text("text,kind\n" + rows)
    corpus = File(str(tmp_path / "l.csv"), "text", "kind", seed=seed)
    assert set(corpus.train.labels or ()) == {0, 1}
    assert split_that_keeps(np.arange(40), 6) is None


@pytest.mark.parametrize(
    ("lines", "tokenizer", "length"),
    [
        ([f"{a}{b}son" for a in ("An", "Be", "Ca") for b in ("na", "r", "lo", "ti")], "character", 8),
        (["床前明月光，疑是地上霜。", "举头望明月，低头思故乡。"] * 5, "character", 13),
        (["a dog sits on the old mat .", "a cat sits on the mat ."] * 20, "word", 9),
        ([" ".join(f"w{i}" for i in range(200))] * 20, "bpe", 513),
        ([f"wort{i} wort{i + 1} wort{i * 7}x und{i}" for i in range(0, 400, 5)], "character", 33),
    ],
    ids=["names", "verse", "sentences", "documents", "all new words"],
)
def test_what_is_proposed(tmp_path: Path, lines: list[str], tokenizer: str, length: int) -> None:
    plan = examine(write(tmp_path / "a.txt", *lines)).proposal
    assert (plan.tokenizer["name"], plan.length, plan.truncate) == (tokenizer, length, tokenizer == "bpe")
    forced = examine(tmp_path / "a.txt", tokenizer="bpe").proposal
    assert forced.tokenizer["name"] == "bpe"


def test_every_format_is_streamed_as_it_is_read(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    texts, labels = ["one, two", 'say "x"', "", "vier"], ["a", "b", "a", "b"]
    rows = [dict(text=text, kind=kind) for text, kind in zip(texts, labels, strict=True)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "t.parquet")
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "t.csv").write_text('text,kind\n"one, two",a\n"say ""x""",b\n,a\nvier,b\n')
    (tmp_path / "t.tsv").write_text('text\tkind\r\none, two\ta\r\nsay "x"\tb\r\n\ta\r\nvier\tb\r\n')
    for ending, first in (("parquet", 1), ("jsonl", 1), ("csv", 2), ("tsv", 2)):
        lines = list(Streamed(tmp_path / f"t.{ending}", label="kind"))
        assert [line.text for line in lines] == texts and [line.label for line in lines] == labels
        assert [line.number for line in lines] == list(range(first, first + 4))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_marks_say_the_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.txt").write_text("é one\nб two\n", encoding=encoding, newline="\r\n")
    read = Streamed(tmp_path / "a.txt")
    assert read.encoding == encoding
    assert [line.text.strip() for line in read] == ["é one", "б two"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(Path("ok.txt"), *(f"a dog number {i} barks ." for i in range(30)))
    write(Path("t.csv"), "text,kind", *(f"a dog {i},x" for i in range(30)))
    Path("binary.txt").write_bytes(b"\x00\x01\x02" * 100)
    Path("image.txt").write_bytes(bytes(range(128, 256)) * 3 + b"\x00")
    Path("latin.txt").write_bytes("one\ncafé\n".encode("latin-1"))
    Path("empty.txt").write_bytes(b"")
    Path("blank.txt").write_bytes(b"\n \n\n")
    write(Path("few.txt"), "one", "two")
    write(Path("same.txt"), *["same"] * 20)
    Path("long.txt").write_bytes(b"x" * 1_100_000)
    Path("half.jsonl").write_text('{"text": "a \\ud83d b"}\n')
    Path("taken.yaml").write_text("kept")
    Path("sub").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("nowhere.md", "file: nowhere.md does not exist; relative paths start in the current folder"),
        ("okk.txt", "file: okk.txt does not exist; did you mean 'ok.txt'?"),
        ("sub", "file: sub is a folder; give a file in it"),
        ("empty.txt", "file: empty.txt contains no sentences; expected one per line"),
        ("blank.txt", "file: blank.txt contains no sentences; expected one per line"),
        ("same.txt", "file: same.txt repeats a single word; give text with at least two different words"),
        ("few.txt", "file: few.txt holds 2 sentences; give 4 or more"),
        ("binary.txt", "file: binary.txt is binary (NUL at line 1); give a text file, or --encoding utf-16"),
        ("image.txt", "file: image.txt is binary (NUL at line 1); give a text file"),
        (
            "latin.txt",
            "file: latin.txt is not utf-8 (line 2, byte 4); name the encoding, such as --encoding latin-1",
        ),
        ("long.txt", "file: long.txt, line 1 is longer than 1,000,000 characters"),
        ("half.jsonl", "file: half.jsonl, line 1 contains half a character"),
        (
            "ok.txt --encoding utf8x",
            "--encoding: 'utf8x' is unknown; common ones are utf-8, latin-1 and utf-16",
        ),
        ("ok.txt --column text", "--column: ok.txt is plain text and has no columns"),
        ("ok.txt --label kind", "--label: ok.txt is plain text and has no columns"),
        (
            "t.csv --column txt",
            "--column: t.csv has no column 'txt'; it has 'text', 'kind'. Did you mean 'text'?",
        ),
        (
            "t.csv --label kindd",
            "--label: t.csv has no column 'kindd'; it has 'text', 'kind'. Did you mean 'kind'?",
        ),
        ("ok.txt --test gone.txt", "--test: gone.txt does not exist"),
        ("ok.txt --test ok.txt", "--test: ok.txt is the training file itself"),
        ("ok.txt --test empty.txt", "--test: empty.txt contains no sentences"),
        (
            "ok.txt --tokenizer charcter",
            "--tokenizer: 'charcter' is not one of the tokenizers. Did you mean 'character'?",
        ),
        ("ok.txt --write-recipe taken.yaml", "--write-recipe: taken.yaml exists already"),
        ("ok.txt --write-recipe no/my.yaml", "--write-recipe: there is no folder no; make it first"),
        ("ok.txt --write-recipe my", "--write-recipe: my does not end in .yaml; name it my.yaml"),
    ],
)
def test_mistakes(folder: Path, words: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(folder.iterdir())
    assert run(["corpus", *words.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and len(printed.err.splitlines()) == 1
    assert printed.err.startswith(f"textgan: {line}")
    assert sorted(folder.iterdir()) == before and Path("taken.yaml").read_text() == "kept"


def test_what_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["corpus", "t.csv", "--label", "kind", "--json", "--write-recipe", "my.yaml"]) == 0
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert (told["sentences"], told["column"], told["labels"]["usable"]) == (30, "text", False)
    assert told["proposal"]["tokenizer"] == {"name": "word"} or told["proposal"]["tokenizer"]["name"] in (
        "bpe",
        "character",
    )
    assert "recipe: my.yaml" in printed.err
    assert run(["corpus", "ok.txt"]) == 0
    plain = capsys.readouterr().out
    titles = ["text", "lengths", "vocabulary", "repeats", "scripts", "suspicious lines", "proposal"]
    assert [line for line in plain.splitlines() if line and line[0] != " "] == titles


def test_a_terminal_gets_the_same_facts(folder: Path) -> None:
    found = examine("ok.txt")
    console = Console(width=400, record=True, file=io.StringIO())
    console.print(report.terminal(found))
    printed = " ".join(console.export_text().split())
    for _, rows in report.sections(found):
        assert all(" ".join(f"{what} {told}".split()) in printed for what, told in rows)


def test_the_recipe_is_whole_and_says_what_is_odd(folder: Path) -> None:
    odd = write(
        Path("odd name: é.csv"),
        "text,yes",
        *(f"the dog {i % 9} barks at {i % 4} .,{'ab'[i % 2]}" for i in range(90)),
    )
    assert run(["corpus", str(odd), "--label", "yes", "--write-recipe", "my.yaml"]) == 0
    Recipe.load("my.yaml", ["budget=smoke"]).check()
    written = yaml.safe_load(Path("my.yaml").read_text(encoding="utf-8"))
    assert written["corpus"] == {"path": str(odd), "column": "text", "label": "yes"}
    assert written["discriminator"]["labels"] == "project" and "class-accuracy" in written["metrics"]


def test_a_file_that_is_no_utf8_says_so_in_its_recipe(folder: Path) -> None:
    Path("l.txt").write_bytes(
        "".join(f"le café numéro {i % 5} est là .\n" for i in range(40)).encode("latin-1")
    )
    with pytest.raises(Mistake, match="line 1"):
        examine("l.txt")
    assert run(["corpus", "l.txt", "--encoding", "latin-1", "--write-recipe", "l.yaml"]) == 0
    corpus = Recipe.load("l.yaml").part("corpus")
    assert corpus is not None and "le café numéro 1 est là ." in corpus.build().train.texts
