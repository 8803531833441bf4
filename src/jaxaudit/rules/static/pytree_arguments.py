"""Objects that reach a jitted function as pytrees, and what of them is static."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.model import Place
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.classes import (
    all_fields,
    annotation_classes,
    classes_of,
    cls_fields,
    lineage,
    method_of,
    stores_on_self,
)
from jaxaudit.source.fields import auxiliary, class_facts, decorator_name
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Class
from jaxaudit.source.sites import Site, jit_sites
from jaxaudit.source.structure import parameters_in


class PytreeArgument(NamedTuple):
    """A class whose instances a jitted function takes for its parameter `name` (or inside of it)."""

    site: Site
    name: str
    cls: Class


def pytree_arguments(program: Program) -> Iterator[PytreeArgument]:
    """Each class once, with the first jitted function that takes it."""
    done: set[Class] = set()
    for site in jit_sites(program):
        if site.flow.function.module.context:
            continue
        for name in site.traced_parameters():
            bound = site.function.flow.bindings.get(name)
            if not bound:
                continue
            for cls in classes_of(program, bound[0]):
                for inner in with_fields(program, cls):
                    if inner not in done and not inner.module.context:
                        done.add(inner)
                        if class_facts(program, inner).pytree:
                            yield PytreeArgument(site, name, inner)


def with_fields(program: Program, cls: Class, depth: int = 0) -> list[Class]:
    """The class, and the project's classes that its fields are annotated with or hold."""
    out = [cls]
    if depth < 2:
        for part in lineage(program, cls):
            for row in cls_fields(part).values():
                flow = part.ready().flow
                if flow is not None:
                    for inner in annotation_classes(program, flow.detached(row[0])):
                        out += [x for x in with_fields(program, inner, depth + 1) if x not in out]
            for store in stores_on_self(part):
                for inner in classes_of(program, store.value):
                    out += [x for x in with_fields(program, inner, depth + 1) if x not in out]
    return out


def field_place(program: Program, cls: Class, name: str) -> Place | None:
    """Where a field is made static: its name in `meta_fields`, its attribute in the auxiliary data of a flatten
    function, else its declaration in the class body."""
    handed = auxiliary(program, cls, name)
    if handed is not None and handed.flow is not None:
        return program.place(handed.flow, handed.expr)
    for part in lineage(program, cls):
        registered = part.memo.get("registered")
        calls = [call for d in part.ready().decorators for call in decorator_name(program, d)[1]]
        for call in [registered, *calls] if registered is not None else calls:
            listed = call.keyword("meta_fields")
            for item in listed.items if listed.__class__ is v.Sequence else ():
                if item.__class__ is v.Const and item.value == name and item.flow is not None:
                    return program.place(item.flow, item.expr)._replace(function=part.name)
        row = cls_fields(part).get(name)
        if row is not None and part.ready().flow is not None:
            target = row[3]  # type: ignore[misc]
            return program.place(part.flow, target)._replace(function=part.name)  # type: ignore[arg-type]
    return None


def stored_place(program: Program, cls: Class, name: str) -> Place:
    """Where a method sets an attribute, else the class."""
    for part in lineage(program, cls):
        for store in stores_on_self(part):
            if store.name == name and store.base is not None and store.base.flow is not None:
                return program.place(store.base.flow, store.expr)
    return program.place_of_class(cls)


def settings(program: Program, cls: Class, name: str, replaced: list[v.Call]) -> Iterator[tuple[v.Call, v.Value]]:
    """The calls that set a field of a new object, with what they set it to: directly, or through its `__init__`."""
    start = method_of(program, cls, "__init__")
    fields = list(all_fields(program, cls))
    stored = [s.value for part in lineage(program, cls) for s in stores_on_self(part) if s.name == name]
    fed = {
        p.name for value in stored for p in parameters_in(program, value) if p.function is start and is_bare(value, p)
    }
    for call in program.graph.built(cls):
        if start is None:
            value = call.argument(fields.index(name) if name in fields else None, name)
            if value is not None:
                yield call, value
            continue
        bound = bind(call, c.Target(start, call))
        for parameter in fed & bound.keys():
            yield call, bound[parameter]
    for call in replaced:
        value = call.argument(2, "replace") if place_in_tree(program, call) else call.keyword(name)
        if value is not None and cls in classes_of(program, replaced_object(call)):
            yield call, value


def is_bare(value: v.Value, param: v.Param, depth: int = 0) -> bool:
    """Whether the value takes the parameter itself, and not only something that it holds (`given.batch_axis`)."""
    if value is param:
        return True
    if depth > 8 or (isinstance(value, v.Attr) and value.base is param):
        return depth > 8
    return any(is_bare(part, param, depth + 1) for part in value.parts())


def place_in_tree(program: Program, call: v.Call) -> str:
    """The field that `eqx.tree_at(lambda x: x.field, x, value)` replaces; "" for other calls and deeper places."""
    if c.known_name(program, call.func) != "equinox.tree_at" or len(call.args) < 2:
        return ""
    for target in c.targets(program, call.args[0]):
        for returned in target.function.flow.returns:
            if isinstance(returned.value, v.Attr) and isinstance(returned.value.base, v.Param):
                return str(returned.value.name)
    return ""


def replaced_object(call: v.Call) -> v.Value:
    if len(call.args) > 1 and call.flow is not None and place_in_tree(call.flow.program, call):
        return call.args[1]
    return call.func.base if call.func.__class__ is v.Attr else call.args[0] if call.args else call.func
