"""What a value depends on in the way that makes tracers: through arithmetic, arrays, containers and calls.

The answer is a list of roots: parameters of functions on the way, and calls that make an array by themselves
(`jnp.zeros(3)` is a tracer too, under jit). Shapes, tests for None and other things known while tracing lead nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.fields import is_static_field
from jaxaudit.source.knowledge.array_values import HOST_RESULTS, STATIC_ATTRIBUTES
from jaxaudit.source.provenance import single

if TYPE_CHECKING:
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function

JAX_PACKAGES = frozenset(
    [
        "jax",
        "jaxlib",
        "equinox",
        "optax",
        "flax",
        "haiku",
        "distrax",
        "numpyro",
        "diffrax",
        "optimistix",
        "lineax",
        "jaxopt",
        "e3nn_jax",
        "einops",
        "blackjax",
        "chex",
        "interpax",
        "tensorflow_probability",
        "jax_md",
        "s2fft",
        "tinygp",
        "quax",
    ]
)
PASSING = frozenset(
    f"builtins.{n}"
    for n in [
        "abs",
        "sum",
        "min",
        "max",
        "sorted",
        "list",
        "tuple",
        "zip",
        "enumerate",
        "reversed",
        "dict",
        "pow",
        "round",
        "divmod",
        "map",
    ]
)
NEVER_TRACED = frozenset({"Is", "IsNot", "In", "NotIn"})
MADE_INSIDE = ("jax.numpy.", "jax.random.", "jax.lax.", "jax.nn.")
MOST = 4000
"""A value is followed through so many others at most."""

_NEVER = frozenset({v.Const, v.External, v.ModuleValue, v.FunctionValue, v.ClassValue, v.Unknown, v.Text})


def roots_of(program: Program, value: v.Value) -> tuple[v.Value, ...]:
    """The parameters and the array-making calls that a value depends on."""
    memo = value.memo
    if memo is None:
        memo = value.memo = {}
    key = program.keys["dependence"]
    found = memo.get(key)
    if found is None:
        memo[key] = ()
        found = memo[key] = _search(program, value)
    return found


def _search(program: Program, value: v.Value) -> tuple[v.Value, ...]:
    out: list[v.Value] = []
    waiting = [value]
    seen: set[int] = set()
    while waiting and len(seen) < MOST:
        here: Any = waiting.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        kind = here.__class__
        if kind in _NEVER:
            continue
        if kind is v.Param:
            out.append(here)
        elif kind is v.Call:
            _call(program, here, waiting, out)
        elif kind is v.Attr:
            if here.name not in STATIC_ATTRIBUTES and not is_static_field(program, here):
                waiting.append(here.base)
        elif kind is v.Op:
            if here.name not in NEVER_TRACED:
                waiting += reversed(here.operands)
        elif kind is v.Item:
            if not is_key_of_dict(here):
                waiting += (here.index, here.base)
        elif kind is v.Elem:
            if not _is_range(program, here.iterable):
                waiting.append(here.iterable)
        elif kind is not v.Sequence or here.kind != "slice":
            waiting += reversed(here.parts())
    return tuple(out)


def _is_range(program: Program, iterable: v.Value) -> bool:
    source = v.settle(iterable)
    return isinstance(source, v.Call) and c.known_name(program, source.func) == "builtins.range"


def is_key_of_dict(item: v.Item) -> bool:
    """The `name` of `for name, value in params.items()`."""
    if not isinstance(item.index, v.Const) or item.index.value != 0 or not isinstance(item.base, v.Elem):
        return False
    pairs = v.settle(item.base.iterable)
    return isinstance(pairs, v.Call) and asks_dict(pairs, "items")


def asks_dict(call: v.Call, method: str) -> bool:
    """`params.keys()`: the names of what it holds are known while tracing."""
    return isinstance(call.func, v.Attr) and call.func.name == method and not call.args and not call.kwargs


def _call(program: Program, call: v.Call, waiting: list[v.Value], out: list[v.Value]) -> None:
    if asks_dict(call, "keys"):
        return
    name = c.known_name(program, call.func)
    if name == "jax.lax.axis_size" or (name == "jax.lax.psum" and call.args and isinstance(call.args[0], v.Const)):
        return  # how many devices there are: a Python number
    arguments = [*call.args, *[x for _, x in call.kwargs]]
    arguments.reverse()
    if name is not None:
        if name in PASSING:
            waiting += arguments
        elif name not in HOST_RESULTS and name.partition(".")[0] in JAX_PACKAGES:
            use = c.transform_of(program, call)
            if use is None or not use.spec.wraps:
                if name.startswith(MADE_INSIDE):
                    out.append(call)
                waiting += arguments
        return
    func = call.func
    if isinstance(func, v.Attr) and func.name not in ("item", "tolist"):
        waiting.append(func.base)
    targets = c.targets(program, func)
    for target in targets:
        transformed = any(u.spec.kind in ("jit", "pmap", "vmap", "grad", "checkpoint", "custom") for u in target.chain)
        if transformed or target.function.name == "__init__":
            waiting += arguments
            continue
        bound = bind(call, target)
        for root in returned_roots(program, target.function):
            if isinstance(root, v.Param) and root.function is target.function:
                handed = bound.get(root.name)
                if handed is not None:
                    waiting.append(handed)
            else:
                out.append(root)
    if not targets:
        made = single(program, func)
        use = c.transform_of(program, made) if isinstance(made, v.Call) else None
        if use is not None or isinstance(func, (v.Param, v.Attr, v.Free)):
            waiting += arguments


def returned_roots(program: Program, function: Function) -> tuple[v.Value, ...]:
    """What a function's result depends on, its own parameters among it."""
    key = program.keys["returned roots"]
    found = function.memo.get(key)
    if found is None:
        function.memo[key] = ()
        out: dict[int, v.Value] = {}
        for returned in function.flow.returns:
            out.update({id(root): root for root in roots_of(program, returned.value)})
        found = function.memo[key] = tuple(out.values())
    return found
