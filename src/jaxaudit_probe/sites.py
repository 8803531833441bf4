"""Which functions are compiled, each known once: by the function object, by its place, by the program traced from it."""

from __future__ import annotations

import contextlib
import inspect
import threading
import weakref
from typing import Any

from jaxaudit_probe import names, private, snapshots
from jaxaudit_probe.audience import Audience
from jaxaudit_probe.frames import Site


class Sites:
    """Says who a function is the first time that it is met."""

    def __init__(self, writer: Audience) -> None:
        self.writer = writer
        self.lock = threading.Lock()
        self.known: dict[tuple[str, int, str, str], Site] = {}
        self.at_place: dict[tuple[str, int], list[Site]] = {}
        self.by_function: weakref.WeakKeyDictionary[Any, Site] = weakref.WeakKeyDictionary()
        self.by_program: dict[int, tuple[weakref.ref[Any], Site]] = {}
        self.by_source: dict[str, Site | None] = {}
        """Whose programs JAX noted with this `name at file:line`; None where several functions' were."""

    def of(self, fun: Any, info: Any = None, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Site:
        """The site of what was handed to jit."""
        try:
            known = self.by_function.get(fun)
        except TypeError:
            known = None
        if known is not None:
            return known
        callee = names.callee_of(fun, args, kwargs or {}, private.unflatten)
        site = self.of_callee(callee, info)
        if callee.wrapper != "filter_jit":  # whose one function stands for all of the user's with that name
            with contextlib.suppress(TypeError):
                self.by_function[fun] = site
        return site

    def of_callee(self, callee: names.Callee, info: Any) -> Site:
        code = names.code_of(callee.base)
        name = names.name_of(callee.target, callee.base)
        path, line = (code.co_filename, code.co_firstlineno) if code is not None else ("", 0)
        key = (path, line, name, callee.wrapper)
        with self.lock:
            site = self.known.get(key)
            if site is not None:
                return site
            site = self._new(key)
        site.parameters, site.static, site.donated = _signature(callee, info)
        self.tell(site)
        return site

    def tell(self, site: Site) -> None:
        self.writer.put(
            "site", id=site.id, name=site.name, path=site.path, line=site.line, wrapper=site.wrapper, user=site.user,
            parameters=list(site.parameters), static=list(site.static), donated=list(site.donated),
        )  # fmt: skip

    def named(self, source: str, wrapper: str) -> Site:
        """A program that came without its function: by the `name at file:line` that JAX noted."""
        traced_as = self.by_source.get(source)
        if traced_as is not None:
            return traced_as
        name, _, place = source.rpartition(" at ")
        path, _, line = place.rpartition(":")
        number = int(line) if line.isdigit() else 0
        with self.lock:
            there = self.at_place.get((path, number)) if path else None
            if there and source not in self.by_source:
                return next((one for one in there if one.name.rpartition(".")[2] == name), there[0])
            key = (path, number, name or source or "?", wrapper)
            if key in self.known:
                return self.known[key]
            site = self._new(key)
        self.tell(site)
        return site

    def _new(self, key: tuple[str, int, str, str]) -> Site:
        path, line, name, wrapper = key
        site = self.known[key] = Site(len(self.known) + 1, name, path, line, wrapper)
        self.at_place.setdefault((path, line), []).append(site)
        return site

    def remember(self, program: Any, site: Site) -> None:
        source, key = private.source_of(program), id(program)
        if self.by_source.setdefault(source, site) is not site:
            self.by_source[source] = None
        known = self.by_program.get(key)
        if known is None or known[0]() is not program:
            try:
                forget = self.by_program.pop
                self.by_program[key] = (weakref.ref(program, lambda _, k=key: forget(k, None)), site)  # type: ignore[misc]
            except TypeError:
                pass

    def of_program(self, program: Any) -> Site | None:
        known = self.by_program.get(id(program))
        return known[1] if known is not None and known[0]() is program else None


def _signature(callee: names.Callee, info: Any) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Parameters of a function, and which of them are static and donated."""
    try:
        parameters = tuple(inspect.signature(callee.target).parameters)
    except (TypeError, ValueError):
        parameters = ()
    if callee.wrapper in ("filter_jit", "eager"):
        return parameters, (), ()
    static = snapshots.static_names(callee.target, info, dict.fromkeys(parameters))
    donated = set(getattr(info, "donate_argnames", None) or ())
    for number in getattr(info, "donate_argnums", None) or ():
        if -len(parameters) <= number < len(parameters):
            donated.add(parameters[number])
    return parameters, tuple(sorted(static)), tuple(sorted(donated))
