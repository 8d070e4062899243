"""Decides on the optimizer's class and where it is imported."""

from __future__ import annotations

from collections.abc import Set

from lgen.plan.decisions import Decisions
from lgen.spec.options import Spec

_PLACES = ("before_torch", "behind_torch", "last")  # among the imports of packages


def optimizer_class(spec: Spec, imported: str, local: str, own_modules: Set[str]) -> Decisions:
    """The class by its name in the script, and its import where it is not torch's.

    `imported` is what stands behind `import`, `local` the name; `own_modules` are the top-level
    names of the project's own modules.
    """
    given = spec.optimizer
    module = given.module if given else ""
    # the class stands beside the user's module or data, and is imported with it
    beside = module in (spec.module.import_name, spec.data.import_name)
    own = bool(module) and module.partition(".")[0] in own_modules
    place = ""
    if module and not own:
        place = _PLACES[(module > "torch.~") + (module > "tqdm")]
    return Decisions(
        flags={
            "optimizer_is_own": own and not beside,
            **{f"optimizer_import_{name}": place == name for name in _PLACES},
        },
        names={
            "OPTIMIZER": local if module else f"torch.optim.{given.name}" if given else "",
            "OPTIMIZER_MODULE": module or "torch.optim",
            "OPTIMIZER_CLASS": imported,
        },
    )
