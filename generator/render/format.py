"""Formats emitted Python as black does."""

LINE_LENGTH = 100


def format_python(text: str) -> str:
    """The text as black writes it, for the versions that emitted projects support."""
    import black  # 0.1 s, and many commands render nothing
    from black.mode import Mode, TargetVersion

    versions = {TargetVersion.PY310, TargetVersion.PY311, TargetVersion.PY312}
    mode = Mode(target_versions=versions, line_length=LINE_LENGTH)
    return black.format_str(text, mode=mode)
