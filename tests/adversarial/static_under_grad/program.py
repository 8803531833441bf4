"""`order` never changes in the loop, and once in fifty frames a sensitivity is taken by it."""

import jax
import jax.numpy as jnp


@jax.jit
def weigh(x, order, scale):
    return jnp.sum(scale * jnp.abs(x) ** order)


def sensitivity(x, order):
    return jax.grad(weigh, argnums=1)(x, order, 2.0)


def main():
    x = jnp.linspace(0.1, 1.0, 20_000)
    total = 0.0
    for frame in range(50):
        total += float(weigh(x + frame, 3.0, 2.0))
        if frame == 41:
            total += float(sensitivity(x, 3.0))
    print(f"total {total:.6e}")


main()
