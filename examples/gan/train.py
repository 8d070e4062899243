"""Train Gan (model.py) on Digits (data.py).

python train.py                                # train
python train.py --resume last                  # resume
python train.py --task validate --resume last  # validate
python train.py --help                         # all settings
pytest                                         # test the project
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Literal

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from data import Digits
from model import Gan
from runtime.as_text import as_text
from runtime.batch import num_samples
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
from runtime.image_files import ImageFiles
from runtime.log import Log
from runtime.nonfinite import stop_on_nonfinite_loss
from runtime.nonfinite_weights import stop_on_nonfinite_weights
from runtime.override_settings import override_settings
from runtime.parameters_of import parameters_of
from runtime.random_state import get_random_state
from runtime.restore import restore
from runtime.restore_rank import restore_rank
from runtime.resume_path import resume_checkpoint
from runtime.run_folder import new_run_folder
from runtime.run_lock import lock_run
from runtime.seed import seed_everything
from runtime.seeded_dataset import SeededDataset
from runtime.settings import parse_settings
from runtime.summary import summarize
from runtime.tensorboard_logger import TensorBoardLogger
from runtime.to_device import to_device
from runtime.train_only import train_only
from runtime.training_batches import TrainingBatches
from runtime.training_metrics import TrainingMetrics
from runtime.weighted_sums import means


@dataclass
class Config:
    """The settings of a run: train.py --help lists them, --name value sets one."""

    task: Literal["fit", "validate"] = "fit"  # what the script does
    resume: str | None = None  # last or the path of a checkpoint
    default_root_dir: str = "runs"  # each run gets a folder version_N in it
    seed: int = 0  # of every random stream

    # model
    hidden: int = 128  # argument of Gan

    # data
    batch_size: int = 64  # samples per process in one batch
    num_workers: int = 0  # processes that load data; 0: this one

    # discriminator
    discriminator_lr: float = 0.002  # learning rate
    discriminator_betas: tuple[float, float] = (0.5, 0.999)  # shares kept: mean gradient, square

    # generator
    generator_lr: float = 0.002  # learning rate
    generator_betas: tuple[float, float] = (0.5, 0.999)  # shares kept: mean gradient, square

    # loop
    max_epochs: int = 80  # epochs of the whole run
    max_steps: int = -1  # training steps; -1: no limit
    check_val_every_n_epoch: int = 10  # epochs between validations
    num_sanity_val_steps: int = 2  # validation batches that are tried before training
    log_every_n_steps: int = 50  # steps between rows of the log

    # checkpoints
    train_time_interval: float = 1800.0  # seconds between checkpoints

    def __post_init__(self) -> None:
        check_bounds(
            self,
            seed=">= 0",
            batch_size=">= 1",
            num_workers=">= 0",
            discriminator_lr=">= 0",
            generator_lr=">= 0",
            max_epochs=">= 1",
            max_steps="== -1 or >= 1",
            check_val_every_n_epoch=">= 1",
            num_sanity_val_steps=">= 1",
            log_every_n_steps=">= 1",
            train_time_interval="> 0",
        )


@torch.inference_mode()
def validate(model: Gan, device: torch.device, log: Log, loader: Iterable[Any]) -> dict[str, float]:
    """Return the mean of each metric over all samples of the loader."""
    metrics = EvaluationMetrics()
    with evaluation_mode(model, device.type):
        for batch in loader:
            batch = to_device(batch, device)
            outputs = model.validation_step(batch)
            metrics.append(outputs, num_samples(batch))
        results = means(metrics.sums(), "val_")
        model.on_validation_epoch_end(log)
    return results


def evaluate(
    model: Gan, device: torch.device, log: Log, data: Digits, cfg: Config
) -> dict[str, float]:
    """Do the task of cfg, other than fit, and return its metrics."""
    return validate(model, device, log, evaluation_loader(data.val_dataset(), cfg))


def training_loader(data: Digits, cfg: Config) -> tuple[TrainingBatches, DataLoader[Any]]:
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
        images=ImageFiles(run_folder / "images" / cfg.task),
    )
    log.step, log.epoch = step, epoch

    # --- model ---

    data = Digits()
    model = Gan(hidden=cfg.hidden)
    model.to(device)
    print(summarize(model))
    if checkpoint is not None:
        restore(checkpoint, model=model)

    if cfg.task != "fit":
        if cfg.resume is None:
            print("untrained weights: --resume last takes those of the last checkpoint")
        results = evaluate(model, device, log, data, cfg)
        log.metrics(results, step=step, epoch=epoch)
        print(f"step {step}  {as_text(results)}")
        return results

    # --- data ---

    train_sampler, train_loader = training_loader(data, cfg)
    num_batches = len(train_loader)
    val_loader = evaluation_loader(data.val_dataset(), cfg)

    # --- optimizers ---

    total_steps = cfg.max_epochs * num_batches
    if cfg.max_steps > 0:
        total_steps = min(total_steps, cfg.max_steps)
    discriminator_parameters = parameters_of(model, "discriminator")
    discriminator_optimizer = torch.optim.Adam(
        discriminator_parameters, lr=cfg.discriminator_lr, betas=cfg.discriminator_betas
    )

    generator_parameters = parameters_of(model, "generator")
    generator_optimizer = torch.optim.Adam(
        generator_parameters, lr=cfg.generator_lr, betas=cfg.generator_betas
    )

    train_metrics = TrainingMetrics(losses=["discriminator_loss", "generator_loss"])

    checkpoints = Checkpoints(run_folder / "checkpoints")

    def save_checkpoint(next_epoch: int) -> None:
        """Save all that the next step depends on."""
        stop_on_nonfinite_loss(train_metrics)
        stop_on_nonfinite_weights(model)
        this_rank = {
            "random_state": get_random_state(device.type),
            "train_metrics": train_metrics.state_dict(),
        }
        state = {
            "model": model.state_dict(),
            "discriminator_optimizer": discriminator_optimizer.state_dict(),
            "generator_optimizer": generator_optimizer.state_dict(),
            "log": log.state_dict(),
            "step": step,
            "epoch": next_epoch,
            "last_epoch": epoch,  # which the last step belongs to
            "position": train_sampler.position_at(batch_idx),
            "global_batch": cfg.batch_size,
            "ranks": [this_rank],
            "config": asdict(cfg),
        }
        checkpoints.save(state, epoch=epoch, step=step)

    # --- resume ---

    batch_idx = 0
    if checkpoint is not None:
        check_global_batch(checkpoint["global_batch"], batch_size=cfg.batch_size)
        restore(checkpoint, discriminator_optimizer=discriminator_optimizer)
        override_settings(
            discriminator_optimizer,
            {"lr": cfg.discriminator_lr, "betas": cfg.discriminator_betas},
            checkpoint["config"],
            prefix="discriminator_",
        )
        restore(checkpoint, generator_optimizer=generator_optimizer)
        override_settings(
            generator_optimizer,
            {"lr": cfg.generator_lr, "betas": cfg.generator_betas},
            checkpoint["config"],
            prefix="generator_",
        )
        restore_rank(checkpoint, train_metrics, device.type, seed=cfg.seed)
        train_sampler.position = checkpoint["position"]
        batch_idx = train_sampler.batch_idx
        # after an epoch's last batch its means, validation and checkpoint are still to come
        if epoch >= cfg.max_epochs or (batch_idx < num_batches and 0 < cfg.max_steps <= step):
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
        validate(model, device, Log(), islice(val_loader, cfg.num_sanity_val_steps))
    bar = tqdm(total=total_steps, initial=step, unit="step", disable=None)
    for epoch in range(epoch, cfg.max_epochs):
        train_sampler.epoch = epoch
        log.epoch = epoch
        for batch in train_loader:
            log.step = step + 1  # the step that this batch makes
            batch = to_device(batch, device)

            # discriminator
            with train_only(model, discriminator_parameters):
                discriminator_optimizer.zero_grad()
                outputs = model.discriminator_step(batch)
                loss = outputs["loss"]
                loss.backward()
                discriminator_optimizer.step()
            train_metrics.append(outputs, num_samples(batch), step + 1, prefix="discriminator_")

            # generator
            with train_only(model, generator_parameters):
                generator_optimizer.zero_grad()
                outputs = model.generator_step(batch)
                loss = outputs["loss"]
                loss.backward()
                generator_optimizer.step()
            train_metrics.append(outputs, num_samples(batch), step + 1, prefix="generator_")

            batch_idx += 1
            step += 1
            bar.update()

            if step % cfg.log_every_n_steps == 0:
                stop_on_nonfinite_loss(train_metrics)
                row = means(train_metrics.interval_sums(), "train_")
                metrics |= row
                log.metrics(row, step=step, epoch=epoch)
                bar.set_postfix(row, refresh=False)
            if checkpoint_age(checkpoints) >= cfg.train_time_interval:
                save_checkpoint(epoch)
            if 0 < cfg.max_steps <= step:
                break

        if batch_idx < num_batches and checkpoints.step < step:  # the run ends within the epoch
            save_checkpoint(epoch)
        row = means(train_metrics.epoch_sums(), "train_", "_epoch")
        metrics |= row
        log.metrics(row, step=step, epoch=epoch)
        if batch_idx < num_batches:
            break
        if (epoch + 1) % cfg.check_val_every_n_epoch == 0:
            val_metrics = validate(model, device, log, val_loader)
            log.metrics(val_metrics, step=step, epoch=epoch)
            bar.write(f"epoch {epoch}  step {step}  {as_text(val_metrics)}")
            metrics |= val_metrics
        batch_idx = 0
        train_sampler.position = 0
        save_checkpoint(epoch + 1)
        if 0 < cfg.max_steps <= step:
            break

    bar.close()
    log.close()
    return metrics


if __name__ == "__main__":
    with clear_ends():
        main(parse_settings(Config))
