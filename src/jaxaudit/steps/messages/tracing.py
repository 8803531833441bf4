"""Traced values where Python needs a value, and traced values that got away."""

from jaxaudit.steps.messages.message import Message

MESSAGES = (
    Message(
        says=(
            "Attempted boolean conversion of traced array",
            "Attempted boolean conversion of JAX",
            "TracerBoolConversionError",
        ),
        cause="Python's if, while, assert, and, or or bool() asks for the truth of a value that is traced, so not "
        "known yet.",
        next="Use jnp.where, lax.cond or lax.while_loop; or make the argument that decides static.",
        rules=("branch-on-tracer", "missing-static"),
        provoked_by="""\
import jax
jax.jit(lambda x: 1 if x > 0 else 2)(1.0)
""",
    ),
    Message(
        says=("The __index__() method was called on", "TracerIntegerConversionError"),
        cause="A traced value stands where Python needs a whole number: range(), an index of a list, an axis.",
        next="Make the argument static, or use lax.fori_loop and lax.dynamic_slice.",
        rules=("missing-static", "branch-on-tracer"),
        provoked_by="""\
import jax
jax.jit(lambda n: [i for i in range(n)])(3)
""",
    ),
    Message(
        says=("Shapes must be 1D sequences of concrete values of integer type",),
        cause="The shape of an array is computed from a traced value (a compiled program has fixed shapes), or it "
        "holds a float.",
        next="Make the argument that gives the size static; divide sizes with //.",
        rules=("missing-static",),
        provoked_by="""\
import jax, jax.numpy as jnp
jax.jit(lambda n: jnp.zeros(n))(3)
""",
    ),
    Message(
        says=(
            "Abstract tracer value encountered where concrete value is expected",
            "ConcretizationTypeError",
        ),
        cause="float(), int(), .item() or a function that needs a number got a traced value, whose number is not "
        "known yet.",
        next="Compute with jax.numpy instead, or make the argument static if it takes few values.",
        rules=("missing-static", "branch-on-tracer"),
        provoked_by="""\
import jax
jax.jit(lambda x: float(x))(3.0)
""",
    ),
    Message(
        says=(
            "Abstract tracer value encountered where concrete value is expected ... size argument of",
            "Abstract tracer value encountered where concrete value is expected ... jnp.unique",
            "Abstract tracer value encountered where ... total number of repeats must be static",
        ),
        cause="The function's result has as many elements as the data says (nonzero, unique, where with one "
        "argument, repeat), but a compiled program has fixed shapes.",
        next="Give `size=` (or `total_repeat_length=`) with a bound, or use jnp.where with three arguments.",
        provoked_by="""\
import jax, jax.numpy as jnp
jax.jit(lambda x: jnp.nonzero(x))(jnp.ones(5))
""",
    ),
    Message(
        says=(
            "Array slice indices must have static start/stop/step",
            "Slice entries must be static integers",
        ),
        cause="x[a:b] has as many elements as a and b say, and one of them is traced.",
        next="Use lax.dynamic_slice with a fixed size, a mask, or make the bounds static.",
        rules=("missing-static",),
        provoked_by="""\
import jax, jax.numpy as jnp
jax.jit(lambda x, n: x[:n])(jnp.ones(5), 3)
""",
    ),
    Message(
        says=("numpy.ndarray conversion method __array__() was called on", "TracerArrayConversionError"),
        cause="A NumPy function got a traced value; NumPy needs the numbers themselves.",
        next="Use the same function of jax.numpy inside the jitted function.",
        rules=("branch-on-tracer",),
        provoked_by="""\
import jax, numpy as np
jax.jit(lambda x: np.sin(x))(3.0)
""",
    ),
    Message(
        says=("Array boolean indices must be concrete", "NonConcreteBooleanIndexError"),
        cause="x[mask] has as many elements as the mask has true ones, but a compiled program has fixed shapes.",
        next="Use jnp.where(mask, x, 0), or jnp.nonzero(mask, size=N) with a bound.",
        provoked_by="""\
import jax, jax.numpy as jnp
jax.jit(lambda x: x[x > 0])(jnp.ones(3))
""",
    ),
    Message(
        says=("Encountered an unexpected tracer", "UnexpectedTracerError"),
        cause="A traced value left its function by a side effect (an attribute, a global, a list), and was used "
        "outside.",
        next="Return the value instead of storing it. `with jax.checking_leaks():` says where it was kept.",
        rules=("trace-time-effect",),
        provoked_by="""\
import jax
kept = []
jax.jit(lambda x: kept.append(x))(1.0)
kept[0] + 1
""",
    ),
    Message(
        says=("Leaked trace ... Leaked tracer(s)", "Leaked level ", "Leaked sublevel"),
        cause="`jax_check_tracer_leaks` is on, and a function kept a traced value in something that outlives it; the "
        "lines below it name the holder.",
        next="Return the value instead of storing it.",
        rules=("trace-time-effect",),
        provoked_by="""\
import jax
kept = []
with jax.checking_leaks():
    jax.jit(lambda x: kept.append(x))(1.0)
""",
    ),
    Message(
        says=("JAX arrays are immutable and do not support in-place item assignment",),
        cause="x[i] = y changes an array; arrays of JAX never change.",
        next="Write x = x.at[i].set(y). Under jit XLA reuses the memory; outside it each one is a copy.",
        provoked_by="""\
import jax.numpy as jnp
x = jnp.ones(3)
x[0] = 1
""",
    ),
    Message(
        says=("unsupported format string passed to ... Tracer.__format__",),
        cause="An f-string with a format (`{x:.3f}`) got a traced value, whose number is not known yet.",
        next='Use jax.debug.print("{x:.3f}", x=x), which prints when the program runs.',
        rules=("trace-time-effect",),
        provoked_by="""\
import jax
jax.jit(lambda x: f"{x:.3f}")(1.0)
""",
    ),
    Message(
        says=("unhashable type: ... Tracer",),
        cause="A traced value is used as a key: of a dict or a set, of functools.cache, or as a static argument.",
        next="Take the cached function or the dict out of the traced code, or key it by something known before.",
        rules=("traced-static",),
        provoked_by="""\
import jax
jax.jit(lambda x: {x: 1})(1.0)
""",
    ),
    Message(
        says=("unhashable type: ... ArrayImpl", "unhashable type: ... DeviceArray"),
        cause="An array is used as a key: of a dict or a set, of functools.cache, or in a static argument or field.",
        next="Key it by a Python number or a tuple; leave the array out of what is static.",
        rules=("static-array",),
        provoked_by="""\
import jax.numpy as jnp
{jnp.ones(3): 1}
""",
    ),
    Message(
        says=("Cannot abstractly evaluate a checkify.check which was not functionalized",),
        cause="checkify.check stands in a jitted function that checkify.checkify does not wrap.",
        next="Jit checkify.checkify(f) instead of f, and call .throw() on the error that it returns.",
        provoked_by="""\
import jax
from jax.experimental import checkify
jax.jit(lambda x: checkify.check(x > 0, "no"))(1.0)
""",
    ),
    Message(
        says=("Expected a callable value, got", "Expected a function, got a generator function"),
        cause="jit, grad or vmap got something that is no plain function: its result, a number, or a generator.",
        next="Hand over the function itself (`jax.jit(f)`, not `jax.jit(f(x))`), and return instead of yielding.",
        provoked_by="""\
import jax
jax.jit(3)
""",
    ),
)
