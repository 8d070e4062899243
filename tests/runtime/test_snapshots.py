"""What a run keeps of its settings and its code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from tests.support.killed_runs import run_folder
from tests.support.launch import launch
from tests.support.projects import MODEL, make_project

SAVED = {"save_hyperparameters": True, "max_epochs": 1}


def settings(path: Path) -> dict[str, object]:
    """Return the settings of a file, whose versions are those of this process."""
    saved = json.loads(path.read_text())
    assert saved.keys() == {"settings", "versions"}
    assert saved["versions"] == {"python": sys.version.split()[0], "torch": torch.__version__}
    return dict(saved["settings"])


@pytest.mark.parametrize("ranks", [None, 2])
def test_each_start_keeps_its_settings(tmp_path: Path, ranks: int | None) -> None:
    """All of Config, the drawn seed and what the command line changed."""
    strategy = {"strategy": "ddp", "devices": 2} if ranks else {}
    folder = make_project(tmp_path, {**SAVED, **strategy, "seed": None})
    assert launch(folder, "--lr", "0.02", ranks=ranks).done
    run = run_folder(folder)
    state = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    first = settings(run / "hparams.json")
    assert first == state["config"]
    assert first["lr"] == 0.02 and first["seed"] != -1
    again = ["--resume", "last", "--max-epochs", "2", "--lr", "0.03"]
    assert launch(folder, *again, ranks=ranks).done
    assert settings(run / "hparams.json") == first
    resumed = settings(run / f"hparams-step={state['step']}.json")
    changed = {"resume": "last", "max_epochs": 2, "lr": 0.03}
    assert resumed == first | changed
    assert len(list(run.glob("hparams*"))) == 2


@pytest.mark.parametrize("start", [["--task", "test"], []], ids=["test", "nothing left"])
def test_what_does_not_train_adds_no_file(tmp_path: Path, start: list[str]) -> None:
    folder = make_project(tmp_path, {**SAVED, "save_code": True})
    assert launch(folder).done
    before = sorted(path.name for path in run_folder(folder).iterdir())
    assert launch(folder, *start, "--resume", "last").done
    after = {path.name for path in run_folder(folder).iterdir()} - {"test.csv"}
    assert sorted(after) == before


@pytest.mark.parametrize("monitor", [None, "val_loss"])
def test_tensorboard_has_the_settings_beside_the_scalars(
    tmp_path: Path, monitor: str | None
) -> None:
    """In the same folder, so that its table has one line for a run."""
    options = {**SAVED, "loggers": ["tensorboard"], "log_every_n_steps": 2}
    folder = make_project(tmp_path, {**options, "checkpoint": {"monitor": monitor}})
    assert launch(folder).done
    events = run_folder(folder) / "tensorboard" / "fit"
    assert all(path.is_file() for path in events.iterdir())
    found = EventAccumulator(str(events)).Reload()
    tags = found.summary_metadata
    start = HParamsPluginData.FromString(
        tags["_hparams_/session_start_info"].plugin_data.content
    ).session_start_info
    assert start.hparams["lr"].number_value == 0.01
    assert start.hparams["resume"].string_value == "None"
    experiment = HParamsPluginData.FromString(
        tags["_hparams_/experiment"].plugin_data.content
    ).experiment
    (metric,) = experiment.metric_infos
    assert metric.name.tag == (monitor or "train_loss")
    assert metric.name.tag in found.Tags()["scalars"]


def test_a_run_can_be_made_again_from_its_code(tmp_path: Path) -> None:
    """From what the module imports too, as it was then; the copy needs nothing of the project."""
    model = MODEL.replace("import torch\n", "import torch\nfrom parts.rate import RATE\n", 1)
    model = model.replace("dropout: float = 0.1", "dropout: float = RATE")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "rate.py").write_text("RATE = 0.1\n")
    (tmp_path / "notes.py").write_text("nothing imports this\n")
    folder = make_project(tmp_path, {"save_code": True, "max_epochs": 1}, model)
    assert launch(folder).done
    (tmp_path / "parts" / "rate.py").write_text("RATE = 0.5\n")
    assert launch(folder, "--resume", "last", "--max-epochs", "2").done
    run = run_folder(folder)
    code, later = sorted(run.glob("code*"))
    assert later.name.startswith("code-step=")
    assert (later / "parts" / "rate.py").read_text() == "RATE = 0.5\n"
    left_out = {"tests", ".lgen", "runs", "notes.py", "README.md", "output"}
    kept = {path.name for path in code.iterdir()}
    assert kept == {path.name for path in folder.iterdir()} - left_out - {"__pycache__"}
    rows = (run / "metrics.csv").read_text().splitlines()
    again = subprocess.run(
        [sys.executable, code / "train.py", "--default-root-dir", tmp_path / "again"],
        env={**os.environ, "PYTHONPATH": "", "OMP_NUM_THREADS": "1"},
        cwd=tmp_path.parent,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert again.returncode == 0, again.stderr
    made = (tmp_path / "again" / "version_0" / "metrics.csv").read_text().splitlines()
    assert len(made) > 2 and made == rows[: len(made)]


@pytest.mark.parametrize("option", ["save_hyperparameters", "save_code"])
def test_a_snapshot_alone_makes_a_folder(tmp_path: Path, option: str) -> None:
    folder = make_project(tmp_path, {option: True, "checkpoint": False, "loggers": []})
    assert launch(folder, "--max-steps", "1").done
    (left,) = run_folder(folder).iterdir()
    assert left.name == {"save_hyperparameters": "hparams.json", "save_code": "code"}[option]
