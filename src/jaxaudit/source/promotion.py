"""JAX's type promotion: the dtype of what several operands give, and whether that is weakly typed.

Measured on JAX 0.10.2: a weak number lifts a strong array of a lower sort (bool, integer, then float) to its own sort, and
what comes out is weak: `jnp.arange(3) * 0.1`, `(x > 0) * 1.0`.
"""

from __future__ import annotations

from collections.abc import Sequence

_RANK = {"bool": 0, "int": 1, "uint": 1, "float": 2, "bfloat": 2, "complex": 3}
FLOAT = 2
"""The rank from which on a strong operand makes the result strong."""


def rank(dtype: str) -> int:
    return _RANK.get(dtype.rstrip("0123456789"), 0)


def weak_of(parts: Sequence[tuple[str, bool | None]]) -> bool | None:
    """Whether operands of these (dtype, weak) give something weak; None where what is known does not say."""
    strong = [dtype for dtype, weak in parts if weak is False]
    if any(rank(dtype) >= FLOAT for dtype in strong):
        return False
    if any(weak is None for _, weak in parts) or not parts:
        return None
    if not strong:
        return True
    lifting = [dtype for dtype, weak in parts if weak]
    if not lifting:
        return False
    if "" in strong or "" in lifting:
        return None
    return max(map(rank, lifting)) > max(map(rank, strong))
