"""The only file that knows JAX's insides: what it relies on, where it hooks in, and what it asks.

Imported after JAX. Every hook is a module or class attribute that JAX looks up at each use; what is not there on this
version is named in `missing`, and what needs it degrades. Measured on JAX 0.6 to 0.12 (see docs/decisions).
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
from jax._src import api, array, compiler, config, core, monitoring, pjit, source_info_util, traceback_util, tree_util
from jax._src.interpreters import mlir, partial_eval, pxla

Value = Any
missing: list[str] = []
_patched: list[tuple[Any, str, Any]] = []

ArrayImpl: Any = array.ArrayImpl
Tracer: Any = core.Tracer
PACKAGE = os.path.dirname(str(jax.__file__))


# -- hooking in --------------------------------------------------------------------------------------------------------


def replace(owner: Any, name: str, wrap: Callable[[Any], Any]) -> bool:
    """Puts a wrapper in the place of an attribute; False, and a word in `missing`, where there is none."""
    original = getattr(owner, name, None)
    if original is None:
        return False
    _patched.append((owner, name, owner.__dict__.get(name, original) if isinstance(owner, type) else original))
    setattr(owner, name, wrap(original))
    return True


def restore() -> None:
    """Puts everything back as it was, the last change first."""
    while _patched:
        owner, name, original = _patched.pop()
        setattr(owner, name, original)


def leave_out_of_tracebacks(file: str) -> None:
    """Frames of this file are JAX's own business: they appear in no traceback and in no location of a program."""
    for module in (traceback_util, source_info_util):
        register = getattr(module, "register_exclusion", None)
        if register is not None:
            register(file)


def hook_entry(wrap: Callable[[Any], Any]) -> None:
    """Every call that reaches Python: a miss of the C++ cache, a call with tracers, `.lower()`, `.trace()`."""
    if not (replace(pjit, "_infer_params", wrap) or replace(pjit, "_trace_for_jit", wrap)):
        missing.append("calls")


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
    replace(api, "clear_caches", wrap)


def uses_cache() -> bool:
    """Whether programs go to a persistent cache at all."""
    try:
        settings: Any = jax.config
        return bool(settings.jax_enable_compilation_cache and settings.jax_compilation_cache_dir)
    except AttributeError:
        return False


# -- questions ---------------------------------------------------------------------------------------------------------


def is_tracer(value: Value) -> bool:
    return isinstance(value, Tracer)


def array_facts(value: Value) -> tuple[tuple[int, ...], str, bool, str]:
    """Shape, dtype, weakly typed, and the sharding that is part of the type, of an array or a tracer."""
    abstract: Any = core.shaped_abstractify
    aval = value.aval if isinstance(value, Tracer) else abstract(value)
    sharding = getattr(aval, "sharding", None)
    mesh = getattr(sharding, "mesh", None)
    plain = sharding is None or (mesh is not None and getattr(mesh, "empty", False))
    return (
        tuple(getattr(aval, "shape", ())), str(getattr(aval, "dtype", aval)), bool(getattr(aval, "weak_type", False)),
        "" if plain else str(getattr(sharding, "spec", sharding)),
    )  # fmt: skip


def placement(value: Value) -> tuple[str, bool]:
    """Where an array lies, and whether it was put there on purpose (committed)."""
    sharding = value.sharding
    devices = sorted(device.id for device in sharding.device_set)
    spec = getattr(sharding, "spec", None)
    where = f"device {devices[0]}" if len(devices) == 1 else f"{len(devices)} devices"
    text = f"{type(sharding).__name__}({spec}) on {where}" if spec is not None else where
    return text, bool(value._committed)


def structure_of(value: Value) -> list[tuple[str, Value]] | None:
    """Leaves of a registered pytree by their paths; None when it is a leaf itself."""
    leaves, _ = tree_util.tree_flatten_with_path(value)
    if len(leaves) == 1 and leaves[0][1] is value:
        return None
    return [(tree_util.keystr(path), leaf) for path, leaf in leaves]


def children_of(value: Value) -> tuple[list[tuple[str, Value]], Any] | None:
    """What a registered pytree hands to JAX, one level deep, and what it keeps as metadata; None for a leaf."""
    flat: tuple[list[tuple[Any, Value]], Any] = tree_util.tree_flatten_with_path(
        value, is_leaf=lambda x: x is not value
    )
    keyed, tree = flat
    if len(keyed) == 1 and keyed[0][1] is value:
        return None
    data = tree.node_data()
    return [(tree_util.keystr(path), child) for path, child in keyed], data[1] if data is not None else None


def unflatten(tree: Value, leaves: list[Value]) -> Value:
    return tree_util.tree_unflatten(tree, leaves)


def tracing_now() -> bool:
    return not core.trace_state_clean()


def context() -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What a trace's validity depends on besides the arguments: settings, mesh, axis names. By value and by name."""
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
    return tuple(config.trace_context()), named


def context_names() -> list[str]:
    ask = getattr(config, "trace_context_names", None)
    try:
        return list(ask()) if ask is not None else []
    except Exception:
        return []


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


def jaxpr_of(params: Any) -> Any:
    """The traced program that an entry's answer holds."""
    return params[0].params["jaxpr"]


def source_of(closed_jaxpr: Any) -> str:
    """`name at file:line` of the function that a program was traced from."""
    inner = getattr(closed_jaxpr, "jaxpr", closed_jaxpr)
    info = getattr(inner, "debug_info", None) or getattr(inner, "_debug_info", None)
    return str(getattr(info, "func_src_info", "") or "")


def sub_programs(equation: Any) -> Iterator[Any]:
    for value in equation.params.values():
        for part in value if isinstance(value, (list, tuple)) else (value,):
            inner = getattr(part, "jaxpr", part)
            if hasattr(inner, "eqns"):
                yield inner


def equations_of(closed_jaxpr: Any, most: int = 200_000) -> Iterator[Any]:
    """The equations of a program and of what it calls, each inner program once."""
    waiting = [getattr(closed_jaxpr, "jaxpr", closed_jaxpr)]
    seen: set[int] = set()
    while waiting and most > 0:
        program = waiting.pop()
        if id(program) in seen:
            continue
        seen.add(id(program))
        for equation in program.eqns:
            most -= 1
            yield equation
            waiting.extend(sub_programs(equation))


def line_of(equation: Any, wanted: Callable[[str], bool]) -> tuple[str, int] | None:
    """The innermost line that wrote an equation, of a file that is `wanted`."""
    traceback = equation.source_info.traceback
    if traceback is None:
        return None
    codes, offsets = traceback.raw_frames()
    for code, offset in zip(codes, offsets):
        if wanted(code.co_filename):
            for start, stop, line in code.co_lines():
                if start <= offset < stop and line is not None:
                    return code.co_filename, line
            return code.co_filename, code.co_firstlineno
    return None


# -- for FLOW: the post hook, reads of arrays --------------------------------------------------------------------------


def get_post_hook() -> Any:
    state = getattr(api, "_post_hook_state", None)
    return state.get_global() if state is not None else _global_jit_state().post_hook


def set_post_hook(hook: Any) -> None:
    """What JAX calls after each call that its C++ cache answered."""
    state = getattr(api, "_post_hook_state", None)
    if state is not None:
        state.set_global(hook)
    else:
        _global_jit_state().post_hook = hook


def _global_jit_state() -> Any:
    from jax._src.lib import jax_jit

    return jax_jit.global_state()


def fix_post_hook_threads() -> None:
    """`with debug_nans(False)`, which JAX uses inside, would leave None in a thread and hide the global hook there."""
    state = getattr(api, "_post_hook_state", None)
    if state is None:
        return
    unset = config.config_ext.unset

    def update(_: Any) -> None:
        on = config.debug_nans.get_local() is True or config.debug_infs.get_local() is True
        state.set_local(api._nan_check_posthook if on else unset)

    for setting in (config.debug_nans, config.debug_infs):
        setting._update_thread_local_hook = update
    if state.get_local() is None:
        state.set_local(unset)


def frames_of(equation: Any) -> tuple[tuple[Any, int], ...]:
    """The frames that wrote an equation, innermost first, as (code, offset)."""
    traceback = equation.source_info.traceback
    if traceback is None:
        return ()
    codes, offsets = traceback.raw_frames()
    return tuple(zip(codes, offsets))


def inner_of(program: Any) -> Any:
    """The program without its constants."""
    return getattr(program, "jaxpr", program)


def argument_names(program: Any) -> tuple[str, ...]:
    info = getattr(inner_of(program), "debug_info", None)
    return tuple(str(name) for name in getattr(info, "arg_names", None) or ())


def sub_programs_with_constants(equation: Any) -> Iterator[tuple[str, Any]]:
    """(parameter, program) of what an equation calls, each with its constants where it has them."""
    for name, value in equation.params.items():
        for part in value if isinstance(value, (list, tuple)) else (value,):
            if hasattr(part, "eqns") or hasattr(getattr(part, "jaxpr", None), "eqns"):
                yield name, part


def scan_layout(equation: Any) -> tuple[int, int]:
    """How many of a scan's inputs are constants, and how many are carried (JAX 0.11 tells it by trees)."""
    params = equation.params
    if "num_consts" in params:
        return params["num_consts"], params["num_carry"]
    try:
        constants, carried, _ = params["ft_in"].unpack()
        return len(list(constants)), len(list(carried))
    except Exception:
        return 0, 0


def is_own_source(source: str) -> bool:
    """Whether `name at file:line` is a function of JAX's own."""
    return source.rpartition(" at ")[2].startswith(PACKAGE + os.sep)


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


def is_array(value: Value) -> bool:
    """A concrete array of JAX's, keys too."""
    return type(value) is ArrayImpl or (isinstance(value, jax.Array) and not isinstance(value, Tracer))


_value_of = ArrayImpl.__dict__["_value"].fget


def host_bytes(value: Value, most: int) -> bytes | None:
    """What a small array holds, if it is there already: never waits for the device."""
    base: Any = value if type(value) is ArrayImpl else getattr(value, "_base_array", value)
    try:
        if not base.is_ready():
            return None
    except Exception:
        return None  # deleted
    try:
        view = memoryview(base)
        return view.tobytes() if view.nbytes <= most else None
    except Exception:  # not on the host
        if base.nbytes > most or not base.is_fully_addressable:
            return None
        return bytes(_value_of(base).tobytes())


def is_underway(value: Value) -> bool:
    """Whether the device has yet to make an array."""
    base: Any = getattr(value, "_base_array", value)
    try:
        return not base.is_ready()
    except Exception:
        return False


def dynamic_leaves(
    args: tuple[Any, ...], kwargs: dict[str, Any], numbers: tuple[int, ...], words: tuple[str, ...]
) -> list[Any]:
    """The leaves of a call in the order of the program's arguments."""
    if numbers:
        fixed = {number % len(args) for number in numbers if -len(args) <= number < len(args)}
        args = tuple(value for i, value in enumerate(args) if i not in fixed)
    if words:
        kwargs = {name: value for name, value in kwargs.items() if name not in words}
    return tree_util.tree_leaves((args, kwargs))


def leaves_of(value: Value) -> list[Any]:
    return tree_util.tree_leaves(value)


def size_of(value: Value) -> int:
    """The bytes of an array, without asking the device."""
    try:
        return int(value.nbytes)
    except Exception:
        return 0


def is_ready(value: Value) -> bool:
    """Whether a read would not have to wait; of several, whether none would."""
    try:
        if isinstance(value, (list, tuple)):
            return all(one.is_ready() for one in value)
        return bool(value.is_ready())
    except Exception:
        return True


def hook_reads(
    value: Callable[[Any], Any], wait: Callable[[Any], Any], item: Callable[[Any], Any], buffer: Callable[[Any], Any],
    wait_for_all: Callable[[Any], Any],
) -> None:  # fmt: skip
    """Every way in which the host gets at what a device array holds."""
    if not replace(ArrayImpl, "_value", lambda original: property(value(original.fget))):
        missing.append("syncs")
    replace(ArrayImpl, "block_until_ready", wait)
    replace(ArrayImpl, "item", item)
    replace(ArrayImpl, "__buffer__", buffer)
    replace(importlib.import_module("jax._src.lib").xla_client, "batched_block_until_ready", wait_for_all)


class Shape(NamedTuple):
    """An input or output of a program. `used`: something reads it; `forwarded`: an output that is an input."""

    shape: tuple[Any, ...]
    dtype: str
    bytes: int
    used: bool = True
    forwarded: bool = False


def count_of(shape: tuple[Any, ...]) -> int:
    count = 1
    for side in shape:
        count *= side if isinstance(side, int) else 0
    return count


def shapes_of(program: Any) -> tuple[list[Shape], list[Shape]]:
    """The inputs and the outputs of a program."""
    inner = inner_of(program)
    read = {id(value) for equation in inner.eqns for value in equation.invars}
    read |= {id(value) for value in inner.outvars}
    handed = {id(value) for value in inner.invars}
    inputs = [_shape(value.aval)._replace(used=id(value) in read) for value in inner.invars]
    outputs = [_shape(value.aval)._replace(forwarded=id(value) in handed) for value in inner.outvars]
    return inputs, outputs


def _shape(aval: Any) -> Shape:
    shape, dtype = tuple(getattr(aval, "shape", ())), getattr(aval, "dtype", None)
    return Shape(shape, str(dtype), count_of(shape) * int(getattr(dtype, "itemsize", 0) or 0))
