"""What an audit proposes for `list-to-array` where a run saw how long the lists are."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.expressions import replace, wrap
from jaxaudit.edits.imports import spell
from jaxaudit.edits.lines import calls_of
from jaxaudit.model import Finding
from jaxaudit.model.spot import Spot
from jaxaudit.rules.project import Change, Project, Refused

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText

MAKERS = ("jax.numpy.array", "jax.numpy.asarray")
NUMBERS = "NumPy makes 64-bit numbers of the list, which JAX then narrows as it would have each of them."
STACKED = (
    "`jnp.stack` wants elements of one shape, as `jnp.array` does, and compiles a program with as many operands: about 1 ms "
    "each, once for each length."
)
FETCHED = (
    "The elements go to the host and back, which costs on an accelerator; they want one shape, as for `jnp.array`."
)


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """For numbers NumPy first; for device arrays both ways to join them, the one that is cheaper on this backend first."""
    for one in findings:
        if one.source != "run":
            continue
        path, line = one.place.path, one.place.line
        same = tuple(other for other in findings if other.place.path == path and _meets(other, line))
        at = Spot(path, line, one.place.function)
        try:
            source = project.text(path)
            call = _call_on(source, line)
            if one.facts.get("elements") == "numbers":
                ways = [("made a NumPy array first", _first_numpy(source, call), NUMBERS)]
            else:
                ways = [
                    ("joined by `jnp.stack`", _stacked(source, call), STACKED),
                    ("fetched at once and joined by NumPy", _fetched(source, call), FETCHED),
                ]
        except CannotEdit as error:
            yield Refused(
                f"the list in line {line} at once", same, at, "does-not-apply", f"no change is written: {error}"
            )
            continue
        if project.evidence.environment.backend == "cpu":
            ways.reverse()
        for words, edits, risk in ways:
            yield Change(
                f"the list in line {line} is {words}", same, at, {path: edits}, risk=risk,
                group=f"list {path}:{line}", touched=(one.place.function,),
            )  # fmt: skip


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


def _stacked(source: SourceText, call: ast.Call) -> tuple[Edit, ...]:
    if len(call.args) > 1 or call.keywords:
        raise CannotEdit("the call takes more than the list")
    stack = spell(source, "jax.numpy.stack")
    return (*stack.edits, *replace(source, call.func, stack.text))


def _fetched(source: SourceText, call: ast.Call) -> tuple[Edit, ...]:
    stack, get = spell(source, "numpy.stack"), spell(source, "jax.device_get")
    return (*stack.edits, *get.edits, *wrap(source, call.args[0], f"{stack.text}({get.text}(", "))"))
