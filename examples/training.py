"""A loop that waits for the device in every step to print the loss."""

import jax
import jax.numpy as jnp


@jax.jit
def update(w, x):
    loss, slope = jax.value_and_grad(lambda w: jnp.mean((x @ w - 1.0) ** 2))(w)
    return w - 0.1 * slope, loss


def train(w, x, steps=200):
    total = 0.0
    for _ in range(steps):
        w, loss = update(w, x)
        total += loss.item()
    return w, total / steps


print(train(jnp.zeros(8), jnp.ones((32, 8)) / 8)[1])
