"""Runs something right after a module was imported, before the program that imports it goes on.

Nothing of ours is on the stack while the module's own code runs, so an import that fails looks as it always does: the
import system marks a module's spec as no longer initialising when it is done, and that mark is what we wait for.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any


def after_import(name: str, action: Callable[[], None]) -> None:
    """Effect: the action runs once, after the module was imported; at once where it is there already."""
    if name in sys.modules:
        action()
        return
    sys.meta_path.insert(0, _Finder(name, action))


class _Finder:
    """Finds the module where the other finders do, and waits for it."""

    def __init__(self, name: str, action: Callable[[], None]) -> None:
        self.name = name
        self.action = action

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self.name:
            return None
        spec = self._found_by_others(name, path, target)
        if spec is not None:
            _watch(spec, self._imported)
        return spec

    def _found_by_others(self, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find else None
            if spec is not None:
                return spec
        return None

    def _imported(self) -> None:
        if self.name in sys.modules and self in sys.meta_path:
            sys.meta_path.remove(self)
            self.action()


def _watch(spec: ModuleSpec, imported: Callable[[], None]) -> None:
    """Effect: the callback runs when the import of this spec's module has ended, well or badly."""
    plain = type(spec)

    class Watched(plain):  # type: ignore[valid-type, misc]
        def __setattr__(self, name: str, value: Any) -> None:
            object.__setattr__(self, name, value)
            if name == "_initializing" and not value:
                self.__class__ = plain  # type: ignore[assignment]
                imported()

    Watched.__name__, Watched.__qualname__, Watched.__module__ = plain.__name__, plain.__qualname__, plain.__module__
    spec.__class__ = Watched
