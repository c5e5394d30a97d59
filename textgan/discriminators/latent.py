"""A discriminator of latent codes: it reads a sentence as its code in the generator's latent space."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.nn.utils.parametrizations import spectral_norm as normalise

from textgan.errors import Mistake
from textgan.generators.latent import Latent as Autoencoder
from textgan.parts.ranges import NotBelow, Size
from textgan.types import Discriminator, Generator, Text, Verdict


class Latent(Discriminator):
    """A perceptron on codes (B,Z): those the generator drew, and those that its encoder gives real text.

    Of ARAE (Zhao et al. 2018, Algorithm 1). code: Z, that of the generator; layers: hidden widths; slope: of the leaky
    relus; spectral_norm: on every weight (Miyato et al. 2018), in place of the paper's weight clipping or penalty.
    While the discriminator is trained, the encoder is fixed; in the generator's turn the gradient reaches the encoder.
    """

    def __init__(
        self,
        *,
        code: Size = 64,
        layers: list[Size] = [128, 128],  # noqa: B006 (never changed)
        slope: NotBelow = 0.2,
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        if not layers:
            raise ValueError("layers: none; expected one width or more, such as [128]")
        self.code = code
        wrap = normalise if spectral_norm else _as_it_is
        steps: list[nn.Module] = []
        for before, after in zip([code, *layers], layers, strict=False):
            steps += [wrap(nn.Linear(before, after)), nn.LeakyReLU(slope)]
        self.body = nn.Sequential(*steps)
        self.score = wrap(nn.Linear(layers[-1], 1))
        self._met: list[Autoencoder] = []  # in a list, so that its weights are not among the discriminator's

    def meet(self, generator: Generator) -> None:
        if not isinstance(generator, Autoencoder):
            raise Mistake(
                "discriminator: a discriminator of codes needs a generator that has them; set generator to 'latent', "
                "or discriminator to 'cnn'"
            )
        if generator.size != self.code:
            raise Mistake(
                f"discriminator.code: {self.code}, but the generator's codes have {generator.size}; make them equal"
            )
        self._met = [generator]

    def embed(self, text: Text) -> Tensor:
        """The codes, (B,T,Z): in the first position, and zeros after it, so that any text has a place."""
        if text.vectors is not None:
            code = text.vectors[:, 0]
        else:
            with torch.set_grad_enabled(torch.is_grad_enabled() and not self.training):
                code = self._met[0].encode(text)
        return pad(code.unsqueeze(1), (0, 0, 0, text.ids.shape[1] - 1))

    def forward(self, embeddings: Tensor, weight: Tensor, labels: Tensor | None = None) -> Verdict:
        features: Tensor = self.body(embeddings[:, 0])  # (B, F)
        return Verdict(self.score(features).squeeze(-1), features)


def _as_it_is(layer: nn.Module) -> nn.Module:
    return layer
