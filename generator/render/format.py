"""Formats emitted Python as black does."""

from functools import lru_cache

LINE_LENGTH = 100


@lru_cache(maxsize=256)
def format_python(text: str, line_length: int = LINE_LENGTH) -> str:
    """The text as black writes it, for the versions that emitted projects support."""
    import black  # 0.1 s, and many commands render nothing
    from black.mode import Mode, TargetVersion

    versions = {TargetVersion.PY310, TargetVersion.PY311, TargetVersion.PY312}
    mode = Mode(target_versions=versions, line_length=line_length)
    return black.format_str(text, mode=mode)
