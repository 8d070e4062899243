"""Starters from a folder or a git address."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Lgen, tree
from tests.support.projects import DATA, MODEL, OPTIONS, spec_text

CONFIG = "_templates_suffix: .jinja\nwidth: {type: int, default: 16}\n"


@pytest.fixture
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A team's own starter with one question."""
    folder = tmp_path_factory.mktemp("starters") / "points"
    folder.mkdir()
    (folder / "copier.yml").write_text(CONFIG)
    (folder / "model.py").write_text(MODEL)
    (folder / "data.py").write_text(DATA)
    spec = spec_text(OPTIONS).replace("model.py:Net", "{path: model.py:Net, args: {width: WIDTH}}")
    (folder / "lgen.yaml.jinja").write_text(spec.replace("WIDTH", "{{ width }}"))
    return folder


def git(folder: Path, *arguments: str) -> None:
    """Run git in the folder as nobody in particular."""
    person = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    subprocess.run(
        ["git", *person, *arguments], cwd=folder, check=True, capture_output=True, timeout=60
    )


def test_folder(lgen: Lgen, tmp_path: Path, starter: Path) -> None:
    """A folder is laid out with the answers given, and its spec gets the schema's line."""
    result = lgen("new", "points", "--starter", str(starter), "--answer", "width=24")
    assert (result.code, result.err) == (0, "")
    spec = (tmp_path / "points/lgen.yaml").read_text()
    assert spec.startswith("# yaml-language-server:")
    assert "args: {width: 24}" in spec
    assert not (tmp_path / "points/copier.yml").exists()


def test_git_address(lgen: Lgen, tmp_path: Path, starter: Path) -> None:
    """A repository is cloned and laid out, without a word of git's or Copier's."""
    git(starter, "init", "-q")
    git(starter, "add", "-A")
    git(starter, "commit", "-q", "-m", "starter")
    result = lgen("new", "points", "--starter", f"git+file://{starter}")
    assert (result.code, result.err) == (0, "")
    assert (tmp_path / "points/train.py").is_file()
    assert not (tmp_path / "points/.git").exists()


def test_folder_of_a_repository_is_taken_as_it_lies(
    lgen: Lgen, tmp_path: Path, starter: Path
) -> None:
    """Uncommitted work is in the project, and no git configuration of the starter has run."""
    git(starter, "init", "-q")
    git(starter, "add", "-A")
    git(starter, "commit", "-q", "-m", "starter")
    git(starter, "tag", "v1")
    git(starter, "config", "core.fsmonitor", f"touch {tmp_path / 'ran'}; false")
    (starter / "notes.txt").write_text("not committed")
    assert lgen("new", "points", "--starter", str(starter)).code == 0
    assert (tmp_path / "points/notes.txt").is_file()
    assert not (tmp_path / "ran").exists()


def test_code_of_a_starter_runs_only_with_trust(lgen: Lgen, tmp_path: Path, starter: Path) -> None:
    """A task is refused in one line, and run when the user says --trust."""
    (starter / "copier.yml").write_text(CONFIG + "_tasks: ['echo made > task.txt']\n")
    refused = lgen("new", "points", "--starter", str(starter))
    assert refused.code == 2
    assert refused.err.count("\n") == 1 and "--trust" in refused.err
    assert tree(tmp_path) == {}
    assert lgen("new", "points", "--starter", str(starter), "--trust").code == 0
    assert (tmp_path / "points/task.txt").read_text() == "made\n"


def test_trust_of_copiers_settings_does_not_count(
    lgen: Lgen, tmp_path: Path, starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the user allows Copier is not what the user allows lgen."""
    settings = starter.parent / "settings.yml"
    settings.write_text(f"trust: ['{starter}', '{starter.parent}/']\n")
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(settings))
    (starter / "copier.yml").write_text(CONFIG + "_tasks: ['echo made > task.txt']\n")
    assert lgen("new", "points", "--starter", str(starter)).code == 2
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("feature", ["_jinja_extensions: [os.Nothing]", "_tasks: [[touch, x]]"])
def test_unsafe_features_are_named(lgen: Lgen, starter: Path, feature: str) -> None:
    """The line says which feature of the starter would run code."""
    (starter / "copier.yml").write_text(f"{CONFIG}{feature}\n")
    result = lgen("new", "points", "--starter", str(starter))
    assert result.code == 2
    assert feature.partition(":")[0].removeprefix("_") in result.err


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("copier.yml", "a: [\n", "copier.yml"),
        ("copier.yml", "width: {type: int}\n_templates_suffix: .jinja\n", "width"),
        ("copier.yml", CONFIG + "_min_copier_version: '9999'\n", "9999"),
        ("lgen.yaml.jinja", "{% if %}", "lgen.yaml.jinja:1"),
        ("lgen.yaml.jinja", "{{ missing.name }}", "missing"),
        ("lgen.yaml.jinja", "", "lgen.yaml"),
        ("model.py", "class Net(\n", "model.py"),
        ("train.py", "mine\n", "train.py"),
        ("runtime/mine.py", "mine\n", "runtime"),
        (".lgen/manifest.json", "{}", ".lgen"),
    ],
)
def test_faulty_starter_makes_nothing(
    lgen: Lgen, tmp_path: Path, starter: Path, file: str, text: str, said: str
) -> None:
    """Whatever is wrong with a starter is said in one line each, and nothing is made."""
    (starter / file).parent.mkdir(exist_ok=True)
    (starter / file).write_text(text)
    result = lgen("new", "points", "--starter", str(starter))
    assert result.code == 2
    assert said in result.err
    assert tree(tmp_path) == {}


def test_starter_without_a_spec_or_config(lgen: Lgen, tmp_path: Path, starter: Path) -> None:
    """A folder that makes no spec, and one that is no starter, are refused by name."""
    (starter / "lgen.yaml.jinja").unlink()
    assert "no lgen.yaml" in lgen("new", "points", "--starter", str(starter)).err
    (starter / "copier.yml").unlink()
    assert "no copier.yml" in lgen("new", "points", "--starter", str(starter)).err
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "said"),
    [("digts", "did you mean digits?"), ("git+file:///no/such.git", "no/such.git"), ("", "digits")],
)
def test_starter_that_is_not_there(lgen: Lgen, tmp_path: Path, name: str, said: str) -> None:
    """A name, an address or nothing that leads nowhere is said in one line."""
    result = lgen("new", "points", "--defaults", "--starter", name)
    assert result.code == 2
    assert result.err.count("\n") == 1 and said in result.err
    assert tree(tmp_path) == {}


def test_readme_and_tests_of_a_starter_are_kept(lgen: Lgen, tmp_path: Path, starter: Path) -> None:
    """A starter may bring its own README."""
    (starter / "README.md").write_text("the team's")
    assert lgen("new", "points", "--starter", str(starter)).code == 0
    assert (tmp_path / "points/README.md").read_text() == "the team's"


def test_works_without_git(
    lgen: Lgen, tmp_path: Path, starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder and a built-in starter need no git on the machine."""
    plumbum = pytest.importorskip("plumbum")
    monkeypatch.setitem(plumbum.local.env, "PATH", str(tmp_path))
    assert lgen("new", "points", "--starter", str(starter)).code == 0


def test_several_answers_to_a_question(lgen: Lgen, tmp_path: Path, starter: Path) -> None:
    """Copier reads them as a list."""
    (starter / "copier.yml").write_text(
        f"{CONFIG}sizes: {{type: int, multiselect: true, choices: [1, 2, 3], default: [1]}}\n"
    )
    (starter / "sizes.txt.jinja").write_text("{{ sizes }}")
    result = lgen("new", "points", "--starter", str(starter), "--answer", "sizes=[1, 2]")
    assert (result.code, result.err) == (0, "")
    assert (tmp_path / "points/sizes.txt").read_text() == "[1, 2]"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            "hiden=64",
            "hiden: no question of the starter; it asks: hidden, epochs; did you mean hidden?",
        ),
        ("hidden=wide", "hidden: 'wide' is no int"),
    ],
)
def test_an_answer_to_no_question_is_said(lgen: Lgen, answer: str, said: str) -> None:
    result = lgen("new", "drawn", "--starter", "gan", "--defaults", "--answer", answer)
    assert result.code != 0 and said in result.err, result
    assert not Path("drawn").exists()
