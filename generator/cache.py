"""What is costly to make, kept for the next process; where that is not possible, nothing is."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkstemp


def kept(name: str, key: str) -> bytes | None:
    """The bytes that were kept under a name, None where there are none for this key."""
    with suppress(OSError):
        data = (_folder() / name).read_bytes()
        head, _, payload = data.partition(b"\n")
        if head == _head(key, payload):
            return payload
    return None


def keep(name: str, key: str, payload: bytes) -> None:
    """Keeps bytes under a name; they are taken for these of this key alone."""
    with suppress(OSError):
        _folder().mkdir(parents=True, exist_ok=True)
        handle, draft = mkstemp(dir=_folder())
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(_head(key, payload) + b"\n" + payload)
            Path(draft).replace(_folder() / name)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise


class KeptTexts:
    """Texts by name that outlive the process, as long as these modules stay the same."""

    def __init__(self, name: str, made_by: tuple[str, ...], most: int) -> None:
        self.name = name
        self.made_by = made_by
        self.most = most
        self._is_new = False

    @cached_property
    def _texts(self) -> dict[str, str]:
        payload = kept(self.name, state_of(self.made_by))
        texts: dict[str, str] = {} if payload is None else json.loads(payload)
        return texts

    def get(self, name: str) -> str | None:
        """The text of a name, None where none is known."""
        return self._texts.get(name)

    def put(self, name: str, text: str) -> None:
        """Notes the text of a name."""
        self._texts[name] = text
        self._is_new = True

    def save(self) -> None:
        """Keeps what is new for the next process; of too many texts the newest."""
        if self._is_new:
            newest = dict(list(self._texts.items())[-self.most :])
            keep(self.name, state_of(self.made_by), json.dumps(newest).encode("ascii"))
            self._is_new = False


def key_of(*parts: str) -> str:
    """One short text for several."""
    return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()


@cache
def state_of(packages: Iterable[str]) -> str:
    """A text that changes with the files of these modules, and with the Python that runs."""
    stamps = [sys.version]
    for name in packages:
        spec = find_spec(name)
        for file in [spec.origin] if spec and spec.origin else []:
            status = os.stat(file)
            stamps.append(f"{file} {status.st_mtime_ns} {status.st_size}")
    return "\n".join(stamps)


def _folder() -> Path:
    """Where things are kept: the user's own folder for that."""
    around = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(around) if os.path.isabs(around) else Path.home() / ".cache") / "lgen"


def _head(key: str, payload: bytes) -> bytes:
    """What stands before the bytes: they are whole, and of this key."""
    return hashlib.sha256(key.encode("utf-8") + b"\0" + payload).hexdigest().encode("ascii")
