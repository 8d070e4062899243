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
