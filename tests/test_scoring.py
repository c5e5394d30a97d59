"""Files of sentences: scores beside real text, intervals, tables, bad input, speed."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from textgan.cli import run
from textgan.metrics import ngram
from textgan.metrics.samples import Score
from textgan.metrics.yardstick import REAL
from textgan.report import side_by_side, tabular
from textgan.report.table import best
from textgan.scoring import evaluate_files, evaluate_texts

CI = pytest.CaptureFixture[str]


def corpus(seed: int, amount: int, words: int = 30) -> list[str]:
    draw = np.random.default_rng(seed)
    known = [f"w{i}" for i in range(words)]
    return [" ".join(draw.choice(known, size=size)) for size in draw.integers(3, 12, size=amount)]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = {"a.txt": corpus(1, 20), "b.txt": corpus(2, 20, 10), "real.txt": corpus(3, 50)}
    for name, texts in (lines | {"train.txt": corpus(4, 60)}).items():
        Path(name).write_text("\n".join(texts) + "\n")


def read(name: str) -> list[str]:
    return Path(name).read_text().splitlines()


def told(capsys: CI, *words: str) -> tuple[str, str]:
    assert run(["evaluate", *words]) == 0
    printed = capsys.readouterr()
    return printed.out, printed.err


# --- values, and real text beside them


def test_json_of_one_file(capsys: CI) -> None:
    out, err = told(capsys, "a.txt", "--references", "real.txt", "--json", "--ci")
    scores = json.loads(out)
    assert err == ""
    assert {f"{m}-{n}" for m in ("bleu", "self-bleu") for n in (2, 3, 4, 5)} <= set(scores)
    expected = ngram.bleu(read("a.txt"), read("real.txt"))
    for n in (2, 3, 4, 5):
        score = scores[f"bleu-{n}"]
        assert score["value"] == pytest.approx(expected[n], abs=1e-12)
        assert score["ci"][0] < score["value"] < score["ci"][1]
    assert "ci" not in scores["distinct-2"] and "ci" not in scores["duplicates"]


def test_json_of_several_files_is_by_file(capsys: CI) -> None:
    both = json.loads(told(capsys, "a.txt", "b.txt", "--references", "real.txt", "--json")[0])
    one = json.loads(told(capsys, "b.txt", "--references", "real.txt", "--json")[0])
    assert list(both) == ["a.txt", "b.txt"] and both["b.txt"] == one


def test_real_text_is_halves_for_what_compares_and_drawn_for_what_does_not() -> None:
    (file,) = evaluate_files([Path("a.txt")], Path("real.txt")).files
    real = read("real.txt")
    mixed = random.Random(0).sample(real, 50)
    expected = ngram.bleu(mixed[:25][:20], mixed[25:])[3]
    assert file.real["bleu-3"].value == pytest.approx(expected, abs=1e-12)
    assert "|hyps:20|refs:25|" in file.real["bleu-3"].signature
    assert file.real["bleu-3"].signature.endswith("|real:halves(seed:0)|v:0.1")
    expected = ngram.self_bleu(random.Random(0).sample(real, 20), cut=ngram.SPLIT)[3]
    assert file.real["self-bleu-3"].value == pytest.approx(expected, abs=1e-12)
    assert file.real["self-bleu-3"].signature.endswith("|loo|real:references(seed:0)|v:0.1")


def test_real_text_is_the_training_set_where_it_is_given() -> None:
    (file,) = evaluate_files([Path("a.txt")], Path("real.txt"), Path("train.txt")).files
    drawn = random.Random(0).sample(read("train.txt"), 20)
    expected = ngram.bleu(drawn, read("real.txt"))[2]
    assert file.real["bleu-2"].value == pytest.approx(expected, abs=1e-12)
    assert "|hyps:20|refs:50|" in file.real["bleu-2"].signature
    assert "|real:train(seed:0)|" in file.real["bleu-2"].signature
    assert "|real:train(seed:0)|" in file.real["self-bleu-2"].signature
    # sentences of the training set would all be copies: references stand in for samples
    assert file.real["novelty"].value == 1.0
    assert "|real:references(seed:0)|" in file.real["novelty"].signature


def test_a_row_of_real_text_with_fewer_references_is_no_yardstick(capsys: CI) -> None:
    halves = told(capsys, "a.txt", "b.txt", "--references", "real.txt", "--metrics", "bleu,distinct")[0]
    assert "Not comparable with the row of real text, which had fewer" in " ".join(halves.split())
    assert ": BLEU-2..5. Give --train FILE" in " ".join(halves.split())
    rows = side_by_side.rows(evaluate_files([Path("a.txt"), Path("b.txt")], Path("real.txt")).files)
    assert best(rows, "bleu-2") == set() and best(rows, "distinct-2") != set()
    learnt = told(capsys, "a.txt", "b.txt", "--references", "real.txt", "--train", "train.txt")[0]
    assert "Not comparable with" not in learnt
    one = told(capsys, "a.txt", "--references", "real.txt")[0]
    assert "Not comparable with the row" in one


def test_empty_lines_of_a_samples_file_are_sentences_as_those_of_a_run_are(capsys: CI) -> None:
    texts = [*read("a.txt")[:10], "", *read("a.txt")[10:]]
    Path("hollow.txt").write_text("\n".join(texts) + "\n\n", encoding="utf-8")
    (file,) = (found := evaluate_files([Path("hollow.txt")], Path("real.txt"))).files
    expected = evaluate_texts(texts, read("real.txt")).files[0]
    assert file.scores == expected.scores and "|hyps:21|" in file.scores["bleu-2"].signature
    assert any("1 of 21 lines are empty" in warning for warning in found.warnings)


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
@pytest.mark.parametrize("wide", [False, True])
def test_empty_texts_of_a_table_are_sentences_as_empty_lines_are(ending: str, wide: bool) -> None:
    texts = ["", *read("a.txt")[:10], "", " ", *read("a.txt")[10:], ""]
    Path("hollow.txt").write_text("\n".join([*texts, "."]) + "\n", encoding="utf-8")
    path = table(Path(f"hollow.{ending}"), [*texts, "."], wide)
    (plain, file) = evaluate_files([Path("hollow.txt"), path], Path("real.txt"), column="text").files
    assert file.scores == plain.scores and "|hyps:25|" in file.scores["bleu-2"].signature
    if wide:  # a record without text is one at the end too
        (file,) = evaluate_files([table(path, texts, wide)], Path("real.txt")).files
        assert file.amount == 24
        (file,) = (found := evaluate_files([path], Path("real.txt"), label="label")).files
        assert file.amount == 24 and file.labels["x"].amount == 24
        assert any("4 of 24 lines are empty" in warning for warning in found.warnings)
    # empty references are none, as those of plain text
    real = evaluate_files([Path("a.txt")], table(path, texts, wide)).files[0]
    assert "|refs:20|" in real.scores["bleu-2"].signature


def table(path: Path, texts: list[str], wide: bool) -> Path:
    rows = [{"text": text, **({"label": "x"} if wide else {})} for text in texts]
    if path.suffix == ".parquet":
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("\n\n".join(map(json.dumps, rows)) + "\n\n", encoding="utf-8")
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            between = "\t" if path.suffix == ".tsv" else ","
            writer = csv.DictWriter(file, list(rows[0]), delimiter=between, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            file.write("\n\n")  # line ends, and no records
    return path


def test_blank_lines_of_a_table_of_one_column_are_as_those_of_plain_text() -> None:
    for name in ("one.csv", "one.tsv"):
        Path(name).write_text("text\na b\n\nb a\n\n", encoding="utf-8")
        assert evaluate_files([Path(name)]).files[0].amount == 3
    Path("two.csv").write_text("text,by\na b,me\n\nb a,me\n\n", encoding="utf-8")
    assert evaluate_files([Path("two.csv")]).files[0].amount == 2


def test_an_empty_text_without_a_label_is_one_line(capsys: CI) -> None:
    Path("gap.csv").write_text("text,label\na b,x\n,\n", encoding="utf-8")
    assert run(["evaluate", "gap.csv", "--label", "label"]) == 2
    assert "--label: gap.csv, line 3 has no label; fill it in" in capsys.readouterr().err


def test_text_without_spaces_is_said_to_be_one_word_a_sentence() -> None:
    lines = ["一只白狗在跑", "两只黑猫在睡", "一个男人在走", "两个女人在看"]
    Path("uncut.txt").write_text("\n".join(lines), encoding="utf-8")
    Path("cut.txt").write_text("\n".join(" ".join(line) for line in lines), encoding="utf-8")
    told = {
        name: evaluate_files([Path(name)], Path("real.txt")).warnings for name in ("uncut.txt", "cut.txt")
    }
    assert any("its sentences have no spaces" in warning for warning in told["uncut.txt"])
    assert not any("no spaces" in warning for warning in told["cut.txt"])


def test_all_is_what_can_be_had() -> None:
    alone = evaluate_files([Path("a.txt")], names=["all"]).files[0]
    assert {"self-bleu-2", "distinct-1", "length"} <= set(alone.scores)
    assert not {"bleu-2", "novelty", "nll"} & set(alone.scores) and alone.real == {}


def test_a_preset_measures_bleu_and_self_bleu_alone_unless_told() -> None:
    def measured(names: list[str] | None) -> dict[str, Score]:
        return dict(evaluate_files([Path("a.txt")], Path("real.txt"), None, names, "texygen").files[0].scores)

    assert {key[:-2] for key in measured(None)} == {"bleu", "self-bleu"}
    more = measured(["self-bleu", "distinct"])
    assert "|preset:texygen|" in more["self-bleu-2"].signature
    assert "preset" not in more["distinct-1"].signature


def test_a_run_folder_is_scored_by_its_run(monkeypatch: pytest.MonkeyPatch, capsys: CI) -> None:
    asked: list[object] = []
    fake = types.ModuleType("textgan.runs.evaluate")

    def evaluate_run(
        run: Path, references: Path | None, names: list[str] | None, *, trust_code: bool
    ) -> dict[str, Score]:
        asked.extend([run, references, names, trust_code])
        return {"nll": Score(2.5, "nll|v:0.1"), "perplexity": Score(float("inf"), "perplexity|v:0.1")}

    fake.__dict__["evaluate_run"] = evaluate_run
    monkeypatch.setitem(sys.modules, "textgan.runs.evaluate", fake)
    Path("run").mkdir()
    Path("run/recipe.yaml").write_text("length: 20\n")
    out, _ = told(capsys, "run", "--references", "real.txt", "--metrics", "nll", "--json")
    assert json.loads(out) == {
        "nll": {"value": 2.5, "signature": "nll|v:0.1"},
        "perplexity": {"value": None, "signature": "perplexity|v:0.1"},
    }
    assert asked == [Path("run"), Path("real.txt"), ["nll"], False]
    assert told(capsys, "run")[0].splitlines()[0].split() == ["nll", "2.5000", "nll|v:0.1"]


# --- intervals


def test_intervals_of_means_that_others_compute() -> None:
    names = ["length", "novelty", "memorisation", "backward-bleu"]
    (file,) = evaluate_files([Path("a.txt")], Path("real.txt"), Path("train.txt"), names, ci=True).files
    with_ci = {"length", "novelty", "copied", "longest-copy", *(f"backward-bleu-{n}" for n in (2, 3, 4, 5))}
    assert {key for key, score in file.scores.items() if score.ci} == with_ci
    for score in [*file.scores.values(), *file.real.values()]:
        assert score.ci is None or score.ci[0] <= score.value <= score.ci[1]


# --- tables


def test_markdown_marks_bleu_nearest_to_real_text(capsys: CI) -> None:
    Path("copies.txt").write_text("\n".join(read("real.txt")[:20]) + "\n")
    words = (
        "b.txt copies.txt a.txt --references real.txt --train train.txt --metrics bleu,distinct --format md"
    )
    out, err = told(capsys, *words.split())
    head, _, real, *rows = (line.split(" | ") for line in out.splitlines()[:6])
    assert head[1] == "BLEU-2" and real[0] == f"| {REAL}"
    value = {row[0][2:]: row[1] for row in rows}
    assert value["copies.txt"] == "1.000" and value["a.txt"].startswith("**.")
    assert "copies.txt: every sentence scored also occurs in real.txt, so BLEU is 1 by construction" in err
    assert "`bleu|n:2..5|hyps:20|refs:50|" in out and "real:train(seed:0)" in out


def test_markdown_is_escaped(capsys: CI) -> None:
    odd = "a|b_*`c`.txt"
    Path(odd).write_text(Path("a.txt").read_text())
    out, _ = told(capsys, odd, "b.txt", "--references", "real.txt", "--format", "md")
    rows = [line for line in out.splitlines() if line.startswith("|")]
    assert len(rows) == 5 and len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    name = r"a\|b\_\*\`c\`.txt"
    assert rows[3].startswith(f"| {name} | ")
    assert f"\n{name}, b.txt: `bleu|n:2..5|hyps:20|" in out and odd not in out


def test_a_label_in_a_heading_is_escaped_and_on_one_line(capsys: CI) -> None:
    Path("odd.csv").write_text('text,label\na b c,"x_\ny*"\nb c d,"x_\ny*"\n', encoding="utf-8")
    words = ("odd.csv", "--label", "label", "--metrics", "distinct", "--format")
    assert "\n### label x\\_ y\\* (2 sentences)\n\n| " in told(capsys, *words, "md")[0]
    assert "\n% label x_ y* (2 sentences)\n\\begin" in told(capsys, *words, "latex")[0]


@pytest.mark.parametrize(
    ("text", "span"), [("a|b", "`a|b`"), ("a`b``c", "```a`b``c```"), ("`", "`` ` ``"), ("a\nb", "`a b`")]
)
def test_a_span_of_code_holds_its_own_marks(text: str, span: str) -> None:
    assert tabular.code(text) == span


def test_csv_is_read_back(capsys: CI) -> None:
    words = "a.txt b.txt --references real.txt --metrics bleu --ci --format csv"
    out, _ = told(capsys, *words.split())
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["file"] for row in rows] == [REAL, "a.txt", "b.txt"]
    expected = ngram.bleu(read("a.txt"), read("real.txt"))[4]
    assert float(rows[1]["bleu-4"]) == pytest.approx(expected, abs=1e-12)
    assert float(rows[1]["bleu-4 low"]) < expected < float(rows[1]["bleu-4 high"])
    assert rows[0]["bleu-4 signature"].endswith("real:halves(seed:0)|v:0.1")


def test_latex_is_escaped(capsys: CI) -> None:
    Path("my_50%.txt").write_text(Path("a.txt").read_text())
    out, _ = told(capsys, "my_50%.txt", "b.txt", "--references", "real.txt", "--format", "latex")
    assert "\nmy\\_50\\%.txt & " in out and "\\textbf{" in out
    body = [line for line in out.splitlines() if line.endswith("\\\\")]
    assert len(body) == 4 and len({line.count("&") for line in body}) == 1


def test_the_terminal_shows_all_columns_and_one_file_lists_signatures(capsys: CI) -> None:
    out, _ = told(capsys, "a.txt", "b.txt", "--references", "real.txt", "--ci")
    for name in ("BLEU-2", "self-BLEU-5", "distinct-4", "duplicates", "a.txt", "b.txt", REAL, "*"):
        assert name in out
    out, _ = told(capsys, "a.txt", "--references", "real.txt", "--metrics", "bleu")
    assert out.splitlines()[0].split("  ")[-1] == "signature" and f"{REAL}: bleu|n:2..5|" in out


def test_files_of_unequal_size_have_yardsticks_of_their_own(capsys: CI) -> None:
    Path("few.txt").write_text("\n".join(read("a.txt")[:10]) + "\n")
    out, _ = told(capsys, "a.txt", "few.txt", "--references", "real.txt", "--format", "md")
    assert f"| {REAL}, 20 |" in out and f"| {REAL}, 10 |" in out
    assert "Scored under differing signatures" in out


# --- warnings


def test_what_could_not_be_measured_is_absent_and_said(capsys: CI) -> None:
    words = "a.txt --references real.txt --preset textgan-pytorch --metrics bleu,self-bleu --json"
    out, err = told(capsys, *words.split())
    assert {key[:4] for key in json.loads(out)} == {"bleu"}
    assert err == "textgan: warning: metrics.self-bleu: cannot be measured of a.txt; left out\n"


def test_relgans_preset_comes_with_a_warning(capsys: CI) -> None:
    _, err = told(capsys, *["a.txt", "--references", "real.txt", "--preset", "relgan"])
    assert err.startswith("textgan: warning: --preset relgan: ") and "1 by construction" in err


# --- speed


def test_scoring_files_loads_no_torch() -> None:
    for name, seed in (("many.txt", 7), ("others.txt", 8)):
        Path(name).write_text("\n".join(corpus(seed, 500, 300)) + "\n")
    code = (
        "import sys; from textgan.cli import run; code = run(sys.argv[1:]);"
        "sys.exit(code or ('torch' in sys.modules and 'torch was loaded') or 0)"
    )
    words = [sys.executable, "-c", code, "evaluate", "many.txt", "--references", "others.txt"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_protocol_that_cuts_at_spaces_warns_of_marks_at_words(tmp_path: Path) -> None:
    real = ["a blue sky .", "the red car .", "two dogs run .", "a cat sits ."]
    texts = {"joined.txt": ["a blue sky.", "the dog runs."], "apart.txt": ["A blue sky .", "the dog runs ."]}
    files = [tmp_path / name for name in texts]
    for file, lines in zip(files, texts.values(), strict=True):
        file.write_text("\n".join(lines))
    (tmp_path / "real.txt").write_text("\n".join(real))

    def warned(preset: str | None) -> list[str]:
        found = evaluate_files(files, tmp_path / "real.txt", preset_name=preset).warnings
        return [line for line in found if "at a word" in line]

    (told,) = warned("texygen-paper")
    assert told.startswith(f"{files[0]}: --preset texygen-paper cuts at spaces, and in 100% of the sentences")
    assert len(warned("falling-short")) == 1
    assert warned("texygen") == warned(None) == []
