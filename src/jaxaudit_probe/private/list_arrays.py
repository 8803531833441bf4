"""Lists that `jnp.array` and `jnp.asarray` convert. No frame is put around theirs: the lines that JAX warns of stay right."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from jaxaudit_probe import stand_ins
from jaxaudit_probe.private.patching import missing, replace

CONSTRUCTORS = "jax._src.numpy.array_constructors"


class _Instead:
    """A module as one other module sees it, with one of its functions replaced."""

    def __init__(self, module: Any, name: str, function: Any) -> None:
        self._module = module
        setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def hook_lists(least: int, began: Callable[[list[Any], FrameType], None], ended: Callable[[FrameType], None]) -> None:
    """`began(leaves, frame)` where JAX has looked into a list of at least so many leaves, `ended(frame)` where its
    array is made; `frame` is the converting function's.
    """
    try:
        constructors = importlib.import_module(CONSTRUCTORS)
        flatten: Any = constructors.tree_util.tree_flatten
        convert: Any = constructors.lax._convert_element_type
    except (ImportError, AttributeError):
        missing.append("lists")
        return

    def tree_flatten(tree: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            answer = flatten(tree, *args, **kwargs)
        except BaseException as error:
            stand_ins.passing(error)
            raise
        if isinstance(tree, (list, tuple)) and len(answer[0]) >= least:
            began(answer[0], sys._getframe(1))
        return answer

    def _convert_element_type(*args: Any, **kwargs: Any) -> Any:
        try:
            answer = convert(*args, **kwargs)
        except BaseException as error:
            stand_ins.passing(error)
            raise
        ended(sys._getframe(1))
        return answer

    replace(
        constructors,
        "tree_util",
        lambda module: _Instead(module, "tree_flatten", stand_ins.like(flatten, tree_flatten)),
    )
    replace(
        constructors,
        "lax",
        lambda module: _Instead(module, "_convert_element_type", stand_ins.like(convert, _convert_element_type)),
    )
