"""Strings of a spec are data: nothing in them becomes code."""

import ast
from pathlib import Path
from typing import Any

import pytest

from lgen.project import project_files
from tests.support.projects import DATA, MODEL, OPTIONS, make_project, spec_text

HOSTILE = [
    "it's",
    'say "so"',
    '""" + __import__(\'os\').system(\'touch ran\') + """',
    "' + __import__('os').system('touch ran') + '",
    "two\nlines",
    "two\r\nlines",
    "{x} {{ 7 * 7 }} {% for %} {# no #}",
    "{{ cycler.__init__.__globals__.os.system('touch ran') }}",
    "#: if not single",
    "a  #: wrap if amp",
    "UserModel",
    "\\",
    "\\n\\'",
    "caf\u00e9 \u2028 \U0001f600",
    "${HOME} `touch ran` $(touch ran)",
]
# what stands in the spec for each string option, around the string; braces are no part of a
# checkpoint's file name, and neither are path separators
STRINGS = {
    "default_root_dir": lambda text: {"default_root_dir": text},
    "init_from": lambda text: {"init_from": text},
    "init_from.path": lambda text: {"init_from": {"path": text, "strict": False}},
    "module.args": lambda text: {"module": {"path": "model.py:Net", "args": {"text": text}}},
    "module.args, nested": lambda text: {
        "module": {"path": "model.py:Net", "args": {"nested": {text: [text, {"key": text}]}}}
    },
    "data.args": lambda text: {"data": {"path": "data.py:Points", "args": {"text": text}}},
    "checkpoint.filename": lambda text: {"checkpoint": {"filename": text, "save_top_k": -1}},
    "checkpoint.monitor": lambda text: {"checkpoint": {"monitor": text}},
    "early_stopping.monitor": lambda text: {"early_stopping": {"monitor": text}},
    "scheduler.monitor": lambda text: {
        "scheduler": {"name": "ReduceLROnPlateau", "monitor": text, "interval": "validation"}
    },
}
# options that take some texts or names only: no hostile string is one of them
REFUSED = {
    "module": lambda text: {"module": f"model.py:{text}"},
    "data": lambda text: {"data": f"{text}.py:Points"},
    "module.args, name": lambda text: {"module": {"path": "model.py:Net", "args": {text: 1}}},
    "defines": lambda text: {"defines": [text]},
    "fsdp.wrap": lambda text: {"strategy": "fsdp", "fsdp": {"wrap": [text]}},
    "optimizer.name": lambda text: {"optimizer": {"name": text}},
    "optimizer, name": lambda text: {"optimizer": {"name": "SGD", text: 1}},
    "optimizer.lr": lambda text: {"optimizer": {"name": "SGD", "lr": text}},
    "optimizer.adjust_lr_fn": lambda text: {"optimizer": {"name": "Muon", "adjust_lr_fn": text}},
    "scheduler.name": lambda text: {"scheduler": {"name": text}},
    "scheduler, name": lambda text: {"scheduler": {"name": "ConstantLR", text: 1}},
    "scheduler.mode": lambda text: {
        "scheduler": {"name": "CyclicLR", "base_lr": 0.1, "max_lr": 1.0, "mode": text}
    },
    "scheduler.anneal_strategy": lambda text: {
        "scheduler": {"name": "OneCycleLR", "max_lr": 1.0, "anneal_strategy": text}
    },
    "a monitor without val_": lambda text: {"early_stopping": {"monitor": text}},
    "precision": lambda text: {"precision": text},
    "loggers": lambda text: {"loggers": [text]},
    "checkpoint.train_time_interval": lambda text: {"checkpoint": {"train_time_interval": text}},
    "an option": lambda text: {text: 1},
}
TEXT_MODEL = MODEL.replace(
    "dropout: float = 0.1)", "dropout: float = 0.1, text: str = 'a', nested: object = None)"
)
# metrics whose names are not known: any monitor may be one of them
TEXT_MODEL += """
    def on_validation_epoch_end(self) -> dict[str, float]:
        return dict(self.found)
"""
TEXT_DATA = DATA.replace("number: int = 53)", "number: int = 53, text: str = 'a')")
CASES = [
    (option, text)
    for option in STRINGS
    for text in HOSTILE
    if option != "checkpoint.filename" or not set(text) & set("{}/\\")
]


@pytest.mark.parametrize(("option", "text"), CASES)
def test_the_emitted_literal_equals_the_string(tmp_path: Path, option: str, text: str) -> None:
    """train.py differs from that of a plain string in that literal, and in nothing else."""
    prefix = "val_" if option.endswith(".monitor") else ""
    text = prefix + text
    hostile = emitted(tmp_path / "hostile", STRINGS[option](text))
    plain = emitted(tmp_path / "plain", STRINGS[option](f"{prefix}plain_string"))
    assert text in constants(hostile)
    for node in ast.walk(hostile):
        if isinstance(node, ast.Constant) and node.value == text:
            node.value = f"{prefix}plain_string"
    assert ast.dump(hostile) == ast.dump(plain)


@pytest.mark.parametrize("option", REFUSED)
def test_a_text_that_is_no_choice_or_name_is_refused(tmp_path: Path, option: str) -> None:
    """Every hostile string gives faults, and is executed on the way by nothing."""
    make_project(tmp_path)
    for text in HOSTILE:
        spec = spec_text({**OPTIONS, **REFUSED[option](text)})
        assert isinstance(project_files(tmp_path, spec), list), text
    assert not list(tmp_path.rglob("ran")) and not Path("ran").exists()


def emitted(folder: Path, options: dict[str, Any]) -> ast.Module:
    """The parsed train.py of a spec with these options; its tests must parse too."""
    make_project(folder, {**OPTIONS, **options}, TEXT_MODEL, TEXT_DATA)
    ast.parse((folder / "tests/test_train.py").read_text())
    return ast.parse((folder / "train.py").read_text())


def constants(tree: ast.Module) -> list[object]:
    """The values of all literals."""
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
