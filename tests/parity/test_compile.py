"""Compiled steps beside a LightningModule that is given to torch.compile.

The graphs are run as they are captured. What a backend makes of them may round in other places
for other graphs, and those of the two sides are not the same.
"""

import pytest
import torch
import torch._inductor.compile_fx

from tests.parity.beside import Wrapped, assert_equal_weights, beside, make_script, own_modules
from tests.parity.test_weights import ADAM, adam

OPTIONS = {"optimizer": {"name": "Adam", **ADAM}, "max_epochs": 2, "drop_last": True}


@pytest.fixture
def graphs(monkeypatch):
    """What each graph calls that is handed to the backend."""
    found = []

    def run_as_it_is(graph, inputs, **settings):
        found.append({str(node.target).rpartition(".")[2] for node in graph.graph.nodes})
        return graph.forward

    monkeypatch.setattr(torch._inductor.compile_fx, "compile_fx", run_as_it_is)
    yield found
    torch._dynamo.reset()


class Silent(Wrapped):
    """Logs nothing: with this torch, self.log within what is compiled ends in an error."""

    def training_step(self, batch, batch_idx):
        return self.model.training_step(batch)

    def validation_step(self, batch, batch_idx):
        self.model.validation_step(batch)


def compiled(model, configured):
    return torch.compile(Silent(model, configured))


@pytest.mark.parametrize("target", [True, "step"])
def test_weights(tmp_path, graphs, target):
    """Exact, with the dropout of the step in the graph."""
    script = make_script(tmp_path, {**OPTIONS, "compile": target})
    with own_modules(script.folder, script.modules):  # which are looked up for the compiling
        trainer = beside(script, adam, wrapped=compiled)
    assert called(graphs, "cross_entropy") and called(graphs, "dropout")
    graphs.clear()
    torch._dynamo.reset()
    assert_equal_weights(script.run(), trainer)
    assert called(graphs, "dropout")
    # the loss is a part of what is compiled where the step is
    assert called(graphs, "cross_entropy") == (target == "step")


def called(graphs, name):
    """Whether a function of the name is called in a graph."""
    return any(name in target for graph in graphs for target in graph)
