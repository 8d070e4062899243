"""Train GPT (model.py) on Reference (data.py).

python train.py                                # train
python train.py --resume last                  # resume
python train.py --task validate --resume best  # validate
python train.py --task predict --resume best   # predict
python train.py --help                         # all settings
pytest                                         # test the project
"""

import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from data import Reference
from model import GPT
from runtime.as_text import as_text
from runtime.bounds import check_bounds
from runtime.checkpoint_age import checkpoint_age
from runtime.checkpoints import Checkpoints
from runtime.clear_ends import clear_ends
from runtime.csv_logger import CSVLogger
from runtime.evaluation_batches import EvaluationBatches
from runtime.evaluation_metrics import EvaluationMetrics
from runtime.evaluation_mode import evaluation_mode
from runtime.global_batch import check_global_batch
from runtime.go_on import end_save, go_on
from runtime.log import Log
from runtime.nonfinite import stop_on_nonfinite_loss
from runtime.nonfinite_weights import stop_on_nonfinite_weights
from runtime.override_groups import check_groups, group_settings, override_groups
from runtime.parameter_groups import parameter_groups
from runtime.predictions import clear_predictions, save_predictions
from runtime.random_state import get_random_state
from runtime.restore import restore
from runtime.restore_rank import restore_rank
from runtime.restore_schedule import restore_schedule
from runtime.resume_path import resume_checkpoint
from runtime.run_folder import new_run_folder
from runtime.run_lock import lock_run
from runtime.seed import seed_everything
from runtime.seeded_dataset import SeededDataset
from runtime.settings import parse_settings
from runtime.summary import summarize
from runtime.tensorboard_logger import TensorBoardLogger
from runtime.to_device import to_device
from runtime.training_batches import TrainingBatches
from runtime.training_metrics import TrainingMetrics
from runtime.weighted_sums import means


@dataclass
class Config:
    """The settings of a run: train.py --help lists them, --name value sets one."""

    task: Literal["fit", "validate", "predict"] = "fit"  # what the script does
    resume: str | None = None  # last, best or the path of a checkpoint
    default_root_dir: str = "runs"  # each run gets a folder version_N in it
    seed: int = 0  # of every random stream

    # model
    layers: int = 4  # argument of GPT
    heads: int = 4  # argument of GPT
    width: int = 128  # argument of GPT
    context: int = 64  # argument of GPT

    # data
    block_size: int = 64  # argument of Reference
    batch_size: int = 16  # samples per process in one batch
    num_workers: int = 0  # processes that load data; 0: this one

    # optimizer
    lr: float = 0.002  # learning rate
    betas: tuple[float, float] = (0.9, 0.99)  # shares kept: mean gradient, square
    weight_decay: float = 0.1  # times lr: share of a weight that a step takes off
    fused: bool = True  # updates all parameters in one kernel
    gradient_clip_val: float = 1.0  # largest norm of all gradients together

    # scheduler
    eta_min: float = 0.0002  # smallest learning rate
    warmup_steps: int = 100  # steps of linear warmup

    # loop
    max_steps: int = 1000  # optimizer steps of the whole run
    val_check_interval: int = 250  # batches between validations
    num_sanity_val_steps: int = 2  # validation batches that are tried before training
    log_every_n_steps: int = 50  # steps between rows of the log

    # checkpoints
    save_top_k: int = 1  # best checkpoints that are kept; -1: all
    train_time_interval: float = 1800.0  # seconds between checkpoints

    def __post_init__(self) -> None:
        check_bounds(
            self,
            seed=">= 0",
            batch_size=">= 1",
            num_workers=">= 0",
            lr=">= 0",
            weight_decay=">= 0",
            warmup_steps=">= 1",
            gradient_clip_val="> 0",
            max_steps=">= 1",
            val_check_interval=">= 1",
            num_sanity_val_steps=">= 1",
            log_every_n_steps=">= 1",
            save_top_k=">= -1",
            train_time_interval="> 0",
        )


@torch.inference_mode()
def validate(model: GPT, device: torch.device, loader: Iterable[Any]) -> dict[str, float]:
    """Return the mean of each metric over all batches, each weighted by num_tokens."""
    metrics = EvaluationMetrics()
    with evaluation_mode(model, device.type):
        for batch in loader:
            batch = to_device(batch, device)
            with torch.autocast(device.type, dtype=torch.bfloat16):
                outputs = model.validation_step(batch)
            metrics.append(outputs, outputs.pop("num_tokens"))
        results = means(metrics.sums(), "val_")
    return results


@torch.inference_mode()
def predict(model: GPT, device: torch.device, loader: Iterable[Any], folder: Path) -> None:
    """Write what predict_step returns for each batch to a file, numbered in data order."""
    with evaluation_mode(model, device.type):
        for batch_idx, batch in enumerate(loader):
            batch = to_device(batch, device)
            with torch.autocast(device.type, dtype=torch.bfloat16):
                outputs = model.predict_step(batch)
            save_predictions(folder, batch_idx, outputs)


def evaluate(
    model: GPT, device: torch.device, data: Reference, folder: Path, cfg: Config
) -> dict[str, float]:
    """Do the task of cfg, other than fit, and return its metrics."""
    if cfg.task == "validate":
        return validate(model, device, evaluation_loader(data.val_dataset(), cfg))
    clear_predictions(folder)
    predict(model, device, evaluation_loader(data.predict_dataset(), cfg), folder)
    print(f"predictions: {folder}")
    return {}


def training_loader(data: Reference, cfg: Config) -> tuple[TrainingBatches, DataLoader[Any]]:
    """Return the sampler, which can start within an epoch, and the loader that uses it."""
    dataset = data.train_dataset()

    def train_order(epoch: int) -> Tensor:
        """Return the order of samples, which depends on the seed and the epoch only."""
        generator = torch.Generator().manual_seed(cfg.seed + epoch)
        return torch.randperm(len(dataset), generator=generator)  # type: ignore[arg-type]

    batches = TrainingBatches(train_order, cfg.batch_size, seed=cfg.seed)
    loader = DataLoader(
        SeededDataset(dataset),
        batch_sampler=batches,
        num_workers=cfg.num_workers,
        pin_memory=torch.cuda.is_available(),
        generator=torch.Generator(),  # else each epoch draws from the global stream
    )
    return batches, loader


def evaluation_loader(dataset: Dataset[Any], cfg: Config) -> DataLoader[Any]:
    """Return a loader of the whole dataset in its own order."""
    size = len(dataset)  # type: ignore[arg-type]
    batches = EvaluationBatches(size, cfg.batch_size, seed=cfg.seed)
    return DataLoader(
        SeededDataset(dataset),
        batch_sampler=batches,
        num_workers=cfg.num_workers,
        pin_memory=torch.cuda.is_available(),
        generator=torch.Generator(),  # else each epoch draws from the global stream
    )


def main(cfg: Config) -> dict[str, float]:
    """Do cfg.task and return the last metrics."""
    # --- setup ---

    accelerator = torch.accelerator.current_accelerator(check_available=True)
    device = accelerator or torch.device("cpu")

    if cfg.resume is None:
        run_folder, checkpoint = new_run_folder(cfg.default_root_dir), None
        step, epoch = 0, 0
    else:
        run_folder, checkpoint = resume_checkpoint(cfg.default_root_dir, cfg.resume)
        step = checkpoint["step"]
        epoch = checkpoint["epoch" if cfg.task == "fit" else "last_epoch"]
    if cfg.task == "fit":
        lock_run(run_folder)
    seed_everything(cfg.seed)
    # what was logged after the checkpoint is hidden, but only where training goes on
    purge_step = step + 1 if cfg.task == "fit" else None
    log = Log(
        CSVLogger(run_folder / f"{'metrics' if cfg.task == 'fit' else cfg.task}.csv"),
        tensorboard=TensorBoardLogger(run_folder / "tensorboard" / cfg.task, purge_step),
    )
    log.step, log.epoch = step, epoch

    # --- model ---

    data = Reference(block_size=cfg.block_size)
    model = GPT(layers=cfg.layers, heads=cfg.heads, width=cfg.width, context=cfg.context)
    model.to(device)
    print(summarize(model))
    if checkpoint is not None:
        restore(checkpoint, model=model)

    if cfg.task != "fit":
        if cfg.resume is None:
            print("untrained weights: --resume last takes those of the last checkpoint")
        results = evaluate(model, device, data, run_folder / "predictions", cfg)
        if results:
            log.metrics(results, step=step, epoch=epoch)
            print(f"step {step}  {as_text(results)}")
        return results

    # --- data ---

    train_sampler, train_loader = training_loader(data, cfg)
    num_batches = len(train_loader)
    val_loader = evaluation_loader(data.val_dataset(), cfg)
    if cfg.val_check_interval > num_batches:
        sys.exit(f"val_check_interval {cfg.val_check_interval}: an epoch has {num_batches} batches")

    # --- optimizer ---

    total_steps = cfg.max_steps
    # the first rule that a parameter matches sets its arguments
    groups = parameter_groups(model, {"match": ["bias", "norm"], "weight_decay": 0.0})
    optimizer = torch.optim.AdamW(
        groups, lr=cfg.lr, betas=cfg.betas, weight_decay=cfg.weight_decay, fused=cfg.fused
    )
    initial_groups = group_settings(model, optimizer)  # before a schedule changes them
    warmup = lr_scheduler.LinearLR(
        optimizer, start_factor=1 / (cfg.warmup_steps + 1), total_iters=cfg.warmup_steps
    )
    after_warmup = lr_scheduler.CosineAnnealingLR(
        optimizer, T_max=max(1, total_steps - cfg.warmup_steps), eta_min=cfg.eta_min
    )
    scheduler = lr_scheduler.SequentialLR(
        optimizer, [warmup, after_warmup], milestones=[cfg.warmup_steps]
    )
    train_metrics = TrainingMetrics()

    checkpoints = Checkpoints(
        run_folder / "checkpoints", monitor="val_loss", mode="min", save_top_k=cfg.save_top_k
    )

    def save_checkpoint(next_epoch: int, metrics: dict[str, float]) -> None:
        """Save all that the next step depends on; the metrics of a validation rank it."""
        stop_on_nonfinite_loss(train_metrics)
        stop_on_nonfinite_weights(model)
        this_rank = {
            "random_state": get_random_state(device.type),
            "train_metrics": train_metrics.state_dict(),
        }
        state = {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "group_settings": initial_groups,
            "scheduler": scheduler.state_dict(),
            "log": log.state_dict(),
            "step": step,
            "epoch": next_epoch,
            "last_epoch": epoch,  # which the last step belongs to
            "position": train_sampler.position_at(batch_idx),
            "global_batch": cfg.batch_size,
            "ranks": [this_rank],
            "config": asdict(cfg),
        }
        checkpoints.save(state, epoch=epoch, step=step, metrics=metrics)

    # --- resume ---

    batch_idx = 0
    if checkpoint is not None:
        check_global_batch(checkpoint["global_batch"], batch_size=cfg.batch_size)
        check_groups(checkpoint, initial_groups)
        restore(checkpoint, optimizer=optimizer)
        restore_schedule(checkpoint, scheduler, optimizer, {"eta_min": cfg.eta_min})
        override_groups(optimizer, initial_groups, checkpoint["group_settings"], scheduler)
        restore_rank(checkpoint, train_metrics, device.type, seed=cfg.seed)
        train_sampler.position = checkpoint["position"]
        batch_idx = train_sampler.batch_idx
        # after an epoch's last batch its means and checkpoint are still to come
        if batch_idx < num_batches and step >= cfg.max_steps:
            print(f"nothing left to train: {epoch} epochs and {step} steps are done")
            end_save(checkpoints, checkpoint)
            return {}
        go_on(checkpoints, checkpoint)
        # what was logged after the checkpoint is logged again
        log.load_state_dict(checkpoint.get("log", {}), step)
        checkpoint = None  # frees its memory

    # --- training loop ---

    metrics: dict[str, float] = {}
    model.train()
    if cfg.resume is None:  # what would fail at the first validation fails here
        validate(model, device, islice(val_loader, cfg.num_sanity_val_steps))
    bar = tqdm(total=total_steps, initial=step, unit="step", disable=None)
    for epoch in count(epoch):
        train_sampler.epoch = epoch
        log.epoch = epoch
        for batch in train_loader:
            optimizer.zero_grad()
            log.step = step + 1  # the step that this batch makes
            batch = to_device(batch, device)
            with torch.autocast(device.type, dtype=torch.bfloat16):
                outputs = model.training_step(batch)
            loss = outputs["loss"]
            weight = outputs.pop("num_tokens")
            loss.backward()
            train_metrics.append(outputs, weight, step + 1)
            nn.utils.clip_grad_norm_(model.parameters(), cfg.gradient_clip_val)
            optimizer.step()
            batch_idx += 1
            step += 1
            bar.update()

            if step % cfg.log_every_n_steps == 0:
                stop_on_nonfinite_loss(train_metrics)
                row = means(train_metrics.interval_sums(), "train_")
                row["lr"] = optimizer.param_groups[0]["lr"]
                metrics |= row
                log.metrics(row, step=step, epoch=epoch)
                bar.set_postfix(row, refresh=False)
            scheduler.step()
            if batch_idx % cfg.val_check_interval == 0:
                val_metrics = validate(model, device, val_loader)
                log.metrics(val_metrics, step=step, epoch=epoch)
                bar.write(f"epoch {epoch}  step {step}  {as_text(val_metrics)}")
                metrics |= val_metrics
                save_checkpoint(epoch, val_metrics)
            if checkpoint_age(checkpoints) >= cfg.train_time_interval:
                save_checkpoint(epoch, {})
            if step >= cfg.max_steps:
                break

        if batch_idx < num_batches and checkpoints.step < step:  # the run ends within the epoch
            save_checkpoint(epoch, {})
        row = means(train_metrics.epoch_sums(), "train_", "_epoch")
        metrics |= row
        log.metrics(row, step=step, epoch=epoch)
        if batch_idx < num_batches:
            break
        batch_idx = 0
        train_sampler.position = 0
        save_checkpoint(epoch + 1, {})
        if step >= cfg.max_steps:
            break

    bar.close()
    model.on_train_end(log)
    log.close()
    return metrics


if __name__ == "__main__":
    with clear_ends():
        main(parse_settings(Config))
