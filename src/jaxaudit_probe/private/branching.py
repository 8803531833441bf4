"""Branches whose predicate is batched, of which all sides run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jax._src import source_info_util
from jax._src.interpreters import batching
from jax._src.lax.control_flow import conditionals

from jaxaudit_probe import stand_ins
from jaxaudit_probe.private.patching import missing, replace_entry
from jaxaudit_probe.private.programs import frames_in

NOT_MAPPED: Any = getattr(batching, "not_mapped", None)


def hook_batched_branches(told: Callable[[Any], None]) -> None:
    """`told(branches)` is called where a `cond` or `switch` becomes a select."""
    table = getattr(batching, "fancy_primitive_batchers", {})

    def wrap(original: Any) -> Any:
        def batched(axis: Any, args: Any, dims: Any, **params: Any) -> Any:
            if dims[0] is not NOT_MAPPED and "branches_platforms" not in params:
                told(params["branches"])
            try:
                return original(axis, args, dims, **params)
            except BaseException as error:
                stand_ins.passing(error)
                raise

        return batched

    if not replace_entry(table, getattr(conditionals, "cond_p", None), wrap):
        missing.append("branches")


def frames_now() -> tuple[tuple[Any, int], ...]:
    """The frames behind the operation that is being transformed, innermost first."""
    return frames_in(source_info_util.current().traceback)
