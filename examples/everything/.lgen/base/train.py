"""Train Classifier (model.py) on Blobs (data.py).

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
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.optim import lr_scheduler
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from data import Blobs
from model import Classifier
from runtime.all_ranks import all_ranks
from runtime.as_text import as_text
from runtime.async_sharded_checkpoints import AsyncShardedCheckpoints
from runtime.averaged_shards import averaged_shards
from runtime.averaged_state import averaged_state
from runtime.bounds import check_bounds
from runtime.broadcast_buffers import broadcast_buffers
from runtime.checkpoint_age import checkpoint_age
from runtime.checkpoint_folder import load_state
from runtime.clear_ends import clear_ends
from runtime.copy_buffers import copy_buffers, restore_buffers
from runtime.cpu_stats import CpuStats
from runtime.csv_logger import CSVLogger
from runtime.distributed import end_distributed, start_distributed
from runtime.divide_gradients import divide_gradients
from runtime.draw_seed import draw_seed
from runtime.early_stopping import EarlyStopping
from runtime.ema import ema_multi_avg_fn
from runtime.equal_forwards import equal_forwards
from runtime.evaluation_batches import EvaluationBatches
from runtime.evaluation_metrics import EvaluationMetrics
from runtime.evaluation_mode import evaluation_mode
from runtime.from_main import from_main
from runtime.gather_to_main import gather_to_main
from runtime.global_batch import check_global_batch
from runtime.go_on import end_save, go_on
from runtime.gradient_norms import gradient_norms, read_norms
from runtime.layer_decay import decay_by_layer
from runtime.leave_out import leave_out
from runtime.limits import limit_batches
from runtime.local_shards import LocalShards
from runtime.log_hyperparameters import log_hyperparameters
from runtime.mean_over_ranks import mean_over_ranks
from runtime.modules_by_class import modules_by_class
from runtime.nonfinite_gradients_of_shards import nonfinite_gradients_of_shards
from runtime.nonfinite_weights import stop_on_nonfinite_weights
from runtime.override_groups import check_groups, group_settings, override_groups
from runtime.own_stream import own_stream
from runtime.parameter_groups import parameter_groups
from runtime.predictions import clear_predictions, save_predictions
from runtime.print_reasons import print_reasons
from runtime.random_state import get_random_state
from runtime.rank_mean import rank_mean
from runtime.restore import restore
from runtime.restore_averaged_shards import restore_averaged_shards
from runtime.restore_rank import restore_rank
from runtime.restore_schedule import restore_schedule
from runtime.run_folder import new_run_folder
from runtime.run_lock import lock_run
from runtime.save_code import save_code
from runtime.save_hyperparameters import save_hyperparameters
from runtime.seed import seed_everything
from runtime.seeded_dataset import SeededDataset
from runtime.settings import parse_settings
from runtime.shard_batch_norm import shard_batch_norm
from runtime.sharded_log import ShardedLog
from runtime.sharded_resume import restore_model, restore_optimizers, resume_sharded
from runtime.sum_over_ranks import sum_over_ranks
from runtime.summary import summarize
from runtime.tensorboard_logger import TensorBoardLogger
from runtime.timer import Timer
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
    seed: int = -1  # -1 draws one, which is printed and saved

    # model
    width: int = 64  # argument of Classifier
    blocks: int = 2  # argument of Classifier

    # data
    number: int = 2000  # argument of Blobs
    batch_size: int = 16  # samples per process in one batch
    num_workers: int = 2  # processes that load data
    limit_train_batches: float = 0.9  # share of an epoch's batches, of each process
    limit_val_batches: int = 8  # batches of an epoch, of each data set and process
    limit_test_batches: int = 8  # batches of an epoch, of each data set and process
    limit_predict_batches: int = 4  # batches of an epoch, of each process

    # optimizer
    lr: float = 0.001  # learning rate
    weight_decay: float = 0.05  # times lr: share of a weight that a step takes off
    layer_decay: float = 0.8  # rate of a layer as a share of the next one's
    accumulate_grad_batches: int = 4  # batches in one optimizer step
    gradient_clip_val: float = 1.0  # largest norm of all gradients together
    ema_decay: float = 0.99  # share of the averaged weights that a step keeps
    ema_update_every_n_steps: int = 2  # steps between averages

    # scheduler
    eta_min: float = 1e-05  # smallest learning rate
    warmup_steps: int = 20  # scheduler steps of linear warmup
    scheduler_frequency: int = 2  # steps between steps of the scheduler

    # loop
    max_epochs: int = 20  # epochs of the whole run
    max_steps: int = 1000  # optimizer steps; -1: no limit
    min_epochs: int = 4  # no stop by early stopping or max_time before
    min_steps: int = 50  # no stop by early stopping or max_time before
    max_time: float = 3600.0  # seconds of the run and its resumed parts; asked at logged steps
    val_check_interval: float = 0.5  # share of the epoch between validations
    check_val_every_n_epoch: int = 2  # epochs between validations
    num_sanity_val_steps: int = 1  # validation batches that are tried before training
    log_every_n_steps: int = 10  # steps between rows of the log

    # checkpoints and early stopping
    save_top_k: int = 3  # best checkpoints that are kept; -1: all
    every_n_epochs: int = 2  # epochs between checkpoints
    every_n_train_steps: int = 100  # steps between checkpoints
    train_time_interval: float = 600.0  # seconds between checkpoints; asked at logged steps
    patience: int = 5  # validations without improvement before the run stops
    min_delta: float = 0.001  # smallest change that counts as improvement

    def __post_init__(self) -> None:
        check_bounds(
            self,
            seed=">= -1",
            batch_size=">= 1",
            num_workers=">= 1",
            limit_train_batches="> 0 and <= 1",
            limit_val_batches=">= 1",
            limit_test_batches=">= 1",
            limit_predict_batches=">= 1",
            lr=">= 0",
            weight_decay=">= 0",
            warmup_steps=">= 1",
            scheduler_frequency=">= 1",
            layer_decay="> 0 and < 1",
            accumulate_grad_batches=">= 1",
            gradient_clip_val="> 0",
            ema_decay="> 0 and < 1",
            ema_update_every_n_steps=">= 1",
            max_epochs=">= 1",
            max_steps="== -1 or >= 1",
            min_epochs=">= 1",
            min_steps=">= 1",
            max_time="> 0",
            val_check_interval="> 0 and <= 1",
            check_val_every_n_epoch=">= 1",
            num_sanity_val_steps=">= 1",
            log_every_n_steps=">= 1",
            save_top_k=">= -1",
            every_n_epochs=">= 1",
            every_n_train_steps=">= 1",
            train_time_interval="> 0",
            patience=">= 0",
            min_delta=">= 0",
        )


@torch.no_grad()
def validate(model: Classifier, prefix: str, loader: Iterable[Any]) -> dict[str, float]:
    """Return the mean of each metric over all batches, each weighted by num_samples."""
    broadcast_buffers(model)
    metrics = EvaluationMetrics()
    with evaluation_mode(model, "cpu"):
        model.on_validation_start()
        # all ranks make equally many forward passes: each of them gathers sharded parameters
        for batch_idx, (batch, counts) in enumerate(equal_forwards(loader)):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                outputs = model.validation_step(batch, batch_idx)
            if counts:
                model.on_validation_batch_end(outputs, batch)
                metrics.append(outputs, outputs.pop("num_samples"))
        results = means(sum_over_ranks(metrics.sums()), prefix)
        # the mean of what each rank has seen
        returned = mean_over_ranks(model.on_validation_epoch_end())
        results |= {prefix + name: float(value) for name, value in returned.items()}
    return results


@torch.no_grad()
def test(model: Classifier, prefix: str, loader: Iterable[Any]) -> dict[str, float]:
    """Return the mean of each metric over all batches, each weighted by num_samples."""
    broadcast_buffers(model)
    metrics = EvaluationMetrics()
    with evaluation_mode(model, "cpu"):
        # all ranks make equally many forward passes: each of them gathers sharded parameters
        for batch, counts in equal_forwards(loader):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                outputs = model.test_step(batch)
            if counts:
                metrics.append(outputs, outputs.pop("num_samples"))
        results = means(sum_over_ranks(metrics.sums()), prefix)
    return results


@torch.no_grad()
def predict(model: Classifier, loader: Iterable[Any], folder: Path) -> None:
    """Write what predict_step returns for each batch to a file, numbered in data order."""
    with evaluation_mode(model, "cpu"):
        # all ranks make equally many forward passes: each of them gathers sharded parameters
        for batch_idx, (batch, counts) in enumerate(equal_forwards(loader)):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                outputs = model.predict_step(batch)
            if counts:
                # whole batches are dealt to the ranks in turn
                number = batch_idx * dist.get_world_size() + dist.get_rank()
                save_predictions(folder, number, outputs)


def evaluate(
    model: Classifier, data: Blobs, rank: int, world_size: int, folder: Path, cfg: Config
) -> dict[str, float]:
    """Do the task of cfg, other than fit, and return its metrics."""
    if cfg.task == "validate":
        metrics: dict[str, float] = {}
        for name, dataset in data.val_dataset().items():
            metrics |= validate(
                model,
                f"val_{name}_",
                evaluation_loader(data, dataset, rank, world_size, cfg.limit_val_batches, cfg),
            )
        return metrics
    if cfg.task == "test":
        metrics = {}
        for name, dataset in data.test_dataset().items():
            metrics |= test(
                model,
                f"test_{name}_",
                evaluation_loader(data, dataset, rank, world_size, cfg.limit_test_batches, cfg),
            )
        return metrics
    from_main(clear_predictions, folder)
    predict(
        model,
        evaluation_loader(
            data, data.predict_dataset(), rank, world_size, cfg.limit_predict_batches, cfg
        ),
        folder,
    )
    if dist.get_rank() == 0:
        print(f"predictions: {folder}")
    return {}


def training_loader(
    data: Blobs, rank: int, world_size: int, cfg: Config
) -> tuple[TrainingBatches, DataLoader[Any]]:
    """Return the sampler, which can start within an epoch, and the loader that uses it."""
    dataset = data.train_dataset()

    def train_order(epoch: int) -> Tensor:
        """Return the order of samples, which depends on the seed and the epoch only."""
        generator = torch.Generator().manual_seed(cfg.seed + epoch)
        return torch.randperm(len(dataset), generator=generator)  # type: ignore[arg-type]

    batches = TrainingBatches(
        train_order, cfg.batch_size, drop_last=True, rank=rank, world_size=world_size, seed=cfg.seed
    )
    batches.max_batches = limit_batches(cfg.limit_train_batches, len(batches))
    loader = DataLoader(
        SeededDataset(dataset),
        batch_sampler=batches,
        num_workers=cfg.num_workers,
        collate_fn=data.collate_fn,
        persistent_workers=True,
        generator=torch.Generator(),  # else each epoch draws from the global stream
    )
    return batches, loader


def evaluation_loader(
    data: Blobs, dataset: Dataset[Any], rank: int, world_size: int, limit: float, cfg: Config
) -> DataLoader[Any]:
    """Return a loader of the first batches of this rank's part of the dataset."""
    size = len(dataset)  # type: ignore[arg-type]
    batches = EvaluationBatches(
        size, cfg.batch_size, rank=rank, world_size=world_size, seed=cfg.seed
    )
    # a share is one of the first rank's batches, the same number on every rank
    most = math.ceil(size / (cfg.batch_size * world_size))
    batches.max_batches = limit_batches(limit, most)
    return DataLoader(
        SeededDataset(dataset),
        batch_sampler=batches,
        num_workers=cfg.num_workers,
        collate_fn=data.collate_fn,
        persistent_workers=True,
        generator=torch.Generator(),  # else each epoch draws from the global stream
    )


def shard(model: Classifier, world_size: int) -> FSDPModule:
    """Shard the parameters over the ranks."""
    # parameters are gathered for a forward pass and sharded again after the backward pass
    mesh = init_device_mesh("cpu", (world_size,))
    policy = MixedPrecisionPolicy(
        param_dtype=torch.bfloat16,
        reduce_dtype=torch.float32,
        cast_forward_inputs=False,  # autocast casts what needs it
    )
    shard_batch_norm(model, mesh)  # which keeps its weights and statistics in float32
    for module in modules_by_class(model, "Block"):
        fully_shard(module, mesh=mesh, mp_policy=policy, reshard_after_forward=False)
    fsdp = fully_shard(model, mesh=mesh, mp_policy=policy, reshard_after_forward=False)
    return fsdp


def main(cfg: Config) -> dict[str, float]:
    """Do cfg.task and return the last metrics."""
    # --- setup ---

    rank, local_rank, world_size = start_distributed(
        "gloo", "torchrun --standalone --nproc-per-node 2 train.py"
    )
    is_main = rank == 0
    torch.use_deterministic_algorithms(True)
    torch.set_float32_matmul_precision("high")

    cfg = Config(**from_main(asdict, cfg))  # rank 0 has read a checkpoint's settings
    if cfg.resume is None:
        run_folder, checkpoint = from_main(new_run_folder, cfg.default_root_dir), None
        step, epoch = 0, 0
    else:
        run_folder, checkpoint = resume_sharded(cfg.default_root_dir, cfg.resume)
        step = checkpoint["step"]
        epoch = checkpoint["epoch" if cfg.task == "fit" else "last_epoch"]
    if cfg.task == "fit":
        from_main(lock_run, run_folder)
    if cfg.seed < 0:
        cfg.seed = from_main(draw_seed)
    seed_everything(cfg.seed)
    log = ShardedLog()  # the first rank writes for all
    if is_main:
        # what was logged after the checkpoint is hidden, but only where training goes on
        purge_step = step + 1 if cfg.task == "fit" else None
        log = ShardedLog(
            CSVLogger(run_folder / f"{'metrics' if cfg.task == 'fit' else cfg.task}.csv"),
            tensorboard=TensorBoardLogger(run_folder / "tensorboard" / cfg.task, purge_step),
        )
    log.step, log.epoch = step, epoch

    # --- model ---

    data = Blobs(number=cfg.number)
    if local_rank == 0:
        data.prepare_data()  # once per node
    dist.barrier()
    seed_everything(cfg.seed)  # whatever prepare_data has drawn
    data.setup()
    model = Classifier(width=cfg.width, blocks=cfg.blocks)
    if is_main:
        print(summarize(model, depth=2))
    fsdp = shard(model, world_size)
    # from here on each rank draws random numbers of its own
    seed_everything(cfg.seed + rank)
    if checkpoint is not None:
        restore_model(checkpoint, model)

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
    val_loaders = {
        name: evaluation_loader(data, dataset, rank, world_size, cfg.limit_val_batches, cfg)
        for name, dataset in data.val_dataset().items()
    }
    val_interval = max(1, int(num_batches * cfg.val_check_interval))
    steps_per_epoch = math.ceil(num_batches / cfg.accumulate_grad_batches)

    # --- optimizer ---

    total_steps = cfg.max_epochs * steps_per_epoch
    if cfg.max_steps > 0:
        total_steps = min(total_steps, cfg.max_steps)
    # the first rule that a parameter matches sets its arguments
    groups = parameter_groups(model, {"match": ["bias", "norm"], "weight_decay": 0.0})
    # the last layer has the rate lr, each before it layer_decay times that of the next
    groups = decay_by_layer(model, groups, ["enter", "blocks.*", "leave"], cfg.lr, cfg.layer_decay)
    optimizer = torch.optim.AdamW(groups, lr=cfg.lr, weight_decay=cfg.weight_decay)
    initial_groups = group_settings(model, optimizer)  # before a schedule changes them
    # begins as a copy of the model
    averaged = AveragedModel(
        LocalShards(model), multi_avg_fn=ema_multi_avg_fn(cfg.ema_decay), use_buffers=True
    )
    warmup = lr_scheduler.LinearLR(
        optimizer, start_factor=1 / (cfg.warmup_steps + 1), total_iters=cfg.warmup_steps
    )
    after_warmup = lr_scheduler.CosineAnnealingLR(
        optimizer,
        T_max=max(1, math.ceil(total_steps / cfg.scheduler_frequency) - cfg.warmup_steps),
        eta_min=cfg.eta_min,
    )
    scheduler = lr_scheduler.SequentialLR(
        optimizer, [warmup, after_warmup], milestones=[cfg.warmup_steps]
    )
    early_stopping = EarlyStopping(
        "val_clean_loss",
        mode="min",
        patience=cfg.patience,
        min_delta=cfg.min_delta,
        stopping_threshold=0.01,
        divergence_threshold=10.0,
    )
    train_metrics = TrainingMetrics()

    checkpoints = AsyncShardedCheckpoints(
        run_folder / "checkpoints",
        monitor="val_clean_acc",
        mode="max",
        save_top_k=cfg.save_top_k,
        filename="{epoch:02d}-{val_clean_acc:.3f}",
    )
    timer = Timer(cfg.max_time)

    def save_checkpoint(next_epoch: int, metrics: dict[str, float]) -> None:
        """Save all that the next step depends on; the metrics of a validation rank it."""
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
                "n_averaged": int(averaged.n_averaged),
                "group_settings": initial_groups,
                "scheduler": scheduler.state_dict(),
                "early_stopping": early_stopping.state_dict(),
                "timer": timer.state_dict(),
                "log": log.state_dict(),
                "step": step,
                "epoch": next_epoch,
                "last_epoch": epoch,  # which the last step belongs to
                "position": train_sampler.position_at(batch_idx),
                "global_batch": cfg.batch_size * world_size * cfg.accumulate_grad_batches,
                "ranks": ranks,
                "config": asdict(cfg),
            }
        shards = averaged_state(model, averaged, optimizer=optimizer)
        checkpoints.save_shards(shards, state, epoch=epoch, step=step, metrics=metrics)

    def is_over(epochs: int) -> bool:
        """Return whether training ends at this step, with so many epochs done."""
        return 0 < cfg.max_steps <= step or (
            (early_stopping.should_stop or timer.should_stop)
            and step >= cfg.min_steps
            and epochs >= cfg.min_epochs
        )

    # --- resume ---

    batch_idx = 0
    if checkpoint is not None:
        check_global_batch(
            checkpoint["global_batch"],
            batch_size=cfg.batch_size,
            world_size=world_size,
            accumulate_grad_batches=cfg.accumulate_grad_batches,
        )
        check_groups(checkpoint, initial_groups)
        restore(checkpoint, early_stopping=early_stopping)
        restore_averaged_shards(checkpoint, model, averaged)
        restore_optimizers(checkpoint, model, optimizer=optimizer)
        restore_schedule(
            checkpoint,
            scheduler,
            optimizer,
            {"eta_min": cfg.eta_min, "scheduler_frequency": cfg.scheduler_frequency},
        )
        override_groups(optimizer, initial_groups, checkpoint["group_settings"], scheduler)
        restore_rank(
            checkpoint, train_metrics, "cpu", seed=cfg.seed, rank=rank, world_size=world_size
        )
        timer.load_state_dict(checkpoint.get("timer", {}))  # none without max_time
        train_sampler.position = checkpoint["position"]
        batch_idx = train_sampler.batch_idx
        # after an epoch's last batch its means and checkpoint are still to come
        if epoch >= cfg.max_epochs or (batch_idx < num_batches and is_over(epoch)):
            if is_main:
                print(f"nothing left to train: {epoch} epochs and {step} steps are done")
                print_reasons(early_stopping, timer)
                end_save(checkpoints, checkpoint)
            return {}
        from_main(go_on, checkpoints, checkpoint)
        # what was logged after the checkpoint is logged again
        log.load_state_dict(checkpoint.get("log", {}), step)
        checkpoint = None  # frees its memory

    # --- training loop ---

    if is_main:
        save_hyperparameters(run_folder, asdict(cfg), step)
        log_hyperparameters(log.tensorboard, asdict(cfg), "val_clean_acc")
        save_code(run_folder, step)
    stats_of_device = CpuStats()
    metrics: dict[str, float] = {}
    model.train()
    if cfg.resume is None:  # what would fail at the first validation fails here
        for name, val_loader in val_loaders.items():
            validate(model, f"val_{name}_", islice(val_loader, cfg.num_sanity_val_steps))
    with own_stream("cpu", needed=cfg.resume is not None):
        model.on_train_start()
    bar = tqdm(total=total_steps, initial=step, unit="step", disable=None if is_main else True)
    for epoch in range(epoch, cfg.max_epochs):
        train_sampler.epoch = epoch
        log.epoch = epoch
        if batch_idx == 0:  # not again in an epoch that is gone on with
            model.on_train_epoch_start(epoch)
        for window in windows(train_loader, cfg.accumulate_grad_batches):
            window_weight: Tensor | float = 0
            first_batch_idx = batch_idx
            optimizer.zero_grad()
            log.step = step + 1  # the step that this window makes
            finite = True
            buffers = copy_buffers(model)  # for a step that is skipped
            for batch, is_last in window:
                # reduce the gradients over the ranks once, in the window's last backward pass
                fsdp.set_requires_gradient_sync(is_last)
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    outputs = model.training_step(batch, batch_idx)
                loss = outputs["loss"]
                weight = outputs.pop("num_samples")
                (loss * weight).backward()
                window_weight += weight
                # reading the loss waits for the device, in every step
                finite = finite and (not weight or bool(loss.isfinite()))
                train_metrics.append(outputs, weight, step + 1)
                # the window's last batch ends with the optimizer's step
                if not is_last:
                    model.on_train_batch_end({**outputs, "num_samples": weight}, batch, batch_idx)
                    batch_idx += 1
            # from the sum to the mean over all that the window weighs, on all ranks
            divide_gradients(model.parameters(), rank_mean(window_weight, loss.device))
            bad = nonfinite_gradients_of_shards(model, optimizer)  # waits for the device
            if bad and is_main:
                bar.write(f"step {step + 1}: gradients that are not finite: {bad}")
            finite = all_ranks(finite) and not bad
            if finite:
                model.on_before_optimizer_step(optimizer)
                if (step + 1) % cfg.log_every_n_steps == 0:
                    norms_by_layer = gradient_norms(model, optimizer)
                grad_norm = nn.utils.clip_grad_norm_(model.parameters(), cfg.gradient_clip_val)
                optimizer.step()
            else:
                restore_buffers(model, buffers)
                leave_out(train_metrics, step + 1)
                if is_main:
                    bar.write(f"step {step + 1} skipped: its loss or a gradient is not finite")
            if step % cfg.ema_update_every_n_steps == 0:
                averaged.update_parameters(LocalShards(model))
            model.on_train_batch_end({**outputs, "num_samples": weight}, batch, batch_idx)
            batch_idx += 1
            step += 1
            bar.update()

            if step % cfg.log_every_n_steps == 0:
                row = means(sum_over_ranks(train_metrics.interval_sums()), "train_")
                row["lr"] = optimizer.param_groups[0]["lr"]
                if finite:  # a step that changed nothing has no norm
                    row["grad_norm"] = float(grad_norm.full_tensor())  # type: ignore[attr-defined]
                metrics |= row
                norms = read_norms(norms_by_layer) if finite else {}
                log.metrics(row | norms | stats_of_device.read(), step=step, epoch=epoch)
                bar.set_postfix(row, refresh=False)
            if step % cfg.scheduler_frequency == 0:
                scheduler.step()
            if (
                batch_idx // val_interval > first_batch_idx // val_interval
                and (epoch + 1) % cfg.check_val_every_n_epoch == 0
            ):
                val_metrics: dict[str, float] = {}
                with averaged_shards(model, averaged):
                    for name, val_loader in val_loaders.items():
                        val_metrics |= validate(model, f"val_{name}_", val_loader)
                log.metrics(val_metrics, step=step, epoch=epoch)
                if is_main:
                    bar.write(f"epoch {epoch}  step {step}  {as_text(val_metrics)}")
                early_stopping.update(val_metrics)
                metrics |= val_metrics
                save_checkpoint(epoch, val_metrics)
            elif step % cfg.every_n_train_steps == 0:
                save_checkpoint(epoch, {})
            if step % cfg.log_every_n_steps == 0:
                if from_main(checkpoint_age, checkpoints) >= cfg.train_time_interval:
                    save_checkpoint(epoch, {})
                timer.should_stop = from_main(timer.is_up)  # one clock decides for all
            if is_over(epoch):
                break

        if batch_idx < num_batches and checkpoints.step < step:  # the run ends within the epoch
            save_checkpoint(epoch, {})
        row = means(sum_over_ranks(train_metrics.epoch_sums()), "train_", "_epoch")
        metrics |= row
        log.metrics(row, step=step, epoch=epoch)
        model.on_train_epoch_end(epoch, log)
        if batch_idx < num_batches:
            break
        batch_idx = 0
        train_sampler.position = 0
        timer.should_stop = from_main(timer.is_up)
        if (
            (epoch + 1) % cfg.every_n_epochs == 0
            or epoch + 1 == cfg.max_epochs
            or is_over(epoch + 1)
        ):
            save_checkpoint(epoch + 1, {})
        if is_over(epoch + 1):
            break

    bar.close()
    checkpoints.wait()
    model.on_train_end()
    if is_main:
        print_reasons(early_stopping, timer)
    log.close()
    return metrics


if __name__ == "__main__":
    with clear_ends():
        main(parse_settings(Config, load_state))
    end_distributed()
