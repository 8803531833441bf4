"""What to do about a key that is used again, by what repeats it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ELEMENTS = frozenset({"vmap", "pmap", "filter_vmap", "filter_pmap"})
STEPS = frozenset({"scan", "fori_loop", "while_loop"})


def advice(facts: Mapping[str, Any]) -> str:
    """One sentence with the key's own name; "" where the rule's advice says it."""
    key = str(facts.get("key", ""))
    if not key.isidentifier():
        return ""
    over = str(facts.get("transformation", ""))
    if over in ELEMENTS:
        return (
            f"Give each element a key of its own: `{over}` the function over `jax.random.split({key}, n)` too, beside "
            "the data."
        )
    if over in STEPS:
        return (
            f"Give each step a key of its own: `jax.random.fold_in({key}, i)` with the step's number, a key in the carry "
            "that each step splits, or `jax.random.split` of it as one more input of the loop."
        )
    if over == "shard_map":
        return (
            f"Give each shard a key of its own: `jax.random.fold_in({key}, jax.lax.axis_index(axis))` in the function, or split it "
            "outside and let `in_specs` hand the parts out."
        )
    if "loop_line" in facts:
        return (
            f"Take a new key in each turn: `jax.random.fold_in({key}, i)` with the turn's number, or "
            f"`{key}, sub = jax.random.split({key})` at its top."
        )
    return ""
