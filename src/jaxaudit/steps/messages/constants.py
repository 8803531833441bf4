"""Arrays that became constants, and the compiling that they cost."""

from jaxaudit.steps.messages.message import Message

MESSAGES = (
    Message(
        says=("A large amount of constants were captured during lowering",),
        cause="A jitted function reads arrays from an enclosing scope, a module or `self`. Each is copied into the "
        "program: it compiles slowly, takes the memory several times, and never sees a later value.",
        next="Make the arrays arguments. With JAX_CAPTURED_CONSTANTS_REPORT_FRAMES=5 JAX says where they came from "
        "(the -1 that the warning proposes fails).",
        rules=("captured-array", "captured-self"),
        provoked_by="""\
import jax, jax.numpy as jnp
jax.config.update("jax_captured_constants_warn_bytes", 1)
weights = jnp.ones(300)
jax.jit(lambda x: x + weights)(1.0)
""",
    ),
    Message(
        says=("Constant folding an instruction is taking >", "slow_operation_alarm.cc ... The operation took"),
        cause="XLA computes on constants of the program while it compiles. Large arrays that a jitted function "
        "captured are such constants, and so is what is made of them.",
        next="Make the arrays arguments, or compute once outside the jitted function.",
        rules=("captured-array", "folded-constant"),
    ),
    Message(
        says=("Very slow compile?", "[Compiling module ...] Very slow compile"),
        cause="XLA has compiled for minutes. The usual causes are a Python loop under jit that writes its body out "
        "many times, and large captured arrays.",
        next="Look for these two first: `jaxaudit check --select unrolled-loop,captured-array`.",
        rules=("unrolled-loop", "captured-array"),
    ),
    Message(
        says=(
            "Finished XLA compilation of ... in ... sec",
            "Compiling ... with global shapes and types",
            "Finished jaxpr to MLIR module conversion",
            "Finished tracing ... for jit in",
            "Finished tracing + transforming ... for pjit",
        ),
        cause="JAX logs each compilation (`jax_log_compiles`). The same name again and again means that something "
        "differs from call to call: the function object, a static value, a shape, a dtype.",
        next="See what differs: `JAX_EXPLAIN_CACHE_MISSES=1`, and `jaxaudit check` for where it comes from.",
        aside=True,
        rules=("jit-in-loop", "jit-per-call", "varying-static", "unstable-structure"),
    ),
    Message(
        says=("TRACING CACHE MISS at", "explain_tracing_cache_miss"),
        cause="JAX traces, and usually compiles, a function again: it is a new function object, or a static value, "
        "a shape, a dtype or the structure of an argument differs from every call before. The "
        "lines below it say which.",
        next="`never seen function` on a function that you call often: it is made anew each time. `different input "
        "types`: give the arguments one dtype and shape. `different ... static`: trace the argument.",
        aside=True,
        rules=("jit-in-loop", "jit-per-call", "varying-static", "unstable-structure"),
        provoked_by="""\
import jax
f = jax.jit(lambda x: x + 1)
with jax.explain_cache_misses(True):
    f(1.0)
    f(1)
""",
    ),
    Message(
        says=("re-tracing function ... but 'no_tracing' is set",),
        cause="`jax_no_tracing` forbids tracing, and this call needs it: it is the first of its kind, or something in "
        "its arguments is new.",
        next="Call the function once with such arguments before tracing is forbidden, or see what differs with "
        "`jax_explain_cache_misses`.",
        rules=("jit-in-loop", "jit-per-call", "unstable-structure"),
        provoked_by="""\
import jax
jax.config.update("jax_no_tracing", True)
jax.jit(lambda x: x + 1)(1.0)
""",
    ),
)
