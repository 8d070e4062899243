"""Train Classifier (model.py) on Digits (data.py).

torchrun --standalone --nproc-per-node 2 train.py                                # train
torchrun --standalone --nproc-per-node 2 train.py --resume last                  # resume
torchrun --standalone --nproc-per-node 2 train.py --task validate --resume best  # validate
torchrun --standalone --nproc-per-node 2 train.py --task test --resume best      # test
torchrun --standalone --nproc-per-node 2 train.py --task predict --resume best   # predict
python train.py --help                                                           # all settings
pytest                                                                           # test the project
"""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from data import Digits
from model import Classifier
from runtime.as_text import as_text
from runtime.batch import num_samples
from runtime.bounds import check_bounds
from runtime.broadcast_buffers import broadcast_buffers
from runtime.checkpoint_age import checkpoint_age
from runtime.clear_ends import clear_ends
from runtime.csv_logger import CSVLogger
from runtime.distributed import end_distributed, start_distributed
from runtime.distributed_checkpoints import DistributedCheckpoints
from runtime.evaluation_batches import EvaluationBatches
from runtime.evaluation_metrics import EvaluationMetrics
from runtime.evaluation_mode import evaluation_mode
from runtime.from_main import from_main
from runtime.gather_to_main import gather_to_main
from runtime.global_batch import check_global_batch
from runtime.go_on import end_save, go_on
from runtime.log import Log
from runtime.nonfinite_on_any_rank import stop_on_nonfinite_loss_of_any_rank
from runtime.nonfinite_weights import stop_on_nonfinite_weights
from runtime.override_settings import override_settings
from runtime.predictions import clear_predictions, save_predictions
from runtime.random_state import get_random_state
from runtime.restore import restore
from runtime.restore_rank import restore_rank
from runtime.resume_on_all_ranks import resume_on_all_ranks
from runtime.run_folder import new_run_folder
from runtime.run_lock import lock_run
from runtime.seed import seed_everything
from runtime.seeded_dataset import SeededDataset
from runtime.settings import parse_settings
from runtime.sum_over_ranks import sum_over_ranks
from runtime.summary import summarize
from runtime.tensorboard_logger import TensorBoardLogger
from runtime.training_batches import TrainingBatches
from runtime.training_metrics import TrainingMetrics
from runtime.weighted_sums import means
from runtime.windows import windows


@dataclass
class Config:
    """The settings of a run: train.py --help lists them, --name value sets one."""

    task: Literal["fit", "validate", "test", "predict"] = "fit"  # what the script does
    resume: str | None = None  # last, best or the path of a checkpoint
    default_root_dir: str = "runs"  # each run gets a folder version_N in it
    seed: int = 0  # of every random stream

    # model
    hidden: int = 128  # argument of Classifier

    # data
    batch_size: int = 32  # samples per process in one batch
    num_workers: int = 0  # processes that load data; 0: this one

    # optimizer
    lr: float = 0.001  # learning rate
    accumulate_grad_batches: int = 4  # batches in one optimizer step
    gradient_clip_val: float = 1.0  # largest norm of all gradients together

    # loop
    max_epochs: int = 15  # epochs of the whole run
    max_steps: int = -1  # optimizer steps; -1: no limit
    num_sanity_val_steps: int = 2  # validation batches that are tried before training
    log_every_n_steps: int = 50  # steps between rows of the log

    # checkpoints
    save_top_k: int = 3  # best checkpoints that are kept; -1: all
    train_time_interval: float = 1800.0  # seconds between checkpoints; asked at logged steps

    def __post_init__(self) -> None:
        check_bounds(
            self,
            seed=">= 0",
            batch_size=">= 1",
            num_workers=">= 0",
            lr=">= 0",
            accumulate_grad_batches=">= 1",
            gradient_clip_val="> 0",
            max_epochs=">= 1",
            max_steps="== -1 or >= 1",
            num_sanity_val_steps=">= 1",
            log_every_n_steps=">= 1",
            save_top_k=">= -1",
            train_time_interval="> 0",
        )


class TrainingStep(nn.Module):
    """The training step as a forward pass: DDP sees to gradients where it is called."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Any) -> dict[str, Tensor]:
        return self.model.training_step(batch)


@torch.inference_mode()
def validate(model: Classifier, loader: Iterable[Any]) -> dict[str, float]:
    """Return the mean of each metric over all samples of the loader."""
    broadcast_buffers(model)
    metrics = EvaluationMetrics()
    with evaluation_mode(model, "cpu"):
        for batch in loader:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                outputs = model.validation_step(batch)
            metrics.append(outputs, num_samples(batch))
        results = means(sum_over_ranks(metrics.sums()), "val_")
    return results


@torch.inference_mode()
def test(model: Classifier, loader: Iterable[Any]) -> dict[str, float]:
    """Return the mean of each metric over all samples of the loader."""
    broadcast_buffers(model)
    metrics = EvaluationMetrics()
    with evaluation_mode(model, "cpu"):
        for batch in loader:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                outputs = model.test_step(batch)
            metrics.append(outputs, num_samples(batch))
        results = means(sum_over_ranks(metrics.sums()), "test_")
    return results


@torch.inference_mode()
def predict(model: Classifier, loader: Iterable[Any], folder: Path) -> None:
    """Write what predict_step returns for each batch to a file, numbered in data order."""
    with evaluation_mode(model, "cpu"):
        for batch_idx, batch in enumerate(loader):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                outputs = model.predict_step(batch)
            # whole batches are dealt to the ranks in turn
            number = batch_idx * dist.get_world_size() + dist.get_rank()
            save_predictions(folder, number, outputs)


def evaluate(
    model: Classifier, data: Digits, rank: int, world_size: int, folder: Path, cfg: Config
) -> dict[str, float]:
    """Do the task of cfg, other than fit, and return its metrics."""
    if cfg.task == "validate":
        return validate(model, evaluation_loader(data.val_dataset(), rank, world_size, cfg))
    if cfg.task == "test":
        return test(model, evaluation_loader(data.test_dataset(), rank, world_size, cfg))
    from_main(clear_predictions, folder)
    predict(model, evaluation_loader(data.predict_dataset(), rank, world_size, cfg), folder)
    if dist.get_rank() == 0:
        print(f"predictions: {folder}")
    return {}


def training_loader(
    data: Digits, rank: int, world_size: int, cfg: Config
) -> tuple[TrainingBatches, DataLoader[Any]]:
    """Return the sampler, which can start within an epoch, and the loader that uses it."""
    dataset = data.train_dataset()

    def train_order(epoch: int) -> Tensor:
        """Return the order of samples, which depends on the seed and the epoch only."""
        generator = torch.Generator().manual_seed(cfg.seed + epoch)
        return torch.randperm(len(dataset), generator=generator)  # type: ignore[arg-type]

    batches = TrainingBatches(
        train_order, cfg.batch_size, rank=rank, world_size=world_size, seed=cfg.seed
    )
    loader = DataLoader(
        SeededDataset(dataset),
        batch_sampler=batches,
        num_workers=cfg.num_workers,
        generator=torch.Generator(),  # else each epoch draws from the global stream
    )
    return batches, loader


def evaluation_loader(
    dataset: Dataset[Any], rank: int, world_size: int, cfg: Config
) -> DataLoader[Any]:
    """Return a loader of this rank's part of the dataset, in its own order."""
    size = len(dataset)  # type: ignore[arg-type]
    batches = EvaluationBatches(
        size, cfg.batch_size, rank=rank, world_size=world_size, seed=cfg.seed
    )
    return DataLoader(
        SeededDataset(dataset),
        batch_sampler=batches,
        num_workers=cfg.num_workers,
        generator=torch.Generator(),  # else each epoch draws from the global stream
    )


def main(cfg: Config) -> dict[str, float]:
    """Do cfg.task and return the last metrics."""
    # --- setup ---

    rank, _, world_size = start_distributed(
        "gloo", "torchrun --standalone --nproc-per-node 2 train.py"
    )
    is_main = rank == 0

    cfg = Config(**from_main(asdict, cfg))  # rank 0 has read a checkpoint's settings
    if cfg.resume is None:
        run_folder, checkpoint = from_main(new_run_folder, cfg.default_root_dir), None
        step, epoch = 0, 0
    else:
        run_folder, checkpoint = resume_on_all_ranks(cfg.default_root_dir, cfg.resume)
        step = checkpoint["step"]
        epoch = checkpoint["epoch" if cfg.task == "fit" else "last_epoch"]
    if cfg.task == "fit":
        from_main(lock_run, run_folder)
    seed_everything(cfg.seed)
    log = Log()  # the first rank writes for all
    if is_main:
        # what was logged after the checkpoint is hidden, but only where training goes on
        purge_step = step + 1 if cfg.task == "fit" else None
        log = Log(
            CSVLogger(run_folder / f"{'metrics' if cfg.task == 'fit' else cfg.task}.csv"),
            tensorboard=TensorBoardLogger(run_folder / "tensorboard" / cfg.task, purge_step),
        )

    # --- model ---

    data = Digits()
    model = Classifier(hidden=cfg.hidden)
    if is_main:
        print(summarize(model))
    # from here on each rank draws random numbers of its own
    seed_everything(cfg.seed + rank)
    if checkpoint is not None:
        restore(checkpoint, model=model)

    if cfg.task != "fit":
        if cfg.resume is None and is_main:
            print("untrained weights: --resume last takes those of the last checkpoint")
        results = evaluate(model, data, rank, world_size, run_folder / "predictions", cfg)
        if results:
            log.metrics(results, step=step, epoch=epoch)
            if is_main:
                print(f"step {step}  {as_text(results)}")
        return results

    # --- data ---

    train_sampler, train_loader = training_loader(data, rank, world_size, cfg)
    num_batches = len(train_loader)
    val_loader = evaluation_loader(data.val_dataset(), rank, world_size, cfg)
    steps_per_epoch = math.ceil(num_batches / cfg.accumulate_grad_batches)

    # --- optimizer ---

    total_steps = cfg.max_epochs * steps_per_epoch
    if cfg.max_steps > 0:
        total_steps = min(total_steps, cfg.max_steps)
    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    ddp = DistributedDataParallel(TrainingStep(model))
    train_metrics = TrainingMetrics()

    checkpoints = DistributedCheckpoints(
        run_folder / "checkpoints", monitor="val_loss", mode="min", save_top_k=cfg.save_top_k
    )

    def save_checkpoint(next_epoch: int, metrics: dict[str, float]) -> None:
        """Save all that the next step depends on; the metrics of a validation rank it."""
        stop_on_nonfinite_loss_of_any_rank(train_metrics)
        stop_on_nonfinite_weights(model)
        broadcast_buffers(model)
        this_rank = {
            "random_state": get_random_state("cpu"),
            "train_metrics": train_metrics.state_dict(),
        }
        ranks = gather_to_main(this_rank)
        state: dict[str, Any] = {}
        if is_main:
            state = {
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "log": log.state_dict(),
                "step": step,
                "epoch": next_epoch,
                "last_epoch": epoch,  # which the last step belongs to
                "position": train_sampler.position_at(batch_idx),
                "global_batch": cfg.batch_size * world_size * cfg.accumulate_grad_batches,
                "ranks": ranks,
                "config": asdict(cfg),
            }
        checkpoints.save(state, epoch=epoch, step=step, metrics=metrics)

    # --- resume ---

    batch_idx = 0
    if checkpoint is not None:
        check_global_batch(
            checkpoint["global_batch"],
            batch_size=cfg.batch_size,
            world_size=world_size,
            accumulate_grad_batches=cfg.accumulate_grad_batches,
        )
        restore(checkpoint, optimizer=optimizer)
        override_settings(optimizer, {"lr": cfg.lr}, checkpoint["config"])
        restore_rank(
            checkpoint, train_metrics, "cpu", seed=cfg.seed, rank=rank, world_size=world_size
        )
        train_sampler.position = checkpoint["position"]
        batch_idx = train_sampler.batch_idx
        # after an epoch's last batch its means, validation and checkpoint are still to come
        if epoch >= cfg.max_epochs or (batch_idx < num_batches and 0 < cfg.max_steps <= step):
            if is_main:
                print(f"nothing left to train: {epoch} epochs and {step} steps are done")
                end_save(checkpoints, checkpoint)
            return {}
        from_main(go_on, checkpoints, checkpoint)
        # what was logged after the checkpoint is logged again
        log.load_state_dict(checkpoint.get("log", {}), step)
        checkpoint = None  # frees its memory

    # --- training loop ---

    metrics: dict[str, float] = {}
    model.train()
    if cfg.resume is None:  # what would fail at the first validation fails here
        validate(model, islice(val_loader, cfg.num_sanity_val_steps))
    bar = tqdm(total=total_steps, initial=step, unit="step", disable=None if is_main else True)
    for epoch in range(epoch, cfg.max_epochs):
        train_sampler.epoch = epoch
        for window in windows(train_loader, cfg.accumulate_grad_batches):
            optimizer.zero_grad()
            for batch, is_last in window:
                # average the gradients over the ranks once, in the window's last backward pass
                ddp.require_backward_grad_sync = is_last
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    outputs = ddp(batch)
                loss = outputs["loss"]
                (loss / cfg.accumulate_grad_batches).backward()
                train_metrics.append(outputs, num_samples(batch), step + 1)
                batch_idx += 1
            nn.utils.clip_grad_norm_(model.parameters(), cfg.gradient_clip_val)
            optimizer.step()
            step += 1
            bar.update()

            if step % cfg.log_every_n_steps == 0:
                stop_on_nonfinite_loss_of_any_rank(train_metrics)
                row = means(sum_over_ranks(train_metrics.interval_sums()), "train_")
                metrics |= row
                log.metrics(row, step=step, epoch=epoch)
                bar.set_postfix(row, refresh=False)
                if from_main(checkpoint_age, checkpoints) >= cfg.train_time_interval:
                    save_checkpoint(epoch, {})
            if 0 < cfg.max_steps <= step:
                break

        if batch_idx < num_batches and checkpoints.step < step:  # the run ends within the epoch
            save_checkpoint(epoch, {})
        row = means(sum_over_ranks(train_metrics.epoch_sums()), "train_", "_epoch")
        metrics |= row
        log.metrics(row, step=step, epoch=epoch)
        if batch_idx < num_batches:
            break
        val_metrics = validate(model, val_loader)
        log.metrics(val_metrics, step=step, epoch=epoch)
        if is_main:
            bar.write(f"epoch {epoch}  step {step}  {as_text(val_metrics)}")
        metrics |= val_metrics
        batch_idx = 0
        train_sampler.position = 0
        save_checkpoint(epoch + 1, val_metrics)
        if 0 < cfg.max_steps <= step:
            break

    bar.close()
    log.close()
    return metrics


if __name__ == "__main__":
    with clear_ends():
        main(parse_settings(Config))
    end_distributed()
