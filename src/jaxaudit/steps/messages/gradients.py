"""Derivatives: what can be differentiated, and custom rules."""

from jaxaudit.steps.messages.message import Message

MESSAGES = (
    Message(
        says=(
            "Detected differentiation of a custom_vjp function with respect to a closed-over value",
            "Detected differentiation of a custom_jvp function with respect to a closed-over value",
        ),
        cause="A function with a derivative of its own (`jax.custom_vjp`, or a solver's adjoint that is made of one) "
        "captures a value that is differentiated, and its rule knows only arguments.",
        next="Hand what it captures in as an argument (a solver's `args`), or convert it first: "
        "`eqx.filter_closure_convert`.",
        rules=("unconverted-closure",),
        provoked_by="""\
import jax

@jax.jit
def loss(a):
    @jax.custom_vjp
    def f(x):
        return a * x
    f.defvjp(lambda x: (f(x), x), lambda x, g: (g,))
    return f(2.0)

jax.grad(loss)(1.0)
""",
    ),
    Message(
        says=("Gradient only defined for scalar-output functions",),
        cause="grad needs a function with one number as its result; a loss that returns more besides needs `has_aux`.",
        next="Reduce the output (sum, mean), set `has_aux=True`, use jax.jacobian, or vmap the gradient of one item.",
        provoked_by="""\
import jax, jax.numpy as jnp
jax.grad(lambda x: x)(jnp.ones(3))
""",
    ),
    Message(
        says=("Reverse-mode differentiation does not work for lax.while_loop",),
        cause="Going backwards needs what every turn computed, and the number of turns is not known before the run.",
        next="Use lax.scan, or lax.fori_loop with bounds that are Python numbers.",
        provoked_by="""\
import jax
jax.grad(lambda x: jax.lax.while_loop(lambda c: c < 3.0, lambda c: c * 2, x))(1.0)
""",
    ),
    Message(
        says=("requires real- or complex-valued inputs",),
        cause="The argument that is differentiated holds whole numbers or booleans.",
        next="Hand in floats (1.0, dtype=float), or name the right argument in `argnums`.",
        rules=("unstable-structure",),
        provoked_by="""\
import jax
jax.grad(lambda x: x)(1)
""",
    ),
    Message(
        says=("requires real-valued outputs",),
        cause="The function that is differentiated returns whole numbers or complex ones: an index, a count, argmax.",
        next="Return a float that depends smoothly on the input; for complex functions use `holomorphic=True`.",
        provoked_by="""\
import jax, jax.numpy as jnp
jax.grad(lambda x: jnp.argmax(x))(jnp.ones(3))
""",
    ),
    Message(
        says=("differentiating with respect to argnums=... requires at least",),
        cause="`argnums` counts further than the positional arguments of this call; keyword arguments do not count.",
        next="Hand the argument in by position, or correct `argnums`.",
        provoked_by="""\
import jax
jax.grad(lambda x: x, argnums=1)(1.0)
""",
    ),
    Message(
        says=("primal and tangent arguments to jax.jvp do not match", "for argument to VJP function: got"),
        cause="A tangent or cotangent differs in shape or dtype from the value that it belongs to.",
        next="Make it with jnp.ones_like or jnp.zeros_like of that value.",
        provoked_by="""\
import jax
jax.jvp(lambda x: x, (1.0,), (1,))
""",
    ),
    Message(
        says=(
            "Custom VJP bwd rule must produce an output with the same container (pytree) structure as the args",
            "Custom JVP rule ... must produce a pair",
        ),
        cause="The backward function of a custom_vjp returns one gradient for each argument, in a tuple, also for one "
        "argument; the rule of a custom_jvp returns two, the value and its tangent.",
        next="Return (gradient,) for one argument, and None for an argument that has none.",
        provoked_by="""\
import jax
@jax.custom_vjp
def f(x):
    return x
f.defvjp(lambda x: (x, None), lambda kept, g: g)
jax.grad(f)(1.0)
""",
    ),
    Message(
        says=("No VJP defined for custom_vjp function", "No JVP defined for custom_jvp function"),
        cause="A function was made with custom_vjp or custom_jvp, but its rule was never given.",
        next="Call f.defvjp(forward, backward) or use @f.defjvp before the function is used.",
        provoked_by="""\
import jax
@jax.custom_vjp
def f(x):
    return x
f(1.0)
""",
    ),
    Message(
        says=(
            "can't apply forward-mode differentiation (jvp) to a custom_vjp function",
            "can't apply forward-mode autodiff (jvp) to a custom_vjp function",
        ),
        cause="jvp, jacfwd, linearize or a Hessian goes forwards through a function that has a backward rule only.",
        next="Use reverse mode (grad, jacrev), or give the function a custom_jvp, from which JAX makes both.",
        provoked_by="""\
import jax
@jax.custom_vjp
def f(x):
    return x
f.defvjp(lambda x: (x, None), lambda kept, g: (g,))
jax.jvp(f, (1.0,), (1.0,))
""",
    ),
    Message(
        says=("Pure callbacks do not support JVP", "IO callbacks do not support JVP"),
        cause="A derivative was asked for through a Python function that is called back, which JAX cannot look into.",
        next="Write the function in jax.numpy, or give the call a derivative with jax.custom_jvp.",
        provoked_by="""\
import jax, numpy as np
jax.grad(lambda x: jax.pure_callback(np.sin, jax.ShapeDtypeStruct((), "float32"), x))(1.0)
""",
    ),
)
