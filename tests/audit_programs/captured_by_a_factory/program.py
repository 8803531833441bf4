"""A likelihood that is made for one data set, as samplers want it: a function of the parameters alone."""

import jax
import jax.numpy as jnp
import numpy as np


def make_log_density(times, counts):
    @jax.jit
    def log_density(params):
        rate = jnp.exp(params[0] + params[1] * jnp.sin(times * params[2]))
        return jnp.sum(counts * jnp.log(rate) - rate)

    return log_density


rng = np.random.default_rng(1)
times = jnp.asarray(rng.uniform(0.0, 10.0, 600_000), jnp.float32)
counts = jnp.asarray(rng.poisson(3.0, 600_000), jnp.float32)
log_density = make_log_density(times, counts)
point = jnp.array([1.0, 0.1, 0.7])
for shift in (0.0, 0.05, 0.1):
    print(f"{float(log_density(point + shift)):.5e}")
