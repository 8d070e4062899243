import pytest
import torch

from runtime.prefetch import prefetch_to_device


@pytest.mark.skipif(not torch.cuda.is_available(), reason="prefetch needs a CUDA device")
@pytest.mark.parametrize("num_batches", [0, 1, 2, 7])
def test_every_batch_arrives_whole_and_in_order(num_batches):
    device = torch.device("cuda")
    batches = [
        (torch.full((1 << 20,), i).pin_memory(), {"i": torch.tensor([i]).pin_memory()})
        for i in range(num_batches)
    ]
    for i, (values, nested) in enumerate(prefetch_to_device(batches, device)):
        values = values * 2
        torch.cuda._sleep(1_000_000)
        assert values.device.type == "cuda" and nested["i"].item() == i
        assert (values == 2 * i).all()
    assert num_batches == 0 or i == num_batches - 1
