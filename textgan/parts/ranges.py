"""What a number in a recipe may be: annotations of constructors' arguments, by which a value is checked before use."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Count = Annotated[int, Field(ge=1)]
Whole = Annotated[int, Field(ge=0)]
Size = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""Of a layer, or of a batch: a dimension of a tensor."""
Sizes = Annotated[list[Size], Field(min_length=1)]
Sentences = Annotated[int, Field(ge=1, le=10_000_000)]
"""Kept in memory all at once."""
Candidates = Annotated[int, Field(ge=1, le=1000)]
"""Sentences that are written for one that is kept."""
Depth = Annotated[int, Field(ge=1, le=1000)]
"""Layers on top of each other, each a module of its own."""
Seed = Annotated[int, Field(ge=0, le=2**53)]
"""Sums and products with small numbers stay within the 64 bits of torch's and numpy's generators."""
Above = Annotated[float, Field(gt=0)]
NotBelow = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Temperature = Annotated[float, Field(ge=1e-6, le=1e6)]
"""From `textgan.sampling.COLDEST` to HOTTEST."""
Nucleus = Annotated[float, Field(gt=0, le=1)]
"""Of the probability, what the likeliest tokens that are drawn from have together; 1: all."""
Part = Annotated[float, Field(ge=0, lt=1)]
"""A share of which something must be left over, as of dropout."""
