"""The script and Lightning as the two ranks of a gloo group, in processes of their own."""

from __future__ import annotations

import multiprocessing
import os
import socket
import traceback
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
import torch.distributed as dist
from lightning.pytorch.strategies import DDPStrategy

from tests.parity.beside import Script, beside

TIMEOUT = 90  # seconds


def on_two_ranks(function: Callable[..., Any], *arguments: Any) -> list[Any]:
    """What function(rank, *arguments) returns on both ranks, with the variables torchrun sets."""
    return on_ranks(2, function, *arguments)


def on_ranks(number: int, function: Callable[..., Any], *arguments: Any) -> list[Any]:
    """The same for any number of ranks."""
    context = multiprocessing.get_context("forkserver")
    # imported once, by the process that the ranks are forked from
    context.set_forkserver_preload(["tests.parity.ranks"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    answers = context.Queue()
    ranks = [
        context.Process(target=_rank, args=(rank, number, port, answers, function, arguments))
        for rank in range(number)
    ]
    try:
        for process in ranks:
            process.start()
        found = dict(answers.get(timeout=TIMEOUT) for _ in ranks)
        for process in ranks:
            process.join(TIMEOUT)
    finally:
        for process in ranks:
            process.kill()
    failures = [text for ok, text in found.values() if not ok]
    assert not failures, "\n".join(failures)
    return [found[rank][1] for rank in range(number)]


def _rank(
    rank: int,
    number: int,
    port: int,
    answers: Any,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
) -> None:
    torch.set_num_threads(1)
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "GROUP_RANK": "0",
        "WORLD_SIZE": str(number),
        "LOCAL_WORLD_SIZE": str(number),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "TORCHELASTIC_RUN_ID": "parity",
    }
    try:
        answers.put((rank, (True, function(rank, *arguments))))
    except BaseException:
        answers.put((rank, (False, traceback.format_exc())))
    if dist.is_initialized():
        dist.destroy_process_group()


def run_script(
    rank: int, folder: Path, options: Mapping[str, Any], settings: Mapping[str, Any] = {}
) -> list[float]:
    """Train by the script on all ranks; the samples that a Toy has seen on this one."""
    script = Script(folder, options)
    script.run_rank(**settings)
    return script.model.Toy.samples


class OwnStreams(pl.Callback):
    """Seeds each rank as the script does, once the model is built."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        torch.manual_seed(trainer.global_rank)


def run_lightning(
    rank: int,
    folder: Path,
    options: Mapping[str, Any],
    optimizers: Callable[[torch.nn.Module], Any],
    flags: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, float], list[float]]:
    """Fit on both ranks; weights, last metrics and the samples that a Toy has seen on this one."""
    script = Script(folder, options)
    trainer = beside(
        script,
        optimizers,
        rank={"rank": rank, "world_size": 2},
        callbacks=[OwnStreams(), *flags.get("callbacks", ())],
        devices=2,
        strategy=DDPStrategy(
            process_group_backend="gloo",
            timeout=timedelta(seconds=TIMEOUT),
            find_unused_parameters=flags.get("find_unused_parameters", False),
        ),
        **{
            name: value
            for name, value in flags.items()
            if name not in ("callbacks", "find_unused_parameters")
        },
    )
    weights = {
        name: weight.numpy() for name, weight in trainer.lightning_module.model.state_dict().items()
    }
    metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
    return weights, metrics, script.model.Toy.samples
