"""Configuration objects in a static position that compare by value, and get another value each time."""

from typing import NamedTuple

from jaxaudit.rules.static.changes import Change, change
from jaxaudit.rules.static.changing_fields import role_of_field
from jaxaudit.rules.static.origins import Handed, origins
from jaxaudit.rules.static.pytree_arguments import replaced_object
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.classes import all_fields, classes_of
from jaxaudit.source.fields import class_facts
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.lifetime import frequency
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Class
from jaxaudit.source.structure import Role


class ChangingConfig(NamedTuple):
    """The field of a static object that changes, at the call that makes the object."""

    cls: Class
    field: str
    made: v.Call
    value: v.Value
    change: Change
    role: Role
    is_float: bool


def changing_config(program: Program, handed: Handed) -> ChangingConfig | None:
    best: ChangingConfig | None = None
    for origin in origins(program, handed.value, (handed.call,)):
        made = origin.value
        if not isinstance(made, v.Call) or made.flow is None:
            continue
        cls = made_class(program, made)
        if cls is None or class_facts(program, cls).hash != "value":
            continue
        loops = (*made.loops, *[loop for call in origin.calls[1:] for loop in call.loops])
        again = frequency(program, made.flow.function).how == "many"
        for field, value in arguments(program, cls, made):
            kind = kind_of(program, value)
            if kind.is_array or kind.what in ("function", "instance"):
                continue
            found = change(program, value, loops, again)
            if found is not None and (best is None or (found.many and not best.change.many)):
                role = role_of_field(program, field)
                best = ChangingConfig(cls, field, made, value, found, role, kind.what == "float")
    return best


def made_class(program: Program, made: v.Call) -> Class | None:
    """The class that a call makes an instance of: by its name, or by replacing fields of another instance."""
    func = v.settle(made.func)
    if isinstance(func, v.ClassValue):
        return func.cls
    if c.known_name(program, made.func) == "dataclasses.replace" or (
        isinstance(made.func, v.Attr) and made.func.name in ("replace", "_replace")
    ):
        classes = classes_of(program, replaced_object(made))
        return classes[0] if len(classes) == 1 else None
    return None


def arguments(program: Program, cls: Class, made: v.Call) -> list[tuple[str, v.Value]]:
    """The fields that the call sets, with their values."""
    named = [(key, value) for key, value in made.kwargs if key]
    if not isinstance(v.settle(made.func), v.ClassValue) or any(isinstance(a, v.Star) for a in made.args):
        return named
    return [*zip(all_fields(program, cls), made.args, strict=False), *named]
