from collections import namedtuple

import numpy as np
import pytest
import torch

from runtime.predictions import clear_predictions, save_predictions


def test_predictions_are_read_back_and_earlier_ones_removed(tmp_path):
    for number in range(3):
        save_predictions(tmp_path / "set", number, {"scores": torch.full((2,), float(number))})
    (tmp_path / "notes.txt").write_text("mine")
    assert torch.load(tmp_path / "set" / "batch_00002.pt")["scores"].tolist() == [2.0, 2.0]
    clear_predictions(tmp_path)
    save_predictions(tmp_path / "set", 0, torch.zeros(1))
    files = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(files) == ["batch_00000.pt", "notes.txt"]
    clear_predictions(tmp_path / "nowhere")


def test_arrays_and_named_tuples_are_read_back(tmp_path):
    Box = namedtuple("Box", "corner label")
    save_predictions(tmp_path, 0, [Box(np.arange(3.0), "cat"), np.float32(0.5), None])
    box, score, nothing = torch.load(tmp_path / "batch_00000.pt", weights_only=True)
    assert box["corner"].tolist() == [0, 1, 2] and box["label"] == "cat"
    assert (score.item(), nothing) == (0.5, None)


def test_what_cannot_be_read_back_is_a_clear_end(tmp_path):
    with pytest.raises(SystemExit, match="predict_step returned a object, which cannot be read"):
        save_predictions(tmp_path, 0, {"scores": object()})
