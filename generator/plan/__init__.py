"""Decides everything about the emitted project before a line of it is rendered."""

from lgen.plan.plan import Plan, make_plan

__all__ = ["Plan", "make_plan"]
