"""Formats emitted Python as black does."""

from functools import lru_cache

LINE_LENGTH = 100


@lru_cache(maxsize=256)
def format_python(text: str, line_length: int = LINE_LENGTH) -> str:
    """The text as black writes it, for the versions that emitted projects support."""
    import black  # 0.1 s, and many commands render nothing
    from black.mode import Mode, TargetVersion

    versions = {TargetVersion.PY310, TargetVersion.PY311, TargetVersion.PY312}
    # what the options have left of a call or an import may fit on one line
    mode = Mode(target_versions=versions, line_length=line_length, magic_trailing_comma=False)
    return black.format_str(text, mode=mode)
