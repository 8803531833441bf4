"""Budgets on what a program may compile, capture and wait for: a breach names the function, the call and the cause.

`Guard` is a context for the whole process, and nests. It looks when JAX is about to compile, so calls that compile
nothing cost nothing and raise nothing: host callbacks, donation, `lower()`, executables made ahead of time.
"""

from __future__ import annotations

import re
import sys
import warnings
from types import TracebackType

from jaxaudit_probe import causes, hooks, names, private
from jaxaudit_probe.compiles import Observer
from jaxaudit_probe.frames import Site


class BudgetError(RuntimeError):
    """A budget was exceeded, or can't be checked with this JAX."""


class BudgetWarning(UserWarning):
    """A budget was exceeded, under `action="warn"`."""


BudgetError.__module__ = BudgetWarning.__module__ = "jaxaudit"


_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_NEEDS = {"max_compiles": "compiles", "no_compile": "compiles", "max_constants": "constants", "no_host_sync": "syncs"}


def bytes_of(size: int | str) -> int:
    """`"1MiB"` in bytes."""
    if isinstance(size, int):
        return size
    found = re.fullmatch(r"\s*([\d.]+)\s*([a-zA-Z]*)\s*", size)
    if found is None or found[2].lower() not in _UNITS:
        raise ValueError(f"{size!r} is no size: write a number of bytes, or for instance '1MiB'")
    return int(float(found[1]) * _UNITS[found[2].lower()])


class Guard:
    """The budgets of one `with` block."""

    def __init__(
        self, *, max_compiles: int | None = None, no_compile: bool = False, max_constants: int | str | None = None,
        no_host_sync: bool = False, action: str | None = None,
    ) -> None:  # fmt: skip
        if action not in (None, "raise", "warn"):
            raise ValueError(f"action is 'raise' or 'warn', not {action!r}")
        self.max_compiles = max_compiles
        self.no_compile = no_compile
        self.max_constants = None if max_constants is None else bytes_of(max_constants)
        self.no_host_sync = no_host_sync
        self.action = action
        self.breaches: list[str] = []
        self._counts: dict[int, int] = {}
        self._observer: Observer | None = None

    def __enter__(self) -> Guard:
        observer = self._observer = hooks.install()
        asked = {name: getattr(self, name) for name in _NEEDS}
        unseen = [
            name for name, value in asked.items() if value not in (None, False) and _NEEDS[name] in private.missing
        ]
        if unseen:
            version = getattr(sys.modules.get("jax"), "__version__", "?")
            raise BudgetError(f"not checked: JAX {version} does not show what {' and '.join(unseen)} would need")
        if self.action is None:
            self.action = "warn" if private.is_distributed() else "raise"
        observer.checks.append(self.compiling)
        if self.no_host_sync:
            if not hasattr(private.ArrayImpl, "__buffer__"):
                warnings.warn(
                    "no_host_sync: on Python before 3.12, np.asarray of a device array on the CPU is not checked",
                    BudgetWarning, stacklevel=2,
                )  # fmt: skip
            observer.sync_checks.append(self.waiting)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._observer is not None:
            self._observer.checks.remove(self.compiling)
            if self.no_host_sync:
                self._observer.sync_checks.remove(self.waiting)

    def compiling(self, site: Site, cause: causes.Cause | None, at: names.At | None) -> None:
        """A program is about to be compiled."""
        called = f" by the call at {names.shown(at.path, at.line)}" if at is not None else ""
        why = _why(site, cause)
        if self.no_compile:
            self.breach(f"{_named(site)} would be compiled{called}, in a block that allows no compile: {why}", at)
        if not site.user:
            return
        count = self._counts[site.id] = self._counts.get(site.id, 0) + 1
        if self.max_compiles is not None and count > self.max_compiles:
            budget = "once" if self.max_compiles == 1 else f"{self.max_compiles} times"
            self.breach(
                f"{_named(site)} would be compiled for the {_ordinal(count)} time{called} (budget: {budget}): {why}", at
            )
        if self.max_constants is not None and site.bytes_captured > self.max_constants:
            self.breach(
                f"{_named(site)} captures {site.bytes_captured:,} bytes of arrays as constants "
                f"(budget: {self.max_constants:,}){_held(site)}",
                at,
            )

    def waiting(self, how: str, at: names.At) -> None:
        """The host is about to wait for the device."""
        self.breach(
            f"{how} at {names.shown(at.path, at.line)} in `{at.function}` waits for the device, in a block that allows no host sync",
            at,
        )

    def breach(self, text: str, at: names.At | None) -> None:
        self.breaches.append(text)
        if self.action == "warn":
            path, line = (at.path, at.line) if at is not None else ("jaxaudit", 1)
            warnings.warn_explicit(text, BudgetWarning, path, line)
        else:
            raise BudgetError(text)


def _named(site: Site) -> str:
    if site.wrapper == "eager":
        return f"the operation `{site.name}`"
    return f"`{site.name}`" + (f" ({names.shown(site.path, site.line)})" if site.user else " of a library")


def _why(site: Site, cause: causes.Cause | None) -> str:
    if cause is None or cause.kind == "first":
        if site.user and site.traced <= 1:
            return "its first call that jaxaudit saw (put the warm-up under `jaxaudit.observe()` to learn what changed)"
        return "its first call"
    return cause.text


def _held(site: Site) -> str:
    return f": {', '.join(site.holders[:3])}" if site.holders else ""


def _ordinal(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}" + {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
