"""A counter that counts traces is meant to; the program prints it."""

import jax
import jax.numpy as jnp

traces = 0


@jax.jit
def step(x):
    global traces
    traces += 1
    return x * 2.0


def main():
    for n in (3, 3, 4, 4, 5):
        step(jnp.ones(n))
    print("traces", traces)


main()
