"""Static floats that nothing needs static, and that no caller was seen to hand over."""

from collections.abc import Iterator

from jaxaudit.rules.static.host_values import declared
from jaxaudit.source import calls as c
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function
from jaxaudit.source.sites import Site, calls_of, jit_sites
from jaxaudit.source.structure import role


def lone_floats(program: Program) -> Iterator[tuple[Site, str]]:
    """Each new value would compile again: a suspicion that a run settles."""
    for site in jit_sites(program):
        if site.flow.function.module.context or not site.static or calls_of(program, site):
            continue
        for name in sorted(site.static):
            if declares_float(program, site.function, name) and role(program, site.function, name).only_computed:
                yield site, name


def declares_float(program: Program, function: Function, name: str) -> bool:
    parameter = function.parameter(name)
    if parameter is None or declared(program, function, name):
        return False
    outer = (function.parent or function.module.function).flow
    if parameter.annotation is not None:
        return c.known_name(program, outer.detached(parameter.annotation)) == "builtins.float"
    return parameter.default is not None and kind_of(program, outer.detached(parameter.default)).what == "float"
