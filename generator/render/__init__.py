"""Renders templates: markers, imports, formatting and the origin of every emitted line."""

from lgen.render.engine import Rendered, render
from lgen.render.errors import RenderError
from lgen.render.layout import Origin
from lgen.render.values import Code, literal

__all__ = ["Code", "Origin", "RenderError", "Rendered", "literal", "render"]
