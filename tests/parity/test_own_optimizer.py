"""An optimizer of the user's own file, by its dotted path, beside Lightning with the same class."""

import pytest
import torch
from torch.optim import lr_scheduler

from runtime.restore import restore
from tests.parity.beside import USER, assert_equal_weights, beside, make_script
from tests.parity.user.my_optim import Lion

LION = {"lr": 0.003, "betas": [0.8, 0.9], "weight_decay": 0.1, "warmup_steps": 4}
GROUPS = [{"match": "bias", "weight_decay": 0.0}]
OPTIONS = {"optimizer": {"name": "my_optim.Lion", **LION, "groups": GROUPS}, "max_epochs": 2}


def script_with(tmp_path, **options):
    """A script of a project that has the optimizer in a file of its own."""
    (tmp_path / "project").mkdir(parents=True)
    text = (USER / "my_optim.py").read_text()
    (tmp_path / "project" / "my_optim.py").write_text(text)
    return make_script(tmp_path, {**OPTIONS, **options})


def lion(model):
    of = dict(model.named_parameters())
    biases = [p for name, p in of.items() if name.endswith("bias")]
    rest = [p for name, p in of.items() if not name.endswith("bias")]
    groups = [{"params": rest}, {"params": biases, "weight_decay": 0.0}]
    return Lion(groups, **LION)


def by_step(model):
    optimizer = lion(model)
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.9)
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


@pytest.mark.parametrize("flags", [{}, {"accumulate_grad_batches": 4, "gradient_clip_val": 0.5}])
def test_weights(tmp_path, flags):
    schedule = {"name": "ExponentialLR", "gamma": 0.9, "interval": "step"}
    script = script_with(tmp_path, **flags, scheduler=schedule)
    assert_equal_weights(script.run(), beside(script, by_step, **flags))


def test_a_resumed_run_takes_its_new_settings(tmp_path):
    """Its warmup_steps is not the script's: the setting has a name of its own."""
    script = script_with(tmp_path, max_epochs=1)
    script.run()
    result = script.run(resume="last", max_epochs=2, lr=0.1, optimizer_warmup_steps=2)
    groups = result.state["optimizer"]["param_groups"]
    told = [(group["lr"], group["weight_decay"], group["warmup_steps"]) for group in groups]
    assert told == [(0.1, 0.1, 2), (0.1, 0.0, 2)]


def test_a_state_goes_into_an_optimizer_that_is_not_torchs():
    """torch adds to its defaults while it loads; what a group lacks before is still an error."""
    model = torch.nn.Linear(2, 2)
    state = Lion(model.parameters(), 0.1).state_dict()
    restore({"optimizer": state}, optimizer=Lion(model.parameters(), 0.2))
    del state["param_groups"][0]["betas"]
    with pytest.raises(SystemExit, match="Lion needs betas"):
        restore({"optimizer": state}, optimizer=Lion(model.parameters(), 0.2))
