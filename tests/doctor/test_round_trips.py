"""Text of any kind: the doctor reads it, writes a recipe, the recipe trains, and samples are that kind of text."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
import yaml

from textgan.cli import run
from textgan.data.embedded import Molecules

_names = """
Anna Berta Carla Dora Emma Frieda Greta Hanna Ida Johanna Klara Lena Marta Nora Olga Paula Rosa Sara Tina Ute
Vera Wanda Alma Bruno Carl David Emil Felix Georg Hugo Ivan Jonas Karl Ludwig Max Niels Oskar Peter Rudolf Simon
Theo Ulrich Viktor Walter Zoë José François Jürgen Søren Øyvind
"""

# Tang verse: Li Bai, Wang Zhihuan, Meng Haoran, Wang Wei, Liu Zongyuan, Li Shen, Jia Dao, Li Shangyin, Luo Binwang
_verse = """床前明月光，疑是地上霜。 举头望明月，低头思故乡。 白日依山尽，黄河入海流。 欲穷千里目，更上一层楼。
春眠不觉晓，处处闻啼鸟。 夜来风雨声，花落知多少。 红豆生南国，春来发几枝。 愿君多采撷，此物最相思。
千山鸟飞绝，万径人踪灭。 孤舟蓑笠翁，独钓寒江雪。 空山不见人，但闻人语响。 返景入深林，复照青苔上。
锄禾日当午，汗滴禾下土。 谁知盘中餐，粒粒皆辛苦。 松下问童子，言师采药去。 只在此山中，云深不知处。
向晚意不适，驱车登古原。 夕阳无限好，只是近黄昏。 鹅鹅鹅，曲项向天歌。 白毛浮绿水，红掌拨清波。
独坐幽篁里，弹琴复长啸。 深林人不知，明月来相照。 人闲桂花落，夜静春山空。 月出惊山鸟，时鸣春涧中。
众鸟高飞尽，孤云独去闲。 相看两不厌，只有敬亭山。 移舟泊烟渚，日暮客愁新。 野旷天低树，江清月近人。
君自故乡来，应知故乡事。 来日绮窗前，寒梅著花未。 山中相送罢，日暮掩柴扉。 春草明年绿，王孙归不归。"""


def arabic() -> list[str]:
    """Sentences with and without vowel signs, which are combining marks."""
    who = ("الرجل", "المرأة", "الوَلَد", "البنت", "المُعَلِّم")
    does = ("يقرأ", "يكتب", "يشرب", "يرى")
    what = ("كتابًا", "رسالة", "القهوة")
    return [f"{does[i % 4]} {who[i % 5]} {what[i % 3]} في البيت." for i in range(60)]


def documents() -> list[str]:
    """Documents of some 300 words."""
    words = [f"word{i}" for i in range(80)]
    return [" ".join(words[(i * j * j + j) % 80] for j in range(300)) for i in range(1, 41)]


CORPORA = {
    "names": (_names.split(), "character", "Latin"),
    "molecules": (Molecules(size=60, validation=1, test=1).train.texts, "character", "Latin"),
    "verse": (_verse.split(), "character", "Cjk"),
    "arabic": (arabic(), "word", "Arabic"),
    "documents": (documents(), "bpe", "Latin"),
}


@pytest.mark.parametrize("name", CORPORA)
def test_from_the_doctor_to_samples(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    texts, tokenizer, script = CORPORA[name]
    monkeypatch.chdir(tmp_path)
    Path("my.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    assert run(["corpus", "my.txt", "--write-recipe", "my.yaml"]) == 0
    recipe = yaml.safe_load(Path("my.yaml").read_text(encoding="utf-8"))
    assert recipe["tokenizer"]["name"] == tokenizer
    assert run(["train", "my.yaml", "budget=smoke", "threads=1", "--out", "run"]) == 0
    capsys.readouterr()
    assert run(["sample", "run", "-n", "20"]) == 0
    written = capsys.readouterr().out.splitlines()
    assert len(written) == 20 and any(written)
    if tokenizer != "bpe":  # an untrained byte-level generator writes any bytes
        assert set("".join(written)) <= set("".join(texts)) | {" "}
        letters = [each for each in "".join(written) if unicodedata.category(each).startswith("L")]
        assert letters and all(unicodedata.name(each).title().startswith(script) for each in letters)
