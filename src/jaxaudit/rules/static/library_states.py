"""States that a library's class builds with functions in static fields: Flax's `TrainState.create(tx=..., apply_fn=...)`."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.rules.static.fresh_objects import Making, fresh_by_identity, making
from jaxaudit.rules.static.origins import origins, sure_calls, written
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.classes import external_bases
from jaxaudit.source.knowledge.classes import HOLDERS, STATES
from jaxaudit.source.program import Program
from jaxaudit.source.provenance import roots
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
                    for one in _inside(program, origin.value):
                        if id(one) in made and id(one) not in done:
                            done.add(id(one))
                            call, name = made[id(one)]
                            if site.filtered or name not in HOLDERS:
                                yield from _fresh_fields(program, site, call, name)


def _inside(program: Program, value: v.Value) -> Iterator[v.Value]:
    """The object that a name or a helper of the project stands for, and the modules listed in it."""
    for root in roots(program, value)[:4]:
        yield root
        for argument in root.args if isinstance(root, v.Call) else ():
            listed = v.settle(argument)
            yield from listed.items if isinstance(listed, v.Sequence) else ()


def _created(program: Program) -> Iterator[tuple[v.Call, str]]:
    words = {name.rpartition(".")[2] for name in (*STATES, *HOLDERS)}
    if not any(program.index.get(word) for word in words):
        return
    for function in program.functions_using(words | {"create"}):
        if function.module.context or program.tracing.context(function, abstract=True) is not None:
            continue
        for call in function.flow.calls:
            name = state_class(program, call.func)
            if name in STATES or name in HOLDERS:
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
    fields = HOLDERS[name] if name in HOLDERS else [(-1, field) for field in STATES[name]]
    for position, field in fields:
        value = call.argument(position if position >= 0 else None, field)
        for one in written(program, value) if value is not None else ():
            found = fresh_by_identity(program, one)
            if found is not None and (how := making(program, found[1])).confidence:
                unwritten = isinstance(found[1], v.Call) and any(isinstance(a, v.Star) for a in found[1].args)
                settled = not unwritten and not parameters_in(program, found[1])
                yield FreshState(site, call, name.rpartition(".")[2], field, value, found[0], how, settled)  # type: ignore[arg-type]
                break
