"""What hooks of the module do not go with."""

from __future__ import annotations

from collections.abc import Iterator

from lgen.spec.options import Spec
from lgen.spec.rule import CodeRule, Finding
from lgen.user_code.classes import UserClass

HOOK_RULES = (
    CodeRule(
        "prefetch-hooks", ("prefetch_to_device",), "a prefetched batch is copied without hooks"
    ),
)


def hook_findings(spec: Spec, module: UserClass) -> Iterator[Finding]:
    """The options that do what a hook of the module would do."""
    for hook in ("on_before_batch_transfer", "transfer_batch_to_device"):
        if spec.prefetch_to_device and hook in module.hooks:
            yield Finding(
                "prefetch-hooks",
                ("prefetch_to_device",),
                f"a batch that is prefetched is on the device before {hook} is called; remove "
                "prefetch_to_device, or change the batch in collate_fn or on_after_batch_transfer",
            )
