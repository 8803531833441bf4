"""What JAX is in the midst of, and the settings that it heeds."""

from __future__ import annotations

from typing import Any

from jax._src import config, core
from jax._src.interpreters import partial_eval


def tracing_now() -> bool:
    return not core.trace_state_clean()


def staging_now() -> bool:
    """Whether operations are being written into a program, not run (under eager `vmap` and `grad` they are run)."""
    context = getattr(core, "trace_ctx", None)
    if context is None:
        return not core.trace_state_clean()
    trace = context.trace
    for _ in range(50):
        if trace is None:
            return False
        if isinstance(trace, partial_eval.DynamicJaxprTrace):
            return True
        trace = getattr(trace, "parent_trace", None)
    return False


def keeps_64_bits() -> bool:
    """Whether numbers and NumPy's arrays of 64 bits stay so (`jax_enable_x64`)."""
    try:
        return bool(config.enable_x64.value)
    except AttributeError:
        return False


_last: list[tuple[tuple[Any, ...], dict[str, Any]]] = []


def context() -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What a trace's validity depends on besides the arguments: settings, mesh, axis names. By value and by name."""
    values = tuple(config.trace_context())
    known = _last[0] if _last else None
    if known is None or known[0] != values:
        known = (values, _by_name())
        _last[:] = [known]
    return known


def _by_name() -> dict[str, Any]:
    named: dict[str, Any] = {}
    for name, state in list(config.config_states.items()):
        try:
            named[name] = state.value
        except Exception:
            continue
    for name in _CONTEXTS:
        state = getattr(config, name, None)
        if state is not None and name not in named:
            try:
                named[name] = state.value
            except Exception:
                continue
    return named


def context_names() -> list[str]:
    ask = getattr(config, "trace_context_names", None)
    try:
        return list(ask()) if ask is not None else []
    except Exception:
        return []


SPELLED = {
    "mesh_context_manager": "with mesh", "abstract_mesh_context_manager": "jax.set_mesh", "axis_env_state": "axis names",
    "compute_on_context_manager": "compute_on", "xla_metadata_context_manager": "xla_metadata",
    "device_context": "default_device",
}  # fmt: skip
"""What JAX calls its contexts, and what sets them in a program."""

_CONTEXTS = (
    "mesh_context_manager", "abstract_mesh_context_manager", "axis_env_state", "compute_on_context_manager",
    "xla_metadata_context_manager", "device_context",
)  # fmt: skip


def is_distributed() -> bool:
    """Whether this process is one of several that run one program."""
    try:
        from jax._src import distributed

        return distributed.global_state.client is not None
    except (ImportError, AttributeError):
        return False
