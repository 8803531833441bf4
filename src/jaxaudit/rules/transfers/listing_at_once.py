"""What an audit proposes for `list-to-array` where a run saw how long the lists are."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.expressions import replace, wrap
from jaxaudit.edits.imports import qualified_name, spell
from jaxaudit.edits.lines import calls_of
from jaxaudit.model import Finding
from jaxaudit.model.spot import Spot
from jaxaudit.rules.project import Change, Project, Refused

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText
    from jaxaudit.model.evidence import Evidence

    Ways = Mapping[str, tuple[tuple[Edit, ...], str]]
    """What is done, in words, with the edits and the risk; the best first."""

SCALARS = frozenset(
    ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint32", "bool_", "complex64")
)
"""Makers of scalars that NumPy calls as `jax.numpy` does."""
MAKERS = ("jax.numpy.array", "jax.numpy.asarray")
NUMBERS = "NumPy makes 64-bit numbers of the list, which JAX then narrows as it would have each of them."
STACKED = (
    "`jnp.stack` wants elements of one shape, as `jnp.array` does, and compiles a program with as many operands: about 1 ms "
    "each, once for each length."
)
HOST = "Numbers that are computed on the device already would be fetched one by one."
FETCHED = (
    "The elements go to the host and back, which costs on an accelerator; they want one shape, as for `jnp.array`."
)


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """For numbers NumPy first; for device arrays the ways to join them, the one that is cheapest on this backend first.

    Lists of one function change together: each may be a part of the time that is too small to tell.
    """
    lists: dict[tuple[str, str, tuple[str, ...]], list[Joined]] = {}
    for one in findings:
        if one.source != "run":
            continue
        path, line = one.place.path, one.place.line
        same = tuple(other for other in findings if other.place.path == path and _meets(other, line))
        try:
            source = project.text(path)
            ways = _ways(source, _call_on(source, line), one.facts.get("elements"), project.evidence)
            if _is_traced_somewhere(project, one):
                ways = {words: way for words, way in ways.items() if way[1] is STACKED}
            if not ways:
                raise CannotEdit("the function is traced elsewhere, where NumPy can make nothing of its numbers")
        except CannotEdit as error:
            at = Spot(path, line, one.place.function)
            yield Refused(
                f"the list in line {line} at once", same, at, "does-not-apply", f"no change is written: {error}"
            )
            continue
        lists.setdefault((path, one.place.function, tuple(ways)), []).append(Joined(one, same, ways))
    for (path, function, ways_of_all), group in lists.items():
        lines = sorted({one.finding.place.line for one in group})
        at = Spot(path, lines[0], function)
        which = f"the list in line {lines[0]} is" if len(lines) == 1 else f"the lists in lines {_listed(lines)} are"
        for words in ways_of_all:
            edits = [edit for one in group for edit in one.ways[words][0]]
            yield Change(
                f"{which} {words}",
                tuple({id(other): other for one in group for other in one.same}.values()),
                at,
                {path: tuple(dict.fromkeys(edits))},
                risk=group[0].ways[words][1],
                group=f"list {path}:{lines[0]}",
                touched=(function,),
            )


class Joined(NamedTuple):
    """A line that makes an array of a list, and what can be done about it."""

    finding: Finding
    same: tuple[Finding, ...]
    ways: Ways


def _ways(source: SourceText, call: ast.Call, elements: object, evidence: Evidence) -> Ways:
    if elements == "numbers":
        return {"made a NumPy array first": (_first_numpy(source, call), NUMBERS)}
    ways = {
        "joined by `jnp.stack`": (_stacked(source, call), STACKED),
        "fetched at once and joined by NumPy": (_fetched(source, call), FETCHED),
    }
    if evidence.environment.backend == "cpu":
        ways = dict(reversed(ways.items()))
    on_the_host = _on_the_host(source, call)
    return {"made by NumPy": (on_the_host, HOST), **ways} if on_the_host else ways


def _is_traced_somewhere(project: Project, finding: Finding) -> bool:
    """Whether the source shows a transformation of the function, on a way that the run did not take."""
    name, tracing = finding.place.function.rpartition(".")[2], project.program.tracing
    return any(
        one.name == name
        and os.path.normpath(one.module.path) == finding.place.path
        and tracing.context(one) is not None
        for one in list(project.program.graph.linked_functions)
    )


def _listed(lines: Sequence[int]) -> str:
    return f"{', '.join(map(str, lines[:-1]))} and {lines[-1]}"


def _meets(one: Finding, line: int) -> bool:
    return one.place.line <= line <= one.place.end_line


def _call_on(source: SourceText, line: int) -> ast.Call:
    """The one call on the line that makes an array of a list."""
    calls = calls_of(source, line, *MAKERS)
    if len(calls) != 1:
        raise CannotEdit(f"{len(calls)} calls of `jnp.array` stand in that line")
    [call] = calls
    if not call.args or isinstance(call.args[0], ast.Starred):
        raise CannotEdit("the call takes no plain list")
    return call


def _first_numpy(source: SourceText, call: ast.Call) -> tuple[Edit, ...]:
    """`jnp.asarray(np.asarray(rows))`: of NumPy's array `jnp.array` would make a copy by a program of its own."""
    asarray, taking = spell(source, "numpy.asarray"), spell(source, "jax.numpy.asarray")
    edits = (*asarray.edits, *wrap(source, call.args[0], f"{asarray.text}(", ")"))
    if len(call.args) > 2 or any(one.arg != "dtype" for one in call.keywords):
        return edits
    return (*edits, *taking.edits, *replace(source, call.func, taking.text))


def _on_the_host(source: SourceText, call: ast.Call) -> tuple[Edit, ...]:
    """`jnp.array([jnp.float32(t) for t in times])`: the scalars are NumPy's, so that nothing is put on the device one by one."""
    match call.args[0]:
        case ast.ListComp(elt=element) | ast.GeneratorExp(elt=element):
            elements = [element]
        case ast.List(elts=elements):
            pass
        case _:
            return ()
    edits: list[Edit] = []
    for one in elements:
        name = qualified_name(source, one.func) or "" if isinstance(one, ast.Call) else ""
        module, _, kind = name.rpartition(".")
        if module != "jax.numpy" or kind not in SCALARS or len(one.args) != 1 or one.keywords:  # type: ignore[attr-defined]
            return ()
        scalar = spell(source, f"numpy.{kind}")
        edits += [*scalar.edits, *replace(source, one.func, scalar.text)]  # type: ignore[attr-defined]
    return tuple(dict.fromkeys((*edits, *_first_numpy(source, call)))) if edits else ()


def _stacked(source: SourceText, call: ast.Call) -> tuple[Edit, ...]:
    if len(call.args) > 1 or call.keywords:
        raise CannotEdit("the call takes more than the list")
    stack = spell(source, "jax.numpy.stack")
    return (*stack.edits, *replace(source, call.func, stack.text))


def _fetched(source: SourceText, call: ast.Call) -> tuple[Edit, ...]:
    stack, get = spell(source, "numpy.stack"), spell(source, "jax.device_get")
    return (*stack.edits, *get.edits, *wrap(source, call.args[0], f"{stack.text}({get.text}(", "))"))
