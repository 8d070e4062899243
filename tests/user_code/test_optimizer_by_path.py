"""Optimizers by a dotted path: what the project's files and its requirements make of them."""

from pathlib import Path

import pytest

from lgen.project import project_files
from tests.support.projects import DATA, MODEL

SPEC = "module: model.py:Net\ndata: data.py:Points\noptimizer: {name: %s, lr: 1}\n"
LION = "import einops\nfrom torch.optim import AdamW, SGD as Lion\n\nclass Tiger(Lion): ...\n"


def files(root: Path, name: str) -> dict[str, str] | list[str]:
    """The generated files of a project with the optimizer, or the faults as they are printed."""
    (root / "model.py").write_text(MODEL)
    (root / "data.py").write_text(DATA)
    (root / "my_optim.py").write_text(LION)
    (root / "nets").mkdir(exist_ok=True)
    (root / "nets" / "optim.py").write_text(LION)
    found = project_files(root, SPEC % name)
    return [str(fault) for fault in found] if isinstance(found, list) else found


@pytest.mark.parametrize(
    ("name", "line", "needed"),
    [
        ("timm.optim.Lamb", "from timm.optim import Lamb", {"timm"}),
        ("my_optim.Lion", "from my_optim import Lion", {"einops"}),
        ("nets.optim.Tiger", "from nets.optim import Tiger", {"einops"}),
        ("model.Block", "from model import Block, Net", set()),
        ("pack.Config", "from pack import Config as UserConfig", {"pack"}),
        ("pack.Net", "from pack import Net as UserNet", {"pack"}),
    ],
)
def test_import_and_requirement(tmp_path: Path, name: str, line: str, needed: set[str]) -> None:
    """A package becomes a requirement, and so does what a file of the project imports."""
    found = files(tmp_path, name)
    assert isinstance(found, dict), found
    assert line in found["train.py"].splitlines()
    listed = found["pyproject.toml"].partition("dependencies = [")[2].partition("]")[0]
    requirements = {text.strip(' ",') for text in listed.splitlines()}
    assert requirements - {"", "numpy", "torch>=2.7,<3", "tqdm>=4.66", "tyro>=0.9"} == needed


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("my_optim.Lio", "my_optim.py has no class Lio; did you mean Lion?"),
        ("nets.optim.Best", "nets/optim.py has no class Best; define it there or import it there"),
        ("nets.optims.Lion", "nets/optims.py: there is no such file"),
        ("optim.AdamW", "optim is no file of the project; write AdamW for torch's"),
    ],
)
def test_a_class_that_the_project_lacks_is_one_line(tmp_path: Path, name: str, said: str) -> None:
    found = files(tmp_path, name)
    assert isinstance(found, list) and len(found) == 1
    assert found[0].startswith("lgen.yaml:3: ") and said in found[0]
