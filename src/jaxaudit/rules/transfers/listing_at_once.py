"""What an audit proposes for `list-to-array` where only a run saw how long the lists are."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.expressions import replace, wrap
from jaxaudit.edits.imports import spell
from jaxaudit.edits.lines import calls_of
from jaxaudit.model import Finding
from jaxaudit.model.evidence import Spot
from jaxaudit.rules.project import Change, Project, Refused

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText

MAKERS = ("jax.numpy.array", "jax.numpy.asarray")
NUMBERS = "NumPy makes 64-bit numbers of the list, which JAX then narrows as it would have each of them."
ARRAYS = "`jnp.stack` wants elements of one shape, as `jnp.array` does."


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    for one in findings:
        if one.source != "run":
            continue
        numbers = one.facts.get("elements") == "numbers"
        title = (
            f"the list in line {one.place.line} made {'a NumPy array first' if numbers else 'one array by `jnp.stack`'}"
        )
        at = Spot(one.place.path, one.place.line, one.place.function)
        try:
            edits = mended(project.text(one.place.path), one.place.line, numbers)
        except CannotEdit as error:
            yield Refused(title, (one,), at, "does-not-apply", f"no change is written: {error}")
            continue
        yield Change(
            title, (one,), at, {one.place.path: edits}, risk=NUMBERS if numbers else ARRAYS,
            touched=(one.place.function,),
        )  # fmt: skip


def mended(source: SourceText, line: int, numbers: bool) -> tuple[Edit, ...]:
    """The one call on the line that makes an array of a list."""
    calls = calls_of(source, line, *MAKERS)
    if len(calls) != 1:
        raise CannotEdit(f"{len(calls)} calls of `jnp.array` stand in that line")
    [call] = calls
    if not call.args or isinstance(call.args[0], ast.Starred):
        raise CannotEdit("the call takes no plain list")
    if numbers:
        asarray = spell(source, "numpy.asarray")
        return (*asarray.edits, *wrap(source, call.args[0], f"{asarray.text}(", ")"))
    if len(call.args) > 1 or call.keywords:
        raise CannotEdit("the call takes more than the list")
    stack = spell(source, "jax.numpy.stack")
    return (*stack.edits, *replace(source, call.func, stack.text))
