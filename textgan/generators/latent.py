"""An autoencoder of text with a generator of its latent codes; the adversarial training is in the latent space.

The adversarially regularised autoencoder (ARAE, Zhao et al. 2018) and, where the noise itself is the code, the
adversarial autoencoder (AAE, Makhzani et al. 2015). Needs `discriminator: {name: latent}`, `strategy: {name: latent}`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from textgan.errors import Mistake
from textgan.generators.recurrent import FORBIDDEN
from textgan.machine.products import linear
from textgan.parts.ranges import NotBelow, Size
from textgan.types import Choice, Discriminator, Generator, Prompt, Sampler, State, Text, Vocabulary


class Latent(Generator):
    """LSTM encoder: text -> code (B,Z); LSTM decoder: code -> text; perceptron: noise (B,noise) -> code.

    code: Z, the code's size. mapping: widths of the perceptron's hidden layers; [] makes the noise the code itself, of
    size Z. sphere: codes of text have length 1, as in the paper's code (and so has noise that is itself the code).
    code_noise: deviation, over all of a code, of what is added to it while the autoencoder is trained;
    word_dropout: share of the words that the encoder then does not see (a denoising autoencoder).

    `log_prob` is the reconstruction's, given the text's own code: no likelihood of the text, so it is trained by
    and not reported as one. `write` puts the code into the text's vectors (B,1,Z), with a graph; the tokens have none.
    Departures: the decoder's first state is made from the code too; the perceptron has layer and not batch norms, so
    that a verdict is of its own sentence.
    """

    has_likelihood = False
    reconstructs = True

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        embedding: Size = 64,
        hidden: Size = 128,
        code: Size = 64,
        noise: Size = 64,
        mapping: list[Size] = [128, 128],  # noqa: B006 (never changed)
        sphere: bool = True,
        code_noise: NotBelow = 0.2,
        word_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if not 0 <= word_dropout < 1:
            raise ValueError(f"word_dropout: {word_dropout}; expected a share, 0 or more and less than 1")
        self.vocabulary = vocabulary
        self.size = code
        self.sphere = sphere
        self.code_noise = code_noise
        self.word_dropout = word_dropout
        self.table = nn.Embedding(vocabulary.size, embedding)
        self.encoder = nn.LSTM(embedding, hidden, batch_first=True)
        self.to_code = nn.Linear(hidden, code)
        self.to_state = nn.Linear(code, hidden)
        self.decoder = nn.LSTM(embedding + code, hidden, batch_first=True)
        self.output = nn.Linear(hidden, vocabulary.size)
        self.noise = noise if mapping else code
        layers: list[nn.Module] = []
        for before, after in zip([noise, *mapping], mapping, strict=False):
            layers += [nn.Linear(before, after), nn.LayerNorm(after), nn.ReLU()]
        self.mapping = nn.Sequential(*layers, nn.Linear(mapping[-1], code)) if mapping else None
        self.forbidden: Tensor
        forbidden = torch.zeros(vocabulary.size)
        forbidden[list(vocabulary.forbidden)] = FORBIDDEN
        self.register_buffer("forbidden", forbidden, persistent=False)

    def meet(self, judge: Discriminator) -> None:
        if next(judge.parameters(), None) is not None and not hasattr(judge, "code"):
            raise Mistake(
                "discriminator: a generator of codes needs a discriminator of codes; set discriminator to 'latent'"
            )

    def encode(self, text: Text) -> Tensor:
        """The codes of sentences, (B,Z): the state after the last token, made a point of the sphere."""
        words = self.table(text.ids)  # (B, T, E); what follows the last token is read after it
        if self.training and self.word_dropout:
            words = words * (torch.rand_like(words[..., :1]) >= self.word_dropout)
        states, _ = self.encoder(words)
        last = (text.mask.sum(1) - 1).clamp(min=0)
        state = states[torch.arange(len(last), device=last.device), last]  # (B, H)
        return self.placed(self.to_code(state))

    def draw_codes(self, size: int) -> Tensor:
        """Latent codes (B,Z) for new sentences: noise passed through the perceptron."""
        noise = torch.randn(size, self.noise, device=self.forbidden.device)
        codes: Tensor = self.placed(noise) if self.mapping is None else self.mapping(noise)
        return codes

    def placed(self, codes: Tensor) -> Tensor:
        """Codes (...,Z), projected onto the unit sphere if `sphere` is set."""
        return nn.functional.normalize(codes, dim=-1) if self.sphere else codes

    def start(self, prompt: Prompt) -> State:
        code = self.draw_codes(prompt.size) if prompt.code is None else prompt.code
        h = self.to_state(code).tanh()
        return {"h": h, "c": torch.zeros_like(h), "code": code}

    def step(self, token: Tensor | Choice, state: State) -> tuple[Tensor, State]:
        word = token.read(self.table.weight) if isinstance(token, Choice) else self.table(token)
        layer = self.decoder
        weights: list[Any] = [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0]
        x = torch.cat([word, state["code"]], -1)
        h, c = torch.lstm_cell(x, (state["h"], state["c"]), *weights)
        return self.read_out(h), {**state, "h": h, "c": c}

    def states(self, text: Text) -> Tensor:
        code = self.encode(text)
        if self.training and self.code_noise:
            code = code + torch.randn_like(code) * (self.code_noise / self.size**0.5)
        before = torch.cat([torch.full_like(text.ids[:, :1], self.vocabulary.bos), text.ids[:, :-1]], 1)
        x = torch.cat([self.table(before), code.unsqueeze(1).expand(-1, before.shape[1], -1)], -1)
        state = self.start(Prompt(len(text), code=code))
        found: Tensor = self.decoder(x, (state["h"].unsqueeze(0), state["c"].unsqueeze(0)))[0]
        return found

    def read_out(self, states: Tensor) -> Tensor:
        return linear(states, self.output.weight, self.output.bias + self.forbidden)

    def write(self, prompt: Prompt, length: int, sampler: Sampler) -> Text:
        """Sentences decoded from the prompt's codes or drawn ones; their codes are their vectors, (B,1,Z)."""
        codes = self.draw_codes(prompt.size) if prompt.code is None else prompt.code
        with torch.no_grad():
            text = super().write(replace(prompt, code=codes), length, sampler)
        return replace(text, choices=None, presence=None, vectors=codes.unsqueeze(1))
