import sys
import zipfile
from dataclasses import asdict, dataclass

import pytest

from runtime.checkpoint_file import save_checkpoint
from runtime.settings import parse_settings


@dataclass
class Config:
    resume: str | None = None
    default_root_dir: str = "runs"
    lr: float = 0.1
    betas: tuple[float, float] = (0.9, 0.999)
    batch_size: int = 8
    nesterov: bool = False


@dataclass
class OlderConfig(Config):
    momentum: float = 0.5


def parse(monkeypatch, root, *arguments):
    monkeypatch.setattr(sys, "argv", ["train.py", "--default-root-dir", str(root), *arguments])
    return parse_settings(Config)


def save(root, config):
    path = root / "version_0" / "checkpoints" / "last.ckpt"
    save_checkpoint({"step": 1, "epoch": 0, "config": asdict(config)}, path)
    return path


def test_the_command_line_sets_what_it_names(tmp_path, monkeypatch, capsys):
    settings = parse(monkeypatch, tmp_path, "--lr", "3e-4", "--betas", "0.8", "0.9", "--nesterov")
    assert settings == Config(None, str(tmp_path), 3e-4, (0.8, 0.9), 8, True)
    assert capsys.readouterr().err == ""


def test_a_resumed_run_keeps_its_settings_and_the_command_line_wins(tmp_path, monkeypatch, capsys):
    save(tmp_path, Config(lr=0.3, betas=(0.5, 0.6), batch_size=4, nesterov=True))
    settings = parse(monkeypatch, tmp_path, "--resume", "last", "--batch-size", "16")
    assert settings == Config("last", str(tmp_path), 0.3, (0.5, 0.6), 16, True)
    assert type(settings.betas) is tuple
    assert capsys.readouterr().err.splitlines() == [
        "lr: 0.3, from the checkpoint; the default is 0.1, and --lr sets another",
        "betas: (0.5, 0.6), from the checkpoint; the default is (0.9, 0.999), and --betas sets "
        "another",
        "batch_size: 16; the checkpoint had 4",
        "nesterov: True, from the checkpoint; the default is False, and --no-nesterov sets another",
    ]


def test_the_command_line_can_put_a_default_back(tmp_path, monkeypatch):
    save(tmp_path, Config(lr=0.3, nesterov=True))
    settings = parse(monkeypatch, tmp_path, "--resume", "last", "--lr", "0.1", "--no-nesterov")
    assert (settings.lr, settings.nesterov) == (0.1, False)


def test_where_the_run_lies_is_not_taken_from_the_checkpoint(tmp_path, monkeypatch):
    path = save(tmp_path, Config(resume="best", default_root_dir="elsewhere"))
    settings = parse(monkeypatch, tmp_path, "--resume", str(path))
    assert (settings.resume, settings.default_root_dir) == (str(path), str(tmp_path))


def test_settings_that_are_gone_are_named(tmp_path, monkeypatch, capsys):
    save(tmp_path, OlderConfig())
    parse(monkeypatch, tmp_path, "--resume", "last")
    assert capsys.readouterr().err == "momentum: no longer a setting; the checkpoint had 0.5\n"


def test_only_the_first_process_reads_the_checkpoint_and_prints(tmp_path, monkeypatch, capsys):
    save(tmp_path, OlderConfig(lr=0.3))
    monkeypatch.setenv("RANK", "1")
    assert parse(monkeypatch, tmp_path, "--resume", "last").lr == 0.1
    assert capsys.readouterr().err == ""


def test_a_checkpoint_that_cannot_be_read_is_left_to_the_run_to_report(
    tmp_path, monkeypatch, capsys
):
    path = save(tmp_path, Config(lr=0.3))
    path.write_bytes(path.read_bytes()[:-50])
    for which in ("last", "best", str(path), "nowhere"):
        assert parse(monkeypatch, tmp_path, "--resume", which).lr == 0.1
    assert capsys.readouterr().err == ""


def test_settings_of_a_damaged_last_are_those_of_the_one_before(tmp_path, monkeypatch):
    save(tmp_path, Config(lr=0.3)).rename(tmp_path / "version_0" / "checkpoints" / "previous.ckpt")
    last = save(tmp_path, Config(lr=0.4))
    with zipfile.ZipFile(last) as archive:
        settings = archive.getinfo("archive/data.pkl")
    content = bytearray(last.read_bytes())
    content[settings.header_offset + 100] ^= 1
    last.write_bytes(content)
    assert parse(monkeypatch, tmp_path, "--resume", "last").lr == 0.3


def test_an_unknown_setting_ends_the_program(tmp_path, monkeypatch):
    with pytest.raises(SystemExit) as error:
        parse(monkeypatch, tmp_path, "--learning-rat", "1")
    assert error.value.code == 2
