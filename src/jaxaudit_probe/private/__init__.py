"""The only place that knows JAX's insides: what it relies on, where it hooks in, and what it asks.

Imported after JAX. Every hook is a module or class attribute that JAX looks up at each use; what is not there on this
version is named in `missing`, and what needs it degrades. Measured on JAX 0.6 to 0.12 (see docs/decisions).
"""

from jaxaudit_probe.private.arrays import hook_reads, host_bytes, is_array, is_ready, is_underway, size_of
from jaxaudit_probe.private.compiling import (
    hook_cache_hits,
    hook_clearing,
    hook_compiling,
    hook_entry,
    hook_lowering,
    hook_run,
    hook_traces,
    hook_wrapping,
    jit_is_off,
    uses_cache,
)
from jaxaudit_probe.private.patching import leave_out_of_tracebacks, missing, replace, restore
from jaxaudit_probe.private.post_hook import fix_post_hook_threads, get_post_hook, set_post_hook
from jaxaudit_probe.private.programs import (
    PACKAGE,
    Shape,
    argument_names,
    count_of,
    equations_of,
    frames_of,
    inner_of,
    is_own_source,
    jaxpr_of,
    line_of,
    scan_layout,
    shapes_of,
    source_of,
    sub_programs,
    sub_programs_with_constants,
)
from jaxaudit_probe.private.random_keys import hook_keys
from jaxaudit_probe.private.settings import (
    backend_started,
    hook_dtype_warnings,
    hook_options,
    keep_new_options,
    option_of,
    platform,
)
from jaxaudit_probe.private.state import context, context_names, is_distributed, staging_now, tracing_now
from jaxaudit_probe.private.values import (
    ArrayImpl,
    Tracer,
    array_facts,
    children_of,
    dynamic_leaves,
    is_tracer,
    leaves_of,
    placement,
    structure_of,
    unflatten,
)

__all__ = [
    "PACKAGE",
    "ArrayImpl",
    "Shape",
    "Tracer",
    "argument_names",
    "array_facts",
    "backend_started",
    "children_of",
    "context",
    "context_names",
    "count_of",
    "dynamic_leaves",
    "equations_of",
    "fix_post_hook_threads",
    "frames_of",
    "get_post_hook",
    "hook_cache_hits",
    "hook_clearing",
    "hook_compiling",
    "hook_dtype_warnings",
    "hook_entry",
    "hook_keys",
    "hook_lowering",
    "hook_options",
    "hook_reads",
    "hook_run",
    "hook_traces",
    "hook_wrapping",
    "host_bytes",
    "inner_of",
    "is_array",
    "is_distributed",
    "is_own_source",
    "is_ready",
    "is_tracer",
    "is_underway",
    "jaxpr_of",
    "keep_new_options",
