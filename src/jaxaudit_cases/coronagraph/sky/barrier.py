"""Values that XLA forms once, where it would form them anew for each of their users."""

from __future__ import annotations

from collections.abc import Callable

import jax
from jax import Array

formed_once: Callable[[Array], Array] = jax.lax.optimization_barrier
"""The same value; it ends a fused loop, so that cheap users do not repeat what was dear to form."""
