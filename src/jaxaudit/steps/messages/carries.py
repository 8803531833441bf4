"""Loops, branches and maps whose parts do not fit together."""

from jaxaudit.steps.messages.message import Message

MESSAGES = (
    Message(
        says=(
            "carry input and carry output must have the same pytree structure",
            "carry input and carry output must have the same type structure",
            "body_fun output and input must have same type structure",
        ),
        cause="The carry that a loop's body returns is built differently from the one that goes in: another tuple, "
        "dict, class or number of leaves.",
        next="Return the carry in the same structure; build the first one the way the body does.",
        rules=("unstable-structure",),
        provoked_by="""\
import jax
jax.lax.scan(lambda c, x: ((c, c), None), 0.0, jax.numpy.arange(3.0))
""",
    ),
    Message(
        says=(
            "carry input and carry output must have equal types",
            "body_fun output and input must have identical types",
            "scan carry output and input must have identical types",
        ),
        cause="The carry that goes into a loop's body and the carry that comes out differ in shape, dtype or "
        "weak type.",
        next="Give the first carry the type that the body returns, for example jnp.zeros((), dtype).",
        rules=("unstable-structure",),
        provoked_by="""\
import jax, jax.numpy as jnp
jax.lax.scan(lambda c, x: (jnp.stack([c, c]), None), jnp.float32(0), jnp.arange(3))
""",
    ),
    Message(
        says=("scan body output must be a pair",),
        cause="The body of lax.scan returns one thing; it returns two, the carry and what is collected.",
        next="Return (carry, None), or (carry, y) to collect y.",
        provoked_by="""\
import jax, jax.numpy as jnp
jax.lax.scan(lambda c, x: c + x, 0.0, jnp.ones(3))
""",
    ),
    Message(
        says=(
            "scan got values with different leading axis sizes",
            "scan got no values to scan over and `length` not provided",
            "scan got `length` argument of ... which disagrees with leading axis sizes",
        ),
        cause="lax.scan goes along the first axis of every array in `xs`, so these axes must have one length.",
        next="Bring the arrays to one length, or give `length=` where there is nothing to go along.",
        provoked_by="""\
import jax, jax.numpy as jnp
jax.lax.scan(lambda c, x: (c, x), 0.0, (jnp.ones(3), jnp.ones(4)))
""",
    ),
    Message(
        says=("cond_fun must return a boolean scalar",),
        cause="The condition of lax.while_loop returns something else than one truth value.",
        next="Compare in it (`c < 3`), and reduce an array with .any() or .all().",
        provoked_by="""\
import jax
jax.lax.while_loop(lambda c: c, lambda c: c + 1, 0)
""",
    ),
    Message(
        says=("Index type must be an integer, got",),
        cause="lax.switch got a float or an array to choose its branch by.",
        next="Hand in one whole number, for example index.astype(int).",
        provoked_by="""\
import jax
jax.lax.switch(1.0, [lambda x: x, lambda x: x], 1.0)
""",
    ),
    Message(
        says=(
            "branch outputs must have the same pytree structure",
            "branches must have equal output types but they differ",
            "true_fun and false_fun output must have same type structure",
            "true_fun and false_fun output must have identical types",
        ),
        cause="The branches of a cond or switch return different structures, shapes or dtypes; one program holds both.",
        next="Let them return the same: cast to one dtype, fill what is missing with zeros, take static parts out.",
        rules=("unstable-structure", "static-in-cond"),
        provoked_by="""\
import jax
jax.lax.cond(True, lambda x: x, lambda x: (x, x), 1.0)
""",
    ),
    Message(
        says=("Pred must be a scalar",),
        cause="lax.cond got an array of truth values; it takes one.",
        next="Use jnp.where for a choice in each element, or reduce with .any() or .all().",
        provoked_by="""\
import jax
jax.lax.cond(jax.numpy.ones(3) > 0, lambda x: x, lambda x: x, 1.0)
""",
    ),
    Message(
        says=("got inconsistent sizes for array axes to be mapped",),
        cause="vmap (or pmap) maps several arguments together, and their mapped axes have different lengths.",
        next="Set `in_axes` to None for what is shared by all items, or bring the arrays to one length.",
        rules=("vmap-without-axes",),
        provoked_by="""\
import jax, jax.numpy as jnp
jax.vmap(lambda a, b: a + b)(jnp.ones(3), jnp.ones(4))
""",
    ),
    Message(
        says=("must have at least one non-None value in in_axes",),
        cause="vmap maps nothing: `in_axes` is None for every argument.",
        next="Give the axis of at least one argument, or `axis_size=`.",
        rules=("vmap-without-axes",),
        provoked_by="""\
import jax, jax.numpy as jnp
jax.vmap(lambda a: a, in_axes=None)(jnp.ones(3))
""",
    ),
    Message(
        says=("was requested to map its argument along axis",),
        cause="vmap maps an argument that has no such axis: a number, or an array with fewer dimensions.",
        next="Set `in_axes` to None for it.",
        rules=("vmap-without-axes",),
        provoked_by="""\
import jax
jax.vmap(lambda a: a)(1.0)
""",
    ),
    Message(
        says=("in_axes must be an int, None, or a tuple of entries corresponding to the positional arguments",),
        cause="`in_axes` has not one entry for each positional argument; keyword arguments are always "
        "mapped along axis 0.",
        next="Give one entry for each positional argument.",
        rules=("vmap-without-axes",),
        provoked_by="""\
import jax, jax.numpy as jnp
jax.vmap(lambda a, b: a, in_axes=(0,))(jnp.ones(3), jnp.ones(3))
""",
    ),
    Message(
        says=(
            "pytree structure error:",
            "Dict key mismatch; expected keys",
            "List arity mismatch",
            "Tuple arity mismatch",
        ),
        cause="Two trees that belong together (parameters and gradients, arguments and `in_axes`) are built "
        "differently.",
        next="Compare `jax.tree.structure` of both; a rebuilt optimiser state or a loaded "
        "checkpoint is the usual culprit.",
        rules=("unstable-structure",),
        provoked_by="""\
import jax
jax.tree.map(lambda a, b: a, [1, 2], [1, 2, 3])
""",
    ),
    Message(
        says=("have no available implicit dtype promotion path",),
        cause="`jax_numpy_dtype_promotion` is strict, and two dtypes meet.",
        next="Cast one of them (`x.astype(y.dtype)`).",
        rules=("unstable-structure",),
        provoked_by="""\
import jax, jax.numpy as jnp
with jax.numpy_dtype_promotion("strict"):
    jnp.ones(3, int) + jnp.ones(3)
""",
    ),
)
