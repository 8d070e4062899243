"""Python files of a project as syntax trees, and the classes in them with their bases."""

from __future__ import annotations

import ast
import errno
import io
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

from lgen.spec.fault import Fault, nearest

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class ClassNode:
    """A class statement and the file that it stands in."""

    file: str
    node: ast.ClassDef


@dataclass(frozen=True)
class Lineage:
    """A class with its bases that stand in the project, nearest first, and the other bases."""

    classes: tuple[ClassNode, ...]
    package_bases: tuple[str, ...]

    def methods(self) -> dict[str, tuple[str, Function]]:
        """By name, each method with its file, as Python would find it."""
        found: dict[str, tuple[str, Function]] = {}
        for cls in self.classes:
            # the last definition in a class is the one that counts
            for name, function in {
                item.name: item for item in statements(cls.node.body) if isinstance(item, Function)
            }.items():
                found.setdefault(name, (cls.file, function))
        return found


def statements(body: list[ast.stmt], *, for_types: bool = False) -> Iterator[ast.stmt]:
    """The statements of a body, those under if, try and with included.

    What stands under `if TYPE_CHECKING` never runs: it is there with `for_types` only.
    """
    for item in body:
        yield item
        if isinstance(item, (ast.If, ast.Try, ast.With)):
            for part in ("body", "handlers", "orelse", "finalbody"):
                if part == "body" and not for_types and _is_for_types(item):
                    continue
                for child in getattr(item, part, []):
                    inner = child.body if hasattr(child, "type") else [child]
                    yield from statements(inner, for_types=for_types)


def _is_for_types(item: ast.stmt) -> bool:
    """Whether a statement is `if TYPE_CHECKING`."""
    return isinstance(item, ast.If) and dotted(item.test).endswith("TYPE_CHECKING")


def dotted(node: ast.expr) -> str:
    """A name with its dots, such as torch.nn.Module; empty for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (inner := dotted(node.value)):
        return f"{inner}.{node.attr}"
    return ""


def source_text(data: bytes) -> str:
    """The text of a Python file, in the encoding that it declares.

    Raises SyntaxError, LookupError or UnicodeDecodeError where Python cannot read it either.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding)


@dataclass
class Project:
    """The project's folder; each file is read and parsed once."""

    root: Path
    _trees: dict[str, ast.Module | Fault] = field(default_factory=dict)

    def tree(self, file: str) -> ast.Module | Fault:
        """The syntax tree of a file below the root, or why there is none."""
        if file not in self._trees:
            self._trees[file] = self._parse(file)
        return self._trees[file]

    def _parse(self, file: str) -> ast.Module | Fault:
        """`tree` without its memory."""
        path = self.root / file
        try:
            if not S_ISREG(path.stat().st_mode):
                return Fault(file, None, "it is no regular file; put the code in its place")
            if not self.holds(file):
                text = "the file is outside the project's folder; copy it into it"
                return Fault(file, None, text)
            data = path.read_bytes()
        except FileNotFoundError:
            return Fault(file, None, "there is no such file; the spec names it")
        except OSError as error:
            if error.errno == errno.ELOOP:
                text = "a link that leads to itself; put the code in its place"
                return Fault(file, None, text)
            return Fault(file, None, f"the file cannot be read: {error.strerror}")
        try:
            return ast.parse(source_text(data), filename=file)
        except SyntaxError as error:
            if error.lineno:
                return Fault(file, error.lineno, f"syntax error: {error.msg}")
            return Fault(file, 1, f"{error.msg}; save the file as UTF-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            text = f"this is no {error.encoding} text; save the file as UTF-8"
            return Fault(file, line, text)
        except LookupError as error:
            return Fault(file, 1, f"{error}; save the file as UTF-8")
        except (ValueError, RecursionError, MemoryError):
            return Fault(file, None, "the file is not Python code")

    def holds(self, file: str) -> bool:
        """Whether what a file's name leads to is below the root; raises OSError for a loop."""
        return (self.root / file).resolve().is_relative_to(self.root.resolve())

    def lineage(
        self, file: str, name: str, refused: Mapping[str, str] = {}
    ) -> Lineage | list[Fault]:
        """The class `name` of a file with its bases, or why it cannot be found or used.

        `refused` are bases of a package by name, each with the way out.
        """
        tree = self.tree(file)
        if isinstance(tree, Fault):
            return [tree]
        classes = {s.name: s for s in statements(tree.body) if isinstance(s, ast.ClassDef)}
        if name not in classes:
            near = nearest(name, classes)
            there = ", ".join(classes) or "none"
            at = classes[near.split()[-1][:-1]].lineno if near else None
            return [Fault(file, at, f"there is no class {name}{near} (classes here: {there})")]
        order: list[ClassNode] = []
        packages: list[str] = []
        faults: list[Fault] = []
        self._follow(ClassNode(file, classes[name]), order, packages, faults, ())
        # of a base that is met twice, Python's order keeps the last
        last = {(c.file, c.node.name): i for i, c in enumerate(order)}
        kept = tuple(c for i, c in enumerate(order) if last[(c.file, c.node.name)] == i)
        bases = {base.rpartition(".")[2] for base in packages}
        ways_out = [text for base, text in refused.items() if base in bases]
        if ways_out and not faults:
            return [Fault(file, classes[name].lineno, ways_out[0])]
        return faults or Lineage(kept, tuple(dict.fromkeys(packages)))

    def _follow(
        self,
        cls: ClassNode,
        order: list[ClassNode],
        packages: list[str],
        faults: list[Fault],
        below: tuple[str, ...],
    ) -> None:
        """Append the class and its bases, depth first."""
        order.append(cls)
        key = f"{cls.file}:{cls.node.name}"
        for base in cls.node.bases:
            expression = base.value if isinstance(base, ast.Subscript) else base
            found = self.find(cls.file, dotted(expression))
            if isinstance(found, Fault):
                faults.append(found)
            elif isinstance(found, ClassNode):
                if f"{found.file}:{found.node.name}" not in (*below, key):
                    self._follow(found, order, packages, faults, (*below, key))
            else:
                packages.append(found)

    def find(self, file: str, name: str, depth: int = 0) -> ClassNode | Fault | str:
        """The project's class that `name` means in a file, else the name in full."""
        tree = self.tree(file)
        if isinstance(tree, Fault) or depth > 20:
            return tree if isinstance(tree, Fault) else name
        head, _, rest = name.partition(".")
        for item in reversed(list(statements(tree.body, for_types=True))):
            if isinstance(item, ast.ClassDef) and item.name == name:
                return ClassNode(file, item)
            if isinstance(item, ast.ImportFrom):
                for alias in item.names:
                    if (alias.asname or alias.name) == head:
                        return self._imported(file, item, alias.name, rest, depth)
            if isinstance(item, ast.Import):
                for alias in item.names:
                    bound = alias.asname or alias.name.partition(".")[0]
                    if bound == head:
                        full = ".".join(filter(None, [alias.name if alias.asname else head, rest]))
                        return self._in_module(full, depth)
        return name

    def _imported(
        self, file: str, item: ast.ImportFrom, name: str, rest: str, depth: int
    ) -> ClassNode | Fault | str:
        """What `from module import name` brings, with `rest` behind it."""
        parts = list(Path(file).parent.parts)
        package = parts[: len(parts) - item.level + 1] if item.level else []
        module = ".".join([*package, *filter(None, [item.module])])
        return self._in_module(".".join(filter(None, [module, name, rest])), depth)

    def _in_module(self, full: str, depth: int) -> ClassNode | Fault | str:
        """The class of a dotted name, if its module is a file of the project."""
        module, _, name = full.rpartition(".")
        base = module.replace(".", "/")
        for file in (f"{base}.py", f"{base}/__init__.py") if module else ():
            if (self.root / file).is_file():
                return self.find(file, name, depth + 1)
        return full

    def file_classes(self, file: str) -> tuple[str, ...]:
        """The names at the top of a file that it defines as classes or imports."""
        tree = self.tree(file)
        names: list[str] = []
        for item in statements([] if isinstance(tree, Fault) else tree.body):
            if isinstance(item, ast.ClassDef):
                names.append(item.name)
            elif isinstance(item, ast.ImportFrom):
                names += [alias.asname or alias.name for alias in item.names]
        return tuple(dict.fromkeys(names))
