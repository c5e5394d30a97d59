"""Text as nobody should give it, through `corpus`, `train`, `evaluate` and the options of `sample`."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from fuzzing import small, values
from fuzzing.trial import Case

MARKS = [b"", b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\0\0\xfe\xff"]
ENDS = ["\n", "\n", "\r\n", "\r", "\n\r", "\u2028", "\x0b", "\x0c", "\x85", "\0", ""]
PIECES = [
    "the", "a", "dog", ".", ",", "<pad>", "<bos>", "<eos>", "<unk>", "[UNK]", "##ing", "\u0301", "e\u0301",
    "\u202e", "\u200b", "\ufeff", "🙂", "👨‍👩‍👧", "\U000e0001", "日本語", "ﷺ", "\t", "\x07", "\x1b[31m",
    "\ufffd", "\ud800", "'", '"', '""', "\\", "<script>alert(1)</script>", "&amp;", "[bold]x[/bold]", "[/]",
    "%s", "{}", "a" * 500, "!" * 50, "1e9", "nan", "-", "--out", "=", "Z̸̧̡a̷l̶g̵o̴", "\x00", "İ", "ß", "ﬁ",
]  # fmt: skip
NAMES = [
    "t.txt", "t.txt", "t.txt", "t.csv", "t.csv", "t.tsv", "t.jsonl", "t.jsonl", "t.parquet", "t.gz",
    "t.txt.gz", "t.json", "t", "t.CSV", "é.txt",
]  # fmt: skip
SHORT = [
    "length=12", "overlong=truncate", "threads=1", "generator.hidden=4", "generator.embedding=4",
    "train.mle.epochs=1", "train.mle.batch=16", "metrics=[bleu,self-bleu,distinct,nll]",
    "evaluate.samples=4", "evaluate.final=4",
]  # fmt: skip

GAME = [
    *("discriminator.filters=2", "train.discriminator.steps=1", "train.discriminator.batch=4"),
    *("train.adversarial.steps=1", "train.adversarial.d_steps=1", "train.adversarial.batch=4"),
]


@st.composite
def sentences(draw: st.DrawFn) -> str:
    words = st.one_of(st.sampled_from(PIECES), st.sampled_from(PIECES), st.text(max_size=8))
    return " ".join(draw(st.lists(words, max_size=8)))


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    what = draw(
        st.sampled_from(["odd", "odd", "odd", "fine", "few", "same", "huge", "one", "none", "characters"])
    )
    if what == "odd":
        return [*small.LINES[: draw(st.sampled_from([0, 5, 36]))], *draw(st.lists(sentences(), max_size=12))]
    if what == "fine":
        return small.LINES
    if what == "few":
        return small.LINES[: draw(st.integers(1, 8))]
    if what == "same":
        return [draw(sentences())] * draw(st.integers(1, 40))
    if what == "huge":
        return ["x " * draw(st.sampled_from([1000, 20_000, 600_000])), *small.LINES]
    if what == "one":
        return [draw(sentences())]
    if what == "none":
        return draw(st.sampled_from([[], [""], [" "] * 5, ["\t"], ["\u200b"] * 9]))
    return [draw(st.text(max_size=3)) for _ in range(20)]


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes]:
    """A name and what is in it: mostly text in the form that the name promises, and then some harm."""
    name = draw(st.sampled_from(NAMES))
    end = draw(st.sampled_from(ENDS))
    rows = draw(lines())
    text = _in_form(name.lower().removesuffix(".gz"), rows, end, draw)
    coded = text.encode(
        draw(st.sampled_from(["utf-8"] * 5 + ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])), "surrogatepass"
    )
    content = draw(st.sampled_from(MARKS)) + coded
    harm = draw(st.sampled_from(["no"] * 6 + ["cut", "flip", "latin", "bytes", "nul", "parquet"]))
    if harm == "cut":
        content = content[: draw(st.integers(0, len(content)))]
    elif harm == "flip" and content:
        changed = bytearray(content)
        for _ in range(draw(st.integers(1, 5))):
            changed[draw(st.integers(0, len(changed) - 1))] ^= 1 << draw(st.integers(0, 7))
        content = bytes(changed)
    elif harm == "latin":
        content = text.encode("latin-1", "replace") + b"\xe9\n"
    elif harm == "bytes":
        content = draw(st.binary(max_size=300))
    elif harm == "nul":
        content += b"\0\n"
    elif harm == "parquet":
        content = b"PAR1" + content[:100] + b"PAR1"
    return name, gzip.compress(content) if name.endswith(".gz") and draw(st.booleans()) else content


def _in_form(name: str, rows: list[str], end: str, draw: st.DrawFn) -> str:
    quote = draw(st.sampled_from(["no", "right", "broken"]))

    def cell(text: str) -> str:
        if quote == "right":
            return '"' + text.replace('"', '""') + '"'
        return f'"{text}' if quote == "broken" else text

    if name.endswith((".csv", ".tsv")):
        comma = "," if name.endswith("csv") else "\t"
        header = draw(
            st.sampled_from(
                [
                    ["text", "label"],
                    ["text"],
                    ["label", "text"],
                    ["text", "text"],
                    ["", ""],
                    ["a", "b", "c"],
                    [],
                ]
            )
        )
        kinds = draw(
            st.sampled_from(
                [
                    ["pos", "neg"],
                    ["1", "2"],
                    [""],
                    ["a\nb"],
                    ["٣", "²"],
                    ["-", "--1"],
                    ["x"],
                    ["1" + "0" * 5000, "1"],
                ]
            )
        )
        told = [
            comma.join([cell(text), *[kinds[i % len(kinds)]] * (len(header) - 1)])
            for i, text in enumerate(rows)
        ]
        return end.join([comma.join(header), *told]) + end
    if name.endswith((".jsonl", ".json")):
        odd = draw(st.sampled_from([None, None, "deep", "number", "list", "half", "nan", "dup"]))
        kinds = draw(
            st.sampled_from([["pos", "neg"], [1, 2], [None], [[1]], [1.5, True], [{"a": 1}], ["\ud800"]])
        )
        records: list[Any] = [{"text": text, "label": kinds[i % len(kinds)]} for i, text in enumerate(rows)]
        told = [json.dumps(record) for record in records]
        extra = {
            "deep": "[" * 100_000, "number": '{"text": ' + "1" * 5000 + "}", "list": "[1]", "half": '{"text": "a',
            "nan": '{"text": NaN}', "dup": '{"text": "a", "text": 1}',
        }  # fmt: skip
        return end.join([*told, *([extra[odd]] if odd else [])]) + end
    return end.join(rows) + draw(st.sampled_from([end, ""]))


def _option(draw: st.DrawFn, name: str, known: list[str]) -> list[str]:
    if draw(st.integers(0, 3)):
        return []
    word = draw(st.one_of(st.sampled_from(known), st.sampled_from(values.WORDS), st.text(max_size=10)))
    return [name, _word(word)]


def _word(text: str) -> str:
    """As it may stand on a command line: no NUL, and bytes that are no UTF-8 as Python hands them on."""
    return (
        text.replace("\0", "")
        .encode("utf-8", "surrogateescape" if _escaped(text) else "replace")
        .decode("utf-8", "surrogateescape")
    )


def _escaped(text: str) -> bool:
    return all(not 0xD800 <= ord(sign) <= 0xDFFF or 0xDC80 <= ord(sign) <= 0xDCFF for sign in text)


@st.composite
def examined(draw: st.DrawFn) -> Case:
    (name, content), (other, more) = draw(files()), draw(files())
    words = ["corpus", name]
    words += _option(draw, "--column", ["text", "label", "a"]) + _option(draw, "--label", ["label", "b"])
    words += _option(draw, "--tokenizer", ["word", "character", "bpe"]) + _option(
        draw, "--encoding", ["utf-8", "latin-1", "utf-16"]
    )
    words += _option(draw, "--write-recipe", ["r.yaml", "no/r.yaml", "../outside/precious.txt"])
    if not draw(st.integers(0, 4)):
        words += ["--test", "o" + other]
    words += draw(st.sampled_from([[], [], ["--json"]]))
    return Case("corpora", tuple(words), {name: content, "o" + other: more})


@st.composite
def trained(draw: st.DrawFn) -> Case:
    (name, content), (other, more) = draw(files()), draw(files())
    words = [
        "train",
        draw(st.sampled_from(["mle-short", "mle-short", "mle-short", "gumbel-short"])),
        f"corpus.path={name}",
        *SHORT,
    ]
    if words[1].startswith("gumbel"):
        words += GAME
    words.append(
        "tokenizer="
        + draw(
            st.sampled_from(
                [
                    "word",
                    "word",
                    "character",
                    "{name: bpe, size: 280}",
                    "numbered",
                    "{name: word, lowercase: true}",
                ]
            )
        )
    )
    extra = [
        *("corpus.label=label", "corpus.column=text", "corpus.encoding=latin-1", "corpus.encoding=utf-16"),
        *("corpus.validation=2", "corpus.test=3", f"corpus.test=o{other}", f"corpus.validation=o{other}"),
        *("corpus.size=10", "corpus.validation=0.5"),
    ]
    chosen = draw(st.lists(st.sampled_from(extra), max_size=3, unique_by=lambda word: word.split("=")[0]))
    return Case(
        "corpora", (*words, *chosen, "--out", "new"), {name: content, "o" + other: more}, figures=False
    )


@st.composite
def evaluated(draw: st.DrawFn) -> Case:
    (name, content), (other, more) = draw(files()), draw(files())
    words = ["evaluate", name, *(["o" + other] if draw(st.booleans()) else [])]
    words += (
        ["--references", draw(st.sampled_from(["c.txt", "o" + other]))] if draw(st.integers(0, 5)) else []
    )
    words += _option(draw, "--train", ["c.txt", name])
    words += _option(
        draw, "--metrics", ["bleu", "self-bleu,distinct", "all", "frechet", "mauve", "grammaticality"]
    )
    words += _option(draw, "--preset", ["texygen", "relgan", "textgan-pytorch"]) + _option(
        draw, "--label", ["label"]
    )
    words += _option(draw, "--column", ["text"]) + draw(
        st.sampled_from([[], [], ["--ci"], ["--json"], ["--format", "latex"], ["--format", "csv"]])
    )
    return Case("corpora", tuple(words), {name: content, "o" + other: more, **small.FILES})


@st.composite
def sampled(draw: st.DrawFn, runs: Sequence[str]) -> Case:
    """The options of `sample`, on an honest run."""
    number = st.sampled_from(
        [
            "-1",
            "0",
            "1",
            "2",
            "0.5",
            "nan",
            "inf",
            "-inf",
            "1e400",
            "1e-300",
            "1e300",
            "x",
            "",
            "9" * 30,
            "0.0001",
        ]
    )
    words = ["sample", "run", "-n", draw(st.sampled_from(["2", "2", "2", "0", "-1", "x", "9" * 30]))]
    for option in (
        "--temperature",
        "--top-k",
        "--top-p",
        "--best-of",
        "--resample",
        "--reject",
        "--min-score",
        "--seed",
    ):
        if not draw(st.integers(0, 4)):
            words += [option, draw(number)]
    words += _option(draw, "--prefix", ["the old", "the " * 50, "zzz", "<eos>"]) + _option(
        draw, "--label", ["pos", "neg"]
    )
    words += _option(
        draw,
        "--balance",
        [
            "even",
            "train",
            "pos=3,neg=1",
            "pos=nan",
            "pos=-1",
            "pos=",
            "=",
            "pos=1,pos=2",
            "pos=1e400",
            "pos=0,neg=0",
        ],
    )
    words += _option(draw, "--checkpoint", ["last", "best", "pretrained"])
    words += draw(st.sampled_from([[], [], ["--unique"], ["--novel"], ["--jsonl"]]))
    return Case("corpora", tuple(words), run=draw(st.sampled_from(runs)))


def cases(runs: Sequence[str]) -> st.SearchStrategy[Case]:
    return st.one_of(examined(), trained(), evaluated(), sampled(runs))
