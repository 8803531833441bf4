"""Two functions jitted in a loop are told apart by identity afterwards."""

import jax
import jax.numpy as jnp


def main():
    x = jnp.ones(8)
    registry = {}
    for name in ("a", "b", "c"):
        step = jax.jit(lambda y: jnp.sin(y) + 1.0)
        registry[step] = name
        x = step(x)
    print(len(registry), f"{float(x.sum()):.5f}")


main()
