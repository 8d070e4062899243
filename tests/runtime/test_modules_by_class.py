import pytest
from torch import nn

from runtime.modules_by_class import modules_by_class


def test_inner_modules_come_first_and_the_model_itself_never():
    inner, beside = nn.Sequential(nn.Linear(2, 2)), nn.Sequential()
    outer = nn.Sequential(inner, nn.ReLU())
    model = nn.Sequential(outer, beside)
    found = modules_by_class(model, "Sequential", "Linear")
    assert model not in found and len(found) == 4
    assert found.index(inner[0]) < found.index(inner) < found.index(outer)


def test_a_class_that_the_model_lacks_ends_the_program():
    with pytest.raises(SystemExit, match="no module of the class Block"):
        modules_by_class(nn.Sequential(nn.Linear(2, 2)), "Linear", "Block")
