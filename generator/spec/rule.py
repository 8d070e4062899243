"""What a rule is: a combination of options, or of options and the user's code, that is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from lgen.spec.options import Spec


@dataclass(frozen=True)
class Rule:
    """A combination that cannot work, or an option that would do nothing in it.

    `keys` are the options that it is about and all that it depends on; a fault names the first of
    them that the spec gives.
    """

    id: str
    keys: tuple[str, ...]
    broken: Callable[[Spec], bool]
    reason: str
    way_out: str

    @property
    def sentence(self) -> str:
        """The rule as it is printed."""
        return f"{self.reason}; {self.way_out}"


@dataclass(frozen=True)
class CodeRule:
    """A check of the spec against the user's code; `sentence` says it in general."""

    id: str
    keys: tuple[str, ...]
    sentence: str


class Finding(NamedTuple):
    """A code rule that is broken: its id, the keys that the fault is about, and the fault."""

    rule: str
    keys: tuple[str, ...]
    message: str
