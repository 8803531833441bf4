"""Messages of JAX's and XLA's that users meet, with what they mean. `jaxaudit explain "MESSAGE"` reads this table."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One message: words that stand in it whatever its numbers and names are, its cause, and the rules that find it."""

    words: tuple[str, ...]
    """Patterns that must all be found in what was pasted, in any case and with any white space."""
    cause: str
    next: str
    rules: tuple[str, ...]
    provoked_by: str
    """A program on which JAX says it; the tests run it. Empty where it needs another machine or minutes."""

    def fits(self, text: str) -> bool:
        flat = " ".join(text.split())
        return all(re.search(word, flat, re.IGNORECASE) for word in self.words)


MESSAGES = (
    Message(
        words=("large amount of constants were captured",),
        cause=(
            "A jitted function reads arrays from an enclosing scope, a module or `self`. Each is copied into"
            " the program as a constant: it compiles slowly, takes the memory several times, and never sees "
            "a later value."
        ),
        next=(
            "Make the arrays arguments. Setting JAX_CAPTURED_CONSTANTS_REPORT_FRAMES=5 lets JAX say where "
            "they came from."
        ),
        rules=("captured-array", "captured-self"),
        provoked_by="""\
import jax, jax.numpy as jnp
jax.config.update("jax_captured_constants_warn_bytes", 1)
weights = jnp.ones(300)
jax.jit(lambda x: x + weights)(1.0)
""",
    ),
    Message(
        words=("non-hashable static arguments", "tracer"),
        cause=(
            "An argument is static for an inner jit, but an outer jit, vmap, grad or scan hands it a traced "
            "value, which has no hash."
        ),
        next="Leave the argument traced, or make it static all the way up.",
        rules=("traced-static",),
        provoked_by="""\
import jax, jax.numpy as jnp
jax.vmap(jax.jit(lambda n: n, static_argnums=0))(jnp.arange(3))
""",
    ),
    Message(
        words=("non-hashable static arguments",),
        cause=(
            "A static argument is a list, a dict, an array or another object without a hash; JAX looks up "
            "the compiled program by it."
        ),
        next="Hand over a tuple or a frozen dataclass, or do not make the argument static.",
        rules=("unhashable-static", "static-array"),
        provoked_by="""\
import jax
jax.jit(lambda n: n, static_argnums=0)([3])
""",
    ),
    Message(
        words=("unknown flags? in XLA_FLAGS",),
        cause=(
            "XLA_FLAGS names a flag that the installed jaxlib does not know, or knows no longer; it aborts the process."
        ),
        next="Remove the flag from XLA_FLAGS, in the shell, in scripts and in the source.",
        rules=("unknown-xla-flag",),
        provoked_by="",
    ),
    Message(
        words=("attempted boolean conversion of",),
        cause=(
            "Python's if, while, assert, and, or or bool() asks for the truth of a value that is traced, so "
            "not known yet."
        ),
        next="Use jnp.where, lax.cond or lax.while_loop; or make the argument that decides static.",
        rules=("branch-on-tracer", "missing-static"),
        provoked_by="""\
import jax
jax.jit(lambda x: 1 if x > 0 else 2)(1.0)
""",
    ),
    Message(
        words=(r"__index__\(\) method was called on",),
        cause="A traced value stands where Python needs a whole number: range(), an index of a list, a shape.",
        next="Make the argument static, or use lax.fori_loop and lax.dynamic_slice.",
        rules=("missing-static", "branch-on-tracer"),
        provoked_by="""\
import jax
jax.jit(lambda n: [i for i in range(n)])(3)
""",
    ),
    Message(
        words=("shapes must be 1D sequences of concrete values",),
        cause="The size of an array is computed from a traced value; a compiled program has fixed shapes.",
        next="Make the argument that gives the size static.",
        rules=("missing-static",),
        provoked_by="""\
import jax, jax.numpy as jnp
jax.jit(lambda n: jnp.zeros(n))(3)
""",
    ),
    Message(
        words=("abstract tracer value encountered where concrete value is expected",),
        cause=("float(), int() or a function that needs a number got a traced value, whose number is not known yet."),
        next="Compute with jax.numpy instead, or make the argument static if it takes few values.",
        rules=("missing-static", "branch-on-tracer"),
        provoked_by="""\
import jax
jax.jit(lambda x: float(x))(3.0)
""",
    ),
    Message(
        words=(r"conversion method __array__\(\) was called on",),
        cause="A NumPy function got a traced value; NumPy needs the numbers themselves.",
        next="Use the same function of jax.numpy inside the jitted function.",
        rules=(),
        provoked_by="""\
import jax, numpy as np
jax.jit(lambda x: np.sin(x))(3.0)
""",
    ),
    Message(
        words=("array boolean indices must be concrete",),
        cause=("x[mask] has as many elements as the mask has true ones, but a compiled program has fixed shapes."),
        next="Use jnp.where(mask, x, 0), or jnp.nonzero(mask, size=N) with a bound.",
        rules=(),
        provoked_by="""\
import jax, jax.numpy as jnp
jax.jit(lambda x: x[x > 0])(jnp.ones(3))
""",
    ),
    Message(
        words=("encountered an unexpected tracer",),
        cause=(
            "A traced value left its function by a side effect (an attribute, a global, a list), and was used outside."
        ),
        next="Return the value instead of storing it.",
        rules=("trace-time-effect",),
        provoked_by="""\
import jax
kept = []
jax.jit(lambda x: kept.append(x))(1.0)
kept[0] + 1
""",
    ),
    Message(
        words=("array has been deleted",),
        cause=("The array was donated to a jitted call, which took its memory for the result, and is read again."),
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
        words=("donated buffers were not usable",),
        cause="A donated argument matches no output in shape and dtype, so its memory cannot be used for one.",
        next="Donate only what comes back in the same shape, such as the state.",
        rules=("donated-reuse",),
        provoked_by="""\
import jax, jax.numpy as jnp
jax.jit(lambda x: x.sum(), donate_argnums=0)(jnp.ones(37))
""",
    ),
    Message(
        words=("previously-consumed key",),
        cause="The same random key was used twice, so both draws hold the same numbers.",
        next="Split the key and use each part once.",
        rules=("key-reuse",),
        provoked_by="""\
import jax
with jax.debug_key_reuse(True):
    key = jax.random.key(0)
    jax.random.normal(key)
    jax.random.normal(key)
""",
    ),
    Message(
        words=("must have equal types",),
        cause=(
            "The carry that goes into a loop's body and the carry that comes out differ in shape, dtype or structure."
        ),
        next="Give the first carry the type that the body returns, for example jnp.zeros((), dtype).",
        rules=("unstable-structure",),
        provoked_by="""\
import jax, jax.numpy as jnp
jax.lax.scan(lambda c, x: (jnp.stack([c, c]), None), jnp.float32(0), jnp.arange(3))
""",
    ),
    Message(
        words=("jitted function has (invalid argnames|static_argnums|donate_arg)",),
        cause=("static_argnums, static_argnames or donate_argnums names a parameter that the function does not have."),
        next="Name the parameter as the def does; in a method, position 0 is self.",
        rules=("static-mismatch",),
        provoked_by="""\
import jax
jax.jit(lambda n: n, static_argnums=4)(3)
""",
    ),
    Message(
        words=("(is not a valid JAX type|as an abstract array)",),
        cause=("A jitted function got an argument that is no array: a string, a function, an object of a plain class."),
        next="Make the argument static, register its class as a pytree, or use eqx.filter_jit.",
        rules=("missing-static",),
        provoked_by="""\
import jax
jax.jit(lambda n: n)("a")
""",
    ),
    Message(
        words=("should be updated before backends are initialized",),
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
        words=("explicitly requested dtype", "not available"),
        cause="64 bits were asked for, but jax_enable_x64 is off, so 32 bits are delivered.",
        next="Set jax_enable_x64 before the first array is made, or ask for 32 bits.",
        rules=(),
        provoked_by="""\
import jax.numpy as jnp
jnp.zeros(3, "float64")
""",
    ),
    Message(
        words=("constant folding an instruction is taking",),
        cause=(
            "XLA computes on constants of the program while it compiles. Large arrays that a jitted function"
            " captured are such constants."
        ),
        next="Make the arrays arguments, or compute once outside the jitted function.",
        rules=("captured-array",),
        provoked_by="",
    ),
    Message(
        words=("very slow compile",),
        cause=(
            "XLA takes minutes to compile. A Python loop under jit that writes its body out many times, and "
            "large captured arrays, are the usual causes."
        ),
        next="Look for these first.",
        rules=("unrolled-loop", "captured-array"),
        provoked_by="",
    ),
    Message(
        words=("tracing cache miss",),
        cause=(
            "JAX traces, and usually compiles, a function again: it is a new function object, or an "
            "argument's static value, shape, dtype or structure differs from every call before."
        ),
        next="Read the line below the message; `never seen function` means that the function itself is new.",
        rules=("jit-per-call", "jit-in-loop", "varying-static", "unstable-structure"),
        provoked_by="",
    ),
)


def meanings(text: str) -> tuple[Message, ...]:
    """The first, narrowest entry whose words stand in the text; none where jaxaudit does not know it."""
    return next(((message,) for message in MESSAGES if message.fits(text)), ())
