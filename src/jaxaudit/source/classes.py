"""The project's classes: lineage, fields, of which class a value is, what its attributes may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaxaudit.source import calls, provenance
from jaxaudit.source import values as v
from jaxaudit.source.events import Store
from jaxaudit.source.facts import WRITES_ATTRIBUTE

if TYPE_CHECKING:
    from jaxaudit.source.flow import Flow
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Class, Function


def lineage(program: Program, cls: Class) -> list[Class]:
    """The class and its bases of the project, nearest first."""
    found = cls.memo.get("lineage")
    if found is None:
        cls.memo["lineage"] = [cls]
        found = [cls]
        for base in cls.ready().bases:
            for root in provenance.roots(program, _unsubscripted(base)):
                if isinstance(root, v.ClassValue):
                    for above in lineage(program, root.cls):
                        if above not in found:
                            found.append(above)
        cls.memo["lineage"] = found
    return found


def external_bases(program: Program, cls: Class) -> list[str]:
    """The library classes that a class is built on, through the project's own ones."""
    out = []
    for part in lineage(program, cls):
        for base in part.ready().bases:
            name = calls.known_name(program, v.settle(_unsubscripted(base)))
            if name is not None:
                out.append(name)
    return out


def _unsubscripted(base: v.Value) -> v.Value:
    return base.base if isinstance(base, v.Item) else base


def method_of(program: Program, cls: Class, name: str) -> Function | None:
    for part in lineage(program, cls):
        method = part.methods.get(name)
        if method is not None:
            return method
    return None


def classes_of(program: Program, value: v.Value, depth: int = 0) -> tuple[Class, ...]:
    """The project's classes that a value may be an instance of."""
    memo = value.memo
    if memo is None:
        memo = value.memo = {}
    key = program.keys["classes"]
    found: Any = memo.get(key)
    if found is not None:
        if found is _ASKED:
            program.memo["classes asked"].circles += 1
            return ()
        return found
    if depth > v.DEEPEST:
        return ()
    asked = program.memo.get("classes asked")
    if asked is None:
        asked = program.memo["classes asked"] = _Asked()
    circles = asked.circles
    memo[key] = _ASKED
    asked.open += 1
    out: dict[int, Class] = {id(c): c for c in _classes_of(program, value, depth)}
    asked.open -= 1
    memo[key] = answer = tuple(out.values())
    if asked.open and not answer and asked.circles > circles:
        asked.unsettled.append((memo, key))
    elif not asked.open and asked.unsettled:
        for one, name in asked.unsettled:
            one.pop(name, None)
        asked.unsettled.clear()
    return answer


class _Asked:
    """How many questions for classes are open, how often one met itself, and which empty answers that left behind:
    they are asked again when the outermost question is answered."""

    __slots__ = ("circles", "open", "unsettled")

    def __init__(self) -> None:
        self.open = 0
        self.circles = 0
        self.unsettled: list[tuple[dict[str, Any], str]] = []


_ASKED = ("asked",)


def _classes_of(program: Program, value: v.Value, depth: int) -> list[Class]:
    annotated = program.annotations.get(id(value))
    if annotated is not None:
        found = annotation_classes(program, annotated[2].detached(annotated[1]))
        if found:
            return found
    if isinstance(value, v.Param):
        function: Function = value.function
        name: str = value.name
        if function.owner is not None and name == function.self_name:
            return [function.owner]
        parameter = function.parameter(name)
        if parameter is not None and parameter.annotation is not None:
            found = annotation_classes(program, _outside(function).detached(parameter.annotation))
            if found:
                return found
        return [c for _, s in program.sources(value) for c in classes_of(program, s, depth + 1)]
    if isinstance(value, v.Call):
        return _classes_of_call(program, value, depth)
    if isinstance(value, v.Attr):
        found = declared_classes(program, value)
        if found:
            return found
    return [c for step in provenance.expand(program, value) for c in classes_of(program, step, depth + 1)]


def _classes_of_call(program: Program, call: v.Call, depth: int) -> list[Class]:
    func = v.settle(call.func)
    if isinstance(func, v.ClassValue):
        return [func.cls]
    name = calls.known_name(program, func)
    if name in _SAME_CLASS and len(call.args) > _SAME_CLASS[name]:
        return list(classes_of(program, call.args[_SAME_CLASS[name]], depth + 1))
    if isinstance(func, v.Param) and func.function.owner is not None and func.name == "cls":
        return [func.function.owner]
    if isinstance(func, v.Attr) and func.name in ("replace", "_replace", "copy"):
        return list(classes_of(program, func.base, depth + 1))
    out: list[Class] = []
    for target in calls.targets(program, call.func, depth + 1):
        function = target.function
        if function.returns is not None:
            declared = annotation_classes(program, _outside(function).detached(function.returns))
            if declared:
                out += declared
                continue
        if function.name != "__init__":
            for r in function.flow.returns:
                out += classes_of(program, r.value, depth + 1)
    if not out:
        for root in provenance.expand(program, func):
            if isinstance(root, v.ClassValue):
                out.append(root.cls)
    return out


_SAME_CLASS = {
    "equinox.tree_at": 1, "dataclasses.replace": 0, "copy.copy": 0, "copy.deepcopy": 0, "jax.device_put": 0,
    "equinox.apply_updates": 0, "optax.apply_updates": 0, "jax.tree.map": 1, "equinox.filter": 0,
    "equinox.combine": 0, "equinox.nn.inference_mode": 0, "jax.block_until_ready": 0,
    "typing.cast": 1, "jax.lax.stop_gradient": 0,
}  # fmt: skip


def _outside(function: Function) -> Flow:
    return (function.parent or function.module.function).flow


def annotation_classes(program: Program, annotation: v.Value) -> list[Class]:
    """`Model`, `Model | None`, `Optional[Model]`, `"Model"`: the project's classes in an annotation."""
    if isinstance(annotation, v.ClassValue):
        return [annotation.cls]
    if isinstance(annotation, v.Op):
        return [c for o in annotation.operands for c in annotation_classes(program, o)]
    if isinstance(annotation, v.Item):
        if calls.known_name(program, annotation.base) in ("typing.Optional", "typing.Annotated", "typing.Union"):
            inner = annotation.index
            return [c for p in (inner, *inner.parts()) for c in annotation_classes(program, p)]
        return annotation_classes(program, annotation.base)
    settled = v.settle(annotation)
    return annotation_classes(program, settled) if settled is not annotation else []


def declared_classes(program: Program, attr: v.Attr) -> list[Class]:
    for cls in classes_of(program, attr.base):
        for part in lineage(program, cls):
            annotation = field_annotation(part, attr.name)
            if annotation is not None and (flow := part.ready().flow) is not None:
                found = annotation_classes(program, flow.detached(annotation))
                if found:
                    return found
    return []


def field_annotation(cls: Class, name: str) -> object | None:
    """The annotation of a field in the class body."""
    return cls_fields(cls).get(name, (None, None))[0]


def cls_fields(cls: Class) -> dict[str, tuple[object, object, int]]:
    """Annotated fields of the class body, in order: name -> (annotation, default expression, line)."""
    found = cls.memo.get("fields")
    if found is None:
        found = {
            target[1]: (s[4], s[2], s[3], target)
            for s in cls.body
            if s[0] == "=" and s[4] is not None
            for target in s[1]
            if target[0] == "n"
        }
        cls.memo["fields"] = found
    return found


def attribute_values(program: Program, attr: v.Attr) -> tuple[v.Value, ...]:
    """What `base.name` may be: methods, class attributes, what the class stores there, what its makers pass in."""
    memo = attr.memo
    if memo is None:
        memo = attr.memo = {}
    key = program.keys["attribute"]
    found: tuple[v.Value, ...] | None = memo.get(key)
    if found is not None:
        return found
    memo[key] = ()
    out: list[v.Value] = []
    base = v.settle(attr.base)
    classes = [base.cls] if isinstance(base, v.ClassValue) else classes_of(program, attr.base)
    for cls in classes:
        out += class_attribute(program, cls, attr.name)
    memo[key] = found = tuple(out)
    return found


def hooks(program: Program, attr: v.Attr) -> list[v.Value]:
    """`self._step` of a base class that leaves `_step` to its subclasses: their methods, where they are few."""
    base = v.settle(attr.base)
    if not isinstance(base, v.Param) or base.function.owner is None or base.name != base.function.self_name:
        return []
    cls: Class = base.function.owner
    key = ("hooks", attr.name)
    found = cls.memo.get(key)
    if found is None:
        found = cls.memo[key] = []
        for module in dict.fromkeys(module for module, _ in program.index.get(cls.name, ())):
            for one in module.classes:
                if attr.name in one.methods and one is not cls and cls in lineage(program, one):
                    found += one.ready().namespace.get(attr.name, ())
        if len(found) > MANY_HOOKS:
            found.clear()
    return found


MANY_HOOKS = 4


def is_left_open(value: v.Value) -> bool:
    """A method without a body of its own (`...`, `raise NotImplementedError`): subclasses say what it does."""
    while isinstance(value, v.Call) and value.decorator and value.args:
        value = value.args[0]
    if not isinstance(value, v.FunctionValue) or value.function.owner is None:
        return False
    return all(statement[0] in ("raise", "del") for statement in value.function.body)


def class_attribute(program: Program, cls: Class, name: str) -> list[v.Value]:
    key = (program.keys["attribute"], name)
    found = cls.memo.get(key)
    if found is None:
        cls.memo[key] = []
        found = []
        for part in lineage(program, cls):
            here = [value for value in part.ready().namespace.get(name, ()) if not _is_setter(value)]
            here += [store.value for store in stores_on_self(part, name)]
            found += here
            if here and not _is_field_marker(here):
                break
        if name in all_fields(program, cls):
            found = [f for f in found if not _is_field_marker([f])] + program.field_arguments(cls, name)
        cls.memo[key] = found
    return found


def _is_setter(value: v.Value) -> bool:
    """`@width.setter`: reading the attribute runs the property's getter, never this."""
    func = value.func if isinstance(value, v.Call) and value.decorator else None
    return isinstance(func, v.Attr) and func.name in ("setter", "deleter")


def _is_field_marker(found: list[v.Value]) -> bool:
    return all(
        isinstance(f, v.Call)
        and isinstance(f.func, v.External)
        and f.func.name.rpartition(".")[2] in ("field", "static_field", "param")
        for f in found
    )


def all_fields(program: Program, cls: Class) -> dict[str, tuple[object, object, int]]:
    """Annotated fields with those of the bases in front, as dataclasses order them."""
    out: dict[str, tuple[object, object, int]] = {}
    for part in reversed(lineage(program, cls)):
        out.update(cls_fields(part))
    return out


def stores_on_self(cls: Class, attribute: str | None = None) -> list[Store]:
    """Writes to attributes of the object itself, in the class's own methods; only methods that write the word are read."""
    out: list[Store] = []
    for method in cls.methods.values():
        used = cls.module.units[method.unit][1]
        if WRITES_ATTRIBUTE + (attribute or "") not in used and "__setattr__" not in used:
            continue
        out += _stores_of(method)
    return out if attribute is None else [store for store in out if store.name == attribute]


def _stores_of(method: Function) -> list[Store]:
    found = method.memo.get("stores")
    if found is None:
        found = method.memo["stores"] = []
        name = method.self_name
        if name is None:
            return found
        for store in method.flow.stores:
            base = store.base
            if store.kind == "attribute" and isinstance(base, v.Param) and base.name == name:
                found.append(store)
        for call in method.flow.calls:
            if known_name_of_setter(call.func) and len(call.args) == 3 and isinstance(call.args[1], v.Const):
                key: str = call.args[1].value
                found.append(
                    Store(
                        "attribute",
                        call.args[0],
                        key,
                        call.args[2],
                        False,
                        call.expr,
                        call.path,
                        call.loops,
                        call.order,
                    )
                )
    return found


def known_name_of_setter(func: v.Value) -> bool:
    """`object.__setattr__(self, "name", value)`: how frozen dataclasses set their own fields."""
    return isinstance(func, v.External) and func.name == "builtins.object.__setattr__"
