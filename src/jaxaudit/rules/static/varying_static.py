"""A static argument or field that takes many values: one compile for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, Fix, Note
from jaxaudit.rules.rule import Rule
from jaxaudit.rules.static.changes import Change, change
from jaxaudit.rules.static.changing_fields import changing_fields
from jaxaudit.rules.static.host_values import declared
from jaxaudit.rules.static.origins import argument_expr, function_of, handed_statics, sure_calls
from jaxaudit.rules.static.static_options import how_static, static_place
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.facts import text
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.knowledge.filter_jitted import FILTER_JITTED
from jaxaudit.source.lifetime import frequency
from jaxaudit.source.program import Function, Program
from jaxaudit.source.sites import Site, calls_of, jit_sites
from jaxaudit.source.structure import Role, role

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText

HOST_NUMBERS = frozenset({"int", "float", "complex"})


def match(program: Program) -> Iterator[Finding]:
    yield from static_arguments(program)
    yield from lone_floats(program)
    yield from filtered_arguments(program)
    yield from library_arguments(program)
    for field in changing_fields(program):
        yield RULE.found(
            field.place,
            f"`{field.name}` is a static field of `{field.cls.name}` and {field.change.why}: the jitted "
            f"`{field.site.function.name}` compiles again for each value",
            certainty(field.change, field.role, field.is_float, False),
            facts={"field": field.name, "class": field.cls.name, "function": field.site.function.name, **counted(field.change)},
            notes=[
                Note(field.made, f"`{field.name}` gets its value here"),
                Note(program.place(field.site.flow, field.site.call.expr), f"`{field.site.use.short}` takes a `{field.cls.name}` here"),
            ],
            help=f"Make `{field.name}` a field that is traced (a leaf), and hand in an array or a number.",
        )  # fmt: skip


# -- static arguments --------------------------------------------------------------------------------------------------


def static_arguments(program: Program) -> Iterator[Finding]:
    best: dict[tuple[int, str], tuple[float, Site, v.Call, v.Value, Change]] = {}
    for handed in handed_statics(program):
        if handed.name == handed.site.function.self_name or kind_of(program, handed.value).what in (
            "function",
            "instance",
        ):
            continue
        caller = function_of(handed.call)
        found = change(program, handed.value, handed.call.loops, frequency(program, caller).how == "many")
        if found is None:
            continue
        is_float = kind_of(program, handed.value).what == "float"
        traced = program.tracing.context(caller, abstract=True) is not None
        sure = certainty(found, role(program, handed.site.function, handed.name), is_float, traced)
        key = (id(handed.site.call), handed.name)
        if sure and (key not in best or sure > best[key][0]):
            best[key] = (sure, handed.site, handed.call, handed.value, found)
    for (_, name), (sure, site, call, value, found) in best.items():
        yield static_finding(program, site, name, call, value, found, sure)


def certainty(found: Change, used: Role, is_float: bool, traced: bool) -> float:
    """Certain where many values are seen and no use needs the value while tracing; few values may be meant."""
    if traced:
        return 0.3
    if not found.many:
        if found.loop is None and not is_float:
            return 0.0  # two or three values at different calls: what static arguments are for
        if used.only_computed:
            return 0.5
        return 0.3 if is_float or found.count != 2 else 0.0
    if used.needs:
        return 0.4
    if found.loop is None and found.count is not None:
        return 0.6  # several calls written out
    return 0.9 if used.only_computed else 0.8 if is_float else 0.6


def counted(found: Change) -> dict[str, object]:
    return {"values": found.count} if found.count is not None else {}


def static_finding(
    program: Program, site: Site, name: str, call: v.Call, value: v.Value, found: Change, sure: float
) -> Finding:
    used = role(program, site.function, name)
    assert call.flow is not None
    written = argument_expr(call, value)
    notes = [Note(program.place(call.flow, written), f"`{text(written, 40)}` is handed in here")]
    if used.needs:
        need = used.needs[0]
        notes.append(Note(program.place(need.flow, need.expr), f"here it decides {need.what}"))
    place = static_place(program, site, name)
    advice = (
        f"It decides {used.needs[0].what}, so it can't simply be traced: pad to one size and mask, or use `lax` control flow."
        if used.needs
        else f"Take `{name}` out of `{how_static(site).partition('=')[0]}`: a traced number never compiles again."
    )
    return RULE.found(
        place,
        f"`{name}` of the jitted `{site.function.name}` is static, and {what_of(written, name)}{found.why}: each value "
        f"compiles `{site.function.name}` again",
        sure,
        facts={"parameter": name, "function": site.function.name, "value": text(written, 40), **counted(found)},
        notes=notes,
        help=advice,
        fix=Fix("unsafe", f"trace `{name}`") if used.only_computed and mendable(site) else None,
    )  # fmt: skip


def what_of(written: object, name: str) -> str:
    shown = text(written, 40)  # type: ignore[arg-type]
    return "" if shown == name else f"its value `{shown}` "


def mendable(site: Site) -> bool:
    return site.use.spec.static_names == "static_argnames"


def lone_floats(program: Program) -> Iterator[Finding]:
    """A static float that nothing needs static: each new value would compile again. No caller was seen to change it."""
    for site in jit_sites(program):
        if site.flow.function.module.context or not site.static:
            continue
        for name in sorted(site.static):
            if not declares_float(program, site.function, name) or not role(program, site.function, name).only_computed:
                continue
            if any(edge.call.loops for edge in calls_of(program, site)) or calls_of(program, site):
                continue
            yield RULE.found(
                static_place(program, site, name),
                f"`{name}` of the jitted `{site.function.name}` is a float, only computed with, and static: each new value "
                f"compiles `{site.function.name}` again",
                0.35,
                facts={"parameter": name, "function": site.function.name},
                help=f"Trace `{name}`, unless a run shows one value only and a gain.",
                fix=Fix("unsafe", f"trace `{name}`") if mendable(site) else None,
            )


def declares_float(program: Program, function: Function, name: str) -> bool:
    parameter = function.parameter(name)
    if parameter is None or declared(program, function, name):
        return False
    outer = (function.parent or function.module.function).flow
    if parameter.annotation is not None:
        return c.known_name(program, outer.detached(parameter.annotation)) == "builtins.float"
    return parameter.default is not None and kind_of(program, outer.detached(parameter.default)).what == "float"


# -- what filter_jit makes static by itself ----------------------------------------------------------------------------


def filtered_arguments(program: Program) -> Iterator[Finding]:
    for site in jit_sites(program):
        if not site.filtered or site.flow.function.module.context:
            continue
        told: set[str] = set()
        for edge in sure_calls(program, site):
            for name, value in c.bind(edge.call, edge.target).items():
                if name in told or name == site.function.self_name:
                    continue
                finding = python_number(
                    program, edge.call, name, value, site.function.name, role(program, site.function, name)
                )
                if finding is not None:
                    told.add(name)
                    yield finding


def library_arguments(program: Program) -> Iterator[Finding]:
    for module, unit in program.units_applying(FILTER_JITTED):
        program.graph.link_unit(module, unit)
        if module.context:
            continue
        for function in program.functions_of_unit(module, unit):
            for call in function.flow.calls:
                rows = FILTER_JITTED.get(c.known_name(program, call.func) or "")
                for position, keyword in rows or ():
                    value = call.argument(position, keyword)
                    if value is None:
                        continue
                    callee = (c.known_name(program, call.func) or "").rpartition(".")[2]
                    finding = python_number(program, call, keyword, value, callee, Role((), True))
                    if finding is not None:
                        yield finding
                        break


def python_number(program: Program, call: v.Call, name: str, value: v.Value, callee: str, used: Role) -> Finding | None:
    """A Python number, or one inside a tuple or dict, that changes and so compiles `filter_jit` again."""
    assert call.flow is not None
    caller = call.flow.function
    if program.tracing.context(caller, abstract=True) is not None:
        return None
    for leaf in leaves(value):
        kind = kind_of(program, leaf)
        if kind.what not in HOST_NUMBERS:
            continue
        found = change(program, leaf, call.loops, frequency(program, caller).how == "many")
        if found is None:
            continue
        sure = certainty(found, used, kind.what == "float", False)
        if not sure:
            continue
        if kind.what == "int":
            sure = min(sure, 0.7)  # exponents, orders and counts may be meant to be static
        expr = argument_expr(call, value) if leaf is value else leaf.expr or argument_expr(call, value)
        return RULE.found(
            program.place(call.flow, expr),
            f"`{name}` of `{callee}` gets a Python {kind.what}, which `filter_jit` holds static, and {what_of(expr, name)}"
            f"{found.why}: each value compiles `{callee}` again",
            sure,
            facts={"parameter": name, "function": callee, "value": text(expr, 40), "kind": f"Python {kind.what}", **counted(found)},
            notes=[Note(program.place(found.flow, found.source.expr), "it changes here")]
            if found.flow is not None and found.source.expr is not None else [],
            help=f"Hand in an array: `jnp.asarray({text(expr, 30)})`.",
        )  # fmt: skip
    return None


def leaves(value: v.Value, depth: int = 0) -> list[v.Value]:
    if depth < 3 and value.__class__ in (v.Sequence, v.Mapping):
        return [leaf for part in value.parts() for leaf in leaves(part, depth + 1)]
    return [value]


def mend(finding: Finding, source: SourceText) -> tuple[Edit, ...]:
    """Takes the parameter out of `static_argnames` (or its position out of `static_argnums`)."""
    from jaxaudit.edits import jit_site, remove_static_name

    return remove_static_name(source, jit_site(source, finding.place), str(finding.facts["parameter"]))


RULE = Rule(
    name="varying-static",
    title="static argument that takes many values",
    severity="error",
    dont="Declare static what changes from call to call: a loop index, a learning rate, a time, a noise level.",
    do="Trace it: a traced number never compiles again.",
    why="The value of a static argument is part of the key under which the compiled program is kept. 20 values of one factor "
    "cost 21.4 s static and 0.045 s traced (40,000 elements, JAX 0.10.2, CPU). `equinox.filter_jit`, and with it "
    "`diffrax.diffeqsolve` and `optimistix`, hold every Python number static: 4 calls with 4 floats compiled 4 times, with "
    "NumPy or JAX scalars once.",
    allowed="Two or three values, each compiled once, where the value decides shapes or branches: that is what static is for.",
    may_break="Traced, the value can no longer decide a shape, a Python branch or a `range`.",
    sees=("source", "run"),
    needs=("compile_count", "argument_values"),
    examples=(),
    allowed_samples=(),
    match=match,
    mend=mend,
)
