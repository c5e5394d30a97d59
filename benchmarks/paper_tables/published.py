"""Published figures, as printed, each with its source."""

from __future__ import annotations

ORDERS = (2, 3, 4, 5)


def _by_order(metric: str, printed: str) -> dict[str, float]:
    return {f"{metric}-{n}": float(value) for n, value in zip(ORDERS, printed.split("/"), strict=True)}


def _captions(bleu: str, self_bleu: str) -> dict[str, float]:
    return _by_order("bleu", bleu) | _by_order("self-bleu", self_bleu)


TEXYGEN = "Zhu et al. 2018 (Texygen), tables of BLEU on the test set and of self-BLEU, Image COCO"
COCO = {
    "mle": _captions(".731/.497/.305/.189", ".916/.769/.583/.408"),
    "seqgan": _captions(".745/.498/.294/.180", ".950/.840/.670/.489"),
}

RELGAN = "Nie et al. 2019 (RelGAN), table of BLEU on Image COCO; spreads of .01 to .05"
RELGAN_COCO = {
    100: _by_order("bleu", ".849/.687/.502/.331"),
    1000: _by_order("bleu", ".814/.634/.455/.303"),
}

SEQGAN = "Yu et al. 2017 (SeqGAN), table 1: MLE 9.038, SeqGAN 8.736; the log of its code has MLE 9.07 to 9.10 and 8.68"
ORACLE = "Yu et al. 2017 (SeqGAN), its released weights"
ORACLE_ENTROPY = 5.75
ORACLE_MLE = (9.04, 9.10)
ORACLE_SEQGAN = "8.736"

FALLING_SHORT = (
    "Caccia et al. 2020 (Language GANs Falling Short), fronts by temperature on the oracle, T = 20"
)
LEVELS = (10.0, 9.5, 9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0)
"""NLL_oracle, nats a token: where the fronts' NLL_test are read off."""


def _front(printed: str) -> dict[float, float]:
    """NLL_test by NLL_oracle, without the levels that were not reached (`-`)."""
    found = zip(LEVELS, printed.split(), strict=True)
    return {level: float(value) for level, value in found if value != "-"}


FRONTS = {
    "mle": _front("7.59 7.59 7.70 7.86 8.06 8.28 8.53 8.86 9.26"),
    "cot": _front("7.58 7.57 7.64 7.76 7.93 8.19 8.53 9.10 -"),
    "seqgan": _front("8.51 9.46 10.94 13.31 - - - - -"),
}
MLE_AT_ONE = 7.61  # NLL_test of the same MLE at temperature 1

SALIMANS = "Salimans et al. 2016 (Improved techniques for training GANs): the sign; theirs are images"
REJECTION = (
    "Caccia et al. 2020 (Language GANs Falling Short), the comparison of ways to trade diversity for quality: "
    "temperature is at least as good as rejection by a discriminator"
)
