"""Flags, settings, devices and dtypes."""

from jaxaudit.steps.messages.message import Message

MESSAGES = (
    Message(
        says=("Unknown flag in XLA_FLAGS", "Unknown flags in XLA_FLAGS", "Unknown command line flag"),
        cause="XLA_FLAGS names a flag that the installed jaxlib does not know, or knows no longer; it aborts the "
        "process.",
        next="Remove the flag from XLA_FLAGS, in the shell, in scripts and in the source.",
        rules=("unknown-xla-flag",),
        provoked_by="""\
import os
os.environ["XLA_FLAGS"] = "--xla_nonsense=1"
import jax
jax.numpy.ones(3)
""",
    ),
    Message(
        says=("Couldn't interpret value",),
        cause="A flag in XLA_FLAGS is known, but not with this value; the process ends, after the list of all flags.",
        next="Give it a value of its type: true or false, a whole number, a name from the list.",
        rules=("unknown-xla-flag",),
        provoked_by="""\
import os
os.environ["XLA_FLAGS"] = "--xla_dump_max_hlo_modules=many"
import jax
jax.numpy.ones(3)
""",
    ),
    Message(
        says=("config should be updated before backends are initialized", "must be called before any JAX computations"),
        cause="The option is read once, when the first array is made; it was set after that.",
        next="Set it right after `import jax`, before anything else of JAX's runs.",
        rules=("late-setting",),
        provoked_by="""\
import jax
jax.devices()
jax.config.update("jax_num_cpu_devices", 4)
""",
    ),
    Message(
        says=("Unrecognized config option",),
        cause="jax.config has no option of this name in the installed version.",
        next="`jax.config.values` lists them; options come and go with versions.",
        rules=("late-setting",),
        provoked_by="""\
import jax
jax.config.update("jax_nonsense", 3)
""",
    ),
    Message(
        says=("Explicitly requested dtype ... is not available, and will be truncated to dtype",),
        cause="64 bits were asked for, but jax_enable_x64 is off, so 32 bits are delivered.",
        next="Set jax_enable_x64 before the first array is made, or ask for 32 bits.",
        aside=True,
        rules=("silent-downcast",),
        provoked_by="""\
import jax.numpy as jnp
jnp.zeros(3, "float64")
""",
    ),
    Message(
        says=("Unknown backend", "Unable to initialize backend"),
        cause="The platform that was asked for is not there: its plugin is not installed, or finds no device.",
        next="`python -c 'import jax; print(jax.devices())'` shows what is there; install jax[cuda12] or jax[tpu].",
        aside=True,
        provoked_by="""\
import jax
jax.devices("nonsense")
""",
    ),
    Message(
        says=(
            "An NVIDIA GPU may be present on this machine, but a CUDA-enabled jaxlib is not installed",
            "A Google TPU may be present on this machine, but",
            "No GPU/TPU found, falling back to CPU",
        ),
        cause="JAX runs on the CPU, because jaxlib was installed without CUDA (or without the TPU's library).",
        next="Install jax[cuda12] (or the version that fits the driver), or jax[tpu].",
        aside=True,
    ),
    Message(
        says=("The TPU is already in use by", "libtpu.so is already in use by"),
        cause="Another process holds the TPU; one process uses it at a time.",
        next="End the other one (a notebook whose kernel still runs is the usual one).",
    ),
    Message(
        says=(
            "Loaded runtime CuDNN library: ... but source was compiled with",
            "Could not load library libcudnn",
            "CUDNN_STATUS_NOT_INITIALIZED",
            "Unable to load cuDNN",
        ),
        cause="The cuDNN that is found does not fit jaxlib, often because another package or LD_LIBRARY_PATH brings "
        "its own; or the memory of the GPU is taken already.",
        next="Unset LD_LIBRARY_PATH, install jax[cuda12] in a fresh environment, and end other users of the GPU.",
    ),
    Message(
        says=(
            "module 'jax' has no attribute",
            "module 'jax.random' has no attribute",
            "module 'jax.numpy' has no attribute",
            "module 'jax.core' has no attribute",
            "module 'jax.lax' has no attribute",
            "No module named 'jax.config'",
            "No module named 'jax.experimental.",
            "cannot import name ... from 'jax",
        ),
        cause="The name was removed or moved in the installed version of JAX, or came with a later one; or a file of "
        "your own is called jax.py.",
        next="Look it up in JAX's changelog; update the package that asks for it, or install the JAX that it was "
        "written for.",
        provoked_by="""\
import jax
jax.nonsense
""",
    ),
    Message(
        says=("pmap is deprecated", "jax.pmap has been deprecated", "pmap is in maintenance mode"),
        cause="pmap gives way to jit with shardings, which does the same with fewer copies.",
        next="Place the data with NamedSharding and use jit; keep shard_map for collectives.",
        aside=True,
        rules=("pmap",),
    ),
    Message(
        says=(
            "compiling computation that requires ... logical devices, but only",
            "pmap wrapped function must be passed values",
        ),
        cause="pmap was given more shards than there are devices.",
        next="Give it one shard for each of jax.local_device_count() devices, or use jit with a sharding.",
        rules=("pmap",),
    ),
    Message(
        says=("os.fork() was called. os.fork() is incompatible with multithreaded code, and JAX is multithreaded",),
        cause="A process was forked after JAX had started its threads; the child can hang.",
        next='Use multiprocessing with the start method "spawn", and start workers before JAX.',
        aside=True,
    ),
    Message(
        says=("Not writing persistent cache entry", "Error writing persistent compilation cache entry"),
        cause="A compiled program was not kept on disk: it compiled faster than "
        "jax_persistent_cache_min_compile_time_secs (1 second), or the folder cannot be written.",
        next="Set jax_persistent_cache_min_compile_time_secs=0 to keep all, and jax_compilation_cache_dir to a folder "
        "that can be written.",
        aside=True,
        rules=("no-compilation-cache",),
    ),
    Message(
        says=("PERSISTENT COMPILATION CACHE MISS", "Error reading persistent compilation cache entry for"),
        cause="JAX looked for a compiled program in its cache on disk and found none: the program, a flag, the version "
        "or the device differs. Captured arrays are part of the program.",
        next="Make captured arrays arguments, so that new values find the old program.",
        aside=True,
        rules=("captured-array", "no-compilation-cache"),
    ),
)
