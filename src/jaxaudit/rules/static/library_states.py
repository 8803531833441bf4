"""States that a library's class builds with functions in static fields: Flax's `TrainState.create(tx=..., apply_fn=...)`."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.rules.static.fresh_objects import Making, fresh_by_identity, making
from jaxaudit.rules.static.origins import origins, sure_calls, written
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.classes import external_bases
from jaxaudit.source.knowledge.classes import STATES
from jaxaudit.source.program import Program
from jaxaudit.source.sites import Site, jit_sites
from jaxaudit.source.structure import parameters_in


class FreshState(NamedTuple):
    """A state that reaches the jitted function of `site` with `made` in its static field `name`."""

    site: Site
    call: v.Call
    cls: str
    name: str
    value: v.Value
    made: str
    how: Making
    settled: bool

    @property
    def confidence(self) -> float:
        """An optimiser made of what each call brings may have to be another one."""
        return self.how.confidence if self.settled else min(self.how.confidence, 0.6)


def fresh_states(program: Program) -> Iterator[FreshState]:
    """States whose static fields are new functions each time one is made."""
    made = {id(call): (call, name) for call, name in _created(program)}
    if not made:
        return
    done: set[int] = set()
    for site in jit_sites(program):
        for edge in sure_calls(program, site) if not site.flow.function.module.context else ():
            for value in bind(edge.call, edge.target).values():
                for origin in origins(program, value, (edge.call,)):
                    if id(origin.value) in made and id(origin.value) not in done:
                        done.add(id(origin.value))
                        yield from _fresh_fields(program, site, *made[id(origin.value)])


def _created(program: Program) -> Iterator[tuple[v.Call, str]]:
    words = {name.rpartition(".")[2] for name in STATES}
    if not any(program.index.get(word) for word in words):
        return
    for function in program.functions_using(words | {"create"}):
        if function.module.context or program.tracing.context(function, abstract=True) is not None:
            continue
        for call in function.flow.calls:
            name = state_class(program, call.func)
            if name in STATES:
                yield call, name


def state_class(program: Program, func: v.Value) -> str:
    """The library's class behind `TrainState.create`, `TrainState(...)`, or the same of a subclass."""
    name = c.known_name(program, func)
    if name is not None:
        return name.removesuffix(".create")
    made = v.settle(func.base if isinstance(func, v.Attr) and func.name == "create" else func)
    bases = external_bases(program, made.cls) if isinstance(made, v.ClassValue) else []
    return next((base for base in bases if base in STATES), "")


def _fresh_fields(program: Program, site: Site, call: v.Call, name: str) -> Iterator[FreshState]:
    for field in STATES[name]:
        value = call.keyword(field)
        for one in written(program, value) if value is not None else ():
            found = fresh_by_identity(program, one)
            if found is not None and (how := making(program, found[1])).confidence:
                unwritten = isinstance(found[1], v.Call) and any(isinstance(a, v.Star) for a in found[1].args)
                settled = not unwritten and not parameters_in(program, found[1])
                yield FreshState(site, call, name.rpartition(".")[2], field, value, found[0], how, settled)  # type: ignore[arg-type]
                break
