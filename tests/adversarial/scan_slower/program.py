"""Twelve turns written out compile in no time and run several times faster than a scan would."""

import jax
import jax.numpy as jnp


@jax.jit
def series(x, coefficients):
    total = jnp.zeros_like(x)
    for k in range(12):
        total = total * x + coefficients[k]
    return total


def main():
    x = jnp.linspace(-1.0, 1.0, 1_000_000)
    coefficients = jnp.asarray([1.0 / (k + 1) for k in range(12)])
    out = series(x, coefficients)
    for _ in range(150):
        out = series(x * 0.999 + 1e-6 * out, coefficients)
    print(f"{float(out.sum()):.4e}")


main()
