"""The hardware as a run uses it: device, precision and threads."""

from __future__ import annotations

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from textgan.errors import Mistake, did_you_mean
from textgan.machine.process import cores, keep_freed_memory, keep_prepared_products
from textgan.machine.ranks import neighbours, on_cpu

DEVICES = ("auto", "cpu", "cuda", "mps")


def engine_for(device: str, precision: str, threads: int | None = None) -> Accelerator:
    """Accelerate's view of this process; raises Mistake if the device is unknown or not available.

    threads: of the CPU; None takes torch's choice, if there are as many cores. Accelerate keeps one global state per
    process; it is reset here, so that a second run in the same process starts afresh.
    """
    keep_freed_memory()
    keep_prepared_products()
    threads = threads or min(torch.get_num_threads(), max(1, cores() // neighbours()))
    torch.set_num_threads(threads)
    AcceleratorState._reset_state(reset_partial_state=True)
    if device not in DEVICES:
        raise Mistake(f"device: {device!r} is not a device.{did_you_mean(device, DEVICES)}")
    engine = Accelerator(cpu=on_cpu(device), mixed_precision=precision)
    torch.set_num_threads(threads)  # accelerate changes it if several processes were started
    if device not in ("auto", engine.device.type):
        raise Mistake(f"device: {device} is not available on this machine; use {engine.device.type}, or auto")
    return engine
