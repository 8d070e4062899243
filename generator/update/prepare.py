"""From a project on the disk and the text of a spec to what an update does; writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from lgen import __version__
from lgen.journal import Change
from lgen.lgen_folder import BASE, FOLDER, MANIFEST, SPEC_FILE, lgen_folder, sha256
from lgen.project import project_files
from lgen.project_state import State, has_markers
from lgen.spec.fault import Fault
from lgen.spec.read import read_text
from lgen.update.plan import Plan, plan_update
from lgen.user_file import UserFile, folder_fault, read_user_file


@dataclass(frozen=True)
class Update:
    """What lgen wrote last, the user's files, the new ones, and what is done with each."""

    state: State
    spec: UserFile
    spec_text: str
    base: Mapping[str, str]
    mine: Mapping[str, UserFile | None]
    new: Mapping[str, str]
    plan: Plan
    rebuilt: tuple[str, ...] = ()


def read_spec(root: Path) -> UserFile | Fault:
    """The spec's file; its text can be read."""
    found = read_text(root / SPEC_FILE)
    if isinstance(found, Fault):
        return found
    file = read_user_file(root, SPEC_FILE)
    assert file is not None and file.text is not None
    if has_markers(file.text):
        return Fault(SPEC_FILE, None, "conflict markers are left in it; resolve them")
    return file


def prepare(
    root: Path,
    state: State,
    spec: UserFile,
    spec_text: str,
    given: Mapping[str, str] = MappingProxyType({}),
    *,
    rebuild: bool = False,
) -> Update | list[Fault]:
    """What an update to this spec does, or every fault of the spec and the user's classes.

    `rebuild` takes what the recorded spec renders for a base that is not what lgen wrote.
    """
    new = project_files(root, spec_text, given)
    if isinstance(new, list):
        return new
    base = dict(state.base)
    rebuilt: list[str] = []
    if state.damaged:
        found = _sound_base(root, state, rebuild)
        if isinstance(found, list):
            return found
        base = found
        rebuilt = [path for path in found if state.base.get(path) != found[path]]
    paths = sorted(base.keys() | new.keys())
    mine = {path: read_user_file(root, path) for path in paths}
    plan = plan_update(base, mine, new, state.kept)
    return Update(state, spec, spec_text, base, mine, new, plan, tuple(rebuilt))


def base_faults(root: Path, state: State) -> list[Fault]:
    """Why the base texts cannot be merged from, if they cannot."""
    found = _sound_base(root, state, rebuild=False) if state.damaged else {}
    return found if isinstance(found, list) else []


def _sound_base(root: Path, state: State, rebuild: bool) -> dict[str, str] | list[Fault]:
    """The base texts, each of them known to be what lgen wrote or what the recorded spec renders.

    A path that the recorded spec does not render has no base then: its file is the user's.
    """
    recorded = f"{FOLDER}/{SPEC_FILE}"
    rendered = project_files(root, state.spec_text)
    if isinstance(rendered, list):
        return [
            *_not_written(
                state.damaged, "and the recorded spec has faults, so it cannot be rebuilt"
            ),
            *(Fault(recorded, f.line, f.message) if f.file == SPEC_FILE else f for f in rendered),
        ]
    base = {path: text for path, text in state.base.items() if path not in state.damaged}
    lost: list[str] = []
    for path in state.damaged:
        text = rendered.get(path)
        if text is None:
            continue
        known = sha256(text) == state.hashes.get(path) or text == state.base.get(path)
        if known or rebuild and state.version == __version__:
            base[path] = text
        else:
            lost.append(path)
    if not lost:
        return base
    if state.version != __version__:
        return _not_written(lost, f"and only lgen {state.version} can rebuild it; install that")
    return _not_written(
        lost,
        f"nor what {recorded} gives; see that this is right, then `lgen update --rebuild` merges "
        "from what it gives",
    )


def _not_written(paths: Iterable[str], way_out: str) -> list[Fault]:
    return [
        Fault(f"{BASE}/{path}", None, f"this is not what lgen wrote (merged by git?), {way_out}")
        for path in paths
    ]


def changes(root: Path, update: Update) -> list[Change]:
    """Every file that an update writes or removes, the user's files first, .lgen last."""
    found: list[Change] = []
    for action in update.plan.actions:
        file = update.mine[action.path]
        if action.text is not None:
            new = action.text.encode("utf-8") if file is None else file.encoded(action.text)
        elif action.kind == "removed":
            new = None
        else:
            continue
        found.append(_change(action.path, file, new))
    if update.spec_text != update.spec.text:
        found.append(_change(SPEC_FILE, update.spec, update.spec.encoded(update.spec_text)))
    own = lgen_folder(update.spec_text, update.plan.base, update.state.kept)
    stale = {f"{BASE}/{path}" for path in update.state.base} - own.keys()
    for path in sorted(own.keys() | stale, key=lambda path: (path == MANIFEST, path)):
        file = read_user_file(root, path)
        text = own.get(path)
        if file is None or file.text != text:
            found.append(_change(path, file, None if text is None else text.encode("utf-8")))
    return [change for change in found if change.old != change.new]


def _change(path: str, file: UserFile | None, new: bytes | None) -> Change:
    return Change(path, file.data if file else None, new, file.mode if file else None)


def refusals(root: Path, update: Update, written: Iterable[Change]) -> list[Fault]:
    """Why these changes cannot be written: files that must stay as they are, closed folders."""
    faults = list(update.plan.faults)
    for change in written:
        file = read_user_file(root, change.path)
        fault = folder_fault(root, change.path) if file is None else file.unwritable
        if fault is not None and fault not in faults:
            faults.append(fault)
    return faults
