"""Messages of Equinox, Flax and NumPyro about how they meet JAX's transformations."""

from jaxaudit.steps.messages.message import Message

MESSAGES = (
    Message(
        says=("A JAX array is being set as static",),
        cause="A field marked static of an eqx.Module holds an array. Static fields are compared and hashed at each "
        "call, and their arrays become constants of the program.",
        next="Remove `static=True` from the field, or hold a tuple or a NumPy scalar there.",
        rules=("static-array",),
        provoked_by="""\
import equinox as eqx, jax.numpy as jnp
class Model(eqx.Module):
    x: object = eqx.field(static=True)
Model(jnp.ones(3))
""",
    ),
    Message(
        says=("cannot assign to field",),
        cause="A module (or frozen dataclass) is changed in place; modules never change.",
        next="Make a new one: eqx.tree_at(lambda m: m.x, model, new), or dataclasses.replace.",
        provoked_by="""\
import dataclasses
@dataclasses.dataclass(frozen=True)
class Model:
    x: int
Model(1).__setattr__("x", 2)
""",
    ),
    Message(
        says=("can only be traced ... times. However, it is has now been traced",),
        cause="eqx.debug.assert_max_traces found a new trace: an argument that differs from call to call, which it "
        "names.",
        next="Hand the argument in as an array of one dtype and shape; a Python number is static for filter_jit.",
        rules=("varying-static", "unstable-structure"),
        provoked_by="""\
import equinox as eqx
f = eqx.filter_jit(eqx.debug.assert_max_traces(lambda x: x, max_traces=1))
f(1)
f(2)
""",
    ),
    Message(
        says=("Unfortunately you do not appear to be using `equinox.filter_jit`",),
        cause="eqx.error_if stopped the program inside a plain jax.jit, so that its message drowns in JAX's.",
        next="Use eqx.filter_jit around it; the message itself stands in the last line before this one.",
    ),
    Message(
        says=("Cannot mutate ... from a different trace level", "TraceContextError"),
        cause="A function under a transformation of JAX's (jit, grad, vmap) changes a variable of an nnx module that was "
        "made outside it.",
        next="Use flax's own (nnx.jit, nnx.grad, nnx.vmap) and hand the module in as an argument.",
        rules=("trace-time-effect", "captured-array"),
        provoked_by="""\
from flax import nnx
import jax, jax.numpy as jnp
model = nnx.Linear(2, 3, rngs=nnx.Rngs(0))
@jax.jit
def f(x):
    model.bias[...] = model.bias[...] + 1
    return model(x)
f(jnp.ones(2))
""",
    ),
    Message(
        says=("Possibly assigning a JAX-transformed callable as an attribute",),
        cause="A field of an eqx.Module holds the result of jax.jit, jax.vmap or the like of a layer. That is no "
        "pytree: its parameters are not trained, and a jitted call that reads it holds them as constants.",
        next="Keep the layer in the field and transform it where it is called, or use eqx.filter_vmap and its kin.",
        rules=("captured-self",),
        provoked_by="""\
import equinox as eqx, jax
class Model(eqx.Module):
    f: object
    def __init__(self):
        self.f = jax.vmap(eqx.nn.Linear(2, 2, key=jax.random.key(0)))
Model()
""",
    ),
    Message(
        says=("EquinoxTracetimeError", "EquinoxRuntimeError"),
        cause="eqx.error_if stopped the program; the words after the name are the program's own.",
        next="EQX_ON_ERROR=breakpoint opens a debugger where it happens, EQX_ON_ERROR=off leaves such checks out.",
    ),
    Message(
        says=("Cannot update variable ... because collection ... is immutable",),
        cause="A linen module writes to a collection (batch_stats of a BatchNorm) that apply was not told may change.",
        next='Write `y, changed = model.apply(variables, x, mutable=["batch_stats"])`, and go on with what changed.',
        provoked_by="""\
import flax.linen as nn, jax, jax.numpy as jnp
model = nn.BatchNorm(use_running_average=False)
x = jnp.ones((2, 1))
model.apply(model.init(jax.random.key(0), x), x)
""",
    ),
    Message(
        says=("needs PRNG for",),
        cause="A linen module draws random numbers (dropout, init) and was given no key for them.",
        next='Hand one in at each call, a new one each time: apply(..., rngs={"dropout": key}).',
        rules=("key-reuse",),
        provoked_by="""\
import flax.linen as nn, jax.numpy as jnp
nn.Dropout(0.5, deterministic=False).apply({}, jnp.ones(3))
""",
    ),
    Message(
        says=(
            "but got a dict with an extra params layer",
            "the given initializer is expected to generate shape ... but the existing parameter it received has shape",
            "Could not find parameter named ... in scope",
        ),
        cause="The parameters that a linen module got are not those of this module and this input: other layers, other "
        "sizes, or one `params` too many.",
        next="Initialise with an input of the same shape, and hand on what init returned, unchanged.",
        provoked_by="""\
import flax.linen as nn, jax, jax.numpy as jnp
model = nn.Dense(1)
model.apply(model.init(jax.random.key(0), jnp.ones(3)), jnp.ones(4))
""",
    ),
    Message(
        says=("Jax transforms and Flax models cannot be mixed", "JaxTransformError"),
        cause="jax.jit, jax.vmap or lax.scan inside a linen module wraps a call of another module.",
        next="Use nn.jit, nn.vmap or nn.scan there.",
    ),
    Message(
        says=("Can't call compact methods on unbound modules", "Can't call methods on unbound modules"),
        cause="A linen module was called like a function; it holds no parameters.",
        next="model.init(key, x) gives the parameters, model.apply(parameters, x) calls it.",
        provoked_by="""\
import flax.linen as nn, jax
class Model(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)
Model()(jax.numpy.ones(3))
""",
    ),
    Message(
        says=(
            "The `max_steps` ... was reached",
            "The maximum number of solver steps was reached",
            "maximum number of steps was reached in the solver",
        ),
        cause="A solver of Diffrax or Optimistix gave up after max_steps; max_steps also sizes what it stores for "
        "gradients.",
        next="Raise max_steps, loosen the tolerances, or look at the problem where it stops (throw=False).",
    ),
)
