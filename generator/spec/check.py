"""A spec together with the code that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from lgen.spec.code_rules import code_findings
from lgen.spec.document import Document
from lgen.spec.fault import Fault
from lgen.spec.options import Spec
from lgen.spec.predicates import training_steps
from lgen.spec.read import NAME, read_document, sort_faults
from lgen.spec.validate import validate
from lgen.user_code.classes import UserClass, UserData
from lgen.user_code.constructor import argument_faults
from lgen.user_code.data import read_data
from lgen.user_code.module import read_module
from lgen.user_code.optimizer import optimizer_faults


@dataclass(frozen=True)
class Checked:
    """A spec and the classes that it names, with nothing wrong in them or between them."""

    spec: Spec
    module: UserClass
    data: UserData


def check(
    root: Path, spec_text: str, file: str = NAME, given: Mapping[str, str] = MappingProxyType({})
) -> Checked | list[Fault]:
    """The spec with its classes, or every fault of the spec, the files and between them.

    `given` are the options of the command line that set a key (see Document).
    """
    document = read_document(spec_text, file)
    if isinstance(document, list):
        return document
    document = replace(document, given=given)
    spec, faults = validate(document)
    if spec is None:
        return sort_faults(faults)
    module = read_module(root, spec.module.path, spec.defines, training_steps(spec))
    data = read_data(root, spec.data.path)
    for wrong in optimizer_faults(root, spec.optimizer):
        faults.append(document.fault(("optimizer", "name"), wrong))
    for found, key in ((module, "module"), (data, "data")):
        if isinstance(found, list):
            faults += found
        else:
            faults += _argument_faults(document, spec, found, key)
    if isinstance(module, UserClass) and isinstance(data, UserData):
        faults += [
            document.fault_about(finding.keys, finding.message)
            for finding in code_findings(spec, module, data)
        ]
        if not faults:
            return Checked(spec, module, data)
    return sort_faults(faults)


def _argument_faults(
    document: Document, spec: Spec, found: UserClass | UserData, key: str
) -> list[Fault]:
    """What is wrong with the args of the module or the data class."""
    args = spec.module.args if key == "module" else spec.data.args
    return [
        document.fault((key, "args", name) if name else (key,), message)
        for name, message in argument_faults(found.name, found.constructor, args)
    ]
