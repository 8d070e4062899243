"""lgen update and lgen set: what is done with each file, and what is refused."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.update.conftest import Edit, Lgen, tree

# a line of the emitted loop that every single-device script has
STEP = "            optimizer.step()\n"
CLIP = "clip_grad_norm_"


def manifest(project: Path) -> dict[str, object]:
    """The manifest as it is on the disk."""
    found = json.loads((project / ".lgen/manifest.json").read_text())
    assert isinstance(found, dict)
    return found


def test_nothing_to_do(lgen: Lgen, project: Path) -> None:
    before = tree(project)
    result = lgen("update")
    assert (result.code, result.err) == (0, "")
    assert result.out == "Nothing to do: lgen.yaml asks for nothing new.\n"
    assert tree(project) == before


def test_set_gives_what_new_gives(lgen: Lgen, project: Path, tmp_path_factory: object) -> None:
    """An unedited project becomes, byte for byte, the one that init makes with the option."""
    assert lgen("set", "gradient_clip_val=0.5", "precision=bf16-mixed").code == 0
    changed = tree(project)
    for path in list(changed):
        if path.split("/")[0] not in ("model.py", "data.py", "lgen.yaml"):
            shutil.rmtree(project / path, ignore_errors=True)
            (project / path).unlink(missing_ok=True)
    assert lgen("init").code == 0
    assert tree(project) == changed


def test_set_and_back_gives_every_file_back(lgen: Lgen, project: Path) -> None:
    """What is a default is not written, so lgen.yaml comes back as well."""
    before = tree(project)
    assert lgen("set", "strategy=ddp").code == 0
    assert (project / "launch.sh").stat().st_mode & 0o111
    assert lgen("set", "strategy=single").code == 0
    after = tree(project)
    assert after == before


def test_comments_and_order_of_the_spec_are_kept(lgen: Lgen, project: Path) -> None:
    before = (project / "lgen.yaml").read_text()
    assert lgen("set", "gradient_clip_val=0.5").code == 0
    assert (project / "lgen.yaml").read_text() == before + "gradient_clip_val: 0.5\n"
    assert (project / ".lgen/lgen.yaml").read_text() == before + "gradient_clip_val: 0.5\n"


def test_edit_of_the_spec_is_followed_by_update(lgen: Lgen, project: Path, edit: Edit) -> None:
    edit("lgen.yaml", "batch_size: 4\n", "batch_size: 8  # more\n")
    result = lgen("update")
    assert result.code == 0
    assert "batch_size: int = 8" in (project / "train.py").read_text()
    assert "updated" in result.out and "train.py" in result.out
    assert lgen("update").out.startswith("Nothing to do")


def test_edits_stay(lgen: Lgen, project: Path, edit: Edit) -> None:
    """A line of the user's is there after an option came and after it went."""
    edit("train.py", STEP, STEP + '            print("mine")\n')
    edited = (project / "train.py").read_text()
    result = lgen("set", "gradient_clip_val=0.5")
    assert result.code == 0 and "merged    train.py" in result.out
    text = (project / "train.py").read_text()
    assert CLIP in text and 'print("mine")' in text
    assert CLIP not in (project / ".lgen/base/train.py").read_text().replace(CLIP, "", 1)
    assert lgen("set", "gradient_clip_val=null").code == 0
    assert (project / "train.py").read_text() == edited


def test_file_that_is_the_same_in_both_is_left(lgen: Lgen, project: Path, edit: Edit) -> None:
    """An edit of a file that the option does not touch is no part of the update."""
    edit("runtime/__init__.py", '"""\n', '"""\n\nmine = 1\n')
    assert "runtime" not in lgen("set", "gradient_clip_val=0.5").out
    assert "mine = 1" in (project / "runtime/__init__.py").read_text()


def test_conflict(lgen: Lgen, project: Path, edit: Edit) -> None:
    """Both changed one line: markers, exit 1, the file named; updated again when it is solved."""
    edit("train.py", "batch_size: int = 4", "batch_size: int = 5")
    result = lgen("set", "batch_size=6")
    text = (project / "train.py").read_text()
    line = text.split("\n").index("<<<<<<< yours") + 1
    told = f"CONFLICT  train.py: line {line}; settle what stands between <<<<<<< and >>>>>>>, then"
    assert result.code == 1 and told in result.out
    assert "<<<<<<< yours\n" in text and "=======\n" in text and ">>>>>>> lgen\n" in text
    assert "batch_size: int = 6" in (project / ".lgen/base/train.py").read_text()
    before = tree(project)
    for command in (["update"], ["set", "seed=5"]):
        result = lgen(*command)
        assert result.code == 1
        assert result.err.startswith("train.py: conflict markers are left in it")
        assert tree(project) == before


def test_git_takes_a_conflict_back(lgen: Lgen, project: Path, edit: Edit) -> None:
    """Where the project is in git, markers that are left name the way back, and it leads back."""
    edit("train.py", "batch_size: int = 4", "batch_size: int = 5")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "mine"]):
        subprocess.run([*git, *command], cwd=project, check=True, timeout=60)
    assert lgen("set", "batch_size=6").code == 1
    result = lgen("set", "seed=5")
    assert result.code == 1
    assert result.err.endswith("or go back to what is committed with `git restore .`\n")
    subprocess.run(["git", "restore", "."], cwd=project, check=True, timeout=60)
    assert lgen("set", "seed=5").code == 0


@pytest.mark.parametrize("marker", ["<<<<<<< yours\n", ">>>>>>> lgen\n"])
def test_half_of_the_markers_is_left(lgen: Lgen, project: Path, edit: Edit, marker: str) -> None:
    """Either line tells that a conflict is not settled."""
    edit("train.py", "batch_size: int = 4", "batch_size: int = 5")
    assert lgen("set", "batch_size=6").code == 1
    train = project / "train.py"
    train.write_text(train.read_text().replace(marker, ""))
    assert lgen("check").out.startswith("conflict      train.py: conflict markers are left in it")
    before = tree(project)
    assert lgen("set", "seed=5").code == 1
    assert tree(project) == before


def test_dropped_file(lgen: Lgen, project: Path) -> None:
    """Unedited it goes, with its base; a folder that becomes empty goes too."""
    assert lgen("set", "strategy=ddp").code == 0
    result = lgen("set", "strategy=single")
    assert "removed   launch.sh, runtime/ (" in result.out
    assert not (project / "launch.sh").exists() and not (project / ".lgen/base/launch.sh").exists()


def test_dropped_file_that_was_edited_stays(lgen: Lgen, project: Path) -> None:
    """With its base, so that it is merged when the option comes back."""
    lgen("set", "strategy=ddp")
    mine = "#!/bin/sh\n# mine\n" + (project / "launch.sh").read_text().partition("\n")[2]
    (project / "launch.sh").write_text(mine)
    result = lgen("set", "strategy=single")
    assert result.code == 0
    assert "kept      launch.sh: no longer needed, but you have edited it\n" in result.out
    assert (project / "launch.sh").read_text() == mine
    assert (project / ".lgen/base/launch.sh").exists()
    before = tree(project)
    assert lgen("update").code == 0
    assert tree(project) == before
    assert lgen("set", "strategy=ddp").code == 0
    assert (project / "launch.sh").read_text() == mine


def test_deleted_file_stays_deleted(lgen: Lgen, project: Path) -> None:
    (project / "README.md").unlink()
    result = lgen("set", "strategy=ddp")
    assert result.code == 0 and "deleted   README.md: by you, and so it stays\n" in result.out
    assert not (project / "README.md").exists()


def test_path_that_the_user_has_is_not_overwritten(lgen: Lgen, project: Path) -> None:
    """It is a conflict until the user's file is out of the way; then lgen's comes."""
    (project / "launch.sh").write_text("mine\n")
    result = lgen("set", "strategy=ddp")
    assert result.code == 1 and "CONFLICT  launch.sh: yours is in the place of" in result.out
    assert (project / "launch.sh").read_text() == "mine\n"
    assert "strategy" in (project / ".lgen/lgen.yaml").read_text()
    assert lgen("update").code == 1
    (project / "launch.sh").rename(project / "mine.sh")
    result = lgen("update")
    assert (result.code, result.out) == (0, "added     launch.sh\n")


def test_files_that_init_left_are_the_users(lgen: Lgen, users_project: Path) -> None:
    """An update does not touch them, whether they are there or not."""
    result = lgen("set", "strategy=ddp")
    assert (result.code, "README" in result.out) == (0, False)
    assert (users_project / "README.md").read_text() == "# mine\n"
    assert manifest(users_project)["kept"] == ["README.md", "pyproject.toml"]
    (users_project / "README.md").unlink()
    assert lgen("set", "strategy=single").code == 0
    assert not (users_project / "README.md").exists()


def test_several_deleted_files_take_one_line(lgen: Lgen, project: Path) -> None:
    shutil.rmtree(project / "runtime")
    (project / "README.md").unlink()
    out = lgen("set", "batch_size=5").out
    assert out.count("deleted") == 1 and "deleted   README.md, runtime/ (" in out
    assert "by you, and so they stay\n" in out


def test_requirement_that_the_users_pyproject_lacks(lgen: Lgen, users_project: Path) -> None:
    """It is named where an option needs it, until it is there."""
    assert lgen("set", "seed=5").out == "updated   train.py\n"
    out = lgen("set", "loggers=[csv, tensorboard]").out
    assert "add       to your pyproject.toml: tensorboard\n" in out
    with (users_project / "pyproject.toml").open("a") as file:
        file.write('[project.optional-dependencies]\nlog = ["tensorboard>=2"]\n')
    assert "add  " not in lgen("set", "seed=6").out


@pytest.fixture
def users_project(project: Path, lgen: Lgen) -> Path:
    """A project around a README and a pyproject.toml that were there before."""
    (project / "train.py").unlink()
    for folder in (".lgen", "runtime", "tests"):
        shutil.rmtree(project / folder)
    (project / "README.md").write_text("# mine\n")
    assert lgen("init").code == 0
    return project


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["seed"], "seed: write key=value"),
        (["sed=1"], "sed=1: there is no option sed; did you mean seed?"),
        (["seed=-1"], "seed=-1: seed is -1; "),
        (["strategy=dp"], "strategy=dp: strategy is 'dp'; allowed: single, ddp, fsdp"),
        (["seed=1", "accelerator=mps", "strategy=fsdp"], "strategy=fsdp: "),
        (["module.path=model.py:Nt"], "model.py:"),
    ],
)
def test_invalid_setting_changes_no_byte(
    lgen: Lgen, project: Path, settings: list[str], said: str
) -> None:
    before = tree(project)
    result = lgen("set", *settings)
    assert result.code == 2 and result.out == ""
    assert result.err.startswith(said)
    assert tree(project) == before


def test_fault_of_the_spec_changes_no_byte(lgen: Lgen, project: Path, edit: Edit) -> None:
    edit("lgen.yaml", "batch_size: 4\n", "batch_size: four\n")
    before = tree(project)
    result = lgen("update")
    assert result.code == 2 and result.err.startswith("lgen.yaml:3: batch_size is ")
    assert tree(project) == before


def test_folder_that_is_no_project(lgen: Lgen, project: Path, monkeypatch: object) -> None:
    shutil.rmtree(project / ".lgen")
    result = lgen("update")
    assert result.code == 2
    assert result.err.startswith(".lgen: there is none here, so this is no project of lgen; `lgen")


def test_folder_below_a_project(lgen: Lgen, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "runtime")
    assert lgen("update").err == (
        f".lgen: there is none here; the project is in {project}, run lgen there\n"
    )


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("format", 2, "it has format 2, and this lgen knows 1; install a newer lgen"),
        ("format", "1", "this is no manifest of lgen; restore it from your repository"),
        ("files", {"../x": "0"}, "this is no manifest of lgen; restore it from your repository"),
        ("files", {".lgen/x": "0"}, "this is no manifest of lgen; restore it"),
    ],
)
def test_manifest_that_is_not_known(
    lgen: Lgen, project: Path, key: str, value: object, said: str
) -> None:
    """A newer format, or paths that lead elsewhere: refused, untouched."""
    changed = {**manifest(project), key: value}
    (project / ".lgen/manifest.json").write_text(json.dumps(changed))
    before = tree(project)
    result = lgen("set", "seed=1")
    assert result.code == 2 and result.err.startswith(f".lgen/manifest.json: {said}")
    assert tree(project) == before


def test_older_lgen_is_followed(lgen: Lgen, project: Path) -> None:
    """What an older lgen wrote is merged as ever, and the manifest names the new one."""
    changed = {**manifest(project), "lgen": "0.0.1"}
    (project / ".lgen/manifest.json").write_text(json.dumps(changed))
    assert lgen("update").code == 0
    assert manifest(project)["lgen"] != "0.0.1"
