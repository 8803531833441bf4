"""Static fields of pytrees whose value changes from one object to the next."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.model import Place
from jaxaudit.rules.static.changes import Change, change
from jaxaudit.rules.static.pytree_arguments import (
    PytreeArgument,
    field_place,
    place_in_tree,
    pytree_arguments,
    replaced_object,
    settings,
    stored_place,
)
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.classes import cls_fields, lineage, stores_on_self
from jaxaudit.source.facts import text
from jaxaudit.source.fields import class_facts
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.lifetime import frequency, repeats
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Class
from jaxaudit.source.sites import Site
from jaxaudit.source.structure import Role, sinks


class ChangingField(NamedTuple):
    site: Site
    cls: Class
    name: str
    change: Change
    place: Place
    made: Place
    role: Role
    is_float: bool


def changing_fields(program: Program) -> Iterator[ChangingField]:
    replaced: dict[str, list[v.Call]] | None = None
    for argument in pytree_arguments(program):
        names = static_names_of(program, argument)
        if not names:
            continue
        if replaced is None:
            replaced = replacements(program)
        for name in names:
            found = _changing(program, argument, name, replaced.get(name, []))
            if found is not None:
                yield found


def static_names_of(program: Program, argument: PytreeArgument) -> list[str]:
    """Static fields; for `filter_jit` also those declared to be Python numbers, which it holds static."""
    names = set(class_facts(program, argument.cls).static)
    if argument.site.filtered or argument.site.use.name.startswith("flax.nnx."):
        for part in lineage(program, argument.cls):
            flow = part.ready().flow
            for field, row in cls_fields(part).items():
                if flow is not None and c.known_name(program, flow.detached(row[0])) in (
                    "builtins.float",
                    "builtins.int",
                ):
                    names.add(field)
    if class_facts(program, argument.cls).pytree == "all":
        for part in lineage(program, argument.cls):
            stores = [s for s in stores_on_self(part) if kind_of(program, s.value).what in ("int", "float")]
            names |= {str(s.name) for s in stores}
    return sorted(names)


def _changing(program: Program, argument: PytreeArgument, name: str, replaced: list[v.Call]) -> ChangingField | None:
    cls = argument.cls
    for call, value in settings(program, cls, name, replaced):
        if call.flow is None or call.flow.function.module.context:
            continue
        if program.tracing.context(call.flow.function, abstract=True) is not None:
            continue
        kind = kind_of(program, value)
        if kind.is_array or kind.what in ("function", "instance"):
            continue
        often = frequency(program, call.flow.function).how == "many"
        found = built_on_itself(call, name, value, often) or change(program, value, call.loops, often)
        if found is None or (
            argument.site.filtered
            and name not in class_facts(program, cls).static
            and kind.what not in ("int", "float")
        ):
            continue
        made = program.place(call.flow, value.expr or call.expr)
        place = field_place(program, cls, name) or stored_place(program, cls, name)
        return ChangingField(
            argument.site, cls, name, found, place, made, role_of_field(program, name), kind.what == "float"
        )
    return None


def built_on_itself(call: v.Call, name: str, value: v.Value, often: bool) -> Change | None:
    """`state = state.replace(step=state.step + 1)` in a loop, and `state = State(state.step + 1)`."""
    replaced = replaced_object(call)
    loop = repeats(call.loops)
    if not (loop or often) or not isinstance(value, v.Op):
        return None
    bases = [o.base for o in value.operands if isinstance(o, v.Attr) and o.name == name]
    if not any(b is replaced or (isinstance(b, v.Carried) and b.loop in call.loops) for b in bases):
        return None
    where = " in the loop" if loop else ""
    return Change(f"is counted up (`{text(value.expr, 40)}`){where}", None, loop, value, call.flow)


def role_of_field(program: Program, name: str) -> Role:
    """Whether traced code needs a field of this name as a plain value."""
    for function in list(program.tracing.contexts):
        for sink in sinks(program, function):
            if reads(sink.value, name):
                return Role((sink,), False)
    return Role((), True)


def reads(value: v.Value, name: str, depth: int = 0) -> bool:
    if value.__class__ is v.Attr and value.name == name:
        return True
    return depth < 6 and any(reads(part, name, depth + 1) for part in value.parts())


def replacements(program: Program) -> dict[str, list[v.Call]]:
    """`x.replace(field=...)`, `dataclasses.replace(x, field=...)` and `eqx.tree_at(lambda x: x.field, x, ...)`, by the
    field."""
    out: dict[str, list[v.Call]] = {}
    for function in program.functions_using(("tree_at",)):
        if function.module.context:
            continue
        for call in function.flow.calls:
            field = place_in_tree(program, call)
            if field:
                out.setdefault(field, []).append(call)
    for function in program.functions_using(("replace",)):
        if function.module.context:
            continue
        for call in function.flow.calls:
            func = call.func
            if c.known_name(program, func) == "dataclasses.replace" or (
                func.__class__ is v.Attr and func.name == "replace"
            ):
                for key, _ in call.kwargs:
                    if key:
                        out.setdefault(key, []).append(call)
    return out
