"""Bins of a profile for many core radii; `survey.py` beside it varies the slope."""

import jax
import jax.numpy as jnp
from sky import profile


def main():
    r = jnp.exp(jax.random.normal(jax.random.key(0), (400000,)))
    total = 0.0
    for k in range(60):
        total += float(profile(r, 1.0 + 0.01 * k, 2.0).mean())
    print(f"total {total:.5f}")


if __name__ == "__main__":
    main()
