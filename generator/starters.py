"""Starters: Copier templates that lay out, once, the files that are the user's."""

from __future__ import annotations

import io
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

from lgen.lgen_folder import FOLDER, SPEC_FILE
from lgen.spec.fault import Fault, nearest

_CONFIGS = ("copier.yml", "copier.yaml")
_NUMBERS = {"int": int, "float": float}  # what reads an answer, by the type of its question
# what a git address looks like, as Copier reads it
_GIT = ("gh:", "gl:", "git+", "git@", "git://", "https://", "http://", "ssh://", "file://")


def lay_out(
    starter: str, folder: Path, answers: Mapping[str, str], *, ask: bool, trust: bool
) -> Fault | None:
    """Fills the folder with the starter's files; what went wrong with the starter, or None.

    `starter` is a built-in name, a path or a git address. Its questions are asked if `ask`, else
    they take `answers` and their defaults. Code of the starter runs only with `trust`. Raises
    OSError where the folder cannot be written.
    """
    if not ask:
        # git asks on the terminal for what an address needs, unless it is told not to
        os.environ.setdefault("GIT_TERMINAL_PROMPT", "0")
        os.environ.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
    with _source(starter) as source:
        if isinstance(source, Fault):
            return source
        fault = _run_copier(starter, source, folder, answers, ask=ask, trust=trust)
    if fault is None and not (folder / SPEC_FILE).is_file():
        return Fault(starter, None, f"this starter makes no {SPEC_FILE}")
    if fault is None and os.path.lexists(folder / FOLDER):
        return Fault(starter, None, f"this starter makes {FOLDER}, which is lgen's own")
    return fault


@contextmanager
def _source(starter: str) -> Iterator[str | Fault]:
    """What Copier is given: a folder or an address."""
    if starter.startswith(_GIT) or starter.endswith((".git", ".bundle")):
        yield starter
        return
    built_in = _built_in()
    if starter in built_in:
        with resources.as_file(resources.files("lgen.templates") / "starters" / starter) as folder:
            yield str(folder)
        return
    path = Path(starter).expanduser()
    if not starter or not path.is_dir():
        yield Fault(
            starter,
            None,
            f"no such starter; give a built-in one ({', '.join(built_in)}), a folder or a git "
            f"address{nearest(starter, built_in)}",
        )
    elif not any((path / name).is_file() for name in _CONFIGS):
        yield Fault(starter, None, "this folder is no starter: it has no copier.yml")
    elif not os.path.lexists(path / ".git"):
        yield str(path)
    else:
        # of a repository, the files as they lie there: Copier would take its newest tag, and run
        # what the repository's own git configuration says
        with TemporaryDirectory(prefix="lgen-") as folder_name:
            plain = Path(folder_name) / "starter"
            shutil.copytree(path, plain, symlinks=True, ignore=shutil.ignore_patterns(".git"))
            yield str(plain)


def _built_in() -> list[str]:
    """The names of the starters in the package."""
    folder = resources.files("lgen.templates") / "starters"
    return sorted(entry.name for entry in folder.iterdir() if (entry / "copier.yml").is_file())


def _run_copier(
    starter: str, source: str, folder: Path, answers: Mapping[str, str], *, ask: bool, trust: bool
) -> Fault | None:
    """Copier's work, without its messages."""
    from copier import Settings, run_copy
    from copier.errors import ConfigFileError, UnsafeTemplateError

    if fault := _answers_fault(source, answers):
        return fault

    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            run_copy(
                source,
                folder,
                dict(answers),
                # the user's settings for Copier may trust addresses; here only --trust does
                settings=Settings(),
                defaults=not ask,
                overwrite=True,
                quiet=True,
                unsafe=trust,
            )
    except UnsafeTemplateError as error:
        features = str(error).partition(":")[2].partition(".\n")[0].strip()
        return Fault(
            starter, None, f"this starter runs code of its own ({features}); --trust allows it"
        )
    except ConfigFileError:
        return Fault(starter, None, "its copier.yml cannot be read; it is one file of valid YAML")
    except Exception as error:  # whatever a template does wrong, in its Jinja, YAML or answers
        # of the folder that is filled it is the disk's fault; a failed command has no errno
        if isinstance(error, OSError) and error.errno and str(folder) in str(error.filename):
            raise
        return Fault(starter, None, _one_line(error))
    return None


def _answers_fault(source: str, answers: Mapping[str, str]) -> Fault | None:
    """What is wrong with the answers to a starter that lies here as a folder."""
    config = next((path for name in _CONFIGS if (path := Path(source) / name).is_file()), None)
    asked = _questions(config) if config is not None else None
    if asked is None:
        return None
    for name, answer in answers.items():
        if name not in asked:
            known = ", ".join(asked) or "none"
            text = f"no question of the starter; it asks: {known}{nearest(name, asked)}"
            return Fault(name, None, text)
        kind = asked[name]
        try:
            _NUMBERS.get(kind, str)(answer)
        except ValueError:
            return Fault(name, None, f"{answer!r} is no {kind}")
    return None


def _has_one_answer(given: object) -> bool:
    """Whether a question of Copier's is answered by one value."""
    return isinstance(given, dict) and not given.get("multiselect")


def _questions(config: Path) -> dict[str, str] | None:
    """The questions with the type of each, None where the file is more than plain YAML."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        read = YAML(typ="safe").load(config)
    except YAMLError:
        return None
    if not isinstance(read, dict):
        return None
    return {
        str(name): str(given.get("type", "")) if _has_one_answer(given) else ""
        for name, given in read.items()
        if not str(name).startswith("_")
    }


def _one_line(error: Exception) -> str:
    """An exception of Copier's as one line; of git's output, the line that says what failed."""
    from jinja2 import TemplateSyntaxError

    text = str(getattr(error, "stderr", "") or error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith("fatal:")]
    place = f"{error.name}:{error.lineno}: " if isinstance(error, TemplateSyntaxError) else ""
    return place + (fatal or lines or [type(error).__name__])[0]
