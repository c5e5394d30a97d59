"""`textgan export`: a run's generator as a folder that transformers loads, and to the hub."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

import tokenizers as hf
from tokenizers import processors
from transformers import GenerationConfig

from textgan.assembly.recipe import Recipe
from textgan.data.tokenizers import Tokenizer
from textgan.errors import Mistake
from textgan.export import card
from textgan.export.config import TextganConfig
from textgan.export.model import PORTABLE, TextganForCausalLM
from textgan.generators.pretrained import Pretrained
from textgan.parts.binding import is_own_file
from textgan.pretrained import quiet
from textgan.report import reading
from textgan.runs.loaded import LoadedRun, load
from textgan.training.folder import write_json, write_text


def export_run(
    run: Path, out: Path, checkpoint: str = "last", force: bool = False, trust_code: bool = False
) -> list[str]:
    """Write config.json, weights, tokenizer and model card of a run's checkpoint; returns the files' names.

    The folder is written completely or not at all. force: write into a folder that has files, replacing those with
    the same names and keeping the others. trust_code: as for `textgan.load`. Raises Mistake, before
    anything is written, for a generator that transformers' `generate` could not drive.
    """
    check_out(out, force)
    recipe = Recipe.load(run / "recipe.yaml")  # reads it, and builds nothing yet
    _check_portable(recipe)
    loaded = load(run, checkpoint, trust_code=trust_code)
    out.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        _write(loaded, recipe, run, checkpoint, stage)
        names = sorted(file.name for file in stage.iterdir())
        for name in names:
            (stage / name).chmod(0o644)  # safetensors writes for the user alone
        if out.exists():
            for name in names:
                os.replace(stage / name, out / name)
        else:
            stage.chmod(0o755)
            stage.rename(out)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return names


def check_out(out: Path, force: bool) -> None:
    """Raises Mistake if files could be overwritten."""
    if out.exists() and not out.is_dir():
        raise Mistake(f"DIR: {out} is a file; name a folder")
    if out.is_dir() and any(out.iterdir()) and not force:
        raise Mistake(f"DIR: {out} already exists; name another folder, or add --force to write into it")


def push(folder: Path, names: list[str], repository: str, private: bool = False) -> str:
    """Upload the files of these names to the hub, making the repository if need be; returns its address."""
    from huggingface_hub import HfApi

    api = HfApi()
    try:
        address = api.create_repo(repository, private=private, exist_ok=True)
        api.upload_folder(repo_id=address.repo_id, folder_path=folder, allow_patterns=names)
    except Exception as error:  # the hub's client raises a dozen kinds; all mean that it did not go through
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:160].rstrip(".")
        raise Mistake(
            f"--push: {repository} was not uploaded ({reason}); it needs a network and `hf auth login`. The folder "
            f"{folder} is complete: try again with --force"
        ) from error
    return str(address)


def _check_portable(recipe: Recipe) -> None:
    mapping = recipe.values.get("generator") or {}
    name = mapping.get("name")
    if name in (*PORTABLE, "pretrained"):
        return
    if is_own_file(name):
        why = "is a file of yours, and an exported folder holds no code"
    else:
        bound = recipe.part("generator")
        kind = None if bound is None else bound.part
        if getattr(kind, "reads_judge", False):
            why = "reads the discriminator while it writes, which a language model of transformers cannot"
        elif not getattr(kind, "has_likelihood", True):
            why = "gives no probability of the next token, which is what transformers' generate draws from"
        else:
            why = "is none of those that can be"
    raise Mistake(
        f"generator: {name} cannot be exported: it {why}; of the generators, {', '.join(PORTABLE)} and pretrained can"
    )


def _write(loaded: LoadedRun, recipe: Recipe, run: Path, checkpoint: str, stage: Path) -> None:
    arguments = recipe.values["generator"]
    vocabulary = loaded.tokenizer.vocabulary
    special: dict[str, Any] = {
        "pad_token_id": vocabulary.pad,
        "bos_token_id": vocabulary.bos,
        "eos_token_id": vocabulary.eos,
    }
    model: Any
    if isinstance(loaded.generator, Pretrained):
        model = loaded.generator.plain()
        rows = range(vocabulary.size, model.get_output_embeddings().weight.shape[0])
        never = {"suppress_tokens": [*vocabulary.forbidden, *rows]}
    else:
        config = TextganConfig(
            generator_part=arguments,
            vocab_size=vocabulary.size,
            length=loaded.length,
            label_names=list(loaded.label_names),
            unk_token_id=vocabulary.unk,
            tie_word_embeddings=bool(arguments.get("tie", False)),
            **special,
        )
        model = TextganForCausalLM(config)
        model.generator.load_state_dict(loaded.generator.state_dict())
        never = {}
    # As `textgan sample` draws: from the whole distribution, to the run's length; <bos> is no token of the sentence.
    model.generation_config = GenerationConfig(
        do_sample=True, temperature=1.0, top_k=0, top_p=1.0, max_length=loaded.length + 1, **special, **never
    )
    with quiet():
        model.eval().save_pretrained(stage)
    _write_tokenizer(loaded.tokenizer, stage, loaded.length)
    samples = list(islice(loaded.sample(card.SAMPLES), card.SAMPLES))
    text = card.write(reading.read(run), checkpoint, samples, loaded.label_names, vocabulary.size)
    write_text(stage / "README.md", text)


def _write_tokenizer(tokenizer: Tokenizer, stage: Path, length: int) -> None:
    """The run's tokenizer; a text begins with <bos> and does not end, and shorter ones are filled up on the left."""
    core = hf.Tokenizer.from_str(tokenizer.core.to_str())
    bos = str(core.id_to_token(tokenizer.bos))
    core.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A", special_tokens=[(bos, tokenizer.bos)]
    )
    Tokenizer(core, tokenizer.pad, tokenizer.bos, tokenizer.eos, tokenizer.unk).save(stage)
    file = stage / "tokenizer_config.json"
    held = json.loads(file.read_text(encoding="utf-8"))
    write_json(file, held | {"padding_side": "left", "model_max_length": length + 1})
