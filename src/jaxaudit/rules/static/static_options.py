"""Where a jit says what is static: the option, and the very name or number in it."""

from jaxaudit.model import Place
from jaxaudit.source import values as v
from jaxaudit.source.facts import text
from jaxaudit.source.program import Program
from jaxaudit.source.sites import Site


def static_option(program: Program, site: Site) -> v.Value | None:
    """The value of `static_argnames` or `static_argnums`."""
    spec = site.use.spec
    for keyword in (spec.static_names, spec.static_nums):
        value = site.use.option(keyword) if keyword else None
        if value is not None:
            return value
    return None


def static_place(program: Program, site: Site, name: str) -> Place:
    """Where a parameter is made static: its name in `static_argnames`, else the jit."""
    option = static_option(program, site)
    place = program.place(site.flow, site.call.expr)
    if option is not None:
        parts = option.items if option.__class__ is v.Sequence else (option,)
        for part in parts:
            if part.__class__ is v.Const and part.value == name and part.flow is not None:
                place = program.place(part.flow, part.expr)
    return place._replace(function=site.function.qualname)


def how_static(site: Site) -> str:
    """The words of the option: `static_argnums=1`."""
    spec = site.use.spec
    for keyword in (spec.static_names, spec.static_nums):
        value = site.use.option(keyword) if keyword else None
        if value is not None and keyword:
            return f"{keyword}={text(value.expr, 40)}" if value.expr is not None else keyword
    return "static"
