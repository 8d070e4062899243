"""What a class of the user's assigns to itself, and whether it logs images."""

from __future__ import annotations

import ast

from lgen.user_code.source import Lineage, dotted, statements

# what gives an instance attributes by names that are no code
_BY_NAME = ("add_module", "register_module", "register_parameter", "setattr")


def assigned(lineage: Lineage) -> set[str]:
    """The attributes of self that the class assigns itself."""
    return {
        node.attr
        for cls in lineage.classes
        for node in ast.walk(cls.node)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and dotted(node.value) == "self"
        and node.attr != "automatic_optimization"
    }


def class_attributes(lineage: Lineage) -> set[str]:
    """The names that the class or a base in the project gives a value or a type, methods aside."""
    found: set[str] = set()
    for cls in lineage.classes:
        for item in statements(cls.node.body):
            if isinstance(item, ast.Assign):
                found |= {dotted(target) for target in item.targets}
            elif isinstance(item, ast.AnnAssign):
                found.add(dotted(item.target))
    return found


def attributes(lineage: Lineage) -> tuple[str, ...] | None:
    """The attributes of self in the order of the alphabet, None where there may be more."""
    if any(base.rpartition(".")[2] != "Module" for base in lineage.package_bases):
        return None
    for cls in lineage.classes:
        for node in ast.walk(cls.node):
            if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in _BY_NAME:
                return None
    return tuple(sorted(assigned(lineage)))


def logs_images(lineage: Lineage) -> bool:
    """Whether a method of the class calls log.image."""
    return any(
        isinstance(node, ast.Call) and dotted(node.func) == "log.image"
        for cls in lineage.classes
        for node in ast.walk(cls.node)
    )


def loss_attributes(lineage: Lineage) -> frozenset[str]:
    """The attributes of self that hold a loss of torch.nn, such as nn.CrossEntropyLoss()."""
    return frozenset(
        target.attr
        for cls in lineage.classes
        for node in ast.walk(cls.node)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Attribute)
        and dotted(target.value) == "self"
        and dotted(node.value.func).startswith(("nn.", "torch.nn."))
        and dotted(node.value.func).endswith("Loss")
    )
