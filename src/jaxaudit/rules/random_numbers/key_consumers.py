"""What library functions, and callables that are not known, do with a key that they are given."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from jaxaudit.rules.random_numbers.key_origins import COPIES, Origin, Step, Steps, mark_of, origin_of
from jaxaudit.rules.random_numbers.spent_key import Spent, argument_expression, called
from jaxaudit.source import calls as c
from jaxaudit.source import facts
from jaxaudit.source import values as v
from jaxaudit.source.classes import classes_of, external_bases
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.knowledge.random_keys import (
    DRAWN_IN_HAIKU,
    INITIALIZER_FACTORIES,
    KEY_CONSUMERS,
    KEY_KEYWORDS,
    KEY_METHODS,
    KEY_NAMES,
    KEY_TRANSFORMED,
    KeyUse,
)
from jaxaudit.source.program import Program
from jaxaudit.source.provenance import single
from jaxaudit.source.scopes import Function

EACH = Step("each")
MAPS = frozenset({"vmap", "pmap"})


def own_samplers(program: Program) -> set[str]:
    """`normal = partial(jax.random.normal, shape=(3,))`: a module's own names for what draws."""
    out: set[str] = set()
    for function in program.graph.linked_functions:
        if function.is_module:
            for name, bound in function.flow.bindings.items():
                if any(isinstance(value, v.Call) and is_sampler(program, value) for value in bound):
                    out.add(name)
    return out


def is_sampler(program: Program, made: v.Call) -> bool:
    name = c.known_name(program, made.func)
    if name in INITIALIZER_FACTORIES:
        return True
    return bool(made.args) and c.known_name(program, made.args[0]) in KEY_CONSUMERS


def of_wrapped(program: Program, call: v.Call, made: v.Call) -> list[Spent] | None:
    """`partial(normal, shape=(3,))(key)`, `vmap(normal)(keys)`, `jit(split)(key)`, `glorot_normal()(key, shape)`."""
    name = c.known_name(program, made.func)
    if name in INITIALIZER_FACTORIES:
        return list(of_library(program, call, KeyUse(0, "key"), name.rpartition(".")[2]))
    if name == "functools.partial" and len(made.args) == 1:
        use = KEY_CONSUMERS.get(c.known_name(program, made.args[0]) or "")
        return list(of_library(program, call, use, facts.text(call.expr[1], 30))) if use is not None else None
    transform = c.transform_of(program, made)
    if transform is None or not transform.spec.wraps or len(transform.functions) != 1:
        return None
    handed = v.settle(transform.functions[0][0])
    if isinstance(handed, v.Attr) and not c.targets(program, handed):
        return of_wrapped_method(program, call, handed)
    inner = c.known_name(program, handed)
    use = KEY_CONSUMERS.get(inner or "")
    if use is None or use.use == "look":
        return None
    steps = (EACH,) if transform.spec.kind in MAPS and mapped(program, transform, 0) else ()
    return [
        one._replace(origin=_each(program, call, use, steps)) for one in of_library(program, call, use, inner or "")
    ]


def of_wrapped_method(program: Program, call: v.Call, method: v.Attr) -> list[Spent] | None:
    """`apply = jax.jit(forward.apply)`, called with a key."""
    certain = is_transformed(program, method.base, method.name)
    for use in KEY_METHODS.get(method.name, ()):
        found = [
            one._replace(sure=one.sure or certain)
            for one in of_library(program, call, use, facts.text(call.expr[1], 30))
            if looks_like_key(program, one)
        ]
        if found:
            return found
    return None


def _each(program: Program, call: v.Call, use: KeyUse, steps: Steps) -> Origin:
    value = call.argument(use.position if use.position >= 0 else None, use.keyword or None)
    assert value is not None
    return origin_of(program, value, steps)


def mapped(program: Program, use: c.TransformUse, position: int) -> bool:
    """Whether vmap or pmap gives each run its own slice of an argument."""
    keyword, at, _ = use.spec.axes
    value = use.option(keyword)
    if value is None and 0 <= at < len(use.call.args) and use.call is use.options[0]:
        value = use.call.args[at]
    value = v.settle(value) if value is not None else None
    if isinstance(value, v.Sequence) and position < len(value.items):
        entry = value.items[position]
        return not (isinstance(entry, v.Const) and entry.value is None)
    return True


def repeated(program: Program, value: v.Value) -> bool:
    """`jnp.stack([key] * n)`, `jnp.broadcast_to(key, ...)`: many times the same key."""
    made = single(program, value)
    if not isinstance(made, v.Call):
        return False
    name = c.known_name(program, made.func)
    if name in ("jax.numpy.broadcast_to", "jax.numpy.tile", "jax.numpy.repeat", "flax.jax_utils.replicate"):
        return bool(made.args)
    if name in ("jax.numpy.stack", "jax.numpy.array", "jax.numpy.asarray") and made.args:
        listed = v.settle(made.args[0])
        return (
            isinstance(listed, v.Op) and listed.name == "Mult" and isinstance(v.settle(listed.operands[0]), v.Sequence)
        )
    return False


def of_library(program: Program, call: v.Call, use: KeyUse, by: str) -> Iterator[Spent]:
    if use.use == "look":
        return
    value = call.argument(use.position if use.position >= 0 else None, use.keyword or None)
    if value is None or (isinstance(value, v.Const) and not isinstance(value.value, str)):
        return
    expr = argument_expression(call, use.position, use.keyword)
    settled = single(program, value)
    if isinstance(settled, v.Mapping):  # {"params": key, "dropout": key}
        written = [x for _, x in expr[1]] if expr is not None and expr[0] == "D" else []
        for index, (key, item) in enumerate(settled.pairs):
            if key is not None:
                shown = written[index] if index < len(written) else expr
                yield Spent(origin_of(program, item), call, shown, use.use, by, use.sure, call.path)
        return
    data: Hashable = None
    if use.use == "fold":
        other = call.argument(1, "data")
        data = None if other is None else mark_of(program, other)
    for origin, path in alternatives(program, value):
        yield Spent(origin, call, expr, use.use, by, use.sure, (*call.path, *path), data)


def alternatives(program: Program, value: v.Value, depth: int = 0) -> list[tuple[Origin, v.Path]]:
    """The key that a name holds after a branch, for each way through it."""
    origin = origin_of(program, value)
    root = origin.root
    if not isinstance(root, v.Phi) or root.branch is None or len(root.options) != 2 or depth > 3:
        return [(origin, ())]
    if root.branch.kind not in ("if", "ifexp"):
        return [(origin, ())]
    out = []
    for arm, option in enumerate(root.options):
        for inner, path in alternatives(program, option, depth + 1):
            out.append((Origin(inner.root, (*inner.steps, *origin.steps)), ((root.branch, arm), *path)))
    return out


def of_unknown(program: Program, call: v.Call) -> Iterator[Spent]:
    """A callable that is not known takes a key: by a method's name, or by the name of a keyword."""
    func = call.func
    said = called(call) or "the call"
    if is_container(func, said):
        return
    certain = isinstance(func, v.Attr) and is_transformed(program, func.base, func.name)
    for keyword, value in call.kwargs:
        if keyword in KEY_KEYWORDS and not isinstance(value, v.Const):
            for one in of_library(program, call, KeyUse(-1, keyword or "", "draw", certain), said):
                if looks_like_key(program, one):
                    yield one
    if not isinstance(func, v.Attr):
        return
    for use in KEY_METHODS.get(func.name, ()):
        for one in of_library(program, call, use, said):
            if looks_like_key(program, one):
                yield one._replace(sure=one.sure or certain)
                return


def is_container(func: v.Value, said: str) -> bool:
    """What only keeps the key: `State(rng=key)`, `state.replace(rng=key)`, `TrainState.create(...)`."""
    last = said.rpartition(".")[2]
    if isinstance(v.settle(func), v.ClassValue) or last in COPIES or last in ("create", "dict", "update"):
        return True
    return last[:1].isupper() and last.lower().endswith(("state", "carry", "info", "data", "config", "output"))


def is_transformed(program: Program, base: v.Value, method: str) -> bool:
    """`hk.transform(f)` or a Flax model, whose init and apply draw from the key that they are given."""
    made = single(program, base)
    if isinstance(made, v.Call) and c.known_name(program, made.func) in KEY_TRANSFORMED:
        return method != "apply" or draws_inside(program, made)
    return any("flax.linen.Module" in external_bases(program, cls) for cls in classes_of(program, base))


def draws_inside(program: Program, made: v.Call) -> bool:
    """Whether the function that Haiku transformed draws when it is applied: most networks do so only in `init`."""
    waiting = [target.function for value in made.args[:1] for target in c.targets(program, value)]
    seen: set[Function] = set()
    while waiting and len(seen) < 24:
        function = waiting.pop()
        if function in seen:
            continue
        seen.add(function)
        for call in function.flow.calls:
            if c.known_name(program, call.func) in DRAWN_IN_HAIKU:
                return True
            waiting += [target.function for target in c.targets(program, call.func)]
    return False


def looks_like_key(program: Program, one: Spent) -> bool:
    root = one.origin.root
    if isinstance(root, v.Call) and c.known_name(program, root.func) in ("jax.random.split", "jax.random.fold_in"):
        return True
    expr = one.expr
    name = "" if expr is None else str(expr[1] if expr[0] == "n" else expr[2] if expr[0] == "." else "")
    return name in KEY_NAMES or name.endswith(("_key", "_rng")) or is_key(program, root)


def is_key(program: Program, value: v.Value) -> bool:
    return kind_of(program, value).what in ("key", "keys")
