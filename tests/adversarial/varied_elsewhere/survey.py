"""All slopes, one after the other."""

import jax.numpy as jnp
from sky import profile

if __name__ == "__main__":
    r = jnp.linspace(0.1, 3.0, 1000)
    for k in range(40):
        slope = 1.0 + 0.05 * k
        print(f"{slope:.2f} {float(profile(r, 1.0, slope).sum()):.4f}")
