"""Calls of libraries that do much array work, and do it operation by operation where no jit stands around them."""

from __future__ import annotations

FUNCTIONS = {
    "optax.apply_updates": 4,
    "optax.incremental_update": 4,
    "optax.global_norm": 4,
    "equinox.apply_updates": 4,
}
"""Operations that one call dispatches at the least: two leaves, two operations each."""

METHODS = {
    ("optax.", "update"): 12,
    ("numpyro.infer.", "update"): 30,
    ("numpyro.infer.", "evaluate"): 15,
    ("blackjax.", "step"): 30,
}
"""The same for methods, by what made their object and by their name."""
