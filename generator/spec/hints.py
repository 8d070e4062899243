"""Which option somebody meant who wrote one that there is not."""

from __future__ import annotations

from difflib import get_close_matches

from lgen.spec.allowed import keys_at, schema_at
from lgen.spec.fault import nearest
from lgen.tables.torch_optim import Kind, classes

# mappings whose other keys are arguments of a class
_OPEN = ("optimizer", "scheduler", "module.args", "data.args")
# what other tools call an option
_OTHER_NAMES = {
    "amp": "precision",
    "epochs": "max_epochs",
    "finetuning.initial_denom_lr": "finetuning.backbone_initial_ratio_lr",
    "finetuning.lambda_func": "finetuning.multiplier, a number",
    "gpus": "devices",
    "grad_clip": "gradient_clip_val",
    "learning_rate": "optimizer.lr",
    "num_epochs": "max_epochs",
    "steps": "max_steps",
}


def can_be_written(path: tuple[str, ...]) -> bool:
    """Whether an option of this path can be written."""
    # the optimizer and the scheduler of a block are written as those of the whole spec
    inner = path[2:] if path[0] == "optimizers" else path
    parent = ".".join(inner[:-1])
    return schema_at(path) is not None or (parent in _OPEN and path[-1] != "")


def _is_known(path: tuple[str, ...]) -> bool:
    """Whether an option of this path is there; an argument, where some class has it."""
    kind: Kind | None = {"optimizer": "optimizers", "scheduler": "schedulers"}.get(path[0])  # type: ignore[assignment]
    if kind is not None and len(path) == 2 and schema_at(path) is None:
        return any(path[1] in row.get("args", {}) for row in classes(kind).values())
    return can_be_written(path)


def meant(path: tuple[str, ...]) -> str:
    """`; did you mean ...?` for an option that there is not, or an empty text.

    Looked for are an option of another name, one of this name in a mapping, and one of a name
    that is close.
    """
    key = ".".join(path)
    if key in _OTHER_NAMES:
        return f"; did you mean {_OTHER_NAMES[key]}?"
    if path[1:] and schema_at(path[:1]) is None:
        # Lightning's trainer.max_epochs
        if schema_at(path[1:]) is not None:
            return f"; did you mean {'.'.join(path[1:])}?"
        if path[0] == "trainer":
            return meant(path[1:])
    if len(path) == 1 and (found := _inside_mappings(key)):
        return f"; did you mean {' or '.join(found)}?"
    inside = {f"{outer}.{inner}": inner for outer in keys_at(()) for inner in keys_at((outer,))}
    if len(path) == 1:
        # the name that is closest, in whatever mapping it stands
        dotted = {inner: name for name, inner in inside.items()}
        close = get_close_matches(key, [*keys_at(()), *dotted], n=1)
        if close and close[0] in dotted and close[0] not in keys_at(()):
            return f"; did you mean {dotted[close[0]]}?"
    return nearest(key, _like(path)) or nearest(key, inside)


def _inside_mappings(name: str) -> list[str]:
    """The dotted options of this name; of a class's arguments those that most classes have."""
    found = [f"{key}.{name}" for key in keys_at(()) if name in keys_at((key,))]
    kinds: tuple[Kind, ...] = ("optimizers", "schedulers")
    found += [f"{kind.removesuffix('s')}.{name}" for kind in kinds if _is_common(kind, name)]
    return list(dict.fromkeys(found))


def _is_common(kind: Kind, name: str) -> bool:
    """Whether at least half of torch's classes of this kind have the argument."""
    having = [name in row["args"] for row in classes(kind).values() if "args" in row]
    return 2 * sum(having) >= len(having)


def _like(path: tuple[str, ...]) -> list[str]:
    """The dotted keys of options that differ in one part from a path, or in its empty parts."""
    paths = [tuple(filter(None, path))]
    for place in range(len(path)):
        paths += [(*path[:place], name, *path[place + 1 :]) for name in keys_at(path[:place])]
    return [".".join(like) for like in paths if like and _is_known(like)]
