"""What becomes of a state's leaves in a step: `model, opt_state = step(model, opt_state)`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import provenance
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.classes import all_fields, class_attribute, classes_of, external_bases, stores_on_self
from jaxaudit.source.fields import class_facts
from jaxaudit.source.kinds import Kind, kind_of, kind_supposing
from jaxaudit.source.provenance import expand

if TYPE_CHECKING:
    from jaxaudit.source.events import Loop
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function

WEAK = Kind("array", "jax", (), "float32", True)
DEEPEST = 8
SAME_LEAVES = frozenset(
    {
        "equinox.combine",
        "jax.block_until_ready",
        "equinox.nn.inference_mode",
        "equinox.filter_shard",
        "jax.lax.with_sharding_constraint",
    }
)
KEEPS_WEAK = frozenset({"optax.sgd", "optax.noisy_sgd"})


class Leaf(NamedTuple):
    """One leaf of a state as it is created: a field, a key or a position, with what it is made by."""

    name: str
    made: v.Value
    kind: Kind
    owner: str


def leaves_of(program: Program, value: v.Value) -> Iterator[Leaf]:
    """The leaves of a model, a NamedTuple, a dict or a tuple, where the source writes them."""
    for cls in classes_of(program, value)[:2]:
        facts = class_facts(program, cls)
        if not facts.pytree and facts.holds != "arrays" and not external_bases(program, cls):
            continue
        names = list(all_fields(program, cls)) or [s.name for s in stores_on_self(cls)]
        for name in dict.fromkeys(names):
            if name in facts.static:
                continue
            for made in class_attribute(program, cls, name):
                for source in _sources(program, made):
                    yield Leaf(name, source, kind_of(program, source), cls.name)
    for root in provenance.roots(program, value)[:3]:
        if root.__class__ is v.Mapping:
            for key, item in root.pairs:
                if key.__class__ is v.Const and isinstance(key.value, str):
                    yield Leaf(key.value, item, kind_of(program, item), "")
        elif root.__class__ is v.Sequence and root.kind in ("tuple", "list"):
            for index, item in enumerate(root.items):
                yield Leaf(str(index), item, kind_of(program, item), "")


def _sources(program: Program, made: v.Value, depth: int = 0) -> list[v.Value]:
    """The creations behind a field: through the parameters of `__init__`."""
    if made.__class__ is v.Param and depth < 4:
        found = [s for _, s in program.sources(made)]
        return [x for s in found[:8] for x in _sources(program, s, depth + 1)] if found else [made]
    roots = provenance.roots(program, made)
    return list(roots[:4]) if roots else [made]


def leaf_after(program: Program, function: Function, param: str, leaf: Leaf, returned: v.Value) -> str:
    """Whether a weakly typed leaf of `param` is "strong" or "weak" in what is returned; "" if it can't be seen."""
    values = function.flow.bindings.get(param, ())
    return _after(program, returned, values[0], leaf, 0) if values else ""


def _after(program: Program, value: v.Value, state: v.Value, leaf: Leaf, depth: int) -> str:
    if depth > DEEPEST:
        return ""
    if value is state:
        return "weak"
    if value.__class__ is v.Call:
        return _after_call(program, value, state, leaf, depth)
    if value.__class__ is v.Mapping:
        item = value.get(leaf.name)
        return "" if item is None else _strength(program, item, state, leaf)
    if value.__class__ is v.Sequence and leaf.name.isdigit() and int(leaf.name) < len(value.items):
        return _strength(program, value.items[int(leaf.name)], state, leaf)
    if value.__class__ is v.Comprehension:
        return _comprehended(program, value, state)
    if value.__class__ in (v.Phi, v.Free, v.Left, v.Carried, v.Item):
        found = {_after(program, part, state, leaf, depth + 1) for part in expand(program, value)}
        return found.pop() if len(found) == 1 else ""
    return ""


def _after_call(program: Program, call: v.Call, state: v.Value, leaf: Leaf, depth: int) -> str:
    name = c.known_name(program, call.func)
    if name == "optax.apply_updates":
        return "strong"  # it casts each sum to the dtype of the parameter, which makes it strong
    if name == "equinox.apply_updates" and len(call.args) > 1:
        return _of_updates(program, call.args[1], depth)
    if name == "jax.tree.map" and len(call.args) > 1 and any(_reaches(a, state) for a in call.args[1:]):
        return _mapped(program, call)
    if name in SAME_LEAVES and call.args:
        return _after(program, call.args[0], state, leaf, depth + 1)
    if name == "equinox.tree_at" and len(call.args) > 2:
        return _tree_at(program, call, state, leaf, depth)
    if name == "dataclasses.replace" or (call.func.__class__ is v.Attr and call.func.name in ("_replace", "replace")):
        given = call.keyword(leaf.name)
        base = call.func.base if call.func.__class__ is v.Attr else call.args[0]
        return (
            _strength(program, given, state, leaf)
            if given is not None
            else _after(program, base, state, leaf, depth + 1)
        )
    func = v.settle(call.func)
    if func.__class__ is v.ClassValue:
        fields = list(all_fields(program, func.cls))
        given = call.argument(fields.index(leaf.name), leaf.name) if leaf.name in fields else None
        return "" if given is None else _strength(program, given, state, leaf)
    targets = c.targets(program, call.func)
    for target in targets[:1]:
        bound = bind(call, target)
        inner = next((p for p, x in bound.items() if x is state), None)
        if inner is not None and not any(u.spec.kind not in ("jit", "checkpoint") for u in target.chain):
            found = {leaf_after(program, target.function, inner, leaf, r.value) for r in target.function.flow.returns}
            return found.pop() if len(found) == 1 else ""
    return ""


def _of_updates(program: Program, updates: v.Value, depth: int) -> str:
    """Whether an update makes a weak leaf strong: all of Optax's optimisers but plain `sgd` do."""
    if depth > DEEPEST:
        return ""
    if updates.__class__ is v.Item:
        return _of_updates(program, updates.base, depth + 1)
    if updates.__class__ is not v.Call:
        steps = expand(program, updates)
        return _of_updates(program, steps[0], depth + 1) if len(steps) == 1 else ""
    name = c.known_name(program, updates.func)
    if name == "jax.tree.map" and len(updates.args) > 1:
        mapped = _mapped(program, updates)
        return mapped if mapped == "strong" else _of_updates(program, updates.args[1], depth + 1)
    func = updates.func
    if func.__class__ is v.Attr and func.name == "update":
        makers = {c.known_name(program, r.func) for r in provenance.roots(program, func.base) if r.__class__ is v.Call}
        if makers and all(m is not None and m.startswith("optax.") for m in makers):
            if makers <= KEEPS_WEAK:
                return "weak"
            return "strong" if "optax.chain" not in makers else ""
    return ""


def _mapped(program: Program, call: v.Call) -> str:
    """`jax.tree.map(lambda p, g: p - lr * g, params, grads)` for a weakly typed leaf."""
    for target in c.targets(program, call.args[0])[:1]:
        flow = target.function.flow
        positional = [p.name for p in target.function.all_parameters if p.kind == "positional"]
        given = [(flow.bindings[name][0], WEAK) for name in positional[: len(call.args) - 1]]
        kinds = {kind_supposing(program, r.value, given).weak for r in flow.returns}
        if kinds == {False}:
            return "strong"
        if kinds == {True}:
            return "weak"
    return ""


def _comprehended(program: Program, whole: v.Comprehension, state: v.Value) -> str:
    """`{k: params[k] - lr * grads[k] for k in params}` for a weakly typed leaf."""
    if whole.kind != "DictComp" or len(whole.loops) != 1 or whole.element.__class__ is not v.Sequence:
        return ""
    result = whole.element.items[1]
    read = [part for part in _inside(result) if part.__class__ is v.Item and _is_entry(part, whole.loops[0])]
    if not any(_reaches(part, state) for part in read):
        return ""
    kind = kind_supposing(program, result, [(part, WEAK) for part in read])
    return "strong" if kind.weak is False and kind.is_array else "weak" if kind.weak is True else ""


def _is_entry(item: v.Item, loop: Loop) -> bool:
    """`params[k]`, or the value of `for k, p in params.items()`."""
    key = item.index if item.index.__class__ is v.Elem else item.base
    if key.__class__ is v.Item and item.index is not key:
        key = key.base
    if key.__class__ is not v.Elem or key.loop is not loop:
        return item.index.__class__ is v.Item and item.index.base.__class__ is v.Elem and item.index.base.loop is loop
    return key is item.index or (item.index.__class__ is v.Const and item.index.value == 1)


def _inside(value: v.Value, depth: int = 0) -> Iterator[v.Value]:
    yield value
    if depth < DEEPEST:
        for part in value.parts():
            yield from _inside(part, depth + 1)


def _tree_at(program: Program, call: v.Call, state: v.Value, leaf: Leaf, depth: int) -> str:
    for target in c.targets(program, call.args[0])[:1]:
        for r in target.function.flow.returns:
            if r.value.__class__ is v.Attr and r.value.name == leaf.name:
                return _strength(program, call.args[2], state, leaf)
            if r.value.__class__ is v.Attr:
                return _after(program, call.args[1], state, leaf, depth + 1)
    return ""


def _strength(program: Program, value: v.Value, state: v.Value, leaf: Leaf) -> str:
    """Whether a value is strong where the state's leaf is weak."""
    given = [(state, Kind("unknown")), *[(part, leaf.kind) for part in parts_of(state, leaf, value)]]
    kind = kind_supposing(program, value, given)
    return "strong" if kind.weak is False and kind.is_array else "weak" if kind.weak is True else ""


def parts_of(state: v.Value, leaf: Leaf, value: v.Value, seen: set[int] | None = None) -> Iterator[v.Value]:
    """The places inside an expression that read this leaf of the state: `state.t`, `state["t"]`, `a, t = state`."""
    seen = set() if seen is None else seen
    if id(value) in seen or len(seen) > 300:
        return
    seen.add(id(value))
    if _reads(value, state, leaf.name):
        yield value
    for part in value.parts():
        yield from parts_of(state, leaf, part, seen)


def _reads(value: v.Value, state: v.Value, name: str) -> bool:
    if value.__class__ is v.Attr:
        return value.base is state and value.name == name
    if value.__class__ is v.Item and value.base is state:
        return value.index.__class__ is v.Const and str(value.index.value) == name
    return False


def _reaches(value: v.Value, wanted: v.Value, depth: int = 0) -> bool:
    return value is wanted or (depth < 5 and any(_reaches(p, wanted, depth + 1) for p in value.parts()))
