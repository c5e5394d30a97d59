"""A pretrained causal language model as the generator, from a folder or by name from the Hugging Face hub."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from textgan.data import tokenizers
from textgan.errors import Mistake
from textgan.generators.recurrent import FORBIDDEN
from textgan.machine.products import linear
from textgan.pretrained import fetch
from textgan.types import Choice, Generator, Prompt, State, Text, Vocabulary


@dataclass(frozen=True)
class Lora:
    """Low-rank adaptation (Hu et al. 2021): only updates of rank r are trained, scaled by alpha / r.

    targets: ends of the names of the layers that get one; None takes those that peft knows for the model.
    """

    r: int = 8
    alpha: float = 16.0
    dropout: float = 0.0
    targets: list[str] | None = None


class Pretrained(Generator):
    """A causal language model of transformers that caches keys and values (GPT-2, Llama, OPT and others).

    model: its folder or hub name; the recipe's tokenizer must be its own: `{name: pretrained, path: MODEL}`. Tokens
    that this tokenizer had to be given (<bos>, <pad>) begin as the mean of all others. lora: train such updates alone,
    through the package peft; None trains every weight. Both are saved whole in the checkpoints, and a run needs the
    model again where it was.

    The state holds keys and values for `length` tokens, so its size is that of the longest sentence from the
    beginning: 2 * layers * hidden numbers a token. Rollouts hold one for every completion at once; `strategy: {name:
    reinforce, rollouts: 0, anchor: 0.1}` fits a large model better. Does not write by label.

    Mistake for a model whose output is more than its last layer (capped or scaled logits), or that keeps anything
    but keys and values.
    """

    def __init__(self, vocabulary: Vocabulary, length: int, *, model: str, lora: Lora | None = None) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.length = length
        if tokenizers.pretrained((), model).vocabulary != vocabulary:
            raise Mistake(
                "tokenizer: a pretrained generator reads the ids of its own tokenizer; set tokenizer to "
                f"'{{name: pretrained, path: {model}}}'"
            )
        self.model: Any = fetch(model, _read, "generator.model")
        known = getattr(self.model.config, "max_position_embeddings", None)
        if known is not None and length > known:
            raise Mistake(f"length: {length}; the model at {model} reads at most {known} tokens")
        self._make_room()
        if lora is not None:
            _adapt(self.model, lora)
        forbidden = torch.zeros(vocabulary.size)
        forbidden[list(vocabulary.forbidden)] = FORBIDDEN
        self.forbidden: Tensor
        self.register_buffer("forbidden", forbidden, persistent=False)
        self._check(model)

    def start(self, prompt: Prompt) -> State:
        layers, heads, size = self._shape
        table = self._table.weight
        empty = table.new_zeros(prompt.size, layers, heads, self.length, size)
        read = torch.zeros(prompt.size, dtype=torch.long, device=table.device)
        return {"keys": empty, "values": empty, "read": read}  # (B, L, H, T, D), twice, and (B,)

    def step(self, token: Tensor | Choice, state: State) -> tuple[Tensor, State]:
        if not len(state["read"]):  # rollouts of a place where no sentence ends ask for no row
            return self.forbidden.expand(0, -1), state
        read = int(state["read"][0])  # all rows of a state have read as many tokens
        ids = token.ids if isinstance(token, Choice) else token
        if isinstance(token, Choice) and token.relaxed is not None:
            # Through the module, since some scale what they look up.
            every = self._table(torch.arange(self.vocabulary.size, device=ids.device))
            given = {"inputs_embeds": token.read(every).unsqueeze(1)}  # (B, 1, E)
        else:
            given = {"input_ids": ids.unsqueeze(1)}
        kept = [
            (state["keys"][:, at, :, :read], state["values"][:, at, :, :read]) for at in range(self._shape[0])
        ]
        cache = _cache(kept if read else [])
        hidden = self.model.base_model(**given, past_key_values=cache, use_cache=True).last_hidden_state[
            :, -1
        ]
        after = {"read": state["read"] + 1}
        for name in ("keys", "values"):
            newest = torch.stack(
                [getattr(layer, name)[:, :, -1] for layer in cache.layers], 1
            )  # (B, L, H, D)
            after[name] = state[name].clone()
            after[name][:, :, :, read] = newest
        return self.read_out(hidden), after

    def states(self, text: Text) -> Tensor:
        bos = torch.full_like(text.ids[:, :1], self.vocabulary.bos)
        ids = torch.cat([bos, text.ids[:, :-1]], 1)  # what follows the end is read by nothing before it
        states: Tensor = self.model.base_model(input_ids=ids, use_cache=False).last_hidden_state
        return states  # (B, T, H)

    def read_out(self, states: Tensor) -> Tensor:
        head = self.model.get_output_embeddings()
        size = self.vocabulary.size  # models may have more rows than their tokenizers have tokens
        bias = self.forbidden if head.bias is None else head.bias[:size] + self.forbidden
        return linear(states, head.weight[:size], bias.to(states.dtype))

    def plain(self) -> Any:
        """The model as transformers knows it, a copy; with LoRA, its updates added to the weights."""
        model = copy.deepcopy(self.model)
        for name, module in list(model.named_modules()):
            if hasattr(module, "get_base_layer"):
                module.merge()
                parent, _, child = name.rpartition(".")
                setattr(model.get_submodule(parent), child, module.get_base_layer())
        return model.eval()

    @property
    def _table(self) -> nn.Embedding:
        table: nn.Embedding = self.model.get_input_embeddings()
        return table

    @torch.no_grad()
    def _make_room(self) -> None:
        """Rows for the ids that the tokenizer was given beyond those of the model."""
        before = self._table.num_embeddings
        if self.vocabulary.size <= before:
            return
        self.model.resize_token_embeddings(self.vocabulary.size, mean_resizing=False)
        for weight in {
            id(w): w for w in (self._table.weight, self.model.get_output_embeddings().weight)
        }.values():
            weight[before:] = weight[:before].mean(0)

    @torch.no_grad()
    def _check(self, model: str) -> None:
        """That the model is one that can be driven as above; its keys' layers, heads and size."""
        was_training = self.model.training
        self.model.eval()
        ids = torch.tensor([[self.vocabulary.bos, self.vocabulary.eos]])
        cache = _cache([])
        try:
            found = self.model(input_ids=ids, past_key_values=cache, use_cache=True).logits
            keys = [layer.keys for layer in cache.layers]
            self._shape = (len(keys), keys[0].shape[1], keys[0].shape[3])
            whole = all(key.shape == (1, *self._shape[1:2], 2, self._shape[2]) for key in keys)
        except (TypeError, AttributeError, IndexError) as error:
            raise Mistake(_unfit(model, "does not cache keys and values")) from error
        states = self.states(Text(ids[:, 1:].repeat(1, 2), torch.ones(1, 2, dtype=torch.bool)))
        words = self.vocabulary.words().bool()
        same = torch.allclose(
            self.read_out(states)[..., words], found[..., : len(words)][..., words], rtol=1e-4, atol=1e-4
        )
        self.model.train(was_training)
        if not whole:
            raise Mistake(_unfit(model, "caches keys and values of different shapes"))
        if not same:
            raise Mistake(_unfit(model, "changes its logits after the last layer"))


def _unfit(model: str, why: str) -> str:
    return (
        f"generator.model: the model at {model} {why}, and cannot be the generator; GPT-2, Llama and OPT can"
    )


def _cache(kept: list[tuple[Tensor, Tensor]]) -> Any:
    from transformers import DynamicCache

    cache = DynamicCache()
    for layer, (keys, values) in enumerate(kept):
        cache.update(keys, values, layer)
    return cache


def _read(where: str, here: bool) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(
        where, local_files_only=here, dtype=torch.float32, trust_remote_code=False
    )


def _adapt(model: Any, lora: Lora) -> None:
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError:
        raise Mistake(
            "generator.lora: needs the package peft; pip install 'textgan[lora]', or leave it out"
        ) from None
    if lora.r < 1:
        raise ValueError(f"lora: r is {lora.r}; expected 1 or more")
    config = LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.targets,
        task_type="CAUSAL_LM",
    )
    try:
        inject_adapter_in_model(config, model)
    except ValueError as error:
        raise Mistake(f"generator.lora.targets: {' '.join(str(error).split())[:200]}") from error
