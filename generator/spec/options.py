"""Every option of lgen.yaml: name, type, default and one-line doc."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from lgen.spec.base import Name, Part, PathText, option
from lgen.spec.blocks import Block
from lgen.spec.epochs import by_epoch
from lgen.spec.finetuning import Finetuning
from lgen.spec.parts import (
    ClassPath,
    Compile,
    Ema,
    Fsdp,
    GradNorm,
    InitFrom,
    Optimizer,
    Scheduler,
    Swa,
)
from lgen.spec.saving import Checkpoint, EarlyStopping
from lgen.spec.seconds import Seconds

Precision = Literal["32-true", "64-true", "16-true", "bf16-true", "16-mixed", "bf16-mixed"]
Count = Annotated[int, Field(ge=1)]
Schedule = Annotated[dict[str, Count], Field(min_length=1), AfterValidator(by_epoch)]
# a count of batches or a share of them: 1 is one batch, 1.0 is all
Limit = Annotated[int, Field(ge=0)] | Annotated[float, Field(ge=0.0, le=1.0)]
TrainLimit = Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0.0, le=1.0)]


def _off(value: Any) -> Any:
    """None for `false`, any other value as it is."""
    return None if value is False else value


class Spec(Part):
    """The whole of lgen.yaml."""

    module: ClassPath = option(..., "the nn.Module with its steps", "code")
    data: ClassPath = option(..., "the class with the data sets", "code")
    defines: list[Name] = option(
        [], "steps and hooks that a base class of a package brings", "code"
    )

    optimizer: Optimizer | None = option(None, "optimizer and its arguments", "optimization")
    scheduler: Scheduler | None = option(None, "learning rate schedule", "optimization")
    optimizers: dict[Name, Block] = option(
        {}, "several optimizers by name, each with its own step and parameters", "optimization"
    )
    ema: Annotated[Ema | None, BeforeValidator(_off)] = option(
        None,
        "averaged weights, which are validated, tested and saved: false, true, or its arguments",
        "optimization",
    )
    swa: Annotated[Swa | None, BeforeValidator(_off)] = option(
        None, "stochastic weight averaging: false, true, or its arguments", "optimization"
    )
    finetuning: Annotated[Finetuning | None, BeforeValidator(_off)] = option(
        None,
        "freeze a part of the model until an epoch: false, true, or its arguments",
        "optimization",
    )
    accumulate_grad_batches: Count | Schedule = option(
        1,
        "batches in one optimizer step, or a mapping of epochs, counted from 0, to the number from "
        "then on",
        "optimization",
    )
    batch_weight: str | None = option(
        None,
        "the key of the steps' dicts that says how much a batch weighs; null counts its samples",
        "optimization",
        min_length=1,
    )
    partial_window: Literal["full", "actual"] = option(
        "full",
        "an epoch's last window divides by accumulate_grad_batches, or by the batches it has",
        "optimization",
    )
    gradient_clip_val: float | None = option(
        None, "limit of the gradients, once per optimizer step", "optimization", gt=0
    )
    gradient_clip_algorithm: Literal["norm", "value"] = option(
        "norm", "whether the norm of all gradients is limited, or each value", "optimization"
    )
    on_nonfinite: Literal["raise", "skip", "ignore"] = option(
        "raise", "what happens when a loss is NaN or infinite", "optimization"
    )
    print_nan_grads: bool = option(
        False,
        "name the parameters with a NaN or infinite gradient; waits for the device in every step",
        "optimization",
    )

    accelerator: Literal["auto", "cpu", "cuda", "mps"] = option("auto", "device type", "devices")
    devices: int = option(1, "processes on each node, one per device", "devices", ge=1)
    num_nodes: int = option(1, "machines", "devices", ge=1)
    strategy: Literal["single", "ddp", "fsdp"] = option(
        "single", "one process, copies of the model, or shards of it", "devices"
    )
    fsdp: Fsdp = option(Fsdp(), "how the model is sharded", "devices")
    sync_batchnorm: bool = option(False, "batch norm statistics over all processes", "devices")
    precision: Precision = option("32-true", "number format, as Lightning names it", "devices")

    batch_size: int = option(32, "samples in a batch of one process", "data", ge=1)
    num_workers: int = option(
        0, "processes that load data, for each training process", "data", ge=0
    )
    pin_memory: bool | None = option(
        None, "page-locked batches for faster copies; null means on cuda", "data"
    )
    persistent_workers: bool = option(False, "keep the workers from epoch to epoch", "data")
    prefetch_to_device: bool = option(False, "copy the next batch during the step", "data")
    shuffle: bool = option(True, "a new order of the training samples in every epoch", "data")
    drop_last: bool = option(False, "leave out the epoch's last, short training batch", "data")

    max_epochs: Count | None = option(
        None, "last epoch; null is 1000, unless max_steps or max_time", "length"
    )
    min_epochs: Count | None = option(
        None, "early stopping and max_time wait for this epoch", "length"
    )
    max_steps: Literal[-1] | Count = option(-1, "last optimizer step; -1 is no limit", "length")
    min_steps: Count | None = option(
        None, "early stopping and max_time wait for this step", "length"
    )
    max_time: Seconds | None = option(
        None, "time of the whole run, resumed parts included: HH:MM:SS or seconds", "length", gt=0
    )
    limit_train_batches: TrainLimit = option(
        1.0, "training batches in an epoch: a count (1) or a share (1.0)", "length"
    )
    limit_val_batches: Limit = option(
        1.0, "batches of a validation: a count or a share; 0 turns validation off", "length"
    )
    limit_test_batches: Limit = option(
        1.0, "batches of a test: a count or a share; 0 turns it off", "length"
    )
    limit_predict_batches: Limit = option(
        1.0, "batches of a prediction: a count or a share; 0 turns it off", "length"
    )

    fast_dev_run: bool | Count = option(
        False, "one epoch of one batch of each loop, or of so many; no file is kept", "length"
    )
    overfit_batches: Literal[0] | TrainLimit = option(
        0, "train on the same first batches unshuffled, a count or a share; 0 is off", "length"
    )

    val_check_interval: TrainLimit = option(
        1.0, "training batches between validations: a count or a share of the epoch", "validation"
    )
    check_val_every_n_epoch: Count | None = option(
        1, "epochs between validations; null counts batches across epochs", "validation"
    )
    num_sanity_val_steps: int = option(
        2,
        "batches of each validation set that are tried before training; -1: all",
        "validation",
        ge=-1,
    )
    early_stopping: EarlyStopping | None = option(
        None, "end training when a metric stops improving", "validation"
    )
    inference_mode: bool = option(
        True,
        "evaluate under torch.inference_mode, not torch.no_grad; fsdp needs no_grad",
        "validation",
    )

    checkpoint: Annotated[Checkpoint | None, BeforeValidator(_off)] = option(
        Checkpoint(), "saved states, or false", "saving"
    )
    init_from: InitFrom | None = option(None, "weights that training starts from", "saving")
    default_root_dir: PathText = option("runs", "folder of all runs", "saving", min_length=1)
    save_hyperparameters: bool = option(
        False, "keep the settings and versions of each start in the run's folder", "saving"
    )
    save_code: bool = option(
        False, "keep the project's source of each start in the run's folder", "saving"
    )

    loggers: list[Literal["csv", "tensorboard"]] = option(["csv"], "where metrics go", "logging")
    log_every_n_steps: int = option(50, "optimizer steps between rows of the log", "logging", ge=1)
    track_grad_norm: Annotated[GradNorm | None, BeforeValidator(_off)] = option(
        None,
        "the norm of all gradients before clipping, in every row: false, true, or its order, 2.0",
        "logging",
    )
    device_stats: bool = option(
        False, "memory and utilisation of rank 0's device in every row, for the loggers", "logging"
    )
    enable_progress_bar: bool = option(True, "a progress bar", "logging")
    enable_model_summary: bool = option(True, "print the model's parts and sizes", "logging")
    model_summary_depth: Literal[-1] | Count = option(
        1, "levels of parts in the summary; -1: all", "logging"
    )

    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = option(
        0, "seed of all random streams; null draws one, prints and saves it", "reproducibility"
    )
    deterministic: bool | Literal["warn"] = option(
        False, "only deterministic algorithms; warn where there is none", "reproducibility"
    )
    benchmark: bool | None = option(
        None, "let cuDNN choose by trial; null leaves torch's setting", "reproducibility"
    )
    detect_anomaly: bool = option(False, "autograd's anomaly detection, slow", "reproducibility")

    compile: Annotated[Compile | None, BeforeValidator(_off)] = option(
        None, "torch.compile: false, true, step, or its arguments", "speed"
    )
    float32_matmul_precision: Literal["highest", "high", "medium", None] = option(
        None, "float32 matrix products; null leaves torch's setting", "speed"
    )
