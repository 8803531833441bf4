"""What a jit sees: its options as they are written, and the parameters of the function it is put on."""

from typing import Any, NamedTuple

from jaxaudit.model import Note, Place
from jaxaudit.rules.static.host_values import HOST_KINDS, declared
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.program import Program
from jaxaudit.source.provenance import single
from jaxaudit.source.scopes import Parameter
from jaxaudit.source.sites import Site
from jaxaudit.source.tracing import constants


class Option(NamedTuple):
    """One option of a jit as written: its keyword, the literals in it, and where it stands."""

    keyword: str
    literals: tuple[Any, ...]
    value: v.Value


def options_of(program: Program, site: Site) -> list[Option]:
    spec = site.use.spec
    out = []
    for keyword in (spec.static_nums, spec.static_names, spec.donate_nums, spec.donate_names):
        value = site.use.option(keyword) if keyword else None
        if value is not None:
            out.append(Option(keyword, tuple(constants(program, value)), value))
    return out


def parameters(site: Site) -> tuple[list[Parameter], bool, bool]:
    """The positional parameters that the jitted callable takes, and whether it takes any number, and any name."""
    found = site.function.all_parameters
    shift = (1 if site.target.receiver is not None else 0) + sum([len(p.args) - 1 for p in site.target.partials])
    positional = [p for p in found if p.kind == "positional"][shift:]
    return positional, any(p.kind == "*" for p in found), any(p.kind == "**" for p in found)


def seen_plainly(program: Program, value: v.Value, depth: int = 0) -> bool:
    """Whether the signature that jit sees is that of the def: no wrapper of unknown signature in between."""
    value = single(program, value)
    kind = value.__class__
    if kind is v.FunctionValue or kind is v.Attr:
        return True
    if kind is v.Call and depth < 6:
        use = c.transform_of(program, value)  # type: ignore[arg-type]
        name = c.known_name(program, value.func)  # type: ignore[attr-defined]
        if use is not None and use.spec.wraps and use.functions and use.name.startswith("jax."):
            return seen_plainly(program, use.functions[0][0], depth + 1)
        return name == "functools.partial" and seen_plainly(program, value.args[0], depth + 1)  # type: ignore[attr-defined]
    return False


def confidence(program: Program, site: Site) -> float:
    if len({id(t.function) for t in c.targets(program, site.value)}) > 1:
        return 0.5
    if not seen_plainly(program, site.value):
        return 0.5
    value = single(program, site.value)
    if value.__class__ is v.Attr and value.name != site.function.name:
        return 0.6  # `jit(model.apply)` of a method that a library calls: the library's own signature counts
    return 0.95


def place_of(program: Program, site: Site, option: Option) -> Place:
    """Where the option's value is written, or the jit when it comes from elsewhere."""
    value = option.value
    own = any(value is x for call in site.use.options for _, x in call.kwargs)
    if own and value.expr is not None and value.expr[0] in "kTu" and value.flow is site.flow:
        return program.place(value.flow, value.expr)._replace(function=site.function.qualname)
    return program.place(site.flow, site.call.expr)._replace(function=site.function.qualname)


def signature(program: Program, site: Site) -> Note:
    names = ", ".join([p.name for p in parameters(site)[0]])
    return Note(
        program.place_of_function(site.function), f"`{site.function.name}` takes {names or 'no positional parameter'}"
    )


def positional_before(site: Site) -> list[Parameter]:
    """Parameters that are bound before the jit: self of a bound method, the leading ones of a partial."""
    found = [p for p in site.function.all_parameters if p.kind == "positional"]
    return found[: len(found) - len(parameters(site)[0])]


def passes_by_position(call: v.Call, position: int) -> bool:
    return position < len(call.args) and not any(a.__class__ is v.Star for a in call.args[: position + 1])


def holds_array(program: Program, site: Site, parameter: Parameter) -> bool:
    bound = site.function.flow.bindings.get(parameter.name)
    return bool(bound) and kind_of(program, bound[0]).is_array  # type: ignore[index]


def holds_plain(program: Program, site: Site, parameter: Parameter) -> bool:
    bound = site.function.flow.bindings.get(parameter.name)
    return bool(declared(program, site.function, parameter.name)) or (
        bool(bound) and kind_of(program, bound[0]).what in HOST_KINDS  # type: ignore[index]
    )
