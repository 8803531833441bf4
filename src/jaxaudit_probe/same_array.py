"""Whether an array of the program's is the one that became a constant: by identity, or for NumPy's, of which JAX takes a view
or a copy in its own dtype (a table in float64 becomes one in float32), by where it lies or what it holds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

Matcher = Callable[[Any], bool]

FIRST = 64
"""Elements, evenly spread, that are compared before the others: what differs nearly always differs there."""
MOST_WHOLE = 1 << 22
"""Elements that are compared one by one; of a larger array `SOME`, evenly spread."""
SOME = 1 << 16


def matcher(value: Any) -> Matcher:
    """Whether something is this array."""
    plain = getattr(value, "val", value)
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(plain, numpy.ndarray):
        return lambda one: one is value
    start = address(plain)

    def matches(one: Any) -> bool:
        if one is value or one is plain:
            return True
        if not isinstance(one, numpy.ndarray) or one.size < plain.size:
            return False
        if address(one) <= start < address(one) + one.nbytes and (one.flags.c_contiguous or one.flags.f_contiguous):
            return True
        if one.size != plain.size or one.dtype.kind != plain.dtype.kind:
            return False
        if one.shape != plain.shape and not varied(numpy, plain):
            return False
        return any(equal(numpy, same, plain) for same in arranged(one, plain.shape))

    return matches


def numpy_made(value: Any) -> bool:
    """Whether NumPy made it, of more than one number: one that is repeated is no burden to a program."""
    plain = getattr(value, "val", value)
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(plain, numpy.ndarray) and bool(plain.size) and varied(numpy, plain)


def address(array: Any) -> int:
    """Where its first element lies."""
    return int(array.__array_interface__["data"][0])


def arranged(array: Any, shape: tuple[int, ...]) -> Iterator[Any]:
    """Views of an array in another's shape: itself, turned, or with other axes."""
    if array.shape == shape:
        yield array
    if array.ndim > 1 and array.shape[::-1] == shape:
        yield array.T
    if array.shape != shape and array.flags.c_contiguous:
        yield array.reshape(shape)


def equal(numpy: Any, one: Any, plain: Any) -> bool:
    """Whether they hold the same, one of them rounded to the other's dtype."""
    most = plain.size if plain.size <= MOST_WHOLE else SOME
    return all(equal_at(numpy, one, plain, count) for count in (FIRST, most) if count <= most)


def varied(numpy: Any, plain: Any) -> bool:
    """Whether it holds more than one number: of arrays of zeros each is the other in another shape."""
    seen = plain[spread(numpy, plain, FIRST)]
    return bool((seen != seen.flat[0]).any())


def spread(numpy: Any, plain: Any, count: int) -> Any:
    """The places of so many elements, evenly spread."""
    if count >= plain.size:
        return ...
    return numpy.unravel_index(numpy.linspace(0, plain.size - 1, count).astype(int), plain.shape)


def equal_at(numpy: Any, one: Any, plain: Any, count: int) -> bool:
    """Whether they are equal at so many places."""
    where = spread(numpy, plain, count)
    with numpy.errstate(all="ignore"):
        here = one[where].astype(plain.dtype)
    return bool(numpy.array_equal(here, plain[where], equal_nan=plain.dtype.kind in "fc"))
