"""Decides where batches come from: samplers, loaders, limits."""

from __future__ import annotations

from lgen.plan.accumulation import accumulated
from lgen.plan.decisions import Code, Decisions, arguments
from lgen.plan.devices import is_distributed, pin_memory
from lgen.spec.options import Spec
from lgen.spec.predicates import accumulates, saves_state
from lgen.user_code.classes import STAGES, DataSource, UserClass, UserData, has_loop

_COUNT = "batches of an epoch"
_SHARE = "share of an epoch's batches"


def runs_stage(spec: Spec, module: UserClass, data: UserData, stage: str) -> bool:
    """Whether the script has a loop for train, val, test or predict."""
    limit = getattr(spec, f"limit_{stage}_batches")
    return has_loop(module, data, stage) and limit != 0


def is_limited(spec: Spec, stage: str) -> bool:
    """Whether the stage uses a part of its batches: 1 is one batch, 1.0 is all of them."""
    limit = getattr(spec, f"limit_{stage}_batches")
    return isinstance(limit, int) or limit != 1.0


def length_known(spec: Spec, data: UserData) -> bool:
    """Whether the number of training batches in an epoch is known before they are read."""
    return not data.sources["train"].iterable or is_limited(spec, "train")


def loader(spec: Spec, module: UserClass, data: UserData, stage: str, dataset: str) -> Code:
    """The expression that makes an evaluation loader from the expression of its data set."""
    source = data.sources[stage]
    limit = f"cfg.limit_{stage}_batches" if is_limited(spec, stage) else ""
    if source.kind == "loader":
        text = dataset
    elif source.iterable:
        text = (
            "DataLoader("
            + arguments(
                dataset,
                "cfg.batch_size",
                num_workers="cfg.num_workers",
                **({"collate_fn": "data.collate_fn"} if data.collate_fn else {}),
                **({"pin_memory": pin_memory(spec)} if pin_memory(spec) else {}),
                **({"persistent_workers": "True"} if spec.persistent_workers else {}),
                generator="torch.Generator()",
            )
            + ")"
        )
    else:
        return Code(
            "evaluation_loader("
            + arguments(
                "data" if data.collate_fn else "",
                dataset,
                "rank" if is_distributed(spec) else "",
                "world_size" if is_distributed(spec) else "",
                (limit or "1.0") if _limits_evaluation(spec, module, data) else "",
                "cfg",
            )
            + ")"
        )
    return Code(f"LimitedLoader({text}, {limit})" if limit else text)


def _limits_evaluation(spec: Spec, module: UserClass, data: UserData) -> bool:
    return any(
        is_limited(spec, stage)
        for stage in STAGES[1:]
        if runs_stage(spec, module, data, stage) and _built(data.sources[stage])
    )


def whole_epoch(spec: Spec, data: UserData) -> str:
    """The batches of an epoch, from its start."""
    if saves_position(spec, data.sources["train"]):
        return "whole_epoch(train_batches)"
    batches = "train_loader"
    if not _built(data.sources["train"]) and is_limited(spec, "train"):
        batches = "islice(train_loader, num_batches)"
    return f"prefetch_to_device({batches}, device)" if spec.prefetch_to_device else batches


def _left_of_epoch(spec: Spec, data: UserData) -> str:
    """The batches of an epoch that have not been used."""
    if saves_position(spec, data.sources["train"]):
        return "train_batches.batches_from(batch_idx)"
    return whole_epoch(spec, data)


def _batches(spec: Spec, batches: str, *, sized: bool) -> str:
    """What the loop over an epoch goes through."""
    if not sized:
        return "batches"  # an iterator that is asked for one more at a stop
    if accumulates(spec):
        return f"windows({batches}, {accumulated(spec)})"
    return batches


def saves_position(spec: Spec, train: DataSource) -> bool:
    """Whether checkpoints hold a state of the data itself."""
    return saves_state(spec) and not _built(train) and train.has_state_dict


def _built(source: DataSource) -> bool:
    """Whether the script shards and batches this data itself."""
    return source.kind == "dataset" and not source.iterable


def starts_again(train: DataSource) -> bool:
    """Whether an epoch that was stopped starts again, for want of a state of the data."""
    return not _built(train) and not train.has_state_dict


def loaders(spec: Spec, module: UserClass, data: UserData) -> Decisions:
    """The training loader, and what the evaluation loaders need."""
    train = data.sources["train"]
    own = train.kind == "loader"
    built = _built(train)
    runs = {stage: runs_stage(spec, module, data, stage) for stage in STAGES}
    sources = [data.sources[stage] for stage in STAGES if runs[stage]]
    evaluation = [source for source in sources if source.stage != "train"]
    sized = not train.iterable
    stateful = not built and train.has_state_dict
    resumable = saves_position(spec, train)
    left = _left_of_epoch(spec, data)
    flags = {
        "map_style": built,
        "iterable": train.iterable and not own,
        "own_train_loader": own,
        "sized": sized,
        "shuffled": built and spec.shuffle and not data.train_order,
        "in_order": built and not spec.shuffle and not data.train_order,
        # a map-style loader's sampler knows its limit
        "cuts_batches": not built and is_limited(spec, "train"),
        "drop_last": spec.drop_last,
        "collate_fn": data.collate_fn,
        "prepare_data": data.prepare_data,
        "setup": data.setup,
        "stateful_train_data": stateful,
        "ending_stream": resumable and not own,
        "resumable_loader": resumable,
        "keeps_windows": resumable and own and accumulates(spec),
        "stateless_train_data": starts_again(train),
        "builds_loaders": any(source.kind == "dataset" for source in sources),
        "uses_workers": any(
            source.kind == "dataset"
            and not (source.stage == "train" and source.iterable and source.has_state_dict)
            for source in sources
        ),
        "builds_evaluation_loaders": any(_built(source) for source in evaluation),
        "limits_evaluation": _limits_evaluation(spec, module, data),
    }
    counts_processes = (
        flags["map_style"]
        or (flags["iterable"] and not stateful)
        or flags["builds_evaluation_loaders"]
        or spec.strategy == "fsdp"
        or saves_state(spec)
    )
    names = {
        "WORLD_SIZE": "world_size" if counts_processes else "_",
        "TRAIN_ORDER": "data.train_order" if data.train_order else "train_order",
        "POSITION_OF": "train_loader" if own else "train_dataset",
        "NUM_BATCHES": "num_batches" if length_known(spec, data) else "None",
        "LOADER": "prefetch_to_device(loader, device)" if spec.prefetch_to_device else "loader",
        "LEFT_OF_EPOCH": left,
        "WORKER_SEED": (
            "cfg.seed + epoch * world_size + rank" if is_distributed(spec) else "cfg.seed + epoch"
        ),
        "BATCHES": _batches(spec, left, sized=sized),
    }
    values: dict[str, object] = {}
    for stage in STAGES:
        limit = getattr(spec, f"limit_{stage}_batches")
        flags[f"limit_{stage}"] = runs[stage] and is_limited(spec, stage)
        names[f"LIMIT_{stage.upper()}_TYPE"] = type(limit).__name__
        values[f"limit_{stage}_batches"] = limit
        values[f"limit_{stage}_meaning"] = _limit_meaning(spec, data, stage)
    values["training_loader_arguments"] = arguments(
        "data", *(["rank", "world_size"] if is_distributed(spec) else []), "cfg"
    )
    return Decisions(flags, names, values)


def _limit_meaning(spec: Spec, data: UserData, stage: str) -> str:
    """What the setting of a stage's limit counts."""
    meaning = _COUNT if isinstance(getattr(spec, f"limit_{stage}_batches"), int) else _SHARE
    parts = ["data set"] if stage in data.sources and data.sources[stage].several else []
    if is_distributed(spec):
        parts.append("process")
    return f"{meaning}, of each {' and '.join(parts)}" if parts else meaning
