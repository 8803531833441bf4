"""Options of JAX's that are read once, the backend that reads them, and where JAX warns of a dtype."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import jax
from jax._src import compilation_cache, dtypes, xla_bridge

from jaxaudit_probe.private.patching import missing, replace

READ_ONCE = (
    "jax_platforms", "jax_platform_name", "jax_cuda_visible_devices", "jax_rocm_visible_devices",
    "jax_cpu_enable_async_dispatch", "jax_cpu_collectives_implementation", "jax_use_simplified_jaxpr_constants",
)  # fmt: skip
"""Options that JAX reads when it is imported or when the backend starts, and that can be changed in vain afterwards."""
CACHE = "jax_compilation_cache_dir"
WATCHED = (*READ_ONCE, CACHE)


class _Options(dict[str, Any]):
    """The holders of JAX's options: tells of a look-up on behalf of `jax.config.update`."""

    told: Callable[[str, Any], None]
    original: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        holder = dict.__getitem__(self, name)
        if name in WATCHED and sys._getframe(1).f_code.co_name == "update":
            self.told(name, holder.value)
        return holder


def hook_options(told: Callable[[str, Any], None]) -> None:
    """`told(name, value before)` when one of `WATCHED` is about to be changed."""

    def watched(original: dict[str, Any]) -> _Options:
        options = _Options(original)
        options.told, options.original = told, original
        return options

    if not replace(jax.config, "_value_holders", watched):
        missing.append("settings")


def keep_new_options() -> None:
    """Before the hook goes: options that were defined meanwhile stay."""
    holders = getattr(jax.config, "_value_holders", None)
    if isinstance(holders, _Options):
        holders.original.update(holders)


def option_of(name: str) -> Any:
    """The value of an option of JAX's, None where there is none of this name."""
    holders: dict[str, Any] = getattr(jax.config, "_value_holders", {})
    return dict.__getitem__(holders, name).value if name in holders else None


def open_cache() -> str | None:
    """The folder of the compilation cache that JAX has opened; None where it has opened none."""
    return next((str(path) for path in (getattr(_cache(), name, None) for name in ("path", "_path")) if path), None)


def _cache() -> Any:
    return getattr(compilation_cache, "_cache", None)


def backend_started() -> bool:
    return bool(getattr(xla_bridge, "_backends", None))


def platform() -> str:
    """The platform of the default backend, which has started."""
    backend = getattr(xla_bridge, "_default_backend", None)
    return str(getattr(backend, "platform", "") or "")


def hook_dtype_warnings(wrap: Callable[[Any], Any]) -> None:
    """The module `warnings` as JAX's own `dtypes` sees it: there JAX says that a dtype is not available."""
    if not replace(dtypes, "warnings", wrap):
        missing.append("downcasts")
