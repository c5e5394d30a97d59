"""What autocast does on a GPU: products and recurrent cells in bfloat16, sums and exponentials in float32.

The lists are those of torch's own autocast for CUDA, as far as the toolkit calls them; on a CPU the cells and the
sums are in neither, so that a run in bfloat16 meets other types there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map_only

KEY = "AutocastPrivateUse1"
LOW = (
    "linear", "matmul", "mm", "addmm", "bmm", "baddbmm", "conv1d", "conv2d", "conv_transpose1d",
    "lstm_cell", "gru_cell", "_thnn_fused_lstm_cell", "_thnn_fused_gru_cell", "scaled_dot_product_attention",
)  # fmt: skip
HIGH = (
    "softmax.int", "log_softmax.int", "exp", "log", "pow.Tensor_Scalar", "sum", "sum.dim_IntList", "cumsum",
    "layer_norm", "softplus", "norm.ScalarOpt_dim", "prod", "cosine_similarity", "binary_cross_entropy_with_logits",
    "nll_loss",
)  # fmt: skip


def _kernel(op: Any, kind: torch.dtype, eligible: tuple[torch.dtype, ...]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        keys = torch._C.DispatchKeySet(getattr(torch._C.DispatchKey, KEY))
        with torch._C._ExcludeDispatchKeyGuard(keys):
            args, kwargs = tree_map_only(
                Tensor, lambda one: one.to(kind) if one.dtype in eligible else one, (args, kwargs)
            )
            return op(*args, **kwargs)

    return run


def install() -> list[torch.library.Library]:
    """The libraries hold as long as they are kept."""
    rest = torch.library.Library("_", "IMPL")
    rest.fallback(torch.library.fallthrough_kernel, KEY)
    lists = torch.library.Library("aten", "IMPL")
    for names, kind, eligible in (
        (LOW, torch.bfloat16, (torch.float32,)),
        (HIGH, torch.float32, (torch.bfloat16,)),
    ):
        for name in names:
            packet, _, overload = name.partition(".")
            op = getattr(getattr(torch.ops.aten, packet), overload or "default")
            lists.impl(name, _kernel(op, kind, eligible), KEY)
    return [rest, lists]
