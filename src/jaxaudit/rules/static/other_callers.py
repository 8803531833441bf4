"""Who calls a function of which an argument is to become static: a tracer, an array, another number in each turn, or nobody in
sight. The run saw one way in which the project is used; the source knows the others.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Place
from jaxaudit.rules.project import Project
from jaxaudit.rules.static.changes import change
from jaxaudit.rules.static.unhashable_values import unhashable
from jaxaudit.rules.units import units_named
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.provenance import roots
from jaxaudit.source.tracing import entering

ARRAY_LIBRARIES = (
    "numpy.",
    "jax.",
    "scipy.",
    "pandas.",
    "xarray.",
    "h5py.",
    "netCDF4.",
    "zarr.",
    "astropy.",
    "polars.",
)

FURTHEST = 4
"""Callers of callers that are looked at."""

if TYPE_CHECKING:
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function as Unit


def handed_a_tracer(project: Project, path: str, name: str, argument: str) -> str:
    """The sentence that names a place of the project where it is, or may be, a tracer; "" where none is seen."""
    program = project.program
    for unit in units_named(project, path, name):
        for call, value in program.graph.sources(unit, argument):
            why = program.tracing.tracer(value) if call is not None else None
            if why is not None and call is not None and call.flow is not None:
                return _said(program.place(call.flow, call.expr), why.use.short, argument)
        for handed in program.graph.handovers(unit):
            if handed.use is None or handed.use.spec.kind == "jit" or not entering(program, handed, argument):
                continue
            if handed.call.flow is not None:
                return _said(program.place(handed.call.flow, handed.call.expr), handed.use.short, argument)
        through = _wrapped_elsewhere(program, unit)
        if through:
            return through
    return ""


def _wrapped_elsewhere(program: Program, unit: Unit) -> str:
    """Where a transformation of tracers takes what a decorator of the project made of it: which of its arguments are tracers
    then is not followed through a wrapper that does more than hand them on."""
    home = unit.parent or unit.module.function
    for bound in home.flow.bindings.get(unit.name, ()) if not unit.is_method else ():
        for wrapper in (target.function for target in c.targets(program, bound)):
            for handed in program.graph.handovers(wrapper) if wrapper is not unit else ():
                if handed.use is None or handed.use.spec.kind == "jit" or handed.call.flow is None:
                    continue
                place = program.place(handed.call.flow, handed.call.expr)
                return (
                    f"{os.path.normpath(place.path)}:{place.line} hands `{wrapper.name}`, which a decorator makes of such functions, "
                    f"to `{handed.use.short}`: a tracer may arrive there, for which a static argument would raise an error"
                )
    return ""


def _said(place: Place, transformation: str, argument: str) -> str:
    return (
        f"{os.path.normpath(place.path)}:{place.line} hands a tracer of `{transformation}` to `{argument}`: a static "
        "argument would raise an error there"
    )


def handed_what_has_no_hash(project: Project, path: str, name: str, argument: str) -> str:
    """The sentence that names a place of the project where it is an array, a list or a dict; "" where none is seen."""
    program = project.program
    for unit in units_named(project, path, name):
        for at, root in handed_in(program, unit, argument):
            kind = kind_of(program, root)
            is_array = kind.is_array and not (kind.library == "numpy" and kind.shape == ())
            what = "an array" if is_array else unhashable(program, root)[0]
            if not what and kind.what == "unknown":
                what = _part_of_what_is_read(program, root)
            if what and at.flow is not None:
                place = program.place(at.flow, at.expr)
                return (
                    f"{os.path.normpath(place.path)}:{place.line} hands {what} in as `{argument}`, which can't be hashed: a "
                    "static argument would raise an error there"
                )
    return ""


def _handed_in(
    program: Program, call: v.Call | None, value: v.Value, depth: int = 0
) -> Iterator[tuple[v.Call, v.Value]]:
    """What a call hands in; of a parameter of the caller's, what the caller's callers hand in."""
    if call is None:
        return
    for root in roots(program, value) or (value,):
        further = list(program.sources(root)) if isinstance(root, v.Param) and depth < FURTHEST else []
        if not any(above is not None for above, _ in further):
            yield call, root
        for above, one in further:
            yield from _handed_in(program, above, one, depth + 1)


def _part_of_what_is_read(program: Program, value: v.Value) -> str:
    """`site["slope"]` of `np.genfromtxt(...)`: a library of arrays hands out arrays of no dimensions there."""
    base = v.settle(value)
    while isinstance(base, v.Item | v.Attr):
        base = next(iter(roots(program, base.base)), v.settle(base.base))
    name = c.known_name(program, base.func) if isinstance(base, v.Call) else None
    if base is value or name is None or not name.startswith(ARRAY_LIBRARIES):
        return ""
    return f"a part of what `{name}` returns, perhaps an array,"


def handed_in(program: Program, unit: Unit, argument: str) -> Iterator[tuple[v.Call, v.Value]]:
    """Every value that the project hands in, with its call; of what a caller only hands on, what its own callers hand in."""
    for call, value in program.graph.sources(unit, argument):
        yield from _handed_in(program, call, value)


def is_function(program: Program, value: v.Value) -> bool:
    """A function, or what a library of optimisers makes: a schedule."""
    if kind_of(program, value).what in ("function", "transformed"):
        return True
    name = c.known_name(program, value.func) if isinstance(value, v.Call) else None
    return name is not None and name.startswith("optax.")


def called_out_of_sight(project: Project, path: str, name: str) -> str:
    """The sentence that says so, where the source shows no call of the function at all, but that it is handed on."""
    graph = project.program.graph
    for unit in units_named(project, path, name):
        if unit.is_method or graph.callers(unit) or any(one.use is None for one in graph.handovers(unit)):
            continue
        for place in _handed_on(project, unit):
            return (
                f"{place} hands `{unit.name}` on, and the source does not show who calls it: another value, or an array, may arrive "
                "there"
            )
    return ""


def _handed_on(project: Project, unit: Unit) -> Iterator[str]:
    """The places that name the function but do not call it."""
    for source in project.sources():
        if unit.name not in source.text:
            continue
        called = {id(node.func) for node in ast.walk(source.tree) if isinstance(node, ast.Call)}
        for node in ast.walk(source.tree):
            named = (isinstance(node, ast.Name) and node.id == unit.name) or (
                isinstance(node, ast.Attribute) and node.attr == unit.name
            )
            if named and isinstance(node.ctx, ast.Load) and id(node) not in called:  # type: ignore[attr-defined]
                yield f"{source.path}:{node.lineno}"  # type: ignore[attr-defined]


def handed_many(project: Project, path: str, name: str, argument: str) -> str:
    """The sentence that names a place of the project where its value is another in each turn; "" where none is seen."""
    program = project.program
    for unit in units_named(project, path, name):
        for call, value in program.graph.sources(unit, argument):
            found = change(program, value, call.loops) if call is not None else None
            if (
                found is None
                or call is None
                or call.flow is None
                or found.loop is None
                or not (found.many and found.sure)
            ):
                continue
            place = program.place(call.flow, call.expr)
            return (
                f"`{argument}` had one value in this run, but {os.path.normpath(place.path)}:{place.line} hands in another in "
                f"each turn of a loop: static, each would compile `{name}` again"
            )
    return ""
