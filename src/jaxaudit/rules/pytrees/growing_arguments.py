"""A list, dict or array that gets longer in each turn of a loop and is handed to a jitted function there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from jaxaudit.rules.pytrees.argument_kinds import alternatives
from jaxaudit.source import calls as c
from jaxaudit.source import classes, lifetime
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.events import Loop
from jaxaudit.source.facts import text

if TYPE_CHECKING:
    from jaxaudit.source.callgraph import Edge
    from jaxaudit.source.flow import Flow
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function
    from jaxaudit.source.sites import Site

GROWING = frozenset({"append", "extend", "insert", "appendleft"})
SHRINKING = frozenset({"pop", "popleft", "popitem", "clear", "remove"})
_LIBRARIES = ("numpy.", "jax.numpy.")
JOINING = frozenset({"append", "concatenate", "concat", "vstack", "hstack", "dstack", "column_stack", "row_stack"})
OF_A_LIST = frozenset({"array", "asarray", "stack", "concatenate", "concat", "vstack", "hstack", "column_stack"})
COPIES = frozenset({"builtins.tuple", "builtins.list", "builtins.dict"})


class Growth(NamedTuple):
    """What a call hands over, which is longer in each turn of a loop: `at` is what makes it so."""

    param: str
    edge: Edge
    loop: Loop
    at: Any
    becomes: str
    always: bool


def growing_arguments(program: Program, site: Site, edge: Edge) -> Iterator[Growth]:
    """Traced parameters that get something longer in each turn."""
    traced = set(site.traced_parameters())
    for name, value in bind(edge.call, edge.target).items():
        if name not in traced:
            continue
        for option in alternatives(program, value)[:4] if isinstance(value, v.Param) else (value,):
            found = growth_of(program, edge, name, option)
            if found is not None:
                yield found
                break


def growth_of(program: Program, edge: Edge, name: str, value: v.Value) -> Growth | None:
    flow = edge.call.flow
    inner, becomes = _behind(program, value)
    for loop in reversed(edge.call.loops):
        if lifetime.repeats((loop,)) is None:
            continue
        always = len(edge.call.path) <= len(loop.path)
        if becomes in ("", "list"):
            grown = _by_method(program, flow, inner, loop)
            if grown is not None:
                at, each = grown
                what = "shape" if becomes else "structure"
                return Growth(name, edge, loop, at, what, always and each)
        joined = _by_joining(program, inner, loop)
        if joined is not None:
            at, each, what = joined
            return Growth(name, edge, loop, at, "shape" if becomes else what, always and each)
    kept = kept_growth(program, edge, inner)
    if kept is None:
        return None
    return kept._replace(param=name, becomes="shape" if becomes else kept.becomes)


def _behind(program: Program, value: v.Value) -> tuple[v.Value, str]:
    """The container that is handed over, and "list" where it is made an array on the way."""
    becomes = ""
    for _ in range(4):
        if not isinstance(value, v.Call) or not value.args:
            break
        name = c.known_name(program, value.func) or ""
        if name in COPIES:
            value = value.args[0]
        elif name.startswith(_LIBRARIES) and name.rpartition(".")[2] in OF_A_LIST and _is_list(program, value.args[0]):
            value, becomes = value.args[0], "list"
        else:
            break
    return value, becomes


def _is_list(program: Program, value: v.Value) -> bool:
    if isinstance(value, v.Carried):
        value = value.before or value
    return isinstance(value, v.Comprehension) or (isinstance(value, v.Sequence) and value.kind == "list")


# -- history.append(x), table[key] = x ---------------------------------------------------------------------------------


def _by_method(program: Program, flow: Flow, container: v.Value, loop: Loop) -> tuple[Any, bool] | None:
    """What makes a list or dict that was made before the loop longer in each turn, and whether nothing guards it."""
    made = v.settle(container)
    is_dict = isinstance(made, v.Mapping) or _made_by(program, made, "builtins.dict")
    if not is_dict and not (_is_list(program, made) or _made_by(program, made, "builtins.list")):
        return None
    if not _is_made_before(flow, made, loop):
        return None
    if any(loop in loops and v.settle(base) is made for base, loops in flow.deleted):
        return None
    found: tuple[Any, bool] | None = None
    for call in flow.calls:
        func = call.func
        if loop not in call.loops or not isinstance(func, v.Attr) or v.settle(func.base) is not made:
            continue
        if func.name in SHRINKING:
            return None
        if func.name in GROWING and not is_dict:
            found = (call.expr, len(call.path) <= len(loop.path))
    for store in flow.stores:
        if loop not in store.loops or store.kind != "item" or store.base is None or v.settle(store.base) is not made:
            continue
        if not is_dict:
            return None  # `xs[:] = ...` may keep its length
        if _is_empty(made) and store.loops[-1] is loop and _of_this_turn(store.name, loop):
            found = (store.expr, len(store.path) <= len(loop.path))
    return found


def _made_by(program: Program, value: v.Value, name: str) -> bool:
    return isinstance(value, v.Call) and not value.kwargs and c.known_name(program, value.func) == name


def _is_made_before(flow: Flow, made: v.Value, loop: Loop) -> bool:
    binds = [bind for bind in flow.binds if bind.value is made]
    return bool(binds) and not any(loop in bind.loops for bind in binds)


def _is_empty(made: v.Value) -> bool:
    return not made.pairs if isinstance(made, v.Mapping) else isinstance(made, v.Call) and not made.args


def _of_this_turn(key: object, loop: Loop, depth: int = 0) -> bool:
    """A key made of the loop's own element or counter: another one in each turn."""
    if isinstance(key, (v.Elem, v.Carried)):
        return key.loop is loop
    return isinstance(key, v.Value) and depth < 6 and any(_of_this_turn(part, loop, depth + 1) for part in key.parts())


# -- self.history.append(x) --------------------------------------------------------------------------------------------


def kept_growth(program: Program, edge: Edge, value: v.Value) -> Growth | None:
    """A list or array that an object keeps, in methods that a loop calls."""
    method = edge.caller
    if not isinstance(value, v.Attr) or method.owner is None or not _is_own(value, method):
        return None
    made = classes.attribute_values(program, value)
    often = lifetime.frequency(program, method)
    if not made or often.how != "many" or often.loop is None or often.call is None:
        return None
    found: Growth | None = None
    for other in method.owner.methods.values():
        if other.name in ("__init__", "__post_init__"):
            continue
        for what, at, path in _changes(program, other, value.name):
            again = lifetime.frequency(program, other)
            if what not in ("structure", "shape"):
                return None
            same = again.loop is often.loop and again.call is not None and not again.through and not often.through
            plain = same and not path and not edge.call.path and not _guarded(often) and not _guarded(again)
            if again.how == "many" and again.loop is not None:
                found = Growth("", edge, often.loop, at, what, plain)
    lists = all(_is_list(program, one) for one in made if not isinstance(one, v.Call))
    return found if found is not None and (found.becomes == "shape" or lists) else None


def _changes(program: Program, method: Function, name: str) -> Iterator[tuple[str, Any, v.Path]]:
    """How a method changes `self.name`: what becomes longer, or "" for anything else."""
    for call in method.flow.calls:
        func = call.func
        if isinstance(func, v.Attr) and isinstance(func.base, v.Attr) and func.base.name == name:
            if _is_own(func.base, method) and func.name in GROWING | SHRINKING:
                yield "structure" if func.name in GROWING else "", call.expr, call.path
    for store in method.flow.stores:
        if store.kind == "attribute" and store.name == name and store.base is not None:
            joined = store.value.args[:1] if isinstance(store.value, v.Call) else ()
            own = [part for one in joined for part in (one, *one.parts()) if isinstance(part, v.Attr)]
            first = next((part for part in own if part.name == name and _is_own(part, method)), None)
            yield _joins(program, store.value, first) if first is not None else "", store.value.expr, store.path
    if any(isinstance(base, v.Attr) and base.name == name for base, _ in method.flow.deleted):
        yield "", None, ()


def _is_own(attr: v.Attr, method: Function) -> bool:
    return isinstance(attr.base, v.Param) and attr.base.function is method and attr.base.name == method.self_name


def _guarded(often: lifetime.Frequency) -> bool:
    return often.call is None or often.loop is None or len(often.call.path) > len(often.loop.path)


# -- xs = jnp.append(xs, x), history = history + [x] -------------------------------------------------------------------


def _by_joining(program: Program, value: v.Value, loop: Loop) -> tuple[Any, bool, str] | None:
    """What joins a name that the loop carries with more of the same."""
    for carried in loop.carried.values():
        after = carried.after
        if after is None or not _is_of(value, carried):
            continue
        options = after.options if isinstance(after, v.Phi) else (after,)
        for option in options:
            what = _joins(program, option, carried)
            if what and all(one is option or one is carried for one in options):
                return option.expr, len(options) == 1, what
    return None


def _is_of(value: v.Value, carried: v.Carried) -> bool:
    """The carried name itself, or what the turn has already made of it."""
    return value is carried or value is carried.after


def _joins(program: Program, value: v.Value, carried: v.Carried | v.Attr) -> str:
    """ "shape" for a longer array, "structure" for a longer list, tuple or dict; "" for neither."""
    if isinstance(value, v.Call):
        name = c.known_name(program, value.func) or ""
        if not name.startswith(_LIBRARIES) or name.rpartition(".")[2] not in JOINING or not value.args:
            return ""
        if name.endswith(".append"):
            return "shape" if value.args[0] is carried else ""
        parts = v.settle(value.args[0])
        held = parts.items if isinstance(parts, v.Sequence) else ()
        return "shape" if len(held) > 1 and any(_plain(part) is carried for part in held) else ""
    if isinstance(value, v.Op) and value.name == "Add":
        others = [one for one in value.operands if one is not carried]
        if len(others) == len(value.operands) or not all(isinstance(one, v.Sequence) and one.items for one in others):
            return ""
        return "structure"
    if isinstance(value, v.Sequence) and value.kind in ("list", "tuple") and len(value.items) > 1:
        return "structure" if any(isinstance(i, v.Star) and i.value is carried for i in value.items) else ""
    if isinstance(value, v.Mapping) and any(k is None and x is carried for k, x in value.pairs):
        keys = [k for k, _ in value.pairs if k is not None]
        loop = carried.loop if isinstance(carried, v.Carried) else None
        return "structure" if loop is not None and any(_of_this_turn(key, loop) for key in keys) else ""
    return ""


def _plain(part: v.Value) -> v.Value:
    """`xs` behind `xs[None]`: an axis more."""
    if isinstance(part, v.Item) and isinstance(part.index, v.Const) and part.index.value is None:
        return part.base
    return part


def words(growth: Growth) -> str:
    """What makes it longer, as it is written."""
    return text(growth.at, 50) if growth.at is not None else ""
