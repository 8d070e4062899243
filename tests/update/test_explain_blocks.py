"""lgen explain for the options of several optimizers, under the name of each or of any."""

from pathlib import Path

import pytest

from tests.update.conftest import Lgen


@pytest.fixture
def gan(lgen: Lgen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of two optimizers, which differ in one option."""
    assert lgen("new", "gan", "--starter", "gan").code == 0
    monkeypatch.chdir("gan")
    assert lgen("set", "optimizers.generator.every_n_steps=2").code == 0
    return Path()


def test_any_name_stands_for_each_block(lgen: Lgen, gan: Path) -> None:
    """What is written is said with what it brings, and what is not with its default."""
    out = lgen("explain", "optimizers.NAME.every_n_steps").out
    assert out.startswith("optimizers.NAME.every_n_steps\n  the block runs in every n-th training")
    assert (
        "\noptimizers.discriminator.every_n_steps is at its default here. `lgen explain "
        "optimizers.discriminator.every_n_steps=VALUE` shows what another brings.\n\n"
        "optimizers.generator.every_n_steps: 2 stands in lgen.yaml, and brings:\n" in out
    )
    assert "+    generator_every_n_steps: int = 2" in out
    assert "discriminator_every_n_steps" not in out


def test_the_optimizer_of_each_block(lgen: Lgen, gan: Path) -> None:
    out = lgen("explain", "optimizers.NAME.optimizer").out
    for block in ("discriminator", "generator"):
        assert f"optimizers.{block}.optimizer: {{name: Adam, lr: 0.002, " in out
    assert "default here" not in out


def test_a_block_has_the_doc_of_any(lgen: Lgen, gan: Path) -> None:
    result = lgen("explain", "optimizers.generator.every_n_steps")
    assert result.out.startswith("optimizers.NAME.every_n_steps\n  the block runs in every n-th")
    assert "\noptimizers.generator.every_n_steps: 2 stands in lgen.yaml, and br" in result.out


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("optimizers.NAME.every_n_steps=2", "write the name of a block in the place of NAME"),
        (
            "optimizers.genrator.step",
            "optimizers has discriminator and generator; did you mean gen",
        ),
    ],
)
def test_what_is_no_block(lgen: Lgen, gan: Path, what: str, said: str) -> None:
    result = lgen("explain", what)
    assert result.code == 2
    assert result.err.startswith(f"{what.partition('=')[0]}: {said}")


def test_without_blocks(lgen: Lgen, project: Path) -> None:
    out = lgen("explain", "optimizers.NAME.every_n_steps").out
    assert out.endswith("\nThe spec has no optimizers.\n")
