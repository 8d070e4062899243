import time

import pytest

from runtime.early_stopping import EarlyStopping
from runtime.print_reasons import print_reasons
from runtime.timer import Timer


@pytest.fixture
def clock(monkeypatch):
    """The seconds that the timers read."""
    seconds = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: seconds[0])
    return seconds


def test_the_parts_of_a_run_count_together(clock):
    timer = Timer(10.0)
    clock[0] += 6
    assert not timer.is_up() and timer.state_dict() == {"elapsed": 6.0}
    later = Timer(10.0)
    clock[0] += 1  # what a part does before it goes on from the checkpoint is not counted twice
    later.load_state_dict({"elapsed": 6.0})
    clock[0] += 3
    assert not later.is_up()
    clock[0] += 1
    assert later.is_up() and later.elapsed() == 10.0


@pytest.mark.parametrize(("elapsed", "over"), [(9.9, False), (10.0, True)])
def test_a_run_whose_time_was_over_stays_so(clock, elapsed, over):
    timer = Timer(10.0)
    timer.load_state_dict({"elapsed": elapsed})
    assert timer.should_stop is over


def test_a_run_without_max_time_before_begins_to_count(clock):
    timer = Timer(10.0)
    clock[0] += 5
    timer.load_state_dict({})
    assert timer.elapsed() == 0.0 and not timer.should_stop


def test_each_reason_of_a_stop_is_printed(capsys):
    early, timer = EarlyStopping("val_loss", stopping_threshold=0.5), Timer(90.0)
    print_reasons(early, timer)
    assert capsys.readouterr().out == ""
    early.update({"val_loss": 0.25})
    print_reasons(early, timer)
    assert capsys.readouterr().out == "stopped: val_loss 0.25 is better than 0.5\n"
    timer.should_stop = True
    print_reasons(early, timer)
    assert capsys.readouterr().out.splitlines()[1:] == ["stopped: max_time of 90 s is over"]
