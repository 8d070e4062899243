"""The training of the gpt starter's model, written by hand in the manner of nanoGPT's train.py."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

Batch = tuple[Tensor, Tensor]

BATCH_SIZE = 16
BLOCK_SIZE = 64
LEARNING_RATE, MIN_LR = 2e-3, 2e-4
WARMUP_STEPS = 100
BETAS = (0.9, 0.99)
WEIGHT_DECAY = 0.1
GRAD_CLIP = 1.0
LOG_INTERVAL = 50


def get_lr(step: int, max_steps: int, warmup_steps: int = WARMUP_STEPS) -> float:
    """The rate of a step: linear warmup, then half a cosine."""
    if step < warmup_steps:
        return LEARNING_RATE * (step + 1) / (warmup_steps + 1)
    ratio = (step - warmup_steps) / (max_steps - warmup_steps)
    return MIN_LR + 0.5 * (1.0 + math.cos(math.pi * ratio)) * (LEARNING_RATE - MIN_LR)


def text() -> Tensor:
    """The bytes of the text, of which the last tenth validates."""
    from pydoc_data.topics import topics

    return torch.tensor(list("\n\n".join(topics[name] for name in sorted(topics)).encode()))


def batches(tokens: Tensor, device: torch.device, seed: int) -> Iterator[Batch]:
    """Windows of the text in the order of an epoch, on the device."""
    order = torch.randperm(len(tokens) - 1, generator=torch.Generator().manual_seed(seed))
    for starts in order.split(BATCH_SIZE):
        x = torch.stack([tokens[i : i + BLOCK_SIZE] for i in starts.tolist()])
        y = torch.stack([tokens[i + 1 : i + 1 + BLOCK_SIZE] for i in starts.tolist()])
        if device.type == "cuda":
            x, y = x.pin_memory(), y.pin_memory()
        yield x.to(device, non_blocking=True), y.to(device, non_blocking=True)


def configure_optimizer(model: torch.nn.Module) -> torch.optim.Optimizer:
    """Fused AdamW that decays matrices and embeddings, and neither biases nor norms."""
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": WEIGHT_DECAY},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=LEARNING_RATE, betas=BETAS, fused=True)


def train(
    model: torch.nn.Module,
    source: Iterator[Batch],
    lr_of_step: Callable[[int], float],
    max_steps: int,
    on_loss: Callable[[int, Tensor], Any],
) -> None:
    """Train; on_loss takes each step and its loss, which waits for nothing."""
    optimizer = configure_optimizer(model)
    device = next(model.parameters()).device
    model.train()
    batch = next(source)
    for step in range(max_steps):
        for group in optimizer.param_groups:
            group["lr"] = lr_of_step(step)
        x, y = batch
        with torch.autocast(device.type, dtype=torch.bfloat16):
            logits = model(x)
            loss = F.cross_entropy(logits.view(-1, logits.size(-1)), y.view(-1), ignore_index=-1)
        # fetch the next batch while the device is busy with this one's forward pass
        batch = next(source)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), GRAD_CLIP)
        optimizer.step()
        # the gradients need no memory until the next backward pass
        optimizer.zero_grad(set_to_none=True)
        on_loss(step, loss.detach())
