"""Which arrays a value holds: the value itself, the fields of an object, the items of a container."""

from typing import NamedTuple

from jaxaudit.model import Place
from jaxaudit.source import calls as c
from jaxaudit.source import provenance
from jaxaudit.source import values as v
from jaxaudit.source.classes import all_fields, classes_of, lineage, stores_on_self
from jaxaudit.source.contexts import is_test_path
from jaxaudit.source.facts import start
from jaxaudit.source.fields import annotation_heads
from jaxaudit.source.kinds import Kind, kind_of
from jaxaudit.source.knowledge.array_values import FRAME_ATTRIBUTES, FRAME_METHODS, LOADERS
from jaxaudit.source.numbers import length_of
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Class

DEEPEST = 4
"""So many objects inside objects are looked into."""
MOST = 24
"""So many arrays of one object are told apart."""
SMALL = 16 * 1024
"""Bytes up to which a constant costs nothing that anybody would notice."""

Steps = tuple[str, ...]


class Held(NamedTuple):
    """One array: the `steps` that lead to it from its holder, what is known of it, where it was made, how loaded.

    `kind` is `Kind("array")` without a shape where only that there are arrays is known.
    """

    steps: Steps
    kind: Kind
    value: v.Value
    loader: str = ""
    times: int = 1
    """So many of them: items of a list that is made in one expression."""

    @property
    def bytes(self) -> int | None:
        size = self.kind.bytes
        return None if size is None else size * self.times

    @property
    def promised(self) -> bool:
        """Only an annotation says that it is an array: no call was read that hands one over."""
        return self.value.__class__ is v.Param and not self.loader and self.kind.shape is None


def held_arrays(program: Program, value: v.Value, steps: Steps = (), depth: int = 0) -> list[Held]:
    """The arrays that a value is or holds, as far as the source tells; [] for numbers, functions, the unknown."""
    if depth > DEEPEST:
        return []
    kind = kind_of(program, value)
    if kind.is_array:
        value = made(program, value)
        if value.__class__ is v.Param and may_be_a_number(program, value):
            return []
        return [Held(steps, kind, value, loader_of(program, value))]
    if kind.what in ("key", "keys"):
        return []
    if kind.is_host_number or kind.what in NO_HOLDERS:
        return []
    out: list[Held] = []
    for root in roots_through_callers(program, value):
        out += _held_by(program, root, steps, depth)
        if len(out) > MOST:
            break
    return unique(out)


def _held_by(program: Program, root: v.Value, steps: Steps, depth: int) -> list[Held]:
    kind = root.__class__
    if kind is v.Sequence and root.kind != "slice":  # type: ignore[attr-defined]
        return [
            held
            for number, item in enumerate(root.items[:16])  # type: ignore[attr-defined]
            for held in held_arrays(program, item, (*steps, f"[{number}]"), depth + 1)
        ]
    if kind is v.Mapping:
        return [
            held
            for key, item in root.pairs[:16]  # type: ignore[attr-defined]
            for held in held_arrays(program, item, (*steps, f"[{key!r}]" if key is not None else ""), depth + 1)
        ]
    if kind is v.Comprehension:
        times = length_of(program, root) or 1
        inside = held_arrays(
            program,
            root.element,  # type: ignore[attr-defined]
            (*steps, "[...]"),
            depth + 1,
        )
        return [held._replace(times=held.times * times) for held in inside]
    found = kind_of(program, root)
    if found.is_array:
        return [Held(steps, found, root, loader_of(program, root))]
    if is_of_frame(program, root):
        return [Held(steps, Kind("array"), root, loader_of(program, root))]
    if kind is v.Call:
        return _held_by_call(program, root, steps, depth)  # type: ignore[arg-type]
    return [held for cls in classes_of(program, root) for held in held_by_instance(program, cls, root, steps, depth)]


def _held_by_call(program: Program, call: v.Call, steps: Steps, depth: int) -> list[Held]:
    name = c.known_name(program, call.func)
    if name is not None:
        if LOADERS.get(name):
            return [Held(steps, Kind("array"), call, name)]
        if name.startswith(MODELS) and name.rpartition(".")[2][:1].isupper() and name not in NO_ARRAYS:
            return [Held(steps, Kind("array"), call)]
        at = SAME_TREE.get(name)
        if at is not None and at < len(call.args):
            return held_arrays(program, call.args[at], steps, depth + 1)
        if name in MAKERS_OF_TREES:
            return [Held(steps, Kind("array"), call)]
    elif is_init(program, call):
        return [Held(steps, Kind("array"), call)]
    return [held for cls in classes_of(program, call) for held in held_by_instance(program, cls, call, steps, depth)]


def is_of_frame(program: Program, root: v.Value) -> bool:
    """`table.values`, `hdus[0].data`, `frame.to_numpy()`: an array out of what a loader gave."""
    if isinstance(root, v.Call) and isinstance(root.func, v.Attr) and root.func.name in FRAME_METHODS:
        return bool(loader_of(program, root.func.base))
    return isinstance(root, v.Attr) and root.name in FRAME_ATTRIBUTES and bool(loader_of(program, root.base))


def is_init(program: Program, call: v.Call) -> bool:
    """`model.init(key, x)` and `optimiser.init(params)`: a tree of arrays made by a library."""
    func = call.func
    return (
        func.__class__ is v.Attr
        and func.name in ("init", "init_with_output")
        and bool(call.args)
        and not c.targets(program, func)
        and bool(held_arrays(program, call.args[0]) or kind_of(program, call.args[0]).what in ("key", "keys"))
    )


def held_by_instance(program: Program, cls: Class, value: v.Value, steps: Steps = (), depth: int = 0) -> list[Held]:
    """The arrays in the fields of an instance, its bases' fields included; the same for every instance of a class."""
    key = program.keys["captures.held"]
    found: list[Held] | None = cls.memo.get(key)
    if found is None:
        cls.memo[key] = []
        found = []
        for name in field_names(program, cls):
            attr = v.Attr(value, name, value.expr, value.flow)
            found += held_arrays(program, attr, (f".{name}",), depth + 1)
            if len(found) > MOST:
                break
        cls.memo[key] = found
    return [held._replace(steps=(*steps, *held.steps)) for held in found]


def field_names(program: Program, cls: Class) -> list[str]:
    """Fields by annotation and by assignment to `self`, in order."""
    found = cls.memo.get("captures.fields")
    if found is None:
        names = dict.fromkeys(all_fields(program, cls))
        for part in lineage(program, cls):
            for store in stores_on_self(part):
                names.setdefault(store.name)
        found = cls.memo["captures.fields"] = [name for name in names if isinstance(name, str)]
    return found


def roots_through_callers(program: Program, value: v.Value, depth: int = 0) -> list[v.Value]:
    """Where a value comes from, parameters followed to the arguments of their callers."""
    out: dict[int, v.Value] = {}
    for root in provenance.roots(program, value):
        if root.__class__ is v.Param and depth < 5:
            sources = of_the_project(root, program.sources(root))
            for source in sources[:8]:
                for above in roots_through_callers(program, source, depth + 1):
                    out[id(above)] = above
            if sources:
                continue
        out[id(root)] = root
    return list(out.values())


def of_the_project(param: v.Param, sources: list[tuple[v.Call | None, v.Value]]) -> list[v.Value]:
    """What callers hand in; what tests hand to a function that is no test's says nothing of its size."""
    if is_test_path(param.function.module.path):
        return [value for _, value in sources]
    return [
        value
        for call, value in sources
        if call is None or call.flow is None or not is_test_path(call.flow.function.module.path)
    ]


def loader_of(program: Program, value: v.Value) -> str:
    """The loader that an array comes from: `numpy.load`; looked for through conversions."""
    waiting, seen = [value], 0
    while waiting and seen < 40:
        one = waiting.pop()
        seen += 1
        for root in roots_through_callers(program, one):
            if root.__class__ is v.Call:
                name = c.known_name(program, root.func)
                if name in LOADERS:
                    return name or ""
                if name is None and root.func.__class__ is v.Attr:
                    waiting.append(root.func.base)
                waiting += root.args[:1]
            elif root.__class__ in (v.Attr, v.Item):
                waiting.append(root.base)
    return ""


def origin(program: Program, value: v.Value) -> Place | None:
    """Where an array was made, for a note."""
    for root in roots_through_callers(program, value):
        written = root.expr is not None and start(root.expr) != (1, 0)
        if written and root.flow is not None and root.__class__ is not v.Param:
            return program.place(root.flow, root.expr)
    return None


def made(program: Program, value: v.Value) -> v.Value:
    """The call or expression that made an array, or the parameter by which it comes from outside all that was read."""
    roots = roots_through_callers(program, value)
    return next((root for root in roots if root.__class__ is not v.Param), roots[0] if roots else value)


def may_be_a_number(program: Program, param: v.Param) -> bool:
    """`x: ArrayLike`, `x: Array | float`: most callers hand in a Python number."""
    parameter = param.function.parameter(param.name)
    if parameter is None or parameter.annotation is None:
        return False
    outer = (param.function.parent or param.function.module.function).flow
    heads = annotation_heads(program, outer.detached(parameter.annotation))
    return any(head.rpartition(".")[2] in NUMBERS for head in heads)


_NUMBERS = "ArrayLike Numeric Scalar ScalarLike float int bool complex RealNumeric FloatLike PRNGKeyArray Key"
NUMBERS = frozenset(_NUMBERS.split())


def unique(held: list[Held]) -> list[Held]:
    out: dict[Steps, Held] = {}
    for one in held:
        known = out.get(one.steps)
        if known is None or (known.bytes or 0) < (one.bytes or 0):
            out[one.steps] = one
    return list(out.values())


def described(held: Held) -> str:
    """`float32[2000,2000], 15.3 MiB`, as far as known."""
    kind = held.kind
    shape = ""
    if kind.shape is not None and kind.shape and not any(d is None for d in kind.shape):
        times = f"{held.times} x " if held.times > 1 else ""
        shape = f"{times}{kind.dtype or 'array '}[{','.join(str(d) for d in kind.shape)}]"
    elif held.loader:
        shape = f"from `{held.loader.rpartition('.')[2]}`"
    return ", ".join([part for part in (shape, readable(held.bytes)) if part])


def readable(size: int | None) -> str:
    if size is None:
        return ""
    if size < 1024 * 1024:
        return f"{size / 1024:.0f} KiB"
    return f"{size / 1024 / 1024:.1f} MiB"


NO_HOLDERS = frozenset({"str", "none", "function", "class", "module", "transformed", "shape", "dtype"})
MODELS = ("equinox.nn.", "flax.nnx.", "brainstate.nn.")
_WITHOUT = "Lambda Dropout Identity MaxPool1d MaxPool2d AvgPool1d AvgPool2d Rngs Optimizer State StateIndex"
NO_ARRAYS = frozenset([f"{library}.{name}" for library in ("equinox.nn", "flax.nnx") for name in _WITHOUT.split()])
MAKERS_OF_TREES = frozenset({"equinox.nn.make_with_state", "flax.training.train_state.TrainState.create"})
SAME_TREE = {
    "jax.tree.map": 1, "jax.device_put": 0, "jax.block_until_ready": 0, "jax.lax.stop_gradient": 0, "equinox.filter": 0,
    "equinox.combine": 0, "equinox.tree_at": 1, "equinox.nn.inference_mode": 0, "copy.copy": 0, "copy.deepcopy": 0,
    "builtins.tuple": 0, "builtins.list": 0, "builtins.dict": 0, "jax.device_get": 0, "flax.core.freeze": 0,
    "flax.core.unfreeze": 0, "flax.core.frozen_dict.freeze": 0, "flax.core.frozen_dict.unfreeze": 0,
    "flax.core.FrozenDict": 0, "flax.jax_utils.replicate": 0, "flax.jax_utils.unreplicate": 0,
}  # fmt: skip
