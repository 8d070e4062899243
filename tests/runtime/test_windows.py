import pytest

from runtime.windows import windows


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 20])
def test_batches_come_in_order_and_the_last_of_each_window_is_known(size):
    found = [list(window) for window in windows(range(7), size)]
    assert [batch for window in found for batch, _ in window] == list(range(7))
    assert [len(window) for window in found] == [size] * (7 // size) + [7 % size] * (7 % size > 0)
    for window in found:
        assert [is_last for _, is_last in window] == [False] * (len(window) - 1) + [True]


def test_no_batch_is_loaded_before_the_one_ahead_is_used():
    loaded = []

    def loader():
        for batch in range(8):
            loaded.append(batch)
            yield batch

    for number, window in enumerate(windows(loader(), 4)):
        for batch, is_last in window:
            assert len(loaded) == batch + 1 + (not is_last)
        assert len(loaded) == 4 * (number + 1)


def test_no_batches_make_no_window():
    assert list(windows([], 3)) == []
