import jax
import jax.numpy as jnp
from optics import blur

if __name__ == "__main__":
    widths = jnp.linspace(0.2, 2.0, 8)
    print(jax.vmap(blur, in_axes=(None, 0))(jnp.ones((16, 16)), widths).shape)
