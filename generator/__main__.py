"""`python -m lgen` is the command `lgen`."""

from lgen.cli import run

if __name__ == "__main__":
    run()
