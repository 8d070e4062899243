"""The methods of Lightning that lgen knows: steps and hooks with their arguments, and the rest."""

from __future__ import annotations

ANYWHERE = ("batch", "batch_idx", "epoch", "step", "optimizer", "log")
_RUN = ("epoch", "step", "optimizer", "log")

# by method, the arguments that it may name
STEPS = {
    "training_step": ANYWHERE,
    "validation_step": ("batch", "batch_idx", "epoch", "step", "log"),
    "test_step": ("batch", "batch_idx", "epoch", "step", "log"),
    "predict_step": ("batch", "batch_idx", "epoch", "step", "log"),
}

_TRAINING = {
    "on_fit_start": _RUN,
    "on_fit_end": _RUN,
    "on_train_start": _RUN,
    "on_train_end": _RUN,
    "on_train_epoch_start": _RUN,
    "on_train_epoch_end": _RUN,
    "on_train_batch_start": ANYWHERE,
    "on_train_batch_end": ("outputs", *ANYWHERE),
    "on_before_zero_grad": _RUN,
    "on_before_backward": ("loss", *_RUN),
    "on_after_backward": _RUN,
    "on_before_optimizer_step": _RUN,
    "on_validation_model_zero_grad": _RUN,
    "on_save_checkpoint": ("checkpoint", "epoch", "step"),
}
# before there is an optimizer
_MODEL = {
    "setup": ("stage",),
    "configure_model": (),
    "on_load_checkpoint": ("checkpoint", "epoch", "step"),
    "teardown": ("stage",),
}
# what they return is the batch that the step gets
BATCH_HOOKS = {
    "on_before_batch_transfer": ("batch",),
    "transfer_batch_to_device": ("batch", "device"),
    "on_after_batch_transfer": ("batch",),
}
_EVALUATION = ("epoch", "step", "log")
_EVALUATION_BATCH = ("batch", "batch_idx", "epoch", "step", "log")

HOOKS = (
    _MODEL
    | BATCH_HOOKS
    | _TRAINING
    | {
        f"on_{stage}_{event}": arguments
        for stage in ("validation", "test", "predict")
        for event, arguments in {
            "start": _EVALUATION,
            "end": _EVALUATION,
            "epoch_start": _EVALUATION,
            "epoch_end": _EVALUATION,
            "batch_start": _EVALUATION_BATCH,
            "batch_end": ("outputs", *_EVALUATION_BATCH),
        }.items()
    }
)

# hooks whose result is a dict of metrics that are no means
METRIC_HOOKS = ("on_train_epoch_end", "on_validation_epoch_end", "on_test_epoch_end")

_EVAL = "train.py puts the model into evaluation mode; set other modes in on_{}_start"
_TRAIN = "train.py puts every module's mode back as it was; set other modes in {}"
_IN_SCRIPT = "train.py holds this in the open; remove the method and edit train.py"
UNSUPPORTED = {
    "backward": _IN_SCRIPT,
    "configure_callbacks": "early_stopping and checkpoint are options of the spec",
    "configure_gradient_clipping": "use gradient_clip_val and gradient_clip_algorithm of the spec, "
    "or clip in on_before_optimizer_step",
    "configure_sharded_model": "use strategy: fsdp and fsdp: {wrap: [...]} of the spec",
    "lr_scheduler_step": "use scheduler of the spec",
    "manual_backward": _IN_SCRIPT,
    "on_batch_end": "write on_train_batch_end",
    "on_batch_start": "write on_train_batch_start",
    "on_epoch_end": "write on_train_epoch_end",
    "on_epoch_start": "write on_train_epoch_start",
    "on_exception": _IN_SCRIPT,
    "on_pretrain_routine_end": "write on_fit_start",
    "on_pretrain_routine_start": "write on_fit_start",
    "on_train_dataloader": "write train_dataloader in the data class",
    "on_validation_model_eval": _EVAL.format("validation"),
    "on_validation_model_train": _TRAIN.format("on_train_batch_start"),
    "on_test_model_eval": _EVAL.format("test"),
    "on_test_model_train": _TRAIN.format("on_test_start"),
    "on_predict_model_eval": _EVAL.format("predict"),
    "optimizer_step": _IN_SCRIPT,
    "optimizer_zero_grad": "write on_before_zero_grad, or edit train.py",
    "predict_dataloader": "write predict_dataset or predict_dataloader in the data class",
    "prepare_data": "write prepare_data in the data class",
    "test_dataloader": "write test_dataset or test_dataloader in the data class",
    "test_epoch_end": "write on_test_epoch_end, and keep what it needs in the module",
    "test_step_end": "return the values from test_step",
    "toggle_optimizer": _IN_SCRIPT,
    "train_dataloader": "write train_dataset or train_dataloader in the data class",
    "training_epoch_end": "write on_train_epoch_end, and keep what it needs in the module",
    "training_step_end": "return the values from training_step",
    "val_dataloader": "write val_dataset or val_dataloader in the data class",
    "validation_epoch_end": "write on_validation_epoch_end, and keep what it needs in the module",
    "validation_step_end": "return the values from validation_step",
}

# a port of several optimizers that Lightning's module steps by hand
SEVERAL = "for several optimizers write optimizers: in lgen.yaml, and a step method for each"
# Lightning's attributes of self, with what to write instead
SELF_ATTRIBUTES = {
    "log": "return the value from the step in a dict, such as {'loss': loss, 'acc': acc}; of a "
    "torchmetrics object return {'acc': self.acc.compute()} from on_train_epoch_end or "
    "on_validation_epoch_end",
    "log_dict": "return the values from the step in a dict with the loss; of a MetricCollection "
    "return its compute() from on_train_epoch_end or on_validation_epoch_end",
    "trainer": "name epoch, step or optimizer as an argument of the method",
    "logger": "name log as an argument of the method",
    "loggers": "name log as an argument of the method",
    "current_epoch": "name epoch as an argument of the method",
    "global_step": "name step as an argument of the method",
    "optimizers": f"name optimizer as an argument of the method; {SEVERAL}",
    "lr_schedulers": f"use scheduler of the spec; {SEVERAL}",
    "save_hyperparameters": "remove it; module.args of the spec are saved with every checkpoint",
    "hparams": "set attributes in __init__, such as self.hidden = hidden",
    "all_gather": "return the values from the step; train.py adds them over processes",
    "manual_backward": f"return the loss; train.py calls backward; {SEVERAL}",
    "automatic_optimization": "remove it; train.py holds the optimization in the open; "
    f"{SEVERAL}",
    "clip_gradients": f"use gradient_clip_val of the spec; {SEVERAL}",
    "toggle_optimizer": f"remove it; {SEVERAL}: in a step all other parameters are frozen",
    "untoggle_optimizer": f"remove it; {SEVERAL}: in a step all other parameters are frozen",
}
# those that modules of other packages have too
COMMON_ATTRIBUTES = {
    "device": "write that of a tensor, such as batch[0].device, or of a parameter, "
    "next(self.parameters()).device",
    "dtype": "write that of a tensor, such as batch[0].dtype, or of a parameter, "
    "next(self.parameters()).dtype",
}


def instead(attribute: str, method: str) -> str:
    """What to write in a method in place of an attribute of Lightning's."""
    hook = method in HOOKS and method not in METRIC_HOOKS and "log" in HOOKS[method]
    if hook and attribute in ("log", "log_dict"):
        return f"write log.scalar(name, value), with log as an argument of {method}"
    return (SELF_ATTRIBUTES | COMMON_ATTRIBUTES)[attribute]
