"""One CUDA device: the weights are those of Lightning on the same device."""

import pytest
import torch

from tests.parity.beside import beside, make_script
from tests.parity.test_weights import ADAM, adam


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["32-true", "16-mixed", "bf16-mixed"])
def test_weights(tmp_path, precision):
    """Exact: both ask for the same kernels in the same order."""
    options = {"precision": precision, "deterministic": True, "gradient_clip_val": 0.5}
    given = {"optimizer": {"name": "Adam", **ADAM}, "accelerator": "cuda", **options}
    script = make_script(tmp_path, given)
    theirs = beside(script, adam, accelerator="gpu", **options).lightning_module.model.state_dict()
    ours = script.run().weights
    assert ours.keys() == theirs.keys()
    for name, weight in ours.items():
        assert torch.equal(weight.cpu(), theirs[name].cpu()), name
