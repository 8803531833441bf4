"""Memory: donated, deleted, used up; and transfers that are forbidden."""

from jaxaudit.steps.messages.message import Message

MESSAGES = (
    Message(
        says=(
            "Array has been deleted",
            "Buffer has been deleted or donated",
            "invalid buffer passed: buffer has been deleted",
            "Donation requested for invalid buffer",
        ),
        cause="The array was donated to a jitted call, which took its memory for the result, and is read again.",
        next="Use the result under the same name, or do not donate the argument.",
        rules=("donated-reuse",),
        provoked_by="""\
import jax, jax.numpy as jnp
step = jax.jit(lambda x: x + 1, donate_argnums=0)
x = jnp.ones(3)
step(x)
x + 1
""",
    ),
    Message(
        says=("Some donated buffers were not usable", "Donation is not implemented for"),
        cause="A donated argument matches no output in shape and dtype (or the platform reuses none), so its memory "
        "cannot be used for one.",
        next="Donate only what comes back in the same shape, such as the state.",
        aside=True,
        rules=("donated-reuse",),
        provoked_by="""\
import jax, jax.numpy as jnp
jax.jit(lambda x: x.sum(), donate_argnums=0)(jnp.ones(37))
""",
    ),
    Message(
        says=(
            "Attempt to donate the same buffer twice",
            "Attempt to donate a buffer which is also used by the same call",
            "Attempt to use a buffer that was previously donated in the same call",
        ),
        cause="One array is handed to a jitted call twice, and at least one of the two arguments is donated.",
        next="Hand in a copy (jnp.copy) for one of them, or donate neither; two states often start as the same zeros.",
        rules=("donated-reuse",),
        provoked_by="""\
import jax, jax.numpy as jnp
x = jnp.ones(3)
jax.jit(lambda x, y: (x + y, y), donate_argnums=(0, 1))(x, x)
""",
    ),
    Message(
        says=("Can't reduce memory use below ... by rematerialization",),
        cause="XLA expects this program to need more memory than the device has, and found no way to recompute enough "
        "of it. Large captured arrays, a written out loop and what is kept for gradients are the usual causes.",
        next="Look for the first two; then use jax.checkpoint on the body of a loop whose gradient is taken.",
        rules=("captured-array", "missed-donation", "unrolled-loop"),
    ),
    Message(
        says=(
            "RESOURCE_EXHAUSTED",
            "Out of memory allocating",
            "Out of memory while trying to allocate",
            "ran out of memory trying to allocate",
            "Failed to allocate request for",
            "CUDA_ERROR_OUT_OF_MEMORY",
        ),
        cause="The device has no memory left. Large arrays captured as constants count several times; so do a written "
        "out loop, a whole batch under vmap and an undonated state.",
        next="Check for captured arrays first. Then donate the state, map in chunks (`jax.lax.map(..., batch_size=)`), "
        "or let JAX take more of a GPU (XLA_PYTHON_CLIENT_MEM_FRACTION).",
        rules=("captured-array", "missed-donation", "unrolled-loop"),
        provoked_by="""\
import jax, jax.numpy as jnp
jnp.ones((10**7, 10**6)).block_until_ready()
""",
    ),
    Message(
        says=(
            "Disallowed host-to-device transfer",
            "Disallowed device-to-host transfer",
            "Disallowed device-to-device",
        ),
        cause="A transfer guard is on, and a value went between host and device without being asked to: a NumPy array "
        "or a Python number in a computation, or an array that is read.",
        next="Put it there once with jax.device_put, or fetch it on purpose with jax.device_get.",
        rules=("implicit-upload", "host-sync-in-loop"),
        provoked_by="""\
import jax, numpy as np
with jax.transfer_guard("disallow"):
    jax.jit(lambda x: x + 1)(np.ones(3))
""",
    ),
    Message(
        says=(
            "invalid value (nan) encountered in",
            "Invalid nan value encountered in",
            "invalid value (inf) encountered",
        ),
        cause="`jax_debug_nans` (or `jax_debug_infs`) is on, and a result is not a number. The check makes every call "
        "wait, and runs the function again piece by piece.",
        next="Find the first piece with it; then switch the check off for speed.",
        provoked_by="""\
import jax, jax.numpy as jnp
jax.config.update("jax_debug_nans", True)
jnp.log(-jnp.ones(3))
""",
    ),
    Message(
        says=("CpuCallback error calling callback", "jax.pure_callback failed", "jax.io_callback failed"),
        cause="A Python function that the compiled program calls back (pure_callback, io_callback, debug.print, "
        "eqx.error_if) raised; its own traceback stands above.",
        next="Read the traceback of the callback. For eqx.error_if, use eqx.filter_jit: it shows the message alone.",
        provoked_by="""\
import jax
def f(x):
    raise ValueError("no")
jax.pure_callback(f, jax.ShapeDtypeStruct((), "float32"), 1.0) + 1
""",
    ),
)
