"""Values that live on the device because a call made them there: what a host that asks for them waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.fields import is_static_field
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.knowledge.array_values import ARRAY_METHODS, HOST_RESULTS, STATIC_ATTRIBUTES
from jaxaudit.source.knowledge.arrays_of_jax import ARRAYS
from jaxaudit.source.provenance import expand

if TYPE_CHECKING:
    from jaxaudit.source.program import Program

DEEPEST = 12
COMPILED = frozenset({"jit", "pmap"})
DIFFERENTIATED = frozenset({"grad", "vmap"})
_SAME_PLACE = frozenset({"jax.block_until_ready", "jax.device_put", "jax.lax.stop_gradient"})
_COMPARED = frozenset({"Is", "IsNot", "In", "NotIn", "And", "Or", "Not"})


class DeviceResult(NamedTuple):
    """The `call` that makes a value on the device; `how`: "compiled", "differentiated" or "array work"."""

    call: v.Call
    name: str
    how: str

    @property
    def words(self) -> str:
        if self.how == "compiled":
            return f"the compiled `{self.name}`"
        return f"`{self.name}`"


def device_result(program: Program, value: v.Value, depth: int = 0) -> DeviceResult | None:
    """What makes this value a device array for certain, or None."""
    memo = value.memo
    if memo is None:
        memo = value.memo = {}
    key = program.keys["device result"]
    if key not in memo:
        if depth > DEEPEST:
            return None
        memo[key] = None
        memo[key] = _device_result(program, value, depth)
    return memo[key]


def _device_result(program: Program, value: v.Value, depth: int) -> DeviceResult | None:
    if isinstance(value, v.Call):
        return _of_call(program, value, depth)
    if isinstance(value, v.Item):
        return _of_item(program, value, depth)
    if isinstance(value, v.Attr):
        if value.name in STATIC_ATTRIBUTES or is_static_field(program, value):
            return None
        found = device_result(program, value.base, depth + 1)
        return found if found is not None and is_leaf_of(program, value.base, found) else None
    if isinstance(value, v.Op):
        if value.name in _COMPARED:
            return None
        return _first(program, value.operands, depth)
    if isinstance(value, v.Carried | v.Left):
        carried = value if isinstance(value, v.Carried) else value.carried
        return device_result(program, carried.after, depth + 1) if carried.after is not None else None
    if isinstance(value, v.Phi):
        options = [device_result(program, option, depth + 1) for option in value.options]
        return options[0] if options and all(options) else None
    return None


def is_leaf_of(program: Program, base: v.Value, found: DeviceResult) -> bool:
    """Whether an attribute of a call's result is an array too: a field of a returned tree, `.T` of an array."""
    return found.how == "compiled" or kind_of(program, base).is_array


def _first(program: Program, values: tuple[v.Value, ...], depth: int) -> DeviceResult | None:
    return next((f for f in (device_result(program, x, depth + 1) for x in values) if f is not None), None)


def _of_call(program: Program, call: v.Call, depth: int) -> DeviceResult | None:
    name = c.known_name(program, call.func)
    if name is not None:
        if name in _SAME_PLACE and call.args:
            return device_result(program, call.args[0], depth + 1)
        maker = ARRAYS.get(name)
        if name in HOST_RESULTS or maker is None or maker.library != "jax":
            return None
        inner = _first(program, call.args, depth)
        return inner or DeviceResult(call, name.replace("jax.numpy.", "jnp."), "array work")
    func = call.func
    if isinstance(func, v.Attr) and func.name in ARRAY_METHODS:
        base = device_result(program, func.base, depth + 1)
        if base is not None:
            return base
    found = c.targets(program, func)
    if not found:
        return None
    results = [_of_target(program, call, target, depth) for target in found[:4]]
    return results[0] if all(results) else None


def _of_target(program: Program, call: v.Call, target: c.Target, depth: int) -> DeviceResult | None:
    function = target.function
    if function.name == "__init__" or function.is_async or function.flow.yields:
        return None
    kinds = [use.spec.kind for use in target.chain]
    compiled = next((use for use in target.chain if use.spec.kind in COMPILED), None)
    if compiled is not None:
        if "callback" in kinds or all(isinstance(r.value, v.Const) for r in function.flow.returns):
            return None
        return DeviceResult(call, called_name(call, function.name), "compiled")
    if DIFFERENTIATED.intersection(kinds):
        return DeviceResult(call, called_name(call, function.name), "differentiated")
    if kinds:
        return None
    if returns_arrays(program, call, target, depth):
        return DeviceResult(call, called_name(call, function.name), "array work")
    return None


def called_name(call: v.Call, otherwise: str) -> str:
    func = call.func
    if isinstance(func, v.Attr):
        return func.name
    expr = call.expr[1] if call.expr is not None and call.expr[0] == "c" else None
    if expr is not None and expr[0] == "n":
        return str(expr[1])
    return "call" if otherwise == "<lambda>" else otherwise


def returns_arrays(program: Program, call: v.Call, target: c.Target, depth: int) -> bool:
    """Whether a plain function of the project hands back what the device made."""
    returns = target.function.flow.returns
    return bool(returns) and all(device_result(program, r.value, depth + 1) is not None for r in returns)


def _of_item(program: Program, item: v.Item, depth: int) -> DeviceResult | None:
    """`loss, grads = step(...)`, `metrics["loss"]`: a leaf of a compiled result, or what the tuple holds there."""
    base = item.base
    whole = device_result(program, base, depth + 1)
    if whole is not None and whole.how != "array work":
        return whole
    if whole is not None and kind_of(program, base).is_array:
        return whole
    steps = expand(program, item)
    if steps:
        inner = [device_result(program, step, depth + 1) for step in steps]
        if all(inner) and inner[0] is not None:
            made = made_by(base)
            return inner[0]._replace(call=made) if made is not None else inner[0]
    return None


def made_by(value: v.Value) -> v.Call | None:
    """The call whose result this is a part of."""
    for _ in range(DEEPEST):
        if isinstance(value, v.Call):
            return value
        if isinstance(value, v.Item | v.Attr):
            value = value.base
        elif isinstance(value, v.Carried) and value.after is not None:
            value = value.after
        else:
            return None
    return None
