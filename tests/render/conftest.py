"""A fixture that renders templates written inside a test."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from textwrap import dedent

import pytest

from lgen.render import Rendered, render


@pytest.fixture
def rendered(tmp_path: Path) -> Callable[..., Rendered]:
    """Renders `text` as t.py, or as `name`; `files` are further templates beside it."""

    def render_text(
        text: str,
        /,
        *,
        name: str = "t.py",
        files: dict[str, str] | None = None,
        format: bool = True,
        **context: object,
    ) -> Rendered:
        templates = {name: text, **(files or {})}
        # templates are read once in a process: other ones need a folder of their own
        folder = tmp_path / sha256(repr(templates).encode()).hexdigest()[:16]
        for path, content in templates.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(dedent(content), encoding="utf-8")
        return render(name, context, folder, format=format)

    return render_text
