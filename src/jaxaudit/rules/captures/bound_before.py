"""What is part of a compiled program before it is called: partials, defaults, the object of a method."""

from collections.abc import Iterator

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.facts import text
from jaxaudit.source.fields import class_facts
from jaxaudit.source.program import Program
from jaxaudit.source.sites import Site


def is_self(base: v.Value) -> bool:
    found = base.values() if base.__class__ is v.Free else (base,)
    return any(
        one.__class__ is v.Param and one.function.owner is not None and one.name == one.function.self_name
        for one in found
    )


def bound_values(program: Program, site: Site) -> Iterator[tuple[str, v.Value, str]]:
    """Parameters whose values are fixed when the function is traced: name, value, how."""
    function, target = site.function, site.target
    self_name = function.self_name if function.owner is not None else None
    if self_name is not None and self_is_constant(program, site):
        yield self_name, target.receiver or v.Unknown(), "static self" if target.receiver is None else "method"
    if target.partials:
        names = [c.known_name(program, p.func) for p in target.partials]
        passed = site.filtered and all(n in ("equinox.Partial", "jax.tree_util.Partial") for n in names)
        if not passed:
            empty = v.Call(v.Unknown(), (), (), None, site.flow, (), (), 0)
            for name, value in bind(empty, target._replace(receiver=None)).items():
                if name != self_name:
                    yield name, value, "partial"
    for parameter in function.all_parameters:
        if parameter.default is None or parameter.name in site.static or parameter.default[0] in ("k", "u"):
            continue
        sources = program.graph.sources(function, parameter.name)
        if not sources or any(call is None for call, _ in sources):
            outer = (function.parent or function.module.function).flow
            yield parameter.name, outer.detached(parameter.default), "default"


def spelled_receiver(site: Site) -> str:
    """The object whose method is jitted, as it is written there: `m` of `jax.jit(jax.vmap(m.step))`."""
    expr = site.call.expr if not site.call.decorator else None
    while expr is not None and expr[0] == "c" and expr[2]:
        expr = expr[2][0]
    if expr is None:
        return ""
    return text(expr[1] if expr[0] == "." and expr[2] == site.function.name else expr, 40)


def spelled_in_partial(site: Site, value: v.Value) -> str:
    """The argument of `partial` as it is written there."""
    for part in site.target.partials:
        for given, expr in zip(part.args, part.expr[2]):
            if given is value:
                return text(expr, 40)
        for (_, given), (_, expr) in zip(part.kwargs, part.expr[3]):
            if given is value:
                return text(expr, 40)
    return ""


def self_is_constant(program: Program, site: Site) -> bool:
    """Whether the object that a method belongs to is part of the program rather than an argument of it."""
    function = site.function
    assert function.owner is not None
    facts = class_facts(program, function.owner)
    if site.target.receiver is None:
        if function.self_name in site.static:
            return True
        return site.filtered and facts.pytree == "" and not site.use.name.startswith(("flax.nnx", "brainstate"))
    if site.filtered and facts.pytree:
        inner = [use for use in site.target.chain if use.call is not site.call]
        dunder = function.name.startswith("__") and site.value.__class__ is v.Attr
        return dunder or any(use.spec.traces != "arrays" for use in inner)
    return facts.pytree != "all"
