"""Shared by all tests: one thread, so that figures do not depend on what else the machine does."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)
