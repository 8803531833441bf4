"""Arguments given away to a compiled call: which they are, and whether the result can take their memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import tracing
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.knowledge.array_values import HOST_RESULTS, STATIC_ATTRIBUTES
from jaxaudit.source.knowledge.arrays_of_jax import ARRAYS
from jaxaudit.source.provenance import single

if TYPE_CHECKING:
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function

STILL_READABLE = STATIC_ATTRIBUTES | {"is_deleted", "apply_fn", "tx", "devices", "delete", "keys"}
"""What a deleted array, or a train state of deleted arrays, can still be asked for."""
MOST = 600


class Reach(NamedTuple):
    """Parameters whose arrays may give an output its shape; `sure` when every step on the way is understood. `alike`:
    those of which some output surely has the shape, so that their memory is really given away."""

    parameters: frozenset[str]
    sure: bool
    alike: frozenset[str] = frozenset()


def reach(program: Program, function: Function) -> Reach:
    """Which parameters the results may take their memory from."""
    found: set[str] = set()
    alike: set[str] = set()
    sure = bool(function.flow.returns) and not function.flow.yields
    waiting: list[v.Value] = [r.value for r in function.flow.returns]
    likely = {id(value) for value in waiting}
    seen: set[tuple[int, bool]] = set()
    while waiting:
        if len(seen) > MOST:
            return Reach(frozenset(p.name for p in function.all_parameters), False, frozenset(alike))
        value = waiting.pop()
        same = id(value) in likely
        if (id(value), same) in seen or (id(value), True) in seen:
            continue
        seen.add((id(value), same))
        begun = len(waiting)
        if isinstance(value, v.Param):
            if value.function is function:
                found.add(value.name)
                if same:
                    alike.add(value.name)
        elif isinstance(value, v.Call):
            sure = _through_call(program, value, waiting) and sure
            same = same and keeps_shape(program, value)
            if same:
                likely |= {id(part) for part in shaped_like(program, value)}
                same = False
        elif isinstance(value, v.FunctionValue):
            waiting += _frees(value.function)
        elif isinstance(value, v.Item) and (only := _gradient_item(program, value)) is not None:
            waiting += only
        elif isinstance(value, v.Attr):
            if value.name not in STATIC_ATTRIBUTES:
                waiting.append(value.base)
        elif isinstance(value, v.Item):
            waiting.append(value.base)
            same = same and not kind_of(program, value.base).is_array
        elif isinstance(value, v.Unknown):
            sure = False
        elif not isinstance(value, v.Const | v.External | v.ModuleValue | v.ClassValue):
            waiting += value.parts()
            same = same and not (isinstance(value, v.Op) and value.name in CHANGES_SHAPE)
        if same:
            likely |= {id(part) for part in waiting[begun:]}
    return Reach(frozenset(found), sure, frozenset(alike))


CHANGES_SHAPE = frozenset(
    {"MatMult", "Eq", "NotEq", "Lt", "LtE", "Gt", "GtE", "Chain", "Is", "IsNot", "In", "NotIn", "Not"}
)
CARRIES = {"jax.lax.scan": (1, "init"), "jax.lax.while_loop": (2, "init_val"), "jax.lax.fori_loop": (3, "init_val")}
"""What gives back the carry that it was given."""
ALIKE_METHODS = frozenset({"update", "astype", "replace", "_replace", "apply_gradients", "set", "add", "copy"})


def keeps_shape(program: Program, call: v.Call) -> bool:
    return bool(shaped_like(program, call))


def shaped_like(program: Program, call: v.Call) -> list[v.Value]:
    """The arguments of which the result surely has the shapes."""
    use = _gradient(program, call)
    if use is not None:
        return _differentiated(program, call, use) or []
    name = c.known_name(program, call.func)
    if name in CARRIES:
        carry = call.argument(*CARRIES[name])
        return [carry] if carry is not None else []
    if name is not None:
        maker = ARRAYS.get(name)
        if maker is not None:
            return [*call.args] if maker.rule in _SHAPED_LIKE and maker.rule != "scalar" else []
        if name in ("jax.tree.map", "jax.tree_util.tree_map"):
            return [*call.args[1:]]
        return [*call.args] if name in _LIKE_ARGUMENTS and name not in OTHER_SHAPES else []
    if isinstance(call.func, v.Attr) and call.func.name in ALIKE_METHODS:
        base = call.func.base
        inner = base.base if isinstance(base, v.Item) else base  # x.at[i].set(y)
        return [inner.base if isinstance(inner, v.Attr) and inner.name == "at" else base, *call.args,
                *[x for _, x in call.kwargs]]  # fmt: skip
    out: list[v.Value] = []
    found = c.targets(program, call.func)
    for target in found if len(found) == 1 else ():
        if target.function.name == "__init__" or any(u.spec.kind not in ("jit", "checkpoint") for u in target.chain):
            continue
        given = bind(call, target)
        out += [given[name] for name in results_like(program, target.function) if name in given]
    return out


OTHER_SHAPES = frozenset({"jax.random.split", "jax.random.fold_in", "optax.global_norm"})


def results_like(program: Program, function: Function) -> frozenset[str]:
    """Parameters that a helper gives back with their shapes."""
    key = ("results like", program.keys[""])
    found: frozenset[str] | None = function.memo.get(key)
    if found is None:
        function.memo[key] = frozenset()
        found = function.memo[key] = reach(program, function).alike
    return found


def _frees(function: Function) -> list[v.Value]:
    return [*function.flow.frees.values(), *[f for r in function.flow.returns for f in _inner_functions(r.value)]]


def _inner_functions(value: v.Value) -> list[v.Value]:
    return [value] if isinstance(value, v.FunctionValue) else []


def _gradient(program: Program, call: v.Call) -> c.TransformUse | None:
    """The grad or value_and_grad that this call runs."""
    made = single(program, call.func)
    use = c.transform_of(program, made) if isinstance(made, v.Call) else None
    return use if use is not None and use.spec.traces in ("differentiated", "first") and use.spec.wraps else None


def _differentiated(program: Program, call: v.Call, use: c.TransformUse) -> list[v.Value] | None:
    """The arguments that a gradient is shaped like; None where that is not to be seen."""
    if use.option("has_aux") is not None or use.short in ("jacfwd", "jacrev", "hessian", "jacobian"):
        return None
    option = use.option("argnums")
    numbers = tracing.constants(program, option) if option is not None else [0]
    out = [call.argument(n) for n in numbers if type(n) is int]
    return [a for a in out if a is not None] if out and all(a is not None for a in out) else None


def _gradient_item(program: Program, item: v.Item) -> list[v.Value] | None:
    """`value_and_grad(f)(x)`: item 0 is a scalar, item 1 is shaped like what is differentiated."""
    if not isinstance(item.base, v.Call) or not isinstance(item.index, v.Const):
        return None
    use = _gradient(program, item.base)
    if use is None or not use.short.endswith("value_and_grad"):
        return None
    shaped = _differentiated(program, item.base, use)
    if shaped is None:
        return None
    return [] if item.index.value == 0 else shaped


def _through_call(program: Program, call: v.Call, waiting: list[v.Value]) -> bool:
    """Puts what a call's result may be shaped like on the list; False when the result may be of any shape."""
    arguments = [*call.args, *[x for _, x in call.kwargs]]
    use = _gradient(program, call)
    if use is not None:
        shaped = _differentiated(program, call, use)
        if shaped is not None:
            waiting += shaped
            return True
    name = c.known_name(program, call.func)
    if name is not None:
        if name in HOST_RESULTS:
            return True
        maker = ARRAYS.get(name)
        if maker is not None and maker.rule == "reduce" and is_scalar(call):
            return True
        waiting += arguments
        return name in _LIKE_ARGUMENTS or (maker is not None and maker.rule in _SHAPED_LIKE)
    waiting += arguments
    waiting.append(call.func)
    if isinstance(call.func, v.Attr):
        waiting.append(call.func.base)
        if call.func.name in _METHODS_LIKE:
            return True
    for target in c.targets(program, call.func):
        waiting += target.function.flow.frees.values()
    return False


def is_scalar(call: v.Call) -> bool:
    return call.argument(1, "axis") is None and call.keyword("keepdims") is None


_SHAPED_LIKE = frozenset({"elementwise", "like", "identity", "scalar"})
_METHODS_LIKE = frozenset({"mean", "sum", "max", "min", "update", "astype", "replace", "_replace", "apply_gradients"})
_LIKE_ARGUMENTS = frozenset(
    {
        "jax.tree.map", "jax.tree_util.tree_map", "optax.apply_updates", "equinox.apply_updates", "jax.random.split",
        "jax.random.fold_in", "equinox.filter", "equinox.combine", "equinox.partition", "equinox.tree_at",
        "jax.lax.pmean",
        "jax.lax.psum", "jax.lax.stop_gradient", "optax.incremental_update", "dataclasses.replace",
        "jax.tree_util.tree_multimap", "optax.global_norm", "builtins.dict", "builtins.tuple", "builtins.list",
    }
)  # fmt: skip


def parents(function: Function) -> dict[int, tuple[Any, Any]]:
    """For each name, item and attribute written in a function's body, the expression around it."""
    found = function.memo.get("parents of names")
    if found is None:
        found = function.memo["parents of names"] = {}
        waiting = [function.body]
        while waiting:
            here = waiting.pop()
            for part in here:
                if isinstance(part, tuple):
                    if part and part[0] in ("n", "[", "."):
                        found[id(part)] = (part, here)
                    if not (len(part) == 4 and part[0] == "n"):
                        waiting.append(part)
    return found


def reads_memory(function: Function, expr: Any) -> bool:
    """Whether a name's use needs the array's content: `x.shape` and `len(x)` do not, `del x` neither."""
    _, around = parents(function).get(id(expr), (None, None))
    while around is not None and around[0] == "[" and around[1] is expr:
        expr = around
        _, around = parents(function).get(id(expr), (None, None))
    if around is None:
        return True
    if around[0] == "." and len(around) > 2:
        return around[2] not in STILL_READABLE
    return True


def excludes(first: v.Path, second: v.Path) -> bool:
    """Two paths that no run takes both of."""
    arms = dict(first)
    return any(branch in arms and arms[branch] != arm for branch, arm in second)
