"""Bad specs: each gives one clear line with its place, and nothing else happens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lgen.spec.document import MAX_BYTES, MAX_VALUES
from lgen.spec.names import LIBRARIES
from lgen.spec.read import load, loads

GOOD = "module: model.py:Net\ndata: data.py:Data\n"


def faults(text: str) -> list[str]:
    """The faults of a spec as they are printed."""
    found = loads(text)
    assert isinstance(found, list)
    return [str(fault) for fault in found]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lgen.yaml: the spec is empty"),
        ("# only this\n", "lgen.yaml: the spec is empty"),
        ("- 1\n", "lgen.yaml:1: the spec is no mapping"),
        (GOOD + "batch_siz: 3\n", "lgen.yaml:3: batch_siz is an unknown key; did you mean batch"),
        (GOOD + "checkpoint:\n  save_topk: 1\n", "lgen.yaml:4: checkpoint.save_topk is an unknown"),
        (GOOD + "lr: 0.1\n", "lgen.yaml:3: lr is an unknown key; did you mean optimizer.lr?"),
        (GOOD + "swag: true\n", "lgen.yaml:3: swag is an unknown key"),
        (GOOD + "batch_size: '3'\n", "lgen.yaml:3: batch_size is '3'; allowed: int >= 1"),
        (GOOD + "batch_size: true\n", "lgen.yaml:3: batch_size is true; allowed: int >= 1"),
        (GOOD + "seed: 1\nseed: 2\n", "lgen.yaml:4: seed is given twice, first in line 3"),
        (GOOD + "seed: [1\n", "lgen.yaml:4: not valid YAML"),
        (GOOD + "fsdp:\n\twrap: []\n", "lgen.yaml:4: not valid YAML: a tab cannot indent"),
        (GOOD + "precision: 16-mxed\n", "did you mean 16-mixed?"),
        (GOOD + "precision: bf16\n", "did you mean bf16-mixed?"),
        (GOOD + "precision: 16\n", "did you mean 16-mixed?"),
        (GOOD + "precision: '32'\n", "did you mean 32-true?"),
        (GOOD + "accelerator: gpu\n", "did you mean cuda?"),
        (GOOD + "gradient_clip_val: 0\n", "gradient_clip_val is 0; allowed: float > 0, or null"),
        (GOOD + "track_grad_norm: 0\n", "track_grad_norm is 0; allowed: bool, or float > 0, or"),
        (GOOD + "track_grad_norm: two\n", "lgen.yaml:3: track_grad_norm is 'two'; allowed: bool"),
        (GOOD + "track_grad_norm: .nan\n", "track_grad_norm is nan; allowed: finite numbers"),
        (GOOD + "track_grad_norm: {norm_type: -1}\n", "norm_type is -1; allowed: float > 0, or"),
        (GOOD + "track_grad_norm: {by_layer: 1}\n", "by_layer is 1; allowed: bool"),
        (GOOD + "device_stats: 1\n", "device_stats is 1; allowed: bool"),
        (GOOD + "print_nan_grads: 1\n", "print_nan_grads is 1; allowed: bool"),
        (GOOD + "save_code: all\n", "save_code is 'all'; allowed: bool"),
        (GOOD + "save_hyperparameters: a.json\n", "save_hyperparameters is 'a.json'; allowed: "),
        (GOOD + "model_summary_depth: 0\n", "model_summary_depth is 0; allowed: -1, or int >= 1"),
        (
            GOOD + "early_stopping: {patience: 3}\n",
            "lgen.yaml:3: early_stopping.monitor is missing: the validation metric that is watched",
        ),
        (GOOD + "seed: !!python/name:os.system 1\n", "lgen.yaml:3: the tag"),
        (GOOD + "optimizer: {name: AdamX}\n", "lgen.yaml:3: there is no optimizer 'AdamX'"),
        (GOOD + "optimizer: {name: SGD, momentun: 1}\n", "did you mean momentum?"),
        (GOOD + "optimizer: {name: SGD, lr: fast}\n", "SGD's lr is float, and 'fast' is not"),
        (GOOD + "optimizer: {name: SGD, lr: -1}\n", "SGD's lr is -1; allowed: float >= 0"),
        (GOOD + "optimizer: {name: SGD, groups: [{lr: 1}]}\n", "groups.0.match is missing: bias, "),
        (GOOD + "optimizer: {name: SGD, groups: [{match: [], lr: 1}]}\n", "groups.0.match is []"),
        (GOOD + "optimizer: {name: SGD, groups: [{match: '', lr: 1}]}\n", "groups.0.match is ''"),
        (GOOD + "optimizer: {name: SGD, groups: [{match: a, lrr: 1}]}\n", "did you mean lr?"),
        (GOOD + "optimizer: {name: SGD, groups: [{match: a, lr: -1}]}\n", "SGD's lr is -1; allow"),
        (GOOD + "optimizer: {name: SGD, groups: [{match: a, name: A}]}\n", "no argument name"),
        (
            GOOD + "optimizer: {name: SGD, groups: {match: a}}\n",
            "allowed: list of mapping of match",
        ),
        (
            GOOD + "optimizer:\n  name: SGD\n  groups:\n    - match: a\n      lr: -1\n",
            "lgen.yaml:7: SGD's lr is -1",
        ),
        (
            GOOD + "optimizer: {name: SGD, layer_decay: {factor: 1, layers: [a, b]}}\n",
            "optimizer.layer_decay.factor is 1; allowed: float > 0 and < 1",
        ),
        (
            GOOD + "optimizer: {name: SGD, layer_decay: {factor: 0.8, layers: []}}\n",
            "optimizer.layer_decay.layers is []",
        ),
        (
            GOOD + "optimizer: {name: SGD, layer_decay: {factor: 0.8, layers: [a, []]}}\n",
            "optimizer.layer_decay.layers.1 is []; allowed: str, or list of str",
        ),
        (
            GOOD + "optimizer: {name: SGD, layer_decay: 0.8}\n",
            "optimizer.layer_decay is 0.8; allowed: mapping of factor, layers",
        ),
        (
            GOOD + "optimizer: {name: SGD, layer_decay: {layers: [a, b]}}\n",
            "optimizer.layer_decay.factor is missing",
        ),
        (GOOD + "optimizer: {name: torch.optim.AdamW}\n", "it is torch's own; write AdamW"),
        (GOOD + "optimizer: {name: torch.optim.AdamX}\n", "torch has no AdamX"),
        (GOOD + "optimizer: {name: os.system}\n", "'os' is a module of Python and has no optimi"),
        (GOOD + "optimizer: {name: runtime.Lion}\n", "'runtime' is a name that lgen writes itself"),
        (GOOD + "optimizer: {name: my_optim.py:Lion}\n", "write the path with dots, as in an impo"),
        (GOOD + "optimizer: {name: nets/optim.Lion}\n", "write the path with dots, as in an impor"),
        (GOOD + "optimizer: {name: .Lion}\n", "'' in '.Lion' is no Python name"),
        (GOOD + "optimizer: {name: a.b(c).Lion}\n", "'b(c)' in 'a.b(c).Lion' is no Python name"),
        (GOOD + "optimizer: {name: a.class}\n", "'class' in 'a.class' is no Python name"),
        (GOOD + "optimizer: {name: a.B, 'lr=1)#': 1}\n", "B: 'lr=1)#' is no Python name"),
        (
            GOOD + "optimizer: {name: a.B, params: 1}\n",
            "the script gives it the model's parameters",
        ),
        (
            GOOD + "optimizer: {name: a.B, groups: [{match: bias, 'a b': 1}]}\n",
            "B: 'a b' is no Python name",
        ),
        (GOOD + "optimizer: {name: LBFGS, max_iter: 0}\n", "max_iter is 0; allowed: int >= 1"),
        (
            GOOD + "optimizer: {name: LBFGS, line_search_fn: wolfe}\n",
            "line_search_fn is Literal",
        ),
        (GOOD + "scheduler: {name: LambdaLR}\n", "write configure_optimizers"),
        (GOOD + "scheduler: {name: StepLR}\n", "StepLR needs step_size: int"),
        (GOOD + "defines: [a b]\n", "lgen.yaml:3: defines.0: 'a b' is no Python name"),
        ("module: ../model.py:Net\ndata: data.py:D\n", "lgen.yaml:1: module: '../model.py' cannot"),
        ("module: model.py:class\ndata: data.py:D\n", "'class' is no class name"),
        ("module: train.py:Net\ndata: data.py:D\n", "'train' is a name that lgen writes itself"),
        ("module: numpy.py:Net\ndata: data.py:D\n", "'numpy' would hide the library of that name"),
        ("module: tyro/a.py:Net\ndata: data.py:D\n", "'tyro' would hide the library of that name"),
        ("module: model.py:Net\ndata: setup.py:D\n", "pip runs setup.py; give the file another"),
        ("data: data.py:D\n", "lgen.yaml: module is missing"),
        (GOOD + "checkpoint: {filename: '{epoch'}\n", "a brace is not closed"),
        (GOOD + "checkpoint: {filename: ../x}\n", "holds no path separator"),
        (GOOD + f"checkpoint: {{filename: {'x' * 151}}}\n", "has 150 bytes at most"),
        (
            GOOD + "checkpoint: {filename: '{val_loss:zzz}', monitor: val_loss}\n",
            "lgen.yaml:3: checkpoint.filename: 'zzz' is no format of val_loss, a number; write "
            "{val_loss:.2f}",
        ),
        (GOOD + "checkpoint: {filename: '{val_loss:d}'}\n", "'d' is no format of val_loss"),
        (GOOD + "checkpoint: {filename: '{val_loss:{x}}'}\n", "braces are only for metrics"),
        (GOOD + "checkpoint: {filename: '{step:.2s}'}\n", "no format of step, a number; write {st"),
        (GOOD + "checkpoint: {filename: '{val_loss!r}'}\n", "{val_loss!r} is no metric"),
        (GOOD + "checkpoint: {filename: '{val_loss:.999999999f}'}\n", "'.999999999f' is no format"),
        (GOOD + f"optimizer: {{name: SGD, lr: {'9' * 400}}}\n", "lgen.yaml:3: 9999"),
        (GOOD + f"seed: {'9' * 400}\n", "... is more than a number can be; write less"),
        (
            GOOD + f"accumulate_grad_batches: {{2: {10**20}}}\n",
            "10000000000000000000... is more than a number can be; write less",
        ),
        (
            GOOD + f"accumulate_grad_batches: {{{10**20}: 2}}\n",
            "is no epoch; write numbers from 0 on, of up to nine digits, as in {0: 1, 4: 8}",
        ),
        (GOOD + "optimizer: {name: SGD, lr: .nan}\n", "optimizer.lr is nan; allowed: finite num"),
        (GOOD + "gradient_clip_val: 1e400\n", "gradient_clip_val is inf; allowed: finite numbers"),
        (GOOD + "shuffle: !!bool foo\n", "lgen.yaml:3: 'foo' is not true or false; leave out"),
        (GOOD + "optimizer: !!null foo\n", "lgen.yaml:3: 'foo' is not null; leave out the tag"),
        (GOOD + 'default_root_dir: "a\\0b"\n', "default_root_dir: a path holds no NUL"),
        (GOOD + 'init_from: "a\\0b"\n', "init_from: a path holds no NUL character"),
        (
            GOOD + "optimizer: {name: SGD}\nscheduler: {name: StepLR, step_size: 0}\n",
            "StepLR's step_size is 0; allowed: int >= 1",
        ),
    ],
)
def test_one_clear_line(text: str, said: str) -> None:
    found = faults(text)
    assert len(found) == 1
    assert said in found[0]


def test_every_library_of_a_script_is_known() -> None:
    """No file of a user hides what a script, its tests or a library of theirs imports."""
    libraries = ["torch.distributed.fsdp", "torch.utils.tensorboard", "torch._dynamo", "tyro"]
    libraries += ["tqdm", "pytest"]
    printed = "print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {', '.join(libraries)}; {printed}"],
        capture_output=True,
        text=True,
        timeout=200,
    )
    imported = set(done.stdout.split()) - sys.stdlib_module_names
    # what a library makes as it runs, and what is part of how it is installed
    hidden = {name for name in imported if name.startswith(("_", "cython_runtime"))}
    assert "numpy" in imported
    assert imported - hidden - LIBRARIES == set()


def test_every_fault_is_told_in_one_go() -> None:
    text = "module: 3\ndata: data.py:D\nbatch_size: 0\ndevices: 2\noptimizer: {name: Adm}\n"
    lines = [fault.split(":")[1] for fault in faults(text)]
    assert lines == ["1", "3", "4", "5"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x7fELF\x00\x01", "control characters"),
        (b"seed: \xff\n", "not UTF-8"),
        (b"#" * (MAX_BYTES + 1), "over 1 MB"),
    ],
)
def test_file_that_is_no_text(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "lgen.yaml"
    path.write_bytes(data)
    found = load(path)
    assert isinstance(found, list)
    assert said in found[0].message


def test_missing_file(tmp_path: Path) -> None:
    found = load(tmp_path / "lgen.yaml")
    assert isinstance(found, list)
    assert "there is no spec here" in found[0].message


def test_alias_bomb_is_refused_before_it_is_expanded() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 40)]
    found = faults("\n".join(lines))  # 9**40 values: expanded, this would not end
    assert len(found) == 1 and f"more than {MAX_VALUES} values" in found[0]


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: " + "[" * 3000])
def test_endless_nesting_is_refused(text: str) -> None:
    assert len(faults(text)) == 1


def test_numbers_are_yaml_1_2() -> None:
    spec = loads(GOOD + "optimizer: {name: SGD, lr: 1e-3}\nlimit_val_batches: 1\n")
    assert not isinstance(spec, list) and spec.optimizer is not None
    assert spec.optimizer.args == {"lr": 0.001}
    assert type(spec.limit_val_batches) is int
