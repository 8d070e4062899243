"""What fast_dev_run and overfit_batches set in place of other options."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lgen.spec.options import Spec
from lgen.user_code.classes import UserData

_STAGES = ("train", "val", "test", "predict")


def shortened(spec: Spec, data: UserData) -> tuple[Spec, UserData]:
    """The options and the data of a run that is cut short; a loop that is off stays so.

    Where both are set, fast_dev_run says how many batches there are.
    """
    set_here: dict[str, Any] = {}
    if batches := int(spec.fast_dev_run):
        on = [stage for stage in _STAGES if getattr(spec, f"limit_{stage}_batches") != 0]
        set_here |= {f"limit_{stage}_batches": batches for stage in on}
        set_here |= {"max_epochs": 1, "max_steps": -1, "min_epochs": None, "min_steps": None}
        set_here |= {"max_time": None}
        set_here |= {"val_check_interval": 1.0, "check_val_every_n_epoch": 1}
        set_here |= {"num_sanity_val_steps": 0}
        if spec.swa is not None:
            set_here["swa"] = spec.swa.model_copy(update={"swa_epoch_start": 1})
    if spec.overfit_batches:
        for stage in _STAGES[:2]:
            if not spec.fast_dev_run and getattr(spec, f"limit_{stage}_batches") != 0:
                set_here[f"limit_{stage}_batches"] = spec.overfit_batches
        set_here["shuffle"] = False
        data = replace(data, train_order=False)
    return spec.model_copy(update=set_here), data
