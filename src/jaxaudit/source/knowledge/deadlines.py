"""Until when a setting has an effect, and which calls start the backend. Tried on JAX 0.10.2 and 0.12.0.1, CPU."""

from typing import Literal, NamedTuple

Deadline = Literal["import", "backend", "cache", "never"]
"""Set it before `import jax`, before the first use of a device, before the compilation cache is opened, or at any time."""


class Setting(NamedTuple):
    """`too_late` says what a late setting does: "ignored" without a word, or "raises"."""

    until: Deadline
    too_late: Literal["ignored", "raises", ""] = "ignored"
    instead: str = ""


_OPTIONS_UNTIL_BACKEND = ("jax_platforms", "jax_platform_name", "jax_cuda_visible_devices", "jax_rocm_visible_devices")
_ENVIRONMENT_UNTIL_BACKEND = (
    "XLA_FLAGS",
    "LIBTPU_INIT_ARGS",
    "XLA_PYTHON_CLIENT_MEM_FRACTION",
    "XLA_CLIENT_MEM_FRACTION",
    "XLA_PYTHON_CLIENT_PREALLOCATE",
    "XLA_PYTHON_CLIENT_ALLOCATOR",
    "TF_GPU_ALLOCATOR",
    "CUDA_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "TPU_VISIBLE_DEVICES",
    "NPROC",
    "PJRT_NPROC",
)

# option of jax.config.update -> until when it is in time.
OPTIONS: dict[str, Setting] = {
    **{name: Setting("backend") for name in _OPTIONS_UNTIL_BACKEND},
    "jax_num_cpu_devices": Setting("backend", "raises"),
    "jax_cpu_enable_async_dispatch": Setting("backend"),
    "jax_cpu_collectives_implementation": Setting("backend"),
    "jax_use_simplified_jaxpr_constants": Setting("import", "ignored", "JAX_USE_SIMPLIFIED_JAXPR_CONSTANTS=1"),
    "jax_enable_x64": Setting("never", ""),
    "jax_debug_nans": Setting("never", ""),
    "jax_compilation_cache_dir": Setting("never", ""),
    "jax_default_matmul_precision": Setting("never", ""),
    "jax_default_prng_impl": Setting("never", ""),
}

# variable of os.environ -> until when it is in time. JAX reads every JAX_* variable of its own options at import.
ENVIRONMENT: dict[str, Setting] = {name: Setting("backend") for name in _ENVIRONMENT_UNTIL_BACKEND}
ENVIRONMENT_PREFIX = "JAX_"
READ_AT_IMPORT = Setting("import")

# the option that does what the variable does, and may be set later than it.
OPTION_OF_VARIABLE: dict[str, str] = {
    "JAX_PLATFORMS": "jax_platforms",
    "JAX_PLATFORM_NAME": "jax_platform_name",
    "JAX_ENABLE_X64": "jax_enable_x64",
    "JAX_NUM_CPU_DEVICES": "jax_num_cpu_devices",
    "JAX_DEBUG_NANS": "jax_debug_nans",
    "JAX_DISABLE_JIT": "jax_disable_jit",
    "JAX_LOG_COMPILES": "jax_log_compiles",
    "JAX_COMPILATION_CACHE_DIR": "jax_compilation_cache_dir",
    "JAX_DEFAULT_MATMUL_PRECISION": "jax_default_matmul_precision",
    "JAX_DEFAULT_PRNG_IMPL": "jax_default_prng_impl",
    "JAX_TRACEBACK_FILTERING": "jax_traceback_filtering",
    "JAX_THREEFRY_PARTITIONABLE": "jax_threefry_partitionable",
}

# calls that change a setting for the user: name -> until when they are in time.
SETTING_CALLS: dict[str, Setting] = {
    "jax.distributed.initialize": Setting("backend", "raises"),
    "numpyro.set_host_device_count": Setting("backend"),
    "numpyro.set_platform": Setting("backend"),
    "numpyro.enable_x64": Setting("never", ""),
    "chex.set_n_cpu_devices": Setting("backend", "raises"),
}

# calls of JAX that start the backend, beside every call that makes an array (`ARRAYS`, `KEY_MAKERS`) outside a trace.
STARTS_BACKEND: frozenset[str] = frozenset(
    {
        "jax.devices",
        "jax.local_devices",
        "jax.device_count",
        "jax.local_device_count",
        "jax.default_backend",
        "jax.process_index",
        "jax.process_count",
        "jax.process_indices",
        "jax.host_id",
        "jax.host_count",
        "jax.device_put",
        "jax.make_mesh",
        "jax.live_arrays",
        "jax.print_environment_info",
        "jax.profiler.start_trace",
        "jax.debug.print",
        "jax.extend.backend.get_backend",
        "jax.lib.xla_bridge.get_backend",
        "jax.random.key",
        "jax.random.PRNGKey",
        "flax.nnx.Rngs",
    }
)
# calls that look as if they did and do not.
LEAVES_BACKEND: frozenset[str] = frozenset(
    {
        "jax.make_jaxpr",
        "jax.eval_shape",
        "jax.config.update",
        "jax.jit",
        "jax.vmap",
        "jax.grad",
        "jax.clear_caches",
        "jax.disable_jit",
        "jax.default_device",
        "jax.block_until_ready",
        "jax.device_get",
        "jax.sharding.PartitionSpec",
        "jax.ShapeDtypeStruct",
        "jax.numpy.dtype",
        "jax.numpy.finfo",
        "jax.numpy.result_type",
        "jax.numpy.shape",
        "jax.numpy.broadcast_shapes",
        "jax.numpy.vectorize",
        "jax.tree.map",
        "optax.adam",
        "flax.linen.Dense",
    }
)
