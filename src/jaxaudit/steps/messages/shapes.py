"""Shapes, dtypes and indices that do not fit, and what NumPy allows and JAX does not."""

from jaxaudit.steps.messages.message import Message

MESSAGES = (
    Message(
        says=("got incompatible shapes for broadcasting", "Incompatible shapes for broadcasting"),
        cause="Two arrays meet whose shapes do not fit together: counted from the right, each pair of sizes must be "
        "equal, or one of them 1.",
        next="Print both shapes (`x.shape` is known while tracing) and add the missing axis with x[:, None].",
        provoked_by="""\
import jax.numpy as jnp
jnp.ones(3) + jnp.ones(4)
""",
    ),
    Message(
        says=("dot_general requires contracting dimensions to have the same shape",),
        cause="A matrix product (@, dot, einsum, a dense layer) meets sizes that differ: the last axis of the left "
        "operand and the axis of the right one that it is summed with.",
        next="Print both shapes; transpose one of them, or give the layer the size of its input.",
        provoked_by="""\
import jax.numpy as jnp
jnp.ones((3, 4)) @ jnp.ones((3, 4))
""",
    ),
    Message(
        says=("Cannot concatenate arrays with shapes that differ in dimensions other than the one being concatenated",),
        cause="concatenate (or stack, or pad) got arrays that differ along another axis than the one they are joined "
        "along.",
        next="Bring them to one size along the other axes, or set `axis`.",
        provoked_by="""\
import jax.numpy as jnp
jnp.concatenate([jnp.ones((2, 3)), jnp.ones((2, 4))])
""",
    ),
    Message(
        says=("The truth value of an array with more than one element is ambiguous",),
        cause="if, while, and, or, not, min(), max() or sorted() asks for one truth, and gets an array of several.",
        next="Use jnp.where for a choice in each element, & and | for and and or, or reduce with .any() or .all().",
        rules=("branch-on-tracer",),
        provoked_by="""\
import jax.numpy as jnp
bool(jnp.ones(3) > 0)
""",
    ),
    Message(
        says=("requires ndarray or scalar arguments, got <class 'list'>", "got <class 'list'> at position"),
        cause="A function of jax.numpy got a Python list. JAX refuses what NumPy converts, because each element would "
        "be put on the device by itself.",
        next="Make the array once with np.array (on the host) or jnp.stack (of arrays), and hand that in.",
        rules=("list-to-array",),
        provoked_by="""\
import jax.numpy as jnp
jnp.sum([1, 2, 3])
""",
    ),
    Message(
        says=("is not a valid JAX array type. Only arrays of numeric types are supported",),
        cause="Text or Python objects were to become an array; JAX has numbers and booleans only.",
        next="Keep text outside, or hand over its codes (an index into a list of names).",
        provoked_by="""\
import jax.numpy as jnp
jnp.array(["a"])
""",
    ),
    Message(
        says=("setting an array element with a sequence. The requested array has an inhomogeneous shape",),
        cause="A list of lists of different lengths was to become one array; arrays are rectangular.",
        next="Pad the rows to one length and keep a mask.",
        rules=("list-to-array",),
        provoked_by="""\
import jax.numpy as jnp
jnp.array([[1, 2], [3]])
""",
    ),
    Message(
        says=("too large to convert to int32", "is too large to convert to C long"),
        cause="A Python number does not fit 32 bits, which is what JAX computes with while jax_enable_x64 is off.",
        next="Set jax_enable_x64 before the first array is made, or use a smaller number (a float, a modulus).",
        rules=("silent-downcast",),
        provoked_by="""\
import jax.numpy as jnp
jnp.array(2**40)
""",
    ),
    Message(
        says=("Following NumPy automatic rank promotion for", "with the config option jax_numpy_rank_promotion="),
        cause="`jax_numpy_rank_promotion` is warn or raise, and arrays with different numbers of axes meet.",
        next="Add the axes by hand (x[None, :]); it is often a bug that the setting has found.",
        provoked_by="""\
import jax, jax.numpy as jnp
with jax.numpy_rank_promotion("raise"):
    jnp.ones(3) + jnp.ones((2, 3))
""",
    ),
    Message(
        says=("Indexer must have integer or boolean type",),
        cause="An index is a float, often the result of a division.",
        next="Divide with //, or cast the index with .astype(int).",
        provoked_by="""\
import jax.numpy as jnp
jnp.ones(3)[1.0]
""",
    ),
    Message(
        says=("Using a non-tuple sequence for multidimensional indexing is not allowed",),
        cause="x[[0, 1]] indexes with a list, which JAX refuses: it would be put on the device at each use.",
        next="Write x[jnp.array([0, 1])], or x[0, 1] where two axes are meant.",
        rules=("list-to-array",),
        provoked_by="""\
import jax.numpy as jnp
jnp.ones(3)[[0, 1]]
""",
    ),
)
