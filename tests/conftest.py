"""Options of the test run."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """One flag for what is committed as generated."""
    parser.addoption(
        "--rewrite", action="store_true", help="write the examples and README tables anew"
    )


@pytest.fixture
def rewrite(request: pytest.FixtureRequest) -> bool:
    """Whether committed output is written anew instead of compared."""
    return bool(request.config.getoption("--rewrite"))
