"""Whether a number that is traced would decide how often a `fori_loop` turns where the project takes gradients through it: such a
loop is a `while_loop`, and reverse mode cannot go back through one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.model import Place
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.structure import parameters_in

if TYPE_CHECKING:
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function

LOOPS = frozenset({"jax.lax.fori_loop", "flax.nnx.fori_loop", "haiku.fori_loop"})
FORWARD = frozenset({"jacfwd", "jvp", "filter_jvp", "linearize"})
DEEPEST = 4


class Irreversible(NamedTuple):
    """The loop that would turn into one of an unknown number of turns, and the gradient that is taken through it."""

    loop: Place
    gradient: Place
    use: str

    def words(self, name: str) -> str:
        return (
            f"{self.gradient.path}:{self.gradient.line} takes a gradient through it (`{self.use}`), and traced, `{name}` would "
            f"decide how often the `fori_loop` in line {self.loop.line} turns: reverse mode cannot go back through such a loop"
        )


def irreversible(
    program: Program, units: Sequence[Function], decides: Callable[[v.Value], bool]
) -> Irreversible | None:
    """`decides` says whether a value is worked out of what would be traced."""
    for unit in units:
        at = next(_loops(program, unit, decides), None)
        for function in _callers(program, unit) if at is not None else ():
            for handed in program.graph.handovers(function):
                use, flow = handed.use, handed.call.flow
                if use is None or use.spec.kind not in ("grad", "model") or use.short in FORWARD or flow is None:
                    continue
                assert at is not None and at.flow is not None
                return Irreversible(program.place(at.flow, at.expr), program.place(flow, handed.call.expr), use.short)
    return None


def must_stay_reversible(
    program: Program, units: Sequence[Function], decides: Callable[[v.Value], bool], name: str
) -> None:
    from jaxaudit.edits.edit import CannotEdit

    found = irreversible(program, units, decides)
    if found is not None:
        raise CannotEdit(found.words(name))


def of_parameters(program: Program, names: Sequence[str]) -> Callable[[v.Value], bool]:
    """Whether a value is worked out of parameters of these names."""
    return lambda value: any(one.name in names for one in parameters_in(program, value) if isinstance(one, v.Param))


def _loops(program: Program, unit: Function, decides: Callable[[v.Value], bool]) -> Iterator[v.Call]:
    """Loops of its own whose bounds it decides; of what it calls, those whose bounds are parameters."""
    seen = {unit}
    waiting: list[tuple[Function, int]] = [(unit, 0)]
    while waiting:
        function, depth = waiting.pop()
        for call in function.flow.calls:
            if c.known_name(program, call.func) in LOOPS and call.flow is not None:
                bounds = call.args[:2]
                given = any(isinstance(one, v.Param) for bound in bounds for one in parameters_in(program, bound))
                if any(map(decides, bounds)) or (depth and given):
                    yield call
            elif depth < DEEPEST:
                for target in c.targets(program, call.func):
                    if target.function not in seen:
                        seen.add(target.function)
                        waiting.append((target.function, depth + 1))


def _callers(program: Program, unit: Function) -> set[Function]:
    """The function, and those that may lead to it."""
    found, waiting = {unit}, [unit]
    while waiting:
        one = waiting.pop()
        program.graph.reach(one)
        callers = [edge.caller for edge in program.graph.edges.get(one, ())]
        around = [one.parent] if getattr(one, "parent", None) is not None else []
        for each in (*callers, *around):
            if each is not None and each not in found:
                found.add(each)
                waiting.append(each)
    return found
