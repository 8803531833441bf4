"""Whether the shapes that a leaf came in, one after the other, are those of an array that something is appended to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxaudit.model.evidence import CompileSeen
    from jaxaudit.model.spot import Spot

DIMENSIONS = re.compile(r"\[([\d,]*)\]")
STEADY = 4
"""Steps of the same size after which an array is said to grow."""
NEARLY = 2

JOINS = frozenset({"concatenate", "append", "stack", "vstack", "hstack", "column_stack", "dstack", "insert", "pad"})
"""Functions of `jax.numpy` that make one array of several."""


def is_join(name: str) -> bool:
    return name.lstrip("_") in JOINS


def growth(shapes: Sequence[str]) -> int:
    """By how much one dimension grows each time; 0 where it does not grow steadily."""
    sides = [dimensions(shape) for shape in shapes]
    if len(sides) <= STEADY or len({len(shape) for shape in sides}) != 1:
        return 0
    steps = {tuple(b - a for a, b in zip(one, two)) for one, two in pairwise(sides)}
    moved = [part for part in next(iter(steps)) if part] if len(steps) == 1 else []
    return moved[0] if len(moved) == 1 and moved[0] > 0 else 0


def dimensions(shape: str) -> tuple[int, ...]:
    """(32, 8) of `f32[32,8]`."""
    found = DIMENSIONS.search(shape)
    return tuple(int(part) for part in found[1].split(",") if part) if found else ()


def growing(compiles: Iterable[CompileSeen]) -> frozenset[str]:
    """The leaves of one function whose shape grows by the same step from compilation to compilation."""
    shapes: dict[str, dict[str, None]] = {}
    for seen in compiles:
        for change in seen.cause.changes:
            if seen.cause.kind == "shape" and change.what == "shape":
                shapes.setdefault(change.leaf, {}).update({change.was: None, change.now: None})
    return frozenset(leaf for leaf, seen_so in shapes.items() if growth(list(seen_so)))


def joining(eager: Iterable[CompileSeen], grown: int) -> frozenset[Spot]:
    """Lines outside jit that joined arrays about as often as some array grew."""
    lines = Counter(seen.at for seen in eager if seen.at is not None and is_join(seen.site.name))
    return frozenset(at for at, count in lines.items() if abs(count - grown) <= NEARLY)
