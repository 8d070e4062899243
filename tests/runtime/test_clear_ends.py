import importlib.util

import pytest
from torch.utils.data import DataLoader

from runtime import clear_ends as module_of_clear_ends
from runtime.clear_ends import clear_ends


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of the user's project, whose second line opens a file."""
    (tmp_path / "data.py").write_text("def read(path):\n    return open(path).read()\n")
    monkeypatch.setattr(module_of_clear_ends, "PROJECT", tmp_path)
    spec = importlib.util.spec_from_file_location("data", tmp_path / "data.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_place_in_the_users_code_is_named(module):
    with pytest.raises(SystemExit) as caught, clear_ends():
        module.read("nowhere.csv")
    assert str(caught.value) == "data.py:2: [Errno 2] No such file or directory: 'nowhere.csv'"


def test_an_error_of_a_worker_ends_with_its_message(module):
    class Files:
        def __len__(self):
            return 1

        def __getitem__(self, index):
            return module.read("nowhere.csv")

    with pytest.raises(SystemExit, match=r"No such file or directory: 'nowhere.csv'$") as caught:
        with clear_ends():
            list(DataLoader(Files(), num_workers=1))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("error", [OSError(), ConnectionError("gone"), ValueError("bad")])
def test_what_no_file_caused_keeps_its_traceback(error):
    with pytest.raises(type(error)), clear_ends():
        raise error


def test_ctrl_c_ends_with_its_own_status(capsys):
    with pytest.raises(SystemExit) as caught, clear_ends():
        raise KeyboardInterrupt
    assert caught.value.code == 130 and capsys.readouterr().err == "stopped by Ctrl-C\n"
