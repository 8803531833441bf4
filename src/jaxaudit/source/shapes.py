"""Shapes that follow from indexing, grids, axes and products, where the source decides them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from jaxaudit.source import values as v
from jaxaudit.source.numbers import number
from jaxaudit.source.provenance import roots

if TYPE_CHECKING:
    from jaxaudit.source.kinds import Shape
    from jaxaudit.source.program import Program

GRIDS = frozenset({"numpy.mgrid", "jax.numpy.mgrid"})


def indexed(program: Program, shape: Shape, index: v.Value) -> Shape:
    """The shape of `x[index]` for an `x` of this shape: ints, slices, None, `...` and one index array."""
    if shape is None:
        return None
    from jaxaudit.source.kinds import kind_of

    entries = list(index.items) if index.__class__ is v.Sequence and index.kind == "tuple" else [index]
    whole = [_is_const(e, None) or _is_const(e, Ellipsis) for e in entries]
    taken = len(entries) - sum(whole)
    left = list(shape)
    out: list[int | None] = []
    for entry in entries:
        if _is_const(entry, None):
            out.append(1)
        elif _is_const(entry, Ellipsis):
            keep = len(shape) - taken
            out += left[: max(keep, 0)]
            left = left[max(keep, 0) :]
        elif not left:
            return None
        elif entry.__class__ is v.Sequence and entry.kind == "slice":
            out.append(sliced(program, left.pop(0), entry))
        else:
            kind = kind_of(program, entry)
            left.pop(0)
            if kind.what == "int":
                continue
            if not kind.is_array or kind.shape is None or kind.dtype == "bool" or (taken > 1 and kind.shape != ()):
                return None
            out += kind.shape
    return tuple(out + left)


def sliced(program: Program, length: int | None, part: v.Sequence) -> int | None:
    """How many of `length` items `[start:stop:step]` keeps."""
    if all(_is_const(p, None) for p in part.items):
        return length
    bounds = [None if _is_const(p, None) else number(program, p) for p in part.items[:3]]
    told = [_is_const(p, None) or type(b) is int for b, p in zip(bounds, part.items)]
    if not all(told):
        return None
    if length is None or bounds[2:] == [0]:
        return None
    return len(range(*slice(*bounds).indices(length)))


def grid(program: Program, item: v.Item) -> Shape:
    """`np.mgrid[:n, -1:1:50j]`: one axis for the coordinates and one for each slice."""
    entries = item.index.items if item.index.__class__ is v.Sequence and item.index.kind == "tuple" else (item.index,)
    dims = [_steps(program, entry) for entry in entries]
    return (len(dims), *dims) if item.index.__class__ is v.Sequence and item.index.kind == "tuple" else tuple(dims)


def _steps(program: Program, part: v.Value) -> int | None:
    if part.__class__ is not v.Sequence or part.kind != "slice":
        return None
    start, stop, step = part.items
    if step.__class__ is v.Const and isinstance(step.value, complex):
        return int(abs(step.value))
    defaults = ((start, 0), (stop, None), (step, 1))
    known: list[Any] = [default if _is_const(p, None) else number(program, p) for p, default in defaults]
    if any(k is None for k in known) or not known[2]:
        return None
    return max(math.ceil((known[1] - known[0]) / known[2]), 0)


def meshed(program: Program, call: v.Call) -> Shape:
    """What each array of `meshgrid(x, y)` is shaped like."""
    from jaxaudit.source.numbers import length_of

    lengths: list[int | None] = [length_of(program, a) for a in call.args if a.__class__ is not v.Star]
    sparse = call.keyword("sparse")
    if len(lengths) != len(call.args) or sparse is not None:
        return None
    indexing = call.keyword("indexing")
    if len(lengths) >= 2 and (indexing is None or _is_const(indexing, "xy")):
        lengths[:2] = [lengths[1], lengths[0]]
    return tuple(lengths)


def reduced(program: Program, shape: Shape, axis: v.Value | None, keep: v.Value | None) -> Shape:
    """The shape after a sum over `axis`."""
    keeps = keep is not None and not _is_const(keep, False)
    if axis is None or _is_const(axis, None):
        return () if not keeps else None if shape is None else (1,) * len(shape)
    if shape is None or (keeps and not _is_const(keep, True)):  # type: ignore[arg-type]
        return None
    parts = axis.items if axis.__class__ is v.Sequence else (axis,)
    axes = [number(program, p) for p in parts]
    if any(type(a) is not int or not -len(shape) <= a < len(shape) for a in axes):
        return None
    gone = {a % len(shape) for a in axes}
    if keeps:
        return tuple([1 if i in gone else d for i, d in enumerate(shape)])
    return tuple([d for i, d in enumerate(shape) if i not in gone])


def product(left: Shape, right: Shape) -> Shape:
    """`left @ right`, for vectors and matrices."""
    if left is None or right is None or not left or not right:
        return None
    if len(right) == 1:
        return left[:-1]
    if len(left) == 1:
        return (*right[:-2], right[-1])
    if len(left) == 2 or len(right) == 2:
        return (*(left[:-2] if len(left) > 2 else right[:-2]), left[-2], right[-1])
    return None


def outer(left: Shape, right: Shape) -> Shape:
    """Every item of one with every item of the other."""
    sizes = [None if s is None or None in s else math.prod([d or 0 for d in s]) for s in (left, right)]
    return tuple(sizes)


def diagonal(shape: Shape) -> Shape:
    """`diag` of a vector is a matrix, of a matrix its diagonal."""
    if shape is None or len(shape) not in (1, 2):
        return None
    if len(shape) == 1:
        return (shape[0], shape[0])
    return (None,) if shape[0] is None or shape[1] is None else (min(shape[0], shape[1]),)


def stacked(program: Program, items: v.Value, shape_of: Shape, axis: v.Value | None, joins: bool) -> Shape:
    """`stack` (a new axis) or `concatenate` of a sequence whose items all have this shape."""
    from jaxaudit.source.numbers import length_of

    count = length_of(program, items)
    at = 0 if axis is None else number(program, axis)
    if shape_of is None or count is None or type(at) is not int:
        return None
    if joins:
        at %= max(len(shape_of), 1)
        return tuple([None if d is None else d * count if i == at else d for i, d in enumerate(shape_of)])
    at = at if at >= 0 else at + len(shape_of) + 1
    return (*shape_of[:at], count, *shape_of[at:])


def tuple_item(program: Program, item: v.Item) -> v.Call | None:
    """The call whose tuple of arrays an item is taken from: `w, v = jnp.linalg.eigh(a)`."""
    for root in roots(program, item.base):
        return root if root.__class__ is v.Call else None
    return None


def _is_const(value: v.Value, what: object) -> bool:
    return isinstance(value, v.Const) and (value.value is what or (isinstance(what, str) and value.value == what))
