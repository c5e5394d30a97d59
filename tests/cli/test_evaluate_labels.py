"""`textgan evaluate --label`: every label against real text of its own, and files that do not agree."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from textgan.cli import run
from textgan.metrics import bleu, self_bleu

CI = pytest.CaptureFixture[str]
POS = ["a fine film indeed", "what a fine film", "a film to love", "fine and fun"]
NEG = ["a dull film", "dull and long", "a long dull bore indeed"]


def table(name: str, rows: list[tuple[str, str]], label: str = "label") -> None:
    lines = [f"{label},text", *(f"{kind},{text}" for kind, text in rows)]
    Path(name).write_text("\n".join(lines) + "\n")


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [("pos", text) for text in POS] + [("neg", text) for text in NEG]
    table("real.csv", rows)
    table(
        "a.csv",
        [("neg", "a dull bore"), ("pos", "a fine fun film"), ("pos", "love a film"), ("neg", "long bore")],
    )
    table("b.csv", [("pos", "a film"), ("pos", "a fine film indeed")])
    table("odd.csv", [("pso", "a film"), ("pos", "a fine film")])
    table("gap.csv", [("pos", "a film"), ("", "a fine film")])
    table("other.csv", rows, "kind")
    Path("wide.csv").write_text("label,said,by\npos,a film,me\npos,a fine film,you\n")
    Path("words.csv").write_text("label,words\npos,a film\n")
    Path("plain.txt").write_text("\n".join(POS + NEG) + "\n")
    Path("a.jsonl").write_text('{"text": "a film"}\n')


def told(capsys: CI, words: str) -> tuple[str, str]:
    assert run(["evaluate", *words.split()]) == 0
    printed = capsys.readouterr()
    return printed.out, printed.err


def test_each_label_is_held_against_its_own_real_text(capsys: CI) -> None:
    out, err = told(capsys, "a.csv --references real.csv --label label --metrics bleu,self-bleu --json")
    found = json.loads(out)
    assert err == "" and list(found["labels"]) == ["neg", "pos"]
    pos, neg = ["a fine fun film", "love a film"], ["a dull bore", "long bore"]
    assert found["labels"]["pos"]["bleu-2"]["value"] == pytest.approx(bleu(pos, POS)[2], abs=1e-12)
    assert found["labels"]["neg"]["bleu-3"]["value"] == pytest.approx(bleu(neg, NEG)[3], abs=1e-12)
    assert found["labels"]["neg"]["self-bleu-2"]["value"] == pytest.approx(self_bleu(neg)[2], abs=1e-12)
    assert "|hyps:2|refs:4|" in found["labels"]["pos"]["bleu-2"]["signature"]
    assert found["bleu-2"]["value"] == pytest.approx(bleu([neg[0], *pos, neg[1]], POS + NEG)[2], abs=1e-12)
    assert "|hyps:2|refs:2|" in found["labels"]["pos"]["bleu-2"]["real"]["signature"]


def test_references_without_labels_serve_every_label_and_it_is_said(capsys: CI) -> None:
    for real in ("plain.txt", "other.csv --column text"):
        out, err = told(capsys, f"a.csv --references {real} --label label --metrics bleu --json")
        assert "|hyps:2|refs:7|" in json.loads(out)["labels"]["pos"]["bleu-2"]["signature"]
        assert (
            err.startswith("textgan: warning: --label: --references has no labels") and err.count("\n") == 1
        )


def test_tables_of_several_files(capsys: CI) -> None:
    words = "a.csv b.csv --references real.csv --label label --metrics bleu,distinct"
    out, _ = told(capsys, words)
    assert "label pos (2, 2 sentences)" in out and "label neg (2 sentences)" in out
    out, _ = told(capsys, f"{words} --format md")
    assert out.count("| a.csv |") == 3 and out.count("| b.csv |") == 2 and "\n### label neg" in out
    out, _ = told(capsys, f"{words} --format latex")
    assert out.count("\\begin{tabular}") == 3 and "\n% label pos" in out
    rows = list(csv.DictReader(io.StringIO(told(capsys, f"{words} --format csv")[0])))
    assert [row["label"] for row in rows if row["file"] == "a.csv"] == ["", "neg", "pos"]
    assert float(rows[-1]["bleu-2"]) == pytest.approx(
        bleu(["a film", "a fine film indeed"], POS)[2], abs=1e-12
    )
    out, _ = told(capsys, "a.csv --references real.csv --label label --metrics bleu")
    assert out.count("bleu-2") == 3 and "\nlabel pos (2 sentences)\n" in out


def test_the_text_column_is_named(capsys: CI) -> None:
    out, _ = told(capsys, "wide.csv --column said --references plain.txt --metrics bleu --json")
    assert json.loads(out)["bleu-2"]["value"] == pytest.approx(bleu(["a film", "a fine film"], POS + NEG)[2])


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("odd.csv --references real.csv --label label", "--label: odd.csv has sentences labelled 'pso', but "
         "--references has none. Did you mean 'pos'?"),
        ("a.csv --references b.csv --label label", "labelled 'neg', but --references has none. Known: pos."),
        ("a.csv --train b.csv --label label", "labelled 'neg', but --train has none."),
        ("plain.txt --label label", "--label: plain.txt is plain text (7 lines) and has no columns; give .jsonl"),
        ("gap.csv --label label", "--label: gap.csv, line 3 has no label; fill it in, or remove the line"),
        ("a.jsonl --label label", "--label: a.jsonl has no column 'label'; it has 'text'"),
        ("a.csv --label lable", "--label: a.csv has no column 'lable'; it has 'label', 'text'. Did you mean 'label'?"),
        ("words.csv", "--column: words.csv has columns 'label', 'words'; name the one with the text"),
        ("wide.csv", "--column: wide.csv has columns 'label', 'said', 'by'; name the one with the text"),
        ("wide.csv --column sad", "--column: wide.csv has no column 'sad'; it has 'label', 'said', 'by'."),
        ("plain.txt --column text", "--column: none of the files has columns; leave it out, or give .jsonl"),
        ("gone.csv --label label", "target: there is no file or run folder gone.csv"),
    ],
)  # fmt: skip
def test_files_that_do_not_agree_are_one_line(words: str, line: str, capsys: CI) -> None:
    assert run(["evaluate", *words.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert line in printed.err
