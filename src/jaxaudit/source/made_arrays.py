"""Shape, dtype and weakness of what array-making calls, methods of arrays and operators give."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jaxaudit.source import calls as c
from jaxaudit.source import kinds, shapes
from jaxaudit.source import values as v
from jaxaudit.source.knowledge.array_values import (
    ARRAY_METHODS,
    AT_METHODS,
    NUMPY_GENERATORS,
)
from jaxaudit.source.knowledge.arrays import ArrayMaker
from jaxaudit.source.knowledge.arrays_of_jax import ARRAYS
from jaxaudit.source.numbers import length_of, number
from jaxaudit.source.promotion import FLOAT, rank, weak_of
from jaxaudit.source.provenance import elements, roots

if TYPE_CHECKING:
    from jaxaudit.source.program import Program


def made_kind(program: Program, call: v.Call, maker: ArrayMaker, depth: int) -> kinds.Kind:
    if maker.gives != "array":
        return kinds.Kind("tuple")
    first = call.argument(maker.position, maker.keyword or None)
    shape = _shape_of_call(program, call, maker, first, depth)
    dtype = _dtype_of_call(program, call, maker, depth)
    weak: bool | None = False
    if maker.library == "jax" and maker.weak != "strong":
        weak = _weak_of_call(program, call, maker, depth)
    return kinds.Kind("array", maker.library, shape, dtype, weak)


def _shape_of_call(program: Program, call: v.Call, maker: ArrayMaker, first: v.Value | None, depth: int) -> kinds.Shape:
    rule = maker.rule
    if rule == "scalar":
        return ()
    if maker.keyword == "size":
        return shape_of_draw(program, call, (c.known_name(program, call.func) or "").rpartition(".")[2], depth)
    if rule in ("eye", "tri") and first is not None:
        n = number(program, first)
        second = call.argument(maker.position + 1, "M")
        m = n if second is None or (isinstance(second, v.Const) and second.value is None) else number(program, second)
        return (n if type(n) is int else None, m if type(m) is int else None)
    if rule == "linspace":
        num = call.argument(2, "num")
        n = 50 if num is None else number(program, num)
        return (n if type(n) is int else None,)
    if rule == "arange":
        return (length_of_arange(program, call),)
    if first is None:
        return () if rule == "shape" else None
    if rule == "shape":
        return shape_of_argument(program, first, depth)
    if rule == "permuted":  # permutation(10) is one of arange(10)
        n = number(program, first)
        known = kinds.kind_of(program, first, depth + 1)
        return (n,) if type(n) is int else (None,) if known.what == "int" else known.shape
    if rule == "indices" and (c.known_name(program, call.func) or "").endswith(".indices"):
        dims = shape_of_argument(program, first, depth)
        return None if dims is None else (len(dims), *dims)
    if rule in ("like", "cumulative", "square"):
        return kinds.kind_of(program, first, depth + 1).shape
    if rule == "identity":
        return _literal_shape(program, first, depth)
    if rule == "elementwise":
        return _broadcast([_shape_of(program, a, depth) for a in call.args])
    if rule == "reshape":
        second = call.argument(maker.position + 1, "shape")
        found = shape_of_argument(program, second, depth) if second is not None else None
        return None if found is None else tuple([None if d == -1 else d for d in found])
    if rule == "reduce":
        shape = kinds.kind_of(program, first, depth + 1).shape
        return shapes.reduced(program, shape, call.argument(1, "axis"), call.keyword("keepdims"))
    if rule == "outer" and len(call.args) > 1:
        return shapes.outer(*[_shape_of(program, a, depth) for a in call.args[:2]])
    if rule == "diagonal":
        return shapes.diagonal(_shape_of(program, first, depth)) if call.argument(1, "k") is None else None
    if rule == "matmul":
        second = call.argument(maker.position + 1, "b")
        name = c.known_name(program, call.func) or ""
        if second is not None and name.rpartition(".")[2] in ("dot", "matmul"):
            return shapes.product(
                kinds.kind_of(program, first, depth + 1).shape, kinds.kind_of(program, second, depth + 1).shape
            )
    name = c.known_name(program, call.func) or ""
    if rule in ("stack", "concatenate") and name.endswith((".stack", ".concatenate")):
        items = elements(program, first)
        each = kinds.joined([kinds.kind_of(program, i, depth + 1) for i in items[:16]]).shape if items else None
        return shapes.stacked(program, first, each, call.argument(1, "axis"), rule == "concatenate")
    if rule == "broadcast":
        second = call.argument(maker.position + 1, "shape")
        return shape_of_argument(program, second, depth) if second is not None else None
    return None


def length_of_arange(program: Program, call: v.Call) -> int | None:
    parts = [number(program, a) for a in call.args[:3]]
    if not parts or any(p is None for p in parts):
        return None
    start, stop, step = (0, parts[0], 1) if len(parts) == 1 else (parts[0], parts[1], parts[2] if len(parts) > 2 else 1)
    try:
        return max(math.ceil((stop - start) / step), 0)
    except (ArithmeticError, ValueError):
        return None


def shape_of_argument(program: Program, value: v.Value, depth: int = 0) -> kinds.Shape:
    """A shape written as an argument: `3`, `(n, 4)`, `x.shape`."""
    for root in roots(program, value)[:1]:
        if isinstance(root, v.Sequence):
            if any(isinstance(i, v.Star) for i in root.items):
                return None
            dims = [number(program, i) for i in root.items]
            return tuple([d if type(d) is int else None for d in dims])
        if isinstance(root, v.Attr) and root.name == "shape":
            return kinds.kind_of(program, root.base, depth + 1).shape
        found = number(program, root)
        if type(found) is int:
            return (found,)
    if kinds.kind_of(program, value, depth + 1).what == "int":
        return (None,)
    return None


def _literal_shape(program: Program, value: v.Value, depth: int) -> kinds.Shape:
    root = v.settle(value)
    if isinstance(root, v.Sequence):
        items = root.items
        if not items:
            return (0,)
        inner = _literal_shape(program, items[0], depth + 1) if depth < 8 else None
        return None if inner is None else (root.length, *inner)
    if isinstance(root, v.Comprehension):
        inner = _literal_shape(program, root.element, depth + 1) if depth < 8 else None
        return None if inner is None else (length_of(program, root), *inner)
    kind = kinds.kind_of(program, value, depth + 1)
    if kind.is_host_number:
        return ()
    return kind.shape


def _shape_of(program: Program, value: v.Value, depth: int) -> kinds.Shape:
    kind = kinds.kind_of(program, value, depth + 1)
    return () if kind.is_host_number else kind.shape


def _broadcast(shapes: list[kinds.Shape]) -> kinds.Shape:
    out: list[int | None] = []
    for shape in shapes:
        if shape is None:
            return None
        ones: list[int | None] = [1]
        padded = ones * (len(out) - len(shape)) + list(shape)
        out = ones * (len(padded) - len(out)) + out
        out = [b if a == 1 else a if b == 1 or a == b else (a if b is None else b if a is None else None)
               for a, b in zip(out, padded)]  # fmt: skip
    return tuple(out)


def _dtype_of_call(program: Program, call: v.Call, maker: ArrayMaker, depth: int) -> str:
    position, keyword = maker.dtype
    if position >= 0 or keyword:
        given = call.argument(position if position >= 0 else None, keyword or None)
        if given is not None and not (isinstance(given, v.Const) and given.value is None):
            return dtype_name(program, given)
    wide = maker.library == "numpy"
    simple = {"float": "float64" if wide else "float32", "int": "int64" if wide else "int32", "bool": "bool",
              "complex": "complex128" if wide else "complex64"}  # fmt: skip
    if maker.default in simple:
        return simple[maker.default]
    if maker.default == "arange":
        whats = [kinds.kind_of(program, a, depth + 1).what for a in call.args[:3]]
        if all(k == "int" for k in whats):
            return simple["int"]
        return simple["float"] if "float" in whats else ""
    first = call.argument(maker.position, maker.keyword or None)
    if maker.rule == "shape":  # full(shape, fill_value)
        fill = call.argument(maker.position + 1, "fill_value")
        return "" if fill is None else _dtype_of(program, fill, wide, depth)
    if maker.default == "like" and first is not None:
        return _dtype_of(program, first, wide, depth)
    if maker.default in ("promote", "inexact"):
        parts = [_dtype_of(program, a, wide, depth) for a in chosen_from(program, call)[:3]]
        if maker.rule not in ("elementwise", "matmul"):
            parts = parts[:1]
        found = _promoted(parts)
        if maker.default == "inexact" and found.startswith(("int", "uint", "bool")):
            return simple["float"]
        name = call.func.name if isinstance(call.func, v.Attr) else c.known_name(program, call.func) or ""
        return kinds.real_part(found) if name.rpartition(".")[2] in REAL_RESULTS else found
    return ""


def chosen_from(program: Program, call: v.Call) -> tuple[v.Value, ...]:
    """The arguments whose dtype the result has: of `where(test, x, y)` all but the test."""
    name = (c.known_name(program, call.func) or "").rpartition(".")[2]
    return call.args[1:] if name in CHOOSE and len(call.args) > 2 else call.args


CHOOSE = frozenset({"where", "select", "select_n"})
REAL_RESULTS = frozenset(
    {"abs", "absolute", "real", "imag", "angle", "norm", "matrix_norm", "vector_norm", "std", "var", "nanstd", "nanvar"}
)
"""Of complex numbers these give real ones."""


def _dtype_of(program: Program, value: v.Value, wide: bool, depth: int) -> str:
    root = v.settle(value)
    if isinstance(root, v.Sequence) and root.items:
        return _promoted([_dtype_of(program, i, wide, depth + 1) for i in root.items[:8]]) if depth < 10 else ""
    kind = kinds.kind_of(program, value, depth + 1)
    if kind.what == "array":
        if kind.library == "numpy" and not wide:
            return NARROW.get(kind.dtype, kind.dtype)
        return kind.dtype
    return {"int": "int64" if wide else "int32", "float": "float64" if wide else "float32", "bool": "bool",
            "complex": "complex128" if wide else "complex64"}.get(kind.what, "")  # fmt: skip


NARROW = {"float64": "float32", "int64": "int32", "complex128": "complex64"}
"""What JAX makes of NumPy's 64-bit types where they are not enabled."""


def _promoted(parts: list[str]) -> str:
    if not parts or "" in parts:
        return ""
    return max(parts, key=lambda p: (rank(p), kinds.WIDTHS.get(p, 0)))


def dtype_name(program: Program, value: v.Value) -> str:
    root = v.settle(value)
    if isinstance(root, v.Const) and isinstance(root.value, str):
        return root.value
    name = (c.known_name(program, root) or "").rpartition(".")[2]
    name = {"float": "float32", "int": "int32", "float_": "float32", "int_": "int32", "bool_": "bool"}.get(name, name)
    return name if name in kinds.WIDTHS else ""


def _weak_of_call(program: Program, call: v.Call, maker: ArrayMaker, depth: int) -> bool | None:
    position, keyword = maker.dtype
    if position >= 0 or keyword:
        given = call.argument(position if position >= 0 else None, keyword or None)
        if given is not None and not (isinstance(given, v.Const) and given.value is None):
            return False
    if maker.weak == "scalar":
        where = (maker.position + 1, "fill_value") if maker.rule == "shape" else (maker.position, maker.keyword or None)
        first = call.argument(*where)
        return None if first is None else weakness(program, first, depth)
    of = weighed(program, call, maker)
    parts = [
        (_dtype_of(program, one, False, depth), weakness(program, one, depth))
        for one in of
        if kinds.kind_of(program, one, depth + 1).what != "none"
    ]
    found = weak_of(parts)
    return None if found and maker.weak == "perhaps" else found


def weighed(program: Program, call: v.Call, maker: ArrayMaker) -> tuple[v.Value, ...]:
    """The arguments that make the result weak or strong: no shapes, axes or indices."""
    args = chosen_from(program, call)
    name = (c.known_name(program, call.func) or "").rpartition(".")[2]
    if name == "select" and args and v.settle(args[0]).__class__ is v.Sequence:
        return (v.Unknown(),)  # `jnp.select(tests, choices)`
    if args and maker.rule in JOINS:
        items = elements(program, args[0])
        return tuple(items[:16]) if items else (v.Unknown(),)
    return args[:1] if maker.rule in OF_THE_FIRST and name not in OF_ALL else args


JOINS = frozenset({"stack", "concatenate"})
OF_THE_FIRST = frozenset({"view", "pick", "reshape", "broadcast", "repeat", "reduce", "identity", "like"})
OF_ALL = frozenset(
    {"append", "insert", "kron", "block", "broadcast_arrays", "meshgrid", "scatter", "scatter_add", "scatter_apply",
     "scatter_max", "scatter_min", "scatter_mul", "scatter_sub"}
)  # fmt: skip


def weakness(program: Program, value: v.Value, depth: int) -> bool | None:
    kind = kinds.kind_of(program, value, depth + 1)
    if kind.what in ("int", "float", "complex"):
        return True
    if kind.what in ("bool", "list", "tuple") or kind.library == "numpy":
        return False
    return kind.weak if kind.is_array else None


def strength(kind: kinds.Kind) -> tuple[str, bool | None]:
    """(dtype, weak) of an operand; a Python number is weak."""
    if kind.is_host_number:
        name = {"int": "int32", "float": "float32", "complex": "complex64"}.get(kind.what, "bool")
        return name, kind.what != "bool"
    return kind.dtype, False if kind.library == "numpy" else kind.weak


def method_kind(program: Program, call: v.Call, func: v.Attr, depth: int) -> kinds.Kind:
    base = func.base
    if func.name in AT_METHODS:
        at = base.base if isinstance(base, v.Item) else None
        if isinstance(at, v.Attr) and at.name == "at":
            return kinds.kind_of(program, at.base, depth + 1)
    receiver = kinds.kind_of(program, base, depth + 1)
    if receiver.is_array:
        if func.name in ("item", "tolist"):
            return kinds.Kind("float" if receiver.dtype.startswith("float") else "unknown")
        if func.name == "astype" and call.args:
            return receiver._replace(dtype=dtype_name(program, call.args[0]), weak=False)
        name = ARRAY_METHODS.get(func.name)
        maker = ARRAYS.get(name) if name else None
        if func.name == "reshape":
            dims = call.args[0] if len(call.args) == 1 else v.Sequence("tuple", call.args, len(call.args))
            found = shape_of_argument(program, dims, depth)
            return receiver._replace(shape=None if found is None else tuple([None if d == -1 else d for d in found]))
        if func.name in ("ravel", "flatten"):
            return receiver._replace(shape=None if receiver.size is None else (receiver.size,))
        if maker is not None:  # x.sum(axis) is jnp.sum(x, axis)
            as_function = v.Call(func, (base, *call.args), call.kwargs, call.expr, call.flow, (), (), 0)
            return made_kind(program, as_function, maker._replace(library=receiver.library or maker.library), depth)
        return receiver._replace(shape=None) if name is not None else kinds.UNKNOWN
    if isinstance(base, (v.Call, v.Free, v.Param, v.Attr)):
        makers = [s for _, s in program.sources(base)[:4]] if isinstance(base, v.Param) else [base]
        for root in [root for maker in makers for root in roots(program, maker)]:
            if isinstance(root, v.Call) and c.known_name(program, root.func) in NUMPY_GENERATORS:
                if func.name in ("permutation", "permuted"):
                    return made_kind(program, call, ARRAYS["numpy.random.permutation"], depth)
                shape = shape_of_draw(program, call, func.name, depth)
                kind = "int64" if func.name == "integers" else "float64"
                if shape == ():
                    return kinds.Kind("float" if kind == "float64" else "int")
                return kinds.Kind("array", "numpy", shape, kind, False)
    return kinds.UNKNOWN


def shape_of_draw(program: Program, call: v.Call, name: str, depth: int) -> kinds.Shape:
    """The shape of NumPy's random draws: `normal(0, 1, (3, 4))`, `random((3, 4))`, `randn(3, 4)`."""
    if name in ("rand", "randn"):
        dims = [number(program, a) for a in call.args]
        return tuple([d if type(d) is int else None for d in dims])
    size = call.argument(SIZE_OF_DRAW.get(name), "size")
    return shape_of_argument(program, size, depth) if size is not None else ()


SIZE_OF_DRAW = {
    "random": 0, "standard_normal": 0, "random_sample": 0, "ranf": 0, "sample": 0, "normal": 2, "uniform": 2,
    "integers": 2, "randint": 2, "choice": 1, "exponential": 1, "poisson": 1, "gamma": 2, "beta": 2, "binomial": 2,
    "lognormal": 2,
    "multivariate_normal": 2, "laplace": 2, "rayleigh": 1, "chisquare": 1, "standard_exponential": 0,
}  # fmt: skip


_ARITHMETIC = frozenset({"Add", "Sub", "Mult", "Div", "FloorDiv", "Mod", "Pow", "MatMult", "USub", "UAdd", "Invert"})


_COMPARISON = frozenset({"Eq", "NotEq", "Lt", "LtE", "Gt", "GtE"})


def operation_kind(program: Program, op: v.Op, depth: int) -> kinds.Kind:
    parts = [kinds.kind_of(program, o, depth + 1) for o in op.operands]
    arrays = [k for k in parts if k.is_array]
    if op.name in ("Is", "IsNot", "In", "NotIn", "Not"):
        return kinds.Kind("bool")
    if op.name in ("And", "Or"):
        return kinds.joined(parts)
    if op.name in _COMPARISON or op.name == "Chain":
        if arrays:
            return kinds.Kind(
                "array",
                arrays[0].library,
                _broadcast([() if k.is_host_number else k.shape for k in parts]),
                "bool",
                weak_of([strength(k) for k in parts]) and None,
            )
        return kinds.Kind("bool") if all(k.what != "unknown" for k in parts) else kinds.UNKNOWN
    if arrays and op.name in _ARITHMETIC:
        library = "jax" if any(k.library == "jax" for k in arrays) else arrays[0].library
        known = all(k.is_array or k.is_host_number for k in parts)
        shape = _broadcast([() if k.is_host_number else k.shape for k in parts]) if known else None
        if op.name == "MatMult":
            shape = shapes.product(parts[0].shape, parts[1].shape)
        weak = weak_of([strength(k) for k in parts]) if library == "jax" else False
        if op.name == "Pow" and weak and parts[1].is_array and rank(parts[1].dtype) < FLOAT:
            weak = None  # strong where the exponent is an array of integers
        strong = [k.dtype for k in arrays if not k.weak] or [k.dtype for k in arrays]
        dtype = _promoted([NARROW.get(one, one) for one in strong] if library == "jax" else strong) if known else ""
        if dtype.startswith(("int", "uint", "bool")) and any(k.weak and k.dtype.startswith("float") for k in arrays):
            dtype = "float32" if library == "jax" else "float64"  # a weak float lifts integers
        if op.name == "Div" and dtype.startswith(("int", "uint", "bool")):
            dtype = "float32"
        elif dtype.startswith(("int", "uint", "bool")) and any(k.what == "float" for k in parts):
            dtype = "float32" if library == "jax" else "float64"
        return kinds.Kind("array", library, shape, dtype, weak)
    if all(k.is_host_number for k in parts) and op.name in _ARITHMETIC:
        if op.name == "Div" or any(k.what == "float" for k in parts):
            return kinds.Kind("float")
        return parts[0]
    if op.name in ("Add", "Mult") and any(k.what in ("list", "tuple", "str") for k in parts):
        return next(k for k in parts if k.what in ("list", "tuple", "str"))
    return kinds.UNKNOWN
