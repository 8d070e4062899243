"""lgen options, lgen schema and what the command line itself answers."""

import json
import subprocess
import sys

import pytest

from lgen import __version__
from lgen.spec.options import Spec
from tests.cli.conftest import Lgen


def test_lists_every_option(lgen: Lgen) -> None:
    """Every option stands in the table with its doc."""
    result = lgen("options")
    assert result.code == 0
    words = " ".join(result.out.split())
    for name, field in Spec.model_fields.items():
        assert f" {name}: " in words
        assert (field.description or "-").split()[0] in words


def test_one_option(lgen: Lgen) -> None:
    """An option's page says its type, its default and the rules that it stands in."""
    result = lgen("options", "strategy")
    assert result.code == 0
    assert "default:" in result.out and "single" in result.out
    assert "rule:" in result.out


def test_option_of_a_mapping(lgen: Lgen) -> None:
    """The keys of a mapping have pages too."""
    result = lgen("options", "checkpoint.save_top_k")
    assert result.code == 0
    assert "how many of the best are kept" in result.out


def test_misspelt_option(lgen: Lgen) -> None:
    """An unknown name ends with the nearest one."""
    result = lgen("options", "batchsize")
    assert (result.code, result.out) == (2, "")
    assert "did you mean batch_size?" in result.err


def test_schema(lgen: Lgen) -> None:
    """The schema is valid JSON Schema and knows the options."""
    jsonschema = pytest.importorskip("jsonschema")
    result = lgen("schema")
    assert result.code == 0
    schema = json.loads(result.out)
    jsonschema.validators.validator_for(schema).check_schema(schema)
    assert set(Spec.model_fields) <= set(schema["properties"])


def test_version(lgen: Lgen) -> None:
    """--version says the package's version."""
    assert lgen("--version").out == f"lgen {__version__}\n"


@pytest.mark.parametrize("arguments", [["nwe"], ["new"], ["new", "a", "b"], ["new", "--sett", "a"]])
def test_usage(lgen: Lgen, arguments: list[str]) -> None:
    """A wrong command line exits 2 and says so on stderr."""
    result = lgen(*arguments)
    assert (result.code, result.out) == (2, "")
    assert "Usage" in result.err


@pytest.mark.parametrize("arguments", [["options"], ["schema"]])
def test_reader_that_goes_away(arguments: list[str]) -> None:
    """A closed pipe is no error and leaves no complaint."""
    code = f"import sys; sys.argv = ['lgen', *{arguments!r}]; from lgen.cli import run; run()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 0


def test_heavy_packages_are_left_alone() -> None:
    """The help is printed without the packages that only some commands need."""
    heavy = ["black", "copier", "jinja2", "pydantic", "ruamel"]
    code = (
        "import sys; sys.argv = ['lgen', '--help']\n"
        "from lgen.cli import run\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        f"sys.exit(' '.join(set(sys.modules) & set({heavy!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) in [(0, ""), (1, "\n")]
