"""Static arguments, and arguments that JAX cannot take."""

from jaxaudit.steps.messages.message import Message

MESSAGES = (
    Message(
        says=(
            "Non-hashable static arguments ... Tracer",
            "Static argument (index ...) of type <class ... Tracer",
        ),
        cause="An argument is static for an inner jit, but an outer jit, vmap, grad or scan hands it a traced value, "
        "which has no hash.",
        next="Leave the argument traced, or make it static all the way up.",
        rules=("traced-static",),
        provoked_by="""\
import jax, jax.numpy as jnp
jax.vmap(jax.jit(lambda n: n, static_argnums=0))(jnp.arange(3))
""",
    ),
    Message(
        says=("Non-hashable static arguments ... ArrayImpl", "Non-hashable static arguments ... numpy.ndarray"),
        cause="An array stands in a static position. JAX looks the compiled program up by the value of a static "
        "argument, and arrays have no hash.",
        next="Do not make the argument static; a compiled program takes any values of a traced one.",
        rules=("static-array", "unhashable-static"),
        provoked_by="""\
import jax, jax.numpy as jnp
jax.jit(lambda n: n, static_argnums=0)(jnp.ones(3))
""",
    ),
    Message(
        says=("Non-hashable static arguments",),
        cause="A static argument is a list, a dict or another object without a hash; JAX looks the compiled program "
        "up by it.",
        next="Hand over a tuple or a frozen dataclass, or do not make the argument static.",
        rules=("unhashable-static", "static-array"),
        provoked_by="""\
import jax
jax.jit(lambda n: n, static_argnums=0)([3])
""",
    ),
    Message(
        says=("function has invalid argnames",),
        cause="static_argnames or donate_argnames names a parameter that the function does not have: a slip, or a "
        "wrapper round the function that takes *args.",
        next="Name the parameter as the def does. Jit the function itself, not its wrapper.",
        rules=("static-mismatch",),
        provoked_by="""\
import jax
jax.jit(lambda n: n, static_argnames="m")(3)
""",
    ),
    Message(
        says=("function has static_argnums=", "function has donate_argnums=", "static_argnums=... but only accepts"),
        cause="static_argnums or donate_argnums counts further than the function has parameters.",
        next="Say it by name: static_argnames. In a method, position 0 is self.",
        rules=("static-mismatch",),
        provoked_by="""\
import jax
jax.jit(lambda n: n, static_argnums=4)(3)
""",
    ),
    Message(
        says=("cannot intersect. Argument names",),
        cause="One parameter is both static and donated; a static argument is no array, so it has no memory to give.",
        next="Take it out of one of the two.",
        rules=("static-mismatch",),
        provoked_by="""\
import jax
jax.jit(lambda n: n, static_argnums=0, donate_argnums=0)(3)
""",
    ),
    Message(
        says=("Exception raised while checking equality of metadata fields",),
        cause="A static field of a pytree class holds something whose equality is no plain True or False, usually an "
        "array. Each call compares such fields to find the compiled program.",
        next="Make the field a data field; if it is configuration, hold it as a tuple or a Python number.",
        rules=("static-array",),
        provoked_by="""\
import dataclasses, jax, jax.numpy as jnp
@jax.tree_util.register_dataclass
@dataclasses.dataclass
class Model:
    x: float
    table: object = dataclasses.field(metadata=dict(static=True))
f = jax.jit(lambda model: model.x)
f(Model(1.0, jnp.ones(3)))
f(Model(1.0, jnp.ones(3)))
""",
    ),
    Message(
        says=(
            "Error interpreting argument to ... The problematic value is of type <class 'jax._src.custom_derivatives",
            "Error interpreting argument to ... The problematic value is of type <class 'jaxlib._jax.PjitFunction",
            "Error interpreting argument to ... The problematic value is of type <class 'function",
            "of type <class 'jax._src.custom_derivatives.custom_jvp'> is not a valid JAX type",
            "of type <class 'function'> is not a valid JAX type",
            "Argument ... of type ... custom_jvp ... is not a valid JAX type",
            "requires ndarray or scalar arguments, got <class 'jax._src.custom_derivatives",
        ),
        cause="A function was handed in where arrays are taken: by itself, or inside a model, whose activation is one.",
        next="For an Equinox model use eqx.filter_jit, eqx.filter_grad and optimiser.init(eqx.filter(model, "
        "eqx.is_array)); through lax.scan, eqx.partition it. Make a function by itself static.",
        rules=("missing-static",),
        provoked_by="""\
import jax
jax.jit(lambda f, x: f(x))(jax.nn.relu, 1.0)
""",
    ),
    Message(
        says=(
            "Argument types differ from the types for which this computation was compiled",
            "Function compiled with input pytree does not match the input pytree it was called with",
        ),
        cause="A program that was compiled ahead (lower(...).compile()) got other shapes, dtypes or another structure; "
        "it is for one kind only, and static arguments are no longer among its arguments.",
        next="Call the jitted function, which compiles for each kind, or bring the arguments to the kind compiled for.",
        rules=("unstable-structure",),
        provoked_by="""\
import jax, jax.numpy as jnp
compiled = jax.jit(lambda x: x).lower(jnp.ones(3)).compile()
compiled(jnp.ones(4))
""",
    ),
    Message(
        says=("Error interpreting argument to ... as an abstract array", "Cannot interpret value of type"),
        cause="A jitted function got an argument that is no array: a string, a function, an object of a plain class.",
        next="Make the argument static, register its class as a pytree, or use eqx.filter_jit.",
        rules=("missing-static",),
        provoked_by="""\
import jax
jax.jit(lambda n: 1)("a")
""",
    ),
    Message(
        says=("returned a value of type ... which is not a valid JAX type", "is not a valid JAX type"),
        cause="A transformed function took or returned something that is no array: a string, an object, `x.at[0]` "
        "without `.set(...)`.",
        next="Return arrays only. What is known before the run does not need to come out of it.",
        provoked_by="""\
import jax
jax.jit(lambda n: "a")(1)
""",
    ),
    Message(
        says=("Comparator raised exception while sorting pytree dictionary keys",),
        cause="A dict that is handed to a transformation has keys of several types, which cannot be sorted.",
        next="Use keys of one type, such as strings.",
        provoked_by="""\
import jax
jax.jit(lambda d: d)({1: 1.0, "a": 2.0})
""",
    ),
)
