import jax
import jax.numpy as jnp


@jax.jit
def profile(r, core, slope):
    return jnp.power(1.0 + jnp.power(r / core, slope), -1.5) * jnp.power(r + 1.0, -slope)
