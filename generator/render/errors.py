"""The one error of rendering: a fault of a template or of the context that it was given."""


class RenderError(Exception):
    """A fault in a template, worded `template:line: what is wrong`."""
