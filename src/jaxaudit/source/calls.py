"""What a call calls: through names, partial, decorators, transformations, methods, factories and attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from jaxaudit.source import classes, handing_on, own_transforms, provenance
from jaxaudit.source import values as v
from jaxaudit.source.knowledge.higher_order import TRANSPARENT
from jaxaudit.source.knowledge.transforms import Slot, Transform
from jaxaudit.source.knowledge.transforms_of_libraries import TRANSFORMS

if TYPE_CHECKING:
    from jaxaudit.source.flow import Flow
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function


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
    def is_own(self) -> bool:
        """Applied by a decorator of the project's own: the call that is seen does not carry the options."""
        return self.call not in self.options

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
    if kind in _INDIRECT:
        settled = v.settle(value)
        if settled is value:
            return known_wrapped(program, value) if program.known and isinstance(value, v.Free) else None
        kind = settled.__class__
        if kind is v.External:
            return settled.name  # type: ignore[attr-defined]
        if kind in _INDIRECT:
            return known_name(program, settled)
        value = settled
    if kind not in _NAMED:
        return None
    if kind is v.Attr:
        base: Any = value.base  # type: ignore[attr-defined]
        if base.__class__ in _INDIRECT:
            base = v.settle(base)  # type: ignore[arg-type]
        return f"{base.name}.{value.name}" if base.__class__ is v.External else None  # type: ignore[attr-defined]
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


_NAMED = frozenset({v.Attr, v.FunctionValue, v.ClassValue, v.Call})


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
    made = provenance.single(program, func)
    if not isinstance(made, v.Call):
        return own_transforms.own_transform(program, call) if made.__class__ is v.FunctionValue else None
    inner_name = known_name(program, made.func)
    if inner_name == "functools.partial" and made.args:
        name = known_name(program, made.args[0])
        spec = TRANSFORMS.get(name) if name else None
        if spec is not None and name is not None:
            handed = _handed(spec, (*made.args[1:], *call.args), call, made)
            return TransformUse(name, spec, call, (call, made), handed)
        return own_transforms.own_transform(program, call)
    inner = transform_of(program, made)
    if inner is not None and inner.spec.factory and not inner.functions and inner.spec.wraps and call.args:
        return TransformUse(inner.name, inner.spec, call, (*inner.options, call), ((call.args[0], Slot(0, "")),))
    return own_transforms.own_transform(program, call) if inner is None else None


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
    key = program.keys["targets"]
    found: tuple[Target, ...] | None = memo.get(key)
    if found is not None:
        return found
    if depth > v.DEEPEST:
        return ()
    memo[key] = ()
    out = _targets(program, value, depth)
    if len(out) > 1:
        unique: dict[tuple[int, int], Target] = {}
        for target in out:
            unique.setdefault((id(target.function), len(target.chain)), target)
        memo[key] = found = tuple(unique.values())
    else:
        memo[key] = found = tuple(out)
    return found


_NO_TARGET = frozenset({v.Unknown, v.External, v.Const, v.ModuleValue, v.Op, v.Text, v.Sequence, v.Mapping})


def _targets(program: Program, value: v.Value, depth: int) -> list[Target]:
    if isinstance(value, v.ClassValue):
        start = classes.method_of(program, value.cls, "__init__")
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
    out = [t for step in provenance.expand(program, value) for t in targets(program, step, depth + 1)]
    return out or ([t for one in _in_table(program, value) for t in targets(program, one, depth + 1)])


def _in_table(program: Program, value: v.Value) -> list[v.Value]:
    """`LAWS[law]`, of a dict that is written out: whichever it is, one of its values is called."""
    if not isinstance(value, v.Item) or isinstance(value.index, v.Const):
        return []
    tables = [root for root in provenance.roots(program, value.base) if isinstance(root, v.Mapping)]
    return [one for table in tables for key, one in table.pairs if key is not None]


def _called_objects(program: Program, value: v.Value, depth: int) -> list[Target]:
    """`model(x)` runs `__call__` of the model's class, with what decorates it."""
    for cls in classes.classes_of(program, value):
        out = [
            target._replace(receiver=value)
            for method in classes.class_attribute(program, cls, "__call__")
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
            chosen = call.keyword("method")
            if chosen is not None and any(t.skipped for t in found):
                found = _chosen_method(program, chosen, found, depth)
            return [t._replace(partials=(call, *t.partials)) for t in found]
        return list(found)
    if name is None:
        made = provenance.single(program, call.func)
        if isinstance(made, v.Call) and made is not call:
            inner_name = known_name(program, made.func)
            if inner_name in TRANSPARENT and call.args:  # @lru_cache(maxsize=1), @partial(wrapper, option=1)
                return list(targets(program, call.args[0], depth + 1))
        own = targets(program, call.func, depth + 1)
        if own:
            if call.args and any(_hands_on_all(program, target.function, depth) for target in own):
                return list(targets(program, call.args[0], depth + 1))
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


def _hands_on_all(program: Program, decorator: Function, depth: int) -> bool:
    """Whether what a decorator of the project's makes only hands on its arguments to the function that it was given."""
    return any(
        handing_on.only_hands_on(made.function, decorator)
        for one in decorator.flow.returns
        if decorator.all_parameters
        for made in targets(program, one.value, depth + 1)
        if made.function.parent is decorator
    )


def _targets_of_attribute(program: Program, attr: v.Attr, depth: int) -> list[Target]:
    base = attr.base
    if attr.name in ("__call__", "__wrapped__", "func"):
        return list(targets(program, base, depth + 1))
    out: list[Target] = []
    values: Sequence[v.Value] = classes.attribute_values(program, attr)
    if all(map(classes.is_left_open, values)):
        values = classes.hooks(program, attr) or values
    for value in values:
        for target in targets(program, value, depth + 1):
            function = target.function
            bound = (
                function.owner is not None
                and target.receiver is None
                and function.self_name is not None
                and (not (isinstance(base, v.ClassValue) or is_own_class(base)) or is_classmethod(value))
                and (_plain_method(value) or _stored_by_class(value))
            )
            out.append(target._replace(receiver=base) if bound else target)
    return out or (_applied(program, attr) if attr.name == "apply" else out)


def _applied(program: Program, attr: v.Attr) -> list[Target]:
    """`model.apply(params, x)` of a Flax module runs its `__call__`."""
    out = []
    for cls in classes.classes_of(program, attr.base):
        method = classes.method_of(program, cls, "__call__")
        if method is not None and "flax.linen.Module" in classes.external_bases(program, cls):
            out.append(Target(method, attr.base, skipped=1))
    return out


def _chosen_method(program: Program, chosen: v.Value, found: tuple[Target, ...], depth: int) -> tuple[Target, ...]:
    """`partial(model.apply, method=model.embed)` runs `embed`, not `__call__`."""
    picked = targets(program, chosen, depth + 1)
    return tuple([t._replace(receiver=found[0].receiver, skipped=found[0].skipped) for t in picked])


def is_classmethod(value: v.Value) -> bool:
    """`@classmethod`: its first parameter is the class by which it is called."""
    while isinstance(value, v.Call) and value.decorator and value.args:
        if isinstance(value.func, v.External) and value.func.name == "builtins.classmethod":
            return True
        value = value.args[0]
    return False


def _stored_by_class(value: v.Value) -> bool:
    """`cls.step = jax.jit(cls.step)` in a class method: a method like any other."""
    return isinstance(value, v.Call) and any(is_own_class(part.base) for part in value.args if isinstance(part, v.Attr))


def is_own_class(value: v.Value) -> TypeGuard[v.Param]:
    """`cls` of a class method: an attribute of it is not bound to an object."""
    if not isinstance(value, v.Param) or value.function.owner is None or value.function.bound is None:
        return False
    first = value.function.all_parameters[:1]
    return bool(first) and first[0].name == value.name and is_classmethod(value.function.bound)


def _plain_method(value: v.Value) -> bool:
    """A def of the class body (decorated or not), not a bound method that was stored in an attribute."""
    while isinstance(value, v.Call):
        if not value.decorator or not value.args:
            return False
        value = value.args[0]
    return isinstance(value, v.FunctionValue)
