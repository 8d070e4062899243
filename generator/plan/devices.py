"""Decides on devices, processes and number formats."""

from __future__ import annotations

from lgen.plan.decisions import Code, Decisions, arguments, literal
from lgen.spec.options import Spec
from lgen.user_code.classes import UserData

_AMP = {"16-mixed": "torch.float16", "bf16-mixed": "torch.bfloat16"}
_TRUE = {"64-true": "torch.float64", "16-true": "torch.float16", "bf16-true": "torch.bfloat16"}
# None lets torch take each backend that it was built with
_BACKEND = {"cpu": "gloo", "cuda": "nccl", "mps": "gloo", "auto": None}


def is_distributed(spec: Spec) -> bool:
    """Whether several processes train together."""
    return spec.strategy != "single"


def launcher(spec: Spec) -> str:
    """The start of the command line that runs the script."""
    if not is_distributed(spec):
        return "python"
    if spec.num_nodes == 1:
        return f"torchrun --standalone --nproc-per-node {spec.devices}"
    return (
        f"torchrun --nnodes {spec.num_nodes} --nproc-per-node {spec.devices}"
        " --rdzv-backend c10d --rdzv-endpoint HOST:29400"
    )


def pin_memory(spec: Spec) -> str:
    """The condition under which batches are page-locked as Python text, empty for never."""
    pins = spec.accelerator in ("cuda", "auto") if spec.pin_memory is None else spec.pin_memory
    # torch warns where memory is pinned for no device
    always = "torch.cuda.is_available()" if spec.accelerator == "auto" else "True"
    return always if pins else ""


def device_type(spec: Spec) -> str:
    """The type of the device as Python text."""
    return "device.type" if spec.accelerator == "auto" else f'"{spec.accelerator}"'


def devices(spec: Spec, data: UserData) -> Decisions:
    """The accelerator, the strategy and the launch command."""
    cpu = spec.accelerator == "cpu"
    local = spec.accelerator in ("cuda", "auto") or data.prepare_data
    return Decisions(
        flags={
            "auto": spec.accelerator == "auto",
            "cuda": spec.accelerator == "cuda",
            "mps": spec.accelerator == "mps",
            "moves_batches": not cpu,
            "ddp": spec.strategy == "ddp",
            "fsdp": spec.strategy == "fsdp",
            "distributed": is_distributed(spec),
            "sync_batchnorm": spec.sync_batchnorm,
            "prefetch": spec.prefetch_to_device,
            "pin_memory": bool(pin_memory(spec)),
            "persistent_workers": spec.persistent_workers,
        },
        names={
            "DEVICE_TYPE": device_type(spec),
            "LOCAL_RANK": "local_rank" if local else "_",
            "PIN_MEMORY": pin_memory(spec),
            "RANK": "rank" if is_distributed(spec) else "0",
        },
        values={
            "backend": _BACKEND[spec.accelerator],
            "launch": f"{launcher(spec)} train.py",
        },
    )


def precision(spec: Spec) -> Decisions:
    """Number formats, compilation and torch's switches."""
    amp = spec.precision in _AMP
    fsdp = spec.strategy == "fsdp"
    compiled = spec.compile
    return Decisions(
        flags={
            "amp": amp,
            "fp16": spec.precision == "16-mixed",
            "true_precision": spec.precision in _TRUE,
            "fsdp_wrap": fsdp and bool(spec.fsdp.wrap),
            "reshards": spec.fsdp.reshard_after_forward,
            "deterministic": spec.deterministic is True,
            "sets_cublas_workspace": bool(spec.deterministic)
            and spec.accelerator in ("auto", "cuda"),
            "deterministic_warn": spec.deterministic == "warn",
            "deterministic_buckets": bool(spec.deterministic),
            "benchmark_set": spec.benchmark is not None,
            "matmul_precision_set": spec.float32_matmul_precision is not None,
            "detect_anomaly": spec.detect_anomaly,
            # FSDP keeps what it first gathers in inference mode, and could not train with it
            "inference_mode": spec.inference_mode and not fsdp,
            "compile_model": compiled is not None and compiled.target == "model",
            "compile_step": compiled is not None and compiled.target == "step",
        },
        names={
            "AMP_DTYPE": _AMP.get(spec.precision, ""),
            "MODEL_DTYPE": _TRUE.get(spec.precision, ""),
            "BENCHMARK": str(spec.benchmark),
        },
        values={
            "float32_matmul_precision": spec.float32_matmul_precision,
            "compile_arguments": _compile_arguments(spec),
            "shard_arguments": arguments(
                "model", "device" if spec.accelerator == "auto" else "", "world_size"
            ),
            "fsdp_wrap_names": arguments(*map(literal, spec.fsdp.wrap)),
            "fsdp_arguments": arguments(
                mesh="mesh",
                **({"mp_policy": "policy"} if amp else {}),
                **({} if spec.fsdp.reshard_after_forward else {"reshard_after_forward": "False"}),
            ),
        },
    )


def _compile_arguments(spec: Spec) -> Code:
    if spec.compile is None:
        return arguments()
    given = {
        "mode": spec.compile.mode,
        "dynamic": spec.compile.dynamic,
        "fullgraph": spec.compile.fullgraph or None,
    }
    return arguments(**{name: literal(value) for name, value in given.items() if value is not None})
