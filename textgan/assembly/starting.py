"""What a run takes over from earlier ones: pretrained weights with their tokenizer, and a trained discriminator."""

from __future__ import annotations

from pathlib import Path

from textgan.assembly.recipe import Recipe
from textgan.assembly.settings import Settings
from textgan.data.tokenizers import Tokenizer
from textgan.errors import Mistake
from textgan.training import checkpoints
from textgan.types import Discriminator, Generator


def start_checkpoint(run: Path) -> Path:
    """The pretrained weights of a run, or its last ones if it had no adversarial phase."""
    _check_run(run, "start")
    pretrained = run / "checkpoints" / "pretrained"
    return pretrained if checkpoints.exists(pretrained) else checkpoints.find(run / "checkpoints" / "last")


def check_start(settings: Settings) -> None:
    """Mistake where pretrained weights have seen the text that is kept for the discriminator alone."""
    if settings.start is None:
        return
    before = Recipe.load(settings.start / "recipe.yaml").settings
    if (before.judge_share, before.seed) != (settings.judge_share, settings.seed):
        raise Mistake(
            f"judge_share: {settings.judge_share:g} with seed {settings.seed}, but {settings.start} was trained with "
            f"{before.judge_share:g} and seed {before.seed}, so its generator was trained on the discriminator's "
            "text; use a start trained with the same values"
        )


def judge_checkpoint(run: Path) -> Path:
    """The last weights of a run whose discriminator has learnt."""
    _check_run(run, "judge")
    last = checkpoints.find(run / "checkpoints" / "last")
    steps = checkpoints.load_state(last).get("steps", {})
    if not any(steps.get(phase) for phase in ("discriminator", "adversarial")):
        raise Mistake(
            f"judge: the discriminator of {run} has not been trained; give a run with a discriminator phase"
        )
    return last


def take_judge(
    run: Path, discriminator: Discriminator, generator: Generator, tokenizer: Tokenizer, settings: Settings
) -> None:
    """The weights of a run's discriminator, as they are at its end, into `discriminator`.

    Mistake where it has none that has learnt, where it numbers words otherwise, where it has read text that is kept
    for the generator alone, or where the generator was pretrained on its own discriminator's features.
    """
    if generator.reads_judge:
        raise Mistake(
            "judge: the generator reads its discriminator and was pretrained with it; leave this out, as `start` "
            "loads both"
        )
    if next(discriminator.parameters(), None) is None:
        raise Mistake("judge: the recipe has no discriminator that learns; leave it out")
    words = Tokenizer.load(run / "tokenizer").core.get_vocab(with_added_tokens=True)
    if words != tokenizer.core.get_vocab(with_added_tokens=True):
        raise Mistake(
            f"judge: {run} has another tokenizer, so its token ids stand for other words; train both from one `start`"
        )
    before = Recipe.load(run / "recipe.yaml").settings
    parted_otherwise = settings.judge_share and before.seed != settings.seed
    if before.judge_share != settings.judge_share or parted_otherwise:
        raise Mistake(
            f"judge: the discriminator of {run} was trained with judge_share {before.judge_share:g} and seed "
            f"{before.seed}, so on other text than is reserved for it here; set both to the same values"
        )
    checkpoints.load_player(judge_checkpoint(run), "discriminator", discriminator)


def _check_run(run: Path, key: str) -> None:
    if not (run / "recipe.yaml").is_file():
        raise Mistake(f"{key}: {run} is not a run folder; give one that `textgan train` wrote")
