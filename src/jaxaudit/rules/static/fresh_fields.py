"""Functions and objects in the fields of a pytree that equal only themselves, new with each object."""

from __future__ import annotations

from collections.abc import Iterator

from jaxaudit.model import Finding, Note
from jaxaudit.rules.rule import Rule
from jaxaudit.rules.static.fresh_objects import Making, fresh_by_identity, making
from jaxaudit.rules.static.origins import argument_expr, sure_calls
from jaxaudit.rules.static.pytree_arguments import PytreeArgument, settings
from jaxaudit.source import values as v
from jaxaudit.source.classes import all_fields, classes_of, lineage, stores_on_self
from jaxaudit.source.fields import class_facts
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function


def static_attributes(rule: Rule, program: Program, argument: PytreeArgument) -> Iterator[Finding]:
    """Lambdas and plain objects that a module's `__init__`, or its makers, put into it: part of its structure."""
    facts = class_facts(program, argument.cls)
    nnx = facts.pytree == "all"
    if not nnx and not facts.static and not argument.site.filtered:
        return
    makings = [
        making(program, call)
        for call in program.graph.built(argument.cls)
        if call.flow is not None and program.tracing.context(call.flow.function, abstract=True) is None
    ]
    how = max(makings, key=lambda m: m.confidence, default=None)
    if how is None or not how.confidence:
        return
    callers = {edge.caller for edge in sure_calls(program, argument.site)}
    builders = {call.flow.function for call in program.graph.built(argument.cls) if call.flow is not None}
    sure = how.confidence if how.loop is not None or callers & builders else min(how.confidence, 0.5)
    told: set[str] = set()
    for found_of_maker in handed_to_makers(rule, program, argument, callers):
        told.add(str(found_of_maker.facts["attribute"]))
        yield found_of_maker
    for part in lineage(program, argument.cls):
        for store in stores_on_self(part):
            name = str(store.name)
            found = fresh_by_identity(program, store.value)
            if found is None or name in told or store.value.flow is None:
                continue
            if any(class_facts(program, cls).pytree for cls in classes_of(program, store.value)):
                continue
            if not nnx and not argument.site.filtered and name not in facts.static:
                continue
            told.add(name)
            flow = store.value.flow
            site = argument.site
            yield rule.found(
                program.place(flow, store.expr),
                f"`{name}` of `{argument.cls.name}` is {found[0]}: it is hashed by identity and belongs to the "
                "structure of the "
                f"module, so each new `{argument.cls.name}` compiles `{site.function.name}` again",
                sure,
                facts={"attribute": name, "class": argument.cls.name, "function": site.function.name, "made": found[0]},
                notes=[
                    Note(
                        program.place_of_function(site.function),
                        f"`{site.use.short}` takes a `{argument.cls.name}` here",
                    ),
                    *made_in(program, argument, how),
                ],
                help="Hold a module-level function, or an object that compares by value (a frozen dataclass).",
            )  # fmt: skip


def handed_to_makers(
    rule: Rule, program: Program, argument: PytreeArgument, callers: set[Function]
) -> Iterator[Finding]:
    """`Block(weight, act=lambda v: ...)`: new at each making, in a field that is static."""
    facts = class_facts(program, argument.cls)
    site = argument.site
    for name in all_fields(program, argument.cls):
        if not (name in facts.static or (site.filtered and facts.pytree == "fields")):
            continue
        for call, value in settings(program, argument.cls, name, []):
            found = fresh_by_identity(program, value)
            if found is None or call.flow is None or class_of_pytree(program, value):
                continue
            how = making(program, value)
            maker = call.flow.function
            if not how.confidence or program.tracing.context(maker, abstract=True) is not None:
                continue
            sure = how.confidence if maker in callers or hands_on(program, maker, callers) else 0.5
            written = argument_expr(call, value)
            yield rule.found(
                program.place(call.flow, written),
                f"`{name}` of `{argument.cls.name}` is {found[0]}: it is hashed by identity and belongs to the structure of "
                f"the object, so each new `{argument.cls.name}` compiles `{site.function.name}` again{how.again}",
                sure,
                facts={"attribute": name, "class": argument.cls.name, "function": site.function.name, "made": found[0]},
                notes=[
                    Note(
                        program.place_of_function(site.function),
                        f"`{site.use.short}` takes a `{argument.cls.name}` here",
                    )
                ],
                help="Hold a function of the module, or an object that compares by value (a frozen dataclass).",
            )
            break


def class_of_pytree(program: Program, value: v.Value) -> bool:
    return any(class_facts(program, cls).pytree for cls in classes_of(program, value))


def hands_on(program: Program, maker: Function, callers: set[Function]) -> bool:
    """Whether a function that calls the jitted one also calls the function that makes the object."""
    return any(edge.caller in callers for edge in program.graph.callers(maker))


def made_in(program: Program, argument: PytreeArgument, how: Making) -> Iterator[Note]:
    for call in program.graph.built(argument.cls):
        if call.flow is not None and making(program, call) == how:
            yield Note(program.place(call.flow, call.expr), f"a new `{argument.cls.name}` is made here{how.again}")
            return
