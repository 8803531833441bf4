"""A learning rate that decays, given to a step that holds it static by position."""

import jax
import jax.numpy as jnp


def step(weights, x, rate):
    gradient = jax.grad(lambda w: jnp.mean((x @ w - 1.0) ** 2))(weights)
    return weights - rate * gradient


fast_step = jax.jit(step, static_argnums=(2,))


def schedule(epoch):
    return 0.1 * 0.9**epoch


x = jnp.linspace(0.0, 1.0, 60).reshape(20, 3)
weights = jnp.zeros(3)
for epoch in range(10):
    weights = fast_step(weights, x, schedule(epoch))
print([f"{w:.5f}" for w in weights.tolist()])
