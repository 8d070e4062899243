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
}
_EVALUATION = ("epoch", "step", "log")
_EVALUATION_BATCH = ("batch", "batch_idx", "epoch", "step", "log")

HOOKS = _TRAINING | {
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

# hooks whose result is a dict of metrics that are no means
METRIC_HOOKS = ("on_train_epoch_end", "on_validation_epoch_end", "on_test_epoch_end")

_IN_SCRIPT = "train.py holds this in the open; remove the method and edit train.py"
UNSUPPORTED = {
    "backward": _IN_SCRIPT,
    "configure_callbacks": "early_stopping and checkpoint are options of the spec",
    "configure_gradient_clipping": "use gradient_clip_val and gradient_clip_algorithm of the spec",
    "configure_model": "build the modules in __init__; the strategy is an option of the spec",
    "configure_sharded_model": "use strategy: fsdp and fsdp: {wrap: [...]} of the spec",
    "lr_scheduler_step": "use scheduler of the spec",
    "manual_backward": _IN_SCRIPT,
    "on_after_batch_transfer": "change the batch at the top of the step",
    "on_before_batch_transfer": "change the batch in the data class's collate_fn",
    "on_exception": _IN_SCRIPT,
    "on_load_checkpoint": "keep the state in parameters and buffers, which are saved",
    "on_save_checkpoint": "keep the state in parameters and buffers, which are saved",
    "on_train_dataloader": "write train_dataloader in the data class",
    "on_validation_model_eval": "write on_validation_start",
    "on_validation_model_train": "write on_validation_end",
    "on_test_model_eval": "write on_test_start",
    "on_test_model_train": "write on_test_end",
    "on_predict_model_eval": "write on_predict_start",
    "on_validation_model_zero_grad": "write on_validation_start",
    "optimizer_step": _IN_SCRIPT,
    "optimizer_zero_grad": "write on_before_zero_grad, or edit train.py",
    "predict_dataloader": "write predict_dataset or predict_dataloader in the data class",
    "prepare_data": "write prepare_data in the data class",
    "setup": "write setup in the data class, or use __init__",
    "teardown": "write on_fit_end",
    "test_dataloader": "write test_dataset or test_dataloader in the data class",
    "toggle_optimizer": _IN_SCRIPT,
    "train_dataloader": "write train_dataset or train_dataloader in the data class",
    "transfer_batch_to_device": "give batches as tuples, lists, dicts or objects with to(device)",
    "val_dataloader": "write val_dataset or val_dataloader in the data class",
}

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
    "optimizers": "name optimizer as an argument of the method",
    "lr_schedulers": "use scheduler of the spec",
    "save_hyperparameters": "remove it; module.args of the spec are saved with every checkpoint",
    "hparams": "set attributes in __init__, such as self.hidden = hidden",
    "all_gather": "return the values from the step; train.py adds them over processes",
    "manual_backward": "return the loss; train.py calls backward",
    "automatic_optimization": "remove it; train.py holds the optimization in the open",
}
