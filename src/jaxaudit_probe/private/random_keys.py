"""Where `jax.random` looks at the key that it was handed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jaxaudit_probe.private.patching import missing, replace

_random: Any = None
for _name in ("random.core", "random"):
    try:
        _random = __import__(f"jax._src.{_name}", fromlist=["_"])
    except ImportError:
        continue
    if hasattr(_random, "_check_prng_key"):
        break


def hook_keys(wrap: Callable[[Any], Any]) -> Callable[[bool], None]:
    """Every function of `jax.random` first checks the key that it was handed: `(name, key)`. Gives what switches it."""
    name = "_check_prng_key"
    original = getattr(_random, name, None)
    if original is None or not replace(_random, name, wrap):
        missing.append("keys")
        return lambda on: None
    hooked = getattr(_random, name)

    def switch(on: bool) -> None:
        if getattr(_random, name) is (original if on else hooked):
            setattr(_random, name, hooked if on else original)

    return switch
