"""An update is killed before every single change of the disk; what is found then is sound."""

import itertools
import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.killed_lgen import failed_at, killed_at
from tests.update.conftest import Edit, Lgen, tree

STEP = "            optimizer.step()\n"
FINISHED = "lgen: What an interrupted lgen had begun is now done.\n"
TAKEN_BACK = "lgen: What an interrupted lgen had begun is taken back; no file had changed.\n"


def own_files(files: dict[str, bytes | None]) -> dict[str, bytes]:
    """Those that are no note of an update in progress."""
    return {
        path: data
        for path, data in files.items()
        if data is not None and not path.startswith(".lgen/journal") and path[-9:] != ".lgen-new"
    }


@dataclass(frozen=True)
class Killed:
    """A project before and after an update, and a copy of the first."""

    folder: Path
    copy: Path
    setting: str
    old: dict[str, bytes | None]
    new: dict[str, bytes | None]

    def restore(self) -> None:
        """Make the folder the old project again."""
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self.copy, self.folder, dirs_exist_ok=True)

    def kill_all(self, lgen: Lgen) -> Iterator[str]:
        """Kill the update before each of its changes in turn, until it comes to its end."""
        for number in itertools.count(1):
            said = self.kill(lgen, number, "options", "seed")
            if said == "done":
                return
            yield said

    def kill(self, lgen: Lgen, number: int, *command: str) -> str:
        """Kill an update of the old project before its n-th change of the disk, look at what is
        left, and give the command that comes next; what this one said, empty where it had
        nothing to end, or `done` where the update came to its end.
        """
        self.restore()
        if not killed_at(number, self.folder, "set", self.setting):
            assert tree(self.folder) == self.new
            return "done"
        left = tree(self.folder)
        for path, data in own_files(left).items():
            assert data in (self.old.get(path), self.new.get(path)), (number, path)
        always = own_files(self.old).keys() & own_files(self.new).keys()
        assert always <= own_files(left).keys(), number
        if left in (self.old, self.new):
            return ""
        result = lgen("check", "--json")
        assert result.code == 1 and tree(self.folder) == left, number
        assert json.loads(result.out)["files"][0]["state"] == "interrupted"
        said = lgen(*command).err.splitlines(keepends=True)[0]
        assert said in (FINISHED, TAKEN_BACK), number
        assert tree(self.folder) == (self.new if said == FINISHED else self.old), number
        return said


Kills = Callable[[str], Killed]


@pytest.fixture
def kills(lgen: Lgen, project: Path, edit: Edit, tmp_path_factory: pytest.TempPathFactory) -> Kills:
    """An edited project whose updates can be killed."""
    edit("train.py", STEP, STEP + '            print("mine")\n')
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(project, copy, dirs_exist_ok=True)

    def killed(setting: str) -> Killed:
        old = tree(project)
        assert lgen("set", setting).code == 0
        return Killed(project, copy, setting, old, tree(project))

    return killed


def test_killed_at_every_change(lgen: Lgen, kills: Kills) -> None:
    """Each file is wholly old or new; check says so; the next command ends the update."""
    update = kills("gradient_clip_val=0.5")
    assert set(update.kill_all(lgen)) == {"", FINISHED, TAKEN_BACK}


@pytest.mark.parametrize(
    "command", [["diff"], ["schema"], ["init"], ["set", "seed=x"], ["eject"]], ids=str
)
def test_any_command_ends_it(lgen: Lgen, kills: Kills, command: list[str]) -> None:
    """Files come and go in this one; it is killed at five instants, drawn at random."""
    update = kills("strategy=ddp")
    seed = random.randrange(2**32)
    print("seed", seed)
    for number in random.Random(seed).sample(range(3, 120), 5):
        assert update.kill(lgen, number, *command) in (FINISHED, TAKEN_BACK)


@pytest.mark.slow
def test_killed_at_every_change_where_files_come_and_go(lgen: Lgen, kills: Kills) -> None:
    update = kills("strategy=ddp")
    assert list(update.kill_all(lgen)).count(FINISHED) > 100


def test_disk_that_fails_at_every_change(lgen: Lgen, kills: Kills) -> None:
    """All is as it was, and the exit code says that nothing was done."""
    update = kills("gradient_clip_val=0.5")
    for number in itertools.count(1):
        update.restore()
        code = failed_at(number, update.folder, "set", update.setting)
        if code == 0:
            assert tree(update.folder) == update.new and number > 20
            break
        assert (code, tree(update.folder)) == (2, update.old), number


def test_edits_made_after_the_kill_stay(lgen: Lgen, project: Path, edit: Edit) -> None:
    """Of a file that was already new and of one that was still old."""
    old = tree(project)
    for number in itertools.count(60, 4):
        assert killed_at(number, project, "set", "strategy=ddp", "batch_size=7")
        if tree(project)["README.md"] != old["README.md"]:
            break
        (project / ".lgen/journal.json").unlink()
        for path in project.rglob("*.lgen-new"):
            path.unlink()
    assert tree(project)["train.py"] == old["train.py"]
    edit("train.py", STEP, STEP + '            print("mine")\n')
    with (project / "README.md").open("a") as file:
        file.write("\nMine.\n")
    result = lgen("update")
    assert result.code == 0
    assert "train.py: edited since, and merged" in result.err
    text = (project / "train.py").read_text()
    assert 'print("mine")' in text and "batch_size: int = 7" in text
    assert (project / "README.md").read_text().endswith("\nMine.\n")
    (project / "README.md").write_text((project / ".lgen/base/README.md").read_text())
    edit("train.py", '            print("mine")\n', "")
    assert lgen("check").out == "in sync\n"


@pytest.mark.parametrize(
    "text", ["{", "[]x", '[{"path": "../x", "old": null, "new": "x", "mode": 0}]']
)
def test_journal_that_is_none(lgen: Lgen, project: Path, text: str) -> None:
    """Nothing outside the project is written, and the line says what to do."""
    (project / ".lgen/journal.json").write_text(text)
    before = tree(project.parent)
    result = lgen("update")
    assert result.code == 2
    assert result.err == "lgen: .lgen/journal.json: this is no journal of lgen; remove it\n"
    assert tree(project.parent) == before
