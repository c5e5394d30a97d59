"""A generator as a causal language model of transformers: `generate`, `pipeline` and `push_to_hub` are theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad
from transformers import GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from textgan.assembly.recipe import HANDED
from textgan.errors import did_you_mean
from textgan.export.config import TextganConfig
from textgan.parts.binding import bind
from textgan.types import Generator, Prompt, State, Text, Vocabulary

PORTABLE = ("lstm", "gru", "relational")
"""Autoregressive generators that are fully described by their weights."""


class StateCache:
    """What a recurrent generator carries on, as `past_key_values`: as large after 1,000 tokens as after one.

    logits (B,V): of the token after the last that was read. read: positions, padding included.
    """

    is_compileable = False

    def __init__(self, state: State, logits: Tensor, read: int) -> None:
        self.state = state
        self.logits = logits
        self.read = read

    def get_seq_length(self, layer: int = 0) -> int:
        return self.read

    def reorder_cache(self, rows: Tensor) -> None:
        """Beam search goes on from these rows (B,)."""
        self.state = {name: value[rows] for name, value in self.state.items()}
        self.logits = self.logits[rows]


class TextganForCausalLM(PreTrainedModel, GenerationMixin):
    """A trained generator. Logits of tokens that it never writes (pad, bos, unk) are -inf.

    A row that does not begin with <bos> is read as if it did: a generator knows sentences from their beginning. What
    attention_mask (B,T) leaves out is not read, on whichever side it stands.

    A generator by label is asked for its labels: `generate(labels="pos")`, or a name or number for each row; with
    none, `generate` draws them, each class as likely as the next, as `textgan sample` does. In a plain call they are
    `label_ids` (B,), since `labels` are a causal model's targets there.
    """

    config_class = TextganConfig
    main_input_name = "input_ids"
    _is_stateful = True  # a state cannot be taken back: no assisted generation

    def __init__(self, config: TextganConfig) -> None:
        super().__init__(config)
        self.generator = _build(config)
        if config.tie_word_embeddings:
            self._tied_weights_keys = {"generator.output.weight": "generator.table.weight"}
        self.post_init()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        past_key_values: StateCache | None = None,
        labels: Tensor | None = None,
        label_ids: Tensor | None = None,
        use_cache: bool | None = None,
        return_dict: bool | None = None,
    ) -> CausalLMOutputWithPast | tuple[Any, ...]:
        """Logits (B,T,V) of the token after each of input_ids (B,T), and with labels (B,T) the loss.

        The loss is the mean over targets that are neither -100 nor a token that is never written. use_cache: also
        the state after the last token, found token by token; without it, one parallel pass.
        """
        width = input_ids.shape[1]
        if attention_mask is None:
            seen = torch.ones_like(input_ids, dtype=torch.bool)
        else:
            seen = attention_mask[:, -width:].bool()
        cached = self.config.use_cache and not self.training if use_cache is None else use_cache
        cache: StateCache | None = None
        if cached or past_key_values is not None:
            before = past_key_values or self._begun(input_ids, seen, label_ids)
            logits, cache = self._one_by_one(input_ids, seen, before)
        else:
            logits = self._at_once(input_ids, seen, label_ids)
        forbidden = list(self.generator.vocabulary.forbidden)
        logits[..., forbidden] = -torch.inf
        loss = None
        if labels is not None:
            never = torch.isin(labels, torch.tensor(forbidden, device=labels.device))
            targets = labels.masked_fill(never, -100)[:, 1:]
            loss = cross_entropy(logits[:, :-1].flatten(0, 1).float(), targets.flatten())
        found = CausalLMOutputWithPast(loss=loss, logits=logits, past_key_values=cache if cached else None)  # type: ignore[arg-type]
        return found if return_dict or return_dict is None else found.to_tuple()

    def generate(
        self,
        inputs: Tensor | None = None,
        *others: Any,
        labels: str | int | Sequence[str | int] | Tensor | None = None,
        **options: Any,
    ) -> Any:
        """As transformers has it. labels: of a generator by label, one for all rows or one for each."""
        if labels is not None:
            rows = inputs if inputs is not None else options.get("input_ids")
            options["label_ids"] = self._label_ids(labels, None if rows is None else len(rows))
        return super().generate(inputs, *others, **options)  # type: ignore[misc]

    def prepare_inputs_for_generation(self, input_ids: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        # `generate` looks for the name `kwargs` here, and refuses what `forward` takes where it has another.
        names = self.config.label_names
        if names and kwargs.get("label_ids") is None and kwargs.get("past_key_values") is None:
            if not kwargs.get("use_cache", True):
                raise ValueError(f"without a cache, say which labels: labels={names[0]!r}")
            kwargs["label_ids"] = torch.randint(len(names), (len(input_ids),), device=input_ids.device)
        return super().prepare_inputs_for_generation(input_ids, **kwargs)  # type: ignore[misc]

    def get_input_embeddings(self) -> nn.Module:
        return self.generator.table  # type: ignore[return-value]

    def get_output_embeddings(self) -> nn.Module:
        return self.generator.output  # type: ignore[return-value]

    @classmethod
    def _supports_default_dynamic_cache(cls) -> bool:
        return False  # of keys and values, of which there are none

    def _init_weights(self, module: nn.Module) -> None:
        # The generator has begun its weights itself; what no file holds is the ban on special tokens.
        if isinstance(module, Generator):
            module.forbidden.copy_(_build(self.config).forbidden)  # type: ignore[operator, arg-type]

    def _begun(self, ids: Tensor, seen: Tensor, label_ids: Tensor | None) -> StateCache:
        """Before the first token. A row that does not begin with <bos> has read it."""
        generator, rows = self.generator, len(ids)
        start = generator.start(Prompt(rows, self._checked(label_ids)))
        bos = torch.full((rows,), generator.vocabulary.bos, device=ids.device)
        logits, after = generator.step(bos, start)
        return StateCache(_choose(self._begins(ids, seen), start, after), logits, 0)

    def _one_by_one(self, ids: Tensor, seen: Tensor, cache: StateCache) -> tuple[Tensor, StateCache]:
        """Logits (B,T,V) after each token, and what is carried on. An unseen token changes neither."""
        state, logits = cache.state, cache.logits
        found = []
        for token, here in zip(ids.unbind(1), seen.unbind(1), strict=True):
            after, advanced = self.generator.step(token, state)
            state = _choose(here, advanced, state)
            logits = torch.where(here.unsqueeze(1), after, logits)
            found.append(logits)
        return torch.stack(found, 1), StateCache(state, logits, cache.read + ids.shape[1])

    def _at_once(self, ids: Tensor, seen: Tensor, label_ids: Tensor | None) -> Tensor:
        """Logits (B,T,V) after each token, in one parallel pass."""
        begins = self._begins(ids, seen)
        # The tokens that are read move to the front, and <bos>, which `states` brings along, out of the row.
        order = (~seen).long().argsort(dim=1, stable=True)
        words = pad(ids.gather(1, order), (0, 2), value=self.generator.vocabulary.pad)  # (B, T+2)
        words = torch.where(begins.unsqueeze(1), words[:, 1:], words[:, :-1])  # (B, T+1)
        text = Text(words, torch.ones_like(words, dtype=torch.bool), self._checked(label_ids))
        logits = self.generator.logits(text)  # (B, T+1, V)
        place = (seen.long().cumsum(1) - begins.long().unsqueeze(1)).clamp(min=0)  # words read so far
        return logits.gather(1, place.unsqueeze(-1).expand(-1, -1, logits.shape[-1]))

    def _begins(self, ids: Tensor, seen: Tensor) -> Tensor:
        """Whether the first token that is read is <bos>, (B,)."""
        first = ids.gather(1, seen.long().argmax(1, keepdim=True)).squeeze(1)
        return (first == self.generator.vocabulary.bos) & seen.any(1)

    def _checked(self, label_ids: Tensor | None) -> Tensor | None:
        if self.config.label_names and label_ids is None:
            raise ValueError(f"this model writes by label: give label_ids (B,), of {self.config.label_names}")
        return label_ids

    def _label_ids(self, labels: str | int | Sequence[str | int] | Tensor, rows: int | None) -> Tensor:
        """Numbers of labels given by name or number, (B,)."""
        names: list[str] = self.config.label_names
        if not names:
            raise ValueError("labels: this model was trained on text without labels; leave them out")
        given = [labels] if isinstance(labels, (str, int)) else list(labels)
        if len(given) == 1 and rows is not None:
            given = given * rows
        if rows is not None and len(given) != rows:
            raise ValueError(f"labels: {len(given)} for {rows} rows; give one for each, or one for all")
        found = []
        for label in given:
            if isinstance(label, str) and label not in names:
                raise ValueError(f"labels: none is called {label!r}.{did_you_mean(label, names)}")
            number = names.index(label) if isinstance(label, str) else int(label)
            if not 0 <= number < len(names):
                raise ValueError(f"labels: {number} is not one of the {len(names)} labels {names}")
            found.append(number)
        return torch.tensor(found, device=self.device)


def _choose(which: Tensor, yes: State, no: State) -> State:
    """Of each row (B,) one state or the other."""
    if which.all():
        return yes
    shaped = {name: which.view(-1, *[1] * (value.dim() - 1)) for name, value in yes.items()}
    return {name: torch.where(shaped[name], value, no[name]) for name, value in yes.items()}


def _build(config: TextganConfig) -> Generator:
    """The generator that a config describes, with weights of its own. ValueError where it is none of ours."""
    name = config.generator_part.get("name")
    if name not in PORTABLE:  # such as a file of code, which a downloaded folder must not be able to name
        raise ValueError(f"config.json: no generator is called {name!r}.{did_you_mean(str(name), PORTABLE)}")
    vocabulary = Vocabulary(
        config.vocab_size, config.pad_token_id, config.bos_token_id, config.eos_token_id, config.unk_token_id
    )
    bound = bind("generator", config.generator_part, HANDED["generator"])
    generator: Generator = bound.build(
        vocabulary=vocabulary, length=config.length, classes=len(config.label_names)
    )
    return generator
