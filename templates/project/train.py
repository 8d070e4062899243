"""Train {{ module_class }} ({{ module_file }}) on {{ data_class }} ({{ data_file }}).

{{ commands }}
"""

import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any, Literal

import torch
import torch.distributed as dist
import tyro
from OPTIMIZER_MODULE import OPTIMIZER_CLASS  #: if optimizer_import_before_torch
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import get_model_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import (
    FSDPModule,
    MixedPrecisionPolicy,
    fully_shard,
    register_fsdp_forward_method,
)
from torch.nn.parallel import DistributedDataParallel
from torch.optim import lr_scheduler
from torch.optim.swa_utils import SWALR, AveragedModel
from torch.utils.data import DataLoader, Dataset
from OPTIMIZER_MODULE import OPTIMIZER_CLASS  #: if optimizer_import_behind_torch
from tqdm import tqdm
from OPTIMIZER_MODULE import OPTIMIZER_CLASS  #: if optimizer_import_last

from DATA_MODULE import DATA_CLASS
from MODEL_MODULE import MODEL_CLASS
from OPTIMIZER_MODULE import OPTIMIZER_CLASS  #: if optimizer_is_own
from runtime.accumulation_schedule import batches_in_step, check_schedule
from runtime.all_ranks import all_ranks
from runtime.as_text import as_text
from runtime.async_sharded_checkpoints import AsyncShardedCheckpoints
from runtime.autocast_methods import autocast_methods
from runtime.averaged_shards import averaged_shards
from runtime.averaged_state import averaged_state
from runtime.averaged_weights import averaged_weights
from runtime.batch import num_samples
from runtime.batch_norm_batches import batch_norm_batches
from runtime.batch_norm_over_ranks import batch_norm_over_ranks
from runtime.bounds import check_bounds
from runtime.broadcast_buffers import broadcast_buffers
from runtime.check_apart import check_apart
from runtime.checkpoint_age import checkpoint_age
from runtime.checkpoint_folder import load_state
from runtime.checkpoints import Checkpoints
from runtime.clear_ends import clear_ends
from runtime.copy_buffers import copy_buffers, restore_buffers
from runtime.cpu_stats import CpuStats
from runtime.csv_logger import CSVLogger
from runtime.cuda_stats import CudaStats
from runtime.default_dtype import default_dtype
from runtime.device_stats import device_stats
from runtime.distributed import end_distributed, start_distributed
from runtime.distributed_checkpoints import DistributedCheckpoints
from runtime.divide_gradients import divide_gradients
from runtime.draw_seed import draw_seed
from runtime.early_stopping import EarlyStopping
from runtime.ema import ema_multi_avg_fn
from runtime.ending_stream import EndingStream
from runtime.equal_forwards import equal_forwards
from runtime.evaluation_batches import EvaluationBatches
from runtime.evaluation_metrics import EvaluationMetrics
from runtime.evaluation_mode import evaluation_mode
from runtime.finite_gradients import has_finite_gradients
from runtime.freeze import freeze, set_last_rate, unfreeze
from runtime.fresh_metrics import fresh_metrics
from runtime.from_main import from_main
from runtime.gather_to_main import gather_to_main
from runtime.global_batch import check_global_batch
from runtime.global_mean import global_mean
from runtime.go_on import end_save, go_on
from runtime.gradient_norms import gradient_norms, read_norms
from runtime.gradient_shards import gradient_shards, restore_gradient_shards
from runtime.has_more import has_more
from runtime.image_files import ImageFiles
from runtime.is_written import is_written
from runtime.layer_decay import decay_by_layer
from runtime.leave_out import leave_out
from runtime.limited_loader import LimitedLoader
from runtime.limits import limit_batches
from runtime.local_shards import LocalShards
from runtime.log import Log
from runtime.log_hyperparameters import log_hyperparameters
from runtime.mean_over_ranks import mean_over_ranks
from runtime.metric_states import metric_states, reset_metrics, set_metric_states
from runtime.metrics_in_float32 import metrics_in_float32
from runtime.modules_by_class import modules_by_class
from runtime.monitor_value import monitor_value
from runtime.mps_stats import MpsStats
from runtime.nonfinite import stop_on_nonfinite_loss
from runtime.nonfinite_gradients import nonfinite_gradients
from runtime.nonfinite_gradients_of_shards import nonfinite_gradients_of_shards
from runtime.nonfinite_on_any_rank import stop_on_nonfinite_loss_of_any_rank
from runtime.nonfinite_weights import stop_on_nonfinite_weights
from runtime.override_groups import check_groups, group_settings, override_groups
from runtime.override_settings import override_settings
from runtime.own_stream import own_stream
from runtime.parameter_groups import parameter_groups
from runtime.parameters_of import parameters_of
from runtime.plain_state import check_plain
from runtime.predictions import clear_predictions, save_predictions
from runtime.prefetch import prefetch_to_device
from runtime.print_reasons import print_reasons
from runtime.random_state import get_random_state
from runtime.rank_mean import rank_mean
from runtime.rates_of_run import rates_of_run
from runtime.resize_history import resize_history
from runtime.restore import restore
from runtime.restore_average import restore_average
from runtime.restore_averaged_shards import restore_averaged_shards
from runtime.restore_backbone import restore_backbone
from runtime.restore_gradients import restore_gradients
from runtime.restore_metrics import restore_metrics
from runtime.restore_rank import restore_rank
from runtime.restore_schedule import restore_schedule
from runtime.restore_swa import restore_swa
from runtime.restore_swa_rates import restore_swa_rates
from runtime.restore_swa_shards import restore_swa_shards
from runtime.resumable_loader import ResumableLoader
from runtime.resume_on_all_ranks import resume_on_all_ranks
from runtime.resume_path import resume_checkpoint
from runtime.run_folder import new_run_folder
from runtime.run_lock import lock_run
from runtime.save_code import save_code
from runtime.save_hyperparameters import save_hyperparameters
from runtime.scratch_folder import scratch_folder
from runtime.seed import seed_everything
from runtime.seeded_dataset import SeededDataset
from runtime.set_epoch import set_epoch
from runtime.settings import parse_settings
from runtime.settle_precision import settle_precision
from runtime.shard_batch_norm import shard_batch_norm
from runtime.sharded_checkpoints import ShardedCheckpoints
from runtime.sharded_log import ShardedLog
from runtime.sharded_resume import restore_model, restore_optimizers, resume_sharded
from runtime.sharded_state import sharded_state
from runtime.steps_of_epochs import steps_of_epochs
from runtime.sum_over_ranks import sum_over_ranks
from runtime.summary import summarize
from runtime.swa_state import swa_state
from runtime.swap import swap
from runtime.tensorboard_logger import TensorBoardLogger
from runtime.timer import Timer
from runtime.to_device import to_device
from runtime.to_dtype import to_dtype
from runtime.train_only import train_only
from runtime.train_shards_only import train_shards_only
from runtime.training_batches import TrainingBatches
from runtime.training_metrics import TrainingMetrics
from runtime.unchanged import check_unchanged
from runtime.uncounted_repeats import uncounted_repeats
from runtime.weighted_sums import means
from runtime.weights import load_weights
from runtime.whole_epoch import whole_epoch
from runtime.windows import windows


@dataclass
class Config:
    """The settings of a run: train.py --help lists them, --name value sets one."""

    task: TASKS = "fit"  # what the script does  #: if tasks
    resume: str | None = None  # last, best or the path of a checkpoint  #: if checkpoint and ranks_files
    resume: str | None = None  # last or the path of a checkpoint  #: if checkpoint and not ranks_files
    init_from: str = {{ init_path | literal }}  # a checkpoint or a file of weights  #: if init_from
    default_root_dir: str = {{ default_root_dir | literal }}  # each run gets a folder version_N in it  #: if run_folder and not scratch
    default_root_dir: str = field(default_factory=scratch_folder)  # a fast_dev_run keeps nothing  #: if run_folder and scratch
    seed: int = -1  # -1 draws one, which is printed and saved  #: if seed_drawn
    seed: int = {{ seed }}  # of every random stream  #: if not seed_drawn

    #: if has_model_fields
    # model
    #: for NAME, TYPE, default in model_fields
    NAME: TYPE = {{ default | literal }}  # argument of {{ module_class }}
    #: endfor
    #: endif

    # data
    #: for NAME, TYPE, default in data_fields
    NAME: TYPE = {{ default | literal }}  # argument of {{ data_class }}
    #: endfor
    batch_size: int = {{ batch_size }}  # samples per process in one batch  #: if builds_loaders
    num_workers: int = {{ num_workers }}  # {{ workers_meaning }}  #: if uses_workers
    limit_train_batches: LIMIT_TRAIN_TYPE = {{ limit_train_batches | literal }}  # {{ limit_train_meaning }}  #: if limit_train
    limit_val_batches: LIMIT_VAL_TYPE = {{ limit_val_batches | literal }}  # {{ limit_val_meaning }}  #: if limit_val
    limit_test_batches: LIMIT_TEST_TYPE = {{ limit_test_batches | literal }}  # {{ limit_test_meaning }}  #: if limit_test
    limit_predict_batches: LIMIT_PREDICT_TYPE = {{ limit_predict_batches | literal }}  # {{ limit_predict_meaning }}  #: if limit_predict

    # optimizer  #: if has_optimizer_fields or accumulate or clip or ema or finetuning or swa
    #: for NAME, TYPE, default, meaning in optimizer_fields
    NAME: TYPE = {{ default | literal }}  # {{ meaning }}
    #: endfor
    layer_decay: float = {{ layer_decay }}  # rate of a layer as a share of the next one's  #: if decays_by_layer
    accumulate_grad_batches: int = {{ accumulate_grad_batches }}  # batches in one optimizer step  #: if accumulate_evenly
    # from which epoch on how many batches make a step: --accumulation-schedule 0 1 4 8  #: if accumulate_by_epoch
    accumulation_schedule: tuple[tuple[int, int], ...] = {{ accumulation_schedule | literal }}  #: if accumulate_by_epoch
    gradient_clip_val: float = {{ gradient_clip_val }}  # {{ clip_meaning }}  #: if clip
    ema_decay: float = {{ ema_decay }}  # share of the averaged weights that a step keeps  #: if ema
    ema_update_every_n_steps: int = {{ ema_update_every_n_steps }}  # steps between averages  #: if ema_every_n
    unfreeze_backbone_at_epoch: int = {{ unfreeze_backbone_at_epoch }}  # trains all of it from then on; counted from 0  #: if finetuning
    backbone_initial_ratio_lr: float = {{ backbone_initial_ratio_lr }}  # rate that it starts with, as a share of lr  #: if backbone_ratio
    backbone_initial_lr: float = {{ backbone_initial_lr }}  # rate that it starts with  #: if backbone_rate
    backbone_multiplier: float = {{ backbone_multiplier }}  # its rate by that of the epoch before  #: if finetuning
    swa_epoch_start: SWA_START_TYPE = {{ swa_epoch_start | literal }}  # {{ swa_start_meaning }}  #: if swa
    swa_lrs: float = {{ swa_lrs }}  # learning rate of the averaged epochs  #: if swa_lrs_set
    annealing_epochs: int = {{ annealing_epochs }}  # epochs on the way to swa_lrs  #: if swa_lrs_set

    #: for block in block_settings
    # {{ block.name }}
    #: for NAME, TYPE, default, meaning in block.settings
    NAME: TYPE = {{ default | literal }}  # {{ meaning }}
    #: endfor

    #: endfor
    #: if has_scheduler_fields
    # scheduler
    #: for NAME, TYPE, default, meaning in scheduler_fields
    NAME: TYPE = {{ default | literal }}  # {{ meaning }}
    #: endfor
    warmup_steps: int = {{ warmup_steps }}  # {{ warmup_meaning }}  #: if warmup
    decay_steps: DECAY_TYPE = {{ decay_steps | literal }}  # {{ decay_meaning }}  #: if wsd
    scheduler_frequency: int = {{ scheduler_frequency }}  # {{ frequency_meaning }}  #: if scheduler_frequency_set
    #: endif

    # loop
    #: if max_epochs_set
    max_epochs: int = {{ max_epochs }}  # epochs of the whole run
    #: endif
    max_steps: int = {{ max_steps }}  # optimizer steps; -1: no limit  #: if not needs_max_steps and not blocks
    max_steps: int = {{ max_steps }}  # training steps; -1: no limit  #: if not needs_max_steps and blocks
    max_steps: int = {{ max_steps }}  # optimizer steps of the whole run  #: if needs_max_steps and not blocks
    max_steps: int = {{ max_steps }}  # training steps of the whole run  #: if needs_max_steps and blocks
    min_epochs: int = {{ min_epochs }}  # {{ minimum_meaning }}  #: if min_epochs_set
    min_steps: int = {{ min_steps }}  # {{ minimum_meaning }}  #: if min_steps_set
    max_time: float = {{ max_time }}  # {{ max_time_meaning }}  #: if timed
    val_check_interval: INTERVAL_TYPE = {{ val_check_interval | literal }}  # {{ interval_meaning }}  #: if val_within_epoch
    check_val_every_n_epoch: int = {{ check_val_every_n_epoch }}  # epochs between validations  #: if val_every_n
    num_sanity_val_steps: int = {{ num_sanity_val_steps }}  # validation batches that are tried before training  #: if sanity_limited
    log_every_n_steps: int = {{ log_every_n_steps }}  # steps between rows of the log

    #: if has_checkpoint_fields or early_stopping
    # checkpoints  #: if has_checkpoint_fields and not early_stopping
    # checkpoints and early stopping  #: if has_checkpoint_fields and early_stopping
    # early stopping  #: if not has_checkpoint_fields
    #: if has_checkpoint_fields
    save_top_k: int = {{ save_top_k }}  # best checkpoints that are kept; -1: all  #: if monitored
    every_n_epochs: int = {{ every_n_epochs }}  # epochs between checkpoints  #: if save_every_n_epochs
    every_n_train_steps: int = {{ every_n_train_steps }}  # steps between checkpoints  #: if save_every_n_steps
    train_time_interval: float = {{ train_time_interval }}  # {{ train_time_meaning }}  #: if save_by_time
    #: endif
    patience: int = {{ patience }}  # validations without improvement before the run stops  #: if early_stopping
    min_delta: float = {{ min_delta }}  # smallest change that counts as improvement  #: if early_stopping
    #: endif

    def __post_init__(self) -> None:
        check_bounds(
            self,
            seed={{ bounds.seed | literal }},
            batch_size={{ bounds.batch_size | literal }},  #: if builds_loaders
            num_workers={{ bounds.num_workers | literal }},  #: if uses_workers
            limit_train_batches={{ bounds.limit_train_batches | literal }},  #: if limit_train
            limit_val_batches={{ bounds.limit_val_batches | literal }},  #: if limit_val
            limit_test_batches={{ bounds.limit_test_batches | literal }},  #: if limit_test
            limit_predict_batches={{ bounds.limit_predict_batches | literal }},  #: if limit_predict
            #: for NAME, allowed in optimizer_bounds
            NAME={{ allowed | literal }},
            #: endfor
            #: for NAME, allowed in block_bounds
            NAME={{ allowed | literal }},
            #: endfor
            #: for NAME, allowed in scheduler_bounds
            NAME={{ allowed | literal }},
            #: endfor
            warmup_steps={{ bounds.warmup_steps | literal }},  #: if warmup
            decay_steps={{ bounds.decay_steps | literal }},  #: if wsd
            scheduler_frequency={{ bounds.scheduler_frequency | literal }},  #: if scheduler_frequency_set
            layer_decay={{ bounds.layer_decay | literal }},  #: if decays_by_layer
            accumulate_grad_batches={{ bounds.accumulate_grad_batches | literal }},  #: if accumulate_evenly
            gradient_clip_val={{ bounds.gradient_clip_val | literal }},  #: if clip
            ema_decay={{ bounds.ema_decay | literal }},  #: if ema
            ema_update_every_n_steps={{ bounds.ema_update_every_n_steps | literal }},  #: if ema_every_n
            unfreeze_backbone_at_epoch={{ bounds.unfreeze_backbone_at_epoch | literal }},  #: if finetuning
            backbone_initial_ratio_lr={{ bounds.backbone_initial_ratio_lr | literal }},  #: if backbone_ratio
            backbone_initial_lr={{ bounds.backbone_initial_lr | literal }},  #: if backbone_rate
            backbone_multiplier={{ bounds.backbone_multiplier | literal }},  #: if finetuning
            swa_epoch_start={{ bounds.swa_epoch_start | literal }},  #: if swa
            swa_lrs={{ bounds.swa_lrs | literal }},  #: if swa_lrs_set
            annealing_epochs={{ bounds.annealing_epochs | literal }},  #: if swa_lrs_set
            max_epochs={{ bounds.max_epochs | literal }},  #: if max_epochs_set
            max_steps={{ bounds.max_steps | literal }},  #: if not needs_max_steps
            max_steps=">= 1",  #: if needs_max_steps
            min_epochs={{ bounds.min_epochs | literal }},  #: if min_epochs_set
            min_steps={{ bounds.min_steps | literal }},  #: if min_steps_set
            max_time={{ bounds.max_time | literal }},  #: if timed
            val_check_interval={{ bounds.val_check_interval | literal }},  #: if val_within_epoch
            check_val_every_n_epoch={{ bounds.check_val_every_n_epoch | literal }},  #: if val_every_n
            num_sanity_val_steps={{ bounds.num_sanity_val_steps | literal }},  #: if sanity_limited
            log_every_n_steps={{ bounds.log_every_n_steps | literal }},
            save_top_k={{ bounds.save_top_k | literal }},  #: if monitored
            every_n_epochs={{ bounds.every_n_epochs | literal }},  #: if save_every_n_epochs
            every_n_train_steps={{ bounds.every_n_train_steps | literal }},  #: if save_every_n_steps
            train_time_interval={{ bounds.train_time_interval | literal }},  #: if save_by_time
            patience={{ bounds.patience | literal }},  #: if early_stopping
            min_delta={{ bounds.min_delta | literal }},  #: if early_stopping
        )
        check_schedule(self.accumulation_schedule)  #: if accumulate_by_epoch


class TrainingStep(nn.Module):  #: if ddp and blocks
    """A step of the model as a forward pass: DDP sees to gradients where it is called."""

    def __init__(self, model: UserModel, step: Callable[..., Any]) -> None:
        super().__init__()
        self.model = model  # where DDP finds the parameters
        self.step = step

    def forward(self, *arguments: Any, **keywords: Any) -> Any:
        return self.step(*arguments, **keywords)


class TrainingStep(nn.Module):  #: if ddp and not blocks
    """The training step as a forward pass: DDP sees to gradients where it is called."""

    def __init__(self, model: UserModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, STEP_PARAMETERS) -> STEP_RESULT:
        return self.model.training_step({{ training_step_arguments }})


#: for EVALUATE, STEP, COUNTS, ON_START, ON_EPOCH_START, ON_BATCH_START, ON_BATCH_END, ON_EPOCH_END, ON_END, stage in evaluation_loops
@torch.inference_mode()  #: if inference_mode
@torch.no_grad()  #: if not inference_mode
def EVALUATE(
    model: UserModel,
    device: torch.device,  #: if moves_batches
    epoch: int,  #: if stage.needs_epoch
    step: int,  #: if stage.needs_step
    log: Log,  #: if stage.needs_log
    prefix: str,  #: if stage.several
    loader: LOADER_TYPE
) -> dict[str, float]:
    """Return the mean of each metric over all samples of the loader."""  #: if not weighted
    """Return the mean of each metric over all batches, each weighted by {{ batch_weight }}."""  #: if weighted
    log = log.under(prefix)  # several sets may write the same name  #: if stage.several and stage.needs_log
    broadcast_buffers(model)  #: if distributed
    metrics = EvaluationMetrics()  #: if stage.measures
    with EVALUATION_MODE:
        model.ON_START({{ stage.on_start.arguments }})  #: if stage.on_start.defined
        model.ON_EPOCH_START({{ stage.on_epoch_start.arguments }})  #: if stage.on_epoch_start.defined
        for batch in LOADER:  #: wrap if not fsdp and not stage.needs_batch_idx
            for batch_idx, batch in enumerate(LOADER):  #: wrap if not fsdp and stage.needs_batch_idx
                # all ranks make equally many forward passes: each of them gathers sharded parameters
                for batch, COUNTS in FORWARDS:  #: wrap if fsdp and not stage.needs_batch_idx
                    # all ranks make equally many forward passes: each of them gathers sharded parameters
                    for batch_idx, (batch, COUNTS) in enumerate(FORWARDS):  #: wrap if fsdp and stage.needs_batch_idx
                        #: include "project/steps/batch.py"
                        model.ON_BATCH_START({{ stage.on_batch_start.arguments }})  #: if stage.on_batch_start.defined
                        with torch.autocast(DEVICE_TYPE, dtype=AMP_DTYPE):  #: wrap if amp
                            with default_dtype(MODEL_DTYPE):  #: wrap if true_precision
                                outputs = model.STEP({{ stage.step_arguments }})  #: if stage.returns_dict
                                outputs = {"loss": model.STEP({{ stage.step_arguments }})}  #: if stage.returns_loss
                                model.STEP({{ stage.step_arguments }})  #: if not stage.measures
                        if counts:  #: wrap if fsdp and (stage.measures or stage.on_batch_end.defined)
                            model.ON_BATCH_END({{ stage.on_batch_end.arguments }})  #: if stage.on_batch_end.defined
                            metrics.append(outputs, outputs.pop({{ batch_weight | literal }}))  #: if stage.measures and weighted
                            metrics.append(outputs, WEIGHT)  #: if stage.measures and not weighted
        results: dict[str, float] = {}  #: if not stage.measures
        results = means(metrics.sums(), {{ stage.prefix | literal }})  #: if stage.measures and not distributed and not stage.several
        results = means(sum_over_ranks(metrics.sums()), {{ stage.prefix | literal }})  #: if stage.measures and distributed and not stage.several
        results = means(metrics.sums(), prefix)  #: if stage.measures and not distributed and stage.several
        results = means(sum_over_ranks(metrics.sums()), prefix)  #: if stage.measures and distributed and stage.several
        returned = model.ON_EPOCH_END({{ stage.on_epoch_end.arguments }})  #: if stage.epoch_end_returns and not distributed
        # the mean of what each rank has seen  #: if stage.epoch_end_returns and distributed
        returned = mean_over_ranks(model.ON_EPOCH_END({{ stage.on_epoch_end.arguments }}))  #: if stage.epoch_end_returns and distributed
        results |= {prefix + name: float(value) for name, value in returned.items()}  #: if stage.epoch_end_returns and stage.several
        results |= {f"{{ stage.prefix }}{name}": float(value) for name, value in returned.items()}  #: if stage.epoch_end_returns and not stage.several
        model.ON_EPOCH_END({{ stage.on_epoch_end.arguments }})  #: if stage.epoch_end_only
        model.ON_END({{ stage.on_end.arguments }})  #: if stage.on_end.defined
    return results


#: endfor
@torch.inference_mode()  #: if predict and inference_mode
@torch.no_grad()  #: if predict and not inference_mode
def predict(  #: if predict
    model: UserModel,
    device: torch.device,  #: if moves_batches
    epoch: int,  #: if predict_loop.needs_epoch
    step: int,  #: if predict_loop.needs_step
    log: Log,  #: if predict_loop.needs_log
    loader: LOADER_TYPE,
    folder: Path
) -> None:
    """Write what predict_step returns for each batch to a file, numbered in data order."""
    with EVALUATION_MODE:
        model.on_predict_start({{ predict_loop.on_start.arguments }})  #: if predict_loop.on_start.defined
        model.on_predict_epoch_start({{ predict_loop.on_epoch_start.arguments }})  #: if predict_loop.on_epoch_start.defined
        for batch_idx, batch in enumerate(LOADER):  #: wrap if not fsdp
            # all ranks make equally many forward passes: each of them gathers sharded parameters
            for batch_idx, (batch, counts) in enumerate(FORWARDS):  #: wrap if fsdp
                #: include "project/steps/batch.py"
                model.on_predict_batch_start({{ predict_loop.on_batch_start.arguments }})  #: if predict_loop.on_batch_start.defined
                with torch.autocast(DEVICE_TYPE, dtype=AMP_DTYPE):  #: wrap if amp
                    with default_dtype(MODEL_DTYPE):  #: wrap if true_precision
                        outputs = model.predict_step({{ predict_loop.step_arguments }})
                if counts:  #: wrap if fsdp
                    model.on_predict_batch_end({{ predict_loop.on_batch_end.arguments }})  #: if predict_loop.on_batch_end.defined
                    # whole batches are dealt to the ranks in turn
                    number = batch_idx * dist.get_world_size() + dist.get_rank()  #: if distributed
                    save_predictions(folder, PREDICT_NUMBER, outputs)
        model.on_predict_epoch_end({{ predict_loop.on_epoch_end.arguments }})  #: if predict_loop.on_epoch_end.defined
        model.on_predict_end({{ predict_loop.on_end.arguments }})  #: if predict_loop.on_end.defined


def evaluate(  #: if tasks
    model: UserModel,
    device: torch.device,  #: if evaluate_needs.device
    epoch: int,  #: if evaluate_needs.epoch
    step: int,  #: if evaluate_needs.step
    log: Log,  #: if evaluate_needs.log
    data: UserData,
    rank: int,  #: if evaluate_needs.rank
    world_size: int,  #: if evaluate_needs.world_size
    folder: Path,  #: if predict
    cfg: Config  #: if evaluate_needs.cfg
) -> dict[str, float]:
    """Do the task of cfg, other than fit, and return its metrics."""
    #: if validation
    if cfg.task == "validate":  #: wrap if test or predict
        metrics: dict[str, float] = {}  #: if several_val
        for name, VAL_SET in VAL_SETS.items():  #: if several_val
            metrics |= validate({{ val_arguments }}, f"val_{name}_", VAL_LOADER)
        return metrics  #: if several_val
        return validate({{ val_arguments }}, VAL_LOADER)  #: if not several_val
    #: endif
    #: if test
    if cfg.task == "test":  #: wrap if predict
        metrics = {}  #: if several_test and several_val
        metrics: dict[str, float] = {}  #: if several_test and not several_val
        for name, TEST_SET in TEST_SETS.items():  #: if several_test
            metrics |= test({{ test_arguments }}, f"test_{name}_", TEST_LOADER)
        return metrics  #: if several_test
        return test({{ test_arguments }}, TEST_LOADER)  #: if not several_test
    #: endif
    #: if predict
    from_main(clear_predictions, folder)  #: if distributed
    clear_predictions(folder)  #: if not distributed
    predict({{ predict_arguments }}, PREDICT_LOADER, folder)  #: if not several_predict
    for name, PREDICT_SET in PREDICT_SETS.items():  #: if several_predict
        predict({{ predict_arguments }}, PREDICT_LOADER, folder / name)
    if dist.get_rank() == 0:  #: wrap if distributed
        print(f"predictions: {folder}")
    return {}
    #: endif


def training_loader(  #: if map_style
    data: UserData,
    rank: int,  #: if distributed
    world_size: int,  #: if distributed
    cfg: Config
) -> tuple[TrainingBatches, DataLoader[Any]]:
    """Return the sampler, which can start within an epoch, and the loader that uses it."""
    dataset = data.train_dataset()

    def train_order(epoch: int) -> Tensor:  #: if shuffled
        """Return the order of samples, which depends on the seed and the epoch only."""
        generator = torch.Generator().manual_seed(cfg.seed + epoch)
        return torch.randperm(len(dataset), generator=generator)  # type: ignore[arg-type]

    def train_order(_: int) -> Sequence[int]:  #: if in_order
        """Return the order of samples, the same in every epoch."""
        return range(len(dataset))  # type: ignore[arg-type]

    batches = TrainingBatches(
        TRAIN_ORDER,
        cfg.batch_size,
        drop_last=True,  #: if drop_last
        rank=rank,  #: if distributed
        world_size=world_size,  #: if distributed
        seed=cfg.seed
    )
    batches.max_batches = limit_batches(cfg.limit_train_batches, len(batches))  #: if limit_train
    loader = DataLoader(
        SeededDataset(dataset),
        batch_sampler=batches,
        num_workers=cfg.num_workers,
        collate_fn=data.collate_fn,  #: if collate_fn
        pin_memory=PIN_MEMORY,  #: if pin_memory
        persistent_workers=True,  #: if persistent_workers
        generator=torch.Generator(),  # else each epoch draws from the global stream
    )
    return batches, loader


def evaluation_loader(  #: if builds_evaluation_loaders
    data: UserData,  #: if collate_fn
    dataset: Dataset[Any],
    rank: int,  #: if distributed
    world_size: int,  #: if distributed
    limit: float,  #: if limits_evaluation
    cfg: Config
) -> DataLoader[Any]:
    """Return a loader of the whole dataset in its own order."""  #: if not limits_evaluation and not distributed
    """Return a loader of the first batches of the dataset, as many as the limit says."""  #: if limits_evaluation and not distributed
    """Return a loader of this rank's part of the dataset, in its own order."""  #: if not limits_evaluation and distributed
    """Return a loader of the first batches of this rank's part of the dataset."""  #: if limits_evaluation and distributed
    size = len(dataset)  # type: ignore[arg-type]
    batches = EvaluationBatches(
        size,
        cfg.batch_size,
        rank=rank,  #: if distributed
        world_size=world_size,  #: if distributed
        seed=cfg.seed
    )
    batches.max_batches = limit_batches(limit, len(batches))  #: if limits_evaluation and not distributed
    # a share is one of the first rank's batches, the same number on every rank
    most = math.ceil(size / (cfg.batch_size * world_size))  #: if limits_evaluation and distributed
    batches.max_batches = limit_batches(limit, most)  #: if limits_evaluation and distributed
    return DataLoader(
        SeededDataset(dataset),
        batch_sampler=batches,
        num_workers=cfg.num_workers,
        collate_fn=data.collate_fn,  #: if collate_fn
        pin_memory=PIN_MEMORY,  #: if pin_memory
        persistent_workers=True,  #: if persistent_workers
        generator=torch.Generator(),  # else each epoch draws from the global stream
    )


def shard(  #: if fsdp
    model: UserModel,
    device: torch.device,  #: if auto
    world_size: int
) -> SHARDED:
    """Shard the parameters over the ranks."""
    # parameters are gathered for a forward or backward pass and sharded again after it  #: if reshards
    # parameters are gathered for a forward pass and sharded again after the backward pass  #: if not reshards
    mesh = init_device_mesh(DEVICE_TYPE, (world_size,))
    policy = MixedPrecisionPolicy(  #: if amp
        param_dtype=AMP_DTYPE,
        reduce_dtype=torch.float32,
        cast_forward_inputs=False,  # autocast casts what needs it
    )
    shard_batch_norm(model, mesh)  # which keeps its weights and statistics in float32  #: if amp
    for module in modules_by_class(model, {{ fsdp_wrap_names }}):  #: if fsdp_wrap
        fully_shard(module, {{ fsdp_arguments }})
    fsdp = fully_shard(model, {{ fsdp_arguments }})  #: if accumulate
    fully_shard(model, {{ fsdp_arguments }})  #: if not accumulate
    #: for step in gathering_steps
    register_fsdp_forward_method(model, {{ step | literal }})  # uses parameters beside model(...)
    #: endfor
    # a hook that calls the model meets parameters in half precision too
    autocast_methods(model, DEVICE_TYPE, AMP_DTYPE, {{ autocast_hooks }})  #: if autocasts_hooks
    settle_precision(model)  # before the step of an optimizer freezes the rest  #: if amp and blocks and fsdp_wrap
    return fsdp  #: if accumulate


def main(cfg: Config) -> dict[str, float]:
    """Do cfg.task and return the last metrics."""
    # --- setup ---

    if not torch.cuda.is_available():  #: if cuda
        sys.exit("accelerator cuda: torch finds no CUDA device on this machine")
    rank, LOCAL_RANK, WORLD_SIZE = start_distributed({{ backend | literal }}, {{ launch | literal }})  #: if distributed
    is_main = rank == 0  #: if distributed
    device = torch.device("cuda", local_rank)  #: if cuda and distributed
    torch.cuda.set_device(device)  #: if cuda and distributed
    device = torch.device("cuda")  #: if cuda and not distributed
    if not torch.backends.mps.is_available():  #: if mps
        sys.exit("accelerator mps: torch finds no Metal device on this machine")
    device = torch.device("mps")  #: if mps
    accelerator = torch.accelerator.current_accelerator(check_available=True)  #: if auto
    device = accelerator or torch.device("cpu")  #: if auto
    if device.type != "cpu":  #: if auto and distributed
        torch.accelerator.set_device_index(local_rank)
    # cuBLAS is deterministic with a fixed workspace only, and reads this once
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  #: if sets_cublas_workspace
    torch.use_deterministic_algorithms(True)  #: if deterministic
    torch.use_deterministic_algorithms(True, warn_only=True)  #: if deterministic_warn
    torch.backends.cudnn.benchmark = BENCHMARK  #: if benchmark_set
    torch.set_float32_matmul_precision({{ float32_matmul_precision | literal }})  #: if matmul_precision_set
    torch.autograd.set_detect_anomaly(True)  #: if detect_anomaly

    cfg = Config(**from_main(asdict, cfg))  # rank 0 has read a checkpoint's settings  #: if checkpoint and distributed
    if cfg.resume is None:  #: if checkpoint
        run_folder, checkpoint = new_run_folder(cfg.default_root_dir), None  #: if not distributed
        run_folder, checkpoint = from_main(new_run_folder, cfg.default_root_dir), None  #: if distributed
        step, epoch = 0, 0
    else:
        run_folder, checkpoint = resume_checkpoint(cfg.default_root_dir, cfg.resume)  #: if not distributed
        run_folder, checkpoint = resume_on_all_ranks(cfg.default_root_dir, cfg.resume)  #: if ddp
        run_folder, checkpoint = resume_sharded(cfg.default_root_dir, cfg.resume)  #: if fsdp
        step, epoch = checkpoint["step"], checkpoint["epoch"]  #: if not tasks
        step = checkpoint["step"]  #: if tasks
        epoch = checkpoint["epoch" if cfg.task == "fit" else "last_epoch"]  #: if tasks
    run_folder = new_run_folder(cfg.default_root_dir)  #: if run_folder_only and not distributed
    run_folder = from_main(new_run_folder, cfg.default_root_dir)  #: if run_folder_only and distributed
    step, epoch = 0, 0  #: if not checkpoint
    if cfg.task == "fit":  #: wrap if tasks and checkpoint
        lock_run(run_folder)  #: if checkpoint and not distributed
        from_main(lock_run, run_folder)  #: if checkpoint and distributed
    if cfg.seed < 0:  #: if seed_drawn
        cfg.seed = from_main(draw_seed)  #: if distributed
        cfg.seed = draw_seed()  #: if not distributed
    seed_everything(cfg.seed)
    log = LOG()  # the first rank writes for all  #: if distributed and files
    log = LOG()  #: if hooks_log and not files
    if is_main:  #: wrap if distributed and files
        # what was logged after the checkpoint is hidden, but only where training goes on
        purge_step = step + 1 if cfg.task == "fit" else None  #: if tensorboard and checkpoint and tasks
        log = LOG(  #: if files
            CSVLogger(run_folder / "metrics.csv"),  #: if csv and not tasks
            CSVLogger(run_folder / f"{'metrics' if cfg.task == 'fit' else cfg.task}.csv"),  #: if csv and tasks
            tensorboard=TensorBoardLogger(run_folder / "tensorboard" / cfg.task, purge_step),  #: if tensorboard and checkpoint and tasks
            tensorboard=TensorBoardLogger(run_folder / "tensorboard" / "fit", step + 1),  #: if tensorboard and checkpoint and not tasks
            tensorboard=TensorBoardLogger(run_folder / "tensorboard" / cfg.task),  #: if tensorboard and not checkpoint and tasks
            tensorboard=TensorBoardLogger(run_folder / "tensorboard" / "fit"),  #: if tensorboard and not checkpoint and not tasks
            images=ImageFiles(run_folder / "images" / cfg.task),  #: if writes_images and tasks
            images=ImageFiles(run_folder / "images" / "fit"),  #: if writes_images and not tasks
        )
    log.step, log.epoch = step, epoch  #: if hooks_log

    # --- model ---

    data = UserData({{ data_arguments }})
    if local_rank == 0:  #: if prepare_data and distributed
        data.prepare_data()  # once per node
    dist.barrier()  #: if prepare_data and distributed
    data.prepare_data()  #: if prepare_data and not distributed
    seed_everything(cfg.seed)  # whatever prepare_data has drawn  #: if prepare_data
    data.setup()  #: if setup
    model = UserModel({{ model_arguments }})
    model.setup({{ hooks.setup.arguments }})  #: if hooks.setup.defined
    model.configure_model({{ hooks.configure_model.arguments }})  #: if hooks.configure_model.defined
    model.load_state_dict(load_weights(cfg.init_from), strict={{ init_strict }})  #: if init_from
    model.to(MODEL_DTYPE)  #: if true_precision
    metrics_in_float32(model)  # sums of half precision lose what they add  #: if metric_objects_in_half
    model.to(device)  #: if moves_batches
    nn.SyncBatchNorm.convert_sync_batchnorm(model)  #: if sync_batchnorm
    # what is trained from cfg.unfreeze_backbone_at_epoch on  #: if finetuning
    backbone = freeze({{ freeze_arguments }})  #: if finetuning
    if is_main:  #: wrap if distributed and summary
        print(summarize({{ summary_arguments }}))  #: if summary
    fsdp = shard({{ shard_arguments }})  #: if fsdp and accumulate
    shard({{ shard_arguments }})  #: if fsdp and not accumulate
    model.compile({{ compile_arguments }})  #: if compile_model
    # from here on each rank draws random numbers of its own
    seed_everything(cfg.seed + rank)  #: if distributed
    if checkpoint is not None:  #: if checkpoint
        model.on_load_checkpoint({{ hooks.on_load_checkpoint.arguments }})  #: if hooks.on_load_checkpoint.defined
        restore(checkpoint, model=model)  #: if not fsdp
        restore_model(checkpoint, model)  #: if fsdp

    if cfg.task != "fit":  #: if tasks
        if cfg.resume is None and is_main:  #: if checkpoint and not init_from and distributed
            print("untrained weights: --resume last takes those of the last checkpoint")
        if cfg.resume is None:  #: if checkpoint and not init_from and not distributed
            print("untrained weights: --resume last takes those of the last checkpoint")
        if is_main:  #: wrap if not checkpoint and not init_from and distributed
            print("untrained weights: this script keeps no checkpoints")  #: if not checkpoint and not init_from
        results = evaluate({{ evaluate_arguments }})
        if results:  #: wrap if predict and (validation or test)
            log.metrics(results, step=step, epoch=epoch)  #: if logs_metrics and (validation or test)
            if is_main:  #: wrap if distributed and (validation or test)
                print(f"step {step}  {as_text(results)}")  #: if validation or test
        model.teardown({{ hooks.teardown.arguments }})  #: if hooks.teardown.defined
        return results
    if checkpoint is not None:  #: if checkpoint and weights_only
        sys.exit("a checkpoint of weights alone cannot be resumed; start from it by init_from")

    # --- data ---

    train_sampler, train_loader = training_loader({{ training_loader_arguments }})  #: if map_style
    train_dataset = EndingStream(data.train_dataset())  #: if ending_stream
    train_dataset = data.train_dataset()  #: if iterable and not ending_stream
    worker_seeds = torch.Generator()  #: if iterable and not stateful_train_data
    train_loader = DataLoader(  #: if iterable
        train_dataset,
        cfg.batch_size,
        drop_last=True,  #: if drop_last
        # without workers, which would advance copies of the data set and not its state
        num_workers=0,  #: if stateful_train_data
        num_workers=cfg.num_workers,  #: if not stateful_train_data
        collate_fn=data.collate_fn,  #: if collate_fn
        pin_memory=PIN_MEMORY,  #: if pin_memory
        persistent_workers=True,  #: if persistent_workers and not stateful_train_data
        generator=torch.Generator(),  #: if stateful_train_data
        generator=worker_seeds,  #: if not stateful_train_data
    )
    train_loader = data.train_dataloader()  #: if own_train_loader
    num_batches = limit_batches(cfg.limit_train_batches, len(train_loader))  #: if sized and cuts_batches
    num_batches = len(train_loader)  #: if sized and not cuts_batches
    num_batches = cfg.limit_train_batches  #: if cuts_batches and not sized
    if num_batches == 0:  #: if own_train_loader and sized
        sys.exit("the training loader has no batch")
    # goes on after any of its batches, the last of an epoch too  #: if resumable_loader
    train_batches = ResumableLoader(train_loader, NUM_BATCHES, DEVICE_TYPE, state_of=POSITION_OF)  #: if resumable_loader
    val_loader = VAL_LOADER  #: if validation and not several_val
    val_loaders = {name: VAL_LOADER for name, VAL_SET in VAL_SETS.items()}  #: if several_val
    val_interval = max(1, int(num_batches * cfg.val_check_interval))  #: if val_interval_share
    if cfg.val_check_interval > num_batches:  #: if val_interval_count and not val_across_epochs and sized
        sys.exit(f"val_check_interval {cfg.val_check_interval}: an epoch has {num_batches} batches")
    steps_per_epoch = math.ceil(num_batches / cfg.accumulate_grad_batches)  #: if counts_steps_per_epoch

    # --- optimizer ---  #: if not blocks
    # --- optimizers ---  #: if blocks

    total_steps = EPOCHS_STEPS  #: if total_by_epochs
    if checkpoint is not None:  # the epoch that was stopped starts again  #: if total_by_epochs and stateless_train_data and checkpoint and not weights_only
        total_steps = step + LEFT_STEPS
    if cfg.max_steps > 0:  #: if total_by_epochs
        total_steps = min(total_steps, cfg.max_steps)
    total_steps = cfg.max_steps  #: if total_by_steps
    # the first rule that a parameter matches sets its arguments  #: if group_rules_given
    groups = parameter_groups(  #: if group_rules_given
        model,
        #: for rule in group_rules
        {{ rule | literal }},
        #: endfor
    )
    # the last layer has the rate lr, each before it layer_decay times that of the next  #: if decays_by_layer
    groups = decay_by_layer(model, UNSPLIT, {{ layers | literal }}, cfg.lr, cfg.layer_decay)  #: if decays_by_layer
    optimizer = OPTIMIZER(groups, {{ optimizer_arguments }})  #: if grouped
    optimizer = OPTIMIZER(TRAINED_PARAMETERS, {{ optimizer_arguments }})  #: if optimizer_from_spec and not grouped
    initial_groups = group_settings(model, optimizer)  # before a schedule changes them  #: if saves_groups and scheduler
    initial_groups = group_settings(model, optimizer)  #: if saves_groups and not scheduler
    optimizer = model.configure_optimizers()  #: if configured_optimizer
    optimizer, scheduler = model.configure_optimizers()  #: if configured_both
    scheduler = SCHEDULER({{ scheduler_call }})  #: if scheduler_from_spec
    # begins as a copy of the model  #: if ema
    averaged = AveragedModel(AVERAGED, multi_avg_fn=ema_multi_avg_fn(cfg.ema_decay), use_buffers=True)  #: if ema
    averaged = AveragedModel(AVERAGED)  # holds no epoch yet  #: if swa
    swa_start = max(1, int(cfg.max_epochs * cfg.swa_epoch_start))  #: if swa_share
    swa_start = cfg.swa_epoch_start  #: if swa and not swa_share
    if swa_start > cfg.max_epochs:  #: if swa and not swa_share and max_epochs_set
        sys.exit(f"swa_epoch_start {swa_start} is past the last of {cfg.max_epochs} epochs")
    # what the optimizer does not have is neither clipped nor looked at  #: if picks_parameters
    parameters = [p for group in optimizer.param_groups for p in group["params"]]  #: if picks_parameters
    #: if warmup
    warmup = lr_scheduler.LinearLR(
        optimizer, start_factor=1 / (cfg.warmup_steps + 1), total_iters=cfg.warmup_steps
    )
    after_warmup = SCHEDULER({{ scheduler_call }})  #: if not wsd
    scheduler = lr_scheduler.SequentialLR(  #: if not wsd
        optimizer, [warmup, after_warmup], milestones=[cfg.warmup_steps]
    )
    #: endif
    #: if wsd
    stable = lr_scheduler.ConstantLR(optimizer, factor=1.0, total_iters=0)
    # a run that is too short for all of it has no stable part  #: if warmup
    decay_start = max(STABLE_FROM, total_steps - DECAY_STEPS)
    decay_length = max(1, total_steps - decay_start)
    decay = lr_scheduler.LinearLR(  #: if not decay_cosine
        optimizer, start_factor=1.0, end_factor=0.0, total_iters=decay_length
    )
    decay = lr_scheduler.CosineAnnealingLR(optimizer, T_max=decay_length)  #: if decay_cosine
    scheduler = lr_scheduler.SequentialLR(  #: if warmup
        optimizer, [warmup, stable, decay], milestones=[cfg.warmup_steps, decay_start]
    )
    scheduler = lr_scheduler.SequentialLR(optimizer, [stable, decay], milestones=[decay_start])  #: if not warmup
    #: endif
    # takes over from the schedule in the first epoch that is averaged  #: if scheduler
    swa_scheduler = SWALR(optimizer, cfg.swa_lrs, cfg.annealing_epochs, {{ annealing_strategy | literal }})  #: if swa_lrs_set
    backbone_lr: float | None = None  # while it is frozen  #: if finetuning
    # when each of its epochs began, in steps of the schedule  #: if finetuning and checkpoint and not weights_only and scheduler
    backbone_starts: list[int] = []  #: if finetuning and checkpoint and not weights_only and scheduler
    backbone_starts: list[int] = []  # the epochs that train it  #: if finetuning and checkpoint and not weights_only and not scheduler
    if checkpoint is not None and checkpoint.get("backbone_lr") is not None:  #: if finetuning and checkpoint and not weights_only
        backbone_lr, backbone_starts = checkpoint["backbone_lr"], checkpoint["backbone_starts"]
        unfreeze(model, backbone, optimizer, backbone_lr)  #: if not scheduler
        unfreeze(model, backbone, optimizer, backbone_lr, scheduler)  #: if scheduler
    scaler = torch.amp.GradScaler(DEVICE_TYPE)  #: if fp16 and not blocks
    #: for OPTIMIZER_OF, PARAMETERS_OF, SCHEDULER_OF, SCALER_OF, DDP_OF, CLASS_OF, SCHEDULE_OF, METHOD_OF, STEP_OF, RUNS, STEPS, STEPPED, CLIP_VAL, block in optimizer_blocks
    PARAMETERS_OF = parameters_of(model, {{ block.part_names }})
    OPTIMIZER_OF = CLASS_OF(PARAMETERS_OF, {{ block.optimizer_arguments }})
    SCHEDULER_OF = SCHEDULE_OF({{ block.scheduler_arguments }})  #: if block.scheduler
    # its loss has a range of its own, and so a scale of its own  #: if fp16
    SCALER_OF = torch.amp.GradScaler(DEVICE_TYPE)  #: if fp16
    # DDP takes up what is to be trained where it is built  #: if ddp
    with train_only(model, PARAMETERS_OF):  #: if ddp
        DDP_OF = DistributedDataParallel(TrainingStep(model, METHOD_OF))  #: if not deterministic_buckets
        # the gradient buckets stay as they are: a resumed run adds gradients in the same order  #: if deterministic_buckets
        DDP_OF = DistributedDataParallel(TrainingStep(model, METHOD_OF), find_unused_parameters=True)  #: if deterministic_buckets
    
    #: endfor
    # what one optimizer accumulates, no other may clear
    check_apart(  #: if blocks_accumulate
        model,
        {
            #: for OPTIMIZER_OF, PARAMETERS_OF, SCHEDULER_OF, SCALER_OF, DDP_OF, CLASS_OF, SCHEDULE_OF, METHOD_OF, STEP_OF, RUNS, STEPS, STEPPED, CLIP_VAL, block in optimizer_blocks
            {{ block.name | literal }}: PARAMETERS_OF,
            #: endfor
        },
        accumulating={{ accumulating_blocks | literal }}
    )
    ddp = DistributedDataParallel(TrainingStep(model))  #: if ddp and not deterministic_buckets and not blocks
    # with find_unused_parameters the gradient buckets stay as they are: a resumed run adds the
    # gradients of the ranks in the same order
    ddp = DistributedDataParallel(TrainingStep(model), find_unused_parameters=True)  #: if ddp and deterministic_buckets and not blocks
    training_step = torch.compile(model.training_step, {{ compile_arguments }})  #: if compile_step and not ddp
    ddp.compile({{ compile_arguments }})  #: if compile_step and ddp
    early_stopping = EarlyStopping(  #: if early_stopping
        {{ early_monitor | literal }},
        mode={{ early_mode | literal }},
        patience=cfg.patience,
        min_delta=cfg.min_delta,
        check_finite=False,  #: if early_check_finite_off
        stopping_threshold={{ stopping_threshold }},  #: if stopping_threshold_set
        divergence_threshold={{ divergence_threshold }},  #: if divergence_threshold_set
    )
    train_metrics = TrainingMetrics()  #: if not blocks
    train_metrics = TrainingMetrics(losses={{ block_losses | literal }})  #: if blocks

    checkpoints = CHECKPOINTS(run_folder / "checkpoints", {{ checkpoints_arguments }})  #: if checkpoint
    swa_path = checkpoints.folder / "swa.pt"  #: if swa
    timer = Timer(cfg.max_time)  #: if timed

    def save_checkpoint(  #: if checkpoint
        next_epoch: int,
        metrics: dict[str, float]  #: if ranks_files
    ) -> None:
        """Save all that the next step depends on; the metrics of a validation rank it."""  #: if not weights_only and ranks_files
        """Save all that the next step depends on."""  #: if not weights_only and not ranks_files
        """Save the weights; the metrics of a validation rank them."""  #: if weights_only and ranks_files
        """Save the weights."""  #: if weights_only and not ranks_files
        stop_on_nonfinite_loss(train_metrics)  #: if raise_nonfinite and not distributed
        stop_on_nonfinite_loss_of_any_rank(train_metrics)  #: if raise_nonfinite and distributed
        stop_on_nonfinite_weights(model)  #: if raise_nonfinite or skip_nonfinite
        broadcast_buffers(model)  #: if distributed
        this_rank = {  #: if not weights_only
            "random_state": get_random_state(DEVICE_TYPE),
            "train_metrics": train_metrics.state_dict(),
            "metric_states": metric_states(model, "cpu"),  #: if metric_objects
            "train_data": train_batches.state_dict(),  #: if stateful_train_data
        }
        ranks = gather_to_main(this_rank)  #: if distributed and not weights_only
        state: dict[str, Any] = {}  #: if distributed
        if is_main:  #: wrap if distributed
            state = {
                "model": model.state_dict(),  #: if not fsdp and not ema
                "model": averaged.module.state_dict(),  #: if ema and not fsdp
                "raw_model": model.state_dict(),  #: if ema and not fsdp and not weights_only
                "n_averaged": int(averaged.n_averaged),  #: if ema and not weights_only
                "optimizer": optimizer.state_dict(),  #: if not fsdp and not weights_only and not blocks
                #: if not weights_only
                #: for OPTIMIZER_OF, PARAMETERS_OF, SCHEDULER_OF, SCALER_OF, DDP_OF, CLASS_OF, SCHEDULE_OF, METHOD_OF, STEP_OF, RUNS, STEPS, STEPPED, CLIP_VAL, block in optimizer_blocks
                {{ block.optimizer_key | literal }}: OPTIMIZER_OF.state_dict(),  #: if not fsdp
                {{ block.scheduler_key | literal }}: SCHEDULER_OF.state_dict(),  #: if block.scheduler
                {{ block.scaler_key | literal }}: SCALER_OF.state_dict(),  #: if fp16
                {{ block.gradients_key | literal }}: [p.grad for p in PARAMETERS_OF],  #: if block.accumulate and not fsdp
                #: endfor
                #: endif
                "group_settings": initial_groups,  #: if saves_groups
                "averaged_model": averaged.state_dict() if averaged.n_averaged > 0 else None,  #: if swa and not fsdp and not weights_only
                "epochs_averaged": int(averaged.n_averaged),  #: if swa and fsdp and not weights_only
                "scheduler": scheduler.state_dict(),  #: if scheduler and not weights_only
                "swa_scheduler": swa_scheduler.state_dict(),  #: if swa_lrs_set and not weights_only
                "backbone_lr": backbone_lr,  #: if finetuning and not weights_only
                "backbone_starts": backbone_starts,  #: if finetuning and not weights_only
                "scaler": scaler.state_dict(),  #: if fp16 and not weights_only and not blocks
                "early_stopping": early_stopping.state_dict(),  #: if early_stopping and not weights_only
                "timer": timer.state_dict(),  #: if timed and not weights_only
                "log": log.state_dict(),  #: if logs_metrics and not weights_only
                "step": step,
                "epoch": next_epoch,
                "last_epoch": epoch,  # which the last step belongs to  #: if tasks or swa or finetuning
                "position": train_sampler.position_at(batch_idx),  #: if map_style and not weights_only
                "position": batch_idx,  #: if stateful_train_data and not weights_only
                "validations": validations,  #: if counts_validations
                "batches_done": batches_done,  #: if val_across_epochs
                "global_batch": GLOBAL_BATCH,  #: if map_style and not weights_only
                "ranks": ranks,  #: if distributed and not weights_only
                "ranks": [this_rank],  #: if not distributed and not weights_only
                "config": asdict(cfg),
            }
            model.on_save_checkpoint({{ hooks.on_save_checkpoint.arguments }})  #: if hooks.on_save_checkpoint.defined
            check_plain(state)  #: if hooks.on_save_checkpoint.defined
            checkpoints.save(state, {{ save_arguments }})  #: if not distributed
        checkpoints.save(state, {{ save_arguments }})  #: if ddp
        shards = SHARDS  #: if fsdp
        #: for OPTIMIZER_OF, PARAMETERS_OF, SCHEDULER_OF, SCALER_OF, DDP_OF, CLASS_OF, SCHEDULE_OF, METHOD_OF, STEP_OF, RUNS, STEPS, STEPPED, CLIP_VAL, block in optimizer_blocks
        shards[{{ block.gradients_key | literal }}] = gradient_shards(model, PARAMETERS_OF)  #: if fsdp and block.accumulate
        #: endfor
        checkpoints.save_shards(shards, state, {{ save_arguments }})  #: if fsdp

    def next_backbone_lr(lr: float | None) -> float:  #: if finetuning
        """Return the backbone's rate in an epoch, from that in the epoch before."""
        head_lr: float = optimizer.param_groups[0]["lr"]  #: if backbone_ratio or backbone_aligned
        if lr is None:
            return FIRST_BACKBONE_LR
        return NEXT_BACKBONE_LR

    def is_over(epochs: int) -> bool:  #: if stop_is_named
        """Return whether training ends at this step, with so many epochs done."""
        return IS_OVER

    def finish_average() -> dict[str, float]:  #: if swa
        """Validate the average of the epochs, which the model then has, and write it."""
        model.load_state_dict(averaged.module.state_dict())  #: if not fsdp
        swap(LocalShards(model), averaged.module)  #: if fsdp
        broadcast_buffers(model)  #: if distributed
        train_sampler.epoch, train_sampler.position = 0, 0  #: if map_style
        set_epoch(train_loader, 0)  #: if own_train_loader
        # the statistics of batch norm belong to weights that no step has made
        with PASS_MODE:
            for batch in batch_norm_batches(model, WHOLE_EPOCH):  #: wrap if not pass_counts_batches
                for batch_idx, batch in enumerate(batch_norm_batches(model, WHOLE_EPOCH)):  #: wrap if pass_counts_batches
                    #: include "project/steps/batch.py"
                    with torch.autocast(DEVICE_TYPE, dtype=AMP_DTYPE):  #: wrap if amp
                        with default_dtype(MODEL_DTYPE):  #: wrap if true_precision
                            model.training_step({{ pass_arguments }})
            batch_norm_over_ranks(model)  #: if distributed
        val_metrics: dict[str, float] = {}  #: if several_val
        val_metrics = validate({{ val_arguments }}, val_loader)  #: if validation and not several_val
        for name, val_loader in val_loaders.items():  #: if several_val
            val_metrics |= validate({{ val_arguments }}, f"val_{name}_", val_loader)
        metrics = {f"swa_{name}": value for name, value in val_metrics.items()}  #: if validation
        log.metrics(metrics, step=step, epoch=epoch)  #: if logs_metrics and validation
        if is_main:  #: wrap if distributed
            print(f"average of {int(averaged.n_averaged)} epochs  {as_text(metrics)}")  #: if validation
            print(f"average of {int(averaged.n_averaged)} epochs")  #: if not validation
        state = {
            "model": model.state_dict(),  #: if not fsdp
            "step": step,
            "epoch": epoch,
            "last_epoch": epoch,
            "global_batch": LAST_GLOBAL_BATCH,  #: if map_style
            "config": asdict(cfg),
        }
        checkpoints.write_shards({"model": get_model_state_dict(model)})  #: if fsdp
        model.on_save_checkpoint({{ hooks.on_save_checkpoint.arguments }})  #: if hooks.on_save_checkpoint.defined
        check_plain(state)  #: if hooks.on_save_checkpoint.defined
        checkpoints.write(state, swa_path)  #: if not distributed
        from_main(checkpoints.write, state, swa_path)  #: if distributed
        return metrics  #: if validation
        return {}  #: if not validation

    # --- resume ---  #: if checkpoint and not weights_only

    last_epoch = -1  # no epoch has set the rate of the backbone  #: if finetuning and checkpoint and not weights_only
    batch_idx = 0  #: if counts_batches
    validations = 0  #: if counts_validations
    batches_done = 0  # in the epochs before this one  #: if val_across_epochs
    if checkpoint is not None:  #: if checkpoint and not weights_only
        check_global_batch({{ global_batch_arguments }})  #: if map_style
        check_groups(checkpoint, initial_groups)  #: if saves_groups
        restore(checkpoint, {{ restored }})  #: if early_stopping or not blocks and (not fsdp or fp16)
        restore_average(checkpoint, model, averaged)  #: if ema and not fsdp
        restore_averaged_shards(checkpoint, model, averaged)  #: if ema and fsdp
        restore_optimizers(checkpoint, model, {{ sharded_optimizers }})  #: if fsdp
        #: for OPTIMIZER_OF, PARAMETERS_OF, SCHEDULER_OF, SCALER_OF, DDP_OF, CLASS_OF, SCHEDULE_OF, METHOD_OF, STEP_OF, RUNS, STEPS, STEPPED, CLIP_VAL, block in optimizer_blocks
        restore(checkpoint, {{ block.restored }})  #: if not fsdp or fp16
        restore_schedule(checkpoint, SCHEDULER_OF, OPTIMIZER_OF, {{ block.schedule_settings }}, {{ block.scheduler_key | literal }})  #: if block.scheduler
        override_settings(OPTIMIZER_OF, {{ block.overrides }}, checkpoint["config"], prefix={{ block.prefix | literal }})  #: if block.has_overrides and not block.scheduler
        override_settings(OPTIMIZER_OF, {{ block.overrides }}, checkpoint["config"], SCHEDULER_OF, prefix={{ block.prefix | literal }})  #: if block.has_overrides and block.scheduler
        check_unchanged(checkpoint["config"], asdict(cfg), {{ block.window_settings }})  #: if block.accumulate
        restore_gradients(checkpoint[{{ block.gradients_key | literal }}], PARAMETERS_OF)  #: if block.accumulate and not fsdp
        restore_gradient_shards(checkpoint, model, {{ block.gradients_key | literal }})  #: if block.accumulate and fsdp
        #: endfor
        restore_swa(checkpoint, averaged, swa_start, epoch)  #: if swa and not fsdp
        restore_swa_shards(checkpoint, model, averaged, swa_start, epoch)  #: if swa and fsdp
        restore_schedule(checkpoint, scheduler, optimizer)  #: if scheduler and not has_schedule_settings and not finetuning
        restore_schedule(checkpoint, scheduler, optimizer, SCHEDULE_SETTINGS)  #: if scheduler and has_schedule_settings and not finetuning
        override_groups(optimizer, initial_groups, checkpoint["group_settings"])  #: if saves_groups and not scheduler
        override_groups(optimizer, initial_groups, checkpoint["group_settings"], scheduler)  #: if saves_groups and scheduler
        override_settings(optimizer, OVERRIDES, checkpoint["config"])  #: if has_optimizer_fields and not saves_groups and (finetuning or not scheduler)
        override_settings(optimizer, OVERRIDES, checkpoint["config"], scheduler)  #: if has_optimizer_fields and not saves_groups and scheduler and not finetuning
        resize_history(optimizer)  #: if closure
        backbone_lr = restore_backbone(checkpoint, optimizer, next_backbone_lr, BACKBONE_SETTINGS)  #: if finetuning and not scheduler
        backbone_lr = restore_backbone(checkpoint, optimizer, next_backbone_lr, BACKBONE_SETTINGS, scheduler)  #: if finetuning and scheduler
        last_epoch = checkpoint["last_epoch"]  #: if finetuning
        restore_swa_rates(checkpoint, swa_scheduler, optimizer, averaged, cfg.swa_lrs)  #: if swa_lrs_set
        restore_rank(checkpoint, train_metrics, DEVICE_TYPE, {{ rank_arguments }})
        restore_metrics({{ restore_metrics_arguments }})  #: if metric_objects
        timer.load_state_dict(checkpoint.get("timer", {}))  # none without max_time  #: if timed
        batches_done = checkpoint["batches_done"]  #: if val_across_epochs
        train_sampler.position = checkpoint["position"]  #: if map_style
        batch_idx = train_sampler.batch_idx  #: if map_style
        validations = checkpoint["validations"]  #: if counts_validations
        if len(checkpoint["ranks"]) != world_size:  #: if stateful_train_data and distributed
            sys.exit(f"{len(checkpoint['ranks'])} processes read the training data; resume with as many")
        train_batches.load_state_dict(checkpoint["ranks"][RANK]["train_data"])  #: if stateful_train_data
        batch_idx = checkpoint["position"]  #: if stateful_train_data
        # a batch or window that was not full has met the end of the epoch's data
        train_batches.ended |= train_dataset.ended  #: if ending_stream
        check_unchanged({{ saved_window }}, asdict(cfg), {{ window_setting | literal }})  #: if keeps_windows
        # after an epoch's last batch its means, validation and checkpoint are still to come  #: if sized and not stateless_train_data and val_at_epoch_end
        # after an epoch's last batch its means and checkpoint are still to come  #: if sized and not stateless_train_data and not val_at_epoch_end
        if EPOCHS_DONE:
            if is_main:  #: wrap if distributed
                print(f"nothing left to train: {epoch} epochs and {step} steps are done")
                print_reasons({{ stops }})  #: if may_stop
                end_save(checkpoints, checkpoint)
            # the run may have been stopped before its average was written
            if averaged.n_averaged > 0 and not IS_WRITTEN:  #: if swa
                epoch = checkpoint["last_epoch"]
                log.load_state_dict(checkpoint.get("log", {}), step)  #: if logs_metrics
                if checkpoint["epoch"] == epoch:  # stopped within it  #: if logs_metrics
                    row = means(train_metrics.epoch_sums(), "train_", "_epoch")  #: if not distributed
                    row = means(sum_over_ranks(train_metrics.epoch_sums()), "train_", "_epoch")  #: if distributed
                    log.metrics(row, step=step, epoch=epoch)
                average_metrics = finish_average()  #: if hooks.teardown.defined
                model.teardown({{ hooks.teardown.arguments }})  #: if hooks.teardown.defined
                return average_metrics  #: if hooks.teardown.defined
                return finish_average()  #: if not hooks.teardown.defined
            model.teardown({{ hooks.teardown.arguments }})  #: if hooks.teardown.defined
            return {}
        go_on(checkpoints, checkpoint)  #: if not distributed
        from_main(go_on, checkpoints, checkpoint)  #: if distributed
        if train_metrics.epoch:  #: if stateless_train_data and not distributed
            print(f"the training data has no state: epoch {epoch} starts again")
        if train_metrics.epoch and is_main:  #: if stateless_train_data and distributed
            print(f"the training data has no state: epoch {epoch} starts again")
        train_metrics.epoch = {}  # its first part comes again  #: if stateless_train_data
        # what was logged after the checkpoint is logged again
        log.load_state_dict(checkpoint.get("log", {}), step)  #: if logs_metrics
        checkpoint = None  # frees its memory

    # --- training loop ---

    if is_main:  #: wrap if distributed and snapshots
        save_hyperparameters(run_folder, asdict(cfg), step)  #: if save_hyperparameters
        log_hyperparameters(log.tensorboard, asdict(cfg), {{ hparams_metric | literal }})  #: if log_hyperparameters
        save_code(run_folder, step)  #: if save_code
    stats_of_device = DEVICE_STATS  #: if device_stats
    metrics: dict[str, float] = {}
    model.train()
    with own_stream(DEVICE_TYPE, needed=cfg.resume is not None):  #: wrap if checkpoint and not weights_only and hooks.on_fit_start.defined
        model.on_fit_start({{ hooks.on_fit_start.arguments }})  #: if hooks.on_fit_start.defined
    #: if sanity
    # what would fail at the first validation fails here  #: if not checkpoint or weights_only
    if cfg.resume is None:  # what would fail at the first validation fails here  #: wrap if checkpoint and not weights_only
        # a stream of its own: one that is left may go on from there  #: if sanity_anew
        validate({{ sanity_arguments }}, SANITY_LOADER)  #: if not several_val and not proves_monitors
        tried = validate({{ sanity_arguments }}, SANITY_LOADER)  #: if not several_val and proves_monitors
        tried: dict[str, float] = {}  #: if several_val and proves_monitors
        for name, val_loader in val_loaders.items():  #: if several_val and not sanity_anew
            validate({{ sanity_arguments }}, f"val_{name}_", SANITY_LOADER)  #: if not proves_monitors
            tried |= validate({{ sanity_arguments }}, f"val_{name}_", SANITY_LOADER)  #: if proves_monitors
        for name, VAL_SET in VAL_SETS.items():  #: if several_val and sanity_anew
            validate({{ sanity_arguments }}, f"val_{name}_", SANITY_LOADER)  #: if not proves_monitors
            tried |= validate({{ sanity_arguments }}, f"val_{name}_", SANITY_LOADER)  #: if proves_monitors
        #: for monitor in unproved_monitors
        monitor_value(tried, {{ monitor | literal }})
        #: endfor
    #: endif
    with own_stream(DEVICE_TYPE, needed=cfg.resume is not None):  #: wrap if checkpoint and not weights_only and hooks.on_train_start.defined
        model.on_train_start({{ hooks.on_train_start.arguments }})  #: if hooks.on_train_start.defined
    bar = tqdm(total=BAR_TOTAL, initial=step, unit="step", disable=None)  #: if bar and not distributed
    bar = tqdm(total=BAR_TOTAL, initial=step, unit="step", disable=None if is_main else True)  #: if bar and distributed
    for epoch in EPOCHS:
        train_sampler.epoch = epoch  #: if map_style
        set_epoch(train_loader, epoch)  # of a sampler that shuffles by it  #: if own_train_loader
        worker_seeds.manual_seed(WORKER_SEED)  #: if iterable and not stateful_train_data
        if epoch > last_epoch:  # an epoch that is gone on with has its rate  #: wrap if finetuning and checkpoint and not weights_only
            if backbone_lr is not None:  #: if finetuning
                backbone_lr = next_backbone_lr(backbone_lr)
                optimizer.param_groups[-1]["lr"] = backbone_lr  #: if not scheduler
                set_last_rate(optimizer, backbone_lr, scheduler)  #: if scheduler
            elif epoch >= cfg.unfreeze_backbone_at_epoch:  #: if finetuning
                backbone_lr = next_backbone_lr(None)
                unfreeze(model, backbone, optimizer, backbone_lr)  #: if not scheduler
                unfreeze(model, backbone, optimizer, backbone_lr, scheduler)  #: if scheduler
                # DDP averages the gradients of what was trained when it was built  #: if ddp
                ddp = DistributedDataParallel(TrainingStep(model))  #: if ddp and not deterministic_buckets
                ddp = DistributedDataParallel(TrainingStep(model), find_unused_parameters=True)  #: if ddp and deterministic_buckets
                ddp.compile({{ compile_arguments }})  #: if compile_step and ddp
            if backbone_lr is not None:  #: if finetuning and checkpoint and not weights_only
                backbone_starts.append(scheduler.last_epoch)  #: if scheduler
                backbone_starts.append(epoch)  #: if not scheduler
        accumulate_grad_batches = batches_in_step(cfg.accumulation_schedule, epoch)  #: if accumulate_by_epoch
        log.epoch = epoch  #: if hooks_log
        if batch_idx == 0:  # not again in an epoch that is gone on with  #: wrap if checkpoint and not weights_only and counts_batches and hooks.on_train_epoch_start.defined
            model.on_train_epoch_start({{ hooks.on_train_epoch_start.arguments }})  #: if hooks.on_train_epoch_start.defined
        batches = LEFT_OF_EPOCH  #: if not sized and not accumulate and resumable_loader
        batches = iter(LEFT_OF_EPOCH)  #: if not sized and not accumulate and not resumable_loader
        batches = windows(LEFT_OF_EPOCH, ACCUMULATED)  #: if not sized and accumulate
        for batch in BATCHES:  #: wrap if not accumulate
            for window in BATCHES:  #: wrap if accumulate
                #: if closure
                #: include "project/steps/closure.py"
                #: endif
                #: if one_step
                window_size = min(ACCUMULATED, num_batches - batch_idx)  #: if actual_window
                window_weight: Tensor | float = 0  #: if weighted_window
                first_batch_idx = batch_idx  #: if accumulate and val_within_epoch
                optimizer.zero_grad()  #: if not hooks.on_before_zero_grad.defined
                log.step = step + 1  # the step that this window makes  #: if hooks_log and accumulate
                log.step = step + 1  # the step that this batch makes  #: if hooks_log and not accumulate
                finite = True  #: if accumulate and skip_nonfinite
                buffers = copy_buffers(model)  # for a step that is skipped  #: if skip_nonfinite
                states = metric_states(model)  # likewise  #: if skip_nonfinite and metric_objects
                for batch, is_last in window:  #: wrap if accumulate_enumerates
                    for batch, _ in window:  #: wrap if accumulate_plain
                        # average the gradients over the ranks once, in the window's last backward pass
                        ddp.require_backward_grad_sync = is_last  #: if accumulate and ddp
                        # reduce the gradients over the ranks once, in the window's last backward pass
                        fsdp.set_requires_gradient_sync(is_last)  #: if accumulate and fsdp
                        #: include "project/steps/batch.py"
                        model.on_train_batch_start({{ hooks.on_train_batch_start.arguments }})  #: if hooks.on_train_batch_start.defined
                        with torch.autocast(DEVICE_TYPE, dtype=AMP_DTYPE):  #: wrap if amp
                            with default_dtype(MODEL_DTYPE):  #: wrap if true_precision
                                outputs = TRAINING_STEP({{ training_step_arguments }})  #: if step_returns_dict
                                loss = TRAINING_STEP({{ training_step_arguments }})  #: if not step_returns_dict
                        loss = outputs["loss"]  #: if step_returns_dict
                        weight = outputs.pop({{ batch_weight | literal }})  #: if weighted
                        if batch_idx % ACCUMULATED == 0:  #: wrap if accumulate and hooks.on_before_zero_grad.defined
                            model.on_before_zero_grad({{ hooks.on_before_zero_grad.arguments }})  #: if hooks.on_before_zero_grad.defined
                            optimizer.zero_grad()  #: if hooks.on_before_zero_grad.defined
                        model.on_before_backward({{ hooks.on_before_backward.arguments }})  #: if hooks.on_before_backward.defined
                        loss.backward()  #: if plain_loss and not fp16
                        (LOSS_TERM).backward()  #: if not plain_loss and not fp16
                        scaler.scale(LOSS_TERM).backward()  #: if fp16
                        window_weight += weight  #: if weighted_window
                        model.on_after_backward({{ hooks.on_after_backward.arguments }})  #: if hooks.on_after_backward.defined
                        # reading the loss waits for the device, in every step
                        finite = LOSS_IS_FINITE  #: if skip_nonfinite and not accumulate
                        # reading the loss waits for the device, in every step
                        finite = finite and LOSS_IS_FINITE  #: if skip_nonfinite and accumulate
                        train_metrics.append(outputs, WEIGHT, step + 1)  #: if step_returns_dict
                        train_metrics.append({"loss": loss}, num_samples(batch), step + 1)  #: if not step_returns_dict
                        # the window's last batch ends with the optimizer's step
                        if not is_last:  #: if accumulate and hooks.on_train_batch_end.defined
                            model.on_train_batch_end({{ hooks.on_train_batch_end.arguments }})
                            batch_idx += 1  #: if counts_batches
                        batch_idx += 1  #: if counts_batches and accumulate and not hooks.on_train_batch_end.defined
                # from the sum to the mean over all that the window weighs, on all ranks
                divide_gradients(PARAMETERS, rank_mean(window_weight, loss.device))  #: if weighted_window and distributed
                # from the sum to the mean over all that the window weighs
                divide_gradients(PARAMETERS, window_weight)  #: if weighted_window and not distributed
                #: if names_nan_grads
                # looking at the gradients waits for the device, in every step
                bad = nonfinite_gradients(model, optimizer)  #: if not fsdp
                bad = nonfinite_gradients_of_shards(model, optimizer)  # waits for the device  #: if fsdp
                if bad:  #: if not distributed
                    REPORT(f"step {step + 1}: gradients that are not finite: {bad}")  #: if not fp16
                    REPORT(f"step {step + 1}: scaled gradients that are not finite: {bad}")  #: if fp16
                if bad and is_main:  #: if distributed
                    REPORT(f"step {step + 1}: gradients that are not finite: {bad}")  #: if not fp16
                    REPORT(f"step {step + 1}: scaled gradients that are not finite: {bad}")  #: if fp16
                #: endif
                # of gradients that are not finite the scaler takes care  #: if skip_nonfinite and fp16
                finite = all_ranks(finite)  #: if skip_nonfinite and distributed and fp16
                finite = all_ranks(finite) and GRADIENTS_ARE_FINITE  #: if skip_nonfinite and distributed and not fp16
                finite = finite and GRADIENTS_ARE_FINITE  #: if skip_nonfinite and not distributed and not fp16
                if finite:  #: wrap if skip_nonfinite
                    scaler.unscale_(optimizer)  #: if unscales
                    model.on_before_optimizer_step({{ hooks.on_before_optimizer_step.arguments }})  #: if hooks.on_before_optimizer_step.defined
                    if (step + 1) % cfg.log_every_n_steps == 0:  #: if measures_norms
                        scaler.unscale_(optimizer)  #: if fp16 and not unscales
                        grads = [p.grad for p in PARAMETERS if p.grad is not None]  #: if grad_norm_of_its_own
                        grad_norm = nn.utils.get_total_norm(grads, {{ grad_norm_arguments }})  #: if grad_norm_of_its_own
                        norms_by_layer = gradient_norms({{ norms_arguments }})  #: if norms_by_layer
                    nn.utils.clip_grad_norm_(PARAMETERS, cfg.gradient_clip_val)  #: if clip_norm and not grad_norm_of_clipping
                    grad_norm = nn.utils.clip_grad_norm_(PARAMETERS, cfg.gradient_clip_val)  #: if grad_norm_of_clipping
                    nn.utils.clip_grad_value_(PARAMETERS, cfg.gradient_clip_val)  #: if clip_value
                    optimizer.step()  #: if not fp16
                    scaler.step(optimizer)  #: if fp16
                    scaler.update()  #: if fp16
                    averaged.update_parameters(AVERAGED)  #: if ema and not ema_every_n
                else:  #: if skip_nonfinite
                    restore_buffers(model, buffers)
                    leave_out(train_metrics, step + 1)
                    set_metric_states(model, states)  #: if metric_objects
                    if is_main:  #: wrap if distributed
                        REPORT(f"step {step + 1} skipped: its loss is not finite")  #: if fp16
                        REPORT(f"step {step + 1} skipped: its loss or a gradient is not finite")  #: if not fp16
                if step % cfg.ema_update_every_n_steps == 0:  #: if ema_every_n
                    averaged.update_parameters(AVERAGED)
                #: endif
                #: if blocks
                #: include "project/steps/blocks.py"
                #: endif
                model.on_train_batch_end({{ hooks.on_train_batch_end.arguments }})  #: if hooks.on_train_batch_end.defined
                batch_idx += 1  #: if counts_batches and (not accumulate or hooks.on_train_batch_end.defined)
                step += 1
                bar.update()  #: if bar

                if step % cfg.log_every_n_steps == 0:
                    stop_on_nonfinite_loss(train_metrics)  #: if raise_nonfinite and not distributed
                    stop_on_nonfinite_loss_of_any_rank(train_metrics)  #: if raise_nonfinite and distributed
                    row = means(train_metrics.interval_sums(), "train_")  #: if not distributed
                    row = means(sum_over_ranks(train_metrics.interval_sums()), "train_")  #: if distributed
                    row["lr"] = optimizer.param_groups[0]["lr"]  #: if scheduler or swa_lrs_set
                    #: for OPTIMIZER_OF, PARAMETERS_OF, SCHEDULER_OF, SCALER_OF, DDP_OF, CLASS_OF, SCHEDULE_OF, METHOD_OF, STEP_OF, RUNS, STEPS, STEPPED, CLIP_VAL, block in optimizer_blocks
                    row[{{ block.lr_key | literal }}] = OPTIMIZER_OF.param_groups[0]["lr"]  #: if block.scheduler
                    #: endfor
                    if finite:  # a step that changed nothing has no norm  #: wrap if grad_norm and skip_nonfinite
                        row["grad_norm"] = float(grad_norm)  #: if grad_norm and not fsdp
                        row["grad_norm"] = float(grad_norm.full_tensor())  # type: ignore[attr-defined]  #: if grad_norm and fsdp
                    metrics |= row
                    norms = READ_NORMS  #: if norms_by_layer
                    log.metrics(LOGGED_ROW, step=step, epoch=epoch)  #: if logs_metrics
                    bar.set_postfix(row, refresh=False)  #: if bar
                    #: if distributed and not (scheduler_step or val_within_epoch or save_every_n_steps)
                    #: include "project/events/clock.py"
                    timer.should_stop = from_main(timer.is_up)  # one clock decides for all  #: if timed
                    #: endif
                if epoch + 1 < swa_start:  #: wrap if swa_lrs_set and (scheduler_step or scheduler_epoch and val_within_epoch and sized)
                    scheduler.step()  #: if scheduler_step and not scheduler_frequency_set
                    if step % cfg.scheduler_frequency == 0:  #: if scheduler_step and scheduler_frequency_set
                        scheduler.step()
                    if batch_idx == num_batches:  #: if scheduler_epoch and val_within_epoch and sized and not scheduler_frequency_set
                        scheduler.step()
                    if batch_idx == num_batches and (epoch + 1) % cfg.scheduler_frequency == 0:  #: if scheduler_epoch and val_within_epoch and sized and scheduler_frequency_set
                        scheduler.step()
                #: for OPTIMIZER_OF, PARAMETERS_OF, SCHEDULER_OF, SCALER_OF, DDP_OF, CLASS_OF, SCHEDULE_OF, METHOD_OF, STEP_OF, RUNS, STEPS, STEPPED, CLIP_VAL, block in optimizer_blocks
                SCHEDULER_OF.step()  #: if block.scheduler_step and not block.waits
                if STEPPED:  #: if block.scheduler_step and block.waits
                    SCHEDULER_OF.step()
                if batch_idx == num_batches:  #: if block.scheduler_epoch and val_within_epoch and sized
                    SCHEDULER_OF.step()
                #: endfor
                if VALIDATION_DUE:  #: if val_within_epoch
                    #: include "project/events/validation.py"
                    metrics |= val_metrics
                    save_checkpoint({{ save_validated }})  #: if checkpoint
                elif step % cfg.every_n_train_steps == 0:  #: if save_every_n_steps and val_within_epoch
                    save_checkpoint({{ save_unranked }})
                if step % cfg.every_n_train_steps == 0:  #: if save_every_n_steps and not val_within_epoch
                    save_checkpoint({{ save_unranked }})
                if step % cfg.log_every_n_steps == 0:  #: if (save_by_time or timed) and distributed and (scheduler_step or val_within_epoch or save_every_n_steps)
                    #: include "project/events/clock.py"
                    timer.should_stop = from_main(timer.is_up)  # one clock decides for all  #: if timed
                if checkpoint_age(checkpoints) >= cfg.train_time_interval:  #: if save_by_time and not distributed
                    save_checkpoint({{ save_unranked }})
                timer.should_stop = timer.is_up()  #: if timed and not distributed
                if STOP_DUE:
                    break

        if batch_idx == 0:  #: if counts_batches and not sized
            sys.exit(f"the training data is empty in epoch {epoch}")
        if batch_idx < num_batches and not (STOP_DUE):  #: if own_train_loader and sized
            sys.exit(f"epoch {epoch}: the training loader gave {batch_idx} of its {num_batches} batches")
        if STOP_UNSAVED:  # the run ends within the epoch  #: if saves_between
            save_checkpoint({{ save_unranked }})
        # the epoch is not over where there is one more batch  #: if not sized
        stopped = (STOP_DUE) and next(batches, None) is not None  #: if not sized and not distributed
        stopped = (STOP_DUE) and not all_ranks(next(batches, None) is None)  #: if not sized and distributed
        row = means(train_metrics.epoch_sums(), "train_", "_epoch")  #: if not distributed
        row = means(sum_over_ranks(train_metrics.epoch_sums()), "train_", "_epoch")  #: if distributed
        metrics |= row
        log.metrics(row, step=step, epoch=epoch)  #: if logs_metrics
        #: if val_within_epoch and sized
        #: include "project/events/train_epoch_end.py"
        #: endif
        if STOPPED:
            #: if not (val_within_epoch and sized)
            #: include "project/events/train_epoch_end.py"
            #: endif
            break
        if epoch + 1 < swa_start:  #: wrap if swa_lrs_set and scheduler_epoch and not (val_within_epoch and sized)
            scheduler.step()  #: if scheduler_epoch and not (val_within_epoch and sized) and not scheduler_frequency_set
            if (epoch + 1) % cfg.scheduler_frequency == 0:  #: if scheduler_epoch and not (val_within_epoch and sized) and scheduler_frequency_set
                scheduler.step()
        #: for OPTIMIZER_OF, PARAMETERS_OF, SCHEDULER_OF, SCALER_OF, DDP_OF, CLASS_OF, SCHEDULE_OF, METHOD_OF, STEP_OF, RUNS, STEPS, STEPPED, CLIP_VAL, block in optimizer_blocks
        SCHEDULER_OF.step()  #: if block.scheduler_epoch and not (val_within_epoch and sized)
        #: endfor
        val_metrics: dict[str, float] = {}  #: if keeps_val_metrics
        #: if val_at_epoch_end
        if (epoch + 1) % cfg.check_val_every_n_epoch == 0:  #: wrap if val_every_n
            #: include "project/events/validation.py"
            metrics |= val_metrics
        #: endif
        #: if not (val_within_epoch and sized)
        #: include "project/events/train_epoch_end.py"
        #: endif
        if epoch + 1 >= swa_start:  #: if swa
            averaged.update_parameters(AVERAGED)
            swa_scheduler.step()  #: if swa_lrs_set
        batches_done += batch_idx  #: if val_across_epochs
        batch_idx = 0  #: if counts_batches
        train_sampler.position = 0  #: if map_style
        timer.should_stop = from_main(timer.is_up)  #: if timed and distributed
        save_checkpoint({{ save_epoch }})  #: if saves_epochs and not save_conditionally
        if EPOCH_SAVE_DUE:  #: if saves_epochs and save_conditionally
            save_checkpoint({{ save_epoch }})
        if STOP_DUE_NEXT:
            break

    bar.close()  #: if bar
    checkpoints.wait()  #: if async_save
    if averaged.n_averaged > 0:  #: if swa
        metrics |= finish_average()
    elif is_main:  #: if swa and distributed
        print(f"no average: training ended before epoch {swa_start} was done")
    else:  #: if swa and not distributed
        print(f"no average: training ended before epoch {swa_start} was done")
    model.on_train_end({{ hooks.on_train_end.arguments }})  #: if hooks.on_train_end.defined
    model.on_fit_end({{ hooks.on_fit_end.arguments }})  #: if hooks.on_fit_end.defined
    model.teardown({{ hooks.teardown.arguments }})  #: if hooks.teardown.defined
    if is_main:  #: wrap if distributed and may_stop
        print_reasons({{ stops }})  #: if may_stop
    log.close()  #: if tensorboard
    return metrics


if __name__ == "__main__":
    with clear_ends():
        main(parse_settings(Config))  #: if checkpoint and not fsdp
        main(parse_settings(Config, load_state))  #: if checkpoint and fsdp
        main(tyro.cli(Config))  #: if not checkpoint
    end_distributed()  #: if distributed
