"""Strings, functions and plain objects that are handed to a traced parameter: no tracer can stand for them."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.rules.control_flow.in_sight import DOUBTED, behind_try, in_sight
from jaxaudit.rules.static.host_values import is_no_pytree
from jaxaudit.rules.static.origins import origins, sure_calls, written
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.classes import classes_of
from jaxaudit.source.kinds import WIDTHS, kind_of
from jaxaudit.source.knowledge.arrays_of_jax import ARRAYS
from jaxaudit.source.knowledge.classes import FRESH_CLOSURES
from jaxaudit.source.program import Program
from jaxaudit.source.provenance import expand
from jaxaudit.source.scopes import Function
from jaxaudit.source.sites import Site, jit_sites


class Untraceable(NamedTuple):
    """An argument for the traced parameter `name` that is `what`: a string, a function, an object."""

    site: Site
    name: str
    call: v.Call
    value: v.Value
    what: str
    at_the_call: bool
    """Whether the value is seen in the body that makes the call, and is not handed there by others."""


def untraceable_arguments(program: Program, known: set[tuple[Function, str]]) -> Iterator[Untraceable]:
    """One for each traced parameter that is handed such an argument (`known` parameters aside)."""
    done: set[tuple[int, str]] = set()
    for site in jit_sites(program):
        if site.filtered or site.flow.function.module.context or site.use.spec.traces != "all":
            continue
        if site.use.name.startswith("flax.nnx."):
            continue  # nnx takes objects apart itself
        traced = set(site.traced_parameters())
        for edge in sure_calls(program, site):
            for name, value in bind(edge.call, edge.target).items():
                if name not in traced or (site.function, name) in known or (id(site.call), name) in done:
                    continue
                what = not_an_array(program, value)
                if what:
                    done.add((id(site.call), name))
                    yield Untraceable(site, name, edge.call, value, what, at_the_call(program, edge.call, value))


def at_the_call(program: Program, call: v.Call, value: v.Value) -> bool:
    return all(origin.calls == (call,) for origin in origins(program, value, (call,)))


def certainty_of_object(program: Program, found: Untraceable) -> float:
    """Certain where it is written in the call itself, or handed along by code that the project runs."""
    if behind_try(found.call):
        return 0.5
    assert found.call.flow is not None
    return 0.9 if found.at_the_call or in_sight(program, found.call.flow.function, ()) else DOUBTED


def not_an_array(program: Program, value: v.Value) -> str:
    """In words, what a value is that no tracer can stand for; "" where it may be an array after all."""
    found = {_no_array(program, one) for one in written(program, value)}
    return found.pop() if len(found) == 1 else ""


def _no_array(program: Program, value: v.Value, depth: int = 0) -> str:
    kind = value.__class__
    if kind is v.Elem and depth < 2:
        found = {_no_array(program, one, depth + 1) for one in expand(program, value)}
        return found.pop() if len(found) == 1 else ""
    if kind is v.Const and isinstance(value.value, str):  # type: ignore[attr-defined]
        return "a string"
    if kind is v.FunctionValue:
        return "a function"
    if kind is v.External:
        return "a dtype" if value.name.rpartition(".")[2] in WIDTHS else "a function" if value.name in ARRAYS else ""  # type: ignore[attr-defined]
    if kind is v.Sequence or kind is v.Mapping:
        found = {_no_array(program, one, depth + 1) for one in value.parts()} if depth < 2 else set()
        inner = next((what for what in sorted(found) if what), "")
        return f"a {value.kind if kind is v.Sequence else 'dict'} that holds {inner}" if inner else ""  # type: ignore[attr-defined]
    if kind is not v.Call:
        return ""
    if is_no_pytree(program, value, kind_of(program, value)):
        return f"an object of `{classes_of(program, value)[0].name}`, which is no pytree"
    name = c.known_name(program, value.func) or ""  # type: ignore[attr-defined]
    if name in FRESH_CLOSURES and name.startswith("optax."):
        return f"`{name.rpartition('.')[2]}(...)`, made of functions"
    return ""
