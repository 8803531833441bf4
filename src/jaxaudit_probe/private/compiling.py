"""Where JAX traces, lowers and compiles: the places at which the observer is told."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import jax
from jax._src import api, compiler, monitoring, pjit
from jax._src.interpreters import mlir, partial_eval, pxla

from jaxaudit_probe.private.patching import missing, replace


def hook_entry(wrap: Callable[[Any], Any]) -> None:
    """Every call that reaches Python: a miss of the C++ cache, a call with tracers, `.lower()`, `.trace()`."""
    if not (replace(pjit, "_infer_params", wrap) or replace(pjit, "_trace_for_jit", wrap)):
        missing.append("calls")


def hook_wrapping(wrap: Callable[[Any, str], Any]) -> None:
    """A function is wrapped by `jit` or `pmap`: the function comes first."""
    if not replace(pjit, "make_jit", lambda original: wrap(original, "jit")):
        missing.append("wrappers")
    try:
        pmap = importlib.import_module("jax._src.pmap")
    except ImportError:
        pmap = api
    for owner, name in ((pmap, "_shared_code_pmap"), (api, "_shared_code_pmap"), (pmap, "_prepare_pmap")):
        if replace(owner, name, lambda original: wrap(original, "pmap")):
            break


def jit_is_off() -> bool:
    """Whether functions run as plain Python now (`jax.disable_jit`)."""
    settings: Any = jax.config
    return bool(getattr(settings, "jax_disable_jit", False))


def hook_run(wrap: Callable[[Any, bool], Any]) -> None:
    """The run of a call that missed. Before JAX 0.9 it also traced: the wrapper is told so."""
    if not replace(pjit, "_run_python_pjit", lambda original: wrap(original, False)):
        replace(pjit, "_python_pjit_helper", lambda original: wrap(original, True))


def hook_traces(wrap: Callable[[Any], Any], opened: Callable[[Any], Any], constant: Callable[[Any], Any]) -> None:
    """Tracing begins and ends (also from a cache); a trace is really opened; a trace meets a constant."""
    found = [replace(partial_eval, name, wrap) for name in ("trace_to_jaxpr", "trace_to_jaxpr_dynamic")]
    trace = getattr(partial_eval, "DynamicJaxprTrace", None)
    if not any(found) or trace is None or not replace(trace, "__init__", opened):
        missing.append("traces")
    if trace is None or not replace(trace, "_new_const", constant):
        missing.append("constants")


def hook_lowering(begin: Callable[[Any], Any], really: Callable[[Any], Any]) -> None:
    if not replace(pxla, "lower_sharding_computation", begin):
        missing.append("lowering")
    replace(pxla, "lower_parallel_callable", begin)
    replace(mlir, "lower_jaxpr_to_module", really)


def hook_compiling(whole: Callable[[Any], Any], request: Callable[[Any], Any], backend: Callable[[Any], Any]) -> None:
    if not replace(pxla.MeshComputation, "compile", whole):
        missing.append("compiles")
    pmap = getattr(pxla, "PmapComputation", None)
    if pmap is not None:
        replace(pmap, "compile", whole)
    if not replace(compiler, "compile_or_get_cached", request):
        missing.append("compiles")
    replace(compiler, "backend_compile_and_load", backend) or replace(compiler, "backend_compile", backend)


def hook_cache_hits(told: Callable[[], None]) -> None:
    """`told` is called in the thread that got an executable from the persistent cache."""

    def on_event(event: str, **_: Any) -> None:
        if event == "/jax/compilation_cache/cache_hits":
            told()

    monitoring.register_event_listener(on_event)


def hook_clearing(wrap: Callable[[Any], Any]) -> None:
    replace(jax, "clear_caches", wrap)
    replace(api, "clear_caches", lambda _: jax.clear_caches)


def kept_from() -> float | None:
    """The seconds of compiling from which on a program goes to the persistent cache; None where none does."""
    settings: Any = jax.config
    try:
        if settings.jax_enable_compilation_cache and settings.jax_compilation_cache_dir:
            return float(settings.jax_persistent_cache_min_compile_time_secs)
    except AttributeError:
        pass
    return None
