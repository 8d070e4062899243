"""lgen explain: the code that an option brings, and the option that brought a line."""

import random
import re
from pathlib import Path

import pytest

from lgen.explain.variants import probes, values_of
from lgen.project import project_files
from tests.update.conftest import Edit, Lgen, tree

STEP = "            optimizer.step()\n"


def line_of(project: Path, path: str, text: str) -> int:
    """The number of the one line that holds this."""
    lines = (project / path).read_text().splitlines()
    [number] = [n for n, line in enumerate(lines, start=1) if text in line]
    return number


def explained(lgen: Lgen, place: str) -> list[str]:
    """What is said about a line, below the line itself."""
    result = lgen("explain", place)
    assert (result.code, result.err) == (0, "")
    head, *said = result.out.splitlines()
    assert head.startswith(f"{place}: ")
    return said


@pytest.fixture
def several(lgen: Lgen, project: Path) -> Path:
    """A project with options of several kinds."""
    settings = ["strategy=ddp", "devices=2", "gradient_clip_val=0.5", "loggers=[tensorboard]"]
    assert lgen("set", *settings, "early_stopping={monitor: val_loss, patience: 2}").code == 0
    return project


def test_option_with_a_value(lgen: Lgen, project: Path) -> None:
    """Its doc, and as a diff the lines that it adds and removes."""
    before = tree(project)
    result = lgen("explain", "gradient_clip_val=0.5")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("gradient_clip_val\n  limit of the gradients")
    assert "\ngradient_clip_val=0.5 changes in this project:\n--- a/train.py\n" in result.out
    assert "+            nn.utils.clip_grad_norm_(" in result.out
    assert tree(project) == before


def test_module_that_comes_is_named(lgen: Lgen, project: Path) -> None:
    out = lgen("explain", "strategy=ddp").out
    assert re.search(r"^\+ runtime/distributed\.py \(\d+ lines\)$", out, re.MULTILINE)
    assert re.search(r"^- runtime/nonfinite\.py \(\d+ lines\)$", out, re.MULTILINE)


def test_option_as_it_is(lgen: Lgen, several: Path) -> None:
    """What it brings here; what cannot be without it goes with it."""
    out = lgen("explain", "gradient_clip_val").out
    assert "\ngradient_clip_val: 0.5 stands in lgen.yaml, and brings:\n" in out
    assert "+            nn.utils.clip_grad_norm_(" in out
    out = lgen("explain", "strategy").out
    assert "\nstrategy: ddp stands in lgen.yaml, together with devices, and brings:\n" in out
    out = lgen("explain", "optimizer").out
    assert "optimizer: {lr: 0.01, name: Adam} stands in lgen.yaml; the spec cannot do w" in out


def test_option_that_has_the_value_already(lgen: Lgen, project: Path) -> None:
    out = lgen("explain", "batch_size=4").out
    assert "batch_size=4 is how it is here already; `lgen explain batch_size` shows what" in out


def test_option_at_its_default(lgen: Lgen, project: Path) -> None:
    assert "It is at its default here. `lgen explain seed=VALUE`" in lgen("explain", "seed").out
    assert (
        "pin_memory=false changes no line of this project."
        in lgen("explain", "pin_memory=false").out
    )


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("sed", "sed: there is no option sed; did you mean seed?"),
        ("seed=-1", "seed=-1: seed is -1; "),
        ("train.py:0", "train.py: it has lines 1 to "),
        ("train.py:9999", "train.py: it has lines 1 to "),
        ("trian.py:1", "trian.py: there is no such file"),
    ],
)
def test_what_there_is_not(lgen: Lgen, project: Path, what: str, said: str) -> None:
    result = lgen("explain", what)
    assert result.code == 2 and result.err.startswith(said) and result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("train.py", "clip_grad_norm_(", "gradient_clip_val: 0.5 (lgen.yaml:{}) brings this line"),
        ("train.py", "    lr: float", "optimizer.lr: 0.01 (lgen.yaml:{}) decides what it says"),
        ("train.py", "batch_size: int", "batch_size: 4 (lgen.yaml:{}) decides what it says"),
        ("train.py", "max_steps: int", "max_steps: -1 (its default) decides what it says"),
        ("train.py", "patience: int", "early_stopping.patience: 2 (lgen.yaml:{}) decides what it"),
        ("train.py", "patience: int", "early_stopping: {{monitor: val_loss, patience: 2}} (l"),
        ("train.py", "ddp = DistributedDataParallel(", "strategy: ddp (lgen.yaml:{}) brings this"),
        ("train.py", "import TensorBoard", "loggers: [tensorboard] (lgen.yaml:{}) brings this"),
        ("runtime/distributed.py", "def ", "strategy: ddp (lgen.yaml:{}) brings this line"),
        ("launch.sh", "torchrun", "devices: 2 (lgen.yaml:{}) "),
        ("README.md", "starts 2 processes", "strategy: ddp (lgen.yaml:{}) brings this line"),
        ("train.py", "def main(", "always there"),
        ("runtime/seed.py", "def ", "always there"),
        ("model.py", "def training_step", "yours: lgen does not write this file"),
    ],
)
def test_option_that_brought_a_line(
    lgen: Lgen, several: Path, path: str, text: str, said: str
) -> None:
    lines = (several / path).read_text().splitlines()
    number = next(n for n, line in enumerate(lines, start=1) if text.rstrip("\n") in line)
    key = said.partition(":")[0].split(".")[0]
    spec = (several / "lgen.yaml").read_text().splitlines()
    at = next((n for n, line in enumerate(spec, start=1) if line.startswith(f"{key}:")), 0)
    found = explained(lgen, f"{path}:{number}")
    assert any(line.startswith(said.format(at)) for line in found), found


def test_option_at_its_default_that_brought_a_line(lgen: Lgen, project: Path) -> None:
    number = line_of(project, "train.py", "import Checkpoints")
    assert "checkpoint: {...} (its default) brings this line" in explained(
        lgen, f"train.py:{number}"
    )


def test_line_of_the_users(lgen: Lgen, several: Path, edit: Edit) -> None:
    """Lines below and above edits are still found."""
    edit("train.py", STEP, '            print("mine")\n' + STEP)
    edit("train.py", "import torch\n", "# mine\nimport torch\n")
    mine = line_of(several, "train.py", 'print("mine")')
    assert explained(lgen, f"train.py:{mine}") == ["yours: lgen did not write this line"]
    clip = line_of(several, "train.py", "clip_grad_norm_(")
    [said] = explained(lgen, f"./train.py:{clip}".removeprefix("./"))
    assert said.startswith("gradient_clip_val: 0.5 ")


def test_what_is_said_is_true(lgen: Lgen, several: Path) -> None:
    """Of lines at random: where an option of the spec brings one, it is not there without it, or
    with another value."""
    text = (several / "train.py").read_text()
    seed = random.randrange(2**32)
    print("seed", seed)
    numbers = [n for n, line in enumerate(text.splitlines(), 1) if len(line.strip()) > 15]
    for number in random.Random(seed).sample(numbers, 6):
        line = text.splitlines()[number - 1]
        for said in explained(lgen, f"train.py:{number}"):
            match = re.fullmatch(r"([a-z_.]+): .* \(lgen\.yaml:\d+\) (brings|decides) .*", said)
            if match is None or "." in match[1]:
                continue
            spec = (several / "lgen.yaml").read_text().splitlines(keepends=True)
            gone = {match[1], "devices"} if match[1] == "strategy" else {match[1]}
            left = [row for row in spec if row.partition(":")[0] not in gone and row[0] != " "]
            values = values_of("".join(spec), "lgen.yaml")
            assert isinstance(values, dict)
            others = [variant.text for variant in probes(values) if variant.key == match[1]]
            found = [project_files(several, other) for other in ("".join(left), *others)]
            counts = [f["train.py"].splitlines().count(line) for f in found if isinstance(f, dict)]
            assert not counts or min(counts) < text.splitlines().count(line), (number, said)


def test_what_is_written_as_it_is_by_default_is_explained(lgen: Lgen, project: Path) -> None:
    """Another value of it takes the line away; so does `false` in the place of a mapping."""
    place = f"train.py:{line_of(project, 'train.py', 'log = Log(')}"
    assert explained(lgen, place) == ["loggers: [csv] (its default) brings this line"]
    assert lgen("set", "log_every_n_steps=50").code == 0
    spec = project / "lgen.yaml"
    spec.write_text(spec.read_text() + "loggers: [csv]\ncheckpoint: {save_top_k: 1}\n")
    assert lgen("update").code == 0
    [said] = explained(lgen, place)
    assert re.fullmatch(r"loggers: \[csv\] \(lgen\.yaml:\d+\) brings this line", said)
    number = line_of(project, "train.py", "def save_checkpoint(")
    assert any("checkpoint" in said for said in explained(lgen, f"train.py:{number}"))


def test_the_option_that_a_line_names_comes_first(lgen: Lgen, project: Path) -> None:
    """Others may take the line away too."""
    assert lgen("set", "accelerator=auto").code == 0
    place = f"train.py:{line_of(project, 'train.py', 'islice(val_loader')}"
    said = explained(lgen, place)
    assert said[0] == "num_sanity_val_steps: 2 (its default) brings this line"
    assert "fast_dev_run: false (its default) brings this line" in said


def test_line_that_black_has_joined(lgen: Lgen, project: Path) -> None:
    """Its parts come from several lines of the template."""
    place = f"train.py:{line_of(project, 'train.py', 'def validate(')}"
    assert any(said.startswith("accelerator: cpu") for said in explained(lgen, place))


def test_place_in_the_spec_is_where_it_stands_now(lgen: Lgen, project: Path) -> None:
    """Comments may have been put above it."""
    assert lgen("set", "gradient_clip_val=0.5").code == 0
    place = f"train.py:{line_of(project, 'train.py', 'clip_grad_norm_')}"
    spec = project / "lgen.yaml"
    spec.write_text("# mine\n# mine\n" + spec.read_text())
    number = spec.read_text().split("\n").index("gradient_clip_val: 0.5") + 1
    assert explained(lgen, place) == [
        f"gradient_clip_val: 0.5 (lgen.yaml:{number}) brings this line"
    ]


@pytest.mark.parametrize(
    "place, told",
    [
        ("train.py:x", "train.py:x: name a line by its number, as in train.py:1"),
        ("/etc/passwd:1", "/etc/passwd: it lies outside of the project"),
        ("../other.py:1", "../other.py: it lies outside of the project"),
        ("train.py:100000", "train.py: it has lines 1 to "),
    ],
)
def test_places_that_are_none(lgen: Lgen, project: Path, place: str, told: str) -> None:
    """One line, exit 2."""
    train = project / "train.py"
    train.write_text(train.read_text() + "\f\n\f\n")
    result = lgen("explain", place)
    assert result.code == 2 and result.err.startswith(told), result.err


def test_record_of_lgen_is_not_the_users(lgen: Lgen, project: Path) -> None:
    [said] = explained(lgen, ".lgen/manifest.json:2")
    assert said == "always there: lgen's own record of what it wrote"
