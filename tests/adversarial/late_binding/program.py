"""Filters of several orders, built in a loop and used afterwards."""

import jax
import jax.numpy as jnp


def main():
    filters = {}
    for order in range(1, 9):
        filters[f"order{order}"] = jax.jit(lambda x: jnp.cumsum(x) * jnp.exp(-x * order))  # noqa: B023
    x = jnp.linspace(0.0, 1.0, 500)
    for name, apply in filters.items():
        print(name, f"{float(apply(x).max()):.5f}")


if __name__ == "__main__":
    main()
