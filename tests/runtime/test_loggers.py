import csv
import io
import math

import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Shard, distribute_tensor

from runtime.csv_logger import CSVLogger
from runtime.image_files import ImageFiles
from runtime.log import Log
from runtime.sharded_log import ShardedLog
from runtime.tensorboard_logger import TensorBoardLogger
from tests.runtime.ranks import run_ranks


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_rows_are_read_back_exactly(tmp_path):
    logger = CSVLogger(tmp_path / "metrics.csv")
    value = 0.1 + 0.2
    logger.log({"train_loss": value, "odd, name": math.inf}, step=5, epoch=0)
    assert (tmp_path / "metrics.csv").read_text().startswith("step,epoch,train_loss,")
    (row,) = rows(tmp_path / "metrics.csv")
    assert (row["step"], row["epoch"]) == ("5", "0")
    assert float(row["train_loss"]) == value and float(row["odd, name"]) == math.inf


def test_a_new_metric_adds_a_column(tmp_path):
    logger = CSVLogger(tmp_path / "metrics.csv")
    logger.log({"a": 1.0}, step=1, epoch=0)
    logger.log({"b": 2.0}, step=2, epoch=0)
    logger.log({"a": 3.0}, step=3, epoch=0)
    assert (tmp_path / "metrics.csv").read_text() == (
        "step,epoch,a,b\n1,0,1.0,\n2,0,,2.0\n3,0,3.0,\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.csv"]


LOG = [{"a": 1.0}, {"a": 2.0}, {"b": 0.5}, {"a": 3.0, "c": 4.0}, {"b": 1.5}]


@pytest.mark.parametrize("saved_after", range(len(LOG) + 1))
@pytest.mark.parametrize("torn", ["", "6,0,", '7,0,"1'])
def test_a_resumed_log_equals_the_straight_one(tmp_path, saved_after, torn):
    straight, path = tmp_path / "straight.csv", tmp_path / "metrics.csv"
    for target in (straight, path):
        logger = CSVLogger(target)
        for step, metrics in enumerate(LOG):
            if step == saved_after:
                state = logger.state_dict()
            logger.log(metrics, step=step, epoch=0)
        if saved_after == len(LOG):
            state = logger.state_dict()
    with path.open("a") as file:
        file.write(torn)
    logger = CSVLogger(path)
    logger.load_state_dict(state)
    for step, metrics in list(enumerate(LOG))[saved_after:]:
        logger.log(metrics, step=step, epoch=0)
    assert path.read_text() == straight.read_text()


def test_tensorboard_reads_the_scalars_back_and_hides_what_was_done_again(tmp_path):
    logger = TensorBoardLogger(tmp_path)
    for step in (1, 2, 3):
        logger.log({"train_loss": float(step)}, step=step, epoch=0)
    logger.close()
    logger = TensorBoardLogger(tmp_path, purge_step=3)
    logger.log({"train_loss": 9.0}, step=3, epoch=1)
    logger.close()
    events = EventAccumulator(str(tmp_path)).Reload()
    read = [(event.step, event.value) for event in events.Scalars("train_loss")]
    assert read == [(1, 1.0), (2, 2.0), (3, 9.0)]
    assert [event.value for event in events.Scalars("epoch")] == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("saved_after", range(len(LOG) + 1))
def test_resumed_tensorboard_files_hold_each_point_once(tmp_path, saved_after):
    """Points of the saved step that were written after the save are written again, not twice."""
    state = {}
    straight, folder = tmp_path / "straight", tmp_path / "resumed"
    for target in (straight, folder):
        logger = TensorBoardLogger(target)
        for number, metrics in enumerate(LOG):
            if number == saved_after:
                state = logger.state_dict()
            logger.log(metrics, step=number // 2, epoch=0)
        if saved_after == len(LOG):
            state = logger.state_dict()
        if target == straight:
            logger.close()
    (folder / "events.out.tfevents.0.written.later").write_bytes(b"torn")
    logger = TensorBoardLogger(folder, purge_step=(saved_after + 1) // 2)
    logger.load_state_dict(state)
    for number, metrics in list(enumerate(LOG))[saved_after:]:
        logger.log(metrics, step=number // 2, epoch=0)
    logger.close()
    assert points(folder) == points(straight)
    assert [step for step, _ in points(folder)["epoch"]] == [0, 1, 2]


def points(folder):
    events = EventAccumulator(str(folder)).Reload()
    return {
        tag: sorted((event.step, event.value) for event in events.Scalars(tag))
        for tag in events.Tags()["scalars"]
    }


def test_a_log_hands_rows_to_all_loggers_and_goes_on_with_new_ones(tmp_path):
    log = Log(CSVLogger(tmp_path / "metrics.csv"))
    log.metrics({"a": 1.0}, step=1, epoch=0)
    state = log.state_dict()
    log.metrics({"a": 2.0}, step=2, epoch=0)
    # the run goes on from the state, with TensorBoard from now on
    later = Log(
        CSVLogger(tmp_path / "metrics.csv"), tensorboard=TensorBoardLogger(tmp_path / "tensorboard")
    )
    later.load_state_dict(state, 1)
    later.metrics({"a": 3.0}, step=2, epoch=0)
    later.step, later.epoch = 3, 1
    later.scalar("b", torch.tensor(4.0))
    later.close()
    read = [(row["step"], row["epoch"], row["a"], row["b"]) for row in rows(later.loggers[0].path)]
    assert read == [("1", "0", "1.0", ""), ("2", "0", "3.0", ""), ("3", "1", "", "4.0")]
    assert points(tmp_path / "tensorboard") == {
        "a": [(2, 3.0)],
        "b": [(3, 4.0)],
        "epoch": [(2, 0.0), (3, 1.0)],
    }


def test_a_logger_without_a_state_drops_later_steps(tmp_path):
    """A part of the run did without it; what this part makes again stands there once."""
    log = Log(CSVLogger(tmp_path / "metrics.csv"))
    for step in (1, 2, 3):
        log.metrics({"a": float(step)}, step=step, epoch=0)
    later = Log(CSVLogger(tmp_path / "metrics.csv"))
    later.load_state_dict({}, 2)
    later.metrics({"a": 0.5}, step=3, epoch=0)
    read = [(row["step"], row["a"]) for row in rows(tmp_path / "metrics.csv")]
    assert read == [("1", "1.0"), ("2", "2.0"), ("3", "0.5")]


@pytest.mark.parametrize("name", ["step", "epoch"])
def test_a_scalar_is_no_column_of_every_row(tmp_path, name):
    with pytest.raises(ValueError, match=f"every row has a column {name}"):
        Log(CSVLogger(tmp_path / "metrics.csv")).scalar(name, 1.0)


def test_a_log_without_loggers_is_silent(tmp_path):
    log = Log()
    log.metrics({"a": 1.0}, step=1, epoch=0)
    log.scalar("a", 1.0)
    log.text("a", "b")
    log.load_state_dict({"CSVLogger": {"rows": 1}}, 1)
    log.close()
    assert log.state_dict() == {}


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.uint8])
def test_images_are_read_back(tmp_path, channels, dtype):
    """Floats in [0, 1] are written as bytes, what lies outside as the nearest."""
    values = torch.tensor([[0, 64, 128], [191, 254, 255]]).expand(channels, 2, 3)
    image = values.to(dtype) if dtype == torch.uint8 else (values / 255).to(dtype)
    if dtype == torch.float32:
        image = torch.where(image == 1, 1.5, torch.where(image == 0, -0.5, image))
    Log(images=ImageFiles(tmp_path / "images")).image("grids/first", image)
    (path,) = (tmp_path / "images").iterdir()
    assert path.name == "grids_first-step=0.png"
    read = Image.open(path)
    assert read.size == (3, 2) and len(read.getbands()) == channels
    pixels = torch.tensor(list(read.tobytes())).reshape(2, 3, channels).permute(2, 0, 1)
    assert (pixels - values).abs().max() <= (1 if dtype == torch.bfloat16 else 0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.uint8, torch.bool])
def test_tensorboard_shows_the_image_of_the_file(tmp_path, dtype):
    """Of booleans, true is white."""
    values = torch.tensor([[0, 255, 255], [255, 0, 0]]).expand(3, 2, 3)
    image = values.to(dtype) if dtype == torch.uint8 else (values / 255).to(dtype)
    logger = TensorBoardLogger(tmp_path / "tensorboard")
    log = Log(tensorboard=logger, images=ImageFiles(tmp_path))
    log.under("val_first_").image("grid", image)
    logger.close()
    events = EventAccumulator(str(tmp_path / "tensorboard"), {"images": 0}).Reload()
    (shown,) = events.Images("val_first_grid")
    for file in (tmp_path / "val_first_grid-step=0.png", io.BytesIO(shown.encoded_image_string)):
        read = torch.tensor(list(Image.open(file).tobytes())).reshape(2, 3, 3).permute(2, 0, 1)
        assert torch.equal(read, values)


def test_an_image_of_another_shape_or_format_is_named(tmp_path):
    log = Log(images=ImageFiles(tmp_path))
    with pytest.raises(ValueError, match=r"image grid has the shape \(2, 3\); it needs"):
        log.image("grid", torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"image a_grid is of torch.int64; it needs floats from 0"):
        log.under("a_").image("grid", torch.full((1, 2, 3), 300))


def test_names_of_several_sets_differ(tmp_path):
    """The numbers and texts of each stand under names of their own, at the step of the log."""
    logger, table = TensorBoardLogger(tmp_path), CSVLogger(tmp_path / "metrics.csv")
    whole = Log(table, tensorboard=logger)
    whole.step = 4
    for prefix in ("val_a_", "val_b_"):
        log = whole.under(prefix)
        log.scalar("auc", 0.5)
        log.text("note", "text")
        log.histogram("scores", torch.arange(4.0))
    logger.close()
    tags = EventAccumulator(str(tmp_path)).Reload().Tags()
    assert tags["tensors"] == ["val_a_note/text_summary", "val_b_note/text_summary"]
    assert tags["histograms"] == ["val_a_scores", "val_b_scores"]
    assert (tmp_path / "metrics.csv").read_text() == (
        "step,epoch,val_a_auc,val_b_auc\n4,0,0.5,\n4,0,,0.5\n"
    )


def log_shards(rank, world_size, folder):
    """Write what is sharded over the ranks, by all of them."""
    mesh = init_device_mesh("cpu", (world_size,))
    sharded = distribute_tensor(torch.tensor([1.0, 2.0, 6.0]), mesh, [Shard(0)])
    logger, table = TensorBoardLogger(folder / "tensorboard"), CSVLogger(folder / "metrics.csv")
    log = ShardedLog()
    if rank == 0:
        log = ShardedLog(table, tensorboard=logger, images=ImageFiles(folder))
    log.histogram("weights", sharded)
    log.scalar("norm", sharded.sum())
    log.image("grid", (sharded / 4).reshape(1, 1, 3))
    logger.close()


def test_shards_are_written_whole(tmp_path):
    run_ranks(log_shards, 2, tmp_path)
    (histogram,) = EventAccumulator(str(tmp_path / "tensorboard")).Reload().Histograms("weights")
    assert histogram.histogram_value.num == 3 and histogram.histogram_value.sum == 9.0
    assert (tmp_path / "metrics.csv").read_text() == "step,epoch,norm\n0,0,9.0\n"
    assert list(Image.open(tmp_path / "grid-step=0.png").tobytes()) == [64, 128, 255]
