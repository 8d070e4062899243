"""What the runs of combinations leave apart: two nodes, absent devices, compilation, weights."""

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.combinations.projects import run
from tests.support.launch import Ended, launch
from tests.support.projects import make_project

QUIET = {"enable_model_summary": False, "enable_progress_bar": False}
STEPS = ("--max-steps", "5")
TRAIN_AND_COUNT = """\
import sys
import torch
from torch._dynamo.utils import counters
if "eager" in sys.argv:  # what is captured as graphs is run as it is, without a compiler's minute
    torch._TorchCompileInductorWrapper.__call__ = lambda self, graph, inputs: graph.forward
import train
train.main(train.Config(max_steps=4))
print("graphs", counters["stats"]["unique_graphs"])
if torch.distributed.is_initialized():
    torch.distributed.destroy_process_group()
"""


def weights(project: Path) -> dict[str, torch.Tensor]:
    """The weights in the last checkpoint of the only run."""
    [path] = project.glob("runs/*/checkpoints/last.ckpt")
    model: dict[str, torch.Tensor] = torch.load(path, weights_only=True)["model"]
    return model


def assert_one_line(ended: Ended, said: str) -> None:
    """The run ended by itself with one line that says what is wrong."""
    assert all(ended.codes) and not ended.left_behind, ended
    lines = ended.output.strip().splitlines()
    assert set(lines) == {lines[0]} and said in lines[0], ended.output


def test_two_nodes_are_two_agents(tmp_path: Path) -> None:
    """launch.sh, once on each node, trains to the weights of as many processes on one node."""
    options = {**QUIET, "strategy": "ddp"}
    nodes = make_project(tmp_path / "nodes", {**options, "num_nodes": 2})
    one = make_project(tmp_path / "one", {**options, "devices": 2})
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "HOST": "127.0.0.1", "OMP_NUM_THREADS": "1"}
    agents = [
        subprocess.Popen(
            ["sh", "launch.sh", *STEPS],
            cwd=nodes,
            env={**environment, "CUDA_VISIBLE_DEVICES": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    try:
        outputs = [agent.communicate(timeout=150)[0] for agent in agents]
    finally:
        for agent in agents:
            agent.kill()
    assert [agent.returncode for agent in agents] == [0, 0], outputs
    assert launch(one, *STEPS, ranks=2).done
    expected, found = weights(one), weights(nodes)
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_mps_asked_for_and_absent(tmp_path: Path) -> None:
    """One line and no traceback; what cuda says is tested beside the other failures."""
    if torch.backends.mps.is_available():
        pytest.skip("this machine has a Metal device")
    project = make_project(tmp_path, {**QUIET, "accelerator": "mps"})
    assert_one_line(launch(project), "accelerator mps: torch finds no Metal device")


def graphs(project: Path, backend: str, ranks: int = 1) -> int:
    """How many graphs the first process captures in four steps."""
    (project / "count.py").write_text(TRAIN_AND_COUNT)
    starter = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks)]
    done = subprocess.run(
        [sys.executable, *(starter if ranks > 1 else []), "count.py", backend],
        cwd=project,
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return int(done.stdout.rpartition("graphs ")[2].split()[0])


@pytest.mark.parametrize("compiled", [True, "step"])
def test_the_steps_are_compiled(tmp_path: Path, compiled: Any) -> None:
    """Graphs are captured: a wrapper of the model that its steps go round compiles nothing."""
    project = make_project(tmp_path, {**QUIET, "compile": compiled, "checkpoint": False})
    assert graphs(project, "eager") > 0


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
@pytest.mark.parametrize("compiled", [True, "step"])
def test_the_steps_are_compiled_in_processes(tmp_path: Path, compiled: Any, strategy: str) -> None:
    """So they are under what wraps the model."""
    options = {"compile": compiled, "strategy": strategy, "devices": 2, "checkpoint": False}
    assert graphs(make_project(tmp_path, {**QUIET, **options}), "eager", ranks=2) > 0


def test_nothing_is_counted_without_compile(tmp_path: Path) -> None:
    """The count is of compiled graphs alone."""
    assert graphs(make_project(tmp_path, {**QUIET, "checkpoint": False}), "eager") == 0


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [True, "step", {"mode": "reduce-overhead", "dynamic": False}])
def test_compiled_by_inductor(tmp_path: Path, compiled: Any) -> None:
    """The same with torch's own compiler, as users run it."""
    project = make_project(tmp_path, {**QUIET, "compile": compiled})
    assert graphs(project, "inductor") > 0
    assert weights(project)


@pytest.mark.parametrize("strategy", [None, "ddp", "fsdp"])
@pytest.mark.parametrize("strict", [True, False])
def test_init_from(tmp_path: Path, strategy: str | None, strict: bool) -> None:
    """Training starts from the weights of a file; loosely, from those that it has."""
    options: dict[str, Any] = {"init_from": {"path": "weights.pt", "strict": strict}}
    if strategy is not None:
        options |= {"strategy": strategy, "devices": 2}
    # nothing moves the weights
    optimizer = {"name": "SGD", "lr": 0.0}
    project = make_project(tmp_path, {**QUIET, **options, "optimizer": optimizer})
    given = runpy.run_path(str(project / "model.py"))["Net"]().state_dict()
    if not strict:
        del given["leave.weight"]
    torch.save(given, project / "weights.pt")
    run(project, 2 if strategy else 1, max_steps=2)
    if strategy != "fsdp":
        found = weights(project)
        assert all(torch.equal(found[name], tensor) for name, tensor in given.items())
