"""Classes of any name: the generated files import a name that they use themselves under another."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from lgen.plan.class_names import class_names
from lgen.spec.options import Spec
from tests.combinations.combine import random_rows
from tests.combinations.test_render import rendered
from tests.support.projects import DATA, MODEL, make_project

FILES = ("train.py", "tests/test_train.py")
# what the user's classes are called in tests/combinations/user_code.py
OWN = {"Net", "Points", "Descent"}


def imported(model: str, data: str) -> tuple[str, str]:
    """What the import statements of train.py say of classes with these names."""
    spec = Spec.model_validate({"module": f"model.py:{model}", "data": f"data.py:{data}"})
    names = class_names(spec).names
    return names["MODEL_CLASS"], names["DATA_CLASS"]


def names(tree: ast.Module) -> set[str]:
    """Every name that a file binds or reads, without the fields of Config."""
    found: set[str] = set()
    fields = {
        item.target
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == "Config"
        for item in node.body
        if isinstance(item, ast.AnnAssign)
    }
    for node in set(ast.walk(tree)) - fields:
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
    return found


@pytest.mark.parametrize(
    ("model", "data", "said"),
    [
        ("Net", "Points", ("Net", "Points")),
        ("Config", "Points", ("Config as UserConfig", "Points")),
        ("Net", "Config", ("Net", "Config as UserConfig")),
        ("Config", "Config", ("Config as UserConfig", "Config as DataConfig")),
        ("Net", "Net", ("Net", "Net as DataNet")),
        ("model", "data", ("model as UserModel", "data as UserData")),
        ("float", "Loader", ("float as UserFloat", "Loader")),
        # neither by what the other is called nor by what the script imports
        ("Loader", "Loader", ("Loader", "Loader as DataDataLoader")),
        ("UserConfig", "Config", ("UserConfig", "Config as UserUserConfig")),
        ("Config", "UserConfig", ("Config as UserConfig", "UserConfig as DataUserConfig")),
    ],
)
def test_a_name_that_is_taken(model: str, data: str, said: tuple[str, str]) -> None:
    assert imported(model, data) == said


def test_every_name_of_the_script_is_taken() -> None:
    """No name that any combination of options brings is left to a class of the user."""
    used: set[str] = set()
    for row in random_rows(5, 20260102):
        files = rendered(row)
        used |= {name for path in FILES for name in names(ast.parse(files[path]))}
    assert {"cfg", "local_rank", "evaluation_loader", "Sequence"} <= used
    free = [name for name in used if " as " not in imported(name, "Points")[0]]
    assert set(free) <= OWN
    free = [name for name in used if " as " not in imported("Other", name)[1]]
    assert set(free) <= OWN


@pytest.mark.parametrize(("model", "data"), [("Config", "Config"), ("model", "optimizer")])
def test_project_trains(tmp_path: Path, model: str, data: str) -> None:
    """The script and its tests run with classes that are called like their own."""
    folder = make_project(
        tmp_path / "project",
        {"module": f"model.py:{model}", "data": f"data.py:{data}", "max_epochs": 1},
        MODEL.replace("class Net", f"class {model}"),
        DATA.replace("class Points", f"class {data}"),
    )
    command = [sys.executable, "-m", "pytest", "-q", "-k", "overfits"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
