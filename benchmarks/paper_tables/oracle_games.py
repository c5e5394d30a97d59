"""The games on SeqGAN's synthetic oracle: 5 SeqGAN, 8 CoT. Nats a token throughout."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from paper_tables import published
from paper_tables.judging import Row, at_least, at_most
from paper_tables.measuring import final_scores, heldout_at, judge_and_looks
from paper_tables.oracle import (
    DROPOUT,
    LARGE,
    MLE_DROPOUT,
    MLE_FRONT,
    MLE_STOPPED,
    NLL,
    NLL_TEST,
    ONE_SOURCE,
    SMALL,
    finals_and_front,
    front_cell,
    sweep_command,
)
from paper_tables.running import Cell, Found, Run, Setting, Table, Values

SEQGAN = Run("seqgan-oracle", ("seqgan-oracle",))
SEQGAN_3 = Run("seqgan-oracle-3-epochs", ("seqgan-oracle", "train.adversarial.d_epochs=3"), after=SEQGAN)
SEQGAN_DROPOUT = Run("seqgan-oracle-dropout", ("seqgan-oracle", "generator.dropout=0.3"), after=MLE_DROPOUT)
FROM_DROPOUT = "SeqGAN from an MLE with dropout"
LOOKS = (20, 40, 60)
BETWEEN = (9.0, 8.5, 8.0, 7.5)


def seqgan(folder: Path, setting: Setting) -> Values:
    return finals_and_front(folder, setting, "all") | judge_and_looks(folder)


def adversarial(folder: Path, _: Setting) -> Values:
    return final_scores(folder) | judge_and_looks(folder)


def gain(values: Values) -> float:
    return values["before/source-nll"] - values[NLL]


def started_with_dropout(found: Found) -> list[Row]:
    rows = [
        Row(f"{FROM_DROPOUT}: {what}, {when}", found.of(FROM_DROPOUT, f"{state}/{key}"))
        for what, key in (("NLL_oracle", "source-nll"), ("NLL_test", "nll"))
        for when, state in (("before", "before"), ("after", "after"))
    ]
    for level in BETWEEN:
        for state, when in (("pretrained", "before"), ("last", "after")):
            ours = found.each(partial(heldout_at, level=level, state=state), FROM_DROPOUT)
            rows.append(Row(f"{FROM_DROPOUT}: NLL_test where NLL_oracle is {level:g}, {when}", ours))
    return rows


def seqgan_rows(found: Found) -> list[Row]:
    one, three = "SeqGAN", "judge: 3 epochs a turn"
    rows = [
        Row("NLL_oracle", found.of(one, NLL), at_most(8.8), published.ORACLE_SEQGAN, 3),
        Row("below its own MLE by", found.each(gain, one), at_least(0.25), "0.30", 3),
        Row("NLL_oracle of its own MLE", found.of(one, "before/source-nll"), None, "9.038"),
        Row("NLL_test", found.of(one, NLL_TEST)),
        Row("NLL_test of its own MLE", found.of(one, "before/nll")),
        Row("discriminator's accuracy, training text, mean over turns", found.of(one, "d-accuracy-train")),
        Row("discriminator's accuracy, held-out text, mean over turns", found.of(one, "d-accuracy-heldout")),
    ]
    rows += [
        Row(f"NLL_oracle after {turn} turns (1,000 sentences)", found.of(one, f"turn-{turn}/source-nll"))
        for turn in LOOKS
    ]
    for level in BETWEEN:
        theirs = published.FRONTS["seqgan"].get(level)
        for state, name in (("last", "SeqGAN"), ("pretrained", "its own MLE")):
            ours = found.each(partial(heldout_at, level=level, state=state), one)
            printed = f"{theirs:.2f}" if theirs and state == "last" else "–"
            rows.append(Row(f"{name}: NLL_test where NLL_oracle is {level:g}", ours, None, printed))
    rows += started_with_dropout(found)
    told = "3 discriminator epochs a turn in place of 1 (one seed)"
    return [
        *rows,
        Row(f"{told}: NLL_oracle", found.of(three, NLL)),
        Row(f"{told}: below its own MLE by", found.each(gain, three)),
        Row(f"{told}: NLL_test", found.of(three, NLL_TEST)),
        Row(f"{told}: discriminator's accuracy, held-out text", found.of(three, "d-accuracy-heldout")),
        *(
            Row(f"{told}: NLL_oracle after {turn} turns", found.of(three, f"turn-{turn}/source-nll"))
            for turn in LOOKS
        ),
    ]


TABLE_5 = Table(
    5,
    "SeqGAN on the oracle",
    published.SEQGAN,
    "published generator, discriminator and objective; a lighter schedule: 40 MLE epochs (120), discriminator 6 x 2 "
    "epochs (50 x 3), then 60 turns (200) with one discriminator epoch over 4,096 + 4,096 (5 x 3 over 10,000). The "
    "front's published figures are those of Caccia et al. 2020",
    ONE_SOURCE,
    (
        Cell("SeqGAN", seqgan, SEQGAN, commands=sweep_command("all")),
        Cell("judge: 3 epochs a turn", adversarial, SEQGAN_3, once=True),
        Cell(FROM_DROPOUT, seqgan, SEQGAN_DROPOUT, commands=sweep_command("all")),
    ),
    seqgan_rows,
    seeds=3,
)


COT = Run("cot-oracle", ("cot-oracle",))
COT_LONGER = Run("cot-oracle-10000", ("cot-oracle", "train.adversarial.steps=10000", "evaluate.every=1000"))
SHORTER, LONGER = "CoT", "CoT, 10,000 steps"
SLACK = 0.05


def beyond(level: float, cot: Values, mle: Values) -> float:
    """How far CoT's front lies above that of MLE: NLL_test, lower is better."""
    return heldout_at(cot, level) - heldout_at(mle, level)


def cot_rows(found: Found) -> list[Row]:
    rows = []
    for level in BETWEEN:
        theirs = published.FRONTS["cot"][level] - published.FRONTS["mle"][level]
        behind = partial(beyond, level)
        where = f"NLL_test where NLL_oracle is {level:g}, CoT − MLE"
        same = found.each(behind, LONGER, SMALL)
        rows.append(Row(f"{where} of the same LSTM-32", same, at_most(SLACK), f"{theirs:+.2f}"))
        rows.append(
            Row(
                f"{where} of the same LSTM-32 with dropout",
                found.each(behind, LONGER, DROPOUT),
                None,
                f"{theirs:+.2f}",
            )
        )
        large = found.each(behind, LONGER, LARGE)
        rows.append(Row(f"{where} of 2 x LSTM-128", large, None, f"{theirs:+.2f}"))
        early = found.each(behind, SHORTER, SMALL)
        rows.append(Row(f"{where} of the same LSTM-32, after 1,500 steps", early, None, f"{theirs:+.2f}"))
    for level in BETWEEN:
        printed = f"{published.FRONTS['cot'][level]:.2f}"
        for cell, steps in ((LONGER, ""), (SHORTER, " after 1,500 steps")):
            ours = found.each(partial(heldout_at, level=level), cell)
            rows.append(Row(f"CoT{steps}: NLL_test where NLL_oracle is {level:g}", ours, None, printed))
    return rows


TABLE_8 = Table(
    8,
    "CoT against MLE by temperature on the oracle",
    published.FALLING_SHORT,
    "CoT: 10,000 steps at 5e-3 (theirs: up to 200,000 at 1e-3), and the recipe's 1,500 beside it; compared with an "
    "early-stopped MLE of the same LSTM-32",
    ONE_SOURCE,
    (
        front_cell(LONGER, COT_LONGER, once=True),
        front_cell(SHORTER, COT, once=True),
        front_cell(SMALL, MLE_STOPPED),
        front_cell(DROPOUT, MLE_DROPOUT),
        front_cell(LARGE, MLE_FRONT, once=True),
    ),
    cot_rows,
)
