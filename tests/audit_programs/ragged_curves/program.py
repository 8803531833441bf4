"""Light curves of different lengths: they can't be stacked."""

import jax
import jax.numpy as jnp

curves = [jnp.sin(jnp.arange(40.0 + 5 * number)) for number in range(8)]


def power(curve):
    return jnp.sum(jnp.abs(jnp.fft.rfft(curve)) ** 2) / curve.size


@jax.jit
def powers(curves):
    return jnp.stack([power(curve) for curve in curves])


print(powers(curves).round(3))
