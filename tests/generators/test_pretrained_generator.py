"""A causal language model of transformers as a generator: the same distribution, token by token and at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from textgan.assembly.recipe import Recipe
from textgan.assembly.rehearsal import rehearse_generator
from textgan.data import tokenizers
from textgan.data.grammar import load as grammar
from textgan.data.tokenizers import Tokenizer
from textgan.errors import Mistake
from textgan.export.folder import export_run
from textgan.generators.pretrained import Lora, Pretrained
from textgan.machine.streams import seeded
from textgan.runs.loaded import load
from textgan.runs.train import train
from textgan.sampling import Draw, Greedy, GumbelSoftmax
from textgan.strategies.rollouts import roll_out
from textgan.types import Prompt, Text

LENGTH = 10
TEXTS = grammar("captions").sample(40, 1)
SIZES = {"hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
Models = Callable[..., str]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """A folder with a tiny model of random weights, and its tokenizer; of each kind one."""
    made: dict[tuple[str, bool], str] = {}

    def make(kind: str, special: bool = True) -> str:
        if (kind, special) not in made:
            made[kind, special] = str(_make(kind, special, tmp_path_factory.mktemp("models") / kind))
        return made[kind, special]

    return make


def _make(kind: str, special: bool, folder: Path) -> Path:
    import transformers

    tokenizer = tokenizers.bpe(TEXTS, size=280)
    if not special:  # as GPT-2's: one sign for the beginning and the end, and none for padding
        core = tokenizers.hf.Tokenizer.from_str(tokenizer.core.to_str().replace("<pad>", "<|unused|>"))
        tokenizer = Tokenizer(core, 2, 2, 2, 2)
    tokenizer.save(folder)
    size = tokenizer.size
    configs: dict[str, Callable[[], Any]] = {
        "gpt2": lambda: transformers.GPT2Config(
            vocab_size=size, n_positions=32, n_embd=12, n_layer=2, n_head=2, initializer_range=0.3
        ),
        "llama": lambda: transformers.LlamaConfig(
            vocab_size=size + 7,
            num_key_value_heads=1,
            initializer_range=0.3,
            tie_word_embeddings=False,
            **SIZES,
        ),
        "gemma2": lambda: transformers.Gemma2Config(
            vocab_size=size, num_key_value_heads=1, head_dim=6, final_logit_softcapping=0.05, **SIZES
        ),
        "mamba": lambda: transformers.MambaConfig(
            vocab_size=size, hidden_size=8, state_size=2, num_hidden_layers=1, time_step_rank=2
        ),
    }
    with seeded(0):
        transformers.AutoModelForCausalLM.from_config(configs[kind]()).save_pretrained(folder)
    return folder


def generator(where: str, **options: Any) -> Pretrained:
    vocabulary = tokenizers.pretrained((), where).vocabulary
    with seeded(0):
        return Pretrained(vocabulary, LENGTH, model=where, **options).eval()


def written(model: Pretrained, rows: int = 24) -> Text:
    with seeded(1), torch.no_grad():
        return model.write(Prompt(rows), LENGTH, Draw())


@pytest.mark.parametrize(("kind", "special"), [("gpt2", True), ("gpt2", False), ("llama", True)])
def test_the_probabilities_are_those_of_the_model(kind: str, special: bool, models: Models) -> None:
    from transformers import AutoModelForCausalLM

    where = models(kind, special)
    ours = generator(where)
    rehearse_generator(ours, LENGTH)
    vocabulary = ours.vocabulary
    theirs = AutoModelForCausalLM.from_pretrained(where).eval()
    text = written(ours)
    read = torch.cat([torch.full_like(text.ids[:, :1], vocabulary.bos), text.ids[:, :-1]], 1)
    with torch.no_grad():
        # A pad that the model had to be given is not among its ids; only what follows the end has it.
        known = read.where(read < theirs.config.vocab_size, torch.tensor(vocabulary.eos))
        logits = theirs(input_ids=known).logits[..., : vocabulary.size]
        banned = [i for i in vocabulary.forbidden if i < logits.shape[-1]]
        logits[..., banned] = -torch.inf
        wanted = logits.log_softmax(-1)
        every = ours.logits(text).log_softmax(-1)[..., : logits.shape[-1]]
        assert (every[..., banned].exp() == 0).all()
        chosen = wanted.gather(-1, text.ids.clamp(max=logits.shape[-1] - 1).unsqueeze(-1)).squeeze(-1)
        assert torch.allclose(ours.log_prob(text)[text.mask], chosen[text.mask], atol=1e-4)
        state = ours.start(Prompt(len(text)))
        for place in range(text.ids.shape[1]):
            stepped, state = ours.step(read[:, place], state)
            here = text.mask[:, place]
            assert torch.allclose(stepped[here], ours.logits(text)[here, place], atol=1e-4)
    assert chosen[text.mask].std() > 0.3
    assert (vocabulary.bos == vocabulary.eos) is not special


def test_a_token_that_was_missing_begins_as_the_mean(models: Models) -> None:
    ours = generator(models("gpt2", False))
    pad = ours.vocabulary.pad
    table = ours.model.get_input_embeddings().weight
    assert pad == len(table) - 1 and ours.vocabulary.bos == ours.vocabulary.eos != pad
    assert torch.allclose(table[pad], table[:pad].mean(0), atol=1e-6)
    text = written(ours)
    assert not (text.ids[text.mask] == pad).any()


def test_rollouts_and_relaxed_tokens(models: Models) -> None:
    ours = generator(models("llama"))
    text = written(ours, 6)
    with torch.no_grad():
        found = roll_out(ours, text, 1, Greedy(), LENGTH)
        assert len(found.text) > 20
        for row in range(len(found.text)):  # each goes on from the state of its own sentence and place
            begun = text.ids[found.sentence[row], : found.kept[row]].unsqueeze(0)
            wanted = ours.write(Prompt(1, prefix=begun), LENGTH, Greedy())
            size = int(found.text.mask[row].sum())
            assert torch.equal(found.text.ids[row, :size], wanted.ids[0])
    relaxed = ours.write(Prompt(3), 4, GumbelSoftmax(0.5, hard=False))
    assert relaxed.choices is not None
    last = relaxed.choices[-1].relaxed
    assert last is not None
    last[:, 5].sum().backward()
    gradient = ours.model.get_input_embeddings().weight.grad
    assert gradient is not None and gradient.isfinite().all() and gradient.abs().sum() > 0


def test_what_does_not_fit_is_refused(models: Models, tmp_path: Path) -> None:
    where = models("gpt2")
    words = tokenizers.word(TEXTS).vocabulary
    with pytest.raises(Mistake, match="tokenizer: a pretrained generator reads the ids of its own tokenizer"):
        Pretrained(words, LENGTH, model=where)
    vocabulary = tokenizers.pretrained((), where).vocabulary
    with pytest.raises(Mistake, match="length: 40; the model at .* reads at most 32 tokens"):
        Pretrained(vocabulary, 40, model=where)
    with pytest.raises(Mistake, match="changes its logits after the last layer"):
        generator(models("gemma2"))
    with pytest.raises(Mistake, match="does not cache keys and values"):
        generator(models("mamba"))


def test_lora_without_peft_is_a_mistake(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(Mistake, match="generator.lora: needs the package peft"):
        generator(models("gpt2"), lora=Lora())


@pytest.mark.skipif(not find_spec("peft"), reason="the package peft is not there")
def test_lora_trains_its_updates_alone(models: Models) -> None:
    plain, ours = generator(models("llama")), generator(models("llama"), lora=Lora(r=2))
    text = written(plain)
    assert torch.allclose(ours.log_prob(text), plain.log_prob(text), atol=1e-5)  # begins as no change
    learns = [(name, value) for name, value in ours.named_parameters() if value.requires_grad]
    assert learns and all("lora_" in name for name, _ in learns)
    for _, value in learns:
        value.data += 0.3 * torch.randn_like(value)
    assert not torch.allclose(ours.log_prob(text), plain.log_prob(text), atol=1e-2)
    before = {name: value.clone() for name, value in ours.state_dict().items()}
    merged = generator(models("llama"))
    merged.model = ours.plain()
    assert torch.allclose(merged.log_prob(text), ours.log_prob(text), atol=1e-4)
    assert not any("lora" in name for name, _ in merged.named_parameters())
    assert all(torch.equal(before[name], value) for name, value in ours.state_dict().items())
    with pytest.raises(Mistake, match="generator.lora.targets"):
        generator(models("llama"), lora=Lora(targets=["nothing"]))


def test_it_plays_anchored_and_is_exported(models: Models, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = models("gpt2", False)
    overrides = [
        "budget=smoke", "corpus.size=60", "corpus.validation=20", "corpus.test=40", "threads=1",
        "length=24", "overlong=truncate",
        f"tokenizer={{name: pretrained, path: {where}}}", f"generator={{name: pretrained, model: {where}}}",
        "strategy={name: reinforce, rollouts: 0, anchor: 0.1}", "metrics=[distinct]",
        "evaluate={every: 2, samples: 20, final: 30}",
    ]  # fmt: skip
    run = train(Recipe.load("seqgan-short", overrides), tmp_path / "run")
    assert '"anchor"' in (run / "metrics.jsonl").read_text()
    ours = load(run)
    assert len(list(ours.sample(3))) == 3
    export_run(run, tmp_path / "out")
    model, tokenizer = (
        kind.from_pretrained(tmp_path / "out") for kind in (AutoModelForCausalLM, AutoTokenizer)
    )
    assert type(model).__name__ == "GPT2LMHeadModel"
    torch.manual_seed(0)
    found = model.generate(num_return_sequences=8, return_dict_in_generate=True, output_scores=True)
    ids = found.sequences[:, 1:]
    mask = ids != ours.tokenizer.pad
    with torch.no_grad():
        wanted = ours.generator.log_prob(Text(ids, mask))
    scores = torch.stack(found.scores, 1).log_softmax(-1).gather(-1, ids.unsqueeze(-1)).squeeze(-1)
    assert ids.shape[1] <= 24 and torch.allclose(scores[mask], wanted[mask], atol=1e-4)
    assert tokenizer.batch_decode(ids, skip_special_tokens=True) == ours.tokenizer.decode(ids)
