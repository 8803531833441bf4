"""Fields of pytree classes that hold plain Python values and are not marked as static."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.rules.static.pytree_arguments import PytreeArgument, settings
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.classes import all_fields, lineage
from jaxaudit.source.fields import annotation_heads, annotations_of, class_facts
from jaxaudit.source.program import Program
from jaxaudit.source.provenance import roots
from jaxaudit.source.structure import Sink, sinks

OF_FIELDS = frozenset({"fields", "listed"})
NUMBERS = frozenset({"builtins.int", "builtins.bool"})
FUNCTIONS = frozenset({"typing.Callable", "collections.abc.Callable"})
TEXTS = frozenset({"builtins.str", "typing.Literal"})


class PlainField(NamedTuple):
    """A field of a class whose objects a jitted function takes: `what` it holds, in words.

    `refused`: JAX can't trace such a value at all; else `sink` is where Python needs it, in a method of the class.
    """

    argument: PytreeArgument
    name: str
    what: str
    refused: bool
    sink: Sink | None = None


def plain_fields(program: Program, argument: PytreeArgument) -> Iterator[PlainField]:
    cls = argument.cls
    facts = class_facts(program, cls)
    if facts.pytree not in OF_FIELDS:
        return
    annotations = annotations_of(program, cls)
    for name in all_fields(program, cls):
        if name in facts.static or (facts.listed is not None and name not in facts.listed) or name not in annotations:
            continue
        heads = set(annotation_heads(program, annotations[name])) - {"builtins.None"}
        if not heads or not heads <= NUMBERS | FUNCTIONS | TEXTS:
            continue
        values = [root for _, value in settings(program, cls, name, []) for root in roots(program, value)]
        if not values:
            continue
        if all(untraceable(program, value) for value in values):
            what = "a function" if heads & FUNCTIONS else "a text"
            yield PlainField(argument, name, what, True)
        elif all(is_number(value) for value in values):
            sink = asked_for(program, argument, name)
            if sink is not None:
                what = "a plain bool" if heads == {"builtins.bool"} else "a plain int"
                yield PlainField(argument, name, what, False, sink)


def untraceable(program: Program, value: v.Value) -> bool:
    """A text or a function: what raises where JAX asks for arrays. An object of a module class is a pytree itself."""
    if isinstance(value, v.Const):
        return isinstance(value.value, str)
    if isinstance(value, v.FunctionValue):
        return True
    name = c.known_name(program, value) if isinstance(value, v.External) else None
    return name is not None and name.startswith(("jax.nn.", "jax.numpy.", "jax.lax."))


def is_number(value: v.Value) -> bool:
    return isinstance(value, v.Const) and isinstance(value.value, int)


def asked_for(program: Program, argument: PytreeArgument, name: str) -> Sink | None:
    """Where the jitted function, or a method of the class that is traced, needs the field as a plain value."""
    readers = [(argument.site.function, argument.name)]
    for part in lineage(program, argument.cls):
        readers += [
            (method, method.self_name)
            for method in part.methods.values()
            if method.self_name is not None and program.tracing.context(method, abstract=True) is not None
        ]
    for function, holder in readers:
        for sink in sinks(program, function):
            if is_field(sink.value, holder, name):
                return sink
    return None


def is_field(value: v.Value, holder: str, name: str, depth: int = 0) -> bool:
    """`self.name`, or arithmetic and comparisons on it."""
    if isinstance(value, v.Attr):
        base = v.settle(value.base)
        return value.name == name and isinstance(base, v.Param) and base.name == holder
    return (
        depth < 4
        and isinstance(value, v.Op | v.Sequence)
        and any(is_field(part, holder, name, depth + 1) for part in value.parts())
    )
