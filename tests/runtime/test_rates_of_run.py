import pytest

from runtime.rates_of_run import rates_of_run


@pytest.mark.parametrize(
    ("batches", "interval", "keywords", "rates"),
    [
        (10, None, {"max_epochs": 3, "max_steps": -1}, 3),
        (10, None, {"max_epochs": 3, "max_steps": 20}, 2),
        (10, None, {"max_epochs": None, "max_steps": 21}, 3),
        (10, None, {"max_epochs": 5, "max_steps": -1, "every_n_epochs": 2}, 3),
        (10, 3, {"max_epochs": 2, "max_steps": -1}, 7),  # a batch follows the last validation
        (10, 5, {"max_epochs": 2, "max_steps": -1}, 4),
        (10, 3, {"max_epochs": 2, "max_steps": -1, "every_n_epochs": None}, 7),
        (10, 2, {"max_epochs": 2, "max_steps": -1, "window": 4}, 6),
        (10, 5, {"max_epochs": 2, "max_steps": -1, "window": lambda epoch: 4 + epoch}, 4),
    ],
)
def test_rates_are_counted(batches, interval, keywords, rates):
    assert rates_of_run(batches, interval=interval, **keywords) == rates
