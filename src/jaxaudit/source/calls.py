"""What a call calls: through names, partial, decorators, transformations, methods, factories and attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from jaxaudit.source import values as v
from jaxaudit.source.flow import Store
from jaxaudit.source.knowledge.higher_order import TRANSPARENT
from jaxaudit.source.knowledge.transforms import Slot, Transform
from jaxaudit.source.knowledge.transforms_of_libraries import TRANSFORMS

if TYPE_CHECKING:
    from jaxaudit.source.flow import Flow
    from jaxaudit.source.program import Class, Function, Program

DEEPEST = 14
"""How many names, wrappers and factories are looked through before we say that we don't know."""


class Target(NamedTuple):
    """A function that a value calls in the end.

    `receiver` is what its first parameter is bound to (methods), `partials` the calls of functools.partial around it and
    `chain` the transformations around it, both outermost first. `skipped` first arguments are not the function's own:
    Flax's `model.apply(params, x)` runs `__call__(x)`.
    """

    function: Function
    receiver: v.Value | None = None
    partials: tuple[v.Call, ...] = ()
    chain: tuple[TransformUse, ...] = ()
    value: v.Value | None = None
    skipped: int = 0


class TransformUse(NamedTuple):
    """One use of a transformation: `jax.jit(f, static_argnums=0)`, as decorator, by partial or by factory.

    `call` is the call that hands over the functions, `options` the calls that carry its keywords.
    """

    name: str
    spec: Transform
    call: v.Call
    options: tuple[v.Call, ...]
    functions: tuple[tuple[v.Value, Slot], ...]

    def option(self, *names: str) -> v.Value | None:
        for call in self.options:
            for name in names:
                found = call.keyword(name) if name else None
                if found is not None:
                    return found
        return None

    @property
    def short(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def flow(self) -> Flow:
        return self.call.flow


def known_name(program: Program, value: v.Value) -> str | None:
    """The dotted name by which a library's thing is known, also when the library itself is what is checked."""
    kind = value.__class__
    if kind is v.External:
        return value.name  # type: ignore[attr-defined]
    if kind not in _NAMED:
        return None
    if kind is v.Attr:
        base: Any = value.base  # type: ignore[attr-defined]
        if base.__class__ in _INDIRECT:
            base = v.settle(base)  # type: ignore[arg-type]
        return f"{base.name}.{value.name}" if base.__class__ is v.External else None  # type: ignore[attr-defined]
    if kind in _INDIRECT:
        settled = v.settle(value)
        if settled is not value:
            return known_name(program, settled)
        return known_wrapped(program, value) if program.known and isinstance(value, v.Free) else None
    known = program.known
    if known:
        if kind is v.Call:
            return known_name(program, value.args[0]) if value.decorator else None  # type: ignore[attr-defined]
        return known.get(value.function if kind is v.FunctionValue else value.cls)  # type: ignore[attr-defined]
    return None


def known_wrapped(program: Program, free: v.Free) -> str | None:
    """`jit = boundary(jit)`: a library's own name that is bound again, wrapped."""
    for value in free.values():
        while isinstance(value, v.Call) and value.args:
            value = value.args[0]
        if isinstance(value, v.FunctionValue) and value.function in program.known:
            return program.known[value.function]
    return None


_INDIRECT = frozenset({v.Free, v.Imported, v.Phi})
_NAMED = _INDIRECT | {v.Attr, v.FunctionValue, v.ClassValue, v.Call}


def transform_of(program: Program, call: v.Call) -> TransformUse | None:
    """The transformation that a call applies, if it applies one."""
    found: TransformUse | None = call.transform
    if found is v.NOT_ASKED:
        call.transform = None
        found = call.transform = _transform_of(program, call)
    return found


def _transform_of(program: Program, call: v.Call) -> TransformUse | None:
    func = call.func
    name = known_name(program, func)
    if name is not None:
        spec = TRANSFORMS.get(name)
        if spec is not None:
            found = _handed(spec, call.args, call)
            return TransformUse(name, spec, call, (call,), found)
        return None
    made = single(program, func)
    if not isinstance(made, v.Call):
        return None
    inner_name = known_name(program, made.func)
    if inner_name == "functools.partial" and made.args:
        name = known_name(program, made.args[0])
        spec = TRANSFORMS.get(name) if name else None
        if spec is not None and name is not None:
            handed = _handed(spec, (*made.args[1:], *call.args), call, made)
            return TransformUse(name, spec, call, (call, made), handed)
        return None
    inner = transform_of(program, made)
    if inner is not None and inner.spec.factory and not inner.functions and inner.spec.wraps and call.args:
        return TransformUse(inner.name, inner.spec, call, (*inner.options, call), ((call.args[0], Slot(0, "")),))
    return None


def _handed(spec: Transform, args: tuple[v.Value, ...], *calls: v.Call) -> tuple[tuple[v.Value, Slot], ...]:
    out: list[tuple[v.Value, Slot]] = []
    for slot in spec.functions:
        value: v.Value | None = None
        if slot.many == "rest":
            out += [(a, slot) for a in args[max(slot.position, 0) :]]
            continue
        if slot.many == "rest_keywords":
            out += [(a, slot) for call in calls for k, a in call.kwargs if k]
            continue
        if 0 <= slot.position < len(args) and not any(isinstance(a, v.Star) for a in args[: slot.position + 1]):
            value = args[slot.position]
        elif slot.keyword:
            value = next((k for k in (call.keyword(slot.keyword) for call in calls) if k is not None), None)
        if value is None:
            continue
        if slot.many == "sequence":
            inner = v.settle(value)
            if isinstance(inner, v.Sequence):
                out += [(i, slot) for i in inner.items]
            elif isinstance(inner, v.Comprehension):
                out.append((inner.element, slot))
            continue
        if isinstance(value, v.Const):
            continue
        out.append((value, slot))
    return tuple(out)


def single(program: Program, value: v.Value) -> v.Value:
    """The one value behind names and attributes, or the value itself when there may be several."""
    for _ in range(DEEPEST):
        if value.__class__ in _SINGLE:
            found = expand(program, value)
            if len(found) != 1:
                return value
            value = found[0]
        else:
            return value
    return value


_SINGLE = frozenset({v.Free, v.Imported, v.Phi, v.Left, v.Attr, v.Item})


def expand(program: Program, value: v.Value) -> tuple[v.Value, ...]:
    """One step towards where a value comes from: what the name, item or attribute may stand for. () at a root."""
    step = _STEPS.get(value.__class__)
    return () if step is None else step(program, value)


_STEPS: dict[type, Callable[[Program, Any], tuple[v.Value, ...]]] = {
    v.Free: lambda program, value: value.values(),
    v.Phi: lambda program, value: value.options,
    v.Carried: lambda program, value: value.parts(),
    v.Left: lambda program, value: value.parts(),
    v.Imported: lambda program, value: value.parts(),
    v.Attr: lambda program, value: attribute_values(program, value),
    v.Item: lambda program, value: _item_values(program, value),
    v.Elem: lambda program, value: elements(program, value.iterable),
}


SPREADS = 3
"""So many dicts are followed that are spread into others; in a loop a dict may be spread into itself."""


def _item_values(program: Program, item: v.Item) -> tuple[v.Value, ...]:
    memo = item.memo
    if memo is None:
        memo = item.memo = {}
    if program.keys["values"] in memo:
        return memo[program.keys["values"]]
    memo[program.keys["values"]] = ()
    index = item.index.value if isinstance(item.index, v.Const) else None
    out: list[v.Value] = []
    if isinstance(item.base, v.Elem):
        out += _item_of_element(program, item.base, index)
    else:
        for base in roots(program, item.base):
            out += _pick(program, base, index)
    memo[program.keys["values"]] = tuple(out)
    return memo[program.keys["values"]]


def _pick(program: Program, base: v.Value, index: object, depth: int = 0) -> list[v.Value]:
    if isinstance(base, v.Sequence):
        items = base.items
        if any(isinstance(i, v.Star) for i in items):
            return []
        if type(index) is int:
            return [items[index]] if -len(items) <= index < len(items) else []
        return list(items)
    if isinstance(base, v.Mapping):
        found = base.get(index) if index is not None else None
        if found is not None:
            return [found]
        parts = [x for k, x in base.pairs if k is None] if depth < SPREADS else []  # {**defaults, ...}
        inside = [one for x in parts for root in roots(program, x) for one in _pick(program, root, index, depth + 1)]
        return [*inside, *[x for k, x in base.pairs if k is not None and not isinstance(k, v.Const)]]
    if isinstance(base, v.Call) and type(index) is str:
        named = written_keywords(program, base).get(index)
        return [] if named is None else [named]
    if isinstance(base, v.Comprehension):
        return [base.element]
    return []


def _item_of_element(program: Program, elem: v.Elem, index: object) -> list[v.Value]:
    """`for a, b in zip(xs, ys)`, `enumerate(xs)`, `d.items()`, or a list of tuples."""
    source = v.settle(elem.iterable)
    if isinstance(source, v.Call) and type(index) is int:
        name = known_name(program, source.func)
        args = source.args
        if name in ("builtins.zip", "itertools.product") and 0 <= index < len(args):
            return list(elements(program, args[index])) or [v.Elem(args[index], elem.loop, elem.expr, elem.flow)]
        if name == "builtins.enumerate" and args:
            if index == 1:
                return list(elements(program, args[0])) or [v.Elem(args[0], elem.loop, elem.expr, elem.flow)]
            return []
    out: list[v.Value] = []
    for element in elements(program, elem.iterable):
        for root in roots(program, element):
            out += _pick(program, root, index)
    return out


def elements(program: Program, iterable: v.Value) -> tuple[v.Value, ...]:
    """The values that a loop over this takes, where they are written out."""
    memo = iterable.memo
    if memo is None:
        memo = iterable.memo = {}
    key = program.keys["elements"]
    if key not in memo:
        memo[key] = ()
        memo[key] = tuple(_elements(program, iterable))
    return memo[key]


def _elements(program: Program, iterable: v.Value) -> list[v.Value]:
    out: list[v.Value] = []
    for root in roots(program, iterable):
        if isinstance(root, v.Sequence):
            out += [i for i in root.items if not isinstance(i, v.Star)]
        elif isinstance(root, v.Comprehension):
            out.append(root.element)
        elif isinstance(root, v.Mapping):
            out += [k for k, _ in root.pairs if k is not None]
        elif isinstance(root, v.Call):
            func = root.func
            name = known_name(program, func)
            if name in ("builtins.list", "builtins.tuple", "builtins.sorted", "builtins.reversed") and root.args:
                out += elements(program, root.args[0])
            elif isinstance(func, v.Attr) and func.name in ("values", "keys"):
                for base in roots(program, func.base):
                    if isinstance(base, v.Mapping):
                        out += [x if func.name == "values" else k for k, x in base.pairs if k is not None]
    return out


def roots(program: Program, value: v.Value, depth: int = 0) -> tuple[v.Value, ...]:
    """Where a value comes from, names, items, attributes and the project's own functions followed; callers are not."""
    memo = value.memo
    if memo is None:
        memo = value.memo = {}
    found = memo.get(program.keys["roots"])
    if found is not None:
        return found
    memo[program.keys["roots"]] = (value,)
    steps = expand(program, value)
    if not steps and isinstance(value, v.Call):
        steps = returned(program, value)
    if not steps or depth > DEEPEST:
        if depth > DEEPEST:
            del memo[program.keys["roots"]]
        return (value,)
    out: dict[int, v.Value] = {}
    for step in steps:
        for root in roots(program, step, depth + 1):
            out[id(root)] = root
    memo[program.keys["roots"]] = tuple(out.values())
    return memo[program.keys["roots"]]


def returned(program: Program, call: v.Call) -> tuple[v.Value, ...]:
    """What a call of the project's own untransformed function may return, as that function sees it."""
    out: list[v.Value] = []
    for target in targets(program, call.func):
        if target.function.name == "__init__" or any(u.spec.wraps and u.spec.kind != "jit" for u in target.chain):
            return ()
        if target.function.is_async or target.function.flow.yields or target.skipped:
            return ()  # Flax's `apply` may return changed variables beside the result
        out += [r.value for r in target.function.flow.returns]
    return tuple(out)


def targets(program: Program, value: v.Value, depth: int = 0) -> tuple[Target, ...]:
    """The project's functions that calling this value runs."""
    kind = value.__class__
    if kind is v.FunctionValue:
        return value.function.itself(value)  # type: ignore[attr-defined]
    if kind in _NO_TARGET:
        return ()
    memo = value.memo
    if memo is None:
        memo = value.memo = {}
    found = memo.get(program.keys["targets"])
    if found is not None:
        return found
    if depth > DEEPEST:
        return ()
    memo[program.keys["targets"]] = ()
    out = _targets(program, value, depth)
    unique: dict[tuple[int, int], Target] = {}
    for target in out:
        unique.setdefault((id(target.function), len(target.chain)), target)
    memo[program.keys["targets"]] = tuple(unique.values())
    return memo[program.keys["targets"]]


_NO_TARGET = frozenset({v.Unknown, v.External, v.Const, v.ModuleValue, v.Op, v.Text, v.Sequence, v.Mapping})


def _targets(program: Program, value: v.Value, depth: int) -> list[Target]:
    if isinstance(value, v.ClassValue):
        start = method_of(program, value.cls, "__init__")
        return [Target(start, value)] if start is not None else []
    if isinstance(value, v.Call):
        return _targets_of_call(program, value, depth)
    if isinstance(value, v.Attr):
        out = _targets_of_attribute(program, value, depth)
        if out:
            return out
    if isinstance(value, v.Param):
        out = [t for _, source in program.sources(value) for t in targets(program, source, depth + 1)]
        return out or _called_objects(program, value, depth)
    return [t for step in expand(program, value) for t in targets(program, step, depth + 1)]


def _called_objects(program: Program, value: v.Value, depth: int) -> list[Target]:
    """`model(x)` runs `__call__` of the model's class, with what decorates it."""
    for cls in classes_of(program, value):
        out = [
            target._replace(receiver=value)
            for method in class_attribute(program, cls, "__call__")
            for target in targets(program, method, depth + 1)
        ]
        if out:
            return out
    return []


def _targets_of_call(program: Program, call: v.Call, depth: int) -> list[Target]:
    use = transform_of(program, call)
    if use is not None:
        if not use.spec.wraps:
            return []
        out = []
        for function, slot in use.functions:
            if slot.host:
                continue
            found = targets(program, function, depth + 1)
            out += [t._replace(chain=(use, *t.chain)) for t in found if not t.skipped]
        return out
    name = known_name(program, call.func)
    if name in TRANSPARENT:
        slot, how = TRANSPARENT[name]
        inner = call.argument(slot.position, slot.keyword)
        if inner is None:
            return []
        found = targets(program, inner, depth + 1)
        if how == "partial":
            return [t._replace(partials=(call, *t.partials)) for t in found]
        return list(found)
    if name is None:
        made = single(program, call.func)
        if isinstance(made, v.Call) and made is not call:
            inner_name = known_name(program, made.func)
            if inner_name in TRANSPARENT and call.args:  # @lru_cache(maxsize=1), @partial(wrapper, option=1)
                return list(targets(program, call.args[0], depth + 1))
        own = targets(program, call.func, depth + 1)
        if own:
            out = [
                t
                for target in own
                if target.function.name != "__init__"
                for r in target.function.flow.returns
                for t in targets(program, r.value, depth + 1)
            ]
            if out:
                return out
        out = _called_objects(program, call, depth)
        if out:
            return out
    if call.decorator and call.args:
        return list(targets(program, call.args[0], depth + 1))
    return []


def _targets_of_attribute(program: Program, attr: v.Attr, depth: int) -> list[Target]:
    base = attr.base
    if attr.name in ("__call__", "__wrapped__", "func"):
        return list(targets(program, base, depth + 1))
    out: list[Target] = []
    for value in attribute_values(program, attr):
        for target in targets(program, value, depth + 1):
            function = target.function
            bound = (
                function.owner is not None
                and target.receiver is None
                and function.self_name is not None
                and not isinstance(base, v.ClassValue)
                and _plain_method(value)
            )
            out.append(target._replace(receiver=base) if bound else target)
    return out or (_applied(program, attr) if attr.name == "apply" else out)


def _applied(program: Program, attr: v.Attr) -> list[Target]:
    """`model.apply(params, x)` of a Flax module runs its `__call__`."""
    out = []
    for cls in classes_of(program, attr.base):
        method = method_of(program, cls, "__call__")
        if method is not None and "flax.linen.Module" in external_bases(program, cls):
            out.append(Target(method, attr.base, skipped=1))
    return out


def _plain_method(value: v.Value) -> bool:
    """A def of the class body (decorated or not), not a bound method that was stored in an attribute."""
    while isinstance(value, v.Call):
        if not value.decorator or not value.args:
            return False
        value = value.args[0]
    return isinstance(value, v.FunctionValue)


# -- classes -----------------------------------------------------------------------------------------------------------


def lineage(program: Program, cls: Class) -> list[Class]:
    """The class and its bases of the project, nearest first."""
    found = cls.memo.get("lineage")
    if found is None:
        cls.memo["lineage"] = [cls]
        found = [cls]
        for base in cls.ready().bases:
            for root in roots(program, _unsubscripted(base)):
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
            name = known_name(program, v.settle(_unsubscripted(base)))
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
    found = memo.get(key)
    if found is not None:
        if found is _ASKED:
            program.memo["classes asked"].circles += 1
            return ()
        return cast("tuple[Class, ...]", found)
    if depth > DEEPEST:
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
    return [c for step in expand(program, value) for c in classes_of(program, step, depth + 1)]


def _classes_of_call(program: Program, call: v.Call, depth: int) -> list[Class]:
    func = v.settle(call.func)
    if isinstance(func, v.ClassValue):
        return [func.cls]
    name = known_name(program, func)
    if name in _SAME_CLASS and len(call.args) > _SAME_CLASS[name]:
        return list(classes_of(program, call.args[_SAME_CLASS[name]], depth + 1))
    if isinstance(func, v.Param) and func.function.owner is not None and func.name == "cls":
        return [func.function.owner]
    if isinstance(func, v.Attr) and func.name in ("replace", "_replace", "copy"):
        return list(classes_of(program, func.base, depth + 1))
    out: list[Class] = []
    for target in targets(program, call.func, depth + 1):
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
        for root in expand(program, func):
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
        if known_name(program, annotation.base) in ("typing.Optional", "typing.Annotated", "typing.Union"):
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
    if program.keys["attribute"] in memo:
        return memo[program.keys["attribute"]]
    memo[program.keys["attribute"]] = ()
    out: list[v.Value] = []
    base = v.settle(attr.base)
    classes = [base.cls] if isinstance(base, v.ClassValue) else classes_of(program, attr.base)
    for cls in classes:
        out += class_attribute(program, cls, attr.name)
    memo[program.keys["attribute"]] = tuple(out)
    return memo[program.keys["attribute"]]


def class_attribute(program: Program, cls: Class, name: str) -> list[v.Value]:
    key = (program.keys["attribute"], name)
    found = cls.memo.get(key)
    if found is None:
        cls.memo[key] = []
        found = []
        for part in lineage(program, cls):
            here = list(part.ready().namespace.get(name, ()))
            here += [store.value for store in stores_on_self(part, name)]
            found += here
            if here and not _is_field_marker(here):
                break
        if name in all_fields(program, cls):
            found = [f for f in found if not _is_field_marker([f])] + program.field_arguments(cls, name)
        cls.memo[key] = found
    return found


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
        if attribute is not None:
            used = cls.module.units[method.unit][1]
            if attribute not in used and "__setattr__" not in used:
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


# -- arguments ---------------------------------------------------------------------------------------------------------


def keywords_of(value: v.Value) -> dict[str, v.Value]:
    """The keywords that `**value` stands for, where every dict that it may be is written out."""
    if value.flow is None:
        return {}
    program = value.flow.program
    steps = expand(program, value) or (value,)
    written = [written_keywords(program, root) for step in steps for root in roots(program, step)]
    if not written or not all(written):
        return {}
    if len(written) == 1:
        return written[0]
    names = set.intersection(*[set(one) for one in written])
    return {name: v.Item(value, v.Const(name), value.expr, value.flow) for name in sorted(names)}


def written_keywords(program: Program, value: v.Value) -> dict[str, v.Value]:
    """`{"n": 1}` and `dict(n=1)` by their keys; {} where one is not known."""
    if isinstance(value, v.Mapping):
        named = {k.value: x for k, x in value.pairs if isinstance(k, v.Const) and isinstance(k.value, str)}
        return named if len(named) == len(value.pairs) else {}
    if isinstance(value, v.Call) and not value.args and known_name(program, value.func) == "builtins.dict":
        return {k: x for k, x in value.kwargs if k} if all(k for k, _ in value.kwargs) else {}
    return {}


def bind(call: v.Call, target: Target) -> dict[str, v.Value]:
    """Which argument each parameter of the called function gets, as far as the call shows it."""
    positional, star, names = target.function.signature
    handed = call.args
    keywords = call.kwargs
    for part in target.partials:
        handed = (*part.args[1:], *handed)
        keywords = (*part.kwargs, *keywords)
    if target.skipped:
        handed = handed[target.skipped :]
    if target.receiver is not None:
        handed = (target.receiver, *handed)
    out: dict[str, v.Value] = {}
    for index, value in enumerate(handed):
        if value.__class__ is v.Star:
            for rest in positional[index:]:
                out.setdefault(rest, v.Item(value.value, v.Unknown(), value.expr, value.flow))
            break
        if index < len(positional):
            out[positional[index]] = value
        elif star:
            out.setdefault(star, value)
    for key, value in keywords:
        if key is not None:
            if key in names:
                out[key] = value
        else:
            out.update({name: one for name, one in keywords_of(value).items() if name in names})
    return out
