"""The project's folder .lgen: what lgen wrote last, from which spec, and its schema."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from lgen import __version__

FOLDER = ".lgen"
BASE = f"{FOLDER}/base"
MANIFEST = f"{FOLDER}/manifest.json"
FORMAT = 1
SPEC_FILE = "lgen.yaml"
SCHEMA_LINE = f"# yaml-language-server: $schema={FOLDER}/schema.json\n"


def lgen_folder(spec_text: str, files: Mapping[str, str], kept: Iterable[str]) -> dict[str, str]:
    """The text of every file below .lgen, by its path in the project.

    `files` are the generated files as they were written; `kept` are the paths that the user had
    before, which lgen did not write.
    """
    from lgen.spec.describe import json_schema

    manifest = {
        "format": FORMAT,
        "lgen": __version__,
        "files": {path: sha256(text) for path, text in sorted(files.items())},
        "kept": sorted(kept),
    }
    base = {f"{BASE}/{path}": text for path, text in files.items()}
    return base | {
        f"{FOLDER}/{SPEC_FILE}": spec_text,
        MANIFEST: _json(manifest),
        f"{FOLDER}/schema.json": _json(json_schema()),
    }


def with_schema_line(spec_text: str) -> str:
    """The spec with a first line that names its schema, for the editors that know YAML schemas."""
    first = spec_text.partition("\n")[0]
    return spec_text if first.startswith("# yaml-language-server:") else SCHEMA_LINE + spec_text


def sha256(text: str) -> str:
    """The hash of a text, as the manifest has it."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=True) + "\n"
