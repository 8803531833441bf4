"""What compiled functions read of their surroundings while they are traced: names around them, and a constant `self`."""

from collections.abc import Iterator

from jaxaudit.rules.captures.bound_before import bound_values
from jaxaudit.rules.captures.compiled_code import Compiled, compiled_functions, is_outside
from jaxaudit.rules.captures.reads import Read, reads
from jaxaudit.source import values as v
from jaxaudit.source.fields import class_facts
from jaxaudit.source.program import Program
from jaxaudit.source.sites import Site, jit_sites


def captured_reads(program: Program) -> Iterator[tuple[Compiled, Read]]:
    """What compiled functions read of names around them, and of a `self` that is part of the program."""
    constant_self: dict[int, Compiled] = {}
    for site in jit_sites(program):
        compiled = compiled_functions(program).get(site.function)
        if compiled is None or site.flow.function.module.context:
            continue
        for name, _, how in bound_values(program, site):
            if how in ("method", "static self") and not hashed_by_value(program, site, how):
                base = site.function.flow.bindings.get(name, [None])[0]
                constant_self[id(base)] = compiled._replace(site=site)
    methods = dict(constant_self)
    for compiled in list(compiled_functions(program).values()):
        function = compiled.function
        if compiled.site.flow.function.module.context or function.module.context:
            continue
        for read in reads(function):
            if read.base.__class__ is v.Free:
                if is_outside(program, read.base.home):
                    yield compiled, read
                    continue
                read = through_closure(read)
            if id(read.base) in methods and read.steps:
                yield methods[id(read.base)], read
            elif read.steps and is_method_of(compiled, read, methods):
                yield compiled, read


def through_closure(read: Read) -> Read:
    """`self` of the method around, where a nested function reads it."""
    values = read.base.values() if isinstance(read.base, v.Free) else []
    return read._replace(base=values[0]) if len(values) == 1 else read


def is_method_of(compiled: Compiled, read: Read, methods: dict[int, Compiled]) -> bool:
    """`self` of a helper method that a jitted method calls on its own, constant `self`."""
    base = read.base
    if not isinstance(base, v.Param) or base.function.owner is None or base.name != base.function.self_name:
        return False
    top = compiled.site.function
    if top.owner is not base.function.owner or not top.self_name:
        return False
    return id(top.flow.bindings.get(top.self_name, [None])[0]) in methods


def hashed_by_value(program: Program, site: Site, how: str) -> bool:
    owner = site.function.owner
    return how == "static self" and owner is not None and class_facts(program, owner).hash in ("value", "pytree")
