"""What kind of thing a value is: an array (whose, of what shape, dtype and weak type), a host number, a function, ...

Only what the source decides is said; the rest is "unknown".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import made_arrays, shapes
from jaxaudit.source import values as v
from jaxaudit.source.classes import annotation_classes, attribute_values, classes_of, field_annotation, lineage
from jaxaudit.source.fields import annotation_heads
from jaxaudit.source.knowledge import classes as known_classes
from jaxaudit.source.knowledge.array_values import (
    HOST_RESULTS,
    LOADERS,
    PYTHON_NUMBERS,
    STATIC_ATTRIBUTES,
)
from jaxaudit.source.knowledge.arrays_of_jax import ARRAY_MODULES, ARRAYS, SCALAR_TYPES
from jaxaudit.source.knowledge.random_keys import KEY_MAKERS
from jaxaudit.source.provenance import expand

if TYPE_CHECKING:
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function

Shape = tuple[int | None, ...] | None


class Kind(NamedTuple):
    """`what`: "array", "key", "int", "float", "bool", "complex", "str", "none", "tuple", "list", "dict", "function",
    "class", "instance", "module", "shape", "dtype", "transformed" or "unknown". Arrays: `library` is "jax" or "numpy", a
    dimension that is not known is None, an unknown number of them too."""

    what: str
    library: str = ""
    shape: Shape = None
    dtype: str = ""
    weak: bool | None = None

    @property
    def is_array(self) -> bool:
        return self.what == "array"

    @property
    def is_host_number(self) -> bool:
        return self.what in ("int", "float", "bool", "complex")

    @property
    def size(self) -> int | None:
        """How many elements, where all dimensions are known."""
        if self.what != "array" or self.shape is None or any(d is None for d in self.shape):
            return None
        return math.prod([d for d in self.shape if d is not None])

    @property
    def bytes(self) -> int | None:
        size = self.size
        return None if size is None else size * WIDTHS.get(self.dtype, 4)


UNKNOWN = Kind("unknown")
ASKED = Kind("unknown", "")
"""What a value is while it is being asked about itself."""
WIDTHS = {
    "float32": 4, "float64": 8, "int32": 4, "int64": 8, "bool": 1, "uint8": 1, "int8": 1, "float16": 2, "bfloat16": 2,
    "int16": 2, "uint16": 2, "uint32": 4, "uint64": 8, "complex64": 8, "complex128": 16,
}  # fmt: skip
_HOST_TYPES = {"builtins.int": "int", "builtins.float": "float", "builtins.bool": "bool", "builtins.str": "str"}


def kind_of(program: Program, value: v.Value, depth: int = 0) -> Kind:
    """The kind of a value; the sources of parameters are followed to their callers."""
    memo = value.memo
    if memo is None:
        memo = value.memo = {}
    key = program.keys["kind"]
    found = memo.get(key)
    if found is not None:
        if found is ASKED:
            program.asking.went_round = True
        return found
    if depth > 20:
        program.asking.went_round = True
        return UNKNOWN
    memo[key] = ASKED
    asking = program.asking
    before, asking.went_round = asking.went_round, False
    asking.level += 1
    try:
        found = memo[key] = _kind_of(program, value, depth)
    finally:
        asking.level -= 1
    if asking.went_round and leaves_open(found):
        asking.unsettled.append((memo, key))
    asking.went_round = asking.went_round or before
    if asking.level == 0:
        asking.settle(memo)
    return found


def leaves_open(kind: Kind) -> bool:
    return kind.what == "unknown" or (
        kind.what == "array" and (not kind.dtype or kind.shape is None or kind.weak is None)
    )


def kind_supposing(program: Program, value: v.Value, given: list[tuple[v.Value, Kind]]) -> Kind:
    """The kind of a value if others were of these kinds: what a function returns for one call's arguments."""
    outside = program.keys["kind"]
    count = program.memo["suppositions"] = program.memo.get("suppositions", 0) + 1
    supposing = program.keys["kind"] = f"kind supposing {count}"
    try:
        for known, kind in given:
            if known.memo is None:
                known.memo = {}
            known.memo[supposing] = kind
        return kind_of(program, value)
    finally:
        program.keys["kind"] = outside


def _kind_of(program: Program, value: v.Value, depth: int) -> Kind:
    if isinstance(value, v.Const):
        return _constant(value.value)
    annotated = program.annotations.get(id(value))
    if annotated is not None:
        declared = declared_kind(program, annotated[2].detached(annotated[1]))
        if declared.what not in ("unknown", "array"):
            return declared
    said = _SAID_BY_CLASS.get(value.__class__)
    if said is not None:
        return said(program, value, depth)
    if isinstance(value, v.Carried) and value.before is not None and value.after is not None:
        before = kind_of(program, value.before, depth + 1)
        assert value.memo is not None
        value.memo[program.keys["kind"]] = before  # what a turn sees of itself
        after = kind_of(program, value.after, depth + 1)
        return before if after is ASKED else joined([before, after])
    steps = expand(program, value)
    return joined([kind_of(program, s, depth + 1) for s in steps]) if steps else UNKNOWN


def joined(kinds: list[Kind]) -> Kind:
    """What can be said of a value that is one of these."""
    told = [k for k in kinds if k.what != "none"]
    if not told:
        return kinds[0] if kinds else UNKNOWN
    first = told[0]
    for other in told[1:]:
        if other == first:
            continue
        if other.what != first.what:
            return UNKNOWN
        first = Kind(
            first.what,
            first.library if first.library == other.library else "",
            first.shape if first.shape == other.shape else _wider(first.shape, other.shape),
            first.dtype if first.dtype == other.dtype else "",
            first.weak if first.weak == other.weak else None,
        )
    return first


def _wider(a: Shape, b: Shape) -> Shape:
    if a is None or b is None or len(a) != len(b):
        return None
    return tuple([x if x == y else None for x, y in zip(a, b)])


def _constant(value: Any) -> Kind:
    if value is None:
        return Kind("none")
    name = type(value).__name__
    return Kind(name) if name in ("int", "float", "bool", "str", "complex") else UNKNOWN


def declared_kind(program: Program, annotation: v.Value) -> Kind:
    """What an annotation promises."""
    heads = [h for h in annotation_heads(program, annotation) if h != "builtins.None"]
    if not heads:
        return UNKNOWN
    if all(h in known_classes.ARRAY_ANNOTATIONS for h in heads):
        if any("Key" in h for h in heads):
            return Kind("key")
        library = {"numpy" if h.startswith("numpy") else "jax" for h in heads}
        return Kind("array", library.pop() if len(library) == 1 else "")
    kinds = {_HOST_TYPES.get(h, "") for h in heads}
    if len(kinds) == 1 and "" not in kinds:
        return Kind(kinds.pop())
    if len(heads) == 1:
        tail = heads[0].rpartition(".")[2]
        if tail in ("Callable",):
            return Kind("function")
        if heads[0] in (
            "builtins.tuple",
            "builtins.list",
            "builtins.dict",
            "typing.Tuple",
            "typing.List",
            "typing.Dict",
        ):
            return Kind(tail.lower())
    if len(heads) == 1 and annotation_classes(program, annotation):
        return Kind("instance")
    return UNKNOWN


# -- calls -------------------------------------------------------------------------------------------------------------


def _call(program: Program, call: v.Call, depth: int) -> Kind:
    name = c.known_name(program, call.func)
    if name is not None:
        maker = ARRAYS.get(name)
        if maker is not None:
            return made_arrays.made_kind(program, call, maker, depth)
        if name in SCALAR_TYPES:
            library, dtype = SCALAR_TYPES[name]
            return Kind("array", library, (), dtype if dtype in WIDTHS else "", False)
        if name in LOADERS:
            return Kind("array", LOADERS[name]) if LOADERS[name] != "frame" else UNKNOWN
        if name in KEY_MAKERS or name == "jax.random.fold_in":
            return Kind("key")
        if name == "jax.random.split":
            return Kind("keys")
        if name in _HOST_TYPES:
            return Kind(_HOST_TYPES[name])
        if name in ("builtins.len", "builtins.hash", "builtins.id", "builtins.round"):
            return Kind("int")
        if name.startswith(("math.", "time.")):
            return Kind("float")
        if name in ("jax.device_put", "jax.block_until_ready", "jax.lax.stop_gradient") and call.args:
            inner = kind_of(program, call.args[0], depth + 1)
            return inner._replace(library="jax") if inner.is_array else inner
        if name in ("builtins.tuple", "builtins.list", "builtins.dict", "builtins.set"):
            return Kind(name.rpartition(".")[2])
        if name in ("builtins.sum", "builtins.max", "builtins.min", "builtins.abs", "builtins.pow") and call.args:
            first = kind_of(program, call.args[0], depth + 1)
            return first if first.is_array or first.is_host_number else UNKNOWN
        use = c.transform_of(program, call)
        if use is not None:
            return Kind("transformed") if use.spec.wraps else UNKNOWN
        if name not in HOST_RESULTS:
            for prefix, library in ARRAY_MODULES:
                if library != "other" and name.startswith(prefix):
                    return Kind("array", library) if name.count(".") == prefix.count(".") else UNKNOWN
        return UNKNOWN
    func = call.func
    if isinstance(func, v.Attr):
        found = made_arrays.method_kind(program, call, func, depth)
        if found.what != "unknown":
            return found
    use = c.transform_of(program, call)
    if use is not None:
        return Kind("transformed") if use.spec.wraps else UNKNOWN
    targets = c.targets(program, func)
    out = []
    for target in targets:
        if target.function.name == "__init__":
            return Kind("instance")
        if target.skipped and any(key == "mutable" for key, _ in call.kwargs):
            return UNKNOWN
        outer = [u for u in target.chain if u.spec.kind not in ("jit", "custom", "checkpoint", "name")]
        if outer:
            return _differentiated(program, call, outer, depth) if len(outer) == 1 else UNKNOWN
        if target.function.returns is not None:
            declared = declared_kind(program, (target.function.parent or target.function.module.function).flow.detached(
                target.function.returns))  # fmt: skip
            if declared.what != "unknown":
                inner = joined([kind_of(program, r.value, depth + 1) for r in target.function.flow.returns])
                out.append(inner if inner.what == declared.what else declared)
                continue
        returns = [kind_of(program, r.value, depth + 1) for r in target.function.flow.returns]
        found = joined(returns) if returns else Kind("none")
        if target.chain and found.is_array:
            found = found._replace(library="jax")
        out.append(found)
    if out:
        return joined(out)
    return Kind("instance") if classes_of(program, call) else UNKNOWN


def _differentiated(program: Program, call: v.Call, chain: list[c.TransformUse], depth: int) -> Kind:
    """`grad(f)(x)` is of the kind of x (weak where x is weak); `value_and_grad(f)(x)` is a pair."""
    if chain[0].short == "value_and_grad":
        return Kind("tuple")
    if chain[0].short == "grad" and call.args and chain[0].option("argnums", "has_aux") is None:
        inner = kind_of(program, call.args[0], depth + 1)
        if inner.is_array:
            return inner._replace(library="jax")
        return Kind("array", "jax", (), "float32", True) if inner.what == "float" else UNKNOWN
    return UNKNOWN


def _of_value_and_grad(program: Program, item: v.Item, depth: int) -> Kind:
    """`value_and_grad(f)(x)[0]` is what f returns, `[1]` of the kind of x."""
    call, index = item.base, item.index
    if not isinstance(call, v.Call) or not isinstance(index, v.Const):
        return UNKNOWN
    for target in c.targets(program, call.func):
        outer = [u for u in target.chain if u.spec.kind == "grad"]
        if len(outer) != 1 or outer[0].short not in ("value_and_grad", "filter_value_and_grad"):
            return UNKNOWN
        if outer[0].option("has_aux") is not None:
            return UNKNOWN
        if index.value == 1:
            if outer[0].option("argnums") is not None or not call.args:
                return UNKNOWN
            inner = kind_of(program, call.args[0], depth + 1)
            return inner._replace(library="jax") if inner.is_array else UNKNOWN
        found = joined([kind_of(program, r.value, depth + 1) for r in target.function.flow.returns])
        return found._replace(library="jax") if found.is_array else UNKNOWN
    return UNKNOWN


# -- the rest ----------------------------------------------------------------------------------------------------------


def _param(program: Program, param: v.Param, depth: int) -> Kind:
    function = param.function
    parameter = function.parameter(param.name)
    if function.owner is not None and param.name == function.self_name:
        return Kind("instance")
    if parameter is None:
        return UNKNOWN
    if parameter.kind != "positional" and parameter.kind != "keyword":
        return Kind("tuple" if parameter.kind == "*" else "dict")
    declared = UNKNOWN
    if parameter.annotation is not None:
        outer = (function.parent or function.module.function).flow
        declared = declared_kind(program, outer.detached(parameter.annotation))
        if declared.what not in ("unknown", "array", "float"):
            return declared
    sources = program.sources(param)
    if not sources:
        return declared
    found = joined([_handed(program, function, call, s, depth) for call, s in sources[:24]])
    return found if found.what != "unknown" else declared


def _handed(program: Program, function: Function, call: v.Call | None, value: v.Value, depth: int) -> Kind:
    """What a call hands over: one slice of it where the function is called through `vmap` or `pmap`."""
    kind = kind_of(program, value, depth + 1)
    if call is None or not kind.is_array or not kind.shape:
        return kind
    for target in c.targets(program, call.func):
        mapped = [u for u in target.chain if u.spec.kind in ("vmap", "pmap")] if target.function is function else []
        if mapped:
            plain = len(mapped) == 1 and mapped[0].option("in_axes") is None and len(mapped[0].call.args) < 2
            return kind._replace(shape=kind.shape[1:] if plain else None)
    return kind


def _attribute(program: Program, attr: v.Attr, depth: int) -> Kind:
    if attr.name == "shape":
        return Kind("shape")
    if attr.name in ("ndim", "size", "itemsize", "nbytes"):
        return Kind("int") if not classes_of(program, attr.base) else joined_attribute(program, attr, depth)
    base = kind_of(program, attr.base, depth + 1)
    if base.is_array:
        if attr.name in STATIC_ATTRIBUTES:
            return Kind("dtype" if attr.name == "dtype" else "unknown")
        if attr.name in ("T", "mT") and base.shape is not None:
            return base._replace(shape=base.shape[::-1])
        if attr.name in ("real", "imag"):
            return base._replace(dtype=real_part(base.dtype))
        return base if attr.name in ("T", "mT", "flat") else UNKNOWN
    return joined_attribute(program, attr, depth)


def real_part(dtype: str) -> str:
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


def joined_attribute(program: Program, attr: v.Attr, depth: int) -> Kind:
    found = attribute_values(program, attr)
    kind = joined([kind_of(program, s, depth + 1) for s in found]) if found else UNKNOWN
    if kind.what != "unknown":
        return kind
    for cls in classes_of(program, attr.base):
        for part in lineage(program, cls):
            annotation = field_annotation(part, attr.name)
            if annotation is not None and (flow := part.ready().flow) is not None:
                return declared_kind(program, flow.detached(annotation))
    return UNKNOWN


def _item(program: Program, item: v.Item, depth: int) -> Kind:
    if isinstance(item.base, v.External) and item.base.name in shapes.GRIDS:
        library = item.base.name.partition(".")[0]
        return Kind("array", library, shapes.grid(program, item), "int32" if library == "jax" else "int64", False)
    base = kind_of(program, item.base, depth + 1)
    if base.what == "shape":
        return Kind("int")
    if base.what == "keys":
        return Kind("key")
    if base.is_array:
        return base._replace(shape=shapes.indexed(program, base.shape, item.index))
    if base.what in ("tuple", "list"):
        made = shapes.tuple_item(program, item)
        name = c.known_name(program, made.func) if made is not None else None
        maker = ARRAYS.get(name or "")
        if made is not None and maker is not None and maker.gives != "array" and name not in MIXED_TUPLES:
            shape = shapes.meshed(program, made) if (name or "").endswith(".meshgrid") else None
            weak = made_arrays.weakness(program, made.args[0], depth + 1) and None if made.args else None
            return Kind("array", maker.library, shape, "", False if maker.library == "numpy" else weak)
    if base.what == "tuple":
        found = _of_value_and_grad(program, item, depth)
        if found.is_array:
            return found
    steps = expand(program, item)
    return joined([kind_of(program, s, depth + 1) for s in steps]) if steps else UNKNOWN


MIXED_TUPLES = frozenset({"jax.flatten_util.ravel_pytree"})
"""What gives an array and something else."""


def _element(program: Program, elem: v.Elem, depth: int) -> Kind:
    source = v.settle(elem.iterable)
    if isinstance(source, v.Call):
        name = c.known_name(program, source.func)
        if name == "builtins.range":
            return Kind("int")
    base = kind_of(program, elem.iterable, depth + 1)
    if base.is_array:
        return base._replace(shape=base.shape[1:] if base.shape else None)
    if base.what == "keys":
        return Kind("key")
    steps = expand(program, elem)
    return joined([kind_of(program, s, depth + 1) for s in steps]) if steps else UNKNOWN


def _external(program: Program, value: v.External, depth: int) -> Kind:
    if value.name in PYTHON_NUMBERS:
        return Kind("float")
    return Kind("function") if value.name in ARRAYS else UNKNOWN


_COMPREHENSIONS = {"ListComp": "list", "DictComp": "dict"}
_SAID_BY_CLASS: dict[type, Callable[[Program, Any, int], Kind]] = {
    v.FunctionValue: lambda program, value, depth: Kind("function"),
    v.ClassValue: lambda program, value, depth: Kind("class"),
    v.ModuleValue: lambda program, value, depth: Kind("module"),
    v.External: _external,
    v.Op: lambda program, value, depth: made_arrays.operation_kind(program, value, depth),
    v.Sequence: lambda program, value, depth: Kind(value.kind),
    v.Mapping: lambda program, value, depth: Kind("dict"),
    v.Comprehension: lambda program, value, depth: Kind(_COMPREHENSIONS.get(value.kind, "unknown")),
    v.Text: lambda program, value, depth: Kind("str"),
    v.Call: _call,
    v.Param: _param,
    v.Attr: _attribute,
    v.Item: _item,
    v.Elem: _element,
}
