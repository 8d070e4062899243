"""What Lightning's modules have and an nn.Module has not is refused, with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.user_code.test_check import MODEL, SPEC, TRAINING, checked

SEVERAL = "for several optimizers write optimizers: in lgen.yaml, and a step method for each"
ALONE = SPEC.replace("optimizer: {name: SGD, lr: 0.1}\n", "")
APART = (
    "        first = torch.optim.SGD(self.parameters())\n"
    "        second = torch.optim.Adam(self.parameters())\n"
)


def with_line(line: str) -> str:
    """The model whose training step begins with a line."""
    return MODEL.replace(TRAINING, f"        {line}\n{TRAINING}")


@pytest.mark.parametrize(
    "line",
    [
        "first, second = self.optimizers()",
        "self.manual_backward(batch)",
        "self.clip_gradients(batch)",
        "self.toggle_optimizer(batch)",
        "self.lr_schedulers()",
        "self.automatic_optimization = False",
    ],
)
def test_optimizers_stepped_by_hand_are_blocks_of_the_spec(tmp_path: Path, line: str) -> None:
    """What Lightning's manual optimization is written with leads to `optimizers:`."""
    (fault,) = checked(tmp_path, with_line(line))
    assert fault.startswith("model.py:15: self.") and SEVERAL in fault


def test_the_index_of_an_optimizer_is_a_step_of_its_own(tmp_path: Path) -> None:
    (fault,) = checked(tmp_path, MODEL.replace("batch, batch_idx)", "batch, optimizer_idx)"))
    assert f"training_step has the unknown argument optimizer_idx; {SEVERAL}" in fault


@pytest.mark.parametrize(
    "body",
    [
        f"{APART}        return [first, second]\n",
        f"{APART}        return first, second\n",
        f"{APART}        return [first, second], []\n",
        f'{APART}        return {{"optimizer": first}}, {{"optimizer": second}}\n',
        "        return [torch.optim.SGD([]), torch.optim.Adam([])]\n",
    ],
    ids=["list", "tuple", "lists", "dicts", "calls"],
)
@pytest.mark.parametrize("returns", ["", " -> list[torch.optim.Optimizer]"])
def test_several_optimizers_are_blocks_of_the_spec(tmp_path: Path, body: str, returns: str) -> None:
    method = f"    def configure_optimizers(self){returns}:\n{body}"
    (fault,) = checked(tmp_path, MODEL + method, spec=ALONE)
    assert fault.endswith(f"returns several optimizers, and train.py takes one; {SEVERAL}")


def test_an_optimizer_and_its_schedule_are_not_several(tmp_path: Path) -> None:
    method = (
        "    def configure_optimizers(self) -> tuple[torch.optim.Optimizer, "
        "torch.optim.lr_scheduler.LRScheduler]:\n"
        "        first = torch.optim.SGD(self.parameters())\n"
        "        second = torch.optim.lr_scheduler.StepLR(first, 1)\n"
        "        return first, second\n"
    )
    assert checked(tmp_path, MODEL + method, spec=ALONE) == []


@pytest.mark.parametrize("hook", ["on_before_optimizer_step", "on_train_batch_end"])
@pytest.mark.parametrize("call", ["log('a', 1)", "log_dict({'a': 1})"])
def test_hook_without_a_result_logs_scalars(tmp_path: Path, hook: str, call: str) -> None:
    """What a step would return, a hook whose result nobody takes writes."""
    text = f"    def {hook}(self):\n        self.{call}\n"
    (fault,) = checked(tmp_path, MODEL + text)
    assert fault.endswith(f"; write log.scalar(name, value), with log as an argument of {hook}")


def test_hook_with_a_result_returns_what_it_logs(tmp_path: Path) -> None:
    text = "    def on_validation_epoch_end(self):\n        self.log('a', 1)\n"
    (fault,) = checked(tmp_path, MODEL + text)
    assert "return the value" in fault and "log.scalar" not in fault


@pytest.mark.parametrize("name", ["device", "dtype"])
def test_a_module_has_no_device(tmp_path: Path, name: str) -> None:
    """A tensor or a parameter has it."""
    (fault,) = checked(tmp_path, with_line(f"batch.to(self.{name})"))
    assert f"self.{name} is Lightning's; write that of a tensor, such as batch[0].{name}" in fault
    assert f"next(self.parameters()).{name}" in fault


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("        self.layer =", "        self.device = 'cpu'\n        self.layer ="),
        ("    def forward", "    device = 'cpu'\n\n    def forward"),
        ("    def forward", "    device: str = 'cpu'\n\n    def forward"),
        (
            "    def forward",
            "    @property\n    def device(self):\n        return 'cpu'\n\n    def forward",
        ),
        ("    def forward", "    def __getattr__(self, name): ...\n\n    def forward"),
        ("(nn.Module)", "(lib.PreTrainedModel)"),
    ],
    ids=["assigned", "of the class", "typed", "property", "getattr", "package"],
)
def test_a_device_of_its_own_is_used(tmp_path: Path, old: str, new: str) -> None:
    model = with_line("batch.to(self.device)")
    assert old in model
    assert checked(tmp_path, model.replace(old, new, 1)) == []
