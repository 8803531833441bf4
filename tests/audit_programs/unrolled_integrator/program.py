"""Runge-Kutta over a fixed number of steps, written as a Python loop under jit."""

import jax
import jax.numpy as jnp


def slope(y):
    return jnp.stack([y[1], (1.0 - y[0] ** 2) * y[1] - y[0]])


@jax.jit
def integrate(y):
    h = 0.05
    for _ in range(14):
        k1 = slope(y)
        k2 = slope(y + 0.5 * h * k1)
        k3 = slope(y + 0.5 * h * k2)
        k4 = slope(y + h * k3)
        y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return y


print(integrate(jnp.array([1.0, 0.0])))
